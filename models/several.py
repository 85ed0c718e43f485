"""Several continuations of one context at once: a few drafts in one batch, of which one is kept.

The sequences share the cache of what stands before them (llama.cpp's unified cache), so that a
batch of three costs far less than three drafts one after another: decoding is bound by memory.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import llama_cpp

from models.engine import CallTimings, Engine, Sampling
from models.errors import ModelError
from models.scores import log_probability


@dataclass
class Continuation:
    """One draft so far. ended: the model ended it itself; else it was stopped. log_probability: of its tokens, in
    nats, as the model has them before they are drawn from (at temperature 1, nothing cut off).
    """

    tokens: list[int] = field(default_factory=list)
    log_probability: float = 0.0
    ended: bool = False
    stopped: bool = False

    @property
    def open(self) -> bool:
        return not (self.ended or self.stopped)


class Several:
    """Draws continuations behind `prompt`; use as a context manager, `keep` at most one of them.

    samplings: one for each draft, with seeds of their own. The engine must have been opened with
    `EngineSettings.sequences` of at least as many. On leaving, the engine's tokens are those before
    the prompt, or, after `keep`, the prompt and the kept draft with them.
    """

    def __init__(
        self, engine: Engine, samplings: Sequence[Sampling], prompt: Sequence[int]
    ) -> None:
        if len(samplings) > engine.settings.sequences:
            raise ModelError(
                f"{len(samplings)} drafts at once, but the engine was opened for "
                f"{engine.settings.sequences}"
            )
        self._engine = engine
        self._samplings = samplings
        self._prompt = prompt
        self._before = len(engine.tokens)
        self._kept = False
        self.drafts = [Continuation() for _ in samplings]
        self.timings = CallTimings(n_cached=self._before)

    def __enter__(self) -> Several:
        return self

    def __exit__(self, *_: object) -> None:
        engine = self._engine
        base = self._before + len(self._prompt)
        for other in range(1, len(self.drafts)):
            llama_cpp.llama_memory_seq_rm(engine._memory, other, -1, -1)
        if not self._kept:
            if len(engine.tokens) >= base:  # seq 0 holds its draft behind the tokens we know of
                llama_cpp.llama_memory_seq_rm(engine._memory, 0, base, -1)
            with engine._one_call():
                engine._rewind(min(self._before, len(engine.tokens)))
        engine._logits_at = -1

    def draw(self, max_tokens: int, stop: Callable[[bytes], bool]) -> list[Continuation]:
        """Draw each draft until the model ends it, `stop` says so of its text, or `max_tokens`."""
        engine = self._engine
        with engine._one_call():
            began = time.perf_counter()
            engine._prefill(self._prompt)
            if engine._logits_at != len(engine.tokens):
                engine._draw_logits_again()
            base = len(engine.tokens)
            for other in range(1, len(self.drafts)):
                llama_cpp.llama_memory_seq_rm(engine._memory, other, -1, -1)
                llama_cpp.llama_memory_seq_cp(engine._memory, 0, other, 0, base)
            self.timings.prefill_ms = (time.perf_counter() - began) * 1000
            self.timings.n_prompt = base
            samplers = [engine._sampler(sampling) for sampling in self._samplings]
            texts = [b""] * len(self.drafts)
            rows = dict.fromkeys(range(len(self.drafts)), -1)  # draft -> row of its logits
            first = 0.0
            try:
                for step in range(min(max_tokens, engine.room // max(1, len(self.drafts)))):
                    fed: list[tuple[int, int]] = []
                    for number, row in rows.items():
                        token = llama_cpp.llama_sampler_sample(samplers[number], engine._ctx, row)
                        self.timings.n_generated += 1
                        draft = self.drafts[number]
                        if engine.is_end(token):
                            draft.ended = True
                            continue
                        draft.tokens.append(token)
                        draft.log_probability += log_probability(engine, row, token)
                        texts[number] += engine.piece(token)
                        draft.stopped = step + 1 == max_tokens or stop(texts[number])
                        fed.append((number, token))
                    now = time.perf_counter()
                    if step == 0:
                        first = now
                        self.timings.ttft_ms = (now - began) * 1000
                    self.timings.decode_ms = (now - first) * 1000
                    # A stopped draft is fed too: its cache is whole should it be the one that is kept.
                    if not fed:
                        break
                    self._feed(fed, base + step)
                    engine.between()
                    rows = {n: i for i, (n, _) in enumerate(fed) if self.drafts[n].open}
                    if not rows:
                        break
            finally:
                for sampler in samplers:
                    llama_cpp.llama_sampler_free(sampler)
                engine._logits_at = -1
        return self.drafts

    def keep(self, number: int) -> None:
        """Make this draft the engine's own continuation, behind the prompt."""
        engine, base = self._engine, len(self._engine.tokens)
        memory = engine._memory
        if number:
            llama_cpp.llama_memory_seq_rm(memory, 0, base, -1)
            llama_cpp.llama_memory_seq_cp(memory, number, 0, base, -1)
        engine.tokens.extend(self.drafts[number].tokens)
        engine._logits_at = -1
        self._kept = True

    def _feed(self, fed: Sequence[tuple[int, int]], position: int) -> None:
        engine, batch = self._engine, self._engine._batch
        batch.n_tokens = len(fed)
        for i, (number, token) in enumerate(fed):
            batch.token[i] = token
            batch.pos[i] = position
            batch.n_seq_id[i] = 1
            batch.seq_id[i][0] = number
            batch.logits[i] = True
        engine._use_threads(engine._draft_threads.next())
        began = time.perf_counter()
        code = llama_cpp.llama_decode(engine._ctx, batch)
        engine._draft_threads.took(time.perf_counter() - began)
        if code != 0:
            raise ModelError(f"llama.cpp could not decode {len(fed)} drafts (code {code})")
