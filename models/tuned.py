"""What `deescal models tune` found best on this device, and whether it still holds.

Kept as `tuned.json` in the configuration folder; the engine reads it wherever it is not told otherwise.
"""

from __future__ import annotations

import functools
import json
import os
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

from models import places
from models.hardware import cores, cpu_model


@dataclass(frozen=True)
class Tuned:
    """Engine settings by measurement. machine: what it holds for, see `this_machine`.

    turn_s: seconds of a typical turn with them; default_turn_s: with what is taken unmeasured.
    """

    machine: str
    threads: int
    slice_tokens: int
    model: str = ""
    turn_s: float = 0.0
    default_turn_s: float = 0.0
    measured_at: str = ""


def this_machine() -> str:
    """Another processor, other cores allowed, or another llama.cpp: then a measurement is void."""
    have = cores()
    runtime = version("llama-cpp-python")
    return f"{cpu_model()}, {have.usable_logical} of {have.logical} cores, {have.quota}, llama-cpp-python {runtime}"


def tuned_file() -> Path:
    return places.config_dir() / "tuned.json"


def tuned() -> Tuned | None:
    """What was found on this very machine; None where nothing was, or it no longer holds."""
    path = tuned_file()
    try:
        changed_ns = path.stat().st_mtime_ns
    except OSError:
        return None
    return _read(path, changed_ns, this_machine())


def keep(found: Tuned) -> Path:
    """Write it, whole or not at all."""
    path = tuned_file()
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    part.write_text(json.dumps(asdict(found), indent=1) + "\n", encoding="utf-8")
    part.replace(path)
    return path


@functools.lru_cache(maxsize=4)
def _read(path: Path, changed_ns: int, machine: str) -> Tuned | None:
    try:
        found = Tuned(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None  # a file of another version: measure again
    sound = found.threads > 0 and found.slice_tokens > 0
    return found if sound and found.machine == machine else None
