"""Scenario drafts: valid by the schema, honest about what is missing, made of what was really said."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from scenarios.draft import drafted, write_draft
from scenarios.draft_command import draft
from scenarios.draft_model import QUESTIONS, fill, sentence
from scenarios.draft_reading import read_dialogue
from scenarios.errors import BadScenario
from scenarios.loader import load, surprise
from scenarios.picking import suggested
from scenarios.unfinished import FINISH, unfinished

TALK = """start_time,speaker_label,transcript
00:01,Officer Hale,"Good evening, ma'am. The reason I stopped you is the red light at the bridge."
00:06,Marisol Quade,"Are you kidding me? I'm late for my shift!"
00:09,Officer Hale,"I understand. Take your time. License and registration, please."
00:14,Marisol Quade,"My license is in my other bag. I just moved, everything is in boxes."
00:18,Officer Hale,"Okay. What's your date of birth?"
00:22,Marisol Quade,"April 2nd, 1990. Why do you need that?"
00:26,Officer Hale,"Because I have to look you up without the card. Have you had anything to drink tonight?"
00:31,Marisol Quade,"No! I don't drink, I drive people home for a living!"
00:35,Officer Hale,"I hear you. You sound worn out, ma'am."
00:40,Marisol Quade,"I got evicted on Monday. I'm sleeping in this car."
00:43,Officer Hale,"I'm sorry. Do you want a number for a place tonight?"
00:47,Marisol Quade,"Maybe. My daughter is at her aunt's, she does not know."
00:51,Officer Hale,"Just a warning tonight. Please fix the address on your license."
00:55,Marisol Quade,"Thank you. I'm sorry I yelled."
00:58,Officer Hale,"You're fine. Drive safe."
"""


@pytest.fixture
def talk(tmp_path: Path) -> Path:
    path = tmp_path / "stop_17.csv"
    path.write_text(TALK, encoding="utf-8")
    return path


def test_a_draft_holds_and_says_what_is_missing(talk: Path, tmp_path: Path) -> None:
    data = drafted(read_dialogue(talk), "red-light-late")
    path = write_draft(data, {}, tmp_path / "own")
    scenario = load(path).scenario
    assert scenario.status == "draft"
    assert scenario.source.file == "stop_17"
    text = path.read_text(encoding="utf-8")
    missing = list(unfinished(data))
    assert "civilian.background" in missing
    assert all(f"# to finish: {field}\n" in text for field in missing)


def test_what_was_said_becomes_facts_secrets_openings_and_reference(talk: Path) -> None:
    data = drafted(read_dialogue(talk))
    person = data["civilian"]
    facts = [fact["text"] for fact in person["facts"]]
    assert "I just moved, everything is in boxes." in facts
    secrets = {secret["text"]: secret for secret in person["secrets"]}
    assert "I got evicted on Monday." in secrets
    assert "worn" in secrets["I got evicted on Monday."]["near"]
    assert person["gender"] == "female"
    assert data["openings"][0] == "Are you kidding me? I'm late for my shift!"
    assert data["category"] == "traffic"
    assert {"explains_why", "shows_empathy"} <= set(data["skills"])
    assert "Thank you. I'm sorry I yelled." in [ending["closing"] for ending in data["endings"]]
    assert len(data["reference"]) == 15
    assert data["reference"][0].startswith("officer: ")
    assert data["reference"][1].startswith("civilian: ")


def test_no_real_name_or_birth_date_is_in_a_draft(talk: Path, tmp_path: Path) -> None:
    path = write_draft(drafted(read_dialogue(talk)), {}, tmp_path / "own")
    text = path.read_text(encoding="utf-8")
    for real in ("Marisol", "Quade", "Hale", "April 2nd, 1990"):
        assert real not in text


def test_a_long_breath_is_cut_to_lines_the_schema_takes(talk: Path, tmp_path: Path) -> None:
    long = " ".join(["I was driving home and it was dark."] * 60)
    talk.write_text(TALK + f'01:02,Marisol Quade,"{long}"\n', encoding="utf-8")
    data = drafted(read_dialogue(talk))
    write_draft(data, {}, tmp_path / "own")
    assert max(map(len, data["reference"])) <= 600


def test_an_id_that_is_taken_is_not_written_over(talk: Path, tmp_path: Path) -> None:
    data = drafted(read_dialogue(talk), "once")
    first = write_draft(data, {}, tmp_path / "own").read_bytes()
    with pytest.raises(BadScenario, match="already there"):
        write_draft(data, {}, tmp_path / "own")
    assert (tmp_path / "own" / "once" / "scenario.yaml").read_bytes() == first
    assert [p.name for p in (tmp_path / "own").iterdir()] == ["once"]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("start_time,speaker_label,transcript\n00:01,Officer,Hello there sir.\n", "civilian"),
        ("", "no"),
        ("a,b\n1,2\n", "speaker"),
    ],
)
def test_what_is_no_dialogue_is_refused(tmp_path: Path, content: str, says: str) -> None:
    path = tmp_path / "x.csv"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(BadScenario, match=says):
        read_dialogue(path)


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadScenario, match="folder"):
        read_dialogue(tmp_path)


def _finished(value: Any) -> Any:
    """The draft with every gap written by somebody."""
    if isinstance(value, dict):
        return {key: _finished(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_finished(part) for part in value]
    return value.replace(FINISH, "Written:") if isinstance(value, str) else value


def test_reviewed_is_refused_while_a_gap_stands(talk: Path, tmp_path: Path) -> None:
    path = write_draft(drafted(read_dialogue(talk), "gaps"), {}, tmp_path / "own")
    draft_text = path.read_text(encoding="utf-8")
    path.write_text(draft_text.replace("status: draft", "status: reviewed"), encoding="utf-8")
    with pytest.raises(
        BadScenario, match=r"status is reviewed, but \[finish\] still stands in title"
    ):
        load(path)
    whole = _finished(yaml.safe_load(draft_text)) | {"status": "reviewed"}
    path.write_text(yaml.safe_dump(whole), encoding="utf-8")
    assert load(path).scenario.status == "reviewed"


def test_a_draft_is_neither_drawn_nor_suggested(talk: Path, tmp_path: Path) -> None:
    path = write_draft(drafted(read_dialogue(talk), "drawn"), {}, tmp_path / "own")
    unread = load(path)
    with pytest.raises(BadScenario, match="only drafts fit"):
        surprise([unread], 1)
    assert suggested([unread], {"explains_why": 1.0}) == []
    reviewed = load("noise-complaint")
    assert {surprise([unread, reviewed], seed).id for seed in range(30)} == {"noise-complaint"}


def test_the_command(talk: Path, tmp_path: Path) -> None:
    out = tmp_path / "own"
    done = CliRunner().invoke(draft, [str(talk), "--id", "red-light", "--out", str(out)])
    assert done.exit_code == 0, done.output
    assert "fields to finish" in done.output
    assert yaml.safe_load((out / "red-light" / "scenario.yaml").read_text())["status"] == "draft"


def test_only_sentences_are_taken_from_a_model() -> None:
    assert sentence("The driver is late. She has no lic") == "The driver is late."
    assert sentence("no") is None
    assert sentence('{"title": "x y"}') is None
    assert sentence(f"{FINISH} a title of it.") is None


@pytest.mark.slow
def test_a_model_writes_prose_that_is_marked_and_still_holds(
    talk: Path, tmp_path: Path, civilian_gguf: Path
) -> None:
    dialogue = read_dialogue(talk)
    data = drafted(dialogue, "by-model")
    before = set(unfinished(data))
    written = fill(data, dialogue, civilian_gguf, "small")
    assert written
    assert set(written) <= before
    assert set(unfinished(data)) == before - set(written)
    text = write_draft(data, written, tmp_path / "own").read_text(encoding="utf-8")
    assert all(f"# written by small, to be checked: {field}\n" in text for field in written)


def test_every_question_is_about_a_field_that_drafts_leave_open(talk: Path) -> None:
    open_ = {
        re.sub(r"\.\d+(?=\.|$)", ".*", path) for path in unfinished(drafted(read_dialogue(talk)))
    }
    assert set(QUESTIONS) - open_ <= {"debrief.what_good_looks_like.*"}
