"""Accuracy of the roles on the hand labels, by turns: for each role, and for officer / civilian /
neither.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from scenarios.corpus.role_labels import Part, hand_labels, labels_in_order
from scenarios.corpus.roles import speakers_of
from scenarios.corpus.transcript import ROLES, Role, Transcript

#: officer / civilian / neither: a civilian is whoever is spoken with and is not police.
_THREE: dict[Role, str] = {
    "officer": "officer",
    "civilian": "civilian",
    "other_civilian": "civilian",
}

#: The keyword list as the published scripts use it: officer words, and everyone else a civilian.
_KEYWORDS = re.compile(
    r"(?i)officer|police|deputy|sergeant|detective|trooper|sheriff|dispatch|cop\b"
)


@dataclass(slots=True)
class Accuracy:
    """Counts of turns: (true role, given role); the same with every label replaced by "Speaker N",
    so that only what is said can tell; and the keyword list's, all on the same turns."""

    given: Counter[tuple[Role, Role]] = field(default_factory=Counter)
    unlabelled: Counter[tuple[Role, Role]] = field(default_factory=Counter)
    keywords: Counter[tuple[str, str]] = field(default_factory=Counter)
    files: int = 0

    @property
    def turns(self) -> int:
        return sum(self.given.values())

    def three_way(self) -> float:
        return _right(self.given)

    def three_way_unlabelled(self) -> float:
        return _right(self.unlabelled)

    def strict(self) -> float:
        """officer / the subject / neither: other civilians count as neither."""
        right = sum(n for (a, b), n in self.given.items() if _strict(a) == _strict(b))
        return right / max(1, self.turns)

    def six_way(self) -> float:
        return sum(n for (a, b), n in self.given.items() if a == b) / max(1, self.turns)

    def keyword_baseline(self) -> float:
        right = sum(n for (a, b), n in self.keywords.items() if a == b)
        return right / max(1, sum(self.keywords.values()))

    def recall(self, role: Role) -> tuple[float, int]:
        total = sum(n for (a, _), n in self.given.items() if a == role)
        return self.given[role, role] / max(1, total), total

    def precision(self, role: Role) -> tuple[float, int]:
        total = sum(n for (_, b), n in self.given.items() if b == role)
        return self.given[role, role] / max(1, total), total


def measure(transcripts: Iterable[Transcript]) -> dict[Part, Accuracy]:
    """Reads only the labelled files among `transcripts`; these must be as read, before cleaning."""
    labels = hand_labels()
    result: dict[Part, Accuracy] = {"tuned": Accuracy(), "held_back": Accuracy()}
    for transcript in transcripts:
        if transcript.source not in labels:
            continue
        part, roles = labels[transcript.source]
        order = labels_in_order(transcript.turns)
        if len(order) != len(roles):
            continue  # another version of the file than the one that was labelled
        true = dict(zip(order, roles, strict=True))
        accuracy = result[part]
        accuracy.files += 1
        hidden = {label: f"Speaker {place}" for place, label in enumerate(order, 1)}
        turns = [replace(turn, speaker=hidden[turn.speaker]) for turn in transcript.turns]
        for speaker, label in zip(speakers_of(transcript.with_turns(turns)), order, strict=True):
            accuracy.unlabelled[true[label], speaker.role] += speaker.turns
        for speaker in speakers_of(transcript):
            accuracy.given[true[speaker.label], speaker.role] += speaker.turns
            guess = "officer" if _KEYWORDS.search(speaker.label) else "civilian"
            accuracy.keywords[_three(true[speaker.label]), guess] += speaker.turns
    return result


def as_text(measured: dict[Part, Accuracy]) -> str:
    lines = []
    for part, accuracy in measured.items():
        if not accuracy.files:
            continue
        lines.append(
            f"{part}: {accuracy.files} files, {accuracy.turns} turns; officer/civilian/neither "
            f"{accuracy.three_way():.1%}; officer/subject/neither {accuracy.strict():.1%}; all six "
            f"roles {accuracy.six_way():.1%}; keyword list {accuracy.keyword_baseline():.1%}; "
            f"labels hidden, by words alone {accuracy.three_way_unlabelled():.1%}"
        )
        for role in ROLES:
            (recall, n), (precision, _) = accuracy.recall(role), accuracy.precision(role)
            if n:
                lines.append(
                    f"  {role:15} {n:6} turns  found {recall:6.1%}  right {precision:6.1%}"
                )
    return "\n".join(lines)


def _right(counts: Counter[tuple[Role, Role]]) -> float:
    right = sum(n for (a, b), n in counts.items() if _three(a) == _three(b))
    return right / max(1, sum(counts.values()))


def _three(role: Role) -> str:
    return _THREE.get(role, "neither")


def _strict(role: Role) -> str:
    return role if role in ("officer", "civilian") else "neither"
