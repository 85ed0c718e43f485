"""One model with one group of settings, measured in a process of its own: speed, first token, memory, energy.

Run as `python -m benchmark.latency_cell SPEC_JSON`; prints a line of JSON for each step and one for the result. Of its
own, because the most memory a process ever held cannot be taken back, and a model that kills it kills only it.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmark.latency_shapes import Shape, shape
from benchmark.statistics import median_interval
from benchmark.worker import Progress, measure_here, measured_apart

if TYPE_CHECKING:
    from models.engine import Engine

#: A shape is known well enough when its middle is known to this share, after at least so many repetitions.
NARROW = 0.03
LEAST = 3
#: Unless they would take more than this many times the seconds that the shape has.
_MOST_TIMES = 3
#: Neighbouring clock samples of the machine, seconds.
_WATCH_EVERY_S = 0.5


@dataclass
class CellSpec:
    """settings: of the engine, resolved. seconds: for all shapes together, warm-up apart."""

    gguf: str
    settings: dict[str, Any]
    shapes: list[str]
    seconds: float


@dataclass
class Cell:
    """What was measured. samples by name in the order taken; llama.cpp's own count of the same work as `…_llamacpp`."""

    samples: dict[str, list[float]] = field(default_factory=dict)
    prefix_tokens: int = 0
    turn_tokens: int = 0
    left_out: dict[str, str] = field(default_factory=dict)
    peak_bytes: int = 0
    unshared_bytes: int | None = None
    available_drop_bytes: int | None = None
    nvmap_bytes: int | None = None
    idle_watt: float | None = None
    energy: dict[str, Any] = field(default_factory=dict)
    clocks_mhz: list[float] = field(default_factory=list)
    watched_at_s: list[float] = field(default_factory=list)
    hottest_c: list[float] = field(default_factory=list)
    throttled_before: int | None = None
    throttled_after: int | None = None


def measure_cell(spec: CellSpec, progress: Progress) -> Cell:
    """Measure in a new process. Raises BenchmarkError (BadBenchmarkInput for a model that does not load) with its
    last line.
    """
    found = measured_apart("benchmark.latency_cell", [json.dumps(asdict(spec))], progress)
    return Cell(**found)


def _measure(spec: CellSpec, say: Progress) -> Cell:
    from benchmark.device import nvmap_bytes
    from benchmark.energy import EnergyMeter, energy_source
    from benchmark.machine_watch import MachineWatch
    from benchmark.process_memory import resident
    from models.engine import Engine, EngineSettings
    from models.hardware import memory

    cell = Cell()
    gguf = Path(spec.gguf)
    settings = EngineSettings(**spec.settings)
    source, why_not = energy_source(gpu_layers=settings.gpu_layers)
    with MachineWatch(_WATCH_EVERY_S) as watch, EnergyMeter(source, why_not) as meter:
        if source is not None:
            cell.idle_watt = _idle(meter)
        available = memory().available
        nvmap = nvmap_bytes()
        say("loading", 0.0)
        _forget_pages(gguf)
        began = time.perf_counter()
        engine = Engine(gguf, settings)
        engine.prefill([engine.bos() or 0])  # what is mapped is read when it is first computed with
        cell.samples["load_ms"] = [(time.perf_counter() - began) * 1000]
        with engine:
            work = _Work(engine, cell, meter, say)
            work.first_tokens(spec.seconds)
            work.shapes([shape(text) for text in spec.shapes], spec.seconds)
            held = resident()
            cell.peak_bytes, cell.unshared_bytes = held.peak, held.unshared
            if available:
                cell.available_drop_bytes = max(0, available - watch.least_available)
            if nvmap is not None:
                cell.nvmap_bytes = max(0, (nvmap_bytes() or 0) - nvmap)
        cell.energy = {"trace": meter.trace().model_dump()}
    cell.clocks_mhz, cell.watched_at_s, cell.hottest_c = (
        watch.clocks_mhz,
        watch.at_s,
        watch.hottest_c,
    )
    cell.throttled_before, cell.throttled_after = watch.throttled_before, watch.throttled_after
    return cell


