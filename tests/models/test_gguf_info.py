"""A GGUF's header is read without its weights, and what is no whole GGUF is refused in one line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from models.errors import BadModel
from models.fetch import model_path, pull
from models.gguf_info import read_gguf, require_chat_model


@pytest.fixture
def write(tmp_path: Path) -> Callable[[bytes], Path]:
    def to_file(data: bytes) -> Path:
        path = tmp_path / "model.gguf"
        path.write_bytes(data)
        return path

    return to_file


def refusal(path: Path) -> str:
    with pytest.raises(BadModel) as caught:
        read_gguf(path)
    line = str(caught.value)
    assert "\n" not in line
    assert str(path) in line
    return line


def test_the_embedded_base_tells_what_it_is() -> None:
    pull("smollm2-135m-instruct-q4_1")
    info = read_gguf(model_path("smollm2-135m-instruct-q4_1"))
    assert info.architecture == "llama"
    assert info.quantisation == "Q4_1"
    assert info.tensor_types == {"Q4_1": 210, "Q8_0": 1, "F32": 61}
    assert info.context_length == 8192
    assert info.has_chat_template
    require_chat_model(info)


def test_the_default_civilian_cut_off_anywhere_is_refused(tmp_path: Path) -> None:
    pull("civilian")
    data = model_path("civilian").read_bytes()
    path = tmp_path / "cut.gguf"
    for length in (5, 100, 1_000_000, len(data) // 2, len(data) - 1):
        path.write_bytes(data[:length])
        assert "damaged or cut-off" in refusal(path)


def test_every_prefix_of_a_header_is_refused(
    make_gguf: Callable[..., bytes], write: Callable[[bytes], Path]
) -> None:
    data = make_gguf()
    for length in range(len(data)):
        refusal(write(data[:length]))
    assert read_gguf(write(data)).name == "Toy"


def test_a_missing_file_a_folder_and_another_format_are_told_apart(
    tmp_path: Path, write: Callable[[bytes], Path]
) -> None:
    assert "no such model file" in refusal(tmp_path / "none.gguf")
    assert "is a folder" in refusal(tmp_path)
    assert "is empty" in refusal(write(b""))
    assert "not a GGUF file" in refusal(write(b"PK\x03\x04" + b"\0" * 100))


def test_impossible_counts_are_refused_and_not_tried(
    make_gguf: Callable[..., bytes], write: Callable[[bytes], Path]
) -> None:
    data = bytearray(make_gguf())
    data[16:24] = (2**60).to_bytes(8, "little")
    assert "counts are impossible" in refusal(write(bytes(data)))


def test_an_unknown_version_is_refused(
    make_gguf: Callable[..., bytes], write: Callable[[bytes], Path]
) -> None:
    data = bytearray(make_gguf())
    data[4:8] = (1).to_bytes(4, "little")
    assert "version 1" in refusal(write(bytes(data)))


def test_a_base_model_cannot_play_a_civilian(
    make_gguf: Callable[..., bytes], write: Callable[[bytes], Path]
) -> None:
    info = read_gguf(write(make_gguf(chat_template=None)))
    with pytest.raises(BadModel, match=r"no chat template.*instruct"):
        require_chat_model(info)


def test_an_adapter_is_not_a_model(
    make_gguf: Callable[..., bytes], write: Callable[[bytes], Path]
) -> None:
    info = read_gguf(write(make_gguf(**{"general.type": "adapter"})))
    with pytest.raises(BadModel, match=r"is an adapter"):
        require_chat_model(info)
