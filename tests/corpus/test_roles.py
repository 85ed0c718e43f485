"""Who is who: by the label, by how they talk, and measured on the hand labels."""

from __future__ import annotations

from pathlib import Path

import pytest
from invented_encounters import ROLES_OF_STOP, STOP, Line, transcript_of

from scenarios.corpus.role_accuracy import measure
from scenarios.corpus.role_labels import hand_labels, labels_in_order
from scenarios.corpus.role_words import sense_of
from scenarios.corpus.roles import assign, speakers_of
from scenarios.corpus.transcript import Role

CORPUS = Path(__file__).parents[3] / "shared" / "deescalwild" / "train.tar.xz"


@pytest.mark.parametrize(
    ("label", "role"),
    [
        ("[Police Officer]", "officer"), ("Deputy Wills", "officer"), ("[Interrogator]", "officer"),
        ("Officer to Dispatch", "officer"), ("P.O. Jones", "officer"), ("Bodycam", "officer"),
        ("[Person being questioned]", "civilian"), ("V.O.", "narrator"), ("[Eyewitness]", "other_civilian"),
        ("[Suspect]", "civilian"), ("Driver", "civilian"), ("[Woman being interviewed]", "civilian"),
        ("[Police Dispatcher]", "dispatcher"), ("911 Operator", "dispatcher"),
        ("[Narrator of an advertisement]", "narrator"), ("[News Reporter]", "narrator"),
        ("[Mother of Jeffrey]", "other_civilian"), ("Ida's Friend", "other_civilian"),
        ("[Loss Prevention Officer]", "other_civilian"), ("[Security]", "other_civilian"),
        ("[911 Caller]", "other_civilian"), ("[Officer's wife]", "other_civilian"),
        ("[GPS Voice]", "unknown"),
    ],
)  # fmt: skip
def test_a_label_with_a_role_in_it(label: str, role: Role) -> None:
    assert sense_of(label).role == role


@pytest.mark.parametrize(
    ("label", "kind"),
    [
        ("Drew", "name"),
        ("Mr. Ortiz", "name"),
        ("[Voice 4]", "generic"),
        ("SPEAKER_01", "generic"),
        ("Unknown", "generic"),
    ],
)
def test_a_label_without_one(label: str, kind: str) -> None:
    sense = sense_of(label)
    assert (sense.kind, sense.role) == (kind, None)


def test_the_roles_of_an_encounter() -> None:
    outcome = assign(transcript_of(STOP))
    assert outcome.transcript is not None
    given = {turn.speaker: turn.role for turn in outcome.transcript.turns}
    assert given == ROLES_OF_STOP


def test_an_officer_under_a_bare_name_is_known_by_the_talk() -> None:
    lines: list[Line] = [
        ("Marlow" if who == "[Police Officer]" else "Ashgrove", said)
        for who, said in STOP
        if who != "[Dispatcher]"
    ]
    given = {s.label: s.role for s in speakers_of(transcript_of(lines * 2))}
    assert given == {"Marlow": "officer", "Ashgrove": "civilian"}


def test_a_voice_alone_that_greets_viewers_is_a_narrator() -> None:
    lines: list[Line] = [
        (
            "Gideon",
            "Hi everyone, welcome back to the channel, today we look at a stop that went wrong.",
        ),
        (
            "Gideon",
            "Watch how the man in the red jacket turns away before the officer even speaks to him.",
        ),
        (
            "Gideon",
            "If you like these lessons, subscribe and tell me what you think in the comments.",
        ),
    ]
    assert [s.role for s in speakers_of(transcript_of(lines))] == ["narrator"]


def test_one_voice_that_nobody_told_apart_is_unknown() -> None:
    lines: list[Line] = [("[Speaker]", said) for _, said in STOP[:6]]
    assert [s.role for s in speakers_of(transcript_of(lines))] == ["unknown"]


def test_hand_labels_hold_no_text() -> None:
    labels = hand_labels()
    assert len(labels) >= 60
    assert {part for part, _ in labels.values()} == {"tuned", "held_back"}
    held = sum(part == "held_back" for part, _ in labels.values())
    assert 0.35 < held / len(labels) < 0.45


def test_labels_in_order_of_first_appearance() -> None:
    assert labels_in_order(transcript_of(STOP).turns) == list(ROLES_OF_STOP)


@pytest.mark.slow
@pytest.mark.skipif(not CORPUS.is_file(), reason="the published transcripts are not here")
def test_accuracy_on_the_hand_labels() -> None:
    from scenarios.corpus.readers import read
    from scenarios.corpus.sources import files_in

    measured = measure(
        t for raw in files_in(CORPUS) if raw.stem in hand_labels() and (t := read(raw).transcript)
    )
    assert measured["tuned"].files + measured["held_back"].files == len(hand_labels())
    for accuracy in measured.values():
        assert accuracy.three_way() >= 0.97
        assert accuracy.three_way() > accuracy.keyword_baseline() + 0.1
