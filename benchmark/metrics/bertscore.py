"""BERTScore (Zhang et al. 2020): each word's nearest neighbour in the other reply, by the states of a BERT.

Our own computation of what the package `bert-score` computes, so that it runs offline, on a folder of weights named by
their hash, and on MiniLM without torch. No idf. Which model it was stands in the score: numbers of two models do not
compare.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from benchmark.metrics.errors import MetricMissing

Floats = NDArray[np.float32]

#: Layers that `bert-score` takes of each model (by correlation with people on WMT16), and for MiniLM its last.
LAYERS = {"roberta-large": 17, "minilm-l6-v2": 6, "minilm-l6-v2-int8": 6}
#: Chance level of precision, recall and F1, from random pairs of sentences: bert-score's
#: rescale_baseline/en/roberta-large.tsv, layer 17.
BASELINES = {"roberta-large": (0.83150584, 0.8314941, 0.83122575)}


@dataclass(frozen=True)
class BertScores:
    """(n,) each. rescaled_f1: (F1 - chance) / (1 - chance), or None where no chance level is known for the model."""

    precision: Floats
    recall: Floats
    f1: Floats
    rescaled_f1: Floats | None
    signature: str


class States(Protocol):
    """A BERT. `name`: the model's id; `sha256`: of its weights; `layer`: whose states these are."""

    name: str
    sha256: str
    layer: int

    def of(self, texts: Sequence[str]) -> list[tuple[Floats, NDArray[np.bool_]]]:
        """For each text the states (tokens, width) of its tokens, and which of them are words of the text."""
        ...


def bert_score(predictions: Sequence[str], references: Sequence[str], states: States) -> BertScores:
    """An empty reply scores 0 on all three, as in bert-score."""
    found = {}
    texts = list(dict.fromkeys([*predictions, *references]))
    for text, (rows, words) in zip(texts, states.of(texts), strict=True):
        found[text] = (rows / np.linalg.norm(rows, axis=1, keepdims=True), words)
    scores = np.array(
        [
            _pair(*found[said], *found[real])
            for said, real in zip(predictions, references, strict=True)
        ],
        dtype=np.float32,
    ).reshape(-1, 3)
    baseline = BASELINES.get(states.name)
    rescaled = None if baseline is None else (scores[:, 2] - baseline[2]) / (1 - baseline[2])
    signature = f"{states.name}_L{states.layer}_no-idf|sha256:{states.sha256[:12]}"
    return BertScores(scores[:, 0], scores[:, 1], scores[:, 2], rescaled, signature)


def _pair(
    said: Floats, said_words: NDArray[np.bool_], real: Floats, real_words: NDArray[np.bool_]
) -> tuple[float, float, float]:
    """Precision, recall, F1 of unit rows. The marks at both ends are no words, but a word may be nearest to them."""
    if not said_words.any() or not real_words.any():
        return 0.0, 0.0, 0.0
    near = said @ real.T
    precision = float(near.max(axis=1)[said_words].mean())
    recall = float(near.max(axis=0)[real_words].mean())
    return precision, recall, 2 * precision * recall / (precision + recall)


class OnnxStates:
    """The int8 MiniLM that `play` uses: no torch, last layer only."""

    def __init__(self, folder: Path) -> None:
        from models.embedder import Embedder
        from models.store import sha256_of

        self.name, self.layer = "minilm-l6-v2-int8", LAYERS["minilm-l6-v2-int8"]
        self.sha256 = sha256_of(folder / "model.onnx")
        self._embedder = Embedder(folder)

    def of(self, texts: Sequence[str]) -> list[tuple[Floats, NDArray[np.bool_]]]:
        found = []
        for text in texts:  # one by one: int8 states depend on what else is in the batch
            (rows,) = self._embedder.token_states([text.strip()])
            words = np.ones(len(rows), dtype=bool)
            words[0] = words[-1] = False
            found.append((rows, words))
        return found


