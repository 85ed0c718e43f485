"""Stage 5, filter: is this a police encounter worth learning from? Every yes and no has its quote.

The rules stand in `filter.yaml`; this file counts, quotes and decides. A model as judge (`annotate`)
answers the same features.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, cached_property
from importlib import resources
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from scenarios.corpus.transcript import Finding, Outcome, Role, Transcript, Turn
from scenarios.errors import BadScenario

VERSION = 1

Who = Literal["officer", "civilian", "any"]
FACTS = ("officer_turns", "exchanges", "answered_questions", "share_sponsor", "share_narrated")
_CIVILIANS: tuple[Role, ...] = ("civilian", "other_civilian")


class Rule(BaseModel):
    """One feature or exclusion: patterns found `times` times in what `who` says, or a fact with a
    bound.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, ignored_types=(cached_property,))

    says: str = ""
    who: Who = "any"
    times: int = Field(1, ge=1)
    patterns: list[str] = []
    fact: str | None = None
    least: float | None = None
    below: float | None = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.fact is None) == (not self.patterns):
            raise ValueError("give either patterns or a fact")
        if self.fact is not None and self.fact not in FACTS:
            raise ValueError(f"no such fact '{self.fact}'; known: {', '.join(FACTS)}")
        if self.fact and (self.least is None) == (self.below is None):
            raise ValueError("a fact needs one of least and below")
        for pattern in self.patterns:
            try:
                re.compile(pattern)
            except re.error as problem:
                raise ValueError(f"pattern {pattern!r}: {problem}") from None
        return self

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        return re.compile("|".join(f"(?:{p})" for p in self.patterns), re.IGNORECASE)


