"""What a run will need, before anything heavy is loaded: memory and time. No torch."""

from __future__ import annotations

import shutil
import subprocess
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from models.hardware import cores, memory
from training.errors import BadRecipe
from training.recipe import Recipe

_GIB = 2**30
#: Share of a large matrix product's speed that a training step of a small model reaches; attention,
#: norms, the softmax and the optimiser take the rest. A guess on the careful side.
_CPU_EFFICIENCY = 0.45
#: What bfloat16 brings a whole step on a processor that has it (162 against 69 tokens/s on one core).
_BFLOAT16_GAIN = 2.0
#: bfloat16 speed that fine-tuning in 4 bit reaches on data-centre GPUs, a cautious 25 TFLOP/s.
_CUDA_FLOPS = 25e12


@dataclass(frozen=True)
class Device:
    kind: str  # "cuda" or "cpu"
    name: str
    memory_bytes: int


@dataclass(frozen=True)
class Estimate:
    """weights, gradients, optimiser and activations in bytes; seconds for the whole run."""

    device: Device
    weights: int
    training_state: int
    activations: int
    steps: int
    tokens: int
    seconds: float

    @property
    def bytes(self) -> int:
        return self.weights + self.training_state + self.activations

    def as_dict(self) -> dict[str, object]:
        return asdict(self)


def find_device() -> Device:
    """The GPU that nvidia-smi names first, else the processor and what memory is free."""
    if shutil.which("nvidia-smi"):
        said = subprocess.run(
            ["nvidia-smi", "--query-gpu=name,memory.total", "--format=csv,noheader,nounits"],
            capture_output=True,
            text=True,
            check=False,
        )
        name, _, mib = (said.stdout.splitlines() or [""])[0].rpartition(",")
        if said.returncode == 0 and mib.strip().isdigit():
            return Device("cuda", name.strip(), int(mib) * 2**20)
    found = memory()
    free = min(found.available, found.limit or found.available)
    return Device("cpu", f"{cores().usable_physical} cores", free)


def device_in_words(words: str) -> Device:
    """A device that is not here, as `cuda:24` or `cpu:16` (GiB), to plan for."""
    kind, _, gib = words.partition(":")
    if kind not in ("cuda", "cpu") or not gib.isdigit() or int(gib) == 0:
        raise BadRecipe(f"--on {words}: expected cuda:GIB or cpu:GIB, such as cuda:24")
    return Device(kind, f"a {kind} device with {gib} GiB", int(gib) * _GIB)


def cpu_has_bfloat16(cpuinfo: Path = Path("/proc/cpuinfo")) -> bool:
    """Whether this processor multiplies bfloat16 itself: three times float32's speed where it does.

    Elsewhere it is emulated and slower, so a recipe's bfloat16 is float32 there.
    """
    try:
        flags = cpuinfo.read_text(encoding="utf-8", errors="replace").split()
    except OSError:
        return False
    return not {"avx512_bf16", "amx_bf16", "bf16"}.isdisjoint(flags)


def estimate(recipe: Recipe, tokens_an_epoch: int, device: Device) -> Estimate:
    """How much memory and how long, from the shape of the base and the size of the data."""
    base, method, run = recipe.base, recipe.method, recipe.optimisation
    bytes_a_weight = 0.6 if method.four_bit else 2 if method.kind == "lora" and _half(recipe) else 4
    weights = int(base.parameters * bytes_a_weight)
    trained = _trained(recipe)
    state = trained * 4 * 4  # a float32 copy or weight's gradient, and Adam's two moments
    # 24 values a layer and unit of width were seen for SmolLM2-135M (float32, CPU, 1280 tokens)
    per_token = base.hidden * base.layers * (3 if method.gradient_checkpointing else 26)
    width = 2 if _half(recipe) else 4
    logits = run.tokens_per_batch // 3 * base.vocabulary * (width + 8)
    activations = run.tokens_per_batch * per_token * width + logits
    tokens = tokens_an_epoch * run.epochs
    steps = max(1, round(tokens / (run.tokens_per_batch * 0.9 * run.accumulate)))
    if run.max_steps is not None and run.max_steps < steps:
        tokens *= run.max_steps / steps
        steps = run.max_steps
    passes = 6 if method.kind == "full" else 4.5 if not method.gradient_checkpointing else 6
    flops = passes * base.parameters * tokens
    speed = _CUDA_FLOPS if device.kind == "cuda" else _cpu_flops() * _CPU_EFFICIENCY
    if device.kind == "cpu" and _half(recipe) and cpu_has_bfloat16():
        speed *= _BFLOAT16_GAIN
    return Estimate(
        device, weights, int(state), int(activations), steps, int(tokens), flops / speed
    )


def require_fit(recipe: Recipe, needed: Estimate) -> None:
    """Raise BadRecipe, with what to do, where the run does not fit into the device's memory."""
    if recipe.method.four_bit and needed.device.kind != "cuda":
        raise BadRecipe(
            f"{recipe.name}: method.four_bit needs a CUDA device and this machine has none; train on "
            "one (to look ahead for it here: --dry-run --on cuda:24), or set it to false"
        )
    if needed.bytes > needed.device.memory_bytes:
        raise BadRecipe(
            f"{recipe.name}: {recipe.base.place} does not fit: training needs about "
            f"{needed.bytes / _GIB:.1f} GiB and {needed.device.name} has "
            f"{needed.device.memory_bytes / _GIB:.1f} GiB; take a smaller base, LoRA, four_bit on CUDA, "
            "gradient_checkpointing, or fewer tokens_per_batch"
        )


def _half(recipe: Recipe) -> bool:
    return recipe.optimisation.precision == "bfloat16"


def _trained(recipe: Recipe) -> int:
    base, method = recipe.base, recipe.method
    if method.kind == "full":
        kept = base.hidden * base.vocabulary if "embeddings" in method.freeze else 0
        return max(1, base.parameters - kept)
    assert method.lora is not None
    inner = (base.parameters - base.hidden * base.vocabulary) / max(1, base.layers)
    side = inner / base.hidden  # the widths of a layer's projections, summed
    return int(method.lora.rank * base.layers * (side + base.hidden * len(method.lora.targets)))


def _cpu_flops() -> float:
    """float32 operations a second of this processor, as numpy's matrix product has them now."""
    import numpy as np

    n = 1024
    a = np.ones((n, n), dtype=np.float32)
    best = 0.0
    for _ in range(5):  # the best of a few: another program may hold the cores for a moment
        began = time.perf_counter()
        a @ a
        best = max(best, 2 * n**3 / (time.perf_counter() - began))
    return best
