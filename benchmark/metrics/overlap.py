"""How many words a reply shares with the real one: ROUGE-L and BLEU-4, as the paper's script and as sacreBLEU.

All scores are 0 to 1. Overlap says little about dialogue (Liu et al. 2016): they are here because the paper has them.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from benchmark.metrics.errors import MetricMissing


def rouge_l(predictions: Sequence[str], references: Sequence[str]) -> list[float]:
    """ROUGE-L F1 (Lin 2004) of each pair, by Google's `rouge_score`, without stemming: words are [a-z0-9]+.

    Raises MetricMissing where rouge_score is not installed.
    """
    try:
        from rouge_score.rouge_scorer import RougeScorer
    except ImportError:
        raise MetricMissing(_needs("rouge-score")) from None
    scorer = RougeScorer(["rougeL"], use_stemmer=False)
    return [
        float(scorer.score(real, said)["rougeL"].fmeasure)
        for said, real in zip(predictions, references, strict=True)
    ]


def bleu_4_sentences(predictions: Sequence[str], references: Sequence[str]) -> list[float]:
    """BLEU-4 of each pair, smoothed by adding 1 to the matches and the possible matches of every order.

    The paper's script takes the mean of these. An order that neither side is long enough for counts as 1 of 1, so
    short replies score high whatever they say ("What ?" against "Why ?": 0.76). Words by sacreBLEU's 13a, case kept.
    An empty reply scores 0; the script it follows divides by zero there.
    """
    tokenise = _tokenizer_13a()
    found = []
    for said, real in zip(predictions, references, strict=True):
        found.append(smoothed_bleu(tokenise(said).split(), tokenise(real).split()))
    return found


def smoothed_bleu(said: Sequence[str], real: Sequence[str]) -> float:
    """BLEU-4 of words against words (Papineni et al. 2002), +1 smoothing on every order (Lin and Och 2004)."""
    if not said or not real:
        return 0.0
    total = 0.0
    for order in range(1, 5):
        mine, theirs = ngrams(said, order), ngrams(real, order)
        matches = sum((mine & theirs).values())
        total += math.log((matches + 1) / (sum(mine.values()) + 1)) / 4
    brevity = min(0.0, 1 - len(real) / len(said))
    return math.exp(total + brevity)


def ngrams(words: Sequence[str], order: int) -> Counter[tuple[str, ...]]:
    return Counter(tuple(words[at : at + order]) for at in range(len(words) - order + 1))


@dataclass(frozen=True)
class CorpusBleu:
    """BLEU-4 over all pairs at once (0 to 1), by sacreBLEU, with the signature that says exactly which.

    statistics: (n, 10) counts of each pair, from which the score of any choice of pairs follows.
    """

    score: float
    signature: str
    statistics: list[list[int]]
    _metric: Any

    def of(self, rows: Sequence[int]) -> float:
        """The score of these pairs; one may stand there more than once."""
        totals = [
            sum(column) for column in zip(*(self.statistics[row] for row in rows), strict=True)
        ]
        return float(self._metric._compute_score_from_stats(totals).score) / 100


def bleu_4_corpus(predictions: Sequence[str], references: Sequence[str]) -> CorpusBleu:
    """Raises MetricMissing where sacrebleu is not installed."""
    try:
        from sacrebleu.metrics import BLEU
    except ImportError:
        raise MetricMissing(_needs("sacrebleu")) from None
    metric = BLEU()
    statistics = metric._extract_corpus_statistics(list(predictions), [list(references)])
    whole = metric.corpus_score(list(predictions), [list(references)])
    rows = [[int(n) for n in row] for row in statistics]
    return CorpusBleu(float(whole.score) / 100, str(metric.get_signature()), rows, metric)


def _tokenizer_13a() -> Any:
    try:
        from sacrebleu.tokenizers.tokenizer_13a import Tokenizer13a
    except ImportError:
        raise MetricMissing(_needs("sacrebleu")) from None
    return Tokenizer13a()


def _needs(package: str) -> str:
    return f"needs {package}: pip install 'deescalwild-simulator[bench]'"
