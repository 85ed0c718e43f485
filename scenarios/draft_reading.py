"""What a scenario can take from a real dialogue: who, what they said of themselves, what was done to them.

Everything here is read off the words by plain rules; what cannot be read is left for a person.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from scenarios.corpus.filters import Verdict, default_rules, judge
from scenarios.corpus.transcript import Outcome, Transcript, Turn
from scenarios.errors import BadScenario
from scenarios.schema import Category, ContentLevel

#: Turns of each side below which there is no scenario in it.
_LEAST_TURNS = 6

_CATEGORIES: dict[Category, str] = {
    "suicide": r"\b(?:suicid\w*|kill (?:myself|yourself)|hurt (?:myself|yourself)|jump off|the bridge)\b",
    "mental_health": r"\b(?:mental health|medication|bipolar|schizo\w*|baker act|voices|psych\w*|crisis)\b",
    "intoxication": r"\b(?:drunk|drinking|intoxicat\w*|breathaly\w*|field sobriety|dui|dwi|beers?|alcohol)\b",
    "traffic": r"\b(?:licen[cs]e|registration|insurance|speeding|pulled you over|traffic|tail ?light|miles)\b",
    "domestic": r"\b(?:wife|husband|girlfriend|boyfriend|domestic|custody of|my ex|divorce)\b",
    "juvenile": r"\b(?:school|juvenile|your (?:mom|parents|dad)|teacher|grade)\b",
    "property": r"\b(?:trespass\w*|stole|stolen|shoplift\w*|store|receipt|property|burglar\w*)\b",
    "medical": r"\b(?:ambulance|overdos\w*|narcan|seizure|hospital|paramedics?)\b",
    "armed": r"\b(?:gun|knife|firearm|weapon|pistol|rifle|drop the)\b",
    "public_order": r"\b(?:protest\w*|disorderly|noise|crowd|park|loud music)\b",
    "custody": r"\b(?:booking|jail|cell|inmate|intake)\b",
    "workplace": r"\b(?:fired|my boss|manager|coworker|work here)\b",
    "community": r"\b(?:neighbou?r\w*|dog|yard|fence)\b",
}
_STRONG = re.compile(r"(?i)\b(?:fuck\w*|shit\w*|bitch\w*|asshole\w*|motherf\w+|goddamn)")
_UPSET = re.compile(r"!|(?i:\b(?:no[,!.] no|stop|leave me alone|let me go|don['’]t touch)\b)")
_ABOUT_SELF = re.compile(
    r"(?i)^(?:(?:well|so|because|and|but|no|yeah|yes|look|listen|sir|ma['’]am)[, ]+)*"
    r"(?:i['’]m|i am|i was|i['’]ve|i have|i had|i got|i just|i live|i work|i came|i don['’]t have|my |we were|"
    r"we live|he['’]s my|she['’]s my)\b"
)
_HELD_BACK = re.compile(
    r"(?i)\b(?:drink\w*|drunk|meds?|medication|warrant|probation|gun|scared|afraid|lost|died|divorce|fired|"
    r"evicted|kill|suicid\w*|hit me|hurt me|stole|lied|sorry|pills?|weed|high|pregnant|custody|homeless)\b"
)
_EMPTY = frozenset(
    "the and you that have this for are was with what your not but she her his him they about just know "
    "then there here come want need going okay yeah right sir would could them from when how who why did "
    "does can get got out one all let say said tell like well now see".split()
)


@dataclass(frozen=True, slots=True)
class Told:
    """A thing that the civilian said of themselves, and what the officer had said before."""

    text: str
    after: str
    at: float  # 0 first turn, 1 last
    held_back: bool


@dataclass(frozen=True, slots=True)
class Dialogue:
    """A real dialogue, cleaned and with surrogates for names, as far as it can be read."""

    transcript: Transcript
    civilian: str
    officers: tuple[Turn, ...]
    said: tuple[Turn, ...]
    told: tuple[Told, ...]
    verdict: Verdict

    @property
    def source(self) -> str:
        return self.transcript.source

    @property
    def text(self) -> str:
        return " ".join(turn.text for turn in self.transcript.turns)


def read_dialogue(path: Path, seed: int = 0) -> Dialogue:
    """One transcript or recording, through read, roles, clean and de-identify.

    Raises BadScenario for what is no file, cannot be read, or holds no talk between police and a civilian.
    """
    from scenarios.corpus import clean, deidentify, recordings, roles
    from scenarios.corpus.extras import check_installed
    from scenarios.corpus.readers import read
    from scenarios.corpus.sources import AUDIO_SUFFIXES, files_in

    if path.is_dir():
        raise BadScenario(f"{path}: is a folder; give one transcript or recording")
    check_installed()
    raw = next(iter(files_in(path)))
    outcome = recordings.read(raw) if raw.suffix in AUDIO_SUFFIXES else read(raw)
    for stage in (roles.assign, clean.clean):
        outcome = stage(_there(outcome, path))
    transcript = _there(deidentify.deidentify(_there(outcome, path), seed), path)
    return _of(transcript, path)


def category(dialogue: Dialogue) -> Category:
    counts = {
        name: len(re.findall(pattern, dialogue.text, re.IGNORECASE))
        for name, pattern in _CATEGORIES.items()
    }
    return max(counts, key=lambda name: counts[name]) if any(counts.values()) else "community"


def content_level(dialogue: Dialogue) -> ContentLevel:
    found = len(_STRONG.findall(dialogue.text))
    return "strong" if found >= 3 else "moderate" if found else "mild"


def gender(dialogue: Dialogue) -> str | None:
    """As the officers address the civilian; None where they do not."""
    said = " ".join(turn.text for turn in dialogue.officers)
    woman = len(re.findall(r"(?i)\b(?:ma['’]am|miss|mrs|ms|young lady|sweetheart)\b", said))
    man = len(re.findall(r"(?i)\b(?:sir|mr|buddy|bro|dude|young man|man)\b[,.?!]", said))
    return None if woman == man else "female" if woman > man else "male"


def agitation(dialogue: Dialogue) -> int:
    """A first guess from the civilian's first third: 35 for an even voice, up to 85."""
    first = dialogue.said[: max(3, len(dialogue.said) // 3)]
    upset = sum(bool(_UPSET.search(turn.text) or _STRONG.search(turn.text)) for turn in first)
    return round(35 + 50 * min(1.0, 1.5 * upset / len(first)))


def words_near(officer: str) -> list[str]:
    """Words of the officer's line that may bring the fact up."""
    words = [w for w in re.findall(r"[a-z']{4,}", officer.lower()) if w not in _EMPTY]
    return list(dict.fromkeys(words))[:5]


def _there(outcome: Outcome, path: Path) -> Transcript:
    if outcome.skip is not None or outcome.transcript is None:
        raise BadScenario(f"{path}: {outcome.skip or 'nothing is left of it'}")
    return outcome.transcript


def _of(transcript: Transcript, path: Path) -> Dialogue:
    words: Counter[str] = Counter()
    for role in ("civilian", "other_civilian"):  # the second where the first was not recognised
        if not words:
            for turn in transcript.turns:
                if turn.role == role:
                    words[turn.speaker] += len(turn.text.split())
    if not words:
        raise BadScenario(f"{path}: no civilian speaks in it")
    civilian = words.most_common(1)[0][0]
    said = tuple(turn for turn in transcript.turns if turn.speaker == civilian)
    officers = tuple(turn for turn in transcript.turns if turn.role == "officer")
    if min(len(said), len(officers)) < _LEAST_TURNS:
        raise BadScenario(
            f"{path}: {len(officers)} turns of officers and {len(said)} of the civilian; a scenario "
            f"needs at least {_LEAST_TURNS} of each"
        )
    told = tuple(_told(transcript, civilian))
    verdict = judge(transcript, 0.0, 0.0, default_rules())
    return Dialogue(transcript, civilian, officers, said, told, verdict)


def _told(transcript: Transcript, civilian: str) -> Iterator[Told]:
    seen: set[str] = set()
    officer = ""
    for index, turn in enumerate(transcript.turns):
        if turn.role == "officer":
            officer = turn.text
        if turn.speaker != civilian:
            continue
        for sentence in re.split(r"(?<=[.!?])\s+", turn.text):
            plain = sentence.lower().strip(" .!,")
            if not 4 <= len(plain.split()) <= 30 or sentence.endswith("?") or plain in seen:
                continue
            if _ABOUT_SELF.match(sentence):
                seen.add(plain)
                at = index / len(transcript.turns)
                yield Told(sentence.strip(), officer, at, bool(_HELD_BACK.search(sentence)))
