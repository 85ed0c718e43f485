"""Repairs the words of one turn: mojibake, the recogniser's endless loops, marks for what was lost."""

from __future__ import annotations

import re

import numpy as np

#: Longest phrase, in words, that a recogniser was seen to loop on in the published files is under
#: 30.
_LONGEST_LOOP = 40
_INAUDIBLE = re.compile(
    r"(?i)[\[(<*]\s*(?:inaudible|unintelligible|indistinct|indiscernible|unclear|bleep(?:ed)?|"
    r"censored|redacted|\?+)[^\])>*]{0,20}[\])>*]|_{3,}|\*{3,}"
)
_OVERLAP = re.compile(
    r"(?i)[\[(]\s*(?:cross-?talk|overlap(?:ping)?(?: speech| voices)?)[^\])]{0,20}[\])]"
)
_SOUND = re.compile(r"[\[(][a-zA-Z ,'-]{2,30}[\])]|♪+|>>+")
_TAGS = re.compile(r"<[^<>]{1,40}>")


def repaired(text: str) -> tuple[str, bool]:
    """The text with its encoding mistakes undone, and whether there were any."""
    if text.isascii():
        return text, False
    import ftfy  # only a file in some hundred needs it

    fixed = ftfy.fix_text(text, uncurl_quotes=True, normalization="NFC")
    plain = text.translate(_QUOTES)
    return fixed, fixed != plain


_QUOTES = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"'})


def marks_taken_out(text: str) -> tuple[str, tuple[str, ...]]:
    """The text without a transcriber's marks, and the flags that they stood for."""
    if not any(c in text for c in "[(<*_♪>"):
        return text, ()
    flags = []
    if _INAUDIBLE.search(text):
        flags.append("inaudible")
        text = _INAUDIBLE.sub("…", text)
    if _OVERLAP.search(text):
        flags.append("overlap")
        text = _OVERLAP.sub(" ", text)
    text = _SOUND.sub(" ", _TAGS.sub(" ", text))
    return " ".join(text.split()), tuple(flags)


def unlooped(text: str) -> tuple[str, int]:
    """The text with each run of a phrase said over and over cut short, and the words taken out.

    People do say a thing three times; five times one word, or four times a phrase, is nearly always a
    recogniser that is stuck. Of a single word three stay, of a phrase two.
    """
    words = text.split()
    before = len(words)
    if before < 8:
        return text, 0
    keys = [w.strip(".,!?;:").lower() for w in words]
    if len(set(keys)) > 0.8 * before:  # a run of four would show
        return text, 0
    for period in range(1, _LONGEST_LOOP + 1):
        limit, stay = (5, 3) if period == 1 else (4, 2)
        if len(words) < limit * period:
            break
        ids = np.unique(np.asarray(keys), return_inverse=True)[1]
        same = np.concatenate([[False] * period, ids[period:] == ids[:-period], [False]])
        edges = np.flatnonzero(same[1:] != same[:-1]) + 1
        gone = np.zeros(len(words), bool)
        for start, end in zip(edges[::2], edges[1::2], strict=False):
            copies = (end - start) // period + 1
            if copies >= limit:
                gone[start + (stay - 1) * period : start + (copies - 1) * period] = True
        if gone.any():
            words = [w for w, out in zip(words, gone, strict=True) if not out]
            keys = [k for k, out in zip(keys, gone, strict=True) if not out]
    return " ".join(words), before - len(words)
