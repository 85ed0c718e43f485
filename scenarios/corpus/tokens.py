"""Counts tokens as the civilian's model does, where it is installed; else an estimate, and says so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

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
    import llama_cpp

    vocabulary = llama_cpp.Llama(str(model_path(card.id)), vocab_only=True, verbose=False)

    def count(text: str) -> int:
        return len(vocabulary.tokenize(text.encode(), add_bos=False, special=False))

    return TokenCounter(count, f"the tokenizer of {card.id}")
