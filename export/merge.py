"""A finished run as one whole model in a folder: base and adapter merged, or the trained weights."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from export.errors import BadExport, ExportError
from export.run import TrainedRun, load_base, metadata_of
from models.averaging import mean_of
from models.download import no_space
from models.errors import BadModel


def merge(runs: Sequence[TrainedRun], out: Path, dtype: str = "float16") -> Path:
    """Write the merged model, its tokeniser and its provenance to `out`, whole or not at all.

    runs: one, or several of one base, of which it is the mean.
    """
    if out.exists():
        raise BadExport(f"{out}: is there already; give another --out")
    model, tokenizer = load_merged(runs)
    part = out.with_name(f".{out.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    try:
        part.parent.mkdir(parents=True, exist_ok=True)
        import torch

        model.to(getattr(torch, dtype)).save_pretrained(part)
        tokenizer.save_pretrained(part)
        (part / "provenance.json").write_text(
            json.dumps(metadata_of(runs), indent=1, ensure_ascii=False), encoding="utf-8"
        )
        part.replace(out)
    except OSError as problem:
        raise no_space(problem, f"writing {out}", None) or ExportError(
            f"{out}: cannot be written ({problem})"
        ) from None
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return out


def load_merged(runs: Sequence[TrainedRun]) -> tuple[Any, Any]:
    """The trained model in float32 and its tokeniser; of several runs, the mean of their weights."""
    loaded = (_load_merged(run) for run in runs)
    tokenizers = []

    def models() -> Iterator[Any]:
        for model, tokenizer in loaded:
            tokenizers.append(tokenizer)
            yield model

    try:
        return mean_of(models()), tokenizers[0]
    except BadModel as problem:
        raise BadExport(f"{runs[-1].folder}: {problem}") from None


def _load_merged(run: TrainedRun) -> tuple[Any, Any]:
    if run.is_adapter:
        from peft import PeftModel

        model, tokenizer = load_base(run)
        try:
            tuned = PeftModel.from_pretrained(model, str(run.model))
        except (RuntimeError, ValueError) as problem:
            reason = (str(problem).splitlines() or ["?"])[0]
            raise BadExport(
                f"{run.model}: is an adapter for another base ({reason[:160]})"
            ) from None
        return tuned.merge_and_unload(), tokenizer
    import transformers
    from transformers import AutoModelForCausalLM, AutoTokenizer

    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    try:
        whole = AutoModelForCausalLM.from_pretrained(str(run.model), dtype="float32")
        return whole, AutoTokenizer.from_pretrained(str(run.model))
    except (OSError, RuntimeError, ValueError) as problem:
        reason = (str(problem).splitlines() or ["?"])[0]
        raise BadExport(f"{run.model}: cannot be loaded ({reason[:200]})") from None
