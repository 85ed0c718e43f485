"""What anybody may say: to what the officer did, in this mood."""

from __future__ import annotations

import random

import pytest

from scenarios.behaviours import BEHAVIOURS, BehaviourId
from scenarios.in_role import out_of_role
from scenarios.strong_language import too_strong
from simulator.civilian.stock import _RESPONSES, response
from simulator.events import Behaviour


def answer_to(
    words: str, *did: tuple[BehaviourId, str], agitation: int = 40, said: list[str] | None = None
) -> tuple[str, BehaviourId] | None:
    behaviours = [Behaviour(id=id_, quote=quote) for id_, quote in did]
    return response(words, behaviours, agitation, random.Random(1), said or [])


def test_there_are_lines_for_every_behaviour_and_they_stay_in_role() -> None:
    assert set(_RESPONSES) == set(BEHAVIOURS)
    for id_, moods in _RESPONSES.items():
        assert set(moods) == {"low", "high"}
        for lines in moods.values():
            assert len(set(lines)) == len(lines) >= 4, id_
            for line in lines:
                assert out_of_role(line) is None, line
                assert too_strong(line, "mild") is None, line
    everything = [
        line for moods in _RESPONSES.values() for lines in moods.values() for line in lines
    ]
    assert len(set(everything)) == len(everything)


@pytest.mark.parametrize(
    ("words", "did", "to"),
    [
        (
            "I'm sorry about your car. Step back for me, please.",
            [
                ("shows_empathy", "I'm sorry about your car."),
                ("clear_request", "Step back for me, please."),
            ],
            "clear_request",
        ),
        (
            "Get out or I take you out. I'm Officer Hale.",
            [("threat", "Get out or I take you out."), ("introduces_self", "I'm Officer Hale.")],
            "threat",
        ),
        (
            "You sound worn out, ma'am.",
            [("emotion_label", "You sound worn out"), ("courtesy", "ma'am")],
            "emotion_label",
        ),
        ("Good evening, sir.", [("courtesy", "sir")], "courtesy"),
    ],
)
def test_what_was_done_last_is_answered_but_a_threat_before_all(
    words: str, did: list[tuple[BehaviourId, str]], to: str
) -> None:
    found = answer_to(words, *did)
    assert found is not None
    assert found[1] == to
    assert found[0] in _RESPONSES[to]["low"]
    upset = answer_to(words, *did, agitation=80)
    assert upset is not None
    assert upset[0] in _RESPONSES[to]["high"]


def test_a_question_that_has_no_name_is_not_answered_as_if_it_were_what_came_before() -> None:
    assert answer_to("I'm sorry. Which street is it?", ("shows_empathy", "I'm sorry.")) is None
    assert answer_to("Which street is it, sir?", ("courtesy", "sir")) is None
    assert answer_to("Which street is it?") is None
    assert answer_to("Can I call her? Would you like that?", ("offers_help", "Can I call her?"))
    assert answer_to("What happened?", ("open_question", "What happened?")) is not None


def test_nothing_is_said_twice() -> None:
    said: list[str] = []
    while found := answer_to("Step back.", ("command", "Step back."), said=said):
        said.append(found[0])
    assert sorted(said) == sorted(_RESPONSES["command"]["low"])
