"""Finds the civilian's next words: drafts of the model, and what people wrote for it to say.

`reply` changes nothing but the engine's newest tokens, which the next `hear` takes back: it may be run
on words that are only supposed, and run again. `settle` is what makes a reply part of the talk.
"""

from __future__ import annotations

import copy
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from models.chat import Conversation
from models.embedder import Vectors
from models.engine import Engine
from scenarios.prompt import ARRIVAL, Length, direction, example_turns, system_message
from scenarios.schema import Dialogue, Exchange, Scenario, SubjectType
from simulator.civilian.ahead import DraftsAhead
from simulator.civilian.answers import Reply, asked_again, reply_length, stock_reply
from simulator.civilian.authored import AuthoredReplies, Candidate
from simulator.civilian.disclosure import Disclosure
from simulator.civilian.drafting import Drafted, Drafting, Persona
from simulator.civilian.guard import is_silence
from simulator.civilian.memory import Memory
from simulator.civilian.reply_settings import ReplySettings
from simulator.civilian.straight import Straight
from simulator.civilian.written import Moment, Written, line_reply, reply_of
from simulator.events import Behaviour

__all__ = ["CivilianPlayer", "Mark", "Reply", "ReplySettings"]

OnClause = Callable[[str], None]


@dataclass(frozen=True)
class _Asked:
    """The model is asked: what stands beside its drafts, and how it is to speak.

    told: the stage direction; manner: of it, what drafts drawn ahead must have been told too: not how much to say,
    which is seen to when one goes on, nor plain facts.
    """

    now: Moment
    fitting: list[Candidate]
    length: Length
    told: str
    manner: str


@dataclass(frozen=True)
class Mark:
    """What a turn changes in a player, as it stood before it: see `CivilianPlayer.mark`."""

    said: tuple[str, ...]
    memory: Memory
    last: tuple[int, int] | None
    hearing: str


#: What the model is told of an officer who is silent.
NO_WORDS = "(The officer says nothing.)"


