"""How well a classifier tells generated replies from real ones: 0.5 is indistinguishable, 1.0 never mistaken.

Logistic regression on words, pairs of words and letters, five folds of whole sources, so that it never learns from the
talk it is asked about.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmark.metrics.errors import MetricMissing

_FOLDS = 5
_WORD = r"[^\W_]+(?:['’][^\W_]+)*|[.,!?…]"


@dataclass(frozen=True)
class ToldApart:
    """above: (n, n), how a generated reply (row) was scored against a real one (column): 1 likelier generated, 0
    less, 0.5 alike. Scores are out of fold.
    """

    above: NDArray[np.float32]

    def auc(self, turns: Sequence[int]) -> float:
        """Area under the ROC curve over these turns; one may stand there more than once."""
        rows = np.asarray(turns)
        return float(self.above[np.ix_(rows, rows)].mean(dtype=np.float64))


def tell_apart(generated: Sequence[str], real: Sequence[str], sources: Sequence[int]) -> ToldApart:
    """Raises MetricMissing where scikit-learn is not installed or there are fewer sources than folds."""
    try:
        from sklearn.feature_extraction.text import TfidfVectorizer
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline, make_union
    except ImportError:
        raise MetricMissing(
            "needs scikit-learn: pip install 'deescalwild-simulator[bench]'"
        ) from None
    names = list(dict.fromkeys(sources))
    folds = min(_FOLDS, len(names))
    if folds < 2:
        raise MetricMissing("needs replies of two sources at least")
    fold_of = {name: at % folds for at, name in enumerate(names)}
    fold = np.array([fold_of[source] for source in sources])
    found = np.zeros((2, len(sources)))
    for held_out in range(folds):
        learn = np.flatnonzero(fold != held_out).tolist()
        ask = np.flatnonzero(fold == held_out).tolist()
        texts = [generated[i] for i in learn] + [real[i] for i in learn]
        labels = [1] * len(learn) + [0] * len(learn)
        model = make_pipeline(
            make_union(
                TfidfVectorizer(
                    token_pattern=r"[^\W_]+(?:['’][^\W_]+)*|[.,!?…]",
                    ngram_range=(1, 2),
                    sublinear_tf=True,
                ),
                TfidfVectorizer(
                    analyzer="char_wb", ngram_range=(2, 4), min_df=2, sublinear_tf=True
                ),
            ),
            LogisticRegression(C=4.0, max_iter=1000),
        )
        model.fit(texts, labels)
        found[0, ask] = model.decision_function([generated[i] for i in ask])
        found[1, ask] = model.decision_function([real[i] for i in ask])
    generated_first = found[0][:, None] > found[1][None, :]
    alike = found[0][:, None] == found[1][None, :]
    return ToldApart((generated_first + 0.5 * alike).astype(np.float32))
