"""Everything a report says, before it is drawn or written: one structure for page, CSV and Markdown."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from benchmark.compare import BESIDE, Found, require_alike
from benchmark.compare_gate import Change
from benchmark.compare_rows import SPEED, Board, Row, board

#: Headings of the quality columns; figures without one are shown by name.
QUALITY_HEADINGS = {
    "rouge_l": ("ROUGE-L", "%"),
    "bleu_4_corpus": ("BLEU-4, corpus", "%"),
    "bleu_4_sentence": ("BLEU-4, sentence mean", "%"),
    "meteor": ("METEOR", "%"),
    "bertscore_f1": ("BERTScore F1", ""),
    "perplexity": ("perplexity", ""),
    "told_apart_auc": ("told from real, AUC", ""),
    "kl_to_f16": ("KL to F16", "nats"),
    "same_top_as_f16": ("same top token as F16", "%"),
    "realism": ("realism, judged", ""),
    "deescalation": ("de-escalation, judged", ""),
    "human_realism": ("realism, people", ""),
    "assistant_share": ("assistant voice", "%"),
    "role_break_share": ("breaks role", "%"),
    "refusal_share": ("refuses", "%"),
    "complies_share": ("goes along", "%"),
    "reply_words": ("words a reply", "words"),
}


@dataclass(frozen=True)
class Column:
    """name: key of a row's values."""

    name: str
    heading: str
    unit: str


@dataclass(frozen=True)
class Published:
    """The paper's rows: published, not measured here."""

    source: str
    note: str
    columns: list[str]
    rows: list[list[Any]]


@dataclass
class Report:
    """found: ranked runs; beside: those that are only shown; changes: against a baseline, where one was given."""

    found: list[Found]
    beside: list[Found]
    board: Board
    columns: list[Column]
    published: Published
    changes: list[Change] = field(default_factory=list)
    alone: list[str] = field(default_factory=list)

    @property
    def devices(self) -> dict[str, dict[str, Any]]:
        """Device in words -> what its newest run says of it; those where nothing was timed are left out."""
        timed = [one for one in self.found if one.kind not in ("score", "judge", "human")]
        return {one.device: one.run.device for one in timed or self.found}

    def of_kind(self, kind: str) -> list[Found]:
        return [one for one in self.found if one.kind == kind]


def make_report(found: Sequence[Found]) -> Report:
    """Raises BadBenchmarkInput where the runs are unlike."""
    ranked = [one for one in found if one.kind not in BESIDE]
    beside = [one for one in found if one.kind in BESIDE]
    require_alike(ranked)
    made = board(ranked)
    there = [name for name in SPEED if any(row.values.get(name) is not None for row in made.rows)]
    columns = [Column(name, SPEED[name][4], SPEED[name][2]) for name in there]
    columns += [Column(n, *QUALITY_HEADINGS.get(n, (n, ""))) for n in made.quality]
    return Report(list(ranked), beside, made, columns, published())


@functools.cache
def published() -> Published:
    data = yaml.safe_load(Path(__file__).with_name("published.yaml").read_text(encoding="utf-8"))
    return Published(**data)


def number(value: float | None) -> str:
    """As many places as mean something; a dash where nothing was measured."""
    if value is None:
        return "–"
    size = abs(value)
    places = 0 if size >= 100 else 1 if size >= 10 else 2 if size >= 1 else 3
    return f"{value:,.{places}f}"


def cell(row: Row, column: Column) -> str:
    return number(row.values.get(column.name))


def interval(row: Row, column: Column) -> str:
    found = row.intervals.get(column.name)
    return f"{number(found[0])} … {number(found[1])}" if found else ""


def settings_in_words(row: Row) -> str:
    """`2 threads, 128 at once, flash attention off`."""
    told = []
    if row.settings.get("threads"):
        told.append(
            f"{row.settings['threads']} thread{'s' if row.settings['threads'] != 1 else ''}"
        )
    if row.settings.get("slice_tokens"):
        told.append(f"{row.settings['slice_tokens']} at once")
    flash = {0: "no flash attention", 1: "flash attention"}.get(row.settings.get("flash_attention"))  # type: ignore[call-overload]
    if flash:
        told.append(flash)
    if row.settings.get("gpu_layers"):
        told.append(f"{row.settings['gpu_layers']} layers on the GPU")
    return ", ".join(told)
