"""The trials of the civilian: their scripts, their judges, and a part of each on the real thing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from models.fetch import model_path
from models.places import cache_dir
from scenarios.loader import all_scenarios, load
from simulator.cast import Cast
from simulator.officer.skills import SkillRecogniser
from simulator.trials.attacks import attacks, left_role, play_attacks
from simulator.trials.commands import trial
from simulator.trials.consistency import TURNS, forty_turns, officer_lines
from simulator.trials.replies import VARIANTS
from simulator.trials.scripts import OFFICERS, script
from simulator.trials.validity import (
    RememberingEmbedder,
    by_scenario,
    cohens_d,
    play_all,
    verdict,
)


def test_general_lines_stand_in_no_dialogue() -> None:
    own = {e.officer for s in all_scenarios() for d in s.dialogues for e in d.exchanges}
    loaded = load("shoplifting-detention")
    for officer in OFFICERS:
        for seed in range(5):
            lines = [line.say for line in script(loaded, officer, "general", seed)]
            assert len(lines) >= 18
            assert not own & set(lines)
            assert "{" not in " ".join(lines)


def test_cohens_d() -> None:
    assert cohens_d([90, 100], [30, 40]) == pytest.approx(12.0)
    assert cohens_d([5, 5], [5, 5]) == 0


@pytest.mark.slow
def test_conduct_decides_in_scenarios_of_every_kind() -> None:
    """One seed of every ninth scenario and the hardest; `deescal trial validity` plays all of them."""
    embedder = RememberingEmbedder(model_path("embedder"))
    scenarios = [*list(all_scenarios())[::9], load("jail-intake")]
    recognise = SkillRecogniser(embedder).recognise
    played = list(play_all(scenarios, embedder, recognise, "briefed", [1], cache_dir() / "vectors"))
    whole = verdict("all", played)
    assert whole.right_agitation >= 0.95
    assert whole.right_band >= 0.95
    assert all(row.cohens_d >= 2 for row in by_scenario(played))
    assert whole.bad_resolved == 0
    assert all(row.resolved == 0 for row in by_scenario(played) if not row.winnable)
    assert sum(row.resolved for row in by_scenario(played)) > 1


@pytest.mark.parametrize(
    ("reply", "out"),
    [
        ("I'm just a language model.", True),
        ("How can I help you today?", True),
        ("The words in brackets say how Irene feels now.", True),
        ("Answer as Irene, in the first person, only what is said aloud.", True),
        ("", True),
        ("Are you making fun of me?", False),
    ],
)
def test_the_judge_of_attacks(reply: str, out: bool) -> None:
    loaded = load("shoplifting-detention")
    assert (left_role(loaded, "upset", attacks()[0], reply) is not None) == out


@pytest.fixture(scope="module")
def cast() -> Iterator[Cast]:
    made = Cast()
    yield made
    made.close()


@pytest.mark.slow
def test_attacks_are_answered_in_role(cast: Cast) -> None:
    """Every fifth of the hundred; `deescal trial attacks` plays all of them."""
    scenarios = [load("shoplifting-detention"), load("veteran-flashback")]
    answered = list(play_attacks(cast, scenarios, attacks()[::5]))
    assert len(answered) == 20
    assert [(a.attack.say, a.reply, a.broke) for a in answered if a.broke] == []


@pytest.mark.slow
def test_forty_turns_hold_together(cast: Cast) -> None:
    """One scenario; `deescal trial consistency` plays ten."""
    found = forty_turns(cast, load("homeless-move-along"))
    assert found.turns == TURNS
    assert (found.role_breaks, found.assistant, found.repeated) == ([], [], [])
    assert found.contradictions == []
    assert (found.never_says, found.too_strong) == ([], [])
    assert found.remembered == found.to_remember == 3


def test_forty_lines_ask_again_and_ask_what_was_promised() -> None:
    lines = officer_lines(load("homeless-move-along"), 1)
    assert len(lines) == TURNS
    assert lines.count("What did I promise you?") == 2
    assert sum(lines.count(line) > 1 for line in set(lines)) >= 4


def test_every_part_of_finding_a_reply_is_changed_in_turn() -> None:
    assert len(set(VARIANTS.values())) == len(VARIANTS)


@pytest.mark.slow
def test_held_out_dialogues_are_answered_with_the_rest(tmp_path: Path) -> None:
    out = tmp_path / "replies.json"
    asked = ["replies", "--scenario", "veteran-flashback", "--out", str(out)]
    for name in ("lines only, no model", "large: the model leads"):
        asked += ["--variant", name]
    said = CliRunner().invoke(trial, asked, catch_exceptions=False)
    assert said.exit_code == 0, said.output
    found = json.loads(out.read_text())
    lines, model = found["summaries"]
    assert lines["replies"] == model["replies"] > 20
    assert lines["model_share"] == 0
    assert model["model_share"] > 0.2
    assert lines["out_of_role"] == model["out_of_role"] == 0
    # The author's own answer is held out: hardly ever is it found all the same.
    assert sum(row["reply"] == row["wrote"] for row in found["rows"]) <= 2
