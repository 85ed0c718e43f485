"""What each part of finding a reply costs and gains: a dialogue held out, answered with the others.

Each officer line of a held-out authored dialogue is answered in the author's own context and state, with
different settings; the answer is held against the one that the author wrote.
"""

from __future__ import annotations

import itertools
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from models.embedder import Embedder
from models.engine import Engine
from scenarios.behaviours import BehaviourId
from scenarios.in_role import out_of_role
from scenarios.loader import Loaded
from scenarios.schema import Dialogue
from simulator.civilian.authored import AuthoredReplies
from simulator.civilian.disclosure import Disclosure
from simulator.civilian.reply import CivilianPlayer, ReplySettings
from simulator.civilian.reply_settings import BASE, LARGE, TUNED
from simulator.civilian.straight import Straight, scenario_text
from simulator.events import Behaviour

#: One part changed at a time; the names are what the table says.
VARIANTS: dict[str, ReplySettings] = {
    "lines only, no model": replace(BASE, drafts=0),
    "base: 1 draft": replace(BASE, drafts=1),
    "base: 2 drafts": BASE,
    "base: 4 drafts": replace(BASE, drafts=4),
    "tuned: 1 draft": replace(TUNED, drafts=1),
    "tuned: 3 drafts": TUNED,
    "tuned, any voice": replace(TUNED, own_voice=0.0),
    "tuned: 8 drafts": replace(TUNED, drafts=8),
    "tuned, sure or not": replace(TUNED, least_sure=None),
    "tuned, the model leads": replace(TUNED, own_voice=0.0, own_words=0.5, least_sure=None),
    "large: the model leads": LARGE,
    "no examples in the prompt": replace(TUNED, examples=0),
}


@dataclass(frozen=True)
class Row:
    """One answer. likeness: cosine to the author's answer; shown_s: until the first clause may be spoken."""

    variant: str
    scenario_id: str
    officer: str
    wrote: str
    reply: str
    origin: str
    note: str
    likeness: float
    seconds: float
    shown_s: float
    tokens: int
    refused: int
    in_role: bool


@dataclass(frozen=True)
class Summary:
    variant: str
    replies: int
    model_share: float
    deflected: float
    likeness: float
    own_likeness: float | None
    distinct_2: float
    seconds_median: float
    shown_median: float
    refused_share: float
    out_of_role: int


def held_out(
    engine: Engine | None,
    model_sha256: str,
    embedder: Embedder,
    scenarios: Sequence[Loaded],
    variants: Sequence[str],
    folder: Path,
    dialogues_each: int = 2,
    progress: Callable[[], None] = lambda: None,
) -> list[Row]:
    """Every variant on the same held-out dialogues: the first trained and the last bad one of each.

    folder: for prefix states and vectors. engine None answers with the scenario's lines only.
    """
    rows: list[Row] = []
    for loaded in scenarios:
        for held in _held(loaded, dialogues_each):
            others = [d for d in loaded.dialogues if d is not held]
            authored = AuthoredReplies(
                others, embedder, folder / "vectors", loaded.scenario.civilian
            )
            for variant in variants:
                settings = VARIANTS[variant]
                player = CivilianPlayer(
                    engine if settings.drafts else None,
                    model_sha256,
                    loaded.scenario,
                    others,
                    authored,
                    subject_type=held.subject_type,
                    seed=1,
                    prefix_states=folder / "prefix",
                    settings=settings,
                    straight=Straight(scenario_text(loaded), loaded.scenario),
                )
                rows += _answers(variant, loaded, held, player, embedder)
                progress()
    return rows


def _held(loaded: Loaded, most: int) -> list[Dialogue]:
    trained = [d for d in loaded.dialogues if d.officer == "trained"]
    bad = [d for d in loaded.dialogues if d.officer == "bad"]
    return [*trained[:1], *bad[-1:]][:most]


def _answers(
    variant: str, loaded: Loaded, held: Dialogue, player: CivilianPlayer, embedder: Embedder
) -> list[Row]:
    disclosure = Disclosure(loaded.scenario.civilian)
    player.opened(held.opening)
    rows = []
    for exchange in held.exchanges:
        state = exchange.state
        disclosure.officer_said(exchange.officer, state.trust)
        began = time.monotonic()
        first: list[float] = []

        def clause(_: str, first: list[float] = first) -> None:
            first.append(time.monotonic())

        reply = player.reply(
            exchange.officer,
            _behaviours(exchange.does),
            state.agitation,
            state.trust,
            disclosure,
            on_clause=clause,
        )
        done = time.monotonic()
        one, two = embedder.embed([reply.text, exchange.civilian])
        rows.append(
            Row(
                variant=variant,
                scenario_id=loaded.id,
                officer=exchange.officer,
                wrote=exchange.civilian,
                reply=reply.text,
                origin=reply.origin,
                note=reply.note,
                likeness=round(float(one @ two), 4),
                seconds=done - began,
                shown_s=(first[0] if first else done) - began,
                tokens=reply.timings.n_generated if reply.timings else 0,
                refused=len(reply.refused),
                in_role=out_of_role(reply.text) is None,
            )
        )
        # The author's own answer goes on the record: every answer is in the author's context.
        player.hear(exchange.officer)
        player.settle(exchange.civilian)
        player.next_turn()
        disclosure.reply_told(exchange.civilian, state.tells)
    return rows


def _behaviours(does: Sequence[BehaviourId]) -> list[Behaviour]:
    return [Behaviour(id=id_, quote="") for id_ in does]


def summaries(rows: Sequence[Row]) -> list[Summary]:
    """One for each variant, in the order in which they were played."""
    found = []
    for variant in dict.fromkeys(row.variant for row in rows):
        own = [row for row in rows if row.variant == variant]
        model = [row for row in own if row.origin == "model"]
        asked = [row for row in own if row.tokens]
        found.append(
            Summary(
                variant=variant,
                replies=len(own),
                model_share=len(model) / len(own),
                deflected=sum("deflection" in row.note for row in own) / len(own),
                likeness=float(np.mean([row.likeness for row in own])),
                own_likeness=float(np.mean([row.likeness for row in model])) if model else None,
                distinct_2=_distinct_2([row.reply for row in own]),
                seconds_median=statistics.median(row.seconds for row in own),
                shown_median=statistics.median(row.shown_s for row in own),
                refused_share=sum(row.refused > 0 for row in asked) / max(1, len(asked)),
                out_of_role=sum(not row.in_role for row in own),
            )
        )
    return found


def _distinct_2(texts: Sequence[str]) -> float:
    pairs = [
        pair
        for words in (text.lower().split() for text in texts)
        for pair in itertools.pairwise(words)
    ]
    return len(set(pairs)) / max(1, len(pairs))
