"""The base model and its tokeniser: from a hub, a folder, or a GGUF that is dequantised at load."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.averaging import mean_of
from models.chat import chat_format
from models.errors import BadModel, ModelError
from models.store import is_path, model_path
from training.errors import BadRecipe, TrainingError
from training.layout import Speech
from training.recipe import Base, Recipe

if TYPE_CHECKING:
    import torch


#: Where a run keeps what it ended with.
FINAL = "model"


def gguf_of(base: Base) -> Path | None:
    """The GGUF file of a base that is one; BadRecipe in one line where it is not here."""
    if base.gguf is None:
        return None
    try:
        return model_path(base.gguf)
    except ModelError as problem:
        raise BadRecipe(f"base.gguf: {problem}") from None


def require_base(base: Base) -> None:
    """Raise BadRecipe where a base that should be on this machine is not, or is no model."""
    gguf_of(base)
    if base.folder is None:
        return
    if not (base.folder / "config.json").is_file():
        raise BadRecipe(f"base.folder: {base.folder} has no config.json; give a model's folder")
    if not any(base.folder.glob("*.safetensors")):
        raise BadRecipe(f"base.folder: {base.folder} has no *.safetensors weights")


def load_tokenizer(base: Base) -> Any:
    from transformers import AutoTokenizer

    _quiet()
    try:
        return AutoTokenizer.from_pretrained(*_where(base)[0], **_where(base)[1])
    except (OSError, ValueError) as problem:
        raise BadRecipe(
            f"base {base.place}: its tokeniser cannot be read ({_short(problem)})"
        ) from None


def load_model(recipe: Recipe) -> Any:
    """The weights, in float32 (or bfloat16 / 4-bit on CUDA), ready for the recipe's method."""
    import torch
    from transformers import AutoModelForCausalLM, AutoModelForImageTextToText

    _quiet()
    place, options = _where(recipe.base)
    kinds: Any = AutoModelForCausalLM
    on_cuda = torch.cuda.is_available()
    options["dtype"] = torch.float32
    if recipe.method.kind == "lora" and recipe.optimisation.precision == "bfloat16":
        options["dtype"] = torch.bfloat16
    if recipe.method.four_bit:
        if not on_cuda:
            raise BadRecipe(
                f"{recipe.name}: method.four_bit needs a CUDA device, and torch sees none here; "
                "set it to false or train on a machine with one"
            )
        options["quantization_config"] = _four_bit()
        options["device_map"] = {"": int(os.environ.get("LOCAL_RANK", "0"))}
    # Gemma 2 caps its attention's logits, which only the plain implementation does in training.
    options["attn_implementation"] = "sdpa"
    try:
        if _sees_images(recipe.base):
            kinds = AutoModelForImageTextToText
        model = kinds.from_pretrained(*place, **options)
    except (OSError, ValueError, KeyError) as problem:
        raise BadRecipe(f"base {recipe.base.place}: cannot be loaded ({_short(problem)})") from None
    except (MemoryError, RuntimeError) as problem:
        raise TrainingError(f"base {recipe.base.place}: {_short(problem)}") from None
    if getattr(model.config, "attn_logit_softcapping", None):
        model.set_attn_implementation("eager")
    if recipe.base.gguf is not None:
        unmark_quantised(model)
    model.config.use_cache = False
    return model


def require_run(start: Path) -> None:
    """Raise BadRecipe where `start` is no finished run."""
    if not (start / FINAL).is_dir():
        raise BadRecipe(f"{start}: is no finished run (it has no {FINAL}/); train it first")


def load_tuned(recipe: Recipe, starts: Sequence[Path]) -> Any:
    """What the finished runs `starts` ended with, the mean of their weights where they are several."""
    for start in starts:
        require_run(start)
    try:
        return mean_of(_tuned(recipe, start) for start in starts)
    except BadModel as problem:
        raise BadRecipe(f"--from {starts[-1]}: {problem}") from None


