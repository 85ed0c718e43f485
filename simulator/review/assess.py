"""The after-action review: what happened, why, and what to try, every claim with the turn that
shows it.

Behaviours are named in the terms of public instruments (FBI active listening, ICAT, procedural
justice). The outcome bands are those of DeEscalWild's rubric: Escalation 0-25, Containment 26-50,
De-escalation 51-75, Resolution 76-100.
"""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict

from scenarios.behaviours import BEHAVIOURS, FAULTS, SKILLS, BehaviourId
from scenarios.loader import load
from scenarios.schema import BAND_NAMES, Band, Question, Scenario
from simulator.errors import BadSimulatorInput
from simulator.events import Cause, EndingReached, Event, SessionEnded, SessionStarted
from simulator.transcript import Turn, response_s, transcript

_BAND_POINTS: dict[Band, tuple[int, int]] = {
    "escalation": (0, 25),
    "containment": (26, 50),
    "de_escalation": (51, 75),
    "resolution": (76, 100),
}
#: A turn that moves agitation by this much or more is a turning point.
_TURNING_POINT = 6

#: What to try instead of a fault, and to say in its place.
INSTEAD: dict[BehaviourId, tuple[str, str]] = {
    "threat": ("Offer a choice they can live with before any consequence.", "We can do this here, or somewhere quieter. Which is better for you?"),
    "insult": ("Say what you saw, not what they are.", "I saw you kick the door, and I'd like to know what led to it."),
    "dismissive": ("Name what you hear instead of telling them not to feel it.", "You sound fed up, and I'd like to know why."),
    "command": ("Give the reason with the request.", "Could you step over here with me, so we're out of the traffic?"),
    "repeated_order": ("If it did not work twice, change it: explain, offer, or wait.", "I've asked twice and that isn't working. What would make this easier for you?"),
    "stacked_questions": ("Ask one thing, then wait for it.", "What happened just before I got here?"),
    "lecturing": ("Ask what they make of it; leave the lesson out.", "What do you want to happen next?"),
    "false_promise": ("Promise only what is yours to give.", "I can't tell you what the judge will do. I can tell you what I'll do."),
    "accusation": ("Ask before you conclude.", "Help me understand what happened here."),
}  # fmt: skip
#: What to try where a skill never came.
MISSING: dict[BehaviourId, tuple[str, str]] = {
    "emotion_label": ("Name the feeling you hear, once, early.", "You sound scared for him."),
    "open_question": ("Ask something that cannot be answered yes or no.", "What's been going on tonight?"),
    "paraphrase": ("Say back what they told you before you ask for more.", "So he left, and nobody told you where."),
    "explains_why": ("Say why you are there and why you ask.", "I'm here because a neighbour was worried about you."),
    "introduces_self": ("Give your name.", "I'm Dana, I'm with the city police."),
    "offers_options": ("Leave them a real choice.", "We can talk here, or sit in the shade. Up to you."),
    "gives_time": ("Say that there is time, and then take it.", "There's no rush. Take a minute."),
    "shows_empathy": ("Show that it matters.", "That would shake anybody."),
}  # fmt: skip


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True)


class Point(_Part):
    """The state after a turn."""

    turn: int
    agitation: int
    trust: int


class Seen(_Part):
    """A behaviour, and where it was seen."""

    id: BehaviourId
    name: str
    fault: bool
    instrument: str
    quotes: list[tuple[int, str]]  # (turn, words)


class TurningPoint(_Part):
    turn: int
    said: str
    agitation_change: int
    trust_change: int
    causes: list[Cause]


class Suggestion(_Part):
    """Something to keep, or to try. quote: the words it is about; say: words to try."""

    about: str
    turn: int | None = None
    quote: str = ""
    say: str = ""


class Talk(_Part):
    """Counts of the conversation. officer_share: of all words; ICAT's rule of thumb is 20 %."""

    officer_words: int
    civilian_words: int
    officer_share: float
    open_questions: int
    other_questions: int
    silences: int
    response_median_s: float | None


class Said(_Part):
    """One utterance of the transcript."""

    turn: int
    speaker: str
    text: str
    agitation: int
    trust: int
    behaviours: list[tuple[str, bool, str]]  # (name, fault, quote)
    causes: list[Cause]
    origin: str
    cut_off: bool
    response_s: float | None


