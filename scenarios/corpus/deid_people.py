"""Finds people's names: in labels, after titles and introductions, by the census lists and by
place.

Speech recognisers write names with a capital, so the capital is the first witness; the lists, the
neighbours and the other mentions in the file are the rest.
"""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import Literal

from scenarios.corpus.deid_lists import Gender, lists
from scenarios.corpus.deid_places import gazetteer, places_in
from scenarios.corpus.role_words import sense_of
from scenarios.corpus.transcript import Turn

NameKind = Literal["first", "last", "place"]

_CAP = r"(?:Mc|Mac|De|La|O['’])[A-Z][a-z]+|[A-Z][a-z]+(?:[-'’][A-Z][a-z]+)?"
_NAMES = rf"(?:{_CAP})(?:\s+(?:{_CAP})){{0,2}}"
TITLES = (
    "Officer|Deputy|Detective|Sergeant|Sgt|Sarge|Trooper|Corporal|Lieutenant|Captain|Chief|Sheriff|"
    "Investigator|Agent|Patrolman|Mr|Mrs|Ms|Miss|Mister|Dr|Doctor|Judge|Nurse|Coach|Pastor|Reverend"
)
_TITLED = re.compile(
    rf"\b(?:{TITLES}|(?:officer|deputy|detective|sergeant|mister|miss))\.?\s+({_NAMES})"
)
_SURE_INTRODUCTION = re.compile(
    rf"\b(?i:my name is|my name['’]s|name is|name['’]s|names? (?:are|was)|first name(?: is)?|named|"
    rf"last name(?: is)?|middle name(?: is)?|maiden name(?: is)?|goes by|go by|nickname(?: is)?)[,:]?\s+({_NAMES})"
)
_LIKELY_INTRODUCTION = re.compile(
    rf"\b(?i:I['’]m|I am|this is|that['’]s|it['’]s|call me|called|call|meet|hey|hi|hello|yo|thanks|"
    rf"thank you|sorry|okay|listen|sir|and|with|ask|tell|told|for)[,:]?\s+({_NAMES})"
)
_ASKED_NAME = re.compile(
    r"(?i)\b(?:your|his|her|their|the|last|first|full|middle) name\b|\bwho (?:are you|is (?:this|that|he|she))|"
    r"\bspell (?:it|that|your)|\bname\?"
)
#: "Come on, Kawani.": who is called by a word that is in no list has that name.
_CALLED = re.compile(rf"[a-z],\s+({_CAP})[.?!]")
_PREPOSITION = re.compile(
    r"(?i)\b(?:in|from|near|outside|into|toward|towards|around|through|leaving)$"
)
_WORD = re.compile(r"[A-Za-z]+(?:['’-][A-Za-z]+)*")
_POSSESSIVE = re.compile(r"['’]s$")


@dataclass(slots=True)
class People:
    """The name words of one file, lower case, each with what it is. `weak` words are everyday words
    too and are a name only beside another name, a title, or with a capital inside a sentence. `sure`:
    somebody is called so here. `places`: names of places of more than one word."""

    kinds: dict[str, NameKind] = field(default_factory=dict)
    genders: dict[str, Gender] = field(default_factory=dict)
    alias: dict[str, str] = field(default_factory=dict)
    weak: set[str] = field(default_factory=set)
    sure: set[str] = field(default_factory=set)
    places: set[str] = field(default_factory=set)
    found_by: Counter[str] = field(default_factory=Counter)

    def add_place(self, word: str) -> None:
        if self.kinds.setdefault(word.lower(), "place") == "place":
            self.found_by["list of surnames, after in, from, to"] += 1

    def add(self, names: str, how: str, last_only: bool = False) -> None:
        words = [_POSSESSIVE.sub("", w) for w in _WORD.findall(names)]
        sure = how in ("label", "title", "introduction")
        if how not in ("list", "greeting"):
            self.sure |= {w.lower() for w in words}
        words = [w for w in words if sure or w.lower() not in lists().not_people]
        for place, word in enumerate(words):
            low = word.lower()
            if len(low) < 2 or low in self.kinds or low in lists().never:
                continue
            first = place == 0 and low in lists().first and not (last_only and len(words) == 1)
            self.kinds[low] = "first" if first else "last"
            if first:
                self.genders[low] = lists().first[low]
            if low in lists().everyday or low in lists().not_people:
                self.weak.add(low)
            self.found_by[how] += 1


