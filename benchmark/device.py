"""What machine a run was made on, in what state, and with which runtime.

Read from /proc and /sys without root, under a `root` that a folder recorded on another device may stand for. What a
machine does not say is None or left out, never guessed.
"""

from __future__ import annotations

import ctypes
import importlib.metadata
import os
import platform
import re
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmark.energy import energy_source
from models.hardware import machine

_ROOT = Path("/")
_PACKAGES = (
    *("deescalwild-simulator", "llama-cpp-python", "faster-whisper", "ctranslate2"),
    *("onnxruntime", "piper-tts", "numpy"),
)
#: Settings of the process that change how fast llama.cpp runs.
_ENVIRONMENT = (
    *("OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "OMP_NUM_THREADS", "OMP_PROC_BIND", "GOMP_CPU_AFFINITY"),
    *("OPENBLAS_NUM_THREADS", "CUDA_VISIBLE_DEVICES", "GGML_CPU_GENERIC"),
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
        "energy": energy(root),
        "power_mode": power_mode(root),
        "gpu_clock_mhz": gpu_clock_mhz(root),
        "nvmap_bytes": nvmap_bytes(root),
        "l4t": _text(root / "etc/nv_tegra_release").partition("\n")[0] or None,
        "virtual": "hypervisor" in _text(root / "proc/cpuinfo"),
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
    """How often heat or current has slowed the machine since it was started; None where it is not counted.

    Intel counts a core's; a Jetson's over-current monitor counts its events.
    """
    counts = _each(root, "thermal_throttle/core_throttle_count")
    events = sorted((root / "sys/class/hwmon").glob("hwmon*/oc*_event_cnt"))
    counts += [_text(event) for event in events]
    numbers = [int(text) for text in counts if text.isdigit()]
    return sum(numbers) if numbers else None


def power_mode(root: Path = _ROOT) -> str | None:
    """What the machine was told about power: a Jetson's nvpmodel by name, else the firmware's profile."""
    mode = re.search(r"pmode:0*(\d+)", _text(root / "var/lib/nvpmodel/status"))
    if mode:
        named = re.search(
            rf"POWER_MODEL\s+ID=0*{mode[1]}\s+NAME=(\S+)", _text(root / "etc/nvpmodel.conf")
        )
        return f"nvpmodel {mode[1]}" + (f" ({named[1]})" if named else "")
    return _text(root / "sys/firmware/acpi/platform_profile") or None


def gpu_clock_mhz(root: Path = _ROOT) -> int | None:
    """A Jetson's GPU clock now; None where it is not told."""
    for device in sorted((root / "sys/class/devfreq").glob("*")):
        clock = _text(device / "cur_freq")
        if ("gpu" in device.name or "gv11b" in device.name) and clock.isdigit():
            return int(clock) // 1_000_000
    return None


def nvmap_bytes(root: Path = _ROOT) -> int | None:
    """What a Jetson's GPU holds of the shared memory: no process's resident size counts it."""
    found = re.search(r"^NvMapMemUsed:\s+(\d+) kB", _text(root / "proc/meminfo"), re.MULTILINE)
    return int(found[1]) * 1024 if found else None


def energy(root: Path = _ROOT) -> dict[str, str]:
    """How energy can be read here without root: `source`, what it `covers`, and else `why_not`."""
    source, why_not = energy_source(root)
    if source is None:
        return {"source": "none", "why_not": why_not}
    return {"source": source.name, "covers": source.covers}


def _llama_cpp() -> dict[str, Any]:
    import llama_cpp

    parts = llama_cpp.llama_print_system_info().decode("utf-8", "replace")
    return {
        "bindings": llama_cpp.__version__,
        **_ggml(Path(llama_cpp.__file__).parent / "lib"),
        "built_with": sorted(re.findall(r"(\w+) = 1", parts)),
    }


def _ggml(libraries: Path) -> dict[str, str]:
    """Version and commit that are compiled into the library that is loaded."""
    found: dict[str, str] = {}
    for path in sorted(libraries.glob("libggml-base.*"))[:1]:
        library = ctypes.CDLL(str(path))
        for name in ("version", "commit"):
            call = getattr(library, f"ggml_{name}", None)
            if call is not None:
                call.restype = ctypes.c_char_p
                found[f"ggml_{name}"] = (call() or b"").decode("utf-8", "replace")
    return found


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
