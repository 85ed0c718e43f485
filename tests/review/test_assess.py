"""The review says what the record says, and where."""

from __future__ import annotations

import pytest

from scenarios.behaviours import BEHAVIOURS
from scenarios.loader import all_scenarios
from simulator.civilian.affect import Affect
from simulator.errors import BadSimulatorInput
from simulator.events import (
    AffectMoved,
    CivilianSpoke,
    Event,
    Noticed,
    OfficerSpoke,
    SessionResumed,
)
from simulator.review.advice import INSTEAD, MISSING, example
from simulator.review.assess import BAND_POINTS, assess
from simulator.review.missed import OPENINGS
from simulator.review.model import Review
from simulator.review.text import review_lines

from .conftest import LABELLED, Play


def _turns_claimed(review: Review) -> set[int]:
    """Every turn that a claim of the review points at."""
    talk = review.talk
    return {
        *(r.turn for r in review.because if r.turn is not None),
        *(turn for each in (*review.skills, *review.faults) for turn, _ in each.quotes),
        *(point.turn for point in review.turning_points),
        *(each.turn for each in (*review.keep, *review.to_try) if each.turn is not None),
        *(turn for each in review.missed for turn in (each.turn, each.shown_at)),
        *talk.stacked_turns, *talk.repeated_turns, *talk.silent_turns, *talk.interrupted_turns,
    }  # fmt: skip


@pytest.mark.parametrize("which", ["good", "bad"])
def test_every_claim_points_at_a_turn_and_every_quote_is_in_it(
    which: str, request: pytest.FixtureRequest
) -> None:
    review = assess(request.getfixturevalue(which))
    words = {s.turn: s.text for s in review.transcript if s.speaker == "officer"}
    assert _turns_claimed(review) <= {s.turn for s in review.transcript}
    for each in (*review.skills, *review.faults):
        for turn, quote in each.quotes:
            assert quote in words[turn]
    for suggestion in (*review.keep, *review.to_try):
        if suggestion.turn is not None:
            assert suggestion.quote in words[suggestion.turn]
    for chance in review.missed:
        assert chance.officer_said == words[chance.turn]


def test_a_bad_officer_and_a_good_one_are_told_apart(good: list[Event], bad: list[Event]) -> None:
    well, badly = assess(good), assess(bad)
    assert well.points > badly.points
    assert well.hardness.by_officer < 0 < badly.hardness.by_officer
    assert len(well.skills) > len(badly.skills)
    assert len(well.faults) < len(badly.faults)
    # The same person, as hard in both: difficulty is not made of what the officer did.
    same = ("level", "because", "subject_note", "agitation_at_start", "trust_at_start")
    assert [getattr(well.hardness, f) for f in same] == [getattr(badly.hardness, f) for f in same]


def test_the_points_lie_in_the_band(good: list[Event], bad: list[Event]) -> None:
    for events in (good, bad):
        review = assess(events)
        low, high = BAND_POINTS[review.band]
        assert low <= review.points <= high


def test_what_the_officer_and_the_scene_moved_adds_up(bad: list[Event]) -> None:
    review = assess(bad)
    change = review.curve[-1].agitation - review.curve[0].agitation
    assert review.hardness.by_officer + review.hardness.by_scene == change


def test_a_fault_comes_with_its_worst_turn_and_better_words(bad: list[Event]) -> None:
    review = assess(bad)
    dismissive = next(s for s in review.to_try if s.about.startswith("Dismissive"))
    assert dismissive.turn == 2
    assert dismissive.quote == "Calm down"
    assert dismissive.instead is not None
    assert dismissive.instead.agitation < dismissive.instead.agitation_was


