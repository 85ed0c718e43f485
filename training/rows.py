"""What is learnt from, as conversations: the library's authored dialogues and the corpus's chat rows.

A corpus row comes as `deescal corpus publish` wrote it (`read_corpus` is the one place that knows
its shape); a library dialogue comes as `play` would have sent it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from scenarios.loader import all_scenarios
from scenarios.prompt import ARRIVAL, example_turns, system_message
from training.errors import BadData

Split = Literal["train", "dev"]
Origin = Literal["library", "corpus"]


@dataclass(frozen=True)
class Turn:
    """An officer's words, the stage direction that rode with them, and the civilian's answer.

    learn: whether the answer counts for the loss; weight: how much (dev scores ignore it).
    """

    officer: str
    direction: str
    civilian: str
    learn: bool = True
    weight: float = 1.0


@dataclass(frozen=True)
class Conversation:
    """One officer and one civilian. source: the scenario or the video, which is never split."""

    id: str
    origin: Origin
    source: str
    split: Split
    system: str
    turns: tuple[Turn, ...]

    @property
    def replies(self) -> int:
        return sum(turn.learn for turn in self.turns)


def place_of(name: str, seed: int) -> float:
    """A number in [0, 1) that belongs to a name: the same every time, on every machine."""
    digest = hashlib.sha256(f"{seed}:{name}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def read_library(dev_share: float, seed: int) -> Iterator[Conversation]:
    """Every dialogue of the scenario library; whole scenarios are held back for dev."""
    found = list(all_scenarios())
    by_place = sorted(found, key=lambda loaded: place_of(loaded.id, seed))
    held_back = {loaded.id for loaded in by_place[: max(1, round(len(found) * dev_share))]}
    for loaded in found:
        for number, dialogue in enumerate(loaded.dialogues):
            turns = [Turn(ARRIVAL, "", dialogue.opening)]
            for officer, civilian in example_turns(loaded.scenario, dialogue.exchanges):
                words, _, told = officer.rpartition("\n")
                turns.append(Turn(words, told, civilian, learn=_has_words(civilian)))
            yield Conversation(
                id=f"{loaded.id}#{number}",
                origin="library",
                source=loaded.id,
                split="dev" if loaded.id in held_back else "train",
                system=system_message(loaded.scenario, dialogue.subject_type),
                turns=tuple(turns),
            )


def read_corpus(folder: Path) -> Iterator[Conversation]:
    """The chat rows of a published corpus: its train part, and its validation part as dev.

    `folder` is what `deescal corpus publish` wrote (with `chat/` inside), `chat/` itself, or one
    .jsonl or .parquet file. The test part is never read here.
    """
    for path, split in _corpus_files(folder):
        any_rows = False
        for number, record in _records(path):
            any_rows = True
            conversation = _conversation(record, split, f"{path}:{number}")
            if conversation is not None:
                yield conversation
        if not any_rows and split == "train":
            raise BadData(f"{path}: holds no rows; publish the corpus again")


def _corpus_files(folder: Path) -> list[tuple[Path, Split | None]]:
    if folder.is_file():
        return [(folder, None)]
    if not folder.is_dir():
        raise BadData(f"{folder}: no such folder; give what `deescal corpus publish` wrote")
    chat = folder / "chat" if (folder / "chat").is_dir() else folder
    wanted: tuple[tuple[str, Split], ...] = (("train", "train"), ("validation", "dev"))
    files: list[tuple[Path, Split | None]] = []
    for name, split in wanted:
        for suffix in (".parquet", ".jsonl"):
            if (chat / f"{name}{suffix}").is_file():
                files.append((chat / f"{name}{suffix}", split))
                break
    if not any(split == "train" for _, split in files):
        raise BadData(
            f"{folder}: no chat/train.parquet or chat/train.jsonl; give what `deescal corpus "
            "publish` wrote"
        )
    return files


def _records(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Rows with their number, from 1."""
    if path.suffix == ".parquet":
        try:
            import pyarrow.parquet as parquet
        except ImportError:
            raise BadData(f"{path}: Parquet needs pyarrow; use the .jsonl beside it") from None
        try:
            rows: list[dict[str, Any]] = parquet.read_table(path).to_pylist()
        except (OSError, ValueError) as problem:
            raise BadData(f"{path}: not a Parquet file ({problem})") from None
        yield from enumerate(rows, 1)
        return
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            try:
                record = json.loads(line)
            except ValueError:
                raise BadData(f"{path}:{number}: not a line of JSON") from None
            if not isinstance(record, dict):
                raise BadData(f"{path}:{number}: expected a row with messages")
            yield number, record


def _conversation(record: dict[str, Any], split: Split | None, where: str) -> Conversation | None:
    """One chat row; None where it belongs to the test part."""
    try:
        messages = [(str(m["role"]), str(m["content"])) for m in record["messages"]]
    except (KeyError, TypeError):
        raise BadData(f"{where}: a row needs `messages`, each with role and content") from None
    trains = record.get("trains") or [role == "assistant" for role, _ in messages]
    if len(trains) != len(messages):
        raise BadData(f"{where}: `trains` has {len(trains)} values for {len(messages)} messages")
    own = {"validation": "dev", "dev": "dev", "test": "test"}.get(str(record.get("split")), "train")
    side = split or own
    if side == "test":
        return None
    system = "\n".join(text for role, text in messages if role == "system")
    turns: list[Turn] = []
    officer: list[str] = []
    for (role, text), learn in zip(messages, trains, strict=True):
        if role == "user":
            officer.append(text)
        elif role == "assistant":
            turns.append(Turn(" ".join(officer) or ARRIVAL, "", text, learn and _has_words(text)))
            officer = []
        elif role != "system":
            raise BadData(f"{where}: role {role!r} is none of system, user and assistant")
    name = str(record.get("id", where))
    return Conversation(
        id=name,
        origin="corpus",
        source=str(record.get("source", name)),
        split="dev" if side == "dev" else "train",
        system=system,
        turns=tuple(turns),
    )


def _has_words(text: str) -> bool:
    """Silence ("…") is said by nobody: the player gives it without asking the model."""
    return any(character.isalnum() for character in text)
