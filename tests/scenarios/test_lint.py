"""The lint finds each fault that it promises to find, where it is, and keeps quiet about the rest."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scenarios.chart import reply_chart
from scenarios.errors import BadScenario
from scenarios.label_rules import label_faults
from scenarios.likeness import copied_lines, near_lines, same_lines
from scenarios.lint import Lint, lint
from scenarios.loader import LIBRARY
from scenarios.reading import reading_grade, syllables
from scenarios.schema import Condition
from scenarios.soundness import implies, turn_before
from scenarios.statistics import (
    corpus_replies,
    corpus_statistics,
    lengths_apart,
    reply_statistics,
)
from scenarios.strong_language import too_strong

Deescal = Callable[..., Any]
FIRST = "dialogues/1-trained-upset.yaml"


def _lint(folder: Path, **more: Any) -> Lint:
    return lint([folder / "scenario.yaml"], **more)


def _found(folder: Path, check: str, **more: Any) -> list[str]:
    return [str(r) for r in _lint(folder, **more).problems if r.check == check]


def test_what_was_not_spoilt_is_clean() -> None:
    found = _lint(LIBRARY / "eviction-morning")
    assert found.clean
    assert found.problems == []


@pytest.mark.parametrize(
    ("check", "file", "old", "new", "says"),
    [
        ("secret", "scenario.yaml", 'near: ["court", "hearing", "notice", "summons", "paper came", '
         '"did you get"]', 'near: ["zeppelin"]', "comes near 'drawer'"),
        ("ending", "scenario.yaml", "when: {turn_at_least: 18}",
         "when: {turn_at_least: 12, agitation_at_most: 40, trust_at_least: 50}",
         "'served' never comes"),
        ("ending", "scenario.yaml", "when: {turn_at_least: 18}", "when: {agitation_at_least: 80}",
         "go on without end"),
        ("ending", "scenario.yaml", "turn_at_least: 5, told: [mom_doesnt_know]",
         "turn_at_least: 19, told: [mom_doesnt_know]", "has ended it a turn sooner"),
        ("event", "scenario.yaml", "when: {turn_at_least: 9}", "when: {turn_at_least: 30}",
         "'child_at_door' never happens"),
        ("trigger", "scenario.yaml", '"Who\'s inside with you this morning?"',
         '"You\'re lying to me, ma\'am."', "crosses red line 'liar'"),
        ("content", FIRST, '"Okay. Okay, so."', '"What the fuck."', "stronger than"),
        ("role", FIRST, '"Okay. Okay, so."', '"(sighs) Okay."', "narrator"),
        ("tells", FIRST, "tells: [stubs]", "tells: [title_loan]", "it needs 66"),
        ("state", FIRST, "agitation: 61, trust: 20", "agitation: 2, trust: 20", "is far from"),
        ("label", FIRST, "does: [introduces_self, explains_why, clear_request, courtesy]",
         "does: [introduces_self, explains_why, clear_request]", "'please' is courtesy"),
        ("duplicate", FIRST, '"Okay. Okay, so."', "\"I'm not scared, I'm tired. I've been up since "
         'yesterday."', "the same reply as"),
        ("near_duplicate", FIRST, '"Okay. Okay, so."', "\"I'm not scared, I'm tired, I've been up "
         'since last week."', "the same as"),
    ],
)  # fmt: skip
def test_each_fault_is_found(
    spoilt: Callable[..., Path], check: str, file: str, old: str, new: str, says: str
) -> None:
    folder = spoilt(old, new, file)
    found = _found(folder, check)
    assert found, [str(r) for r in _lint(folder).problems]
    assert any(says in line for line in found)
    assert str(folder / file) in found[0]


def test_too_thin_a_lesson_is_found(spoilt: Callable[..., Path]) -> None:
    folder = spoilt("x", "x")
    path = folder / "scenario.yaml"
    text = path.read_text("utf-8")
    start, end = text.index("  instructor_notes:"), text.index("  what_good_looks_like:")
    path.write_text(text[:start] + '  instructor_notes: "Too short."\n' + text[end:], "utf-8")
    assert any("instructor_notes" in line for line in _found(folder, "lesson"))


def test_long_words_are_found(spoilt: Callable[..., Path]) -> None:
    hard = (
        "Notwithstanding jurisdictional considerations, constitutionally authorised representatives "
        "simultaneously administer organisational responsibilities characterising extraordinarily "
        "complicated intergovernmental circumstances requiring interdisciplinary collaboration"
    )
    folder = spoilt("dispatch: >-", f'dispatch: "{hard}"\n  officer_knows_was: >-')
    text = (folder / "scenario.yaml").read_text("utf-8")
    start, end = text.index("  officer_knows_was"), text.index("  officer_knows:")
    (folder / "scenario.yaml").write_text(text[:start] + text[end:], "utf-8")
    assert any("briefing: reads at school grade" in line for line in _found(folder, "reading"))


def test_a_trained_officer_who_crosses_a_red_line_is_a_note(spoilt: Callable[..., Path]) -> None:
    folder = spoilt('"Since yesterday."', '"You never paid since yesterday."', FIRST)
    found = _lint(folder)
    assert any("crosses red line 'liar'" in str(note) for note in found.notes)
    assert found.clean


def test_a_fault_that_calms_and_a_secret_half_told_are_notes(spoilt: Callable[..., Path]) -> None:
    folder = spoilt("x", "x")
    bad = folder / "dialogues" / "5-bad-upset.yaml"
    bad.write_text(
        """officer: bad