class Review(_Part):
    session_id: str
    scenario_id: str
    title: str
    civilian: str
    officer: str
    began_at: str
    minutes: float
    subject_type: str
    model_id: str
    difficulty: int
    difficulty_because: list[str]
    can_be_talked_down: bool
    finished: bool
    band: Band
    band_name: str
    points: int
    outcome: str
    reasons: list[str]
    curve: list[Point]
    skills: list[Seen]
    faults: list[Seen]
    turning_points: list[TurningPoint]
    talk: Talk
    keep: list[Suggestion]
    to_try: list[Suggestion]
    key_lessons: list[str]
    questions: list[Question]
    transcript: list[Said]


def assess(events: Sequence[Event]) -> Review:
    """The review of one session. Raises BadSimulatorInput for events without a start."""
    if not events or not isinstance(events[0], SessionStarted):
        raise BadSimulatorInput("not a session: its events do not begin with its start")
    started = events[0]
    scenario = load(started.scenario_id).scenario
    turns = transcript(events)
    curve = _curve(started, turns)
    ending = next((e for e in events if isinstance(e, EndingReached)), None)
    band, outcome = _band(ending, curve)
    seen = _seen(turns)
    points_of_turn = _turning_points(turns, curve)
    return Review(
        session_id=started.session_id,
        scenario_id=started.scenario_id,
        title=scenario.title,
        civilian=scenario.civilian.name,
        officer=started.officer,
        began_at=started.began_at,
        minutes=round(max(e.at_s for e in events) / 60, 1),
        subject_type=started.subject_type,
        model_id=started.model_id,
        difficulty=scenario.difficulty.level,
        difficulty_because=scenario.difficulty.because,
        can_be_talked_down=scenario.civilian.can_be_talked_down,
        finished=any(isinstance(e, SessionEnded) for e in events),
        band=band,
        band_name=BAND_NAMES[band],
        points=_points(band, curve[-1]),
        outcome=outcome,
        reasons=_reasons(scenario, curve, turns, ending),
        curve=curve,
        skills=[s for s in seen if not s.fault],
        faults=[s for s in seen if s.fault],
        turning_points=points_of_turn,
        talk=_talk(turns),
        keep=_keep(seen, points_of_turn),
        to_try=_to_try(scenario, seen),
        key_lessons=scenario.debrief.key_lessons,
        questions=scenario.debrief.questions,
        transcript=[_said(turn) for turn in turns],
    )


def _curve(started: SessionStarted, turns: list[Turn]) -> list[Point]:
    points = {0: Point(turn=0, agitation=started.agitation, trust=started.trust)}
    for turn in turns:
        points[turn.turn] = Point(turn=turn.turn, agitation=turn.agitation, trust=turn.trust)
    return [points[number] for number in sorted(points)]


def _band(ending: EndingReached | None, curve: list[Point]) -> tuple[Band, str]:
    if ending:
        return ending.band, ending.outcome
    first, last = curve[0], curve[-1]
    if last.agitation >= 85 or last.agitation - first.agitation >= 15:
        band: Band = "escalation"
    elif last.agitation <= 42 and last.trust >= 45:
        band = "de_escalation"
    else:
        band = "containment"
    return (
        band,
        "The session was left before it came to an end; the band is by how the civilian stood then.",
    )


def _points(band: Band, last: Point) -> int:
    """Within the band, by how calm and trusting the civilian is at the end."""
    low, high = _BAND_POINTS[band]
    return low + round((high - low) * (0.5 * (100 - last.agitation) + 0.5 * last.trust) / 100)


def _reasons(
    scenario: Scenario, curve: list[Point], turns: list[Turn], ending: EndingReached | None
) -> list[str]:
    first, last = curve[0], curve[-1]
    name = scenario.civilian.name.split()[0]
    lines = [
        f"Agitation went from {first.agitation} to {last.agitation}, trust from {first.trust} to {last.trust}, "
        f"in {last.turn} turns."
    ]
    if ending:
        lines.append(f"It ended at turn {ending.turn}: {ending.outcome}")
    for turn in turns:
        lines += [
            f"Turn {turn.turn} crossed a red line ({cause.about}): “{cause.quote}”"
            for cause in turn.causes
            if cause.kind == "red_line"
        ]
    secrets = {s.id: s.text for s in scenario.civilian.secrets}
    for turn in turns:
        lines += [
            f"Turn {turn.turn}: {name} told what is not told to everybody: “{secrets[told]}”"
            for told in turn.tells
            if told in secrets
        ]
    if not scenario.civilian.can_be_talked_down:
        lines.append(
            f"{name} cannot be talked down by words alone here: holding it steady is success."
        )
    return lines


