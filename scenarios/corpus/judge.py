"""Who answers the filter's questions as a judge: a local GGUF, or an OpenAI-compatible endpoint."""

from __future__ import annotations

import json
import re
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Protocol, Self

from scenarios.errors import BadScenario, ScenarioError

#: Longest quote asked for, in characters.
QUOTE = 80
#: Tokens of the longest answer: six features with a quote each.
_ANSWER = 420
_SYSTEM = "You read transcripts of police encounters and answer with JSON only."


_Way = Literal["json_schema", "json_object", "plain"]


class JudgeDown(ScenarioError):
    """The judge cannot be reached or refuses: no use in asking about the next transcript."""


class JudgeFailed(ScenarioError):
    """This one answer could not be had: too slow, or rubbish."""


@dataclass(frozen=True)
class Form:
    """What an answer must look like: GBNF for a model on this machine, JSON Schema for a server; both say the same."""

    system: str
    grammar: str
    schema: dict[str, Any]
    most_tokens: int


class Judge(Protocol):
    """Answers questions about one text. `name` says what model, for the cache and the report;
    `room` how many tokens of a transcript fit beside a question and its answer."""

    name: str
    room: int

    def count(self, text: str) -> int:
        """Tokens of a text, at least: exact where the model is here, else an estimate on the safe side."""
        ...

    def answer(self, text: str, question: str, names: Sequence[str]) -> str:
        """JSON: {name: {"present": bool, "quote": str}} for every name. Raises JudgeDown, JudgeFailed."""
        ...


def answer_grammar(names: Sequence[str]) -> str:
    """GBNF for exactly that JSON, keys in order, quotes short."""
    parts = ' "," ws '.join(
        f'"\\"{name}\\":" ws "{{\\"present\\":" ws bool ", \\"quote\\":" ws str "}}"'
        for name in names
    )
    return (
        f'root ::= "{{" ws {parts} "}}"\n'
        'ws ::= " "?\nbool ::= "true" | "false"\n'
        f'str ::= "\\"" [^"\\\\\\x00-\\x1F]{{0,{QUOTE}}} "\\""\n'
    )


def answer_schema(names: Sequence[str]) -> dict[str, Any]:
    one = {
        "type": "object",
        "properties": {
            "present": {"type": "boolean"},
            "quote": {"type": "string", "maxLength": QUOTE},
        },
        "required": ["present", "quote"],
        "additionalProperties": False,
    }
    return {
        "type": "object",
        "properties": dict.fromkeys(names, one),
        "required": list(names),
        "additionalProperties": False,
    }


def _features(names: Sequence[str]) -> Form:
    return Form(_SYSTEM, answer_grammar(names), answer_schema(names), _ANSWER)


def tokens_that_fit(n_ctx: int) -> int:
    """Tokens of a transcript that leave room for a question (under 420 tokens) and its answer."""
    return n_ctx - _ANSWER - 500


class LocalJudge:
    """A GGUF on this machine. The transcript is read once; the questions about it share its cache."""

    def __init__(self, gguf: Path, name: str, n_ctx: int = 2048) -> None:
        from models.chat import format_of
        from models.engine import Engine, EngineSettings

        self.name = name
        self.room = tokens_that_fit(n_ctx)
        self._engine = Engine(gguf, EngineSettings(n_ctx=n_ctx))
        self._format = format_of(self._engine)

    def count(self, text: str) -> int:
        return len(self._engine.tokenize(text))

    def answer(self, text: str, question: str, names: Sequence[str]) -> str:
        return self.ask(f"{text}\n\n{question}", _features(names))

    def ask(self, text: str, wanted: Form) -> str:
        """The answer to `text`, in the form that is wanted. Raises JudgeFailed."""
        from models.engine import Sampling

        engine, form = self._engine, self._format
        tokens = [
            *engine.tokenize(form.head, special=True),
            *engine.tokenize(wanted.system),
            *engine.tokenize(form.to_officer, special=True),
            *engine.tokenize(text),
            *engine.tokenize(form.to_civilian, special=True),
        ]
        same = 0
        for old, new in zip(engine.tokens, tokens, strict=False):
            if old != new:
                break
            same += 1
        engine.rewind(min(same, len(tokens) - 1))
        if len(tokens) - len(engine.tokens) > engine.room - wanted.most_tokens:
            raise JudgeFailed(
                f"the transcript does not fit the judge's context ({len(tokens)} tokens)"
            )
        sampling = Sampling(temperature=0, repeat_penalty=1.0, grammar=wanted.grammar)
        fresh = tokens[len(engine.tokens) :]
        drawn = list(engine.generate(sampling, max_tokens=wanted.most_tokens, prompt=fresh))
        return engine.detokenize(drawn)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._engine.close()


