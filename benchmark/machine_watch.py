"""Follows the machine while something is measured: clocks, heat, free memory; a few small reads twice a second."""

from __future__ import annotations

import statistics
import threading
import time

from benchmark.device import clocks_mhz, throttled
from models.hardware import memory, temperatures_c


class MachineWatch:
    """A thread that samples while the context is open. Lists are of equal length where the machine tells."""

    def __init__(self, every_s: float) -> None:
        self.at_s: list[float] = []
        self.clocks_mhz: list[float] = []
        self.hottest_c: list[float] = []
        self.least_available = memory().available
        self.throttled_before = throttled()
        self.throttled_after: int | None = None
        self._every_s = every_s
        self._began = time.perf_counter()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="machine watch", daemon=True)

    def __enter__(self) -> MachineWatch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        self.throttled_after = throttled()

    def _run(self) -> None:
        while True:
            self.least_available = min(self.least_available, memory().available)
            self.at_s.append(round(time.perf_counter() - self._began, 2))
            if clocks := clocks_mhz():
                self.clocks_mhz.append(statistics.mean(clocks))
            if heat := temperatures_c():
                self.hottest_c.append(max(heat.values()))
            if self._stop.wait(self._every_s):
                return
