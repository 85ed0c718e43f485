"""Sentences to vectors: MiniLM as int8 ONNX, on two threads, without torch."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.errors import BadModel
from models.hardware import default_threads

Vectors = NDArray[np.float32]
#: MiniLM's states after its fourth layer of six, by their name in the model: what its last layers can be
#: taught anew on (simulator/officer/attention.py).
INNER = "layer_norm_8"


def _with_output(model: bytes, name: str) -> bytes:
    """The ONNX model with one more output: in protobuf a message that comes twice is one, lists joined."""

    def field(number: int, content: bytes) -> bytes:
        return bytes([number << 3 | 2, len(content)]) + content

    graph, output, called = 7, 12, 1
    return model + field(graph, field(output, field(called, name.encode())))


class Embedder:
    """all-MiniLM-L6-v2: mean of the last hidden state over the attention mask, length 1.

    folder: holds `model.onnx` and `tokenizer.json`. Raises BadModel where either cannot be read.
    """

    width = 384

    def __init__(self, folder: Path) -> None:
        import onnxruntime
        from tokenizers import Tokenizer

        options = onnxruntime.SessionOptions()
        self.threads = options.intra_op_num_threads = min(2, default_threads())
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            # From a file: a model that is given as bytes stays in memory twice, 40 MB.
            with tempfile.NamedTemporaryFile(suffix=".onnx") as file:
                file.write(_with_output((folder / "model.onnx").read_bytes(), INNER))
                file.flush()
                self._session: Any = onnxruntime.InferenceSession(
                    file.name, options, providers=["CPUExecutionProvider"]
                )
            self._tokenizer: Any = Tokenizer.from_file(str(folder / "tokenizer.json"))
        except Exception as problem:  # both libraries raise bare exceptions of their own
            raise BadModel(
                f"{folder}: not an embedder ({str(problem).splitlines()[0]}); "
                "`deescal models verify embedder` looks closer"
            ) from None
        self._tokenizer.enable_truncation(128)
        self._tokenizer.enable_padding()

    def pieces(self, word: str) -> int:
        """Into how many pieces the tokeniser cuts a word: plain English mostly stays whole."""
        return len(self._tokenizer.encode(word, add_special_tokens=False).tokens)

    def embed(self, texts: Sequence[str]) -> Vectors:
        """(n, 384) unit vectors, one for each text."""
        rows = []
        for hidden, mask in self._states(texts):
            weights = mask[:, :, None].astype(np.float32)
            mean = (hidden * weights).sum(axis=1) / weights.sum(axis=1)
            rows.append(mean / np.linalg.norm(mean, axis=1, keepdims=True))
        if not rows:
            return np.zeros((0, self.width), dtype=np.float32)
        return np.concatenate(rows).astype(np.float32)

    def token_states(self, texts: Sequence[str]) -> list[Vectors]:
        """(tokens, 384) of the last layer for each text, the marks at both ends included."""
        return [
            hidden[row][mask[row].astype(bool)].astype(np.float32)
            for hidden, mask in self._states(texts)
            for row in range(len(hidden))
        ]

    def _states(self, texts: Sequence[str]) -> Iterator[tuple[Vectors, NDArray[np.int64]]]:
        """(batch, tokens, 384) and the attention mask, sixteen texts at a time."""
        for at in range(0, len(texts), 16):
            batch = self._tokenizer.encode_batch(list(texts[at : at + 16]))
            ids = np.array([e.ids for e in batch], dtype=np.int64)
            mask = np.array([e.attention_mask for e in batch], dtype=np.int64)
            (hidden,) = self._session.run(
                ["last_hidden_state"],
                {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)},
            )
            yield hidden, mask
