"""What a judge is asked, and how its answer becomes points: the paper's two scores, in our own words.

The judge lists what it would take off and why; the total is ours, computed from the list. A judge's own sum is asked
for as well and only used to tell how often it is wrong. VERSION changes with every change of the words.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Any, Literal

from scenarios.corpus.judge import Form

VERSION = "2026-11-2"
LOOKS_REAL = 85
_QUOTE = 70
#: Tokens of the form around the quotes: 90 of the embedded model, twice that where one spells its words.
_FRAME = 180

#: Deductions of realism: name -> (the points that may be taken off, what for).
DEDUCTIONS: dict[str, tuple[tuple[int, ...], str]] = {
    "emotional_flow": (
        (0, 10, 20, 30),
        "feelings jump, calm down without a cause, or never move (10 slight, 20 plain, 30 throughout)",
    ),
    "machine_voice": (
        (0, 15),
        "sounds like an assistant or a text generator: offers help, lists, speeches, stock phrases",
    ),
    "profile": ((0, 20), "contradicts who this person is said to be, or what they said before"),
    "context": ((0, 20), "does not answer what the officer did or said, or forgets where they are"),
}

Band = Literal["escalation", "containment", "de-escalation", "resolution"]
#: The lowest points of each band; 25 to a band.
BANDS: dict[Band, int] = {
    "escalation": 0,
    "containment": 25,
    "de-escalation": 50,
    "resolution": 75,
}
LOOPING, UNREALISTIC = 15, 20

SYSTEM = (
    "You judge transcripts of police encounters that are used in training. You are strict, you quote what you object "
    "to, and you answer with JSON only."
)


def question(transcript: str, person: str) -> str:
    """The whole request about one dialogue."""
    lines = [
        "Who the civilian is:",
        person.strip() or "(nothing is said of them)",
        "",
        "The encounter:",
        transcript,
        "",
        "1. Realism of the CIVILIAN's turns. Begin with 100. Take off only for what you can quote:",
        *(
            f"- {name}: {' or '.join(map(str, points))}: {why}"
            for name, (points, why) in DEDUCTIONS.items()
        ),
        "realism_total is what is left.",
        "2. How the encounter ends up, by the civilian's state at the end. band:",
        "- escalation: angrier, threatening or gone; containment: held, not calmer; de-escalation: plainly calmer; "
        "resolution: calm and agreed on what happens.",
        "within: 0 to 24, how far into that band. looping: the talk goes in circles. unrealistic: the officer's side "
        "could not happen like this.",
        "Quotes are a few words, copied; empty where nothing is taken off.",
    ]
    return "\n".join(lines)


def preference(first: str, second: str) -> str:
    """Which of two encounters has the more real civilian."""
    return (
        f"Encounter ONE:\n{first}\n\nEncounter TWO:\n{second}\n\nIn which one do the CIVILIAN's turns read more like "
        "those of a real person in a recorded encounter? Length is no merit."
    )


def rating_form() -> Form:
    """Points can only be those of the rubric; the keys come in order."""
    parts = [
        f'"\\"{name}\\":{{\\"points\\":" ({" | ".join(_literal(str(p)) for p in points)}) '
        f'",\\"quote\\":" str "}}"'
        for name, (points, _) in DEDUCTIONS.items()
    ]
    bands = " | ".join(_literal(f'"{band}"') for band in BANDS)
    inner = ' "," '.join(parts)
    grammar = (
        f'root ::= "{{" {inner} ",\\"realism_total\\":" hundred ",\\"band\\":" ({bands}) '
        '",\\"within\\":" within ",\\"looping\\":" bool ",\\"unrealistic\\":" bool "}"\n'
        'hundred ::= "100" | [1-9] [0-9] | [0-9]\n'
        'within ::= "2" [0-4] | "1" [0-9] | [0-9]\n'
        'bool ::= "true" | "false"\n'
        f'str ::= "\\"" [^"\\\\\\x00-\\x1F]{{0,{_QUOTE}}} "\\""\n'
    )
    properties: dict[str, Any] = {
        name: {
            "type": "object",
            "properties": {
                "points": {"type": "integer", "enum": list(points)},
                "quote": {"type": "string", "maxLength": _QUOTE},
            },
            "required": ["points", "quote"],
            "additionalProperties": False,
        }
        for name, (points, _) in DEDUCTIONS.items()
    }
    properties |= {
        "realism_total": {"type": "integer", "minimum": 0, "maximum": 100},
        "band": {"type": "string", "enum": list(BANDS)},
        "within": {"type": "integer", "minimum": 0, "maximum": 24},
        "looping": {"type": "boolean"},
        "unrealistic": {"type": "boolean"},
    }
    # a model may take a token for each letter of a quote
    longest = len(DEDUCTIONS) * _QUOTE + _FRAME
    return Form(SYSTEM, grammar, _closed(properties), longest)


def preference_form() -> Form:
    grammar = 'root ::= "{\\"more_real\\":" ("\\"one\\"" | "\\"two\\"") "}"\n'
    schema = _closed({"more_real": {"type": "string", "enum": ["one", "two"]}})
    return Form(SYSTEM, grammar, schema, 24)


@dataclass(frozen=True)
class Rating:
    """One judge on one dialogue. realism, deescalation: computed by us; own_total: the judge's own sum."""

    realism: int
    deescalation: int
    deductions: dict[str, int]
    quotes: dict[str, str]
    own_total: int | None
    band: Band
    looping: bool
    unrealistic: bool

    @property
    def looks_real(self) -> bool:
        return self.realism >= LOOKS_REAL

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


