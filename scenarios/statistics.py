"""Counts over the library, and how its replies compare with those of the corpus's civilians."""

from __future__ import annotations

import importlib
import itertools
import json
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from scenarios.behaviours import BEHAVIOURS
from scenarios.contradictions import reached
from scenarios.errors import BadScenario, ScenarioError
from scenarios.likeness import plain_words
from scenarios.loader import Loaded
from scenarios.whole_file import write_whole

#: Numbers of the published corpus's civilians, without a word of theirs.
CORPUS_STATISTICS = Path(__file__).with_name("corpus_statistics.json")

_LENGTHS = (
    (0, 0),
    (1, 2),
    (3, 4),
    (5, 6),
    (7, 9),
    (10, 13),
    (14, 17),
    (18, 24),
    (25, 39),
    (40, 9999),
)
_AGES = ((0, 12), (13, 17), (18, 29), (30, 44), (45, 64), (65, 200))
#: Replies to a draw for distinct-2, which falls as a text grows: both sides are drawn alike.
_DRAW, _DRAWS = 1000, 10


@dataclass(frozen=True)
class ReplyStatistics:
    """How a set of replies is made. Shares are of all replies, 0 to 1.

    distinct_2: distinct word pairs over all word pairs (Li et al. 2016), the mean over ten seeded
    draws of 1,000 replies; None where there are fewer. top_10_share: replies that are one of the ten
    commonest.
    """

    replies: int
    mean_words: float
    lengths: dict[str, float]
    distinct_2: float | None
    top_10_share: float


def length_names() -> list[str]:
    return [_range_name(low, high, 9999) for low, high in _LENGTHS]


def reply_statistics(replies: Sequence[str]) -> ReplyStatistics:
    """Raises BadScenario where there is no reply."""
    if not replies:
        raise BadScenario("there is no reply to count")
    counts = [len(plain_words(reply)) for reply in replies]
    lengths = {
        _range_name(low, high, 9999): round(sum(low <= n <= high for n in counts) / len(counts), 4)
        for low, high in _LENGTHS
    }
    top = commonest(replies)
    return ReplyStatistics(
        len(replies),
        round(sum(counts) / len(counts), 2),
        lengths,
        _distinct_2(replies),
        round(sum(count for _, count in top) / len(replies), 4),
    )


def lengths_apart(one: ReplyStatistics, other: ReplyStatistics) -> float:
    """Share of replies, 0 to 1, that would have to be of another length for both to be alike.

    The total variation distance of the two histograms.
    """
    names = {*one.lengths, *other.lengths}
    differences = (abs(one.lengths.get(n, 0.0) - other.lengths.get(n, 0.0)) for n in names)
    return round(sum(differences) / 2, 4)


def commonest(replies: Sequence[str], most: int = 10) -> list[tuple[str, int]]:
    """The commonest replies without case and punctuation; silence is "…"."""
    return Counter(" ".join(plain_words(reply)) or "…" for reply in replies).most_common(most)


def _distinct_2(replies: Sequence[str]) -> float | None:
    if len(replies) < _DRAW:
        return None
    shares = []
    for seed in range(_DRAWS):
        pairs: list[tuple[str, str]] = []
        for reply in random.Random(seed).sample(list(replies), _DRAW):
            words = plain_words(reply)
            pairs += itertools.pairwise(words)
        shares.append(len(set(pairs)) / max(1, len(pairs)))
    return round(sum(shares) / len(shares), 4)


def balance(library: Sequence[Loaded]) -> dict[str, dict[str, int]]:
    """Tables of how often each kind occurs, in the order in which they are read."""
    rows = [loaded.scenario for loaded in library]
    dialogues = [(loaded.scenario, dialogue) for loaded in library for dialogue in loaded.dialogues]
    outcomes: Counter[str] = Counter()
    by_officer: Counter[str] = Counter()
    for scenario, dialogue in dialogues:
        told = {name for exchange in dialogue.exchanges for name in exchange.state.tells}
        ending = reached(scenario, dialogue, len(dialogue.exchanges) - 1, told)
        outcomes[ending.band if ending else "open"] += 1
        by_officer[f"{dialogue.officer}: {ending.band if ending else 'open'}"] += 1
    return {
        "category": _counted(row.category for row in rows),
        "difficulty": _counted(row.difficulty.level for row in rows),
        "gender": _counted(row.civilian.gender for row in rows),
        "age": {
            _range_name(low, high, 200): sum(low <= row.civilian.age <= high for row in rows)
            for low, high in _AGES
        },
        "content": _counted(row.content.level for row in rows),
        "talked_down": _counted("yes" if row.civilian.can_be_talked_down else "no" for row in rows),
        "endings": _counted(ending.band for row in rows for ending in row.endings),
        "skills_trained": _counted(skill for row in rows for skill in row.skills),
        "dialogue_officer": _counted(dialogue.officer for _, dialogue in dialogues),
        "dialogue_subject_type": _counted(dialogue.subject_type for _, dialogue in dialogues),
        "dialogue_outcome": dict(sorted(outcomes.items())),
        "outcome_by_officer": dict(sorted(by_officer.items())),
    }