class TorchStates:
    """A folder of transformers weights, in float32. Raises MetricMissing where torch or the weights are not here."""

    #: Tokens of a text that are looked at: what the models were made for.
    _MOST = 512

    def __init__(self, folder: Path, name: str, layer: int) -> None:
        try:
            import torch
            import transformers
        except ImportError:
            raise MetricMissing(
                f"{name} needs torch and transformers: pip install 'deescalwild-simulator[bertscore]' "
                "(or --bertscore embedder, which needs neither)"
            ) from None
        from models.store import sha256_of

        transformers.logging.set_verbosity_error()
        transformers.logging.disable_progress_bar()
        weights = next(
            (
                folder / n
                for n in ("model.safetensors", "pytorch_model.bin")
                if (folder / n).is_file()
            ),
            None,
        )
        if weights is None:
            raise MetricMissing(f"{folder}: holds no model.safetensors")
        self.name, self.layer, self.sha256 = name, layer, sha256_of(weights)
        self._torch = torch
        try:
            self._tokenizer: Any = transformers.AutoTokenizer.from_pretrained(str(folder))
            self._model: Any = transformers.AutoModel.from_pretrained(
                str(folder), dtype=torch.float32, attn_implementation="eager"
            )
        except (OSError, ValueError) as problem:
            raise MetricMissing(f"{folder}: {str(problem).splitlines()[0]}") from None
        self._model.eval()
        if not 1 <= layer <= self._model.config.num_hidden_layers:
            raise MetricMissing(f"{folder}: has no layer {layer}")

    def _begun(self, text: str) -> str:
        """As bert-score begins a text: for RoBERTa with a space, so that its first word is one like the others.

        Under transformers 5 the package asks for it in vain; its chance levels were made with it.
        """
        text = text.strip()
        return f" {text}" if text and self._model.config.model_type == "roberta" else text

    def of(self, texts: Sequence[str]) -> list[tuple[Floats, NDArray[np.bool_]]]:
        torch = self._torch
        found: dict[int, tuple[Floats, NDArray[np.bool_]]] = {}
        ids = [
            self._tokenizer(self._begun(text), truncation=True, max_length=self._MOST)["input_ids"]
            for text in texts
        ]
        ends = {self._tokenizer.cls_token_id, self._tokenizer.sep_token_id}
        order = sorted(range(len(ids)), key=lambda at: len(ids[at]))
        for start in range(0, len(order), 16):
            batch = order[start : start + 16]
            longest = max(len(ids[at]) for at in batch)
            padded = torch.full((len(batch), longest), self._tokenizer.pad_token_id)
            mask = torch.zeros((len(batch), longest), dtype=torch.long)
            for row, at in enumerate(batch):
                padded[row, : len(ids[at])] = torch.tensor(ids[at])
                mask[row, : len(ids[at])] = 1
            with torch.no_grad():
                out = self._model(padded, attention_mask=mask, output_hidden_states=True)
            states = out.hidden_states[self.layer].numpy()
            for row, at in enumerate(batch):
                words = np.array([token not in ends for token in ids[at]])
                found[at] = (states[row, : len(ids[at])].astype(np.float32), words)
        return [found[at] for at in range(len(texts))]


def states_for(which: str) -> States:
    """`minilm` (float32, torch), `embedder` (int8, no torch), `roberta-large`, or a folder of weights.

    Raises MetricMissing where it is not on this machine.
    """
    from models.errors import DeescalError
    from models.fetch import is_installed, model_path

    if which == "embedder":
        try:
            return OnnxStates(model_path("embedder"))
        except DeescalError as problem:
            raise MetricMissing(str(problem)) from None
    known = {"minilm": "minilm-l6-v2", "roberta-large": "roberta-large"}.get(which)
    if known is None:
        folder = Path(which)
        if not folder.is_dir():
            raise MetricMissing(f"{which}: no such folder of weights")
        import json

        layers = json.loads((folder / "config.json").read_text("utf-8")).get("num_hidden_layers", 1)
        name = "roberta-large" if folder.name == "roberta-large" else folder.name
        return TorchStates(folder, name, LAYERS.get(name, layers))
    if not is_installed(known):
        raise MetricMissing(f"the weights are not here: deescal models pull {known}")
    return TorchStates(model_path(known), known, LAYERS[known])