def _tuned(recipe: Recipe, start: Path) -> Any:
    """What a run ended with, its adapter merged in where it has one."""
    import torch
    from transformers import AutoModelForCausalLM

    folder = start / FINAL
    if (folder / "adapter_config.json").is_file():
        from peft import PeftModel

        model = PeftModel.from_pretrained(load_model(recipe), str(folder)).merge_and_unload()
    else:
        model = AutoModelForCausalLM.from_pretrained(
            str(folder), dtype=torch.float32, attn_implementation="sdpa"
        )
    model.config.use_cache = False
    return model


def unmark_quantised(model: Any) -> None:
    """Take the mark off that transformers 5 puts on a model read from GGUF.

    Its weights were dequantised at load, but it calls itself quantised and would refuse to be
    saved or trained.
    """
    for name in ("hf_quantizer", "quantization_method"):
        if hasattr(model, name):
            setattr(model, name, None)
    model.is_quantized = False
    if hasattr(model.config, "quantization_config"):
        del model.config.quantization_config


def speech_of(tokenizer: Any) -> Speech:
    """How conversations are laid down with this tokeniser, token for token as llama.cpp does it."""
    if not tokenizer.chat_template:
        raise BadRecipe("this base has no chat template: it is not an instruct model; choose one")
    try:
        form = chat_format(
            tokenizer.chat_template, bos=tokenizer.bos_token or "", eos=tokenizer.eos_token or ""
        )
    except BadModel as problem:
        raise BadRecipe(str(problem)) from None

    def tokenise(text: str, special: bool) -> list[int]:
        if not text:
            return []
        found = tokenizer(text, add_special_tokens=False, split_special_tokens=not special)
        return list(found["input_ids"])

    added = {
        index for index, token in tokenizer.added_tokens_decoder.items() if token.special
    } | set(tokenizer.all_special_ids)
    return Speech(form, tokenise, frozenset(added))


def freeze(model: Any, parts: tuple[str, ...]) -> None:
    """Leave parts of a fully trained model as they are."""
    for name, parameter in model.named_parameters():
        embedding = "embed_tokens" in name or "lm_head" in name
        if ("embeddings" in parts and embedding) or ("norms" in parts and "norm" in name):
            parameter.requires_grad_(False)


def device_of() -> torch.device:
    import torch

    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def _where(base: Base) -> tuple[tuple[str], dict[str, Any]]:
    if base.gguf is not None:
        path = gguf_of(base)
        assert path is not None
        return (str(path.parent),), {"gguf_file": path.name}
    if base.folder is not None:
        return (str(base.folder),), {"local_files_only": True}
    return (str(base.hub),), {"revision": base.revision}


def base_identity(base: Base) -> str:
    """What the adapter belongs to, for its metadata and the check before a merge."""
    if base.gguf is not None:
        from models.store import file_sha256

        path = gguf_of(base)
        assert path is not None
        name = path.name if is_path(base.gguf) else base.gguf
        return f"{name} sha256:{file_sha256(path)}"
    return f"{base.hub}@{base.revision}" if base.hub else str(base.folder)


def _sees_images(base: Base) -> bool:
    """Whether the base is a vision model whose language part is only to be had with it (Ministral 3)."""
    if base.gguf is not None:
        return False
    from transformers import MODEL_FOR_CAUSAL_LM_MAPPING, AutoConfig

    place, options = _where(base)
    return type(AutoConfig.from_pretrained(*place, **options)) not in MODEL_FOR_CAUSAL_LM_MAPPING


def _four_bit() -> Any:
    import torch
    from transformers import BitsAndBytesConfig

    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=torch.bfloat16,
    )


def _quiet() -> None:
    """Our one line instead of transformers' pages; its progress bars are not ours either."""
    import transformers

    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()


def _short(problem: BaseException) -> str:
    return (str(problem).strip().splitlines() or [type(problem).__name__])[0][:200]
