"""The library that ships holds, is clean by its own lint, and is as large and mixed as promised."""

from __future__ import annotations

import json
from typing import Any

import pytest
from click.testing import CliRunner

from scenarios.behaviours import BEHAVIOURS
from scenarios.commands import scenarios
from scenarios.loader import LIBRARY, load, scenario_paths


@pytest.fixture(scope="module")
def linted() -> dict[str, Any]:
    told = CliRunner().invoke(scenarios, ["lint", "--json"], env={"DEESCAL_HOME": "/nonexistent"})
    whole: dict[str, Any] = json.loads(told.stdout)
    whole["exit_code"] = told.exit_code
    return whole


@pytest.mark.slow
def test_the_library_is_clean(linted: dict[str, Any]) -> None:
    assert linted["problems"] == []
    assert linted["exit_code"] == 0


@pytest.mark.slow
def test_the_library_is_as_large_as_promised(linted: dict[str, Any]) -> None:
    assert linted["scenarios"] >= 40
    assert linted["dialogues"] >= 6 * linted["scenarios"]
    assert linted["replies"] >= 3000
    assert linted["officer_lines"] >= 3000


@pytest.mark.slow
def test_every_behaviour_is_shown_often_enough_to_learn_it(linted: dict[str, Any]) -> None:
    assert list(linted["labels"]) == list(BEHAVIOURS)
    assert min(linted["labels"].values()) >= 50


@pytest.mark.slow
def test_the_balance_shows_what_was_asked_for(linted: dict[str, Any]) -> None:
    balance = linted["balance"]
    assert set(balance["difficulty"]) == {"1", "2", "3", "4", "5"}
    assert balance["talked_down"]["no"] >= 4
    assert len(balance["category"]) >= 10
    assert sum(balance["age"].values()) == linted["scenarios"]
    assert {"escalation", "resolution", "open"} <= set(balance["dialogue_outcome"])


@pytest.mark.slow
def test_replies_vary_more_than_the_corpus(linted: dict[str, Any]) -> None:
    ours, corpus = linted["reply_statistics"], linted["corpus_statistics"]
    assert ours["distinct_2"] > corpus["distinct_2"]
    assert ours["top_10_share"] < corpus["top_10_share"]
    assert sum(ours["lengths"].values()) == pytest.approx(1, abs=0.01)


@pytest.mark.slow
def test_replies_are_as_short_and_as_long_as_people_s(linted: dict[str, Any]) -> None:
    """Nine replies in ten are of a length that the corpus's civilians give; most are short."""
    ours, corpus = linted["reply_statistics"], linted["corpus_statistics"]
    assert linted["lengths_apart"] < 0.12
    assert abs(ours["lengths"]["1-2"] - corpus["lengths"]["1-2"]) < 0.05
    assert abs(ours["lengths"]["40+"] - corpus["lengths"]["40+"]) < 0.02
    assert {"yeah", "no", "okay"} <= {row["reply"] for row in linted["commonest_replies"]}


@pytest.mark.slow
def test_good_talk_does_not_always_win_nor_bad_talk_always_blow_up(linted: dict[str, Any]) -> None:
    outcomes = linted["balance"]["outcome_by_officer"]
    assert outcomes["trained: open"] >= 20
    assert outcomes["bad: open"] >= 8


def test_a_scenario_is_found_by_id_file_and_folder() -> None:
    by_id = load("eviction-morning")
    assert load(LIBRARY / "eviction-morning").sha256 == by_id.sha256
    assert load(by_id.path).sha256 == by_id.sha256
    assert len(scenario_paths()) >= 40
