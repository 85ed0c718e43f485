"""How hard a text is to read: the Flesch-Kincaid grade (Kincaid et al. 1975, made for Navy manuals)."""

from __future__ import annotations

import re

_SENTENCE = re.compile(r"[.!?…]+(?=\s|$)|\n+")
_WORD = re.compile(r"[A-Za-zÀ-ÿ][A-Za-zÀ-ÿ'’]*")
_VOWELS = re.compile(r"[aeiouyà-ÿ]+")


def reading_grade(text: str) -> float:
    """The US school grade at which the text reads easily; 0.0 for an empty text.

    Within a grade or so of the measured value for texts of 100 words and more; a few words have none.
    """
    words = _WORD.findall(text)
    if not words:
        return 0.0
    sentences = max(1, sum(bool(_WORD.search(part)) for part in _SENTENCE.split(text)))
    spoken = sum(syllables(word) for word in words)
    grade = 0.39 * len(words) / sentences + 11.8 * spoken / len(words) - 15.59
    return round(max(0.0, grade), 1)


def syllables(word: str) -> int:
    """Syllables of an English word by its vowels; right for about nine words in ten."""
    plain = word.lower().replace("’", "'").removesuffix("'s")
    count = len(_VOWELS.findall(plain))
    silent_e = plain.endswith("e") and not plain.endswith(("le", "ee", "ye", "oe", "ie"))
    silent_ed = plain.endswith("ed") and not plain.endswith(("ted", "ded"))
    silent_es = plain.endswith("es") and not plain.endswith(
        ("ses", "zes", "ches", "shes", "xes", "ces", "ges")
    )
    if (silent_e or silent_ed or silent_es) and count > 1:
        count -= 1
    if re.search(r"[^aeiou]io[^u]|ia[^lnt]|creat|real|poet|diet|quiet|science", plain) and not (
        re.search(r"[tsc]io", plain)
    ):
        count += 1
    return max(1, count)
