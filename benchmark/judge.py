"""`deescal bench judge`: models rate generated dialogues by a rubric; answers are kept by what was asked.

Every judge is asked about every dialogue, real ones among them: what a judge takes off from real people is the
measure of the judge. What it answers is kept under the hash of judge, rubric and text, so that a stopped run goes on
and the same question is never paid for twice.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from benchmark.errors import BadBenchmarkInput, BenchmarkError
from benchmark.judge_dialogues import Dialogue
from benchmark.judge_rubric import (
    NoAnswer,
    Rating,
    preference,
    preference_form,
    question,
    rating_form,
    read_preference,
    read_rating,
    rubric_hash,
)
from scenarios.corpus.judge import EndpointJudge, Form, JudgeDown, JudgeFailed, LocalJudge

Progress = Callable[[str, float], None]
_N_CTX = 4096


@dataclass(frozen=True)
class JudgeSpec:
    """where: a model id, a .gguf file, or http://host:port/v1#MODEL of an OpenAI-compatible server."""

    where: str

    @property
    def is_endpoint(self) -> bool:
        return re.match(r"https?://", self.where) is not None

    @property
    def name(self) -> str:
        """What the judge is called in tables and in the names of samples."""
        if self.is_endpoint:
            url, _, model = self.where.partition("#")
            return model or url
        return Path(self.where).stem if self.where.endswith(".gguf") else self.where


@dataclass
class Opinion:
    """What one judge said of everything. failed: could not be asked; unread: answered, but not in the rubric's form."""

    judge: str
    ratings: dict[str, Rating] = field(
        default_factory=dict
    )  # by dialogue, generated and real apart
    preferred: dict[str, list[Literal["ours", "theirs"] | None]] = field(default_factory=dict)
    first_chosen: list[bool] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    asked: int = 0
    from_cache: int = 0


@contextmanager
def opened(
    spec: JudgeSpec, key: str = "", timeout_s: float = 180.0
) -> Iterator[EndpointJudge | LocalJudge]:
    """The judge, closed again at the end: one model in memory at a time. Raises BadBenchmarkInput, BadModel."""
    if spec.is_endpoint:
        url, _, model = spec.where.partition("#")
        with EndpointJudge(url, model, key, timeout_s, _N_CTX) as judge:
            yield judge
        return
    from models.fetch import model_path

    path = Path(spec.where) if spec.where.endswith(".gguf") else model_path(spec.where)
    if not path.is_file():
        raise BadBenchmarkInput(f"{path}: there is no such judge")
    with LocalJudge(path, path.stem, _N_CTX) as local:
        yield local


class Bench:
    """One judge at work, with its kept answers. cache: a folder."""

    def __init__(self, judge: EndpointJudge | LocalJudge, name: str, cache: Path) -> None:
        self._judge = judge
        self._cache = cache
        self.opinion = Opinion(name)

    def rate(self, key: str, dialogue: Dialogue) -> None:
        """Ask about one dialogue; the rating stands under `key`. Raises BenchmarkError where the judge is down."""
        text = question(dialogue.transcript, dialogue.person)
        answer = self._answer(text, rating_form())
        if answer is None:
            return
        try:
            self.opinion.ratings[key] = read_rating(answer)
        except NoAnswer as why:
            self.opinion.unread.append(f"{key}: {why}")

    def prefer(self, key: str, ours: Dialogue, theirs: Dialogue) -> None:
        """Ask which is more real, twice, with the order swapped."""
        said: list[Literal["ours", "theirs"] | None] = []
        for first, second, names in (
            (ours, theirs, {"one": "ours", "two": "theirs"}),
            (theirs, ours, {"one": "theirs", "two": "ours"}),
        ):
            answer = self._answer(
                preference(first.transcript, second.transcript), preference_form()
            )
            if answer is None:
                said.append(None)
                continue
            try:
                choice = read_preference(answer)
            except NoAnswer as why:
                self.opinion.unread.append(f"{key}: {why}")
                said.append(None)
                continue
            self.opinion.first_chosen.append(choice == "one")
            said.append(names[choice])  # type: ignore[arg-type]
        self.opinion.preferred[key] = said

    def _answer(self, text: str, form: Form) -> str | None:
        """Kept or asked; None where this one could not be had."""
        opinion = self.opinion
        parts = (self._judge.name, rubric_hash(), form.grammar, text)
        path = self._cache / f"{hashlib.sha256(chr(0).join(parts).encode()).hexdigest()}.json"
        try:
            kept: str = json.loads(path.read_text(encoding="utf-8"))["answer"]
            opinion.from_cache += 1
            opinion.asked += 1
            return kept
        except (OSError, ValueError, KeyError, TypeError):
            pass  # not asked yet, or a file that was cut short: ask (again)
        try:
            opinion.asked += 1
            answer = self._judge.ask(text, form)
        except JudgeFailed as why:
            opinion.failed.append(str(why))
            return None
        except JudgeDown as why:
            raise BenchmarkError(
                f"{why}; what was answered before is kept, the same command goes on"
            ) from None
        self._cache.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(f".{os.getpid()}.part")
        part.write_text(json.dumps({"judge": self._judge.name, "answer": answer}), encoding="utf-8")
        part.replace(path)
        return answer


def ask_judge(
    spec: JudgeSpec,
    ours: Sequence[Dialogue],
    real: Sequence[Dialogue],
    against: Sequence[Dialogue],
    cache: Path,
    key: str,
    progress: Progress,
) -> Opinion:
    """Everything that one judge is asked. Dialogues are known by their id, with `real:` before the real ones'."""
    steps = len(ours) + len(real) + len(against)
    done = 0
    with opened(spec, key) as judge:
        bench = Bench(judge, spec.name, cache)
        for group, prefix in ((ours, ""), (real, "real:")):
            for dialogue in group:
                progress(f"{spec.name} rates {prefix}{dialogue.id}", done / steps)
                bench.rate(prefix + dialogue.id, dialogue)
                done += 1
        other = {dialogue.id: dialogue for dialogue in against}
        for dialogue in ours:
            if dialogue.id in other:
                progress(f"{spec.name} compares {dialogue.id}", done / steps)
                bench.prefer(dialogue.id, dialogue, other[dialogue.id])
                done += 1
        return bench.opinion
