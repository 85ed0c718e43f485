"""A generation as pairs to be scored: what was said beside what the real civilian said there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from benchmark.errors import BadBenchmarkInput
from benchmark.generate_record import Generation
from benchmark.metrics.directed import Told, told
from benchmark.metrics.persona import Persona, persona
from scenarios.loader import load


@dataclass(frozen=True)
class Pair:
    """One turn. number: its place in the workload; source: the number of its video or scenario.

    told: the stage direction, where the model was given one. person: what is known of the civilian.
    """

    number: int
    source: int
    officer: str
    said: str
    real: str
    told: Told | None
    person: Persona
    ended: bool
    loss: float | None
    real_tokens: int


@dataclass(frozen=True)
class Pairs:
    """The turns that were answered. failed: those that could not be; missing: those not asked yet."""

    generation: Generation
    rows: list[Pair]
    failed: int
    missing: int

    @property
    def said(self) -> list[str]:
        return [row.said for row in self.rows]

    @property
    def real(self) -> list[str]:
        return [row.real for row in self.rows]

    @property
    def sources(self) -> list[int]:
        return [row.source for row in self.rows]

    def where(self, wanted: Callable[[Pair], bool]) -> list[Pair]:
        return [row for row in self.rows if wanted(row)]


def pairs_of(generation: Generation) -> Pairs:
    """Raises BadBenchmarkInput where no turn was answered. A failed turn is counted and never scored as text."""
    dialogues = generation.dialogues
    directed = generation.manifest.setting == "fixed"
    library = {c.source for c in dialogues.conversations if c.origin == "library"}
    scenarios = {source: load(source).scenario for source in library}
    numbers = {source: at for at, source in enumerate(dialogues.sources)}
    rows = []
    for asked in dialogues.asked:
        reply = generation.replies.get(asked.number)
        if reply is None or reply.error:
            continue
        conversation = dialogues.conversations[asked.conversation]
        turn = conversation.turns[asked.turn]
        likely = reply.real_log_probability
        rows.append(
            Pair(
                number=asked.number,
                source=numbers[conversation.source],
                officer=turn.officer,
                said=reply.text,
                real=turn.civilian,
                told=told(turn.direction) if directed else None,
                person=persona(conversation.system, scenarios.get(conversation.source)),
                ended=reply.ended,
                loss=None if likely is None else -likely,
                real_tokens=reply.real_tokens,
            )
        )
    if not rows:
        raise BadBenchmarkInput(
            f"{generation.folder}: no turn was answered ({len(generation.errors)} failed); nothing to score"
        )
    return Pairs(generation, rows, len(generation.errors), generation.missing)
