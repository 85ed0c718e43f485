"""Turns of the dev split that a run left behind, laid down as `play` sends them."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from export.errors import BadExport
from models.chat import ChatFormat


@dataclass(frozen=True)
class DevTurn:
    """One reply in its context. reply_at: positions whose next token is the reply's or ends it."""

    tokens: list[int]
    reply_at: list[int]
    targets: list[int]


def read_dev_turns(
    path: Path,
    form: ChatFormat,
    tokenize: Callable[[str, bool], list[int]],
    count: int,
    max_tokens: int,
    seed: int = 17,
    origin: str | None = None,
) -> list[DevTurn]:
    """`count` replies, one of each conversation before a second of any, drawn by seed.

    origin: only of the library, or of the corpus.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
        conversations: list[dict[str, Any]] = [json.loads(line) for line in lines]
        places = [
            (i, j)
            for i, conversation in enumerate(conversations)
            for j, turn in enumerate(conversation["turns"])
            if turn["learn"] and origin in (None, conversation["origin"])
        ]
    except OSError as problem:
        raise BadExport(f"{path}: cannot be read ({problem.strerror})") from None
    except (ValueError, KeyError, TypeError):
        raise BadExport(f"{path}: is not the dev.jsonl of a run") from None
    draw = random.Random(seed)
    draw.shuffle(places)
    seen: dict[int, int] = {}
    order = []
    for i, j in places:
        seen[i] = seen.get(i, 0) + 1
        order.append((seen[i], i, j))
    found: list[DevTurn] = []
    for _, i, j in sorted(order):
        turn = _laid_down(conversations[i], j, form, tokenize, max_tokens)
        if turn is not None:
            found.append(turn)
        if len(found) == count:
            break
    if not found:
        raise BadExport(
            f"{path}: no reply of {origin or 'any kind'} fits into {max_tokens} tokens with what goes before it"
        )
    return found


def _laid_down(
    conversation: dict[str, Any],
    index: int,
    form: ChatFormat,
    tokenize: Callable[[str, bool], list[int]],
    max_tokens: int,
) -> DevTurn | None:
    turns = conversation["turns"]
    to_civilian, to_next = tokenize(form.to_civilian, True), tokenize(form.next_officer, True)
    head = [
        *tokenize(form.head, True),
        *tokenize(conversation["system"], False),
        *tokenize(form.to_officer, True),
    ]
    now = tokenize(turns[index]["officer"], False)
    if turns[index]["direction"]:
        now += tokenize("\n" + turns[index]["direction"], False)
    now += to_civilian
    reply = tokenize(turns[index]["civilian"], False)
    before: list[int] = []
    for earlier in reversed(turns[:index]):
        said = [
            *tokenize(earlier["officer"], False),
            *to_civilian,
            *tokenize(earlier["civilian"], False),
            *to_next,
        ]
        if len(head) + len(said) + len(before) + len(now) + len(reply) > max_tokens:
            break
        before = said + before
    prompt = head + before + now
    if len(prompt) + len(reply) > max_tokens:
        return None
    return DevTurn(
        prompt + reply,
        list(range(len(prompt) - 1, len(prompt) + len(reply))),
        [*reply, to_next[0]],
    )
