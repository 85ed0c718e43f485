"""The civilian is moved as training says, within bounds, the same for the same seed, and every step has its causes."""

from __future__ import annotations

from pathlib import Path

import pytest

from scenarios.behaviours import FAULTS, SKILLS
from scenarios.loader import all_scenarios, load, scenario_paths
from scenarios.schema import Scenario
from simulator.civilian.affect import STRENGTHS, Affect
from simulator.events import Behaviour, ProsodyHeard

SCENARIO = load("shoplifting-detention").scenario


def behaviours(*ids: str) -> list[Behaviour]:
    return [Behaviour(id=id_, quote="words") for id_ in ids]  # type: ignore[arg-type]


def affect(scenario: Scenario = SCENARIO, seed: int = 1) -> Affect:
    return Affect(scenario, "upset", seed)


def test_every_behaviour_has_a_strength_on_the_right_side() -> None:
    assert set(STRENGTHS) == {*SKILLS, *FAULTS}
    assert all(STRENGTHS[id_][0] <= 0 and STRENGTHS[id_][1] > 0 for id_ in SKILLS)
    assert all(STRENGTHS[id_][0] >= 0 and STRENGTHS[id_][1] < 0 for id_ in FAULTS)


def test_listening_calms_and_threats_do_not() -> None:
    heard, threatened = affect(), affect()
    start = heard.agitation
    for _ in range(3):
        heard.hear("You sound worried sick.", behaviours("emotion_label", "open_question"))
        threatened.hear("Or I arrest you.", behaviours("threat", "command"))
    assert heard.agitation < start < threatened.agitation
    assert heard.trust > threatened.trust


def test_the_same_seed_is_the_same_person() -> None:
    one, two, other = affect(seed=7), affect(seed=7), affect(seed=8)
    steps = [a.hear("Sit down!", behaviours("command", "threat")) for a in (one, two, other)]
    assert steps[0] == steps[1]
    assert (one._agitation, one._trust) != (other._agitation, other._trust)


def test_a_step_is_bounded_and_names_its_causes() -> None:
    person = affect()
    before = person.agitation
    step = person.hear("…", behaviours(*FAULTS))
    assert step.agitation - before <= (10 if step.crossed else 5)
    assert {c.id for c in step.causes} >= set(FAULTS)
    calm = affect()
    before = calm.agitation
    assert before - calm.hear("…", behaviours(*SKILLS)).agitation <= 4


def test_a_technique_heard_twice_in_a_row_works_less() -> None:
    person = affect()
    first = person.hear("Sounds hard.", behaviours("shows_empathy")).causes[0].agitation
    second = person.hear("Sounds hard.", behaviours("shows_empathy")).causes[0].agitation
    assert abs(second) < abs(first)


def test_kind_words_beside_an_insult_count_for_half() -> None:
    alone = affect().hear("Take your time.", behaviours("gives_time")).causes[0].agitation
    beside = (
        affect().hear("Take your time, princess.", behaviours("gives_time", "insult")).causes[0]
    )
    assert beside.id == "gives_time"
    assert beside.agitation == alone / 2


def heard(loudness_db: float, **more: float) -> ProsodyHeard:
    return ProsodyHeard.model_validate({"turn": 1, "loudness_db": loudness_db, **more})


def test_a_shouted_calm_down_is_not_a_quiet_one() -> None:
    quiet, shouted = affect(), affect()
    quiet.hear("Calm down.", behaviours("dismissive"), heard(-4.0))
    step = shouted.hear("Calm down!", behaviours("dismissive"), heard(12.0))
    assert shouted.agitation > quiet.agitation
    assert any(c.kind == "prosody" and "+12 dB" in c.about for c in step.causes)


def test_kind_words_shouted_do_little() -> None:
    plain, shouted = affect(), affect()
    plain.hear("You're safe.", behaviours("reassurance"), heard(0.0))
    shouted.hear("You're safe!", behaviours("reassurance"), heard(12.0))
    assert plain.agitation < shouted.agitation


def test_a_pause_lets_them_finish_and_a_long_wait_does_not() -> None:
    def waited(seconds: float) -> float:
        step = affect().hear("Okay.", [], heard(0.0, waited_s=seconds))
        return sum(c.agitation for c in step.causes)

    assert waited(5.0) < 0 == waited(1.0) < waited(30.0)


def test_a_mistake_that_is_owned_comes_back_in_part_and_less_each_time() -> None:
    person = affect()
    given: list[float] = []
    for _ in range(2):
        person.hear("Are you stupid?", behaviours("insult"))
        step = person.hear("I'm sorry. That was rude of me.", [])
        given += [c.agitation for c in step.causes if c.kind == "repair"]
    assert len(given) == 2
    assert given[0] < given[1] < 0
    assert not [c for c in person.hear("I'm sorry.", []).causes if c.kind == "repair"]


