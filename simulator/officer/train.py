"""Train the classifier of officer behaviours, measure it on scenarios it never saw, and write its card.

    python -m simulator.officer.train

Needs the `train` extra (scikit-learn) and the embedder. The same library and lines give the same weights.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.embedder import Embedder
from models.fetch import model_path
from simulator.officer.classifier import LABELS, WEIGHTS, Head, Weights, save
from simulator.officer.examples import (
    OWN,
    Example,
    as_recognised,
    held_out_ids,
    library_examples,
    own_examples,
)
from simulator.officer.features import Part, Utterance, utterance_of

CARD = WEIGHTS.with_name("weights.json")
_FOLDS = 4
#: Strength of the penalty, and what a label present weighs against one absent; by cross-validation.
_C, _PRESENT = 3.0, 3.0
_COPY_WEIGHT = 0.5
_RUNS_KEPT, _STATE_PARTS = 9000, 128
_RUNS_SCALE, _PATTERN_SCALE, _NUMBER_SCALE = 2.0, 0.7, 0.7
Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Figure:
    """Of one label: share of what was found that is there, share of what is there that was found, both in one."""

    precision: float
    recall: float
    f1: float
    lines: int


class Table:
    """Examples as one matrix: a row for each utterance and for each clause of it."""

    def __init__(
        self,
        said: Sequence[Utterance],
        vocabulary: Sequence[str],
        turn: NDArray[Any],
        mean: NDArray[Any],
    ):
        from scipy import sparse

        parts: list[Part] = []
        bag: list[int] = []
        whole: list[bool] = []
        for at, one in enumerate(said):
            several = one.parts if len(one.parts) > 1 else ()
            parts += [one.whole, *several]
            bag += [at] * (1 + len(several))
            whole += [True] + [False] * len(several)
        self.bag, self.whole = np.array(bag), np.array(whole)
        row_of = {run: row for row, run in enumerate(vocabulary)}
        at_row, at_column, value = [], [], []
        for row, part in enumerate(parts):
            known = [row_of[run] for run in part.runs if run in row_of]
            at_row += [row] * len(known)
            at_column += known
            value += [_RUNS_SCALE / max(1, len(known)) ** 0.5] * len(known)
        runs = sparse.csr_matrix((value, (at_row, at_column)), shape=(len(parts), len(vocabulary)))
        states = (np.array([part.state for part in parts]) - mean) @ turn
        patterns = np.array([part.patterns for part in parts]) * _PATTERN_SCALE
        numbers = np.array([part.numbers for part in parts]) * _NUMBER_SCALE
        self.matrix = sparse.hstack([runs, states, patterns, numbers]).tocsr()
        self.clause = ~self.whole | (np.bincount(self.bag)[self.bag] == 1)

    def best_clause(self, scores: Floats, utterances: int) -> Floats:
        best = np.full(utterances, -np.inf)
        np.maximum.at(best, self.bag[self.clause], scores[self.clause])
        return best


def _vocabulary(said: Sequence[Utterance], labels: Bools) -> list[str]:
    """Runs of words met at least twice, those that tell most about some label first; then by name."""
    counts: dict[str, int] = {}
    with_label: dict[str, NDArray[Any]] = {}
    for one, row in zip(said, labels, strict=True):
        for run in one.whole.runs:
            counts[run] = counts.get(run, 0) + 1
            with_label[run] = with_label.get(run, 0) + row
    base = labels.mean(axis=0)
    met = sorted(run for run, count in counts.items() if count > 2)
    spread = np.sqrt(base * (1 - base))
    tells = [
        np.abs((with_label[run] - counts[run] * base) / spread).max() / counts[run] ** 0.5
        for run in met
    ]
    kept = np.argsort(-np.array(tells), kind="stable")[:_RUNS_KEPT]
    return sorted(met[k] for k in kept)


def _fit(matrix: Any, truth: Bools, weight: Floats) -> tuple[Floats, float]:
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(
        C=_C, solver="liblinear", class_weight={False: 1.0, True: _PRESENT}, tol=1e-3
    )
    model.fit(matrix, truth, sample_weight=weight)
    return model.coef_[0], float(model.intercept_[0])


def fit(said: Sequence[Utterance], labels: Bools, weight: Floats) -> Weights:
    """Both heads for every label, without thresholds. weight: of each utterance."""
    from sklearn.decomposition import PCA

    vocabulary = _vocabulary(said, labels)
    squeeze = PCA(_STATE_PARTS, whiten=True, svd_solver="full")
    squeeze.fit(np.array([one.whole.state for one in said]))
    turn = (squeeze.components_ / np.sqrt(squeeze.explained_variance_)[:, None]).T / np.sqrt(
        _STATE_PARTS
    )
    table = Table(said, vocabulary, turn, squeeze.mean_)
    whole: list[tuple[Floats, float]] = []
    clause: list[tuple[Floats, float]] = []
    for column in range(len(LABELS)):
        truth = labels[table.bag, column]
        coef, bias = _fit(table.matrix[table.whole], truth[table.whole], weight)
        whole.append((coef, bias))
        scores = table.matrix @ coef + bias
        # Of an utterance that has the label, its likeliest clause is taken to show it; of one that has not, none does.
        likeliest = scores >= table.best_clause(scores, len(said))[table.bag] - 1e-9
        use = table.whole | ~truth | likeliest
        clause.append(_fit(table.matrix[use], truth[use], weight[table.bag[use]]))
    zero = np.zeros(len(LABELS), dtype=np.float32)
    return Weights(
        tuple(vocabulary),
        _head(whole, len(vocabulary), turn, squeeze.mean_),
        _head(clause, len(vocabulary), turn, squeeze.mean_),
        zero,
        zero + 1,
    )


def _head(
    fitted: list[tuple[Floats, float]], runs: int, turn: NDArray[Any], mean: NDArray[Any]
) -> Head:
    """The fitted columns as the run time reads them: scales and rotation folded in, runs as int8."""
    coef = np.stack([c for c, _ in fitted], axis=1)
    bias = np.array([b for _, b in fitted])
    of_runs, rest = coef[:runs] * _RUNS_SCALE, coef[runs:]
    state = turn @ rest[: turn.shape[1]]
    patterns = rest[turn.shape[1] : turn.shape[1] + len(LABELS)] * _PATTERN_SCALE
    numbers = rest[turn.shape[1] + len(LABELS) :] * _NUMBER_SCALE
    scale = np.maximum(np.abs(of_runs).max(axis=0), 1e-6) / 127
    return Head(
        bias=(bias - mean @ state).astype(np.float32),
        state=state.astype(np.float32),
        runs=np.round(of_runs / scale).astype(np.int8),
        runs_scale=scale.astype(np.float32),
        patterns=patterns.astype(np.float32),
        numbers=numbers.astype(np.float32),
    )


def _scores(weights: Weights, said: Sequence[Utterance]) -> Floats:
    return np.array([weights.scores(one)[0] for one in said], dtype=np.float64)


def with_thresholds(weights: Weights, scores: Floats, labels: Bools) -> Weights:
    """Where each label begins to count: the best F1 on scores of lines that were left out of the fit."""
    from sklearn.linear_model import LogisticRegression

    thresholds, slopes = [], []
    for column in range(len(LABELS)):
        found, truth = scores[:, column], labels[:, column]
        order = np.argsort(-found, kind="stable")
        right = np.cumsum(truth[order])
        f1 = 2 * right / (np.arange(1, len(order) + 1) + truth.sum())
        smooth = np.convolve(f1, np.ones(5) / 5, mode="same")
        cut = int(np.argmax(smooth[: max(10, 3 * truth.sum())]))
        thresholds.append(found[order[cut]])
        slopes.append(LogisticRegression().fit(found[:, None], truth).coef_[0, 0])
    return Weights(
        weights.vocabulary,
        weights.whole,
        weights.clause,
        np.array(thresholds, dtype=np.float32),
        np.array(slopes, dtype=np.float32),
    )


def measure(weights: Weights, said: Sequence[Utterance], labels: Bools) -> dict[str, Figure]:
    """Per label, on lines given."""
    return figures_of(_scores(weights, said) >= weights.threshold, labels)


def figures_of(found: Bools, labels: Bools) -> dict[str, Figure]:
    figures: dict[str, Figure] = {}
    for column, label in enumerate(LABELS):
        here, there = found[:, column], labels[:, column]
        right = int((here & there).sum())
        precision = right / max(1, int(here.sum()))
        recall = right / max(1, int(there.sum()))
        f1 = 2 * right / max(1, int(here.sum() + there.sum()))
        figures[label] = Figure(
            round(precision, 3), round(recall, 3), round(f1, 3), int(there.sum())
        )
    return figures


def macro_f1(figures: dict[str, Figure]) -> float:
    return sum(f.f1 for f in figures.values()) / len(figures)


def truth_of(examples: Sequence[Example]) -> Bools:
    return np.array([[label in e.labels for label in LABELS] for e in examples], dtype=bool)


def read(embedder: Embedder, examples: Sequence[Example]) -> list[Utterance]:
    return [
        utterance_of(embedder, e.text, e.earlier_officer, e.previous_civilian) for e in examples
    ]


def _folds(examples: Sequence[Example]) -> NDArray[np.int64]:
    """Fold of each line: a scenario's lines stay together; our own lines are dealt in turn."""
    ids = sorted({e.source for e in examples if e.source != OWN})
    of = {id_: at % _FOLDS for at, id_ in enumerate(ids)}
    return np.array([of.get(e.source, at % _FOLDS) for at, e in enumerate(examples)])


