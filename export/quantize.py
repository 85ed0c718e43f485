"""Quantised files are named by the types that really came out.

K-quants need rows of a multiple of 256; where a model's are not (576 in SmolLM2), llama.cpp takes
another type without a word. So the name is read off the tensors afterwards.
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

from models.gguf_edit import open_gguf


def real_name(path: Path, asked: str) -> str:
    """What a quantised file should be called: as asked, or with the type most of its bytes have.

    `Q4_K_M` of SmolLM2-135M has most of its bytes in Q5_0 and comes out as `Q4_K_M-mostly-Q5_0`.
    """
    most = max(bytes_by_type(path).items(), key=lambda item: item[1])[0]
    return asked if asked.startswith(most) else f"{asked}-mostly-{most}"


def bytes_by_type(path: Path) -> dict[str, int]:
    """Bytes of the matrices of a GGUF by tensor type, the token embeddings left out."""
    sizes: dict[str, int] = defaultdict(int)
    for tensor in open_gguf(path).tensors:
        if len(tensor.shape) > 1 and tensor.name not in ("token_embd.weight", "output.weight"):
            sizes[tensor.tensor_type.name] += int(tensor.n_bytes)
    return dict(sizes)
