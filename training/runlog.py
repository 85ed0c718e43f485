"""The log of a run: what made it (recipe, data, versions, device) and how it went, with a plot."""

from __future__ import annotations

import json
import math
import os
import platform
import tempfile
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from training.errors import BadRecipe
from training.recipe import Recipe

LOG = "run.json"
PLOT = "loss.svg"
SCHEMA = 1
_PACKAGES = ("torch", "transformers", "trl", "peft", "accelerate", "datasets", "gguf")


@dataclass
class Score:
    """The dev split at a step. loss: mean over its tokens, in nats."""

    step: int
    loss: float
    by_origin: dict[str, float]
    tokens: int

    @property
    def perplexity(self) -> float:
        return math.exp(min(self.loss, 50.0))


@dataclass
class RunLog:
    """Grows as the run goes; every write is whole. tokens_per_s counts every token laid down."""

    name: str
    recipe: dict[str, Any]
    recipe_sha256: str
    data_sha256: str
    data: dict[str, int]
    base: str
    device: str
    processes: int
    versions: dict[str, str]
    began: str
    losses: list[tuple[int, float, float]] = field(default_factory=list)  # step, loss, rate
    dev: list[Score] = field(default_factory=list)
    resumed_at: list[int] = field(default_factory=list)
    seconds: float = 0.0
    tokens: int = 0
    reply_tokens: int = 0
    finished: str | None = None
    why: str | None = None
    best_step: int | None = None

    @property
    def tokens_per_s(self) -> float:
        return self.tokens / self.seconds if self.seconds else 0.0

    def write(self, path: Path) -> None:
        """As JSON, whole or not at all."""
        content = {"schema": SCHEMA, **asdict(self), "tokens_per_s": round(self.tokens_per_s, 1)}
        for row, score in zip(content["dev"], self.dev, strict=True):
            row["perplexity"] = round(score.perplexity, 4)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(content, file, indent=1, ensure_ascii=False)
        Path(temporary).replace(path)


def begin(
    recipe: Recipe, data_sha256: str, data: dict[str, int], base: str, device: str, processes: int
) -> RunLog:
    return RunLog(
        name=recipe.name,
        recipe=recipe.model_dump(mode="json"),
        recipe_sha256=recipe.sha256(),
        data_sha256=data_sha256,
        data=data,
        base=base,
        device=f"{device}, {platform.machine()}",
        processes=processes,
        versions={"python": platform.python_version(), **_versions()},
        began=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def read(path: Path) -> RunLog:
    """A log that was written before. BadRecipe in one line where it is not one."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        content.pop("tokens_per_s")
        if content.pop("schema") != SCHEMA:
            raise ValueError("another version's")
        content["dev"] = [
            Score(row["step"], row["loss"], row["by_origin"], row["tokens"])
            for row in content["dev"]
        ]
        content["losses"] = [tuple(row) for row in content["losses"]]
        return RunLog(**content)
    except (OSError, ValueError, KeyError, TypeError) as problem:
        raise BadRecipe(f"{path}: is not the log of a run ({problem})") from None


def require_same(log: RunLog, recipe: Recipe, data_sha256: str, where: Path) -> None:
    """A run is continued with what it was begun with, or not at all."""
    if log.recipe_sha256 != recipe.sha256():
        raise BadRecipe(f"{where}: was begun with another recipe; give another --out")
    if log.data_sha256 != data_sha256:
        raise BadRecipe(
            f"{where}: was begun with other data; give the same --data, or another --out"
        )


def rewind(log: RunLog, step: int) -> None:
    """Forget what came after the checkpoint that a run is continued from."""
    log.losses = [row for row in log.losses if row[0] <= step]
    log.dev = [score for score in log.dev if score.step <= step]
    log.resumed_at.append(step)


def plot(log: RunLog, path: Path) -> None:
    """Training and dev loss over steps as an SVG: no library draws a run on a headless board."""
    width, height, left, top, bottom = 720, 360, 56, 24, 40
    train = _smooth([(step, loss) for step, loss, _ in log.losses])
    dev = [(score.step, score.loss) for score in log.dev]
    points = train + dev
    if not points:
        return
    last = max(step for step, _ in points) or 1
    low, high = min(y for _, y in points), max(y for _, y in points)
    low, high = low - 0.05 * (high - low or 1), high + 0.05 * (high - low or 1)

    def at(point: tuple[float, float]) -> str:
        x = left + (width - left - 16) * point[0] / last
        y = top + (height - top - bottom) * (high - point[1]) / (high - low)
        return f"{x:.1f},{y:.1f}"

    grid = []
    for i in range(5):
        value = low + (high - low) * i / 4
        y = at((0, value)).split(",")[1]
        grid.append(
            f'<line x1="{left}" x2="{width - 16}" y1="{y}" y2="{y}" stroke="#ddd"/>'
            f'<text x="{left - 8}" y="{y}" text-anchor="end" dy="4">{value:.2f}</text>'
        )
        step = round(last * i / 4)
        x = at((step, low)).split(",")[0]
        grid.append(f'<text x="{x}" y="{height - 22}" text-anchor="middle">{step}</text>')
    dots = "".join(
        f'<circle cx="{at(p).split(",")[0]}" cy="{at(p).split(",")[1]}" r="3" fill="#c2410c"/>'
        for p in dev
    )
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        'font-family="sans-serif" font-size="12" fill="#333">'
        f'<rect width="{width}" height="{height}" fill="#fff"/>{"".join(grid)}'
        f'<polyline fill="none" stroke="#1d4ed8" points="{" ".join(map(at, train))}"/>'
        f'<polyline fill="none" stroke="#c2410c" stroke-width="2" points="{" ".join(map(at, dev))}"/>'
        f'{dots}<text x="{left}" y="16">{log.name}: loss by step '
        '<tspan fill="#1d4ed8">training (smoothed)</tspan> '
        f'<tspan fill="#c2410c">dev</tspan></text>'
        f'<text x="{width / 2}" y="{height - 6}" text-anchor="middle">optimiser step</text></svg>\n'
    )
    path.write_text(svg, encoding="utf-8")


def _smooth(points: list[tuple[int, float]]) -> list[tuple[int, float]]:
    kept: list[tuple[int, float]] = []
    mean = points[0][1] if points else 0.0
    for step, loss in points:
        mean = 0.9 * mean + 0.1 * loss
        kept.append((step, mean))
    return kept


def _versions() -> dict[str, str]:
    found = {}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found
