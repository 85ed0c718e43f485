"""`models tune`: which settings are chosen, and when what was tuned holds."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from models.commands import models
from models.engine import EngineSettings
from models.hardware import Cores, default_threads
from models.tune import Trial, best_slice, best_threads, thread_counts
from models.tuned import Tuned, keep, this_machine, tuned, tuned_file


def a_tuning(**changes: object) -> Tuned:
    found = Tuned(machine=this_machine(), threads=3, slice_tokens=256)
    return replace(found, **changes)  # type: ignore[arg-type]


def test_what_was_tuned_here_is_what_an_engine_takes(home: Path) -> None:
    assert EngineSettings().resolved().threads == default_threads()
    keep(a_tuning())
    assert EngineSettings().resolved().threads == 3
    assert EngineSettings().resolved().slice_tokens == 256
    assert EngineSettings(threads=1, slice_tokens=64).resolved().threads == 1
    assert EngineSettings(threads=1, slice_tokens=64).resolved().slice_tokens == 64


def test_on_another_machine_or_after_an_update_it_is_void(home: Path) -> None:
    keep(a_tuning(machine="another processor"))
    assert tuned() is None
    assert EngineSettings().resolved().slice_tokens == 128
    tuned_file().write_text('{"threads": 3')
    assert tuned() is None
    tuned_file().write_text(
        json.dumps({"machine": this_machine(), "threads": 0, "slice_tokens": 64})
    )
    assert tuned() is None


def test_every_count_that_may_be_best_is_tried() -> None:
    hybrid = Cores(
        logical=20,
        physical=14,
        usable_logical=20,
        usable_physical=14,
        usable_fast=6,
        quota=None,
    )
    assert set(thread_counts(hybrid)) >= {1, 2, 4, 6, 8, 14, 16}
    one = Cores(
        logical=8, physical=8, usable_logical=1, usable_physical=1, usable_fast=1, quota=None
    )
    assert thread_counts(one) == [1]


def test_of_counts_about_as_fast_the_fewest_threads_and_the_smallest_slice() -> None:
    threads = [
        Trial(1, 128, turn_s=[0.9, 1.1, 1.0]),
        Trial(2, 128, turn_s=[0.61, 0.60, 0.9]),
        Trial(4, 128, turn_s=[0.60, 0.60, 0.60]),
    ]
    assert best_threads(threads).threads == 2
    slices = [
        Trial(2, 64, prompt_s=[2.2]),
        Trial(2, 128, prompt_s=[2.01]),
        Trial(2, 512, prompt_s=[2.0]),
    ]
    assert best_slice(slices).slice_tokens == 128


@pytest.mark.slow
def test_tuning_on_the_real_model_is_kept_and_can_be_forgotten(
    civilian_gguf: Path, home: Path
) -> None:
    words = ["tune", "--rounds", "1", "--json", "--model", str(civilian_gguf)]
    done = CliRunner().invoke(models, words)
    assert done.exit_code == 0, done.output
    said = json.loads(done.stdout)
    found = tuned()
    assert found is not None
    assert said["found"]["threads"] == found.threads <= default_threads() * 4
    assert {trial["slice_tokens"] for trial in said["trials"]} == {64, 128, 256, 512}
    assert all(seconds > 0 for trial in said["trials"] for seconds in trial["turn_s"])
    gone = CliRunner().invoke(models, ["tune", "--forget"])
    assert gone.exit_code == 0
    assert tuned() is None


def test_a_model_that_is_not_there_is_one_line(home: Path) -> None:
    done = CliRunner().invoke(models, ["tune", "--model", "/nowhere/x.gguf"])
    assert getattr(done.exception, "exit_code", None) == 2
