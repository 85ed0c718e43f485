"""`deescal demo`, as a person runs it: the real model, the real recogniser, the real voice, real WAVs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import jiwer
import numpy as np
import pytest

from models.fetch import model_path
from scenarios.in_role import out_of_role
from simulator.voice.delivery import Delivery
from simulator.voice.tts import Speaker
from simulator.voice.wav import Audio, read_wav, write_wav

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]

HARSH = ["Sit down right now.", "Stop lying to me. You stole it.", "Sit down or I will arrest you."]
KIND = [
    "You sound really worried about somebody.",
    "Take your time. There is no hurry at all.",
    "So you have been carrying this alone for a long time.",
]


def deescal(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "deescal", *arguments],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "DEESCAL_HOME": str(home)},
        timeout=400,
    )


def recorded(folder: Path, lines: list[str]) -> Path:
    speaker = Speaker(model_path("tts"))
    folder.mkdir()
    for number, line in enumerate(lines, start=1):
        write_wav(folder / f"{number:02d}.wav", speaker.speak(line, Delivery(pitch_semitones=3)))
        (folder / f"{number:02d}.txt").write_text(line)
    return folder


def rows(out: Path) -> list[dict[str, object]]:
    found = json.loads((out / "transcript.json").read_text())
    assert isinstance(found, list)
    return found


def test_recorded_lines_are_heard_and_move_the_civilian(home: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    audio = recorded(tmp_path / "lines", HARSH + KIND)
    run = deescal(
        home,
        "demo",
        "--scenario",
        "shoplifting-detention",
        "--officer-audio",
        str(audio),
        "--out",
        str(out),
    )
    assert run.returncode == 0, run.stderr
    assert "Word error rate" in run.stdout
    transcript = rows(out)
    officer = [row for row in transcript if row["speaker"] == "officer"]
    heard = [str(row["text"]).lower() for row in officer]
    assert jiwer.wer([t.lower() for t in (HARSH + KIND)[: len(heard)]], heard) < 0.25
    start = int(transcript[0]["agitation"])  # type: ignore[call-overload]
    after = [int(row["agitation"]) for row in officer]  # type: ignore[call-overload]
    assert after[2] > start, "commands and threats raise agitation"
    if len(after) == 6:
        assert after[5] < after[2], "listening lowers it"
    civilian = [row for row in transcript if row["speaker"] == "civilian"]
    for row in civilian:
        assert out_of_role(str(row["text"])) is None
        if row["text"] != "…":
            sound = read_wav(out / str(row["audio"]))
            assert float(np.abs(sound.samples).max()) > 0.02
    session = read_wav(out / "session.wav", longest_s=3600)
    spoken = sum(read_wav(out / str(row["audio"])).seconds for row in transcript if row["audio"])
    assert session.seconds >= spoken - 0.5
    assert (out / "review.html").read_text().startswith("<!doctype html>")
    kinds = [json.loads(line)["kind"] for line in (out / "events.jsonl").read_text().splitlines()]
    assert kinds[0] == "session_started"
    assert kinds[-1] == "session_ended"


def test_typed_lines_without_sound(home: Path, tmp_path: Path) -> None:
    lines = tmp_path / "lines.txt"
    lines.write_text("# a comment\nGood evening, I'm Officer Lane.\n\nWhat happened?\n")
    out = tmp_path / "out"
    run = deescal(home, "demo", "--officer-text", str(lines), "--no-sound", "--out", str(out))
    assert run.returncode == 0, run.stderr
    texts = [row["text"] for row in rows(out) if row["speaker"] == "officer"]
    assert texts == ["Good evening, I'm Officer Lane.", "", "What happened?"]
    assert not list(out.glob("**/*.wav"))


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda folder: None, "not a folder"),
        (lambda folder: folder.mkdir(), "no .wav"),
        (lambda folder: _file(folder, b""), "01.wav"),
        (lambda folder: _file(folder, b"RIFF this is no sound"), "01.wav"),
        (lambda folder: _empty_wav(folder), "01.wav"),
    ],
)
def test_bad_recordings_are_one_line_and_exit_2(
    home: Path, tmp_path: Path, make, says: str
) -> None:  # type: ignore[no-untyped-def]
    folder = tmp_path / "lines"
    make(folder)
    run = deescal(home, "demo", "--officer-audio", str(folder), "--out", str(tmp_path / "out"))
    assert run.returncode == 2
    assert says in run.stderr
    assert len(run.stderr.strip().splitlines()) == 1
    assert not (tmp_path / "out").exists()


def _file(folder: Path, content: bytes) -> None:
    folder.mkdir()
    (folder / "01.wav").write_bytes(content)


def _empty_wav(folder: Path) -> None:
    folder.mkdir()
    write_wav(folder / "01.wav", Audio(np.zeros(0, np.float32), 16_000))
