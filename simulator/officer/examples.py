"""Labelled officer utterances to learn from: the library's dialogues and our own lines, split by scenario once."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from scenarios.behaviours import BEHAVIOURS, FAULTS, BehaviourId
from scenarios.loader import LIBRARY, dialogue_paths, load_dialogue
from simulator.officer.spans import plain

HELD_OUT = Path(__file__).with_name("held_out.txt")
LINES = Path(__file__).with_name("lines")
SECOND_HAND = Path(__file__).with_name("second_hand.jsonl")
OWN = "own lines"
_FAULTS: frozenset[BehaviourId] = frozenset(FAULTS)


@dataclass(frozen=True)
class Example:
    """An utterance as the recogniser of behaviours meets it, and what is truly in it. source: scenario id or OWN."""

    source: str
    text: str
    earlier_officer: tuple[str, ...]
    previous_civilian: str
    labels: frozenset[BehaviourId]


def held_out_ids() -> frozenset[str]:
    """The scenarios that nothing is learned from; drawn once, kept in a file."""
    return frozenset(HELD_OUT.read_text().split())


def library_examples() -> Iterator[Example]:
    """Every officer line of the scenarios that come with the program."""
    for path in sorted(LIBRARY.glob("*/scenario.yaml")):
        for dialogue in map(load_dialogue, dialogue_paths(path)):
            before: tuple[str, ...] = ()
            heard = dialogue.opening
            for exchange in dialogue.exchanges:
                labels = frozenset(exchange.does)
                yield Example(path.parent.name, exchange.officer, before, heard, labels)
                before = (*before, exchange.officer)
                heard = exchange.civilian


def own_examples() -> Iterator[Example]:
    """Lines written for training only, by several hands, where the library is thin."""
    for path in sorted(LINES.glob("*.jsonl")):
        yield from _rows(path)


def second_hand() -> Iterator[Example]:
    """Lines written to measure with: in another voice, from the definitions, before anything was trained."""
    return _rows(SECOND_HAND)


def _rows(path: Path) -> Iterator[Example]:
    for line in path.read_text().splitlines():
        row = json.loads(line)
        labels = frozenset(row["labels"])
        assert labels <= set(BEHAVIOURS), f"{path}: {labels - set(BEHAVIOURS)}"
        before = tuple(row.get("previous_officer", ()))
        yield Example(OWN, row["text"], before, row.get("previous_civilian", ""), labels)


#: These are shown by a whole utterance or the turns before it: a line that has one is not joined to another.
_OF_A_WHOLE = frozenset(("minimal_encourager", "stacked_questions", "repeated_order", "summary"))
#: A reason or courtesy beside a bare order would make it a request.
_MAKES_A_REQUEST = frozenset(("explains_why", "courtesy", "clear_request"))


def joined(lines: Sequence[Example], count: int, chance: random.Random) -> Iterator[Example]:
    """Utterances of two or three sentences, out of lines that stand alone or answer the same words; they
    have the labels of all. What is mirrored comes first, as people say it.
    """
    short = [
        e
        for e in lines
        if not e.earlier_officer and not _OF_A_WHOLE & e.labels and len(e.text.split()) < 18
    ]
    kind = _by_civilian(e for e in short if not _FAULTS & e.labels)
    unkind = _by_civilian(e for e in short if _FAULTS & e.labels or not e.labels)
    firsts = {id(of): [e for same in of.values() for e in same] for of in (kind, unkind)}
    while count > 0:
        of = kind if chance.random() < 0.6 else unkind
        first = chance.choice(firsts[id(of)])
        picked = [first]
        for _ in range(1 if chance.random() < 0.75 else 2):
            same = of[first.previous_civilian] if chance.random() < 0.7 else of[""]
            picked.append(chance.choice(same))
        labels = frozenset().union(*(e.labels for e in picked))
        questions = sum(e.text.count("?") for e in picked)
        if len({e.text for e in picked}) < len(picked) or questions > 1:
            continue
        if "command" in labels and _MAKES_A_REQUEST & labels:
            continue
        picked.sort(key=lambda e: "mirroring" not in e.labels)
        marks = [e.text if e.text[-1:] in ".!?" else e.text + "." for e in picked]
        yield Example(OWN, " ".join(marks), (), first.previous_civilian, labels)
        count -= 1


def _by_civilian(lines: Iterable[Example]) -> dict[str, list[Example]]:
    """Lines by what they answer; "" always stands."""
    found: dict[str, list[Example]] = {"": []}
    for line in lines:
        found.setdefault(line.previous_civilian, []).append(line)
    return found


#: What depends on the words before, so that other words before would make a label false or true.
_OF_THE_TURN_BEFORE = frozenset(("mirroring", "paraphrase", "summary", "repeated_order"))


def in_a_scene(lines: Sequence[Example], chance: random.Random) -> Iterator[Example]:
    """Lines that stand alone, as answers to something that a civilian said elsewhere: in play there always is."""
    heard = [e.previous_civilian for e in lines if e.previous_civilian]
    for one in lines:
        if one.previous_civilian or _OF_THE_TURN_BEFORE & one.labels or not heard:
            continue
        before = chance.choice(heard)
        if not set(plain(before).split()) & {w for w in plain(one.text).split() if len(w) > 4}:
            yield replace(one, previous_civilian=before)


#: What a small recogniser writes for what was said; each with the share of times it happens.
_MISHEARD: tuple[tuple[str, str, float], ...] = (
    (r"\bgoing to\b", "gonna", 0.5),
    (r"\bwant to\b", "wanna", 0.4),
    (r"\b(?:got to|have to)\b", "gotta", 0.3),
    (r"\byou're\b", "your", 0.3),
    (r"\bthey're\b", "their", 0.3),
    (r"\bit's\b", "its", 0.4),
    (r"\bi'm\b", "im", 0.3),
    (r"\bma'am\b", "mam", 0.3),
    (r"\bhere\b", "hear", 0.1),
    (r"\bknow\b", "no", 0.1),
    (r"\bright\b", "write", 0.05),
    (r"\band\b", "in", 0.15),
    (r"\bwhat's\b", "whats", 0.3),
    (r"\b(?:because)\b", "cause", 0.4),
    (r"\bdo not\b", "don't", 0.5),
    (r"\byou\b", "ya", 0.04),
    (r"ing\b", "in", 0.05),
)
_NO_MARKS = re.compile(r"[^\w\s']|_")


def as_recognised(example: Example, seed: int) -> Example:
    """The same utterance as a recogniser may give it: no marks, words misheard, now and then one lost."""
    chance = random.Random(f"{seed} {example.text}")
    text = " ".join(_NO_MARKS.sub(" ", plain(example.text)).split())
    for said, heard, share in _MISHEARD:
        pieces = re.split(f"({said})", text)
        pieces[1::2] = [heard if chance.random() < share else piece for piece in pieces[1::2]]
        text = "".join(pieces)
    words = text.split()
    if len(words) > 5 and chance.random() < 0.3:
        del words[chance.randrange(len(words))]
    return replace(example, text=" ".join(words) or example.text)
