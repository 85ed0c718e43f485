"""Generation from a real server on this machine: the same conditions, errors apart, given up where it is of no use."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from benchmark.errors import BenchmarkError
from benchmark.generate import generate
from benchmark.generate_endpoint import EndpointSpeaker
from benchmark.generate_speakers import SpeakerDown
from benchmark.generate_workload import Dialogues
from tests.benchmark.generated_talk import PLAN, small
from tests.completions_server import completion, server


def test_a_server_is_asked_under_the_same_conditions(tmp_path: Path) -> None:
    with server(lambda _: (200, completion("Civilian: I live here."))) as (url, asked):
        made = generate(EndpointSpeaker(url, "big", pause_s=0), small(), PLAN, tmp_path / "a")
    assert [r.text for r in made.replies.values()] == ["I live here."] * 3
    body = asked[1]
    assert body["model"] == "big"
    assert (body["temperature"], body["top_p"], body["max_tokens"]) == (0.6, 0.9, 8)
    assert (body["top_k"], body["repeat_penalty"]) == (50, 1.05)
    assert [m["role"] for m in body["messages"]] == "system user assistant user".split()
    assert made.replies[0].all_decoding


def test_a_server_that_refuses_what_only_some_know_is_asked_without_and_that_is_kept(
    tmp_path: Path,
) -> None:
    def fussy(body: dict[str, Any]) -> tuple[int, str]:
        return (400, "unknown: top_k") if "top_k" in body else (200, completion("No."))

    with server(fussy) as (url, asked):
        made = generate(EndpointSpeaker(url, "", pause_s=0), small(), PLAN, tmp_path / "a")
    assert made.done == 3
    assert len(asked) == 4
    assert not any(reply.all_decoding for reply in made.replies.values())


def test_errors_are_counted_apart_and_asked_again(tmp_path: Path) -> None:
    calls = [0]

    def flaky(_: dict[str, Any]) -> tuple[int, str]:
        calls[0] += 1
        return (418, "teapot") if calls[0] == 2 else (200, completion("I heard you."))

    with server(flaky) as (url, _):
        speaker = EndpointSpeaker(url, "", pause_s=0)
        made = generate(speaker, small(), PLAN, tmp_path / "a")
        assert made.done == 2
        assert [error.number for error in made.errors] == [1]
        assert "418" in made.errors[0].error
        assert made.errors[0].text == ""
        again = generate(speaker, small(), PLAN, tmp_path / "a")
    assert again.done == 3
    assert calls[0] == 4


def test_a_server_that_answers_rubbish_or_refuses_is_given_up(tmp_path: Path) -> None:
    many = Dialogues(
        "many", tuple(replace(small().conversations[0], id=f"t#{n}") for n in range(3))
    )
    with (
        server(lambda _: (200, "[]")) as (url, _),
        pytest.raises(BenchmarkError, match="5 replies in a row"),
    ):
        generate(EndpointSpeaker(url, "", pause_s=0), many, PLAN, tmp_path / "a")
    with server(lambda _: (401, "no key")) as (url, asked):
        with pytest.raises(SpeakerDown, match="401"):
            generate(EndpointSpeaker(url, "", pause_s=0), small(), PLAN, tmp_path / "b")
        assert len(asked) == 1
    with pytest.raises(SpeakerDown, match="3 times"):
        generate(
            EndpointSpeaker("http://127.0.0.1:9", "", pause_s=0), small(), PLAN, tmp_path / "c"
        )
