"""The model's drafts for one reply: several in one batch to the first sentence, of which one goes on.

The choice is made at the first sentence, so that the first clause can be spoken while the rest is still
being found. Every sentence passes the guard before it is cleared.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import cast

from models.engine import CallTimings, Engine, Sampling
from models.several import Continuation, Several
from scenarios.prompt import Length
from scenarios.schema import Scenario
from scenarios.strong_language import too_strong
from simulator.civilian.ahead import Drawn
from simulator.civilian.disclosure import Disclosure
from simulator.civilian.guard import clauses, tidy, whole_sentences, why_refused, word_count
from simulator.civilian.reply_settings import ReplySettings
from simulator.civilian.straight import Straight
from simulator.events import Timings

#: Words a reply of each length may have, and tokens that are drawn for it.
MOST_WORDS: dict[Length, int] = {"silent": 0, "short": 7, "medium": 22, "long": 45}
_MOST_TOKENS: dict[Length, int] = {"silent": 1, "short": 20, "medium": 44, "long": 84}
#: A first sentence of fewer words than this is judged with the next one.
_LEAST_WORDS = 3
#: Feeling heats what is drawn: so much temperature between the calmest and the most upset.
_HEAT = 0.3
#: A later sentence need not be as near to this person as the first, but not far off.
_LATER_VOICE = 0.7
#: A clause of fewer letters than this waits for the next one (see guard.clauses).
_CLAUSE_MIN = 10

Fit = Callable[[str], tuple[float, float]]


@dataclass(frozen=True)
class Persona:
    """What a draft is held against."""

    scenario: Scenario
    straight: Straight
    disclosure: Disclosure
    officer_words: str
    said: Sequence[str]
    heard: str = ""  # all that the officer has said before

    def why_refused(self, draft: str) -> str | None:
        """Why these words may not be said; None where they may."""
        person = self.scenario.civilian
        why = why_refused(
            draft, person, self.officer_words, list(self.said), self.disclosure.leaks(draft)
        )
        if why:
            return why
        if swear := too_strong(draft, self.scenario.content.level):
            return f"'{swear}' is stronger than the scenario's content level"
        return self.straight.why_not(draft, f"{self.heard} {self.officer_words}")


@dataclass
class Drafted:
    """What came of the drafts. text: "" where none may be said. fit: with the bonus for own words. sure: see
    ReplySettings.least_sure.
    """

    text: str = ""
    fit: float = -1.0
    sure: float = 0.0
    number: int = 0
    likeness: float = 0.0
    refused: list[tuple[str, str]] = field(default_factory=list)
    timings: Timings | None = None
    first_token_at: float | None = None


class Drafting:
    """Draws the drafts behind `prompt`, then either finishes the best one or leaves it.

    Use as a context manager: on leaving, the engine stands where it stood. ahead: drafts that were drawn
    for (nearly) the same words while they were still being spoken; they are judged instead of new ones,
    and new ones are drawn only where there are too few. hurry: somebody waits to hear it: one draft at most, and
    none beside those drawn ahead.
    """

    def __init__(
        self,
        engine: Engine,
        settings: ReplySettings,
        persona: Persona,
        prompt: Sequence[int],
        length: Length,
        agitation: int,
        seed: int,
        cached: int,
        ahead: Sequence[Drawn] = (),
        hurry: bool = False,
    ) -> None:
        self._engine = engine
        self._persona = persona
        self._prompt = prompt
        self._ahead = ahead
        self._length = length
        self._own_voice = settings.own_voice
        self._own_words = settings.own_words
        self._floor = settings.draft_floor
        self._least_sure = settings.least_sure
        self._cached = cached
        self._hurry = hurry
        self._mark = len(engine.tokens)
        sampling = Sampling(
            temperature=max(0.1, settings.temperature + _HEAT * (agitation / 100 - 0.5)),
            top_p=settings.top_p,
            repeat_penalty=settings.repeat_penalty,
            repeat_last_n=128,
        )
        count = max(1, min(settings.drafts, engine.settings.sequences))
        self._samplings = [replace(sampling, seed=seed + 7919 * n) for n in range(count)]
        if hurry:
            del self._samplings[1:]
        self._several: Several | None = None
        self._timings = CallTimings()
        self._drafts: list[Continuation] = []

    def __enter__(self) -> Drafting:
        return self

    def __exit__(self, *_: object) -> None:
        self._leave_batch()
        self._engine.rewind(self._mark)

    def first_sentences(
        self, fit: Fit, enough: Callable[[Drafted], bool], line_ready: bool
    ) -> Drafted:
        """Draw drafts to their first sentence and find the best of those that may be said.

        fit: (fit, likeness) of a draft. enough: whether no more drafts need be drawn. line_ready: a line of the
        scenario fits; then nobody waits for more than what was drawn ahead.
        """
        out = Drafted()
        if self._ahead:
            self._drafts = [draft for drawn in self._ahead for draft in drawn.drafts]
            self._judge(out, fit)
            holds = [drawn for drawn in self._ahead for _ in drawn.drafts]
            taken = holds[out.number]
            out.timings = _timings(taken, taken.took_ms)
            few = len(self._drafts) < len(self._samplings)
            if self._hurry or line_ready or enough(out) or not few:
                return out
            del self._samplings[: len(self._drafts)]
            self._ahead, self._drafts = (), []
            out.text, out.fit = "", -1.0
        asked = time.monotonic()
        # In one batch, which where memory is the limit costs little more than one.
        self._draw(self._samplings)
        self._judge(out, fit)
        drawn = self.drawn("", "")
        out.timings = _timings(drawn, 0.0)
        out.first_token_at = asked + drawn.ttft_ms / 1000
        return out

    def draw(self, number: int) -> None:
        """Only draw the draft of this number: of words that will go on."""
        self._ahead = ()
        self._draw([self._samplings[min(number, len(self._samplings) - 1)]])

    def _draw(self, batch: Sequence[Sampling]) -> None:
        began = time.perf_counter()
        self._engine.prefill(self._prompt)
        own = self._timings
        own.n_prompt = len(self._engine.tokens)
        own.prefill_ms = (time.perf_counter() - began) * 1000
        several = self._several = Several(self._engine, batch, ())
        self._drafts = several.drafts
        several.__enter__()
        try:
            several.draw(_MOST_TOKENS[self._length], self._enough)
        finally:
            own.ttft_ms = own.prefill_ms + several.timings.ttft_ms
            own.decode_ms = several.timings.decode_ms
            own.n_generated = several.timings.n_generated

    def _leave_batch(self) -> None:
        if self._several is not None:
            self._several.__exit__()
            self._several = None

    def drawn(self, words: str, manner: str) -> Drawn:
        """What was drawn here, also where it was broken off: the drafts that are whole to their first sentence."""
        timings = self._timings
        return Drawn(
            words=words,
            manner=manner,
            drafts=() if self._ahead else tuple(draft for draft in self._drafts if not draft.open),
            n_prompt=timings.n_prompt,
            n_cached=self._cached,
            prefill_ms=timings.prefill_ms,
            ttft_ms=timings.ttft_ms,
            decode_ms=timings.decode_ms,
            n_generated=timings.n_generated,
        )

    def _judge(self, out: Drafted, fit: Fit) -> None:
        best = -math.inf
        for number, draft in enumerate(self._drafts):
            raw = self._engine.detokenize(draft.tokens)
            text = self._sentences(raw)
            why = self._persona.why_refused(text)
            if why is None:
                value, likeness = fit(text)
                sure = draft.log_probability
                rank = value if self._least_sure is None else sure
                if likeness < self._own_voice:
                    why = f"does not sound like this person ({likeness:.2f})"
                elif value < self._floor:
                    why = f"answers something else ({value:.2f})"
                elif self._least_sure is not None and sure < self._least_sure:
                    why = f"the model is not sure of it ({sure:.1f})"
                elif rank > best:
                    best = rank
                    out.text, out.number, out.sure = text, number, sure
                    out.fit, out.likeness = value + self._own_words, likeness
            if why:
                out.refused.append((tidy(raw, self._persona.scenario.civilian), why))

    def finish(
        self, number: int, first: str, fit: Fit, on_clause: Callable[[str], None] | None
    ) -> str:
        """Go on with this draft, a sentence at a time, as long as each may be said; the whole text."""
        told = 0

        def tell(text: str, last: bool) -> None:
            nonlocal told
            for clause in clauses(text)[told:]:
                letters = sum(c.isalnum() for c in clause)
                if on_clause is None or (not last and told == 0 and letters < _CLAUSE_MIN):
                    return
                on_clause(clause)
                told += 1

        tell(first, last=False)
        text = first
        draft = self._drafts[number]
        left = _MOST_TOKENS[self._length] - len(draft.tokens)
        goes_on = self._least_sure is None and self._length != "short"
        if not draft.ended and left > 0 and goes_on:
            if self._several is None:  # drawn ahead
                self._engine.prefill([*self._prompt, *draft.tokens])
            else:
                self._several.keep(number)
            raw = self._engine.detokenize(draft.tokens)
            kept = self._samplings[number % len(self._samplings)]
            sampling = replace(kept, seed=kept.seed + 1)
            pieces = raw.encode()
            drawn = cast("Generator[int]", self._engine.generate(sampling, left))
            with closing(drawn) as tokens:
                for token in tokens:
                    pieces += self._engine.piece(token)
                    now = pieces.decode("utf-8", "replace")
                    longer = self._sentences(now)
                    if longer != text and longer.startswith(text):
                        added = longer[len(text) :]
                        if not any(map(str.isalnum, added)) or self._persona.why_refused(longer):
                            break
                        if fit(added)[1] < _LATER_VOICE * self._own_voice:
                            break
                        text = longer
                        tell(text, last=False)
                    if "\n" in now.strip() or word_count(text) >= MOST_WORDS[self._length]:
                        break
        tell(text, last=True)
        return text

    def _enough(self, raw: bytes) -> bool:
        text = raw.decode("utf-8", "replace")
        if "\n" in text.strip():
            return True
        return word_count(self._sentences(text)) >= _LEAST_WORDS

    def _sentences(self, raw: str) -> str:
        tidied = tidy(raw, self._persona.scenario.civilian)
        return whole_sentences(tidied, MOST_WORDS[self._length])


def _timings(drawn: Drawn, ahead_ms: float) -> Timings:
    decode_s = drawn.decode_ms / 1000
    return Timings(
        n_prompt=drawn.n_prompt,
        n_cached=drawn.n_cached,
        prefill_ms=drawn.prefill_ms,
        ttft_ms=drawn.ttft_ms,
        n_generated=drawn.n_generated,
        decode_tokens_per_s=round(drawn.n_generated / decode_s, 2) if decode_s > 0 else 0.0,
        ahead_ms=round(ahead_ms, 1),
    )
