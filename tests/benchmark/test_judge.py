"""`bench judge`: the rubric's points, a judge over a real connection, one that answers rubbish, one that goes down."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from benchmark.agreement import agreed_on_numbers, alpha_of_numbers
from benchmark.errors import BadBenchmarkInput, BenchmarkError
from benchmark.generate_record import Generation
from benchmark.judge import JudgeSpec
from benchmark.judge_dialogues import generated
from benchmark.judge_rubric import (
    NoAnswer,
    preference_form,
    question,
    rating_form,
    read_preference,
    read_rating,
    rubric_hash,
)
from benchmark.judge_run import bench_judge, self_preference
from benchmark.runfile import RunFile
from tests.benchmark.made_runs import a_generation, a_model
from tests.completions_server import completion, server


def an_answer(**changes: Any) -> dict[str, Any]:
    return {
        "emotional_flow": {"points": 10, "quote": "fine then"},
        "machine_voice": {"points": 0, "quote": ""},
        "profile": {"points": 20, "quote": "I am a pilot"},
        "context": {"points": 0, "quote": ""},
        "realism_total": 70,
        "band": "de-escalation",
        "within": 12,
        "looping": False,
        "unrealistic": False,
        **changes,
    }


# -- the rubric


def test_the_total_is_ours_and_not_the_judges() -> None:
    rating = read_rating(json.dumps(an_answer(realism_total=95)))
    assert rating.realism == 70
    assert rating.own_total == 95
    assert not rating.looks_real
    assert rating.deescalation == 62
    worse = read_rating(json.dumps(an_answer(looping=True, unrealistic=True)))
    assert worse.deescalation == 62 - 15 - 20
    none_off = {name: {"points": 0, "quote": ""} for name in ("emotional_flow", "profile")}
    assert read_rating("Sure:\n```json\n" + json.dumps(an_answer(**none_off)) + "\n```").looks_real


@pytest.mark.parametrize(
    "answer",
    [
        "I think it is quite realistic.",
        "{",
        json.dumps(an_answer(machine_voice={"points": 7, "quote": ""})),
        json.dumps(an_answer(profile={"points": True, "quote": ""})),
        json.dumps(an_answer(band="calm")),
        json.dumps(an_answer(within=25)),
        json.dumps(an_answer(looping="no")),
        json.dumps({"realism_total": 80}),
    ],
)
def test_what_is_not_in_the_rubrics_form_is_no_answer(answer: str) -> None:
    with pytest.raises(NoAnswer):
        read_rating(answer)


def test_a_preference_is_one_or_two() -> None:
    assert read_preference('{"more_real": "two"}') == "two"
    with pytest.raises(NoAnswer):
        read_preference('{"more_real": "both"}')


def test_the_hash_is_of_the_words(monkeypatch: pytest.MonkeyPatch) -> None:
    before = rubric_hash()
    monkeypatch.setattr("benchmark.judge_rubric.SYSTEM", "You are kind.")
    assert rubric_hash() != before


# -- agreement


def test_alpha_is_krippendorffs_own_example() -> None:
    # Krippendorff 2011, "Computing Krippendorff's alpha-reliability", section E: interval alpha 0.849
    none = None
    table = [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, none, none, none],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, none, 3],
        [none, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, none],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, none],
    ]
    units = [
        {str(rater): float(v) for rater, v in enumerate(column) if v is not None}
        for column in zip(*table, strict=True)
    ]
    assert alpha_of_numbers(units) == pytest.approx(0.849, abs=5e-4)
    found = agreed_on_numbers(units)
    assert found.low is not None
    assert found.high is not None
    assert found.low < 0.849 < found.high
    assert alpha_of_numbers([{"a": 5.0, "b": 5.0}] * 4) is None


# -- judges over a real connection


def fair(body: dict[str, Any]) -> tuple[int, str]:
    """Takes off for what is in the transcript, so that two dialogues differ; prefers the longer one."""
    text = body["messages"][1]["content"]
    if "Encounter ONE" in text:
        first, second = text.split("Encounter TWO:")
        return 200, completion(
            json.dumps({"more_real": "one" if len(first) >= len(second) else "two"})
        )
    machine = 15 if "How can I help" in text else 0
    return 200, completion(json.dumps(an_answer(machine_voice={"points": machine, "quote": "x"})))


def strict(body: dict[str, Any]) -> tuple[int, str]:
    machine = 15 if "How can I help" in body["messages"][1]["content"] else 0
    answer = an_answer(
        machine_voice={"points": machine, "quote": "x"},
        context={"points": 20, "quote": "y"},
        realism_total=99,
    )
    return 200, completion(json.dumps(answer))


def talk(conversation: int, turn: int) -> str:
    return "How can I help you today?" if conversation < 3 else f"No. Not me, {turn} times no."


def judged(
    generation: Generation, urls: list[str], cache: Path, against: Generation | None = None
) -> RunFile:
    specs = [JudgeSpec(f"{url}#judge-{n}") for n, url in enumerate(urls)]
    return bench_judge(generation, specs, against, cache, "", 8, 40, lambda _what, _share: None)


def test_two_judges_their_points_agreement_and_leanings(tmp_path: Path) -> None:
    generation = a_generation(tmp_path / "g", talk)
    with server(fair) as (one, asked), server(strict) as (two, _):
        run = judged(generation, [one, two], tmp_path / "cache")
        first = len(asked)
        again = judged(generation, [one, two], tmp_path / "cache")
        assert len(asked) == first  # everything was kept
    assert run.samples["realism:judge-0"] == [55.0] * 3 + [70.0] * 3
    assert run.samples["realism:judge-1"] == [35.0] * 3 + [50.0] * 3
    assert run.figure("realism").value == 52.5
    assert run.figure("real_realism:judge-0").value == 70.0
    assert run.figure("wrong_sums:judge-1").value == 1.0
    assert run.figure("alpha_realism").value is not None
    assert run.clusters == [f"scenario-{n // 2}" for n in range(6)]
    assert run.settings["rubric"].endswith(rubric_hash())
    assert again.samples == run.samples
    assert any("answers were kept from before" in note for note in again.notes)


def test_order_is_swapped_and_what_does_not_hold_is_no_win(tmp_path: Path) -> None:
    long = a_generation(tmp_path / "long", lambda _c, _t: "I was at the shop and then I went home.")
    short = a_generation(tmp_path / "short", lambda _c, _t: "No.")
    with server(fair) as (url, _):
        run = judged(long, [url], tmp_path / "cache", short)
    assert run.figure("order_holds:judge-0").value == 1.0
    assert run.figure("wins:judge-0").value == 1.0
    assert run.figure("first_chosen:judge-0").value == 0.5

    def first_always(body: dict[str, Any]) -> tuple[int, str]:
        if "Encounter ONE" in body["messages"][1]["content"]:
            return 200, completion('{"more_real": "one"}')
        return fair(body)

    with server(first_always) as (url, _):
        run = judged(long, [url], tmp_path / "other", short)
    assert run.figure("order_holds:judge-0").value == 0.0
    assert run.figure("first_chosen:judge-0").value == 1.0
    assert "wins:judge-0" not in {figure.name for figure in run.figures}


def test_rubbish_is_counted_and_never_scored(tmp_path: Path) -> None:
    generation = a_generation(tmp_path / "g", talk)

    def rubbish(body: dict[str, Any]) -> tuple[int, str]:
        half = re.search(r"How can I help", body["messages"][1]["content"])
        return (
            fair(body) if half else (200, completion("As a language model I find this great! 9/10"))
        )

    with server(rubbish) as (url, _):
        run = judged(generation, [url], tmp_path / "cache")
    assert run.figure("unread:judge-0").value == pytest.approx(9 / 12)
    assert len(run.samples["realism"]) == 3
    assert any("first unreadable answer" in note for note in run.notes)
    assert any("3 of 6 dialogues lack a judge" in note for note in run.notes)
    with server(lambda _body: (200, completion("no"))) as (url, _):
        nothing = judged(generation, [url], tmp_path / "none")
    assert nothing.figure("realism").value is None
    assert nothing.figure("unread:judge-0").value == 1.0


def test_a_judge_that_goes_down_stops_and_the_same_command_goes_on(tmp_path: Path) -> None:
    generation = a_generation(tmp_path / "g", talk)
    left = [4]

    def dies(body: dict[str, Any]) -> tuple[int, str]:
        left[0] -= 1
        return fair(body) if left[0] >= 0 else (403, "no more")

    with server(dies) as (url, asked):
        with pytest.raises(BenchmarkError, match="goes on"):
            judged(generation, [url], tmp_path / "cache")
        left[0] = 100
        before = len(asked)
        run = judged(generation, [url], tmp_path / "cache")
        assert len(asked) - before == 12 - 4
    assert len(run.samples["realism"]) == 6


def test_what_cannot_be_judged_is_refused(tmp_path: Path) -> None:
    forced = a_generation(tmp_path / "forced", talk, mode="teacher-forced")
    with pytest.raises(BadBenchmarkInput, match="free-running"):
        generated(forced, 8)
    broken = a_generation(tmp_path / "broken", lambda c, t: "" if c != 2 and t == 1 else "Yes.")
    (only,) = generated(broken, 8)
    assert only.id == "talk-2"
    assert "Civilian: Yes." in only.transcript
    assert "I really said" not in only.transcript


def test_a_judges_own_family_is_found_to_be_favoured(tmp_path: Path) -> None:
    def run(model: str, by_own: float, by_other: float, judges: list[str]) -> RunFile:
        generation = a_generation(tmp_path / model, talk, model=a_model(model))
        with server(fair) as (url, _):
            made = judged(generation, [url], tmp_path / "cache")
        samples = {f"realism:{judges[0]}": [by_own], f"realism:{judges[1]}": [by_other]}
        return made.model_copy(update={"samples": samples, "settings": {"judges": judges}})

    judges = ["Qwen2.5-7B", "Llama-3.1-8B"]
    runs = [run("qwen2.5-3b", 90.0, 70.0, judges), run("llama-3.2", 75.0, 73.0, judges)]
    found = self_preference(runs)
    assert found["Qwen2.5-7B"] == pytest.approx(18.0)
    assert found["Llama-3.1-8B"] == pytest.approx(18.0)
    assert self_preference(runs[:1]) == {}  # no model of another family to set beside it


@pytest.mark.slow
def test_a_local_model_is_held_to_the_rubrics_form_by_its_grammar(civilian_gguf: Path) -> None:
    from scenarios.corpus.judge import LocalJudge

    with LocalJudge(civilian_gguf, "local", n_ctx=2048) as judge:
        said = judge.ask(question("Officer: Stop.\nCivilian: Why?", "A baker."), rating_form())
        assert 0 <= read_rating(said).realism <= 100
        preferred = judge.ask("Which is more real, one or two?", preference_form())
        assert read_preference(preferred) in ("one", "two")
