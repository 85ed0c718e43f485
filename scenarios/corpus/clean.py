"""Stage 3, clean: only what was said in the encounter, each thing once, one turn to a breath."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace

from scenarios.corpus.clean_text import marks_taken_out, repaired, unlooped
from scenarios.corpus.duplicates import sketch
from scenarios.corpus.transcript import Finding, Outcome, Transcript, Turn

VERSION = 1

#: Seconds of silence after which the same speaker's next words are a new turn.
_PAUSE_S = 15.0
_WORDS_A_SECOND = 2.6  # everyday English; only used to guess where a turn ends
_TEASER = 0.15  # the first part of a file in which videos show what comes later

_SPONSOR = re.compile(
    r"(?i)\b(?:sponsor(?:ed|ing|s)? (?:of |by |this |today|the )|today['’]s sponsor|promo code|"
    r"discount code|use (?:my |the )?code [A-Z0-9]{3,}|\d+ ?(?:%|percent) off|free trial|"
    r"link (?:is )?(?:in|down) (?:the|my) (?:description|bio|comments)|hit (?:that |the )subscribe|"
    r"(?:like|please) and subscribe|subscribe to (?:the|my|our|this)|download the app|patreon|"
    r"this (?:video|episode) is (?:brought|sponsored))"
)


def clean(transcript: Transcript) -> Outcome:
    """Narration and sponsor reads go, loops and repeats are cut, one speaker's turns become one."""
    counts: Counter[str] = Counter()
    turns = _repaired(transcript.turns, counts)
    turns = _without_repeats(turns, counts)
    heard = sum(len(turn.text.split()) for turn in turns)
    sponsor = narrated = 0
    kept: list[Turn | None] = []  # None: something was here, do not join over it
    for turn in turns:
        if _SPONSOR.search(turn.text) and len(turn.text.split()) > 12:
            counts["turns dropped: sponsor read"] += 1
            sponsor += len(turn.text.split())
            kept.append(None)
        elif turn.role == "narrator":
            counts["turns dropped: narration"] += 1
            narrated += len(turn.text.split())
            kept.append(None)
        else:
            kept.append(turn)
    joined = _joined(kept, counts)
    findings = [Finding("clean", kind, n) for kind, n in sorted(counts.items())]
    if not joined:
        return Outcome(None, findings, skip="only narration and advertisement in it")
    result = transcript.with_turns(joined)
    facts = {
        "turns": len(joined),
        "words": result.words(),
        "sketch": sketch(result),
        "narrated": round(narrated / max(1, heard), 4),
        "sponsor": round(sponsor / max(1, heard), 4),
    }
    return Outcome(result, findings, facts=facts)


def _repaired(turns: tuple[Turn, ...], counts: Counter[str]) -> list[Turn]:
    done = []
    before: Turn | None = None
    for turn in turns:
        text, mended = repaired(turn.text)
        counts["mojibake mended"] += mended
        text, marks = marks_taken_out(text)
        text, looped = unlooped(text)
        if looped:
            counts["turns with a loop of the recogniser"] += 1
            counts["words of such loops taken out"] += looped
        flags = [*turn.flags, *marks]
        at_once = before is not None and turn.start_s is not None and turn.start_s == before.start_s
        if at_once and before and turn.speaker != before.speaker:
            flags.append("overlap")
        before = turn
        for flag in set(flags):
            counts[f"turns marked: {flag}"] += 1
        if any(c.isalnum() for c in text):
            done.append(replace(turn, text=text, flags=tuple(dict.fromkeys(flags))))
    return done


def _without_repeats(turns: list[Turn], counts: Counter[str]) -> list[Turn]:
    """Drops what stands twice: a turn of ten words or more, or two turns of four or more in a row.

    Where the first stands in the teaser it goes, for the later one has its surroundings; else the later.
    Orders repeated word for word are short and are meant: they stay.
    """
    keys = [" ".join(re.findall(r"[a-z0-9']+", turn.text.lower())) for turn in turns]
    sizes = [key.count(" ") + 1 for key in keys]
    first: dict[str, int] = {}
    gone: set[int] = set()
    for index, key in enumerate(keys):
        units: list[tuple[str, tuple[int, ...]]] = []
        if sizes[index] >= 10:
            units.append((key, (index,)))
        if index and sizes[index] >= 4 and sizes[index - 1] >= 4:
            units.append((f"{keys[index - 1]} / {key}", (index - 1, index)))
        for unit, at in units:
            earlier = first.setdefault(unit, index)
            if earlier == index or earlier in gone:
                continue
            if earlier < _TEASER * len(turns):
                gone.update(earlier - index + i for i in at)
                first[unit] = index
            else:
                gone.update(at)
    if gone:
        counts["turns dropped: said twice in the file"] += len(gone)
    return [turn for index, turn in enumerate(turns) if index not in gone]


def _joined(turns: list[Turn | None], counts: Counter[str]) -> list[Turn]:
    done: list[Turn] = []
    last: Turn | None = None
    for turn in turns:
        if last and turn and turn.speaker == last.speaker and not _paused(last, turn):
            counts["turns joined to the one before"] += 1
            flags = tuple(dict.fromkeys((*last.flags, *turn.flags)))
            done[-1] = last = replace(last, text=f"{last.text} {turn.text}", flags=flags)
            continue
        last = turn
        if turn:
            done.append(turn)
    return done


def _paused(last: Turn, turn: Turn) -> bool:
    if last.start_s is None or turn.start_s is None:
        return False
    spoken = len(last.text.split()) / _WORDS_A_SECOND
    return turn.start_s - last.start_s - spoken > _PAUSE_S
