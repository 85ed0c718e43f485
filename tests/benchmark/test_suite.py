"""`bench suite`: models made once, runs not done twice, what there was no time for is told and done next time."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmark.errors import BadBenchmarkInput
from benchmark.runfile import runs_in
from benchmark.suite import Options, bench_suite, suite_models
from models.fetch import model_path
from models.gguf_info import read_gguf


def quiet(_what: str, _share: float) -> None:
    pass


@pytest.mark.slow
def test_stopped_for_want_of_time_it_goes_on_and_ends_in_a_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # One shape, so that a cell takes seconds; everything else is the suite as it is.
    monkeypatch.setattr("benchmark.suite.SHAPES", ("pp32", "tg4"))
    few = Options(tmp_path, "", ("Q8_0",), turns=0, cell_seconds=0.1, conversations=False)
    made = suite_models(few, lambda _: None)
    assert [read_gguf(path).quantisation for path in made] == ["Q4_1", "F16", "Q8_0"]
    written = [path.stat().st_mtime_ns for path in made]

    def out_of_time_after_one() -> float:
        return 1e6 if list((tmp_path / "runs").glob("*.json")) else 0.0

    first = bench_suite(few, quiet, out_of_time_after_one)
    assert first.measured == 1
    assert len(first.left) == 2
    assert first.left[0].startswith("latency of")
    rest = bench_suite(few, quiet, lambda: 0.0)
    assert [path.stat().st_mtime_ns for path in suite_models(few, lambda _: None)] == written
    assert rest.left == []
    assert (rest.measured, rest.found) == (2, 3)
    assert [run.kind for _, run in runs_in(tmp_path / "runs")] == ["latency"] * 3
    page = (tmp_path / "report/report.html").read_text()
    assert "civilian-Q8_0" in page
    assert "Published, not measured here" in page
    again = bench_suite(few, quiet, lambda: 0.0)
    assert (again.measured, again.found, again.left) == (0, 3, [])


def test_a_quantised_file_or_an_unknown_kind_is_refused_before_anything_is_made(
    tmp_path: Path,
) -> None:
    with pytest.raises(BadBenchmarkInput, match="quantised already"):
        suite_models(Options(tmp_path, civilian=str(model_path("civilian"))), lambda _: None)
    with pytest.raises(BadBenchmarkInput, match="Q9_9: no quantisation"):
        suite_models(Options(tmp_path / "x", quantisations=("Q9_9",)), lambda _: None)
    assert not (tmp_path / "x").exists()


@pytest.mark.slow
def test_a_conversation_replayed_in_its_own_process(tmp_path: Path) -> None:
    from click.testing import CliRunner

    from benchmark.commands import bench

    done = CliRunner().invoke(bench, ["dialogue", "--turns", "2", "--json", "--out", str(tmp_path)])
    assert done.exit_code == 0, done.output
    said = json.loads(done.stdout)
    ((_, run),) = runs_in(tmp_path)
    assert len(run.clusters) == len(run.samples["reply_ms"]) == 6
    assert set(run.samples["conversation"]) == {0.0, 1.0, 2.0}
    assert 0 <= said["by_model_share"] <= 1
    assert said["not_measured"]["reply_ms_p95"].endswith("130 are needed")
    for there, prompt in zip(run.samples["n_cached"], run.samples["n_prompt"], strict=True):
        assert 0 < there < prompt
