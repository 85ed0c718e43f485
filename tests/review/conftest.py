"""Real sessions for the review: the real turn loop, affect, disclosure and scenario.

So that no model needs to be loaded, the civilian's words are chosen plainly, by what may be told, and the officer's
lines carry the labels of whoever wrote them; test_real_session.py has the real model and the real recogniser.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from scenarios.behaviours import BehaviourId
from scenarios.loader import load
from scenarios.schema import SubjectType
from simulator.civilian.disclosure import Disclosure
from simulator.civilian.reply import Reply
from simulator.events import Behaviour, Event, SessionStarted
from simulator.session import Session

LONG = [
    "I don't have to tell you anything.",
    "Everybody is staring at me. It's humiliating.",
    "You people never listen.",
    "Why are you doing this to me?",
    "I'm so tired. I can't do this.",
]

LABELLED: dict[str, list[tuple[BehaviourId, str]]] = {
    # a decent officer
    "Good afternoon, ma'am. My name is Officer Dana Reyes. Would you like the door shut?": [
        ("introduces_self", "My name is Officer Dana Reyes"), ("courtesy", "ma'am"),
    ],
    "You sound embarrassed. Is your arm hurt? I saw your sleeve.": [
        ("emotion_label", "You sound embarrassed"), ("asks_safety", "Is your arm hurt?"),
    ],
    "Take your time. There's no rush.": [("gives_time", "Take your time")],
    "I notice you keep looking at the clock. Is somebody waiting for you at home?": [],
    "I'm sorry. That sounds really hard.": [
        ("shows_empathy", "I'm sorry"), ("emotion_label", "That sounds really hard"),
    ],
    "So you left him at one, and you're worried he'll try to get up.": [
        ("paraphrase", "So you left him at one"), ("emotion_label", "you're worried"),
    ],
    "What did you need today that you couldn't get?": [("open_question", "What did you need today")],
    "Would you rather I send a car by the house, or call a neighbor?": [
        ("offers_options", "Would you rather"), ("offers_help", "I send a car by the house"),
    ],
    # a bad one
    "What's your name? Where do you live? Have you done this before?": [
        ("stacked_questions", "What's your name? Where do you live? Have you done this before?")
    ],
    "Calm down. It's forty-six dollars.": [("dismissive", "Calm down")],
    "Sit down.": [("command", "Sit down")],
    "You're lying to me. <script>alert('x')</script> & <b>\"nobody\"</b> steals by mistake.": [
        ("accusation", "You're lying to me")
    ],
    # others
    "Good afternoon, ma'am.": [("courtesy", "ma'am")],
    "What's going on today?": [("open_question", "What's going on today?")],
    "Calm down, lady.": [("dismissive", "Calm down")],
    "Open the bag. Now.": [("command", "Open the bag")],
    "Step away from the desk.": [("command", "Step away from the desk")],
    "You sound scared.": [("emotion_label", "You sound scared")],
}  # fmt: skip
GOOD = list(LABELLED)[:8]
BAD = [*list(LABELLED)[8:11], "", list(LABELLED)[11], "Sit down."]


def recognise(words: str, earlier: Sequence[str], _civilian: str) -> list[Behaviour]:
    """The labels of a line of LABELLED; an order that was given before is a repeated one too."""
    found = [Behaviour(id=id_, quote=quote) for id_, quote in LABELLED.get(words, [])]
    if words in earlier and any(b.id == "command" for b in found):
        found.append(Behaviour(id="repeated_order", quote=found[0].quote))
    return found


class PlainPlayer:
    """Tells what may be told now, else says the next line of a list: the Player of the session, without a model."""

    def __init__(self, lines: Sequence[str] = LONG) -> None:
        self._lines = list(lines)

    def opened(self, words: str) -> None: ...

    def hear(self, words: str) -> None: ...

    def reply(
        self,
        words: str,
        behaviours: list[Behaviour],
        agitation: int,
        trust: int,
        disclosure: Disclosure,
        note: str = "",
        on_clause: Callable[[str], None] | None = None,
        hurry: bool = False,
    ) -> Reply:
        facts = [f for f in disclosure.may_tell(words) if f.id not in disclosure.told]
        if facts:
            return Reply(facts[0].text, "authored", "may be told", None)
        self._lines.append(self._lines.pop(0))
        return Reply(self._lines[-1], "model", "", None)

    def mark(self) -> list[str]:
        return list(self._lines)

    def take_back(self, mark: list[str]) -> None:
        self._lines = list(mark)

    def settle(self, heard: str) -> None: ...

    def cut_off(self, heard: str) -> None: ...

    def next_turn(self) -> int:
        return 0


class Played:
    """A session in play, and the events that it has published."""

    def __init__(
        self, scenario_id: str, subject_type: SubjectType, seed: int, officer: str, began_at: str
    ) -> None:
        self.events: list[Event] = []
        loaded = load(scenario_id)
        ticks = iter(range(100_000))
        self.session = Session(
            loaded.scenario,
            PlainPlayer(),
            recognise,
            self.events.append,
            subject_type=subject_type,
            seed=seed,
            clock=lambda: next(ticks) * 0.5,
        )
        self.started = SessionStarted(
            session_id=f"{seed:032x}",
            began_at=began_at,
            scenario_id=scenario_id,
            scenario_sha256=loaded.sha256,
            subject_type=subject_type,
            seed=seed,
            officer=officer,
            model_id="plain",
            model_sha256="0" * 64,
            agitation=self.session.agitation,
            trust=self.session.trust,
            voice=False,
        )
        self.session.begin(self.started)

    def say(self, lines: Sequence[str]) -> Played:
        for line in lines:
            if not self.session.ended:
                self.session.officer_says(line)
        return self

    def leave(self) -> list[Event]:
        self.session.leave("lines_ran_out")
        return self.events


Play = Callable[..., Played]


@pytest.fixture
def play() -> Play:
    def begin(
        scenario_id: str = "shoplifting-detention",
        subject_type: SubjectType = "upset",
        seed: int = 7,
        officer: str = "Reyes 114",
        began_at: str = "2026-03-01T09:00:00+00:00",
    ) -> Played:
        return Played(scenario_id, subject_type, seed, officer, began_at)

    return begin


@pytest.fixture
def good(play: Play) -> list[Event]:
    return play().say(GOOD).leave()


@pytest.fixture
def bad(play: Play) -> list[Event]:
    return play().say(BAD).leave()