def people_in(turns: Sequence[Turn], private: Collection[str] = ()) -> People:
    """`private`: names and places, lower case, that a person has said are to go wherever they stand."""
    people = People()
    for name in private:
        if " " in name:
            people.places.add(name)
        else:
            people.kinds[name] = "first" if name in lists().first else "last"
            people.genders |= {name: lists().first[name]} if name in lists().first else {}
            people.sure.add(name)
    lower_words = {w for turn in turns for w in re.findall(r"(?<![A-Z])\b[a-z]{3,}\b", turn.text)}
    for label in dict.fromkeys(turn.speaker for turn in turns):
        people.add(name_in_label(label), "label")
    asked = False
    for turn in turns:
        _by_context(turn.text, asked, people)
        asked = bool(_ASKED_NAME.search(turn.text))
    for turn in turns:
        _by_lists(turn.text, lower_words, people)
    _by_calling(turns, lower_words, people)
    _places(turns, lower_words, people)
    people.weak |= {w for w in people.kinds if w in lower_words and w not in private}
    _variants(turns, lower_words, people)
    return people


@lru_cache(maxsize=4096)
def name_in_label(label: str) -> str:
    """The personal name in a speaker's label, "" where it is a description only."""
    core = label.strip("[](){} ")
    bracketed = core != label.strip()
    sense = sense_of(label)
    plainly_named = not bracketed and (sense.kind == "name" or sense.role == "officer")
    names = []
    for word in _WORD.findall(core):
        low = _POSSESSIVE.sub("", word).lower()
        if not word[0].isupper() or low in _LABEL_WORDS or len(low) < 2:
            continue
        known = low in lists().first or (low in lists().surnames and low not in lists().everyday)
        if plainly_named or (known and low not in lists().not_people):
            names.append(word)
    return " ".join(names)


_LABEL_WORDS = frozenset(
    "officer police deputy sergeant detective trooper corporal lieutenant captain chief sheriff agent man woman "
    "investigator interviewer interrogator narrator host speaker voice unknown male female suspect driver passenger "
    "person individual unidentified victim witness bystander caller dispatcher dispatch mother father friend wife "
    "husband son daughter brother sister manager employee worker staff customer owner resident neighbor child kid "
    "mr mrs ms miss dr patrolman special first responder law enforcement supervisor unit spokesperson legal "
    "reporter news anchor second third front back store general key holder party reporting security guard "
    "mcdonald's walmart family member general public k9 the of and in at with a an".split()
)


def _by_context(text: str, asked: bool, people: People) -> None:
    for match in _TITLED.finditer(text):
        people.add(_trimmed(match[1], sure=True), "title", last_only=True)
    for match in _SURE_INTRODUCTION.finditer(text):
        people.add(_trimmed(match[1], sure=True), "introduction")
    for match in _LIKELY_INTRODUCTION.finditer(text):
        words = match[1].split()
        if _is_first(words[0]) or (len(words) > 1 and words[0].lower() in lists().first):
            people.add(_trimmed(match[1], sure=False), "greeting")
    if asked and len(text.split()) <= 8:
        for match in re.finditer(_NAMES, text):
            words = [w for w in match[0].split() if w.lower() not in lists().everyday]
            people.add(" ".join(words), "answer to a question for the name")