def test_an_apology_with_an_insult_in_it_repairs_nothing() -> None:
    person = affect()
    person.hear("Are you stupid?", behaviours("insult"))
    step = person.hear("I'm sorry you're an idiot.", behaviours("insult"))
    assert not [c for c in step.causes if c.kind == "repair"]


def test_a_broken_promise_is_held_against_the_officer() -> None:
    person = affect()
    person.hear("Nobody's putting you in handcuffs over this.", behaviours("reassurance"))
    step = person.hear("Sit down or I'll cuff you.", behaviours("threat"))
    (broken,) = [c for c in step.causes if c.kind == "broken_promise"]
    assert "handcuffs" in broken.about


def test_a_threat_that_is_denied_is_none() -> None:
    words = "Nobody's putting you in handcuffs over this."
    threat = [Behaviour(id="threat", quote="handcuffs over this")]
    assert not [c for c in affect().hear(words, threat).causes if c.id == "threat"]


def test_after_a_red_line_calming_works_less_for_a_while() -> None:
    phrase = next(p for line in SCENARIO.civilian.red_lines for p in line.says if "*" not in p)
    fresh, grudging = affect(), affect()
    grudging.hear(f"Well, {phrase}.", [])
    before = grudging._agitation
    grudging.hear("That sounds hard.", behaviours("emotion_label"))
    start = fresh._agitation
    fresh.hear("That sounds hard.", behaviours("emotion_label"))
    assert before - grudging._agitation < start - fresh._agitation


def test_rapport_makes_each_skill_count_a_little_more_and_a_fault_ends_it() -> None:
    skills = ("open_question", "paraphrase", "summary", "i_message", "offers_help")
    person = affect()
    for skill in skills:
        person.hear("words", behaviours(skill))
    assert person._rapport() > 1.0
    person.hear("words", behaviours("command"))
    assert person._rapport() == 1.0


def test_a_red_line_is_crossed_by_its_words_and_recorded() -> None:
    person = SCENARIO.civilian
    phrase = next(p for line in person.red_lines for p in line.says if "*" not in p)
    step = affect().hear(f"Well, {phrase}.", [])
    assert step.crossed
    assert any(c.kind == "red_line" and c.quote for c in step.causes)


def test_silence_is_a_pause_once_and_a_threat_when_it_lasts() -> None:
    person = affect()
    first, *_, last = (person.hear("", []) for _ in range(4))
    assert first.causes[0].agitation < 0 < last.causes[0].agitation


@pytest.mark.parametrize("id_", sorted(scenario_paths()))
def test_floor_and_ceiling_hold_in_every_scenario(id_: str) -> None:
    scenario = load(id_).scenario
    person = scenario.civilian
    for subject in ("cooperative", "upset", "aggressive"):
        kind = Affect(scenario, subject, 1)  # type: ignore[arg-type]
        cruel = Affect(scenario, subject, 1)  # type: ignore[arg-type]
        for number in range(30):
            kind.hear("words", behaviours(SKILLS[number % len(SKILLS)], SKILLS[-1 - number % 8]))
            cruel.hear("words", behaviours(FAULTS[number % len(FAULTS)]))
        assert person.agitation_floor <= kind.agitation
        assert kind.trust <= person.trust_ceiling
        assert cruel.agitation <= 100
        assert cruel.trust >= 0
        assert kind.agitation < cruel.agitation


def test_the_authored_dialogues_stand_where_their_authors_felt_they_stand() -> None:
    """Every dialogue of the library, heard with its own labels: what the strengths were set by."""
    apart: list[int] = []
    ends: dict[str, list[int]] = {"trained": [], "clumsy": [], "bad": []}
    for loaded in all_scenarios():
        for dialogue in loaded.dialogues:
            person = Affect(loaded.scenario, dialogue.subject_type, 1)
            start = person.agitation
            for exchange in dialogue.exchanges:
                person.hear(exchange.officer, behaviours(*exchange.does))
                apart.append(abs(person.agitation - exchange.state.agitation))
            ends[dialogue.officer].append(person.agitation - start)
    assert sum(apart) / len(apart) < 8.5
    mean = {officer: sum(moved) / len(moved) for officer, moved in ends.items()}
    assert mean["trained"] < -20 < mean["clumsy"] < mean["bad"]
    assert mean["bad"] > 10


def test_the_published_table_is_the_one_that_is_played() -> None:
    page = (Path(__file__).parents[2] / "docs" / "affect.md").read_text(encoding="utf-8")
    for id_, (agitation, trust) in STRENGTHS.items():
        (row,) = [line for line in page.splitlines() if line.startswith(f"| `{id_}` |")]
        assert [cell.strip() for cell in row.split("|")[-3:-1]] == [
            f"{agitation:+g}",
            f"{trust:+g}",
        ]
