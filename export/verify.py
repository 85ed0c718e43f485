"""Is the GGUF the model that was trained, and what does each quantisation cost and gain?"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from export.dev_turns import DevTurn
from models.scores import Scorer, speed

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

#: Strings that tokenisers disagree on most.
_ODD = (
    "", " ", "  two  spaces ", "\n\n", "\ttab", "don’t", "don't", "I'm—wait—no…", "12345 67,890.12",
    "3:45 a.m.", "ALL CAPS!!!", "naïve café", "Zoë", "日本語のテスト", "привет", "مرحبا", "🙂🚓", "e\u0301",
    "a\u00a0b", "<|im_start|>", "<|im_end|>user", "</s>", "[INST]", "http", "C:\\x", "{\"a\": 1}", "\u200b",
)  # fmt: skip


@dataclass(frozen=True)
class TokenParity:
    strings: int
    different: list[str]


@dataclass(frozen=True)
class LogitsParity:
    """HF in float32 against the F16 GGUF over whole dev turns.

    worst_difference: of the log-probability of the likeliest token.
    """

    positions: int
    mean_kl: float
    worst_difference: float
    same_top: float


@dataclass(frozen=True)
class Quantisation:
    """One file against F16 on the civilian's tokens of dev turns. KL in nats a token."""

    name: str
    file: str
    megabytes: float
    mean_kl: float
    worst_kl: float
    same_top: float
    perplexity: float
    perplexity_ratio: float
    prefill_tokens_per_s: float
    decode_tokens_per_s: float

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def probe_strings(count: int, seed: int = 17) -> list[str]:
    """Lines of the scenario library, and odd ones; `count` in all."""
    from scenarios.loader import all_scenarios

    said = sorted(
        {
            line
            for loaded in all_scenarios()
            for dialogue in loaded.dialogues
            for exchange in dialogue.exchanges
            for line in (exchange.officer, exchange.civilian)
        }
    )
    return [*_ODD, *random.Random(seed).sample(said, count - len(_ODD))]


def token_parity(tokenizer: Any, scorer: Scorer, strings: Sequence[str]) -> TokenParity:
    """Does llama.cpp cut text as the trained model's tokeniser does?"""
    different = [
        text
        for text in strings
        if list(tokenizer(text, add_special_tokens=False, split_special_tokens=True)["input_ids"])
        != scorer.tokenize(text)
    ]
    return TokenParity(len(strings), different)


def logits_parity(model: Any, scorer: Scorer, turns: Sequence[DevTurn]) -> LogitsParity:
    """Does the GGUF think what the trained model thinks?"""
    import numpy as np
    import torch

    kls: list[float] = []
    worst, same, n = 0.0, 0, 0
    model.eval()
    for turn in turns:
        ids = torch.tensor([turn.tokens])
        with torch.no_grad():
            logits = model(input_ids=ids, use_cache=False).logits[0].float()
        mine = torch.log_softmax(logits, -1).numpy()
        theirs = scorer.log_probabilities(turn.tokens, list(range(len(turn.tokens))))
        mine = mine[:, : theirs.shape[1]]
        kls += list(_kl(mine, theirs))
        top = mine.argmax(-1)[:, None]
        apart = np.take_along_axis(mine, top, 1) - np.take_along_axis(theirs, top, 1)
        worst = max(worst, float(np.abs(apart).max()))
        same += int((mine.argmax(-1) == theirs.argmax(-1)).sum())
        n += len(turn.tokens)
    return LogitsParity(n, float(np.mean(kls)), worst, same / n)


def reference(scorer: Scorer, turns: Sequence[DevTurn]) -> list[Floats]:
    """What F16 thinks at every token of every reply."""
    return [scorer.log_probabilities(turn.tokens, turn.reply_at) for turn in turns]


