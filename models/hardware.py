"""What machine is this: cores a process may use, memory, processor, GPU, Jetson, power, heat.

Read from Linux's /proc and /sys. Every function takes the `root` that those stand under, so that a
folder recorded on another machine can be asked the same. On systems without them only what Python
itself knows is given.
"""

from __future__ import annotations

import os
import platform
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

_ROOT = Path("/")

#: instruction sets that change how fast llama.cpp and onnxruntime run
_FEATURES = (
    *("sse4_2", "avx", "avx2", "f16c", "fma", "avx_vnni", "avx512f", "avx512_vnni", "amx_int8"),
    *("asimd", "asimddp", "i8mm", "bf16", "sve"),
)

# Decoding a model of 3B or less is bound by memory, and a token ends when the slowest thread does:
# beyond 8 threads the time for a token no longer falls on desktop processors and gets less even.
_MOST_THREADS = 8


@dataclass(frozen=True)
class Cores:
    """Processors: those of the machine, and those this process may use."""

    logical: int
    physical: int
    usable_logical: int  # by affinity (taskset, cpuset)
    usable_physical: int
    usable_fast: int  # of the usable physical ones, those of the fastest kind (big.LITTLE, hybrid)
    quota: float | None  # processors' worth of time a cgroup grants; None without a limit


@dataclass(frozen=True)
class Memory:
    """Bytes. `limit` is a cgroup's; None without one."""

    total: int
    available: int
    limit: int | None


@dataclass(frozen=True)
class Power:
    """Where the power comes from; a percentage where there is a battery."""

    source: Literal["ac", "battery", "unknown"]
    battery_percent: int | None


@dataclass(frozen=True)
class Machine:
    """This machine in full, as `doctor` shows it and a benchmark run records it."""

    arch: str
    system: str
    cpu_model: str
    features: tuple[str, ...]
    cores: Cores
    memory: Memory
    jetson: str | None
    gpus: tuple[str, ...]
    power: Power
    temperatures_c: dict[str, float]

    def in_words(self) -> str:
        """One line: `Intel(R) Xeon(R), 2 cores, 24 GB, x86_64, AC`."""
        parts = [
            self.jetson or self.cpu_model,
            f"{self.cores.usable_physical} core{'s' * (self.cores.usable_physical != 1)}",
            f"{self.memory.total / 2**30:.0f} GB",
            self.arch,
            *self.gpus,
        ]
        if self.power.source != "unknown":
            parts.append("AC" if self.power.source == "ac" else "battery")
        return ", ".join(parts)


def machine(root: Path = _ROOT) -> Machine:
    """Everything there is to know about the machine under `root`."""
    return Machine(
        arch=platform.machine(),
        system=platform.system(),
        cpu_model=cpu_model(root),
        features=features(root),
        cores=cores(root),
        memory=memory(root),
        jetson=jetson(root),
        gpus=nvidia_gpus(root),
        power=power(root),
        temperatures_c=temperatures_c(root),
    )


def default_threads(root: Path = _ROOT) -> int:
    """Threads for the language model: one for each fast physical core this process may use.

    Two threads on one physical core share its arithmetic units and only wait for each other; a slow
    core of a hybrid processor makes every fast one wait.
    """
    found = cores(root)
    threads = found.usable_fast
    if found.quota is not None:
        threads = min(threads, int(found.quota))
    return max(1, min(threads, _MOST_THREADS))


def cores(root: Path = _ROOT) -> Cores:
    """The processors of the machine and those this process may use."""
    base = root / "sys/devices/system/cpu"
    online = _cpu_list(_text(base / "online")) or set(range(os.cpu_count() or 1))
    status = _text(root / "proc/self/status")
    allowed = re.search(r"^Cpus_allowed_list:\s*(\S+)", status, re.MULTILINE)
    usable = (_cpu_list(allowed[1]) & online if allowed else set()) or online
    groups = {cpu: _siblings(base, cpu) for cpu in online}
    speeds = {cpu: _speed(base, cpu) for cpu in usable}
    fastest = max(speeds.values())
    # 0.8: turbo bins differ by some percent between equal cores; kinds of cores differ by more
    fast = {cpu for cpu, speed in speeds.items() if speed >= 0.8 * fastest}
    return Cores(
        logical=len(online),
        physical=len(set(groups.values())),
        usable_logical=len(usable),
        usable_physical=len({groups[cpu] for cpu in usable}),
        usable_fast=len({groups[cpu] for cpu in fast}),
        quota=_cpu_quota(root),
    )


def memory(root: Path = _ROOT) -> Memory:
    """Memory of the machine, what is free of it, and a cgroup's limit."""
    lines = re.findall(r"^(\w+):\s+(\d+) kB", _text(root / "proc/meminfo"), re.MULTILINE)
    found = {str(name): int(kilobytes) * 1024 for name, kilobytes in lines}
    total = found.get("MemTotal", 0)
    available = found.get("MemAvailable", found.get("MemFree", 0))
    if not total and hasattr(os, "sysconf"):  # macOS
        total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        available = total
    texts = [
        _text(folder / name)
        for folder in _cgroup_folders(root, "memory")
        for name in ("memory.max", "memory.limit_in_bytes")
    ]
    # v1 writes "no limit" as a number near 2**63
    limits = [int(text) for text in texts if text.isdigit() and int(text) < total]
    return Memory(total, available, min(limits) if limits else None)


def cpu_model(root: Path = _ROOT) -> str:
    """The processor's name; of an ARM board that gives none, the board's."""
    info = _text(root / "proc/cpuinfo")
    for key in ("model name", "Model", "Hardware", "cpu model"):
        named = re.search(rf"^{key}\s*:\s*(.+)$", info, re.MULTILINE)
        if named:
            return re.sub(r"\s+", " ", named[1]).strip()
    return _text(root / "proc/device-tree/model") or platform.processor() or platform.machine()


