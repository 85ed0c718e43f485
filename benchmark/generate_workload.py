"""What a civilian is asked to answer: whole conversations of held-out sources, and at which turns.

From a published corpus (its validation part), from the library's held-out scenarios, or from the dev turns that a
training run left behind. Kept beside the replies as JSON Lines, so that they can be scored without the corpus.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from benchmark.errors import BadBenchmarkInput
from benchmark.runfile import Workload
from scenarios.prompt import ARRIVAL
from training.conditioning import condition
from training.recipe import load_recipe
from training.rows import Conversation, Turn, place_of, read_corpus, read_library

#: The recipe whose seed and share say which scenarios no model of ours has learnt from.
RECIPE = "smollm2-135m-full"
#: Which conversations and which made-up directions; not the seed of the decoding.
_SEED = 17


@dataclass(frozen=True)
class Asked:
    """One turn to be answered: `conversation` and `turn` are places in the workload's lists."""

    number: int
    conversation: int
    turn: int


@dataclass(frozen=True)
class Dialogues:
    """A workload: conversations in order, and the turns of them that are asked for."""

    name: str
    conversations: tuple[Conversation, ...]

    @property
    def asked(self) -> list[Asked]:
        places = [
            (c, t)
            for c, conversation in enumerate(self.conversations)
            for t, turn in enumerate(conversation.turns)
            if turn.learn
        ]
        return [Asked(number, c, t) for number, (c, t) in enumerate(places)]

    @property
    def sources(self) -> list[str]:
        """Videos or scenarios, in the order in which they first stand there."""
        return list(dict.fromkeys(c.source for c in self.conversations))

    @property
    def identity(self) -> Workload:
        digest = hashlib.sha256(self.name.encode())
        for line in self.lines():
            digest.update(line.encode())
        return Workload(name=self.name, sha256=digest.hexdigest())

    def lines(self) -> Iterable[str]:
        for conversation in self.conversations:
            yield json.dumps(asdict(conversation), ensure_ascii=False, sort_keys=True) + "\n"


def dialogues(source: str, turns: int, recipe: str = RECIPE) -> Dialogues:
    """The workload that `source` names: `library`, a published corpus, a run's dev.jsonl, an earlier generation's.

    turns: replies asked for; whole conversations are taken (but for the last), one of each source before a second of
    any. Raises BadBenchmarkInput where nothing can be asked.
    """
    if source == "library":
        found, name = _library(recipe), "library-held-out"
    else:
        path = Path(source)
        if not path.exists():
            raise BadBenchmarkInput(
                f"{source}: there is no such workload; give 'library', the folder that `deescal corpus publish` "
                "wrote, the dev.jsonl of a training run, or the folder of an earlier generation"
            )
        if (path / "manifest.json").is_file():
            return _again(path)
        if path.suffix == ".jsonl" and (kept := _run_dev(path)) is not None:
            found, name = kept, "run-dev"
        else:
            found, name = _corpus(path), "corpus-validation"
    chosen = _chosen(found, turns)
    if not chosen:
        raise BadBenchmarkInput(f"{source}: holds no held-out turn that a civilian could answer")
    return Dialogues(f"{name}-{turns}", tuple(chosen))


def _again(folder: Path) -> Dialogues:
    """The very workload of an earlier generation, word for word."""
    from benchmark.generate_record import read_generation

    return read_generation(folder).dialogues


def _library(recipe: str) -> list[Conversation]:
    """Dialogues of scenarios that the recipe holds back. An opening is written, never generated."""
    asked = load_recipe(recipe)
    return [
        replace(c, turns=tuple(replace(t, learn=t.learn and t.officer != ARRIVAL) for t in c.turns))
        for c in read_library(asked.data.dev_share, asked.seed)
        if c.split == "dev"
    ]


def _corpus(path: Path) -> list[Conversation]:
    chat = path / "chat" if (path / "chat").is_dir() else path
    if chat.is_dir():
        files = [chat / f"validation{suffix}" for suffix in (".jsonl", ".parquet")]
        path = next((file for file in files if file.is_file()), path)
        if path.is_dir():
            raise BadBenchmarkInput(
                f"{path}: no chat/validation.jsonl; publish the corpus with `deescal corpus publish`"
            )
    held_out = [c for c in read_corpus(path) if c.split == "dev"]
    return condition(held_out, _SEED, persona=True)


def _run_dev(path: Path) -> list[Conversation] | None:
    """The conversations of a run's dev.jsonl; None for a file of other rows."""
    with path.open(encoding="utf-8") as lines:
        first = lines.readline()
    if '"turns"' not in first:
        return None
    return list(read_lines(path))


def read_lines(path: Path) -> list[Conversation]:
    """Conversations as `Dialogues.lines` or a training run wrote them. Raises BadBenchmarkInput naming the line."""
    found = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        try:
            data: dict[str, Any] = json.loads(line)
            turns = tuple(Turn(**turn) for turn in data.pop("turns"))
            found.append(Conversation(turns=turns, **data))
        except (ValueError, TypeError, KeyError) as problem:
            raise BadBenchmarkInput(f"{path}:{number}: not a conversation ({problem})") from None
    return found


def _chosen(found: Sequence[Conversation], turns: int) -> list[Conversation]:
    """Conversations with `turns` replies in all: the first of each source, then the second of each."""
    nth: Counter[str] = Counter()
    order: list[tuple[int, float, Conversation]] = []
    for conversation in sorted(found, key=lambda c: place_of(c.id, _SEED)):
        if conversation.replies:
            nth[conversation.source] += 1
            order.append((nth[conversation.source], place_of(conversation.id, _SEED), conversation))
    chosen: list[Conversation] = []
    left = turns
    for _, _, conversation in sorted(order, key=lambda place: place[:2]):
        if left <= 0:
            break
        chosen.append(_first(conversation, left))
        left -= conversation.replies
    return chosen


def _first(conversation: Conversation, replies: int) -> Conversation:
    """The conversation up to its reply number `replies`."""
    asked = [at for at, turn in enumerate(conversation.turns) if turn.learn]
    if len(asked) <= replies:
        return conversation
    return replace(conversation, turns=conversation.turns[: asked[replies - 1] + 1])