def measure(
    gguf: Path,
    name: str,
    turns: Sequence[DevTurn],
    truth: Sequence[Floats],
    n_ctx: int,
    progress: Callable[[], None] = lambda: None,
) -> Quantisation:
    """One file against the reference, and its speed on this machine."""
    import numpy as np

    kls: list[float] = []
    losses: list[float] = []
    true_losses: list[float] = []
    same = 0
    with Scorer(gguf, n_ctx) as scorer:
        for turn, expected in zip(turns, truth, strict=True):
            found = scorer.log_probabilities(turn.tokens, turn.reply_at)
            rows = np.arange(len(turn.targets))
            kls += list(_kl(expected, found))
            losses += list(-found[rows, turn.targets])
            true_losses += list(-expected[rows, turn.targets])
            same += int((expected.argmax(-1) == found.argmax(-1)).sum())
            progress()
    prefill, decode = speed(gguf, turns[0].tokens)
    loss, true_loss = float(np.mean(losses)), float(np.mean(true_losses))
    return Quantisation(
        name=name,
        file=gguf.name,
        megabytes=round(gguf.stat().st_size / 1e6, 1),
        mean_kl=float(np.mean(kls)),
        worst_kl=float(np.max(kls)),
        same_top=same / len(losses),
        perplexity=math.exp(loss),
        perplexity_ratio=math.exp(loss - true_loss),
        prefill_tokens_per_s=round(prefill, 1),
        decode_tokens_per_s=round(decode, 1),
    )


def table(rows: Sequence[Quantisation]) -> str:
    """As Markdown, in the order given."""
    lines = [
        "| quantisation | MB | KL to F16 | worst KL | same top token | perplexity | ratio | prefill "
        "tok/s | decode tok/s |",
        "| --- | --: | --: | --: | --: | --: | --: | --: | --: |",
    ]
    lines += [
        f"| {row.name} | {row.megabytes:.1f} | {row.mean_kl:.4f} | {row.worst_kl:.3f} | "
        f"{100 * row.same_top:.1f} % | {row.perplexity:.2f} | {row.perplexity_ratio:.4f} | "
        f"{row.prefill_tokens_per_s:.0f} | {row.decode_tokens_per_s:.1f} |"
        for row in rows
    ]
    return "\n".join(lines) + "\n"


def plot(rows: Sequence[Quantisation], path: Path) -> None:
    """Loss against decode speed, the area of a dot its size: best is low and to the right."""
    width, height, left, top, bottom = 720, 400, 70, 30, 50
    fastest = max(row.decode_tokens_per_s for row in rows) * 1.12 or 1.0
    highest = max(row.mean_kl for row in rows) * 1.15 or 1.0
    biggest = max(row.megabytes for row in rows)
    marks = []
    for i in range(5):
        y = top + (height - top - bottom) * (1 - i / 4)
        x = left + (width - left - 20) * i / 4
        marks.append(
            f'<line x1="{left}" x2="{width - 20}" y1="{y:.1f}" y2="{y:.1f}" stroke="#ddd"/>'
            f'<text x="{left - 8}" y="{y + 4:.1f}" text-anchor="end">{highest * i / 4:.3f}</text>'
            f'<text x="{x:.1f}" y="{height - 28}" text-anchor="middle">{fastest * i / 4:.0f}</text>'
        )
    for row in rows:
        x = left + (width - left - 20) * row.decode_tokens_per_s / fastest
        y = top + (height - top - bottom) * (1 - row.mean_kl / highest)
        r = 4 + 10 * math.sqrt(row.megabytes / biggest)
        marks.append(
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{r:.1f}" fill="#1d4ed8" fill-opacity="0.35"/>'
            f'<text x="{x:.1f}" y="{y - r - 3:.1f}" text-anchor="middle">{row.name}</text>'
        )
    path.write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        'font-family="sans-serif" font-size="12" fill="#333">'
        f'<rect width="{width}" height="{height}" fill="#fff"/>{"".join(marks)}'
        f'<text x="{left}" y="16">KL to F16 (nats a token) by decode speed; area: size</text>'
        f'<text x="{width / 2}" y="{height - 8}" text-anchor="middle">decode, tokens/s</text></svg>\n',
        encoding="utf-8",
    )


def _kl(true: Floats, found: Floats) -> Floats:
    import numpy as np

    return np.asarray((np.exp(true) * (true - found)).sum(axis=-1), np.float32)
