"""Finds the civilian's next words: drafts of the model and the scenario's own lines, chosen by
fit.
"""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from models.chat import Conversation
from models.engine import Engine, Sampling
from scenarios.prompt import ARRIVAL, Length, direction, example_turns, mood_word, system_message
from scenarios.schema import Dialogue, Exchange, Scenario, SubjectType
from simulator.civilian.authored import AuthoredReplies, Candidate
from simulator.civilian.disclosure import Disclosure
from simulator.civilian.guard import tidy, whole_sentences, why_refused
from simulator.events import Behaviour, Timings


@dataclass(frozen=True)
class ReplySettings:
    """How replies are found. The defaults are for a model of 135M; a large one needs less.

    drafts: how many the model may write for one reply before the scenario's lines are taken. The
        untuned 135M base
        is rarely better the third time, and each costs a second.
    examples: authored exchanges that stand in the prompt as turns already spoken (part of the
        cached prefix). same_question: an authored reply whose fit is this or more is taken without
        asking the model: the very
        question was foreseen by a person who wrote this civilian.
    own_voice: a draft must come this near to something this person was written to say (cosine,
        MiniLM). near_enough: an authored reply with a fit below this answers something else; then a
        deflection is better.
    """

    drafts: int = 1
    examples: int = 6
    same_question: float = 0.70
    own_voice: float = 0.58
    near_enough: float = 0.40
    temperature: float = 0.7
    top_p: float = 0.9
    repeat_penalty: float = 1.1


@dataclass(frozen=True)
class Reply:
    """What the civilian says, where it is from, and what was thrown away on the way."""

    text: str
    origin: str  # "model" or "authored", as in events.CivilianSpoke
    note: str
    timings: Timings | None
    refused: list[tuple[str, str]] = field(default_factory=list)  # (draft, reason)
    first_token_at: float | None = None  # time.monotonic()


@dataclass(frozen=True)
class Mark:
    """What a reply changes in a player, as it stood before it: see `CivilianPlayer.mark`."""

    used: frozenset[str]
    said: tuple[str, ...]
    draw: Any


_DEFLECTIONS: dict[str, dict[str, list[str]]] = yaml.safe_load(
    Path(__file__).with_name("deflections.yaml").read_text(encoding="utf-8")
)

#: A question, with or without its mark: recognised speech may have none.
_ASKS = re.compile(
    r"\?|^(?:what|where|who|why|how|when|which|do|did|does|are|is|can|could|would|have)\b", re.I
)

#: Words a reply of each length may have, and tokens that are drawn for it.
_MOST_WORDS: dict[Length, int] = {"silent": 0, "short": 7, "medium": 22, "long": 45}
_MOST_TOKENS: dict[Length, int] = {"silent": 1, "short": 24, "medium": 48, "long": 84}


