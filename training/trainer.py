"""trl's SFTTrainer with our batches, our loss and our dev score: the next words of the civilian, and nothing else.

Only positions that predict a civilian's token go through the output layer (layout, packs).
"""

from __future__ import annotations

import json
import math
import shutil
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from accelerate import PartialState
from datasets import Dataset
from torch.nn.functional import cross_entropy
from torch.utils.data import Sampler, SequentialSampler
from transformers import EarlyStoppingCallback, TrainerCallback
from trl import SFTConfig, SFTTrainer

from training import runlog
from training.attention import SPLIT, sights
from training.base import FINAL
from training.estimate import cpu_has_bfloat16
from training.layout import Layout
from training.own_words import unlikelihood
from training.packs import Collator, Pack, batch_of, plan
from training.recipe import Recipe
from training.runlog import LOG, PLOT, RunLog, Score


class CivilianTrainer(SFTTrainer):  # type: ignore[misc]
    """SFTTrainer with our batches, our loss and a dev score that is a mean over tokens."""

    def __init__(
        self,
        recipe: Recipe,
        model: Any,
        tokenizer: Any,
        layouts: Sequence[Layout],
        packs: Sequence[Pack],
        dev: Sequence[Layout],
        out: Path,
        log: RunLog,
    ) -> None:
        self._recipe = recipe
        self._out = out
        self._run_log = log
        self._dev = dev
        self._window = _sliding_window(model.config)
        self._sizes = [
            (sum(len(layouts[i]) for i in pack), sum(layouts[i].learnt for i in pack))
            for pack in packs
        ]
        if not torch.cuda.is_available():
            _split_attention(model)
        super().__init__(
            model=model,
            args=_arguments(recipe, out, len(packs)),
            data_collator=Collator(layouts, packs),
            train_dataset=Dataset.from_dict({"pack": list(range(len(packs)))}),
            eval_dataset=Dataset.from_dict({"pack": []}),  # asked for; `evaluate` is ours
            processing_class=tokenizer,
            peft_config=lora_of(recipe),
            callbacks=[
                _Keeper(self, log, out),
                *(
                    [EarlyStoppingCallback(early_stopping_patience=recipe.watch.patience)]
                    if _ends_at_best(recipe)
                    else []
                ),
            ],
        )
        # The loss of a batch is its own mean; the trainer then averages over the batches of a step.
        self.model_accepts_loss_kwargs = False

    def _get_train_sampler(self, *_: Any, **__: Any) -> Sampler[int]:
        return SequentialSampler(self.train_dataset)  # the order was drawn by plan_run

    def compute_loss(
        self,
        model: Any,
        inputs: dict[str, torch.Tensor],
        return_outputs: bool = False,
        num_items_in_batch: Any = None,
    ) -> Any:
        losses, weights = self._token_losses(model, inputs)
        real = weights > 0
        loss = (losses * weights)[real].sum() / weights[real].sum()
        if self._recipe.own_words and not real.all():
            lowered = (unlikelihood(losses[~real]) * -weights[~real]).sum() / real.sum()
            loss = loss + self._recipe.own_words.weight * lowered
        return (loss, None) if return_outputs else loss

    def _token_losses(
        self, model: Any, batch: dict[str, torch.Tensor]
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Cross entropy and weight of each token that is to be predicted, in order."""
        wanted = batch["labels"] >= 0
        outputs = model(
            input_ids=batch["input_ids"],
            position_ids=batch["position_ids"],
            logits_to_keep=wanted,
            use_cache=False,
            **self._who_sees(batch),
        )
        logits = outputs.logits.reshape(-1, outputs.logits.shape[-1]).float()
        losses = cross_entropy(logits, batch["labels"][wanted], reduction="none")
        return losses, batch["weights"][wanted]

    def _who_sees(self, batch: dict[str, torch.Tensor]) -> dict[str, Any]:
        """The mask as the model's attention wants it; for local layers, one mask a kind of layer."""
        sees = batch["attention_mask"]
        if self.model.config._attn_implementation == SPLIT:
            sight = sights(batch["owners"][0], batch["branches"][0])
            return {"attention_mask": sees, "sight": sight}
        on_cuda = sees.device.type == "cuda"
        bfloat16 = on_cuda and self._recipe.optimisation.precision == "bfloat16"
        kind = torch.bfloat16 if bfloat16 else torch.float32
        if self._window is None:
            return {"attention_mask": _additive(sees, kind)}
        at = batch["position_ids"][0]
        near = (at[:, None] - at[None, :] < self._window)[None, None]
        masks = {
            "full_attention": _additive(sees, kind),
            "sliding_attention": _additive(sees & near, kind),
        }
        return {"attention_mask": masks}

    @torch.no_grad()  # type: ignore[untyped-decorator]
    def evaluate(self, *_: Any, **__: Any) -> dict[str, float]:
        """Score the dev split: every token counts once, whatever its training weight."""
        model = self.model
        was_training = model.training
        model.eval()
        device = next(model.parameters()).device
        share = PartialState()
        sums: dict[str, list[float]] = {}
        budget = self._recipe.optimisation.tokens_per_batch
        for origin in sorted({layout.origin for layout in self._dev}):
            some = [layout for layout in self._dev if layout.origin == origin]
            packs = _dev_packs(some, budget)[share.process_index :: share.num_processes]
            total = torch.zeros(2, dtype=torch.float64)
            for pack in packs:
                batch = {k: v.to(device) for k, v in batch_of([some[i] for i in pack]).items()}
                with self.compute_loss_context_manager():
                    losses, _weights = self._token_losses(model, batch)
                total += torch.tensor([losses.double().sum().item(), float(len(losses))])
            everywhere = self.accelerator.reduce(total.to(device, torch.float32), "sum")
            sums[origin] = everywhere.tolist()
        model.train(was_training)
        tokens = sum(n for _, n in sums.values())
        loss = sum(s for s, _ in sums.values()) / tokens
        score = Score(
            self.state.global_step,
            round(loss, 5),
            {origin: round(s / n, 5) for origin, (s, n) in sums.items()},
            int(tokens),
        )
        self._run_log.dev = [old for old in self._run_log.dev if old.step != score.step] + [score]
        metrics = {"eval_loss": loss, "eval_perplexity": math.exp(min(loss, 50.0))}
        metrics |= {f"eval_loss_{origin}": value for origin, value in score.by_origin.items()}
        self.log(metrics)
        trainer: Any = self  # trl and transformers have no types
        trainer.control = trainer.callback_handler.on_evaluate(
            trainer.args, trainer.state, trainer.control, metrics
        )
        return metrics

    def create_model_card(self, *_: Any, **__: Any) -> None:
        """The run's log says more than trl's card."""

    def step_sizes(self, step: int) -> tuple[int, int]:
        """Tokens laid down and tokens learnt in one optimiser step, over all processes."""
        each = self.args.gradient_accumulation_steps * self.args.world_size
        part = self._sizes[(step - 1) * each : step * each]
        return sum(n for n, _ in part), sum(n for _, n in part)

    def finish(self, tokenizer: Any) -> None:
        """Write the best weights, the tokeniser, the log and the plot."""
        if not self.is_world_process_zero():
            return
        log = self._run_log
        best = (
            self.state.best_global_step if _ends_at_best(self._recipe) else self.state.global_step
        )
        log.best_step = (
            best if best else (min(log.dev, key=lambda s: s.loss).step if log.dev else None)
        )
        log.why = (
            "dev loss no longer fell"
            if self.state.global_step < self.state.max_steps
            else "all steps done"
        )
        log.finished = time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime())
        part = self._out / f".{FINAL}.part"
        shutil.rmtree(part, ignore_errors=True)
        self.accelerator.unwrap_model(self.model).save_pretrained(part)
        tokenizer.save_pretrained(part)
        log.write(part / LOG)
        shutil.rmtree(self._out / FINAL, ignore_errors=True)
        part.rename(self._out / FINAL)
        log.write(self._out / LOG)
        runlog.plot(log, self._out / PLOT)


