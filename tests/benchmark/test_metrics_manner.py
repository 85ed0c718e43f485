"""What overlap cannot see: variety, role, compliance, directions, persona, telling apart; and how sure a figure is."""

from __future__ import annotations

import random

import numpy as np
import pytest

from benchmark.metrics import compliance, directed, in_role, wording
from benchmark.metrics.intervals import (
    jackknife_interval,
    mean_interval,
    paired_difference,
    ratio_interval,
    spearman,
)
from benchmark.metrics.persona import Persona, contradicts, persona
from benchmark.metrics.telling_apart import tell_apart
from scenarios.loader import all_scenarios, load
from scenarios.prompt import direction, system_message


def library_lines() -> tuple[list[str], list[str]]:
    exchanges = [e for s in all_scenarios() for d in s.dialogues for e in d.exchanges]
    return [e.officer for e in exchanges], [e.civilian for e in exchanges]


def test_one_reply_for_everything_is_no_variety() -> None:
    dull, varied = ["I don't know."] * 100, library_lines()[1][:100]
    assert wording.distinct(dull, 2) < 0.02
    assert wording.distinct(varied, 2) > 0.8
    assert wording.commonest_share(dull) == 1
    assert wording.commonest_share(varied) < 0.3


def test_distinct_compares_the_same_amount_of_text() -> None:
    lines = library_lines()[1]
    short, long = lines[:100], lines[:1000]
    budget = sum(len(wording.words(line)) for line in short)
    assert wording.distinct(long, 2) < wording.distinct(short, 2)
    assert wording.distinct(long, 2, budget) == pytest.approx(wording.distinct(short, 2), abs=0.05)


def test_distances_are_nothing_between_the_same_and_grow() -> None:
    lines = library_lines()[1]
    one, other = lines[:300], lines[300:600]
    assert wording.length_distance(one, one) == 0
    assert wording.word_distance(one, one) == pytest.approx(0, abs=1e-12)
    longer = [f"{line} {line}" for line in other]
    assert wording.length_distance(longer, one) > wording.length_distance(other, one) + 3
    assert wording.word_distance(["zig zag"], ["hello there"]) == pytest.approx(1)


def test_an_assistant_a_refusal_and_a_person_are_told_apart() -> None:
    assert in_role.sounds_like_assistant("How can I help you today, officer?")
    assert in_role.refuses_to_play("I'm sorry, but I can't assist with that request.")
    assert in_role.refuses_to_play("As an AI language model, I have no car.")
    assert in_role.breaks_role("Put your hands behind your back.")
    assert in_role.breaks_role("He sighs. *looks away*")
    for said in ("I can't help it if he won't leave.", "I won't do it. Call my lawyer.", "No."):
        assert not in_role.refuses_to_play(said), said


def test_the_librarys_own_civilians_stay_in_role_and_refuse_nothing() -> None:
    said = library_lines()[1]
    assert sum(map(in_role.refuses_to_play, said)) == 0
    assert sum(map(in_role.breaks_role, said)) / len(said) < 0.01


@pytest.mark.parametrize(
    ("officer", "reply", "answer"),
    [
        ("Can I see your license?", "Sure, here you go.", "goes along"),
        ("Step out of the car for me.", "I don't have to do that.", "resists"),
        ("What's your name?", "Why? What did I do?", "resists"),
        ("Sit down, please.", "Okay, but I'm not giving you anything.", "resists"),
        ("Put it down and come here.", "No.", "resists"),
        ("Do you have kids?", "No.", "neither"),
        ("Where were you?", "The blue one was there all day.", "neither"),
    ],
)
def test_going_along_and_resisting(officer: str, reply: str, answer: str) -> None:
    assert compliance.demands(officer)
    assert compliance.answer_to(officer, reply) == answer


def test_a_remark_asks_nothing() -> None:
    assert not compliance.demands("I'm sorry about your brother.")


def test_a_direction_is_read_back_as_it_was_written() -> None:
    facts = ["My sister has the keys.", "I left at nine."]
    told = directed.told(direction(70, 20, "short", facts))
    assert told is not None
    assert told.mood == 3
    assert told.length == "short"
    assert told.facts == tuple(facts)
    assert directed.told("") is None
    quiet = directed.told(direction(10, 80, "long"))
    assert quiet is not None
    assert (quiet.mood, quiet.length, quiet.facts) == (0, "long", ())


def test_every_direction_of_the_library_is_read() -> None:
    from training.rows import read_library

    turns = [t for c in read_library(0.08, 17) for t in c.turns if t.direction]
    assert len(turns) > 2000
    assert all(directed.told(turn.direction) for turn in turns)


