"""Fits the network of attention.py with torch; what comes back is numpy."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.officer.attention import HEADS, Layer, Network
from simulator.officer.features import Utterance
from simulator.officer.reading import Reading

WIDTH, DEPTH, LAYERS = 96, 192, 2
_BATCH, _RATE, _WARM_UP, _DECAY, _DROP = 48, 2e-3, 60, 0.05, 0.15
#: What a label present weighs against one absent, and how sure a line's labels are taken to be.
_PRESENT, _SURE = 2.0, 0.98
Floats = NDArray[np.float32]


def fit_network(
    said: Sequence[Utterance],
    labels: NDArray[np.bool_],
    weight: NDArray[np.float64],
    epochs: int,
    seed: int,
    say: Callable[[str], None] = print,
) -> Network:
    """weight: of each utterance."""
    import torch
    from torch.nn import functional as f

    readings = [one.said for one in said]
    facts = np.stack([one.facts for one in said])
    torch.manual_seed(seed)
    chance = np.random.default_rng(seed)
    net = _Net(facts.shape[1], labels.shape[1])
    steps = epochs * -(-len(readings) // _BATCH)
    decayed = [p for p in net.parameters() if p.dim() > 1]
    free = [p for p in net.parameters() if p.dim() < 2]
    groups = [{"params": decayed}, {"params": free, "weight_decay": 0.0}]
    adam = torch.optim.AdamW(groups, lr=_RATE, weight_decay=_DECAY)
    rate = torch.optim.lr_scheduler.LambdaLR(
        adam, lambda step: min(1.0, (step + 1) / _WARM_UP) * max(0.02, 1 - step / steps)
    )
    truth = torch.tensor(labels, dtype=torch.float32) * (2 * _SURE - 1) + (1 - _SURE)
    known = torch.tensor(facts, dtype=torch.float32)
    weights = torch.tensor(weight, dtype=torch.float32)[:, None]
    present = torch.tensor(_PRESENT)
    for epoch in range(epochs):
        lost = 0.0
        for batch in _batches([len(r.states) for r in readings], chance):
            scores = net([readings[k] for k in batch], known[batch])
            loss = f.binary_cross_entropy_with_logits(
                scores, truth[batch], weight=weights[batch], pos_weight=present
            )
            adam.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            adam.step()
            rate.step()
            lost += float(loss.detach()) * len(batch)
        say(f"network, epoch {epoch + 1} of {epochs}: loss {lost / len(readings):.4f}")
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


def _Net(facts: int, labels: int) -> Any:  # noqa: N802 - a class, made where torch is at hand
    import torch
    from torch import nn

    class Block(nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.norm1, self.norm2 = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
            self.qkv, self.out = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)
            self.up, self.down = nn.Linear(WIDTH, DEPTH), nn.Linear(DEPTH, WIDTH)
            self.drop = nn.Dropout(_DROP)

        def forward(self, x: Any, there: Any) -> Any:
            b, n, _ = x.shape
            q, k, v = self.qkv(self.norm1(x)).view(b, n, 3, HEADS, -1).permute(2, 0, 3, 1, 4)
            mixed = nn.functional.scaled_dot_product_attention(q, k, v, attn_mask=there)
            x = x + self.drop(self.out(mixed.transpose(1, 2).reshape(b, n, WIDTH)))
            return x + self.drop(self.down(torch.relu(self.up(self.norm2(x)))))

        def as_numpy(self) -> Layer:
            return Layer(
                _pair(self.norm1), _t(self.qkv.weight.T), _t(self.qkv.bias),
                _t(self.out.weight.T), _t(self.out.bias), _pair(self.norm2),
                _t(self.up.weight.T), _t(self.up.bias), _t(self.down.weight.T), _t(self.down.bias),
            )  # fmt: skip

    class Net(nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.enter, self.echo = nn.Linear(384, WIDTH), nn.Linear(3, WIDTH, bias=False)
            self.blocks = nn.ModuleList([Block() for _ in range(LAYERS)])
            self.norm = nn.LayerNorm(WIDTH)
            self.look = nn.Parameter(torch.randn(WIDTH, labels) * 0.05)
            self.weigh = nn.Parameter(torch.randn(WIDTH, labels) * 0.05)
            self.bias = nn.Parameter(torch.full((labels,), -2.5))
            self.facts = nn.Parameter(torch.zeros(facts, labels))
            self.drop = nn.Dropout(_DROP)

        def forward(self, readings: Sequence[Reading], known: Any) -> Any:
            most = max(len(r.states) for r in readings)
            states = torch.zeros(len(readings), most, 384)
            echoes = torch.zeros(len(readings), most, 3)
            there = torch.zeros(len(readings), most, dtype=torch.bool)
            said = torch.zeros(len(readings), most, dtype=torch.bool)
            for row, r in enumerate(readings):
                n = len(r.states)
                states[row, :n] = torch.from_numpy(r.states.astype(np.float32))
                echoes[row, :n] = torch.from_numpy(r.echoes.astype(np.float32))
                there[row, :n] = True
                said[row, : r.utterance] = True
            x = self.drop(self.enter(self.drop(states)) + self.echo(echoes))
            for block in self.blocks:
                x = block(x, there[:, None, None, :])
            x = self.drop(self.norm(x))
            look = (x @ self.look).masked_fill(~said[:, :, None], -1e9).softmax(dim=1)
            return (look * (x @ self.weigh)).sum(dim=1) + self.bias + known @ self.facts

        def as_numpy(self) -> Network:
            self.eval()
            return Network(
                _t(self.enter.weight.T), _t(self.enter.bias), _t(self.echo.weight.T),
                tuple(block.as_numpy() for block in self.blocks),
                _pair(self.norm), _t(self.look), _t(self.weigh), _t(self.bias), _t(self.facts),
            )  # fmt: skip

    return Net()


def _t(tensor: Any) -> Floats:
    array: Floats = tensor.detach().numpy().astype(np.float32)
    return array


def _pair(norm: Any) -> Floats:
    return np.stack([_t(norm.weight), _t(norm.bias)])
