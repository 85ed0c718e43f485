"""What each rater thinks of each source now (a fold over the trail), and what they decide together."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from scenarios.corpus.review.trail import Act, Trail, Verdict
from scenarios.corpus.run import Run, write_json
from scenarios.corpus.transcript import Role

_T = TypeVar("_T")


@dataclass(slots=True)
class Opinion:
    """One rater on one source. `roles` is every speaker's role once there is a verdict; `fixed` only
    what the rater changed."""

    verdict: Verdict | None = None
    final: bool = False
    text_key: str = ""
    roles: dict[str, Role] = field(default_factory=dict)
    fixed: dict[str, Role] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


Opinions = dict[str, dict[str, Opinion]]  # source -> rater -> opinion


@dataclass(frozen=True, slots=True)
class Joint:
    """What the raters of a source decide together. verdict None: as many for as against.

    `disputed`: the verdict, or the labels whose role they do not agree on.
    """

    verdict: Verdict | None
    roles: dict[str, Role]
    disputed: list[str]
    raters: list[str]


def standing(acts: Iterable[Act]) -> list[Act]:
    """The acts that were not taken back."""
    acts = list(acts)
    undone = {act.undoes for act in acts if act.action == "undo"}
    return [act for act in acts if act.action != "undo" and act.number not in undone]


def opinions_of(acts: Iterable[Act]) -> Opinions:
    found: Opinions = defaultdict(dict)
    for act in standing(acts):
        opinion = found[act.source].setdefault(act.rater, Opinion())
        if act.action in ("accept", "reject"):
            opinion.verdict = "accept" if act.action == "accept" else "reject"
            opinion.final, opinion.text_key = act.final, act.text_key
            opinion.roles = dict(act.roles or {})
        elif act.action == "role" and act.label is not None and act.role is not None:
            opinion.fixed[act.label] = act.role
            if opinion.verdict is not None:
                opinion.roles[act.label] = act.role
        elif act.action == "note" and act.note:
            opinion.notes.append(act.note)
    return dict(found)


def last_act(acts: Iterable[Act], rater: str) -> Act | None:
    """What `undo` takes back: the rater's last act that stands."""
    mine = [act for act in standing(acts) if act.rater == rater]
    return mine[-1] if mine else None


def joint(by_rater: dict[str, Opinion]) -> Joint | None:
    """The majority of those who gave a verdict; a final word outweighs all. None where nobody did."""
    given = {rater: o for rater, o in by_rater.items() if o.verdict is not None}
    if not given:
        return None
    final = {rater: o for rater, o in given.items() if o.final}
    voices = final or given
    disputed = []
    verdict = _majority([o.verdict for o in voices.values()])
    if len({o.verdict for o in voices.values()}) > 1:
        disputed.append("verdict")
    roles: dict[str, Role] = {}
    for label in sorted({label for o in voices.values() for label in o.roles}):
        votes = [o.roles[label] for o in voices.values() if label in o.roles]
        if len(set(votes)) > 1:
            disputed.append(label)
        if (winner := _majority(votes)) is not None:
            roles[label] = winner
    return Joint(verdict, roles, disputed, sorted(given))


def write_decisions(run: Run, trail: Trail) -> dict[str, Joint]:
    """`review/decisions.json`, which `publish` reads. Where raters are even, the filter's word stands."""
    decided: dict[str, Joint] = {}
    for source, by_rater in sorted(opinions_of(trail.acts()).items()):
        if (together := joint(by_rater)) is not None:
            decided[source] = together
    data: dict[str, Any] = {
        source: {
            "verdict": one.verdict, "roles": one.roles,
            "raters": one.raters, "disputed": one.disputed,
        }
        for source, one in decided.items()
    }  # fmt: skip
    write_json(run.folder / "review" / "decisions.json", data)
    return decided


def _majority(votes: list[_T]) -> _T | None:
    ranked = Counter(votes).most_common()
    if len(ranked) > 1 and ranked[0][1] == ranked[1][1]:
        return None
    return ranked[0][0]