class _Work:
    """The pieces of work, each timed by us, by llama.cpp, and in joules where there are any."""

    def __init__(self, engine: Engine, cell: Cell, meter: Any, say: Callable[[str, float], None]):
        from benchmark.engine_speed import prompt_of
        from benchmark.workload import engine_workload

        self.engine, self.cell, self.meter, self.say = engine, cell, meter, say
        prose = prompt_of(engine, engine_workload())
        self.prose = prose * (engine.n_ctx // len(prose) + 1)

    def first_tokens(self, seconds: float) -> None:
        """Time to the first token: from nothing, and in a conversation that stands already.

        One more than is kept, to warm up; fewer where a device is so slow that the seconds are gone.
        """
        from benchmark.latency_prompt import opening_tokens

        prefix, turn = opening_tokens(self.engine)
        self.cell.prefix_tokens, self.cell.turn_tokens = len(prefix), len(turn)
        if len(prefix) + len(turn) + 64 > self.engine.n_ctx:
            self.cell.left_out["ttft"] = (
                f"the scenario's prompt does not fit {self.engine.n_ctx} tokens"
            )
            return
        began = time.perf_counter()
        for number in range(LEAST + 1):
            if number > 1 and time.perf_counter() - began > seconds:
                break
            self.say("first token, cold", 0.02 + 0.1 * number / (LEAST + 1))
            self._first_token("ttft_cold_ms", 0, [*prefix, *turn], keep=number > 0)
        for number in range(9):
            self.say("first token in a conversation", 0.12 + 0.05 * number / 9)
            self._first_token("ttft_warm_ms", len(prefix), turn, keep=number > 0)

    def _first_token(self, name: str, keep_tokens: int, prompt: list[int], keep: bool) -> None:
        from models.engine import Sampling

        self.engine.rewind(keep_tokens)
        tokens = self.engine.generate(Sampling(), 1, prompt)
        next(tokens, None)
        tokens.close()  # type: ignore[attr-defined]
        if keep:
            self._add(name, self.engine.last.ttft_ms)

    def shapes(self, shapes: list[Shape], seconds: float) -> None:
        """Each until it is known well enough or its share of the seconds is gone; the first decode again at the end."""
        fitting = [one for one in sorted(shapes) if one.end < self.engine.n_ctx]
        for one in set(shapes) - set(fitting):
            self.cell.left_out[str(one)] = f"does not fit a context of {self.engine.n_ctx} tokens"
        decodes = [one for one in fitting if one.decode and not one.prompt]
        sentinel = decodes[0] if decodes else None
        self.engine.rewind(0)
        for number, one in enumerate(fitting):
            self._fill(one.depth)
            self._piece(one, name=None)  # warm-up
            for _ in self._until_narrow(str(one), seconds / len(fitting)):
                self.say(str(one), 0.17 + 0.8 * number / len(fitting))
                self._piece(one, name=str(one))
        if sentinel is not None:
            self.engine.rewind(0)
            self._fill(sentinel.depth)
            for _ in range(min(LEAST, len(self.cell.samples[str(sentinel)]))):
                self.say("the first shape again", 0.98)
                self._piece(sentinel, name=f"{sentinel}_again")

    def _until_narrow(self, name: str, seconds: float) -> Iterator[None]:
        began = time.perf_counter()
        while True:
            yield
            got = self.cell.samples[name]
            spent = time.perf_counter() - began
            if spent > _MOST_TIMES * seconds:
                return  # so slow that even the least would take too long: the figure says how few there are
            if len(got) < LEAST:
                continue
            middle, low, high = median_interval(got)
            narrow = len(got) >= 5 and max(high - middle, middle - low) <= NARROW * middle
            if narrow or spent > seconds:
                return

    def _fill(self, depth: int) -> None:
        self.engine.rewind(min(depth, len(self.engine.tokens)))
        self.engine.prefill(self.prose[len(self.engine.tokens) : depth])

    def _piece(self, one: Shape, name: str | None) -> None:
        import llama_cpp

        engine, ctx = self.engine, self.engine._ctx
        engine.rewind(one.depth)
        if one.decode and not one.prompt and not engine.tokens:
            engine.prefill(self.prose[:1])  # something to go on from
        begin = len(engine.tokens)
        prompt = self.prose[begin : begin + one.prompt]
        forced = self.prose[begin + one.prompt : begin + one.tokens]
        llama_cpp.llama_synchronize(ctx)  # else what was computed before is counted to this piece
        llama_cpp.llama_perf_context_reset(ctx)
        joules = self.meter.joules()
        began = time.perf_counter()
        if prompt:
            engine.prefill(prompt)
            llama_cpp.llama_synchronize(ctx)
        filled = time.perf_counter() - began
        steps = list(self._decode(forced))
        seconds = time.perf_counter() - began
        if name is None:
            return
        counts = llama_cpp.llama_perf_context(ctx)
        self._add(name, one.tokens / seconds)
        theirs_ms = counts.t_p_eval_ms + counts.t_eval_ms
        if theirs_ms > 0:
            computing = filled + sum(computed for computed, _ in steps)
            self._add(f"{name}_computing", one.tokens / computing)
            self._add(f"{name}_llamacpp", one.tokens * 1000 / theirs_ms)
        for computed, drawn in steps:
            self._add(f"gap_ms@d{one.depth}", (computed + drawn) * 1000)
            self._add("drawing_ms", drawn * 1000)
        if joules is not None:
            spent = self.meter.joules() - joules
            self._add(f"{name}_joules", spent)
            self._add(f"{name}_seconds", seconds)

    def _decode(self, tokens: list[int]) -> Iterator[tuple[float, float]]:
        """Decode given tokens one by one, drawing as `generate` does; seconds of computing and of drawing.

        Given, so that every model decodes the same number whatever it would say; drawn and thrown away, so that
        drawing is paid for.
        """
        import llama_cpp

        from models.engine import Sampling

        engine = self.engine
        sampler = engine._sampler(Sampling())
        try:
            for token in tokens:
                began = time.perf_counter()
                engine._decode_one(token)
                llama_cpp.llama_synchronize(engine._ctx)
                computed = time.perf_counter()
                llama_cpp.llama_sampler_sample(sampler, engine._ctx, -1)
                yield computed - began, time.perf_counter() - computed
        finally:
            llama_cpp.llama_sampler_free(sampler)

    def _add(self, name: str, value: float) -> None:
        self.cell.samples.setdefault(name, []).append(round(value, 4))


def _idle(meter: Any) -> float:
    """Watts of the machine at rest, over two seconds."""
    before = meter.joules()
    time.sleep(2.0)
    return float((meter.joules() - before) / 2.0)


def _forget_pages(gguf: Path) -> None:
    """Ask the system to forget the file's pages, so that loading reads the disk; needs no rights."""
    if hasattr(os, "posix_fadvise"):
        with gguf.open("rb") as file:
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def main() -> None:
    spec = CellSpec(**json.loads(sys.argv[1]))
    measure_here(lambda say: asdict(_measure(spec, say)))


if __name__ == "__main__":
    main()
