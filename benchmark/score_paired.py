"""Two scores on the same turns: is the new model better, or was it luck? Reads run files and nothing else."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from benchmark.errors import BadBenchmarkInput
from benchmark.generate_record import Manifest
from benchmark.metrics.intervals import mean_interval, paired_difference, ratio_interval
from benchmark.runfile import RunFile, Workload
from benchmark.score_figures import BLEU_COLUMNS

#: Sample columns that are compared: unit, scale, which way is good.
_COLUMNS: dict[str, tuple[str, float, Literal["higher", "lower"] | None]] = {
    "rouge_l": ("%", 100, "higher"),
    "bleu4_script": ("%", 100, "higher"),
    "meteor": ("%", 100, "higher"),
    "bertscore_f1": ("", 1, "higher"),
    "reply_words": ("words", 1, None),
    "short_share": ("%", 100, None),
    "assistant_voice_rate": ("%", 100, "lower"),
    "role_break_rate": ("%", 100, "lower"),
    "refusal_rate": ("%", 100, "lower"),
    "cut_rate": ("%", 100, "lower"),
    "compliance_rate": ("%", 100, None),
    "resistance_rate": ("%", 100, None),
    "fact_used_rate": ("%", 100, "higher"),
    "mood_match_rate": ("%", 100, "higher"),
    "length_match_rate": ("%", 100, "higher"),
    "contradiction_rate": ("%", 100, "lower"),
}
_ROUNDS = 2000


@dataclass(frozen=True)
class Paired:
    """New minus old (for perplexity: new over old). p: two-sided, how often chance alone gives as much."""

    name: str
    old: float
    new: float
    difference: float
    low: float
    high: float
    p: float
    unit: str
    better: str | None
    n: int
    sources: int

    @property
    def verdict(self) -> str:
        """ "better", "worse" or "changed" where the interval leaves out no change; else "no difference shown"."""
        even = 1.0 if self.unit == "×" else 0.0
        if self.low <= even <= self.high:
            return "no difference shown"
        if self.better is None:
            return "changed"
        return "better" if (self.difference > even) == (self.better == "higher") else "worse"

    def as_dict(self) -> dict[str, Any]:
        return {**asdict(self), "verdict": self.verdict}


def paired(old: RunFile, new: RunFile) -> list[Paired]:
    """Every measure that both have, on the turns that both answered.

    Raises BadBenchmarkInput where the two were not asked the same, or were not scored alike.
    """
    _same(old, new)
    places = _common(old, new)
    names = {name: at for at, name in enumerate(dict.fromkeys(old.clusters))}
    sources = [names[old.clusters[i]] for i, _ in places]
    found = []
    for name, (unit, scale, better) in _COLUMNS.items():
        if name not in old.samples or name not in new.samples:
            continue
        both = [
            (old.samples[name][i], new.samples[name][j], source)
            for (i, j), source in zip(places, sources, strict=True)
            if old.samples[name][i] >= 0 and new.samples[name][j] >= 0
        ]
        if not both:
            continue
        before, after, where = (list(column) for column in zip(*both, strict=True))
        apart = paired_difference(after, before, where)
        mean_old, mean_new = mean_interval(before, where).value, mean_interval(after, where).value
        found.append(
            Paired(
                name,
                old=mean_old * scale,
                new=mean_new * scale,
                difference=apart.value * scale,
                low=apart.low * scale,
                high=apart.high * scale,
                p=apart.p,
                unit=unit,
                better=better,
                n=apart.n,
                sources=apart.clusters,
            )
        )
    return found + _bleu(old, new, places, sources) + _perplexity(old, new, places, sources)


def _bleu(
    old: RunFile, new: RunFile, places: Sequence[tuple[int, int]], sources: list[int]
) -> list[Paired]:
    """Corpus BLEU: sources drawn again, and swapped, with the counts of every sentence."""
    if any(name not in run.samples for run in (old, new) for name in BLEU_COLUMNS):
        return []
    names = {source: at for at, source in enumerate(dict.fromkeys(sources))}
    tables = []
    for run, side in ((old, 0), (new, 1)):
        columns = np.array([run.samples[name] for name in BLEU_COLUMNS])
        table = np.zeros((len(names), len(BLEU_COLUMNS)))
        for place, source in zip(places, sources, strict=True):
            table[names[source]] += columns[:, place[side]]
        tables.append(table)
    before, after = tables
    apart = bleu_of(after.sum(0)) - bleu_of(before.sum(0))
    draw = np.random.default_rng(17)
    drawn = draw.integers(0, len(names), size=(_ROUNDS, len(names)))
    rounds = [bleu_of(after[rows].sum(0)) - bleu_of(before[rows].sum(0)) for rows in drawn]
    swaps = draw.integers(0, 2, size=(_ROUNDS, len(names), 1)).astype(bool)
    chance = [
        abs(bleu_of(np.where(s, after, before).sum(0)) - bleu_of(np.where(s, before, after).sum(0)))
        for s in swaps
    ]
    p = (sum(c >= abs(apart) - 1e-12 for c in chance) + 1) / (_ROUNDS + 1)
    low, high = np.percentile(rounds, [2.5, 97.5])
    return [
        Paired(
            "bleu4_corpus",
            old=100 * bleu_of(before.sum(0)),
            new=100 * bleu_of(after.sum(0)),
            difference=100 * apart,
            low=100 * float(low),
            high=100 * float(high),
            p=p,
            unit="%",
            better="higher",
            n=len(places),
            sources=len(names),
        )
    ]


def bleu_of(counts: np.ndarray) -> float:
    """BLEU-4, 0 to 1, from sacreBLEU's ten counts, with its exponential smoothing."""
    said, real = counts[0], counts[1]
    if said == 0 or counts[2] == 0:
        return 0.0
    total, halved = 0.0, 1.0
    for matches, possible in zip(counts[2:6], counts[6:10], strict=True):
        if possible == 0:
            return 0.0  # no order of four words anywhere: sacreBLEU gives 0
        if matches == 0:
            halved *= 2
            matches = 1 / halved
        total += math.log(matches / possible) / 4
    return float(math.exp(total + min(0.0, 1 - real / said)))