subject_type: upset
opening: "I paid."
exchanges:
  - {officer: "Oxygen, sure. Move.", does: [insult, command], civilian: "No.", state: {agitation: 68, trust: 12}}
  - {officer: "Move.", does: [command], civilian: "Corolla, machine, Friday.", state: {agitation: 72, trust: 10}}
  - {officer: "Move.", does: [command], civilian: "I won't go.", state: {agitation: 77, trust: 8}}
""",
        "utf-8",
    )
    notes = [str(note) for note in _lint(folder).notes]
    assert any("fires calming signal 'oxygen_first'" in note for note in notes)
    assert any("says much of secret 'title_loan'" in note for note in notes)


def test_a_file_that_does_not_hold_is_named_and_the_rest_is_checked(
    deescal: Deescal, spoilt: Callable[..., Path]
) -> None:
    folder = spoilt("minutes: 14", "minuts: 14")
    found = lint([folder / "scenario.yaml", LIBRARY / "grief-roadside" / "scenario.yaml"])
    assert not found.clean
    assert any("minuts" in line for line in found.refused)
    assert [loaded.id for loaded in found.library] == ["grief-roadside"]
    said = deescal("lint", folder)
    assert said.exit_code == 1
    assert "minuts: no such field" in said.output
    assert "grief-roadside" in deescal("lint", "greif-roadside").problem


def test_the_command_exits_1_with_problems_and_json_names_them(
    deescal: Deescal, spoilt: Callable[..., Path]
) -> None:
    folder = spoilt("tells: [stubs]", "tells: [title_loan]", FIRST)
    said = deescal("lint", folder, "--json")
    assert said.exit_code == 1
    whole = json.loads(said.output)
    (problem,) = whole["problems"]
    assert problem["check"] == "tells"
    assert problem["line"] == 8
    assert problem["file"].endswith(FIRST)
    assert {"scenarios", "dialogues", "replies", "officer_lines", "balance", "labels"} <= set(whole)
    said = deescal("lint", folder)
    assert said.exit_code == 1
    assert f"{FIRST}:8:" in said.output


def test_copied_words_are_found_only_from_nine_in_a_row(
    spoilt: Callable[..., Path], tmp_path: Path
) -> None:
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    said = "the heron stood all winter on one leg by the weir"
    (corpus / "a.csv").write_text(f"start,speaker,transcript\n0:00,Someone,{said}.\n")
    copied = spoilt('"Okay. Okay, so."', f'"Well, {said.upper()}!"', FIRST)
    (line,) = _found(copied, "copied", corpus=corpus)
    assert "a.csv" in line
    assert not _found(copied, "copied")
    eight = " ".join(said.split()[:8])
    assert list(copied_lines([eight], corpus)) == []
    with pytest.raises(BadScenario):
        list(copied_lines([said], tmp_path / "absent"))


def test_likeness() -> None:
    lines = [
        "I never took it.", "…", "I never took it!", "…", "No.", "no",
        "You can tell him I said he still owes me for the roof.",
        "You can tell him I said he still owes us for the roof.",
        "Something else altogether is said here, all right.",
    ]  # fmt: skip
    assert list(same_lines(lines)) == [(2, 0)]
    assert [(a, b) for a, b, _ in near_lines(lines)] == [(7, 6)]


@pytest.mark.parametrize(
    ("narrow", "wide", "held"),
    [
        ({"turn_at_least": 18}, {"turn_at_least": 16}, True),
        ({"turn_at_least": 10}, {"turn_at_least": 16}, False),
        ({"agitation_at_most": 30, "trust_at_least": 60}, {"agitation_at_most": 42}, True),
        ({"agitation_at_most": 30}, {"agitation_at_most": 42, "turn_at_least": 4}, False),
        ({"agitation_at_most": 30}, {"agitation_at_most": 42, "told": ["a"]}, False),
        ({"agitation_at_least": 90}, {"agitation_at_least": 90, "for_turns": 2}, False),
    ],
)
def test_when_one_condition_holds_whenever_another_does(
    narrow: dict[str, Any], wide: dict[str, Any], held: bool
) -> None:
    assert implies(Condition(**narrow), Condition(**wide)) is held


@pytest.mark.parametrize(
    ("when", "held"),
    [
        ({"turn_at_least": 1, "agitation_at_least": 90}, None),
        ({"turn_at_least": 19, "agitation_at_most": 30}, {"turn_at_least": 18}),
        (
            {"agitation_at_least": 90, "for_turns": 3, "told": ["a"]},
            {"turn_at_least": 2, "agitation_at_least": 90, "for_turns": 2},
        ),
    ],
)
def test_what_held_a_turn_sooner(when: dict[str, Any], held: dict[str, Any] | None) -> None:
    assert turn_before(Condition(**when)) == (Condition(**held) if held else None)


@pytest.mark.parametrize(
    ("officer", "does", "wrong"),
    [
        ("Sit down, please.", ["clear_request"], "courtesy"),
        ("Sit down, please.", ["clear_request", "courtesy"], None),
        ("You could say thank you.", ["lecturing"], None),
        ("Please, your majesty.", ["insult"], None),
        ("Calm down.", ["command"], "dismissive"),
        ("I'm not telling you to calm down.", [], None),
        ("What's your name?", ["open_question"], "one fact"),
        ("How old are you, Dani?", ["open_question"], "one fact"),
        ("What happened?", ["open_question"], None),
        ("How's that been?", ["open_question"], None),
        ("Tell me about her.", ["open_question"], None),
        ("Nice night.", ["open_question"], "nothing is asked"),
        ("Mm-hm.", ["minimal_encourager", "minimal_encourager"], "twice"),
    ],
)
def test_labels_that_are_certainly_wrong(officer: str, does: list[Any], wrong: str | None) -> None:
    found = list(label_faults(officer, does))
    assert (wrong in found[0]) if wrong else not found


@pytest.mark.parametrize(
    ("words", "level", "found"),
    [
        ("What the hell?", "mild", "what the hell"),
        ("Hello, the class will pass the overpass.", "mild", None),
        ("Shit happens.", "moderate", None),
        ("Fucking hell.", "moderate", "fucking"),
        ("Fucking hell.", "strong", None),
    ],
)
def test_language_is_no_stronger_than_announced(words: str, level: Any, found: str | None) -> None:
    assert too_strong(words, level) == found


def test_reading_grade_rises_with_long_words_and_sentences() -> None:
    easy = "The dog ran. The man sat. He had a red hat. It was hot."
    hard = "Considerable administrative complexity notwithstanding, negotiations continued indefinitely."
    assert reading_grade(easy) < 2
    assert reading_grade(hard) > 12
    assert reading_grade("") == 0
    words = {"time": 1, "asked": 1, "table": 2, "officer": 3, "wanted": 2, "station": 2, "be": 1}
    assert {word: syllables(word) for word in words} == words


def test_statistics_of_replies() -> None:
    replies = ["…", "No.", "no", "I said no.", "One two three four five six seven eight."] * 300
    found = reply_statistics(replies)
    assert found.replies == 1500
    assert found.lengths["0"] == 0.2
    assert found.lengths["1-2"] == 0.4
    assert sum(found.lengths.values()) == pytest.approx(1)
    assert found.distinct_2 is not None
    assert 0 < found.distinct_2 < 0.05
    assert found.top_10_share == 1
    assert lengths_apart(found, found) == 0
    assert lengths_apart(found, reply_statistics(["…"])) == pytest.approx(0.8)
    assert reply_statistics(["Only one."]).distinct_2 is None
    with pytest.raises(BadScenario):
        reply_statistics([])


def test_the_corpus_statistics_hold_numbers_only() -> None:
    found = corpus_statistics()
    assert found.replies > 10_000
    assert set(found.lengths) == set(reply_statistics(["a b"]).lengths)


def test_corpus_replies_are_read_from_chat_rows(deescal: Deescal, tmp_path: Path) -> None:
    rows = tmp_path / "train.jsonl"
    messages = [{"role": "user", "content": "Hi."}, {"role": "assistant", "content": "Go away."}]
    rows.write_text(
        json.dumps({"messages": messages}) + "\n"
        + json.dumps({"messages": messages * 2, "trains": [False, False, False, True]}) + "\n"
    )  # fmt: skip
    assert corpus_replies(rows) == ["Go away.", "Go away."]
    kept = tmp_path / "numbers.json"
    said = deescal(
        "lint", "grief-roadside", "--corpus-turns", rows, "--keep-corpus-statistics", kept, "--json"
    )
    assert json.loads(said.output)["corpus_statistics"]["replies"] == 2
    assert "Go away" not in kept.read_text()
    for written in ("{", "[]", '{"text": "x"}'):
        rows.write_text(written)
        assert deescal("lint", "grief-roadside", "--corpus-turns", rows).exit_code == 2
    assert deescal("lint", "--keep-corpus-statistics", kept).exit_code == 2


def test_corpus_turns_of_one_voice_are_one_reply(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    turns = [("a", "officer", "Hi."), ("b", "civilian", "Go."), ("b", "civilian", "Away."),
             ("c", "civilian", "Yes, go."), ("a", "officer", "No."), ("c", "civilian", "Go!")]  # fmt: skip
    table = [{"source": "1", "speaker": s, "role": r, "text": t} for s, r, t in turns]
    path = tmp_path / "turns.parquet"
    parquet.write_table(pyarrow.Table.from_pylist(table), path)
    assert corpus_replies(path) == ["Go. Away.", "Yes, go.", "Go!"]
    path.write_text("no")
    with pytest.raises(BadScenario):
        corpus_replies(path)


def test_the_plot_is_an_svg_with_a_bar_for_each_length(deescal: Deescal, tmp_path: Path) -> None:
    from xml.etree import ElementTree

    plot = tmp_path / "lengths.svg"
    assert deescal("lint", "grief-roadside", "--plot", plot).exit_code == 0
    titles = [e.text for e in ElementTree.parse(plot).iter() if e.tag.endswith("title")]
    assert len(titles) == 2 * len(corpus_statistics().lengths)
    assert deescal("lint", "--plot", tmp_path / "lengths.gif").exit_code == 2
    assert "NaN" not in reply_chart(reply_statistics(["…"]), corpus_statistics())
