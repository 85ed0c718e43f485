"""The front door: quick to answer, one line for what is wrong, exit 2 for bad input."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HEAVY = ("numpy", "textual", "llama_cpp", "onnxruntime", "torch", "faster_whisper", "pandas")


def deescal(*arguments: str, home: Path | None = None) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, **({"DEESCAL_HOME": str(home)} if home else {})}
    return subprocess.run(
        [sys.executable, "-m", "deescal", *arguments],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        timeout=120,
    )


def commands() -> list[str]:
    import deescal as front_door

    return list(front_door.ROOMS)


@pytest.mark.parametrize("arguments", [[], *([name] for name in commands())])
def test_help_imports_nothing_heavy_and_has_an_example(arguments: list[str]) -> None:
    script = (
        "import sys; sys.argv = ['deescal', *sys.argv[1:]]\n"
        "import deescal\n"
        "try: deescal.main()\n"
        "except SystemExit as end: code = end.code\n"
        f"print('HEAVY', [m for m in {HEAVY!r} if m in sys.modules], code)"
    )
    run = subprocess.run(
        [sys.executable, "-c", script, *arguments, "--help"],
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    assert "HEAVY [] 0" in run.stdout, run.stderr
    assert "deescal " in run.stdout


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["play", "no-such-scene", "--plain"], "no-such-scene"),
        (["play", "shoplifting-detentoin", "--plain"], "did you mean shoplifting-detention"),
        (["play", "shoplifting-detention", "--plain", "--model", "/no/such.gguf"], "/no/such.gguf"),
        (["play", "--plain", "--resume", "zzzz"], "zzzz"),
        (["review", "zzzz"], "zzzz"),
        (["models", "path", "no-such-model"], "no-such-model"),
        (["scenarios", "show", "no-such-scene"], "no-such-scene"),
        (["demo", "--officer-text", "/no/such.txt", "--no-sound"], "/no/such.txt"),
    ],
)
def test_bad_input_is_one_line_and_exit_2(home: Path, arguments: list[str], says: str) -> None:
    run = deescal(*arguments, home=home)
    assert run.returncode == 2, run.stderr
    assert says in run.stderr
    assert "Traceback" not in run.stderr
    assert len(run.stderr.strip().splitlines()) == 1


def test_a_screen_needs_a_terminal(home: Path) -> None:
    run = deescal("play", "shoplifting-detention", home=home)
    assert run.returncode == 2
    assert "--plain" in run.stderr


def test_a_base_model_cannot_play(home: Path, tmp_path: Path, civilian_gguf: Path) -> None:
    """The real model with its chat template renamed away: what a base model looks like."""
    raw = civilian_gguf.read_bytes()
    at = raw.index(b"tokenizer.chat_template")
    base = tmp_path / "base.gguf"
    base.write_bytes(raw[:at] + b"tokenizer.xxxx_template" + raw[at + 23 :])
    run = deescal("play", "shoplifting-detention", "--plain", "--model", str(base), home=home)
    assert run.returncode == 2
    assert "not a chat model" in run.stderr


def test_without_models_it_says_how_to_get_them(tmp_path: Path) -> None:
    run = deescal("play", "shoplifting-detention", "--plain", "--text", home=tmp_path)
    assert run.returncode == 1
    assert "deescal models pull" in run.stderr
    assert len(run.stderr.strip().splitlines()) == 1


def test_doctor_says_what_works(home: Path) -> None:
    run = deescal("doctor", home=home)
    assert run.returncode == 0, run.stdout + run.stderr
    assert "llama.cpp" in run.stdout


def test_nothing_but_pull_reaches_a_network(home: Path) -> None:
    """A whole text session with every socket but local ones refused."""
    script = (
        "import socket, sys, io\n"
        "def refuse(*a, **k): raise AssertionError('reached for a network')\n"
        "socket.socket.connect = refuse; socket.create_connection = refuse; socket.getaddrinfo = refuse\n"
        "sys.argv = ['deescal', 'play', '--plain', '--text', 'shoplifting-detention']\n"
        "sys.stdin = io.StringIO('Hello, I am Officer Lane.\\n/quit\\n')\n"
        "import deescal; deescal.main()"
    )
    run = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "DEESCAL_HOME": str(home)},
        timeout=300,
    )
    assert run.returncode == 0, run.stderr
    assert "After-action review" in run.stdout
