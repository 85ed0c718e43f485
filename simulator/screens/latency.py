"""Where the time of the last answer went, in a line."""

from __future__ import annotations

from simulator.events import CivilianSpoke, TurnTimed
from simulator.transcript import response_s, timeline


def latency_line(timed: TurnTimed, civilian: CivilianSpoke | None) -> str:
    """`answered in 0.9 s: words known 0.3, certain 0.5, first words 0.6, spoken 0.8, heard 0.9`: seconds from the end
    of the officer's speech (or the return key), in time.
    """
    parts = [f"{name} {at_s:.1f}" for name, at_s in timeline(timed)]
    if civilian is not None and civilian.timings is not None and civilian.timings.ahead_ms > 0:
        parts.insert(0, "drafted while you spoke")
    answered = response_s(timed)
    whole = "answered" if answered is None else f"answered in {answered:.1f} s"
    return f"{whole}: {', '.join(parts)}" if parts else whole


def level_meter(level_db: float, width: int = 10) -> str:
    """Loudness as a bar: -60 dB is empty, 0 dB full. Speech into a headset is about -35 to -15."""
    filled = round(max(0.0, min(1.0, (level_db + 60.0) / 60.0)) * width)
    return "▮" * filled + "▯" * (width - filled)