class NoAnswer(ValueError):
    """A judge's answer that cannot be read as the rubric's: counted, never guessed at."""


def read_rating(text: str) -> Rating:
    """Points and totals of an answer. Raises NoAnswer for what is not in the rubric's form."""
    data = _object(text)
    deductions, quotes = {}, {}
    for name, (points, _) in DEDUCTIONS.items():
        part = data.get(name)
        if (
            not isinstance(part, dict)
            or part.get("points") not in points
            or _is_bool(part["points"])
        ):
            raise NoAnswer(f"{name}: points that the rubric does not have")
        deductions[name] = int(part["points"])
        quotes[name] = str(part.get("quote", ""))[: 2 * _QUOTE]
    band, within = data.get("band"), data.get("within")
    if band not in BANDS:
        raise NoAnswer(f"band {band!r} is none of the four")
    if not isinstance(within, int) or _is_bool(within) or not 0 <= within <= 24:
        raise NoAnswer("within: not a whole number from 0 to 24")
    flags = [data.get(name) for name in ("looping", "unrealistic")]
    if not all(isinstance(flag, bool) for flag in flags):
        raise NoAnswer("looping and unrealistic must be true or false")
    looping, unrealistic = map(bool, flags)
    total = data.get("realism_total")
    return Rating(
        realism=max(0, 100 - sum(deductions.values())),
        deescalation=max(0, BANDS[band] + within - LOOPING * looping - UNREALISTIC * unrealistic),
        deductions=deductions,
        quotes=quotes,
        own_total=total if isinstance(total, int) and not _is_bool(total) else None,
        band=band,
        looping=looping,
        unrealistic=unrealistic,
    )


def read_preference(text: str) -> Literal["one", "two"]:
    """Raises NoAnswer."""
    said = _object(text).get("more_real")
    if said == "one":
        return "one"
    if said == "two":
        return "two"
    raise NoAnswer(f"more_real is {said!r}")


def rubric_hash() -> str:
    """Of all words and points: two runs with another hash were asked something else."""
    words = [VERSION, SYSTEM, question("", ""), preference("", ""), rating_form().grammar]
    return hashlib.sha256("\n".join(words).encode()).hexdigest()[:16]


def _object(text: str) -> dict[str, Any]:
    """The JSON object in an answer; some models put it into a fence."""
    start, end = text.find("{"), text.rfind("}")
    try:
        data = json.loads(text[start : end + 1]) if start >= 0 else None
    except ValueError:
        data = None
    if not isinstance(data, dict):
        raise NoAnswer("no JSON object in the answer")
    return data


def _is_bool(value: object) -> bool:
    return isinstance(value, bool)


def _literal(text: str) -> str:
    return '"' + text.replace('"', '\\"') + '"'


def _closed(properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }
