"""The small classifier: linear heads over an utterance and its best clause, and networks over its words, together."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from scenarios.behaviours import BEHAVIOURS, BehaviourId
from simulator.errors import SimulatorError
from simulator.officer.attention import Network, from_arrays, to_arrays
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
class Linear:
    """Two heads over the same runs of words: one for the utterance, one for its likeliest clause."""

    vocabulary: tuple[str, ...]
    whole: Head
    clause: Head

    @cached_property
    def row_of(self) -> dict[str, int]:
        return {run: row for row, run in enumerate(self.vocabulary)}

    def rows(self, part: Part) -> list[int]:
        return [self.row_of[run] for run in part.runs if run in self.row_of]

    def scores(self, said: Utterance) -> tuple[_Floats, _Floats]:
        """((26,) scores of the utterance, (clauses, 26) scores of each clause)."""
        of_clauses = np.stack([self.clause.scores(part, self.rows(part)) for part in said.parts])
        whole = self.whole.scores(said.whole, self.rows(said.whole))
        return (whole + of_clauses.max(axis=0)) / 2, of_clauses


@dataclass(frozen=True)
class Weights:
    """What training leaves. share: of the networks' mean in a score; the rest is the linear heads'.

    threshold: where each label begins to count.
    """

    linear: Linear
    networks: tuple[Network, ...]
    share: float
    threshold: _Floats

    def scores(self, said: Utterance) -> tuple[_Floats, _Floats]:
        """((26,) scores of the utterance, (clauses, 26) how much each clause speaks for them)."""
        scores, of_clauses = self.linear.scores(said)
        each = [network.scores(said.said, said.facts) for network in self.networks]
        network = np.mean([found for found, _ in each], axis=0)
        given = np.mean([pieces for _, pieces in each], axis=0)
        mixed: _Floats = (1 - self.share) * scores + self.share * network
        return mixed, of_clauses + np.stack([_inside(part, said, given) for part in said.parts])

    def confidence(self, scores: _Floats) -> _Floats:
        """0–1; a half is where a label begins to count."""
        sure: _Floats = 1 / (1 + np.exp(-np.clip(scores - self.threshold, -30, 30)))
        return sure


def _inside(part: Part, said: Utterance, given: _Floats) -> _Floats:
    """What the word pieces of a clause gave to each label."""
    places = said.said.places
    inside = (places[:, 0] >= part.span.start) & (places[:, 1] <= part.span.end)
    summed: _Floats = given[inside].sum(axis=0)
    return summed


_HEAD = ("bias", "state", "runs", "runs_scale", "patterns", "numbers")


def save(weights: Weights, path: Path) -> None:
    """The same weights give the same bytes."""
    arrays: dict[str, NDArray[np.generic]] = {
        "vocabulary": np.frombuffer("\n".join(weights.linear.vocabulary).encode(), dtype=np.uint8),
        "threshold": weights.threshold,
        "share": np.array(weights.share, dtype=np.float32),
    }
    for name in ("whole", "clause"):
        head: Head = getattr(weights.linear, name)
        arrays |= {f"{name}_{field}": getattr(head, field) for field in _HEAD}
    for at, network in enumerate(weights.networks):
        arrays |= {f"net{at}/{name}": array for name, array in to_arrays(network).items()}
    part = path.with_suffix(".part.npz")
    np.savez_compressed(part, **arrays)  # type: ignore[arg-type]
    part.replace(path)


def load(path: Path = WEIGHTS) -> Weights:
    """Raises SimulatorError where the file is missing or not ours."""
    try:
        with np.load(path, allow_pickle=False) as stored:
            networks: dict[str, dict[str, NDArray[np.float16]]] = {}
            for name in stored.files:
                if "/" in name:
                    net, array = name.split("/")
                    networks.setdefault(net, {})[array] = stored[name]
            return Weights(
                linear=Linear(
                    vocabulary=tuple(stored["vocabulary"].tobytes().decode().split("\n")),
                    whole=Head(*(stored[f"whole_{field}"] for field in _HEAD)),
                    clause=Head(*(stored[f"clause_{field}"] for field in _HEAD)),
                ),
                networks=tuple(from_arrays(networks[net]) for net in sorted(networks)),
                share=float(stored["share"]),
                threshold=stored["threshold"],
            )
    except (OSError, KeyError, TypeError, ValueError) as problem:
        raise SimulatorError(
            f"{path}: the classifier of officer behaviours cannot be read ({problem}); install again"
        ) from None