def _by_lists(text: str, lower_words: set[str], people: People) -> None:
    text = _shops().sub("the shop", text)
    for run, starts, prepositional in _capitals(text):
        words = run.split()
        for place, word in enumerate(words):
            low = _POSSESSIVE.sub("", word).lower()
            if low in lists().not_people or low in lower_words:
                continue
            follows = place + 1 < len(words) and words[place + 1].lower() not in lower_words
            if (
                prepositional
                and place == 0
                and not follows
                and low in lists().surnames
                and low not in lists().everyday
            ):
                people.add_place(low)
            elif _is_first(word) and (
                not starts or place or follows or low in lists().common_first or _called(text, word)
            ):
                people.add(
                    " ".join(
                        words[place : place + (2 if follows and _surname(words[place + 1]) else 1)]
                    ),
                    "list",
                )
            elif low in lists().first and follows and _surname(words[place + 1]):
                people.add(" ".join(words[place : place + 2]), "list")
            elif (
                not (starts and place == 0)
                and low in lists().common_surnames
                and low not in lists().everyday
            ):
                people.add(word, "list", last_only=True)


def _places(turns: Sequence[Turn], lower_words: set[str], people: People) -> None:
    found = places_in([turn.text for turn in turns], people.sure, lower_words)
    people.places |= found.several
    for word in found.single:
        people.kinds[word] = "place"
        people.found_by["place"] += 1
        if word in gazetteer().plain or word in lists().everyday:
            people.weak.add(word)


@cache
def _shops() -> re.Pattern[str]:
    """ "Lowe's" and the like, where they are called so: no Lowe is meant."""
    names = [name.removesuffix("'s") for name in lists().not_people if name.endswith("'s")]
    return re.compile(rf"\b(?:{'|'.join(sorted(names))})['’]s\b", re.IGNORECASE)


def _by_calling(turns: Sequence[Turn], lower_words: set[str], people: People) -> None:
    for turn in turns:
        for match in _CALLED.finditer(turn.text):
            low = match[1].lower()
            plain = low in lists().everyday or low in lists().not_people or low in lower_words
            if len(low) > 3 and not plain and not low.endswith("ly") and low not in people.kinds:
                people.kinds[low] = "first"
                people.genders[low] = lists().first.get(
                    low, "female" if low[-1] in "aeiy" else "male"
                )
                people.sure.add(low)
                people.found_by["called by it"] += 1


def _capitals(text: str) -> Iterator[tuple[str, bool, bool]]:
    """Runs of capitalised words; whether the run opens a sentence; whether "in" or the like is
    before it.
    """
    for match in re.finditer(rf"\b{_NAMES}\b", text):
        before = text[: match.start()].rstrip()
        opens = not before or before[-1] in '.?!:"”…'
        yield match[0], opens, bool(_PREPOSITION.search(before[-12:]))


def _is_first(word: str) -> bool:
    low = _POSSESSIVE.sub("", word).lower()
    return low in lists().first and low not in lists().everyday and low not in lists().not_people


def _surname(word: str) -> bool:
    low = _POSSESSIVE.sub("", word).lower()
    return low not in lists().not_people and (
        low in lists().surnames or low not in lists().everyday
    )


def _called(text: str, word: str) -> bool:
    return bool(re.search(rf"(?:^|[.?!]\s+){re.escape(word)}[,.?!]", text))


def _trimmed(names: str, sure: bool) -> str:
    """The run of names without everyday words that only begin the next sentence."""
    words = names.split()
    kept: list[str] = []
    for word in words:
        low = _POSSESSIVE.sub("", word).lower()
        plain = low in lists().not_people or low in lists().everyday
        if low in lists().never or (plain and not (sure and not kept)):
            break
        kept.append(word)
    return " ".join(kept)


def _variants(turns: Sequence[Turn], lower_words: set[str], people: People) -> None:
    """The recogniser spells one name in several ways: near spellings stand for the same person."""
    known = [w for w in people.kinds if len(w) >= 5]
    if not known:
        return
    seen: Counter[str] = Counter()
    for turn in turns:
        for run, starts, _ in _capitals(turn.text):
            seen.update(w.lower() for w in run.split()[1 if starts else 0 :])
    for word in seen:
        plain = word in people.kinds or word in lower_words or word in lists().not_people
        if plain or len(word) < 5 or word in lists().everyday:
            continue
        near = difflib.get_close_matches(word, known, n=1, cutoff=0.84)
        if near and near[0][0] == word[0]:
            people.kinds[word] = people.kinds[near[0]]
            people.alias[word] = near[0]
            people.found_by["near spelling"] += 1
