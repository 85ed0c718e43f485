"""Figures of a cell's samples, and what a reader must know about them."""

from __future__ import annotations

import statistics
from typing import Any

from benchmark.latency_cell import Cell
from benchmark.runfile import Figure
from benchmark.statistics import ENOUGH_FOR, enough, median_interval, percentile

#: The speed at the end of a run against its beginning: further apart than this, the machine has changed.
MOST_DRIFT = 0.05
#: Our count of tokens a second against llama.cpp's own of the same work.
AGREEMENT = 0.95


def figures_of(cell: Cell) -> list[Figure]:
    """Every figure in the order in which a reader wants them."""
    figures = [
        _middle(
            cell, "ttft_cold_ms", "ms", "lower", f"first token, all of {_all(cell)} tokens computed"
        ),
        _middle(
            cell,
            "ttft_warm_ms",
            "ms",
            "lower",
            f"first token of a turn, {cell.turn_tokens} tokens new",
        ),
        _middle(
            cell,
            "load_ms",
            "ms",
            "lower",
            "model opened and one token computed, file not in memory",
        ),
    ]
    shapes = [name for name in cell.samples if name[:2] in ("pp", "tg", "pg") and "_" not in name]
    for name in shapes:
        figures.append(_middle(cell, name, "tokens/s", "higher", _of_shape(name)))
    figures += [_agreement(cell, shapes, "pp", "prefill"), _agreement(cell, shapes, "tg", "decode")]
    figures += _gaps(cell)
    figures += _memory(cell)
    figures += _energy(cell, shapes)
    figures.append(_drift(cell))
    return figures


