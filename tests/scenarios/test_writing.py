"""Writing scenarios: the template holds, bad files are refused by line, plans are printed."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scenarios.loader import LIBRARY, load
from scenarios.schema import Scenario

Deescal = Callable[..., Any]


def test_a_new_scenario_is_valid_and_found(deescal: Deescal, home: Path) -> None:
    said = deescal("new", "dog-in-the-park", "--title", "A dog in the park")
    folder = home / "data" / "scenarios" / "dog-in-the-park"
    assert said.output.split() == [
        str(folder / "scenario.yaml"),
        str(folder / "dialogues" / "1-trained-upset.yaml"),
    ]
    assert deescal("validate", "dog-in-the-park").exit_code == 0
    assert deescal("lint", "dog-in-the-park").exit_code == 0
    assert load("dog-in-the-park").scenario.title == "A dog in the park"
    assert "dog-in-the-park" in deescal("list", "dog").output
    assert [path.name for path in folder.parent.iterdir()] == ["dog-in-the-park"]


def test_a_new_scenario_never_overwrites(deescal: Deescal, home: Path) -> None:
    deescal("new", "mine")
    written = home / "data" / "scenarios" / "mine" / "scenario.yaml"
    written.write_text("my work")
    assert deescal("new", "mine").exit_code == 2
    assert written.read_text() == "my work"
    assert deescal("new", "eviction-morning").exit_code == 2


@pytest.mark.parametrize("name", ["Dog", "a b", "../up", "", "-a", "x" * 61, "é"])
def test_an_id_that_cannot_be_is_refused(deescal: Deescal, home: Path, name: str) -> None:
    said = deescal("new", "--", name)
    assert said.exit_code == 2
    assert not (home / "data" / "scenarios").exists()


def test_the_library_holds(deescal: Deescal) -> None:
    assert "all hold" in deescal("validate", LIBRARY / "eviction-morning").output


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("minutes: 14", "minuts: 14", r":\d+: minuts: no such field here; did you mean minutes"),
        ("  level: 3", "  level: nine", r":7: difficulty\.level: .*integer"),
        ("band: escalation", "band: containment", r"no ending for Escalation"),
        (
            "agitation_at_least: 91",
            "agitation_at_least: 91, agitation_at_most: 20",
            "contradictory",
        ),
        ("told: [mom_doesnt_know]", "told: [nobody_knows]", "'nobody_knows', which is not there"),
        ("age: 44", "age: 44\n  :", r":\d+: not YAML"),
    ],
)
def test_a_bad_scenario_is_refused_by_file_line_and_field(
    deescal: Deescal, spoilt: Callable[..., Path], old: str, new: str, expected: str
) -> None:
    folder = spoilt(old, new)
    said = deescal("validate", folder)
    assert said.exit_code == 2
    lines = said.output.splitlines()
    assert lines
    assert all(line.startswith(f"{folder / 'scenario.yaml'}:") for line in lines)
    assert re.search(expected, said.output)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("tells: [stubs]", "tells: [stabs]", r":8: exchanges\.0\.state\.tells: 'stabs' is no fact"),
        ("tells: [stubs]", "tells: [title_loan]", r"tells 'title_loan' at trust 20; it needs 66"),
        ("agitation: 61, trust: 20", "agitation: 5, trust: 20", "agitation 5 is far from 65"),
        ("agitation: 56, trust: 26", "agitation: 56, trust: 90", "trust 90 is far from 20"),
        ("does: []", "does: [parafrase]", r"exchanges\.1\.does\.0"),
        ('"Okay. Okay, so."', '"How can I help you today?"', "sounds like the assistant"),
        ('"Okay. Okay, so."', '"No problem."', "which they never say"),
        ('"Okay. Okay, so."', '"Fuck."', "stronger than content level moderate"),
        ("subject_type: upset", "subject_type: sleepy", "subject_type"),
    ],
)
def test_a_dialogue_that_contradicts_its_scenario_is_refused(
    deescal: Deescal, spoilt: Callable[..., Path], old: str, new: str, expected: str
) -> None:
    file = "dialogues/1-trained-upset.yaml"
    folder = spoilt(old, new, file)
    said = deescal("validate", folder / file)
    assert said.exit_code == 2
    assert said.output.startswith(f"{folder / file}:")
    assert re.search(expected, said.output)


def test_what_is_not_there_is_refused(deescal: Deescal, tmp_path: Path) -> None:
    assert deescal("validate", "no-such-thing").exit_code == 2
    assert deescal("validate", tmp_path).exit_code == 2
    binary = tmp_path / "scenario.yaml"
    binary.write_bytes(b"\xff\xfe\x00\x01")
    assert deescal("validate", binary).exit_code == 2


def test_the_schema_is_json_schema_of_what_is_validated(deescal: Deescal) -> None:
    whole = json.loads(deescal("schema").output)
    assert whole["$schema"].startswith("https://json-schema.org/")
    assert set(whole["required"]) <= set(whole["properties"]) == set(Scenario.model_fields)
    dialogue = json.loads(deescal("schema", "--dialogue").output)
    assert "exchanges" in dialogue["required"]


def test_show_reads_as_a_lesson_plan(deescal: Deescal) -> None:
    said = deescal("show", "eviction-morning").output
    scenario = load("eviction-morning").scenario
    words = " ".join(said.split())
    for heading in ("Briefing", "The civilian", "What moves them", "How it goes", "Debrief"):
        assert heading in said
    for text in (
        scenario.briefing.dispatch,
        scenario.civilian.secrets[0].text,
        scenario.debrief.key_lessons[0],
    ):
        assert " ".join(text.split()) in words


def test_show_prints_a_dialogue(deescal: Deescal) -> None:
    said = " ".join(deescal("show", "eviction-morning", "--dialogue", "1").output.split())
    exchange = load("eviction-morning").dialogues[0].exchanges[4]
    assert exchange.officer in said
    assert f"agitation {exchange.state.agitation}, trust {exchange.state.trust}" in said


def test_show_as_json_is_the_scenario_and_its_dialogues(deescal: Deescal) -> None:
    whole = json.loads(deescal("show", "eviction-morning", "--json").output)
    assert len(whole.pop("dialogues")) == len(load("eviction-morning").dialogues)
    assert Scenario.model_validate(whole) == load("eviction-morning").scenario


def test_the_html_plan_is_one_page_with_its_text_escaped(
    deescal: Deescal, spoilt: Callable[..., Path], tmp_path: Path
) -> None:
    folder = spoilt("Eight o'clock on Isleta", "Eight <script>alert(1)</script>")
    out = tmp_path / "plans" / "plan.html"
    assert deescal("export", folder, "--dialogue", "1", "--out", out).exit_code == 0
    page = out.read_text("utf-8")
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert not re.search(r"(?:src|href)=", page)
    assert (
        html.escape(load(folder).dialogues[0].exchanges[5].officer, quote=True).replace(
            "&#x27;", "&#39;"
        )
        in page
    )


def test_the_pdf_plan_has_pages_and_is_the_same_twice(deescal: Deescal, tmp_path: Path) -> None:
    first, second = tmp_path / "1.pdf", tmp_path / "2.pdf"
    for out in (first, second):
        said = deescal("export", "eviction-morning", "--format", "pdf", "-n", "2", "--out", out)
        assert said.exit_code == 0
    assert first.read_bytes().startswith(b"%PDF-")
    assert first.read_bytes() == second.read_bytes()
    pages = re.search(rb"/Count (\d+)", first.read_bytes())
    assert pages is not None
    assert int(pages[1]) >= 4


def test_a_letter_without_a_shape_is_refused_with_the_way_out(
    deescal: Deescal, spoilt: Callable[..., Path], tmp_path: Path
) -> None:
    folder = spoilt("Eight o'clock on Isleta", "八 o'clock")
    out = tmp_path / "plan.pdf"
    said = deescal("export", folder, "--format", "pdf", "--out", out)
    assert said.exit_code == 2
    assert "八" in said.problem
    assert "--font" in said.problem
    assert not out.exists()
    no_font = tmp_path / "font.ttf"
    no_font.write_text("not a font")
    refused = deescal("export", folder, "--format", "pdf", "--font", no_font, "--out", out)
    assert refused.exit_code == 2


def test_a_place_that_cannot_be_written_is_said(deescal: Deescal, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    said = deescal("export", "eviction-morning", "--out", tmp_path / "file" / "plan.html")
    assert said.exit_code == 1
    assert "cannot be written" in said.problem
