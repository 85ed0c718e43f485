"""While the officer speaks: their words so far, and drafts for these, so that an answer is there when they stop.

Two cores: the recogniser works on a thread of its own while the engine drafts on the session's.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future

from models.engine import Engine
from simulator.session import Session
from simulator.voice.listener import Utterance
from simulator.voice.playout import Playout
from simulator.voice.talk import Ears, Heard

#: Words so far are looked at where recognising takes less than this: it must not be in the way of the whole.
_PARTIAL_ASR_MS = 400.0


class Enough(Exception):
    """Drafts for the words so far are not wanted any more: all of the words are known."""


class Following:
    """Follows one utterance after the other, on the session's thread. engine None: there is nothing to draft with.

    poll: called between the pieces of every computation. on_partial: told the words so far.
    """

    def __init__(
        self,
        session: Session,
        engine: Engine | None,
        ears: Ears,
        playout: Playout,
        *,
        clock: Callable[[], float] = time.monotonic,
        poll: Callable[[], object] = lambda: None,
        on_partial: Callable[[str], object] = lambda words: None,
    ) -> None:
        self.rehearsals = 0
        self._session = session
        self._engine = engine
        self._ears = ears
        self._playout = playout
        self._clock = clock
        self._poll = poll
        self._on_partial = on_partial
        self._last_asr_ms = 0.0
        self._looked_at_s = 0.0  # when the words so far were looked at last
        self._so_far: tuple[Utterance, str] | None = None
        self._whole: tuple[Utterance, int, Future[Heard]] | None = None

    def partly(self, utterance: Utterance, asked_s: float) -> None:
        """The words so far are shown, laid down, and drafts are found for them. asked_s: when that was asked for."""
        stale = asked_s < self._looked_at_s  # the last look took longer than the time between two
        if utterance.paused or stale or self._last_asr_ms > _PARTIAL_ASR_MS:
            return
        asked = self._ears.hear_aside(utterance.audio(), sure=False)
        self._rehearse(utterance)
        words = self._result(asked).text
        self._poll()
        if words and not utterance.paused and not self._playout.speaking:
            self._on_partial(words)
            self._session.overhear(words)
            self._so_far = (utterance, words)
            self._rehearse(utterance)
        self._looked_at_s = self._clock()

    def words(self, utterance: Utterance) -> Heard:
        """What was said, now that they have paused. Nothing is drafted beside it: on two cores the words would come
        0.07 s later, of the 0.3 s in which an answer has to be there.
        """
        asked = self._asked_for_whole(utterance)
        self._whole = None
        return self._result(asked)

    def so_far(self, utterance: Utterance) -> Heard:
        """What was said until now, for whoever waits for it."""
        return self._result(self._ears.hear_aside(utterance.audio()))

    def _result(self, asked: Future[Heard]) -> Heard:
        heard = asked.result()
        self._last_asr_ms = heard.asr_ms
        return heard

    def _asked_for_whole(self, utterance: Utterance) -> Future[Heard]:
        """Begun as soon as a pause is seen, whatever is being computed; once for each pause."""
        if self._whole is None or self._whole[:2] != (utterance, utterance.revision):
            asked = self._ears.hear_aside(utterance.audio())
            self._whole = (utterance, utterance.revision, asked)
        return self._whole[2]

    def _rehearse(self, utterance: Utterance) -> bool:
        """Draw one more draft for the words so far; False where there is none to be drawn."""
        engine = self._engine
        if engine is None or utterance.over_civilian or self._so_far is None:
            return False
        followed, words = self._so_far
        if followed is not utterance or self._playout.speaking:
            return False
        revision = utterance.revision

        def between() -> None:
            self._poll()
            engine.left_cores = self._ears.busy_threads
            if utterance.dropped or utterance.revision != revision:
                raise Enough
            if utterance.paused:
                self._asked_for_whole(utterance)
                raise Enough

        engine.between = between
        try:
            drawn = self._session.rehearse(words)
        except Enough:
            return False  # what was drawn until now is kept
        finally:
            engine.between = _nothing
            engine.left_cores = 0
        self.rehearsals += drawn
        return drawn


def _nothing() -> None:
    pass
