"""The workloads are fixed: same words, same hash; an edit makes another."""

from __future__ import annotations

import llama_cpp
import pytest

from benchmark.text_session import watched_positions
from benchmark.voice_workload import voice_workload
from benchmark.workload import endless, engine_workload, identity
from models.engine import Engine
from scenarios.loader import load


def test_the_same_workload_has_the_same_hash_and_an_edit_another() -> None:
    workload = engine_workload()
    loaded = endless(workload.scenario)
    same = identity(workload, loaded)
    assert same == identity(engine_workload(), endless(workload.scenario))
    edited = workload.model_copy(update={"officer": [*workload.officer[:-1], "Good night."]})
    assert identity(edited, loaded).sha256 != same.sha256


def test_the_text_session_has_twenty_turns() -> None:
    assert len(engine_workload().officer) == 20


def test_an_endless_scenario_differs_only_in_when_it_ends() -> None:
    endless_one, plain = endless("traffic-stop-late-shift"), load("traffic-stop-late-shift")
    without = {"endings"}
    assert endless_one.scenario.model_dump(exclude=without) == plain.scenario.model_dump(
        exclude=without
    )
    assert all(e.when.turn_at_least == 1_000_000 for e in endless_one.scenario.endings)


def test_the_voice_workload_speaks_in_more_than_one_manner() -> None:
    workload = voice_workload()
    assert len({(v.rate, v.pitch_semitones) for v in workload.voices}) >= 3
    assert any(v.noise_db is not None for v in workload.voices)


def test_what_is_computed_again_is_seen(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(llama_cpp, "llama_decode", llama_cpp.llama_decode)  # put back afterwards
    positions = watched_positions()
    engine.prefill(list(range(100, 140)))
    assert positions == set(range(40))
    positions.clear()
    engine.prefill(list(range(140, 150)))
    assert positions == set(range(40, 50))
    engine.rewind(30)
    engine.prefill(list(range(140, 150)))
    assert min(positions) == 30
