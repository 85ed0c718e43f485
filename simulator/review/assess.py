"""The after-action review: what happened, why, and what to try, every claim with the turn that shows it.

Behaviours are named in the terms of public instruments (FBI active listening, ICAT, procedural justice). The outcome
bands are those of DeEscalWild's rubric: Escalation 0-25, Containment 26-50, De-escalation 51-75, Resolution 76-100.
"""

from __future__ import annotations

from collections.abc import Sequence

from scenarios.errors import ScenarioError
from scenarios.loader import Loaded, load
from scenarios.schema import BAND_NAMES, Band, Dialogue
from simulator.errors import BadSimulatorInput
from simulator.events import (
    ContextDropped,
    EndingReached,
    Event,
    Noticed,
    SessionEnded,
    SessionResumed,
    SessionStarted,
)
from simulator.review.advice import keep, to_try
from simulator.review.conditions import condition_words
from simulator.review.evidence import Move, curve, moves, said, seen, talk, turning_points
from simulator.review.missed import missed_chances
from simulator.review.model import Difficulty, Point, Reason, Review, Seen, Suggestion, Talk
from simulator.review.replay import Replay
from simulator.transcript import Turn, transcript

__all__ = ["BAND_POINTS", "Review", "Seen", "Suggestion", "Talk", "assess"]

BAND_POINTS: dict[Band, tuple[int, int]] = {
    "escalation": (0, 25),
    "containment": (26, 50),
    "de_escalation": (51, 75),
    "resolution": (76, 100),
}


def assess(events: Sequence[Event]) -> Review:
    """The review of one session. Raises BadSimulatorInput for events without a start.

    A scenario that is no longer on this device leaves a review of what the record itself holds; `notes` says so.
    """
    if not events or not isinstance(events[0], SessionStarted):
        raise BadSimulatorInput("not a session: its events do not begin with its start")
    started = events[0]
    loaded = _scenario(started.scenario_id)
    scenario = loaded.scenario if loaded else None
    dialogues = _dialogues(loaded)
    turns = transcript(events)
    officer = [t for t in turns if t.speaker == "officer"]
    moved = moves(started, turns)
    points = curve(started, turns)
    ending = next((e for e in events if isinstance(e, EndingReached)), None)
    band, outcome = _band(ending, points, bool(officer))
    behaviours = seen(turns)
    replay = Replay(scenario, events) if scenario else None
    return Review(
        session_id=started.session_id,
        scenario_id=started.scenario_id,
        title=scenario.title if scenario else started.scenario_id,
        civilian=scenario.civilian.name if scenario else "Civilian",
        officer=started.officer,
        began_at=started.began_at,
        minutes=round(max(e.at_s for e in events) / 60, 1),
        subject_type=started.subject_type,
        seed=started.seed,
        model_id=started.model_id,
        voice=started.voice,
        notes=_notes(started, events, loaded, turns),
        draft=started.draft,
        turns=len(officer),
        hardness=_hardness(started, loaded, moved),
        finished=any(isinstance(e, SessionEnded) for e in events),
        reached_ending=ending is not None,
        band=band,
        band_name=BAND_NAMES[band],
        points=_points(band, points[-1]),
        outcome=outcome,
        because=_because(loaded, points, turns, ending),
        curve=points,
        skills=[s for s in behaviours if not s.fault],
        faults=[s for s in behaviours if s.fault],
        turning_points=turning_points(moved),
        talk=talk(turns),
        keep=keep(moved, behaviours),
        to_try=to_try(scenario, dialogues, started.subject_type, moved, behaviours, replay)
        if officer
        else [],
        missed=missed_chances(scenario, dialogues, moved, replay),
        key_lessons=scenario.debrief.key_lessons if scenario else [],
        what_good_looks_like=scenario.debrief.what_good_looks_like if scenario else [],
        questions=scenario.debrief.questions if scenario else [],
        transcript=[said(move) for move in moved],
    )


def _scenario(scenario_id: str) -> Loaded | None:
    try:
        return load(scenario_id)
    except ScenarioError:
        return None


def _dialogues(loaded: Loaded | None) -> list[Dialogue]:
    """The scenario's own dialogues: examples come from them. One that does not hold costs the examples only."""
    try:
        return loaded.dialogues if loaded else []
    except ScenarioError:
        return []


