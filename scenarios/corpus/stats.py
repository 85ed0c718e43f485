"""The paper's table and distributions: files, turns, words and tokens per split; lengths, roles,
outcomes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scenarios.corpus.splits import SPLITS
from scenarios.corpus.transcript import ROLES, Role, Transcript

#: Upper bounds of the classes of turn length, in words; the last class is open.
LENGTHS = (3, 6, 10, 15, 20, 30, 50, 100)
#: What the paper reports of the whole data set (arXiv 2604.13075), for comparison.
PAPER = {"files": 1500, "turns": 285_887, "tokens": 4_700_000}


@dataclass(slots=True)
class Statistics:
    counted_by: str
    per_split: dict[str, Counter[str]] = field(
        default_factory=lambda: {s: Counter() for s in SPLITS}
    )
    lengths: dict[Role, Counter[str]] = field(default_factory=dict)
    outcomes: Counter[str] = field(default_factory=Counter)
    platforms: Counter[str] = field(default_factory=Counter)

    def add(
        self, transcript: Transcript, split: str, outcome: str, count: Callable[[str], int]
    ) -> None:
        row = self.per_split[split]
        row["files"] += 1
        row["turns"] += len(transcript.turns)
        self.outcomes[outcome] += 1
        self.platforms[transcript.platform] += 1
        for turn in transcript.turns:
            words = len(turn.text.split())
            row["words"] += words
            row["tokens"] += count(turn.text)
            self.lengths.setdefault(turn.role, Counter())[length_class(words)] += 1

    def add_row(self, split: str, tokens: int, learnt: int, answers: int) -> None:
        row = self.per_split[split]
        row["chat rows"] += 1
        row["chat tokens"] += tokens
        row["answers learnt"] += learnt
        row["answers"] += answers

    def total(self) -> Counter[str]:
        total: Counter[str] = Counter()
        for row in self.per_split.values():
            total.update(row)
        return total

    def as_dict(self) -> dict[str, Any]:
        return {
            "tokens_counted_by": self.counted_by,
            "splits": {split: dict(row) for split, row in self.per_split.items()},
            "total": dict(self.total()),
            "paper": PAPER,
            "turn_length_words": {role: dict(self.lengths.get(role, {})) for role in ROLES},
            "outcomes": dict(self.outcomes.most_common()),
            "platforms": dict(self.platforms.most_common()),
        }

    def as_markdown(self) -> str:
        columns = ("files", "turns", "words", "tokens", "chat rows", "answers learnt", "answers")
        lines = [
            "| split | " + " | ".join(columns) + " |",
            "|---|" + "---:|" * len(columns),
        ]
        for name, row in [*self.per_split.items(), ("all", self.total())]:
            lines.append(f"| {name} | " + " | ".join(f"{row[c]:,}" for c in columns) + " |")
        paper = [f"{PAPER[c]:,}" if c in PAPER else "" for c in columns]
        lines.append("| *paper, whole data set* | " + " | ".join(paper) + " |")
        lines += ["", f"Tokens by {self.counted_by}.", "", "Turns by role and length in words:", ""]
        classes = [length_class(bound) for bound in LENGTHS] + [length_class(LENGTHS[-1] + 1)]
        lines += ["| role | turns | " + " | ".join(classes) + " |"]
        lines += ["|---|---:|" + "---:|" * len(classes)]
        for role in ROLES:
            counts = self.lengths.get(role, Counter())
            if total := counts.total():
                shares = " | ".join(f"{counts[c] / total:.0%}" for c in classes)
                lines.append(f"| {role.replace('_', ' ')} | {total:,} | {shares} |")
        lines += ["", "Outcome of the encounter, as far as the last words show: "]
        lines[-1] += ", ".join(f"{name} {n}" for name, n in self.outcomes.most_common()) + "."
        return "\n".join(lines) + "\n"


def length_class(words: int) -> str:
    low = 1
    for bound in LENGTHS:
        if words <= bound:
            return f"{low}-{bound}"
        low = bound + 1
    return f"{low}+"


def draw(statistics: Statistics, folder: Path) -> list[Path]:
    """The plots beside the card, as PNG."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    folder.mkdir(parents=True, exist_ok=True)
    classes = [length_class(bound) for bound in LENGTHS] + [length_class(LENGTHS[-1] + 1)]
    made = []
    figure, axes = plt.subplots(figsize=(7, 3.6))
    for role in ("officer", "civilian"):
        counts = statistics.lengths.get(role, Counter())
        total = max(1, counts.total())
        axes.plot(classes, [100 * counts[c] / total for c in classes], marker="o", label=role)
    axes.set(xlabel="words in a turn", ylabel="% of the role's turns", title="Turn length")
    axes.legend(frameon=False)
    made.append(_saved(figure, folder / "turn_length.png"))
    totals = {str(role): statistics.lengths.get(role, Counter()).total() for role in ROLES}
    roles = {role: total for role, total in totals.items() if total}
    bars: dict[str, dict[str, int]] = {
        "roles": roles,
        "outcomes": dict(statistics.outcomes.most_common()),
    }
    for name, values in bars.items():
        figure, axes = plt.subplots(figsize=(7, 3.2))
        drawn = axes.barh([str(k).replace("_", " ") for k in values], list(values.values()))
        axes.bar_label(drawn, fmt="{:,.0f}", padding=3)
        axes.margins(x=0.12)
        axes.xaxis.set_major_formatter("{x:,.0f}")
        axes.invert_yaxis()
        axes.set(xlabel="turns" if name == "roles" else "files", title=name.capitalize())
        made.append(_saved(figure, folder / f"{name}.png"))
    return made


def _saved(figure: Any, path: Path) -> Path:
    from matplotlib import pyplot as plt

    figure.tight_layout()
    figure.savefig(path, dpi=130)
    plt.close(figure)
    return path
