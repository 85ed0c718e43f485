"""Comparisons: unlike is refused with the reason; front, accuracy gate, baseline gate and its exit codes."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from benchmark.commands import bench
from benchmark.compare import read_folders, unlike
from benchmark.compare_gate import Tolerance, changes
from benchmark.compare_rows import board
from benchmark.errors import BadBenchmarkInput
from benchmark.runfile import RunFile, Workload, write_run
from models.errors import DeescalError
from tests.benchmark.made_runs import a_latency_run, a_model, a_score_run, found


def run_bench(*words: object) -> Result:
    return CliRunner().invoke(bench, [str(word) for word in words])


def slower(run: RunFile, share: float) -> RunFile:
    """The same machine, everything slower by that share."""
    return a_latency_run(
        decode=[v * (1 - share) for v in run.samples["tg32@d0"]],
        prefill=[v * (1 - share) for v in run.samples["pp512@d0"]],
        warm=[v / (1 - share) for v in run.samples["ttft_warm_ms"]],
    )


# -- alike or refused


def test_another_workload_or_context_is_refused_with_the_reason() -> None:
    one = found(a_latency_run(), "one.json")
    edited = found(a_latency_run(workload=Workload(name="latency", sha256="c" * 64)), "edited.json")
    settings = {**one.run.settings, "n_ctx": 2048}
    short = found(a_latency_run(settings=settings), "short.json")
    reasons = unlike([one, edited, short])
    assert len(reasons) == 2
    assert "edited.json cannot be compared with one.json" in reasons[0]
    assert "the workload 'latency' was edited in between" in reasons[0]
    assert "n_ctx is 2048, here 4096" in reasons[1]


def test_threads_models_and_devices_are_what_a_comparison_is_about() -> None:
    one = a_latency_run()
    other = a_latency_run(
        settings={**one.settings, "threads": 1},
        device={"in_words": "a board"},
        models=[a_model("other", "Q8_0")],
    )
    assert unlike([found(one), found(other)]) == []


def test_the_command_refuses_unlike_runs_before_it_prints_anything(tmp_path: Path) -> None:
    write_run(tmp_path, a_latency_run())
    write_run(tmp_path, a_latency_run(workload=Workload(name="own", sha256="d" * 64)))
    done = run_bench("compare", tmp_path)
    assert isinstance(done.exception, BadBenchmarkInput)
    assert done.exception.exit_code == 2
    assert "another workload" in str(done.exception)
    assert done.stdout == ""
    assert isinstance(run_bench("report", tmp_path).exception, BadBenchmarkInput)
    assert not (tmp_path / "report").exists()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"schema_version": 1, "kind": "lat', "cut short"),
        ('{"schema_version": 0}', "written with run schema 0"),
    ],
)
def test_a_truncated_or_older_run_file_is_named(tmp_path: Path, text: str, says: str) -> None:
    write_run(tmp_path, a_latency_run())
    (tmp_path / "zz.json").write_text(text)
    with pytest.raises(BadBenchmarkInput, match=says):
        read_folders([tmp_path])


def test_an_empty_or_missing_folder_is_said(tmp_path: Path) -> None:
    for place in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(BadBenchmarkInput, match=r"no run files|no such folder"):
            read_folders([place])


# -- rows


def test_quality_follows_the_weights_to_every_device() -> None:
    laptop, small = a_latency_run(), a_latency_run(device={"in_words": "a board"})
    score = a_score_run([0.2] * 12)
    made = board([found(laptop), found(small), found(score)])
    assert {row.device: row.values["rouge_l"] for row in made.rows} == {
        "a laptop": pytest.approx(20.0),
        "a board": pytest.approx(20.0),
    }
    assert made.quality == ["rouge_l", "reply_words"]


def test_the_front_leaves_out_what_another_beats_in_everything() -> None:
    fast = a_latency_run(warm=[100.0] * 5, peak_mb=200, models=[a_model("fast")])
    lean = a_latency_run(warm=[150.0] * 5, peak_mb=150, models=[a_model("lean")])
    beaten = a_latency_run(warm=[160.0] * 5, peak_mb=250, models=[a_model("beaten")])
    elsewhere = a_latency_run(
        warm=[900.0] * 5, peak_mb=900, models=[a_model("elsewhere")], device={"in_words": "a board"}
    )
    made = board([found(run) for run in (fast, lean, beaten, elsewhere)])
    assert {row.name for row in made.rows if row.front} == {"fast", "lean", "elsewhere"}
    assert made.objectives == ["ttft_warm_ms", "peak_mb"]


def test_speed_is_not_bought_with_worse_or_shorter_replies() -> None:
    runs = []
    for quantisation, rouge, words in (
        ("F16", 0.200, 10.0),
        ("Q8_0", 0.199, 9.5),
        ("Q4_0", 0.190, 10.0),
        ("Q2_K", 0.205, 8.0),
    ):
        model = a_model("civilian", quantisation)
        runs += [a_latency_run(models=[model]), a_score_run([rouge] * 12, words, models=[model])]
    rows = {row.quantisation: row for row in board([found(run) for run in runs]).rows}
    assert {q: row.gate for q, row in rows.items()} == {
        "F16": "reference",
        "Q8_0": "passes",
        "Q4_0": "fails",
        "Q2_K": "fails",
    }
    assert "asked 19.80" in rows["Q4_0"].why
    assert "words a reply" in rows["Q2_K"].why
    assert not rows["Q4_0"].front


def test_what_may_be_chance_neither_passes_nor_fails() -> None:
    whole, small = a_model("civilian", "F16"), a_model("civilian", "Q8_0")
    runs = [
        a_score_run([0.3, 0.1, 0.2, 0.4] * 3, models=[whole]),
        a_score_run([0.1, 0.4, 0.2, 0.2] * 3, models=[small]),
    ]
    rows = {row.quantisation: row for row in board([found(run) for run in runs]).rows}
    assert rows["Q8_0"].gate == "not told"
    assert "ask more" in rows["Q8_0"].why


def test_without_a_float_reference_the_gate_does_not_pretend() -> None:
    (row,) = board([found(a_latency_run()), found(a_score_run([0.2] * 12))]).rows
    assert row.gate == "not told"
    assert "no F16" in row.why


# -- against a baseline


def test_a_planted_slowdown_of_a_tenth_is_caught_and_noise_is_not(tmp_path: Path) -> None:
    before = a_latency_run()
    write_run(tmp_path / "before", before)
    write_run(tmp_path / "noise", a_latency_run(decode=[49.0, 50.4, 50.1, 51.2, 49.9]))
    write_run(tmp_path / "slow", slower(before, 0.10))
    held = run_bench("compare", tmp_path / "noise", "--baseline", tmp_path / "before", "--gate")
    assert held.exit_code == 0, held.output
    caught = run_bench("compare", tmp_path / "slow", "--baseline", tmp_path / "before", "--gate")
    assert caught.exit_code == 1
    assert "worse: latency tg32@d0 of civilian-Q4_0" in caught.output
    without = run_bench("compare", tmp_path / "slow", "--baseline", tmp_path / "before")
    assert without.exit_code == 0
    allowed = run_bench(
        *("compare", tmp_path / "slow", "--baseline", tmp_path / "before", "--gate"),
        *("--slower", "15"),
    )
    assert allowed.exit_code == 0


def test_a_change_that_chance_explains_is_not_sure_and_passes() -> None:
    wide = a_latency_run(decode=[30.0, 70.0, 50.0, 45.0, 62.0])
    less = a_latency_run(decode=[28.0, 66.0, 44.0, 41.0, 60.0])
    moved, _ = changes([found(less)], [found(wide)], Tolerance())
    assert {c.verdict for c in moved if c.figure == "tg32@d0"} == {"not sure"}


def test_a_worse_model_is_caught_turn_by_turn() -> None:
    good = [0.30, 0.10, 0.22, 0.05, 0.40, 0.18] * 6
    bad = [value * 0.8 for value in good]
    old = found(a_score_run(good))
    new = found(a_score_run(bad, models=[a_model(sha256="retrained")]))
    (rouge,) = [c for c in changes([new], [old], Tolerance())[0] if c.figure == "rouge_l"]
    assert rouge.verdict == "worse"
    assert rouge.change == pytest.approx(-0.2)
    assert rouge.high is not None
    assert rouge.high < 0


def test_shorter_replies_are_worse_and_longer_ones_are_no_merit() -> None:
    old = found(a_score_run([0.2] * 12, words=10.0))
    for words, verdict in ((8.0, "worse"), (15.0, "the same")):
        new = found(a_score_run([0.2] * 12, words=words))
        (length,) = [c for c in changes([new], [old], Tolerance())[0] if c.figure == "reply_words"]
        assert length.verdict == verdict


def test_a_baseline_of_another_workload_or_device_is_no_baseline() -> None:
    old = found(a_latency_run(), "old.json")
    edited = found(a_latency_run(workload=Workload(name="latency", sha256="e" * 64)), "new.json")
    with pytest.raises(BadBenchmarkInput, match=r"new\.json cannot be held to old\.json"):
        changes([edited], [old], Tolerance())
    elsewhere = found(a_latency_run(device={"in_words": "a board"}))
    with pytest.raises(BadBenchmarkInput, match="nothing to hold to the baseline"):
        changes([elsewhere], [old], Tolerance())


def test_a_gate_without_a_baseline_is_a_mistake(tmp_path: Path) -> None:
    write_run(tmp_path, a_latency_run())
    done = run_bench("compare", tmp_path, "--gate")
    assert isinstance(done.exception, DeescalError)
    assert "--baseline" in str(done.exception)


# -- what comes out


def test_two_devices_merge_into_one_page_csv_and_markdown(tmp_path: Path) -> None:
    write_run(tmp_path / "laptop", a_latency_run())
    evil = a_model("<script>alert(1)</script>")
    write_run(
        tmp_path / "board",
        a_latency_run(device={"in_words": "a board & its <b>case</b>"}, models=[evil]),
    )
    done = run_bench("report", tmp_path / "laptop", tmp_path / "board", "--out", tmp_path / "out")
    assert done.exit_code == 0, done.output
    page = (tmp_path / "out/report.html").read_text()
    assert "<script>alert" not in page
    assert "a board &amp; its &lt;b&gt;case" in page
    for outside in ("http://", "https://", "<link", "<script", "url(", "@import"):
        assert outside not in page  # nothing beside it, nothing that runs
    assert page.count("Published, not measured here") == 1
    assert "Gemini 2.5 Flash" in page
    assert "<svg" in page
    rows = list(csv.DictReader(io.StringIO((tmp_path / "out/board.csv").read_text())))
    assert {row["device"] for row in rows} == {"a laptop", "a board & its <b>case</b>"}
    assert float(rows[0]["decode"]) == pytest.approx(50.2)
    assert "Gemini" not in (tmp_path / "out/board.csv").read_text()
    assert "Published, not measured here" in (tmp_path / "out/board.md").read_text()


def test_the_leaderboard_as_json(tmp_path: Path) -> None:
    write_run(tmp_path, a_latency_run())
    done = run_bench("compare", tmp_path, "--format", "json")
    (row,) = json.loads(done.stdout)
    assert row["values"]["peak_mb"] == 300.0
    assert row["gate"] == "not told"
