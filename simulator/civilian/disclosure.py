"""What the civilian may tell now, decided outside the model; and what a reply has told."""

from __future__ import annotations

import re
from collections.abc import Sequence

from scenarios.phrases import phrase_pattern
from scenarios.schema import Civilian, Fact, Secret

_WORD = re.compile(r"[a-z']{2,}|\d+")
_COMMON = frozenset(
    """
    a about after all am an and any are as at be been before but by can could did do does don't
    for from get got had has have he he's her here him his how i i'd i'll i'm i've if in is it it's
    its just know like me my no not now of on one or our out over she she's so some than that that's
    the their them then there they they're this to up us was we we're were what what's when where
    which who why will with would yeah yes you you're your sir ma'am officer okay ok please right
    tell going want need
    """.split()
)


def content_words(text: str) -> set[str]:
    """The words that carry meaning, lower case, crudely stemmed."""
    words = _WORD.findall(text.lower().replace("’", "'"))
    return {_stem(word) for word in words if word not in _COMMON}


def _stem(word: str) -> str:
    word = word.removesuffix("'s")
    for ending in ("ing", "ed", "es", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)]
    return word


#: Trust so far above what a secret needs brings it out, whatever the talk is about.
WANTS_OUT = 4
#: From this trust on, even a plain fact is told unasked to somebody who listens.
VOLUNTEERS = 55


class Disclosure:
    """Which facts and secrets of one civilian are open, and which have been told."""

    def __init__(self, person: Civilian) -> None:
        self._person = person
        self.open: list[str] = []
        self.told: list[str] = []

    def officer_said(self, words: str, trust: float) -> list[str]:
        """Open the secrets that trust allows and the talk is near; returns the newly opened ids."""
        new = []
        for secret in self._person.secrets:
            if secret.id in self.open or trust < secret.trust:
                continue
            near = not secret.near or any(phrase_pattern(p).search(words) for p in secret.near)
            # Well past the threshold it wants out, whatever is asked.
            if near or trust >= secret.trust + WANTS_OUT:
                new.append(secret.id)
        self.open += new
        return new

    def near(self, words: str) -> list[str]:
        """Ids of open secrets, not told yet, that these words come near to."""
        return [
            secret.id
            for secret in self._waiting()
            if any(phrase_pattern(p).search(words) for p in secret.near)
        ]

    def wants_out(self, trust: float) -> list[str]:
        """Ids of what this person would tell unasked to somebody who listens, with so much trust."""
        facts = [f.id for f in self._person.facts if f.id not in self.told]
        secrets = [s.id for s in self._waiting() if trust >= s.trust + WANTS_OUT]
        return secrets + (facts if trust >= VOLUNTEERS else [])

    def _waiting(self) -> list[Secret]:
        return [s for s in self._person.secrets if s.id in self.open and s.id not in self.told]

    def may_tell(self, words: str, most: int = 2) -> list[Fact]:
        """What this reply may draw on: newly opened secrets first, then facts near to what was
        asked.
        """
        waiting = [s for s in self._person.secrets if s.id in self.open and s.id not in self.told]
        asked = content_words(words)
        near = sorted(
            (
                (len(asked & content_words(fact.text)), fact.id not in self.told, fact)
                for fact in self._person.facts
            ),
            key=lambda row: (-row[0], not row[1]),
        )
        facts = [fact for shared, _, fact in near if shared > 0]
        return [*waiting[:1], *facts][:most]

    def leaks(self, reply: str) -> str | None:
        """The id of a secret that the reply tells although it is not open; None where it keeps
        them.
        """
        for secret in self._person.secrets:
            if secret.id not in self.open and _tells(reply, secret):
                return secret.id
        return None

    def reply_told(self, reply: str, known: Sequence[str] = ()) -> list[str]:
        """Ids of the facts and secrets that the reply tells; remembered.

        known: those that its author says it tells, in whatever words.
        """
        told = [
            fact.id
            for fact in [*self._person.facts, *self._person.secrets]
            if fact.id in known or _tells(reply, fact)
        ]
        self.told += [name for name in told if name not in self.told]
        return told


def _tells(reply: str, fact: Fact) -> bool:
    """Half of the fact's own words, and at least two of them, are in the reply."""
    own = content_words(fact.text)
    shared = own & content_words(reply)
    return len(shared) >= 2 and len(shared) >= len(own) / 2