class FilterRules(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    version: int
    rule: str
    exclusions: dict[str, Rule]
    groups: dict[str, dict[str, Rule]]
    outcomes: dict[str, Rule] = {}

    @model_validator(mode="after")
    def _whole(self) -> Self:
        holds(self.rule, dict.fromkeys(self.groups, 0))
        return self


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the rules say of one transcript. `features[group][feature]` is the quote, None where
    absent.
    """

    accepted: bool
    reasons: list[str]
    scores: dict[str, int]
    features: dict[str, dict[str, str | None]]
    outcome: str


@cache
def default_rules() -> FilterRules:
    text = (resources.files("scenarios.corpus") / "filter.yaml").read_text(encoding="utf-8")
    return _rules(text, "filter.yaml")


def load_rules(path: Path | None) -> FilterRules:
    if path is None:
        return default_rules()
    try:
        return _rules(path.read_text(encoding="utf-8"), str(path))
    except (OSError, UnicodeDecodeError) as problem:
        raise BadScenario(f"{path}: cannot be read: {problem}") from None


def _rules(text: str, where: str) -> FilterRules:
    try:
        return FilterRules.model_validate(yaml.safe_load(text))
    except yaml.YAMLError as problem:
        raise BadScenario(f"{where}: is not YAML: {' '.join(str(problem).split())}") from None
    except ValidationError as problem:
        first = problem.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        raise BadScenario(f"{where}: {field}: {first['msg']}") from None


def filtered(
    transcript: Transcript,
    narrated: float = 0.0,
    sponsor: float = 0.0,
    rules: FilterRules | None = None,
) -> Outcome:
    """`narrated` and `sponsor`: shares of the file's words that cleaning dropped as such. A
    rejected transcript stays in the outcome beside its `skip`, for a person may overrule."""
    verdict = judge(transcript, narrated, sponsor, rules or default_rules())
    facts = {
        "accepted": verdict.accepted, "reasons": verdict.reasons, "scores": verdict.scores,
        "features": verdict.features, "outcome": verdict.outcome,
    }  # fmt: skip
    findings = [Finding("filter", reason) for reason in verdict.reasons]
    skip = None if verdict.accepted else "; ".join(verdict.reasons)
    return Outcome(transcript, findings, skip, facts)


def judge(transcript: Transcript, narrated: float, sponsor: float, rules: FilterRules) -> Verdict:
    facts = _facts(transcript.turns) | {"share_narrated": narrated, "share_sponsor": sponsor}
    by_who = _said_by(transcript.turns)
    features = {
        group: {name: _shown(rule, by_who, facts) for name, rule in members.items()}
        for group, members in rules.groups.items()
    }
    scores = {g: sum(q is not None for q in members.values()) for g, members in features.items()}
    excluded = [
        f"{name}: {rule.says}"
        for name, rule in rules.exclusions.items()
        if _shown(rule, by_who, facts) is not None
    ]
    score_text = ", ".join(f"{group} {score}" for group, score in scores.items())
    if excluded:
        reasons = excluded
    elif holds(rules.rule, scores):
        reasons = [f"meets the rule ({score_text})"]
    else:
        reasons = [f"below the rule {rules.rule}"]
    accepted = not excluded and holds(rules.rule, scores)
    return Verdict(accepted, reasons, scores, features, _outcome(transcript.turns, rules))


def holds(rule: str, scores: dict[str, int]) -> bool:
    """Whether scores meet a rule of comparisons, and, or, brackets. Raises ValueError for anything
    else.

    >>> holds("police >= 2 and (escalation >= 3 or de_escalation >= 3)",
    ...       {"police": 2, "escalation": 0, "de_escalation": 3})
    True
    """
    tokens = re.findall(r"[a-z_]+|\d+|>=|<=|==|<|>|[()]", rule)
    if "".join(tokens) != "".join(rule.split()):
        raise ValueError(f"the rule '{rule}' can hold only group names, numbers, >=, and, or, ( )")
    unknown = [t for t in tokens if t[0].isalpha() and t not in ("and", "or") and t not in scores]
    if unknown:
        raise ValueError(f"the rule names '{unknown[0]}'; groups are {', '.join(scores)}")
    try:
        result = eval(" ".join(tokens), {"__builtins__": {}}, dict(scores))  # only the tokens above
    except (SyntaxError, TypeError) as problem:
        raise ValueError(f"the rule '{rule}' cannot be read: {problem}") from None
    return bool(result)


def _facts(turns: tuple[Turn, ...]) -> dict[str, float]:
    """Exchanges: an officer's turn that a civilian's follows, or the reverse."""
    sides = ["o" if t.role == "officer" else "c" if t.role in _CIVILIANS else "-" for t in turns]
    pairs = list(pairwise(sides))
    answered = sum(
        a == "o" and b == "c" and turns[i].text.rstrip().endswith("?")
        for i, (a, b) in enumerate(pairs)
    )
    return {
        "officer_turns": float(sides.count("o")),
        "exchanges": float(sum({a, b} == {"o", "c"} for a, b in pairs)),
        "answered_questions": float(answered),
    }


def _said_by(turns: tuple[Turn, ...]) -> dict[Who, list[str]]:
    return {
        "officer": [t.text for t in turns if t.role == "officer"],
        "civilian": [t.text for t in turns if t.role in _CIVILIANS],
        "any": [t.text for t in turns],
    }


def _shown(rule: Rule, by_who: dict[Who, list[str]], facts: dict[str, float]) -> str | None:
    """The quote that shows the rule, None where it does not hold."""
    if rule.fact is not None:
        value = facts[rule.fact]
        met = value < rule.below if rule.below is not None else value >= (rule.least or 0)
        return f"{rule.fact.replace('_', ' ')}: {value:.3g}" if met else None
    found, quote = 0, ""
    for text in by_who[rule.who]:
        for match in rule.pattern.finditer(text):
            quote = quote or _around(text, match)
            found += 1
            if found >= rule.times:
                return quote
    return None


def _outcome(turns: tuple[Turn, ...], rules: FilterRules) -> str:
    late = _said_by(turns[int(0.4 * len(turns)) :])
    for name, rule in rules.outcomes.items():
        if any(rule.pattern.search(text) for text in late[rule.who]):
            return name
    return "unclear"


def _around(text: str, match: re.Match[Any]) -> str:
    start, end = max(0, match.start() - 40), match.end() + 40
    return ("…" if start else "") + text[start:end].strip() + ("…" if end < len(text) else "")
