"""What a generation leaves: a folder with its manifest, its workload and its replies, one line each.

FOLDER/manifest.json    what answered, how it was asked; written once
FOLDER/workload.jsonl   the conversations; their hash stands in the manifest
FOLDER/replies.jsonl    append-only; the last line of a turn counts
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal, TextIO

from filelock import FileLock, Timeout
from pydantic import BaseModel, ConfigDict, ValidationError

from benchmark.errors import BadBenchmarkInput, BenchmarkError
from benchmark.generate_workload import Dialogues, read_lines
from benchmark.runfile import Model, Workload

SCHEMA_VERSION = 1

Mode = Literal["teacher-forced", "free-running"]


class Manifest(BaseModel):
    """repeated: each of the civilian's answers stood twice in the history, as in the authors' script."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    schema_version: int = SCHEMA_VERSION
    id: str
    began_at: str
    mode: Mode
    setting: str
    repeated: bool
    decoding: dict[str, Any]
    seed: int
    workload: Workload
    asked: int
    model: Model
    adapter: Model | None = None
    speaker: dict[str, Any]
    device: dict[str, Any]
    runtime: dict[str, Any]

    def same_generation(self) -> dict[str, Any]:
        """All that must be alike for replies to stand in one file."""
        return {
            "mode": self.mode,
            "setting": self.setting,
            "history": "twice" if self.repeated else "once",
            **{f"decoding.{name}": value for name, value in self.decoding.items()},
            "seed": self.seed,
            "workload": self.workload.sha256,
            "model": self.model.sha256,
            "adapter": self.adapter.sha256 if self.adapter else None,
            "llama-cpp-python": self.runtime.get("packages", {}).get("llama-cpp-python"),
        }


@dataclass
class ReplyRecord:
    """The answer at one turn. text: cleaned, as it is scored; raw: as it was drawn. error: why there is none.

    real_log_probability, real_tokens: of the real reply under teacher forcing, its end of turn included.
    """

    number: int
    text: str = ""
    raw: str = ""
    error: str = ""
    ended: bool = True
    n_tokens: int = 0
    n_prompt: int = 0
    n_cached: int = 0
    ms: float = 0.0
    all_decoding: bool = True
    real_log_probability: float | None = None
    real_tokens: int = 0


@dataclass
class Generation:
    """A folder, read: `replies` by number of the turn."""

    folder: Path
    manifest: Manifest
    dialogues: Dialogues
    replies: dict[int, ReplyRecord] = field(default_factory=dict)

    @property
    def errors(self) -> list[ReplyRecord]:
        return [reply for reply in self.replies.values() if reply.error]

    @property
    def done(self) -> int:
        return sum(not reply.error for reply in self.replies.values())

    @property
    def missing(self) -> int:
        return self.manifest.asked - len(self.replies)


