"""What the civilian keeps straight, outside the model: promises, questions, names, facts, odd words."""

from __future__ import annotations

import pytest

from models.embedder import Embedder
from models.fetch import model_path
from scenarios.loader import all_scenarios, load
from simulator.civilian.memory import Memory, officer_name_in
from simulator.civilian.odd_words import oddity
from simulator.civilian.promises import promises_in
from simulator.civilian.straight import Straight, denies, scenario_text
from simulator.trials.attacks import attacks


@pytest.fixture(scope="module")
def embedder() -> Embedder:
    return Embedder(model_path("embedder"))


@pytest.mark.parametrize(
    ("words", "said_back"),
    [
        (
            "I'll call your sister as soon as we're done.",
            "you'd call my sister as soon as we're done",
        ),
        ("Nobody's going to hurt you.", "nobody was going to hurt me"),
        ("I'm not going to arrest you.", "you wouldn't arrest me"),
        ("You're not under arrest.", "I wasn't under arrest"),
        ("I promise I'll stay right here with you.", "you'd stay right here with me"),
        ("I'll be honest with you.", None),
        ("Tell me what happened.", None),
    ],
)
def test_promises_are_said_back_as_the_civilian_would(words: str, said_back: str | None) -> None:
    found = [promise.what for promise in promises_in(words)]
    assert found == ([said_back] if said_back else [])


def test_what_was_promised_and_who_promised_it_is_recalled() -> None:
    memory = Memory()
    assert memory.recalls("What did I promise you?") == ("no_promise", {})
    memory.exchange("I'm Officer Bennett. I'll call your sister.", None, "Okay.")
    assert memory.recalls("What did I say I'd do?") == (
        "promised",
        {"promise": "you'd call my sister"},
    )
    assert memory.recalls("What's my name?") == ("officer_name", {"officer": "Officer Bennett"})
    assert memory.recalls("What happened today?") is None


def test_a_question_asked_again_is_known(embedder: Embedder) -> None:
    memory = Memory()
    first = "Do you have any children?"
    memory.exchange(first, embedder.embed([first])[0], "Two. Both grown.")
    again = "Do you have any children at all?"
    assert [a.answer for a in memory.asked_before(again, embedder.embed([again])[0])] == [
        "Two. Both grown."
    ]
    other = "Where were you going tonight?"
    assert memory.asked_before(other, embedder.embed([other])[0]) == []


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("Hi, I'm Officer Lane.", "Officer Lane"),
        ("my name is Dana Reyes", "Dana Reyes"),
        ("I'm sorry about that", ""),
        ("I'm Just asking", ""),
    ],
)
def test_the_officers_name(words: str, name: str) -> None:
    assert officer_name_in(words) == name


def test_no_line_of_the_library_is_taken_for_an_attack(embedder: Embedder) -> None:
    lines = [
        line
        for loaded in all_scenarios()
        for line in (
            *loaded.scenario.sample_officer,
            *(e.officer for d in loaded.dialogues for e in d.exchanges),
        )
    ]
    taken = [line for line in lines if oddity(line, embedder.pieces)]
    assert len(taken) <= len(lines) / 1000, taken


def test_nearly_every_attack_is_recognised_before_the_model_hears_it(embedder: Embedder) -> None:
    let_through = [a.say for a in attacks() if oddity(a.say, embedder.pieces) is None]
    assert len(attacks()) == 100
    assert len(let_through) <= 10, let_through


def test_facts_are_kept_straight() -> None:
    loaded = load("shoplifting-detention")
    straight = Straight(scenario_text(loaded), loaded.scenario)
    assert straight.why_not("My name is Sarah.", "") == "claims the name Sarah"
    assert straight.why_not("I'm 25 years old.", "") == "claims the age 25"
    assert straight.why_not("I'm sixty-seven.", "") is None
    assert straight.why_not("My boyfriend said so.", "") == "makes up a boyfriend"
    assert straight.why_not("I told Jennifer to wait.", "") == "makes up the name Jennifer"
    assert straight.why_not("I told Kevin to wait.", "") is None
    assert straight.why_not("It's 11 years now.", "") == "makes up the number 11"


def test_no_authored_reply_contradicts_its_own_scenario() -> None:
    wrong = []
    for loaded in all_scenarios():
        straight = Straight(scenario_text(loaded), loaded.scenario)
        for dialogue in loaded.dialogues:
            for exchange in dialogue.exchanges:
                why = straight.why_not(exchange.civilian, exchange.officer)
                if why and "name" in why and "claims" in why:
                    wrong.append((loaded.id, exchange.civilian, why))
    assert wrong == []


def test_a_denial_of_what_was_told() -> None:
    told = "Yes. I put them under my coat. I knew I was doing it."
    assert denies("I never put them under my coat.", told)
    assert not denies("I put them under my coat, yes.", told)
    assert not denies("I paid for the coffee.", told)
