"""What machine a run was made on, in what state, and with which runtime.

Read from /proc and /sys without root, under a `root` that a folder recorded on another device may stand for. What a
machine does not say is None or left out, never guessed.
"""

from __future__ import annotations

import importlib.metadata
import os
import platform
import re
from dataclasses import asdict
from pathlib import Path
from typing import Any

from models.hardware import machine

_ROOT = Path("/")
_PACKAGES = (
    *("deescalwild-simulator", "llama-cpp-python", "faster-whisper", "ctranslate2"),
    *("onnxruntime", "piper-tts", "numpy"),
)
#: Settings of the process that change how fast llama.cpp runs.
_ENVIRONMENT = (
    *("OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "OMP_NUM_THREADS", "OMP_PROC_BIND", "GOMP_CPU_AFFINITY"),
    *("CUDA_VISIBLE_DEVICES", "GGML_CPU_GENERIC"),
)


def device(root: Path = _ROOT) -> dict[str, Any]:
    """The machine and its state at this moment."""
    found = machine(root)
    return {
        **asdict(found),
        "in_words": found.in_words(),
        "kernel": platform.release(),
        "load_average": _load(root),
        "governors": _each(root, "cpufreq/scaling_governor"),
        "clocks_mhz": clocks_mhz(root),
        "throttled": throttled(root),
        "energy": energy_source(root),
    }


def runtime() -> dict[str, Any]:
    """The builds that computed, by version and, for llama.cpp, by the parts compiled in."""
    return {
        "python": platform.python_version(),
        "packages": {name: version for name in _PACKAGES if (version := _version(name))},
        "llama_cpp": _llama_cpp(),
        "environment": {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ},
    }


def clocks_mhz(root: Path = _ROOT) -> list[int]:
    """The present clock of each core; empty where the machine does not tell."""
    kilohertz = _each(root, "cpufreq/scaling_cur_freq")
    if kilohertz:
        return [int(text) // 1000 for text in kilohertz if text.isdigit()]
    listed = re.findall(r"^cpu MHz\s*:\s*([\d.]+)", _text(root / "proc/cpuinfo"), re.MULTILINE)
    return [round(float(text)) for text in listed]


def throttled(root: Path = _ROOT) -> int | None:
    """How often heat has slowed the cores since the machine was started; None where it is not counted."""
    counts = _each(root, "thermal_throttle/core_throttle_count")
    numbers = [int(text) for text in counts if text.isdigit()]
    return sum(numbers) if numbers else None


def energy_source(root: Path = _ROOT) -> str:
    """How energy could be read here without root: `ina3221`, `rapl-package` or `none`."""
    for name in (root / "sys/class/hwmon").glob("hwmon*/name"):
        if _text(name) == "ina3221":
            return "ina3221"
    for counter in (root / "sys/class/powercap").glob("*/energy_uj"):
        package = _text(counter.with_name("name")).startswith("package")
        if package and os.access(counter, os.R_OK) and _text(counter).isdigit():
            return "rapl-package"
    return "none"


def _llama_cpp() -> dict[str, Any]:
    import llama_cpp

    parts = llama_cpp.llama_print_system_info().decode("utf-8", "replace")
    return {
        "bindings": llama_cpp.__version__,
        "built_with": sorted(re.findall(r"(\w+) = 1", parts)),
    }


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _load(root: Path) -> float | None:
    """Processes that wanted a core, mean of the last minute: a busy machine is seen in the run file."""
    words = _text(root / "proc/loadavg").split()
    return float(words[0]) if words else None


def _each(root: Path, name: str) -> list[str]:
    """A small file of every core, in the order of the cores."""
    folders = (root / "sys/devices/system/cpu").glob("cpu[0-9]*")
    ordered = sorted(folders, key=lambda folder: int(folder.name[3:]))
    return [text for folder in ordered if (text := _text(folder / name))]


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip("\0 \n\t")
    except (OSError, ValueError):
        return ""
