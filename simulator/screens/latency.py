"""Where the time of the last answer went, in a line."""

from __future__ import annotations

from simulator.events import CivilianSpoke, OfficerSpoke, TurnTimed
from simulator.transcript import response_s


def latency_line(
    timed: TurnTimed, officer: OfficerSpoke | None, civilian: CivilianSpoke | None
) -> str:
    """`answered in 0.9 s: recognise 0.3, prefill 0.1, first words 0.4, first sound 0.6`, each where it was.

    First words and first sound count from where the officer's words were known (return key, or recognised);
    with an answer that was ready before it was certain that they had finished, they come before the waiting ends.
    """
    known_s = timed.turn_end_s if timed.asr_done_s is None else timed.asr_done_s
    parts: list[str] = []
    if officer is not None and officer.asr_ms is not None:
        parts.append(f"recognise {officer.asr_ms / 1000:.1f}")
    if civilian is not None and civilian.timings is not None:
        parts.append(f"prefill {civilian.timings.prefill_ms / 1000:.1f}")
    for name, at_s in (("first words", timed.first_clause_s), ("first sound", timed.first_audio_s)):
        if at_s is not None:
            parts.append(f"{name} {max(0.0, at_s - known_s):.1f}")
    answered = response_s(timed)
    whole = "answered" if answered is None else f"answered in {answered:.1f} s"
    return f"{whole}: {', '.join(parts)}" if parts else whole


def level_meter(level_db: float, width: int = 10) -> str:
    """Loudness as a bar: -60 dB is empty, 0 dB full. Speech into a headset is about -35 to -15."""
    filled = round(max(0.0, min(1.0, (level_db + 60.0) / 60.0)) * width)
    return "▮" * filled + "▯" * (width - filled)
