"""Find, load and choose scenarios. A file that does not hold is refused with file, line, field and
what was expected.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from models.places import data_dir
from scenarios.errors import BadScenario
from scenarios.schema import Dialogue, Scenario
from scenarios.yaml_lines import NotYaml, line_of, parse

LIBRARY = Path(__file__).parent / "library"

_Model = TypeVar("_Model", bound=BaseModel)


@dataclass
class Loaded:
    """A scenario, where it stands, and its dialogues (read when first asked for)."""

    scenario: Scenario
    path: Path
    sha256: str

    @property
    def id(self) -> str:
        return self.scenario.id

    @property
    def is_draft(self) -> bool:
        """Not reviewed yet: to try out, never to assess an officer with."""
        return self.scenario.status == "draft"

    @cached_property
    def dialogues(self) -> list[Dialogue]:
        return [load_dialogue(path) for path in dialogue_paths(self.path)]


def own_library() -> Path:
    """Where a person's own scenarios live on this device."""
    return data_dir() / "scenarios"


def scenario_paths() -> dict[str, Path]:
    """id -> file, of the library and of the person's own; their own wins where both have an id."""
    found: dict[str, Path] = {}
    for folder in (LIBRARY, own_library()):
        for path in sorted(folder.glob("*/scenario.yaml")):
            found[path.parent.name] = path
    return found


def dialogue_paths(scenario_path: Path) -> list[Path]:
    return sorted((scenario_path.parent / "dialogues").glob("*.yaml"))


def load(id_or_path: str | Path) -> Loaded:
    """A scenario by id, file or folder. Raises BadScenario, with close names where the id is not
    there.
    """
    path = Path(id_or_path)
    if path.is_dir() and (path / "scenario.yaml").is_file():
        path = path / "scenario.yaml"
    if not path.is_file():
        paths = scenario_paths()
        if str(id_or_path) not in paths:
            raise BadScenario(f"no scenario '{id_or_path}'{_close(str(id_or_path), list(paths))}")
        path = paths[str(id_or_path)]
    raw = _read(path)
    scenario = _checked(Scenario, raw, path)
    return Loaded(scenario, path, hashlib.sha256(raw).hexdigest())


def load_dialogue(path: Path) -> Dialogue:
    return _checked(Dialogue, _read(path), path)


def all_scenarios() -> Iterator[Loaded]:
    """Every scenario, by id. Raises BadScenario at the first that does not hold."""
    for path in scenario_paths().values():
        yield load(path)


def surprise(found: list[Loaded], seed: int) -> Loaded:
    """One of `found`, by seed; never a draft, which nobody has reviewed."""
    reviewed = [loaded for loaded in found if not loaded.is_draft]
    if found and not reviewed:
        raise BadScenario("only drafts fit, and those are not drawn; ask for less, or name one")
    if not reviewed:
        raise BadScenario("no scenario fits; ask for less")
    return random.Random(seed).choice(reviewed)


def problems(path: Path, model: type[BaseModel] = Scenario) -> list[str]:
    """What is wrong with a file, a line each; empty where it holds."""
    try:
        _validated(model, _read(path), path)
    except _Refused as refused:
        return refused.lines
    except BadScenario as problem:
        return [str(problem)]
    return []


def line_in(path: Path, field: Sequence[str | int]) -> int:
    """The line of a YAML file on which a field stands, from 1; of the deepest part that is there."""
    return line_of(_read(path), field)


class _Refused(Exception):
    def __init__(self, lines: list[str]) -> None:
        self.lines = lines


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as problem:
        raise BadScenario(f"{path}: cannot be read ({problem.strerror})") from None


def _checked(model: type[_Model], raw: bytes, path: Path) -> _Model:
    try:
        return _validated(model, raw, path)
    except _Refused as refused:
        more = len(refused.lines) - 1
        hint = f" (and {more} more: `deescal scenarios validate {path}`)" if more else ""
        raise BadScenario(refused.lines[0] + hint) from None


def _validated(model: type[_Model], raw: bytes, path: Path) -> _Model:
    try:
        data = parse(raw)
    except NotYaml as problem:
        raise _Refused([f"{path}:{problem.line}: not YAML: {problem.what}"]) from None
    if not isinstance(data, dict):
        raise _Refused([f"{path}:1: expected a mapping of fields, found {type(data).__name__}"])
    try:
        return model.model_validate(data)
    except ValidationError as problem:
        lines = [_one_line(path, raw, error) for error in problem.errors()]
        raise _Refused(lines) from None


def _one_line(path: Path, raw: bytes, error: Any) -> str:
    where = [
        part
        for part in error["loc"]
        if not (isinstance(part, str) and part.startswith("function-"))
    ]
    where += error.get("ctx", {}).get("at", [])  # a fault between parts says where it is
    line = line_of(raw, where)
    field = ".".join(str(part) for part in where) or "the whole"
    message = str(error["msg"]).removeprefix("Value error, ")
    if error["type"] == "extra_forbidden":
        message = "no such field here" + _close(str(where[-1]), _fields_at(where[:-1]))
    elif error["type"] == "missing":
        message = "is missing"
    elif not isinstance(error["input"], dict | list | BaseModel):
        message += f" (found {str(error['input'])[:60]!r})"
    return f"{path}:{line}: {field}: {message}"


def _fields_at(where: list[Any]) -> list[str]:
    """Field names that the schema knows at a path, to say what was meant."""
    schema: Any = Scenario.model_json_schema()
    at: Any = schema
    for part in where:
        at = (
            at.get("items", {}) if isinstance(part, int) else at.get("properties", {}).get(part, {})
        )
        if "$ref" in at:
            at = schema["$defs"][at["$ref"].rsplit("/", 1)[1]]
    return list(at.get("properties", {}))


def _close(name: str, known: list[str]) -> str:
    import difflib

    near = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    return f"; did you mean {' or '.join(near)}?" if near else ""
