"""MiniLM's last two layers, taught on officer utterances, then for every label its own look at the words."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from simulator.officer.reading import Reading

Array = NDArray[np.float32]
#: MiniLM's own: heads of a layer, and what keeps a spread from nought.
HEADS, _EPSILON = 12, 1e-12


@dataclass(frozen=True)
class Layer:
    """One layer of attention and feed-forward, as BERT has it: norms last. Width d = 384, depth f = 1536."""

    qkv: Array  # (d, 3d)
    qkv_bias: Array
    out: Array  # (d, d)
    out_bias: Array
    norm1: Array  # (2, d): scale, shift
    up: Array  # (d, f)
    up_bias: Array
    down: Array  # (f, d)
    down_bias: Array
    norm2: Array


@dataclass(frozen=True)
class Network:
    """echo: (3, d); look and weigh: (d, 26); facts: (numbers and patterns, 26)."""

    echo: Array
    layers: tuple[Layer, ...]
    look: Array
    weigh: Array
    bias: Array
    facts: Array

    def scores(self, read: Reading, facts: Array) -> tuple[Array, Array]:
        """((26,) label scores, (pieces of the utterance, 26) what each piece gives to them)."""
        x = read.inner.copy()
        x[1:] += read.echoes @ self.echo
        said, everything = slice(1, 1 + read.utterance), slice(None)
        for layer in self.layers[:-1]:
            x = _through(x, layer, everything)
        x = _through(x, self.layers[-1], said)  # nothing looks at the rest any more
        look = x @ self.look
        look = np.exp(look - look.max(axis=0))
        given = look / look.sum(axis=0) * (x @ self.weigh)
        scores: Array = given.sum(axis=0) + self.bias + facts @ self.facts
        return scores, given


def _through(x: Array, layer: Layer, rows: slice) -> Array:
    """(rows, d): those rows of what comes out of a layer."""
    y = _normed(x[rows] + _attend(x, layer, rows), layer.norm1)
    deep = _gelu(y @ layer.up + layer.up_bias) @ layer.down
    return _normed(y + deep + layer.down_bias, layer.norm2)


def _gelu(x: Array) -> Array:
    """In its tanh form, which numpy can do."""
    y: Array = x * x
    y *= np.float32(0.7978845608 * 0.044715)
    y += np.float32(0.7978845608)
    y *= x
    np.tanh(y, out=y)
    y += 1
    y *= x
    y *= np.float32(0.5)
    return y


def _normed(x: Array, norm: Array) -> Array:
    x = x - x.mean(axis=1, keepdims=True)
    spread = np.sqrt((x * x).mean(axis=1, keepdims=True) + _EPSILON)
    normed: Array = x / spread * norm[0] + norm[1]
    return normed


def _attend(x: Array, layer: Layer, rows: slice) -> Array:
    d = x.shape[1]
    of_rows = x[rows] @ layer.qkv[:, :d] + layer.qkv_bias[:d]
    q = of_rows.reshape(-1, HEADS, d // HEADS).transpose(1, 0, 2)
    of_all = x @ layer.qkv[:, d:] + layer.qkv_bias[d:]
    k, v = of_all.reshape(len(x), 2, HEADS, d // HEADS).transpose(1, 2, 0, 3)
    weights = q @ k.transpose(0, 2, 1) / np.float32((d // HEADS) ** 0.5)
    weights = np.exp(weights - weights.max(axis=-1, keepdims=True))
    mixed = (weights / weights.sum(axis=-1, keepdims=True)) @ v
    out: Array = mixed.transpose(1, 0, 2).reshape(-1, d) @ layer.out + layer.out_bias
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
