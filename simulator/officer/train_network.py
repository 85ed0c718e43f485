"""Teaches the network of attention.py with torch, beginning from MiniLM's own last layers; what comes back is numpy."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.officer.attention import HEADS, Layer, Network
from simulator.officer.features import Utterance

WIDTH, DEPTH = 384, 1536
#: Which of MiniLM's layers are taught; the embedder hands out what goes into the first of them.
LAYERS = (4, 5)
_BATCH, _WARM_UP, _DECAY, _DROP = 32, 80, 0.02, 0.1
#: Learning rates: of MiniLM's layers, of what is new.
_RATE, _RATE_NEW = 2e-4, 3e-3
#: What a label present weighs against one absent, and how sure a line's labels are taken to be.
_PRESENT, _SURE = 2.0, 0.98
Floats = NDArray[np.float32]


def fit_network(
    said: Sequence[Utterance],
    labels: NDArray[np.bool_],
    weight: NDArray[np.float64],
    epochs: int,
    minilm: Path,
    say: Callable[[str], None] = print,
) -> Network:
    """weight: of each utterance. minilm: folder of MiniLM as float32 safetensors."""
    import torch
    from torch.nn import functional as f

    torch.manual_seed(0)
    chance = np.random.default_rng(0)
    net = _Net(said[0].facts.shape[0], labels.shape[1], minilm / "model.safetensors")
    steps = epochs * -(-len(said) // _BATCH)
    taught = list(net.blocks.parameters())
    new = [net.echo, net.look, net.weigh, net.facts, net.bias]
    groups = [{"params": taught, "lr": _RATE}, {"params": new, "lr": _RATE_NEW}]
    adam = torch.optim.AdamW(groups, weight_decay=_DECAY)
    rate = torch.optim.lr_scheduler.LambdaLR(
        adam, lambda step: min(1.0, (step + 1) / _WARM_UP) * max(0.02, 1 - step / steps)
    )
    truth = torch.tensor(labels, dtype=torch.float32) * (2 * _SURE - 1) + (1 - _SURE)
    weights = torch.tensor(weight, dtype=torch.float32)[:, None]
    present = torch.tensor(_PRESENT)
    for epoch in range(epochs):
        lost = 0.0
        for batch in _batches([len(one.said.inner) for one in said], chance):
            with torch.autocast("cpu", torch.bfloat16):
                scores = net([said[k] for k in batch])
            loss = f.binary_cross_entropy_with_logits(
                scores.float(), truth[batch], weight=weights[batch], pos_weight=present
            )
            adam.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            adam.step()
            rate.step()
            lost += float(loss.detach()) * len(batch)
        say(f"network, epoch {epoch + 1} of {epochs}: loss {lost / len(said):.4f}")
    fitted: Network = net.as_numpy()
    return fitted


def _batches(lengths: Sequence[int], chance: np.random.Generator) -> list[NDArray[np.int64]]:
    """Lines of like length together, so that little is padded; in a new order each time."""
    order = chance.permutation(len(lengths))
    found: list[NDArray[np.int64]] = []
    for at in range(0, len(order), _BATCH * 20):
        near = order[at : at + _BATCH * 20]
        near = near[np.argsort(np.take(lengths, near), kind="stable")]
        found += [near[k : k + _BATCH] for k in range(0, len(near), _BATCH)]
    chance.shuffle(found)
    return found


def _Net(facts: int, labels: int, minilm: Path) -> Any:  # noqa: N802 - a class, made where torch is at hand
    import torch
    from safetensors.torch import load_file
    from torch import nn

    stored = load_file(str(minilm))

    class Block(nn.Module):  # type: ignore[misc]
        def __init__(self, layer: int) -> None:
            super().__init__()
            self.norm1, self.norm2 = nn.LayerNorm(WIDTH, 1e-12), nn.LayerNorm(WIDTH, 1e-12)
            self.qkv, self.out = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)
            self.up, self.down = nn.Linear(WIDTH, DEPTH), nn.Linear(DEPTH, WIDTH)
            self.drop = nn.Dropout(_DROP)
            for part in ("weight", "bias"):
                name = f"encoder.layer.{layer}.{{}}.{part}".format
                each = [stored[name(f"attention.self.{n}")] for n in ("query", "key", "value")]
                whole = {
                    self.qkv: torch.cat(each),
                    self.out: stored[name("attention.output.dense")],
                    self.norm1: stored[name("attention.output.LayerNorm")],
                    self.up: stored[name("intermediate.dense")],
                    self.down: stored[name("output.dense")],
                    self.norm2: stored[name("output.LayerNorm")],
                }
                for module, values in whole.items():
                    getattr(module, part).data.copy_(values)

        def forward(self, x: Any, there: Any) -> Any:
            b, n, _ = x.shape
            q, k, v = self.qkv(x).view(b, n, 3, HEADS, -1).permute(2, 0, 3, 1, 4)
            mixed = nn.functional.scaled_dot_product_attention(q, k, v, attn_mask=there)
            x = self.norm1(x + self.drop(self.out(mixed.transpose(1, 2).reshape(b, n, WIDTH))))
            deep = nn.functional.gelu(self.up(x), approximate="tanh")
            return self.norm2(x + self.drop(self.down(deep)))

        def as_numpy(self) -> Layer:
            return Layer(
                _t(self.qkv.weight.T), _t(self.qkv.bias), _t(self.out.weight.T), _t(self.out.bias),
                _pair(self.norm1), _t(self.up.weight.T), _t(self.up.bias),
                _t(self.down.weight.T), _t(self.down.bias), _pair(self.norm2),
            )  # fmt: skip

    class Net(nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.blocks = nn.ModuleList([Block(layer) for layer in LAYERS])
            self.echo = nn.Parameter(torch.randn(3, WIDTH) * 0.02)
            self.look = nn.Parameter(torch.randn(WIDTH, labels) * 0.05)
            self.weigh = nn.Parameter(torch.randn(WIDTH, labels) * 0.05)
            self.bias = nn.Parameter(torch.full((labels,), -2.5))
            self.facts = nn.Parameter(torch.zeros(facts, labels))
            self.drop = nn.Dropout(_DROP)

        def forward(self, batch: Sequence[Utterance]) -> Any:
            most = max(len(one.said.inner) for one in batch)
            states = torch.zeros(len(batch), most, WIDTH)
            echoes = torch.zeros(len(batch), most, 3)
            there = torch.zeros(len(batch), most, dtype=torch.bool)
            said = torch.zeros(len(batch), most, dtype=torch.bool)
            for row, one in enumerate(batch):
                n = len(one.said.inner)
                states[row, :n] = torch.from_numpy(one.said.inner.astype(np.float32))
                echoes[row, 1:n] = torch.from_numpy(one.said.echoes)
                there[row, :n] = True
                said[row, 1 : 1 + one.said.utterance] = True
            known = torch.from_numpy(np.stack([one.facts for one in batch]))
            x = self.drop(states + echoes @ self.echo)
            for block in self.blocks:
                x = block(x, there[:, None, None, :])
            x = self.drop(x)
            look = (x @ self.look).masked_fill(~said[:, :, None], -1e9).float().softmax(dim=1)
            return (look * (x @ self.weigh)).sum(dim=1) + self.bias + known @ self.facts

        def as_numpy(self) -> Network:
            self.eval()
            return Network(
                _t(self.echo), tuple(block.as_numpy() for block in self.blocks),
                _t(self.look), _t(self.weigh), _t(self.bias), _t(self.facts),
            )  # fmt: skip

    return Net()


def _t(tensor: Any) -> Floats:
    array: Floats = tensor.detach().numpy().astype(np.float32)
    return array


def _pair(norm: Any) -> Floats:
    return np.stack([_t(norm.weight), _t(norm.bias)])
