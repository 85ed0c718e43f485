"""Does it sound as if the officer had finished? From the words recognised so far, without a model."""

from __future__ import annotations

import re

_WORDS = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")

#: How long silence may last after words like these before the turn is taken, in seconds. People
#: leave 0.2 s between turns (Stivers et al. 2009, PNAS 106), and pause for about half a second where
#: a clause goes on; 0.8 s is what loops without this judgement wait after everything. An answer is seldom
#: ready before 0.4 s, so that to wait so long after a statement, which another may follow, costs nothing.
ASKED_S, COMPLETE_S, OPEN_S, TRAILING_S = 0.25, 0.42, 0.55, 0.95

#: After words that sound complete the civilian may begin to speak at once, and gives way should the officer go on
#: before it is certain that they had finished; for how long silence has to have lasted, in seconds.
BEGINS_S = 0.25

#: After these a speaker goes on: conjunctions, prepositions, articles, fillers and half phrases.
_GOES_ON = frozenset(
    """
    and but or so because if when while that which who whose than as since until unless although though
    the a an my your his her their our its this these those some any every each
    to of for from with without at by in into on onto about under over between before after around near
    i you're i'm we're they're he's she's it's there's is are was were am be been will would can could
    should might may must have has had do does did don't can't let's
    um uh er erm well like just very really not also then maybe
    """.split()
)
#: Of those, what may as well be the last word: "Is this yours?" "Then go ahead and do that."
_MAY_END = frozenset(
    "that this these those is are was do does did can will would could have had in on over about "
    "around before after near then maybe not really so".split()
)
#: And of a question: "Where are you from?" "Who do you live with?" "Which would you rather be?"
_MAY_END_ASKED = _MAY_END | frozenset("to of for from with at by be been am should may".split())
#: Said to somebody who is speaking: "go on, I hear you". It takes nobody's turn.
_BACKCHANNEL = frozenset(
    """
    okay ok k mhm mm hmm hm mmhmm uh huh uhhuh yeah yep yes right sure alright all see i got it ah oh
    good go on exactly
    """.split()
)
#: One word is enough for these to stop somebody.
_WANTS_THE_FLOOR = frozenset(
    "no stop wait sir ma'am miss hey listen enough quiet hold don't hands freeze what look police".split()
)
_BACKCHANNEL_WORDS = 4


def patience_s(words: str) -> float:
    """How long to wait in silence after `words` before they are taken for the whole turn."""
    said = _said(words)
    if not said:
        return TRAILING_S
    text = words.rstrip(" \"'”’")
    if text.endswith(("…", "...", ",", "-", "—", ":")):
        return TRAILING_S
    last, ended = said[-1], text[-1] in ".!?"
    may_end = _MAY_END_ASKED if text.endswith("?") else _MAY_END
    whole = ended and len(said) > 2 and (last in may_end or said[-2:] == ["a", "while"])
    if last in _GOES_ON and not whole:
        return TRAILING_S
    if text.endswith("?"):
        return ASKED_S
    # "Sir." or "Okay." opens as many turns as it makes.
    return COMPLETE_S if ended and len(said) >= 3 else OPEN_S


def begins_s(words: str) -> float | None:
    """Silence after which an answer may begin before it is certain; None: not after words like these."""
    return BEGINS_S if patience_s(words) <= COMPLETE_S else None


def is_backchannel(words: str) -> bool:
    """Whether this only says that somebody listens ("okay", "mm-hm", "I see")."""
    said = _said(words)
    if not said or len(said) > _BACKCHANNEL_WORDS or _WANTS_THE_FLOOR & set(said):
        return False
    return words.rstrip()[-1] != "?" and set(said) <= _BACKCHANNEL


def wants_the_floor(words: str) -> bool:
    """Whether even one short word of this means: now I speak ("stop", "ma'am")."""
    return bool(_WANTS_THE_FLOOR & set(_said(words)))


def is_echo(words: str, spoken: str) -> bool:
    """Whether a microphone heard the civilian's own words: most of `words` are in `spoken`, in order."""
    heard, out = _said(words), _said(spoken)
    if len(heard) < 2:
        return False
    found, at = 0, 0
    for word in heard:
        if word in out[at:]:
            at = out.index(word, at) + 1
            found += 1
    return found >= 0.7 * len(heard)


def _said(words: str) -> list[str]:
    return [word.lower().replace("’", "'") for word in _WORDS.findall(words)]
