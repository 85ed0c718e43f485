"""What is installed on this device: where a model's files are, and whether they are intact.

A model lies in `cache_dir()/models/ID/` with a `receipt.json` that says where it came from and the
sha256 of every file. What is being fetched lies in `.partial/ID/` and is renamed into place whole.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from filelock import FileLock
from pydantic import BaseModel, ConfigDict, ValidationError

from models import places
from models.catalog import ModelCard, card
from models.errors import BadModel, ModelError
from models.gguf_info import read_gguf

_BLOCK = 1024 * 1024


class FileRecord(BaseModel):
    """A file as it was installed."""

    model_config = ConfigDict(frozen=True)

    sha256: str
    bytes: int


class Receipt(BaseModel):
    """How a model got here."""

    model_config = ConfigDict(frozen=True)

    id: str
    source: str  # what was fetched, in words: packages, or repository and commit, or path
    installed_at: str  # ISO 8601, UTC
    licence: str
    licence_accepted: bool
    checked_against: str  # "the card" or "the hub"
    files: dict[str, FileRecord]


def root() -> Path:
    """The folder that all models lie in."""
    return places.cache_dir() / "models"


def folder(model_id: str) -> Path:
    """Where the files of a model are, or would be."""
    return root() / model_id


def partial(model_id: str) -> Path:
    """Where a model is while it is fetched; what is here survives a kill and is resumed."""
    return root() / ".partial" / model_id


def lock(model_id: str) -> FileLock:
    """One pull of a model at a time, over all processes."""
    locks = root() / ".locks"
    locks.mkdir(parents=True, exist_ok=True)
    return FileLock(locks / f"{model_id}.lock")


def receipt(model_id: str) -> Receipt | None:
    """The receipt of an installed model; None if it is absent or unreadable."""
    try:
        return Receipt.model_validate_json((folder(model_id) / "receipt.json").read_bytes())
    except (OSError, ValidationError):
        return None


def model_path(model_id: str) -> Path:
    """The .gguf or .onnx file of an installed model, or its folder (asr, embedder).

    `model_id` is an id, an alias, or the path of a GGUF file. Files are compared with their sha256;
    an unchanged file is not read again. Raises ModelError in one line if absent or corrupt.
    """
    if is_path(model_id):
        return read_gguf(Path(model_id).expanduser().resolve()).path
    found = card(model_id)
    problem = _problem(found, file_sha256)
    if problem:
        raise ModelError(problem)
    return folder(found.id) / (found.main_file or "")


def is_path(model_id: str) -> bool:
    """Whether a person gave the path of a GGUF file where an id is expected."""
    return "/" in model_id or os.sep in model_id or model_id.endswith(".gguf")


def is_installed(model_id: str) -> bool:
    """Whether every file of the model is there and is what it should be."""
    return _problem(card(model_id), file_sha256) is None


def verify(model_id: str) -> dict[str, FileRecord]:
    """Read every byte of an installed model and compare; what was found by file name.

    Raises ModelError in one line for the first thing that is wrong.
    """
    found = card(model_id)
    read: dict[str, FileRecord] = {}

    def sha256_again(path: Path) -> str:
        digest = sha256_of(path)
        remember(path, digest)
        read[path.relative_to(folder(found.id)).as_posix()] = FileRecord(
            sha256=digest, bytes=path.stat().st_size
        )
        return digest

    problem = _problem(found, sha256_again)
    if problem:
        raise ModelError(problem)
    if found.main_file and found.main_file.endswith(".gguf"):
        read_gguf(folder(found.id) / found.main_file)
    return read


def remove(model_id: str) -> int:
    """Delete a model and what was fetched of it; the bytes freed. BadModel if there was nothing."""
    found = card(model_id)
    there = [path for path in (folder(found.id), partial(found.id)) if path.exists()]
    if not there:
        raise BadModel(f"{found.id} is not installed; there is nothing to remove")
    with lock(found.id):
        freed = sum(_bytes_in(path) for path in there)
        for path in there:
            shutil.rmtree(path, ignore_errors=False)
    return freed


def file_sha256(path: Path) -> str:
    """The sha256 of a file, remembered by path, size and time of change.

    So that a start does not read 100 MB again to know that nothing changed.
    """
    state = path.stat()
    known = _known().get(str(path.resolve()))
    if known and known[:2] == [state.st_size, state.st_mtime_ns]:
        return str(known[2])
    digest = sha256_of(path)
    remember(path, digest)
    return digest


def sha256_of(path: Path) -> str:
    """The sha256 of a file, read in full."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def _problem(found: ModelCard, sha256: Callable[[Path], str]) -> str | None:
    """What is wrong with an installed model, in one line with what to do about it."""
    fetch = f"run `deescal models pull {found.id}`"
    note = receipt(found.id)
    if note is None:
        return f"the model {found.id} is not on this device; {fetch}"
    for name, facts in found.files.items():
        path = folder(found.id) / name
        recorded = note.files.get(name)
        expected = facts.sha256 or (recorded.sha256 if recorded else None)
        size = facts.bytes or (recorded.bytes if recorded else None)
        if not path.is_file():
            return f"the model {found.id} is damaged ({name} is missing); {fetch}"
        if size is not None and path.stat().st_size != size:
            length = f"{path.stat().st_size:,} bytes of {size:,}"
            return f"the model {found.id} is damaged ({name} has {length}); {fetch}"
        try:
            if sha256(path) != expected:
                return f"the model {found.id} is damaged ({name} has another sha256); {fetch}"
        except OSError as problem:
            return f"the model {found.id} cannot be read ({path}: {problem.strerror})"
    return None


def _memory() -> Path:
    return root() / ".sha256.json"


def _known() -> dict[str, list[int | str]]:
    try:
        known = json.loads(_memory().read_bytes())
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}


def remember(path: Path, digest: str) -> None:
    """Write what was found. Two processes at once lose an entry at most: it is computed again."""
    state = path.stat()
    known = {key: value for key, value in _known().items() if Path(key).exists()}
    known[str(path.resolve())] = [state.st_size, state.st_mtime_ns, digest]
    try:
        write_whole(_memory(), json.dumps(known, indent=0).encode())
    except OSError:  # a read-only or full disk: only the time saved next time is lost
        return


def write_whole(path: Path, data: bytes) -> None:
    """Write a small file so that a reader, or a kill, never sees half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _bytes_in(path: Path) -> int:
    return sum(item.lstat().st_size for item in path.rglob("*") if not item.is_dir())
