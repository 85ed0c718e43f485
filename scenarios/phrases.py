"""The phrases of a scenario, found in what an officer says; whole words, not where denied.

A scenario lists what moves a person in a few words ("handcuffs", "calm * down"). Recognised speech
has any case and punctuation; and an officer who says "nobody's putting you in handcuffs" has not
threatened anybody with handcuffs.
"""

from __future__ import annotations

import re
from functools import lru_cache

#: Words between a denial and the phrase at most: "nobody's putting you in [handcuffs]" has three.
_REACH = 3
#: Words between that say nothing of their own and are not counted: "not going to be [arrested]".
_LIGHT = frozenset(
    ["a", "about", "an", "any", "anybody", "anyone", "are", "be", "been", "being", "going"]
) | frozenset(["gonna", "here", "is", "one", "one's", "the", "to", "trying", "was", "were"])
_DENIALS = frozenset(
    ("not", "never", "no", "none", "nobody", "nothing", "neither", "nor", "without", "cannot")
)
_BARE = frozenset(("aint", "dont", "wont", "cant", "isnt"))  # as a recogniser may write them
#: After "don't", "can't", "isn't" these make a question or a push, which denies nothing.
_ASKED = frozenset(("you", "he", "she", "we", "they", "it", "that", "this", "there", "i"))
_WORD = re.compile(r"[a-z0-9][a-z0-9'’-]*", re.IGNORECASE)
#: Where what was denied is over: punctuation, or a word that opens another clause.
_CLAUSE = re.compile(
    r"[.,;:?!…—–\"“”()]|\s-+\s|--"
    r"|\b(?:but|because|cause|so|or|if|unless|until|when|then|while"
    r"|and(?=\s+(?:i|you|we|he|she|they|it|that|this|there|don['’]?t)\b))\b",
    re.IGNORECASE,
)


@lru_cache(maxsize=4096)
def phrase_pattern(phrase: str) -> re.Pattern[str]:
    """A phrase as a pattern: whole words, any case and punctuation, `*` for up to five words."""
    parts = []
    for word in phrase.lower().split():
        if word == "*":
            parts.append(r"(?:[\w'’-]+\W+){0,5}?")
        else:
            bare = re.escape(word.strip('.,!?;:"').replace("’", "'")).replace("'", "['’]?")
            parts.append(bare + r"\b\W*")
    return re.compile(r"\b" + "".join(parts).removesuffix(r"\W*"), re.IGNORECASE)


def phrase_found(phrase: str, words: str) -> str | None:
    """The officer's words that say the phrase; None where it is not said, or only denied.

    Denied: "not", "nobody", "won't" and their like stand before it in the same clause, up to three
    words away. A phrase that itself begins with a denial ("not in trouble") is taken as it stands.
    """
    plain = words.lower().replace("’", "'")
    denies = _denies(_WORD.findall(phrase.lower().replace("’", "'")))
    for found in phrase_pattern(phrase).finditer(words):
        if denies or not _denied(plain[: found.start()], plain[found.end() :]):
            return found.group()
    return None


def _denied(before: str, after: str) -> bool:
    """Whether what stands between `before` and `after` is denied by it."""
    heard = _WORD.findall(_CLAUSE.split(before)[-1])
    opener = (_CLAUSE.findall(before) or [""])[-1]
    between = 0
    for place in range(len(heard) - 1, -1, -1):
        if _denies(heard[place:]):
            following = heard[place + 1] if place + 1 < len(heard) else ""
            demanded = opener == "if"  # "if you don't [calm down]"
            pushed = following == "only" or (following == "asking" and "telling" in after)
            asked = place == 0 and heard[0].endswith("n't") and heard[0] not in ("don't", "ain't")
            return not (demanded or pushed or asked)  # asked: "Aren't [your feet] cold?"
        between += heard[place] not in _LIGHT
        if between > _REACH:
            return False
    return False


def _denies(heard: list[str]) -> bool:
    """Whether the first of these words denies what comes after it."""
    if not heard:
        return False
    if heard[0].endswith("n't") or heard[0] in _BARE:
        return heard[1:2] == [] or heard[1] not in _ASKED
    return re.sub(r"'(?:s|d|ll|re)$", "", heard[0]) in _DENIALS
