"""The report as one page that needs nothing beside it: tables, plots, and what a reader must know of each run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from benchmark.compare import Found, settings_key
from benchmark.compare_rows import Row, medians
from benchmark.judge_run import self_preference
from benchmark.report.content import Report, cell, interval, number, settings_in_words
from benchmark.report.plots import Bar, Point, Series, bars, chart

_HERE = Path(__file__).parent


def as_html(report: Report, title: str = "Benchmark") -> str:
    """The page. Everything that comes from a run file is escaped."""
    environment = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    template = environment.from_string((_HERE / "report.html").read_text(encoding="utf-8"))
    return template.render(
        title=title,
        css=Markup((_HERE / "report.css").read_text(encoding="utf-8")),
        report=report,
        devices=[(name, _device_facts(about)) for name, about in report.devices.items()],
        boards=_boards(report),
        plots=[(head, told, Markup(svg)) for head, told, svg in _plots(report) if svg],
        agreement=_agreement(report),
        judges=_judges(report),
        runs=[_run_facts(one) for one in [*report.found, *report.beside]],
        cell=cell,
        interval=interval,
        number=number,
        settings=settings_in_words,
        objectives=", ".join(name.replace("_", " ") for name in report.board.objectives),
    )


def _boards(report: Report) -> list[tuple[str, list[Row]]]:
    names = dict.fromkeys(row.device for row in report.board.rows)
    return [(name, [row for row in report.board.rows if row.device == name]) for name in names]


def _plots(report: Report) -> list[tuple[str, str, str]]:
    rows = report.board.rows
    devices = list(dict.fromkeys(row.device for row in rows))
    latency = report.of_kind("latency")
    return [
        _trade(rows),
        *(
            _speeds(rows, devices, name, head)
            for name, head in (("decode", "Decode"), ("prefill", "Prefill"))
        ),
        _waiting(rows, devices),
        _by_depth(latency),
        _quality(rows),
        _turns(report.of_kind("dialogue")),
        _steadiness(latency),
    ]


def _trade(rows: Sequence[Row]) -> tuple[str, str, str]:
    """Quality against waiting; where no quality was measured, memory against waiting."""
    x = "reply_ms" if any(row.values.get("reply_ms") for row in rows) else "ttft_warm_ms"
    y = "rouge_l" if any(row.values.get("rouge_l") for row in rows) else "peak_mb"
    names = {
        "reply_ms": "milliseconds to the whole reply (less is better)",
        "ttft_warm_ms": "milliseconds to the first token of a turn (less is better)",
        "rouge_l": "ROUGE-L, % (more is better)",
        "peak_mb": "memory, MB (less is better)",
    }
    series = []
    for device in dict.fromkeys(row.device for row in rows):
        points = [
            Point(row.values[x] or 0, row.values[y] or 0, row.model, ring=row.front)
            for row in rows
            if row.device == device
            and row.values.get(x) is not None
            and row.values.get(y) is not None
        ]
        if points:
            series.append(Series(device, points, joined=False))
    told = "A ring marks what nobody on the same device beats in everything that was weighed."
    return "What is to be had for what", told, chart(series, names[x], names[y], 340, named=True)


def _speeds(rows: Sequence[Row], devices: list[str], name: str, head: str) -> tuple[str, str, str]:
    found = [
        Bar(
            row.label,
            row.values[name] or 0,
            *_interval(row, name),
            devices.index(row.device),
        )
        for row in rows
        if row.values.get(name) is not None
    ]
    told = "Medians with 95 % intervals, play's own engine, drawing of tokens included."
    return f"{head}, tokens a second", told, bars(found, "tokens/s", devices)


def _waiting(rows: Sequence[Row], devices: list[str]) -> tuple[str, str, str]:
    found = []
    for row in rows:
        for name, what in (("ttft_warm_ms", "in a conversation"), ("ttft_cold_ms", "cold")):
            value = row.values.get(name)
            if value is not None:
                spread = _interval(row, name)
                found.append(Bar(f"{row.label}, {what}", value, *spread, devices.index(row.device)))
    told = (
        "Cold: the scenario's whole prompt is computed. In a conversation: only the officer's words and the stage "
        "direction are new."
    )
    return "Time to the first token", told, bars(found, "ms", devices)


def _interval(row: Row, name: str) -> tuple[float | None, float | None]:
    return row.intervals.get(name) or (None, None)


def _by_depth(latency: Sequence[Found]) -> tuple[str, str, str]:
    series = []
    for one in _newest(latency):
        points = [
            Point(d, v, f"{_label(one)}: {v:.1f} at {d}") for d, v in medians([one], "tg").items()
        ]
        if len(points) > 1:
            series.append(Series(_label(one), points))
    told = "Every further turn makes the context longer; attention over it is what slows decoding down."
    return "Decode by depth of context", told, chart(series, "tokens in the context", "tokens/s")


def _quality(rows: Sequence[Row]) -> tuple[str, str, str]:
    once = {row.sha256: row for row in rows if row.values.get("rouge_l") is not None}
    found = [
        Bar(row.model, row.values["rouge_l"] or 0, *_interval(row, "rouge_l"))
        for row in once.values()
    ]
    told = "95 % intervals by bootstrap over scenarios. Overlap says little about a dialogue: read it beside the rest."
    return "ROUGE-L against the real replies", told, bars(found, "%")


def _turns(dialogues: Sequence[Found]) -> tuple[str, str, str]:
    series = []
    for one in _newest(dialogues):
        samples = one.run.samples
        points = [
            Point(
                at + 1,
                ms,
                f"{one.run.clusters[at] if one.run.clusters else ''} turn {samples['turn'][at]:.0f}: {ms:.0f} ms, "
                f"{'model' if samples['by_model'][at] else 'author'}",
            )
            for at, ms in enumerate(samples["reply_ms"])
        ]
        series.append(Series(_label(one), points))
    told = (
        "Authored conversations replayed as play has them, one after another; hover for the turn."
    )
    return (
        "Time to the whole reply, turn by turn",
        told,
        chart(series, "officer's lines in order", "ms"),
    )


def _steadiness(latency: Sequence[Found]) -> tuple[str, str, str]:
    """Every raw sample of the first decode shape, as a share of its median: drift and disturbances show."""
    series = []
    for one in _newest(latency):
        names = [n for n in one.run.samples if n.startswith("tg") and n.endswith("@d0")]
        if names:
            values = one.run.samples[names[0]] + one.run.samples.get(f"{names[0]}_again", [])
            middle = sorted(values)[len(values) // 2]
            points = [
                Point(n + 1, v / middle, f"{_label(one)}: {v:.1f} tokens/s")
                for n, v in enumerate(values)
            ]
            series.append(Series(_label(one), points))
    told = "Raw repetitions in the order taken, the last three again at the end of the run; level is good."
    return "Was the machine steady?", told, chart(series, "repetition", "share of the median", 240)


def _newest(found: Sequence[Found]) -> list[Found]:
    """One of each device, model and settings: the newest."""
    kept: dict[tuple[str, ...], Found] = {}
    for one in sorted(found, key=lambda f: f.run.began_at):
        kept[one.device, one.run.models[0].sha256, settings_key(one.run)] = one
    return list(kept.values())


def _label(one: Found) -> str:
    cores = one.run.device.get("cores", {}).get("usable_logical")
    threads = one.run.settings.get("threads")
    return (
        f"{one.model}, {threads} of {cores} cores" if cores else f"{one.model}, {threads} threads"
    )


def _agreement(report: Report) -> list[tuple[str, str, str, str]]:
    """Ours beside llama.cpp's own clock, and beside llama-bench where its JSON was brought in."""
    found = []
    for one in report.of_kind("latency"):
        for what in ("prefill", "decode"):
            try:
                figure = one.run.figure(f"{what}_agreement")
            except KeyError:
                continue
            if figure.value is not None:
                spread = "" if figure.low is None else f"{figure.low:.3f} … {figure.high:.3f}"
                found.append((_label(one), what, f"{figure.value:.4f}", spread))
    for other in report.beside:
        for figure in other.run.figures:
            spread = "" if figure.low is None else f"{number(figure.low)} … {number(figure.high)}"
            found.append(
                (
                    f"llama-bench: {other.model}",
                    figure.name,
                    f"{number(figure.value)} tokens/s",
                    spread,
                )
            )
    return found


