"""How long one utterance takes, beside one pass of the embedder over the same words; written to the card.

    OPENBLAS_NUM_THREADS=1 python -m simulator.officer.timing    # as deescal.py sets it

Ratio and processor time hold on a busy machine too: the ratio is of medians over the same lines, turn
about; the processor's is what the utterance itself took of it. The clock's milliseconds hold at the load
that stands beside them.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from models.embedder import Embedder
from models.fetch import model_path
from simulator.officer.classifier import WEIGHTS
from simulator.officer.examples import Example, held_out_ids, library_examples
from simulator.officer.skills import SkillRecogniser

CARD = WEIGHTS.with_suffix(".json")
_LINES = 300


def _ms(act: Callable[[], object]) -> tuple[float, float]:
    """By the clock and by the processor."""
    began, used = time.perf_counter(), time.process_time()
    act()
    return (time.perf_counter() - began) * 1000, (time.process_time() - used) * 1000


def timed(embedder: Embedder, lines: Sequence[Example]) -> dict[str, Any]:
    """Milliseconds an utterance, and over those of the embedder alone. lines: with words in them."""
    recogniser = SkillRecogniser(embedder)
    whole, alone = [], []
    for one in lines:
        said = (one.text, one.earlier_officer, one.previous_civilian)
        alone.append(_ms(lambda both=f"{one.text} {one.previous_civilian}": embedder.embed([both])))  # type: ignore[misc]
        whole.append(_ms(lambda said=said: recogniser.recognise(*said)))  # type: ignore[misc]
    (p50, cpu_p50), (p95, cpu_p95) = np.percentile(whole, [50, 95], axis=0)
    _, alone_p50 = np.median(alone, axis=0)
    return {
        "utterances": len(lines),
        "processor_p50_ms": round(float(cpu_p50), 1),
        "processor_p95_ms": round(float(cpu_p95), 1),
        "clock_p50_ms": round(float(p50), 1),
        "clock_p95_ms": round(float(p95), 1),
        "p50_over_embedder_pass": round(float(cpu_p50 / alone_p50), 2),
        "threads": {
            "embedder": embedder.threads,
            "numpy": os.environ.get("OPENBLAS_NUM_THREADS", "as it likes"),
        },
        "load_average": [round(load, 1) for load in os.getloadavg()],
    }


def main(card: Path = CARD) -> None:
    """Measures on lines of the held-out scenarios and writes "time" into the card."""
    held = held_out_ids()
    lines = [e for e in library_examples() if e.source in held and any(map(str.isalnum, e.text))]
    found = timed(Embedder(model_path("embedder")), lines[:: max(1, len(lines) // _LINES)])
    told = json.loads(card.read_text(encoding="utf-8")) | {"time": found}
    part = card.with_suffix(".part")
    part.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    part.replace(card)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
