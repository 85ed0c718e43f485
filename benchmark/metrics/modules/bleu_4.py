"""BLEU-4 as a module of Hugging Face `evaluate`: the +1-smoothed mean over sentences, and corpus sacreBLEU."""

from typing import Any

import datasets
import evaluate

from benchmark.metrics.overlap import bleu_4_corpus, bleu_4_sentences


class Bleu4(evaluate.Metric):  # type: ignore[misc]
    """{"sentence_mean": 0-1, "scores": of each pair, "corpus": 0-1, "signature": of sacreBLEU}."""

    def _info(self) -> Any:
        text = datasets.Value("string")
        return evaluate.MetricInfo(
            description="BLEU-4: mean of +1-smoothed sentence scores, and corpus sacreBLEU.",
            citation="Papineni et al. 2002; Lin and Och 2004; Post 2018",
            inputs_description="predictions, references: a list of texts each",
            features=datasets.Features({"predictions": text, "references": text}),
        )

    def _compute(self, predictions: list[str], references: list[str]) -> dict[str, Any]:
        scores = bleu_4_sentences(predictions, references)
        corpus = bleu_4_corpus(predictions, references)
        return {
            "sentence_mean": sum(scores) / len(scores),
            "scores": scores,
            "corpus": corpus.score,
            "signature": corpus.signature,
        }
