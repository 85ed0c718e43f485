"""The library checked by machine: problems that must be mended, notes to weigh, and tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from scenarios.contradictions import contradictions
from scenarios.errors import BadScenario
from scenarios.label_rules import label_faults
from scenarios.likeness import copied_lines, near_lines, same_lines
from scenarios.loader import Loaded, dialogue_paths, load, problems
from scenarios.reading import reading_grade
from scenarios.remark import Remark
from scenarios.schema import Dialogue, Scenario
from scenarios.soundness import unsound
from scenarios.statistics import (
    ReplyStatistics,
    balance,
    commonest,
    corpus_statistics,
    label_counts,
    lengths_apart,
    reply_statistics,
)


@dataclass
class Lint:
    """What was found. `refused`: lines about files that do not hold and were left out of the rest."""

    library: list[Loaded]
    refused: list[str]
    remarks: list[Remark]
    replies: ReplyStatistics | None
    corpus: ReplyStatistics
    commonest: list[tuple[str, int]] = field(default_factory=list)

    @property
    def problems(self) -> list[Remark]:
        return [remark for remark in self.remarks if remark.mend]

    @property
    def notes(self) -> list[Remark]:
        return [remark for remark in self.remarks if not remark.mend]

    @property
    def clean(self) -> bool:
        return not self.refused and not self.problems

    def as_json(self) -> dict[str, Any]:
        refused = [{"check": "schema", "text": line} for line in self.refused]
        dialogues = [d for loaded in self.library for d in loaded.dialogues]
        lines = sum(len(dialogue.exchanges) for dialogue in dialogues)
        return {
            "scenarios": len(self.library),
            "dialogues": len(dialogues),
            "replies": lines,
            "officer_lines": lines,
            "problems": [*refused, *(remark.as_json() for remark in self.problems)],
            "notes": [remark.as_json() for remark in self.notes],
            "balance": balance(self.library),
            "labels": label_counts(self.library),
            "reply_statistics": asdict(self.replies) if self.replies else None,
            "corpus_statistics": asdict(self.corpus),
            "lengths_apart": lengths_apart(self.replies, self.corpus) if self.replies else None,
            "commonest_replies": [{"reply": r, "times": n} for r, n in self.commonest],
            "reading_grades": {loaded.id: grades(loaded) for loaded in self.library},
        }


def lint(
    paths: Sequence[Path], corpus: Path | None = None, beside: ReplyStatistics | None = None
) -> Lint:
    """Check scenario files and their dialogues.

    corpus: a folder or archive of transcripts that nothing here may be copied from. beside: what to
    compare the replies with; those that come with the library by default. Raises BadScenario where
    `corpus` cannot be read.
    """
    library, refused = _read(paths)
    remarks: list[Remark] = []
    for loaded in library:
        remarks += unsound(loaded)
        for path, dialogue in zip(dialogue_paths(loaded.path), loaded.dialogues, strict=True):
            remarks += contradictions(loaded.scenario, dialogue, path)
            for number, exchange in enumerate(dialogue.exchanges):
                for text in label_faults(exchange.officer, exchange.does):
                    remarks.append(Remark("label", path, ("exchanges", number, "does"), text))
    said = list(_replies(library))
    remarks += _alike(said)
    if corpus is not None:
        remarks += _copied(library, corpus)
    replies = [words for _, _, words in said]
    return Lint(
        library,
        refused,
        remarks,
        reply_statistics(replies) if replies else None,
        beside or corpus_statistics(),
        commonest(replies),
    )


def grades(loaded: Loaded) -> dict[str, float]:
    """School grades at which the briefing and the instructor's notes read."""
    briefing, debrief = loaded.scenario.briefing, loaded.scenario.debrief
    known = [
        briefing.dispatch,
        *briefing.officer_knows,
        *briefing.objectives,
        *briefing.policy_notes,
    ]
    return {
        "briefing": reading_grade("\n".join(known)),
        "notes": reading_grade(
            "\n".join(
                [debrief.instructor_notes, *debrief.key_lessons, *debrief.what_good_looks_like]
            )
        ),
    }


def _read(paths: Sequence[Path]) -> tuple[list[Loaded], list[str]]:
    """Scenarios that hold with all their dialogues, and what is wrong with the others."""
    library, refused = [], []
    for path in paths:
        wrong = problems(path, Scenario)
        for dialogue in dialogue_paths(path):
            wrong += problems(dialogue, Dialogue)
        refused += wrong
        if wrong:
            continue
        loaded = load(path)
        if loaded.id != path.parent.name:
            refused.append(f"{path}:1: id: '{loaded.id}' stands in a folder '{path.parent.name}'")
        library.append(loaded)
    if not paths:
        raise BadScenario("there is no scenario to check")
    return library, refused


def _replies(library: Sequence[Loaded]) -> Iterator[tuple[Path, int, str]]:
    for loaded in library:
        for path, dialogue in zip(dialogue_paths(loaded.path), loaded.dialogues, strict=True):
            for number, exchange in enumerate(dialogue.exchanges):
                yield path, number, exchange.civilian


def _alike(said: Sequence[tuple[Path, int, str]]) -> Iterator[Remark]:
    def at(place: int) -> str:
        path, number, _ = said[place]
        return f"{path.parent.parent.name}/{path.stem} exchange {number + 1}"

    words = [text for _, _, text in said]
    for later, first in same_lines(words):
        path, number, text = said[later]
        remark = f"the same reply as {at(first)}: {text[:50]!r}"
        yield Remark("duplicate", path, ("exchanges", number, "civilian"), remark)
    for later, first, share in near_lines(words):
        path, number, text = said[later]
        remark = f"{share:.0%} the same as {at(first)}: {text[:50]!r}"
        yield Remark("near_duplicate", path, ("exchanges", number, "civilian"), remark)


def _copied(library: Sequence[Loaded], corpus: Path) -> Iterator[Remark]:
    """Nine words in a row that also stand in the corpus, in anything that is said."""
    places: list[tuple[Path, tuple[str | int, ...]]] = []
    lines: list[str] = []
    for loaded in library:
        for number, line in enumerate(loaded.scenario.sample_officer):
            places.append((loaded.path, ("sample_officer", number)))
            lines.append(line)
        for number, fact in enumerate(loaded.scenario.civilian.facts):
            places.append((loaded.path, ("civilian", "facts", number)))
            lines.append(fact.text)
        for path, dialogue in zip(dialogue_paths(loaded.path), loaded.dialogues, strict=True):
            for number, exchange in enumerate(dialogue.exchanges):
                for who in ("officer", "civilian"):
                    places.append((path, ("exchanges", number, who)))
                    lines.append(getattr(exchange, who))
    for place, name, words in copied_lines(lines, corpus):
        path, where = places[place]
        yield Remark("copied", path, where, f"nine words also in {name}: {words!r}")
