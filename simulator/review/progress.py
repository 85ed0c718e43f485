"""One officer's sessions over time: what comes more, what comes less, what has not come yet. Of one person, for that
person: nothing here compares people.

Counts are per ten turns, so that a long session does not look like a better one; sessions of different difficulty
stand side by side with their difficulty, and are not added up.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from scenarios.behaviours import BEHAVIOURS, FAULTS, SKILLS, BehaviourId
from simulator.errors import BadSimulatorInput
from simulator.review.model import Review
from simulator.review.report import when, write_page

_MOST_CHANGES = 6


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True)


class Session(_Part):
    """One session, in a line."""

    session_id: str
    began_at: str
    title: str
    scenario_id: str
    subject_type: str
    difficulty: int | None
    turns: int
    band_name: str
    reached_ending: bool
    agitation_from: int
    agitation_to: int
    by_officer: int
    officer_share: float
    open_questions: int
    closed_questions: int
    skills_used: int
    faults_per_ten: float


class Trend(_Part):
    """One behaviour over the sessions, oldest first, per ten turns of the officer. last_seen: a session's id or ""."""

    id: BehaviourId
    name: str
    fault: bool
    instrument: str
    per_ten: list[float]
    sessions_with: int
    last_seen: str


class Progress(_Part):
    officer: str
    sessions: list[Session]
    trends: list[Trend]
    not_yet: list[str]
    changes: list[str]


def progress(reviews: Sequence[Review]) -> Progress:
    """Sessions in order of time, try-outs of drafts left out.

    Raises BadSimulatorInput for none with a turn, or for more than one officer.
    """
    officers = {review.officer for review in reviews}
    if len(officers) > 1:
        raise BadSimulatorInput(
            f"reviews of {len(officers)} officers: progress is of one person; nothing here compares people"
        )
    taken = sorted(
        (r for r in reviews if r.turns and not r.draft), key=lambda review: review.began_at
    )
    if not taken:
        raise BadSimulatorInput(
            "no session with a turn of this officer yet: there is no progress to show"
        )
    trends = [trend for id_ in (*SKILLS, *FAULTS) if (trend := _trend(id_, taken)).sessions_with]
    seen = {trend.id for trend in trends}
    return Progress(
        officer=taken[0].officer,
        sessions=[_session(review) for review in taken],
        trends=trends,
        not_yet=[BEHAVIOURS[id_].name for id_ in SKILLS if id_ not in seen],
        changes=_changes(trends, len(taken)),
    )


def _session(review: Review) -> Session:
    faults = sum(len(each.quotes) for each in review.faults)
    return Session(
        session_id=review.session_id,
        began_at=review.began_at,
        title=review.title,
        scenario_id=review.scenario_id,
        subject_type=review.subject_type,
        difficulty=review.difficulty,
        turns=review.turns,
        band_name=review.band_name,
        reached_ending=review.reached_ending,
        agitation_from=review.curve[0].agitation,
        agitation_to=review.curve[-1].agitation,
        by_officer=review.hardness.by_officer,
        officer_share=review.talk.officer_share,
        open_questions=review.talk.open_questions,
        closed_questions=review.talk.other_questions,
        skills_used=len(review.skills),
        faults_per_ten=round(10 * faults / review.turns, 1),
    )


def _trend(id_: BehaviourId, reviews: Sequence[Review]) -> Trend:
    counts = [
        sum(len(seen.quotes) for seen in (*r.skills, *r.faults) if seen.id == id_) for r in reviews
    ]
    with_it = [review.session_id for review, count in zip(reviews, counts, strict=True) if count]
    behaviour = BEHAVIOURS[id_]
    return Trend(
        id=id_,
        name=behaviour.name,
        fault=behaviour.fault,
        instrument=behaviour.instrument,
        per_ten=[
            round(10 * count / review.turns, 1)
            for review, count in zip(reviews, counts, strict=True)
        ],
        sessions_with=len(with_it),
        last_seen=with_it[-1] if with_it else "",
    )


def _changes(trends: Sequence[Trend], sessions: int) -> list[str]:
    """What differs between the earlier and the later half; nothing is claimed of fewer than four sessions."""
    if sessions < 4:
        return []
    half = sessions // 2
    found: list[tuple[float, str]] = []
    for trend in trends:
        early, late = trend.per_ten[:half], trend.per_ten[-half:]
        before, after = sum(early) / half, sum(late) / half
        if abs(after - before) >= 1 and (after >= 2 * before or before >= 2 * after):
            line = (
                f"{trend.name}: {before:.1f} in ten turns over the first {half} sessions, "
                f"{after:.1f} over the last {half}."
            )
            found.append((-abs(after - before), line))
    return [line for _, line in sorted(found)[:_MOST_CHANGES]]


def write_progress(made: Progress, path: Path) -> None:
    """Write the page; it appears whole or not at all."""
    write_page("progress.html", path, progress=made, when=when)
