"""How the next token is drawn: the settings, and llama.cpp's chain of samplers for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from models.errors import ModelError


@dataclass(frozen=True)
class Sampling:
    """How tokens are drawn. temperature 0 is greedy. grammar: GBNF, rooted at `root`.

    repeat_penalty counts the last `repeat_last_n` tokens of the context (-1: all of it, as
    transformers does). temperature_first: before top_k and top_p, as transformers does; llama.cpp's own
    order, after them, keeps more of the unlikely tokens where the temperature is below 1. never_ends:
    goes on past the end of a turn, for measuring speed.
    """

    temperature: float = 0.6
    top_p: float = 0.9
    top_k: int = 0
    min_p: float = 0.0
    repeat_penalty: float = 1.05
    repeat_last_n: int = 64
    seed: int = 0
    grammar: str = ""
    temperature_first: bool = False
    never_ends: bool = False


def sampler(sampling: Sampling, vocab: Any, tokens: Sequence[int], n_ctx: int) -> Any:
    """A chain for one call, to be freed by the caller. vocab: llama.cpp's; tokens: those in the context, for the
    penalty on repetition. Raises ModelError for a grammar that does not parse.
    """
    import llama_cpp  # not above: models/engine.py sets how its threads wait before it is loaded

    chain = llama_cpp.llama_sampler_chain_init(llama_cpp.llama_sampler_chain_default_params())
    add = llama_cpp.llama_sampler_chain_add
    if sampling.grammar:
        grammar = llama_cpp.llama_sampler_init_grammar(vocab, sampling.grammar.encode(), b"root")
        if not grammar:
            llama_cpp.llama_sampler_free(chain)
            raise ModelError("the grammar does not parse")
        add(chain, grammar)
    if sampling.repeat_penalty != 1.0:
        add(chain, _penalties(sampling, vocab, tokens, n_ctx))
    if sampling.temperature <= 0:
        add(chain, llama_cpp.llama_sampler_init_greedy())
        return chain
    if sampling.temperature_first:
        add(chain, llama_cpp.llama_sampler_init_temp(sampling.temperature))
    if sampling.top_k > 0:
        add(chain, llama_cpp.llama_sampler_init_top_k(sampling.top_k))
    if sampling.top_p < 1:
        add(chain, llama_cpp.llama_sampler_init_top_p(sampling.top_p, 1))
    if sampling.min_p > 0:
        add(chain, llama_cpp.llama_sampler_init_min_p(sampling.min_p, 1))
    if not sampling.temperature_first:
        add(chain, llama_cpp.llama_sampler_init_temp(sampling.temperature))
    add(chain, llama_cpp.llama_sampler_init_dist(sampling.seed & 0xFFFFFFFF))
    return chain


def _penalties(sampling: Sampling, vocab: Any, tokens: Sequence[int], n_ctx: int) -> Any:
    import llama_cpp

    last_n = sampling.repeat_last_n
    if last_n < 0:
        last_n = n_ctx
    penalties = llama_cpp.llama_sampler_init_penalties(
        llama_cpp.llama_vocab_n_tokens(vocab), last_n, sampling.repeat_penalty, 0.0, 0.0
    )
    for token in tokens[-last_n:] if last_n else ():
        llama_cpp.llama_sampler_accept(penalties, token)
    return penalties
