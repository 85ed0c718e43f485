"""ROUGE-L as a module of Hugging Face `evaluate`."""

from typing import Any

import datasets
import evaluate

from benchmark.metrics.overlap import rouge_l


class RougeL(evaluate.Metric):  # type: ignore[misc]
    """{"rougeL": mean F1, "scores": F1 of each pair}."""

    def _info(self) -> Any:
        text = datasets.Value("string")
        return evaluate.MetricInfo(
            description="ROUGE-L F1 without stemming, by rouge_score.",
            citation="Lin 2004",
            inputs_description="predictions, references: a list of texts each",
            features=datasets.Features({"predictions": text, "references": text}),
        )

    def _compute(self, predictions: list[str], references: list[str]) -> dict[str, Any]:
        scores = rouge_l(predictions, references)
        return {"rougeL": sum(scores) / len(scores), "scores": scores}
