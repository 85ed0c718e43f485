"""llama-bench's own JSON as run files, so that its figures stand beside ours.

Its fields change between builds (github.com/ggml-org/llama.cpp, tools/llama-bench): they are read by name, and what a
build does not write is left out. It times neither tokenising nor drawing tokens, and its prompts are random tokens.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from benchmark.errors import BadBenchmarkInput
from benchmark.latency_shapes import Shape
from benchmark.model_facts import model_facts
from benchmark.runfile import Figure, Model, RunFile, Workload, new_run_id, write_run
from benchmark.statistics import median_interval
from models.errors import BadModel

#: What must be alike for rows to be one cell.
_CELL = (
    *("model_filename", "n_threads", "n_batch", "n_ubatch", "flash_attn", "n_gpu_layers"),
    *("type_k", "type_v", "build_commit", "cpu_info", "gpu_info", "backends"),
)


def import_llama_bench(source: Path, out: Path) -> list[Path]:
    """Make a run file of each group of rows with the same model and settings. Raises BadBenchmarkInput."""
    cells: dict[str, list[dict[str, Any]]] = {}
    for row in _rows(source):
        key = json.dumps([row.get(name) for name in _CELL])
        cells.setdefault(key, []).append(row)
    runs = [_run(rows, source) for rows in cells.values()]  # all are made before one is written
    return [write_run(out, run) for run in runs]


def _rows(source: Path) -> list[dict[str, Any]]:
    """JSON (a list) or JSON lines. Raises BadBenchmarkInput naming what is missing."""
    try:
        text = source.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as problem:
        raise BadBenchmarkInput(f"{source}: cannot be read ({problem})") from None
    try:
        data = json.loads(text)
    except ValueError:
        try:
            data = [json.loads(line) for line in text.splitlines() if line.strip()]
        except ValueError:
            raise BadBenchmarkInput(
                f"{source}: is not what `llama-bench -o json` or `-o jsonl` writes"
            ) from None
    rows: list[dict[str, Any]] = data if isinstance(data, list) else [data]
    if not rows:
        raise BadBenchmarkInput(f"{source}: holds no test")
    for number, row in enumerate(rows, 1):
        wanted = ("n_prompt", "n_gen", "samples_ts", "model_filename")
        missing = [n for n in wanted if not isinstance(row, dict) or n not in row]
        if missing:
            raise BadBenchmarkInput(
                f"{source}: test {number} has no {missing[0]}: not llama-bench's JSON, or cut short"
            )
    return rows


def _run(rows: Iterable[dict[str, Any]], source: Path) -> RunFile:
    rows = list(rows)
    first = rows[0]
    samples: dict[str, list[float]] = {}
    figures = []
    for row in rows:
        shape = Shape(int(row.get("n_depth", 0)), int(row["n_prompt"]), int(row["n_gen"]))
        values = [float(value) for value in row["samples_ts"]]
        if not values:
            raise BadBenchmarkInput(f"{source}: {shape} has no samples")
        samples[str(shape)] = values
        value, low, high = median_interval(values)
        figures.append(
            Figure(
                name=str(shape),
                value=round(value, 2),
                unit="tokens/s",
                about="by llama-bench: random tokens, drawing not timed",
                better="higher",
                low=round(low, 2),
                high=round(high, 2),
                n=len(values),
            )
        )
    cpu = str(first.get("cpu_info", "") or "a machine that llama-bench does not name")
    gpu = str(first.get("gpu_info", ""))
    shapes = ",".join(samples)
    return RunFile(
        kind="llama-bench",
        id=new_run_id(),
        began_at=str(first.get("test_time", "")).replace("Z", "+00:00")
        or "1970-01-01T00:00:00+00:00",
        seconds=round(sum(sum(row.get("samples_ns", [])) for row in rows) / 1e9, 1),
        device={"in_words": ", ".join(filter(None, (cpu, gpu))), "told_by": "llama-bench"},
        runtime={
            "llama_bench": {
                name: first[name]
                for name in ("build_commit", "build_number", "backends")
                if name in first
            }
        },
        models=[_model(first)],
        workload=Workload(
            name="llama-bench", sha256=hashlib.sha256(f"llama-bench {shapes}".encode()).hexdigest()
        ),
        settings={
            "threads": first.get("n_threads"),
            "slice_tokens": first.get("n_ubatch"),
            "flash_attention": first.get("flash_attn"),
            "gpu_layers": first.get("n_gpu_layers"),
        },
        samples=samples,
        figures=figures,
        notes=[f"Taken from {source.name}, which llama-bench wrote."],
    )


def _model(row: dict[str, Any]) -> Model:
    """By content where the file is here; else by what llama-bench says of it."""
    path = Path(str(row["model_filename"]))
    try:
        return model_facts(path.stem, path)
    except BadModel:
        said = f"{path.name} {row.get('model_size')} {row.get('model_n_params')}"
        return Model(
            id=path.stem,
            file=path.name,
            sha256="unknown:" + hashlib.sha256(said.encode()).hexdigest(),
            bytes=int(row.get("model_size") or 0),
            quantisation=str(row.get("model_type", "")),
        )