def main(out: Path = WEIGHTS) -> None:
    warnings.filterwarnings("ignore", module="sklearn")
    embedder = Embedder(model_path("embedder"))
    unseen_ids = held_out_ids()
    library = [e for e in library_examples() if e.text.strip(" .…")]
    unseen = [e for e in library if e.source in unseen_ids]
    seen = [e for e in library if e.source not in unseen_ids] + list(own_examples())
    print(f"{len(seen)} lines to learn from, {len(unseen)} of {len(unseen_ids)} scenarios held out")
    copies = [as_recognised(e, seed=1) for e in seen]
    said = read(embedder, [*seen, *copies])
    labels = np.concatenate([truth_of(seen), truth_of(seen)])
    weight = np.repeat([1.0, _COPY_WEIGHT], len(seen))
    fold = np.tile(_folds(seen), 2)
    left_out = np.zeros((len(said), len(LABELS)))
    for k in range(_FOLDS):
        part = fit(
            [s for s, f in zip(said, fold, strict=True) if f != k],
            labels[fold != k],
            weight[fold != k],
        )
        left_out[fold == k] = _scores(part, [s for s, f in zip(said, fold, strict=True) if f == k])
        print(f"fold {k + 1} of {_FOLDS} done")
    weights = with_thresholds(fit(said, labels, weight), left_out, labels)
    save(weights, out)
    own = np.array([e.source == OWN for e in seen])
    clear = figures_of(left_out[: len(seen)][own] >= weights.threshold, truth_of(seen)[own])
    figures = measure(weights, read(embedder, unseen), truth_of(unseen))
    rough = measure(
        weights, read(embedder, [as_recognised(e, seed=2) for e in unseen]), truth_of(unseen)
    )
    _write_card(out.with_suffix(".json"), len(seen), unseen, figures, rough, clear)
    for label, f in figures.items():
        print(
            f"{label:20s} P {f.precision:.2f} R {f.recall:.2f} F1 {f.f1:.2f} n {f.lines:4d}"
            f"   as recognised F1 {rough[label].f1:.2f}   own lines left out F1 {clear[label].f1:.2f}"
        )
    print(
        f"macro-F1 {macro_f1(figures):.3f}; as recognised {macro_f1(rough):.3f}; "
        f"own lines left out {macro_f1(clear):.3f}"
    )


