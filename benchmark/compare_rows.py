"""The leaderboard: one row a device, model and settings; what nobody beats, and who fails the accuracy gate."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from benchmark.compare import Found, settings_key
from benchmark.runfile import RunFile
from benchmark.score_paired import paired

#: Within this of the float model's ROUGE-L, and at least so much of the length of its replies: MLPerf's rule that
#: speed must not be bought with worse or shorter answers.
ACCURACY, LENGTH = 0.99, 0.90
FLOAT = ("F16", "BF16", "F32")

Better = Literal["higher", "lower"]
#: Columns: name, (kind, figure), unit, which way is good, heading.
SPEED: dict[str, tuple[str, str, str, Better, str]] = {
    "reply_ms": ("dialogue", "reply_ms", "ms", "lower", "whole reply"),
    "ttft_warm_ms": ("latency", "ttft_warm_ms", "ms", "lower", "first token, warm"),
    "ttft_cold_ms": ("latency", "ttft_cold_ms", "ms", "lower", "first token, cold"),
    "prefill": ("latency", "pp512@d0", "tokens/s", "higher", "prefill"),
    "decode": ("latency", "tg32@d0", "tokens/s", "higher", "decode"),
    "peak_mb": ("latency", "peak_mb", "MB", "lower", "memory"),
    "decode_tokens_per_joule": (
        "latency",
        "decode_tokens_per_joule",
        "tokens/J",
        "higher",
        "decode per joule",
    ),
}
#: Quality figures in the order in which a table shows those that there are.
QUALITY = (
    *("rouge_l", "bleu_4_corpus", "bleu_4_sentence", "meteor", "bertscore_f1", "perplexity"),
    *("told_apart_auc", "kl_to_f16", "same_top_as_f16", "realism", "deescalation", "human_realism"),
    *("assistant_share", "role_break_share", "refusal_share", "complies_share", "reply_words"),
)


@dataclass
class Row:
    """values: by column; None where it was not measured. gate: of accuracy; why: in words. score: the run of those."""

    device: str
    model: str
    name: str
    quantisation: str
    megabytes: float
    sha256: str
    settings: dict[str, object]
    values: dict[str, float | None] = field(default_factory=dict)
    intervals: dict[str, tuple[float, float]] = field(default_factory=dict)
    front: bool = False
    gate: Literal["passes", "fails", "reference", "not told"] = "not told"
    why: str = ""
    notes: list[str] = field(default_factory=list)
    runs: list[str] = field(default_factory=list)
    score: RunFile | None = None

    @property
    def label(self) -> str:
        threads = self.settings.get("threads")
        return f"{self.model}, {threads} threads" if threads else self.model


@dataclass
class Board:
    """Rows in order; `objectives`: what the front was taken over; `quality`: the quality columns there are."""

    rows: list[Row]
    quality: list[str]
    objectives: list[str]


def board(found: Sequence[Found]) -> Board:
    """Put latency and dialogue runs of a device together, and give every row its model's quality.

    Quality belongs to the weights, not to the device: it is taken over by the model's hash. Where one cell was
    measured several times, the newest counts.
    """
    rows: dict[tuple[str, str, str], Row] = {}
    ordered = sorted(found, key=lambda one: one.run.began_at)
    for one in ordered:
        if one.kind in ("latency", "dialogue") and one.run.models:
            key = (one.device, one.run.models[0].sha256, settings_key(one.run))
            row = rows.setdefault(key, _row(one))
            _take(row, one)
    quality = _quality(ordered, rows)
    made = list(rows.values())
    _gate(made)
    objectives = _front(made)
    made.sort(key=lambda row: (row.gate == "fails", _first(row), row.megabytes))
    return Board(made, quality, objectives)


def _row(one: Found) -> Row:
    model = one.run.models[0]
    names = ("threads", "slice_tokens", "flash_attention", "gpu_layers", "lora")
    return Row(
        device=one.device,
        model=one.model,
        name=model.name or model.id,
        quantisation=model.quantisation,
        megabytes=round(model.bytes / 1e6, 1),
        sha256=model.sha256,
        settings={name: one.run.settings.get(name) for name in names},
    )


def _take(row: Row, one: Found) -> None:
    row.runs.append(one.path.name)
    row.notes += [note for note in one.run.notes if note not in row.notes]
    for column, (kind, figure, *_) in SPEED.items():
        if kind == one.kind:
            _fill(row, column, one, figure)


def _fill(row: Row, column: str, one: Found, figure: str) -> None:
    try:
        told = one.run.figure(figure)
    except KeyError:
        return
    row.values[column] = told.value
    if told.low is not None and told.high is not None:
        row.intervals[column] = (told.low, told.high)


def _quality(ordered: Sequence[Found], rows: dict[tuple[str, str, str], Row]) -> list[str]:
    """Give the figures of score, judge and human runs to the rows of their model; a model without a row gets one."""
    seen: set[str] = set()
    for one in ordered:
        if one.kind not in ("score", "judge", "human") or not one.run.models:
            continue
        sha256 = one.run.models[0].sha256
        theirs = [row for row in rows.values() if row.sha256 == sha256]
        if not theirs:
            row = rows.setdefault(("not measured", sha256, ""), _row(one))
            row.device = "speed not measured"
            theirs = [row]
        for row in theirs:
            row.runs.append(one.path.name)
            row.score = one.run if one.kind == "score" else row.score
            for figure in one.run.figures:
                column = f"human_{figure.name}" if one.kind == "human" else figure.name
                if figure.value is not None and column in QUALITY:
                    seen.add(column)
                    _fill(row, column, one, figure.name)
    return [name for name in QUALITY if name in seen]


def _gate(rows: list[Row]) -> None:
    """Within 1 % of the float model's ROUGE-L and at least 90 % of its length, among quantisations of one model."""
    for row in rows:
        score, words = row.values.get("rouge_l"), row.values.get("reply_words")
        if score is None:
            row.why = "no quality was measured for these weights"
            continue
        reference = next(
            (
                other
                for other in rows
                if other.name == row.name
                and other.quantisation in FLOAT
                and other.values.get("rouge_l") is not None
            ),
            None,
        )
        if reference is None:
            row.why = "no F16 of this model was measured to hold it to"
            continue
        if row.quantisation in FLOAT:
            row.gate, row.why = "reference", "the float model itself"
            continue
        asked = ACCURACY * (reference.values["rouge_l"] or 0.0)
        length = LENGTH * (reference.values.get("reply_words") or 0.0)
        if score < asked:
            row.gate = _worse(row, reference, "rouge_l")
            row.why = f"ROUGE-L {score:.2f}, asked {asked:.2f} ({ACCURACY:.0%} of F16's)"
        elif words is not None and words < length:
            row.gate = _worse(row, reference, "reply_words")
            row.why = f"{words:.1f} words a reply, asked {length:.1f} ({LENGTH:.0%} of F16's)"
        else:
            row.gate, row.why = "passes", f"ROUGE-L {score:.2f}, asked {asked:.2f}"
        if row.gate == "not told":
            row.why += ": so few turns do not tell them apart, ask more (--turns)"


