"""From starting a scenario to the model's first token: cold, and with the prefix state on disk."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from benchmark.latency_prompt import system_and_examples
from benchmark.workload import EngineWorkload
from models.chat import Conversation
from models.engine import Engine, EngineSettings, Sampling
from scenarios.loader import Loaded
from scenarios.prompt import direction

_GREEDY = Sampling(temperature=0.0, repeat_penalty=1.0)


@dataclass
class WarmStart:
    """Milliseconds to the first token, each in a new context; the model's file was loaded before."""

    cold_ms: list[float] = field(default_factory=list)
    warm_ms: list[float] = field(default_factory=list)
    prefix_tokens: int = 0
    turn_tokens: int = 0  # what comes after the prefix: first words, stage direction
    state_bytes: int = 0

    @property
    def ratios(self) -> list[float]:
        return [cold / warm for cold, warm in zip(self.cold_ms, self.warm_ms, strict=True)]


def warm_start(
    gguf: Path,
    settings: EngineSettings,
    workload: EngineWorkload,
    loaded: Loaded,
    pairs: int,
    step: Callable[[], None] = lambda: None,
) -> WarmStart:
    """Start the scenario `pairs` times with nothing and with its state, in turn.

    The cold start does not count the writing of the state. step: called after every pair.
    """
    system, examples = system_and_examples(loaded, workload.subject)
    found = WarmStart()
    with tempfile.TemporaryDirectory(prefix="deescal-bench-") as folder:
        state = Path(folder) / "prefix.state"
        with Engine(gguf, settings) as engine:  # the pages of the weights come into memory here
            talk = Conversation(engine)
            talk.start(system, examples, state)
            found.prefix_tokens = len(engine.tokens)
            _first_token(talk, workload)
            found.turn_tokens = engine.last.n_prompt - found.prefix_tokens
            found.state_bytes = state.stat().st_size
        for _ in range(pairs):
            found.cold_ms.append(_start(gguf, settings, system, examples, None, workload))
            found.warm_ms.append(_start(gguf, settings, system, examples, state, workload))
            step()
    return found


def _start(
    gguf: Path,
    settings: EngineSettings,
    system: str,
    examples: list[tuple[str, str]],
    state: Path | None,
    workload: EngineWorkload,
) -> float:
    with Engine(gguf, settings) as engine:
        talk = Conversation(engine)
        began = time.perf_counter()
        from_disk = talk.start(system, examples, state)
        assert from_disk == (state is not None)
        _first_token(talk, workload)
        return (time.perf_counter() - began) * 1000


def _first_token(talk: Conversation, workload: EngineWorkload) -> None:
    talk.begin_turn()
    talk.hear(workload.first_words)
    told = talk.direction_tokens(direction(58, 26, "medium"))
    tokens = talk.engine.generate(_GREEDY, 1, told)
    next(tokens, None)
    tokens.close()  # type: ignore[attr-defined]
