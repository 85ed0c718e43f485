"""Phrases are found as whole words in spoken English, and not where the officer denies them."""

from __future__ import annotations

import pytest

from scenarios.phrases import phrase_found, phrase_pattern


@pytest.mark.parametrize(
    ("phrase", "words", "found"),
    [
        ("handcuffs", "I'll put you in Handcuffs, now.", "Handcuffs"),
        ("cuffs", "Nice handcuffs", None),
        ("calm * down", "calm the hell down", "calm the hell down"),
        ("calm * down", "calm down", "calm down"),
        ("you're lying", "You’re lying, aren't you", "You’re lying"),
        ("you're lying", "youre lying", "youre lying"),
        ("take the kids", "We take... the kids", "take... the kids"),
        ("foster", "fostering", None),
    ],
)
def test_phrases_are_whole_words_in_any_spelling(
    phrase: str, words: str, found: str | None
) -> None:
    assert phrase_found(phrase, words) == found


@pytest.mark.parametrize(
    ("phrase", "words"),
    [
        ("handcuffs", "Nobody's putting you in handcuffs."),
        ("handcuffs", "Nobody is going to put you in handcuffs."),
        ("handcuffs", "No one's putting you in handcuffs, Mina."),
        ("handcuffs", "no handcuffs"),
        ("take your kids", "I'm not here to take your kids"),
        ("take your kids", "I’m not gonna take your kids"),
        ("arrest", "You won't be under arrest."),
        ("your mother", "I won't tell your mother."),
        ("calm down", "I ain't telling you to calm down"),
        ("in trouble", "You isn't in trouble"),
        ("search", "without any search"),
        ("move", "Don't move."),
    ],
)
def test_what_is_denied_does_not_fire(phrase: str, words: str) -> None:
    assert phrase_pattern(phrase).search(words)
    assert phrase_found(phrase, words) is None


@pytest.mark.parametrize(
    ("phrase", "words"),
    [
        # the denial is over before the phrase
        ("arrest you", "I'm not playing, I will arrest you"),
        ("calm down", "That's not it. Calm down."),
        ("arrest you", "Don't move or I'll arrest you"),
        ("take your kids", "I'm not mad but they take your kids"),
        ("lying", "It's not fair and you are lying"),
        # too far away
        ("calm down", "I am not gonna say this one more time to you, man calm down"),
        # a question or a push, not a denial
        ("calm down", "Why don't you calm down"),
        ("calm down", "can't you just calm down"),
        ("a lie", "isn't that a lie"),
        ("walk away", "don't you walk away"),
        ("your feet", "They're cold. Aren't your feet freezing?"),
        ("calm down", "if you don't calm down you're going in"),
        ("step out", "I'm not asking you to step out, I'm telling you"),
        ("jail", "not only jail"),
        # the second time it is meant
        ("jail", "Not jail. Well, jail."),
    ],
)
def test_what_is_not_denied_fires(phrase: str, words: str) -> None:
    assert phrase_found(phrase, words)


@pytest.mark.parametrize(
    ("phrase", "words"),
    [
        ("not in trouble", "You're not in trouble"),
        ("no hurry", "There is no hurry here, I'm not in a rush"),
        ("don't have to", "you don't have to talk"),
        ("nobody's mad", "I told you nobody's mad"),
        ("didn't pay", "you didn't pay"),
    ],
)
def test_a_phrase_that_denies_is_taken_as_it_stands(phrase: str, words: str) -> None:
    assert phrase_found(phrase, words)
