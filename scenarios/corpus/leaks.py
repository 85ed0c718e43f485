"""The leak check: reads a de-identified transcript with a wider net than the stage that made it."""

from __future__ import annotations

import re

from scenarios.corpus.deid_lists import lists
from scenarios.corpus.deid_people import People
from scenarios.corpus.deid_surrogates import Surrogates
from scenarios.corpus.transcript import Transcript

_CAP = r"[A-Z][a-z]+"
_PAIR = re.compile(rf"\b({_CAP})\s+({_CAP})\b")
_INTRODUCED = re.compile(
    rf"(?i:\b(?:my|his|her|their|last|first|the) name(?:['’]s| is| was))\s+({_CAP}|[a-z]+)"
)
_TITLED = re.compile(
    rf"\b(?:Officer|Deputy|Detective|Sergeant|Trooper|Corporal|Lieutenant|Mr|Mrs|Ms|Miss)\.?\s+({_CAP})\b"
)
_CALLED = re.compile(
    rf"[a-z],\s+({_CAP})[.?!]|(?:^|[.?!]\s+)({_CAP}),\s+(?:you|come|stop|get|sit|step|let)\b"
)
_NUMBERS = (
    ("phone", re.compile(r"(?<!\d)\(?\d{3}\)?[-. ]\d{3}[-. ]?\d{4}(?!\d)")),
    ("social security number", re.compile(r"(?<!\d)\d{3}-\d{2}-\d{4}(?!\d)")),
    ("long number", re.compile(r"(?<![\d$.,])\d{7,}(?![\d,])")),
    ("e-mail", re.compile(r"\b[\w.+-]+@[\w-]+\.\w+")),
)


def leaks_in(transcript: Transcript, people: People, made: Surrogates) -> list[tuple[str, str]]:
    """(what it may be, a few words around it), for a person to read. Surrogates are not leaks."""
    put = {word.lower() for value in made.used.values() for word in re.findall(r"[A-Za-z]+", value)}
    numbers = {re.sub(r"\D", "", value) for value in made.used.values()}
    strong = {w for w in people.kinds if w not in people.weak and w not in put and len(w) > 2}
    said = {w for t in transcript.turns for w in re.findall(r"\b[a-z]{3,}\b", t.text)}
    found: list[tuple[str, str]] = []
    for turn in transcript.turns:
        for match in re.finditer(rf"\b{_CAP}\b", turn.text):
            if match[0].lower() in strong:
                found.append(("a name of this file", _around(turn.text, match)))
        for match in _PAIR.finditer(turn.text):
            first, last = match[1].lower(), match[2].lower()
            if first in put or last in put or {first, last} & lists().not_people:
                continue
            plain = first in lists().everyday or last in lists().everyday
            if first in lists().first and last in lists().surnames and not plain:
                found.append(("first name and surname", _around(turn.text, match)))
        for match in _INTRODUCED.finditer(turn.text):
            word = match[1].lower()
            if word not in put and word in lists().first and word not in lists().never:
                found.append(("name after an introduction", _around(turn.text, match)))
        for how, pattern in (("name after a title", _TITLED), ("somebody called", _CALLED)):
            for match in pattern.finditer(turn.text):
                word = next(group for group in match.groups() if group).lower()
                plain = word in lists().everyday or word in lists().not_people or word in said
                if word not in put and not plain and not word.endswith("ly"):
                    found.append((how, _around(turn.text, match)))
        for kind, pattern in _NUMBERS:
            for match in pattern.finditer(turn.text):
                if not any(re.sub(r"\D", "", match[0]) in number for number in numbers):
                    found.append((kind, _around(turn.text, match)))
    labels = dict.fromkeys(turn.speaker for turn in transcript.turns)
    for label in labels:
        for word in re.findall(_CAP, label):
            if word.lower() in strong:
                found.append(("a name in a label", label))
    return found


def _around(text: str, match: re.Match[str]) -> str:
    return f"…{text[max(0, match.start() - 30) : match.end() + 30]}…"