def begin(folder: Path, manifest: Manifest, dialogues: Dialogues) -> Generation:
    """The folder of this generation: new, or as far as an earlier run came.

    Raises BadBenchmarkInput where the folder holds another generation or something else.
    """
    if (folder / "manifest.json").exists():
        there = read_generation(folder)
        old, new = there.manifest.same_generation(), manifest.same_generation()
        apart = [name for name in new if old.get(name) != new[name]]
        if apart:
            first = apart[0]
            raise BadBenchmarkInput(
                f"{folder}: holds another generation, which differs in {', '.join(apart)} ({first}: "
                f"{_brief(old.get(first))} there, {_brief(new[first])} now); give another --out"
            )
        _mend(folder / "replies.jsonl")
        return there
    if folder.exists() and any(path.name != ".lock" for path in folder.iterdir()):
        raise BadBenchmarkInput(
            f"{folder}: is not empty and holds no generation; give another --out"
        )
    try:
        (folder / "workload.jsonl").write_text("".join(dialogues.lines()), encoding="utf-8")
        (folder / "replies.jsonl").touch()
        part = folder / ".manifest.part"
        part.write_text(manifest.model_dump_json(indent=1) + "\n", encoding="utf-8")
        part.replace(folder / "manifest.json")  # the last of the three: with it the folder is one
    except OSError as problem:
        raise BenchmarkError(f"{folder}: cannot be written ({problem.strerror})") from None
    return Generation(folder, manifest, dialogues)


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """One process to a folder. Raises BadBenchmarkInput while another writes there."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise BadBenchmarkInput(f"{folder}: cannot be made ({problem.strerror})") from None
    lock = FileLock(folder / ".lock")
    try:
        with lock.acquire(timeout=0):
            yield
    except Timeout:
        raise BadBenchmarkInput(f"{folder}: another generation is writing there now") from None


def append(stream: TextIO, reply: ReplyRecord) -> None:
    """One line, on the disk before the next turn is asked."""
    try:
        stream.write(json.dumps(asdict(reply), ensure_ascii=False) + "\n")
        stream.flush()
        os.fsync(stream.fileno())
    except OSError as problem:
        raise BenchmarkError(
            f"{stream.name}: cannot be written ({problem.strerror}); what is there is kept"
        ) from None


def read_generation(folder: Path) -> Generation:
    """Read a folder and check that its workload is the one that was answered. Raises BadBenchmarkInput."""
    manifest = _manifest(folder / "manifest.json")
    path = folder / "workload.jsonl"
    try:
        conversations = tuple(read_lines(path))
    except OSError as problem:
        raise BadBenchmarkInput(f"{path}: cannot be read ({problem.strerror})") from None
    dialogues = Dialogues(manifest.workload.name, conversations)
    if dialogues.identity.sha256 != manifest.workload.sha256:
        raise BadBenchmarkInput(
            f"{path}: was changed after it was answered (its hash is {dialogues.identity.sha256[:12]}…, the "
            f"manifest's {manifest.workload.sha256[:12]}…); generate again into another folder"
        )
    generation = Generation(folder, manifest, dialogues)
    replies = folder / "replies.jsonl"
    try:
        text = replies.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as problem:
        raise BadBenchmarkInput(f"{replies}: cannot be read ({problem})") from None
    lines = text.split("\n")
    for number, line in enumerate(lines[:-1], 1):  # behind the last line end: cut off by a kill
        try:
            reply = ReplyRecord(**json.loads(line))
        except (ValueError, TypeError):
            raise BadBenchmarkInput(f"{replies}:{number}: is no line of a generation") from None
        if not 0 <= reply.number < manifest.asked:
            raise BadBenchmarkInput(f"{replies}:{number}: the workload has no turn {reply.number}")
        generation.replies[reply.number] = reply
    return generation


def _manifest(path: Path) -> Manifest:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except OSError:
        raise BadBenchmarkInput(
            f"{path.parent}: holds no generation (no manifest.json); `deescal bench generate` makes one"
        ) from None
    except ValueError:
        raise BadBenchmarkInput(f"{path}: not whole JSON: was it cut short?") from None
    version = data.get("schema_version") if isinstance(data, dict) else None
    if version != SCHEMA_VERSION:
        raise BadBenchmarkInput(
            f"{path}: written with generation schema {version}, this program reads {SCHEMA_VERSION}"
        )
    try:
        return Manifest.model_validate(data)
    except ValidationError as problem:
        first = problem.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise BadBenchmarkInput(f"{path}: not a manifest: {where}: {first['msg']}") from None


def _mend(path: Path) -> None:
    """Cut off what a kill left behind the last whole line."""
    raw = path.read_bytes()
    whole = raw.rfind(b"\n") + 1
    if whole != len(raw):
        with path.open("r+b") as stream:
            stream.truncate(whole)


def _brief(value: object) -> str:
    text = str(value)
    return f"{text[:12]}…" if len(text) > 24 else text