def notes_of(cell: Cell, before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """Drift, throttling, a battery, a busy machine, and what was left out."""
    notes = [f"{name}: left out, {why}" for name, why in cell.left_out.items()]
    drift = _drift(cell).value
    if drift is not None and abs(drift) > MOST_DRIFT:
        notes.append(
            f"Drift: decoding was {abs(drift):.0%} {'slower' if drift < 0 else 'faster'} at the end than at the "
            "beginning; the machine was not in one state."
        )
    if cell.throttled_before is not None and cell.throttled_after is not None:
        times = cell.throttled_after - cell.throttled_before
        if times > 0:
            notes.append(f"Throttled: heat or current slowed the machine {times} times meanwhile.")
    if len(cell.clocks_mhz) >= 4:
        first, last = cell.clocks_mhz[1], cell.clocks_mhz[-1]
        if last < 0.9 * first:
            notes.append(f"Clocks fell from {first:.0f} to {last:.0f} MHz.")
    for when, state in (("before", before), ("after", after)):
        if state["power"]["source"] == "battery":
            notes.append(f"On battery ({when}): do not set it beside runs on mains power.")
    cores, load = before["cores"]["usable_logical"], before["load_average"]
    if load is not None and load > 0.5 * cores:
        notes.append(f"The machine was busy when this began: load {load:.1f} on {cores} cores.")
    return notes


def _all(cell: Cell) -> int:
    return cell.prefix_tokens + cell.turn_tokens


def _of_shape(name: str) -> str:
    kind, _, depth = name.partition("@d")
    what = {"pp": "prefill", "tg": "decode", "pg": "prefill and decode"}[kind[:2]]
    return f"{what} of {kind[2:]} tokens behind {depth}"


def _middle(cell: Cell, name: str, unit: str, better: Any, about: str) -> Figure:
    samples = cell.samples.get(name)
    if not samples:
        why = cell.left_out.get("ttft", "not measured")
        return Figure(
            name=name, value=None, unit=unit, about=about, better=better, note=why, source="none"
        )
    value, low, high = median_interval(samples)
    return Figure(
        name=name,
        value=round(value, 2),
        unit=unit,
        about=about,
        better=better,
        low=round(low, 2),
        high=round(high, 2),
        n=len(samples),
    )


def _agreement(cell: Cell, shapes: list[str], kind: str, what: str) -> Figure:
    """Ours divided by llama.cpp's own clock over the same calls; drawing, which it does not time, left out."""
    ratios = [
        ours / theirs
        for name in shapes
        if name.startswith(kind)
        for ours, theirs in zip(
            cell.samples[f"{name}_computing"],
            cell.samples.get(f"{name}_llamacpp", []),
            strict=False,
        )
    ]
    about = f"{what}: our tokens/s ÷ llama.cpp's own (llama_perf_context) of the same calls"
    name = f"{what}_agreement"
    if not ratios:
        return Figure(
            name=name, value=None, unit="×", about=about, note="no such shape", source="none"
        )
    value, low, high = median_interval(ratios)
    return Figure(
        name=name,
        value=round(value, 4),
        unit="×",
        about=about,
        better="higher",
        threshold=AGREEMENT,
        low=round(low, 4),
        high=round(high, 4),
        n=len(ratios),
    )


def _gaps(cell: Cell) -> list[Figure]:
    """Time between tokens. A percentile stands only where the samples allow it."""
    gaps = [gap for name, at in cell.samples.items() if name.startswith("gap_ms") for gap in at]
    figures = []
    for percent in (50, 95, 99):
        name, about = f"gap_p{percent}_ms", f"between two tokens, {percent} % are shorter"
        if gaps and enough(gaps, percent):
            value = round(percentile(gaps, percent), 2)
            figures.append(
                Figure(name=name, value=value, unit="ms", about=about, better="lower", n=len(gaps))
            )
        else:
            note = f"{len(gaps)} samples; {ENOUGH_FOR.get(percent, 1)} are needed"
            figures.append(
                Figure(
                    name=name,
                    value=None,
                    unit="ms",
                    about=about,
                    note=note,
                    n=len(gaps),
                    source="none",
                )
            )
    if gaps:
        spread = statistics.median(abs(gap - statistics.median(gaps)) for gap in gaps)
        jitter = round(spread / statistics.median(gaps), 4)
        about = "jitter: middle distance of gaps from their middle"
        figures.append(
            Figure(
                name="gap_jitter",
                value=jitter,
                unit="share",
                about=about,
                better="lower",
                n=len(gaps),
            )
        )
    return figures


def _memory(cell: Cell) -> list[Figure]:
    def mb(name: str, bytes_: int | None, about: str, note: str = "") -> Figure:
        value = None if bytes_ is None else round(bytes_ / 1e6, 1)
        source: Any = "none" if bytes_ is None else "measured"
        return Figure(
            name=name, value=value, unit="MB", about=about, better="lower", note=note, source=source
        )

    no_jetson = "" if cell.nvmap_bytes is not None else "no Jetson"
    return [
        mb("peak_mb", cell.peak_bytes or None, "resident at most, weights in memory included"),
        mb("unshared_mb", cell.unshared_bytes, "of it, without pages of files", ""),
        mb(
            "available_drop_mb",
            cell.available_drop_bytes,
            "memory that became unavailable here, to other programs as well",
        ),
        mb(
            "nvmap_mb",
            cell.nvmap_bytes,
            "held for the GPU of a Jetson",
            no_jetson,
        ),
    ]


def _energy(cell: Cell, shapes: list[str]) -> list[Figure]:
    """Tokens per joule by phase; with the idle power taken off as well."""
    trace = cell.energy["trace"]
    figures = []
    for kind, what in (("pp", "prefill"), ("tg", "decode")):
        name = next((s for s in shapes if s.startswith(kind)), None)
        label = f"{what}_tokens_per_joule"
        spent = cell.samples.get(f"{name}_joules", []) if name else []
        if not spent or not name:
            figures.append(
                Figure(
                    name=label,
                    value=None,
                    unit="tokens/J",
                    about=f"{what}, {name or kind}",
                    better="higher",
                    note=trace["note"] or "no source of energy",
                    source="none",
                )
            )
            continue
        tokens = float(name.partition("@")[0][2:])
        rates = [tokens / joules for joules in spent if joules > 0]
        own = [
            tokens / (joules - (cell.idle_watt or 0.0) * seconds)
            for joules, seconds in zip(spent, cell.samples[f"{name}_seconds"], strict=True)
            if joules > (cell.idle_watt or 0.0) * seconds
        ]
        for suffix, values in (("", rates), ("_idle_off", own)):
            if values:
                value, low, high = median_interval(values)
                figures.append(
                    Figure(
                        name=label + suffix,
                        value=round(value, 3),
                        unit="tokens/J",
                        about=f"{what}, {name}; {trace['note']}"
                        + ("; idle power taken off" if suffix else ""),
                        better="higher",
                        low=round(low, 3),
                        high=round(high, 3),
                        n=len(values),
                    )
                )
    return figures


def _drift(cell: Cell) -> Figure:
    """The first decode shape measured again at the end."""
    again = next((name for name in cell.samples if name.endswith("_again")), None)
    about = "decode at the end ÷ at the beginning, less 1"
    if again is None:
        return Figure(
            name="drift",
            value=None,
            unit="share",
            about=about,
            note="no decode shape",
            source="none",
        )
    first, last = cell.samples[again.removesuffix("_again")], cell.samples[again]
    value = statistics.median(last) / statistics.median(first) - 1
    return Figure(name="drift", value=round(value, 4), unit="share", about=about, n=len(last))
