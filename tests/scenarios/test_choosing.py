"""Choosing a scenario: list with search and filters, suggest for weak skills, surprise by seed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scenarios.loader import all_scenarios, load
from scenarios.picking import Wish, fitting, levels, suggested, wanted_skills

Deescal = Callable[..., Any]


def test_all_are_listed_when_nothing_is_asked(deescal: Deescal) -> None:
    rows = json.loads(deescal("list", "--json").output)
    assert [row["id"] for row in rows] == sorted(row["id"] for row in rows)
    assert len(rows) >= 40


def test_filters_hold_together(deescal: Deescal) -> None:
    asked = ["--difficulty", "1-3", "--minutes", "12", "--content", "moderate"]
    rows = json.loads(deescal("list", *asked, "--json").output)
    assert rows
    for row in rows:
        assert row["difficulty"] <= 3
        assert row["minutes"] <= 12
        assert row["content"] in ("mild", "moderate")


def test_those_with_a_warning_can_be_left_out(deescal: Deescal) -> None:
    rows = json.loads(deescal("list", "--no-warnings", "--json").output)
    assert rows
    assert {row["id"] for row in rows} == {
        loaded.id for loaded in all_scenarios() if not loaded.scenario.content.warnings
    }


def test_a_kind_of_warning_can_be_left_out(deescal: Deescal) -> None:
    everything = list(all_scenarios())
    rows = json.loads(deescal("list", "--without", "suicide", "--json").output)
    left_out = {loaded.id for loaded in everything} - {row["id"] for row in rows}
    assert rows
    assert "suicidal-crisis-overpass" in left_out
    assert not any("suicide" in " ".join(row["warnings"]).lower() for row in rows)


def test_a_category_and_a_skill_are_filtered(deescal: Deescal) -> None:
    rows = json.loads(
        deescal("list", "-c", "traffic", "-c", "armed", "-s", "gives-time", "--json").output
    )
    everything = list(all_scenarios())
    assert {row["id"] for row in rows} == {
        loaded.id
        for loaded in everything
        if loaded.scenario.category in ("traffic", "armed")
        and "gives_time" in loaded.scenario.skills
    }


def test_search_puts_the_title_before_the_background() -> None:
    found = fitting(all_scenarios(), Wish("eviction"))
    assert found[0].id == "eviction-morning"
    assert fitting(all_scenarios(), Wish("eviction zeppelin")) == []


def test_the_table_names_the_scenario_and_its_warning(deescal: Deescal) -> None:
    said = deescal("list", "isleta")
    assert "eviction-morning" in said.output
    assert "!" in said.output


def test_nothing_that_fits_is_said_so(deescal: Deescal) -> None:
    said = deescal("list", "zeppelin")
    assert said.exit_code == 0
    assert "no scenario fits" in said.output


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["list", "--category", "trafic"], "traffic"),
        (["list", "--difficulty", "0-9"], "range such as 1-3"),
        (["list", "--difficulty", "easy"], "range such as 1-3"),
        (["list", "--skill", "listening"], "did you mean"),
        (["list", "--content", "rude"], "mild, moderate or strong"),
        (["surprise", "zeppelin"], "no scenario fits"),
        (["suggest"], "--skills"),
        (["suggest", "--skills", "sumary"], "summary"),
        (["show", "evictoin-morning"], "eviction-morning"),
        (["show", "eviction-morning", "--dialogue", "99"], "there are 1 to"),
    ],
)
def test_a_wrong_choice_is_one_line_that_helps(
    deescal: Deescal, arguments: list[str], hint: str
) -> None:
    said = deescal(*arguments)
    assert said.exit_code == 2
    assert hint in said.problem
    assert "\n" not in said.problem


def test_a_seed_gives_the_same_surprise(deescal: Deescal) -> None:
    once = json.loads(deescal("surprise", "--seed", "7", "--json").output)
    assert json.loads(deescal("surprise", "--seed", "7", "--json").output) == once
    drawn = {
        json.loads(deescal("surprise", "--seed", str(seed), "--json").output)["id"]
        for seed in range(6)
    }
    assert len(drawn) > 1


def test_a_surprise_keeps_to_the_filters(deescal: Deescal) -> None:
    for seed in range(4):
        found = json.loads(deescal("surprise", "--seed", str(seed), "-d", "1", "--json").output)
        assert found["difficulty"] == 1


def test_suggestions_train_what_is_weak(deescal: Deescal) -> None:
    rows = json.loads(deescal("suggest", "--skills", "summary,mirroring", "--json").output)
    assert rows
    for row in rows:
        assert set(row["trains"]) & {"summary", "mirroring"}
        assert set(row["trains"]) <= set(load(row["id"]).scenario.skills)
    assert len(rows[0]["trains"]) >= len(rows[-1]["trains"])


def test_counts_want_what_was_seldom_shown(deescal: Deescal, tmp_path: Path) -> None:
    counts = tmp_path / "counts.json"
    counts.write_text('{"courtesy": 40, "summary": 0, "clear_request": 30}')
    rows = json.loads(deescal("suggest", "--counts", counts, "--json").output)
    assert rows[0]["trains"][0] == "summary"


def test_a_fault_asks_for_what_to_practise_instead() -> None:
    weights = wanted_skills(["command"])
    assert set(weights) == {"clear_request"}
    assert all("clear_request" in s.trains for s in suggested(all_scenarios(), weights))


@pytest.mark.parametrize(
    "written", ["", "[]", "{}", "3", '{"summary": "often"}', '{"summary": -1}', '["sumary"]', "{"]
)
def test_counts_that_cannot_be_used_are_refused(
    deescal: Deescal, tmp_path: Path, written: str
) -> None:
    counts = tmp_path / "counts.json"
    counts.write_text(written)
    said = deescal("suggest", "--counts", counts)
    assert said.exit_code == 2
    assert said.problem
    assert deescal("suggest", "--counts", tmp_path / "absent.json").exit_code == 2


def test_levels() -> None:
    assert levels("3") == (3, 3)
    assert levels("1-3") == (1, 3)
