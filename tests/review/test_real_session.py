"""A session with the real model, through to its page."""

from __future__ import annotations

from pathlib import Path

import pytest

from models.embedder import Embedder
from models.fetch import model_path
from scenarios.behaviours import BEHAVIOURS
from scenarios.loader import load
from simulator.cast import Cast, Choice
from simulator.events import Event
from simulator.officer.skills import SkillRecogniser
from simulator.review.advice import INSTEAD
from simulator.review.assess import assess
from simulator.review.missed import OPENINGS
from simulator.review.report import write_report


@pytest.mark.slow
def test_a_session_with_the_real_model_has_a_page(tmp_path: Path) -> None:
    events: list[Event] = []
    cast = Cast()
    try:
        choice = Choice(load("shoplifting-detention"), "upset", 5, officer="Reyes 114")
        session, started = cast.session(choice, events.append)
        session.begin(started)
        session.officer_says("Good afternoon, ma'am. My name is Officer Reyes.")
        session.officer_says("Calm down and empty your purse. Now.")
        session.officer_says("I'm sorry. That was rude of me. Are you hurt?")
        session.leave()
    finally:
        cast.close()
    review = assess(events)
    assert review.turns == 3
    assert {s.speaker for s in review.transcript} >= {"officer", "civilian"}
    assert all(s.origin for s in review.transcript if s.speaker == "civilian" and s.text)
    assert any(point.turn == 2 and point.agitation_change > 0 for point in review.turning_points)
    assert review.talk.response_median_s is not None
    write_report(review, tmp_path / "review.html")
    page = (tmp_path / "review.html").read_text(encoding="utf-8")
    for said in review.transcript:
        if said.speaker == "civilian":
            assert said.text.split(".")[0].replace("'", "&#39;") in page


@pytest.mark.slow
def test_the_recogniser_finds_no_fault_in_words_to_try() -> None:
    recogniser = SkillRecogniser(Embedder(model_path("embedder")))
    advised = [better.say for better in INSTEAD.values()] + [opening.say for opening in OPENINGS]
    wrong = {
        say: faults
        for say in advised
        if (faults := [b.id for b in recogniser.recognise(say) if BEHAVIOURS[b.id].fault])
    }
    assert not wrong