def _perplexity(
    old: RunFile, new: RunFile, places: Sequence[tuple[int, int]], sources: list[int]
) -> list[Paired]:
    """The ratio of the perplexities, where both models cut the real replies into the same tokens."""
    if any("real_loss_nats" not in run.samples for run in (old, new)):
        return []
    tokens = [old.samples["real_tokens"][i] for i, _ in places]
    if tokens != [new.samples["real_tokens"][j] for _, j in places]:
        return []
    before = [old.samples["real_loss_nats"][i] for i, _ in places]
    after = [new.samples["real_loss_nats"][j] for _, j in places]
    apart = [b - a for a, b in zip(before, after, strict=True)]
    ratio = ratio_interval(apart, tokens, sources)
    p = paired_difference(after, before, sources).p
    exp = math.exp
    return [
        Paired(
            "perplexity",
            exp(sum(before) / sum(tokens)),
            exp(sum(after) / sum(tokens)),
            exp(ratio.value),
            exp(ratio.low),
            exp(ratio.high),
            p,
            "×",
            "lower",
            len(places),
            ratio.clusters,
        )
    ]


def _common(old: RunFile, new: RunFile) -> list[tuple[int, int]]:
    there = {turn: at for at, turn in enumerate(new.samples["turn"])}
    places = [(at, there[t]) for at, t in enumerate(old.samples["turn"]) if t in there]
    if not places:
        raise BadBenchmarkInput("the two scores have no turn in common")
    return places


def _same(old: RunFile, new: RunFile) -> None:
    for run in (old, new):
        if run.kind != "score" or "turn" not in run.samples:
            raise BadBenchmarkInput(f"{run.kind} run {run.id[:8]} is no score of replies")
    _same_workload(old.workload, new.workload)
    for name in ("setting", "mode", "history", "decoding", "signatures"):
        if old.settings.get(name) != new.settings.get(name):
            raise BadBenchmarkInput(
                f"not alike in {name}: {old.settings.get(name)} against {new.settings.get(name)}"
            )


def refuse_unlike(old: Manifest, new: Manifest) -> None:
    """Before anything is scored: raises BadBenchmarkInput where the two could not be compared afterwards."""
    _same_workload(old.workload, new.workload)
    for name in ("setting", "mode", "repeated", "decoding"):
        if (one := getattr(old, name)) != (other := getattr(new, name)):
            raise BadBenchmarkInput(f"not alike in {name}: {one} against {other}")


def _same_workload(old: Workload, new: Workload) -> None:
    if old.sha256 != new.sha256:
        raise BadBenchmarkInput(
            f"not asked the same: workload {old.name} ({old.sha256[:12]}…) against {new.name} ({new.sha256[:12]}…)"
        )
