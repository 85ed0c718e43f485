"""On how many threads a token is decoded, over machines whose speed is told exactly."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

from models.decode_threads import LONGEST_WAIT, DecodeThreads, barrier_spins


def decode(chooser: DecodeThreads, tokens: int, seconds: Callable[[int], float]) -> list[int]:
    """Decode on a machine that takes `seconds(threads)` for a token; the counts that were used."""
    used = []
    for _ in range(tokens):
        threads = chooser.next()
        used.append(threads)
        chooser.took(seconds(threads))
    return used


def idle(threads: int) -> float:
    return 0.026 / threads + 0.004


def contended(threads: int) -> float:
    return 0.030 if threads == 1 else 0.075


def test_all_threads_on_idle_cores_but_for_a_rare_trial() -> None:
    used = decode(DecodeThreads(2), 500, idle)
    assert used[0] == 2
    assert used.count(1) <= 5 + 500 // LONGEST_WAIT


def test_one_thread_beside_other_work_within_three_tokens() -> None:
    chooser = DecodeThreads(2)
    decode(chooser, 100, idle)
    used = decode(chooser, 200, contended)
    assert used[2] == 1
    assert used[2:].count(2) <= 8


def test_back_to_all_threads_when_the_cores_are_free_again() -> None:
    chooser = DecodeThreads(2)
    decode(chooser, 300, contended)
    used = decode(chooser, 300, idle)
    assert used[LONGEST_WAIT + 2 :].count(2) > 0.9 * (300 - LONGEST_WAIT - 2)


def test_one_slow_token_changes_nothing() -> None:
    chooser = DecodeThreads(2)
    decode(chooser, 100, idle)
    decode(chooser, 1, lambda threads: 0.2)
    used = decode(chooser, 20, idle)
    assert used.count(1) <= 3


def test_half_the_threads_where_half_the_cores_are_taken() -> None:
    used = decode(DecodeThreads(8), 300, lambda n: 0.1 / n if n <= 4 else 0.2)
    assert used[-30:].count(4) >= 28


def test_one_thread_has_no_other_to_try() -> None:
    assert set(decode(DecodeThreads(1), 50, contended)) == {1}


def test_threads_sleep_at_once_where_more_programs_than_cores_compute(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    monkeypatch.setattr(os, "getloadavg", lambda: (0.7, 9.0, 9.0))
    assert int(barrier_spins()) > 0
    monkeypatch.setattr(os, "getloadavg", lambda: (9.0, 0.1, 0.1))
    assert barrier_spins() == "0"
