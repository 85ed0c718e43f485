"""Replies to a workload, one after another, kept as they come: killed, it goes on where it was.

Scoring is another command (benchmark.score), so that old replies can be scored again.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from benchmark import device as machine
from benchmark.errors import BenchmarkError
from benchmark.generate_progress import Step, unwatched
from benchmark.generate_prompts import Decoding, Setting, cleaned, messages
from benchmark.generate_record import (
    Generation,
    Manifest,
    Mode,
    ReplyRecord,
    append,
    begin,
    writing,
)
from benchmark.generate_speakers import Answer, Question, Speaker
from benchmark.generate_workload import Asked, Dialogues
from benchmark.runfile import new_run_id, utc_now

#: Failures one after another after which the speaker is taken for broken.
_GIVE_UP = 5


@dataclass(frozen=True)
class Plan:
    """How a workload is asked."""

    setting: Setting
    mode: Mode
    decoding: Decoding
    seed: int = 0


def manifest_of(speaker: Speaker, dialogues: Dialogues, plan: Plan) -> Manifest:
    return Manifest(
        id=new_run_id(),
        began_at=utc_now(),
        mode=plan.mode,
        setting=plan.setting.name,
        repeated=plan.setting.repeated,
        decoding=plan.decoding.as_dict(),
        seed=plan.seed,
        workload=dialogues.identity,
        asked=len(dialogues.asked),
        model=speaker.model,
        adapter=speaker.adapter,
        speaker=speaker.about,
        device=machine.device(),
        runtime=machine.runtime(),
    )


def folder_name(speaker: Speaker, dialogues: Dialogues, plan: Plan) -> str:
    """The same for the same question, so that the same command goes on."""
    who = speaker.model.id + (f"+{speaker.adapter.id}" if speaker.adapter else "")
    parts = (who, dialogues.name, plan.setting.name, plan.mode, f"seed{plan.seed}")
    return "-".join(parts).replace("/", "_")


def generate(
    speaker: Speaker,
    dialogues: Dialogues,
    plan: Plan,
    folder: Path,
    progress: Callable[[int, int], AbstractContextManager[Step]] = unwatched,
) -> Generation:
    """Ask for every reply that the folder does not hold yet; those that failed are asked for again.

    progress: given how many replies are wanted and how many are there. Raises BenchmarkError where the speaker fails
    again and again; what was answered is kept.
    """
    with writing(folder):
        generation = begin(folder, manifest_of(speaker, dialogues, plan), dialogues)
        in_a_row = 0
        with (
            (folder / "replies.jsonl").open("a", encoding="utf-8") as stream,
            progress(len(dialogues.asked), generation.done) as step,
        ):
            for group in _groups(
                dialogues, speaker.at_once if plan.mode == "teacher-forced" else 1
            ):
                wanted = [asked for asked in group if _wanted(generation, asked)]
                if not wanted:
                    continue
                # The whole group again where any is missing: what else is in a batch moves the last digits.
                replies = _answers(speaker, generation, plan, group)
                for reply in replies:
                    if _wanted(generation, dialogues.asked[reply.number]):
                        append(stream, reply)
                        generation.replies[reply.number] = reply
                        in_a_row = in_a_row + 1 if reply.error else 0
                        step(reply.error and "failed")
                    if in_a_row >= _GIVE_UP:
                        raise BenchmarkError(
                            f"{in_a_row} replies in a row failed ({reply.error}); {generation.done} of "
                            f"{len(dialogues.asked)} are kept in {folder}, the same command goes on"
                        )
        return generation


def _groups(dialogues: Dialogues, at_once: int) -> Iterator[list[Asked]]:
    """Turns of one talk, at most so many together; always cut alike."""
    for _, of_one in itertools.groupby(dialogues.asked, key=lambda asked: asked.conversation):
        turns = list(of_one)
        for at in range(0, len(turns), at_once):
            yield turns[at : at + at_once]


def _wanted(generation: Generation, asked: Asked) -> bool:
    there = generation.replies.get(asked.number)
    return there is None or bool(there.error)


def _answers(
    speaker: Speaker, generation: Generation, plan: Plan, group: list[Asked]
) -> list[ReplyRecord]:
    conversation = generation.dialogues.conversations[group[0].conversation]
    questions: list[Question] = []
    for asked in group:
        said = _said(generation, plan, asked)
        if said is None:
            why = "not asked: an earlier reply of this talk failed"
            return [ReplyRecord(other.number, error=why) for other in group]
        given = messages(conversation, asked.turn, plan.setting, said)
        seed = _seed(plan.seed, conversation.id, asked.turn)
        real = conversation.turns[asked.turn].civilian if plan.mode == "teacher-forced" else None
        questions.append(Question(given, seed, real))
    answers = speaker.answers(questions, plan.decoding)
    return [_record(asked.number, answer) for asked, answer in zip(group, answers, strict=True)]


def _record(number: int, answer: Answer) -> ReplyRecord:
    drawn = answer.drawn
    if drawn is None:
        return ReplyRecord(number, error=answer.error)
    reply = ReplyRecord(
        number,
        text=cleaned(drawn.text),
        raw=drawn.text,
        ended=drawn.ended,
        n_tokens=drawn.n_tokens,
        n_prompt=drawn.n_prompt,
        n_cached=drawn.n_cached,
        ms=drawn.ms,
        all_decoding=drawn.all_decoding,
    )
    if answer.real is not None:
        reply.real_log_probability = round(answer.real.log_probability, 4)
        reply.real_tokens = answer.real.n_tokens
    return reply


def _said(generation: Generation, plan: Plan, asked: Asked) -> list[str] | None:
    """The civilian's answers before: the real ones, or what was generated where a reply was asked for."""
    turns = generation.dialogues.conversations[asked.conversation].turns[: asked.turn]
    said = [turn.civilian for turn in turns]
    if plan.mode == "free-running":
        first = asked.number - sum(turn.learn for turn in turns)
        learnt = [at for at, turn in enumerate(turns) if turn.learn]
        for number, at in enumerate(learnt, first):
            earlier = generation.replies.get(number)
            if earlier is None or earlier.error:
                return None
            said[at] = earlier.text
    return said


def _seed(seed: int, conversation: str, turn: int) -> int:
    """Of its own for every turn, so that a resumed run draws what an unbroken one would have."""
    digest = hashlib.sha256(f"{seed}:{conversation}:{turn}".encode()).digest()
    return int.from_bytes(digest[:4], "big")
