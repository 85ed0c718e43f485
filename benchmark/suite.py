"""`deescal bench suite`: the standard suite, one command, ending in a report; stopped, the same command goes on.

The embedded base beside the civilian in its float form and in several quantisations: latency of each, a replayed
conversation with each, replies to the same held-out turns, scored; then the page.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmark.compare import Found
from benchmark.dialogue import bench_dialogue
from benchmark.dialogue import workload_identity as dialogue_identity
from benchmark.errors import BadBenchmarkInput, BenchmarkError
from benchmark.latency import Grid, bench_latency, cell_key
from benchmark.report.content import make_report
from benchmark.report.write import write_report
from benchmark.runfile import RunFile, runs_in, write_run
from models import build
from models.engine import EngineSettings
from models.fetch import file_sha256, model_path
from models.gguf_edit import rewrite_f16
from models.gguf_info import read_gguf
from models.gguf_quantize import quantize

Progress = Callable[[str, float], None]
BASE = "smollm2-135m-instruct-q4_1"
QUANTISATIONS = ("Q8_0", "Q5_0", "Q4_K_M", "Q4_0")
#: Which figures of quality: held-out turns of the library, asked as `play` asks, drawn as `play` draws.
TURNS = 80
#: Minutes after which nothing new is begun, and seconds for the shapes of one latency cell.
MINUTES, CELL_SECONDS = 14.0, 14.0
#: Instead of the latency workload's own; empty: those.
SHAPES: tuple[str, ...] = ()


@dataclass(frozen=True)
class Options:
    """civilian: a GGUF in floats; empty: the shipped adapter merged here, or, before there is one, the base."""

    out: Path
    civilian: str = ""
    quantisations: Sequence[str] = QUANTISATIONS
    turns: int = TURNS
    minutes: float = MINUTES
    threads: int = 0
    cell_seconds: float = CELL_SECONDS
    conversations: bool = True


@dataclass
class SuiteDone:
    """paths: of the report; left: steps that there was no time for, by name."""

    paths: list[Path]
    left: list[str]
    measured: int
    found: int
    seconds: float


@dataclass(frozen=True)
class Step:
    """One run file to be made; `there` finds it where it was made before."""

    name: str
    run: Callable[[Progress], Found]
    there: Callable[[], Found | None]


def bench_suite(
    options: Options, progress: Progress, clock: Callable[[], float] = time.monotonic
) -> SuiteDone:
    """Make the models, then each run that is missing, then the report over exactly these runs."""
    began = clock()
    runs = options.out / "runs"
    models = suite_models(options, lambda what: progress(what, 0.0))
    steps = list(_steps(options, runs, models))
    found: list[Found] = []
    left: list[str] = []
    measured = 0
    for number, step in enumerate(steps):
        one = step.there()
        if one is None and clock() - began > options.minutes * 60:
            left.append(step.name)
            continue
        if one is None:

            def tell(what: str, share: float, number: int = number, step: Step = step) -> None:
                progress(f"{step.name}: {what.rpartition(': ')[2]}", (number + share) / len(steps))

            one = step.run(tell)
            measured += 1
        found.append(one)
    progress("report", 1.0)
    if not found:
        raise BenchmarkError("no step of the suite was done in the time given")
    paths = write_report(make_report(found), options.out / "report", "Standard suite")
    return SuiteDone(paths, left, measured, len(found), clock() - began)


def suite_models(options: Options, say: Callable[[str], None]) -> list[Path]:
    """The base as it is shipped, then the civilian in floats and quantised; made once, kept in `out`/models."""
    for kind in options.quantisations:
        if kind not in ("F16", *_kinds()):
            raise BadBenchmarkInput(
                f"{kind}: no quantisation we make; one of {', '.join(_kinds())}"
            )
    base = model_path(BASE)
    folder = options.out / "models"
    name, whole = _float_civilian(options, base, folder, say)
    made = [base, whole]
    for kind in options.quantisations:
        if kind == "F16":
            continue
        target = folder / f"{name}-{kind}.gguf"
        if not _made_from(target, whole):
            say(f"quantising to {kind}")
            quantize(whole, target, kind)
            _remember(target, whole)
        made.append(target)
    return made


def _float_civilian(
    options: Options, base: Path, folder: Path, say: Callable[[str], None]
) -> tuple[str, Path]:
    folder.mkdir(parents=True, exist_ok=True)
    if options.civilian:
        given = Path(options.civilian)
        kinds = set(read_gguf(given).tensor_types)
        if not kinds <= {"F32", "F16", "BF16"}:
            raise BadBenchmarkInput(
                f"{given}: is quantised already ({read_gguf(given).quantisation}); give the float GGUF, from which "
                "the quantisations are made"
            )
        return given.stem.removesuffix("-F16").removesuffix("-f16"), given
    if list(build.ADAPTERS.glob("*.gguf")):
        adapter = build.shipped_adapter()
        whole = folder / "civilian-F16.gguf"
        if not _made_from(whole, adapter):
            say("merging the shipped civilian")
            build.merge(base, adapter, whole)
            _remember(whole, adapter)
        return "civilian", whole
    whole = folder / "base-F16.gguf"
    if not _made_from(whole, base):
        say("the base in floats")
        rewrite_f16(base, whole, lambda _name, weights: weights, {})
        _remember(whole, base)
    return "base", whole


def _steps(options: Options, runs: Path, models: list[Path]) -> Iterator[Step]:
    """Latency of all, then conversations with all, then quality of all."""
    for path in models:
        yield Step(
            f"latency of {path.stem}",
            partial(_latency_run, options, runs, path),
            partial(_latency, options, runs, path),
        )
    for path in models if options.conversations else ():
        yield Step(
            f"conversations of {path.stem}",
            partial(_dialogue_run, options, runs, path),
            partial(_dialogue, options, runs, path),
        )
    for path in models if options.turns else ():
        yield Step(
            f"replies of {path.stem}",
            partial(_score_run, options, runs, path),
            partial(_score, options, runs, path),
        )


def _latency_run(options: Options, runs: Path, path: Path, tell: Progress) -> Found:
    grid = Grid(
        [str(path)], threads=(options.threads,), seconds=options.cell_seconds, shapes=SHAPES
    )
    (done,) = bench_latency(grid, runs, again=False, progress=tell)
    return Found(done.path, done.run)


def _dialogue_run(options: Options, runs: Path, path: Path, tell: Progress) -> Found:
    run = bench_dialogue(str(path), EngineSettings(threads=options.threads), tell)
    return Found(write_run(runs, run), run)


def _score_run(options: Options, runs: Path, path: Path, tell: Progress) -> Found:
    """Replies to the held-out turns, kept as they come, then scored."""
    from benchmark.generate import Plan, folder_name, generate
    from benchmark.generate_progress import Step as Answered
    from benchmark.generate_prompts import DECODINGS, SETTINGS
    from benchmark.generate_speakers import GgufSpeaker
    from benchmark.generate_workload import dialogues
    from benchmark.score import Options as ScoreOptions
    from benchmark.score import score

    asked = dialogues("library", options.turns)
    plan = Plan(SETTINGS["fixed"], "teacher-forced", DECODINGS["play"])

    @contextmanager
    def watched(total: int, done: int) -> Iterator[Answered]:
        count = done

        def step(_said: str) -> None:
            nonlocal count
            count += 1
            tell(f"reply {count} of {total}", 0.95 * count / max(1, total))

        yield step

    speaker = GgufSpeaker(path, threads=options.threads)
    try:
        folder = (
            options.out / "replies" / f"{folder_name(speaker, asked, plan)}-{file_sha256(path)[:8]}"
        )
        generation = generate(speaker, asked, plan, folder, watched)
    finally:
        speaker.close()
    run = score(generation, ScoreOptions(bertscore="embedder"), tell)
    return Found(write_run(runs, run), run)


def _latency(options: Options, runs: Path, path: Path) -> Found | None:
    """Looked up by bench_latency's own key, so that the two never disagree."""
    from benchmark.device import device
    from benchmark.latency import latency_identity
    from benchmark.model_facts import model_facts

    settings = EngineSettings(threads=options.threads).resolved()
    key = cell_key(
        model_facts(str(path), path), vars(settings), latency_identity(list(SHAPES)), device()
    )
    return _newest(
        runs,
        "latency",
        lambda run: cell_key(run.models[0], run.settings, run.workload, run.device) == key,
    )


