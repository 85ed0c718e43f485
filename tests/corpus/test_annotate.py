"""A judge that is well, down, slow or talks rubbish; each over a real connection on this machine."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import Any

import pytest
from invented_encounters import ROLES_OF_STOP, STOP, many_encounters, with_roles

from scenarios.corpus.annotate import annotate, excerpt, kappa, parsed, question_for
from scenarios.corpus.filters import default_rules
from scenarios.corpus.judge import EndpointJudge, JudgeFailed, LocalJudge
from scenarios.corpus.pipeline import build
from scenarios.corpus.run import Run, Settings
from scenarios.errors import BadScenario, ScenarioError
from tests.completions_server import completion, server


def sensible(body: dict[str, Any]) -> tuple[int, str]:
    names = re.findall(r"^- (\w+):", body["messages"][1]["content"], re.MULTILINE)
    answer = {name: {"present": True, "quote": "tail light is out"} for name in names}
    return 200, completion(f"Sure! {json.dumps(answer)}")


@pytest.fixture
def run(tmp_path: Path) -> Run:
    (tmp_path / "in").mkdir()
    many_encounters(tmp_path / "in", 4)
    run = Run.open(tmp_path / "run", Settings(), create=True)
    build(tmp_path / "in", run.folder, lambda _: None, workers=1)
    return run


def judge_at(url: str, **how: Any) -> EndpointJudge:
    return EndpointJudge(url, "m", timeout_s=how.pop("timeout_s", 10.0), pause_s=0.01, **how)


def test_a_sensible_judge_is_asked_once(run: Run) -> None:
    with server(sensible) as (url, asked):
        first = annotate(run, judge_at(url), None)
        questions = len(asked)
        second = annotate(run, judge_at(url), None)
    assert (first.done, second.done, second.cached) == (4, 0, 4)
    assert len(asked) == questions == 4 * len(default_rules().groups)
    assert asked[0]["response_format"]["type"] == "json_schema"
    data = json.loads((first.folder / "youtube_0.json").read_text())
    assert data["scores"] == {"police": 6, "interaction": 6, "escalation": 6, "de_escalation": 6}
    assert data["features"]["police"]["papers"] == {
        "present": True, "quote": "tail light is out", "quote_found": True,
    }  # fmt: skip
    assert json.loads((first.folder / "agreement.json").read_text())["files"] == 4


def test_a_changed_transcript_is_asked_about_again(run: Run, tmp_path: Path) -> None:
    with server(sensible) as (url, _):
        annotate(run, judge_at(url), None)
        changed = tmp_path / "in" / "youtube_2.csv"
        changed.write_text(
            changed.read_text() + "59:00,[Suspect],One more thing I must tell you.\n"
        )
        build(tmp_path / "in", run.folder, lambda _: None, workers=1)
        assert annotate(run, judge_at(url), None).done == 1


def test_a_judge_that_is_down_stops_the_run_and_it_goes_on_later(run: Run) -> None:
    answered = 0

    def breaks(body: dict[str, Any]) -> tuple[int, str]:
        nonlocal answered
        answered += 1
        return sensible(body) if answered <= 6 else (503, "busy")

    with server(breaks) as (url, _):
        with pytest.raises(ScenarioError, match=r"judge is down: .* 1 of 4 done, run again"):
            annotate(run, judge_at(url), None)
        answered = -1000
        assert annotate(run, judge_at(url), None).cached == 1


def test_nobody_listens(run: Run) -> None:
    with server(sensible) as (url, _):
        pass
    with pytest.raises(ScenarioError, match=r"judge is down: .*cannot be reached"):
        annotate(run, judge_at(url), None)


def test_a_key_that_is_refused_is_told_at_once(run: Run) -> None:
    with (
        server(lambda _: (401, "no")) as (url, asked),
        pytest.raises(ScenarioError, match="refuses: 401"),
    ):
        annotate(run, judge_at(url), None)
    assert len(asked) == 1


def test_a_slow_judge_costs_its_transcripts_and_no_more(run: Run) -> None:
    def slow(body: dict[str, Any]) -> tuple[int, str]:
        time.sleep(1.0)
        return sensible(body)

    with server(slow) as (url, _):
        result = annotate(run, judge_at(url, timeout_s=0.2, tries=1), None)
    assert set(result.failed.values()) == {"no answer within 0.2 s"}
    assert len(result.failed) == 4


@pytest.mark.parametrize("text", ["I would rather not say.", "{", '{"papers": 1}', "[]", ""])
def test_rubbish_is_asked_for_twice_and_then_told(run: Run, text: str) -> None:
    with server(lambda _: (200, completion(text))) as (url, asked):
        result = annotate(run, judge_at(url), 2)
    assert len(asked) == 4
    assert all("not the JSON asked for" in why for why in result.failed.values())
    assert not list(result.folder.glob("youtube*.json"))


def test_a_text_that_is_too_long_for_the_judge_costs_that_text_alone(run: Run) -> None:
    answered = 0

    def short(body: dict[str, Any]) -> tuple[int, str]:
        nonlocal answered
        answered += 1
        return (400, '{"error": "context_length_exceeded"}') if answered == 3 else sensible(body)

    with server(short) as (url, _):
        result = annotate(run, judge_at(url), None)
    assert result.done == 3
    assert [why for why in result.failed.values() if "context_length_exceeded" in why]


def test_a_reply_that_is_no_completion(run: Run) -> None:
    with server(lambda _: (200, "<html>hello</html>")) as (url, _):
        result = annotate(run, judge_at(url), 1)
    assert "no chat completion" in result.failed["youtube_0"]


def test_a_server_without_schemas_is_asked_without(run: Run) -> None:
    def plain(body: dict[str, Any]) -> tuple[int, str]:
        return (400, "unknown field") if "response_format" in body else sensible(body)

    with server(plain) as (url, asked):
        assert annotate(run, judge_at(url), 2).done == 2
    ways = [body.get("response_format", {}).get("type") for body in asked]
    assert ways[:3] == ["json_schema", "json_object", None]
    assert set(ways[2:]) == {None}


@pytest.mark.parametrize("url", ["", "localhost:8000", "ftp://x/y"])
def test_an_address_that_is_none(url: str) -> None:
    with pytest.raises(BadScenario, match="no address of a server"):
        EndpointJudge(url, "m")


def _words(text: str) -> int:
    return len(text.split())


def test_a_long_transcript_is_shown_in_three_parts() -> None:
    transcript = with_roles(STOP * 30, ROLES_OF_STOP)
    text = excerpt(transcript, 300, _words)
    assert _words(text) <= 300
    assert text.count("[…]") == 2
    assert text.startswith("OFFICER: Good evening.")
    assert text.endswith(STOP[-1][1])
    assert "[…]" not in excerpt(with_roles(STOP, ROLES_OF_STOP), 300, _words)


def test_answers() -> None:
    assert parsed('x {"a": {"present": true}} y', ["a"]) == {"a": {"present": True, "quote": ""}}
    with pytest.raises(JudgeFailed):
        parsed('{"a": {"present": "yes"}}', ["a"])


def test_kappa() -> None:
    assert kappa([(True, True), (False, False)]) == 1.0
    assert kappa([(True, False), (False, True)]) == -1.0
    # 20 both yes, 15 both no, 5 and 10 apart: 0.4, the worked example of Cohen's kappa
    pairs = [(True, True)] * 20 + [(True, False)] * 5 + [(False, True)] * 10 + [(False, False)] * 15
    assert kappa(pairs) == pytest.approx(0.4)
    assert kappa([(True, True)] * 5) is None
    assert kappa([]) is None


@pytest.mark.slow
def test_the_embedded_model_reads_each_transcript_and_nothing_of_the_one_before(
    civilian_gguf: Path,
) -> None:
    members = default_rules().groups["police"]
    # Longer than the context: short turns have many tokens to a word, and the answer needs room.
    long = with_roles(STOP * 30, ROLES_OF_STOP)
    with LocalJudge(civilian_gguf, "local") as judge:
        texts = [
            excerpt(long, judge.room, judge.count),
            "OFFICER: Hello there.\nCIVILIAN: Hi.",
        ]
        answers = [judge.answer(text, question_for(members), list(members)) for text in texts]
    assert all(list(parsed(answer, members)) == list(members) for answer in answers)
    with LocalJudge(civilian_gguf, "local") as fresh:
        assert fresh.answer(texts[1], question_for(members), list(members)) == answers[1]
