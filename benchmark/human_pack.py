"""Blind rating packs: real and generated replies mixed, and the key kept apart from what the raters get.

FOLDER/pack.json    what a rater sees: a few lines of an encounter and the civilian's reply; nothing of where it is from
FOLDER/form.html    the same as a page to rate in a browser, without a network
KEY.json            which is which; stays with whoever made the pack
"""

from __future__ import annotations

import hashlib
import json
import os
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from benchmark.errors import BadBenchmarkInput, BenchmarkError
from benchmark.generate_record import Generation
from benchmark.runfile import Model, Workload

SCHEMA_VERSION = 1
#: Lines of the encounter before the reply that is rated.
_CONTEXT = 5
_SHORTEST = 2  # words: of "Yeah." nobody can tell anything


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


_P = TypeVar("_P", bound=_Part)


class Line(_Part):
    who: str
    text: str


class Item(_Part):
    """One reply to rate in its context."""

    id: str
    context: list[Line]
    reply: str


class Pack(_Part):
    schema_version: int = SCHEMA_VERSION
    id: str
    title: str
    items: list[Item]


class KeyItem(_Part):
    """model: index into the key's models; None for a real reply."""

    model: int | None
    source: str


class Key(_Part):
    """What the raters must not see."""

    schema_version: int = SCHEMA_VERSION
    pack: str
    seed: int
    models: list[Model]
    workload: Workload
    settings: dict[str, Any]
    device: dict[str, Any]
    items: dict[str, KeyItem] = Field(min_length=1)


def make_pack(
    generations: Sequence[Generation], count: int, seed: int, title: str
) -> tuple[Pack, Key]:
    """`count` replies, as many real ones as of each model, no turn twice, in an order drawn by seed.

    Raises BadBenchmarkInput where the generations answer different workloads or in different ways, or are too few.
    """
    first = generations[0]
    for other in generations[1:]:
        mine, theirs = first.manifest, other.manifest
        for what in ("workload", "mode", "setting", "decoding"):
            if getattr(mine, what) != getattr(theirs, what):
                raise BadBenchmarkInput(
                    f"{other.folder}: another {what} than {first.folder}; one pack holds one question"
                )
    if first.manifest.mode != "teacher-forced":
        raise BadBenchmarkInput(
            f"{first.folder}: in a free-running dialogue a reply's context is generated as well, and raters would "
            "judge that; give teacher-forced replies"
        )
    draw = random.Random(seed)
    places = [
        asked
        for asked in first.dialogues.asked
        if len(_real(first, asked.conversation, asked.turn).split()) >= _SHORTEST
        and all(_answer(g, asked.number) for g in generations)
    ]
    draw.shuffle(places)
    if len(places) < count:
        raise BadBenchmarkInput(
            f"{count} items asked, and only {len(places)} turns were answered by all with {_SHORTEST} words or more"
        )
    origins: list[int | None] = [None, *range(len(generations))]
    items, key = [], {}
    for number, asked in enumerate(places[:count]):
        origin = origins[number % len(origins)]
        conversation = first.dialogues.conversations[asked.conversation]
        reply = (
            _real(first, asked.conversation, asked.turn)
            if origin is None
            else _answer(generations[origin], asked.number)
        )
        name = hashlib.sha256(f"{seed} {conversation.id} {asked.turn}".encode()).hexdigest()[:8]
        items.append(
            Item(id=name, context=_context(first, asked.conversation, asked.turn), reply=reply)
        )
        key[name] = KeyItem(model=origin, source=conversation.source)
    draw.shuffle(items)
    identity = hashlib.sha256(json.dumps([i.model_dump() for i in items]).encode()).hexdigest()[:16]
    manifest = first.manifest
    return Pack(id=identity, title=title, items=items), Key(
        pack=identity,
        seed=seed,
        models=[g.manifest.adapter or g.manifest.model for g in generations],
        workload=manifest.workload,
        settings={
            "setting": manifest.setting,
            "mode": manifest.mode,
            "decoding": manifest.decoding,
            "seed": manifest.seed,
        },
        device=manifest.device,
        items=key,
    )


def write_pack(pack: Pack, key: Key, folder: Path, key_path: Path) -> list[Path]:
    """Write all three files. Raises BadBenchmarkInput where the folder holds a pack or the key would lie in it."""
    from benchmark.human_form import as_page

    if key_path.resolve().is_relative_to(folder.resolve()):
        raise BadBenchmarkInput(
            f"{key_path}: the key must not lie in the folder that raters are given"
        )
    for path in (folder / "pack.json", key_path):
        if path.exists():
            raise BadBenchmarkInput(
                f"{path}: is there already; a pack that was handed out is not changed"
            )
    texts = {
        folder / "pack.json": pack.model_dump_json(indent=1) + "\n",
        folder / "form.html": as_page(pack),
        key_path: key.model_dump_json(indent=1) + "\n",
    }
    try:
        for path, text in texts.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            part = path.with_name(f".{path.name}.{os.getpid()}.part")
            part.write_text(text, encoding="utf-8")
            if path == key_path:
                part.chmod(0o600)
            part.replace(path)
    except OSError as problem:
        raise BenchmarkError(f"{folder}: cannot be written ({problem.strerror})") from None
    return list(texts)


def read_pack(folder: Path) -> Pack:
    """Of a folder, or the pack.json itself. Raises BadBenchmarkInput."""
    path = folder / "pack.json" if folder.is_dir() else folder
    return _read(path, Pack, "a rating pack")


def read_key(path: Path) -> Key:
    return _read(path, Key, "the key of a rating pack")


def _read(path: Path, kind: type[_P], what: str) -> _P:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except OSError as problem:
        raise BadBenchmarkInput(f"{path}: cannot be read ({problem.strerror})") from None
    except ValueError:
        raise BadBenchmarkInput(f"{path}: not whole JSON: was it cut short?") from None
    version = data.get("schema_version") if isinstance(data, dict) else None
    if version != SCHEMA_VERSION:
        raise BadBenchmarkInput(f"{path}: is not {what} of schema {SCHEMA_VERSION}")
    try:
        return kind.model_validate(data)
    except ValidationError as problem:
        first = problem.errors()[0]
        raise BadBenchmarkInput(
            f"{path}: is not {what}: {'.'.join(map(str, first['loc']))}: {first['msg']}"
        ) from None


def _answer(generation: Generation, number: int) -> str:
    reply = generation.replies.get(number)
    return reply.text.strip() if reply and not reply.error else ""


def _real(generation: Generation, conversation: int, turn: int) -> str:
    return generation.dialogues.conversations[conversation].turns[turn].civilian


def _context(generation: Generation, conversation: int, turn: int) -> list[Line]:
    lines: list[Line] = []
    turns = generation.dialogues.conversations[conversation].turns
    for earlier in turns[:turn]:
        lines += [
            Line(who="Officer", text=earlier.officer),
            Line(who="Civilian", text=earlier.civilian),
        ]
    lines.append(Line(who="Officer", text=turns[turn].officer))
    return lines[-_CONTEXT:]
