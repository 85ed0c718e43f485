"""What a run file says of a GGUF."""

from __future__ import annotations

from pathlib import Path

from benchmark.runfile import Model
from models.fetch import file_sha256
from models.gguf_info import read_gguf


def model_facts(model: str, path: Path) -> Model:
    """model: what the person named it. Raises BadModel where the file is no GGUF."""
    info = read_gguf(path)
    return Model(
        id=model,
        file=path.name,
        sha256=file_sha256(path),
        bytes=path.stat().st_size,
        architecture=info.architecture,
        quantisation=info.quantisation,
        name=info.name or "",
    )
