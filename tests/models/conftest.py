"""What the tests of models share: an empty home, toy GGUFs and wheels, an index of them."""

from __future__ import annotations

import hashlib
import os
import struct
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty DEESCAL_HOME."""
    place = tmp_path / "home"
    monkeypatch.setenv("DEESCAL_HOME", str(place))
    return place


def _string(text: str) -> bytes:
    data = text.encode()
    return struct.pack("<Q", len(data)) + data


@pytest.fixture
def make_gguf() -> Callable[..., bytes]:
    """Builds the bytes of a small, valid GGUF file: a header, a vocabulary, one F32 tensor."""

    def build(
        chat_template: str | None = "{{ messages }}", floats: int = 64, **extra: str
    ) -> bytes:
        texts = {"general.architecture": "llama", "general.name": "Toy", **extra}
        if chat_template is not None:
            texts["tokenizer.chat_template"] = chat_template
        pairs = [
            _string(key) + struct.pack("<I", 8) + _string(value) for key, value in texts.items()
        ]
        pairs.append(_string("llama.context_length") + struct.pack("<II", 4, 2048))
        words = b"".join(_string(word) for word in ("a", "b", "c"))
        tokens = _string("tokenizer.ggml.tokens") + struct.pack("<IIQ", 9, 8, 3) + words
        pairs.append(tokens)
        tensor = _string("w") + struct.pack("<IQIQ", 1, floats, 0, 0)
        head = b"GGUF" + struct.pack("<IQQ", 3, 1, len(pairs)) + b"".join(pairs) + tensor
        head += b"\0" * (-len(head) % 32)
        return head + os.urandom(4 * floats)

    return build


@dataclass
class Index:
    """A package index on this machine, serving wheels with Range, slowly or badly when told to."""

    url: str
    folder: Path
    ranges: bool = True
    chunk_delay_s: float = 0.0
    drop_after: int | None = None  # bytes of a wheel after which each connection is cut
    damaged: bool = False  # a byte in the middle of every wheel is another one
    requests: list[tuple[str, str | None]] = field(default_factory=list)  # path, Range

    def add_wheel(
        self, package: str, files: dict[str, bytes], version: str = "1.0"
    ) -> dict[str, Any]:
        """Build and offer a wheel; the card entry that names it (without `files`)."""
        stem = f"{package.replace('-', '_')}-{version}"
        path = self.folder / f"{stem}-py3-none-any.whl"
        meta = f"Metadata-Version: 2.1\nName: {package}\nVersion: {version}\n"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
            for name, data in files.items():
                archive.writestr(name, data)
            archive.writestr(f"{stem}.dist-info/METADATA", meta)
            archive.writestr(
                f"{stem}.dist-info/WHEEL",
                "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
            )
            archive.writestr(f"{stem}.dist-info/RECORD", "")
        path.with_name(path.name + ".metadata").write_text(meta)
        data = path.read_bytes()
        return {
            "package": package,
            "version": version,
            "sha256": hashlib.sha256(data).hexdigest(),
            "bytes": len(data),
        }

    def downloads(self) -> list[str | None]:
        """The Range header of every request for a wheel's bytes, in order."""
        return [asked for path, asked in self.requests if path.endswith(".whl")]


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Index]:
    """An index that the person's pip is configured to ask, and nothing else."""
    folder = tmp_path / "index"
    folder.mkdir()
    found = Index("", folder)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: Any) -> None:
            return

        def do_GET(self) -> None:
            found.requests.append((self.path, self.headers.get("Range")))
            if self.path.startswith("/simple/"):
                self._page(self.path.split("/")[2])
            else:
                self._file(folder / self.path.rsplit("/", 1)[-1])

        def _page(self, package: str) -> None:
            lines = []
            for wheel in folder.glob("*.whl"):
                if wheel.name.split("-")[0].replace("_", "-") == package:
                    data = wheel.read_bytes()
                    digest = hashlib.sha256(data).hexdigest()
                    meta = hashlib.sha256(
                        wheel.with_name(wheel.name + ".metadata").read_bytes()
                    ).hexdigest()
                    lines.append(
                        f'<a href="/files/{wheel.name}#sha256={digest}" '
                        f'data-dist-info-metadata="sha256={meta}" '
                        f'data-core-metadata="sha256={meta}">{wheel.name}</a>'
                    )
            body = ("<!DOCTYPE html><html><body>" + "".join(lines) + "</body></html>").encode()
            self.send_response(200 if lines else 404)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def _file(self, path: Path) -> None:
            if not path.is_file():
                self.send_error(404)
                return
            data = path.read_bytes()
            if path.suffix == ".whl" and found.damaged:
                middle = len(data) // 2
                data = data[:middle] + bytes([data[middle] ^ 255]) + data[middle + 1 :]
            asked, start = self.headers.get("Range"), 0
            if asked and found.ranges:
                start = int(asked.removeprefix("bytes=").split("-")[0] or 0)
                if start >= len(data):
                    self.send_error(416)
                    return
                self.send_response(206)
                self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
            else:
                self.send_response(200)
            self.send_header("Content-Length", str(len(data) - start))
            self.end_headers()
            self._send(data[start:], is_wheel=path.suffix == ".whl")

        def _send(self, data: bytes, is_wheel: bool) -> None:
            sent = 0
            while sent < len(data):
                if is_wheel and found.drop_after is not None and sent >= found.drop_after:
                    self.close_connection = True
                    self.connection.shutdown(2)
                    return
                block = data[sent : sent + 16384]
                try:
                    self.wfile.write(block)
                except OSError:  # the one who asked was killed
                    self.close_connection = True
                    return
                sent += len(block)
                if is_wheel and found.chunk_delay_s:
                    time.sleep(found.chunk_delay_s)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_INDEX_URL", f"{found.url}/simple")
    for name in ("PIP_FIND_LINKS", "PIP_EXTRA_INDEX_URL", "PIP_NO_INDEX", "PIP_CONSTRAINT"):
        monkeypatch.delenv(name, raising=False)
    yield found
    server.shutdown()
    server.server_close()


@pytest.fixture
def add_cards(home: Path) -> Callable[..., None]:
    """Writes cards into the person's own catalogue."""

    def write(*cards: dict[str, Any]) -> None:
        place = home / "config" / "catalog.yaml"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(yaml.safe_dump({"models": list(cards)}, sort_keys=False))

    return write


@pytest.fixture
def toy_card() -> Callable[..., dict[str, Any]]:
    """A card of a civilian whose only file is `toy.gguf` with these bytes."""

    def build(data: bytes, sources: list[dict[str, Any]], **changes: Any) -> dict[str, Any]:
        return {
            "id": "toy",
            "role": "civilian",
            "title": "Toy",
            "family": "Toy",
            "parameters": "64",
            "licence": "Toy Licence",
            "terms": "Only to be tested with.",
            "quantisation": "F32",
            "sources": sources,
            "files": {"toy.gguf": {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}},
            **changes,
        }

    return build


@pytest.fixture
def deescal(home: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs the real command line with no terminal."""

    def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "deescal", *arguments],
            cwd=REPOSITORY,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    return run
