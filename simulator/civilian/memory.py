"""What the civilian remembers of the talk: what was promised, what was asked and how they answered, and
what the officer is called. Kept outside the model, whose context may have lost it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from simulator.civilian.disclosure import content_words
from simulator.civilian.promises import Promise, promises_in

Vector = NDArray[np.float32]

#: Two questions are the same from this likeness (cosine, MiniLM) and this share of weighty words on.
_SAME_QUESTION, _SHARED_WORDS = 0.82, 0.6
_QUESTION = re.compile(
    r"\?\s*$|^(?:and |so |but |okay,? |well,? )?(?:what|where|who|why|how|when|which|do|did|does|are|is|were|was|can|"
    r"could|would|have|has)\b",
    re.IGNORECASE,
)
_NAMED = re.compile(
    r"\b(?i:my name(?:'s| is)|i'm|i am|this is|call me|name's)\s+(?:an? )?"
    r"((?i:officer|deputy|sergeant|detective|trooper|corporal|lieutenant)\s+[A-Z][\w'’-]+(?:\s[A-Z][\w'’-]+)?"
    r"|[A-Z][a-z][\w'’-]*(?:\s[A-Z][\w'’-]+)?)(?=[\s,.;!?]|$)"
)
_NOT_NAMES = frozenset(
    "Just Not Here Sorry Going Trying Asking Officer Deputy Sergeant Listening Only Still Sure Glad Really The "
    "Your Police With Right Okay Worried Afraid Telling Happy".split()
)
_ASKS_PROMISE = re.compile(
    r"\bwhat (?:did|have) i (?:just |already )?(?:promised?|(?:say|said|tell you|told you) i(?:'d| would))|"
    r"\bwhat i (?:promised|said i(?:'d| would))|\bdid i (?:make you a )?promise|\bremember (?:my|the|that) promise|"
    r"\b(?:do you )?remember what i (?:promised|told you i|said i)|\bwhat was (?:it )?(?:that )?i promised",
    re.IGNORECASE,
)
_ASKS_NAME = re.compile(
    r"\b(?:what(?:'s| is| was| did i say was) my name|remember my name|what(?:'s| is) my name again|"
    r"what did i say my name was|did i tell you my name|who am i)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Asked:
    """A question of the officer and what was answered."""

    turn: int
    question: str
    vector: Vector | None
    answer: str
    answered: bool = True  # whether what was said was an answer to it


@dataclass
class Memory:
    """Rebuilt from the transcript when a session is resumed: it holds nothing else."""

    officer_name: str = ""
    promises: list[Promise] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    turns: int = 0
    heard: str = ""  # all that the officer has said

    def exchange(
        self, officer: str, vector: Vector | None, answer: str, answered: bool = True
    ) -> None:
        """Keep one exchange: the officer's words, and what was said to them."""
        self.turns += 1
        self.heard = f"{self.heard} {officer}"
        named = officer_name_in(officer)
        if named:
            self.officer_name = named
        known = {promise.what for promise in self.promises}
        self.promises += [p for p in promises_in(officer) if p.what not in known]
        if _QUESTION.search(officer.strip()) and len(officer.split()) > 2:
            self.asked.append(Asked(self.turns, officer, vector, answer, answered))

    def asked_before(self, officer: str, vector: Vector | None) -> list[Asked]:
        """Earlier times that this was asked, oldest first."""
        if not _QUESTION.search(officer.strip()) or len(officer.split()) < 3:
            return []
        own = content_words(officer)
        found = []
        for each in self.asked:
            theirs = content_words(each.question)
            shared = len(own & theirs) / max(1, len(own | theirs))
            alike = (
                float(vector @ each.vector)
                if vector is not None and each.vector is not None
                else 0.0
            )
            same_words = officer.strip().lower() == each.question.strip().lower()
            if same_words or (alike >= _SAME_QUESTION and (shared >= _SHARED_WORDS or not own)):
                found.append(each)
        return found

    def recalls(self, officer: str) -> tuple[str, dict[str, str]] | None:
        """(kind of stock line, its fillings) where the officer asks what was promised or said."""
        if _ASKS_PROMISE.search(officer):
            if not self.promises:
                return "no_promise", {}
            newest = [promise.what for promise in self.promises[-2:]]
            return "promised", {"promise": ", and ".join(newest)}
        if _ASKS_NAME.search(officer):
            if not self.officer_name:
                return "no_officer_name", {}
            return "officer_name", {"officer": self.officer_name}
        return None


def officer_name_in(words: str) -> str:
    """The name the officer gives; "" for none."""
    for hit in _NAMED.finditer(words.replace("’", "'")):
        name = hit.group(1).strip()
        first = name.split()[0]
        if first in _NOT_NAMES and len(name.split()) == 1:
            continue
        return name if not first[0].islower() else name[0].upper() + name[1:]
    return ""
