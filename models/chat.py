"""Chat templates, and the conversation as an append-only list of tokens.

A model's own Jinja template is rendered once with markers for what is said; what stands between the
markers is all that is ever needed. So earlier text is never rendered again, and the cache stays
good.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from jinja2 import TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from models.engine import Cancelled, Engine
from models.errors import BadModel, ModelError

_SYSTEM, _OFFICER, _CIVILIAN, _NEXT = "\x02s\x03", "\x02o\x03", "\x02c\x03", "\x02n\x03"


@dataclass(frozen=True)
class ChatFormat:
    """The fixed text around what is said: head SYSTEM to_officer OFFICER to_civilian CIVILIAN next
    OFFICER …
    """

    head: str
    to_officer: str
    to_civilian: str
    next_officer: str


def renderer(
    template: str, bos: str = "", eos: str = ""
) -> Callable[[list[dict[str, str]], bool], str]:
    """How a Jinja chat template writes messages; the flag adds the opening of the civilian's turn.

    What it returns raises jinja2.TemplateError for messages that the template refuses.
    """
    environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)

    def refuse(message: str) -> NoReturn:
        raise TemplateError(message)

    environment.globals["raise_exception"] = refuse
    environment.globals["strftime_now"] = lambda form: datetime.date(2026, 1, 1).strftime(form)

    def render(messages: list[dict[str, str]], prompt: bool) -> str:
        return environment.from_string(template).render(
            messages=messages, add_generation_prompt=prompt, bos_token=bos, eos_token=eos
        )

    return render


def chat_format(template: str, bos: str = "", eos: str = "") -> ChatFormat:
    """Take a Jinja chat template apart.

    A template that knows no system role (Gemma 2) gets the system text at the start of the first
    officer turn. Raises BadModel where the template cannot be used for a conversation of two.
    """
    render = renderer(template, bos, eos)

    talk = [
        {"role": "user", "content": _OFFICER},
        {"role": "assistant", "content": _CIVILIAN},
        {"role": "user", "content": _NEXT},
    ]
    try:
        try:
            whole = render([{"role": "system", "content": _SYSTEM}, *talk], True)
        except TemplateError:
            whole = ""
        if _SYSTEM not in whole:
            talk[0]["content"] = f"{_SYSTEM}\n\n{_OFFICER}"
            whole = render(talk, True)
        head, rest = whole.split(_SYSTEM)
        to_officer, rest = rest.split(_OFFICER)
        _, rest = rest.split(_CIVILIAN)
        next_officer, to_civilian = rest.split(_NEXT)
    except (TemplateError, ValueError, TypeError) as problem:
        raise BadModel(
            f"this model's chat template cannot carry a conversation ({problem})"
        ) from None
    return ChatFormat(head, to_officer, to_civilian, next_officer)


def format_of(engine: Engine) -> ChatFormat:
    """The format of the template inside the GGUF; BadModel where there is none (a base model)."""
    template = engine.metadata("tokenizer.chat_template")
    if not template:
        raise BadModel(
            f"{engine.path}: no chat template inside: this is not a chat model and cannot play a civilian"
        )
    bos = engine.bos()
    return chat_format(
        template,
        bos="" if bos is None else _text_of(engine, bos),
        eos=_text_of(engine, engine.eos()),
    )


def _text_of(engine: Engine, token: int) -> str:
    import llama_cpp

    raw: Any = llama_cpp.llama_vocab_get_text(engine._vocab, token)
    return bytes(raw or b"").decode("utf-8", "replace")


@dataclass
class _Turn:
    start: int
    words_end: int = 0  # where the officer's words end and the stage direction begins


class Conversation:
    """One conversation on an engine: system message and examples, then turns, append-only.

    The order within a turn: `hear` the officer's words (may be taken back with `unhear` while they
    are only guessed), `direct` with the stage direction, the engine generates, `settle` with what
    was heard.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.format = format_of(engine)
        self._special = {
            name: engine.tokenize(text, special=True) for name, text in vars(self.format).items()
        }
        self._prefix = 0
        self._turns: list[_Turn] = []

    def prefix_tokens(self, system: str, examples: list[tuple[str, str]]) -> list[int]:
        """Tokens of what never changes: system message, then example exchanges as turns already
        spoken.

        The prefix ends where the next officer's words begin.
        """
        tokens = [
            *self._special["head"],
            *self.engine.tokenize(system),
            *self._special["to_officer"],
        ]
        for officer, civilian in examples:
            tokens += self.engine.tokenize(officer) + self._special["to_civilian"]
            tokens += self.engine.tokenize(civilian) + self._special["next_officer"]
        return tokens

    def start(
        self, system: str, examples: list[tuple[str, str]], state: Path | None = None
    ) -> bool:
        """Begin: load the prefix state from disk, or compute and keep it. True where it came from
        disk.
        """
        tokens = self.prefix_tokens(system, examples)
        self._turns.clear()
        self._prefix = len(tokens)
        if state and self.engine.load_prefix(state, tokens):
            return True
        self.engine.rewind(0)
        self.engine.prefill(tokens)
        if state:
            self.engine.save_prefix(state)
        return False

    @property
    def turns(self) -> int:
        return len(self._turns)

    def begin_turn(self) -> None:
        """Where the next officer's words will go. Needs no tokens: the last turn ended with
        them.
        """
        self._turns.append(_Turn(start=len(self.engine.tokens)))

    def hear(self, words: str, cancelled: Cancelled | None = None) -> int:
        """Lay down the officer's words so far. Keeps what it shares with words heard before; the
        rest goes.

        Returns how many tokens were computed now.
        """
        new = self.words_left(words)
        turn = self._turns[-1]
        done = self.engine.prefill(new, cancelled) if cancelled else self.engine.prefill(new)
        turn.words_end = len(self.engine.tokens)
        return done

    def words_left(self, words: str) -> list[int]:
        """Rewind to what `words` share with the words laid down; the tokens of the rest of them.

        Whoever goes on with them and the stage direction in one prefill saves the second: two short
        ones take half as long again as one of both. `hear` before `settle` lays them down for good.
        """
        start = self._turns[-1].start
        tokens = self.engine.tokenize(words)
        there = self.engine.tokens[start:]
        same = 0
        while same < min(len(there), len(tokens)) and there[same] == tokens[same]:
            same += 1
        self.engine.rewind(start + same)
        return tokens[same:]

    def direction_tokens(self, direction: str) -> list[int]:
        """Tokens that end the officer's turn: the stage direction, and the opening of the
        civilian's.
        """
        return [
            *(self.engine.tokenize(f"\n{direction}") if direction else []),
            *self._special["to_civilian"],
        ]

    def settle(self, heard: str) -> None:
        """End the turn with what the officer heard. The stage direction goes; words and reply stay.

        Costs a prefill of the reply, while the civilian's voice plays and nothing else is to do.
        """
        turn = self._turns[-1]
        if not turn.words_end:
            turn.words_end = turn.start
        tokens = [
            *self._special["to_civilian"],
            *self.engine.tokenize(heard),
            *self._special["next_officer"],
        ]
        self.engine.rewind(turn.words_end)
        if len(tokens) > self.engine.room:
            raise ModelError("no room for the reply: make room before the turn")
        self.engine.prefill(tokens)

    def shorten_last(self, heard: str) -> None:
        """Settle the last turn again with less, and make the next one ready again."""
        if len(self._turns) < 2:
            raise ModelError("no turn has been settled yet")
        del self._turns[-1]
        self.settle(heard)
        self.begin_turn()

    def make_room(self, n_tokens: int) -> int:
        """Drop whole old turns behind the prefix, in one step, until half the context is free.

        Returns how many turns went; 0 where there is room already. Raises ModelError where dropping
        all of them is not enough.
        """
        if self.engine.room >= n_tokens:
            return 0
        wanted = max(n_tokens, (self.engine.n_ctx - self._prefix) // 2)
        dropped = 0
        gap = 0
        while dropped < len(self._turns) - 1 and self.engine.room + gap < wanted:
            dropped += 1
            gap = self._turns[dropped].start - self._prefix
        if self.engine.room + gap < n_tokens:
            raise ModelError(
                f"the turn needs {n_tokens} tokens and the prompt {self._prefix} of {self.engine.n_ctx}: "
                "too little context for this scenario"
            )
        self.engine.drop(self._prefix, self._prefix + gap)
        del self._turns[:dropped]
        for turn in self._turns:
            turn.start -= gap
            turn.words_end -= min(gap, turn.words_end)
        return dropped
