"""`deescal bench dialogue`: authored conversations replayed turn by turn as `play` has them, each turn timed.

Run as `python -m benchmark.dialogue MODEL SETTINGS_JSON TURNS` in a process of its own, for its memory; prints JSON
lines.
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from benchmark.device import device, runtime
from benchmark.errors import BadBenchmarkInput
from benchmark.model_facts import model_facts
from benchmark.run_clock import RunClock
from benchmark.runfile import Figure, RunFile, Workload, new_run_id
from benchmark.statistics import ENOUGH_FOR, enough, median_interval, percentile
from benchmark.worker import Progress, measure_here, measured_apart
from benchmark.workload import Replayed, dialogue_workload, endless, identity
from models.engine import EngineSettings
from models.fetch import model_path
from scenarios.loader import load
from scenarios.schema import Dialogue


@dataclass
class ReplayedTurn:
    """One officer's line and what came of it. reply_ms: from the line to the civilian's whole reply.

    first_token_ms: None where an authored line was taken without asking the model.
    """

    conversation: int
    turn: int
    reply_ms: float
    first_token_ms: float | None
    decode_tokens_per_s: float | None
    n_prompt: int
    n_cached: int
    by_model: bool
    reply_words: int


@dataclass
class Replay:
    turns: list[ReplayedTurn] = field(default_factory=list)
    start_ms: list[float] = field(default_factory=list)
    peak_bytes: int = 0
    turns_dropped: int = 0


def workload_identity(turns: int = 0) -> Workload:
    """The fixed workload's identity, or, with another number of turns, that of the workload it makes."""
    workload = dialogue_workload()
    if turns and turns != workload.turns:
        workload = workload.model_copy(
            update={"name": "dialogue-held-out-own-turns", "turns": turns}
        )
    return identity(workload, *(endless(one.scenario) for one in workload.conversations))


def bench_dialogue(
    model: str, settings: EngineSettings, progress: Progress, turns: int = 0
) -> RunFile:
    """Replay the workload and make a run of it. turns: 0 for the workload's. Raises BenchmarkError, BadModel."""
    clock = RunClock()
    path = Path(model) if model.endswith(".gguf") else model_path(model)
    facts = model_facts(model, path)
    settings = settings.resolved()
    on = device()
    played = _in_a_process(model, settings, turns, progress)
    notes = clock.notes()
    if on["power"]["source"] == "battery":
        notes.append("On battery: do not set it beside runs on mains power.")
    if played.turns_dropped:
        notes.append(f"{played.turns_dropped} old turns were dropped because the context was full.")
    return RunFile(
        kind="dialogue",
        id=new_run_id(),
        began_at=clock.began_at,
        seconds=round(clock.seconds, 1),
        device={**on, "load_average_after": device()["load_average"]},
        runtime=runtime(),
        models=[facts],
        workload=workload_identity(turns),
        settings=asdict(settings),
        samples=_samples(played),
        figures=_figures(played),
        clusters=[dialogue_workload().conversations[t.conversation].scenario for t in played.turns],
        notes=notes,
    )


def _in_a_process(model: str, settings: EngineSettings, turns: int, progress: Progress) -> Replay:
    given = (model, json.dumps(asdict(settings)), str(turns))
    found = measured_apart("benchmark.dialogue", given, progress)
    turns_replayed = [ReplayedTurn(**turn) for turn in found.pop("turns")]
    return Replay(turns=turns_replayed, **found)


def _replay(model: str, settings: dict[str, Any], turns: int, say: Progress) -> Replay:
    from benchmark.process_memory import resident
    from simulator.cast import Cast

    workload = dialogue_workload()
    say("loading", 0.0)
    cast = Cast(model, EngineSettings(**settings))
    found = Replay()
    for number, one in enumerate(workload.conversations):
        say(one.scenario, number / len(workload.conversations))
        _conversation(cast, number, one, turns or workload.turns, workload.seed, found)
    found.peak_bytes = resident().peak
    cast.close()
    return found


