"""The real recogniser of behaviours, on the real embedder."""

import pytest

from models.embedder import Embedder
from models.fetch import model_path
from simulator.officer.skills import SkillRecogniser


@pytest.fixture(scope="session")
def embedder() -> Embedder:
    return Embedder(model_path("embedder"))


@pytest.fixture(scope="session")
def recogniser(embedder: Embedder) -> SkillRecogniser:
    return SkillRecogniser(embedder)
