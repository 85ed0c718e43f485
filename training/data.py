"""Training data, whole: read, split by source, conditioned, weighted, counted and hashed. No torch."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from training.conditioning import condition
from training.errors import BadData
from training.recipe import Recipe
from training.rows import Conversation, Origin, place_of, read_corpus, read_library

#: Characters to a token of English speech with a vocabulary of 32k-256k; for estimates only.
CHARACTERS_PER_TOKEN = 4.1
_ORIGINS: tuple[Origin, ...] = ("library", "corpus")


@dataclass(frozen=True)
class Prepared:
    """What a run learns from and is scored on. sha256 covers every word, split and weight."""

    train: list[Conversation]
    dev: list[Conversation]
    sha256: str

    def counts(self) -> dict[str, int]:
        """Conversations and replies by split and origin, and an estimate of tokens."""
        found: dict[str, int] = {}
        for name, part in (("train", self.train), ("dev", self.dev)):
            for origin in _ORIGINS:
                some = [c for c in part if c.origin == origin]
                found[f"{name}_{origin}_conversations"] = len(some)
                found[f"{name}_{origin}_replies"] = sum(c.replies for c in some)
        found["train_tokens_about"] = sum(map(tokens_about, self.train))
        found["train_reply_tokens_about"] = sum(map(reply_tokens_about, self.train))
        return found


def prepare(recipe: Recipe, folder: Path | None) -> Prepared:
    """Read all that the recipe asks for. Raises BadData in one line where nothing could be learnt."""
    wanted = recipe.data
    conversations: list[Conversation] = []
    if wanted.library:
        conversations += read_library(wanted.dev_share, recipe.seed)
    if wanted.corpus:
        if folder is None:
            raise BadData(
                f"{recipe.name} learns from the corpus: give --data FOLDER, what `deescal corpus "
                "publish` wrote (or set data.corpus: false in the recipe)"
            )
        corpus = [
            c
            for c in read_corpus(folder)
            if c.replies
            and (c.split == "dev" or place_of(c.source, recipe.seed + 1) < wanted.corpus_share)
        ]
        _check_sources(corpus, folder)
        if wanted.directions != "none":
            corpus = condition(corpus, recipe.seed, wanted.persona)
        conversations += corpus
    conversations = [c for c in conversations if c.replies]
    if not conversations:
        raise BadData(f"{folder or 'the library'}: no row has a civilian turn to learn from")
    if wanted.directions == "none":
        conversations = [_without_directions(c) for c in conversations]
    train = [c for c in conversations if c.split == "train"]
    dev = _dev_part([c for c in conversations if c.split == "dev"], wanted.dev_turns, recipe.seed)
    if not train:
        raise BadData(
            f"{folder or 'the library'}: every row is held back; nothing is left to train on"
        )
    if not dev:
        raise BadData(
            f"{folder or 'the library'}: no row is held back for dev; publish a validation part, or "
            "set data.library: true"
        )
    if wanted.rarity_weight:
        train = weighted(train)
    return Prepared(train, dev, _sha256(train, dev))


def weighted(train: Sequence[Conversation]) -> list[Conversation]:
    """Rich replies count up to half more, short ones less, each stock reply by the root of its count."""
    counts = Counter(_plain(t.civilian) for c in train for t in c.turns if t.learn)
    done = []
    for conversation in train:
        turns = []
        for turn in conversation.turns:
            words = len(turn.civilian.split())
            rich = min(1.5, max(0.6, 0.6 + words / 15))
            stock = max(0.15, counts[_plain(turn.civilian)] ** -0.5) if turn.learn else 1.0
            turns.append(replace(turn, weight=round(rich * stock, 4)))
        done.append(replace(conversation, turns=tuple(turns)))
    return done


def tokens_about(conversation: Conversation) -> int:
    """Tokens of the training layout: what was said, directions, and replies twice (see layout)."""
    n = len(conversation.system)
    for turn in conversation.turns:
        n += (
            len(turn.officer)
            + len(turn.direction)
            + len(turn.civilian) * (2 if turn.direction else 1)
        )
        n += 40
    return round(n / CHARACTERS_PER_TOKEN)


def reply_tokens_about(conversation: Conversation) -> int:
    said = sum(len(turn.civilian) + 4 for turn in conversation.turns if turn.learn)
    return round(said / CHARACTERS_PER_TOKEN)


def write_dev(dev: Sequence[Conversation], path: Path) -> None:
    """The dev split beside the run, so that export can score the finished model on the same turns."""
    with path.open("w", encoding="utf-8") as stream:
        for conversation in dev:
            stream.write(json.dumps(asdict(conversation), ensure_ascii=False) + "\n")


def _dev_part(held: list[Conversation], turns: int, seed: int) -> list[Conversation]:
    """Whole conversations up to `turns` replies, half of them of each origin where both are there."""
    chosen: list[Conversation] = []
    left = turns
    present = [origin for origin in _ORIGINS if any(c.origin == origin for c in held)]
    for done, origin in enumerate(present):
        share = left // (len(present) - done)
        some = [c for c in held if c.origin == origin]
        for conversation in sorted(some, key=lambda c: place_of(c.id, seed)):
            if share <= 0:
                break
            chosen.append(conversation)
            share -= conversation.replies
            left -= conversation.replies
    return chosen


def _check_sources(corpus: Sequence[Conversation], folder: Path) -> None:
    held = {c.source for c in corpus if c.split == "dev"}
    both = sorted({c.source for c in corpus if c.split == "train"} & held)
    if both:
        raise BadData(f"{folder}: the source {both[0]} is in both train and dev; publish again")


def _without_directions(conversation: Conversation) -> Conversation:
    turns = tuple(replace(turn, direction="") for turn in conversation.turns)
    return replace(conversation, turns=turns)


def _plain(reply: str) -> str:
    return " ".join(re.findall(r"[a-z']+", reply.lower()))


def _sha256(train: Sequence[Conversation], dev: Sequence[Conversation]) -> str:
    digest = hashlib.sha256()
    for conversation in [*train, *dev]:
        digest.update(json.dumps(asdict(conversation), sort_keys=True).encode())
    return digest.hexdigest()
