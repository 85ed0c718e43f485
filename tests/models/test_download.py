"""A download is continued after any break, held to its sha256, never left half-made in place."""

from __future__ import annotations

import hashlib
import os
from collections import namedtuple
from pathlib import Path
from typing import Any

import pytest

from models import download as downloading
from models.download import Silent, download, no_space, require_space
from models.errors import ModelError


@pytest.fixture
def wheel(index: Any) -> tuple[str, bytes]:
    """The address and the bytes of a 300 kB wheel."""
    index.add_wheel("big", {"big/data.bin": os.urandom(300_000)})
    path = next(index.folder.glob("*.whl"))
    return f"{index.url}/files/{path.name}", path.read_bytes()


def fetch(address: str, data: bytes, target: Path) -> Path:
    digest = hashlib.sha256(data).hexdigest()
    return download(address, target, sha256=digest, size=len(data), what="big", progress=Silent())


def test_a_whole_download(wheel: tuple[str, bytes], tmp_path: Path) -> None:
    target = tmp_path / "to" / "big.whl"
    assert fetch(*wheel, target) == target
    assert target.read_bytes() == wheel[1]
    assert not target.with_name("big.whl.part").exists()


def test_a_part_that_was_left_is_continued(
    index: Any, wheel: tuple[str, bytes], tmp_path: Path
) -> None:
    target = tmp_path / "big.whl"
    target.with_name("big.whl.part").write_bytes(wheel[1][:120_000])
    fetch(*wheel, target)
    assert target.read_bytes() == wheel[1]
    assert index.downloads() == ["bytes=120000-"]


def test_a_connection_that_keeps_breaking_is_asked_again(
    index: Any, wheel: tuple[str, bytes], tmp_path: Path
) -> None:
    index.drop_after = 98_304
    fetch(*wheel, tmp_path / "big.whl")
    assert (tmp_path / "big.whl").read_bytes() == wheel[1]
    assert len(index.downloads()) >= 4


def test_a_server_without_ranges_starts_over(
    index: Any, wheel: tuple[str, bytes], tmp_path: Path
) -> None:
    index.ranges = False
    target = tmp_path / "big.whl"
    target.with_name("big.whl.part").write_bytes(b"x" * 1000)
    fetch(*wheel, target)
    assert target.read_bytes() == wheel[1]


def test_a_part_longer_than_the_file_is_not_used(wheel: tuple[str, bytes], tmp_path: Path) -> None:
    target = tmp_path / "big.whl"
    target.with_name("big.whl.part").write_bytes(wheel[1] + b"more")
    fetch(*wheel, target)
    assert target.read_bytes() == wheel[1]


def test_a_wrong_sha256_leaves_nothing(
    index: Any, wheel: tuple[str, bytes], tmp_path: Path
) -> None:
    index.damaged = True
    with pytest.raises(ModelError, match=r"wrong sha256.*nothing was installed"):
        fetch(*wheel, tmp_path / "big.whl")
    assert not list(tmp_path.glob("big.whl*"))


def test_a_part_of_another_file_is_found_out_and_dropped(
    wheel: tuple[str, bytes], tmp_path: Path
) -> None:
    target = tmp_path / "big.whl"
    target.with_name("big.whl.part").write_bytes(b"x" * 1000)
    with pytest.raises(ModelError, match=r"wrong sha256"):
        fetch(*wheel, target)
    fetch(*wheel, target)  # the next try starts clean
    assert target.read_bytes() == wheel[1]


def test_a_file_that_is_not_there_is_said_at_once(index: Any, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"big: the server answers HTTP 404"):
        fetch(f"{index.url}/files/none.whl", b"abc", tmp_path / "big.whl")
    assert len(index.downloads()) == 1


def test_a_server_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downloading, "_TRIES", 1)
    with pytest.raises(ModelError, match=r"check the network.*--wheelhouse"):
        fetch("http://127.0.0.1:9/x.whl", b"abc", tmp_path / "big.whl")


def test_a_file_address_is_used_where_it_stands(tmp_path: Path) -> None:
    here = tmp_path / "a b.whl"
    here.write_bytes(b"abc")
    assert fetch(here.as_uri(), b"abc", tmp_path / "big.whl") == here
    assert not (tmp_path / "big.whl").exists()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the always-full device is Linux's")
def test_a_disk_that_fills_up_is_one_line(wheel: tuple[str, bytes], tmp_path: Path) -> None:
    target = tmp_path / "big.whl"
    target.with_name("big.whl.part").symlink_to("/dev/full")  # every write fails with ENOSPC
    with pytest.raises(ModelError, match=r"the disk is full.*run the same command again"):
        fetch(*wheel, target)


def test_too_small_a_disk_is_refused_before_the_first_byte(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(downloading.shutil, "disk_usage", lambda _: usage(10**9, 9 * 10**8, 10**8))
    require_space(tmp_path / "not" / "yet", 10**6, "small")
    with pytest.raises(ModelError, match=r"no space for big: it needs 1\.1 GB .* has 100 MB free"):
        require_space(tmp_path / "not" / "yet", 10**9, "big")


def test_a_bundle_of_certificates_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_CERT", "/nowhere/ca.pem")
    with pytest.raises(ModelError, match=r"PIP_CERT=/nowhere/ca.pem"):
        downloading.tls_context()


def test_numpy_says_only_how_much_was_written_when_a_disk_is_full() -> None:
    found = no_space(OSError("156672 requested and 33152 written"), "writing a.gguf", None)
    assert found is not None
    assert str(found).startswith("the disk is full while writing a.gguf: free some space")
    assert no_space(OSError("something else"), "writing a.gguf", None) is None
