"""The turn loop: what the officer says goes in, events come out. Owns no screen, no sound and no
file.
"""

from __future__ import annotations

import copy
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from scenarios.schema import Ending, Inject, Scenario, SubjectType
from simulator.civilian.affect import ODD_WORDS, Affect, Step
from simulator.civilian.answers import Reply
from simulator.civilian.disclosure import Disclosure
from simulator.civilian.guard import clauses
from simulator.course import Course
from simulator.events import (
    AffectMoved,
    Behaviour,
    BehavioursRecognised,
    CivilianCutOff,
    CivilianReacted,
    CivilianSpoke,
    ClauseReady,
    ContextDropped,
    EndingReached,
    Event,
    FactsOpened,
    InjectHappened,
    OfficerSpoke,
    ProsodyHeard,
    ReplyRefused,
    SessionEnded,
    SessionResumed,
    SessionStarted,
    TurnTimed,
)
from simulator.past import PastTurn, past_turns
from simulator.player import Player

OfficerSource = Literal["typed", "microphone", "wav"]
#: The longest utterance that is taken in, in characters; more is cut there and the record says so.
LONGEST_UTTERANCE = 2000


@dataclass
class SoundTimes:
    """When a turn was first heard, on the session's clock; whoever makes the sound fills it in."""

    first_audio_at: float | None = None
    playback_start_at: float | None = None


@dataclass(frozen=True)
class Checkpoint:
    """All that an answer changes, as it stood before it: see `Session.checkpoint`."""

    state: dict[str, Any]
    player: Any


@dataclass
class _Answered:
    """A turn whose reply was said and that is not finished yet."""

    words: str
    reply: Reply
    ending: Ending | None
    asr_done_s: float | None
    speech_end_s: float | None
    turn_end_s: float
    first_token_s: float | None


#: What `Session.answer` changes of a session; the player keeps its own mark.
_CHANGED_BY_ANSWER = (
    "turn",
    "_affect",
    "_disclosure",
    "_course",
    "_officer_words",
    "_last_reply",
    "_first_clause_s",
    "_clauses",
)

#: (officer's words, the officer's earlier words, the civilian's last words) -> behaviours
Recognise = Callable[[str, Sequence[str], str], list[Behaviour]]
Publish = Callable[[Event], None]


