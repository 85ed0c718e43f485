"""A spoken conversation on the session's thread: recognises, answers ahead of certainty, gives way."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from models.engine import Engine
from simulator.events import (
    CivilianCutIn,
    CivilianGaveWay,
    Event,
    Noticed,
    OfficerBackchannelled,
)
from simulator.session import Checkpoint, Session
from simulator.voice.completeness import (
    begins_s,
    is_backchannel,
    is_echo,
    patience_s,
    wants_the_floor,
)
from simulator.voice.following import Following
from simulator.voice.listener import (
    Ended,
    Interrupting,
    Listener,
    ListenerMessage,
    MayBegin,
    Partly,
    Paused,
    Utterance,
    WentOn,
)
from simulator.voice.playout import Playout
from simulator.voice.prosody import UsualLevel, measure, speech_level_db
from simulator.voice.supposed import Gate
from simulator.voice.talk import Ears, Heard, Mouth
from simulator.voice.wav import Audio

#: A civilian this agitated does not hear a lecture out: seconds of speech that they bear, at the first
#: pause after which they cut in.
CUTS_IN_FROM = 60
BEARS_S, BEARS_WHEN_RAGING_S = 14.0, 6.0
#: What is shorter than this, over the civilian, is a murmur, unless it plainly wants the floor.
MURMUR_S = 0.45


class WentOnSpeaking(Exception):
    """The officer goes on while an answer to less is being found."""


@dataclass
class _Supposed:
    """An answer to words that may not be all. begun: it is heard already."""

    utterance: Utterance
    revision: int
    before: Checkpoint
    usual: UsualLevel
    cut_in_after_s: float | None
    begun: bool = False


class Conversing:
    """Give it the listener's messages, in order, on one thread.

    gate: what the session publishes through; mouth: its sink is `self.sound`. on_remark: a line that is no
    part of the record; on_partial: words so far. poll: called between the pieces of every computation.
    wait_for_sound: waits until the first sound leaves the device, where there is one.
    """

    def __init__(
        self,
        session: Session,
        engine: Engine | None,
        ears: Ears,
        mouth: Mouth,
        playout: Playout,
        listener: Listener,
        gate: Gate,
        *,
        usual: UsualLevel | None = None,
        clock: Callable[[], float] = time.monotonic,
        poll: Callable[[], object] = lambda: None,
        on_remark: Callable[[str], object] = lambda line: None,
        on_partial: Callable[[str], object] = lambda words: None,
        wait_for_sound: Callable[[], object] = lambda: None,
    ) -> None:
        self.usual = usual or UsualLevel()
        self.listener = listener
        self.interrupted = self.false_alarms = self.taken_back = self.gave_way = 0
        self._session = session
        self._engine = engine
        self._mouth = mouth
        self._playout = playout
        self._gate = gate
        self._poll = poll
        self._on_remark = on_remark
        self._wait_for_sound = wait_for_sound
        self.following = Following(
            session, engine, ears, playout, clock=clock, poll=poll, on_partial=on_partial
        )
        self._supposed: _Supposed | None = None
        self._echoes = 0
        self._echoed = False  # what was last asked about

    @property
    def supposing(self) -> bool:
        """Whether there is an answer of which it is not certain that it is wanted."""
        return self._supposed is not None

    # -- the listener's messages

    def handle(self, message: ListenerMessage) -> None:
        if message.utterance.dropped or self._session.ended:
            return
        match message:
            case Paused():
                self._paused(message.utterance, message.revision)
            case MayBegin():
                self._may_begin(message.utterance, message.revision)
            case WentOn():
                self.take_back()
            case Ended():
                self._ended(message.utterance)
            case Interrupting():
                self._interrupting(message.utterance)
            case Partly():
                self.following.partly(message.utterance, message.at_s)

    def take_back(self) -> None:
        """An answer that is not certain is forgotten: the officer went on, or types."""
        supposed, self._supposed = self._supposed, None
        if supposed is None:
            return
        self.taken_back += 1
        heard = self._mouth.heard_until(self._playout.cut()) if supposed.begun else ""
        self._session.take_back(supposed.before)
        self.usual = supposed.usual
        self._gate.forget()
        self._playout.drop()
        if heard:
            self.gave_way += 1
            self._tell(CivilianGaveWay(turn=self._session.turn + 1, heard=heard))

    def give_way(self) -> None:
        """Something else comes now (typed words, a key): what is being said is nobody's turn."""
        self.take_back()
        self.listener.forget()

    # -- one utterance

    def _paused(self, utterance: Utterance, revision: int) -> None:
        self.take_back()
        if utterance.revision != revision:
            return  # they went on before this was looked at
        words = self.following.words(utterance)
        self._poll()
        if utterance.revision != revision:
            return
        if utterance.over_civilian and not self._has_the_floor(utterance, words.text):
            return
        if not words.text:
            return  # the hard end says so
        cut_in_after_s = self._cuts_in_after_s(utterance)
        wait_s = 0.0 if cut_in_after_s is not None else patience_s(words.text)
        early_s = None if utterance.over_civilian else begins_s(words.text)
        self.listener.wait(utterance, revision, wait_s, early_s)
        self._suppose(utterance, revision, words, cut_in_after_s)

    def _ended(self, utterance: Utterance) -> None:
        supposed = self._supposed
        if supposed is None or supposed.utterance is not utterance:
            self._on_remark("nothing was recognised; say it again")
            self._playout.take_up()
            return
        self._commit(supposed)

    def _suppose(
        self, utterance: Utterance, revision: int, words: Heard, cut_in_after_s: float | None
    ) -> None:
        """Answer now, so that the answer is there when it is certain that the officer has finished."""
        session = self._session
        before = session.checkpoint()
        supposed = _Supposed(utterance, revision, before, self.usual, cut_in_after_s)
        self.usual = UsualLevel(self.usual.known_db, list(self.usual.turns))
        level = speech_level_db(utterance.speech())
        prosody = measure(
            words.text,
            self.usual.above(level),
            utterance.speech_s,
            utterance.longest_pause_s,
            utterance.overlap_s,
            utterance.waited_s,
        )
        self._supposed = supposed
        self._gate.close()
        self._playout.new_turn(held=True)
        if self._engine is not None:
            self._engine.between = self._between
        try:
            session.answer(
                words.text,
                "microphone",
                audio_s=round(utterance.speech_end_s - utterance.began_at_s, 3),
                asr_ms=round(words.asr_ms, 1),
                speech_end_s=round(session.on_session(utterance.speech_end_s), 3),
                prosody=prosody,
                hurry=True,
            )
        except WentOnSpeaking:
            self.take_back()
            return
        finally:
            if self._engine is not None:
                self._engine.between = _nothing

    def _between(self) -> None:
        """Between two pieces of an answer: is it still wanted, is it certain by now?"""
        self._poll()
        supposed = self._supposed
        if supposed is None or not self._gate.shut:
            return
        utterance = supposed.utterance
        if utterance.dropped or utterance.revision != supposed.revision:
            raise WentOnSpeaking
        if utterance.ended_at_s is not None:
            self._let_out(supposed)
        elif utterance.may_begin:
            self._begin(supposed)

    def _may_begin(self, utterance: Utterance, revision: int) -> None:
        supposed = self._supposed
        if supposed is None or supposed.utterance is not utterance:
            return
        if supposed.revision == revision:
            self._begin(supposed)

    def _begin(self, supposed: _Supposed) -> None:
        """Heard from now on, though nothing of it is published before it is certain."""
        if not supposed.begun and self._playout.waiting:
            supposed.begun = True
            self._playout.release()

    def sound(self, audio: Audio, first: bool) -> None:
        """The mouth's sink: the next piece of what the civilian says. Outside an answer that is only
        supposed, a first piece begins a turn of its own."""
        if self._supposed is None and first:
            self._playout.new_turn()
        self._playout.add(audio)
        if self._supposed is not None:
            self._between()

    def _let_out(self, supposed: _Supposed) -> None:
        """Certain: what was held is published, and heard."""
        if not self._gate.shut:
            return
        self._gate.open()
        if supposed.cut_in_after_s is not None:
            self._tell(
                CivilianCutIn(turn=self._session.turn, after_s=round(supposed.cut_in_after_s, 1))
            )
        if not supposed.begun:
            self._playout.release()

    def _commit(self, supposed: _Supposed) -> None:
        self._let_out(supposed)
        self._supposed = None
        self._wait_for_sound()
        started_at = self._mouth.words_began_at(self._playout.output.started_at)
        self._mouth.times.playback_start_at = started_at
        ended_at_s = supposed.utterance.ended_at_s
        assert ended_at_s is not None
        self._session.finish_turn(round(self._session.on_session(ended_at_s), 3))

    # -- talking over each other

    def _interrupting(self, utterance: Utterance) -> None:
        """They talk over the civilian: a word of agreement stops nobody, anything else does."""
        if utterance.paused or not self._playout.speaking:
            return
        words = self.following.so_far(utterance).text
        if words and not is_backchannel(words) and not self._is_echo(words):
            self._playout.cut()

    def _has_the_floor(self, utterance: Utterance, words: str) -> bool:
        """After a pause in speech over the civilian: whether it was an interruption."""
        still = self._playout.speaking or self._playout.was_cut
        # They had all but finished: "okay", begun over them, is still no turn, but to a question it is the answer.
        if not still and (self._asked() or not is_backchannel(words)):
            return True
        murmured = utterance.speech_s < MURMUR_S and not wants_the_floor(words)
        if not words or murmured or is_backchannel(words) or self._is_echo(words):
            self.false_alarms += 1
            self.listener.forget(utterance)
            self._playout.take_up()
            if words and not self._echoed:
                self._tell(OfficerBackchannelled(turn=self._session.turn, text=words))
            return False
        if utterance.over_civilian:
            heard_s = self._playout.cut()
            utterance.over_civilian = False  # once is enough, however often they pause
            self.interrupted += 1
            self._session.cut_off(self._mouth.heard_until(heard_s))
        return True

    def _asked(self) -> bool:
        """Whether what the civilian said last was a question."""
        return " ".join(text for text, _ in self._mouth.pieces).rstrip("\"'”’ ").endswith("?")

    def _is_echo(self, words: str) -> bool:
        """The microphone hears the loudspeaker: twice, and it is closed while the civilian speaks."""
        self._echoed = False
        if not is_echo(words, " ".join(text for text, _ in self._mouth.pieces)):
            return False
        self._echoes += 1
        self._echoed = True
        if self._echoes == 2 and not self.listener.half_duplex:
            self.listener.half_duplex = True
            self._tell(
                Noticed(
                    what="the microphone hears the loudspeaker: it is closed now while the civilian speaks. "
                    "With a headset you can interrupt"
                )
            )
        return True

    def _cuts_in_after_s(self, utterance: Utterance) -> float | None:
        """Whether the civilian has had enough of listening: how long the officer spoke, or None."""
        agitation = self._session.agitation
        if agitation < CUTS_IN_FROM:
            return None
        share = (agitation - CUTS_IN_FROM) / (100 - CUTS_IN_FROM)
        bears_s = BEARS_S + share * (BEARS_WHEN_RAGING_S - BEARS_S)
        spoke_s = utterance.speech_end_s - utterance.began_at_s
        return spoke_s if spoke_s >= bears_s else None

    def _tell(self, event: Event) -> None:
        self._gate(event.model_copy(update={"at_s": self._session.seconds()}))


def _nothing() -> None:
    pass
