"""The events of a record, turn by turn: what a session goes through again to stand where it stopped."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from simulator.events import (
    AffectMoved,
    Behaviour,
    BehavioursRecognised,
    CivilianCutOff,
    CivilianReacted,
    CivilianSpoke,
    Event,
    InjectHappened,
    OfficerSpoke,
    ProsodyHeard,
)


@dataclass
class PastTurn:
    """Turn 0 is the opening, without an officer. moved: agitation and trust had moved when the record ends. said:
    None where the process died before the civilian answered; heard: of it, by an officer who cut it off.
    """

    number: int
    officer: OfficerSpoke | None = None
    prosody: ProsodyHeard | None = None
    behaviours: list[Behaviour] = field(default_factory=list)
    moved: bool = False
    injects: list[str] = field(default_factory=list)
    reacted: bool = False
    said: CivilianSpoke | None = None
    heard: str = ""


def past_turns(events: Iterable[Event]) -> list[PastTurn]:
    """events: all of one session, in order."""
    turns: dict[int, PastTurn] = {}
    for event in events:
        number = getattr(event, "turn", None)
        if number is None:
            continue
        turn = turns.setdefault(number, PastTurn(number))
        match event:
            case OfficerSpoke():
                turn.officer = event
            case ProsodyHeard():
                turn.prosody = event
            case BehavioursRecognised():
                turn.behaviours = event.behaviours
            case AffectMoved():
                turn.moved = True
            case InjectHappened():
                turn.injects.append(event.id)
            case CivilianReacted():
                turn.reacted = True
            case CivilianSpoke():
                turn.said, turn.heard = event, event.text
            case CivilianCutOff():
                turn.heard = event.heard
    return [turn for turn in turns.values() if turn.officer or turn.said]
