"""Shared parts of the tests: their own DEESCAL_HOME, with the real models in it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

os.environ.setdefault("TERM", "xterm-256color")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as deescal.py sets it


@pytest.fixture(scope="session")
def models_cache() -> Path:
    """Where `make models` put the weights: pulled once, shared by every test."""
    from models.places import cache_dir

    return cache_dir() / "models"


@pytest.fixture
def home(tmp_path: Path, models_cache: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty DEESCAL_HOME with the real models in it."""
    folder = tmp_path / "home"
    models = folder / "cache" / "models"
    models.mkdir(parents=True)
    for model in models_cache.iterdir():  # each by itself: what a test builds or pulls stays here
        if model.is_dir() and not model.name.startswith("."):
            (models / model.name).symlink_to(model)
    monkeypatch.setenv("DEESCAL_HOME", str(folder))
    return folder


@pytest.fixture(scope="session")
def civilian_gguf() -> Path:
    from models.fetch import model_path

    return model_path("civilian")


@pytest.fixture
def engine(civilian_gguf: Path) -> Iterator[object]:
    from models.engine import Engine, EngineSettings

    with Engine(civilian_gguf, EngineSettings(n_ctx=1024)) as made:
        yield made