def label_counts(library: Sequence[Loaded]) -> dict[str, int]:
    """Officer lines with each behaviour, in the order of `scenarios.behaviours`, zeros included."""
    found = Counter(
        behaviour
        for loaded in library
        for dialogue in loaded.dialogues
        for exchange in dialogue.exchanges
        for behaviour in set(exchange.does)
    )
    return {behaviour: found[behaviour] for behaviour in BEHAVIOURS}


def corpus_statistics() -> ReplyStatistics:
    """Those that come with the library."""
    return ReplyStatistics(**json.loads(CORPUS_STATISTICS.read_text("utf-8"))["replies"])


def write_corpus_statistics(statistics: ReplyStatistics, path: Path) -> None:
    """Numbers only: none of the corpus's words."""
    whole = {"of": "civilian answers of DeEscalWild, train split", "replies": asdict(statistics)}
    write_whole(path, (json.dumps(whole, indent=2) + "\n").encode())


def corpus_replies(path: Path) -> list[str]:
    """Civilian answers of a corpus: chat rows (JSON Lines or Parquet), or the table of its turns.

    Raises BadScenario for a file that is neither, ScenarioError where Parquet cannot be read here.
    """
    if not path.is_file():
        raise BadScenario(f"{path}: there is no such file")
    rows = _json_rows(path) if path.suffix == ".jsonl" else _parquet_rows(path)
    found: list[str] = []
    before: tuple[Any, Any] | None = None
    for row in rows:
        if "messages" in row:
            counts = row.get("trains") or [True] * len(
                row["messages"]
            )  # a window carries turns over
            answers = zip(row["messages"], counts, strict=True)
            found += [m["content"] for m, new in answers if m["role"] == "assistant" and new]
        elif "role" in row and "text" in row:
            voice = (row.get("source"), row.get("speaker"))
            if row["role"] == "civilian" and voice == before:
                found[-1] += " " + row["text"]  # one voice that goes on is one reply
            elif row["role"] == "civilian":
                found.append(row["text"])
            before = voice if row["role"] == "civilian" else None
        else:
            raise BadScenario(f"{path}: expected rows with messages, or with role and text")
    return found


def _json_rows(path: Path) -> list[dict[str, Any]]:
    rows = []
    with path.open(encoding="utf-8", errors="replace") as lines:
        for number, line in enumerate(lines, 1):
            try:
                row = json.loads(line)
            except json.JSONDecodeError as problem:
                raise BadScenario(f"{path}:{number}: not JSON: {problem.msg}") from None
            if not isinstance(row, dict):
                raise BadScenario(
                    f"{path}:{number}: expected an object, found {type(row).__name__}"
                )
            rows.append(row)
    return rows


def _parquet_rows(path: Path) -> list[dict[str, Any]]:
    try:
        arrow: Any = importlib.import_module("pyarrow.parquet")
    except ImportError:
        raise ScenarioError(
            f"{path}: reading Parquet needs pyarrow; give the .jsonl beside it instead"
        ) from None
    try:
        rows: list[dict[str, Any]] = arrow.read_table(path).to_pylist()
    except (ValueError, OSError) as problem:  # ArrowInvalid is a ValueError
        raise BadScenario(f"{path}: is not a Parquet file ({problem})") from None
    return rows


def _counted(values: Any) -> dict[str, int]:
    return {str(value): count for value, count in sorted(Counter(values).items())}


def _range_name(low: int, high: int, endless: int) -> str:
    return f"{low}+" if high == endless else str(low) if low == high else f"{low}-{high}"
