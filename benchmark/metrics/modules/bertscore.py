"""BERTScore as a module of Hugging Face `evaluate`, on weights that are on this machine."""

from typing import Any

import datasets
import evaluate

from benchmark.metrics.bertscore import bert_score, states_for


class BertScore(evaluate.Metric):  # type: ignore[misc]
    """{"precision", "recall", "f1": of each pair, "rescaled_f1": or None, "signature"}.

    compute(…, weights="minilm" | "embedder" | "roberta-large" | FOLDER)
    """

    def _info(self) -> Any:
        text = datasets.Value("string")
        return evaluate.MetricInfo(
            description="BERTScore without idf; the signature names model, layer and sha256.",
            citation="Zhang et al. 2020",
            inputs_description="predictions, references: a list of texts each; weights",
            features=datasets.Features({"predictions": text, "references": text}),
        )

    def _compute(
        self, predictions: list[str], references: list[str], weights: str = "minilm"
    ) -> dict[str, Any]:
        found = bert_score(predictions, references, states_for(weights))
        return {
            "precision": found.precision.tolist(),
            "recall": found.recall.tolist(),
            "f1": found.f1.tolist(),
            "rescaled_f1": None if found.rescaled_f1 is None else found.rescaled_f1.tolist(),
            "signature": found.signature,
        }