def test_using_a_fact_takes_two_of_its_words() -> None:
    facts = ("My sister Dana has the spare keys.",)
    assert directed.uses_fact("Ask Dana, she's got the spare.", facts)
    assert not directed.uses_fact("I don't know where they are.", facts)
    assert not directed.uses_fact("Ask Dana.", facts)


def test_contradicting_who_one_is() -> None:
    scenario = load("noise-complaint").scenario
    person = persona(system_message(scenario, "upset"), scenario)
    first = scenario.civilian.name.split()[0]
    assert contradicts(f"My name is {first}.", person) is None
    assert contradicts("My name is Bartholomew.", person) == "name"
    assert contradicts(f"I'm {scenario.civilian.age}, okay?", person) is None
    assert contradicts("I'm ninety-one years old.", person) == "age"
    assert contradicts("I'm one of the neighbours.", person) is None
    if scenario.civilian.never_says:
        assert contradicts(f"Well, {scenario.civilian.never_says[0]}", person) == "never says"


def test_the_corpus_tells_a_name_at_most() -> None:
    person = persona("A man.\nA police officer is talking to Walter. Answer as Walter, in …", None)
    assert person == Persona(frozenset({"walter"}), None, ())
    assert contradicts("My name's Henry.", person) == "name"
    assert (
        persona("Someone.\nA police officer is talking to this person. Answer as", None).names
        == frozenset()
    )


def test_a_classifier_tells_officers_from_civilians_but_not_civilians_from_civilians() -> None:
    pytest.importorskip("sklearn", reason="needs the bench extra: pip install -e '.[bench]'")
    officers, civilians = library_lines()
    sources = [at // 20 for at in range(300)]
    apart = tell_apart(officers[:300], civilians[:300], sources)
    assert apart.auc(range(300)) > 0.7
    draw = random.Random(1)
    mixed = civilians[:600]
    draw.shuffle(mixed)
    alike = tell_apart(mixed[:300], mixed[300:], sources)
    assert 0.35 < alike.auc(range(300)) < 0.65


def test_an_interval_over_sources_is_wider_than_over_turns_that_are_alike() -> None:
    draw = np.random.default_rng(5)
    level = np.repeat(draw.normal(size=20), 10)
    values = (level + 0.1 * draw.normal(size=200)).tolist()
    by_source = mean_interval(values, [at // 10 for at in range(200)])
    by_turn = mean_interval(values, list(range(200)))
    assert by_source.clusters == 20
    assert by_source.value == pytest.approx(by_turn.value)
    assert by_source.high - by_source.low > 2 * (by_turn.high - by_turn.low)


def test_intervals_hold_the_truth_about_nineteen_times_in_twenty() -> None:
    draw = np.random.default_rng(9)
    held = 0
    for _ in range(200):
        level = np.repeat(draw.normal(size=30), 5)
        values = (level + draw.normal(size=150)).tolist()
        found = mean_interval(values, [at // 5 for at in range(150)])
        held += found.low <= 0 <= found.high
    assert 175 <= held <= 199


def test_a_ratio_is_of_sums() -> None:
    found = ratio_interval([10, 2, 3], [5, 1, 2], [0, 1, 2])
    assert found.value == pytest.approx(15 / 8)
    assert found.low <= found.value <= found.high


def test_a_jackknife_of_a_mean_is_its_standard_error() -> None:
    values = np.random.default_rng(3).normal(size=40)
    found = jackknife_interval(lambda rows: float(values[list(rows)].mean()), list(range(40)))
    assert (found.high - found.low) / 2 == pytest.approx(1.96 * values.std(ddof=1) / 40**0.5)


def test_a_paired_difference_sees_what_two_intervals_do_not() -> None:
    draw = np.random.default_rng(2)
    old = (5 * draw.normal(size=200)).tolist()
    new = [
        value + 0.3 + 0.1 * noise for value, noise in zip(old, draw.normal(size=200), strict=True)
    ]
    sources = [at // 5 for at in range(200)]
    found = paired_difference(new, old, sources)
    assert found.low > 0
    assert found.p < 0.001
    assert mean_interval(old, sources).high > mean_interval(new, sources).low
    assert paired_difference(old, old, sources).p == 1


def test_few_sources_cannot_give_a_small_p() -> None:
    found = paired_difference([1.0] * 20, [0.0] * 20, [at // 5 for at in range(20)])
    assert found.p == pytest.approx(2 / 2**4)


def test_spearman_with_ties() -> None:
    assert spearman([1, 2, 3], [10, 20, 30]) == pytest.approx(1)
    assert spearman([1, 2, 3], [30, 20, 10]) == pytest.approx(-1)
    assert spearman([1, 1, 2, 2], [5, 5, 9, 9]) == pytest.approx(1)
    assert spearman([1, 1, 1], [1, 2, 3]) == 0
