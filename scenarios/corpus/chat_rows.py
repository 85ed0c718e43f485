"""A transcript as chat rows: the officer speaks (user), the civilian answers (assistant).

One row is one officer-civilian conversation, or a window of it within the token budget. Several
officers are one voice; a row has one civilian, so that it is one person who is learnt.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from scenarios.corpus.deid_people import name_in_label
from scenarios.corpus.role_words import sense_of
from scenarios.corpus.transcript import Role, Transcript, Turn
from scenarios.prompt import ARRIVAL

#: Turns of others (radio, bystanders) that a conversation carries on over; more of them end it.
_INTERRUPTIONS = 2
_PAUSE_S = 90.0
#: An answer longer than this is nearly always several voices in one, or a statement read out.
_LONGEST_ANSWER = 120
#: Words of the message tags of a chat template, in tokens, per message.
_TAGS = 6
#: Messages of the window before that a new window opens with, for the thread; they do not count
#: again.
_CARRIED = 4


@dataclass(frozen=True, slots=True)
class Message:
    role: str
    content: str
    trains: bool


@dataclass(frozen=True, slots=True)
class ChatRow:
    """`trains` of a message: whether its tokens count for the loss. Never those of the officer."""

    id: str
    source: str
    counterpart: Role
    messages: tuple[Message, ...]
    tokens: int


@dataclass(frozen=True, slots=True)
class _Said:
    officer: bool
    text: str
    doubtful: bool


def chat_rows(
    transcript: Transcript,
    count: Callable[[str], int],
    budget: int,
    dropped: Counter[str],
) -> Iterator[ChatRow]:
    """Rows of one transcript. What makes no row is counted in `dropped`, by reason."""
    number = 0
    for speaker, role in _counterparts(transcript.turns):
        system = system_text(speaker)
        for conversation in _conversations(transcript.turns, speaker):
            answers = sum(not said.officer for said in conversation)
            if answers < 2 or answers == len(conversation):
                dropped["conversations with fewer than two answers"] += 1
                continue
            for messages, tokens in _windows(system, conversation, count, budget, dropped):
                if not any(message.trains for message in messages):
                    dropped["windows with nothing to learn from"] += 1
                    continue
                yield ChatRow(
                    f"{transcript.source}#{number}", transcript.source, role, messages, tokens
                )
                number += 1


def system_text(speaker: str) -> str:
    """Who the civilian is, as far as the transcript tells: a name or what the label says."""
    name = name_in_label(speaker).split()
    words = re.sub(r"\s*\d+$", "", speaker.strip("[](){} ")).strip(" .").lower()
    if name and sense_of(speaker).kind == "name":
        who = called = name[0]
    elif sense_of(speaker).kind == "generic" or not words:
        who, called = "A member of the public", "this person"
    else:
        article = "" if words.split()[0] in ("the", "a", "an") or "'s" in words else "A "
        who, called = f"{article}{words}".capitalize(), "this person"
    return (
        f"{who}, in an encounter with the police.\n"
        f"A police officer is talking to {called}. Answer as {called}, in the first person, only what is "
        "said aloud."
    )


def _counterparts(turns: Sequence[Turn]) -> list[tuple[str, Role]]:
    """Civilians that police speak with, the subjects first."""
    counts: Counter[tuple[str, Role]] = Counter(
        (turn.speaker, turn.role) for turn in turns if turn.role in ("civilian", "other_civilian")
    )
    return sorted(
        (who for who, n in counts.items() if n >= 2), key=lambda who: (who[1], -counts[who])
    )


def _conversations(turns: Sequence[Turn], speaker: str) -> Iterator[list[_Said]]:
    current: list[_Said] = []
    others = 0
    last_s: float | None = None
    for turn in turns:
        officer = turn.role == "officer"
        if not officer and turn.speaker != speaker:
            others += 1
            if others > _INTERRUPTIONS and current:
                yield from _trimmed(current)
                current = []
            continue
        late = turn.start_s is not None and last_s is not None and turn.start_s - last_s > _PAUSE_S
        if late and current:
            yield from _trimmed(current)
            current = []
        others, last_s = 0, turn.start_s
        doubtful = bool({"inaudible", "unsure"} & set(turn.flags))
        doubtful = doubtful or len(turn.text.split()) > _LONGEST_ANSWER
        if current and current[-1].officer == officer:  # two breaths, or two officers: one message
            before = current[-1]
            current[-1] = _Said(officer, f"{before.text} {turn.text}", before.doubtful or doubtful)
        else:
            current.append(_Said(officer, turn.text, doubtful))
    yield from _trimmed(current)


def _trimmed(conversation: list[_Said]) -> Iterator[list[_Said]]:
    """Officers who go on among themselves before and after are not part of it."""
    if conversation and conversation[-1].officer:
        conversation = conversation[:-1]
    if conversation:
        yield conversation


def _windows(
    system: str,
    conversation: list[_Said],
    count: Callable[[str], int],
    budget: int,
    dropped: Counter[str],
) -> Iterator[tuple[tuple[Message, ...], int]]:
    head = count(system) + _TAGS
    sizes = [count(said.text) + _TAGS for said in conversation]
    start = fresh = 0
    while fresh < len(conversation):
        start = max(0, fresh - _CARRIED)
        while start < fresh and head + sum(sizes[start : fresh + 2]) > budget:
            start += 1
        while start < fresh and not conversation[start].officer:
            start += 1
        opening = not conversation[start].officer
        total = head + (count(ARRIVAL) + _TAGS if opening else 0)
        end = start
        while end < len(conversation) and (total + sizes[end] <= budget or end <= fresh):
            total += sizes[end]
            end += 1
        if end < len(conversation) and conversation[end - 1].officer and end - 1 > fresh:
            end -= 1  # a window ends with an answer
            total -= sizes[end]
        messages = [Message("system", system, False)]
        if opening:
            messages.append(Message("user", ARRIVAL, False))
        for index in range(start, end):
            said = conversation[index]
            learn = not said.officer and index >= fresh and not said.doubtful
            learn = learn and not (opening and index == start and start > 0)
            messages.append(Message("user" if said.officer else "assistant", said.text, learn))
        if total <= budget:
            yield tuple(messages), total
        else:
            dropped["exchanges longer than the token budget"] += 1
        fresh = end


def as_record(row: ChatRow, split: str) -> dict[str, object]:
    """The row as it is published: `trains[i]` belongs to `messages[i]`."""
    return {
        "id": row.id,
        "source": row.source,
        "split": split,
        "counterpart": row.counterpart,
        "tokens": row.tokens,
        "messages": [{"role": m.role, "content": m.content} for m in row.messages],
        "trains": [m.trains for m in row.messages],
    }