def _worse(row: Row, reference: Row, column: str) -> Literal["fails", "not told"]:
    """Whether what is less than asked is so by more than chance, turn by turn."""
    if row.score is None or reference.score is None:
        return "fails"
    of_turns = {one.name: one for one in paired(reference.score, row.score)}
    return "fails" if column not in of_turns or of_turns[column].high < 0 else "not told"


def _front(rows: list[Row]) -> list[str]:
    """Mark the rows that no other row of the same device beats in everything; returns what was weighed."""
    ways: dict[str, Better] = {
        "rouge_l": "higher",
        "reply_ms": "lower",
        "ttft_warm_ms": "lower",
        "peak_mb": "lower",
        "decode_tokens_per_joule": "higher",
    }
    there = {
        name: better
        for name, better in ways.items()
        if rows and all(row.values.get(name) is not None for row in rows)
    }
    if "reply_ms" in there:
        there.pop("ttft_warm_ms", None)  # part of it
    if len(there) < 2:
        return []
    for row in rows:
        rivals = [r for r in rows if r is not row and r.device == row.device and r.gate != "fails"]
        row.front = row.gate != "fails" and not any(_beats(rival, row, there) for rival in rivals)
    return list(there)


def _beats(one: Row, other: Row, ways: dict[str, Better]) -> bool:
    """As good in everything and better in something."""
    signs = [
        (1 if better == "higher" else -1)
        * ((one.values[name] or 0.0) - (other.values[name] or 0.0))
        for name, better in ways.items()
    ]
    return min(signs) >= 0 and max(signs) > 0


def _first(row: Row) -> float:
    value = row.values.get("reply_ms") or row.values.get("ttft_warm_ms")
    return value if value is not None else float("inf")


def medians(found: Sequence[Found], prefix: str) -> dict[int, float]:
    """Depth -> middle of the samples of a shape family (`pp`, `tg`) of one run each."""
    depths: dict[int, float] = {}
    for one in found:
        for name, samples in one.run.samples.items():
            if name.startswith(prefix) and "@d" in name and "_" not in name and samples:
                depths[int(name.partition("@d")[2])] = statistics.median(samples)
    return dict(sorted(depths.items()))
