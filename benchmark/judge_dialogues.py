"""What is judged: the dialogues of a free-running generation, and the real ones they stand in for."""

from __future__ import annotations

from dataclasses import dataclass

from benchmark.errors import BadBenchmarkInput
from benchmark.generate_record import Generation
from training.rows import Conversation


@dataclass(frozen=True)
class Dialogue:
    """One encounter to judge. words: of the civilian's, to find out whether length is rewarded."""

    id: str
    source: str
    person: str
    transcript: str
    words: int


def generated(generation: Generation, most_turns: int) -> list[Dialogue]:
    """The dialogues as the model answered in them; those with a failed or missing reply are left out.

    Raises BadBenchmarkInput where the replies do not make dialogues (teacher forcing), or none is whole.
    """
    if generation.manifest.mode != "free-running":
        raise BadBenchmarkInput(
            f"{generation.folder}: these replies each answer a real history and make no dialogue; judge what "
            "`deescal bench generate --mode free-running` makes"
        )
    answers: dict[int, dict[int, str]] = {}
    broken: set[int] = set()
    for asked in generation.dialogues.asked:
        reply = generation.replies.get(asked.number)
        if reply is None or reply.error:
            broken.add(asked.conversation)
        else:
            answers.setdefault(asked.conversation, {})[asked.turn] = reply.text
    found = [
        _dialogue(conversation, answers.get(at, {}), most_turns)
        for at, conversation in enumerate(generation.dialogues.conversations)
        if at not in broken and at in answers
    ]
    if not found:
        raise BadBenchmarkInput(f"{generation.folder}: no dialogue in it was answered to its end")
    return found


def real(generation: Generation, most_turns: int) -> list[Dialogue]:
    """The same conversations as they really went."""
    return [_dialogue(one, {}, most_turns) for one in generation.dialogues.conversations]


def _dialogue(conversation: Conversation, answers: dict[int, str], most_turns: int) -> Dialogue:
    lines = []
    words = 0
    for at, turn in enumerate(conversation.turns[:most_turns]):
        said = answers.get(at, turn.civilian)
        words += len(said.split())
        lines += [f"Officer: {turn.officer}", f"Civilian: {said or '(silence)'}"]
    return Dialogue(
        conversation.id, conversation.source, conversation.system, "\n".join(lines), words
    )
