"""Whether single files hold: what `validate` reads, and what it says of each."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from scenarios.contradictions import contradictions
from scenarios.errors import BadScenario
from scenarios.loader import dialogue_paths, load, load_dialogue, problems, scenario_paths
from scenarios.schema import Dialogue, Scenario


def files_of(given: Path | None) -> list[Path]:
    """The files that a name means: a file, a folder, an id; None means all there are.

    Raises BadScenario where there is nothing of that name.
    """
    if given is None:
        return [path for one in scenario_paths().values() for path in _with_dialogues(one)]
    if given.is_file():
        return [given]
    if (given / "scenario.yaml").is_file():
        return _with_dialogues(given / "scenario.yaml")
    if given.is_dir():
        inside = sorted(given.rglob("*.yaml"))
        if inside:
            return inside
        raise BadScenario(f"{given}: there is no .yaml file in this folder")
    known = scenario_paths()
    if str(given) in known:
        return _with_dialogues(known[str(given)])
    raise BadScenario(f"{given}: there is no such file, folder or scenario")


def wrong_in(path: Path) -> Iterator[str]:
    """Each problem of a file in a line: file, line, field, what was expected."""
    if not _is_dialogue(path):
        yield from problems(path, Scenario)
        return
    wrong = problems(path, Dialogue)
    yield from wrong
    beside = path.parent.parent / "scenario.yaml"
    if not wrong and beside.is_file() and not problems(beside, Scenario):
        for remark in contradictions(load(beside).scenario, load_dialogue(path), path):
            if remark.mend:
                field = ".".join(str(part) for part in remark.field)
                yield f"{path}:{remark.line}: {field}: {remark.text}"


def _with_dialogues(scenario: Path) -> list[Path]:
    return [scenario, *dialogue_paths(scenario)]


def _is_dialogue(path: Path) -> bool:
    """By the field that only dialogues have; where it cannot be read, by the folder."""
    if path.parent.name == "dialogues":
        return True
    try:
        text = path.read_text("utf-8", errors="replace")
    except OSError:
        return False
    return any(line.startswith("exchanges:") for line in text.splitlines())
