"""Names, ages, kin and numbers kept straight: what a draft claims that the scenario does not bear out.

A small model makes up a wife, a name and an age as it goes. What the scenario and the officer have not
said, and the person would know, is not let through.
"""

from __future__ import annotations

import re
from functools import lru_cache

from scenarios.loader import Loaded
from scenarios.schema import Scenario
from scenarios.spelt import number
from simulator.civilian.disclosure import content_words

_WORD = re.compile(r"[A-Za-z][A-Za-z'’-]*")
_SENTENCE_START = re.compile(r"(?:^|[.!?…—:\"“]\s*)$")
_NAME_CLAIM = re.compile(r"\b(?i:my name(?:'s| is)|name's|call me)\s+([A-Z][a-z]+)")
_AGE_CLAIM = re.compile(
    r"\b(?:i'm|i am|i just turned|i turned)\s+(?:only\s+|almost\s+)?(\d{1,3}|[a-z]+(?:[- ][a-z]+)?)"
    r"(?:\s+years?(?:[- ]old)?|\s*[.,!?]|$)",
    re.IGNORECASE,
)
_KIN = re.compile(
    r"\bmy (?:\w+ )?(wife|husband|son|daughter|kids?|children|child|baby|brother|sister|mother|mom|mama|father|dad|"
    r"girlfriend|boyfriend|fianc[eé]e?|uncle|aunt|cousin|grand(?:ma|pa|mother|father|son|daughter|kids)|roommate|"
    r"boss|dog|cat|lawyer|attorney|doctor|therapist|teacher)\b",
    re.IGNORECASE,
)
_SAME_KIN = {
    "mom": "mother", "mama": "mother", "dad": "father", "kid": "child", "kids": "child", "children": "child",
    "baby": "child", "attorney": "lawyer", "grandma": "grandmother", "grandpa": "grandfather",
}  # fmt: skip
_NUMBER = re.compile(r"\b\d+(?:[.,:]\d+)?\b")
#: Names that anybody may speak.
_ANYBODYS = frozenset(
    "I I'm I'll I've I'd God Jesus Christ Lord Officer Sir Ma'am Ma Mr Mrs Ms Miss Monday Tuesday Wednesday Thursday "
    "Friday Saturday Sunday January February March April May June July August September October November December "
    "Christmas English American America TV ID OK Okay DMV ER EMT CPR".split()
)


class Straight:
    """What is known of one person and their evening, from the scenario's own text."""

    def __init__(self, loaded_text: str, scenario: Scenario) -> None:
        self._scenario = scenario
        self._known = {word.strip("'’-").removesuffix("'s") for word in _WORD.findall(loaded_text)}
        self._lower = {word.lower() for word in self._known}
        self._names = {*scenario.civilian.name.split(), *_NAME_CLAIM.findall(loaded_text)}
        self._numbers = set(_NUMBER.findall(loaded_text))
        self._kin = {_one_kin(hit) for hit in re.findall(r"[A-Za-zé]+", loaded_text.lower())}

    def why_not(self, draft: str, officer_words: str) -> str | None:
        """What the draft claims that is not so, in a few words; None where it claims nothing."""
        plain = draft.replace("’", "'")
        person = self._scenario.civilian
        if (named := _NAME_CLAIM.search(plain)) and named.group(1) not in self._names:
            return f"claims the name {named.group(1)}"
        age = _AGE_CLAIM.search(plain)
        if age and (years := number(age.group(1))) is not None and years != person.age:
            return f"claims the age {years}"
        for hit in _KIN.finditer(plain):
            if (
                _one_kin(hit.group(1).lower()) not in self._kin
                and hit.group(1).lower() not in officer_words.lower()
            ):
                return f"makes up a {hit.group(1).lower()}"
        for figure in _NUMBER.findall(plain):
            if figure not in self._numbers and figure not in officer_words:
                return f"makes up the number {figure}"
        for word in _WORD.finditer(plain):
            text = word.group().strip("'-").removesuffix("'s")
            if (
                text[:1].isupper()
                and not text.isupper()
                and text not in _ANYBODYS
                and text not in self._known
                and text.lower() not in self._lower
                and text.lower() not in officer_words.lower()
                and not _SENTENCE_START.search(plain[: word.start()])
            ):
                return f"makes up the name {text}"
        return None


def scenario_text(loaded: Loaded) -> str:
    """Everything that its author wrote of the scenario and its dialogues, as one text."""
    dump = loaded.scenario.model_dump(
        include={"title", "setting", "briefing", "civilian", "openings", "events", "endings"}
    )
    parts: list[str] = []

    def gather(value: object) -> None:
        if isinstance(value, str):
            parts.append(value)
        elif isinstance(value, dict):
            for each in value.values():
                gather(each)
        elif isinstance(value, list | tuple):
            for each in value:
                gather(each)
        elif isinstance(value, int) and not isinstance(value, bool):
            parts.append(str(value))

    gather(dump)
    for dialogue in loaded.dialogues:
        parts += [exchange.civilian for exchange in dialogue.exchanges]
    return "\n".join(parts).replace("’", "'")


@lru_cache(maxsize=256)
def _one_kin(word: str) -> str:
    return _SAME_KIN.get(word, word)


_NEGATION = re.compile(
    r"\b(?:not|never|no|nobody|nothing|none|didn't|don't|wasn't|isn't|ain't|haven't|hasn't|won't)\b",
    re.IGNORECASE,
)


def denies(reply: str, told: str) -> bool:
    """Whether the reply says the opposite of what was told: its weighty words, with a denial put in
    or left out.
    """
    for sentence in re.split(r"(?<=[.!?…])\s+", reply):
        for own in re.split(r"(?<=[.!?…])\s+", told):
            words, theirs = content_words(sentence), content_words(own)
            if len(words & theirs) < 3 or len(words & theirs) < 0.6 * min(len(words), len(theirs)):
                continue
            if bool(_NEGATION.search(sentence)) != bool(_NEGATION.search(own)):
                return True
    return False
