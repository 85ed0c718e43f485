"""`deescal bench engine`: puts the parts of the engine's measurement together and makes figures of them."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmark.device import device, runtime
from benchmark.engine_speed import SpeedSamples, bare_loop, compare
from benchmark.model_facts import model_facts
from benchmark.runfile import Figure, RunFile, new_run_id, utc_now
from benchmark.statistics import median_interval
from benchmark.text_session import TextSession, text_session
from benchmark.warm_start import WarmStart, warm_start
from benchmark.workload import endless, engine_workload, identity
from models.engine import Engine, EngineSettings
from models.fetch import model_path

Progress = Callable[[str, float], None]
#: The default model's bound; a larger model has its own weights to hold.
_SESSION_MB = 600.0


@dataclass(frozen=True)
class Repetitions:
    """How many pairs of each part. The decode pieces are short, so there are more of them."""

    prefill: int = 5
    decode: int = 15
    warm_start: int = 5


def bench_engine(
    model: str, settings: EngineSettings, repetitions: Repetitions, progress: Progress
) -> RunFile:
    """Measure everything and make a run of it. progress: told what is being done and how far all of it is, 0-1."""
    began_at, began = utc_now(), time.monotonic()
    path = Path(model) if model.endswith(".gguf") else model_path(model)
    workload = engine_workload()
    loaded = endless(workload.scenario)
    on = device()
    settings = settings.resolved()
    pairs = repetitions.prefill + repetitions.decode + 2
    done = 0

    def step() -> None:
        nonlocal done
        done += 1
        progress("engine and bare loop in turn", 0.7 * done / pairs)

    with Engine(path, settings) as engine:
        bare = bare_loop(engine)
        speed = compare(engine, bare, workload, repetitions.prefill, repetitions.decode, step)
        bare.close()
    progress("a scenario started cold and again", 0.7)
    started = warm_start(path, settings, workload, loaded, repetitions.warm_start)
    progress("a session of 20 turns in its own process", 0.85)
    played = text_session(model, asdict(settings))
    progress("done", 1.0)
    return RunFile(
        kind="engine",
        id=new_run_id(),
        began_at=began_at,
        seconds=round(time.monotonic() - began, 1),
        device={**on, "load_average_after": device()["load_average"]},
        runtime=runtime(),
        models=[model_facts(model, path)],
        workload=identity(workload, loaded),
        settings={**asdict(settings), **asdict(repetitions)},
        samples=_samples(speed, started, played),
        figures=_figures(speed, started, played, default_model=model == "civilian"),
        notes=_notes(speed, on),
    )


def _samples(
    speed: SpeedSamples, started: WarmStart, played: TextSession
) -> dict[str, list[float]]:
    turns = played.turns
    columns: dict[str, Any] = {
        "prefill_tokens_per_s": speed.prefill.ours,
        "prefill_bare_tokens_per_s": speed.prefill.bare,
        "decode_tokens_per_s": speed.decode.ours,
        "decode_bare_tokens_per_s": speed.decode.bare,
        "cold_start_ms": started.cold_ms,
        "warm_start_ms": started.warm_ms,
        "turn_there_tokens": [turn.there for turn in turns],
        "turn_kept_tokens": [turn.kept for turn in turns],
        "turn_computed_tokens": [turn.computed for turn in turns],
        "turn_prompt_tokens": [turn.n_prompt for turn in turns],
    }
    return {name: [round(float(v), 4) for v in values] for name, values in columns.items()}


def _figures(
    speed: SpeedSamples, started: WarmStart, played: TextSession, default_model: bool
) -> list[Figure]:
    later = [turn for turn in played.turns if turn.turn >= 2]
    figures = [
        _ratio("decode_ratio", speed.decode.ratios, 0.95, "decode: Engine ÷ bare generate loop"),
        _ratio("prefill_ratio", speed.prefill.ratios, 0.95, "prefill: Engine ÷ bare eval of 512"),
        _ratio("warm_start_ratio", started.ratios, 5.0, "first token of a scenario: cold ÷ warm"),
        Figure(
            name="cached_share",
            value=played.cached_share,
            unit="share",
            about="from turn 2: tokens kept in the cache ÷ all there",
            better="higher",
            threshold=1.0,
            low=min(played.shares),
            high=max(played.shares),
            n=len(later),
        ),
        Figure(
            name="session_peak_mb",
            value=round(played.peak_bytes / 1e6, 1),
            unit="MB",
            about=f"resident at most, {len(played.turns)} turns of text",
            better="lower",
            threshold=_SESSION_MB if default_model else None,
        ),
    ]
    for name, values, unit, about in (
        ("decode_tokens_per_s", speed.decode.ours, "tokens/s", "decode, Engine"),
        ("decode_bare_tokens_per_s", speed.decode.bare, "tokens/s", "decode, bare loop"),
        ("prefill_tokens_per_s", speed.prefill.ours, "tokens/s", "prefill of 512, Engine"),
        ("prefill_bare_tokens_per_s", speed.prefill.bare, "tokens/s", "prefill of 512, bare loop"),
        (
            "cold_start_ms",
            started.cold_ms,
            "ms",
            f"{started.prefix_tokens} tokens of prefix computed",
        ),
        (
            "warm_start_ms",
            started.warm_ms,
            "ms",
            f"prefix read, {started.turn_tokens} tokens computed",
        ),
    ):
        figures.append(_plain(name, values, unit, about))
    new = [turn.n_prompt - turn.there for turn in later]
    figures += [
        Figure(
            name="new_tokens_p50",
            value=statistics.median(new),
            unit="tokens",
            about="new in a turn: officer's words, stage direction",
            low=min(new),
            high=max(new),
            n=len(new),
        ),
        Figure(
            name="already_there_share",
            value=sum(t.kept for t in later) / sum(t.n_prompt for t in later),
            unit="share",
            about="of all prompt tokens of a turn, typed: in the cache before it",
            n=len(later),
        ),
    ]
    return figures


def _ratio(name: str, ratios: list[float], threshold: float, about: str) -> Figure:
    middle, low, high = median_interval(ratios)
    return Figure(
        name=name,
        value=round(middle, 4),
        unit="×",
        about=about,
        better="higher",
        threshold=threshold,
        low=round(low, 4),
        high=round(high, 4),
        n=len(ratios),
    )


def _plain(name: str, values: list[float], unit: str, about: str) -> Figure:
    middle, low, high = median_interval(values)
    return Figure(
        name=name,
        value=round(middle, 2),
        unit=unit,
        about=about,
        low=round(low, 2),
        high=round(high, 2),
        n=len(values),
    )


def _notes(speed: SpeedSamples, on: dict[str, Any]) -> list[str]:
    same = "the same" if speed.same_tokens else "different"
    then = "" if speed.same_tokens else ": rounding, or a fault; look closer"
    notes = [f"Engine and bare loop drew {same} greedy tokens in every piece{then}."]
    cores, load = on["cores"]["usable_logical"], on["load_average"]
    if load is not None and load > 0.5 * cores:
        notes.append(
            f"The machine was busy when this began (load {load:.1f} on {cores} cores): speeds are lower bounds, "
            "ratios less certain."
        )
    return notes
