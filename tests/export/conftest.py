"""A tiny trained run made on the spot, and the real tokeniser it uses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from models.fetch import model_path

BASE = "smollm2-135m-instruct-q4_1"


@pytest.fixture(scope="session")
def tokenizer() -> Any:
    pytest.importorskip("torch", reason="needs the train extra")
    from transformers import AutoTokenizer

    path = model_path(BASE)
    return AutoTokenizer.from_pretrained(str(path.parent), gguf_file=path.name)


def shape(**changes: Any) -> dict[str, Any]:
    return {
        "vocab_size": 49152, "hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 2,
        "num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": 1024,
        "tie_word_embeddings": True, "bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 2,
        "initializer_range": 0.2,
    } | changes  # fmt: skip


DEV = {
    "id": "d#0",
    "origin": "library",
    "source": "d",
    "split": "dev",
    "system": "You are Dana. You locked yourself out.",
    "turns": [
        {"officer": "Hi there.", "direction": "", "civilian": "Hello.", "learn": True, "weight": 1},
        {
            "officer": "What happened?",
            "direction": "(Upset, wary of the officer.)",
            "civilian": "I lost my keys, okay?",
            "learn": True,
            "weight": 1,
        },
    ],
}


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory, tokenizer: Any) -> Path:
    """The folder of a finished full fine-tune: base (folder), trained weights, log and dev turns."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    folder = tmp_path_factory.mktemp("run")
    torch.manual_seed(0)
    model = LlamaForCausalLM(LlamaConfig(**shape()))
    model.save_pretrained(folder / "base")
    tokenizer.save_pretrained(folder / "base")
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if "_proj" in name:
                weight += 0.05 * torch.randn(weight.shape[0], 4) @ torch.randn(4, weight.shape[1])
    model.save_pretrained(folder / "model")
    tokenizer.save_pretrained(folder / "model")
    write_log(folder, {"folder": str(folder / "base"), "licence": "Apache-2.0"}, "a base")
    return folder


def write_log(folder: Path, base: dict[str, Any], identity: str) -> None:
    log = {
        "name": "tiny", "recipe": {"base": base}, "recipe_sha256": "r" * 64, "data_sha256": "d" * 64,
        "data": {"train_library_replies": 2}, "base": identity, "dev": [{"step": 3, "loss": 2.5}],
    }  # fmt: skip
    (folder / "run.json").write_text(json.dumps(log))
    (folder / "dev.jsonl").write_text(json.dumps(DEV) + "\n")
