"""The leak check: reads a de-identified transcript with a wider net than the stage that made it."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable

from scenarios.corpus.deid_lists import lists
from scenarios.corpus.deid_people import People
from scenarios.corpus.deid_places import gazetteer, mentions
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
_INSIDE = re.compile(r"[a-z],?\s([A-Z][a-z]+)\b")  # a capital in the middle of a sentence
_NUMBERS = (
    ("phone", re.compile(r"(?<!\d)\(?\d{3}\)?[-. ]\d{3}[-. ]?\d{4}(?!\d)")),
    ("social security number", re.compile(r"(?<!\d)\d{3}-\d{2}-\d{4}(?!\d)")),
    ("long number", re.compile(r"(?<![\d$.,])\d{7,}(?![\d,])")),
    ("e-mail", re.compile(r"\b[\w.+-]+@[\w-]+\.\w+")),
)


#: Numbers and names of the file itself first; what is only unknown last.
_READ_FIRST = {
    "phone": 0, "social security number": 0, "e-mail": 0, "long number": 1, "a name of this file": 1,
    "a name in a label": 1, "first name and surname": 2, "name after an introduction": 2, "name after a title": 3,
    "place": 3, "somebody called": 4, "capital, in no list": 6,
}  # fmt: skip


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
        for mention in mentions(turn.text, said):
            if not set(mention.name.split()) & put:
                found.append(("place", _quoted(turn.text, mention.start, mention.end)))
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
        for match in _INSIDE.finditer(turn.text):
            word = match[1].lower()
            if len(word) > 3 and word not in put and word not in said and not _is_known(word):
                found.append(("capital, in no list", _around(turn.text, match)))
    labels = dict.fromkeys(turn.speaker for turn in transcript.turns)
    for label in labels:
        for word in re.findall(_CAP, label):
            if word.lower() in strong:
                found.append(("a name in a label", label))
    return found


def _is_known(word: str) -> bool:
    """Known to be no name, or a name that the stage before has looked at."""
    known = lists()
    if word in known.not_people or word in known.everyday or word in known.phonetic_set:
        return True
    return word in known.first or word in known.surnames or word in gazetteer().single


def summary(leaks: Iterable[dict[str, str]]) -> str:
    """The suspects for a person to read, as Markdown: each word once, with how often, in how many files, and
    one place. `leaks`: source, kind, where."""
    rows: dict[str, dict[str, list[dict[str, str]]]] = defaultdict(lambda: defaultdict(list))
    for leak in leaks:
        marked = re.search(r"«(.*?)»", leak["where"])
        rows[leak["kind"]][(marked[1] if marked else leak["where"]).lower()].append(leak)
    lines = ["# What may have slipped through", ""]
    lines += [
        "Read it before anything is passed on. A name or a place that still stands: write it into private.txt in this",
        "folder, one a line, and run `build` again. This file quotes transcripts: it stays with the run.",
    ]
    for kind in sorted(rows, key=lambda kind: _READ_FIRST.get(kind, 5)):
        words = sorted(rows[kind].items(), key=lambda row: (-len(row[1]), row[0]))
        lines += ["", f"## {kind}: {len(words)} words", ""]
        for word, places in words:
            files = len({leak["source"] for leak in places})
            first = places[0]
            lines.append(
                f"- **{word}** {len(places)}× in {files}: {first['where']} ({first['source']})"
            )
    return "\n".join(lines) + "\n"


def _around(text: str, match: re.Match[str]) -> str:
    """The words around, the suspect between guillemets."""
    groups = [n for n in range(1, match.re.groups + 1) if match[n] is not None] or [0]
    return _quoted(text, match.start(groups[0]), match.end(groups[-1]))


def _quoted(text: str, start: int, end: int) -> str:
    return f"…{text[max(0, start - 40) : start]}«{text[start:end]}»{text[end : end + 40]}…"