def _write_card(
    path: Path,
    seen: int,
    unseen: Sequence[Example],
    figures: dict[str, Figure],
    rough: dict[str, Figure],
    clear: dict[str, Figure],
) -> None:
    card = {
        "what": "26 labels of officer behaviour; two linear heads each (utterance, best clause) over "
        "MiniLM int8 states, runs of 1-3 words, patterns, counts and overlap with the turns before",
        "trained_on": f"{seen} officer lines: the library's scenarios not held out, and lines/*.jsonl here; "
        "and a copy of each as a recogniser would write it",
        "held_out": sorted({e.source for e in unseen}),
        "held_out_lines": len(unseen),
        "thresholds": f"best F1 in {_FOLDS}-fold cross-validation grouped by scenario, on the training part",
        "retrain": "pip install -e '.[train]'; python -m simulator.officer.train",
        "macro_f1": round(macro_f1(figures), 3),
        "macro_f1_as_recognised": round(macro_f1(rough), 3),
        "macro_f1_own_lines_left_out": round(macro_f1(clear), 3),
        "labels": {k: asdict(f) | {"f1_as_recognised": rough[k].f1} for k, f in figures.items()},
    }
    path.write_text(json.dumps(card, indent=1) + "\n")


if __name__ == "__main__":
    main()
