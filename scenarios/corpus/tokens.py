"""Counts tokens as the civilian's model does, where it is installed; else an estimate, and says so."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from scenarios.errors import ScenarioError

#: Tokens to an English word in everyday speech; only used where no model is installed.
TOKENS_PER_WORD = 1.35


@dataclass(frozen=True, slots=True)
class TokenCounter:
    count: Callable[[str], int]
    how: str


def token_counter() -> TokenCounter:
    """By the vocabulary of the installed default civilian (only its vocabulary is loaded)."""
    from models.catalog import default_for
    from models.store import is_installed, model_path

    card = default_for("civilian")
    if not is_installed(card.id):
        return TokenCounter(
            lambda text: round(len(text.split()) * TOKENS_PER_WORD),
            f"estimate: words x {TOKENS_PER_WORD} (no civilian model is installed)",
        )
    return TokenCounter(_vocabulary(model_path(card.id)), f"the tokenizer of {card.id}")


def _vocabulary(gguf: Path) -> Callable[[str], int]:
    """Counts by the vocabulary of a GGUF; no weights are loaded and no context is made."""
    import llama_cpp

    @llama_cpp.llama_log_callback  # type: ignore[untyped-decorator, unused-ignore]
    def silent(level: int, text: bytes, _: ctypes.c_void_p) -> None:
        pass

    llama_cpp.llama_log_set(silent, ctypes.c_void_p(0))
    wanted = llama_cpp.llama_model_default_params()
    wanted.vocab_only = True
    model = llama_cpp.llama_model_load_from_file(os.fsencode(gguf), wanted)
    if not model:
        raise ScenarioError(f"{gguf}: its vocabulary cannot be read")
    vocabulary = llama_cpp.llama_model_get_vocab(model)
    room = (llama_cpp.llama_token * 1)()

    @lru_cache(maxsize=50_000)  # a turn is counted for the table and again for its row
    def count(text: str, _keep: object = silent) -> int:
        data = text.encode()
        # With no room for them, llama.cpp answers with minus the number of tokens.
        found: int = llama_cpp.llama_tokenize(vocabulary, data, len(data), room, 0, False, False)
        return abs(found)

    return count