class Session:
    """One encounter. `begin`, then `officer_says` until `ended`; `cut_off` where the officer
    interrupts.

    Not thread-safe: one thread drives it. publish is called on that thread, in order, for every
    event. odd: what is odd about words that are no part of the encounter (civilian/odd_words.py).
    """

    def __init__(
        self,
        scenario: Scenario,
        player: Player,
        recognise: Recognise,
        publish: Publish,
        *,
        subject_type: SubjectType,
        seed: int,
        clock: Callable[[], float] = time.monotonic,
        sound: SoundTimes | None = None,
        odd: Callable[[str], str | None] = lambda _: None,
    ) -> None:
        self.scenario = scenario
        self.subject_type = subject_type
        self.seed = seed
        self.ended = False
        self.turn = 0
        self._player = player
        self._recognise = recognise
        self._publish = publish
        self._odd = odd
        self._clock = clock
        self._sound = sound or SoundTimes()
        self._zero = clock()
        self._affect = Affect(scenario, subject_type, seed)
        self._disclosure = Disclosure(scenario.civilian)
        self._course = Course(scenario, self._affect.agitation, self._affect.trust)
        self._officer_words: list[str] = []
        self._last_reply = ""
        self._first_clause_s = 0.0
        self._clauses = 0  # of the newest reply, published so far
        self._answered: _Answered | None = None

    # -- what others read

    @property
    def agitation(self) -> int:
        return self._affect.agitation

    @property
    def trust(self) -> int:
        return self._affect.trust

    def seconds(self) -> float:
        """Seconds since the session began."""
        return round(self._clock() - self._zero, 3)

    def on_session(self, at: float) -> float:
        """Seconds since the session began, of a moment on its clock."""
        return at - self._zero

    # -- the life of a session

    def begin(self, started: SessionStarted) -> None:
        """Publish the start and the civilian's first words. `started` says who and with what."""
        self._tell(started)
        opening = random.Random(f"opening {self.seed}").choice(self.scenario.openings)
        self._clauses = 0
        self._say(Reply(opening, "authored", "opening", None))
        self._player.opened(opening)

    def officer_says(
        self,
        words: str,
        source: OfficerSource = "typed",
        *,
        audio_s: float | None = None,
        asr_ms: float | None = None,
        speech_end_s: float | None = None,
        turn_end_s: float | None = None,
        prosody: ProsodyHeard | None = None,
    ) -> None:
        """One whole turn: from the officer's words to the civilian's. Empty words are a silence.

        speech_end_s, turn_end_s: where speech stopped, and where that was certain; prosody: how it
        sounded, its turn is set here.
        """
        self.answer(
            words,
            source,
            audio_s=audio_s,
            asr_ms=asr_ms,
            speech_end_s=speech_end_s,
            prosody=prosody,
        )
        self.finish_turn(turn_end_s)

    # -- a turn that is not certain yet: a voice session answers while the officer may still go on

    def checkpoint(self) -> Checkpoint:
        """Everything that `answer` changes, so that `take_back` can undo it."""
        keep = {id(each): each for each in (self.scenario, self.scenario.civilian)}
        state = {name: copy.deepcopy(getattr(self, name), keep) for name in _CHANGED_BY_ANSWER}
        return Checkpoint(state, self._player.mark())

    def overhear(self, words: str) -> None:
        """The officer's words so far, while they still speak: laid down ahead of the turn."""
        self._player.hear(words)

    def rehearse(self, words: str) -> bool:
        """Find a draft for the words so far, for when they turn out to have been nearly all. Nothing of it
        is published, and the session stands as it stood. False where no more drafts are of use.
        """
        before = self.checkpoint()
        publish, self._publish = self._publish, _nobody
        try:
            self.turn += 1
            behaviours = self._take_in(words)
            if self._inject() is not None or self._course.ending() is not None:
                return False
            return self._player.rehearse(
                words, behaviours, self.agitation, self.trust, self._disclosure
            )
        finally:
            self._publish = publish
            self.take_back(before)

    def take_back(self, checkpoint: Checkpoint) -> None:
        """The officer went on: what was answered since the checkpoint never happened. What was
        published of it is the publisher's to forget.
        """
        for name, value in checkpoint.state.items():
            setattr(self, name, value)
        self._player.take_back(checkpoint.player)
        self._answered = None

    def answer(
        self,
        words: str,
        source: OfficerSource = "typed",
        *,
        audio_s: float | None = None,
        asr_ms: float | None = None,
        speech_end_s: float | None = None,
        prosody: ProsodyHeard | None = None,
        hurry: bool = False,
    ) -> None:
        """Take the words in and say the reply; then `finish_turn`, or `take_back`. hurry: see CivilianPlayer.reply."""
        asked_s = self.seconds()
        words = _printable(words)[:LONGEST_UTTERANCE]
        self.turn += 1
        self._tell(
            OfficerSpoke(turn=self.turn, text=words, source=source, audio_s=audio_s, asr_ms=asr_ms)
        )
        if prosody:
            prosody = prosody.model_copy(update={"turn": self.turn})
            self._tell(prosody)
        behaviours = self._take_in(words, prosody=prosody)
        inject = self._inject()
        self._reply_to(words, behaviours, inject, asked_s, speech_end_s, asr_ms, hurry)

    def finish_turn(self, turn_end_s: float | None = None) -> None:
        """It is certain: tell the times, and make ready for the next turn. turn_end_s: None where
        the words came whole.
        """
        done, self._answered = self._answered, None
        if done is None:
            return
        self._tell(
            TurnTimed(
                turn=self.turn,
                speech_end_s=done.speech_end_s,
                turn_end_s=done.turn_end_s if turn_end_s is None else turn_end_s,
                asr_done_s=done.asr_done_s,
                first_token_s=done.first_token_s,
                first_clause_s=self._first_clause_s,
                first_audio_s=self._told_at(self._sound.first_audio_at),
                playback_start_s=self._told_at(self._sound.playback_start_at),
            )
        )
        if done.ending:
            self._end(done.ending)
            return
        self._player.hear(done.words)
        self._player.settle(done.reply.text)
        dropped = self._player.next_turn()
        if dropped:
            self._tell(ContextDropped(turn=self.turn, turns_dropped=dropped))

    def cut_off(self, heard: str) -> None:
        """The officer interrupted the last reply: only `heard` of it was heard."""
        if self.ended or heard == self._last_reply:
            return
        self._tell(CivilianCutOff(turn=self.turn, heard=heard))
        self._last_reply = heard
        self._player.cut_off(heard)

    def leave(self, reason: Literal["officer_left", "lines_ran_out"] = "officer_left") -> None:
        """The officer ends it."""
        if not self.ended:
            self.ended = True
            self._tell(SessionEnded(turn=self.turn, reason=reason))

    def resume(self, events: Sequence[Event]) -> None:
        """Go on where `events` (all of one session, in order) stop; the state is computed again
        from them.

        A turn that the civilian had not answered when the process died is answered now.
        """
        publish, self._publish = self._publish, _nobody
        injects = {inject.id: inject for inject in self.scenario.events}
        inject: Inject | None = None
        ending: Ending | None = None
        turns = past_turns(events)
        for past in turns:
            self.turn = past.number
            if past.officer and past.moved:
                self._take_in(past.officer.text, past.behaviours, past.prosody)
            inject = None
            for name in past.injects:
                inject = injects[name]
                self._course.now.happened.add(name)
                self._move(self._affect.inject(inject), [])
            if past.reacted:
                self._course.reacted(past.number)
            if past.said:
                ending = self._course.ending() if past.officer else None
                self._lay_down(past, past.said)
        self._zero = self._clock() - max((e.at_s for e in events), default=0.0)
        self._publish = publish
        self._tell(SessionResumed(turn=self.turn))
        last = turns[-1] if turns else None
        if ending:
            self._end(ending)
        elif last and last.officer and not last.said:
            at_s, behaviours = self.seconds(), last.behaviours
            if not last.moved:
                behaviours = self._take_in(last.officer.text, prosody=last.prosody)
            self._reply_to(last.officer.text, behaviours, inject or self._inject(), at_s)
            self.finish_turn()

    # -- parts of a turn

    def _take_in(
        self,
        words: str,
        known: list[Behaviour] | None = None,
        prosody: ProsodyHeard | None = None,
    ) -> list[Behaviour]:
        """What the words do to the civilian. known: behaviours that a record already holds."""
        odd = self._odd(words)
        if odd not in ODD_WORDS:
            odd = None
        behaviours = [] if odd else known
        if behaviours is None:
            behaviours = self._recognise(words, self._officer_words, self._last_reply)
            if behaviours:
                self._tell(BehavioursRecognised(turn=self.turn, behaviours=behaviours))
        self._course.words_come()
        step = (
            self._affect.hear_odd(words, odd)
            if odd
            else self._affect.hear(words, behaviours, prosody)
        )
        self._course.words_moved(step)
        self._move(step, behaviours)
        self._officer_words.append(words)
        opened = self._disclosure.officer_said(words, self.trust)
        if opened:
            self._tell(FactsOpened(turn=self.turn, ids=opened))
        return behaviours

    def _reply_to(
        self,
        words: str,
        behaviours: list[Behaviour],
        inject: Inject | None,
        asked_s: float,
        speech_end_s: float | None = None,
        asr_ms: float | None = None,
        hurry: bool = False,
    ) -> None:
        ending = self._course.ending()
        self._clauses = 0
        if ending:
            reply = Reply(ending.closing, "authored", f"ending {ending.id}", None)
        elif inject and inject.civilian_says:
            reply = Reply(inject.civilian_says, "authored", f"inject {inject.id}", None)
        else:
            note = inject.what if inject else ""
            reply = self._player.reply(
                words,
                behaviours,
                self.agitation,
                self.trust,
                self._disclosure,
                note,
                self._clause,
                hurry=hurry,
            )
        first_token_s = self._just_now(reply.first_token_at)
        self._say(reply)
        self._answered = _Answered(
            words=words,
            reply=reply,
            ending=ending,
            asr_done_s=None if asr_ms is None else asked_s,
            speech_end_s=speech_end_s,
            turn_end_s=asked_s,
            first_token_s=first_token_s,
        )

    def _lay_down(self, past: PastTurn, said: CivilianSpoke) -> None:
        """A turn of a record, given to the player and to memory."""
        self._last_reply = past.heard
        known = said.tells if past.heard == said.text else []
        self._course.now.told |= set(self._disclosure.reply_told(past.heard, known))
        if past.officer is None:
            self._player.opened(past.heard)
            return
        self._player.hear(past.officer.text)
        self._player.settle(past.heard)
        self._player.next_turn()

    def _move(self, step: Step, behaviours: list[Behaviour]) -> None:
        self._course.move(step, behaviours, self.turn, self.seconds())
        self._tell(
            AffectMoved(
                turn=self.turn,
                agitation=step.agitation,
                trust=step.trust,
                compliance=step.compliance,
                causes=step.causes,
            )
        )

    def _inject(self) -> Inject | None:
        event = self._course.inject()
        if event is not None:
            self._tell(InjectHappened(turn=self.turn, id=event.id, what=event.what))
            self._move(self._affect.inject(event), [])
        return event

    def _end(self, ending: Ending) -> None:
        self._tell(
            EndingReached(turn=self.turn, id=ending.id, band=ending.band, outcome=ending.outcome)
        )
        self.ended = True
        self._tell(SessionEnded(turn=self.turn, reason="ending"))

    def _clause(self, text: str, tells: Sequence[str] = ()) -> None:
        """The next words of the reply, as soon as they are cleared. tells: ids of what it tells, where known."""
        if self._clauses == 0:
            reaction = self._course.reaction(text, tells, self.seed)
            if reaction:
                sound, moment = reaction
                self._tell(CivilianReacted(turn=self.turn, sound=sound, moment=moment))
            self._first_clause_s = self.seconds()
        self._tell(ClauseReady(turn=self.turn, index=self._clauses, text=text))
        self._clauses += 1

    def _say(self, reply: Reply) -> None:
        for draft, reason in reply.refused:
            self._tell(ReplyRefused(turn=self.turn, draft=draft, reason=reason))
        for clause in clauses(reply.text)[self._clauses :]:
            self._clause(clause, reply.tells)
        told = self._disclosure.reply_told(reply.text, reply.tells)
        self._course.now.told |= set(told)
        self._last_reply = reply.text
        self._tell(
            CivilianSpoke.model_validate(
                {
                    "turn": self.turn,
                    "text": reply.text,
                    "origin": reply.origin,
                    "origin_note": reply.note,
                    "tells": told,
                    "timings": reply.timings,
                }
            )
        )

    def _just_now(self, at: float | None) -> float | None:
        """A moment of the work just done, told on `time.monotonic`, on the session's clock."""
        if at is None:
            return None
        return round(self.seconds() - (time.monotonic() - at), 3)

    def _told_at(self, at: float | None) -> float | None:
        return None if at is None else round(self.on_session(at), 3)

    def _tell(self, event: Event) -> None:
        self._publish(event.model_copy(update={"at_s": self.seconds()}))


def _printable(words: str) -> str:
    """The words without control characters; white space in one line."""
    return " ".join("".join(c if c.isprintable() else " " for c in words).split())


def _nobody(_: Event) -> None:
    """Publishes to nobody: while a record is replayed, its events are in the record already."""
