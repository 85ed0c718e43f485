"""How much memory a process holds, as Linux counts it."""

from __future__ import annotations

import re
import resource
import sys
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Resident:
    """Bytes resident. peak: the most there ever was (VmHWM); now: at this moment (VmRSS).

    Pages of files that are mapped, such as the weights, count as long as they are in memory. unshared: without
    them (RssAnon), what only this process needs; None where the system does not tell.
    """

    peak: int
    now: int | None
    unshared: int | None


def resident(status: Path = Path("/proc/self/status")) -> Resident:
    """Of this process, or of the one whose status file is given."""
    try:
        text = status.read_text()
    except OSError:
        # No /proc (macOS): only the peak is known, in bytes there and in kilobytes elsewhere.
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return Resident(peak * (1 if sys.platform == "darwin" else 1024), None, None)
    found = {
        str(name): int(kilobytes) * 1024
        for name, kilobytes in re.findall(r"^(\w+):\s+(\d+) kB", text, re.MULTILINE)
    }
    return Resident(found["VmHWM"], found["VmRSS"], found.get("RssAnon"))
