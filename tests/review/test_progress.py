"""One officer's sessions over time, and the learning record of one."""

from __future__ import annotations

import json
import uuid
from datetime import datetime
from pathlib import Path

import pytest

from simulator.errors import BadSimulatorInput
from simulator.events import SessionStarted
from simulator.review.assess import assess
from simulator.review.model import Review
from simulator.review.progress import progress, write_progress
from simulator.review.xapi import statements, write_statements

from .conftest import BAD, GOOD, Play


@pytest.fixture
def reviews(play: Play) -> list[Review]:
    """Four sessions of one officer, the later two better, newest first."""
    lines = [BAD, BAD, GOOD, GOOD]
    made = [
        play(seed=n, began_at=f"2026-03-0{n + 1}T09:00:00+00:00").say(said).leave()
        for n, said in enumerate(lines)
    ]
    return [assess(events) for events in reversed(made)]


def test_sessions_stand_in_order_of_time(reviews: list[Review]) -> None:
    made = progress(reviews)
    assert [s.began_at for s in made.sessions] == sorted(s.began_at for s in made.sessions)


def test_what_comes_more_and_what_comes_less_is_told(reviews: list[Review]) -> None:
    made = progress(reviews)
    assert any(line.startswith("Emotion label: 0.0") for line in made.changes)
    assert len(made.changes) <= 6
    command = next(t for t in made.trends if t.id == "command")
    assert command.per_ten[0] > command.per_ten[-1] == 0
    assert command.last_seen == made.sessions[1].session_id


def test_nothing_is_claimed_of_few_sessions(reviews: list[Review]) -> None:
    assert progress(reviews[:3]).changes == []


def test_people_are_not_compared(reviews: list[Review], play: Play) -> None:
    other = assess(play(officer="Somebody else").say(GOOD).leave())
    with pytest.raises(BadSimulatorInput, match="one person"):
        progress([*reviews, other])


def test_no_session_yet(play: Play) -> None:
    with pytest.raises(BadSimulatorInput, match="no session"):
        progress([assess(play().leave())])


def test_the_page_of_progress(reviews: list[Review], tmp_path: Path) -> None:
    write_progress(progress(reviews), tmp_path / "progress.html")
    page = (tmp_path / "progress.html").read_text(encoding="utf-8")
    assert page.count("The lady in the back office") == 4
    assert "not comparable between people" in page
    assert "<script" not in page


def test_statements_hold_what_xapi_asks_for(reviews: list[Review]) -> None:
    made = statements(reviews[0])
    for statement in made:
        uuid.UUID(statement["id"])
        assert statement["actor"]["account"] == {
            "homePage": "https://deescalwild-simulator.invalid",
            "name": "Reyes 114",
        }
        assert statement["verb"]["id"].startswith("http")
        assert statement["object"]["id"].startswith("https://")
        assert datetime.fromisoformat(statement["timestamp"]).tzinfo is not None
    assert len({s["id"] for s in made}) == len(made)
    assert made[0]["verb"]["display"]["en"] == "initialized"


def test_a_learning_record_scores_nobody_and_quotes_nobody(reviews: list[Review]) -> None:
    for review in reviews:
        written = json.dumps(statements(review))
        assert '"score"' not in written
        assert '"success"' not in written
        assert all(said.text not in written for said in review.transcript if said.text)


def test_the_same_session_written_twice_has_the_same_ids(reviews: list[Review]) -> None:
    assert statements(reviews[0]) == statements(reviews[0])


def test_statements_are_lines_of_json(reviews: list[Review], tmp_path: Path) -> None:
    count = write_statements(reviews, tmp_path / "xapi.jsonl")
    lines = (tmp_path / "xapi.jsonl").read_text(encoding="utf-8").splitlines()
    assert len(lines) == count == sum(len(statements(r)) for r in reviews)
    assert all(json.loads(line)["id"] for line in lines)


def test_the_try_out_of_a_draft_is_no_assessment(play: Play, tmp_path: Path) -> None:
    started, *rest = play().say(BAD).leave()
    assert isinstance(started, SessionStarted)
    review = assess([started.model_copy(update={"draft": True}), *rest])
    assert any("no assessment" in note for note in review.notes)
    with pytest.raises(BadSimulatorInput, match="no session"):
        progress([review])
    with pytest.raises(BadSimulatorInput, match="tried out the draft"):
        write_statements([review], tmp_path / "learning.jsonl")
    assert not list(tmp_path.iterdir())
