"""Rows as the corpus publishes them (invented words), and a tiny model made on the spot."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from models.chat import ChatFormat, chat_format
from models.fetch import model_path
from models.gguf_info import read_gguf
from training.layout import Speech

BASE = "smollm2-135m-instruct-q4_1"

SYSTEM = (
    "Dana, in an encounter with the police.\n"
    "A police officer is talking to Dana. Answer as Dana, in the first person, only what is said aloud."
)


@pytest.fixture
def corpus(tmp_path: Path) -> Callable[..., Path]:
    """Writes a published corpus of invented talk: rows(split) -> how many, each of its own source."""

    def write(train: int = 6, validation: int = 2, test: int = 1, **changes: Any) -> Path:
        folder = tmp_path / "published"
        (folder / "chat").mkdir(parents=True, exist_ok=True)
        for split, count in (("train", train), ("validation", validation), ("test", test)):
            rows = [row(f"{split}-{n}", split) | changes for n in range(count)]
            (folder / "chat" / f"{split}.jsonl").write_text(
                "".join(json.dumps(r) + "\n" for r in rows)
            )
        return folder

    return write


def row(source: str, split: str) -> dict[str, Any]:
    said = [
        ("user", "Hey there, what's going on with the truck?"),
        ("assistant", "My brother parked the truck by the fence because the battery died."),
        ("user", "Okay. Whose truck is it?"),
        ("assistant", "It's his truck. The battery died and he walked home!"),
        ("user", "Can you step over here?"),
        ("assistant", "No, sir."),
    ]
    messages = [{"role": "system", "content": SYSTEM}]
    messages += [{"role": role, "content": text} for role, text in said]
    return {
        "id": f"{source}#0",
        "source": source,
        "split": split,
        "counterpart": "civilian",
        "tokens": 90,
        "messages": messages,
        "trains": [m["role"] == "assistant" for m in messages],
    }


@dataclass(frozen=True)
class Voice:
    """The real tokeniser of the default base, through llama.cpp, as play has it."""

    speech: Speech
    form: ChatFormat
    piece: Callable[[int], str]


@pytest.fixture(scope="session")
def voice() -> Voice:
    import llama_cpp

    path = model_path(BASE)
    model = llama_cpp.Llama(str(path), vocab_only=True, verbose=False)

    def tokenise(text: str, special: bool) -> list[int]:
        return list(model.tokenize(text.encode(), add_bos=False, special=special)) if text else []

    form = chat_format(read_gguf(path).chat_template or "")
    speech = Speech(form, tokenise, frozenset({0, 1, 2}))
    return Voice(speech, form, lambda token: model.detokenize([token], special=True).decode())


@pytest.fixture(scope="session")
def tiny_base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Llama of two thin layers with random weights and the default base's real tokeniser."""
    torch = pytest.importorskip("torch", reason="needs the train extra")
    from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM

    path = model_path(BASE)
    folder = tmp_path_factory.mktemp("tiny") / "llama"
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=49152,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=2048,
        tie_word_embeddings=True,
        bos_token_id=1,
        eos_token_id=2,
        pad_token_id=2,
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    AutoTokenizer.from_pretrained(str(path.parent), gguf_file=path.name).save_pretrained(folder)
    return folder


@pytest.fixture
def tiny_recipe(tiny_base: Path) -> Callable[..., dict[str, Any]]:
    def make(**changes: Any) -> dict[str, Any]:
        return {
            "name": "tiny",
            "about": "a test",
            "base": {
                "folder": str(tiny_base), "licence": "none", "parameters": 1600000, "hidden": 32,
                "layers": 2, "vocabulary": 49152,
            },
            "method": {"kind": "full", "freeze": ["embeddings", "norms"]},
            "data": {"library": False, "dev_turns": 4, "max_tokens": 256},
            "optimisation": {
                "learning_rate": 0.01, "epochs": 4, "max_steps": 6, "tokens_per_batch": 512,
            },
            "watch": {"every_steps": 2, "keep": 3},
        } | changes  # fmt: skip

    return make
