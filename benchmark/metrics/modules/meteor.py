"""METEOR as a module of Hugging Face `evaluate`: WordNet is found on this machine, and nothing is downloaded."""

from typing import Any

import datasets
import evaluate

from benchmark.metrics.meteor import meteor
from benchmark.metrics.wordnet import find_wordnet


class Meteor(evaluate.Metric):  # type: ignore[misc]
    """{"meteor": mean, "scores": of each pair, "signature": which WordNet, or none}."""

    def _info(self) -> Any:
        text = datasets.Value("string")
        return evaluate.MetricInfo(
            description="METEOR by NLTK, alpha 0.9, beta 3, gamma 0.5.",
            citation="Banerjee and Lavie 2005",
            inputs_description="predictions, references: a list of texts each",
            features=datasets.Features({"predictions": text, "references": text}),
        )

    def _compute(self, predictions: list[str], references: list[str]) -> dict[str, Any]:
        found = meteor(predictions, references, find_wordnet())
        mean = sum(found.scores) / len(found.scores)
        return {"meteor": mean, "scores": found.scores, "signature": found.signature}