def _conversation(
    cast: Any, number: int, one: Replayed, most: int, seed: int, found: Replay
) -> None:
    from simulator.cast import Choice
    from simulator.events import CivilianSpoke, ContextDropped, Event

    spoken: list[tuple[CivilianSpoke, float]] = []

    def on_event(event: Event) -> None:
        if isinstance(event, CivilianSpoke):
            spoken.append((event, time.perf_counter()))
        elif isinstance(event, ContextDropped):
            found.turns_dropped += event.turns_dropped

    replayed = _dialogue(one)
    loaded = endless(one.scenario, without=replayed)
    lines = [exchange.officer for exchange in replayed.exchanges][:most]
    began = time.perf_counter()
    session, started = cast.session(Choice(loaded, one.subject, seed), on_event)
    session.begin(started)
    found.start_ms.append(round((time.perf_counter() - began) * 1000, 1))
    for turn, line in enumerate(lines, 1):
        spoken.clear()
        began = time.perf_counter()
        session.officer_says(line)
        said, at = spoken[0]
        timings = said.timings
        found.turns.append(
            ReplayedTurn(
                conversation=number,
                turn=turn,
                reply_ms=round((at - began) * 1000, 1),
                first_token_ms=round(timings.ttft_ms, 1) if timings else None,
                decode_tokens_per_s=timings.decode_tokens_per_s if timings else None,
                n_prompt=timings.n_prompt if timings else 0,
                n_cached=timings.n_cached if timings else 0,
                by_model=said.origin == "model",
                reply_words=len(said.text.split()),
            )
        )


def _dialogue(one: Replayed) -> Dialogue:
    """Raises BadBenchmarkInput where the scenario has no such one."""
    for dialogue in load(one.scenario).dialogues:
        if dialogue.officer == one.officer and dialogue.subject_type == one.subject:
            return dialogue
    raise BadBenchmarkInput(
        f"workloads/dialogue.yaml: {one.scenario} has no dialogue of a {one.officer} officer with a "
        f"{one.subject} civilian"
    )


def _samples(played: Replay) -> dict[str, list[float]]:
    turns = played.turns
    asked = [turn for turn in turns if turn.first_token_ms is not None]
    columns: dict[str, list[Any]] = {
        "reply_ms": [t.reply_ms for t in turns],
        "turn": [t.turn for t in turns],
        "conversation": [t.conversation for t in turns],
        "by_model": [t.by_model for t in turns],
        "reply_words": [t.reply_words for t in turns],
        "first_token_ms": [t.first_token_ms for t in asked],
        "n_prompt": [t.n_prompt for t in asked],
        "n_cached": [t.n_cached for t in asked],
        "decode_tokens_per_s": [t.decode_tokens_per_s for t in asked if t.decode_tokens_per_s],
        "start_ms": played.start_ms,
    }
    return {name: [float(v) for v in values] for name, values in columns.items()}


def _figures(played: Replay) -> list[Figure]:
    samples = _samples(played)
    figures = []
    for name, unit, better, about in (
        ("reply_ms", "ms", "lower", "officer's line to the civilian's whole reply"),
        ("first_token_ms", "ms", "lower", "to the model's first token, where it was asked"),
        ("decode_tokens_per_s", "tokens/s", "higher", "decode within a reply"),
        (
            "start_ms",
            "ms",
            None,
            "a scenario begun: prompt computed the first time, from disk later",
        ),
    ):
        figures += _middle_and_tail(name, samples[name], unit, better, about)
    asked = [t for t in played.turns if t.first_token_ms is not None]
    share = sum(t.by_model for t in played.turns) / len(played.turns)
    cached = sum(t.n_cached for t in asked) / max(1, sum(t.n_prompt for t in asked))
    for name, value, about in (
        ("by_model_share", share, "replies in the model's own words, not an author's"),
        ("asked_share", len(asked) / len(played.turns), "turns in which the model was asked"),
        ("already_there_share", cached, "of the prompt's tokens, in the cache before the turn"),
    ):
        figures.append(
            Figure(name=name, value=round(value, 4), unit="share", about=about, n=len(played.turns))
        )
    figures.append(
        Figure(
            name="peak_mb",
            value=round(played.peak_bytes / 1e6, 1),
            unit="MB",
            about="resident at most, the whole session",
            better="lower",
        )
    )
    return figures


def _middle_and_tail(
    name: str, samples: list[float], unit: str, better: Any, about: str
) -> list[Figure]:
    if not samples:
        note = "the model was never asked"
        return [Figure.unmeasured(name, unit, about, note)]
    value, low, high = median_interval(samples)
    first = Figure(
        name=name,
        value=round(value, 1),
        unit=unit,
        about=about,
        better=better,
        low=round(low, 1),
        high=round(high, 1),
        n=len(samples),
    )
    if better == "higher" or name == "start_ms":
        return [first]
    allowed = enough(samples, 95)
    tail = Figure(
        name=f"{name}_p95",
        value=round(percentile(samples, 95), 1) if allowed else None,
        unit=unit,
        about=f"{about}, 95 % are shorter",
        better="lower",
        n=len(samples),
        note="" if allowed else f"{len(samples)} samples; {ENOUGH_FOR[95]} are needed",
        source="measured" if allowed else "none",
    )
    return [first, tail]


def main() -> None:
    model, settings, turns = sys.argv[1:]
    measure_here(lambda say: asdict(_replay(model, json.loads(settings), int(turns), say)))


if __name__ == "__main__":
    main()
