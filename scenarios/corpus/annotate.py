"""A model as judge of the filter's features: cached by content, resumable, compared with the detectors.

DIR/annotations/JUDGE/SOURCE.json     the judge's features of one transcript
DIR/annotations/JUDGE/agreement.json  Cohen's kappa between judge and detectors, per feature
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scenarios.corpus.filters import FilterRules, Rule, holds, load_rules
from scenarios.corpus.judge import Judge, JudgeDown, JudgeFailed
from scenarios.corpus.run import Kept, Run, write_json
from scenarios.corpus.transcript import Transcript
from scenarios.errors import ScenarioError

VERSION = 3

#: Failures on one transcript after another after which the judge is taken for broken.
_GIVE_UP = 5
_SAYS = {"officer": "OFFICER", "civilian": "CIVILIAN", "other_civilian": "CIVILIAN"}


@dataclass(slots=True)
class Annotated:
    """What a run of the judge came to."""

    folder: Path
    done: int = 0
    cached: int = 0
    failed: dict[str, str] = field(default_factory=dict)
    agreement: dict[str, Any] = field(default_factory=dict)


def annotate(
    run: Run, judge: Judge, limit: int | None, progress: Callable[[str], None] = lambda _: None
) -> Annotated:
    """Asks the judge about every transcript that reached the filter, or the first `limit`.

    Answers that are there for the same text, rules and judge are not asked for again. A transcript that
    the judge fails on is told and left for the next run. Raises ScenarioError where the judge is down.
    """
    rules = load_rules(Path(run.settings.filter_file) if run.settings.filter_file else None)
    folder = run.folder / "annotations" / _folder_name(judge.name)
    result = Annotated(folder)
    sources = [kept for kept in run.each("filter") if "features" in kept.facts][:limit]
    in_a_row = 0
    for kept in sources:
        path = folder / f"{kept.source}.json"
        transcript = run.transcript("filter", kept.source)
        assert transcript is not None
        text = excerpt(transcript, judge.room, judge.count)
        key = _key(judge.name, text, rules)
        if _kept_answer(path, key) is not None:
            result.cached += 1
            progress(kept.source)
            continue
        try:
            answers = {
                group: _asked(judge, text, members) for group, members in rules.groups.items()
            }
        except JudgeDown as problem:
            _compare(result, sources, rules)
            raise ScenarioError(
                f"the judge is down: {problem}; {result.done + result.cached} of {len(sources)} done, "
                "run again to go on"
            ) from None
        except JudgeFailed as problem:
            result.failed[kept.source] = str(problem)
            in_a_row += 1
            if in_a_row >= _GIVE_UP:
                _compare(result, sources, rules)
                raise ScenarioError(
                    f"the judge failed on {in_a_row} transcripts in a row ({problem}); "
                    f"{result.done + result.cached} of {len(sources)} done, run again to go on"
                ) from None
            progress(kept.source)
            continue
        in_a_row = 0
        scores = {g: sum(f["present"] for f in members.values()) for g, members in answers.items()}
        write_json(
            path,
            {
                "key": key,
                "judge": judge.name,
                "features": answers,
                "scores": scores,
                "accepted": holds(rules.rule, scores),
            },
        )
        result.done += 1
        progress(kept.source)
    _compare(result, sources, rules)
    return result


def excerpt(transcript: Transcript, room: int, count: Callable[[str], int]) -> str:
    """The transcript as lines of OFFICER, CIVILIAN, OTHER, in at most `room` tokens by `count`; a
    long one gives its beginning, middle and end."""
    lines = [f"{_SAYS.get(t.role, 'OTHER')}: {t.text}" for t in transcript.turns]
    sizes = [count(line) + 1 for line in lines]  # one for the end of the line
    if sum(sizes) <= room:
        return "\n".join(lines)
    third, last = room // 3 - 4, len(lines) - 1
    chosen = sorted(
        {
            *_that_fit(range(last + 1), sizes, third),
            *_that_fit(range(last // 2, last + 1), sizes, third),
            *_that_fit(range(last, -1, -1), sizes, third),
        }
    )
    shown: list[str] = []
    for before, at in zip([-1, *chosen], chosen, strict=False):
        shown += ["[…]"] * (at != before + 1) + [lines[at]]
    return "\n".join(shown)


def _that_fit(run: Iterable[int], sizes: list[int], room: int) -> list[int]:
    """The first of `run` whose sizes fit; what is too long on its own is passed over."""
    kept: list[int] = []
    for at in run:
        if sizes[at] <= room:
            room -= sizes[at]
            kept.append(at)
        elif kept:
            break
    return kept


def question_for(members: dict[str, Rule]) -> str:
    lines = [
        "Which of these are in the transcript above? For each: present true or false, and if true a"
    ]
    lines.append("short quote, word for word, that shows it, else an empty quote.")
    lines += [f"- {name}: {rule.says}" for name, rule in members.items()]
    shape = ", ".join(f'"{name}": {{"present": false, "quote": ""}}' for name in members)
    return "\n".join([*lines, f"Answer as JSON: {{{shape}}}"])


def parsed(answer: str, names: Iterable[str]) -> dict[str, dict[str, Any]]:
    """The judge's answer, whole. Raises JudgeFailed for anything that is not the JSON asked for."""
    match = re.search(r"\{.*\}", answer, re.DOTALL)
    try:
        data = json.loads(match[0] if match else answer)
        result = {}
        for name in names:
            entry = data[name]
            if not isinstance(entry["present"], bool):
                raise TypeError(name)
            result[name] = {"present": entry["present"], "quote": str(entry.get("quote") or "")}
        return result
    except (ValueError, KeyError, TypeError, AttributeError) as problem:
        start = " ".join(answer.split())[:60]
        raise JudgeFailed(f"its answer is not the JSON asked for ({problem!r}): {start}") from None


