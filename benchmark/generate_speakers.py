"""Who answers: a GGUF on this machine, a server with OpenAI's interface, or a transformers model."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol, Self

from jinja2 import TemplateError

from benchmark.errors import BenchmarkError
from benchmark.generate_prompts import Decoding
from benchmark.runfile import Model
from models.chat import ChatFormat
from scenarios.prompt import ChatMessage

if TYPE_CHECKING:
    from models.branches import Branch


class SpeakerDown(BenchmarkError):
    """Whoever answers cannot be reached or refuses: no use in asking for the next turn."""


class SpeakerFailed(BenchmarkError):
    """This one reply could not be had."""


@dataclass(frozen=True)
class Drawn:
    """One reply. ended: it stopped by itself, before max_tokens. n_cached: prompt tokens that were there already.

    all_decoding: False where whoever answered could not be told top_k or the repetition penalty.
    """

    text: str
    n_tokens: int = 0
    ended: bool = True
    n_prompt: int = 0
    n_cached: int = 0
    ms: float = 0.0
    all_decoding: bool = True


@dataclass(frozen=True)
class Likelihood:
    """How likely the real reply was, its end of turn included: the sum of its log-probabilities, in nats."""

    log_probability: float
    n_tokens: int


@dataclass(frozen=True)
class Question:
    """One turn: what the model is given, the seed of its draw, and the real answer where its likelihood is wanted."""

    given: Sequence[ChatMessage]
    seed: int
    real: str | None = None


@dataclass(frozen=True)
class Answer:
    """What came of a question: a reply, or why there is none; and how likely the real one was."""

    drawn: Drawn | None
    error: str = ""
    real: Likelihood | None = None


class Speaker(Protocol):
    """Answers as the civilian.

    at_once: turns of one talk that it answers together, at no more than the cost of some. Raises SpeakerDown where no
    use is in asking again; what fails for one turn is that turn's answer.
    """

    model: Model
    adapter: Model | None
    about: dict[str, Any]
    at_once: int

    def answers(self, questions: Sequence[Question], decoding: Decoding) -> list[Answer]:
        """To turns of one talk, in its order."""
        ...

    def close(self) -> None: ...


class GgufSpeaker:
    """A GGUF through llama.cpp: what the turns of a talk have in common is computed once, their answers in a batch."""

    at_once = 8

    def __init__(
        self, gguf: Path, adapter: Path | None = None, threads: int = 0, n_ctx: int = 6144
    ) -> None:
        from models.engine import Engine, EngineSettings

        self.model = gguf_record(gguf)
        self.adapter = gguf_record(adapter) if adapter else None
        lora = str(adapter) if adapter else ""
        settings = EngineSettings(
            n_ctx=n_ctx, threads=threads, lora=lora, sequences=self.at_once + 1
        )
        self._engine = Engine(gguf, settings)
        try:
            self._form, self._again = self._formats()
        except Exception:
            self._engine.close()
            raise
        self._special: dict[str, list[int]] = {}
        self.about = {"speaker": "gguf", "threads": self._engine.settings.threads, "n_ctx": n_ctx}

    def _formats(self) -> tuple[ChatFormat, str | None]:
        from models.chat import _text_of, format_of

        form = format_of(self._engine)
        bos = self._engine.bos()
        template = self._engine.metadata("tokenizer.chat_template") or ""
        between = between_answers(
            template,
            "" if bos is None else _text_of(self._engine, bos),
            _text_of(self._engine, self._engine.eos()),
        )
        return form, between

    def answers(self, questions: Sequence[Question], decoding: Decoding) -> list[Answer]:
        """In as few batches as the context has room for."""
        from models.branches import room_for

        found: list[Answer] = []
        batch: list[Branch] = []
        for question in questions:
            branch = self._branch(question, decoding)
            if batch and room_for([*batch, branch], decoding.max_tokens) > self._engine.n_ctx:
                found += self._drawn(batch, decoding)
                batch = []
            batch.append(branch)
        return found + self._drawn(batch, decoding)

    def _branch(self, question: Question, decoding: Decoding) -> Branch:
        from models.branches import Branch
        from models.engine import Sampling

        sampling = Sampling(
            temperature=decoding.temperature,
            top_p=decoding.top_p,
            top_k=decoding.top_k,
            repeat_penalty=decoding.repeat_penalty,
            repeat_last_n=decoding.repeat_last_n,
            temperature_first=decoding.temperature_first,
            seed=question.seed,
        )
        real: list[int] = []
        if question.real is not None:
            ending = self._piece(self._form.next_officer)[:1]
            real = [*self._engine.tokenize(question.real), *ending]
        return Branch(self._tokens(question.given), sampling, real)

    def _drawn(self, batch: list[Branch], decoding: Decoding) -> list[Answer]:
        from models.branches import draw_branches
        from models.errors import ModelError

        began = time.perf_counter()
        try:
            draw_branches(self._engine, batch, decoding.max_tokens)
        except ModelError as problem:
            return [Answer(None, str(problem)) for _ in batch]
        ms = round((time.perf_counter() - began) * 1000 / len(batch), 1)
        return [
            Answer(
                Drawn(
                    self._engine.detokenize(branch.tokens),
                    len(branch.tokens),
                    branch.ended,
                    len(branch.prompt),
                    branch.n_cached,
                    ms,
                ),
                real=Likelihood(sum(branch.log_probabilities), len(branch.real))
                if branch.real
                else None,
            )
            for branch in batch
        ]

    def _tokens(self, given: Sequence[ChatMessage]) -> list[int]:
        """As `models.chat.Conversation` lays it down: each message by itself, never rendered twice."""
        form, said = self._form, self._engine.tokenize
        tokens = [*self._piece(form.head), *said(given[0].content)]
        before = "system"
        for message in given[1:]:
            tokens += self._piece(self._between(before, message.role))
            tokens += said(message.content)
            before = message.role
        return tokens + self._piece(form.to_civilian)

    def _between(self, before: str, role: str) -> str:
        if before == "system":
            return self._form.to_officer
        if role == "user":
            return self._form.next_officer
        if before == "user":
            return self._form.to_civilian
        if self._again is None:
            raise SpeakerDown(
                f"{self.model.id}: its chat template refuses two answers in a row, which the setting `paper` "
                "sends; use --history once, and the run says so"
            )
        return self._again

    def _piece(self, text: str) -> list[int]:
        if text not in self._special:
            self._special[text] = self._engine.tokenize(text, special=True)
        return self._special[text]

    def close(self) -> None:
        self._engine.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def between_answers(template: str, bos: str, eos: str) -> str | None:
    """What a chat template writes between two answers in a row; None where it refuses them."""
    from models.chat import renderer

    marks = ("\x02o\x03", "\x02a\x03", "\x02b\x03", "\x02n\x03")
    roles = ("user", "assistant", "assistant", "user")
    talk = [{"role": r, "content": m} for r, m in zip(roles, marks, strict=True)]
    render = renderer(template, bos, eos)
    for start in ([{"role": "system", "content": "s"}], []):
        try:
            whole = render([*start, *talk], True)
            return whole.split(marks[1])[1].split(marks[2])[0]
        except (TemplateError, IndexError, TypeError):
            continue
    return None


def gguf_record(path: Path) -> Model:
    """Which GGUF this is, by content."""
    from models.gguf_info import read_gguf
    from models.store import sha256_of

    info = read_gguf(path)
    return Model(
        id=path.stem,
        file=path.name,
        sha256=sha256_of(path),
        bytes=path.stat().st_size,
        architecture=info.architecture or "",
        quantisation=info.quantisation or "",
    )


class OneByOne(Protocol):
    """A speaker that is asked turn by turn. `reply` raises SpeakerFailed for one turn, SpeakerDown for good."""

    def reply(self, given: Sequence[ChatMessage], decoding: Decoding, seed: int) -> Drawn: ...

    def likelihood(self, given: Sequence[ChatMessage], real: str) -> Likelihood | None: ...


def one_by_one(
    speaker: OneByOne, questions: Sequence[Question], decoding: Decoding
) -> list[Answer]:
    found = []
    for question in questions:
        try:
            drawn = speaker.reply(question.given, decoding, question.seed)
        except SpeakerFailed as problem:
            found.append(Answer(None, str(problem)))
            continue
        real = question.real
        found.append(
            Answer(drawn, real=None if real is None else speaker.likelihood(question.given, real))
        )
    return found
