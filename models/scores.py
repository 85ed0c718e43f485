"""What a GGUF thinks of given tokens: log-probabilities at chosen positions, through llama.cpp."""

from __future__ import annotations

import ctypes
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.errors import BadModel, ModelError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from models.engine import Engine

    Floats = NDArray[np.float32]


class Scorer:
    """One model and one context; every call begins anew. Context length is given by the caller."""

    def __init__(self, gguf: Path, n_ctx: int, threads: int = 0) -> None:
        from models.gguf_info import read_gguf
        from models.gguf_quantize import quiet_llama_cpp
        from models.hardware import default_threads

        read_gguf(gguf)
        llama_cpp = quiet_llama_cpp()
        self._llama = llama_cpp
        llama_cpp.llama_backend_init()
        wanted = llama_cpp.llama_model_default_params()
        wanted.n_gpu_layers = 0
        self._model = llama_cpp.llama_model_load_from_file(os.fsencode(gguf), wanted)
        if not self._model:
            raise BadModel(f"{gguf}: llama.cpp cannot load it")
        context = llama_cpp.llama_context_default_params()
        context.n_ctx = n_ctx
        context.n_batch = context.n_ubatch = 128
        context.n_threads = context.n_threads_batch = threads or default_threads()
        context.no_perf = True
        self._ctx = llama_cpp.llama_init_from_model(self._model, context)
        if not self._ctx:
            raise ModelError(f"{gguf}: no context of {n_ctx} tokens could be made (out of memory?)")
        self._vocab = llama_cpp.llama_model_get_vocab(self._model)
        self.n_vocab: int = llama_cpp.llama_vocab_n_tokens(self._vocab)

    def tokenize(self, text: str, special: bool = False) -> list[int]:
        raw = text.encode("utf-8", "replace")
        room = len(raw) + 8
        buffer = (self._llama.llama_token * room)()
        n = self._llama.llama_tokenize(self._vocab, raw, len(raw), buffer, room, False, special)
        if n < 0:
            raise ModelError(f"could not tokenise {len(raw)} bytes")
        return list(buffer[:n])

    def log_probabilities(self, tokens: Sequence[int], at: Sequence[int]) -> Floats:
        """[len(at), n_vocab] of what comes after each position in `at`, in rising order."""
        import numpy as np

        llama = self._llama
        llama.llama_memory_clear(llama.llama_get_memory(self._ctx), True)
        wanted = set(at)
        batch = llama.llama_batch_init(128, 0, 1)
        rows: list[Any] = []
        try:
            for start in range(0, len(tokens), 128):
                part = tokens[start : start + 128]
                batch.n_tokens = len(part)
                for i, token in enumerate(part):
                    batch.token[i] = token
                    batch.pos[i] = start + i
                    batch.n_seq_id[i] = 1
                    batch.seq_id[i][0] = 0
                    batch.logits[i] = (start + i) in wanted
                if llama.llama_decode(self._ctx, batch) != 0:
                    raise ModelError(f"llama.cpp could not decode {len(tokens)} tokens")
                for i in range(len(part)):
                    if batch.logits[i]:
                        pointer = llama.llama_get_logits_ith(self._ctx, i)
                        address = ctypes.cast(pointer, ctypes.POINTER(ctypes.c_float))
                        rows.append(np.ctypeslib.as_array(address, (self.n_vocab,)).copy())
        finally:
            llama.llama_batch_free(batch)
        return log_softmax(np.stack(rows))

    def close(self) -> None:
        if self._ctx:
            self._llama.llama_free(self._ctx)
            self._llama.llama_model_free(self._model)
            self._ctx = self._model = None

    def __enter__(self) -> Scorer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def following(engine: Engine, tokens: Sequence[int]) -> list[float]:
    """The log-probability, in nats, of each token given what stands in the engine's context before it.

    What stands there is not computed again, but for its last token. Afterwards all of `tokens` but the
    last stands in the context too. Raises ModelError where there is nothing before them or no room.
    """
    import llama_cpp

    if not engine.tokens or len(tokens) > engine.room:
        raise ModelError(f"{len(tokens)} tokens cannot be scored behind {len(engine.tokens)}")
    given = [engine.tokens[-1], *tokens][:-1]
    engine.rewind(len(engine.tokens) - 1)
    found: list[float] = []
    step = engine.settings.slice_tokens
    batch = engine._batch
    for at in range(0, len(given), step):
        part, start = given[at : at + step], len(engine.tokens)
        batch.n_tokens = len(part)
        for i, token in enumerate(part):
            batch.token[i] = token
            batch.pos[i] = start + i
            batch.n_seq_id[i] = 1
            batch.seq_id[i][0] = 0
            batch.logits[i] = True
        if llama_cpp.llama_decode(engine._ctx, batch) != 0:
            raise ModelError(f"llama.cpp could not decode {len(part)} tokens at {start}")
        engine.tokens.extend(part)
        engine._logits_at = len(engine.tokens)
        for i, target in enumerate(tokens[at : at + step]):
            found.append(log_probability(engine, i, target))
    return found


def log_probability(engine: Engine, row: int, token: int) -> float:
    """The log-probability, in nats, of `token` at this row of the newest batch that was computed (-1: its last)."""
    import llama_cpp
    import numpy as np

    address = ctypes.cast(
        llama_cpp.llama_get_logits_ith(engine._ctx, row), ctypes.POINTER(ctypes.c_float)
    )
    logits = np.ctypeslib.as_array(address, (engine.n_vocab,)).astype(np.float64)
    top = logits.max()
    return float(logits[token] - top - np.log(np.exp(logits - top).sum()))


def log_softmax(logits: Floats) -> Floats:
    import numpy as np

    shifted = logits - logits.max(axis=-1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True)), np.float32)


def speed(gguf: Path, tokens: Sequence[int], n_decode: int = 32) -> tuple[float, float]:
    """Prefill and decode, tokens a second, with play's own engine; the better of two rounds."""
    from models.engine import Engine, EngineSettings, Sampling

    prompt = list(tokens)[:384]
    best_prefill = best_decode = 0.0
    with Engine(gguf, EngineSettings(n_ctx=512)) as engine:
        for _ in range(2):
            engine.rewind(0)
            began = time.perf_counter()
            engine.prefill(prompt)
            best_prefill = max(best_prefill, len(prompt) / (time.perf_counter() - began))
            for _token in engine.generate(Sampling(temperature=0.0), n_decode):
                pass
            best_decode = max(best_decode, engine.last.decode_tokens_per_s)
    return best_prefill, best_decode
