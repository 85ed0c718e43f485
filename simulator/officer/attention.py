"""The network over MiniLM's states: two small layers of attention, then for every label its own look at the words."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from simulator.officer.reading import Reading

Array = NDArray[np.float32]
HEADS = 4


@dataclass(frozen=True)
class Layer:
    """One layer of attention and feed-forward, norms first. Shapes for a width of d and a depth of f."""

    norm1: Array  # (2, d): scale, shift
    qkv: Array  # (d, 3d)
    qkv_bias: Array
    out: Array  # (d, d)
    out_bias: Array
    norm2: Array
    up: Array  # (d, f)
    up_bias: Array
    down: Array  # (f, d)
    down_bias: Array


@dataclass(frozen=True)
class Network:
    """enter: (384, d), echo: (3, d); look and weigh: (d, 26); facts: (numbers and patterns, 26)."""

    enter: Array
    enter_bias: Array
    echo: Array
    layers: tuple[Layer, ...]
    norm: Array
    look: Array
    weigh: Array
    bias: Array
    facts: Array

    def scores(self, read: Reading, facts: Array) -> tuple[Array, Array]:
        """((26,) label scores, (pieces of the utterance, 26) what each piece gives to them)."""
        x = read.states @ self.enter + self.enter_bias + read.echoes @ self.echo
        for layer in self.layers:
            x = x + _attend(_normed(x, layer.norm1), layer)
            y = _normed(x, layer.norm2) @ layer.up + layer.up_bias
            x = x + np.maximum(y, 0) @ layer.down + layer.down_bias
        x = _normed(x, self.norm)[: read.utterance]
        look = x @ self.look
        look = np.exp(look - look.max(axis=0))
        given = look / look.sum(axis=0) * (x @ self.weigh)
        scores: Array = given.sum(axis=0) + self.bias + facts @ self.facts
        return scores, given


def _normed(x: Array, norm: Array) -> Array:
    x = x - x.mean(axis=1, keepdims=True)
    spread = np.sqrt((x * x).mean(axis=1, keepdims=True) + 1e-5)
    normed: Array = x / spread * norm[0] + norm[1]
    return normed


def _attend(x: Array, layer: Layer) -> Array:
    n, d = x.shape
    qkv = (x @ layer.qkv + layer.qkv_bias).reshape(n, 3, HEADS, d // HEADS).transpose(1, 2, 0, 3)
    weights = qkv[0] @ qkv[1].transpose(0, 2, 1) / np.float32((d // HEADS) ** 0.5)
    weights = np.exp(weights - weights.max(axis=-1, keepdims=True))
    mixed = (weights / weights.sum(axis=-1, keepdims=True)) @ qkv[2]
    out: Array = mixed.transpose(1, 0, 2).reshape(n, d) @ layer.out + layer.out_bias
    return out


def to_arrays(network: Network) -> dict[str, NDArray[np.float16]]:
    """As stored: half precision, a name for each array."""
    stored = {f.name: getattr(network, f.name) for f in fields(Network) if f.name != "layers"}
    for at, layer in enumerate(network.layers):
        stored |= {f"layer{at}_{f.name}": getattr(layer, f.name) for f in fields(Layer)}
    return {name: array.astype(np.float16) for name, array in stored.items()}


def from_arrays(stored: dict[str, NDArray[np.float16]]) -> Network:
    """Raises KeyError where one is missing."""
    as_read = {name: array.astype(np.float32) for name, array in stored.items()}
    count = len({name.split("_")[0] for name in stored if name.startswith("layer")})
    layers = tuple(
        Layer(**{f.name: as_read[f"layer{at}_{f.name}"] for f in fields(Layer)})
        for at in range(count)
    )
    rest = {f.name: as_read[f.name] for f in fields(Network) if f.name != "layers"}
    return Network(layers=layers, **rest)