def features(root: Path = _ROOT) -> tuple[str, ...]:
    """Which instruction sets that matter to a language model the processor has."""
    info = _text(root / "proc/cpuinfo")
    listed = re.search(r"^(?:flags|Features)\s*:\s*(.+)$", info, re.MULTILINE)
    has = set(listed[1].split()) if listed else set()
    return tuple(name for name in _FEATURES if name in has)


def jetson(root: Path = _ROOT) -> str | None:
    """The NVIDIA Jetson model (`NVIDIA Jetson Orin Nano Developer Kit`), or None."""
    tree = root / "proc/device-tree"
    model = _text(tree / "model")
    tegra = "nvidia,tegra" in _text(tree / "compatible")
    return model if model and (tegra or "jetson" in model.lower()) else None


def nvidia_gpus(root: Path = _ROOT) -> tuple[str, ...]:
    """Names of the NVIDIA GPUs whose driver is loaded (a Jetson's own is in `jetson`)."""
    found = sorted((root / "proc/driver/nvidia/gpus").glob("*/information"))
    names = (re.search(r"^Model:\s*(.+)$", _text(path), re.MULTILINE) for path in found)
    return tuple(name[1].strip() for name in names if name)


def power(root: Path = _ROOT) -> Power:
    """Whether the machine runs on its battery. A board with no supply to ask is `unknown`."""
    percent: int | None = None
    on_ac: bool | None = None
    discharging = False
    for supply in sorted((root / "sys/class/power_supply").glob("*")):
        kind = _text(supply / "type")
        if kind in ("Mains", "USB", "USB_C"):
            on_ac = bool(on_ac) or _text(supply / "online") == "1"
        elif kind == "Battery" and _text(supply / "scope") != "Device":  # not a mouse's
            capacity = _text(supply / "capacity")
            percent = int(capacity) if capacity.isdigit() else percent
            discharging = discharging or _text(supply / "status") == "Discharging"
    if on_ac or (on_ac is None and percent is not None and not discharging):
        return Power("ac", percent)
    if percent is not None or discharging:
        return Power("battery", percent)
    return Power("unknown", None)


def temperatures_c(root: Path = _ROOT) -> dict[str, float]:
    """Degrees Celsius by sensor; the warmest where a name is given twice."""
    found: dict[str, float] = {}
    pairs = [
        (_text(zone / "type"), _text(zone / "temp"))
        for zone in (root / "sys/class/thermal").glob("thermal_zone*")
    ]
    for sensor in (root / "sys/class/hwmon").glob("hwmon*/temp*_input"):
        label = _text(sensor.with_name(sensor.name.replace("_input", "_label")))
        pairs.append((f"{_text(sensor.parent / 'name')} {label}".strip(), _text(sensor)))
    for name, text in pairs:
        if name and re.fullmatch(r"-?\d+", text):
            degrees = int(text) / 1000
            if -40 < degrees < 150:  # sensors that are switched off give nonsense
                found[name] = max(degrees, found.get(name, -40.0))
    return found


def _cpu_quota(root: Path) -> float | None:
    """Processors' worth of time that the tightest cgroup above us grants (v2, then v1)."""
    quotas: list[float] = []
    for folder in _cgroup_folders(root, "cpu"):
        two = _text(folder / "cpu.max").split()
        if len(two) == 2 and two[0].isdigit():
            quotas.append(int(two[0]) / int(two[1]))
        one, period = _text(folder / "cpu.cfs_quota_us"), _text(folder / "cpu.cfs_period_us")
        if one.isdigit() and period.isdigit() and int(period):
            quotas.append(int(one) / int(period))
    return min(quotas) if quotas else None


def _cgroup_folders(root: Path, controller: str) -> list[Path]:
    """Our cgroup and those above it, v2's unified tree and v1's tree of `controller`."""
    folders: list[Path] = []
    for line in _text(root / "proc/self/cgroup").splitlines():
        _, names, path = line.split(":", 2)
        if names and controller not in names.split(","):
            continue
        trees = ["", "unified"] if not names else [names, controller]
        for tree in trees:
            top = root / "sys/fs/cgroup" / tree
            here = top / path.lstrip("/")
            folders += [here, *(up for up in here.parents if up.is_relative_to(top))]
    return folders


def _siblings(base: Path, cpu: int) -> frozenset[int]:
    """The logical processors of the physical core that `cpu` belongs to."""
    topology = base / f"cpu{cpu}/topology"
    text = _text(topology / "core_cpus_list") or _text(topology / "thread_siblings_list")
    return frozenset(_cpu_list(text) or {cpu})


def _speed(base: Path, cpu: int) -> int:
    """How fast a core is among its fellows: ARM's capacity, else the top clock; 1 if unknown."""
    for name in ("cpu_capacity", "cpufreq/cpuinfo_max_freq"):
        text = _text(base / f"cpu{cpu}" / name)
        if text.isdigit():
            return int(text)
    return 1


def _cpu_list(text: str) -> set[int]:
    """The kernel's list format: `0-3,8` → {0, 1, 2, 3, 8}."""
    found: set[int] = set()
    for piece in filter(None, text.split(",")):
        first, _, last = piece.partition("-")
        if not (first.isdigit() and (last or first).isdigit()):
            return set()
        found |= set(range(int(first), int(last or first) + 1))
    return found


def _text(path: Path) -> str:
    """A small file of the kernel's, stripped; empty where it is absent or unreadable."""
    try:
        return path.read_text(encoding="utf-8", errors="replace").replace("\0", " ").strip()
    except (OSError, ValueError):
        return ""
