"""Where transcripts come from: a folder, an archive or a file, one after the other and never all at
once.
"""

from __future__ import annotations

import hashlib
import tarfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from scenarios.errors import BadScenario

#: A day of speech is under 2 MB of text; a larger "transcript" is something else and is not read.
MAX_TEXT_BYTES = 64 * 1024 * 1024

TEXT_SUFFIXES = (".csv", ".tsv", ".txt", ".log", ".json")
AUDIO_SUFFIXES = (".wav", ".mp3", ".m4a", ".flac", ".ogg", ".opus", ".mp4", ".mkv", ".mov", ".webm")


@dataclass(slots=True)
class RawFile:
    """One file of a source. `data` is None where `problem` says why it was not read, or for a
    recording, which is read from `path` by the recogniser."""

    name: str
    stem: str
    suffix: str
    data: bytes | None = None
    path: Path | None = None
    problem: str | None = None
    sha256: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        if self.data is not None and not self.sha256:
            self.sha256 = hashlib.sha256(self.data).hexdigest()


def files_in(source: Path) -> Iterator[RawFile]:
    """Every file of SOURCE, in a stable order, each with a stem that no other file of it has.

    Raises BadScenario where SOURCE itself cannot be opened; a bad file inside comes with its `problem`.
    """
    if not source.exists():
        raise BadScenario(f"{source}: there is no such file or folder")
    seen: dict[str, int] = {}
    for raw in _walk(source):
        count = seen[raw.stem] = seen.get(raw.stem, 0) + 1
        if count > 1:  # two folders may hold a file of the same name
            raw.stem = f"{raw.stem}~{count}"
        yield raw


def _walk(source: Path) -> Iterator[RawFile]:
    if source.is_dir():
        for path in sorted(
            p for p in source.rglob("*") if not _hidden(p.relative_to(source).parts)
        ):
            name = str(path.relative_to(source))
            if path.is_file():
                yield _from_disk(path, name)
            elif not path.is_dir():
                raw = _named(name)
                raw.problem = "is a broken link, a pipe or a device"
                yield raw
        return
    name = source.name.lower()
    if name.endswith((".zip",)):
        yield from _from_zip(source)
    elif ".tar" in name or name.endswith((".tgz", ".txz", ".tbz", ".tbz2")):
        yield from _from_tar(source)
    elif source.is_file():
        yield _from_disk(source, source.name)
    else:
        raise BadScenario(f"{source}: is neither a file, a folder nor an archive")


def _from_disk(path: Path, name: str) -> RawFile:
    raw = _named(name)
    if raw.suffix in AUDIO_SUFFIXES:
        raw.path = path
        raw.sha256 = _sha256_of(path)
        return raw
    if raw.problem:
        return raw
    try:
        size = path.stat().st_size
        if size > MAX_TEXT_BYTES:
            raw.problem = _too_large(size)
            return raw
        data = path.read_bytes()
    except OSError as problem:
        raw.problem = f"cannot be read: {problem.strerror or problem}"
        return raw
    return RawFile(raw.name, raw.stem, raw.suffix, data, path)


def _from_tar(source: Path) -> Iterator[RawFile]:
    count = 0
    try:
        with tarfile.open(source, "r|*") as archive:
            for member in archive:
                parts = PurePosixPath(member.name).parts
                if member.isdir() or _hidden(parts):
                    continue
                count += 1
                raw = _named(member.name)
                if not member.isfile():
                    raw.problem = "is a link or a device inside the archive"
                elif raw.suffix in AUDIO_SUFFIXES:
                    raw.problem = "recordings inside an archive are not read: unpack it first"
                elif member.size > MAX_TEXT_BYTES:
                    raw.problem = _too_large(member.size)
                elif raw.problem is None:
                    stream = archive.extractfile(member)
                    data = stream.read() if stream else b""
                    raw = RawFile(raw.name, raw.stem, raw.suffix, data)
                yield raw
    except (tarfile.TarError, EOFError, OSError, ValueError) as problem:
        if count == 0:
            raise BadScenario(
                f"{source}: is not an archive that can be opened ({problem})"
            ) from None
        yield RawFile(
            source.name, f"{source.name}~end", "", problem=f"the archive breaks off: {problem}"
        )


def _from_zip(source: Path) -> Iterator[RawFile]:
    try:
        archive = zipfile.ZipFile(source)
    except (zipfile.BadZipFile, OSError) as problem:
        raise BadScenario(f"{source}: is not an archive that can be opened ({problem})") from None
    with archive:
        for member in archive.infolist():
            if member.is_dir() or _hidden(PurePosixPath(member.filename).parts):
                continue
            raw = _named(member.filename)
            if raw.suffix in AUDIO_SUFFIXES:
                raw.problem = "recordings inside an archive are not read: unpack it first"
            elif member.file_size > MAX_TEXT_BYTES:
                raw.problem = _too_large(member.file_size)
            elif raw.problem is None:
                try:
                    raw = RawFile(raw.name, raw.stem, raw.suffix, archive.read(member))
                except (RuntimeError, zipfile.BadZipFile, OSError, EOFError) as problem:
                    raw.problem = f"cannot be unpacked: {problem}"
            yield raw


def _named(name: str) -> RawFile:
    path = PurePosixPath(name)
    suffix = path.suffix.lower()
    raw = RawFile(name, path.name[: -len(suffix)] if suffix else path.name, suffix)
    if suffix not in (*TEXT_SUFFIXES, *AUDIO_SUFFIXES):
        kinds = " ".join((*TEXT_SUFFIXES, *AUDIO_SUFFIXES))
        raw.problem = f"is not a transcript or a recording (read are: {kinds})"
    return raw


def _hidden(parts: tuple[str, ...]) -> bool:
    return any(
        part.startswith(".") or part == "__MACOSX" for part in parts if part not in (".", "..")
    )


def _too_large(size: int) -> str:
    return f"is {size / 1e6:.0f} MB; a transcript is text of at most {MAX_TEXT_BYTES // 2**20} MiB"


def _sha256_of(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError:
        return ""
