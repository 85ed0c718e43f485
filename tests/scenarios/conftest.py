"""What the tests of scenarios share: an empty home, a scenario to spoil, and the command line."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner

from models.errors import DeescalError
from scenarios.commands import scenarios
from scenarios.loader import LIBRARY


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty DEESCAL_HOME, so that no scenario of this machine's person is in the library."""
    place = tmp_path / "home"
    monkeypatch.setenv("DEESCAL_HOME", str(place))
    return place


@dataclass
class Said:
    """What a command said and how it ended; `problem` is the one line of an error."""

    output: str
    exit_code: int
    problem: str = ""


@pytest.fixture
def deescal() -> Callable[..., Said]:
    """Runs `deescal scenarios …` as the front door does."""

    def run(*arguments: str | Path) -> Said:
        told = CliRunner().invoke(scenarios, [str(argument) for argument in arguments])
        if isinstance(told.exception, DeescalError):
            return Said(told.stdout, told.exception.exit_code, str(told.exception))
        if told.exception and not isinstance(told.exception, SystemExit):
            raise told.exception
        return Said(told.stdout, told.exit_code, told.stderr)

    return run


@pytest.fixture
def spoilt(tmp_path: Path) -> Callable[..., Path]:
    """A copy of a scenario of the library in which `old` is replaced by `new` in `file`, which must be there."""

    def copy(old: str, new: str, file: str = "scenario.yaml", of: str = "eviction-morning") -> Path:
        folder = tmp_path / "spoilt" / of
        shutil.copytree(LIBRARY / of, folder)
        path = folder / file
        text = path.read_text("utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), "utf-8")
        return folder

    return copy
