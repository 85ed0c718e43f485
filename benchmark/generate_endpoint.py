"""A large general model under the same conditions: any server with OpenAI's chat interface.

The only place of generation that opens a connection, and only to the address that was given.
"""

from __future__ import annotations

import hashlib
import json
import re
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from typing import Any

from benchmark.errors import BadBenchmarkInput
from benchmark.generate_prompts import Decoding
from benchmark.generate_speakers import (
    Answer,
    Drawn,
    Likelihood,
    Question,
    SpeakerDown,
    SpeakerFailed,
    one_by_one,
)
from benchmark.runfile import Model
from scenarios.prompt import ChatMessage


class EndpointSpeaker:
    """Sends the messages as they are. What a server refuses to be told (top_k, penalties) is left out and recorded."""

    def __init__(
        self,
        url: str,
        name: str,
        key: str = "",
        timeout_s: float = 120.0,
        tries: int = 3,
        pause_s: float = 2.0,
    ) -> None:
        if not re.match(r"https?://[^/\s]+", url):
            raise BadBenchmarkInput(f"{url}: is no address of a server; wanted http://host:port/v1")
        self._url = url.rstrip("/")
        if not self._url.endswith("/chat/completions"):
            self._url += "/chat/completions"
        self._name, self._key = name, key
        self._timeout_s, self._tries, self._pause_s = timeout_s, tries, pause_s
        #: What only some servers know, dropped all at once when one refuses it.
        self._extras = True
        self.adapter: Model | None = None
        # What a server runs cannot be hashed from here: the name stands for it, and says so.
        known = hashlib.sha256(f"{name} at {url}".encode()).hexdigest()
        self.model = Model(id=name or "default", file=f"{name} at {url}", sha256=known, bytes=0)
        self.about: dict[str, Any] = {"speaker": "endpoint"}

    at_once = 1

    def answers(self, questions: Sequence[Question], decoding: Decoding) -> list[Answer]:
        return one_by_one(self, questions, decoding)

    def reply(self, given: Sequence[ChatMessage], decoding: Decoding, seed: int) -> Drawn:
        last = ""
        attempt = 0
        began = time.perf_counter()
        while attempt < self._tries:
            if attempt:
                time.sleep(self._pause_s * attempt)
            attempt += 1
            try:
                data = self._asked(given, decoding, seed)
                choice = data["choices"][0]
                text = choice["message"]["content"] or ""
            except urllib.error.HTTPError as problem:
                last = f"HTTP {problem.code} {_said(problem)}"
                if problem.code in (400, 422) and self._extras:
                    self._extras = False
                    attempt -= 1
                    continue
                if problem.code in (401, 403, 404):
                    raise SpeakerDown(f"{self._url}: {last}") from None
                if problem.code < 500 and problem.code != 429:
                    raise SpeakerFailed(last) from None
            except TimeoutError:
                last = f"no answer within {self._timeout_s:g} s"
            except (OSError, urllib.error.URLError) as problem:
                last = str(getattr(problem, "reason", problem))
            except (ValueError, KeyError, IndexError, TypeError) as problem:
                raise SpeakerFailed(f"not a chat completion ({problem!r})") from None
            else:
                usage = data.get("usage") or {}
                n = int(usage.get("completion_tokens") or 0)
                ended = choice.get("finish_reason") != "length"
                ms = round((time.perf_counter() - began) * 1000, 1)
                n_prompt = int(usage.get("prompt_tokens") or 0)
                return Drawn(text, n, ended, n_prompt, 0, ms, all_decoding=self._extras)
        raise SpeakerDown(f"{self._url}: {last}, {self._tries} times")

    def _asked(self, given: Sequence[ChatMessage], decoding: Decoding, seed: int) -> dict[str, Any]:
        body: dict[str, Any] = {
            "messages": [{"role": m.role, "content": m.content} for m in given],
            "temperature": decoding.temperature,
            "top_p": decoding.top_p,
            "max_tokens": decoding.max_tokens,
            "seed": seed % 2**31,
        }
        if self._name:
            body["model"] = self._name
        if self._extras:
            body |= {"top_k": decoding.top_k, "repeat_penalty": decoding.repeat_penalty}
        headers = {"Content-Type": "application/json"}
        if self._key:
            headers["Authorization"] = f"Bearer {self._key}"
        request = urllib.request.Request(self._url, json.dumps(body).encode(), headers)
        with urllib.request.urlopen(request, timeout=self._timeout_s) as reply:
            data = json.loads(reply.read(4_000_000))
        if not isinstance(data, dict):
            raise TypeError("no object")
        return data

    def likelihood(self, given: Sequence[ChatMessage], real: str) -> Likelihood | None:
        return None

    def close(self) -> None:
        pass


def _said(problem: urllib.error.HTTPError) -> str:
    try:
        return " ".join(problem.read(300).decode("utf-8", "replace").split())[:120]
    except OSError:
        return ""
