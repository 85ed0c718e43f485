"""Choosing what to play: search and filters, and what fits a person's weak skills."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from scenarios.behaviours import BEHAVIOURS, FAULTS, SKILLS, BehaviourId
from scenarios.errors import BadScenario
from scenarios.likeness import plain_words
from scenarios.loader import Loaded
from scenarios.schema import Category, ContentLevel, Scenario

CATEGORIES: tuple[str, ...] = get_args(Category)
CONTENT_LEVELS: tuple[str, ...] = get_args(ContentLevel)

#: What to practise instead of a fault.
INSTEAD_OF: dict[BehaviourId, BehaviourId] = {
    "threat": "offers_options",
    "insult": "courtesy",
    "dismissive": "emotion_label",
    "command": "clear_request",
    "repeated_order": "offers_options",
    "stacked_questions": "open_question",
    "lecturing": "paraphrase",
    "false_promise": "explains_why",
    "accusation": "open_question",
}


@dataclass(frozen=True)
class Wish:
    """What is asked of a scenario; None and empty ask nothing.

    difficulty: (lowest, highest). without: words that no content warning may have in it.
    """

    words: str = ""
    categories: tuple[str, ...] = ()
    difficulty: tuple[int, int] = (1, 5)
    skills: tuple[str, ...] = ()
    minutes: int | None = None
    content: str | None = None
    without: tuple[str, ...] = ()
    without_warnings: bool = False


def fitting(library: Iterable[Loaded], wish: Wish) -> list[Loaded]:
    """Those that fit, in their order; where words are searched for, the best match first."""
    found = [(loaded, _match(loaded.scenario, wish.words)) for loaded in library]
    kept = [(loaded, match) for loaded, match in found if match and _fits(loaded.scenario, wish)]
    return [loaded for loaded, _ in sorted(kept, key=lambda row: -row[1])]


def _fits(scenario: Scenario, wish: Wish) -> bool:
    low, high = wish.difficulty
    warned = " ".join([*scenario.content.warnings, scenario.category]).lower()
    levels = CONTENT_LEVELS[: CONTENT_LEVELS.index(wish.content) + 1] if wish.content else ()
    return (
        (not wish.categories or scenario.category in wish.categories)
        and low <= scenario.difficulty.level <= high
        and set(wish.skills) <= set(scenario.skills)
        and (wish.minutes is None or scenario.minutes <= wish.minutes)
        and (not levels or scenario.content.level in levels)
        and not any(word.lower() in warned for word in wish.without)
        and not (wish.without_warnings and scenario.content.warnings)
    )


def _match(scenario: Scenario, words: str) -> int:
    """How well a scenario answers a search: 0 where a word of it is nowhere, more for the title."""
    person = scenario.civilian
    places = (
        (8, f"{scenario.id} {scenario.title} {scenario.category}"),
        (4, f"{' '.join(scenario.tags)} {scenario.summary} {person.name} {person.role}"),
        (2, f"{scenario.setting} {person.background} {' '.join(scenario.difficulty.because)}"),
        (1, f"{scenario.briefing.dispatch} {' '.join(scenario.debrief.key_lessons)}"),
    )
    heard = [(weight, plain_words(text.replace("_", " "))) for weight, text in places]
    total = 1
    for word in plain_words(words):
        best = max((w for w, text in heard if any(t.startswith(word) for t in text)), default=0)
        if not best:
            return 0
        total += best
    return total


@dataclass(frozen=True)
class Suggestion:
    """A scenario and the weak skills it trains, the weakest first."""

    loaded: Loaded
    trains: tuple[BehaviourId, ...]


def suggested(library: Iterable[Loaded], weights: dict[BehaviourId, float]) -> list[Suggestion]:
    """Scenarios that train what is weak, the best first; the easier first where equal.

    weights: skill -> how much it is wanted, above 0. Drafts and scenarios that train none are left
    out.
    """
    rows = []
    for loaded in library:
        trains = sorted(set(loaded.scenario.skills) & set(weights), key=lambda s: -weights[s])
        score = sum(weights[skill] for skill in trains)
        if trains and not loaded.is_draft:
            rows.append((-score, loaded.scenario.difficulty.level, loaded.id, loaded, trains))
    return [
        Suggestion(loaded, tuple(trains))
        for *_, loaded, trains in sorted(rows, key=lambda r: r[:3])
    ]


def wanted_skills(names: Sequence[str]) -> dict[BehaviourId, float]:
    """Weights for behaviours named by a person; a fault asks for what to practise instead of it."""
    found: dict[BehaviourId, float] = {}
    for name in names:
        known = behaviour(name)
        found[INSTEAD_OF.get(known, known)] = 1.0
    return found


def weak_skills(path: Path) -> dict[BehaviourId, float]:
    """Weights from a JSON file: a list of behaviour ids, or how often each was seen.

    Of counts, a skill is wanted the more the less it was shown, and what replaces a fault the more
    the fault was shown. Raises BadScenario for anything else.
    """
    try:
        told = json.loads(path.read_text("utf-8"))
    except OSError as problem:
        raise BadScenario(f"{path}: cannot be read ({problem.strerror})") from None
    except (json.JSONDecodeError, UnicodeDecodeError):
        raise BadScenario(f"{path}: not JSON; expected behaviour ids or their counts") from None
    if isinstance(told, list) and all(isinstance(name, str) for name in told) and told:
        return wanted_skills(told)
    if not isinstance(told, dict) or not told:
        raise BadScenario(f'{path}: expected ["open_question", …] or {{"open_question": 3, …}}')
    counts: dict[BehaviourId, float] = {}
    for name, count in told.items():
        if isinstance(count, bool) or not isinstance(count, int | float) or count < 0:
            raise BadScenario(f"{path}: {name}: expected a count of 0 or more, found {count!r}")
        counts[behaviour(name)] = count
    most = max(counts.values())
    found: dict[BehaviourId, float] = {
        skill: 1 / (1 + counts[skill]) for skill in SKILLS if skill in counts
    }
    for fault in FAULTS:
        if counts.get(fault):
            skill = INSTEAD_OF[fault]
            found[skill] = found.get(skill, 0.0) + counts[fault] / most
    return {skill: weight for skill, weight in found.items() if weight > 0}


def behaviour(name: str) -> BehaviourId:
    """The behaviour of that id. Raises BadScenario, with close ids, where there is none."""
    for known in BEHAVIOURS:
        if name.strip().lower().replace("-", "_").replace(" ", "_") == known:
            return known
    import difflib

    close = difflib.get_close_matches(name, list(BEHAVIOURS), n=3, cutoff=0.4)
    hint = f"; did you mean {' or '.join(close)}?" if close else f"; there are {', '.join(SKILLS)}"
    raise BadScenario(f"no behaviour '{name}'{hint}")


def levels(text: str) -> tuple[int, int]:
    """A difficulty "3" or a range "1-3". Raises BadScenario for anything else."""
    low, dash, high = text.partition("-")
    try:
        found = (int(low), int(high) if dash else int(low))
    except ValueError:
        found = (0, 0)
    if not 1 <= found[0] <= found[1] <= 5:
        raise BadScenario(f"--difficulty {text}: expected a level 1 to 5, or a range such as 1-3")
    return found