def test_other_words_are_replayed_by_the_same_rules(
    play: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What `instead` claims is what the session itself does when those words are said there."""
    before = ["Good afternoon, ma'am.", "What's going on today?"]
    review = assess(play().say([*before, "Calm down, lady."]).leave())
    chance = next(s for s in review.to_try if s.turn == 3).instead
    assert chance is not None
    monkeypatch.setitem(
        LABELLED, chance.say, [(id_, chance.say) for id_ in INSTEAD["dismissive"].does]
    )
    told = play().say([*before, chance.say]).events
    # The first move of the turn is by the officer's words; an event of the scene may follow.
    moved = next(e for e in told if isinstance(e, AffectMoved) and e.turn == 3)
    assert (moved.agitation, moved.trust) == (chance.agitation, chance.trust)


def test_a_shown_feeling_that_is_passed_over_is_a_missed_chance(play: Play) -> None:
    played = play().say(["Sit down."])
    shown = CivilianSpoke(turn=1, text="I'm so scared. Please don't hurt me.", origin="model")
    played.events[-2:] = [shown]  # the civilian's words and times of this turn
    played.session.officer_says("Open the bag. Now.")
    (chance,) = assess(played.leave()).missed
    assert (chance.turn, chance.shown_at) == (2, 1)
    assert chance.gave == "showed fear"
    assert not chance.authored


@pytest.mark.parametrize(
    "answer", ["You sound scared.", "", "I hear you. That must be frightening.", "What scares you?"]
)
def test_a_feeling_that_is_taken_up_is_none(play: Play, answer: str) -> None:
    played = play().say(["Sit down."])
    played.events[-2:] = [CivilianSpoke(turn=1, text="I'm so scared.", origin="model")]
    played.session.officer_says(answer)
    assert assess(played.leave()).missed == []


def test_a_person_who_speaks_of_dying_is_to_be_asked_plainly(play: Play) -> None:
    played = play().say(["Sit down."])
    played.events[-2:] = [CivilianSpoke(turn=1, text="I just want to die.", origin="model")]
    played.session.officer_says("Step away from the desk.")
    (chance,) = assess(played.leave()).missed
    assert "killing yourself" in chance.say


def test_words_to_try_show_skills_and_no_fault() -> None:
    for does in (*(b.does for b in INSTEAD.values()), *(o.does for o in OPENINGS)):
        assert does
        assert not any(BEHAVIOURS[id_].fault for id_ in does)


def test_words_to_try_stand_in_their_place() -> None:
    """A line of the scenario's own comes with the words it answers, and after no secret."""
    found = 0
    for loaded in all_scenarios():
        lines = {}
        for dialogue in loaded.dialogues:
            before, tells = dialogue.opening, False
            for exchange in dialogue.exchanges:
                lines[before, exchange.officer] = (dialogue.officer, exchange.does, tells)
                before, tells = exchange.civilian, bool(exchange.state.tells)
        for skill in MISSING:
            if chosen := example(loaded.dialogues, "shut_down", skill):
                officer, does, tells = lines[chosen]
                assert officer == "trained"
                assert skill in does
                assert not tells
                found += 1
                again = example(loaded.dialogues, "shut_down", skill, {chosen[1]})
                assert again is None or again[1] != chosen[1]
    assert found > 300


def test_a_session_left_before_a_word(play: Play) -> None:
    review = assess(play().leave())
    assert review.turns == 0
    assert review.keep == review.to_try == review.missed == []
    assert any("nothing to review" in line for line in review_lines(review))


def test_a_session_left_early_says_so(play: Play) -> None:
    review = assess(play().say(["Good afternoon, ma'am."]).leave())
    assert not review.reached_ending
    assert review.finished
    assert "did not come to an end" in review.outcome


def test_a_session_killed_in_a_turn_is_reviewed_as_far_as_it_goes(play: Play) -> None:
    played = play().say(["Good afternoon, ma'am."])
    events = [*played.events, OfficerSpoke(turn=2, text="Sit down.", source="typed")]
    review = assess(events)
    assert not review.finished
    assert review.turns == 2
    assert any("before the civilian answered turn 2" in note for note in review.notes)


def test_resumes_and_notices_are_told(play: Play) -> None:
    events = play().say(["Good afternoon, ma'am."]).events
    review = assess([*events, SessionResumed(turn=1), Noticed(what="The microphone is gone.")])
    assert any("resumed" in note for note in review.notes)
    assert "The microphone is gone." in review.notes


def test_the_transcript_keeps_what_was_heard(play: Play) -> None:
    played = play().say(["Sit down."])
    played.session.cut_off("I don't have")
    review = assess(played.leave())
    assert review.transcript[-1].text == "I don't have"
    assert review.transcript[-1].cut_off
    assert review.talk.interrupted_turns == [1]


def test_a_session_of_a_scenario_that_is_gone_is_still_reviewable(bad: list[Event]) -> None:
    started = bad[0].model_copy(update={"scenario_id": "deleted-since"})
    review = assess([started, *bad[1:]])
    assert review.title == "deleted-since"
    assert review.difficulty is None
    assert review.faults
    assert any("no longer on this device" in note for note in review.notes)
    assert all(s.instead is None for s in review.to_try)
    assert review_lines(review)


def test_a_scenario_changed_since_is_told(bad: list[Event]) -> None:
    started = bad[0].model_copy(update={"scenario_sha256": "0" * 64})
    assert any("changed after" in note for note in assess([started, *bad[1:]]).notes)


def test_rules_that_have_changed_since_claim_no_other_course(
    bad: list[Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A record that today's rules do not reproduce gets no 'instead'."""
    monkeypatch.setattr(Affect, "agitation", property(lambda self: 50))
    review = assess(bad)
    assert all(s.instead is None for s in (*review.to_try, *review.missed))


def test_events_without_a_start_are_refused() -> None:
    with pytest.raises(BadSimulatorInput, match="not a session"):
        assess([OfficerSpoke(turn=1, text="Hello.", source="typed")])
    with pytest.raises(BadSimulatorInput):
        assess([])


def test_it_goes_through_json(bad: list[Event]) -> None:
    review = assess(bad)
    assert Review.model_validate_json(review.model_dump_json()) == review
