"""Read → roles → clean → de-identify → filter, file by file, on two processes, each file only once."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from functools import cache
from importlib import resources
from multiprocessing import get_context
from pathlib import Path

from scenarios.corpus import clean, deidentify, filters, readers, recordings, roles
from scenarios.corpus.extras import check_installed
from scenarios.corpus.run import STAGES, Kept, Run, Stage
from scenarios.corpus.sources import AUDIO_SUFFIXES, RawFile, files_in
from scenarios.corpus.transcript import Finding, Outcome, Transcript
from scenarios.errors import BadScenario, ScenarioError

#: How many files are on their way at once: enough to keep two processes busy, few enough to stream.
_IN_FLIGHT = 6

Progress = Callable[[Kept], None]


def build(source: Path, folder: Path, progress: Progress, workers: int | None = None) -> Run:
    """All file stages on all files of SOURCE; what is already made of the same content stays.

    `progress` hears of every file once, with what became of it. Files that SOURCE no longer has leave
    the run. Raises BadScenario where SOURCE holds no file at all.
    """
    check_installed()
    run = Run.open(folder)
    seen: set[str] = set()

    def jobs() -> Iterator[RawFile]:
        for raw in files_in(source):
            seen.add(raw.stem)
            yield raw

    count = workers if workers is not None else min(2, os.cpu_count() or 1)
    for kept in _in_parallel(jobs(), folder, count):
        progress(kept)
    if not seen:
        raise BadScenario(f"{source}: there is no file in it")
    for stale in set(run.sources("read")) - seen:
        run.forget(stale)
    return run


def read_only(source: Path, folder: Path, progress: Progress) -> None:
    """Stage 1 alone."""
    run = Run.open(folder)
    for raw in files_in(source):
        progress(_read(run, raw))


def stage_only(folder: Path, stage: Stage, progress: Progress) -> None:
    """One later stage alone, on what the stage before it kept."""
    check_installed()
    run = Run.open(folder)
    before = STAGES[STAGES.index(stage) - 1]
    sources = run.sources(before)
    if not sources:
        raise BadScenario(f"{folder}: stage '{before}' has not been run yet")
    for source in sources:
        earlier = run.kept(before, source)
        if earlier is None:
            raise ScenarioError(f"{run.path(before, source)}: is damaged; run '{before}' again")
        if earlier.skip is None:
            progress(_next(run, stage, earlier))


def file_through(raw: RawFile, folder: Path) -> Kept:
    """One file through all stages. Never raises for what is in the file."""
    run = Run(folder)
    kept = _read(run, raw)
    for stage in STAGES[1:]:
        if kept.skip is not None:
            run.forget(kept.source, after=kept.stage)
            break
        kept = _next(run, stage, kept)
    return kept


def _in_parallel(jobs: Iterable[RawFile], folder: Path, workers: int) -> Iterator[Kept]:
    if workers <= 1:
        for raw in jobs:
            yield file_through(raw, folder)
        return
    pool = ProcessPoolExecutor(workers, mp_context=get_context("spawn"))
    try:
        running: dict[Future[Kept], RawFile] = {}
        for raw in jobs:
            running[pool.submit(file_through, raw, folder)] = raw
            if len(running) >= _IN_FLIGHT:
                yield from _finished(running, FIRST_COMPLETED)
        while running:
            yield from _finished(running, FIRST_COMPLETED)
    except BrokenProcessPool:
        raise ScenarioError(
            "a worker process died (out of memory?); run again to go on where it stopped, "
            "with --workers 1 to use less"
        ) from None
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _finished(running: dict[Future[Kept], RawFile], until: str) -> Iterator[Kept]:
    done, _ = wait(running, return_when=until)
    for future in done:
        running.pop(future)
        yield future.result()


def _read(run: Run, raw: RawFile) -> Kept:
    version = recordings.version() if _is_recording(raw) else readers.VERSION
    key = _hash("read", version, raw.stem, raw.sha256 or raw.problem or "")
    old = run.kept("read", raw.stem)
    if old and old.key == key:
        return old
    reader = recordings.read if _is_recording(raw) else readers.read
    return run.keep("read", raw.stem, key, _guarded("read", lambda: reader(raw)))


def _is_recording(raw: RawFile) -> bool:
    return raw.suffix in AUDIO_SUFFIXES and raw.problem is None


def _next(run: Run, stage: Stage, earlier: Kept) -> Kept:
    key = _hash(stage, _version(run, stage), earlier.key)
    old = run.kept(stage, earlier.source)
    if old and old.key == key:
        return old

    def work() -> Outcome:
        transcript = run.transcript(earlier.stage, earlier.source)
        if transcript is None:
            raise ScenarioError("nothing was kept of it by the stage before")
        return _apply(run, stage, transcript)

    return run.keep(stage, earlier.source, key, _guarded(stage, work))


def _apply(run: Run, stage: Stage, transcript: Transcript) -> Outcome:
    if stage == "roles":
        return roles.assign(transcript)
    if stage == "clean":
        return clean.clean(transcript)
    if stage == "deidentify":
        return deidentify.deidentify(transcript, run.settings.seed, run.private_words())
    cleaned = run.kept("clean", transcript.source)
    facts = cleaned.facts if cleaned else {}
    return filters.filtered(
        transcript, facts.get("narrated", 0.0), facts.get("sponsor", 0.0), _filter_rules(run)
    )


def _guarded(stage: Stage, work: Callable[[], Outcome]) -> Outcome:
    """One bad file never stops a run: what goes wrong inside it becomes its skip."""
    try:
        return work()
    except Exception as problem:
        why = f"stage '{stage}' failed on it: {type(problem).__name__}: {problem}"
        return Outcome(None, [Finding(stage, "failed", 1, why)], skip=why)


def _filter_rules(run: Run) -> filters.FilterRules:
    name = run.settings.filter_file
    return filters.load_rules(Path(name) if name else None)


def _version(run: Run, stage: Stage) -> str:
    """What a stage's output depends on besides its input."""
    if stage == "roles":
        return f"{roles.VERSION}:{_file_hash('role_weights.npz')}"
    if stage == "clean":
        return str(clean.VERSION)
    if stage == "deidentify":
        return f"{deidentify.VERSION}:{_file_hash('deid_words.yaml')}:{run.settings.seed}:{_hash(*run.private_words())}"
    return f"{filters.VERSION}:{_hash(_filter_rules(run).model_dump_json())}"


@cache
def _file_hash(name: str) -> str:
    return hashlib.sha256((resources.files("scenarios.corpus") / name).read_bytes()).hexdigest()[
        :16
    ]


def _hash(*parts: object) -> str:
    return hashlib.sha256("\x1f".join(str(p) for p in parts).encode()).hexdigest()[:32]