def kappa(pairs: Iterable[tuple[bool, bool]]) -> float | None:
    """Cohen's kappa of two raters on yes/no; None where chance agreement is certain (all alike)."""
    counts = Counter(pairs)
    total = counts.total()
    if not total:
        return None
    agreed = (counts[True, True] + counts[False, False]) / total
    a = (counts[True, True] + counts[True, False]) / total
    b = (counts[True, True] + counts[False, True]) / total
    chance = a * b + (1 - a) * (1 - b)
    return None if chance >= 1 else (agreed - chance) / (1 - chance)


def _asked(judge: Judge, text: str, members: dict[str, Rule]) -> dict[str, dict[str, Any]]:
    names = list(members)
    answer = judge.answer(text, question_for(members), names)
    try:
        found = parsed(answer, names)
    except JudgeFailed:  # once more; a server without schemas sometimes talks around the JSON
        found = parsed(judge.answer(text, question_for(members) + "\nOnly the JSON.", names), names)
    plain = _plain(text)
    for entry in found.values():
        entry["quote_found"] = bool(entry["quote"]) and _plain(entry["quote"]) in plain
    return found


def _plain(text: str) -> str:
    return " ".join(re.findall(r"[a-z0-9']+", text.lower()))


def _compare(result: Annotated, sources: list[Kept], rules: FilterRules) -> None:
    """Agreement between the judge and the detectors over all that is annotated so far."""
    pairs: dict[str, list[tuple[bool, bool]]] = {}
    quotes: Counter[bool] = Counter()
    files = 0
    for kept in sources:
        try:
            data = json.loads((result.folder / f"{kept.source}.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        files += 1
        for group, members in data["features"].items():
            for name, entry in members.items():
                theirs = kept.facts["features"].get(group, {}).get(name) is not None
                pairs.setdefault(f"{group}.{name}", []).append((theirs, entry["present"]))
                pairs.setdefault(group, []).append((theirs, entry["present"]))
                if entry["present"]:
                    quotes[bool(entry.get("quote_found"))] += 1
        met = holds(rules.rule, kept.facts["scores"])
        pairs.setdefault("the rule", []).append((met, bool(data["accepted"])))
    result.agreement = {
        "files": files,
        "quotes_found": quotes[True],
        "quotes_not_in_the_text": quotes[False],
        "kappa": {
            name: {
                "n": len(values),
                "agree": round(sum(a == b for a, b in values) / len(values), 3),
                "kappa": None if (k := kappa(values)) is None else round(k, 3),
                "detectors_yes": sum(a for a, _ in values),
                "judge_yes": sum(b for _, b in values),
            }
            for name, values in pairs.items()
        },
    }
    if files:
        write_json(result.folder / "agreement.json", result.agreement)


def _kept_answer(path: Path, key: str) -> dict[str, Any] | None:
    try:
        data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return data if data.get("key") == key else None


def _key(judge: str, text: str, rules: FilterRules) -> str:
    asked = json.dumps({g: question_for(members) for g, members in rules.groups.items()})
    parts = "\x1f".join((str(VERSION), judge, asked, rules.rule, text))
    return hashlib.sha256(parts.encode()).hexdigest()[:32]


def _folder_name(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-")[:80]
