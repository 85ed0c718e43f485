"""Every model has a card with its terms and what its files must be; a wrong card is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from models import catalog
from models.catalog import WheelSource
from models.errors import BadModel


@pytest.fixture
def own(home: Path) -> Callable[[str], Path]:
    def write(text: str) -> Path:
        path = home / "config" / "catalog.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    return write


@pytest.fixture
def entry(toy_card: Callable[..., dict[str, Any]]) -> dict[str, Any]:
    return toy_card(b"x", [{"kind": "local", "path": "/somewhere/toy.gguf"}])


def test_each_role_of_a_session_has_one_default(home: Path) -> None:
    for role in ("civilian", "asr", "tts", "embedder"):
        found = catalog.default_for(role)  # type: ignore[arg-type]
        assert catalog.card(role) == found
        assert not found.must_accept
        assert found.size_is_exact


def test_every_card_says_its_licence_and_terms(home: Path) -> None:
    for found in catalog.load_catalog().values():
        assert found.licence, found.id
        assert found.terms.endswith("."), found.id
        assert found.size_bytes, found.id


def test_licences_with_conditions_must_be_accepted(home: Path) -> None:
    free = {"Apache-2.0", "MIT", "CC0-1.0", "Public domain"}
    for found in catalog.load_catalog().values():
        assert found.must_accept == (found.licence not in free), found.id


def test_qwen_3b_is_said_to_be_for_research_only(home: Path) -> None:
    assert "not for commercial use" in catalog.card("qwen2.5-3b-instruct-q4_k_m").terms


def test_everything_from_wheels_is_pinned_by_sha256(home: Path) -> None:
    for found in catalog.load_catalog().values():
        for source in found.sources:
            if isinstance(source, WheelSource):
                assert all(wheel.sha256 and wheel.bytes for wheel in source.wheels), found.id
                assert all(facts.sha256 and facts.bytes for facts in found.files.values()), found.id


def test_an_unknown_id_is_answered_with_close_ones(home: Path) -> None:
    with pytest.raises(BadModel, match=r"did you mean smollm2-135m-instruct-q4_1"):
        catalog.card("smollm2-135m")
    with pytest.raises(BadModel, match=r"deescal models list"):
        catalog.card("zzzzzz")


def test_a_persons_card_is_merged_and_wins(
    own: Callable[[str], Path], entry: dict[str, Any]
) -> None:
    mine = {**entry, "id": "whisper-base", "title": "Mine"}
    own(yaml.safe_dump({"models": [entry, mine]}))
    assert catalog.card("toy").title == "Toy"
    assert catalog.card("whisper-base").title == "Mine"
    assert catalog.card("whisper-tiny.en").family == "Whisper"


def test_a_persons_default_replaces_the_built_in_one(
    own: Callable[[str], Path], entry: dict[str, Any]
) -> None:
    own(yaml.safe_dump({"models": [{**entry, "default": True}]}))
    assert catalog.card("civilian").id == "toy"
    defaults = [found for found in catalog.load_catalog().values() if found.default]
    assert len([found for found in defaults if found.role == "civilian"]) == 1
    assert catalog.card("asr").id == "whisper-tiny.en"


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"licence": None}, "toy.licence"),
        ({"colour": "red"}, "toy.colour"),
        ({"id": "civilian"}, "means the default of that role"),
        ({"id": "../up"}, "id"),
        ({"files": {"../toy.gguf": {}}}, "not a file name inside"),
        ({"files": {"a.gguf": {}, "b.gguf": {}}}, "exactly one .gguf"),
        ({"files": {"toy.gguf": {"sha256": "abc"}}}, "sha256"),
        ({"sources": [{"kind": "torrent"}]}, "sources"),
        (
            {"sources": [{"kind": "hub", "repo": "a/b", "files": {"x": "other.gguf"}}]},
            "differ in other.gguf, toy.gguf",
        ),
    ],
)
def test_a_wrong_card_is_refused_with_file_and_field(
    own: Callable[[str], Path], entry: dict[str, Any], changes: dict[str, Any], says: str
) -> None:
    path = own(yaml.safe_dump({"models": [{**entry, **changes}]}))
    with pytest.raises(BadModel) as caught:
        catalog.load_catalog()
    assert str(path) in str(caught.value)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["models: [", "just words", "models: {a: 1}", ""])
def test_what_is_no_catalogue_is_refused(own: Callable[[str], Path], text: str) -> None:
    path = own(text)
    with pytest.raises(BadModel, match=str(path)):
        catalog.load_catalog()


def test_an_id_given_twice_and_two_defaults_are_refused(
    own: Callable[[str], Path], entry: dict[str, Any]
) -> None:
    own(yaml.safe_dump({"models": [entry, entry]}))
    with pytest.raises(BadModel, match=r"given twice"):
        catalog.load_catalog()
    one, two = {**entry, "default": True}, {**entry, "id": "toy2", "default": True}
    own(yaml.safe_dump({"models": [one, two]}))
    with pytest.raises(BadModel, match=r"both default civilian"):
        catalog.load_catalog()