def _seen(turns: list[Turn]) -> list[Seen]:
    quotes: dict[BehaviourId, list[tuple[int, str]]] = defaultdict(list)
    for turn in turns:
        for behaviour in turn.behaviours:
            quotes[behaviour.id].append((turn.turn, behaviour.quote))
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


def _turning_points(turns: list[Turn], curve: list[Point]) -> list[TurningPoint]:
    officer = {turn.turn: turn for turn in turns if turn.speaker == "officer"}
    found = []
    for before, after in zip(curve, curve[1:], strict=False):
        change = after.agitation - before.agitation
        if abs(change) >= _TURNING_POINT and after.turn in officer:
            causes = [c for t in turns if t.turn == after.turn for c in t.causes]
            found.append(
                TurningPoint(
                    turn=after.turn,
                    said=officer[after.turn].text,
                    agitation_change=change,
                    trust_change=after.trust - before.trust,
                    causes=causes,
                )
            )
    return found


def _talk(turns: list[Turn]) -> Talk:
    words = {
        who: sum(len(t.text.split()) for t in turns if t.speaker == who)
        for who in ("officer", "civilian")
    }
    officer = [t for t in turns if t.speaker == "officer"]
    answered = [r for t in turns if (r := response_s(t.timed)) is not None]
    open_questions = sum(any(b.id == "open_question" for b in t.behaviours) for t in officer)
    asked = sum(t.text.count("?") for t in officer)
    return Talk(
        officer_words=words["officer"],
        civilian_words=words["civilian"],
        officer_share=round(words["officer"] / max(1, sum(words.values())), 3),
        open_questions=open_questions,
        other_questions=max(0, asked - open_questions),
        silences=sum(not t.text for t in officer),
        response_median_s=round(statistics.median(answered), 2) if answered else None,
    )


def _keep(seen: list[Seen], turning: list[TurningPoint]) -> list[Suggestion]:
    """Up to three: first what calmed most, then the skills used most."""
    kept = [
        Suggestion(
            about=f"It calmed by {-point.agitation_change} points: "
            + ", ".join(c.about for c in point.causes if c.agitation < 0),
            turn=point.turn,
            quote=point.said,
        )
        for point in sorted(turning, key=lambda p: p.agitation_change)
        if point.agitation_change < 0
    ][:2]
    used = {k.turn for k in kept}
    for skill in sorted((s for s in seen if not s.fault), key=lambda s: -len(s.quotes)):
        quote = next(((turn, words) for turn, words in skill.quotes if turn not in used), None)
        if quote and len(kept) < 3:
            times = f"{len(skill.quotes)} times" if len(skill.quotes) > 1 else "once"
            kept.append(Suggestion(about=f"{skill.name}, {times}", turn=quote[0], quote=quote[1]))
    return kept


def _to_try(scenario: Scenario, seen: list[Seen]) -> list[Suggestion]:
    """Up to three: first the faults that hurt, then skills this scenario trains and that never
    came.
    """
    tried = []
    for fault in sorted((s for s in seen if s.fault), key=lambda s: -len(s.quotes)):
        about, say = INSTEAD[fault.id]
        turn, words = fault.quotes[0]
        tried.append(Suggestion(about=f"{fault.name}: {about}", turn=turn, quote=words, say=say))
    done = {s.id for s in seen}
    for id_ in (*scenario.skills, *MISSING):
        if id_ in MISSING and id_ not in done:
            done.add(id_)
            about, say = MISSING[id_]
            tried.append(Suggestion(about=f"{BEHAVIOURS[id_].name}: {about}", say=say))
    return tried[:3]


def _said(turn: Turn) -> Said:
    return Said(
        turn=turn.turn,
        speaker=turn.speaker,
        text=turn.text,
        agitation=turn.agitation,
        trust=turn.trust,
        behaviours=[
            (BEHAVIOURS[b.id].name, BEHAVIOURS[b.id].fault, b.quote) for b in turn.behaviours
        ],
        causes=turn.causes,
        origin=turn.origin,
        cut_off=turn.cut_off,
        response_s=response_s(turn.timed),
    )
