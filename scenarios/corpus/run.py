"""The run folder: what every stage made of every file, kept by content, so that a run can go on.

DIR/run.json                     what the run is made with
DIR/stages/3-clean/SOURCE.json   line 1: key, findings, facts; line 2: the transcript
DIR/private.txt                  yours: names and places that are to go too, one a line
DIR/review/decisions.json        what people decided (see `decisions`)
DIR/report.json, report.md       everything that was skipped, dropped, replaced, and why
DIR/leaks.md                     what de-identification may have missed, for a person to read
DIR/published/                   the data set
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from scenarios.corpus.transcript import Finding, Outcome, Role, Transcript, as_json, from_json
from scenarios.errors import BadScenario, ScenarioError

Stage = Literal["read", "roles", "clean", "deidentify", "filter"]
STAGES: tuple[Stage, ...] = ("read", "roles", "clean", "deidentify", "filter")
_PART = ".part"  # a file half written


@dataclass(frozen=True, slots=True)
class Settings:
    """What shapes the output of a run besides the files."""

    seed: int = 0
    filter_file: str | None = None


@dataclass(frozen=True, slots=True)
class Kept:
    """What a stage made of a file, without the transcript. `key` names the content it was made
    from.
    """

    source: str
    stage: Stage
    key: str
    skip: str | None
    findings: list[Finding]
    facts: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Decision:
    """What people decided about a file in the review: over the filter's verdict and the given
    roles.
    """

    verdict: Literal["accept", "reject"] | None
    roles: dict[str, Role]


class Run:
    """A run folder. Writing is by file and atomic: a killed run loses the file it was at."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    def open(cls, folder: Path, settings: Settings | None = None, create: bool = False) -> Run:
        """Raises BadScenario where the folder is no run, or holds something else already."""
        mark = folder / "run.json"
        if folder.exists() and not folder.is_dir():
            raise BadScenario(f"{folder}: is a file; give a folder for the run")
        if not mark.is_file():
            if not create:
                raise BadScenario(
                    f"{folder}: is no corpus run; make one with `deescal corpus build`"
                )
            if folder.is_dir() and any(not _own_trace(p) for p in folder.iterdir()):
                raise BadScenario(
                    f"{folder}: holds other files; give an empty folder or an older run"
                )
        if create or settings:
            try:
                folder.mkdir(parents=True, exist_ok=True)
                write_json(mark, asdict(settings or Settings()))
            except OSError as problem:
                raise BadScenario(f"{folder}: cannot be written: {problem.strerror}") from None
        return cls(folder)

    @property
    def settings(self) -> Settings:
        try:
            return Settings(**json.loads((self.folder / "run.json").read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError) as problem:
            raise BadScenario(f"{self.folder / 'run.json'}: cannot be read: {problem}") from None

    @property
    def published(self) -> Path:
        return self.folder / "published"

    def path(self, stage: Stage, source: str) -> Path:
        return self.folder / "stages" / f"{STAGES.index(stage) + 1}-{stage}" / f"{source}.json"

    def sources(self, stage: Stage) -> list[str]:
        folder = self.path(stage, "x").parent
        return sorted(p.name.removesuffix(".json") for p in folder.glob("*.json"))

    def keep(self, stage: Stage, source: str, key: str, outcome: Outcome) -> Kept:
        kept = Kept(source, stage, key, outcome.skip, outcome.findings, outcome.facts)
        body = as_json(outcome.transcript) if outcome.transcript else None
        line = json.dumps(body, ensure_ascii=False) + "\n"
        head = {
            "key": key,
            "bytes": len(line.encode()),  # of the second line: shows that the file is whole
            "skip": kept.skip,
            "facts": kept.facts,
            "findings": [[f.stage, f.kind, f.count, f.detail] for f in kept.findings],
        }
        write_text(self.path(stage, source), json.dumps(head, ensure_ascii=False) + "\n" + line)
        return kept

    def kept(self, stage: Stage, source: str) -> Kept | None:
        """What the stage kept of a file, None where there is nothing, or nothing whole."""
        try:
            with self.path(stage, source).open("rb") as stream:
                first = stream.readline()
                size = os.fstat(stream.fileno()).st_size
            head = json.loads(first)
            if size != len(first) + head["bytes"]:
                return None
            findings = [Finding(*values) for values in head["findings"]]
            return Kept(source, stage, head["key"], head["skip"], findings, head["facts"])
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def transcript(self, stage: Stage, source: str) -> Transcript | None:
        try:
            with self.path(stage, source).open(encoding="utf-8") as stream:
                stream.readline()
                data = json.loads(stream.readline())
        except (OSError, ValueError) as problem:
            raise ScenarioError(f"{self.path(stage, source)}: cannot be read: {problem}") from None
        return from_json(data) if data else None

    def forget(self, source: str, after: Stage | None = None) -> None:
        """Removes what the stages behind `after` made of a file (all, without it)."""
        start = 0 if after is None else STAGES.index(after) + 1
        for stage in STAGES[start:]:
            self.path(stage, source).unlink(missing_ok=True)

    def sweep(self) -> None:
        """Removes what a killed run was writing. For the holder of the run's lock; `review` is
        written without it and left alone.
        """
        for part in self.folder.rglob(f".*{_PART}"):
            if part.parent.name != "review":
                part.unlink(missing_ok=True)

    def private_words(self) -> tuple[str, ...]:
        """Names and places of `private.txt`, lower case: what a reader of leaks.md wants gone too."""
        path = self.folder / "private.txt"
        if not path.is_file():
            return ()
        try:
            lines = path.read_text(encoding="utf-8-sig").splitlines()
        except (OSError, UnicodeDecodeError) as problem:
            raise BadScenario(f"{path}: cannot be read as UTF-8: {problem}") from None
        kept = (" ".join(line.lower().split()) for line in lines if not line.startswith("#"))
        return tuple(sorted({line for line in kept if line}))

    def decisions(self) -> dict[str, Decision]:
        """`review/decisions.json`: {source: {"verdict": "accept"|"reject"|null, "roles": {label:
        role}}}.
        """
        path = self.folder / "review" / "decisions.json"
        if not path.is_file():
            return {}
        try:
            data = json.loads(path.read_text(encoding="utf-8"))
            return {
                source: Decision(entry.get("verdict"), dict(entry.get("roles") or {}))
                for source, entry in data.items()
            }
        except (OSError, ValueError, AttributeError) as problem:
            raise BadScenario(f"{path}: cannot be read: {problem}") from None

    def each(self, stage: Stage) -> Iterator[Kept]:
        for source in self.sources(stage):
            if kept := self.kept(stage, source):
                yield kept


def _own_trace(path: Path) -> bool:
    """What a run killed in its first moment leaves."""
    return path.name == "run.lock" or (path.name.startswith(".") and path.suffix == _PART)


def write_text(path: Path, text: str) -> None:
    """Writes beside and renames, so that a reader never sees half a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=_PART)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(text)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def write_json(path: Path, data: Any) -> None:
    write_text(path, json.dumps(data, ensure_ascii=False, indent=2) + "\n")
