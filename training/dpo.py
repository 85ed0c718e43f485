"""The preference stage: what the real civilian said is preferred to what the base says there.

The base answers like an assistant: over-compliant, helpful, long. Its replies to the same words are
the rejected ones. trl's DPOTrainer trains an adapter on the fine-tuned model; what is kept is the whole
model with that adapter merged in, so that export treats it like any fully trained one.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from accelerate import PartialState
from datasets import Dataset
from trl import DPOConfig, DPOTrainer

from training import runlog
from training.base import (
    FINAL,
    base_identity,
    device_of,
    load_model,
    load_tokenizer,
    load_tuned,
    require_run,
    speech_of,
)
from training.data import Prepared, write_dev
from training.errors import BadData, BadRecipe
from training.layout import Speech
from training.recipe import Recipe
from training.rows import Conversation
from training.runlog import LOG, PLOT, RunLog, Score
from training.sft import DEV, device_name
from training.trainer import last_checkpoint, lora_of, stage_arguments

PAIRS = "pairs.jsonl"

Pair = dict[str, list[int]]


def prefer(recipe: Recipe, prepared: Prepared, start: Path, out: Path, resume: bool) -> RunLog:
    """Run the preference stage on the finished run `start`. The model goes to `out/model`."""
    assert recipe.preference is not None
    require_run(start)
    if (out / LOG).is_file() and not resume:
        raise BadRecipe(f"{out}: holds a run already; add --resume, or give another --out")
    state = PartialState(cpu=not torch.cuda.is_available())  # several processes on a CPU: gloo
    out.mkdir(parents=True, exist_ok=True)
    tokenizer = load_tokenizer(recipe.base)
    speech = speech_of(tokenizer)
    if state.is_main_process and not (out / PAIRS).is_file():
        write_dev(prepared.dev, out / DEV)
        _write_pairs(recipe, prepared, speech, out / PAIRS)
    state.wait_for_everyone()
    rows = [json.loads(line) for line in (out / PAIRS).read_text(encoding="utf-8").splitlines()]
    train = [row["ids"] for row in rows if row["split"] == "train"]
    dev = [row["ids"] for row in rows if row["split"] == "dev"]
    torch.manual_seed(recipe.seed)
    log = runlog.begin(
        recipe,
        prepared.sha256,
        prepared.counts() | {"pairs_train": len(train), "pairs_dev": len(dev)},
        f"{base_identity(recipe.base)}, then {start}",
        device_name(),
        state.num_processes,
    )
    trainer = _PairTrainer(
        model=load_tuned(recipe, [start]),
        args=_arguments(recipe, out, len(train)),
        train_dataset=Dataset.from_list(train),
        eval_dataset=Dataset.from_list(dev),
        processing_class=tokenizer,
        peft_config=lora_of(recipe),
    )
    began = time.monotonic()
    trainer.train(resume_from_checkpoint=last_checkpoint(out) if resume else None)
    log.seconds = time.monotonic() - began
    _fill(log, trainer.state.log_history, train)
    if state.is_main_process:
        _keep(trainer, tokenizer, log, out)
    return log


class _PairTrainer(DPOTrainer):  # type: ignore[misc]
    def _prepare_dataset(self, dataset: Any, *_: Any, **__: Any) -> Any:
        return dataset  # tokens already, laid down as play does

    def create_model_card(self, *_: Any, **__: Any) -> None:
        """The run's log says more than trl's card."""


def _write_pairs(recipe: Recipe, prepared: Prepared, speech: Speech, path: Path) -> None:
    """One reply of each conversation, and what the base says there; whole or not at all."""
    wanted = recipe.preference
    assert wanted is not None
    draw = random.Random(recipe.seed)
    conversations = list(prepared.train)
    draw.shuffle(conversations)
    chosen = conversations[: wanted.pairs] + prepared.dev[: max(2, wanted.pairs // 20)]
    base = load_model(recipe).to(device_of()).eval()
    part = path.with_name(f".{path.name}.{os.getpid()}")
    written = 0
    with part.open("w", encoding="utf-8") as stream:
        for conversation in chosen:
            prompt, real = _a_reply(conversation, speech, recipe.data.max_tokens, draw)
            if not prompt:
                continue
            other = _base_says(base, prompt, speech, recipe)
            if other == real:
                continue
            end = [speech.end_of_turn]
            ids = {"prompt_ids": prompt, "chosen_ids": real + end, "rejected_ids": other + end}
            stream.write(json.dumps({"split": conversation.split, "ids": ids}) + "\n")
            written += 1
    if written < 2:
        part.unlink()
        raise BadData(
            f"{recipe.name}: no reply fits into {recipe.data.max_tokens} tokens with its prompt"
        )
    part.replace(path)


def _a_reply(
    conversation: Conversation, speech: Speech, max_tokens: int, draw: random.Random
) -> tuple[list[int], list[int]]:
    """A drawn reply and the tokens before it; nothing where none fits."""
    order = [i for i, turn in enumerate(conversation.turns) if turn.learn]
    draw.shuffle(order)
    head = [*speech.head, *speech.said(conversation.system), *speech.to_officer]
    for index in order:
        turn = conversation.turns[index]
        now = [*speech.said(turn.officer), *speech.direction(turn), *speech.to_civilian]
        real = speech.said(turn.civilian)
        before: list[int] = []
        for earlier in reversed(conversation.turns[:index]):
            said = [
                *speech.said(earlier.officer),
                *speech.to_civilian,
                *speech.said(earlier.civilian),
                *speech.next_officer,
            ]
            if len(head) + len(said) + len(before) + len(now) + len(real) > max_tokens:
                break
            before = said + before
        if len(head) + len(before) + len(now) + len(real) <= max_tokens:
            return head + before + now, real
    return [], []


def _base_says(base: Any, prompt: list[int], speech: Speech, recipe: Recipe) -> list[int]:
    wanted = recipe.preference
    assert wanted is not None
    ids = torch.tensor([prompt], device=base.device)
    sample = wanted.temperature > 0
    with torch.no_grad():
        found = base.generate(
            input_ids=ids,
            attention_mask=torch.ones_like(ids),
            max_new_tokens=wanted.max_new_tokens,
            do_sample=sample,
            temperature=wanted.temperature if sample else None,
            top_p=0.9 if sample else None,
            eos_token_id=speech.end_of_turn,
            pad_token_id=speech.end_of_turn,
            use_cache=True,
        )
    said: list[int] = found[0, len(prompt) :].tolist()
    return said[: said.index(speech.end_of_turn)] if speech.end_of_turn in said else said


def _arguments(recipe: Recipe, out: Path, pairs: int) -> DPOConfig:
    run = recipe.optimisation
    assert recipe.preference is not None
    steps = max(1, round(pairs * run.epochs / (run.accumulate * PartialState().num_processes)))
    return DPOConfig(
        **stage_arguments(recipe, out, min(steps, run.max_steps or steps)),
        beta=recipe.preference.beta,
        loss_type=["sigmoid"],
        per_device_eval_batch_size=1,
        eval_on_start=True,
        load_best_model_at_end=True,
    )


def _fill(log: RunLog, history: Sequence[dict[str, Any]], train: Sequence[Pair]) -> None:
    """What trl wrote down: here a loss is the preference loss, log 2 before the first step."""
    for row in history:
        if "loss" in row:
            log.losses.append((row["step"], row["loss"], row.get("learning_rate", 0.0)))
        if "eval_loss" in row:
            right = row.get("eval_rewards/accuracies", 0.0)
            log.dev.append(Score(row["step"], row["eval_loss"], {"preferred": right}, 0))
    log.tokens = sum(len(ids) for pair in train for ids in pair.values())
    log.reply_tokens = sum(len(pair["chosen_ids"]) for pair in train)
    log.best_step = min(log.dev, key=lambda score: score.loss).step
    log.why = "all steps done"
    log.finished = time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime())


def _keep(trainer: Any, tokenizer: Any, log: RunLog, out: Path) -> None:
    part = out / f".{FINAL}.part"
    shutil.rmtree(part, ignore_errors=True)
    trainer.accelerator.unwrap_model(trainer.model).merge_and_unload().save_pretrained(part)
    tokenizer.save_pretrained(part)
    log.write(part / LOG)
    shutil.rmtree(out / FINAL, ignore_errors=True)
    part.rename(out / FINAL)
    log.write(out / LOG)
    runlog.plot(log, out / PLOT)
