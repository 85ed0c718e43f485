"""What an utterance takes from the turns before it: the civilian's words given back, an order given again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from simulator.officer.lexicon import COMMAND
from simulator.officer.spans import plain, tokens

#: Orders this many officer utterances back still count as "again".
_ORDERS_BACK = 10
#: The civilian says "my", the officer gives back "your": both stand as one word.
_PERSON = {
    **dict.fromkeys(("i", "me", "you", "myself", "yourself", "we", "us"), "@"),
    **dict.fromkeys(("my", "your", "our", "mine", "yours"), "@'s"),
    **dict.fromkeys(("i'm", "you're", "am", "are", "was", "were", "i've", "you've"), "@be"),
}
_SMALL = frozenset(
    "a an the of to in on at it it's is that this and or but so for with from @ @'s @be he she they them his her "
    "him do did does don't not no now just right here there okay ok all please sir ma'am said told i'll can "
    "could would will need want get put going gonna be have has had let what's what".split()
)


@dataclass(frozen=True)
class Context:
    """The turns before, cut into words once an utterance."""

    civilian: tuple[str, ...]
    orders: tuple[frozenset[str], ...]
    officer: tuple[frozenset[str], ...]


@dataclass(frozen=True)
class Taken:
    """How much a span takes from the turns before: shares of its own weighty words, 0–1, and a run of words."""

    from_civilian: float
    longest_run: int
    order_again: float
    from_officer: float


@lru_cache(maxsize=64)  # what was said before is asked for again every turn
def words_of(text: str) -> tuple[str, ...]:
    """Words with persons folded together ("my" and "your" are one)."""
    return tuple(_PERSON.get(word, word) for word in tokens(plain(text)))


def context_of(earlier_officer: Sequence[str], previous_civilian: str) -> Context:
    recent = earlier_officer[-_ORDERS_BACK:]
    return Context(
        civilian=words_of(previous_civilian),
        orders=tuple(words for line in recent if (words := order_words(line))),
        officer=tuple(frozenset(words_of(line)) - _SMALL for line in recent),
    )


@lru_cache(maxsize=64)
def order_words(text: str) -> frozenset[str]:
    """The words of the orders in a text, small ones left out; verbs of direction stay."""
    found: set[str] = set()
    for match in COMMAND.finditer(plain(text)):
        found.update(words_of(match.group()))
    return frozenset(found - _SMALL)


def taken(text: str, context: Context) -> Taken:
    own = words_of(text)
    weighty = set(own) - _SMALL
    orders = order_words(text)
    return Taken(
        from_civilian=_share(weighty, set(context.civilian)),
        longest_run=_longest_run(own, context.civilian),
        order_again=max((_share(orders, before) for before in context.orders), default=0.0),
        from_officer=max((_share(weighty, before) for before in context.officer), default=0.0),
    )


def _share(own: frozenset[str] | set[str], other: frozenset[str] | set[str]) -> float:
    return len(own & other) / len(own) if own else 0.0


def _longest_run(own: Sequence[str], other: Sequence[str]) -> int:
    """Length of the longest run of words that both hold, not counting runs of small words only."""
    longest = 0
    above = [0] * (len(other) + 1)
    for i, word in enumerate(own):
        row = [0] * (len(other) + 1)
        for j, theirs in enumerate(other):
            if word == theirs:
                row[j + 1] = above[j] + 1
                if row[j + 1] > longest and set(own[i - row[j + 1] + 1 : i + 1]) - _SMALL:
                    longest = row[j + 1]
        above = row
    return longest
