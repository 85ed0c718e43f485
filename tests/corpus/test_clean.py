"""Cleaning keeps what was said in the encounter, once, and takes out the rest."""

from __future__ import annotations

from itertools import pairwise

from invented_encounters import ROLES_OF_STOP, STOP, Line, with_roles

from scenarios.corpus.clean import clean
from scenarios.corpus.clean_text import marks_taken_out, repaired, unlooped
from scenarios.corpus.duplicates import groups_of, pairs_of, sketch, to_drop
from scenarios.corpus.transcript import Role, Turn

ROLES: dict[str, Role] = {**ROLES_OF_STOP, "[Narrator]": "narrator", "[Voice]": "unknown"}


def cleaned(lines: list[Line]) -> list[Turn]:
    outcome = clean(with_roles(lines, ROLES))
    assert outcome.transcript is not None, outcome.skip
    return list(outcome.transcript.turns)


def test_one_speakers_turns_become_one() -> None:
    turns = cleaned(STOP)
    assert turns[0].text == f"{STOP[0][1]} {STOP[1][1]}"
    assert all(a.speaker != b.speaker for a, b in pairwise(turns))


def test_turns_are_not_joined_over_what_was_dropped() -> None:
    lines: list[Line] = [
        STOP[0],
        ("[Narrator]", "The officer now walks up to the car."),
        STOP[1],
        STOP[2],
    ]
    assert [t.text for t in cleaned(lines)] == [STOP[0][1], STOP[1][1], STOP[2][1]]


def test_narration_and_sponsor_reads_go() -> None:
    sponsor = (
        "This video is sponsored by a mattress firm, use code SLEEP9 for twenty percent off today."
    )
    lines: list[Line] = [*STOP, ("[Narrator]", "He never stops again."), ("[Voice]", sponsor)]
    texts = " ".join(t.text for t in cleaned(lines))
    assert "mattress" not in texts
    assert "never stops again" not in texts
    assert "tail light" in texts


def test_a_file_of_narration_only_is_skipped_with_a_reason() -> None:
    outcome = clean(with_roles([("[Narrator]", "It began on a quiet street.")] * 3, ROLES))
    assert outcome.transcript is None
    assert outcome.skip == "only narration and advertisement in it"


def test_loops_of_the_recogniser_are_cut_and_speech_is_not() -> None:
    assert unlooped("well " + "no, " * 500 + "go away") == ("well no, no, no, go away", 497)
    assert unlooped("get off of that bus " * 90)[0] == "get off of that bus get off of that bus"
    spoken = "No, no, no. I said put the knife down, put the knife down, sir, and step back."
    assert unlooped(spoken) == (spoken, 0)


def test_sixty_thousand_looped_words() -> None:
    text, out = unlooped("i want to know if you " * 10_000)
    assert len(text.split()) == 12
    assert out == 59_988


def test_mojibake_is_mended() -> None:
    assert repaired("donâ€™t move, RenÃ©e") == ("don't move, Renée", True)
    assert repaired("Renée") == ("Renée", False)


def test_marks_become_flags() -> None:
    assert marks_taken_out("I was [inaudible] the house [crosstalk] (laughs)") == (
        "I was … the house",
        ("inaudible", "overlap"),
    )


def test_a_teaser_goes_and_its_place_in_the_scene_stays() -> None:
    teaser: Line = (
        "Wendell Ashgrove",
        "It's in the glove box. I'm not reaching for it so you can shoot me.",
    )
    turns = cleaned([teaser, *STOP])
    assert [t.text for t in turns].count(teaser[1]) == 1
    assert turns[0].speaker == "[Police Officer]"


def test_short_orders_may_be_repeated() -> None:
    lines: list[Line] = []
    for _ in range(6):
        lines += [("[Police Officer]", "Drop it now."), ("Wendell Ashgrove", "No.")]
    assert len(cleaned(lines)) == 12


def test_a_clip_is_found_in_the_long_video() -> None:
    long = [
        *STOP,
        *[
            ("Wendell Ashgrove", f"And then at {n} we drove by the {n}th bridge.")
            for n in range(40)
        ],
    ]
    sketches = {
        "youtube_1": sketch(with_roles(long, ROLES)),
        "tiktok_9": sketch(with_roles(STOP, ROLES)),
        "youtube_2": sketch(with_roles([(w, t[::-1]) for w, t in STOP], ROLES)),
    }
    (pair,) = pairs_of(sketches)
    assert (pair.smaller, pair.larger, pair.same) == ("tiktok_9", "youtube_1", True)
    assert to_drop({"youtube_1": 700, "tiktok_9": 200}, [pair]) == {"tiktok_9": "youtube_1"}
    groups = groups_of(
        {"youtube_1": "a", "tiktok_9": "b", "tiktok_8": "b", "youtube_2": "c"}, [pair]
    )
    assert groups["youtube_1"] == groups["tiktok_9"] == groups["tiktok_8"] != groups["youtube_2"]
