"""The events of a session as turns: what was said, by whom, and how the civilian stood after it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from scenarios.reactions import AS_WORDS
from simulator.events import (
    AffectMoved,
    Behaviour,
    BehavioursRecognised,
    Cause,
    CivilianCutIn,
    CivilianCutOff,
    CivilianGaveWay,
    CivilianReacted,
    CivilianSpoke,
    Event,
    InjectHappened,
    OfficerBackchannelled,
    OfficerSpoke,
    ProsodyHeard,
    SessionStarted,
    Timings,
    TurnTimed,
)


@dataclass
class Turn:
    """One utterance. turn: the number of the exchange, 0 for the opening; state after it, 0-100.

    speaker: "officer", "civilian", or "scene" for an inject.
    """

    turn: int
    speaker: str
    text: str
    at_s: float
    agitation: int
    trust: int
    origin: str = ""
    origin_note: str = ""
    cut_off: bool = False
    behaviours: list[Behaviour] = field(default_factory=list)
    causes: list[Cause] = field(default_factory=list)
    tells: list[str] = field(default_factory=list)
    audio_s: float | None = None
    asr_ms: float | None = None
    timings: Timings | None = None
    timed: TurnTimed | None = None
    prosody: ProsodyHeard | None = None
    cut_in_after_s: float | None = None  # the civilian did not wait for the officer to finish
    backchannels: list[str] = field(default_factory=list)  # the officer's, while this was heard
    reaction: str = ""  # a sound without words before these, as "sighs"
    let_go_on: list[str] = field(default_factory=list)  # begun by the civilian in its pauses


def transcript(events: Sequence[Event]) -> list[Turn]:
    """The turns of a session, in the order in which they were heard."""
    turns: list[Turn] = []
    agitation = trust = 0
    officer: Turn | None = None
    gave_way: list[str] = []
    reaction = ""
    for event in events:
        if isinstance(event, SessionStarted):
            agitation, trust = event.agitation, event.trust
        elif isinstance(event, OfficerSpoke):
            officer = Turn(event.turn, "officer", event.text, event.at_s, agitation, trust)
            officer.audio_s, officer.asr_ms = event.audio_s, event.asr_ms
            officer.let_go_on, gave_way = gave_way, []
            turns.append(officer)
        elif isinstance(event, ProsodyHeard) and officer:
            officer.prosody = event
        elif isinstance(event, CivilianCutIn) and officer:
            officer.cut_in_after_s = event.after_s
        elif isinstance(event, CivilianReacted):
            reaction = AS_WORDS[event.sound]
        elif isinstance(event, CivilianGaveWay):
            gave_way.append(event.heard)
        elif isinstance(event, BehavioursRecognised) and officer:
            officer.behaviours = list(event.behaviours)
        elif isinstance(event, AffectMoved):
            agitation, trust = event.agitation, event.trust
            if turns:
                turns[-1].agitation, turns[-1].trust = agitation, trust
                turns[-1].causes += event.causes
        elif isinstance(event, InjectHappened):
            turns.append(Turn(event.turn, "scene", event.what, event.at_s, agitation, trust))
        elif isinstance(event, CivilianSpoke):
            said = Turn(event.turn, "civilian", event.text, event.at_s, agitation, trust)
            said.origin, said.origin_note = event.origin, event.origin_note
            said.tells, said.timings = list(event.tells), event.timings
            said.reaction, reaction = reaction, ""
            turns.append(said)
        elif isinstance(event, CivilianCutOff):
            for said in reversed(turns):
                if said.speaker == "civilian" and said.turn == event.turn:
                    said.text, said.cut_off = event.heard, True
                    break
        elif isinstance(event, OfficerBackchannelled):
            for said in reversed(turns):
                if said.speaker == "civilian" and said.turn == event.turn:
                    said.backchannels.append(event.text)
                    break
        elif isinstance(event, TurnTimed) and turns and turns[-1].speaker == "civilian":
            turns[-1].timed = event
    return turns


def response_s(timed: TurnTimed | None) -> float | None:
    """Seconds from the end of the officer's words to the first of the civilian's.

    By voice: end of speech to first sound. Typed: return key to first words on the screen.
    """
    if timed is None:
        return None
    began = timed.speech_end_s if timed.speech_end_s is not None else timed.turn_end_s
    answered = timed.playback_start_s or timed.first_audio_s or timed.first_clause_s
    return None if answered is None else round(max(0.0, answered - began), 3)


#: The stages of an answer, in the order in which they mostly come, and how they are named.
STAGES = {
    "asr_done_s": "words known",
    "turn_end_s": "certain",
    "first_token_s": "first token",
    "first_clause_s": "first words",
    "first_audio_s": "spoken",
    "playback_start_s": "heard",
}


def timeline(timed: TurnTimed | None) -> list[tuple[str, float]]:
    """When each stage of an answer was reached: (name, seconds from the end of the officer's speech, or from the
    return key), in time; only the stages that there were.
    """
    if timed is None:
        return []
    spoken = timed.speech_end_s is not None
    began = timed.speech_end_s if timed.speech_end_s is not None else timed.turn_end_s
    reached = [
        (name, round(at_s - began, 3))
        for field_, name in STAGES.items()
        if (at_s := getattr(timed, field_)) is not None and (spoken or field_ != "turn_end_s")
    ]
    return sorted(reached, key=lambda stage: stage[1])
