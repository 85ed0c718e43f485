"""Makes the shipped civilian on this device: base GGUF + adapter GGUF, merged, quantised, measured.

No torch. The base's weights are dequantised, the adapter's difference is added, and of a few
quantisations the fastest *here* is kept among those that think as the float model does. From then on
that file is the default civilian: a card of it stands in the person's own catalogue.
"""

from __future__ import annotations

import hashlib
import json
import math
import shutil
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from models import catalog, fetch, store
from models.download import Silent, require_space
from models.errors import BadModel, ModelError
from models.gguf_edit import Change, rewrite_f16, tensors_of
from models.gguf_info import GgufInfo, read_gguf
from models.gguf_quantize import quantize

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

ADAPTERS = Path(__file__).with_name("adapters")
BUILT_ID = "deescal-civilian"

#: Quantisations that are tried. Q4_0 has the fastest kernels, Q8_0 next to no loss. Not Q4_1: the base's weights lie
#: on that very grid, and what training added is small against its steps, so it is rounded away (KL 0.76 to F16).
CANDIDATES = ("Q4_0", "Q4_K_M", "Q8_0")
#: Tokens before the end of a probe that are asked about: the loss of a quantisation is the same with all of them.
_NEWEST = 400
#: What counts as no visible loss against F16, on the civilian's tokens of the adapter's own probe.
MOST_KL, MOST_PERPLEXITY = 0.02, 1.01
#: A typical turn, to weigh prefill against decode: words and direction in, a reply out.
_TURN_IN, _TURN_OUT = 60, 18

Say = Callable[[str], None]


@dataclass(frozen=True)
class Candidate:
    """One quantisation as measured here. turn_s: seconds of a typical turn."""

    kind: str
    mean_kl: float
    perplexity_ratio: float
    prefill_tokens_per_s: float
    decode_tokens_per_s: float

    @property
    def turn_s(self) -> float:
        return _TURN_IN / self.prefill_tokens_per_s + _TURN_OUT / self.decode_tokens_per_s

    @property
    def sound(self) -> bool:
        return self.mean_kl <= MOST_KL and self.perplexity_ratio <= MOST_PERPLEXITY


@dataclass(frozen=True)
class Built:
    path: Path
    chosen: str
    candidates: list[Candidate]
    seconds: float
    new: bool


def build(adapter: Path | None = None, again: bool = False, say: Say = lambda _: None) -> Built:
    """Build the civilian and make it the default; at once where it is built already.

    Raises BadModel for a file that is no adapter or one of another base.
    """
    began = time.monotonic()
    adapter = adapter or shipped_adapter()
    info = _adapter_info(adapter)
    base = _base_of(info)
    target = _folder(adapter, base)
    done = target / "build.json"
    if done.is_file() and not again:
        known = json.loads(done.read_text(encoding="utf-8"))
        path = target / known["file"]
        if path.is_file() and store.sha256_of(path) == known["sha256"]:
            _register(path, info, known["chosen"])
            found = [Candidate(**row) for row in known["candidates"]]
            return Built(path, known["chosen"], found, time.monotonic() - began, new=False)
    work = target.with_name(f".{target.name}.part")
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    try:
        require_space(work, base.stat().st_size * 7, "building the civilian")
        say(f"merging {adapter.name} into {base.name}")
        whole = work / "f16.gguf"
        merge(base, adapter, whole)
        probes = _probes(info)
        found = _measured(whole, work, probes, say)
        chosen = choose(found)
        name = f"{BUILT_ID}-{chosen}.gguf"
        (work / f"{chosen}.gguf").rename(work / name)
        for path in work.glob("*.gguf"):
            if path.name != name:
                path.unlink()
        note = {
            "file": name,
            "sha256": store.sha256_of(work / name),
            "chosen": chosen,
            "candidates": [asdict(row) for row in found],
        }
        store.write_whole(work / "build.json", json.dumps(note, indent=1).encode())
        shutil.rmtree(target, ignore_errors=True)
        work.replace(target)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    _register(target / name, info, chosen)
    return Built(target / name, chosen, found, time.monotonic() - began, new=True)


def shipped_adapter() -> Path:
    """The adapter that the program comes with."""
    found = sorted(ADAPTERS.glob("*.gguf"))
    if not found:
        raise BadModel(f"{ADAPTERS}: no adapter is shipped; name one with --adapter FILE.gguf")
    return found[-1]


def merge(base: Path, adapter: Path, target: Path) -> None:
    """base + (alpha / rank) x B A for every matrix that the adapter names, as F16.

    Raises BadModel where the adapter names a matrix that the base has not, or of another shape.
    """
    info = _adapter_info(adapter)
    weights = tensors_of(adapter)
    alpha = float(info.metadata.get("adapter.lora.alpha", 0.0))
    names = {name.rpartition(".lora_")[0] for name in weights}
    waiting = set(names)
    change = _change(weights, alpha, waiting, adapter, base)
    metadata = {
        key: str(value)
        for key, value in info.metadata.items()
        if key.startswith("deescal.") and key != "deescal.probe"
    }
    metadata["general.name"] = str(info.name or BUILT_ID).removesuffix(" adapter")
    rewrite_f16(base, target, change, metadata)
    if waiting:
        target.unlink(missing_ok=True)
        raise BadModel(
            f"{adapter}: changes {min(waiting)}, which {base.name} has not: another base's"
        )


