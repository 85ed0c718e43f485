"""`deescal train`: fine-tune a civilian by a recipe."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from training.errors import BadRecipe, TrainingError

if TYPE_CHECKING:
    from training.data import Prepared
    from training.estimate import Estimate
    from training.recipe import Recipe


@click.command()
@click.argument("recipe", required=False)
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    help="Folder that `deescal corpus publish` wrote; recipes on the library alone need none.",
)
@click.option(
    "--set",
    "changes",
    multiple=True,
    metavar="FIELD=VALUE",
    help="Change the recipe for this run, such as data.corpus=false; may be repeated.",
)
@click.option("--out", type=click.Path(path_type=Path), help="Folder of the run.")
@click.option("--dry-run", is_flag=True, help="Check recipe, data, memory and time; train nothing.")
@click.option(
    "--on",
    metavar="cuda:GIB",
    help="With --dry-run: a device elsewhere, such as cuda:24.",
)
@click.option("--resume", is_flag=True, help="Go on from the last checkpoint in --out.")
@click.option(
    "--from",
    "starts",
    multiple=True,
    type=click.Path(path_type=Path),
    help="A finished run to start from: a later course of the same base, or the preference stage. "
    "Several: the mean of their weights; one given twice counts twice.",
)
@click.option("--list", "list_them", is_flag=True, help="The recipes that come with it.")
def train(
    recipe: str | None,
    data: Path | None,
    changes: tuple[str, ...],
    out: Path | None,
    dry_run: bool,
    on: str | None,
    resume: bool,
    starts: tuple[Path, ...],
    list_them: bool,
) -> None:
    """Fine-tune a small model to be the civilian, by RECIPE (a name of --list, or a file).

    A run that was killed goes on with --resume, on the same loss curve. --out holds the log
    (run.json), the plot (loss.svg), checkpoints, and at the end the model (model/).

    \b
    Examples:
      deescal train --list
      deescal train smollm2-135m-full --data corpus/published --out out/civilian --dry-run
      deescal train smollm2-135m-full --data corpus/published --out out/civilian
      deescal train smollm2-135m-various --from out/a --from out/b --data corpus/published --out out/c
      deescal train qwen2.5-3b --data corpus/published --dry-run --on cuda:24
      accelerate launch --num_processes 2 -m deescal train qwen2.5-3b --data … --out …
    On processors alone: ACCELERATE_USE_CPU=true accelerate launch --multi_gpu --num_processes 2 …
    """
    from training.recipe import load_recipe, recipe_names

    if list_them:
        for name in recipe_names():
            click.echo(f"{name:26} {load_recipe(name).about}")
        return
    if recipe is None:
        raise click.UsageError("which RECIPE? `deescal train --list` shows them")
    wanted = load_recipe(recipe, changes)
    if wanted.stage == "dpo" and len(starts) != 1:
        raise BadRecipe(f"{wanted.name} is a preference stage: give --from RUN, a finished run")
    if wanted.own_words and not starts:
        raise BadRecipe(
            f"{wanted.name} lowers what a model says too often: give --from RUN, a finished run"
        )
    if starts and wanted.stage == "sft" and wanted.method.kind == "lora":
        raise BadRecipe(f"{wanted.name}: --from is for kind: full; an adapter belongs to its base")
    if on and not dry_run:
        raise BadRecipe("--on is for --dry-run: a run takes the device that is here")
    from training.base import require_run

    for start in starts:
        require_run(start)
    prepared, needed = _look_ahead(wanted, data, on)
    _tell(wanted, prepared, needed)
    if dry_run:
        return
    if out is None:
        raise BadRecipe("where to? give --out FOLDER")
    _require_place(wanted, out)
    _require_packages()
    if wanted.stage == "dpo":
        from training.dpo import prefer

        log = prefer(wanted, prepared, starts[0], out, resume)
    else:
        from training.sft import train as run

        log = run(wanted, prepared, out, resume, starts)
    if _speaks():
        best = next((score for score in log.dev if score.step == log.best_step), log.dev[-1])
        click.echo(
            f"{wanted.name}: {log.why}; dev loss {log.dev[0].loss:.3f} -> {best.loss:.3f} (perplexity "
            f"{best.perplexity:.1f}) at step {best.step}; {log.tokens_per_s:.0f} tokens/s; {out}/model"
        )


def _look_ahead(recipe: Recipe, data: Path | None, on: str | None) -> tuple[Prepared, Estimate]:
    """All that can be known without torch; every problem is one line, before anything is written."""
    from training.base import require_base
    from training.data import prepare
    from training.estimate import device_in_words, estimate, find_device, require_fit

    require_base(recipe.base)
    prepared = prepare(recipe, data)
    tokens = prepared.counts()["train_tokens_about"]
    device = device_in_words(on) if on else find_device()
    needed = estimate(recipe, tokens, device)
    require_fit(recipe, needed)
    return prepared, needed


def _tell(recipe: Recipe, prepared: Prepared, needed: Estimate) -> None:
    if not _speaks():
        return
    counts = prepared.counts()
    from training.base import base_identity

    method = recipe.method
    how = (
        "all weights" if method.kind == "full" else f"LoRA rank {method.lora and method.lora.rank}"
    )
    how += f", {' and '.join(method.freeze)} as they are" if method.freeze else ""
    how += ", 4-bit base" if method.four_bit else ""
    click.echo(f"recipe   {recipe.name} ({recipe.sha256()[:12]}): {recipe.about}")
    click.echo(f"base     {base_identity(recipe.base)}, {recipe.base.licence}")
    click.echo(
        f"method   {recipe.stage}, {how}, learning rate {recipe.optimisation.learning_rate:g}"
    )
    for split in ("train", "dev"):
        click.echo(
            f"{split:8} library {counts[f'{split}_library_replies']:,} replies in "
            f"{counts[f'{split}_library_conversations']:,} conversations, corpus "
            f"{counts[f'{split}_corpus_replies']:,} in {counts[f'{split}_corpus_conversations']:,}"
        )
    click.echo(f"data     {prepared.sha256[:12]}, about {counts['train_tokens_about']:,} tokens")
    gib = 2**30
    click.echo(
        f"memory   about {needed.bytes / gib:.1f} GiB (weights {needed.weights / gib:.1f}, training "
        f"state {needed.training_state / gib:.1f}, activations {needed.activations / gib:.1f}) of "
        f"{needed.device.memory_bytes / gib:.1f} GiB on {needed.device.name}"
    )
    hours = needed.seconds / 3600
    length = f"{hours:.1f} hours" if hours >= 1 else f"{needed.seconds / 60:.0f} minutes"
    click.echo(f"time     about {length}: {needed.steps:,} steps, {needed.tokens:,} tokens")
    if recipe.own_words:
        click.echo(
            f"before   {recipe.own_words.replies:,} replies of its own are drawn, which is not in that time "
            "(a 135M model on two cores: a second each); kept, and not drawn again"
        )


def _require_place(recipe: Recipe, out: Path) -> None:
    """Room for two checkpoints, the best one and the model, and leave to write there."""
    import shutil

    existing = out
    while not existing.exists():
        existing = existing.parent
    if not existing.is_dir() or not os.access(existing, os.W_OK):
        raise BadRecipe(f"{out}: {existing} cannot be written to")
    full = recipe.method.kind == "full"
    each = recipe.base.parameters * 12 if full else recipe.base.parameters // 4
    needed = each * (recipe.watch.keep + 1) + recipe.base.parameters * (4 if full else 0)
    free = shutil.disk_usage(existing).free
    if free < needed:
        raise TrainingError(
            f"{out}: the disk is too full: checkpoints need about {needed / 2**30:.1f} GiB and "
            f"{free / 2**30:.1f} GiB are free; free some, or lower watch.keep"
        )


def _require_packages() -> None:
    import importlib.util

    for package in ("torch", "transformers", "trl", "peft", "accelerate", "datasets"):
        if importlib.util.find_spec(package) is None:
            raise TrainingError(
                f"training needs {package}, which is not installed: "
                f"{sys.executable} -m pip install 'deescalwild-simulator[train]'"
            )


def _speaks() -> bool:
    """Of several processes only the first one talks."""
    return os.environ.get("RANK", "0") == "0"
