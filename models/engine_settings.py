"""How an engine's context is made, and what a call on it cost."""

from __future__ import annotations

from dataclasses import dataclass, replace

from models.hardware import default_threads
from models.tuned import tuned

#: Where nothing was tuned: as fast as 512 on two cores (325 and 313 tokens/s), cancelled in a quarter
#: of the time, and less memory to compute in.
_SLICE = 128


@dataclass(frozen=True)
class EngineSettings:
    """How a context is made. Part of the key of a prefix state on disk.

    threads: at most; a token is decoded on fewer while other work wants the cores.
    sequences: drafts that can be drawn at once (models/several.py).
    slice_tokens: prefill goes in slices of this many tokens; between two it can be cancelled.
    0 of threads or slice_tokens: what `deescal models tune` measured here, else a default.
    flash_attention: 0 off, 1 on, -1 off on the processor and llama.cpp's choice on a GPU. On the
    processor its kernel is slow for fewer than 64 tokens at once, behind a long prompt: 135M after
    1,000 tokens, 2 threads, a decoded token 25 ms with it and 14 without, 24 tokens 404 and 126.
    """

    n_ctx: int = 4096
    threads: int = 0
    slice_tokens: int = 0
    flash_attention: int = -1
    gpu_layers: int = 0
    lora: str = ""
    sequences: int = 1

    def resolved(self) -> EngineSettings:
        flash = self.flash_attention
        measured = tuned()
        return replace(
            self,
            threads=self.threads or (measured.threads if measured else default_threads()),
            slice_tokens=self.slice_tokens or (measured.slice_tokens if measured else _SLICE),
            flash_attention=0 if flash == -1 and self.gpu_layers == 0 else flash,
        )


@dataclass
class CallTimings:
    """What one `generate` cost, the prefill that it still had to do included.

    n_prompt: tokens in the context when the first token was drawn; n_cached: those that were
        already in the cache when the turn was asked for; ttft_ms: from the call to the first token.
    """

    n_prompt: int = 0
    n_cached: int = 0
    prefill_ms: float = 0.0
    ttft_ms: float = 0.0
    n_generated: int = 0
    decode_ms: float = 0.0

    @property
    def decode_tokens_per_s(self) -> float:
        """Tokens after the first, per second; 0 where there was no second token."""
        return (self.n_generated - 1) * 1000 / self.decode_ms if self.decode_ms > 0 else 0.0
