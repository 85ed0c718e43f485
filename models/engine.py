"""One llama.cpp context behind tokens in / tokens out.

Python owns the list of tokens, llama.cpp their key-value cache; the two are always the same length.
Everything is append-only: `prefill` adds, `rewind` takes off the end, `drop` closes a gap behind
the system message.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from models.decode_threads import DecodeThreads, barrier_spins
from models.engine_settings import CallTimings, EngineSettings
from models.errors import BadModel, ModelError
from models.sampling import Sampling, sampler

# How long an OpenMP thread spins at a barrier before it sleeps. To sleep at once (OMP_WAIT_POLICY=
# passive) halves decoding on idle cores; libgomp's own 300000 lets programs that compute side by
# side starve each other, down to 0.3 tokens/s. See models/decode_threads.py. It is read when
# llama.cpp is loaded, so it stands before the import.
os.environ.setdefault("GOMP_SPINCOUNT", barrier_spins())

import llama_cpp

__all__ = ["CallTimings", "Cancelled", "Engine", "EngineSettings", "Sampling"]

_GGML_LOG_LEVEL_ERROR = 4  # ggml.h; the bindings do not name it

#: What llama.cpp last complained of, so that our one line can say it.
_complaints: list[str] = []


@llama_cpp.llama_log_callback  # type: ignore[untyped-decorator]
def _on_log(level: int, text: bytes, _: ctypes.c_void_p) -> None:
    if level == _GGML_LOG_LEVEL_ERROR:
        _complaints.append(text.decode("utf-8", "replace").strip())
        del _complaints[:-5]


Cancelled = Callable[[], bool]


def _never() -> bool:
    return False


def _nothing() -> None:
    pass


class Engine:
    """A GGUF model and one context on it. One call at a time, from whichever thread.

    Raises BadModel for a file that llama.cpp cannot load, ModelError where a call fails.
    """

    def __init__(self, gguf: Path, settings: EngineSettings | None = None) -> None:
        if not gguf.is_file():
            raise BadModel(
                f"{gguf}: there is no such model file; `deescal models list` shows what is"
            )
        self.path = gguf
        self.settings = (settings or EngineSettings()).resolved()
        self.tokens: list[int] = []
        self.last = CallTimings()
        #: Called between the slices and the tokens of every call. What it raises ends the call there,
        #: and what was computed until then stays: so a voice session gives up an answer at once.
        self.between: Callable[[], None] = _nothing
        #: Cores that other work of the same person wants now: threads are fewer by so many.
        self.left_cores = 0
        self._busy = threading.Lock()
        self._logits_at = -1  # length of `tokens` for which the context holds logits
        self._lora: Any = None
        self._open()

    def _open(self) -> None:
        llama_cpp.llama_backend_init()
        llama_cpp.llama_log_set(_on_log, ctypes.c_void_p(0))
        _complaints.clear()
        wanted = llama_cpp.llama_model_default_params()
        wanted.n_gpu_layers = self.settings.gpu_layers
        self._model = llama_cpp.llama_model_load_from_file(os.fsencode(self.path), wanted)
        if not self._model:
            why = _complaints[0] if _complaints else "llama.cpp gave no reason"
            raise BadModel(f"{self.path}: not a GGUF that llama.cpp can load ({why})")
        try:
            self._open_context()
        except ModelError:
            self.close()
            raise

    def _open_context(self) -> None:
        settings = self.settings
        wanted = llama_cpp.llama_context_default_params()
        wanted.n_ctx = min(settings.n_ctx, llama_cpp.llama_model_n_ctx_train(self._model))
        wanted.n_batch = wanted.n_ubatch = settings.slice_tokens
        wanted.n_seq_max = settings.sequences
        wanted.kv_unified = True  # drafts share the cache of what stands before them
        wanted.n_threads = wanted.n_threads_batch = settings.threads
        wanted.flash_attn_type = settings.flash_attention
        wanted.swa_full = True  # a sliding-window cache cannot be rewound
        wanted.no_perf = False  # llama.cpp's own clock: the benchmark sets it beside ours
        self._ctx = llama_cpp.llama_init_from_model(self._model, wanted)
        if not self._ctx:
            why = _complaints[-1] if _complaints else "out of memory?"
            raise ModelError(
                f"{self.path}: no context of {wanted.n_ctx} tokens could be made ({why})"
            )
        self._memory = llama_cpp.llama_get_memory(self._ctx)
        self._vocab = llama_cpp.llama_model_get_vocab(self._model)
        self.n_vocab: int = llama_cpp.llama_vocab_n_tokens(self._vocab)
        self.n_ctx: int = llama_cpp.llama_n_ctx(self._ctx)
        self._decode_threads = DecodeThreads(settings.threads)
        self._draft_threads = DecodeThreads(settings.threads)  # several tokens at once take longer
        self._batch = llama_cpp.llama_batch_init(settings.slice_tokens, 0, 1)
        if settings.lora:
            self._add_lora(Path(settings.lora))

    def _add_lora(self, adapter: Path) -> None:
        self._lora = llama_cpp.llama_adapter_lora_init(self._model, os.fsencode(adapter))
        if not self._lora:
            why = _complaints[0] if _complaints else "no reason given"
            raise BadModel(f"{adapter}: this adapter does not fit {self.path.name} ({why})")
        scales = (ctypes.c_float * 1)(1.0)
        adapters = (llama_cpp.llama_adapter_lora_p_ctypes * 1)(self._lora)
        if llama_cpp.llama_set_adapters_lora(self._ctx, adapters, 1, scales) != 0:
            raise BadModel(f"{adapter}: llama.cpp refused the adapter for {self.path.name}")

    # -- what the model says of itself

    def metadata(self, key: str) -> str | None:
        """A value of the GGUF's metadata, such as `general.name` or `tokenizer.chat_template`."""
        room = 64 * 1024
        buffer = ctypes.create_string_buffer(room)
        n = llama_cpp.llama_model_meta_val_str(self._model, key.encode(), buffer, room)
        return buffer.value.decode("utf-8", "replace") if n >= 0 else None

    def size_bytes(self) -> int:
        return int(llama_cpp.llama_model_size(self._model))

    def is_end(self, token: int) -> bool:
        """Whether the token ends a turn or the text."""
        return bool(llama_cpp.llama_vocab_is_eog(self._vocab, token))

    def bos(self) -> int | None:
        """The token that begins a text, where the model wants one."""
        if not llama_cpp.llama_vocab_get_add_bos(self._vocab):
            return None
        return int(llama_cpp.llama_vocab_bos(self._vocab))

    def eos(self) -> int:
        """The token that ends a text: some chat templates write it after each turn."""
        return int(llama_cpp.llama_vocab_eos(self._vocab))

    def tokenize(self, text: str, special: bool = False) -> list[int]:
        """Tokens of `text`. special: control tokens written out in it count as such (templates
        only).
        """
        raw = text.encode("utf-8", "replace")
        room = len(raw) + 8
        buffer = (llama_cpp.llama_token * room)()
        n = llama_cpp.llama_tokenize(self._vocab, raw, len(raw), buffer, room, False, special)
        if n < 0:
            raise ModelError(f"could not tokenise {len(raw)} bytes")
        return list(buffer[:n])

    def piece(self, token: int) -> bytes:
        """The bytes of one token; may be part of a UTF-8 character. Control tokens give nothing."""
        buffer = ctypes.create_string_buffer(256)
        n = llama_cpp.llama_token_to_piece(self._vocab, token, buffer, 256, 0, False)
        return buffer.raw[: max(n, 0)]

    def detokenize(self, tokens: Sequence[int]) -> str:
        return b"".join(map(self.piece, tokens)).decode("utf-8", "replace")

    # -- the token list

    @property
    def room(self) -> int:
        """How many tokens still fit."""
        return self.n_ctx - len(self.tokens)

    def prefill(self, tokens: Sequence[int], cancelled: Cancelled = _never) -> int:
        """Append tokens to the context; returns how many went in before it was cancelled.

        Raises ModelError where they do not fit.
        """
        with self._one_call():
            return self._prefill(tokens, cancelled)

    def _prefill(self, tokens: Sequence[int], cancelled: Cancelled = _never) -> int:
        if len(tokens) > self.room:
            raise ModelError(
                f"{len(tokens)} tokens do not fit: {self.room} of {self.n_ctx} are left"
            )
        step = self.settings.slice_tokens
        for at in range(0, len(tokens), step):
            self.between()
            self._use_threads(self.settings.threads)
            if at and cancelled():
                return at
            self._decode(tokens[at : at + step], logits=at + step >= len(tokens))
        return len(tokens)

    def _decode(self, tokens: Sequence[int], logits: bool = True) -> None:
        """Compute one slice. logits: of its last token; the slices before the last need none."""
        batch, start, n = self._batch, len(self.tokens), len(tokens)
        batch.n_tokens = n
        for i, token in enumerate(tokens):
            batch.token[i] = token
            batch.pos[i] = start + i
            batch.n_seq_id[i] = 1
            batch.seq_id[i][0] = 0
            batch.logits[i] = logits and i == n - 1
        code = llama_cpp.llama_decode(self._ctx, batch)
        if code != 0:
            llama_cpp.llama_memory_seq_rm(self._memory, 0, start, -1)
            self._logits_at = -1
            raise ModelError(f"llama.cpp could not decode {n} tokens at {start} (code {code})")
        self.tokens.extend(tokens)
        self._logits_at = len(self.tokens) if logits else -1

    def _decode_one(self, token: int) -> None:
        threads = self._decode_threads.next()
        self._use_threads(threads)
        began = time.perf_counter()
        self._decode([token])
        self._decode_threads.took(time.perf_counter() - began)

    def _use_threads(self, most: int) -> None:
        threads = max(1, min(most, self.settings.threads - self.left_cores))
        llama_cpp.llama_set_n_threads(self._ctx, threads, threads)

    def rewind(self, n_tokens: int) -> None:
        """Keep only the first `n_tokens` tokens."""
        if not 0 <= n_tokens <= len(self.tokens):
            raise ModelError(f"cannot rewind to {n_tokens}: there are {len(self.tokens)} tokens")
        with self._one_call():
            self._rewind(n_tokens)

    def _rewind(self, n_tokens: int) -> None:
        if n_tokens == len(self.tokens):
            return
        if not llama_cpp.llama_memory_seq_rm(self._memory, 0, n_tokens, -1):
            # Recurrent models keep no history: start over, honestly and slowly.
            kept = self.tokens[:n_tokens]
            llama_cpp.llama_memory_clear(self._memory, True)
            self.tokens = []
            self._prefill(kept)
            return
        del self.tokens[n_tokens:]

    def drop(self, start: int, end: int) -> None:
        """Take tokens [start, end) out and close the gap: one cache shift, nothing is computed
        again.
        """
        if not 0 <= start <= end <= len(self.tokens):
            raise ModelError(f"cannot drop [{start}, {end}): there are {len(self.tokens)} tokens")
        with self._one_call():
            if llama_cpp.llama_memory_can_shift(self._memory):
                llama_cpp.llama_memory_seq_rm(self._memory, 0, start, end)
                llama_cpp.llama_memory_seq_add(self._memory, 0, end, -1, start - end)
                del self.tokens[start:end]
                self._logits_at = -1
            else:
                rest = self.tokens[end:]
                self._rewind(start)
                self._prefill(rest)

    def generate(
        self,
        sampling: Sampling,
        max_tokens: int,
        prompt: Sequence[int] = (),
        cancelled: Cancelled = _never,
    ) -> Iterator[int]:
        """Prefill `prompt`, then draw up to `max_tokens` tokens, each appended to the context.

        Ends at an end-of-turn token (not yielded, not appended), at `max_tokens`, where the context
        is full, or when cancelled. `last` holds the timings once the first token is out.
        """
        with self._one_call():
            began = time.perf_counter()
            timings = self.last = CallTimings(n_cached=len(self.tokens))
            if self._prefill(prompt, cancelled) < len(prompt):
                return
            if self._logits_at != len(self.tokens):
                self._draw_logits_again()
            drawing = self._sampler(sampling)
            try:
                timings.prefill_ms = (time.perf_counter() - began) * 1000
                timings.n_prompt = len(self.tokens)
                first = 0.0
                for _ in range(min(max_tokens, self.room)):
                    token = llama_cpp.llama_sampler_sample(drawing, self._ctx, -1)
                    now = time.perf_counter()
                    timings.n_generated += 1
                    if timings.n_generated == 1:
                        first = now
                        timings.ttft_ms = (now - began) * 1000
                    timings.decode_ms = (now - first) * 1000
                    if self.is_end(token) and not sampling.never_ends:
                        return
                    self._decode_one(token)
                    self.between()
                    yield token
                    if cancelled():
                        return
            finally:
                llama_cpp.llama_sampler_free(drawing)

    def _draw_logits_again(self) -> None:
        """After a rewind, a shift or a load there are no logits: decode the last token once
        more.
        """
        if not self.tokens:
            raise ModelError("nothing to continue: the context is empty")
        token = self.tokens[-1]
        self._rewind(len(self.tokens) - 1)
        self._decode([token])

    def _sampler(self, sampling: Sampling) -> Any:
        return sampler(sampling, self._vocab, self.tokens, self.n_ctx)

    # -- prefix state on disk

    def prefix_key(self, model_sha256: str, tokens: Sequence[int]) -> str:
        """Name of the state of these tokens for this model, these settings and this llama.cpp."""
        settings = asdict(self.settings)
        parts = (model_sha256, repr(list(tokens)), repr(settings), llama_cpp.__version__)
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]

    def save_prefix(self, path: Path) -> None:
        """Write the cache of the present tokens; atomic."""
        with self._one_call():
            path.parent.mkdir(parents=True, exist_ok=True)
            part = path.with_name(f"{path.name}.{os.getpid()}.part")
            tokens = (llama_cpp.llama_token * len(self.tokens))(*self.tokens)
            wrote = llama_cpp.llama_state_seq_save_file(
                self._ctx, os.fsencode(part), 0, tokens, len(self.tokens)
            )
            if wrote == 0:
                part.unlink(missing_ok=True)
                raise ModelError(f"{path}: the prefix state could not be written (disk full?)")
            part.replace(path)

    def load_prefix(self, path: Path, tokens: Sequence[int]) -> bool:
        """Begin with the saved cache of `tokens`; False (and an empty context) where it does not
        fit them.
        """
        with self._one_call():
            self._rewind(0)
            if not path.is_file():
                return False
            room = len(tokens) + 1
            buffer = (llama_cpp.llama_token * room)()
            n = ctypes.c_size_t(0)
            read = llama_cpp.llama_state_seq_load_file(
                self._ctx, os.fsencode(path), 0, buffer, room, ctypes.byref(n)
            )
            if read == 0 or list(buffer[: n.value]) != list(tokens):
                llama_cpp.llama_memory_clear(self._memory, True)
                return False
            self.tokens = list(tokens)
            self._logits_at = -1
            return True

    # -- life

    def _one_call(self) -> _OneCall:
        return _OneCall(self._busy)

    def close(self) -> None:
        """Free the context and the model. Calls after it are errors."""
        if getattr(self, "_ctx", None):
            llama_cpp.llama_batch_free(self._batch)
            llama_cpp.llama_free(self._ctx)
            self._ctx = None
        if getattr(self, "_model", None):
            llama_cpp.llama_model_free(self._model)
            self._model = None

    def __enter__(self) -> Engine:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _OneCall:
    """Refuses a second call while one runs: llama.cpp contexts are not thread-safe."""

    def __init__(self, busy: threading.Lock) -> None:
        self._busy = busy

    def __enter__(self) -> None:
        if not self._busy.acquire(blocking=False):
            raise ModelError(
                "the engine is busy: one call at a time (finish or close the generator)"
            )

    def __exit__(self, *_: object) -> None:
        self._busy.release()