class EndpointJudge:
    """An OpenAI-compatible server. The only place of the corpus that opens a connection, and only to `url`."""

    def __init__(
        self,
        url: str,
        model: str,
        key: str = "",
        timeout_s: float = 120.0,
        n_ctx: int = 8192,
        tries: int = 3,
        pause_s: float = 2.0,
    ) -> None:
        if not re.match(r"https?://[^/\s]+", url):
            raise BadScenario(f"{url}: is no address of a server; wanted http://host:port/v1")
        self.name = f"{model or 'default'} at {url}"
        self.room = tokens_that_fit(n_ctx)
        self._url = url.rstrip("/")
        if not self._url.endswith("/chat/completions"):
            self._url += "/chat/completions"
        self._model, self._key = model, key
        self._timeout_s, self._tries, self._pause_s = timeout_s, tries, pause_s
        # Servers differ in how JSON is asked for: the next way is tried until one has worked once.
        self._ways: list[_Way] = ["json_schema", "json_object", "plain"]
        self._worked = False

    def count(self, text: str) -> int:
        return len(text) // 3 + 1  # short turns in spoken English have 3.3 to 4 letters to a token

    def answer(self, text: str, question: str, names: Sequence[str]) -> str:
        return self.ask(f"{text}\n\n{question}", _features(names))

    def ask(self, text: str, wanted: Form) -> str:
        """The answer to `text`, in the form that is wanted, if the server can. Raises JudgeDown, JudgeFailed."""
        last = ""
        attempt = 0
        while attempt < self._tries:
            if attempt:
                time.sleep(self._pause_s * 2 ** (attempt - 1))
            attempt += 1
            try:
                answer = self._ask(text, wanted)
                self._worked = True
                return answer
            except urllib.error.HTTPError as problem:
                last = f"{problem.code} {problem.reason}"
                if problem.code in (400, 422, 500) and not self._worked and len(self._ways) > 1:
                    self._ways.pop(0)
                    attempt -= 1
                elif problem.code in (400, 413, 422):  # this text: too long for its context, mostly
                    raise JudgeFailed(f"{last}: {_why(problem)}".rstrip(": ")) from None
                elif problem.code in (401, 403, 404, 405):
                    raise JudgeDown(f"{self._url} refuses: {last}") from None
            except TimeoutError:
                last = f"no answer within {self._timeout_s:g} s"
            except urllib.error.URLError as problem:
                if isinstance(problem.reason, TimeoutError):
                    last = f"no answer within {self._timeout_s:g} s"
                else:
                    last = f"cannot be reached: {problem.reason}"
            except (ConnectionError, OSError) as problem:
                last = f"cannot be reached: {problem}"
            except (ValueError, KeyError, IndexError, TypeError) as problem:
                last = f"its reply is no chat completion ({type(problem).__name__})"
        if last.startswith(("cannot be reached", "502", "503", "504")):
            raise JudgeDown(f"{self._url}: {last}")
        raise JudgeFailed(last)

    def _ask(self, text: str, wanted: Form) -> str:
        body: dict[str, Any] = {
            "messages": [
                {"role": "system", "content": wanted.system},
                {"role": "user", "content": text},
            ],
            "temperature": 0,
            "max_tokens": wanted.most_tokens + 180,  # a server's model may write spaces
        }
        if self._model:
            body["model"] = self._model
        if self._ways[0] == "json_schema":
            named = {"name": "answer", "strict": True, "schema": wanted.schema}
            body["response_format"] = {"type": "json_schema", "json_schema": named}
        elif self._ways[0] == "json_object":  # llama-cpp-python's server
            body["response_format"] = {"type": "json_object", "schema": wanted.schema}
        headers = {"Content-Type": "application/json"}
        if self._key:
            headers["Authorization"] = f"Bearer {self._key}"
        request = urllib.request.Request(self._url, json.dumps(body).encode(), headers)
        with urllib.request.urlopen(request, timeout=self._timeout_s) as reply:
            data = json.loads(reply.read(4_000_000))
        content = data["choices"][0]["message"]["content"]
        if not isinstance(content, str):
            raise TypeError("content")
        return content

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        pass


def _why(problem: urllib.error.HTTPError) -> str:
    """What the server says of its refusal, in a line."""
    try:
        return " ".join(problem.read(2000).decode("utf-8", "replace").split())[:200]
    except OSError:
        return ""
