"""Answers to several turns of one talk at once: what was said before is computed once, each answer is a branch off it.

For measuring, where what comes next is known: decoding is bound by memory, so eight answers in one batch cost little
more than two after one another. A session has one next turn; see models/several.py for several drafts of that.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import llama_cpp
import numpy as np

from models.engine import Engine, Sampling
from models.errors import ModelError


@dataclass
class Branch:
    """One answer. prompt: all tokens before it; real: an answer whose probability is asked (may be empty).

    ended: the model ended it itself. n_cached: prompt tokens that were there already, or shared with the others.
    log_probabilities: of the tokens of `real`, in nats.
    """

    prompt: list[int]
    sampling: Sampling
    real: list[int] = field(default_factory=list)
    tokens: list[int] = field(default_factory=list)
    ended: bool = False
    n_cached: int = 0
    log_probabilities: list[float] = field(default_factory=list)


def room_for(branches: Sequence[Branch], max_tokens: int) -> int:
    """Tokens of context that these need together."""
    trunk = branches[-1].prompt
    own = sum(
        len(b.prompt) - _common(b.prompt, trunk) + max(len(b.real), max_tokens)
        for b in branches[:-1]
    )
    return len(trunk) + own + max(len(branches[-1].real), max_tokens)


def draw_branches(engine: Engine, branches: Sequence[Branch], max_tokens: int) -> None:
    """Fill in every branch: how likely `real` was, and an answer drawn.

    The longest prompt comes last and holds most of the others'; the engine was opened for one sequence more than there
    are branches. Afterwards its context is the last prompt without its last token. Raises ModelError where it does not
    fit.
    """
    if len(branches) + 1 > engine.settings.sequences:
        raise ModelError(f"{len(branches)} branches need {len(branches) + 1} sequences")
    if room_for(branches, max_tokens) > engine.n_ctx:
        raise ModelError(f"{len(branches)} answers do not fit a context of {engine.n_ctx} tokens")
    trunk = branches[-1].prompt[:-1]
    kept = _common(engine.tokens, trunk)
    engine.rewind(kept)
    engine.prefill(trunk[kept:])
    with engine._one_call():
        try:
            _lay_down(engine, branches, trunk, kept)
            _score(engine, branches)
            _draw(engine, branches, max_tokens)
        finally:
            for number in range(1, len(branches) + 1):
                llama_cpp.llama_memory_seq_rm(engine._memory, number, -1, -1)
            engine._logits_at = -1


def _lay_down(engine: Engine, branches: Sequence[Branch], trunk: list[int], kept: int) -> None:
    """Each prompt but its last token, in a sequence of its own that shares the trunk's cache."""
    rest: list[tuple[int, int, int]] = []
    for number, branch in enumerate(branches, 1):
        shared = _common(branch.prompt[:-1], trunk)
        branch.n_cached = min(shared, kept) if number == len(branches) else shared
        llama_cpp.llama_memory_seq_rm(engine._memory, number, -1, -1)
        llama_cpp.llama_memory_seq_cp(engine._memory, 0, number, 0, shared)
        own = enumerate(branch.prompt[shared:-1], shared)
        rest += [(number, token, position) for position, token in own]
    for _ in _fed(engine, rest, logits=False):
        pass


def _score(engine: Engine, branches: Sequence[Branch]) -> None:
    """Log-probabilities of the real answers; then they are taken out again."""
    laid: list[tuple[int, int, int]] = []
    for number, branch in enumerate(branches, 1):
        before = [branch.prompt[-1], *branch.real][: len(branch.real)]
        start = len(branch.prompt) - 1
        laid += [(number, token, start + at) for at, token in enumerate(before)]
    targets = [token for branch in branches for token in branch.real]
    found = [
        log_probability(row, target)
        for row, target in zip(_fed(engine, laid, logits=True), targets, strict=True)
    ]
    for number, branch in enumerate(branches, 1):
        n = len(branch.real)
        branch.log_probabilities, found = found[:n], found[n:]
        llama_cpp.llama_memory_seq_rm(engine._memory, number, len(branch.prompt) - 1, -1)


def _draw(engine: Engine, branches: Sequence[Branch], max_tokens: int) -> None:
    samplers = [_sampler(engine, branch) for branch in branches]
    try:
        feed = [(n, b.prompt[-1], len(b.prompt) - 1) for n, b in enumerate(branches, 1)]
        for _ in range(max_tokens):
            _decode(engine, feed, logits=True)
            going: list[tuple[int, int, int]] = []
            for row, (number, _, position) in enumerate(feed):
                token = llama_cpp.llama_sampler_sample(samplers[number - 1], engine._ctx, row)
                if engine.is_end(token):
                    branches[number - 1].ended = True
                else:
                    branches[number - 1].tokens.append(token)
                    going.append((number, token, position + 1))
            feed = going
            engine.between()
            if not feed:
                break
    finally:
        for sampler in samplers:
            llama_cpp.llama_sampler_free(sampler)


def _sampler(engine: Engine, branch: Branch) -> object:
    """The engine's, with the penalties counted over this branch's prompt."""
    there = engine.tokens
    engine.tokens = branch.prompt
    try:
        return engine._sampler(branch.sampling)
    finally:
        engine.tokens = there


def _fed(
    engine: Engine, laid: Sequence[tuple[int, int, int]], logits: bool
) -> Iterator[np.ndarray]:
    """Decode (sequence, token, position) in slices; the row of logits of each where asked for."""
    step = engine.settings.slice_tokens
    for at in range(0, len(laid), step):
        part = laid[at : at + step]
        _decode(engine, part, logits)
        engine.between()
        for row in range(len(part) if logits else 0):
            address = ctypes.cast(
                llama_cpp.llama_get_logits_ith(engine._ctx, row), ctypes.POINTER(ctypes.c_float)
            )
            yield np.ctypeslib.as_array(address, (engine.n_vocab,))


def _decode(engine: Engine, part: Sequence[tuple[int, int, int]], logits: bool) -> None:
    batch = engine._batch
    batch.n_tokens = len(part)
    for i, (number, token, position) in enumerate(part):
        batch.token[i] = token
        batch.pos[i] = position
        batch.n_seq_id[i] = 1
        batch.seq_id[i][0] = number
        batch.logits[i] = logits
    threads = engine.settings.threads
    llama_cpp.llama_set_n_threads(engine._ctx, threads, threads)
    code = llama_cpp.llama_decode(engine._ctx, batch)
    if code != 0:
        raise ModelError(f"llama.cpp could not decode {len(part)} tokens of branches (code {code})")


def log_probability(row: np.ndarray, target: int) -> float:
    """Of one token by a row of logits, in nats."""
    logits = row.astype(np.float64)
    top = logits.max()
    return float(logits[target] - top - np.log(np.exp(logits - top).sum()))


def _common(one: Sequence[int], other: Sequence[int]) -> int:
    same = 0
    for a, b in zip(one, other, strict=False):
        if a != b:
            break
        same += 1
    return same
