"""llama.cpp's own converters, kept out of our environment and run as a program of their own.

They come in the source package of llama-cpp-python, so they are of the very revision that will run
the model. Their `gguf` package is newer than the one that transformers wants; on their own path the
two never meet.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from export.errors import BadExport, ExportError
from models.places import cache_dir

PACKAGE, VERSION = "llama-cpp-python", "0.3.36"
SDIST_SHA256 = "832db0699007f1be95a7e41ef12e88926b02ba836461e36a36372db2760c1a2e"
#: Names a llama.cpp checkout, or the source package, on a machine with no index.
PLACE = "DEESCAL_LLAMA_CPP"

_WANTED = (
    "convert_hf_to_gguf.py",
    "convert_lora_to_gguf.py",
    "conversion/",
    "gguf-py/gguf/",
    "LICENSE",
)


def converters() -> Path:
    """The folder of the converters; fetched with pip and unpacked once (2 MB are kept).

    Raises ExportError in one line: no network, another checksum.
    """
    named = os.environ.get(PLACE)
    if named:
        return _named(Path(named).expanduser())
    folder = _cached()
    if not (folder / _WANTED[0]).is_file():
        with tempfile.TemporaryDirectory() as scratch:
            unpack(_download(Path(scratch)), folder)
    return folder


def run_converter(script: str, arguments: list[str]) -> str:
    """Run one of the scripts; what it said. Raises ExportError with its last line where it fails."""
    folder = converters()
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    environment |= {"HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}
    environment.pop("NO_LOCAL_GGUF", None)
    said = subprocess.run(
        [sys.executable, str(folder / script), *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        env=environment,
        check=False,
    )
    if said.returncode:
        lines = [line for line in said.stdout.splitlines() if line.strip()] or ["no word"]
        raise ExportError(f"llama.cpp's {script} failed: {lines[-1].strip()[:300]}")
    return said.stdout


def unpack(archive: Path, folder: Path) -> None:
    """Take the converters out of the source package, checked against its known sha256."""
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    if digest != SDIST_SHA256:
        raise BadExport(
            f"{archive}: is not the source package of {PACKAGE} {VERSION} (sha256 {digest[:12]}…)"
        )
    part = folder.with_name(f".{folder.name}.{os.getpid()}")
    shutil.rmtree(part, ignore_errors=True)
    try:
        with tarfile.open(archive) as package:
            for member in package:
                name = member.name.partition("/vendor/llama.cpp/")[2]
                if not (member.isfile() and name.startswith(_WANTED)):
                    continue
                content = package.extractfile(member)
                assert content is not None
                target = part / name
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(content.read())
        shutil.rmtree(folder, ignore_errors=True)
        part.replace(folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _cached() -> Path:
    return cache_dir() / "tools" / f"llama.cpp-of-{PACKAGE}-{VERSION}"


def _named(place: Path) -> Path:
    if place.is_file():
        folder = _cached()
        unpack(place, folder)
        return folder
    if not all((place / script).is_file() for script in _WANTED[:2]):
        raise BadExport(f"{PLACE}={place}: no llama.cpp checkout (there is no {_WANTED[0]})")
    return place


def _download(scratch: Path) -> Path:
    command = [
        *(sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"),
        *("--no-deps", "--no-binary", PACKAGE, "--dest", str(scratch), f"{PACKAGE}=={VERSION}"),
    ]
    said = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    found = sorted(scratch.glob("*.tar.gz"))
    if said.returncode or not found:
        reason = (said.stderr.strip().splitlines() or ["no word"])[-1]
        raise ExportError(
            f"pip could not fetch the source of {PACKAGE} {VERSION} ({reason[:160]}); fetch it "
            f"elsewhere and name the file in {PLACE}"
        )
    return found[0]
