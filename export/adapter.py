"""What training changed, as a small GGUF adapter that is merged into the base on the device.

A LoRA is one already. A full fine-tune is brought to a rank: of each projection's difference from
the base the largest directions are kept (singular value decomposition), and how much they hold is told.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from export.dev_turns import read_dev_turns
from export.errors import BadExport
from export.llamacpp import run_converter
from export.merge import load_merged
from export.run import TrainedRun, base_name, load_base, metadata_of
from models.chat import chat_format
from models.gguf_edit import copy_gguf

PROJECTIONS = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")

#: llama.cpp's converter writes an adapter in 8 bits at least. Low-rank factors bear 4, and the bytes are better
#: spent on rank: of the shipped civilian's change rank 96 at 8 bits holds 65 %, rank 224 at 4 bits 86 %.
_FEWER_BITS = ("q5_0", "q4_0")

#: Turns that an adapter carries for the check on the device, and the longest: 10 s on two slow cores.
_PROBES, _PROBE_TOKENS = 6, 1280


@dataclass(frozen=True)
class Adapter:
    """rank: None for a LoRA as it was trained. kept: share of the squared difference it holds."""

    path: Path
    rank: int | None
    kept: float
    bytes: int


def export_adapter(
    runs: Sequence[TrainedRun], out: Path, rank: int | None, kind: str = "f16"
) -> Adapter:
    """Write the run's adapter GGUF. A full fine-tune needs `rank`; a LoRA has its own.

    runs: one, or several full fine-tunes of one base, of which it is the mean. rank: with a quantised
    kind, a multiple of 32 (rows of whole blocks).
    """
    run = runs[0]
    if out.suffix != ".gguf":
        raise BadExport(f"{out}: a GGUF file's name ends in .gguf")
    if len(runs) > 1 and any(each.is_adapter for each in runs):
        raise BadExport(
            f"{out}: the mean is of full fine-tunes; merge adapters into wholes instead"
        )
    if run.is_adapter and rank is not None:
        raise BadExport(f"{run.folder}: is a LoRA already; leave --rank out")
    if not run.is_adapter and (rank is None or rank < 1):
        raise BadExport(f"{run.folder}: is a full fine-tune; give --rank, such as 64")
    has = rank or json.loads((run.model / "adapter_config.json").read_text(encoding="utf-8"))["r"]
    if kind not in ("f16", "f32") and has % 32:
        raise BadExport(f"{run.folder}: rank {has}; --type {kind} takes a multiple of 32, or f16")
    with tempfile.TemporaryDirectory() as scratch:
        work = Path(scratch)
        base = work / "base"
        model, tokenizer = load_base(run)
        model.config.architectures = [type(model).__name__]  # one read from GGUF does not say
        model.config.save_pretrained(base)
        tokenizer.save_pretrained(base)
        if run.is_adapter:
            folder, kept = run.model, 1.0
        else:
            assert rank is not None
            folder, kept = work / "adapter", 0.0
            tuned = load_merged(runs)[0].state_dict()
            kept = write_difference(model, tuned, rank, folder)
        plain = work / "adapter.gguf"
        fewer = kind if kind in _FEWER_BITS else None
        run_converter(
            "convert_lora_to_gguf.py",
            [
                "--base",
                str(base),
                "--outfile",
                str(plain),
                "--outtype",
                "f32" if fewer else kind,
                str(folder),
            ],
        )
        metadata = metadata_of(runs) | {
            "general.name": f"{run.name} adapter",
            "general.base_model.0.name": base_name(run),
            "deescal.kept": f"{kept:.4f}",
            "deescal.probe": json.dumps(_probe(run, tokenizer)),
        }
        out.parent.mkdir(parents=True, exist_ok=True)
        copy_gguf(plain, out, metadata, fewer)
    return Adapter(out, rank, kept, out.stat().st_size)


def _probe(run: TrainedRun, tokenizer: Any) -> list[dict[str, Any]]:
    """A few authored turns (never the corpus's) for `deescal models build` to check itself with."""
    form = chat_format(
        tokenizer.chat_template, bos=tokenizer.bos_token or "", eos=tokenizer.eos_token or ""
    )

    def tokenize(text: str, special: bool) -> list[int]:
        found = tokenizer(text, add_special_tokens=False, split_special_tokens=not special)
        return list(found["input_ids"])

    turns = read_dev_turns(
        run.folder / "dev.jsonl", form, tokenize, _PROBES, _PROBE_TOKENS, origin="library"
    )
    return [{"tokens": t.tokens, "at": t.reply_at, "targets": t.targets} for t in turns]


def write_difference(base: Any, tuned: dict[str, Any], rank: int, folder: Path) -> float:
    """The difference of two models as a LoRA of `rank` in peft's layout; the share it holds.

    Raises BadExport where something changed that an adapter cannot carry.
    """
    import torch
    from safetensors.torch import save_file

    weights: dict[str, Any] = {}
    whole = held = 0.0
    for name, before in base.state_dict().items():
        after = tuned.get(name)
        if after is None:
            if name == "lm_head.weight":  # tied to the embeddings
                continue
            raise BadExport(f"the trained model has no {name}: it is not of this base")
        if after.shape != before.shape:
            raise BadExport(f"{name} has another shape: the trained model is not of this base")
        change = after.float() - before.float()
        if not bool(change.abs().max() > 1e-7):
            continue
        if name.rpartition(".")[0].rpartition(".")[2] not in PROJECTIONS or change.ndim != 2:
            raise BadExport(
                f"{name} was trained too, and an adapter cannot carry it; train with method.freeze: "
                "[embeddings, norms], or ship the merged model"
            )
        left, values, right = torch.linalg.svd(change, full_matrices=False)
        r = min(rank, len(values))
        root = values[:r].sqrt()
        module = f"base_model.model.{name.removesuffix('.weight')}"
        a, b = torch.zeros(rank, change.shape[1]), torch.zeros(change.shape[0], rank)
        a[:r], b[:, :r] = root[:, None] * right[:r], left[:, :r] * root
        weights[f"{module}.lora_A.weight"] = a
        weights[f"{module}.lora_B.weight"] = b
        whole += float((values**2).sum())
        held += float((values[:r] ** 2).sum())
    if not weights:
        raise BadExport("the trained model is the base, weight for weight: nothing was learnt")
    folder.mkdir(parents=True, exist_ok=True)
    save_file(weights, folder / "adapter_model.safetensors")
    config = {
        "peft_type": "LORA",
        "task_type": "CAUSAL_LM",
        "r": rank,
        "lora_alpha": rank,
        "target_modules": list(PROJECTIONS),
        "base_model_name_or_path": "",
    }
    (folder / "adapter_config.json").write_text(json.dumps(config), encoding="utf-8")
    return held / whole