def _notes(
    started: SessionStarted, events: Sequence[Event], loaded: Loaded | None, turns: list[Turn]
) -> list[str]:
    """What a reader should know of the record itself."""
    notes = []
    if started.draft:
        notes.append(
            "The scenario was a draft that nobody had reviewed: this was a try-out of the scenario and no assessment "
            "of the officer. It is left out of progress pages and learning records."
        )
    if loaded is None:
        notes.append(
            f"The scenario “{started.scenario_id}” is no longer on this device, or no longer holds. What was said and "
            "how the civilian was moved is from the record; its title, difficulty and lessons are missing."
        )
    elif loaded.sha256 != started.scenario_sha256:
        notes.append(
            "The scenario was changed after this session. Names, lessons and difficulty are those of today's file."
        )
    for event in events:
        if isinstance(event, SessionResumed):
            notes.append(f"The session stopped after turn {event.turn} and was resumed.")
        elif isinstance(event, ContextDropped):
            notes.append(
                f"From turn {event.turn + 1} on, the model no longer had its {event.turns_dropped} oldest turns."
            )
        elif isinstance(event, Noticed):
            notes.append(event.what)
    if turns and turns[-1].speaker != "civilian":
        notes.append(f"The session stopped before the civilian answered turn {turns[-1].turn}.")
    return notes


def _hardness(started: SessionStarted, loaded: Loaded | None, moved: list[Move]) -> Difficulty:
    scenario = loaded.scenario if loaded else None
    return Difficulty(
        level=scenario.difficulty.level if scenario else None,
        because=scenario.difficulty.because if scenario else [],
        subject_note=getattr(scenario.subject_types, started.subject_type).note if scenario else "",
        agitation_at_start=started.agitation,
        trust_at_start=started.trust,
        can_be_talked_down=scenario.civilian.can_be_talked_down if scenario else True,
        by_officer=sum(m.agitation for m in moved if m.entry.speaker == "officer"),
        by_scene=sum(m.agitation for m in moved if m.entry.speaker == "scene"),
    )


def _band(ending: EndingReached | None, points: list[Point], spoke: bool) -> tuple[Band, str]:
    if ending:
        return ending.band, ending.outcome
    first, last = points[0], points[-1]
    if last.agitation >= 85 or last.agitation - first.agitation >= 15:
        band: Band = "escalation"
    elif last.agitation <= 42 and last.trust >= 45:
        band = "de_escalation"
    else:
        band = "containment"
    if not spoke:
        return (
            band,
            "The session was left before the officer said a word: there is nothing to review yet.",
        )
    return (
        band,
        "The session did not come to an end; the band is by how the civilian stood when it stopped.",
    )


def _points(band: Band, last: Point) -> int:
    """Within the band, by how calm and trusting the civilian is at the end."""
    low, high = BAND_POINTS[band]
    return low + round((high - low) * (0.5 * (100 - last.agitation) + 0.5 * last.trust) / 100)


def _why_ended(loaded: Loaded | None, ending: EndingReached) -> str:
    """The condition of the ending, in words."""
    endings = {e.id: e.when for e in loaded.scenario.endings} if loaded else {}
    return f": {condition_words(endings[ending.id])}" if ending.id in endings else ""


def _because(
    loaded: Loaded | None, points: list[Point], turns: list[Turn], ending: EndingReached | None
) -> list[Reason]:
    first, last = points[0], points[-1]
    if not last.turn:
        return []
    person = loaded.scenario.civilian if loaded else None
    name = person.name.split()[0] if person else "The civilian"
    count = f"{last.turn} turn{'s' if last.turn > 1 else ''}"
    found = [
        Reason(
            text=f"Agitation went from {first.agitation} to {last.agitation}, trust from {first.trust} to "
            f"{last.trust}, in {count}."
        )
    ]
    crossed = [
        Reason(text=f"a red line was crossed ({cause.about}): “{cause.quote}”", turn=turn.turn)
        for turn in turns
        for cause in turn.causes
        if cause.kind == "red_line"
    ]
    found += crossed or [Reason(text="No red line was crossed.")]
    if person:
        secrets = {s.id: s for s in person.secrets}
        telling = [t for t in turns if secrets.keys() & set(t.tells)]
        told = {id_ for t in telling for id_ in t.tells if id_ in secrets}
        found += [
            Reason(text=f"{name} told what is not told to everybody: “{t.text}”", turn=t.turn)
            for t in telling
        ]
        found.append(Reason(text=f"{name} told {len(told)} of {len(secrets)} things kept back."))
        if not person.can_be_talked_down:
            found.append(
                Reason(
                    text=f"{name} cannot be talked down by words alone here: holding it steady is success."
                )
            )
    if ending:
        why = _why_ended(loaded, ending)
        found.append(Reason(text=f"the ending “{ending.id}” was reached{why}.", turn=ending.turn))
    return found
