"""Behaviours in an utterance: found, several at once, each with the words that show it."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from models.embedder import Embedder
from scenarios.behaviours import BEHAVIOURS
from simulator.officer.examples import (
    as_recognised,
    held_out_ids,
    library_examples,
    own_examples,
    second_hand,
)
from simulator.officer.skills import SkillRecogniser
from simulator.officer.spans import plain, tokens

SAID = [
    json.loads(line) for line in Path(__file__).with_name("said.jsonl").read_text().splitlines()
]


def _found(recogniser: SkillRecogniser, row: dict[str, Any]) -> set[str]:
    before, heard = row.get("previous_officer", []), row.get("previous_civilian", "")
    return {one.id for one in recogniser.recognise(row["text"], before, heard)}


def test_every_label_stands_in_at_least_two_of_the_lines_below() -> None:
    counts = Counter(label for row in SAID for label in row["has"])
    assert all(counts[label] >= 2 for label in BEHAVIOURS)


def test_the_lines_below_are_not_learned_from() -> None:
    learned = {e.text for e in own_examples()} | {e.text for e in library_examples()}
    assert not learned & {row["text"] for row in SAID if len(row["text"].split()) > 3}


@pytest.mark.parametrize("row", SAID, ids=lambda row: row["text"][:40])
def test_what_is_there_is_found_and_its_opposite_is_not(
    recogniser: SkillRecogniser, row: dict[str, Any]
) -> None:
    found = _found(recogniser, row)
    assert set(row["has"]) <= found
    assert not set(row.get("not", [])) & found


@pytest.mark.parametrize("row", SAID, ids=lambda row: row["text"][:40])
def test_a_quote_is_in_the_utterance(recogniser: SkillRecogniser, row: dict[str, Any]) -> None:
    for one in recogniser.recognise(row["text"]):
        assert one.quote
        assert one.quote in row["text"]
        assert 0.5 <= one.confidence <= 1


def test_the_quote_is_the_sentence_that_shows_it(recogniser: SkillRecogniser) -> None:
    found = recogniser.recognise(
        "It's been a long night. Would you like some water? Get on the ground!"
    )
    quotes = {one.id: one.quote for one in found}
    assert "water" in quotes["offers_help"]
    assert "ground" not in quotes["offers_help"]
    assert "ground" in quotes["command"]


@pytest.mark.parametrize("empty", ["", " ", "…", "?!", "🙂🙂"])
def test_no_words_show_nothing(recogniser: SkillRecogniser, empty: str) -> None:
    assert recogniser.recognise(empty, ["Sit down."], "No.") == []


def test_emoji_and_other_scripts_do_no_harm(recogniser: SkillRecogniser) -> None:
    assert "courtesy" in {
        one.id for one in recogniser.recognise("Thank you, sir 🙏🏽 İyi akşamlar “ok”")
    }


def test_a_very_long_utterance_is_read_to_its_end(recogniser: SkillRecogniser) -> None:
    long = "The car is parked over there by the wall. " * 120
    assert len(long) > 5000
    found = recogniser.recognise(long + "Thank you, ma'am. Drop the knife or I'll shoot!")
    assert {"courtesy", "threat"} <= {one.id for one in found}


def test_the_same_words_give_the_same_answer(
    recogniser: SkillRecogniser, embedder: Embedder
) -> None:
    words, before, heard = "Sit down, I said. What did he do to you?", ["Sit down."], "He hit me!"
    assert recogniser.recognise(words, before, heard) == SkillRecogniser(embedder).recognise(
        words, before, heard
    )


def test_words_as_a_recogniser_writes_them_say_the_same(recogniser: SkillRecogniser) -> None:
    clear = "I'm sorry about your dog. Would you like me to call somebody?"
    rough = "im sorry about your dog would you like me to call somebody"
    found = [{one.id for one in recogniser.recognise(text)} for text in (clear, rough)]
    assert {"shows_empathy", "offers_help"} <= found[0] & found[1]


def test_the_held_out_scenarios_are_a_quarter_and_hold_every_label() -> None:
    examples = list(library_examples())
    held = [e for e in examples if e.source in held_out_ids()]
    assert 0.2 <= len(held) / len(examples) <= 0.3
    assert {label for e in held for label in e.labels} == set(BEHAVIOURS)


def test_what_is_measured_on_is_not_learned_from() -> None:
    learned = {tuple(tokens(plain(e.text))) for e in own_examples()}
    assert not learned & {tuple(tokens(plain(e.text))) for e in second_hand()}
    held = [e for e in library_examples() if e.source in held_out_ids()]
    assert not learned & {tuple(tokens(plain(e.text))) for e in held if len(e.text.split()) > 5}


def test_the_second_hand_has_ten_lines_of_every_label() -> None:
    counts = Counter(label for e in second_hand() for label in e.labels)
    assert all(counts[label] >= 10 for label in BEHAVIOURS)


def test_the_page_of_definitions_says_what_the_code_says() -> None:
    page = (Path(__file__).parents[2] / "docs" / "officer-behaviours.md").read_text()
    for one in BEHAVIOURS.values():
        rows = [line for line in page.splitlines() if line.startswith(f"| `{one.id}`")]
        assert any(one.counts in row and one.but in row for row in rows)


@pytest.mark.slow
@pytest.mark.parametrize("rough", [False, True], ids=["clear", "as recognised"])
@pytest.mark.parametrize("part", ["unseen_scenarios", "second_hand"])
def test_lines_never_seen_are_labelled_as_well_as_the_card_says(
    embedder: Embedder, part: str, rough: bool
) -> None:
    from simulator.officer.classifier import load
    from simulator.officer.train import CARD, macro_f1, measure, read_lines

    lines = list(second_hand())
    if part == "unseen_scenarios":
        lines = [e for e in library_examples() if e.source in held_out_ids()]
    if rough:
        lines = [as_recognised(e, seed=2) for e in lines]
    said = json.loads(CARD.read_text())["macro_f1"][part + ("_as_recognised" if rough else "")]
    assert macro_f1(measure(load(), read_lines(embedder, lines))) >= said - 0.02
