"""Stage 4, de-identify: names and numbers that point to a person give way to natural surrogates.

No language model and no model from a hub: names by the capital, the census lists, titles, introductions
and labels; the rest by its shape and by what was asked before. A person reads the leak report.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection
from dataclasses import replace

from scenarios.corpus.deid_lists import lists
from scenarios.corpus.deid_numbers import numbers_in
from scenarios.corpus.deid_people import People, name_in_label, people_in
from scenarios.corpus.deid_places import occurrences
from scenarios.corpus.deid_surrogates import Surrogates
from scenarios.corpus.leaks import leaks_in
from scenarios.corpus.transcript import Finding, Outcome, Transcript, Turn

VERSION = 5

_WORD = re.compile(r"[A-Za-z]+(?:['’-][A-Za-z]+)*")
_TITLE_BEFORE = re.compile(
    r"(?i)\b(?:officer|deputy|detective|sergeant|sgt|sarge|trooper|corporal|lieutenant|captain|chief|"
    r"sheriff|investigator|agent|patrolman|mr|mrs|ms|miss|mister|dr|doctor|judge|nurse|named?|name['’]s|"
    r"name is)\.?\s+$"
)


def deidentify(transcript: Transcript, seed: int = 0, private: Collection[str] = ()) -> Outcome:
    """Text and labels with surrogates. `facts["replaced"]` lists originals: it stays with the run,
    and is never published; `facts["leaks"]` is what the check afterwards still finds suspicious.
    `private`: names and places, lower case, that are to go wherever they stand with a capital."""
    people = people_in(transcript.turns, private)
    surrogates = Surrogates(seed, transcript.video, people)
    counts: Counter[str] = Counter()
    turns: list[Turn] = []
    before = ""
    for turn in transcript.turns:
        text = _numbers_replaced(turn.text, before, surrogates, counts)
        text = _places_replaced(text, people, surrogates, counts)
        text = _names_replaced(text, people, surrogates, counts)
        turns.append(replace(turn, text=text))
        before = turn.text[-160:]
    labels = {t.speaker: _label_replaced(t.speaker, people, surrogates) for t in transcript.turns}
    turns = [replace(turn, speaker=labels[turn.speaker]) for turn in turns]
    result = transcript.with_turns(turns)
    leaks = leaks_in(result, people, surrogates)
    findings = [Finding("deidentify", f"replaced: {kind}", n) for kind, n in sorted(counts.items())]
    findings += [
        Finding("deidentify", f"suspected leak: {kind}", 1, quote) for kind, quote in leaks
    ]
    return Outcome(result, findings, facts={"replaced": surrogates.used, "leaks": leaks})


def _numbers_replaced(text: str, before: str, surrogates: Surrogates, counts: Counter[str]) -> str:
    hits = numbers_in(text, before)
    for hit in reversed(hits):
        text = text[: hit.start] + surrogates.number(hit) + text[hit.end :]
        counts[hit.kind] += 1
    return text


def _places_replaced(
    text: str, people: People, surrogates: Surrogates, counts: Counter[str]
) -> str:
    """Names of more than one word; those of one word go with the names of people."""
    if not people.places:
        return text
    for hit in reversed(list(occurrences(text, people.places))):
        text = text[: hit.start] + surrogates.place(hit.name) + text[hit.end :]
        counts["place"] += 1
    return text


def _names_replaced(text: str, people: People, surrogates: Surrogates, counts: Counter[str]) -> str:
    words = list(_WORD.finditer(text))
    made = {value.lower() for value in surrogates.used.values()}
    parts: list[str] = []
    at = 0
    last_was_name = False
    for place, match in enumerate(words):
        word = re.sub(r"['’]s$", "", match[0])
        pieces = word.split("-") if "-" in word else [word]
        is_name = any(_is_name(p, match, text, words, place, last_was_name, people) for p in pieces)
        if is_name and not (word.lower() in made and word.lower() not in people.kinds):
            new = "-".join(surrogates.name(p) if p.lower() in people.kinds else p for p in pieces)
            parts += [text[at : match.start()], new]
            at = match.start() + len(word)
            counts["place" if people.kinds.get(word.lower()) == "place" else "name"] += 1
        last_was_name = is_name
    return "".join([*parts, text[at:]])


def _is_name(
    word: str,
    match: re.Match[str],
    text: str,
    words: list[re.Match[str]],
    place: int,
    after_name: bool,
    people: People,
) -> bool:
    low = word.lower()
    if low not in people.kinds or not word[:1].isupper():
        return False
    if low not in people.weak:
        return True
    if after_name and text[words[place - 1].end() : match.start()].isspace():
        return True
    if _TITLE_BEFORE.search(text[: match.start()]):
        return True
    if place + 1 < len(words) and text[match.end() : words[place + 1].start()].isspace():
        follower = words[place + 1][0]
        if follower[:1].isupper() and people.kinds.get(follower.lower()) == "last":
            return True
    if (
        low in lists().not_people
    ):  # "Miranda" and "Georgia" stand inside sentences for other reasons
        return False
    opens = not text[: match.start()].strip() or text[: match.start()].rstrip()[-1] in '.?!:"”…'
    called = bool(re.match(r"[,.?!]", text[match.end() :])) and low in lists().first
    return called or not opens or low in lists().common_first


def _label_replaced(label: str, people: People, surrogates: Surrogates) -> str:
    named = {w.lower() for w in name_in_label(label).split()}

    def swap(match: re.Match[str]) -> str:
        core = re.sub(r"['’]s$", "", match[0])
        known = core.lower() in named or (core[:1].isupper() and core.lower() in people.kinds)
        if not known or core.lower() not in people.kinds:
            return match[0]
        return surrogates.name(core) + match[0][len(core) :]

    return _WORD.sub(swap, label)
