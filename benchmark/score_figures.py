"""The figures of a score: each a number with its interval, made of the pairs of one generation.

`samples` keeps what each turn gave, in the order of the turns, so that two models can be compared turn by turn; -1
there: the measure does not apply to this turn.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from benchmark.metrics.bertscore import bert_score, states_for
from benchmark.metrics.errors import MetricMissing
from benchmark.metrics.intervals import (
    Interval,
    mean_interval,
    ratio_interval,
    resampled_interval,
)
from benchmark.metrics.meteor import meteor
from benchmark.metrics.overlap import bleu_4_corpus, bleu_4_sentences, rouge_l
from benchmark.metrics.telling_apart import tell_apart
from benchmark.metrics.wordnet import find_wordnet
from benchmark.runfile import Figure
from benchmark.score_pairs import Pair, Pairs

Better = Literal["higher", "lower"] | None

#: Columns of sacreBLEU's counts, in its order.
BLEU_COLUMNS = (
    *("bleu_said_words", "bleu_real_words"),
    *(f"bleu_matches_{n}" for n in range(1, 5)),
    *(f"bleu_possible_{n}" for n in range(1, 5)),
)


@dataclass
class Scores:
    """What has been found so far. signatures: exactly which metric a number is from."""

    pairs: Pairs
    figures: list[Figure] = field(default_factory=list)
    samples: dict[str, list[float]] = field(default_factory=dict)
    signatures: dict[str, str] = field(default_factory=dict)

    def add(
        self,
        name: str,
        found: Interval,
        unit: str,
        about: str,
        better: Better = None,
        scale: float = 1,
    ) -> None:
        self.figures.append(
            Figure(
                name=name,
                value=_round(found.value * scale),
                unit=unit,
                about=about,
                better=better,
                low=_round(found.low * scale),
                high=_round(found.high * scale),
                n=found.n,
            )
        )

    def missing(self, name: str, unit: str, about: str, why: str) -> None:
        self.figures.append(
            Figure(name=name, value=None, unit=unit, about=about, n=0, source="none", note=why)
        )

    def share(
        self, name: str, of: Callable[[Pair], bool], about: str, better: Better = None,
        among: Callable[[Pair], bool] = lambda _: True,
    ) -> None:  # fmt: skip
        """A share of turns, and for each turn whether it counts."""
        column = [float(of(row)) if among(row) else -1.0 for row in self.pairs.rows]
        self.samples[name] = column
        values = [v for v in column if v >= 0]
        sources = [s for v, s in zip(column, self.pairs.sources, strict=True) if v >= 0]
        if not values:
            self.missing(name, "%", about, "no turn of this workload is of the kind")
            return
        self.add(name, mean_interval(values, sources), "%", about, better, 100)


def overlap(scores: Scores, bertscore: str, wordnet: Path | None) -> None:
    """ROUGE-L, BLEU-4 both ways, METEOR, BERTScore. What is not on this machine is said, not left out."""
    said, real, sources = scores.pairs.said, scores.pairs.real, scores.pairs.sources
    about = "longest common subsequence of words, F1, without stemming"
    try:
        column = scores.samples["rouge_l"] = rouge_l(said, real)
        scores.add("rouge_l", mean_interval(column, sources), "%", about, "higher", 100)
    except MetricMissing as why:
        scores.missing("rouge_l", "%", about, str(why))
    _bleu(scores, said, real, sources)
    about = "words, stems and synonyms shared with the real reply"
    try:
        found = meteor(said, real, find_wordnet(wordnet))
        scores.samples["meteor"] = found.scores
        scores.signatures["meteor"] = found.signature
        if "no-synonyms" in found.signature:
            about = "WITHOUT SYNONYMS (no WordNet here): words and stems shared with the real reply"
        scores.add("meteor", mean_interval(found.scores, sources), "%", about, "higher", 100)
    except MetricMissing as why:
        scores.missing("meteor", "%", about, str(why))
    if bertscore != "none":
        _bertscore(scores, said, real, sources, bertscore)


def _bleu(scores: Scores, said: list[str], real: list[str], sources: list[int]) -> None:
    try:
        column = scores.samples["bleu4_script"] = bleu_4_sentences(said, real)
        whole = bleu_4_corpus(said, real)
    except MetricMissing as why:
        scores.missing("bleu4_script", "%", "BLEU-4, mean over sentences", str(why))
        scores.missing("bleu4_corpus", "%", "BLEU-4 over all at once", str(why))
        return
    about = "mean of +1-smoothed sentence BLEU, as in the paper's script; high for short replies"
    scores.add("bleu4_script", mean_interval(column, sources), "%", about, "higher", 100)
    for name, values in zip(BLEU_COLUMNS, zip(*whole.statistics, strict=True), strict=True):
        scores.samples[name] = [float(value) for value in values]
    scores.signatures["bleu4_corpus"] = whole.signature
    found = resampled_interval(whole.of, sources)
    scores.add("bleu4_corpus", found, "%", "sacreBLEU over all at once", "higher", 100)


def _bertscore(
    scores: Scores, said: list[str], real: list[str], sources: list[int], which: str
) -> None:
    about = f"nearest words by the states of {which}, F1"
    try:
        states = states_for(which)
        found = bert_score(said, real, states)
        # What any reply gets beside any real one: each with the real reply of another turn.
        half = max(1, len(real) // 2)
        chance = bert_score(said, real[half:] + real[:half], states)
    except MetricMissing as why:
        scores.missing("bertscore_f1", "", about, str(why))
        return
    column = [float(value) for value in found.f1]
    scores.samples["bertscore_f1"] = column
    scores.signatures["bertscore"] = found.signature
    about = f"BERTScore F1, {found.signature}; not comparable with another model's"
    scores.add("bertscore_f1", mean_interval(column, sources), "", about, "higher")
    by_chance = [float(value) for value in chance.f1]
    about = "the same beside the real reply of another turn: what chance gives"
    scores.add("bertscore_f1_chance", mean_interval(by_chance, sources), "", about)
    if found.rescaled_f1 is not None:
        rescaled = [float(value) for value in found.rescaled_f1]
        about = "rescaled by bert-score's own chance level: 0 is a random sentence"
        scores.add("bertscore_f1_rescaled", mean_interval(rescaled, sources), "", about, "higher")


def likelihood(scores: Scores) -> None:
    """Perplexity of the real replies under the model, in the very context in which it was asked."""
    about = "of the real replies, per token of this model's own, the end of turn included"
    rows = scores.pairs.where(lambda row: row.loss is not None and row.real_tokens > 0)
    if not rows:
        scores.missing("perplexity", "", about, "this speaker or mode tells no probabilities")
        return
    losses = [row.loss or 0.0 for row in rows]
    tokens = [float(row.real_tokens) for row in rows]
    found = ratio_interval(losses, tokens, [row.source for row in rows])
    scores.samples["real_loss_nats"] = [
        -1.0 if row.loss is None else row.loss for row in scores.pairs.rows
    ]
    scores.samples["real_tokens"] = [float(row.real_tokens) for row in scores.pairs.rows]
    scores.add("perplexity", _mapped(found, math.exp), "", about, "lower")


def telling(scores: Scores) -> None:
    """A classifier's AUC, generated against real."""
    about = "how well a classifier tells these from the real replies: 0.5 is not at all"
    try:
        found = tell_apart(scores.pairs.said, scores.pairs.real, scores.pairs.sources)
    except MetricMissing as why:
        scores.missing("auc_real", "", about, str(why))
        return
    interval = resampled_interval(found.auc, scores.pairs.sources)
    scores.add("auc_real", interval, "", about, "lower")


def _mapped(found: Interval, by: Callable[[float], float]) -> Interval:
    return Interval(by(found.value), by(found.low), by(found.high), found.n, found.clusters)


def _round(value: float) -> float:
    return float(f"{value:.6g}")
