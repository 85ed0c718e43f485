"""Stage 2, roles: who is the officer, the civilian, somebody else, per speaker of a file.

Three kinds of evidence are added up, in log-odds: what the label says (`role_words`), how the speaker
and those around the speaker talk (`role_model`), and a few plain facts of the file (somebody says
"Deputy Wills", somebody greets viewers). Constants were set on the `tuned` hand labels only.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from scenarios.corpus.role_model import (
    MODEL_ROLES,
    Floats,
    Ids,
    stretch_log_odds,
    stretches,
    word_ids,
)
from scenarios.corpus.role_words import LabelSense, sense_of
from scenarios.corpus.transcript import Finding, Outcome, Role, Transcript, Turn

VERSION = 2

_O, _C, _X, _D, _N = range(5)
Scores = npt.NDArray[np.float64]

#: Log-prior by what the label is; officer, civilian, other civilian, dispatcher, narrator.
_NAME_PRIOR = np.log([0.15, 0.62, 0.14, 0.01, 0.08])
_GENERIC_PRIOR = np.log([0.22, 0.40, 0.28, 0.03, 0.07])
#: A role word in the label is right nearly always; the model overrules it only where it is very
#: sure.
_WORD_WEIGHT = 6.0

#: Below this a speaker's words are marked `unsure` and are not learnt from.
_SURE = 0.6

_VIEWERS = re.compile(
    r"(?i)\b(?:hi everyone|welcome (?:back )?to (?:today|the|my|another|our)|today['’]s (?:video|lesson|"
    r"episode)|subscribe|in the comments|self[- ]protection|brought to (?:you|us) by|thanks for "
    r"watching|this (?:video|channel)|body ?cam(?:era)? (?:footage|video)|viewer discretion|"
    r"footage|according to (?:court|police|the|local|investigators)|was (?:later )?(?:charged|booked|sentenced|"
    r"arrested|identified)|pleaded (?:not )?guilty|-year-old (?:man|woman|suspect|male|female)|"
    r"(?:police|officers|deputies|investigators) (?:later|say|said|identify|were dispatched|responded))\b"
)
#: Says that somebody is no police, not that it is about them.
_JUST_CIVILIAN = re.compile(r"(?i)\bcivilian\b")
_TITLES = (
    "officer|deputy|detective|sergeant|sgt|sarge|trooper|corporal|lieutenant|captain|chief|"
    "sheriff|investigator|agent|patrolman"
)


@dataclass(frozen=True, slots=True)
class Speaker:
    """A label of a file with its role, how sure (0-1), and the sense of the label."""

    label: str
    role: Role
    confidence: float
    sense: LabelSense
    turns: int


def assign(transcript: Transcript) -> Outcome:
    """Every turn with the role of its speaker. Never skips: a file with no police in it is for the
    filter.
    """
    speakers = {speaker.label: speaker for speaker in speakers_of(transcript)}
    turns = []
    for turn in transcript.turns:
        speaker = speakers[turn.speaker]
        flags = (*turn.flags, "unsure") if speaker.confidence < _SURE else turn.flags
        turns.append(replace(turn, role=speaker.role, flags=flags))
    counts = Counter(turn.role for turn in turns)
    unsure = [s for s in speakers.values() if s.confidence < _SURE and s.turns >= 5]
    findings = [Finding("roles", f"turns: {role}", n) for role, n in sorted(counts.items())]
    findings += [Finding("roles", "unsure of a speaker", s.turns, s.role) for s in unsure]
    lowest = min((s.confidence for s in speakers.values() if s.turns >= 5), default=1.0)
    return Outcome(transcript.with_turns(turns), findings, facts={"least_sure": round(lowest, 3)})


def speakers_of(transcript: Transcript, table: Floats | None = None) -> list[Speaker]:
    """The speakers of a file in order of first appearance."""
    turns = transcript.turns
    said = [word_ids(turn.text) for turn in turns]
    at: dict[str, list[int]] = defaultdict(list)
    for index, turn in enumerate(turns):
        at[turn.speaker].append(index)
    titled = _titled_names(turns)
    senses = {label: sense_of(label) for label in at}
    police = sum(len(at[label]) for label in at if senses[label].role == "officer")
    all_words = sum(len(ids) for ids in said)
    found = []
    for label, where in at.items():
        sense = senses[label]
        scores = _scores(label, sense, where, turns, said, titled, table)
        if sense.role is None:
            # Where the police stand under their rank, a bare name is seldom one of them, and the
            # reverse.
            scores[_O] += -1.2 if police > 0.08 * len(turns) else 0.8
            if sum(len(said[i]) for i in where) > 0.9 * all_words and sense.kind == "name":
                scores[_N] += 9.0  # one voice nearly alone: somebody tells a story
        found.append(_decided(label, sense, scores, where, said, alone=len(at) == 1))
    return _with_a_subject(found, turns)


def _with_a_subject(speakers: list[Speaker], turns: tuple[Turn, ...]) -> list[Speaker]:
    """An encounter is about somebody: where nobody is the civilian, it is the one the police speak
    with the most, if the label is a name, or there is no other."""
    if any(s.role == "civilian" for s in speakers):
        return speakers
    roles = {s.label: s.role for s in speakers}
    with_police: Counter[str] = Counter()
    with_radio: Counter[str] = Counter()
    for one, other in pairwise(turns):
        for a, b in ((one.speaker, other.speaker), (other.speaker, one.speaker)):
            with_police[a] += roles[b] == "officer"
            with_radio[a] += roles[b] == "dispatcher"
    others = [s for s in speakers if s.role == "other_civilian" and s.turns >= 3]
    talked = {
        s.label: with_police[s.label]
        for s in others
        if with_police[s.label] > max(3, with_radio[s.label])
        and (s.sense.kind == "name" or len(others) == 1)
    }
    if not talked:
        return speakers
    subject = max(talked, key=lambda label: talked[label])
    return [replace(s, role="civilian") if s.label == subject else s for s in speakers]


def _scores(
    label: str,
    sense: LabelSense,
    where: list[int],
    turns: tuple[Turn, ...],
    said: list[Ids],
    titled: dict[str, Counter[str]],
    table: Floats | None,
) -> Scores:
    """Log-odds of each of MODEL_ROLES, up to a constant."""
    words = sum(len(said[i]) for i in where)
    cut = stretches(said, where)
    mean = np.mean([stretch_log_odds(said, s, table) for s in cut[:40]], axis=0)
    scores: Scores = np.clip(mean, -6, 0) * min(2.5, 0.6 + 1.9 * min(1.0, words / 400))
    if sense.role in MODEL_ROLES:
        scores[MODEL_ROLES.index(sense.role)] += _WORD_WEIGHT
        if sense.role == "other_civilian":
            scores[_C] += _WORD_WEIGHT - 2.5  # a mother or a manager may be the one it is about
        if sense.role == "civilian" and _JUST_CIVILIAN.search(label):
            scores[_X] += _WORD_WEIGHT - 1.0
        return scores
    scores = scores + (_NAME_PRIOR if sense.kind == "name" else _GENERIC_PRIOR)
    text = " ".join(turns[i].text for i in where)
    viewers = len(_VIEWERS.findall(text))
    per_turn = words / len(where)
    scores[_N] += 2.0 * min(4.0, 200 * viewers / max(words, 60)) * (per_turn > 10)
    if per_turn > 25 and text.count("?") < 0.1 * len(where):
        scores[_N] += 1.0
    for token in _name_tokens(label):
        scores[_O] += min(4.0, 1.5 * titled["police"][token])
        scores[_C] += min(2.0, 0.7 * titled["mister"][token])
    if re.search(rf"(?i)\bI['’]?a?m (?:with )?(?:the )?(?:{_TITLES}|a police officer)\b", text):
        scores[_O] += 2.0
    if re.search(r"(?i)\bI['’]m under arrest|am I (?:being|under|going to)|my lawyer", text):
        scores[_C] += 1.0
    return scores


def _decided(
    label: str, sense: LabelSense, scores: Scores, where: list[int], said: list[Ids], alone: bool
) -> Speaker:
    odds = np.exp(scores - scores.max())
    odds /= odds.sum()
    best = int(odds.argmax())
    role, confidence = MODEL_ROLES[best], float(odds[best])
    words = sum(len(said[i]) for i in where)
    if sense.kind == "device":
        return Speaker(label, "unknown", 1.0, sense, len(where))
    if sense.kind == "generic" and role != "narrator" and (alone or words < 12 or confidence < 0.5):
        return Speaker(label, "unknown", 0.5, sense, len(where))
    return Speaker(label, role, confidence, sense, len(where))


def _name_tokens(label: str) -> list[str]:
    return [w.lower() for w in re.findall(r"[^\W\d_]{3,}", label)]


def _titled_names(turns: tuple[Turn, ...]) -> dict[str, Counter[str]]:
    """How often a name stands after a police title, and how often after Mr., Ms. or Mrs."""
    police: Counter[str] = Counter()
    mister: Counter[str] = Counter()
    for turn in turns:
        for match in re.finditer(
            rf"\b(?i:{_TITLES})\s+([A-Z][a-z]+)(?:\s+([A-Z][a-z]+))?", turn.text
        ):
            police.update(name.lower() for name in match.groups() if name)
        for match in re.finditer(r"\b(?:Mr|Mrs|Ms|Miss)\.?\s+([A-Z][a-z]+)", turn.text):
            mister[match[1].lower()] += 1
    return {"police": police, "mister": mister}
