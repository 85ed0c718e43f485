"""`deescal bench latency`: a grid of models and settings, one run file a cell; what is there is not done again."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmark.device import device, runtime
from benchmark.latency_cell import Cell, CellSpec, measure_cell
from benchmark.latency_figures import figures_of, notes_of
from benchmark.latency_shapes import shape
from benchmark.model_facts import model_facts
from benchmark.run_clock import RunClock
from benchmark.runfile import Model, RunFile, Trace, Workload, new_run_id, runs_in, write_run
from benchmark.workload import endless, identity, latency_workload
from models.engine import EngineSettings
from models.fetch import model_path
from models.gguf_info import read_gguf, require_chat_model

Progress = Callable[[str, float], None]


@dataclass(frozen=True)
class Grid:
    """What is varied; every combination is a cell. 0 threads or slice: what is chosen for this machine."""

    models: Sequence[str]
    threads: Sequence[int] = (0,)
    slices: Sequence[int] = (0,)
    flash: Sequence[int] = (-1,)
    gpu_layers: int = 0
    n_ctx: int = 4096
    seconds: float = 30.0
    shapes: Sequence[str] = ()


@dataclass(frozen=True)
class Done:
    """A cell's run file; new: measured now, not found."""

    path: Path
    run: RunFile
    new: bool


def bench_latency(grid: Grid, out: Path, again: bool, progress: Progress) -> Iterator[Done]:
    """Measure each cell of the grid that has no run file in `out` yet. Raises BadBenchmarkInput, BenchmarkError.

    Every model is looked at before the first is measured: a grid that cannot be finished is not begun.
    """
    shapes = list(grid.shapes) or latency_workload().shapes
    for text in shapes:
        shape(text)
    workload = latency_identity(shapes)
    chosen = [(name, _path(name)) for name in grid.models]
    models = {path: model_facts(name, path) for name, path in chosen}
    on = device()
    known = [] if again or not out.is_dir() else list(runs_in(out))
    cells = list(itertools.product(chosen, grid.threads, grid.slices, grid.flash))
    for number, ((_, path), threads, slice_tokens, flash) in enumerate(cells):
        settings = EngineSettings(
            n_ctx=grid.n_ctx,
            threads=threads,
            slice_tokens=slice_tokens,
            flash_attention=flash,
            gpu_layers=grid.gpu_layers,
        ).resolved()
        spec = CellSpec(str(path), asdict(settings), shapes, grid.seconds)
        told = f"{path.stem}, {settings.threads} threads"

        def tell(what: str, share: float, number: int = number, told: str = told) -> None:
            progress(f"{told}: {what}", (number + share) / len(cells))

        key = cell_key(models[path], spec.settings, workload, on)
        there = next(
            (
                Done(p, run, False)
                for p, run in known
                if run.kind == "latency"
                and cell_key(run.models[0], run.settings, run.workload, run.device) == key
            ),
            None,
        )
        yield there or _measured(models[path], spec, workload, on, out, tell)
    progress("done", 1.0)


def cell_key(model: Model, settings: dict[str, Any], workload: Workload, on: dict[str, Any]) -> str:
    """The same where measuring again would answer the same question."""
    engine = {name: settings.get(name) for name in asdict(EngineSettings())}
    parts = [model.sha256, engine, workload.sha256, on["in_words"], on["power"]["source"]]
    return json.dumps(parts, sort_keys=True)


def _measured(
    model: Model,
    spec: CellSpec,
    workload: Workload,
    on: dict[str, Any],
    out: Path,
    progress: Progress,
) -> Done:
    clock = RunClock()
    on = {**on, **{name: device()[name] for name in ("load_average", "clocks_mhz", "power")}}
    cell = measure_cell(spec, progress)
    after = device()
    run = RunFile(
        kind="latency",
        id=new_run_id(),
        began_at=clock.began_at,
        seconds=round(clock.seconds, 1),
        device={**on, "load_average_after": after["load_average"]},
        runtime=runtime(),
        models=[model],
        workload=workload,
        settings={**spec.settings, "seconds": spec.seconds},
        samples=cell.samples,
        figures=figures_of(cell),
        notes=[*notes_of(cell, on, after), *clock.notes()],
        telemetry=_traces(cell),
    )
    return Done(write_run(out, run), run, True)


def _traces(cell: Cell) -> dict[str, Trace]:
    traces = {"watt": Trace.model_validate(cell.energy["trace"])}
    for name, unit, values in (
        ("clock", "MHz", cell.clocks_mhz),
        ("hottest", "°C", cell.hottest_c),
    ):
        if values:
            at = cell.watched_at_s[: len(values)]
            rounded = [round(v, 1) for v in values]
            traces[name] = Trace(unit=unit, source="measured", at_s=at, values=rounded)
        else:
            traces[name] = Trace(unit=unit, source="none", note="the machine does not tell")
    return traces


def latency_identity(shapes: list[str] | None = None) -> Workload:
    """The fixed workload's identity, or, with other shapes, that of the workload they make."""
    workload = latency_workload()
    if shapes and shapes != workload.shapes:
        workload = workload.model_copy(update={"name": "latency-own-shapes", "shapes": shapes})
    return identity(workload, endless(workload.scenario))


def _path(name: str) -> Path:
    path = Path(name) if name.endswith(".gguf") else model_path(name)
    require_chat_model(read_gguf(path))
    return path
