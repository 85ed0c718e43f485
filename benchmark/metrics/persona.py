"""Does a reply contradict who the civilian is: another name, another age, words they never say, a secret.

A lower bound: only what can be found by rule.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from scenarios.phrases import phrase_pattern
from scenarios.schema import Scenario
from scenarios.spelt import number

_NAME = re.compile(r"\b(?i:my name(?:'s| is)|i(?:'m| am) called|call me|name'?s)\s+([A-Z][a-z]+)")
_AGE = re.compile(
    r"\b(?:i'?m|i am|i just turned)\s+(\d{1,2}|[a-z]+(?:-[a-z]+)?)(?:\s+years?(?: old)?)?(?=[.,!?]|\s+years?|$)",
    re.I,
)
_SYSTEM_NAME = re.compile(r"talking to ([A-Z][\w'’-]+)\. Answer as")
#: Words after "my name is" that are no name.
_NO_NAME = frozenset("The This That Officer Sir".split())


@dataclass(frozen=True)
class Persona:
    """What is known of the civilian; None and empty where it is not."""

    names: frozenset[str]
    age: int | None
    never_says: tuple[str, ...]


def persona(system: str, scenario: Scenario | None) -> Persona:
    """From the scenario where there is one, else what the corpus's system message tells: a first name at most."""
    if scenario is not None:
        person = scenario.civilian
        names = frozenset(part.lower() for part in person.name.split())
        return Persona(names, person.age, tuple(person.never_says))
    named = _SYSTEM_NAME.search(system)
    return Persona(frozenset({named[1].lower()} if named else ()), None, ())


def contradicts(reply: str, person: Persona) -> str | None:
    """How the reply contradicts the person ("name", "age", "never says"); None where it does not."""
    if person.names:
        for found in _NAME.finditer(reply):
            if found[1].lower() not in person.names and found[1] not in _NO_NAME:
                return "name"
    if person.age is not None:
        for found in _AGE.finditer(reply):
            age = number(found[1])
            if age is not None and 8 <= age <= 99 and age != person.age:
                return "age"
    if any(phrase_pattern(phrase).search(reply) for phrase in person.never_says):
        return "never says"
    return None
