"""What is learnt from: rows as play would send them, split by source, and hashed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from scenarios.loader import all_scenarios
from tests.training.conftest import row
from training.conditioning import condition, feeling_of, length_of, statements
from training.data import prepare, weighted
from training.errors import BadData
from training.recipe import Recipe, load_recipe
from training.rows import Conversation, Turn, read_corpus, read_library


def recipe(**data: object) -> Recipe:
    found = load_recipe("smollm2-135m-full").model_dump()
    found["data"] |= {"library": False, **data}
    return Recipe.model_validate(found)


def test_library_scenarios_are_held_back_whole() -> None:
    conversations = list(read_library(0.1, 17))
    held = {c.source for c in conversations if c.split == "dev"}
    learnt = {c.source for c in conversations if c.split == "train"}
    assert held
    assert not held & learnt
    assert held | learnt == {loaded.id for loaded in all_scenarios()}


def test_a_library_turn_carries_its_direction() -> None:
    conversation = next(iter(read_library(0.1, 17)))
    opening, *turns = conversation.turns
    assert opening.direction == ""
    assert all(t.direction.startswith("(") and t.direction.endswith(")") for t in turns)
    assert not any("\n" in t.officer for t in turns)


def test_the_test_part_is_never_read(corpus: Callable[..., Path]) -> None:
    splits = {c.source.partition("-")[0]: c.split for c in read_corpus(corpus())}
    assert splits == {"train": "train", "validation": "dev"}


def test_a_row_of_parquet_is_the_row_of_json(corpus: Callable[..., Path]) -> None:
    parquet = pytest.importorskip("pyarrow.parquet", reason="needs pyarrow (corpus or train extra)")
    import pyarrow

    folder = corpus()
    before = list(read_corpus(folder))
    for path in sorted((folder / "chat").glob("*.jsonl")):
        rows = [json.loads(line) for line in path.read_text().splitlines()]
        parquet.write_table(pyarrow.Table.from_pylist(rows), path.with_suffix(".parquet"))
        path.unlink()
    assert list(read_corpus(folder)) == before


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("{", r"train\.jsonl:1: not a line of JSON"),
        ('{"id": "x"}', r"train\.jsonl:1: a row needs `messages`"),
        ('{"messages": [{"role": "bot", "content": "x"}]}', "role 'bot' is none of"),
        (
            '{"messages": [{"role": "user", "content": "x"}], "trains": [1, 1]}',
            "has 2 values for 1",
        ),
        ("", "holds no rows"),
    ],
)
def test_a_row_that_does_not_hold_is_told_with_its_line(
    corpus: Callable[..., Path], line: str, says: str
) -> None:
    folder = corpus()
    (folder / "chat" / "train.jsonl").write_text(line)
    with pytest.raises(BadData, match=says):
        prepare(recipe(), folder)


def test_data_with_no_civilian_turn_is_refused(corpus: Callable[..., Path]) -> None:
    folder = corpus(messages=[{"role": "user", "content": "Hello?"}], trains=[False])
    with pytest.raises(BadData, match="no row has a civilian turn"):
        prepare(recipe(), folder)


def test_a_source_on_both_sides_is_refused(corpus: Callable[..., Path]) -> None:
    with pytest.raises(BadData, match="the source same is in both train and dev"):
        prepare(recipe(), corpus(source="same"))


def test_a_folder_that_is_no_corpus_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadData, match=r"no chat/train\.parquet or chat/train\.jsonl"):
        prepare(recipe(), tmp_path)
    with pytest.raises(BadData, match="give --data FOLDER"):
        prepare(recipe(), None)


def test_the_hash_is_of_the_words(corpus: Callable[..., Path]) -> None:
    folder = corpus()
    first = prepare(recipe(), folder).sha256
    assert prepare(recipe(), folder).sha256 == first
    path = folder / "chat" / "train.jsonl"
    path.write_text(path.read_text().replace("battery", "engine"))
    assert prepare(recipe(), folder).sha256 != first


def test_corpus_rows_get_what_play_sends(corpus: Callable[..., Path]) -> None:
    conversation = prepare(recipe(), corpus()).train[0]
    first, second, third = conversation.turns
    assert "\nTalks like this: " in conversation.system
    assert conversation.system.endswith("The words in brackets say how Dana feels now.")
    assert "One or two short sentences." in first.direction
    assert "May say: " in second.direction  # the battery: said elsewhere, and in this reply
    assert "My brother parked the truck" in second.direction
    assert "A few words." in third.direction


def test_a_reply_is_never_told_to_itself() -> None:
    turns = (Turn("Why?", "", "My brother left the truck keys inside the kitchen drawer."),)
    told = condition([Conversation("a", "corpus", "s", "train", "Sys", turns)], 1, persona=True)
    assert "May say" not in told[0].turns[0].direction


def test_without_conditioning_nothing_is_added(corpus: Callable[..., Path]) -> None:
    plain = prepare(recipe(directions="none"), corpus()).train[0]
    assert plain.system == row("x", "train")["messages"][0]["content"]
    assert not any(turn.direction for turn in plain.turns)


def test_feelings_read_off_words() -> None:
    calm, raging = feeling_of("Yes sir, thank you."), feeling_of("GET OFF ME! I didn't do shit!")
    assert calm.agitation < 45 < raging.agitation
    assert calm.trust > raging.trust


def test_lengths_are_those_of_authored_exchanges() -> None:
    for loaded in all_scenarios():
        for dialogue in loaded.dialogues[:1]:
            for exchange in dialogue.exchanges:
                assert length_of(exchange.civilian) == exchange.length


def test_statements_tell_something() -> None:
    assert statements("No. What? My cousin borrowed the blue car yesterday. Okay.") == [
        "My cousin borrowed the blue car yesterday."
    ]


def test_stock_replies_count_less_and_rich_ones_more() -> None:
    stock = Turn("?", "", "I don't know.")
    rich = Turn("?", "", "My cousin borrowed the car yesterday and never came back, so I called.")
    train = [
        Conversation(str(n), "corpus", str(n), "train", "", (stock, rich) if n == 0 else (stock,))
        for n in range(9)
    ]
    first = weighted(train)[0].turns
    assert first[0].weight < 0.4
    assert first[1].weight > 1.2
