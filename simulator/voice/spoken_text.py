"""What can be said aloud of a text: words for the voice, and pauses where the text falls silent."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

#: Piper synthesises a sentence in one go: memory grows with its length (5,000 characters without a
#: full stop took 1 GB), and nothing is heard before its end.
LONGEST_PIECE = 200
ELLIPSIS_PAUSE_S = 0.5


@dataclass(frozen=True)
class Words:
    text: str


@dataclass(frozen=True)
class Pause:
    seconds: float


#: espeak ends a sentence at the full stop of these.
_ABBREVIATIONS = {
    "Mr.": "Mister",
    "Mrs.": "Missus",
    "Ms.": "Miz",
    "Dr.": "Doctor",
    "Sgt.": "Sergeant",
    "Lt.": "Lieutenant",
    "Capt.": "Captain",
    "vs.": "versus",
}
_TERMINAL_CODE = re.compile("\x1b\\[[0-9;]*[A-Za-z]")
_ABBREVIATED = re.compile(r"(?<!\w)(?:" + "|".join(map(re.escape, _ABBREVIATIONS)) + r")(?=\s+\w)")
_PAUSE = re.compile(r"(?:…|\.\s?\.(?:\s?\.)*)+")
_PUNCTUATION = ".,;:!?"
_KEPT = _PUNCTUATION + "'-&%$£€@+/"


def spoken(text: str) -> list[Words | Pause]:
    """Split a text into what is said and where it is silent; empty where there is nothing to say.

    Emoji, control characters, brackets (Piper reads `[[…]]` as phonemes) and markup are left out.
    """
    plain = _ABBREVIATED.sub(lambda found: _ABBREVIATIONS[found.group()], _characters(text))
    parts: list[Words | Pause] = []
    for index, stretch in enumerate(_PAUSE.split(plain)):
        if index:
            parts.append(Pause(ELLIPSIS_PAUSE_S))
        parts += [Words(piece) for piece in _pieces(_tidy(stretch))]
    return parts


def _characters(text: str) -> str:
    text = _TERMINAL_CODE.sub(" ", text)
    text = re.sub(r"\s*(?:[–—]|--+)\s*", ", ", text).replace("’", "'").replace("‘", "'")
    text = unicodedata.normalize("NFKC", text)
    return "".join(
        c if c.isalnum() or unicodedata.combining(c) or c in _KEPT or c == "…" else " "
        for c in text
    )


def _tidy(stretch: str) -> str:
    stretch = re.sub(r"(?<!\w)'|'(?!\w)", " ", stretch)  # quotation marks; apostrophes stay
    stretch = re.sub(r"\s*([.,;:!?])(?:\s*[.,;:!?])*", _one_mark, stretch)
    stretch = re.sub(r"([^\W\d_])\1{3,}", r"\1\1\1", stretch)  # "nooooo" is long enough with three
    stretch = " ".join(stretch.split()).lstrip(_PUNCTUATION + "- ")
    return stretch if any(map(str.isalnum, stretch)) else ""


def _one_mark(found: re.Match[str]) -> str:
    """A row of marks ("?!", "!!!") is one: espeak reads the rest out by name."""
    marks = found.group()
    following = found.string[found.end() : found.end() + 1]
    mark = next((strong for strong in "?!" if strong in marks), found.group(1))
    return mark if following.isdigit() and marks in (".", ",", ":") else mark + " "


def _pieces(stretch: str) -> list[str]:
    pieces: list[str] = []
    while len(stretch) > LONGEST_PIECE:
        head = stretch[:LONGEST_PIECE]
        cuts = [
            max(head.rfind(mark) for mark in marks) + 1
            for marks in ((". ", "! ", "? "), (", ", "; ", ": "), (" ",))
        ]
        cut = next((cut for cut in cuts if cut > LONGEST_PIECE // 4), LONGEST_PIECE)
        pieces.append(stretch[:cut].strip())
        stretch = stretch[cut:].strip()
    return [piece for piece in [*pieces, stretch] if any(map(str.isalnum, piece))]