class CivilianPlayer:
    """Plays one civilian in one session on one engine.

    prefix_states: folder for the cache of the system message, one file for a scenario and subject
        type.
    """

    def __init__(
        self,
        engine: Engine,
        model_sha256: str,
        scenario: Scenario,
        dialogues: list[Dialogue],
        authored: AuthoredReplies,
        *,
        subject_type: SubjectType,
        seed: int,
        prefix_states: Path,
        settings: ReplySettings | None = None,
    ) -> None:
        self._scenario = scenario
        self._authored = authored
        self._settings = settings or ReplySettings()
        self._seed = seed
        self._draw = random.Random(f"reply {seed}")
        self._used: set[str] = set()
        self._said: list[str] = []
        self.talk = Conversation(engine)
        system = system_message(scenario, subject_type)
        examples = example_turns(
            scenario, _examples(dialogues, subject_type, self._settings.examples)
        )
        tokens = self.talk.prefix_tokens(system, examples)
        state = prefix_states / f"{engine.prefix_key(model_sha256, tokens)}.state"
        self.prefix_from_disk = self.talk.start(system, examples, state)

    # -- the turn, in order

    def opened(self, words: str) -> None:
        """The civilian spoke first."""
        self.talk.begin_turn()
        self.talk.hear(ARRIVAL)
        self.settle(words)
        self.talk.begin_turn()

    def hear(self, words: str, cancelled: Callable[[], bool] | None = None) -> None:
        """Lay down what the officer says, as far as it is known; may be called again with better
        words.
        """
        self.talk.hear(words or "(The officer says nothing.)", cancelled)

    def reply(
        self,
        words: str,
        behaviours: list[Behaviour],
        agitation: int,
        trust: int,
        disclosure: Disclosure,
        note: str = "",
    ) -> Reply:
        """The civilian's answer to `words`. Never empty; "…" is silence."""
        cached = len(self.talk.engine.tokens)
        facts = {f.id for f in self._scenario.civilian.facts}
        allowed = facts | set(disclosure.open)
        fitting = [
            candidate
            for candidate in self._authored.fitting(words, behaviours, agitation, trust, allowed)
            if candidate.exchange.civilian not in self._used
        ]
        if fitting and fitting[0].fit >= self._settings.same_question:
            self.hear(words)
            return self._authored_reply(fitting[0], "this question was foreseen", [])
        length = self._length(agitation, trust, behaviours, words)
        if length == "silent":
            self.hear(words)
            return Reply("…", "authored", "says nothing", None)
        may_tell = [fact.text for fact in disclosure.may_tell(words)]
        told = direction(agitation, trust, length, may_tell, note)
        self.hear(words)
        return self._drafts(words, told, length, fitting, disclosure, cached, agitation)

    def mark(self) -> Mark:
        """Where the player stands, so that a reply to words that were only supposed can be undone.

        A voice session answers before it is certain that the officer has finished. Whatever `reply`
        and `hear` change, but for the engine's tokens (the next `hear` rewinds those), belongs into
        the mark.
        """
        return Mark(frozenset(self._used), tuple(self._said), self._draw.getstate())

    def take_back(self, mark: Mark) -> None:
        """Forget everything since the mark: the officer went on speaking."""
        self._used, self._said = set(mark.used), list(mark.said)
        self._draw.setstate(mark.draw)

    def settle(self, heard: str) -> None:
        """The civilian's words as the officer heard them; again with less where they were cut
        off.
        """
        self.talk.settle(heard)
        if heard not in self._said:
            self._said.append(heard)

    def cut_off(self, heard: str) -> None:
        """The last reply was interrupted after the next turn had been made ready."""
        self.talk.shorten_last(heard)
        self._said[-1:] = [heard]

    def next_turn(self) -> int:
        """Make ready for the officer; returns how many old turns had to be dropped."""
        dropped = self.talk.make_room(self.talk.engine.n_ctx // 8)
        self.talk.begin_turn()
        return dropped

    # -- how

    def _drafts(
        self,
        words: str,
        told: str,
        length: Length,
        fitting: list[Candidate],
        disclosure: Disclosure,
        cached: int,
        agitation: int,
    ) -> Reply:
        engine, settings = self.talk.engine, self._settings
        mark = len(engine.tokens)
        prompt = self.talk.direction_tokens(told)
        refused: list[tuple[str, str]] = []
        timings: Timings | None = None
        first_at: float | None = None
        turn = self.talk.turns
        for attempt in range(settings.drafts):
            engine.rewind(mark)
            sampling = Sampling(
                temperature=settings.temperature,
                top_p=settings.top_p,
                repeat_penalty=settings.repeat_penalty,
                repeat_last_n=128,
                seed=hash((self._seed, turn, attempt)) & 0x7FFFFFFF,
            )
            asked = time.monotonic()
            raw = b"".join(
                engine.piece(token)
                for token in engine.generate(sampling, _MOST_TOKENS[length], prompt)
            ).decode("utf-8", "replace")
            if timings is None:
                last = engine.last
                first_at = asked + last.ttft_ms / 1000
                timings = Timings(
                    n_prompt=last.n_prompt,
                    n_cached=cached,
                    prefill_ms=last.prefill_ms,
                    ttft_ms=last.ttft_ms,
                    n_generated=last.n_generated,
                    decode_tokens_per_s=round(last.decode_tokens_per_s, 2),
                )
            person = self._scenario.civilian
            draft = whole_sentences(tidy(raw, person), _MOST_WORDS[length])
            why = why_refused(draft, person, words, self._said, disclosure.leaks(draft))
            if why is None and len(self._authored):
                near = self._authored.likeness(draft)
                if near < settings.own_voice:
                    why = f"does not sound like this person ({near:.2f})"
            if why is None:
                return Reply(draft, "model", f"draft {attempt + 1}", timings, refused, first_at)
            refused.append((tidy(raw, person), why))
        if fitting and fitting[0].fit >= settings.near_enough:
            return self._authored_reply(fitting[0], "no draft passed", refused, timings, first_at)
        return Reply(
            self._deflection(words, agitation), "authored", "deflection", timings, refused, first_at
        )

    def _deflection(self, words: str, agitation: int) -> str:
        """A line that anybody may say in this mood, not said before; silence when all have been."""
        asked = "asked" if _ASKS.search(words) else "told"
        lines = _DEFLECTIONS[mood_word(agitation).lower().replace(" ", "_")][asked]
        left = [line for line in lines if line not in self._said]
        return self._draw.choice(left) if left else "…"

    def _authored_reply(
        self,
        candidate: Candidate,
        note: str,
        refused: list[tuple[str, str]],
        timings: Timings | None = None,
        first_at: float | None = None,
    ) -> Reply:
        text = candidate.exchange.civilian
        self._used.add(text)
        return Reply(
            text, "authored", f"{note}; fit {candidate.fit:.2f}", timings, refused, first_at
        )

    def _length(
        self, agitation: int, trust: int, behaviours: list[Behaviour], words: str
    ) -> Length:
        """How much this person says now: more when asked openly and trusting, less when shut
        down.
        """
        if not words.strip():
            return self._draw.choice(("short", "silent", "medium"))
        asked_openly = any(
            b.id in ("open_question", "emotion_label", "minimal_encourager") for b in behaviours
        )
        longer = (trust - 35) / 100 + (0.25 if asked_openly else 0.0)
        shorter = max(0.0, (40 - agitation) / 200)
        weights = {
            "silent": 0.02 + (0.04 if trust < 20 else 0.0),
            "short": max(0.1, 0.40 - longer / 2 + shorter),
            "medium": 0.42,
            "long": max(0.04, 0.16 + longer / 2 + max(0, agitation - 75) / 200),
        }
        (length,) = self._draw.choices(list(weights), list(weights.values()))
        return length  # type: ignore[return-value]


def _examples(dialogues: list[Dialogue], subject_type: SubjectType, most: int) -> list[Exchange]:
    """A few short authored exchanges that tell no secret: from this subject type where there are
    any.
    """
    fitting = [d for d in dialogues if d.subject_type == subject_type] or dialogues
    exchanges = [
        e
        for dialogue in fitting
        for e in dialogue.exchanges
        if not e.state.tells and e.length in ("short", "medium")
    ]
    step = max(1, len(exchanges) // most) if most else 1
    return exchanges[::step][:most]
