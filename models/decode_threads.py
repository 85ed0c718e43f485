"""On how many threads the next token is decoded, learnt from how long tokens have just taken.

A token of a small model is hundreds of short steps with a barrier after each. On idle cores more
threads are faster; as soon as the recogniser, the voice or another program wants a core, threads
wait for one that is not running, and one alone is faster. Tokens/s, 135M Q4_1 on two cores, idle |
beside one busy process (medians of pieces taken in turn): two threads that spin at barriers as
libgomp does by itself 55 | 14, two that spin for 2 ms 51 | 21, two that sleep at once 25 | 32, one
thread 39 | 32.
"""

from __future__ import annotations

import os
import statistics
from collections import deque

#: Another count is tried for one token after this many; a trial that changes nothing doubles it.
FIRST_WAIT, LONGEST_WAIT = 6, 96
#: The middle of the last three tokens has grown by this much: something changed, try at once.
_JUMP = 1.5

#: libgomp's count for about 2 ms at a barrier, and for none.
_SPIN, _SLEEP_AT_ONCE = "30000", "0"


def barrier_spins() -> str:
    """What GOMP_SPINCOUNT should be on this machine now.

    Where more programs than cores want to compute already, whoever spins keeps the others, and its
    own threads, from running: a prefill then took five times as long as with threads that sleep.
    """
    try:
        load = os.getloadavg()[0]
    except OSError:  # not told on this system
        return _SPIN
    return _SPIN if load <= 2 * (os.cpu_count() or 1) else _SLEEP_AT_ONCE


class DecodeThreads:
    """Call `next` before a token and `took` after it. Counts are the most, half of it, … to one."""

    def __init__(self, most: int) -> None:
        self._counts = [most]
        while self._counts[-1] > 1:
            self._counts.append(self._counts[-1] // 2)
        self._now = 0  # index of the count in use
        self._trial: int | None = None
        self._lower = True  # whether the last trial was of fewer threads
        self._recent: deque[float] = deque(maxlen=3)
        self._usual = 0.0  # middle of the recent ones when last judged
        self._wait = FIRST_WAIT
        self._until_trial = 1

    def next(self) -> int:
        """Threads for the next token."""
        if len(self._counts) > 1 and self._until_trial <= 0:
            self._trial = self._neighbour()
        return self._counts[self._now if self._trial is None else self._trial]

    def took(self, seconds: float) -> None:
        """How long the token took on the threads that `next` gave."""
        if self._trial is not None:
            tried, self._trial = self._trial, None
            self._judge(tried, seconds)
            return
        self._recent.append(seconds)
        self._until_trial -= 1
        middle = statistics.median(self._recent)
        self._usual = self._usual or middle
        if middle > _JUMP * self._usual:
            self._usual = middle
            self._until_trial, self._wait = 0, FIRST_WAIT

    def _judge(self, tried: int, seconds: float) -> None:
        """Keep to what is faster; look less often the longer nothing changes."""
        if seconds < statistics.median(self._recent):
            self._now = tried
            self._recent.clear()
            self._recent.append(seconds)
            self._wait = FIRST_WAIT
        else:
            self._wait = min(2 * self._wait, LONGEST_WAIT)
        self._usual = statistics.median(self._recent)
        self._until_trial = self._wait

    def _neighbour(self) -> int:
        """The next lower and the next higher count, in turn."""
        if self._now == 0 or self._now == len(self._counts) - 1:
            return 1 if self._now == 0 else self._now - 1
        self._lower = not self._lower
        return self._now + (1 if self._lower else -1)
