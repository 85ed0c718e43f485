"""Does the civilian tell a trained officer from a bad one? In every scenario, with two scripted officers.

Needs no language model: the civilian's words are its scenario's own lines. The state, the endings, what may
be told and the recogniser of the officer's behaviours are those of play.
"""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from models.embedder import Embedder, Vectors
from scenarios.loader import Loaded
from scenarios.schema import BAND_NAMES, Band, SubjectType
from simulator.civilian.authored import AuthoredReplies
from simulator.civilian.reply import CivilianPlayer, ReplySettings
from simulator.events import Behaviour, EndingReached, Event, SessionStarted
from simulator.records import utc_now
from simulator.review.assess import assess
from simulator.session import Recognise, Session
from simulator.trials.scripts import OFFICERS, Line, Lines, Officer, script

SUBJECTS: tuple[SubjectType, ...] = ("cooperative", "upset", "aggressive")
_BANDS = list(BAND_NAMES)
_SILENT = ReplySettings(drafts=0)


class RememberingEmbedder(Embedder):
    """Embeds a text once: scripted officers say the same lines in every scenario."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._kept: dict[str, Vectors] = {}

    def embed(self, texts: Sequence[str]) -> Vectors:
        if len(texts) != 1:
            return super().embed(texts)
        if texts[0] not in self._kept:
            self._kept[texts[0]] = super().embed(texts)
        return self._kept[texts[0]]


@dataclass(frozen=True)
class Played:
    """One session of a trial. points: 0-100 on the rubric of the bands."""

    scenario_id: str
    officer: Officer
    lines: Lines
    subject_type: SubjectType
    seed: int
    turns: int
    agitation_start: int
    agitation: int
    trust: int
    band: Band
    points: int
    ending: str
    winnable: bool


@dataclass(frozen=True)
class Verdict:
    """What the pairs of one scenario (or of all) show.

    pairs: same scenario, subject type and seed, two officers. right_agitation, right_band: shares of
    pairs in which the trained one leaves less agitation, a better band. cohens_d: of final agitation,
    pooled standard deviation. resolved: share of the trained officer's sessions that end in resolution.
    """

    name: str
    pairs: int
    right_agitation: float
    right_band: float
    cohens_d: float
    trained_agitation: float
    bad_agitation: float
    resolved: float
    bad_resolved: float
    winnable: bool
    bands: dict[str, dict[str, int]]


def play_one(
    loaded: Loaded,
    authored: AuthoredReplies,
    recognise: Recognise | None,
    officer: Officer,
    lines: Lines,
    subject_type: SubjectType,
    seed: int,
) -> tuple[Played, list[Event]]:
    """One session, to its ending or to the end of the script.

    recognise None: the officer does what the author of the line meant (the rules without the recogniser).
    """
    said = script(loaded, officer, lines, seed)
    events: list[Event] = []
    player = CivilianPlayer(
        None,
        "",
        loaded.scenario,
        loaded.dialogues,
        authored,
        subject_type=subject_type,
        seed=seed,
        prefix_states=Path(),
        settings=_SILENT,
    )
    ticks = iter(range(1_000_000))
    session = Session(
        loaded.scenario,
        player,
        recognise or _as_meant(said),
        events.append,
        subject_type=subject_type,
        seed=seed,
        clock=lambda: next(ticks) * 0.5,
    )
    started = SessionStarted(
        session_id=f"{seed:032x}",
        began_at=utc_now(),
        scenario_id=loaded.id,
        scenario_sha256=loaded.sha256,
        subject_type=subject_type,
        seed=seed,
        model_id="none: authored lines",
        model_sha256="",
        agitation=session.agitation,
        trust=session.trust,
        voice=False,
    )
    session.begin(started)
    for line in said:
        if not session.ended:
            session.officer_says(line.say)
    session.leave("lines_ran_out")
    review = assess(events)
    ending = next((e.id for e in events if isinstance(e, EndingReached)), "")
    played = Played(
        scenario_id=loaded.id,
        officer=officer,
        lines=lines,
        subject_type=subject_type,
        seed=seed,
        turns=session.turn,
        agitation_start=started.agitation,
        agitation=session.agitation,
        trust=session.trust,
        band=review.band,
        points=review.points,
        ending=ending,
        winnable=loaded.scenario.civilian.can_be_talked_down,
    )
    return played, events


def _as_meant(said: Sequence[Line]) -> Recognise:
    does = {line.say: line.does for line in said}

    def recognise(words: str, _earlier: Sequence[str], _civilian: str) -> list[Behaviour]:
        return [Behaviour(id=id_, quote=words) for id_ in does.get(words, ())]

    return recognise


def play_all(
    scenarios: Sequence[Loaded],
    embedder: Embedder,
    recognise: Recognise | None,
    lines: Lines,
    seeds: Sequence[int],
    vectors: Path,
    progress: Callable[[Loaded], None] = lambda _: None,
) -> Iterator[Played]:
    """Every scenario × officer × subject type × seed."""
    for loaded in scenarios:
        authored = AuthoredReplies(loaded.dialogues, embedder, vectors, loaded.scenario.civilian)
        for officer in OFFICERS:
            for subject_type in SUBJECTS:
                for seed in seeds:
                    yield play_one(loaded, authored, recognise, officer, lines, subject_type, seed)[
                        0
                    ]
        progress(loaded)


def verdict(name: str, played: Sequence[Played]) -> Verdict:
    """Raises ValueError for no pair."""
    trained = {_key(p): p for p in played if p.officer == "trained"}
    bad = {_key(p): p for p in played if p.officer == "bad"}
    keys = [key for key in trained if key in bad]
    if not keys:
        raise ValueError(f"{name}: no pair of a trained and a bad officer")
    pairs = [(trained[key], bad[key]) for key in keys]
    good, ill = [t.agitation for t, _ in pairs], [b.agitation for _, b in pairs]
    return Verdict(
        name=name,
        pairs=len(pairs),
        right_agitation=_share(t.agitation < b.agitation for t, b in pairs),
        right_band=_share(_BANDS.index(t.band) > _BANDS.index(b.band) for t, b in pairs),
        cohens_d=cohens_d(ill, good),
        trained_agitation=statistics.mean(good),
        bad_agitation=statistics.mean(ill),
        resolved=_share(t.band == "resolution" for t, _ in pairs),
        bad_resolved=_share(b.band in ("resolution", "de_escalation") for _, b in pairs),
        winnable=all(t.winnable for t, _ in pairs),
        bands={
            officer: dict(Counter(p.band for p in played if p.officer == officer))
            for officer in OFFICERS
        },
    )


def by_scenario(played: Sequence[Played]) -> list[Verdict]:
    ordered = sorted(played, key=lambda p: p.scenario_id)
    return [
        verdict(name, list(group)) for name, group in groupby(ordered, key=lambda p: p.scenario_id)
    ]


def cohens_d(high: Sequence[float], low: Sequence[float]) -> float:
    """Difference of means over the pooled standard deviation; inf where nothing varies."""
    apart = statistics.mean(high) - statistics.mean(low)
    spread = ((statistics.pvariance(high) + statistics.pvariance(low)) / 2) ** 0.5
    return apart / spread if spread > 0 else float("inf") if apart > 0 else 0.0


def _key(played: Played) -> tuple[str, str, str, int]:
    return played.scenario_id, played.lines, played.subject_type, played.seed


def _share(found: Iterator[bool] | Sequence[bool]) -> float:
    values = list(found)
    return sum(values) / len(values)
