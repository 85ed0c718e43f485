"""The run file: everything that one benchmark measured, on what, with what; written once and never changed.

A comparison reads run files and nothing else, so each stands alone: device, runtime, model, workload, settings, raw
samples, and the figures made of them.

One file is one model with one group of settings on one device. What kinds there are and what is in theirs:

  engine, voice      `bench engine`, `bench voice`: the project's own promises, each figure with its threshold
  latency            `bench latency`: figures named by llama-bench's shapes (`pp512@d0`, `tg32@d1024`), TTFT, memory
  dialogue           `bench dialogue`: turns as `play` has them; samples by turn
  score              quality of generated text. models[0] is the one scored; figures and samples carry the same names
                     (`rouge_l`, `bleu4_corpus`, `meteor`, `reply_words` ...); the samples are one value an item in
                     the workload's order, and `clusters` names the scenario of each item, so that intervals and
                     paired comparisons can be taken by scenario. settings: all that must be alike to compare
                     (mode, preset, sampling, seed, split, metric versions)
  llama-bench        what llama-bench itself wrote, shown beside latency and never ranked with it
  judge, human       the same with `realism`, `deescalation`, one value a dialogue or reply
"""

from __future__ import annotations

import math
import os
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from benchmark.errors import BadBenchmarkInput, BenchmarkError

SCHEMA_VERSION = 1

Kind = Literal["engine", "voice", "latency", "dialogue", "score", "judge", "human", "llama-bench"]
Source = Literal["measured", "estimated", "none"]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Figure(_Part):
    """One number and what is asked of it. value None: not measured, and `note` says why.

    low, high: a 95 % interval where there were enough samples for one. better: which way is good; `threshold` is
    then the least or the most that holds.
    """

    name: str
    value: float | None
    unit: str
    about: str
    better: Literal["higher", "lower"] | None = None
    threshold: float | None = None
    low: float | None = None
    high: float | None = None
    n: int = 1
    source: Source = "measured"
    note: str = ""

    @classmethod
    def unmeasured(cls, name: str, unit: str, about: str, note: str) -> Figure:
        """A figure that there is no sample of; note: why."""
        return cls(name=name, value=None, unit=unit, about=about, note=note, n=0, source="none")

    @property
    def holds(self) -> bool | None:
        """Whether the threshold holds; None where there is none, or nothing was measured."""
        if self.threshold is None or self.value is None or self.better is None:
            return None
        if self.better == "higher":
            return self.value >= self.threshold
        return self.value <= self.threshold


class Model(_Part):
    """Which weights: by content, whatever the file was called."""

    id: str
    file: str
    sha256: str
    bytes: int
    architecture: str = ""
    quantisation: str = ""
    name: str = Field("", description="the GGUF's general.name: the same for all quantisations")


class Workload(_Part):
    """What was given to it. Two runs may be compared only where the hashes are the same."""

    name: str
    sha256: str


class Trace(_Part):
    """Something of the machine followed through a run: watts, clocks, degrees. source none: `note` says why."""

    unit: str
    source: Source
    at_s: list[float] = []
    values: list[float] = []
    note: str = ""


class RunFile(_Part):
    schema_version: int = SCHEMA_VERSION
    kind: Kind
    id: str
    began_at: str = Field(description="ISO 8601, UTC")
    seconds: float
    device: dict[str, Any]
    runtime: dict[str, Any]
    models: list[Model]
    workload: Workload
    settings: dict[str, Any]
    samples: dict[str, list[float]] = Field(description="raw, in the order they were taken")
    figures: list[Figure]
    notes: list[str] = []
    clusters: list[str] = Field(
        [], description="the scenario of each item of the samples, in order"
    )
    telemetry: dict[str, Trace] = {}

    def figure(self, name: str) -> Figure:
        """The figure of a name. Raises KeyError."""
        for figure in self.figures:
            if figure.name == name:
                return figure
        raise KeyError(name)


def new_run_id() -> str:
    return uuid.uuid4().hex


def utc_now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def write_run(folder: Path, run: RunFile) -> Path:
    """Write a run into a folder under a name of its own, whole or not at all, and read-only."""
    stamp = run.began_at[:19].replace("-", "").replace(":", "")
    path = folder / f"{run.kind}-{stamp}-{run.id[:8]}.json"
    part = folder / f".{path.name}.{os.getpid()}.part"
    for name, values in run.samples.items():
        if not all(map(math.isfinite, values)):
            raise BenchmarkError(f"{name}: a sample is not a number; the run was not written")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        part.write_text(run.model_dump_json(indent=1) + "\n", encoding="utf-8")
        part.chmod(0o444)
        os.link(part, path)  # unlike a rename, refuses to take the place of another run
    except FileExistsError:
        raise BenchmarkError(f"{path}: there is such a run already") from None
    except OSError as problem:
        raise BenchmarkError(f"{path}: cannot be written ({problem.strerror})") from None
    finally:
        part.unlink(missing_ok=True)
    return path


def read_run(path: Path) -> RunFile:
    """Read a run. Raises BadBenchmarkInput for a file that is truncated, of another schema, or no run at all."""
    try:
        raw = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as problem:
        raise BadBenchmarkInput(f"{path}: cannot be read ({problem})") from None
    try:
        return RunFile.model_validate(_of_this_schema(raw, path))
    except ValidationError as problem:
        first = problem.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise BadBenchmarkInput(f"{path}: not a run file: {where}: {first['msg']}") from None


def _of_this_schema(raw: str, path: Path) -> dict[str, Any]:
    import json

    try:
        data = json.loads(raw)
    except ValueError as problem:
        raise BadBenchmarkInput(f"{path}: not whole JSON ({problem}): was it cut short?") from None
    if not isinstance(data, dict) or "schema_version" not in data:
        raise BadBenchmarkInput(f"{path}: not a run file: it names no schema_version")
    if data["schema_version"] != SCHEMA_VERSION:
        raise BadBenchmarkInput(
            f"{path}: written with run schema {data['schema_version']}, this program reads "
            f"{SCHEMA_VERSION}; measure again, or read it with the version that wrote it"
        )
    return data


def runs_in(folder: Path) -> Iterator[tuple[Path, RunFile]]:
    """Every run of a folder, oldest name first. Raises BadBenchmarkInput at the first that cannot be read."""
    for path in sorted(folder.glob("*.json")):
        yield path, read_run(path)
