"""How much energy a piece of work took, where the machine tells without root; else none, and why.

Three sources, each with what it covers:
  ina3221       a Jetson's power monitor: the whole board where there is an input rail, else the rails' sum
  rapl-package  the processor's own counter: package only (no memory chips, no GPU)
  nvml          the NVIDIA driver's: that GPU only

What a source says is measured; nothing here is estimated from a data sheet. RAPL's domains lie inside each other
(psys, package, core), so only packages are added up, and the counter wraps. On a Jetson the driver's NVML answers
"not supported", so the power monitor comes first. INA3221 gives watts, not joules: they are integrated over our own
samples, since the `avg` that tegrastats prints is a running half-average.
"""

from __future__ import annotations

import ctypes
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

from benchmark.runfile import Trace

_ROOT = Path("/")
#: Rails that carry everything: where one is there, the others are parts of it.
_INPUT_RAILS = ("VDD_IN", "POM_5V_IN")

SourceName = Literal["ina3221", "rapl-package", "nvml", "none"]


class EnergySource(Protocol):
    """Something that knows energy: `joules` since it was made, or `watts` now. Exactly one is not None."""

    name: SourceName
    covers: str

    def joules(self) -> float | None: ...

    def watts(self) -> float | None: ...


class NoEnergy(Exception):
    """This source is not there or may not be read; the text says which."""


class Ina3221:
    """Texas Instruments' power monitor on Jetson boards, through hwmon: millivolts times milliamperes."""

    name: SourceName = "ina3221"

    def __init__(self, root: Path = _ROOT) -> None:
        rails: dict[str, tuple[Path, Path]] = {}
        for monitor in sorted((root / "sys/class/hwmon").glob("hwmon*")):
            if _text(monitor / "name") != "ina3221":
                continue
            for label in sorted(monitor.glob("in*_label")):
                number = label.name[2:-6]
                volts, amperes = monitor / f"in{number}_input", monitor / f"curr{number}_input"
                if _text(volts).isdigit() and _text(amperes).lstrip("-").isdigit():
                    rails[_text(label)] = (volts, amperes)
        if not rails:
            raise NoEnergy("no INA3221 power monitor that can be read")
        whole = [name for name in _INPUT_RAILS if name in rails]
        self._rails = [rails[name] for name in (whole[:1] or rails)]
        self.covers = f"the whole board ({whole[0]})" if whole else f"rails {', '.join(rails)}"

    def joules(self) -> float | None:
        return None

    def watts(self) -> float | None:
        return sum(int(_text(v) or 0) * int(_text(a) or 0) for v, a in self._rails) / 1e6


class RaplPackage:
    """The processor's package counters under powercap, added up, each unwrapped."""

    name: SourceName = "rapl-package"

    def __init__(self, root: Path = _ROOT) -> None:
        packages = [
            zone
            for zone in sorted((root / "sys/class/powercap").glob("*"))
            if _text(zone / "name").startswith("package") and (zone / "energy_uj").exists()
        ]
        if not packages:
            raise NoEnergy("the processor has no package counter (RAPL)")
        closed = [zone.name for zone in packages if not _readable(zone / "energy_uj")]
        if closed:
            raise NoEnergy(
                f"the counter of {closed[0]} is there but only root may read it "
                "(`chmod a+r /sys/class/powercap/*/energy_uj` as root opens it)"
            )
        self.covers = f"processor package{'s' if len(packages) > 1 else ''}, without memory or GPU"
        self._zones = packages
        self._last = [self._count(zone) for zone in packages]
        self._sum_uj = 0

    def joules(self) -> float | None:
        for number, zone in enumerate(self._zones):
            now = self._count(zone)
            step = now - self._last[number]
            if step < 0:  # wrapped
                step += int(_text(zone / "max_energy_range_uj") or 0)
            self._sum_uj += max(step, 0)
            self._last[number] = now
        return self._sum_uj / 1e6

    def watts(self) -> float | None:
        return None

    def _count(self, zone: Path) -> int:
        return int(_text(zone / "energy_uj") or 0)


