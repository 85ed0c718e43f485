"""Run files of many devices in folders: which may stand side by side, and why not.

A pure function over what the files say. Two runs of a kind are alike where they were given the same workload and
asked in the same way; what the comparison is about (device, model, threads, ...) may differ.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmark.errors import BadBenchmarkInput
from benchmark.runfile import RunFile, runs_in

#: Settings that a comparison may be about. All others must be the same in runs of one kind.
MAY_DIFFER = frozenset(
    {
        *("threads", "slice_tokens", "flash_attention", "gpu_layers", "lora", "sequences"),
        *("seconds", "prefill", "decode", "warm_start"),  # how long was measured
        *("model", "adapter", "speaker", "endpoint"),  # what answered
    }
)
#: Kinds whose runs are only shown beside the others and never ranked.
BESIDE = ("llama-bench",)


@dataclass(frozen=True)
class Found:
    """A run and the file it was read from."""

    path: Path
    run: RunFile

    @property
    def kind(self) -> str:
        return self.run.kind

    @property
    def model(self) -> str:
        """What the model is called in a table: its file, since ids such as `civilian` move."""
        return Path(self.run.models[0].file).stem if self.run.models else "no model"

    @property
    def device(self) -> str:
        return str(self.run.device["in_words"])

    def figure(self, name: str) -> float | None:
        """The value of a figure; None where it is not there or was not measured."""
        try:
            return self.run.figure(name).value
        except KeyError:
            return None


def read_folders(places: Sequence[Path]) -> list[Found]:
    """Every run of the folders, or of the files named. Raises BadBenchmarkInput."""
    found: list[Found] = []
    for place in places:
        if place.is_file():
            from benchmark.runfile import read_run

            found.append(Found(place, read_run(place)))
        elif place.is_dir():
            found += [Found(path, run) for path, run in runs_in(place)]
        else:
            raise BadBenchmarkInput(f"{place}: there is no such folder or run file")
    if not found:
        raise BadBenchmarkInput(f"{', '.join(map(str, places))}: no run files in it")
    once: dict[str, Found] = {}
    for one in found:
        once.setdefault(one.run.id, one)
    return list(once.values())


def unlike(found: Iterable[Found]) -> list[str]:
    """Why runs of one kind cannot be set beside each other, a line for each difference; empty where they can."""
    reasons = []
    first: dict[str, Found] = {}
    for one in found:
        if one.kind in BESIDE:
            continue
        reference = first.setdefault(one.kind, one)
        reasons += [
            f"{one.path} cannot be compared with {reference.path}: {why}"
            for why in differences(reference.run, one.run)
        ]
    return reasons


def differences(one: RunFile, other: RunFile) -> list[str]:
    """What is asked differently in two runs of a kind."""
    reasons = []
    if one.kind != other.kind:
        return [f"one is a {one.kind} run, the other a {other.kind} run"]
    if one.workload.sha256 != other.workload.sha256:
        reasons.append(
            f"another workload ({_named(other)}, here {_named(one)})"
            if one.workload.name != other.workload.name
            else f"the workload {one.workload.name!r} was edited in between ({_named(other)}, here {_named(one)})"
        )
    for name in sorted(set(one.settings) | set(other.settings)):
        if name in MAY_DIFFER:
            continue
        mine, theirs = one.settings.get(name), other.settings.get(name)
        if mine != theirs:
            reasons.append(f"{name} is {_short(theirs)}, here {_short(mine)}")
    return reasons


def require_alike(found: Sequence[Found]) -> None:
    """Raises BadBenchmarkInput with the first reason, and how many more there are."""
    reasons = unlike(found)
    if reasons:
        more = f" (and {len(reasons) - 1} more such differences)" if len(reasons) > 1 else ""
        raise BadBenchmarkInput(reasons[0] + more)


def settings_key(run: RunFile) -> str:
    """The engine's settings of a run, as a key: rows of one model on one device differ by it."""
    names = ("threads", "slice_tokens", "flash_attention", "gpu_layers", "lora")
    return json.dumps([run.settings.get(name) for name in names])


def _named(run: RunFile) -> str:
    return f"{run.workload.name} {run.workload.sha256[:12]}"


def _short(value: Any) -> str:
    text = "not set" if value is None else str(value)
    return text if len(text) <= 40 else f"{text[:40]}…"
