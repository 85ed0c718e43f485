"""The small classifier: two linear heads a label, one over the whole utterance and one over its best clause."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from scenarios.behaviours import BEHAVIOURS, BehaviourId
from simulator.errors import SimulatorError
from simulator.officer.features import Part, Utterance

WEIGHTS = Path(__file__).with_name("weights.npz")
LABELS: tuple[BehaviourId, ...] = tuple(BEHAVIOURS)
_Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Head:
    """Linear: label scores of a part. runs: a row for each run of words known, int8 times `runs_scale`."""

    bias: _Floats
    state: _Floats
    runs: NDArray[np.int8]
    runs_scale: _Floats
    patterns: _Floats
    numbers: _Floats

    def scores(self, part: Part, rows: list[int]) -> _Floats:
        found: _Floats = (
            self.bias
            + part.state @ self.state
            + part.patterns @ self.patterns
            + part.numbers @ self.numbers
        )
        if rows:
            known: _Floats = self.runs[rows].sum(axis=0, dtype=np.float32) * self.runs_scale
            found = found + known / np.float32(len(rows) ** 0.5)
        return found


@dataclass(frozen=True)
class Weights:
    """What training leaves: the words known, two heads, and for each label where it begins to count."""

    vocabulary: tuple[str, ...]
    whole: Head
    clause: Head
    threshold: _Floats
    slope: _Floats

    @cached_property
    def row_of(self) -> dict[str, int]:
        return {run: row for row, run in enumerate(self.vocabulary)}

    def rows(self, part: Part) -> list[int]:
        return [self.row_of[run] for run in part.runs if run in self.row_of]

    def scores(self, said: Utterance) -> tuple[_Floats, _Floats]:
        """((26,) scores of the utterance, (clauses, 26) scores of each clause)."""
        of_clauses = np.stack([self.clause.scores(part, self.rows(part)) for part in said.parts])
        whole = self.whole.scores(said.whole, self.rows(said.whole))
        return whole + of_clauses.max(axis=0), of_clauses

    def confidence(self, scores: _Floats) -> _Floats:
        """0–1; a half is where a label begins to count."""
        raw = (scores - self.threshold) * self.slope
        sure: _Floats = 1 / (1 + np.exp(-np.clip(raw, -30, 30)))
        return sure


_HEAD = ("bias", "state", "runs", "runs_scale", "patterns", "numbers")


def save(weights: Weights, path: Path) -> None:
    """The same weights give the same bytes."""
    arrays: dict[str, NDArray[np.generic]] = {
        "vocabulary": np.frombuffer("\n".join(weights.vocabulary).encode(), dtype=np.uint8),
        "threshold": weights.threshold,
        "slope": weights.slope,
    }
    for name in ("whole", "clause"):
        head: Head = getattr(weights, name)
        arrays |= {f"{name}_{field}": getattr(head, field) for field in _HEAD}
    part = path.with_suffix(".part.npz")
    np.savez_compressed(part, **arrays)  # type: ignore[arg-type]
    part.replace(path)


def load(path: Path = WEIGHTS) -> Weights:
    """Raises SimulatorError where the file is missing or not ours."""
    try:
        with np.load(path, allow_pickle=False) as stored:
            return Weights(
                vocabulary=tuple(stored["vocabulary"].tobytes().decode().split("\n")),
                whole=Head(*(stored[f"whole_{field}"] for field in _HEAD)),
                clause=Head(*(stored[f"clause_{field}"] for field in _HEAD)),
                threshold=stored["threshold"],
                slope=stored["slope"],
            )
    except (OSError, KeyError, ValueError) as problem:
        raise SimulatorError(
            f"{path}: the classifier of officer behaviours cannot be read ({problem}); install again"
        ) from None
