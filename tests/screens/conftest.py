"""A home of its own for every test; pulled models, and prefix states once computed, are shared."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from models import places
from simulator.records import Records
from simulator.screens.app import LaunchConfig, SimulatorApp


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    shared = tmp_path_factory.mktemp("cache")
    (shared / "models").symlink_to(places.cache_dir() / "models", target_is_directory=True)
    return shared


@pytest.fixture
def home(cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "cache").symlink_to(cache, target_is_directory=True)
    monkeypatch.setenv("DEESCAL_HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def records(home: Path) -> Records:
    return Records()


@pytest.fixture
def make_app(records: Records) -> Callable[..., SimulatorApp]:
    def make(**config: object) -> SimulatorApp:
        settings = {"choice": None, "voice": False, **config}
        return SimulatorApp(records, LaunchConfig(**settings))  # type: ignore[arg-type]

    return make
