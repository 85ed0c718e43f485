"""The prompt that a session of `play` would begin with: tokens of the scenario's prefix and of a first turn."""

from __future__ import annotations

from benchmark.workload import endless, latency_workload
from models.chat import Conversation
from models.engine import Engine
from scenarios.loader import Loaded
from scenarios.prompt import direction, example_turns, system_message
from scenarios.schema import SubjectType
from simulator.civilian.reply import ReplySettings


def system_and_examples(loaded: Loaded, subject: SubjectType) -> tuple[str, list[tuple[str, str]]]:
    """What the model is told once for a scenario."""
    exchanges = [
        exchange
        for dialogue in loaded.dialogues
        if dialogue.subject_type == subject
        for exchange in dialogue.exchanges
    ]
    examples = example_turns(loaded.scenario, exchanges[: ReplySettings().examples])
    return system_message(loaded.scenario, subject), examples


def opening_tokens(engine: Engine) -> tuple[list[int], list[int]]:
    """(prefix, turn): what is cached once for a scenario, and what a turn adds. Raises BadModel without a template."""
    workload = latency_workload()
    loaded = endless(workload.scenario)
    talk = Conversation(engine)
    prefix = talk.prefix_tokens(*system_and_examples(loaded, workload.subject))
    words = engine.tokenize(workload.first_words)
    return prefix, [*words, *talk.direction_tokens(direction(58, 26, "medium"))]
