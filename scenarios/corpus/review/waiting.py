"""What waits for a person: every filtered transcript with what was proposed, the most uncertain first."""

from __future__ import annotations

import glob
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scenarios.corpus.filters import holds, load_rules
from scenarios.corpus.run import Run
from scenarios.corpus.transcript import Role, Transcript
from scenarios.errors import BadScenario

#: A role that the role model marks as unsure is wrong about this often.
_UNSURE_IS_WRONG = 0.5
#: Where a model as judge says otherwise than the detectors, either may be right.
_JUDGE_DIFFERS = 0.5


@dataclass(frozen=True, slots=True)
class Item:
    """One transcript in the queue.

    flips: how many features would have to be otherwise for the opposite verdict; None where no three of them
    would do. unsure: speakers whose role is a guess. judges: what models as judges said, by name.
    """

    source: str
    accepted: bool
    reasons: tuple[str, ...]
    scores: dict[str, int]
    features: dict[str, dict[str, str | None]]
    judges: dict[str, bool]
    unsure: frozenset[str]
    flips: int | None
    uncertainty: float
    text_key: str


def waiting(run: Run, tell: Callable[[int, int], None] = lambda done, of: None) -> list[Item]:
    """Every source that came through to the filter, most uncertain first.

    Uncertainty is 1 - (1 - v)(1 - r): v, that the verdict is wrong, one half to the power of `flips`, or
    one half where a judge differs; r, the share of the words that stand under a wrong role. Raises
    BadScenario where the
    run has not come to the filter.
    """
    sources = run.sources("filter")
    name = run.settings.filter_file
    rule = load_rules(Path(name) if name else None).rule
    items = []
    for done, source in enumerate(sources, 1):
        kept = run.kept("filter", source)
        if kept is not None and "accepted" in kept.facts:
            transcript = run.transcript("filter", source)
            if transcript is not None:
                items.append(_item(run, transcript, kept.facts, rule))
        tell(done, len(sources))
    if not items:
        raise BadScenario(f"{run.folder}: nothing has come through to the filter yet: run `build`")
    return sorted(items, key=lambda item: (-item.uncertainty, item.source))


def text_key(transcript: Transcript) -> str:
    """Names what a rater read: who said what, whatever the roles are."""
    said = "\x1e".join(f"{turn.speaker}\x1f{turn.text}" for turn in transcript.turns)
    return hashlib.sha256(said.encode()).hexdigest()[:16]


def flips_needed(rule: str, scores: dict[str, int], sizes: dict[str, int]) -> int | None:
    """The fewest features to be otherwise for the rule to say the opposite; None above three.

    >>> flips_needed("police >= 2 and calm >= 3", {"police": 4, "calm": 3}, {"police": 6, "calm": 6})
    1
    """
    now = holds(rule, scores)
    ring = [scores]
    for flips in range(1, 4):
        ring = [
            {**at, group: at[group] + step}
            for at in ring
            for group in scores
            for step in (-1, 1)
            if 0 <= at[group] + step <= sizes[group]
        ]
        if any(holds(rule, at) != now for at in ring):
            return flips
    return None


def _item(run: Run, transcript: Transcript, facts: dict[str, Any], rule: str) -> Item:
    scores: dict[str, int] = facts["scores"]
    sizes = {group: len(members) for group, members in facts["features"].items()}
    rejected_by_rule = not facts["accepted"] and not holds(rule, scores)
    flips = flips_needed(rule, scores, sizes) if facts["accepted"] or rejected_by_rule else None
    judges = _judges(run, transcript.source)
    in_verdict = 0.5**flips if flips else 0.0
    if any(word != facts["accepted"] for word in judges.values()):
        in_verdict = max(in_verdict, _JUDGE_DIFFERS)
    unsure = frozenset(turn.speaker for turn in transcript.turns if "unsure" in turn.flags)
    guessed = sum(len(t.text.split()) for t in transcript.turns if t.speaker in unsure)
    in_roles = _UNSURE_IS_WRONG * guessed / max(1, transcript.words())
    uncertainty = 1 - (1 - in_verdict) * (1 - in_roles)
    return Item(
        transcript.source, bool(facts["accepted"]), tuple(facts["reasons"]), scores, facts["features"],
        judges, unsure, flips, round(uncertainty, 4), text_key(transcript),
    )  # fmt: skip


def _judges(run: Run, source: str) -> dict[str, bool]:
    """What `annotate` left of each judge; an unreadable answer is none (annotate asks again)."""
    found: dict[str, bool] = {}
    for path in sorted(run.folder.glob(f"annotations/*/{glob.escape(source)}.json")):
        try:
            data = json.loads(path.read_text(encoding="utf-8"))
            found[str(data["judge"])] = bool(data["accepted"])
        except (OSError, ValueError, KeyError, TypeError):
            continue
    return found


def proposed_roles(transcript: Transcript) -> dict[str, Role]:
    """Speaker to role, in order of first appearance."""
    roles: dict[str, Role] = {}
    for turn in transcript.turns:
        roles.setdefault(turn.speaker, turn.role)
    return roles
