"""The filter: every yes and no with its quote, the rule of the paper, and rules of one's own."""

from __future__ import annotations

from pathlib import Path

import pytest
from invented_encounters import ROLES_OF_STOP, STOP, Line, with_roles

from scenarios.corpus.filters import default_rules, filtered, holds, load_rules
from scenarios.corpus.transcript import Role
from scenarios.errors import BadScenario

RADIO: dict[str, Role] = {"A": "officer", "B": "civilian"}


def test_an_encounter_is_accepted_with_quotes_that_stand_in_it() -> None:
    outcome = filtered(with_roles(STOP, ROLES_OF_STOP))
    assert outcome.skip is None
    assert outcome.facts["accepted"]
    assert outcome.facts["outcome"] == "citation"
    said = " ".join(text for _, text in STOP)
    quotes = {
        f"{group}.{name}": quote
        for group, members in outcome.facts["features"].items()
        for name, quote in members.items()
        if quote
    }
    assert {"police.papers", "escalation.resistance", "de_escalation.calms"} <= set(quotes)
    for name, quote in quotes.items():
        if not name.endswith(("officer_speaks", "exchange", "asked_and_answered")):
            assert quote.strip("… ") in said, name


def test_four_groups_of_six() -> None:
    groups = default_rules().groups
    assert list(groups) == ["police", "interaction", "escalation", "de_escalation"]
    assert all(len(members) == 6 for members in groups.values())


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ([("B", "Where is the cat?"), ("B", "I saw it on the roof.")] * 5, "no_police"),
        ([("A", "Copy that."), ("A", "On my way.")] * 5, "no_conversation"),
        ([("A", "Nice day."), ("B", "It is, isn't it.")] * 6, "below the rule"),
        ([("A", "Shooters ready, the range is hot."), ("B", "Ready.")] * 6, "training_range"),
    ],
)
def test_rejections_say_why(lines: list[Line], reason: str) -> None:
    outcome = filtered(with_roles(lines, RADIO))
    assert outcome.transcript is not None  # a person may overrule
    assert reason in str(outcome.skip)


def test_narration_around_a_few_words_is_no_encounter() -> None:
    assert "not_an_interaction" in str(filtered(with_roles(STOP, ROLES_OF_STOP), narrated=0.9).skip)


def test_the_rule() -> None:
    rule = default_rules().rule
    scores = {"police": 2, "interaction": 0, "escalation": 2, "de_escalation": 3}
    assert holds(rule, scores)
    assert not holds(rule, {**scores, "police": 1})
    assert not holds(rule, {**scores, "de_escalation": 2})


@pytest.mark.parametrize(
    "rule", ["__import__('os')", "police >", "police.x > 1", "nothing >= 1", "police >= 1; 2"]
)
def test_a_rule_is_comparisons_and_no_code(rule: str) -> None:
    with pytest.raises(ValueError, match="rule"):
        holds(rule, {"police": 1})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("version: [", "not YAML"),
        ("version: 1\nrule: police >= 1\nexclusions: {}\ngroups: {}\n", "rule names 'police'"),
        (
            "version: 1\nrule: g >= 1\nexclusions: {}\ngroups: {g: {f: {patterns: ['(']}}}\n",
            "groups.g.f",
        ),
        (
            "version: 1\nrule: g >= 1\nexclusions: {}\ngroups: {g: {f: {fact: moon, least: 1}}}\n",
            "no such fact",
        ),
        (
            "version: 1\nrule: g >= 1\nexclusions: {}\ngroups: {g: {f: {says: x}}}\n",
            "patterns or a fact",
        ),
        ("surprise: 1\n", "version"),
    ],
)
def test_a_mistake_in_the_rules_is_one_line(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    with pytest.raises(BadScenario, match=message) as problem:
        load_rules(path)
    assert "\n" not in str(problem.value)


def test_rules_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(BadScenario, match="cannot be read"):
        load_rules(tmp_path / "no.yaml")
