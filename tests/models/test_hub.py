"""A pull from a model hub, against a server that answers as a hub does."""

from __future__ import annotations

import hashlib
import json
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from models import store

Run = Callable[..., "subprocess.CompletedProcess[str]"]
COMMIT = "0123456789abcdef0123456789abcdef01234567"


@dataclass
class Hub:
    """One repository, `maker/toy-GGUF`, at one commit."""

    url: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    wrong_sum: bool = False
    gated: bool = False
    requests: list[str] = field(default_factory=list)

    def listing(self) -> dict[str, Any]:
        siblings = []
        for name, data in self.files.items():
            digest = hashlib.sha256(b"other" if self.wrong_sum else data).hexdigest()
            blob = hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()
            entry: dict[str, Any] = {"rfilename": name, "size": len(data), "blobId": blob}
            if name.endswith(".gguf"):
                entry["lfs"] = {"sha256": digest, "size": len(data), "pointerSize": 130}
            siblings.append(entry)
        return {"id": "maker/toy-GGUF", "sha": COMMIT, "siblings": siblings, "tags": []}


@pytest.fixture
def hub() -> Iterator[Hub]:
    found = Hub()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: Any) -> None:
            return

        def do_HEAD(self) -> None:
            self.do_GET(body=False)

        def do_GET(self, body: bool = True) -> None:
            found.requests.append(f"{self.command} {self.path}")
            if found.gated and "/resolve/" in self.path:
                self._answer(403, b"", {"X-Error-Code": "GatedRepo", "X-Error-Message": "gated"})
            elif self.path.startswith("/api/models/maker/toy-GGUF/revision/main"):
                self._answer(200, json.dumps(found.listing()).encode(), {})
            elif self.path.startswith(f"/maker/toy-GGUF/resolve/{COMMIT}/"):
                name = self.path.split("?")[0].split("/", 5)[-1]
                data = found.files[name]
                headers = {"X-Repo-Commit": COMMIT, "ETag": f'"{hashlib.sha256(data).hexdigest()}"'}
                self._answer(200, data if body else b"", headers, len(data))
            else:
                self._answer(404, b"", {"X-Error-Code": "RepoNotFound"})

        def _answer(
            self, status: int, body: bytes, headers: dict[str, str], length: int | None = None
        ) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body) if length is None else length))
            self.end_headers()
            self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found.url = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield found
    server.shutdown()
    server.server_close()


@pytest.fixture
def pull_toy(
    hub: Hub,
    home: Path,
    deescal: Run,
    make_gguf: Callable[..., bytes],
    toy_card: Callable[..., dict[str, Any]],
    add_cards: Callable[..., None],
) -> Run:
    """`deescal models pull toy` of a card that knows no sha256, from the hub."""
    hub.files = {"toy-Q8.gguf": make_gguf(floats=5000), "README.md": b"read me\n"}
    source = {
        "kind": "hub",
        "repo": "maker/toy-GGUF",
        "files": {"toy-Q8.gguf": "toy.gguf", "README.md": "README.md"},
    }
    add_cards(toy_card(b"", [source], files={"toy.gguf": {}, "README.md": {}}))

    def run(**environment: str) -> subprocess.CompletedProcess[str]:
        settings = {"HF_ENDPOINT": hub.url, "HF_HUB_DISABLE_XET": "1", "HF_HOME": str(home / "hf")}
        return deescal("models", "pull", "toy", **{**settings, **environment})

    return run


def one_line(result: subprocess.CompletedProcess[str]) -> str:
    lines = [line for line in result.stderr.splitlines() if line.startswith("deescal:")]
    assert len(lines) == 1, result.stderr
    assert "Traceback" not in result.stderr
    assert not store.folder("toy").exists()
    return lines[0]


def test_files_are_held_to_the_hubs_checksums_and_the_commit_is_noted(
    pull_toy: Run, hub: Hub
) -> None:
    result = pull_toy()
    assert result.returncode == 0, result.stderr
    assert store.model_path("toy").read_bytes() == hub.files["toy-Q8.gguf"]
    note = store.receipt("toy")
    assert note is not None
    assert note.source == f"maker/toy-GGUF@{COMMIT}"
    assert note.checked_against == "the hub"
    assert not store.partial("toy").exists()


def test_a_file_that_is_not_what_the_hub_lists_is_refused(pull_toy: Run, hub: Hub) -> None:
    hub.wrong_sum = True
    result = pull_toy()
    assert result.returncode == 1
    assert "wrong sha256" in one_line(result)


def test_a_hub_that_cannot_be_reached_is_one_line(pull_toy: Run) -> None:
    result = pull_toy(HF_ENDPOINT="http://127.0.0.1:9")
    assert result.returncode == 1
    assert "cannot be reached for maker/toy-GGUF" in one_line(result)


def test_a_hub_that_is_switched_off_is_said_to_be(pull_toy: Run) -> None:
    result = pull_toy(HF_HUB_OFFLINE="1")
    assert result.returncode == 1
    assert "HF_HUB_OFFLINE" in one_line(result)


def test_a_file_that_the_repository_lost(pull_toy: Run, hub: Hub) -> None:
    del hub.files["toy-Q8.gguf"]
    assert "has no file toy-Q8.gguf" in one_line(pull_toy())


def test_a_repository_that_asks_for_an_account(pull_toy: Run, hub: Hub) -> None:
    hub.gated = True
    assert "hf auth login" in one_line(pull_toy())
