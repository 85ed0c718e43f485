"""Every claim of a review can be followed to the turn that it is about."""

from __future__ import annotations

import html
import re
from pathlib import Path

import pytest

from simulator.events import Event, ProsodyHeard
from simulator.review.assess import Review, assess
from simulator.review.report import write_report

from .conftest import Play


def said_by(review: Review, speaker: str) -> dict[int, str]:
    return {s.turn: s.text for s in review.transcript if s.speaker == speaker}


@pytest.fixture(params=["good", "bad"])
def review(request: pytest.FixtureRequest) -> Review:
    events: list[Event] = request.getfixturevalue(request.param)
    return assess(events)


def test_every_behaviour_is_quoted_from_the_turn_it_names(review: Review) -> None:
    officer = said_by(review, "officer")
    quotes = [(t, q) for seen in (*review.skills, *review.faults) for t, q in seen.quotes]
    assert quotes
    for turn, quote in quotes:
        assert quote in officer[turn]


def test_every_suggestion_and_missed_chance_quotes_its_turn(review: Review) -> None:
    officer, civilian = said_by(review, "officer"), said_by(review, "civilian")
    for each in (*review.keep, *review.to_try):
        if each.turn is not None:
            assert each.quote in officer[each.turn]
    for chance in review.missed:
        assert chance.officer_said == officer[chance.turn]
        assert chance.civilian_said == civilian[chance.shown_at]


def test_turning_points_are_moves_of_the_transcript(review: Review) -> None:
    moved = {(s.turn, s.speaker): s for s in review.transcript}
    for point in review.turning_points:
        said = moved[point.turn, point.speaker]
        assert said.text == point.said
        assert said.agitation_change == point.agitation_change
        assert said.causes == point.causes


def test_reasons_quote_their_turn_and_numbers_are_the_curve(review: Review) -> None:
    everything = {
        turn: " ".join(s.text for s in review.transcript if s.turn == turn)
        for turn in {s.turn for s in review.transcript}
    }
    for reason in review.because:
        for quote in re.findall("“([^”]*)”", reason.text) if reason.turn is not None else ():
            assert quote in everything[reason.turn] or "ending" in reason.text  # type: ignore[index]
    first, last = review.curve[0], review.curve[-1]
    assert f"from {first.agitation} to {last.agitation}" in review.because[0].text
    states = {s.turn: (s.agitation, s.trust) for s in review.transcript}
    assert {p.turn: (p.agitation, p.trust) for p in review.curve if p.turn} == {
        turn: state for turn, state in states.items() if turn
    }


def test_counts_are_those_of_the_transcript(review: Review) -> None:
    officer, civilian = said_by(review, "officer"), said_by(review, "civilian")
    talk = review.talk
    assert talk.officer_words == sum(len(text.split()) for text in officer.values())
    assert talk.civilian_words == sum(len(text.split()) for text in civilian.values())
    assert talk.silent_turns == [turn for turn, text in officer.items() if not text]
    assert len(officer[talk.longest_turn or 0].split()) == talk.longest_words
    assert talk.replies == sum(t > 0 and any(map(str.isalnum, x)) for t, x in civilian.items())


def test_in_the_page_every_quote_stands_in_the_turn_that_its_link_leads_to(
    review: Review, tmp_path: Path
) -> None:
    write_report(review, tmp_path / "review.html")
    page = (tmp_path / "review.html").read_text(encoding="utf-8")
    turns = {
        int(number): html.unescape(re.sub(r"<[^>]+>", "", body))
        for number, body in re.findall(r'<li id="turn-(\d+)">(.*?)\n  </li>', page, re.DOTALL)
    }
    assert len(turns) == len(review.curve)
    after = re.findall(
        r'<q class="said">([^<]*)</q>\s*<a class="turn-link" href="#turn-(\d+)"', page
    )
    before = re.findall(r'href="#turn-(\d+)">[^<]*</a>[^<]*<q class="said">([^<]*)</q></p>', page)
    linked = [(int(t), q) for q, t in after] + [(int(t), q) for t, q in before]
    assert len(linked) >= 4
    for turn, quote in linked:
        plain = html.unescape(quote)
        assert plain == "(silence)" or plain in turns[turn], (turn, plain)


def test_what_was_heard_of_the_voice_is_counted_and_linked(play: Play, tmp_path: Path) -> None:
    played = play()
    for number, (words, level, pace, waited) in enumerate(
        [
            ("Good afternoon, ma'am.", 0.0, 170.0, 0.8),
            ("You sound scared.", -4.0, 140.0, 4.0),
            ("Calm down, lady.", 12.0, 240.0, 0.1),
        ],
        start=1,
    ):
        played.session.officer_says(
            words,
            "microphone",
            audio_s=2.0,
            prosody=ProsodyHeard(
                turn=number,
                loudness_db=level,
                words_per_minute=pace,
                overlap_s=0.0,
                waited_s=waited,
            ),
        )
    review = assess(played.leave())
    talk = review.talk
    assert (talk.loud_turns, talk.rushed_turns, talk.effective_pauses) == ([3], [3], [2])
    assert (talk.loudest_db, talk.words_per_minute, talk.pauses_left_out) == (12.0, 170, True)
    shouted = next(s for s in review.transcript if s.turn == 3 and s.speaker == "officer")
    assert any(c.kind == "prosody" and c.id == "loud" for c in shouted.causes)
    write_report(review, tmp_path / "review.html")
    page = (tmp_path / "review.html").read_text(encoding="utf-8")
    assert "Times you raised your voice" in page
    assert "+12 dB against your own usual level" in page