class _Keeper(TrainerCallback):  # type: ignore[misc]
    """Writes the log as the run goes, so that a killed run has told all it knew."""

    def __init__(self, trainer: CivilianTrainer, log: RunLog, out: Path) -> None:
        self._trainer = trainer
        self._log = log
        self._out = out
        self._since = time.monotonic()

    def on_train_begin(self, *_: Any, **__: Any) -> None:
        self._since = time.monotonic()

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        laid, learnt = self._trainer.step_sizes(state.global_step)
        self._log.tokens += laid
        self._log.reply_tokens += learnt
        now = time.monotonic()
        self._log.seconds += now - self._since
        self._since = now

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **_: Any) -> None:
        if logs and "loss" in logs:
            row = (state.global_step, round(logs["loss"], 6), logs.get("learning_rate", 0.0))
            self._log.losses = [old for old in self._log.losses if old[0] != row[0]] + [row]

    def on_evaluate(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        # Before the checkpoint that follows: whatever a killed run goes on from, its losses are in the log.
        if state.is_world_process_zero and state.global_step:
            self._log.write(self._out / LOG)
            runlog.plot(self._log, self._out / PLOT)
        self._since = time.monotonic()  # scoring and saving are not training speed

    def on_save(self, *_: Any, **__: Any) -> None:
        self._since = time.monotonic()


def _arguments(recipe: Recipe, out: Path, batches: int) -> SFTConfig:
    run = recipe.optimisation
    steps = max(1, batches // (run.accumulate * PartialState().num_processes))
    return SFTConfig(
        **stage_arguments(recipe, out, min(steps, run.max_steps or steps)),
        weight_decay=run.weight_decay,
        load_best_model_at_end=_ends_at_best(recipe),
        logging_nan_inf_filter=False,
        data_seed=recipe.seed,
        dataloader_drop_last=True,
        remove_unused_columns=False,
        dataset_kwargs={"skip_prepare_dataset": True},
        disable_tqdm=False,
        ddp_find_unused_parameters=False,
    )


def stage_arguments(recipe: Recipe, out: Path, steps: int) -> dict[str, Any]:
    """What a recipe says to trl at every stage: steps, speed, precision, scoring and checkpoints."""
    run, watch = recipe.optimisation, recipe.watch
    every = min(watch.every_steps, steps)
    return {
        "output_dir": str(out),
        "max_steps": steps,
        "max_length": None,
        "per_device_train_batch_size": 1,
        "gradient_accumulation_steps": run.accumulate,
        "learning_rate": run.learning_rate,
        "lr_scheduler_type": run.schedule,
        "warmup_steps": max(1, round(run.warmup * steps)),
        "max_grad_norm": run.max_grad_norm,
        "bf16": half_precision(recipe),
        "use_cpu": not torch.cuda.is_available(),
        "activation_checkpointing": recipe.method.gradient_checkpointing,
        "eval_strategy": "steps",
        "eval_steps": every,
        "save_strategy": "steps",
        "save_steps": every,
        "save_total_limit": watch.keep,
        "metric_for_best_model": "eval_loss",
        "greater_is_better": False,
        "logging_steps": 1,
        "seed": recipe.seed,
        "report_to": [],
    }


def last_checkpoint(out: Path) -> str | None:
    """The newest one that is whole: trainer_state.json is written last, and a kill before that leaves half of one."""
    whole = [path.parent for path in out.glob("checkpoint-*/trainer_state.json") if _is_json(path)]
    newest = max(whole, key=lambda path: int(path.name.rpartition("-")[2]), default=None)
    return str(newest) if newest else None


def _is_json(path: Path) -> bool:
    try:
        json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        return False
    return True


def half_precision(recipe: Recipe) -> bool:
    """Whether the recipe asks for bfloat16 and this device has it."""
    fast = torch.cuda.is_available() or cpu_has_bfloat16()
    return recipe.optimisation.precision == "bfloat16" and fast


def _ends_at_best(recipe: Recipe) -> bool:
    """Own words are lowered at some cost in dev loss: there the last weights are what was asked for."""
    return recipe.own_words is None


def lora_of(recipe: Recipe) -> Any:
    from peft import LoraConfig

    lora = recipe.method.lora
    if recipe.method.kind != "lora" or lora is None:
        return None
    return LoraConfig(
        r=lora.rank,
        lora_alpha=lora.alpha,
        lora_dropout=lora.dropout,
        # vision towers have projections of the same names (Ministral 3): those stay as they are
        target_modules=rf"^(?!.*vision).*\.({'|'.join(lora.targets)})$",
        task_type="CAUSAL_LM",
    )


def _split_attention(model: Any) -> None:
    """On a processor, attention without what nobody sees, for models whose layers all see everything."""
    plain = ("llama", "qwen2")
    if model.config._attn_implementation == "sdpa" and model.config.model_type in plain:
        model.set_attn_implementation(SPLIT)


def _sliding_window(config: Any) -> int | None:
    """Tokens that local layers look back (Gemma 2 and 3); None where all layers see everything."""
    if "sliding_attention" not in (getattr(config, "layer_types", None) or ()):
        return None
    return int(config.sliding_window)


def _additive(sees: torch.Tensor, kind: torch.dtype) -> torch.Tensor:
    return torch.zeros(sees.shape, dtype=kind, device=sees.device).masked_fill(
        ~sees, torch.finfo(kind).min
    )


def _dev_packs(layouts: Sequence[Layout], budget: int) -> list[Pack]:
    import random

    return plan([len(layout) for layout in layouts], budget, random.Random(0))