def _judges(report: Report) -> list[tuple[str, str, str, str, str]]:
    """What is known of the judges and raters: model, figure, value, interval, in words."""
    told = (
        *(
            "alpha",
            "real_realism",
            "verbosity",
            "wrong_sums",
            "order_holds",
            "first_chosen",
            "wins",
        ),
        *("unread", "kappa", "told_apart", "taken_for_real", "real_taken"),
    )
    found = []
    for one in (*report.of_kind("judge"), *report.of_kind("human")):
        for figure in one.run.figures:
            if figure.name.startswith(told) and figure.value is not None:
                spread = (
                    "" if figure.low is None else f"{number(figure.low)} … {number(figure.high)}"
                )
                found.append((one.model, figure.name, number(figure.value), spread, figure.about))
    runs = [one.run for one in report.of_kind("judge")]
    for judge, points in self_preference(runs).items():
        about = "self-preference: points more for its own family than the other judges give"
        found.append(("all", judge, f"{points:+.1f}", "", about))
    return found


def _device_facts(about: dict[str, Any]) -> list[tuple[str, str]]:
    cores, memory = about.get("cores", {}), about.get("memory", {})
    energy = about.get("energy", {})
    facts = {
        "processor": about.get("cpu_model"),
        "cores": f"{cores.get('usable_logical')} of {cores.get('logical')} may be used"
        if cores
        else None,
        "memory": f"{memory['total'] / 2**30:.1f} GB" if memory.get("total") else None,
        "board": about.get("jetson"),
        "GPU": ", ".join(about.get("gpus") or []),
        "virtual machine": "yes" if about.get("virtual") else None,
        "power": about.get("power", {}).get("source"),
        "power mode": about.get("power_mode"),
        "governor": ", ".join(sorted(set(about.get("governors") or []))),
        "load when begun": about.get("load_average"),
        "energy": energy.get("covers") or f"none: {energy.get('why_not', 'not told')}",
        "kernel": about.get("kernel"),
    }
    return [
        (name, str(value) if value not in (None, "", "unknown") else "not told")
        for name, value in facts.items()
    ]


def _run_facts(one: Found) -> dict[str, Any]:
    run = one.run
    llama = run.runtime.get("llama_cpp", run.runtime.get("llama_bench", {}))
    return {
        "file": one.path.name,
        "kind": run.kind,
        "model": one.model,
        "device": one.device,
        "began_at": run.began_at,
        "seconds": run.seconds,
        "workload": f"{run.workload.name} {run.workload.sha256[:12]}",
        "runtime": " ".join(
            f"{name} {value}" for name, value in llama.items() if isinstance(value, str | int)
        ),
        "notes": run.notes,
        "missing": [f"{f.name}: {f.note}" for f in run.figures if f.value is None and f.note],
    }
