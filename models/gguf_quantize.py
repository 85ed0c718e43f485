"""A float GGUF in fewer bits, by llama.cpp itself."""

from __future__ import annotations

import ctypes
import os
from pathlib import Path
from typing import Any

from models.download import no_space, require_space
from models.errors import BadModel, ModelError
from models.gguf_info import read_gguf

#: `enum llama_ftype` of llama.h
FILE_TYPES = {
    "Q4_0": 2, "Q4_1": 3, "Q8_0": 7, "Q5_0": 8, "Q5_1": 9, "Q2_K": 10, "Q3_K_M": 12, "Q4_K_S": 14,
    "Q4_K_M": 15, "Q5_K_S": 16, "Q5_K_M": 17, "Q6_K": 18, "IQ4_NL": 25, "IQ4_XS": 30, "BF16": 32,
}  # fmt: skip


def quantize(source: Path, target: Path, kind: str, threads: int = 0) -> Path:
    """Quantise `source` (F32, F16 or BF16) to `kind`; `target` appears whole or not at all."""
    wanted = FILE_TYPES.get(kind)
    if wanted is None:
        raise BadModel(f"{kind}: no quantisation we make; expected one of {', '.join(FILE_TYPES)}")
    info = read_gguf(source)
    if info.is_adapter:
        raise BadModel(f"{source}: is an adapter; merge it first (`deescal export merge`)")
    if not set(info.tensor_types) <= {"F32", "F16", "BF16"}:
        raise BadModel(
            f"{source}: is quantised already ({info.quantisation}); give the F16 one: what is "
            "quantised twice loses twice"
        )
    require_space(target.parent, source.stat().st_size, f"quantising {source.name}")
    llama_cpp = quiet_llama_cpp()
    parameters = llama_cpp.llama_model_quantize_default_params()
    parameters.ftype = wanted
    parameters.nthread = threads
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        code = llama_cpp.llama_model_quantize(os.fsencode(source), os.fsencode(part), parameters)
        if code != 0 or not part.is_file():
            raise ModelError(f"{source}: llama.cpp could not quantise it to {kind} (code {code})")
        read_gguf(part)  # a full disk leaves a short file and no word
        part.replace(target)
    except OSError as problem:
        raise no_space(problem, f"quantising {source.name}", None) or ModelError(
            f"{target}: cannot be written ({problem})"
        ) from None
    finally:
        part.unlink(missing_ok=True)
    return target


def quiet_llama_cpp() -> Any:
    """The bindings, loaded with OpenMP's threads set to wait, and saying only what went wrong."""
    from models import engine

    llama_cpp: Any = vars(engine)["llama_cpp"]
    llama_cpp.llama_backend_init()
    llama_cpp.llama_log_set(vars(engine)["_on_log"], ctypes.c_void_p(0))
    return llama_cpp
