"""Replies to a workload, one after another, kept as they come: killed, it goes on where it was.

Scoring is another command (benchmark.score), so that old replies can be scored again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
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
from benchmark.generate_speakers import Speaker, SpeakerFailed
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
            for asked in dialogues.asked:
                there = generation.replies.get(asked.number)
                if there is not None and not there.error:
                    continue
                reply = _answer(speaker, generation, plan, asked)
                append(stream, reply)
                generation.replies[asked.number] = reply
                in_a_row = in_a_row + 1 if reply.error else 0
                if in_a_row >= _GIVE_UP:
                    raise BenchmarkError(
                        f"{in_a_row} replies in a row failed ({reply.error}); {generation.done} of "
                        f"{len(dialogues.asked)} are kept in {folder}, the same command goes on"
                    )
                step(reply.error and "failed")
        return generation


def _answer(speaker: Speaker, generation: Generation, plan: Plan, asked: Asked) -> ReplyRecord:
    conversation = generation.dialogues.conversations[asked.conversation]
    said = _said(generation, plan, asked)
    if said is None:
        return ReplyRecord(asked.number, error="not asked: an earlier reply of this talk failed")
    given = messages(conversation, asked.turn, plan.setting, said)
    real = conversation.turns[asked.turn].civilian
    try:
        drawn = speaker.reply(given, plan.decoding, _seed(plan.seed, conversation.id, asked.turn))
    except SpeakerFailed as problem:
        return ReplyRecord(asked.number, error=str(problem))
    reply = ReplyRecord(
        asked.number,
        text=cleaned(drawn.text),
        raw=drawn.text,
        ended=drawn.ended,
        n_tokens=drawn.n_tokens,
        n_prompt=drawn.n_prompt,
        n_cached=drawn.n_cached,
        ms=drawn.ms,
        all_decoding=drawn.all_decoding,
    )
    if plan.mode == "teacher-forced" and (likely := speaker.likelihood(given, real)):
        reply.real_log_probability = round(likely.log_probability, 4)
        reply.real_tokens = likely.n_tokens
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
