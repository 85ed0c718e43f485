"""Forty turns with the real model: contradictions, role breaks, assistant phrases, repeats and memory."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from scenarios.in_role import ASSISTANT, out_of_role
from scenarios.loader import Loaded
from scenarios.phrases import phrase_pattern
from scenarios.schema import Condition, Ending, Scenario, SubjectType
from scenarios.strong_language import too_strong
from simulator.cast import Cast, Choice
from simulator.civilian.disclosure import content_words
from simulator.civilian.guard import repeats
from simulator.civilian.memory import officer_name_in
from simulator.civilian.promises import promises_in
from simulator.civilian.straight import Straight, denies, scenario_text
from simulator.events import CivilianSpoke, Event, OfficerSpoke, ReplyRefused, TurnTimed
from simulator.transcript import response_s
from simulator.trials.scripts import script

TURNS = 40
_OFFICER = "Officer Bennett"
#: (turn, what the officer says) of what is to be remembered, and asked for later.
_PROMISES = (
    (7, "I'll get you some water before we go on."),
    (19, "I'll call your sister tonight."),
)
_REMEMBERED = ((26, "water"), (38, "sister"))
_MEMORY_QUESTION = "What did I promise you?"
_NAME_QUESTION = "What did I say my name was?"
_NAME_TURN = 33
_PERSONAL = (
    (11, "What's your name?"),
    (14, "How old are you?"),
    (29, "What's your name?"),
    (31, "How old are you?"),
)


@dataclass
class Consistency:
    """What was counted in one session. Each list holds (turn, what)."""

    scenario_id: str
    turns: int = 0
    contradictions: list[tuple[int, str]] = field(default_factory=list)
    role_breaks: list[tuple[int, str]] = field(default_factory=list)
    assistant: list[tuple[int, str]] = field(default_factory=list)
    repeated: list[tuple[int, str]] = field(default_factory=list)
    never_says: list[tuple[int, str]] = field(default_factory=list)
    too_strong: list[tuple[int, str]] = field(default_factory=list)
    remembered: int = 0
    to_remember: int = 0
    origins: dict[str, int] = field(default_factory=dict)
    refused: dict[str, int] = field(default_factory=dict)
    seconds: list[float] = field(default_factory=list)
    transcript: list[tuple[int, str, str, str]] = field(default_factory=list)


def forty_turns(
    cast: Cast,
    loaded: Loaded,
    subject_type: SubjectType = "upset",
    seed: int = 1,
    progress: Callable[[int], None] = lambda _: None,
) -> Consistency:
    """One session of 40 turns; the scenario's endings are put off so that it lasts."""
    events: list[Event] = []
    endless = Loaded(_without_end(loaded.scenario), loaded.path, loaded.sha256)
    endless.dialogues = loaded.dialogues
    session, started = cast.session(Choice(endless, subject_type, seed), events.append)
    session.begin(started)
    for line in officer_lines(loaded, seed):
        session.officer_says(line)
        progress(session.turn)
    session.leave("lines_ran_out")
    return count(loaded, events)


def officer_lines(loaded: Loaded, seed: int) -> list[str]:
    """Forty lines: general and the scenario's own, trained and a few bad, questions asked twice, promises,
    and questions about what was promised.
    """
    draw = random.Random(f"forty {loaded.id} {seed}")
    own = [
        e.officer
        for d in loaded.dialogues
        if d.officer == "trained"
        for e in d.exchanges
        # The trial's own officer has a name and makes its own promises.
        if not officer_name_in(e.officer) and not promises_in(e.officer)
    ]
    general = [
        line.say
        for line in script(loaded, "trained", "general", seed)[1:]
        if not promises_in(line.say)
    ]
    bad = [line.say for line in script(loaded, "bad", "general", seed)[1:]]
    questions = [line for line in own if "?" in line and len(line.split()) < 16]
    asked = draw.sample(questions, 4)
    lines = draw.sample([x for x in own if x not in asked], 14) + general[:14] + draw.sample(bad, 5)
    draw.shuffle(lines)
    fixed = {1: f"Hello. I'm {_OFFICER}. What's going on today?", _NAME_TURN: _NAME_QUESTION}
    fixed |= dict(_PROMISES) | {turn: _MEMORY_QUESTION for turn, _ in _REMEMBERED} | dict(_PERSONAL)
    for number, question in enumerate(asked):
        fixed[4 + number * 4] = question
        fixed[22 + number * 5 if number < 3 else 40] = question
    return [fixed.get(turn) or lines.pop() for turn in range(1, TURNS + 1)]


