"""Supervised fine-tuning: the next words of the civilian, and nothing else, are learnt.

trl's SFTTrainer does the training (peft, accelerate, checkpoints), with what is ours in trainer.py.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from accelerate import PartialState

from training import runlog
from training.base import (
    FINAL,
    base_identity,
    device_of,
    freeze,
    load_model,
    load_tokenizer,
    load_tuned,
    require_run,
    speech_of,
)
from training.data import Prepared, write_dev
from training.errors import BadRecipe, TrainingError
from training.layout import Layout, Speech, all_layouts
from training.own_words import Said, draw_own, weigh
from training.packs import plan_run
from training.recipe import Recipe
from training.runlog import LOG, RunLog
from training.trainer import CivilianTrainer, half_precision, last_checkpoint

DEV = "dev.jsonl"
OWN = "own.jsonl"


def train(
    recipe: Recipe, prepared: Prepared, out: Path, resume: bool, starts: Sequence[Path] = ()
) -> RunLog:
    """Run the recipe in `out`. What is worth keeping at the end is in `out/model`.

    starts: finished runs of the same base; this one, a later course, begins with the mean of their weights.
    Raises BadRecipe where `out` holds another run, TrainingError where it cannot go on.
    """
    state = PartialState(cpu=not torch.cuda.is_available())  # several processes on a CPU: gloo
    for start in starts:
        require_run(start)
    checkpoint = _checkpoint(out, resume)
    tokenizer = load_tokenizer(recipe.base)
    speech = speech_of(tokenizer)
    data = recipe.data
    base = base_identity(recipe.base) + "".join(_course(start) for start in starts)
    torch.manual_seed(recipe.seed)
    model = load_tuned(recipe, starts) if starts else load_model(recipe)
    own, learnt = None, prepared.train
    if recipe.own_words:
        said = _own_replies(model, recipe, prepared, speech, out / OWN, base, state)
        own, learnt = weigh(said, prepared.train, speech, recipe.own_words.most)
    layouts = all_layouts(learnt, speech, data.max_tokens, data.directions, own)
    dev = all_layouts(prepared.dev, speech, data.max_tokens, data.directions)
    run = recipe.optimisation
    packs = plan_run(
        layouts, run.tokens_per_batch, run.epochs, data.library_repeat, recipe.seed, data.order
    )
    if len(packs) < run.accumulate * state.num_processes:
        raise BadRecipe(
            f"{recipe.name}: the data make {len(packs)} batches of {run.tokens_per_batch} tokens, too "
            f"few for {run.accumulate} x {state.num_processes} to a step; lower accumulate"
        )
    if recipe.method.kind == "full":
        freeze(model, recipe.method.freeze)
    if checkpoint:
        log = runlog.read(out / LOG)
        runlog.require_same(log, recipe, prepared.sha256, out)
        runlog.rewind(log, int(checkpoint.rpartition("-")[2]))
    else:
        log = runlog.begin(
            recipe,
            prepared.sha256,
            prepared.counts() | _token_counts(layouts, dev),
            base,
            device_name(),
            state.num_processes,
        )
        if state.is_main_process:
            out.mkdir(parents=True, exist_ok=True)
            write_dev(prepared.dev, out / DEV)
    state.wait_for_everyone()
    trainer = CivilianTrainer(recipe, model, tokenizer, layouts, packs, dev, out, log)
    try:
        if not checkpoint:
            trainer.evaluate()
        trainer.train(resume_from_checkpoint=checkpoint)
    except OSError as problem:
        raise TrainingError(
            f"{out}: cannot be written ({problem.strerror}); free some space and run again with --resume"
        ) from None
    except torch.OutOfMemoryError:
        raise TrainingError(
            f"{recipe.name}: out of memory on {log.device}; lower tokens_per_batch and raise accumulate"
        ) from None
    trainer.finish(tokenizer)
    return log


def _own_replies(
    model: Any,
    recipe: Recipe,
    prepared: Prepared,
    speech: Speech,
    path: Path,
    base: str,
    state: PartialState,
) -> Said:
    """Drawn by the first process, and read by all. In half precision where it is the faster one."""
    speaker = model.to(device_of()).eval()
    if half_precision(recipe):
        speaker = copy.deepcopy(model).to(torch.bfloat16)
    for mine in (True, False):
        if state.is_main_process == mine:
            try:
                said = draw_own(speaker, recipe, prepared.train, speech, path, base)
            except OSError as problem:
                raise TrainingError(
                    f"{path}: cannot be written ({problem.strerror}); free some space and run again"
                ) from None
        state.wait_for_everyone()
    model.train()
    return said


def _course(start: Path) -> str:
    """What a second course stands on, by its content and not by where it lay."""
    log = runlog.read(start / LOG)
    return f", then {log.name} (recipe {log.recipe_sha256[:12]}, data {log.data_sha256[:12]})"


def _checkpoint(out: Path, resume: bool) -> str | None:
    """Where to go on from. BadRecipe where `out` has a run and nobody asked to continue it."""
    begun = (out / LOG).is_file()
    if not resume:
        if begun:
            raise BadRecipe(
                f"{out}: holds a run already; add --resume to continue it, or give another --out"
            )
        return None
    last = last_checkpoint(out) if begun else None
    if begun and (out / FINAL).is_dir():
        raise BadRecipe(f"{out}: that run is finished; its model is in {out / FINAL}")
    return last


def _token_counts(train: Sequence[Layout], dev: Sequence[Layout]) -> dict[str, int]:
    return {
        "train_tokens": sum(map(len, train)),
        "train_reply_tokens": sum(layout.learnt for layout in train),
        "dev_tokens": sum(map(len, dev)),
        "dev_reply_tokens": sum(layout.learnt for layout in dev),
    }


def device_name() -> str:
    if torch.cuda.is_available():
        return str(torch.cuda.getdevice_name())
    from models.hardware import machine

    return machine().in_words()
