"""Finds what else points to a person: phones, addresses, plates, birth dates, account numbers,
e-mail.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Literal

from scenarios.corpus.deid_lists import lists
from scenarios.corpus.deid_places import gazetteer
from scenarios.spelt import DIGITS

Kind = Literal["phone", "address", "place", "plate", "date", "number", "spelling", "online"]

_MONTH = (
    "January|February|March|April|May|June|July|August|September|October|November|December|"
    "Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec"
)
_STREET = (
    "Street|St|Avenue|Ave|Road|Rd|Drive|Dr|Lane|Ln|Boulevard|Blvd|Court|Ct|Circle|Way|Place|Terrace|Trail|"
    "Parkway|Pkwy|Highway|Hwy|Loop|Pike|Crossing|Alley|Hollow|Turnpike|Freeway|Expressway|Square|Cove|Courts"
)
_COMPASS = "North(?:east|west)?|South(?:east|west)?|East|West|NE|NW|SE|SW"
_CAP = r"[A-Z][a-z]+(?:['’-][A-Za-z]+)?"


@dataclass(frozen=True, slots=True)
class Hit:
    """A stretch of a text, `start:end`, that is to be replaced, and what it is."""

    start: int
    end: int
    kind: Kind
    text: str


_BIRTH = re.compile(
    r"(?i)\b(?:date of birth|birth ?date|birthday|d\.?o\.?b|born|year of birth|month.{0,9}day.{0,9}year)\b"
)
_SECRET = re.compile(
    r"(?i)\b(?:social(?: security)?|ssn|last four|account|card|pin|badge|license number|case number|"
    r"report number|routing|policy number|o\.?l\.?n|id number|driver['’]?s? license|zip|phone|cell|call me at|"
    r"reach (?:you|me)|telephone|number)\b"
)


@cache
def _plain_patterns() -> tuple[tuple[Kind, re.Pattern[str]], ...]:
    phonetic = "|".join(re.escape(w) for w in lists().phonetic)
    item = rf"(?:(?i:{phonetic})|\d{{1,4}}|(?i:{'|'.join(DIGITS)})|[A-Z])"
    return (
        ("online", re.compile(r"\b[\w.+-]+@[\w-]+\.[\w.]{2,}")),
        ("online", re.compile(r"\b[\w.]+ at (?:gmail|yahoo|hotmail|outlook)(?: dot |\.)com\b")),
        ("online", re.compile(r"(?<!\w)@[A-Za-z]\w{2,}|\b(?:www\.|https?://)\S+")),
        ("phone", re.compile(r"(?<![\d$])(?:\+?1[-. ])?\(?\d{3}\)?[-. ]{1,2}\d{3}[-. ]\d{4}(?!\d)")),
        ("phone", re.compile(r"(?<![\d$,.-])\d{3}[-.]\d{4}(?![\d-])")),
        ("phone", re.compile(r"(?<![\d$,.])[2-9]\d{9}(?!\d)")),
        ("number", re.compile(r"(?<!\d)\d{3}-\d{2}-\d{4}(?!\d)")),
        ("address", re.compile(
            rf"\b(?:\d{{1,6}}\s+)?(?:(?:{_COMPASS}|[NSEW])\.?\s+)?(?:(?:{_CAP})\s+){{1,3}}(?:{_STREET})\b\.?"
        )),
        ("address", re.compile(
            rf"\b\d{{1,6}}\s+(?:(?:{_COMPASS})\s+)?\d+(?:st|nd|rd|th)\s+(?:{_STREET})\b"
        )),
        ("address", re.compile(
            r"\b(?i:apartment|apt\.?|suite|room|lot|unit number)\s+(?:number\s+)?\d{1,4}[A-Za-z]?\b"
        )),
        ("place", re.compile(rf"\b{_CAP}(?:\s{_CAP})?(?=,?\s+(?:{lists().states})\b)")),
        ("place", re.compile(
            rf"\b{_CAP}(?:\s{_CAP})?(?=\s+(?:County|Township|Police|PD|P\.D\.|Sheriff['’]?s?|Parish|Fire Department|"
            r"Municipal|Correctional|Regional|Medical Center|Hospital|High School|Middle School|Elementary|Airport|"
            r"University|College|Apartments|Estates|Plaza|Mall|Cemetery|Bridge|Creek|Lodge)\b)"
        )),
        ("plate", re.compile(rf"\b(?:{item}[ ,-]+){{1,8}}(?i:{phonetic})(?:[ ,-]+{item}){{1,8}}\b")),
        ("plate", re.compile(rf"\b(?i:{phonetic})(?:[ ,-]+{item}){{2,8}}\b")),
        ("spelling", re.compile(r"\b(?:[A-Z](?:[-.,]\s?|\s)){2,}[A-Z]\b\.?")),
        ("date", re.compile(
            rf"\b(?:{_MONTH})\.?\s+(?:the\s+)?\d{{1,2}}(?:st|nd|rd|th)?,?\s+(?:of\s+)?(?:19|20)?\d{{2}}\b"
        )),
        ("date", re.compile(r"(?<![\d.])\d{1,2}[/.-]\d{1,2}[/.-](?:19|20)?\d{2}(?![\d.])")),
        ("date", re.compile(r"\b\d{1,2}(?:st|nd|rd|th)? of (?:" + _MONTH + r"),?\s+(?:19|20)\d{2}\b")),
        ("number", re.compile(r"(?<![\d$.,])(?:\d[ -]?){7,18}(?![\d%]| ?(?:dollars|bucks|miles|pounds|percent))")),
    )  # fmt: skip


_PLATE_TOKEN = re.compile(r"(?<![\w-])(?=[A-Z0-9]*[A-Z])(?=[A-Z0-9]*\d)[A-Z0-9]{5,17}(?![\w-])")
_BIRTH_NUMBERS = re.compile(
    rf"\b(?:{_MONTH})\.?\s+\d{{1,2}}(?:st|nd|rd|th)?\b|\b\d{{1,2}}[ ,/.-]+\d{{1,2}}[ ,/.-]+(?:of )?(?:19|20)?\d{{2}}\b"
    r"|\b(?:19[3-9]\d|20[01]\d)\b|(?<!\d)\d{5,8}(?!\d)"
)
_SECRET_NUMBERS = re.compile(
    r"(?<![\d$])\d{4,}(?:[ -]\d{2,})*(?!\d| ?(?:dollars|bucks|miles|pounds))|\b\d(?:[ ,-]\d){3,}\b"
)


def numbers_in(text: str, before: str) -> list[Hit]:
    """What is to be replaced in one turn; `before` is the words just before it (a question,
    mostly).
    """
    kinds = _possible(text)
    hits = [
        Hit(m.start(), m.end(), kind, m[0])
        for kind, pattern in _plain_patterns()
        if kind in kinds
        for m in pattern.finditer(text)
    ]
    hits += [
        Hit(m.start(), m.end(), "plate", m[0]) for m in _PLATE_TOKEN.finditer(text) if _plate(m[0])
    ]
    asked = f"{before} {text}"
    if _BIRTH.search(asked):
        hits += [Hit(m.start(), m.end(), "date", m[0]) for m in _BIRTH_NUMBERS.finditer(text)]
    if _SECRET.search(asked):
        hits += [Hit(m.start(), m.end(), "number", m[0]) for m in _SECRET_NUMBERS.finditer(text)]
    return list(_without_overlap(hit for hit in hits if _is_private(hit)))


def _possible(text: str) -> set[str]:
    """The kinds that can be in a text at all, by a quick look: most turns hold none of them."""
    kinds = {"spelling"} if _LETTERS.search(text) else set()
    if any(c.isdigit() for c in text):
        kinds |= {"phone", "number", "date", "address"}
    if "@" in text or "www" in text or "http" in text or " at " in text:
        kinds.add("online")
    if _STREET_WORD.search(text):
        kinds.add("address")
    if _place_word().search(text):
        kinds.add("place")
    if sum(word.strip(".,").lower() in lists().phonetic_set for word in text.split()) >= 1:
        kinds.add("plate")
    return kinds


_LETTERS = re.compile(r"\b[A-Z][-., ]+[A-Z]\b")
_STREET_WORD = re.compile(rf"\b(?:{_STREET})\b")


@cache
def _place_word() -> re.Pattern[str]:
    return re.compile(
        rf"\b(?:{lists().states}|County|Township|Police|PD|Sheriff|Parish|Department|Municipal|"
        r"Correctional|Regional|Center|Hospital|School|Elementary|Airport|University|College|Apartments|Estates|"
        r"Plaza|Mall|Cemetery|Bridge|Creek|Lodge)"
    )


def _plate(token: str) -> bool:
    return not re.fullmatch(
        r"(?:AR|AK|MP|I|US|SR|CR|HWY|RT|F|GS|GT|SL|C|M|CBD|MS|COVID)-?\d+[A-Z]?", token
    )


def _is_private(hit: Hit) -> bool:
    words = re.findall(r"[A-Za-z]+", hit.text)
    if hit.kind == "plate" and len(words) < 2 and " " in hit.text:
        return False
    if hit.kind == "plate" and " " in hit.text:  # "I", "A" and numbers alone are no plate
        phonetic = sum(w.lower() in lists().phonetic for w in words)
        return phonetic >= 2 or (phonetic >= 1 and sum(len(w) == 1 for w in words) >= 2)
    if hit.kind == "place":
        first = words[0].lower()
        if first in ("the", "this", "that", "a", "my", "your", "our"):
            return False
        if hit.text in ("West", "North", "South", "New", "Rhode"):  # of the state's own name
            return False
        plain = lists().everyday | lists().not_people
        if first not in plain or not {w.lower() for w in words} <= plain:
            return True
        return first not in lists().never and " ".join(words).lower() in gazetteer().single
    if hit.kind == "address" and not any(c.isdigit() for c in hit.text):
        named = [w.lower() for w in words[:-1]]
        return any(w not in _NO_STREET for w in named) and named[0] not in _NO_STREET
    return not (
        hit.kind == "spelling" and (len(words) < 3 or len(set(words)) < 2)
    )  # "I, I, I": a stutter


_NO_STREET = frozenset(
    "the this that a an my your his her their our no one any side main wrong right left back "
    "front same other by in on to from all way every which what where is be i you he she we "
    "they it and or so but okay yeah well hey miss sir get go come move stay step put take turn "
    "stop south north east west interstate county state private dirt gravel".split()
)


def _without_overlap(hits: Iterator[Hit]) -> Iterator[Hit]:
    end = -1
    for hit in sorted(hits, key=lambda h: (h.start, h.start - h.end)):
        if hit.start >= end:
            yield hit
            end = hit.end