class CivilianPlayer:
    """Plays one civilian in one session.

    engine None: without a model, on the scenario's own lines alone (settings.drafts counts as 0).
    prefix_states: folder for the cache of the system message, one file for a scenario and subject
        type. straight: what is known of the person; None lets every claim of a draft through.
    """

    def __init__(
        self,
        engine: Engine | None,
        model_sha256: str,
        scenario: Scenario,
        dialogues: Sequence[Dialogue],
        authored: AuthoredReplies,
        *,
        subject_type: SubjectType,
        seed: int,
        prefix_states: Path,
        settings: ReplySettings | None = None,
        straight: Straight | None = None,
    ) -> None:
        self._scenario = scenario
        self._authored = authored
        self._settings = settings or ReplySettings()
        self._straight = straight or Straight("", scenario)
        self._seed = seed
        self._said: list[str] = []
        self._memory = Memory()
        self._last: tuple[int, int] | None = None  # place of the authored exchange used last
        self._hearing = ""
        self._drawn = DraftsAhead()
        self._vector: tuple[str, Vectors] | None = None
        self._written = Written(scenario, dialogues, authored, self._settings.near_enough)
        self.prefix_from_disk = False
        self.talk: Conversation | None = None
        if engine is not None:
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
        self._said.append(words)
        if self.talk:
            self.talk.begin_turn()
            self.talk.hear(ARRIVAL)
            self.talk.settle(words)
            self.talk.begin_turn()

    def hear(self, words: str, cancelled: Callable[[], bool] | None = None) -> None:
        """Lay down what the officer says, as far as it is known; may be called again with better
        words.
        """
        self._hearing = words
        if self.talk:
            self.talk.hear(words or NO_WORDS, cancelled)

    def reply(
        self,
        words: str,
        behaviours: list[Behaviour],
        agitation: int,
        trust: int,
        disclosure: Disclosure,
        note: str = "",
        on_clause: OnClause | None = None,
        hurry: bool = False,
    ) -> Reply:
        """The civilian's answer to `words`. Never empty; "…" is silence.

        on_clause: called with each clause as soon as it may be spoken. The clauses together are the
        reply; a reply that stands whole when it is chosen may leave them to the caller. hurry: they talk
        hands-free: what a person wrote comes before drafts that are not there yet.
        """
        cached = len(self.talk.engine.tokens) if self.talk else 0
        found = self._consider(words, behaviours, agitation, trust, disclosure, note)
        if isinstance(found, Reply):
            return found
        now, settings = found.now, self._settings
        best = found.fitting[0].fit if found.fitting else 0.0
        line_ready = best >= settings.near_enough
        only_sure = settings.least_sure is not None
        if only_sure and self._written.fits_well(found.fitting):
            return line_reply(found.fitting[0], "fits best")
        if hurry and not (settings.waits_for_drafts or self._drawn.matching(words, found.manner)):
            return self._written.reply(now, found.fitting)

        def fit(draft: str) -> tuple[float, float]:
            return self._authored.draft_fit(now.heard, draft, agitation, trust)

        def enough(drafted: Drafted) -> bool:
            return bool(drafted.text) and (only_sure or not line_ready or drafted.fit >= best)

        with self._drafting(found, cached, hurry) as drafting:
            try:
                drafted = drafting.first_sentences(fit, enough, line_ready)
            finally:  # also where the officer went on: then it was drawn ahead
                self._drawn.keep(drafting.drawn(words, found.manner))
            if enough(drafted):
                text = drafting.finish(drafted.number, drafted.text, fit, on_clause)
                note = f"draft {drafted.number + 1}; fit {drafted.fit:.2f}; {drafted.sure:.1f} nats"
                return reply_of(text, "model", note, drafted)
        return self._written.reply(now, found.fitting, drafted)

    def rehearse(
        self,
        words: str,
        behaviours: list[Behaviour],
        agitation: int,
        trust: int,
        disclosure: Disclosure,
    ) -> bool:
        """Draw one draft for words that will go on; where they were nearly all, `reply` judges it and draws none.
        False where no draft, or no other one, is of use.
        """
        cached = len(self.talk.engine.tokens) if self.talk else 0
        number = self._drawn.count(words)
        if number >= self._settings.drafts:
            return False
        found = self._consider(words, behaviours, agitation, trust, disclosure, "")
        if isinstance(found, Reply):
            return False
        if self._written.fits_well(found.fitting) and not self._settings.waits_for_drafts:
            return False  # a line of the scenario is said sooner
        with self._drafting(found, cached, False) as drafting:
            try:
                drafting.draw(number)
            finally:
                self._drawn.keep(drafting.drawn(words, found.manner))
        return True

    def _consider(
        self,
        words: str,
        behaviours: list[Behaviour],
        agitation: int,
        trust: int,
        disclosure: Disclosure,
        note: str,
    ) -> Reply | _Asked:
        """The reply where no draft is needed for it; else what the drafts are drawn with and held against."""
        draw = random.Random(f"reply {self._seed} {self._memory.turns} {words}")
        self._hearing = words
        stock = stock_reply(
            words, agitation, draw, self._said, self._memory, self._authored.embedder.pieces
        )
        if stock:
            return stock
        heard = self._embed(words)
        again = asked_again(words, heard, agitation, draw, self._said, self._memory)
        if again:
            return again
        now = Moment(words, heard, behaviours, agitation, trust, disclosure, self._said, draw)
        fitting = self._written.fitting(now, self._last)
        if fitting and fitting[0].fit >= self._settings.same_question:
            return line_reply(fitting[0], "this question was foreseen")
        # Not by the words: while they are still being spoken the length is the same.
        length_draw = random.Random(f"length {self._seed} {self._memory.turns}")
        length = reply_length(agitation, trust, behaviours, length_draw)
        if length == "silent" and self._said and is_silence(self._said[-1]):
            length = "short"  # twice in a row it is no answer
        if length == "silent":
            return Reply("…", "authored", "says nothing", None)
        if self.talk is None or self._settings.drafts == 0:
            return self._written.reply(now, fitting)
        may_tell = disclosure.may_tell(words)
        secrets = [fact.text for fact in may_tell if fact in self._scenario.civilian.secrets]
        return _Asked(
            now,
            fitting,
            length,
            told=direction(agitation, trust, length, [fact.text for fact in may_tell], note),
            manner=direction(agitation, trust, "short", secrets, note),
        )

    def _drafting(self, asked: _Asked, cached: int, hurry: bool) -> Drafting:
        assert self.talk is not None
        now = asked.now
        persona = Persona(
            self._scenario,
            self._straight,
            now.disclosure,
            now.words,
            self._said,
            self._memory.heard,
        )
        return Drafting(
            self.talk.engine,
            self._settings,
            persona,
            # In one prefill: the words alone would be computed for nothing where a line is foreseen.
            [*self.talk.words_left(now.words or NO_WORDS), *self.talk.direction_tokens(asked.told)],
            asked.length,
            now.agitation,
            now.draw.randrange(2**30),
            cached,
            self._drawn.matching(now.words, asked.manner),
            hurry,
        )

    def mark(self) -> Mark:
        """Where the player stands, so that a turn on words that were only supposed can be undone.

        A voice session answers before it is certain that the officer has finished. The engine's
        tokens need no mark: the next `hear` rewinds them.
        """
        return Mark(tuple(self._said), copy.deepcopy(self._memory), self._last, self._hearing)

    def take_back(self, mark: Mark) -> None:
        """Forget everything since the mark: the officer went on speaking."""
        self._said, self._memory = list(mark.said), copy.deepcopy(mark.memory)
        self._last, self._hearing = mark.last, mark.hearing

    def settle(self, heard: str) -> None:
        """The civilian's words as the officer heard them: the exchange is part of the talk now."""
        words = self._hearing
        if self.talk:
            self.talk.hear(words or NO_WORDS)  # of which `reply` leaves nothing behind
            self.talk.settle(heard)
        vector = self._embed(words) if words else None
        answered = vector is not None and self._written.answered(vector, heard)
        self._memory.exchange(words, vector, heard, answered)
        self._said.append(heard)
        self._last = self._written.places.get(heard, self._last)
        self._drawn.forget()

    def cut_off(self, heard: str) -> None:
        """The last reply was interrupted after the next turn had been made ready."""
        if self.talk:
            self.talk.shorten_last(heard)
        self._said[-1:] = [heard]
        self._drawn.forget()

    def next_turn(self) -> int:
        """Make ready for the officer; returns how many old turns had to be dropped."""
        if self.talk is None:
            return 0
        dropped = self.talk.make_room(self.talk.engine.n_ctx // 8)
        self.talk.begin_turn()
        return dropped

    # -- how

    def _embed(self, words: str) -> Vectors:
        if self._vector is None or self._vector[0] != words:
            made = self._authored.embedder.embed([words or "(silence)"])[0]
            self._vector = (words, made)
        return self._vector[1]


def _examples(
    dialogues: Sequence[Dialogue], subject_type: SubjectType, most: int
) -> list[Exchange]:
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
