"""The fixed workloads: what every device is given, word for word, known by its hash."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from benchmark.errors import BadBenchmarkInput
from benchmark.runfile import Workload
from scenarios.loader import Loaded, load
from scenarios.schema import Condition, Dialogue, SubjectType

_HERE = Path(__file__).parent / "workloads"


class EngineWorkload(BaseModel):
    """See workloads/engine.yaml."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    prompt_tokens: int = Field(ge=64)
    decode_tokens: int = Field(ge=4)
    prose: str
    scenario: str
    subject: SubjectType
    seed: int
    first_words: str
    officer: list[str] = Field(min_length=2)


class LatencyWorkload(BaseModel):
    """See workloads/latency.yaml."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    shapes: list[str] = Field(min_length=1)
    scenario: str
    subject: SubjectType
    first_words: str


class DialogueWorkload(BaseModel):
    """See workloads/dialogue.yaml."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    seed: int
    turns: int = Field(ge=2)
    conversations: list[Replayed] = Field(min_length=1)


class Replayed(BaseModel):
    """An authored dialogue of the library whose officer's lines are said again."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    scenario: str
    officer: Literal["trained", "clumsy", "bad"]
    subject: SubjectType


DialogueWorkload.model_rebuild()


def engine_workload() -> EngineWorkload:
    return EngineWorkload.model_validate(read_workload("engine"))


def latency_workload() -> LatencyWorkload:
    return LatencyWorkload.model_validate(read_workload("latency"))


def dialogue_workload() -> DialogueWorkload:
    return DialogueWorkload.model_validate(read_workload("dialogue"))


def identity(workload: BaseModel, *played: Loaded) -> Workload:
    """Name and hash of a workload: of what it says and of the scenarios and dialogues that it plays."""
    digest = hashlib.sha256()
    digest.update(json.dumps(workload.model_dump(), sort_keys=True).encode())
    for loaded in played:
        digest.update(loaded.sha256.encode())
        for dialogue in loaded.dialogues:
            digest.update(dialogue.model_dump_json().encode())
    return Workload(name=str(getattr(workload, "name", "")), sha256=digest.hexdigest())


def endless(scenario_id: str, without: Dialogue | None = None) -> Loaded:
    """A scenario of the library whose endings cannot be reached: a workload has as many turns as it has lines.
    without: the dialogue whose officer is heard, so that its answers are not there to be taken.
    """
    loaded = load(scenario_id)
    never = Condition(turn_at_least=1_000_000)
    endings = [e.model_copy(update={"when": never}) for e in loaded.scenario.endings]
    scenario = loaded.scenario.model_copy(update={"endings": endings})
    found = Loaded(scenario, loaded.path, loaded.sha256)
    found.dialogues = [dialogue for dialogue in loaded.dialogues if dialogue != without]
    return found


def read_workload(name: str) -> dict[str, Any]:
    """The fields of a workload's file. Raises BadBenchmarkInput."""
    path = _HERE / f"{name}.yaml"
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as problem:
        raise BadBenchmarkInput(f"{path}: the workload cannot be read ({problem})") from None
    if not isinstance(data, dict):
        raise BadBenchmarkInput(f"{path}: the workload is not a mapping of fields")
    return data


__all__ = [
    "DialogueWorkload",
    "EngineWorkload",
    "LatencyWorkload",
    "Replayed",
    "ValidationError",
    "dialogue_workload",
    "endless",
    "engine_workload",
    "identity",
    "latency_workload",
    "read_workload",
]
