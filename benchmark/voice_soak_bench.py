"""Figures and a picture of a long spoken session: memory, gaps, what was interrupted."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from xml.sax.saxutils import escape

from benchmark.device import device, runtime
from benchmark.errors import BenchmarkError
from benchmark.model_facts import model_facts
from benchmark.runfile import Figure, RunFile, new_run_id, utc_now
from benchmark.statistics import percentile
from benchmark.voice_soak import SoakTurn, soak
from benchmark.voice_workload import voice_workload
from benchmark.workload import endless, identity
from models.fetch import model_path

Progress = Callable[[str, float], None]
#: What a session of two hours may grow by: a tenth of what it needs.
_GROWTH_MB_PER_H = 40.0


def bench_soak(
    model: str, threads: int, minutes: float, interruptions: int, progress: Progress
) -> RunFile:
    """One long session; minutes of talk, or so many interruptions in a row where that is not 0."""
    began_at, began = utc_now(), time.monotonic()
    workload = voice_workload()
    on = device()
    path = Path(model) if model.endswith(".gguf") else model_path(model)
    turns = soak(model, threads, 0.0 if interruptions else minutes, interruptions, progress)
    if len(turns) < 2:
        raise BenchmarkError("the session was too short to say anything of it; give more minutes")
    kind = f"voice-interruptions-{interruptions}" if interruptions else f"voice-soak-{minutes:g}"
    return RunFile(
        kind="voice",
        id=new_run_id(),
        began_at=began_at,
        seconds=round(time.monotonic() - began, 1),
        device={**on, "load_average_after": device()["load_average"]},
        runtime=runtime(),
        models=[model_facts(model, path)],
        workload=identity(workload.model_copy(update={"name": kind}), endless(workload.scenario)),
        settings={"threads": threads},
        samples={
            name: [float(getattr(turn, name)) for turn in turns]
            for name in (
                "at_s",
                "answered_s",
                "resident",
                "unshared",
                "gaps",
                "interrupted",
                "stale_s",
            )
        },
        figures=_figures(turns),
        notes=[
            "On a clock that skips what is only waited for. "
            + (
                "Short sessions in one process."
                if interruptions
                else "One session from beginning to end."
            )
        ],
    )


def growth_mb_per_h(turns: list[SoakTurn]) -> float:
    """Slope of the unshared memory over the last half of the talk: caches and the context fill in the first."""
    later = [turn for turn in turns if turn.at_s >= turns[-1].at_s / 2]
    if len(later) < 2:
        later = turns
    at = [turn.at_s / 3600 for turn in later]
    held = [(turn.unshared or turn.resident) / 1e6 for turn in later]
    return statistics.linear_regression(at, held).slope


def _figures(turns: list[SoakTurn]) -> list[Figure]:
    last = turns[-1]
    answered = [turn.answered_s * 1000 for turn in turns if turn.answered_s]
    half = len(answered) // 2
    return [
        Figure(name="talk_minutes", value=round(last.at_s / 60, 2), unit="min", about="of talk"),
        Figure(name="turns", value=len(turns), unit="turns", about="all of them answered"),
        Figure(
            name="growth_mb_per_h", value=round(growth_mb_per_h(turns), 2), unit="MB/h",
            about="memory that is not shared, slope over the last half of the talk", better="lower",
            threshold=_GROWTH_MB_PER_H, n=len(turns),
        ),
        Figure(name="peak_mb", value=round(max(t.resident for t in turns) / 1e6, 1), unit="MB",
               about="resident at most"),
        Figure(name="gaps", value=last.gaps, unit="times", better="lower", threshold=0,
               about="silences because synthesis came after playback"),
        Figure(name="interruptions", value=last.interrupted, unit="times",
               about="replies that were cut off and the interruption answered"),
        Figure(
            name="stale_s", value=round(sum(t.stale_s for t in turns), 3), unit="s", better="lower",
            threshold=0.0, about="of cut replies, heard after the cut", n=last.interrupted,
        ),
        Figure(
            name="answered_drift", value=round(
                statistics.median(answered[half:]) / statistics.median(answered[:half]), 3
            ), unit="×", about="time to answer, second half ÷ first half", n=len(answered),
        ),
        Figure(name="answered_ms", value=round(statistics.median(answered), 1), unit="ms",
               about=f"p50, as the record tells it; p95 {percentile(answered, 95):.0f} ms", n=len(answered)),
    ]  # fmt: skip


def write_memory_picture(run: RunFile, path: Path) -> None:
    """Memory over the minutes of talk, as SVG."""
    minutes = [at / 60 for at in run.samples["at_s"]]
    series = {"resident": "#3f7cac", "unshared": "#b8651b"}
    top = max(run.samples["resident"]) / 1e6 * 1.1
    width, height, left, base = 900, 360, 64, 312

    def point(at: float, mb: float) -> str:
        x = left + at / max(minutes[-1], 0.001) * (width - left - 20)
        return f"{x:.1f},{base - mb / top * (base - 60):.1f}"

    lines = []
    for name, colour in series.items():
        values = [value / 1e6 for value in run.samples[name]]
        points = " ".join(point(at, mb) for at, mb in zip(minutes, values, strict=True))
        lines.append(
            f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.6"/>'
        )
        x, y = point(minutes[-1], values[-1]).split(",")
        label = f"{name}: {values[0]:.0f} → {values[-1]:.0f} MB"
        lines.append(
            f'<text x="{x}" y="{float(y) - 7:.1f}" text-anchor="end" fill="{colour}">{label}</text>'
        )
    for share in range(5):
        mb = top * share / 4
        y = point(0, mb).split(",")[1]
        lines.append(
            f'<line x1="{left}" y1="{y}" x2="{width - 20}" y2="{y}" stroke="#e3e6ea"/>'
            f'<text x="{left - 6}" y="{y}" text-anchor="end">{mb:.0f} MB</text>'
        )
    for share in range(7):
        at = minutes[-1] * share / 6
        x = point(at, 0).split(",")[0]
        lines.append(f'<text x="{x}" y="{base + 18}" text-anchor="middle">{at:.0f} min</text>')
    growth = run.figure("growth_mb_per_h").value
    head = (
        f"Memory in {minutes[-1]:.0f} minutes of talk, {len(minutes)} turns: "
        f"{growth:+.1f} MB an hour over the last half"
    )
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'role="img" aria-label="{escape(head)}"><style>text{{font:12px sans-serif}}</style>'
        f'<rect width="{width}" height="{height}" fill="#fff"/>'
        f'<text x="12" y="26" style="font:bold 15px sans-serif">{escape(head)}</text>{"".join(lines)}</svg>\n'
    )
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(svg, encoding="utf-8")
        part.replace(path)
    except OSError as problem:
        raise BenchmarkError(f"{path}: cannot be written ({problem.strerror})") from None
    finally:
        part.unlink(missing_ok=True)
