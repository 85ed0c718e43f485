"""A turn as a picture: what was done when, from the end of the officer's speech, above the same one after another."""

from __future__ import annotations

import os
from pathlib import Path
from xml.sax.saxutils import escape

from benchmark.errors import BenchmarkError
from benchmark.runfile import RunFile

_WIDTH, _LEFT, _RIGHT, _ROW, _TOP = 980, 190, 24, 26, 74
_BEFORE_MS = 400.0
#: One colour for each of the parts, told apart without colour by their rows.
_COLOURS = {
    "officer": "#5b6b7b", "waiting": "#d5dae0", "recognise": "#3f7cac", "reply": "#b8651b",
    "synthesise": "#7a5195", "heard": "#2f8f5b",
}  # fmt: skip

Bar = tuple[str, str, float, float]  # row, part, from and to in ms


def write_picture(run: RunFile, path: Path) -> None:
    """The turn whose ratio is the middle one, as SVG. Raises BenchmarkError where it cannot be written."""
    samples = run.samples
    ratios = [
        heard / plain
        for heard, plain in zip(
            samples["turn_playback_at_ms"], samples["turn_sequential_ms"], strict=True
        )
    ]
    turn = sorted(range(len(ratios)), key=ratios.__getitem__)[len(ratios) // 2]
    values = {
        name.removeprefix("turn_"): samples[name][turn]
        for name in samples
        if name.startswith("turn_") and len(samples[name]) == len(ratios)
    }
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(_svg(values, run), encoding="utf-8")
        part.replace(path)
    except OSError as problem:
        raise BenchmarkError(f"{path}: cannot be written ({problem.strerror})") from None
    finally:
        part.unlink(missing_ok=True)


def _bars(turn: dict[str, float]) -> tuple[list[Bar], list[Bar]]:
    """Ours, and one after another."""
    asr, asr_done, clause = turn["asr_ms"], turn["asr_done_at_ms"], turn["first_clause_at_ms"]
    heard, sound_ms = turn["playback_at_ms"], turn["speech_s"] * 1000
    first_speech = turn["first_clause_speech_ms"]
    ours: list[Bar] = [
        ("officer speaks", "officer", -_BEFORE_MS, 0.0),
        ("certain that they finished", "waiting", 0.0, turn["turn_end_at_ms"]),
        ("recognition", "recognise", asr_done - asr, asr_done),
        ("reply, to the first clause", "reply", asr_done, clause),
        ("synthesis, first clause", "synthesise", clause, clause + first_speech),
        ("civilian is heard", "heard", heard, heard + sound_ms),
    ]
    at = turn["sequential_ms"] - turn["whole_speech_ms"] - turn["reply_ms"] - asr
    plain: list[Bar] = [
        ("officer speaks", "officer", -_BEFORE_MS, 0.0),
        ("endpoint", "waiting", 0.0, at),
    ]
    for row, part, took in (
        ("recognition", "recognise", asr),
        ("whole reply", "reply", turn["reply_ms"]),
        ("whole synthesis", "synthesise", turn["whole_speech_ms"]),
        ("civilian is heard", "heard", sound_ms),
    ):
        plain.append((row, part, at, at + took))
        at += took
    return ours, plain


def _svg(turn: dict[str, float], run: RunFile) -> str:
    ours, plain = _bars(turn)
    last = turn["sequential_ms"] * 1.12
    scale = (_WIDTH - _LEFT - _RIGHT) / (last + _BEFORE_MS)

    def x(at_ms: float) -> float:
        return round(_LEFT + (min(at_ms, last) + _BEFORE_MS) * scale, 1)

    lines: list[str] = []

    def rows(title: str, bars: list[Bar], top: int) -> int:
        lines.append(f'<text x="12" y="{top}" class="b">{escape(title)}</text>')
        for number, (row, part, start, end) in enumerate(bars):
            y = top + 10 + number * _ROW
            lines.append(
                f'<text x="{_LEFT - 8}" y="{y + 15}" text-anchor="end">{escape(row)}</text>'
            )
            width = max(1.5, x(end) - x(start))
            lines.append(
                f'<rect x="{x(start)}" y="{y + 3}" width="{width:.1f}" height="{_ROW - 8}" rx="2" '
                f'fill="{_COLOURS[part]}"/>'
            )
            if part not in ("officer", "heard"):
                lines.append(f'<text x="{x(end) + 5}" y="{y + 15}">{end - start:.0f} ms</text>')
            elif part == "heard":
                shown = f"{start:.0f} ms after the end of speech"
                lines.append(f'<text x="{x(start) + 6}" y="{y + 15}" class="w">{shown}</text>')
        return top + 10 + len(bars) * _ROW

    middle = rows("as it is played: answered ahead of certainty", ours, _TOP)
    bottom = rows("the same parts one after another", plain, middle + 34)
    step = 250 if last < 3000 else 500
    axis = []
    for at in range(0, int(last), step):
        axis.append(
            f'<line x1="{x(at)}" y1="{_TOP - 8}" x2="{x(at)}" y2="{bottom}" class="g"/>'
            f'<text x="{x(at)}" y="{bottom + 16}" text-anchor="middle">{at}</text>'
        )
    ratio = turn["playback_at_ms"] / turn["sequential_ms"]
    head = (
        f"One turn, milliseconds from the end of the officer's speech: {turn['playback_at_ms']:.0f} against "
        f"{turn['sequential_ms']:.0f} ({ratio:.2f})"
    )
    under = f"the turn with the middle ratio of {len(run.samples['turn_asr_ms'])}; {run.device['in_words']}"
    height = bottom + 30
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" '
        f'height="{height}" role="img" aria-label="{escape(head)}">'
        "<style>text{font:12px sans-serif;fill:#222}.b{font-weight:bold}.h{font-size:15px;font-weight:bold}"
        ".w{fill:#fff}.g{stroke:#e3e6ea}</style>"
        f'<rect width="{_WIDTH}" height="{height}" fill="#fff"/>'
        f'<text x="12" y="24" class="h">{escape(head)}</text><text x="12" y="44">{escape(under)}</text>'
        f"{''.join(axis)}{''.join(lines)}</svg>\n"
    )
