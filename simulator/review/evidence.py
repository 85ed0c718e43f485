"""What the transcript shows: the behaviours, what moved the civilian, and the counts of the conversation."""

from __future__ import annotations

import re
import statistics
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from scenarios.behaviours import BEHAVIOURS, FAULTS, SKILLS, BehaviourId
from simulator.civilian.affect import sound_causes
from simulator.events import SessionStarted
from simulator.review.model import Point, Said, Seen, Stage, Talk, TurningPoint
from simulator.transcript import Turn, response_s, timeline

#: An utterance or event that moves agitation by this much or more is a turning point: about the most
#: that plain words do in one turn (simulator.civilian.affect); the largest so many are shown.
TURNING_POINT, _MOST_POINTS = 4, 7
#: A question as a recogniser writes it down, without its mark.
_ASKS = re.compile(
    r"^(?:and |so |but |okay,? |well,? |now,? )?(?:what|where|who|why|how|when|which|do|did|does|are|is|was|were|can|"
    r"could|would|will|have|has)\b(?! (?:a|the) )",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Move:
    """One entry of the transcript and what it did to the civilian's state."""

    entry: Turn
    agitation: int
    trust: int


def moves(started: SessionStarted, turns: Sequence[Turn]) -> list[Move]:
    """Every entry with its change against the one before it."""
    found = []
    agitation, trust = started.agitation, started.trust
    for entry in turns:
        found.append(Move(entry, entry.agitation - agitation, entry.trust - trust))
        agitation, trust = entry.agitation, entry.trust
    return found


def curve(started: SessionStarted, turns: Sequence[Turn]) -> list[Point]:
    points = {0: Point(turn=0, agitation=started.agitation, trust=started.trust)}
    for entry in turns:
        points[entry.turn] = Point(turn=entry.turn, agitation=entry.agitation, trust=entry.trust)
    return [points[number] for number in sorted(points)]


def seen(turns: Sequence[Turn]) -> list[Seen]:
    """Each behaviour that was recognised, with its quotes in order."""
    quotes: dict[BehaviourId, list[tuple[int, str]]] = defaultdict(list)
    for entry in turns:
        for behaviour in entry.behaviours:
            quotes[behaviour.id].append((entry.turn, behaviour.quote))
    return [
        Seen(
            id=id_,
            name=BEHAVIOURS[id_].name,
            fault=BEHAVIOURS[id_].fault,
            instrument=BEHAVIOURS[id_].instrument,
            quotes=quotes[id_],
        )
        for id_ in (*SKILLS, *FAULTS)
        if id_ in quotes
    ]


def turning_points(moved: Sequence[Move]) -> list[TurningPoint]:
    """In order; what the scene did is not the officer's and stands on its own. A red line is one always."""
    large = [
        move
        for move in moved
        if move.entry.speaker in ("officer", "scene")
        and (
            abs(move.agitation) >= TURNING_POINT
            or any(c.kind in ("red_line", "broken_promise") for c in move.entry.causes)
        )
    ]
    shown = sorted(large, key=lambda move: -abs(move.agitation))[:_MOST_POINTS]
    return [
        TurningPoint(
            turn=move.entry.turn,
            speaker=move.entry.speaker,
            said=move.entry.text,
            agitation_change=move.agitation,
            trust_change=move.trust,
            causes=move.entry.causes,
        )
        for move in large
        if move in shown
    ]


def talk(turns: Sequence[Turn]) -> Talk:
    """Who spoke how much, what was asked and how, silences, interruptions, pace."""
    officer = [t for t in turns if t.speaker == "officer"]
    civilian = [t for t in turns if t.speaker == "civilian"]
    officer_words = sum(len(t.text.split()) for t in officer)
    civilian_words = sum(len(t.text.split()) for t in civilian)
    answered = [r for t in civilian if (r := response_s(t.timed)) is not None]
    open_questions = sum(_did(t, "open_question") for t in officer)
    asked = sum(max(_questions(t.text), _did(t, "open_question")) for t in officer)
    longest = max(officer, key=lambda t: len(t.text.split()), default=None)
    pace, pauses_left_out = _pace(officer)
    sounds = {t.turn: t.prosody for t in officer if t.prosody}
    did = {turn: {c.id for c in sound_causes(heard)} for turn, heard in sounds.items()}
    levels = [p.loudness_db for p in sounds.values() if p.loudness_db is not None]
    waits = [p.waited_s for p in sounds.values() if p.waited_s is not None]
    heard = [t for t in civilian if t.turn and any(map(str.isalnum, t.text))]
    return Talk(
        officer_words=officer_words,
        civilian_words=civilian_words,
        officer_share=round(officer_words / max(1, officer_words + civilian_words), 3),
        open_questions=open_questions,
        other_questions=asked - open_questions,
        silences=sum(not t.text for t in officer),
        response_median_s=round(statistics.median(answered), 2) if answered else None,
        longest_turn=longest.turn if longest else None,
        longest_words=len(longest.text.split()) if longest else 0,
        stacked_turns=[t.turn for t in officer if _did(t, "stacked_questions")],
        repeated_turns=[t.turn for t in officer if _did(t, "repeated_order")],
        silent_turns=[t.turn for t in officer if not t.text],
        interrupted_turns=[t.turn for t in civilian if t.cut_off],
        words_per_minute=pace,
        pauses_left_out=pauses_left_out,
        loud_turns=[turn for turn, ids in did.items() if "loud" in ids],
        loudest_db=round(max(levels), 1) if levels else None,
        rushed_turns=[turn for turn, ids in did.items() if "rushed" in ids],
        talked_over_turns=[turn for turn, ids in did.items() if "talked_over" in ids],
        waited_median_s=round(statistics.median(waits), 1) if waits else None,
        effective_pauses=[t for t, p in sounds.items() if p.waited_s and 3 <= p.waited_s < 8],
        cut_in_turns=[t.turn for t in officer if t.cut_in_after_s is not None],
        backchannels=sum(len(t.backchannels) for t in civilian),
        own_words=sum(t.origin == "model" for t in heard),
        replies=len(heard),
    )


def _pace(officer: Sequence[Turn]) -> tuple[int | None, bool]:
    """(words a minute, whether pauses are left out) of what was spoken; None for what was typed."""
    measured = [p for t in officer if t.prosody and (p := t.prosody.words_per_minute)]
    if measured:
        return round(statistics.median(measured)), True
    spoken = [t for t in officer if t.audio_s and t.text]
    spoken_s = sum(t.audio_s or 0.0 for t in spoken)
    words = sum(len(t.text.split()) for t in spoken)
    return (round(60 * words / spoken_s) if spoken_s else None), False


def _questions(text: str) -> int:
    """How many questions, with or without their marks."""
    return text.count("?") or sum(
        bool(_ASKS.match(part.strip())) for part in re.split(r"[.!…;]", text)
    )


def _did(entry: Turn, id_: BehaviourId) -> bool:
    return any(b.id == id_ for b in entry.behaviours)


def said(move: Move) -> Said:
    """The entry as the review keeps it."""
    entry = move.entry
    return Said(
        turn=entry.turn,
        speaker=entry.speaker,
        text=entry.text,
        agitation=entry.agitation,
        trust=entry.trust,
        agitation_change=move.agitation,
        trust_change=move.trust,
        behaviours=[
            (BEHAVIOURS[b.id].name, BEHAVIOURS[b.id].fault, b.quote) for b in entry.behaviours
        ],
        causes=entry.causes,
        origin=entry.origin,
        origin_note=entry.origin_note,
        cut_off=entry.cut_off,
        response_s=response_s(entry.timed),
        timeline=[Stage(name=name, at_s=at_s) for name, at_s in timeline(entry.timed)],
        drafted_ahead=entry.timings is not None and entry.timings.ahead_ms > 0,
        reaction=entry.reaction,
        let_go_on=entry.let_go_on,
    )
