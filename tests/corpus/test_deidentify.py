"""What points to a person gives way to something natural, the same all through a video."""

from __future__ import annotations

import re

import pytest
from invented_encounters import ROLES_OF_STOP, STOP, Line, with_roles

from scenarios.corpus.deid_numbers import numbers_in
from scenarios.corpus.deidentify import deidentify
from scenarios.corpus.leaks import summary
from scenarios.corpus.transcript import Transcript


def done(lines: list[Line], name: str = "youtube_1", seed: int = 0) -> Transcript:
    transcript = deidentify(with_roles(lines, ROLES_OF_STOP, name), seed).transcript
    assert transcript is not None
    return transcript


def test_nothing_of_the_person_is_left() -> None:
    after = done(STOP)
    text = " ".join(f"{t.speaker}: {t.text}" for t in after.turns)
    for private in (
        "Wendell",
        "Ashgrove",
        "Halvorsen",
        "Brackenridge",
        "4418",
        "Larkspur",
        "8123",
        "March 9th",
    ):
        assert private not in text, private
    assert "1984" not in text


def test_what_is_not_private_stays_word_for_word() -> None:
    after = done(STOP)
    for before, turn in zip(STOP, after.turns, strict=True):
        assert len(before[1].split()) == len(turn.text.split())
    assert after.turns[1].text == STOP[1][1]
    assert after.turns[4].text == STOP[4][1]


def test_a_name_has_one_surrogate_in_labels_and_speech() -> None:
    after = done(STOP)
    first, last = after.turns[2].speaker.split()
    assert f"Is this still your address, {first}?" == after.turns[7].text
    assert f"Mr. {last}." in after.turns[14].text


def test_parts_of_one_video_agree_and_another_seed_does_not() -> None:
    one = done(STOP, "tiktok_1_Title_0a0a0a0a")
    two = Transcript(**{**_fields(one), "source": "x"})
    again = done(STOP, "tiktok_1_Title_0a0a0a0a")
    assert [t.text for t in two.turns] == [t.text for t in again.turns]
    other = done(STOP, "tiktok_1_Title_0a0a0a0a", seed=7)
    assert other.turns[2].speaker != one.turns[2].speaker


def _fields(t: Transcript) -> dict[str, object]:
    return {"source": t.source, "video": t.video, "platform": t.platform, "turns": t.turns}


@pytest.mark.parametrize(
    "sentence",
    [
        "Will you mark the spot, or may I?",
        "Grant me a chance and I'll be frank with you.",
        "I bought it at Walmart in Florida on Monday.",
        "We went to Lowe's and to Denny's, the Romanian one.",
        "You have Miranda rights.",
        "God, I hope so. Jesus.",
        "I live about 20 miles down the road.",
        "I make 1200000 dollars.",
        "He lives in Georgia with his friend, in the Navy.",
        "What a Surprise, I have no Energy, Normal or not.",
        "I, I, I don't know, he had a K9 and an AR15 on I95.",
    ],
)
def test_everyday_words_are_no_names(sentence: str) -> None:
    assert done([("[Police Officer]", "Okay."), ("[Suspect]", sentence)]).turns[1].text == sentence


@pytest.mark.parametrize(
    ("text", "private"),
    [
        ("Call me at (614) 555-8123.", "8123"),
        ("It's 614 555 8123.", "8123"),
        ("My social is 123-45-6789.", "6789"),
        ("We live at 77 North Quarrel Hollow Road.", "Quarrel Hollow"),
        ("I'm in apartment 312.", "312"),
        ("The plate is 7KLM482.", "7KLM482"),
        ("Tag is Charlie Lincoln Kilo 4 4 2.", "Charlie Lincoln Kilo"),
        ("It's spelled A-S-H-G-R-O-V-E.", "A-S-H-G-R-O-V-E"),
        ("mail me, wendell.a@example.org", "wendell.a"),
        ("I was born on 03/09/1984.", "03/09/1984"),
        ("He's from Brackenridge, Ohio.", "Brackenridge"),
        ("We drove over from Albuquerque yesterday.", "Albuquerque"),
        ("Milwaukee is where my kids are.", "Milwaukee"),
        ("She moved to Austin in the spring.", "Austin"),
        ("I was in Quillonburg all day.", "Quillonburg"),
    ],
)
def test_numbers_and_places(text: str, private: str) -> None:
    assert private in text
    after = done([("[Suspect]", text)]).turns[0].text
    assert private not in after
    assert len(after.split()) == len(text.split()) or "Hollow" in private


def test_a_place_has_one_surrogate_however_it_is_said() -> None:
    said = "I live in Las Cruces. Las Cruces Police know me. St. Louis is far from Las Cruces."
    after = done([("[Suspect]", said)]).turns[0].text
    town = after.split()[3].rstrip(".")
    other = after.split(". ")[2].split()[0]
    assert after == f"I live in {town}. {town} Police know me. {other} is far from {town}."
    assert {"Las", "Cruces", "St", "Louis"}.isdisjoint({town, other})


def test_a_place_that_might_be_a_person_is_the_same_place_all_through() -> None:
    after = (
        done([("[Suspect]", "I was at uh Holly Hill. My boy lives in Holly Hill.")]).turns[0].text
    )
    first, second = re.findall(r"(?:uh|in) (\w+)\.", after)
    assert first == second != "Holly"


def test_a_bare_number_is_private_where_it_was_asked_for() -> None:
    assert [h.kind for h in numbers_in("3 9 84.", "What's your date of birth?")] == ["date"]
    assert [h.kind for h in numbers_in("It's 4471.", "Last four of your social?")] == ["number"]
    assert numbers_in("I saw 4471 people.", "How many?") == []


def test_phones_are_of_the_kind_kept_for_fiction() -> None:
    after = done([("[Suspect]", "It's 614-233-8123.")]).turns[0].text
    assert re.search(r"\d{3}-555-01\d\d", after)


def test_the_leak_check_tells_what_slipped_through() -> None:
    lines: list[Line] = [
        ("[Police Officer]", "What's your name?"),
        ("[Suspect]", "lower case it is, my name is wendell."),
    ]
    facts = deidentify(with_roles(lines, ROLES_OF_STOP)).facts
    assert ("name after an introduction", "…lower case it is, my name is «wendell».…") in facts[
        "leaks"
    ]


def test_the_leaks_are_put_in_order_for_a_reader() -> None:
    leaks = [
        {"source": "a", "kind": "capital, in no list", "where": "…by «Zorblat» again…"},
        {"source": "b", "kind": "capital, in no list", "where": "…a «Zorblat»…"},
        {"source": "a", "kind": "phone", "where": "…at «614-233-8123»…"},
    ]
    text = summary(leaks)
    assert text.index("## phone: 1") < text.index("## capital, in no list: 1")
    assert "- **zorblat** 2× in 2: …by «Zorblat» again… (a)" in text
