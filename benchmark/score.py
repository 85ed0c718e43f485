"""Scores a generation: reads replies, computes every figure, writes a run file. Asks no model anything."""

from __future__ import annotations

import importlib.metadata
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmark import score_figures as figures
from benchmark import score_manner as manner
from benchmark.errors import BadBenchmarkInput
from benchmark.generate_record import Generation
from benchmark.runfile import Figure, RunFile, new_run_id, utc_now
from benchmark.score_figures import Scores
from benchmark.score_pairs import Pairs, pairs_of

#: Sources below which a bootstrap over them says little.
_FEW = 10
_PACKAGES = ("rouge-score", "sacrebleu", "nltk", "scikit-learn", "numpy", "torch", "transformers")


@dataclass(frozen=True)
class Options:
    """bertscore: `minilm`, `embedder`, `roberta-large`, a folder of weights, or `none`. wordnet: a folder with the
    database. verify: the verify.json of `deescal export verify`, for the quantisation's own figures.
    """

    bertscore: str = "minilm"
    wordnet: Path | None = None
    verify: Path | None = None


def score(
    generation: Generation,
    options: Options | None = None,
    progress: Callable[[str, float], None] = lambda _what, _share: None,
) -> RunFile:
    """Every figure of one generation. Raises BadBenchmarkInput where there is nothing to score."""
    options = options or Options()
    began, began_at = time.monotonic(), utc_now()
    manifest = generation.manifest
    pairs = pairs_of(generation)
    scores = Scores(pairs)
    scores.samples["turn"] = [float(row.number) for row in pairs.rows]
    steps: list[tuple[str, Callable[[], None]]] = [
        ("overlap", lambda: figures.overlap(scores, options.bertscore, options.wordnet)),
        ("likelihood", lambda: figures.likelihood(scores)),
        ("length and words", lambda: manner.lengths_and_words(scores)),
        ("role", lambda: manner.role(scores)),
        ("compliance", lambda: manner.going_along(scores)),
        ("directions", lambda: manner.following_directions(scores)),
        ("persona", lambda: manner.staying_themselves(scores)),
        ("told apart", lambda: figures.telling(scores)),
    ]
    for at, (what, step) in enumerate(steps):
        progress(what, at / len(steps))
        step()
    found = [*scores.figures, *_failures(pairs.failed, pairs.missing, len(pairs.rows))]
    if options.verify:
        found += _quantisation(options.verify, manifest.model.file)
    models = [manifest.model, *([manifest.adapter] if manifest.adapter else [])]
    return RunFile(
        kind="score",
        id=new_run_id(),
        began_at=began_at,
        seconds=round(time.monotonic() - began, 1),
        device=manifest.device,
        runtime={**manifest.runtime, "scoring": _versions(), "speaker": manifest.speaker},
        models=models,
        workload=manifest.workload,
        settings={
            "setting": manifest.setting,
            "mode": manifest.mode,
            "history": "twice" if manifest.repeated else "once",
            "decoding": manifest.decoding,
            "seed": manifest.seed,
            "signatures": scores.signatures,
        },
        samples=scores.samples,
        figures=found,
        clusters=[generation.dialogues.sources[row.source] for row in pairs.rows],
        notes=_notes(pairs, generation),
    )


def _failures(failed: int, missing: int, answered: int) -> list[Figure]:
    return [
        Figure(
            name="failed",
            value=float(failed),
            unit="turns",
            about="could not be answered: counted here, never scored as text",
            better="lower",
            n=failed + answered,
        ),
        Figure(
            name="answered",
            value=float(answered),
            unit="turns",
            about="scored",
            n=failed + missing + answered,
        ),
    ]


def _notes(pairs: Pairs, generation: Generation) -> list[str]:
    missing, sources = pairs.missing, len(set(pairs.sources))
    notes = [f"replies: {generation.manifest.id}, begun {generation.manifest.began_at}"]
    if missing:
        notes.append(
            f"unfinished: {missing} turns were not asked yet; `deescal bench generate` goes on with them"
        )
    if sources < _FEW:
        notes.append(f"only {sources} sources: the intervals, drawn over sources, are rough")
    if any(not reply.all_decoding for reply in generation.replies.values()):
        notes.append(
            "the server could not be told top_k and the repetition penalty: not the paper's decoding"
        )
    return notes


def _quantisation(path: Path, file: str) -> list[Figure]:
    """What `export verify` found for this very file: KL to F16 and the share of tokens with the same top."""
    try:
        rows: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["quantisations"]
        row = next((r for r in rows if r["file"] == file), None)
    except (OSError, ValueError, KeyError, TypeError):
        raise BadBenchmarkInput(
            f"{path}: is not the verify.json of `deescal export verify`"
        ) from None
    if row is None:
        names = ", ".join(r["file"] for r in rows)
        raise BadBenchmarkInput(f"{path}: says nothing of {file}; it has {names}")
    wanted = (
        (
            "mean_kl",
            "mean_kl",
            1.0,
            "nats",
            "lower",
            "of each token's distribution, on dev turns",
        ),
        (
            "same_top",
            "same_top",
            100.0,
            "%",
            "higher",
            "tokens with the same likeliest one as F16",
        ),
    )
    return [
        Figure(
            name=name,
            value=row[key] * scale,
            unit=unit,
            about=f"{about} (export verify)",
            better=better,
        )
        for name, key, scale, unit, better, about in wanted
    ]


def _versions() -> dict[str, str]:
    found = {}
    for name in _PACKAGES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found