def _dialogue(options: Options, runs: Path, path: Path) -> Found | None:
    from benchmark.device import device
    from benchmark.model_facts import model_facts

    settings = EngineSettings(threads=options.threads).resolved()
    key = cell_key(model_facts(str(path), path), vars(settings), dialogue_identity(), device())
    return _newest(
        runs,
        "dialogue",
        lambda run: cell_key(run.models[0], run.settings, run.workload, run.device) == key,
    )


def _score(options: Options, runs: Path, path: Path) -> Found | None:
    from benchmark.generate_workload import dialogues

    sha256 = file_sha256(path)
    workload = dialogues("library", options.turns).identity.sha256
    return _newest(
        runs,
        "score",
        lambda run: run.models[0].sha256 == sha256 and run.workload.sha256 == workload,
    )


def _newest(runs: Path, kind: str, matches: Callable[[RunFile], bool]) -> Found | None:
    if not runs.is_dir():
        return None
    found = [Found(path, run) for path, run in runs_in(runs) if run.kind == kind and matches(run)]
    return max(found, key=lambda one: one.run.began_at) if found else None


def _kinds() -> list[str]:
    from models.gguf_quantize import FILE_TYPES

    return list(FILE_TYPES)


def _note(path: Path) -> Path:
    return path.with_suffix(".made.json")


def _made_from(path: Path, source: Path) -> bool:
    """Whether this file was made of that very source before."""
    try:
        said = json.loads(_note(path).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return path.is_file() and said == {"source": file_sha256(source), "bytes": path.stat().st_size}


def _remember(path: Path, source: Path) -> None:
    note = {"source": file_sha256(source), "bytes": path.stat().st_size}
    _note(path).write_text(json.dumps(note) + "\n", encoding="utf-8")