def _change(
    weights: dict[str, Floats], alpha: float, waiting: set[str], adapter: Path, base: Path
) -> Change:
    def change(name: str, before: Floats) -> Floats:
        if name not in waiting:
            return before
        waiting.discard(name)
        try:
            a, b = weights[f"{name}.lora_a"], weights[f"{name}.lora_b"]
        except KeyError:
            raise BadModel(f"{adapter}: {name} has only half of its difference") from None
        if (b.shape[0], a.shape[1]) != before.shape:
            raise BadModel(
                f"{adapter}: {name} is {b.shape[0]}x{a.shape[1]} and {before.shape[0]}x"
                f"{before.shape[1]} in {base.name}: it is an adapter of another base"
            )
        scale = alpha / a.shape[0] if alpha else 1.0
        return before + scale * (b @ a)

    return change


def choose(found: list[Candidate]) -> str:
    """The fastest for a typical turn among those without visible loss; else the truest."""
    sound = [row for row in found if row.sound]
    if sound:
        return min(sound, key=lambda row: row.turn_s).kind
    return min(found, key=lambda row: row.mean_kl).kind


def _measured(whole: Path, work: Path, probes: list[dict[str, Any]], say: Say) -> list[Candidate]:
    import numpy as np

    from models.scores import Scorer, speed

    probes = [_newest(probe) for probe in probes]
    n_ctx = 64 * math.ceil(max(len(p["tokens"]) for p in probes) / 64)
    say("asking the float model")
    with Scorer(whole, n_ctx) as scorer:
        truth = [scorer.log_probabilities(p["tokens"], p["at"]) for p in probes]
    found = []
    for kind in CANDIDATES:
        say(f"trying {kind}")
        path = quantize(whole, work / f"{kind}.gguf", kind)
        kl: list[float] = []
        worse: list[float] = []
        with Scorer(path, n_ctx) as scorer:
            for probe, expected in zip(probes, truth, strict=True):
                thought = scorer.log_probabilities(probe["tokens"], probe["at"])
                kl += list((np.exp(expected) * (expected - thought)).sum(axis=-1))
                rows = np.arange(len(probe["targets"]))
                worse += list((expected - thought)[rows, probe["targets"]])
        prefill, decode = speed(path, probes[0]["tokens"])
        found.append(
            Candidate(
                kind,
                round(float(np.mean(kl)), 5),
                round(math.exp(float(np.mean(worse))), 5),
                round(prefill, 1),
                round(decode, 1),
            )
        )
    return found


def _probes(info: GgufInfo) -> list[dict[str, Any]]:
    """Turns that the adapter carries to be checked with: tokens, and which of them to ask about."""
    try:
        probes: list[dict[str, Any]] = json.loads(info.metadata["deescal.probe"])
        if not probes or not all(p["tokens"] and p["at"] and p["targets"] for p in probes):
            raise ValueError("empty")
        return probes
    except (KeyError, ValueError, TypeError):
        raise BadModel(
            f"{info.path}: carries no probe turns; make it with `deescal export adapter`"
        ) from None


def _newest(probe: dict[str, Any]) -> dict[str, Any]:
    left_out = min(max(0, len(probe["tokens"]) - _NEWEST), min(probe["at"]))
    return {
        "tokens": probe["tokens"][left_out:],
        "at": [at - left_out for at in probe["at"]],
        "targets": probe["targets"],
    }


def _adapter_info(adapter: Path) -> GgufInfo:
    info = read_gguf(adapter)
    if not info.is_adapter:
        raise BadModel(f"{adapter}: is a whole model, not an adapter; give it to --model instead")
    return info


def _base_of(info: GgufInfo) -> Path:
    """The base an adapter was trained on, held to its checksum."""
    said = str(info.metadata.get("deescal.base", ""))
    name, _, rest = said.partition(" sha256:")
    expected = rest.split(",")[0]
    if not expected:
        raise BadModel(
            f"{info.path}: does not say which base it belongs to; merge and convert instead"
        )
    path = store.model_path(name)
    if store.file_sha256(path) != expected:
        raise BadModel(f"{info.path}: is an adapter of another {name} than the one on this device")
    return path


def _folder(adapter: Path, base: Path) -> Path:
    """One folder for one base, adapter and llama.cpp: another of any is another build."""
    parts = (store.file_sha256(base), store.sha256_of(adapter), version("llama-cpp-python"))
    return store.root() / ".built" / hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def _register(path: Path, info: GgufInfo, chosen: str) -> None:
    """A card in the person's own catalogue that makes the built file the default civilian."""
    card = {
        "id": BUILT_ID,
        "role": "civilian",
        "title": str(info.name or BUILT_ID).removesuffix(" adapter"),
        "family": "built on this device",
        "parameters": "as its base",
        "licence": str(info.metadata.get("general.license", "as its base")),
        "terms": "As its base; see the card beside the adapter.",
        "quantisation": chosen,
        "chat_template": "As its base's.",
        "default": True,
        "sources": [{"kind": "local", "path": str(path.parent)}],
        "files": {path.name: {"sha256": store.sha256_of(path), "bytes": path.stat().st_size}},
    }
    own = catalog.own_catalog()
    kept: list[Any] = []
    if own.is_file():
        catalog.load_catalog()  # a person's catalogue that does not hold is theirs to mend first
        there = yaml.safe_load(own.read_text(encoding="utf-8"))["models"]
        kept = [entry for entry in there if entry["id"] != BUILT_ID]
        if [card, *kept] == there and store.is_installed(BUILT_ID):
            return
        for entry in kept:
            if entry["role"] == "civilian":
                entry["default"] = False
    text = yaml.safe_dump({"models": [card, *kept]}, allow_unicode=True, sort_keys=False)
    store.write_whole(own, text.encode())
    if not store.is_installed(BUILT_ID):
        fetch.pull(BUILT_ID, "local", Silent())
    if catalog.default_for("civilian").id != BUILT_ID:
        raise ModelError(f"{own}: the built civilian did not become the default")
