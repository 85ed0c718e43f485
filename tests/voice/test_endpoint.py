"""Where an utterance begins and ends, from probabilities alone; and how long its words make us wait."""

from __future__ import annotations

import pytest

from simulator.voice.completeness import (
    ASKED_S,
    COMPLETE_S,
    OPEN_S,
    TRAILING_S,
    is_backchannel,
    is_echo,
    patience_s,
)
from simulator.voice.endpoint import SOFT_SILENCE_S, UNKNOWN_SILENCE_S, Endpoint, Endpointer
from simulator.voice.vad import FRAME_S


def ends(endpointer: Endpointer, pattern: str, begin_s: float = 0.0) -> list[Endpoint]:
    """Feed frames: s speech, . silence, ? in between."""
    probability = {"s": 0.95, ".": 0.02, "?": 0.42}
    found = [
        endpointer.feed(probability[mark], begin_s + (at + 1) * FRAME_S)
        for at, mark in enumerate(pattern)
    ]
    return [end for end in found if end]


def test_soft_end_comes_soon_and_hard_end_after_its_patience() -> None:
    found = ends(Endpointer(), "s" * 20 + "." * 40)
    assert [end.kind for end in found] == ["began", "soft", "hard"]
    began, soft, hard = found
    assert began.at_s == pytest.approx(3 * FRAME_S)
    assert soft.speech_end_s == hard.speech_end_s == pytest.approx(20 * FRAME_S)
    assert soft.at_s - soft.speech_end_s == pytest.approx(SOFT_SILENCE_S)
    assert hard.at_s - hard.speech_end_s == pytest.approx(UNKNOWN_SILENCE_S)


def test_known_words_shorten_the_wait_even_when_it_has_passed() -> None:
    endpointer = Endpointer()
    ends(endpointer, "s" * 20 + "." * 12)
    endpointer.patience_s = 0.3
    (hard,) = ends(endpointer, ".", 32 * FRAME_S)
    assert hard.kind == "hard"
    assert not endpointer.in_utterance


def test_speech_after_a_pause_is_the_same_utterance_and_its_pause_is_measured() -> None:
    endpointer = Endpointer()
    found = ends(endpointer, "s" * 10 + "." * 15 + "s" * 10 + "." * 40)
    assert [end.kind for end in found] == ["began", "soft", "went_on", "soft", "hard"]
    assert endpointer.longest_pause_s == pytest.approx(15 * FRAME_S)
    assert endpointer.speech_s == pytest.approx(20 * FRAME_S)


def test_a_click_begins_nothing_and_one_frame_of_breath_does_not_go_on() -> None:
    assert ends(Endpointer(), "ss...s....ss....") == []
    found = ends(Endpointer(), "s" * 10 + "...." + "s" + "." * 40)
    assert [end.kind for end in found] == ["began", "soft", "hard"]


def test_what_is_between_the_thresholds_holds_speech_but_does_not_begin_it() -> None:
    assert ends(Endpointer(), "?" * 50) == []
    found = ends(Endpointer(), "sss" + "?" * 50)
    assert [end.kind for end in found] == ["began"]


@pytest.mark.parametrize(
    ("words", "wait_s"),
    [
        ("Do you have your license with you?", ASKED_S),
        ("I stopped you because your light is out.", COMPLETE_S),
        ("Which of the two would you rather be?", ASKED_S),
        ("Who are you waiting for?", ASKED_S),
        ("I am waiting for.", TRAILING_S),
        ("You can rest here for a while.", COMPLETE_S),
        ("I stopped you because", TRAILING_S),
        ("I stopped you because.", TRAILING_S),
        ("That sounds like a hard day, and", TRAILING_S),
        ("Keep your hands on the", TRAILING_S),
        ("Well, um,", TRAILING_S),
        ("Is this yours? Then do that.", COMPLETE_S),
        ("What is this?", ASKED_S),
        ("Okay.", OPEN_S),
        ("Ma'am,", TRAILING_S),
        ("put the bag down please", OPEN_S),
        ("…", TRAILING_S),
    ],
)
def test_words_that_sound_finished_are_waited_for_less(words: str, wait_s: float) -> None:
    assert patience_s(words) == wait_s


@pytest.mark.parametrize("words", ["Mm-hm.", "Okay.", "Yeah, okay.", "Uh-huh.", "Right. I see."])
def test_a_backchannel_takes_nobodys_turn(words: str) -> None:
    assert is_backchannel(words)


@pytest.mark.parametrize(
    "words", ["Stop.", "No.", "Okay?", "Okay, listen to me.", "", "Wait, okay.", "Ma'am."]
)
def test_what_wants_the_floor_is_no_backchannel(words: str) -> None:
    assert not is_backchannel(words)


def test_the_civilians_own_words_in_the_microphone_are_an_echo() -> None:
    spoken = "My license is in my purse, and my purse is on the back seat."
    assert is_echo("license is in my purse and my purse", spoken)
    assert is_echo("My lesson is in my purse.", spoken)
    assert not is_echo("Where is your purse now?", spoken)
    assert not is_echo("my", spoken)
