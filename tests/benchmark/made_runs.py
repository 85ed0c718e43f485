"""Run files and generations written by hand, for tests of what reads them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from benchmark.compare import Found
from benchmark.generate_record import Generation, Manifest, ReplyRecord, append, begin
from benchmark.generate_workload import Dialogues
from benchmark.runfile import Figure, Model, RunFile, Workload, new_run_id
from benchmark.statistics import median_interval
from training.rows import Conversation, Turn


def a_model(name: str = "civilian", quantisation: str = "Q4_0", sha256: str = "") -> Model:
    return Model(
        id=name,
        file=f"{name}-{quantisation}.gguf",
        sha256=sha256 or f"sha of {name} {quantisation}",
        bytes=100_000_000,
        architecture="llama",
        quantisation=quantisation,
        name=name,
    )


def a_latency_run(
    decode: Sequence[float] = (50.0, 51.0, 49.5, 50.5, 50.2),
    prefill: Sequence[float] = (320.0, 318.0, 322.0, 321.0, 319.0),
    warm: Sequence[float] = (180.0, 182.0, 181.0, 179.0, 183.0),
    peak_mb: float = 300.0,
    **changes: Any,
) -> RunFile:
    """One latency cell; anything of the run file can be given instead."""
    samples = {
        "tg32@d0": list(decode),
        "tg32@d1024": [v * 0.9 for v in decode],
        "pp512@d0": list(prefill),
        "ttft_warm_ms": list(warm),
    }
    figures = []
    for name, values in samples.items():
        value, low, high = median_interval(values)
        better: Any = "lower" if name.endswith("_ms") else "higher"
        unit = "ms" if name.endswith("_ms") else "tokens/s"
        figures.append(
            Figure(
                name=name,
                value=value,
                unit=unit,
                about="",
                better=better,
                low=low,
                high=high,
                n=len(values),
            )
        )
    figures.append(Figure(name="peak_mb", value=peak_mb, unit="MB", about="", better="lower"))
    given: dict[str, Any] = {
        "kind": "latency",
        "id": new_run_id(),
        "began_at": "2026-03-04T05:06:07+00:00",
        "seconds": 40.0,
        "device": {"in_words": "a laptop", "power": {"source": "ac"}, "cores": {"logical": 4}},
        "runtime": {"llama_cpp": {"bindings": "0.3.36"}},
        "models": [a_model()],
        "workload": Workload(name="latency", sha256="a" * 64),
        "settings": {"n_ctx": 4096, "threads": 2, "slice_tokens": 128, "flash_attention": 0},
        "samples": samples,
        "figures": figures,
    }
    return RunFile.model_validate({**given, **changes})


def found(run: RunFile, name: str = "") -> Found:
    return Found(Path(name or f"{run.kind}-{run.id[:6]}.json"), run)


def a_score_run(rouge: Sequence[float], words: float = 8.0, **changes: Any) -> RunFile:
    """A score as `bench score` writes it: one value a turn, three turns to a source."""
    mean = 100 * sum(rouge) / len(rouge)
    given: dict[str, Any] = {
        "kind": "score",
        "id": new_run_id(),
        "began_at": "2026-03-04T05:06:07+00:00",
        "seconds": 1.0,
        "device": {"in_words": "a workstation"},
        "runtime": {},
        "models": [a_model()],
        "workload": Workload(name="library", sha256="b" * 64),
        "settings": {"setting": "fixed", "mode": "teacher-forced", "seed": 0, "signatures": {}},
        "clusters": [f"scenario-{n // 3}" for n in range(len(rouge))],
        "samples": {
            "turn": [float(n) for n in range(len(rouge))],
            "rouge_l": list(rouge),
            "reply_words": [words] * len(rouge),
        },
        "figures": [
            Figure(
                name="rouge_l",
                value=mean,
                unit="%",
                about="",
                better="higher",
                low=mean - 1,
                high=mean + 1,
            ),
            Figure(name="reply_words", value=words, unit="words", about=""),
        ],
    }
    return RunFile.model_validate({**given, **changes})


def a_generation(
    folder: Path,
    answer: Callable[[int, int], str],
    mode: str = "free-running",
    conversations: int = 6,
    model: Model | None = None,
) -> Generation:
    """Conversations of four turns; `answer` is given conversation and turn, "" for a turn that failed."""
    talks = tuple(
        Conversation(
            id=f"talk-{c}",
            origin="library",
            source=f"scenario-{c // 2}",
            split="dev",
            system=f"You are Dana, {30 + c}, a baker on the way home.",
            turns=tuple(
                Turn(f"Officer line {t} of {c}?", "", f"I really said number {t} in talk {c}.")
                for t in range(4)
            ),
        )
        for c in range(conversations)
    )
    dialogues = Dialogues("made", talks)
    manifest = Manifest(
        id=new_run_id(),
        began_at="2026-03-04T05:06:07+00:00",
        mode=mode,  # type: ignore[arg-type]
        setting="fixed",
        repeated=False,
        decoding={"temperature": 0.7},
        seed=0,
        workload=dialogues.identity,
        asked=len(dialogues.asked),
        model=model or a_model(),
        speaker={},
        device={"in_words": "a workstation"},
        runtime={},
    )
    folder.mkdir(parents=True)
    generation = begin(folder, manifest, dialogues)
    with (folder / "replies.jsonl").open("a", encoding="utf-8") as stream:
        for asked in dialogues.asked:
            text = answer(asked.conversation, asked.turn)
            reply = ReplyRecord(asked.number, text=text, error="" if text else "too slow")
            append(stream, reply)
            generation.replies[asked.number] = reply
    return generation
