"""`bench latency`: shapes, llama-bench's JSON, what the figures say of a machine; one cell on the real model."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from benchmark.commands import bench
from benchmark.errors import BadBenchmarkInput
from benchmark.latency_cell import Cell
from benchmark.latency_figures import figures_of, notes_of
from benchmark.latency_shapes import Shape, shape
from benchmark.llama_bench import import_llama_bench
from benchmark.run_clock import RunClock
from benchmark.runfile import read_run

_NO_ENERGY = {"trace": {"unit": "W", "source": "none", "note": "no counter"}}
_QUIET: dict[str, Any] = {
    "power": {"source": "ac"},
    "cores": {"usable_logical": 2},
    "load_average": 0.1,
}


# -- shapes


@pytest.mark.parametrize("text", ["pp512@d0", "tg32@d1024", "pg512+32@d0", "pg64+8@d2048"])
def test_a_shape_is_written_as_it_is_read(text: str) -> None:
    assert str(shape(text)) == text


def test_without_a_depth_it_is_nothing_before() -> None:
    assert shape("pp512") == Shape(0, 512, 0)
    assert shape("pg128+16").tokens == 144


@pytest.mark.parametrize(
    "text", ["pp", "pp0", "tg-1", "pp512+3", "pg512", "pg512+0", "xx5", "pp5@1"]
)
def test_what_is_no_shape_is_refused(text: str) -> None:
    with pytest.raises(BadBenchmarkInput, match="not a shape"):
        shape(text)


# -- llama-bench


def llama_bench_rows() -> list[dict[str, Any]]:
    """As `llama-bench -o json` of spring 2026 writes them, with what an older build leaves out left out in one."""
    common = {
        "build_commit": "0c1e570",
        "build_number": 6500,
        "cpu_info": "AMD EPYC",
        "gpu_info": "",
        "backends": "CPU",
        "model_filename": "/nowhere/SmolLM2-135M.gguf",
        "model_type": "llama ?B Q4_1",
        "model_size": 96626944,
        "model_n_params": 134515008,
        "n_batch": 128,
        "n_ubatch": 128,
        "n_threads": 2,
        "n_gpu_layers": 0,
        "flash_attn": False,
        "test_time": "2026-03-04T05:06:07Z",
    }
    return [
        {
            **common,
            "n_prompt": 512,
            "n_gen": 0,
            "n_depth": 0,
            "samples_ns": [1600000000, 1610000000],
            "samples_ts": [320.0, 318.0],
        },
        {**common, "n_prompt": 0, "n_gen": 32, "samples_ns": [640000000], "samples_ts": [50.0]},
    ]


def test_llama_benchs_json_becomes_a_run_that_is_shown_and_not_ranked(tmp_path: Path) -> None:
    source = tmp_path / "them.json"
    source.write_text(json.dumps(llama_bench_rows()))
    (path,) = import_llama_bench(source, tmp_path / "runs")
    run = read_run(path)
    assert run.kind == "llama-bench"
    assert run.figure("pp512@d0").value == 319.0
    assert run.samples["tg32@d0"] == [50.0]
    assert run.settings == {
        "threads": 2,
        "slice_tokens": 128,
        "flash_attention": False,
        "gpu_layers": 0,
    }
    assert run.models[0].sha256.startswith("unknown:")  # the file is not here to be hashed


def test_lines_of_json_and_two_settings_make_two_runs(tmp_path: Path) -> None:
    rows = llama_bench_rows()
    rows[1]["n_threads"] = 1
    source = tmp_path / "them.jsonl"
    source.write_text("\n".join(json.dumps(row) for row in rows))
    assert len(import_llama_bench(source, tmp_path / "runs")) == 2


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[", "not what"),
        ("[]", "no test"),
        ('[{"n_prompt": 5, "n_gen": 0}]', "no samples_ts"),
        ("[3]", "no n_prompt"),
    ],
)
def test_json_of_something_else_is_refused_and_nothing_written(
    tmp_path: Path, text: str, says: str
) -> None:
    source = tmp_path / "them.json"
    source.write_text(text)
    with pytest.raises(BadBenchmarkInput, match=says):
        import_llama_bench(source, tmp_path / "runs")
    assert not (tmp_path / "runs").exists()


# -- figures


def a_cell(**samples: list[float]) -> Cell:
    given = {
        "tg32@d0": [50.0, 51.0, 49.0],
        "tg32@d0_computing": [52.0, 53.0, 51.0],
        "tg32@d0_llamacpp": [52.2, 53.2, 51.2],
        "tg32@d0_again": [50.5, 50.0, 49.5],
        "gap_ms@d0": [20.0] * 100,
        "load_ms": [120.0],
        "ttft_cold_ms": [2000.0, 2010.0, 1990.0],
        "ttft_warm_ms": [150.0, 151.0, 149.0],
    }
    return Cell(samples={**given, **samples}, energy=_NO_ENERGY, peak_bytes=3 * 10**8)


def test_a_percentile_stands_only_where_the_samples_allow_it() -> None:
    few = {f.name: f for f in figures_of(a_cell())}
    assert few["gap_p50_ms"].value == 20.0
    assert few["gap_p95_ms"].value is None
    assert few["gap_p95_ms"].note == "100 samples; 130 are needed"
    many = {f.name: f for f in figures_of(a_cell(**{"gap_ms@d0": [20.0] * 200}))}
    assert many["gap_p95_ms"].value == 20.0
    assert many["gap_p99_ms"].note == "200 samples; 662 are needed"


def test_our_count_is_held_to_llama_cpps_own() -> None:
    agreement = {f.name: f for f in figures_of(a_cell())}["decode_agreement"]
    assert agreement.value == pytest.approx(52.0 / 52.2, abs=1e-4)
    assert agreement.holds is True
    short = a_cell(**{"tg32@d0_computing": [47.0, 48.0, 46.0]})
    assert {f.name: f for f in figures_of(short)}["decode_agreement"].holds is False


def test_energy_that_is_not_told_is_none_with_the_reason() -> None:
    figure = {f.name: f for f in figures_of(a_cell())}["decode_tokens_per_joule"]
    assert (figure.value, figure.source, figure.note) == (None, "none", "no counter")


def test_tokens_a_joule_with_the_idle_power_taken_off() -> None:
    cell = a_cell(**{"tg32@d0_joules": [4.0] * 3, "tg32@d0_seconds": [1.0] * 3})
    cell.energy = {"trace": {"unit": "W", "source": "measured", "note": "ina3221: the board"}}
    cell.idle_watt = 2.0
    figures = {f.name: f for f in figures_of(cell)}
    assert figures["decode_tokens_per_joule"].value == 8.0
    assert figures["decode_tokens_per_joule_idle_off"].value == 16.0


def test_drift_throttling_falling_clocks_a_battery_and_a_busy_machine_are_told() -> None:
    cell = a_cell(**{"tg32@d0_again": [40.0, 41.0, 39.0]})
    cell.throttled_before, cell.throttled_after = 3, 7
    cell.clocks_mhz = [2000.0, 2000.0, 1900.0, 1500.0]
    state = {**_QUIET, "power": {"source": "battery"}, "load_average": 3.0}
    told = "\n".join(notes_of(cell, state, _QUIET))
    assert "20% slower at the end" in told
    assert "Throttled: heat or current slowed the machine 4 times" in told
    assert "Clocks fell from 2000 to 1500 MHz" in told
    assert "On battery (before)" in told
    assert "load 3.0 on 2 cores" in told
    assert notes_of(a_cell(), _QUIET, _QUIET) == []


@pytest.mark.parametrize(
    ("set_by", "says"), [(3600.0, "forward by 3600 s"), (-90.0, "back by 90 s")]
)
def test_a_clock_that_is_set_during_a_run_is_told_and_durations_hold(
    set_by: float, says: str
) -> None:
    wall, steady = [1_000_000.0], [50.0]
    clock = RunClock(lambda: wall[0], lambda: steady[0])
    wall[0] += 12.0
    steady[0] += 12.0
    assert clock.notes() == []
    wall[0] += set_by
    assert says in clock.notes()[0]
    assert clock.seconds == 12.0


# -- the real model


@pytest.mark.slow
def test_a_cell_is_measured_once_and_found_again(tmp_path: Path) -> None:
    words = ["latency", "--json", "--seconds", "0.1", "--shape", "pp32", "--shape", "tg4@d16"]
    words += ["--n-ctx", "2048", "--out", str(tmp_path)]
    first = CliRunner().invoke(bench, words)
    assert first.exit_code == 0, first.output
    (said,) = json.loads(first.stdout)
    assert said["new"] is True
    assert 0.5 < said["prefill_agreement"] < 1.05
    assert 0.5 < said["decode_agreement"] < 1.05
    assert said["ttft_cold_ms"] > said["ttft_warm_ms"] > 0
    assert 100 < said["peak_mb"] < 900
    run = read_run(Path(said["run_file"]))
    assert run.samples["pp32@d0"]  # how many depends on how slow the machine is
    assert run.telemetry["watt"].source in ("measured", "none")
    assert run.models[0].name
    again = CliRunner().invoke(bench, words)
    (found,) = json.loads(again.stdout)
    assert found["new"] is False
    assert found["run_file"] == said["run_file"]
    assert len(list(tmp_path.glob("*.json"))) == 1


def test_a_file_that_is_no_model_stops_the_grid_before_anything_is_measured(tmp_path: Path) -> None:
    bad = tmp_path / "bad.gguf"
    bad.write_bytes(b"GGUF" + b"\0" * 40)
    done = CliRunner().invoke(bench, ["latency", "--model", str(bad), "--out", str(tmp_path / "o")])
    assert getattr(done.exception, "exit_code", None) == 2
    assert "bad.gguf" in str(done.exception)
    assert not (tmp_path / "o").exists()
