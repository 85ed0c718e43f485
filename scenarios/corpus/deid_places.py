"""Finds towns, counties and other places smaller than a state: with a date they point to one encounter.

`us_places.txt` has the names of US post offices and counties, as the `zipcodes` package lists them (MIT); a
star marks those that are English words too. What is misspelt or not American is found by "in", "from", "near".
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from itertools import pairwise

from scenarios.corpus.deid_lists import lists

#: After these a capitalised word that nobody knows is nearly always a place; "to" and "at" also
#: come before people and shops.
_IN = frozenset("in from near outside into toward towards through around leaving".split())
_IN_OR_TO = frozenset([*_IN, "to", "at", "of", "over"])
_ON = frozenset("on down off past along across".split())  # a street, by its bare name
_IN_OR_PAST = _IN | _ON | {"to", "at", "passing"}
_OPENERS = "lake fort port mount saint st ft mt cape camp el la los las san santa new".split()
_WORD = re.compile(r"[A-Za-z]+(?:['’-][A-Za-z]+)*")
_SHORTEST = 4


@dataclass(frozen=True, slots=True)
class Gazetteer:
    """Names of places, lower case. `plain`: English words too, alone or together. `several`: names of more
    than one word by their first, the longest first."""

    single: frozenset[str]
    plain: frozenset[str]
    several: dict[str, tuple[tuple[str, ...], ...]]


@cache
def gazetteer() -> Gazetteer:
    text = (resources.files("scenarios.corpus") / "us_places.txt").read_text(encoding="ascii")
    lines = text.split("\n")[:-1]
    plain = frozenset(line[:-1] for line in lines if line.endswith("*"))
    names = [line.rstrip("*") for line in lines]
    states = {state.lower() for state in lists().states.split("|")}
    several: dict[str, list[tuple[str, ...]]] = defaultdict(list)
    for name in [*names, *lists().more_places]:
        words = tuple(name.split())
        if len(words) > 1 and name not in states:
            several[words[0]].append(words)
    ordered = {
        first: tuple(sorted(found, key=len, reverse=True)) for first, found in several.items()
    }
    single = frozenset(n for n in [*names, *lists().more_places] if " " not in n) - states
    return Gazetteer(single, plain, ordered)


@dataclass(frozen=True, slots=True)
class Mention:
    """A place in a text, `start:end`, and its name in lower case."""

    start: int
    end: int
    name: str


@dataclass(slots=True)
class Found:
    """The places of one file, lower case: of one word, and of several."""

    single: set[str]
    several: set[str]


def places_in(
    texts: Sequence[str], sure_people: Collection[str], lower_words: Collection[str]
) -> Found:
    """`sure_people`: words that are somebody's name here; `lower_words`: words that the file also has in
    lower case. A word that may be a name too ("Austin") is a place where half its mentions say so."""
    found = Found(set(), set())
    spoken_for: Counter[str] = Counter()
    for text in texts:
        for mention in mentions(text, lower_words):
            if " " in mention.name:
                found.several.add(mention.name)
            elif mention.name not in sure_people:
                spoken_for[mention.name] += 1
    said = Counter(w for text in texts for w in re.findall(r"\b[A-Z][a-z]+", text))
    for name, times in spoken_for.items():
        person = name in lists().first or name in lists().surnames
        if not person or 2 * times >= said[name.title()]:
            found.single.add(name)
    return found


def occurrences(text: str, places: Collection[str]) -> Iterator[Mention]:
    """Where `places` of more than one word stand in a text, whatever the word before them."""
    words = list(_WORD.finditer(text))
    longest = max((name.count(" ") + 1 for name in places), default=0)
    at = 0
    while at < len(words):
        for length in range(longest, 1, -1):
            run = words[at : at + length]
            name = " ".join(_plain(w[0]) for w in run)
            if name in places and run[0][0][0].isupper() and _run(text, run):
                yield Mention(run[0].start(), run[-1].end() - _possessive(run[-1][0]), name)
                at += length - 1
                break
        at += 1


def mentions(text: str, lower_words: Collection[str]) -> Iterator[Mention]:
    """Every place in a text that its words or the word before it speak for."""
    words = list(_WORD.finditer(text))
    known = gazetteer()
    at = 0
    while at < len(words):
        if not words[at][0][0].isupper():
            at += 1
            continue
        before = words[at - 1][0].lower() if at and _close(text, words[at - 1], words[at]) else ""
        phrase = _phrase(text, words, at, before, known)
        if phrase:
            last = words[at + phrase - 1]
            name = " ".join(_plain(w[0]) for w in words[at : at + phrase])
            yield Mention(words[at].start(), last.end() - _possessive(last[0]), name)
            at += phrase
            continue
        if _single(text, words, at, before, known, lower_words):
            word = words[at]
            yield Mention(word.start(), word.end() - _possessive(word[0]), _plain(word[0]))
        at += 1


def _phrase(text: str, words: list[re.Match[str]], at: int, before: str, known: Gazetteer) -> int:
    """How many words from `at` are the name of a place; 0 for none."""
    first = _plain(words[at][0])
    for name in known.several.get(first, ()):
        run = words[at : at + len(name)]
        if [_plain(w[0]) for w in run] != list(name) or not _run(text, run):
            continue
        joined = " ".join(name)
        person = first in lists().first and name[-1] in lists().surnames
        if before in _IN_OR_TO or not (joined in known.plain or person):
            return len(name)
    if first in _OPENERS and before in _IN and at + 1 < len(words):
        run = words[at : at + 2]
        second = _plain(run[1][0])
        if _run(text, run) and second not in lists().everyday and second not in lists().not_people:
            return 2
    return 0


def _single(
    text: str, words: list[re.Match[str]], at: int, before: str, known: Gazetteer,
    lower_words: Collection[str],
) -> bool:  # fmt: skip
    word = _plain(words[at][0])
    if len(word) < _SHORTEST or word in lists().never or word in lists().not_people:
        return False
    if word in lower_words:
        return False
    alone = not _run(text, words[at : at + 2]) or at + 1 == len(words)
    name = word in lists().first or word in lists().surnames
    everyday = word in lists().everyday
    if word in known.single:
        if not (name or everyday or word in known.plain):
            return True
        if before in _ON:
            return alone and word not in lists().first
        return alone and (before in _IN or (before in _IN_OR_TO and not name))
    unheard_of = not (name or everyday or word in lists().phonetic_set)
    return unheard_of and alone and before in _IN_OR_PAST and not _possessive(words[at][0])


def _run(text: str, run: list[re.Match[str]]) -> bool:
    """Capitalised words (but "of", "the") with one space, or "St. ", between."""
    return all(w[0][0].isupper() or w[0] in ("of", "the", "and", "del") for w in run) and all(
        text[a.end() : b.start()] in (" ", ". ") and (text[a.end()] == " " or len(a[0]) <= 2)
        for a, b in pairwise(run)
    )


def _close(text: str, a: re.Match[str], b: re.Match[str]) -> bool:
    return text[a.end() : b.start()] == " "


def _plain(word: str) -> str:
    return re.sub(r"['’]s$", "", word).lower()


def _possessive(word: str) -> int:
    return 2 if re.search(r"['’]s$", word) else 0
