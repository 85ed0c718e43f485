"""A typed session of fixed lines in a process of its own: what of each turn was cached, and how much memory.

Run as `python -m benchmark.text_session MODEL SETTINGS_JSON`; prints one line of JSON. Of its own, because memory that
something else in a process once needed would be counted to the session.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import asdict, dataclass, field
from typing import Any

from benchmark.errors import BenchmarkError


@dataclass
class TurnCache:
    """Tokens of one turn. there: in the cache when the officer's words were asked for; kept: of those, how many still
    stand when the civilian has spoken and were not computed again meanwhile; computed: all that were, drafts that were
    refused and rewound included; n_prompt: in the context when the first token was drawn.

    All of it is seen at llama.cpp's door (its counter, the positions of each batch), not told by the reply of itself.
    """

    turn: int
    there: int
    computed: int
    kept: int
    n_prompt: int


@dataclass
class TextSession:
    turns: list[TurnCache] = field(default_factory=list)
    peak_bytes: int = 0
    end_bytes: int | None = None
    unshared_bytes: int | None = None
    context_used: int = 0
    turns_dropped: int = 0
    prefix_tokens: int = 0

    @property
    def cached_share(self) -> float:
        """From turn 2 on: tokens kept of all that were there."""
        later = [turn for turn in self.turns if turn.turn >= 2]
        return sum(t.kept for t in later) / sum(t.there for t in later)

    @property
    def shares(self) -> list[float]:
        return [turn.kept / turn.there for turn in self.turns if turn.turn >= 2]


def text_session(model: str, settings: dict[str, Any]) -> TextSession:
    """Play it in a new process. Raises BenchmarkError with that process's last line where it fails."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmark.text_session", model, json.dumps(settings)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise BenchmarkError(f"the text session failed: {last}")
    found = json.loads(done.stdout.splitlines()[-1])
    turns = [TurnCache(**turn) for turn in found.pop("turns")]
    return TextSession(turns=turns, **found)


def _play(model: str, settings: dict[str, Any]) -> TextSession:
    from benchmark.process_memory import resident
    from benchmark.workload import endless, engine_workload
    from models.engine import EngineSettings
    from simulator.cast import Cast, Choice
    from simulator.civilian.reply import ReplySettings
    from simulator.events import CivilianSpoke, ContextDropped, Event, OfficerSpoke

    workload = engine_workload()
    positions = watched_positions()
    cast = Cast(model, EngineSettings(**settings), ReplySettings(drafts=1))
    engine = cast.engine
    found = TextSession()
    before: list[int] = []
    counted = 0

    def on_event(event: Event) -> None:
        nonlocal before, counted
        if isinstance(event, OfficerSpoke):
            before, counted = list(engine.tokens), computed_tokens(engine)
            positions.clear()
        elif isinstance(event, CivilianSpoke) and event.turn:
            computed = computed_tokens(engine) - counted
            n_prompt = event.timings.n_prompt if event.timings else len(engine.tokens)
            same = _in_common(before, engine.tokens)
            kept = same - sum(position < same for position in positions)
            found.turns.append(TurnCache(event.turn, len(before), computed, kept, n_prompt))
        elif isinstance(event, ContextDropped):
            found.turns_dropped += event.turns_dropped

    choice = Choice(endless(workload.scenario), workload.subject, workload.seed)
    session, started = cast.session(choice, on_event)
    found.prefix_tokens = len(engine.tokens)
    session.begin(started)
    for line in workload.officer:
        session.officer_says(line)
    found.context_used = len(engine.tokens)
    memory = resident()
    found.peak_bytes, found.end_bytes, found.unshared_bytes = (
        memory.peak,
        memory.now,
        memory.unshared,
    )
    cast.close()
    return found


def computed_tokens(engine: Any) -> int:
    """How many tokens llama.cpp has computed in this context since it was made, by its own count."""
    import llama_cpp

    llama_cpp.llama_synchronize(engine._ctx)
    counts = llama_cpp.llama_perf_context(engine._ctx)
    return int(counts.n_p_eval) + int(counts.n_eval)


def watched_positions() -> set[int]:
    """The positions that llama.cpp computes from now on in this process, for the caller to read and clear."""
    import llama_cpp

    seen: set[int] = set()
    decode = llama_cpp.llama_decode

    def watched(context: Any, batch: Any) -> Any:
        seen.update(batch.pos[i] for i in range(batch.n_tokens))
        return decode(context, batch)

    llama_cpp.llama_decode = watched
    return seen


def _in_common(one: list[int], other: list[int]) -> int:
    """Length of the common beginning."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, (a, b) in pairs if a != b), min(len(one), len(other)))


if __name__ == "__main__":
    print(json.dumps(asdict(_play(sys.argv[1], json.loads(sys.argv[2])))))