def count(loaded: Loaded, events: Sequence[Event]) -> Consistency:
    """What is wrong in a record, by the rules named at each field."""
    person = loaded.scenario.civilian
    straight = Straight(scenario_text(loaded), loaded.scenario)
    texts = {f.id: f.text for f in [*person.facts, *person.secrets]}
    found = Consistency(loaded.id)
    said: list[str] = []
    told: list[str] = []
    officer = heard = ""
    origins: Counter[str] = Counter()
    refused: Counter[str] = Counter()
    for event in events:
        if isinstance(event, OfficerSpoke):
            officer, found.turns = event.text, event.turn
            found.transcript.append((event.turn, "officer", event.text, ""))
            heard += f" {officer}"
        elif isinstance(event, ReplyRefused):
            refused[re.sub(r"[:'(].*", "", event.reason).strip()] += 1
        elif isinstance(event, TurnTimed):
            found.seconds += [s for s in [response_s(event)] if s is not None]
        elif isinstance(event, CivilianSpoke):
            text, turn = event.text, event.turn
            origins[_origin(event)] += bool(turn)
            found.transcript.append(
                (turn, "civilian", text, f"{event.origin}: {event.origin_note}")
            )
            if out := out_of_role(text):
                found.role_breaks.append((turn, f"{out[1]}: {text}"))
            if any(pattern.search(text) for pattern in ASSISTANT.values()):
                found.assistant.append((turn, text))
            if any(map(str.isalnum, text)) and repeats(text, said):
                found.repeated.append((turn, text))
            found.never_says += [
                (turn, text) for p in person.never_says if phrase_pattern(p).search(text)
            ]
            if too_strong(text, loaded.scenario.content.level):
                found.too_strong.append((turn, text))
            if wrong := straight.why_not(text, heard):
                found.contradictions.append((turn, f"{wrong}: {text}"))
            found.contradictions += [
                (turn, f"against “{texts[id_]}”: {text}")
                for id_ in told
                if denies(text, texts[id_])
            ]
            _memory(found, officer, turn, text)
            said.append(text)
            told += [id_ for id_ in event.tells if id_ in texts and id_ not in told]
    found.origins, found.refused = dict(origins), dict(refused)
    return found


def _memory(found: Consistency, officer: str, turn: int, text: str) -> None:
    wanted = dict(_REMEMBERED).get(turn) if officer == _MEMORY_QUESTION else None
    if officer == _NAME_QUESTION:
        wanted = _OFFICER.split()[-1].lower()
    if wanted:
        found.to_remember += 1
        found.remembered += wanted in content_words(text) or wanted in text.lower()


def _origin(event: CivilianSpoke) -> str:
    """The model's own words, or what kind of authored line."""
    if event.origin == "model":
        return "model"
    note = event.origin_note
    for start, name in (
        ("this question was foreseen", "authored: foreseen"),
        ("a fact", "authored: a fact"),
        ("a secret", "authored: a secret"),
        ("inject", "authored: inject"),
        ("anybody's answer", "authored: anybody's"),
        ("deflection", "authored: deflection"),
        ("remembers", "authored: memory"),
        ("was asked this", "authored: memory"),
        ("says nothing", "silence"),
    ):
        if note.startswith(start):
            return name
    return "authored: nearest" if "fit" in note else "authored: other"


def _without_end(scenario: Scenario) -> Scenario:
    late = Condition(turn_at_least=200)
    endings = [
        Ending.model_validate({**ending.model_dump(), "when": late.model_dump()})
        for ending in scenario.endings
    ]
    return scenario.model_copy(update={"endings": endings})
