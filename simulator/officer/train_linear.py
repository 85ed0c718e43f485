"""Fits the linear heads of classifier.py with scikit-learn: one over the utterance, one over its likeliest clause."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.officer.classifier import LABELS, Head, Linear
from simulator.officer.features import Part, Utterance
from simulator.officer.lexicon import PATTERNS

#: Strength of the penalty, and what a label present weighs against one absent; by cross-validation.
_C, _PRESENT = 3.0, 3.0
_RUNS_KEPT, _STATE_PARTS = 9000, 128
_RUNS_SCALE, _PATTERN_SCALE, _NUMBER_SCALE = 2.0, 0.7, 0.7
Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]


class Table:
    """Utterances as one matrix: a row for each and for each clause of it. Nothing here knows a label."""

    def __init__(self, said: Sequence[Utterance], made: Bools) -> None:
        """made: which are copies of others, that count for nothing in what is common."""
        from scipy import sparse
        from sklearn.decomposition import PCA

        first = [u for u, copy in zip(said, made, strict=True) if not copy]
        counts = Counter(run for u in first for run in u.whole.runs)
        common = sorted(counts, key=lambda run: (-counts[run], run))[:_RUNS_KEPT]
        self.vocabulary = sorted(run for run in common if counts[run] > 2)
        squeeze = PCA(_STATE_PARTS, svd_solver="full")
        squeeze.fit(np.array([u.whole.state for u in first]))
        self.mean: Floats = squeeze.mean_
        spread = np.sqrt(squeeze.explained_variance_)[:, None]
        self.turn: Floats = (squeeze.components_ / spread).T / np.sqrt(_STATE_PARTS)
        parts: list[Part] = []
        bag: list[int] = []
        whole: list[bool] = []
        for at, one in enumerate(said):
            several = one.parts if len(one.parts) > 1 else ()
            parts += [one.whole, *several]
            bag += [at] * (1 + len(several))
            whole += [True] + [False] * len(several)
        self.bag, self.whole = np.array(bag), np.array(whole)
        self.clause = ~self.whole | (np.bincount(self.bag)[self.bag] == 1)
        states = (np.array([part.state for part in parts]) - self.mean) @ self.turn
        patterns = np.array([part.patterns for part in parts]) * _PATTERN_SCALE
        numbers = np.array([part.numbers for part in parts]) * _NUMBER_SCALE
        self.matrix = sparse.hstack([self._runs(parts), states, patterns, numbers]).tocsr()

    def _runs(self, parts: Sequence[Part]) -> Any:
        from scipy import sparse

        row_of = {run: row for row, run in enumerate(self.vocabulary)}
        at_row, at_column, value = [], [], []
        for row, part in enumerate(parts):
            known = [row_of[run] for run in part.runs if run in row_of]
            at_row += [row] * len(known)
            at_column += known
            value += [_RUNS_SCALE / max(1, len(known)) ** 0.5] * len(known)
        shape = (len(parts), len(self.vocabulary))
        return sparse.csr_matrix((value, (at_row, at_column)), shape=shape)

    def best_clause(self, scores: Floats) -> Floats:
        """(utterances,) of (rows,)."""
        best = np.full(int(self.bag[-1]) + 1, -np.inf)
        np.maximum.at(best, self.bag[self.clause], scores[self.clause])
        return best


class Heads:
    """The two heads of every label, as fitted: (columns, 26) and (26,) each."""

    def __init__(self, table: Table, labels: Bools, weight: Floats, use: Bools) -> None:
        """weight, use: of each utterance; those not used are left out of the fit."""
        self.whole: list[tuple[Floats, float]] = []
        self.clause: list[tuple[Floats, float]] = []
        self.scores = np.zeros(labels.shape)
        used = use[table.bag]
        for column in range(len(LABELS)):
            truth = labels[table.bag, column]
            whole = _fit(table, truth, weight, table.whole & used)
            found = table.matrix @ whole[0] + whole[1]
            # Of an utterance that has the label, its likeliest clause is taken to show it; of one that has not, none.
            likeliest = found >= table.best_clause(found)[table.bag] - 1e-9
            clause = _fit(table, truth, weight, (table.whole | ~truth | likeliest) & used)
            self.whole.append(whole)
            self.clause.append(clause)
            of_clause = table.best_clause(table.matrix @ clause[0] + clause[1])
            self.scores[:, column] = (found[table.whole] + of_clause) / 2


def _fit(table: Table, truth: Bools, weight: Floats, rows: Bools) -> tuple[Floats, float]:
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(
        C=_C, solver="liblinear", class_weight={False: 1.0, True: _PRESENT}, tol=1e-2
    )
    model.fit(table.matrix[rows], truth[rows], sample_weight=weight[table.bag[rows]])
    return model.coef_[0], float(model.intercept_[0])


def mean_of(table: Table, folds: Sequence[Heads]) -> Linear:
    """The heads of all folds as one, as the run time reads them: scales and rotation folded in, runs as int8."""
    whole = _head([fold.whole for fold in folds], table)
    clause = _head([fold.clause for fold in folds], table)
    return Linear(tuple(table.vocabulary), whole, clause)


def _head(folds: Sequence[list[tuple[Floats, float]]], table: Table) -> Head:
    coef = np.mean([np.stack([c for c, _ in fold], axis=1) for fold in folds], axis=0)
    bias = np.mean([[b for _, b in fold] for fold in folds], axis=0)
    runs = len(table.vocabulary)
    of_runs, rest = coef[:runs] * _RUNS_SCALE, coef[runs:]
    state = table.turn @ rest[:_STATE_PARTS]
    rest = rest[_STATE_PARTS:]
    scale = np.maximum(np.abs(of_runs).max(axis=0), 1e-6) / 127
    return Head(
        bias=(bias - table.mean @ state).astype(np.float32),
        state=state.astype(np.float32),
        runs=np.round(of_runs / scale).astype(np.int8),
        runs_scale=scale.astype(np.float32),
        patterns=(rest[: len(PATTERNS)] * _PATTERN_SCALE).astype(np.float32),
        numbers=(rest[len(PATTERNS) :] * _NUMBER_SCALE).astype(np.float32),
    )