class Nvml:
    """The first NVIDIA GPU's energy counter, or its power where there is no counter."""

    name: SourceName = "nvml"

    def __init__(self, library: str = "libnvidia-ml.so.1") -> None:
        try:
            self._nvml = ctypes.CDLL(library)
        except OSError:
            raise NoEnergy("no NVIDIA driver (NVML)") from None
        if self._nvml.nvmlInit_v2() != 0:
            raise NoEnergy("the NVIDIA driver does not answer (NVML)")
        self._device = ctypes.c_void_p()
        if self._nvml.nvmlDeviceGetHandleByIndex_v2(0, ctypes.byref(self._device)) != 0:
            raise NoEnergy("the NVIDIA driver names no GPU")
        self._counts = self._millijoules() is not None
        self._began = (self._millijoules() or 0.0) if self._counts else 0.0
        if not self._counts and self._milliwatts() is None:
            raise NoEnergy("NVML tells neither energy nor power here, as on a Jetson")
        self.covers = "the first GPU, without processor or board"

    def joules(self) -> float | None:
        now = self._millijoules() if self._counts else None
        return None if now is None else (now - self._began) / 1000

    def watts(self) -> float | None:
        now = None if self._counts else self._milliwatts()
        return None if now is None else now / 1000

    def _millijoules(self) -> float | None:
        value = ctypes.c_ulonglong()
        call = self._nvml.nvmlDeviceGetTotalEnergyConsumption
        return float(value.value) if call(self._device, ctypes.byref(value)) == 0 else None

    def _milliwatts(self) -> float | None:
        value = ctypes.c_uint()
        call = self._nvml.nvmlDeviceGetPowerUsage
        return float(value.value) if call(self._device, ctypes.byref(value)) == 0 else None


def energy_source(root: Path = _ROOT, gpu_layers: int = 0) -> tuple[EnergySource | None, str]:
    """The best source for work on the processor, or on the GPU where layers are there; else None and why."""
    order: list[Callable[[], EnergySource]] = [lambda: Ina3221(root), lambda: RaplPackage(root)]
    if gpu_layers:
        order.insert(1, Nvml)
    reasons = []
    for make in order:
        try:
            return make(), ""
        except NoEnergy as reason:
            reasons.append(str(reason))
    return None, "; ".join(reasons)


@dataclass
class EnergyMeter:
    """Samples a source in a thread while work goes on. Read `joules` at the ends of a piece of work."""

    source: EnergySource | None
    why_not: str = ""
    every_s: float = 0.1
    at_s: list[float] = field(default_factory=list)
    watt: list[float] = field(default_factory=list)
    clock: Callable[[], float] = time.perf_counter

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._joules = 0.0
        self._counted = 0.0
        self._began = self._last_at = self.clock()
        self._last_watt: float | None = None
        self._thread = threading.Thread(target=self._run, name="energy", daemon=True)

    def __enter__(self) -> EnergyMeter:
        if self.source is not None:
            self.sample()
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def joules(self) -> float | None:
        """Since the meter began; None where there is no source."""
        if self.source is None:
            return None
        self.sample()
        return self._joules

    def sample(self) -> None:
        """Take one sample now."""
        assert self.source is not None
        with self._lock:
            now = self.clock()
            passed = now - self._last_at
            counted = self.source.joules()
            if counted is not None:
                gained, self._counted = counted - self._counted, counted
                self._joules += gained
                if passed > 0:
                    self._note(now, gained / passed)
            else:
                watt = self.source.watts() or 0.0
                before = watt if self._last_watt is None else self._last_watt
                self._joules += passed * (watt + before) / 2
                self._last_watt = watt
                self._note(now, watt)
            self._last_at = now

    def trace(self) -> Trace:
        """Watts through the run, for the run file."""
        if self.source is None:
            return Trace(unit="W", source="none", note=self.why_not)
        note = f"{self.source.name}: {self.source.covers}"
        return Trace(unit="W", source="measured", at_s=self.at_s, values=self.watt, note=note)

    def _note(self, now: float, watt: float) -> None:
        self.at_s.append(round(now - self._began, 3))
        self.watt.append(round(watt, 3))

    def _run(self) -> None:
        while not self._stop.wait(self.every_s):
            self.sample()


def _readable(path: Path) -> bool:
    return os.access(path, os.R_OK) and _text(path).isdigit()


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip("\0 \n\t")
    except (OSError, ValueError):
        return ""
