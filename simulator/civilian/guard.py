"""What may leave the civilian's mouth: drafts are cut to whole sentences and refused out of
role.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence

from scenarios.in_role import out_of_role
from scenarios.phrases import phrase_pattern
from scenarios.schema import Civilian
from simulator.civilian.disclosure import content_words

_SENTENCE = re.compile(
    r".+?(?:(?<!\bMr)(?<!\bMs)(?<!\bDr)(?<!\bSt)(?<!\bMrs)[.!?…]+[\"'”’)]*(?=\s|$)|—(?=\s|$))",
    re.DOTALL,
)
_CLAUSE_END = re.compile(r"(?<=[.!?…,;:—])\s+")
_SPEAKER = re.compile(
    r"^\s*(?:(?:officer|civilian|me|you|police|assistant|user)\b[^:\n]{0,20}|[A-Z][a-z]+(?: [A-Z][a-z]+)?)\s*:\s*"
)
#: "Only sighs." "Shrugs." Said of oneself without a pronoun, it is a stage direction.
_NARRATES = re.compile(
    r"(?:^|[.!?…]\s+)(?:(?:only|just|quietly|he|she|then)\s+)*(?:sigh|shrug|nod|laugh|sob|paus|whisper|mutter|"
    r"frown|smile|glare|chuckle|scoff|gasp|stare|look|turn)(?:e?s|es)\b(?! like| good| bad| out| fine)"
    r"[^.!?]{0,40}[.!?…]?\s*$",
    re.IGNORECASE,
)
_GLUED = re.compile(r"[a-z][.!?][A-Z][a-z]|[a-z][A-Z][a-z]+[A-Z]|\d[a-z]{3,}[A-Z]")
_DIRECTION = re.compile(
    r"\b(?:trust(?:s|ing)? the officer|wary of the officer|losing control|very upset,|may say)\b",
    re.I,
)
_WORDS = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")

#: A first clause shorter than this is not worth a synthesis of its own.
_CLAUSE_MIN_CHARACTERS = 10


def tidy(draft: str, person: Civilian) -> str:
    """The draft without a speaker's name, quotes around it, or anything after the first line."""
    text = draft.strip().split("\n")[0].strip()
    named = _SPEAKER.match(text)
    if named and (
        person.name.split()[0].lower() in named.group().lower()
        or "civilian" in named.group().lower()
    ):
        text = text[named.end() :]
    return re.sub(r"\s+", " ", text).strip().strip('"“”').strip()


def whole_sentences(text: str, most_words: int) -> str:
    """The text up to the last sentence that ended, at most `most_words` words where that is
    possible.

    Empty where no sentence ended.
    """
    kept = ""
    for found in _SENTENCE.finditer(text):
        longer = kept + found.group()
        if kept and word_count(longer) > most_words:
            break
        kept = longer
    return kept.strip()


def clauses(text: str) -> list[str]:
    """The reply in pieces to speak: the first as short as is worth it, the rest by sentence."""
    pieces = [piece for piece in _CLAUSE_END.split(text) if piece]
    out: list[str] = []
    held = ""
    for piece in pieces:
        held = f"{held} {piece}".strip()
        long_enough = sum(c.isalnum() for c in held) >= _CLAUSE_MIN_CHARACTERS
        ends = held[-1] in ".!?…—\"'”"
        if (not out and long_enough) or (out and ends):
            out.append(held)
            held = ""
    if held:
        if out and not any(c.isalnum() for c in held):
            out[-1] += f" {held}"
        else:
            out.append(held)
    return out


def word_count(text: str) -> int:
    return len(_WORDS.findall(text))


def why_refused(
    draft: str, person: Civilian, officer_words: str, earlier: list[str], leaks: str | None
) -> str | None:
    """Why this draft may not be said; None where it may.

    earlier: what the civilian has said so far. leaks: id of a secret that it would give away.
    """
    if not draft:
        return "empty, or no sentence ended"
    sounds = out_of_role(draft)
    if sounds:
        return f"sounds like the {sounds[0]}: {sounds[1]}"
    if _SPEAKER.match(draft):
        return "speaks for somebody else"
    if _GLUED.search(draft):
        return "runs words together"
    if _NARRATES.search(draft):
        return "tells what is done, not what is said"
    if _DIRECTION.search(draft):
        return "says its stage direction aloud"
    if leaks:
        return f"gives away '{leaks}' before trust allows"
    for phrase in person.never_says:
        if phrase_pattern(phrase).search(draft):
            return f"would never say '{phrase}'"
    # Third person about oneself is narration; a name on its own may be an introduction.
    first = re.escape(person.name.split()[0])
    if re.search(rf"\b{first}(?:'s)? (?:is|was|has|had|says|said|looks|feels|wants)\b", draft):
        return "speaks of itself as somebody else"
    letters = [c for c in draft if c.isalpha()]
    if letters and sum(c.isascii() for c in letters) < 0.9 * len(letters):
        return "not in English"
    if _parrots(draft, officer_words):
        return "repeats the officer"
    if repeats(draft, earlier):
        return "has been said before"
    return None


def repeats(text: str, earlier: Sequence[str]) -> bool:
    """Whether this was said before, in these or nearly these words; silence may be repeated."""
    return any(_same(text, said) for said in earlier)


def is_silence(text: str) -> bool:
    """Whether nothing is said: "…"."""
    return not any(map(str.isalnum, text))


def _parrots(draft: str, officer_words: str) -> bool:
    own, heard = content_words(draft), content_words(officer_words)
    return len(own) >= 4 and len(own & heard) >= 0.8 * len(own)


def _same(draft: str, said: str) -> bool:
    one, two = (" ".join(_WORDS.findall(t.lower())) for t in (draft, said))
    if one == two:
        return one != ""
    if len(one.split()) <= 3:
        return False
    alike = difflib.SequenceMatcher(None, one, two)
    # The cheap upper bounds first: nearly every pair ends there.
    return alike.real_quick_ratio() > 0.85 and alike.quick_ratio() > 0.85 and alike.ratio() > 0.85
