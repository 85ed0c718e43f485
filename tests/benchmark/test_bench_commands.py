"""`deescal bench`: what it prints, on the real model; and that the help of the program stays light."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from benchmark.commands import bench
from benchmark.runfile import read_run
from models.gguf_info import read_gguf
from models.store import model_path

HEAVY = ("numpy", "textual", "llama_cpp", "onnxruntime", "faster_whisper", "piper")


@pytest.mark.parametrize("words", [["--help"], ["bench", "--help"], ["bench", "engine", "--help"]])
def test_help_imports_nothing_heavy(words: list[str]) -> None:
    code = (
        "import sys, deescal\n"
        f"sys.argv = ['deescal', *{words!r}]\n"
        "try:\n    deescal.main()\nexcept SystemExit as end:\n    code = end.code\n"
        f"print('LOADED', [m for m in {HEAVY!r} if m in sys.modules], code)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "LOADED [] 0"


@pytest.mark.slow
def test_bench_engine_measures_what_it_promises(tmp_path: Path) -> None:
    done = CliRunner().invoke(
        bench, ["engine", "--json", "--repetitions", "2", "--out", str(tmp_path)]
    )
    assert done.exit_code == 0, done.output
    said = json.loads(done.stdout)
    # Ratios of speeds are noisy on a busy machine: here only that they are of the right size.
    assert 0.2 < said["decode_ratio"] < 20
    assert 0.2 < said["prefill_ratio"] < 20
    assert said["warm_start_ratio"] > 1.5
    # These are counts: no noise in them.
    assert said["cached_share"] == 1.0
    assert 150 < said["session_peak_mb"] < 600
    assert said["thresholds"]["decode_ratio"]["asked"] == 0.95
    run = read_run(Path(said["run_file"]))
    assert len(run.samples["turn_there_tokens"]) == 20
    assert run.samples["turn_kept_tokens"] == run.samples["turn_there_tokens"]
    assert 6 <= len(run.samples["decode_tokens_per_s"]) <= 24  # more pairs on a busy machine
    assert run.models[0].quantisation == read_gguf(model_path("civilian")).quantisation
    assert run.figure("decode_ratio").n == len(run.samples["decode_tokens_per_s"])


@pytest.mark.slow
def test_bench_voice_plays_a_conversation_through_the_whole_loop(tmp_path: Path) -> None:
    picture = tmp_path / "turn.svg"
    done = CliRunner().invoke(
        bench, ["voice", "--quick", "--json", "--out", str(tmp_path), "--picture", str(picture)]
    )
    assert done.exit_code == 0, done.output
    said = json.loads(done.stdout)
    for name in ("voice_to_voice_ratio_p50", "voice_to_voice_ratio_p95", "asr_speedup"):
        assert said[name] > 0
    # Ratios of times are the machine's; these are counts.
    run = read_run(Path(said["run_file"]))
    figures = {figure.name: figure for figure in run.figures}
    if said["cached_share"] is None:  # a crowded machine has no time for drafts while one speaks
        assert "asked in no turn" in figures["cached_share"].note
    else:
        assert said["cached_share"] > 0.9
    assert said["asr_wer"] < 0.35
    assert said["asr_wer_default"] < 0.35
    assert 250 < said["session_peak_mb"] < 1200
    turns = len(run.samples["turn_asr_ms"])
    assert 8 <= turns <= 16  # on a crowded machine two utterances can become one
    for first, certain, whole in zip(
        run.samples["turn_playback_at_ms"],
        run.samples["turn_turn_end_at_ms"],
        run.samples["turn_sequential_ms"],
        strict=True,
    ):
        assert (
            first > 0
        )  # ms after the officer's last word: an answer may begin before the end is certain
        assert certain > 0
        assert whole > 800
    assert "<svg" in picture.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "options", [["--soak", "5", "--interruptions", "3"], ["--quick", "--soak", "5"]]
)
def test_bench_voice_refuses_two_sessions_at_once(options: list[str]) -> None:
    done = CliRunner().invoke(bench, ["voice", *options])
    assert done.exit_code == 2
    assert "Error: --" in done.output


def test_an_unknown_model_is_one_line_and_exit_2() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "deescal", "bench", "engine", "--model", "/nowhere/x.gguf"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert len(done.stderr.strip().splitlines()) == 1
    assert "/nowhere/x.gguf" in done.stderr
