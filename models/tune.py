"""Finds the engine settings that are fastest for a turn on this machine, by measuring; `play` then uses them.

A turn as `play` has it: the officer's words and the stage direction are computed behind a scenario's prompt, then a
reply is decoded. Candidates take turns, round after round, so that what the machine does meanwhile falls on all.
"""

from __future__ import annotations

import datetime
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from models.errors import ModelError
from models.hardware import Cores, cores, default_threads
from models.tuned import Tuned, this_machine

#: Tokens of a typical scenario's prompt, of what is new in a turn, and of a reply.
PROMPT, TURN_IN, TURN_OUT = 640, 60, 18
SLICES = (64, 128, 256, 512)
#: Faster by less than this is not worth more threads, or slices that cannot be cancelled so soon.
_WORTH = 0.03
_MOST_THREADS = 16

Say = Callable[[str, float], None]


@dataclass
class Trial:
    """One candidate: seconds of each round."""

    threads: int
    slice_tokens: int
    turn_s: list[float] = field(default_factory=list)
    prompt_s: list[float] = field(default_factory=list)

    @property
    def middle_turn_s(self) -> float:
        return statistics.median(self.turn_s)

    @property
    def middle_prompt_s(self) -> float:
        return statistics.median(self.prompt_s)


@dataclass
class Tuning:
    """What was tried and what was found."""

    found: Tuned
    trials: list[Trial]
    default: Trial


def thread_counts(have: Cores) -> list[int]:
    """Counts that are worth trying: powers of two, and each count of cores that the machine has."""
    most = min(have.usable_logical, _MOST_THREADS)
    counts = {1, most, have.usable_physical, have.usable_fast, default_threads()}
    power = 2
    while power < most:
        counts.add(power)
        power *= 2
    return sorted(n for n in counts if 1 <= n <= most)


def tune(gguf: Path, rounds: int = 3, say: Say = lambda _what, _share: None) -> Tuning:
    """Measure threads, then slices with the best of them. Raises BadModel, ModelError; keeps nothing."""
    from models.engine import EngineSettings

    untuned = EngineSettings(threads=default_threads(), slice_tokens=128)
    counts = thread_counts(cores())
    trials = [Trial(n, untuned.slice_tokens) for n in counts]
    steps = rounds * (len(counts) + len(SLICES) - 1)
    done = 0

    def step(trial: Trial) -> None:
        nonlocal done
        say(f"{trial.threads} threads, {trial.slice_tokens} at once", done / steps)
        done += 1
        _measure(gguf, trial)

    for _ in range(rounds):
        for trial in trials:
            step(trial)
    best = best_threads(trials)
    others = [best if n == best.slice_tokens else Trial(best.threads, n) for n in SLICES]
    for _ in range(rounds):
        for trial in others:
            if trial is not best:
                step(trial)
    chosen = best_slice(others)
    default = next(t for t in trials if t.threads == untuned.threads)
    found = Tuned(
        machine=this_machine(),
        threads=chosen.threads,
        slice_tokens=chosen.slice_tokens,
        model=gguf.name,
        turn_s=round(chosen.middle_turn_s, 4),
        default_turn_s=round(default.middle_turn_s, 4),
        measured_at=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
    )
    return Tuning(found, [*trials, *(t for t in others if t is not best)], default)


def best_threads(trials: Sequence[Trial]) -> Trial:
    """The fastest turn; of those about as fast, the fewest threads: they leave cores for the recogniser."""
    fastest = min(trial.middle_turn_s for trial in trials)
    near = [trial for trial in trials if trial.middle_turn_s <= fastest * (1 + _WORTH)]
    return min(near, key=lambda trial: trial.threads)


def best_slice(trials: Sequence[Trial]) -> Trial:
    """The fastest to compute a prompt; of those about as fast, the smallest: it is cancelled soonest."""
    fastest = min(trial.middle_prompt_s for trial in trials)
    near = [trial for trial in trials if trial.middle_prompt_s <= fastest * (1 + _WORTH)]
    return min(near, key=lambda trial: trial.slice_tokens)


def _measure(gguf: Path, trial: Trial) -> None:
    """One round of one candidate on an engine of its own."""
    from models.engine import Engine, EngineSettings, Sampling

    # Greedy and without a penalty a model goes on with the repeated text, and does not end it.
    copying = Sampling(temperature=0.0, repeat_penalty=1.0)
    settings = EngineSettings(n_ctx=1024, threads=trial.threads, slice_tokens=trial.slice_tokens)
    with Engine(gguf, settings) as engine:
        text = engine.tokenize("The street is quiet at this hour, and a bus stands at the corner. ")
        tokens = (text * (PROMPT // len(text) + 10))[: PROMPT + TURN_IN]
        engine.prefill(tokens[:16])  # the pages of the weights come into memory
        engine.rewind(0)
        began = time.perf_counter()
        engine.prefill(tokens[:PROMPT])
        filled = time.perf_counter()
        drawn = sum(1 for _ in engine.generate(copying, TURN_OUT, tokens[PROMPT:]))
        spent = time.perf_counter() - filled
        last = engine.last
        if drawn < 2:
            raise ModelError(
                f"{gguf}: the model ends its text at once; nothing can be tuned with it"
            )
        # A reply may end early: what was missing is taken at the speed of the rest.
        missing = (TURN_OUT - drawn) / last.decode_tokens_per_s if last.decode_tokens_per_s else 0.0
        trial.prompt_s.append(filled - began)
        trial.turn_s.append(spent + max(0.0, missing))
