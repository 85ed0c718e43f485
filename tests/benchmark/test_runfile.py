"""Run files: written once, read back whole, refused with one line where they are not what they say."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from benchmark.errors import BadBenchmarkInput, BenchmarkError
from benchmark.runfile import Figure, RunFile, Workload, new_run_id, read_run, runs_in, write_run
from benchmark.statistics import enough, median_interval, percentile


def a_run(**changes: object) -> RunFile:
    given: dict[str, object] = {
        "kind": "engine",
        "id": new_run_id(),
        "began_at": "2026-03-04T05:06:07+00:00",
        "seconds": 12.5,
        "device": {"in_words": "a machine"},
        "runtime": {},
        "models": [],
        "workload": Workload(name="engine", sha256="0" * 64),
        "settings": {"threads": 2},
        "samples": {"decode_tokens_per_s": [10.0, 11.5]},
        "figures": [
            Figure(
                name="decode_ratio",
                value=0.97,
                unit="×",
                about="a ratio",
                better="higher",
                threshold=0.95,
            )
        ],
    }
    return RunFile.model_validate({**given, **changes})


def test_a_run_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    run = a_run()
    assert read_run(write_run(tmp_path / "runs", run)) == run


def test_a_run_cannot_be_changed_or_written_over(tmp_path: Path) -> None:
    run = a_run()
    path = write_run(tmp_path, run)
    assert not path.stat().st_mode & (stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH)
    with pytest.raises(BenchmarkError, match="there is such a run already"):
        write_run(tmp_path, run)
    assert [p for p, _ in runs_in(tmp_path)] == [path]
    assert not list(tmp_path.glob(".*"))


def test_a_sample_that_is_no_number_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(BenchmarkError, match="not a number"):
        write_run(tmp_path, a_run(samples={"x": [1.0, float("nan")]}))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "cut short"),
        ("[]", "names no schema_version"),
        ('{"schema_version": 0}', "written with run schema 0"),
        ('{"schema_version": 1, "kind": "engine"}', "not a run file: id"),
    ],
)
def test_a_file_that_is_no_run_is_refused_in_one_line(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "x.json"
    path.write_text(text)
    with pytest.raises(BadBenchmarkInput, match=says) as refused:
        read_run(path)
    assert "\n" not in str(refused.value)
    assert refused.value.exit_code == 2


def test_a_truncated_run_is_refused(tmp_path: Path) -> None:
    path = write_run(tmp_path, a_run())
    cut = tmp_path / "cut.json"
    cut.write_text(path.read_text()[:-40])
    with pytest.raises(BadBenchmarkInput, match="cut short"):
        read_run(cut)


def test_unknown_fields_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_text(json.dumps({**a_run().model_dump(), "score": 1}))
    with pytest.raises(BadBenchmarkInput, match="score"):
        read_run(path)


def test_a_threshold_holds_or_not_and_nothing_measured_is_neither() -> None:
    figure = a_run().figure("decode_ratio")
    assert figure.holds is True
    assert figure.model_copy(update={"value": 0.94}).holds is False
    assert figure.model_copy(update={"value": 0.97, "better": "lower"}).holds is False
    assert figure.model_copy(update={"value": None}).holds is None
    assert figure.model_copy(update={"threshold": None}).holds is None


def test_percentiles_are_numpys() -> None:
    import numpy as np

    samples = [5.0, 1.0, 4.0, 9.0, 2.5, 7.0]
    for percent in (0, 10, 50, 90, 95, 100):
        assert percentile(samples, percent) == pytest.approx(np.percentile(samples, percent))
    assert not enough(samples, 95)
    assert enough(samples * 30, 95)


def test_an_interval_holds_its_median_and_is_the_same_every_time() -> None:
    samples = [float(n % 13) for n in range(60)]
    middle, low, high = median_interval(samples)
    assert low <= middle <= high
    assert median_interval(samples) == (middle, low, high)
    assert low < high
