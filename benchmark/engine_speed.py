"""The engine against a bare `llama_cpp.Llama.generate` loop: same weights, threads, context and attention, greedy.

The two take turns in one process, a short piece each, and what counts is the middle of the ratios of neighbours: what
the machine does meanwhile falls on both.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from benchmark.errors import BenchmarkError
from benchmark.statistics import median_interval
from benchmark.workload import EngineWorkload
from models.engine import Engine, Sampling

#: llama-cpp-python's own default, and llama-bench's.
_BARE_BATCH = 512
#: A ratio is known well enough when its 95 % interval is no wider than this to either side.
_NARROW = 0.02
#: Until then, pairs are measured on: at most so many times what was asked.
_MOST_TIMES = 4
_GREEDY = Sampling(temperature=0.0, repeat_penalty=1.0, never_ends=True)
Step = Callable[[], None]


@dataclass
class Rates:
    """Tokens a second of neighbouring pieces: the nth of ours was taken beside the nth of the bare loop."""

    ours: list[float] = field(default_factory=list)
    bare: list[float] = field(default_factory=list)

    @property
    def ratios(self) -> list[float]:
        return [ours / bare for ours, bare in zip(self.ours, self.bare, strict=True)]


@dataclass
class SpeedSamples:
    prefill: Rates = field(default_factory=Rates)
    decode: Rates = field(default_factory=Rates)
    same_tokens: bool = True  # both drew the same greedy tokens in every piece


def bare_loop(engine: Engine) -> Any:
    """A `llama_cpp.Llama` on the engine's file and with the engine's settings; its own defaults otherwise."""
    import llama_cpp

    settings = engine.settings
    return llama_cpp.Llama(
        str(engine.path),
        n_ctx=engine.n_ctx,
        n_batch=_BARE_BATCH,
        n_ubatch=_BARE_BATCH,
        n_threads=settings.threads,
        n_threads_batch=settings.threads,
        n_gpu_layers=settings.gpu_layers,
        # llama.cpp's own choice (-1, left only on a GPU) is on wherever the backend can.
        flash_attn=settings.flash_attention != 0,
        verbose=False,
    )


def prompt_of(engine: Engine, workload: EngineWorkload) -> list[int]:
    """The workload's prose, repeated to the prompt's length in tokens."""
    prose = engine.tokenize(workload.prose.strip() + "\n")
    if not prose:
        raise BenchmarkError(f"{engine.path}: its tokeniser makes nothing of plain prose")
    times = workload.prompt_tokens // len(prose) + 1
    return (prose * times)[: workload.prompt_tokens]


def compare(
    engine: Engine,
    bare: Any,
    workload: EngineWorkload,
    prefills: int,
    decodes: int,
    step: Step = lambda: None,
) -> SpeedSamples:
    """Measure at least `prefills` and `decodes` pairs after one of each that is not counted.

    On a busy machine more, up to four times as many, until the middle of the ratios is known to 2 %.
    step: called after every pair of those that were asked for.
    """
    prompt = prompt_of(engine, workload)
    found = SpeedSamples()
    for number in _until_narrow(found.prefill, prefills, step):
        pair = _in_turn(
            number, lambda: _engine_prefill(engine, prompt), lambda: _bare_prefill(bare, prompt)
        )
        if number:
            _keep(found.prefill, pair)
    for number in _until_narrow(found.decode, decodes, step):
        drawn: list[list[int]] = []
        pair = _in_turn(
            number,
            lambda drawn=drawn: _engine_decode(engine, prompt, workload.decode_tokens, drawn),  # type: ignore[misc]
            lambda drawn=drawn: _bare_decode(bare, prompt, workload.decode_tokens, drawn),  # type: ignore[misc]
        )
        found.same_tokens = found.same_tokens and drawn[0] == drawn[1]
        if number:
            _keep(found.decode, pair)
    return found


def _until_narrow(rates: Rates, least: int, step: Step) -> Iterator[int]:
    """Numbers of pairs: 0 is to warm up."""
    for number in range(_MOST_TIMES * least + 1):
        if number > least:
            middle, low, high = median_interval(rates.ratios)
            if max(high - middle, middle - low) <= _NARROW * middle:
                return
        yield number
        if number <= least:
            step()


def _in_turn(
    number: int, ours: Callable[[], float], bare: Callable[[], float]
) -> tuple[float, float]:
    """Both once; who goes first changes from pair to pair."""
    if number % 2:
        second = bare()
        return ours(), second
    first = ours()
    return first, bare()


def _keep(rates: Rates, pair: tuple[float, float]) -> None:
    rates.ours.append(pair[0])
    rates.bare.append(pair[1])


def _engine_prefill(engine: Engine, prompt: list[int]) -> float:
    """Tokens a second from nothing to the first token drawn."""
    engine.rewind(0)
    began = time.perf_counter()
    tokens = engine.generate(_GREEDY, 1, prompt)
    next(tokens, None)
    # What `generate` does after the draw (decode the token itself) is no part of a prefill.
    seconds = engine.last.ttft_ms / 1000
    tokens.close()  # type: ignore[attr-defined]
    assert seconds <= time.perf_counter() - began
    return len(prompt) / seconds


def _bare_prefill(bare: Any, prompt: list[int]) -> float:
    bare.reset()
    began = time.perf_counter()
    tokens = bare.generate(prompt, temp=0.0, repeat_penalty=1.0)
    next(tokens)
    seconds = time.perf_counter() - began
    tokens.close()
    return len(prompt) / seconds


def _engine_decode(engine: Engine, prompt: list[int], count: int, drawn: list[list[int]]) -> float:
    """Tokens a second behind the prompt, which stays in the cache; the first token is not counted."""
    engine.rewind(min(len(prompt), len(engine.tokens)))
    rest = prompt[len(engine.tokens) :]
    return _timed(engine.generate(_GREEDY, count + 1, rest), count, drawn)


def _bare_decode(bare: Any, prompt: list[int], count: int, drawn: list[list[int]]) -> float:
    return _timed(bare.generate(prompt, temp=0.0, repeat_penalty=1.0), count, drawn)


def _timed(tokens: Any, count: int, drawn: list[list[int]]) -> float:
    got = [next(tokens)]
    began = time.perf_counter()
    for token in tokens:
        got.append(token)
        if len(got) > count:
            break
    seconds = time.perf_counter() - began
    tokens.close()
    if len(got) <= count:
        raise BenchmarkError(
            f"the model ended its text after {len(got)} of {count} tokens: no speed can be told"
        )
    drawn.append(got)
    return count / seconds
