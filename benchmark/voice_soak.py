"""A long spoken session: does it grow, drift or get stuck? `deescal bench voice --soak` and `--interruptions`.

Run as `python -m benchmark.voice_soak MODEL THREADS MINUTES INTERRUPTIONS`, in a process of its own: one session
of so many minutes on the conversation's clock, or short ones until so many replies were interrupted. Prints a line of
JSON a turn.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import partial
from itertools import cycle
from typing import TYPE_CHECKING

from benchmark.errors import BenchmarkError

if TYPE_CHECKING:
    from benchmark.voice_stage import Stage

#: A reply is interrupted after this, where so much of it is left: they fall silent after 0.4 to 0.75 s of speech.
_INTERRUPT_AFTER_S, _TOO_SHORT_S = 0.15, 0.85
_THINKS_S = 1.5
#: Of a run of interruptions; a soak is one session.
_TURNS_OF_A_SESSION = 15
#: Letters of the officer's lines: a soak is as long as it is in turns, not in words.
_SHORT_LINE = 50


@dataclass(frozen=True)
class SoakTurn:
    """How the session stood after a turn. Seconds on the conversation's clock; bytes resident.

    stale_s: sound of an interrupted reply that was heard after it had been cut off.
    """

    at_s: float
    turn: int
    answered_s: float
    resident: int
    unshared: int
    gaps: int
    interrupted: int
    cut_off: bool = False
    stale_s: float = 0.0


def soak(
    model: str,
    threads: int,
    minutes: float,
    interruptions: int,
    progress: Callable[[str, float], None],
) -> list[SoakTurn]:
    """Play it in a new process, told turn by turn. Raises BenchmarkError with its last line where it fails."""
    program = [sys.executable, "-m", "benchmark.voice_soak", model, str(threads)]
    process = subprocess.Popen(
        [*program, str(minutes), str(interruptions)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stderr is not None
    turns: list[SoakTurn] = []
    try:
        for line in process.stdout:
            turns.append(SoakTurn(**json.loads(line)))
            last = turns[-1]
            share = last.at_s / 60 / minutes if minutes else last.interrupted / interruptions
            progress(f"turn {last.turn}, {last.at_s / 60:.1f} minutes of talk", min(1.0, share))
        complaint = process.stderr.read().strip().splitlines()
    finally:
        if process.poll() is None:
            process.terminate()
        process.wait()
    if process.returncode != 0:
        raise BenchmarkError(f"the long session failed: {(complaint or ['it said nothing'])[-1]}")
    return turns


def _play(model: str, threads: int, minutes: float, interruptions: int) -> Iterator[SoakTurn]:
    from benchmark.process_memory import resident
    from benchmark.voice_lines import OfficerVoices, room_noise
    from benchmark.voice_stage import stage
    from benchmark.voice_workload import voice_workload
    from benchmark.workload import endless
    from models.engine import EngineSettings
    from models.fetch import model_path
    from models.hardware import default_threads
    from simulator.cast import DRAFTS_AT_ONCE, Cast
    from simulator.events import CivilianCutOff, TurnTimed
    from simulator.transcript import response_s
    from simulator.voice.talk import Ears
    from simulator.voice.tts import Speaker

    workload = voice_workload()
    voices = OfficerVoices(workload)
    cast = Cast(model, EngineSettings(threads=threads, sequences=DRAFTS_AT_ONCE))
    speaker = Speaker(model_path("tts"), default_threads())
    speaker.warm_up()
    ears, loaded = Ears(), endless(workload.scenario)

    def begin(seed: int) -> Stage:
        return stage(
            cast, loaded, ears, speaker, subject=workload.subject, seed=seed,
            noise=room_noise(workload.voices[0], 10.0, 1),
        )  # fmt: skip

    play = begin(workload.seed)
    # Spoken once, so that what grows is not the officer.
    lines = [
        voices.say(turn, number % len(workload.voices))
        for number, turns in enumerate(workload.conversations)
        for turn in turns
        if turn.words and turn.over is None and len(turn.say) == 1 and len(turn.words) < _SHORT_LINE
    ]
    talked_s, gaps, interrupted, began = 0.0, 0, 0, play.room.clock()
    for number, line in enumerate(cycle(lines), start=1):
        if interruptions and number % _TURNS_OF_A_SESSION == 0:
            # Who is asked the same again and again answers in two words, and those nobody can interrupt.
            talked_s += play.room.clock() - began
            gaps += play.room.loudspeaker.gaps
            play = begin(workload.seed + number)
            began = play.room.clock()
        room, loudspeaker = play.room, play.room.loudspeaker
        # The record is on disk in play; here nobody needs it.
        del play.events[:]
        del loudspeaker.heard[:-8], loudspeaker.begun[:]
        may_interrupt = loudspeaker.until - room.clock() > _INTERRUPT_AFTER_S + _TOO_SHORT_S
        over = may_interrupt and (interruptions > 0 or play.session.turn % 4 == 3)
        if over:
            room.wait(_INTERRUPT_AFTER_S)
        else:
            room.run_until(partial(_silent, play))
            room.wait(_THINKS_S)
        ends = room.say(line)
        if not room.run_until(partial(_heard_out, play, ends)):
            raise BenchmarkError(f"stuck after turn {play.session.turn}")
        cuts = [e for e in play.events if isinstance(e, CivilianCutOff)]
        timed = [e for e in play.events if isinstance(e, TurnTimed)]
        interrupted += bool(cuts)
        memory = resident()
        yield SoakTurn(
            at_s=talked_s + room.clock() - began,
            turn=number,
            answered_s=(response_s(timed[-1]) if timed else None) or 0.0,
            resident=memory.now or memory.peak,
            unshared=memory.unshared or 0,
            gaps=gaps + loudspeaker.gaps,
            interrupted=interrupted,
            cut_off=bool(cuts),
            stale_s=_stale_s(play, cuts[0].at_s) if cuts else 0.0,
        )
        talked_out = minutes and room.clock() - began >= 60 * minutes
        if talked_out or (interruptions and interrupted >= interruptions):
            break
    cast.close()


def _silent(play: Stage) -> bool:
    return not play.playout.speaking


def _heard_out(play: Stage, ends: float) -> bool:
    return bool(play.room.clock() > ends and play.settled())


def _stale_s(play: Stage, cut_at_s: float) -> float:
    """What was heard between the cut and when the next answer was begun. One that was begun in a pause and given up
    again is heard for some 0.03 s and is not stale; of a turn that is over no clause may be spoken.
    """
    from simulator.events import ClauseReady, OfficerSpoke

    turn = 0
    for event in play.events:
        if isinstance(event, OfficerSpoke):
            turn = event.turn
        elif isinstance(event, ClauseReady) and event.turn < turn:
            raise BenchmarkError(f"in turn {turn} a clause of turn {event.turn} was spoken")
    begun = map(play.session.on_session, play.room.loudspeaker.begun)
    next_at_s = min((at_s for at_s in begun if at_s >= cut_at_s), default=float("inf"))
    spans = [
        (play.session.on_session(start), play.session.on_session(end))
        for start, end, _ in play.room.loudspeaker.heard
    ]
    return float(sum(max(0.0, min(end, next_at_s) - max(start, cut_at_s)) for start, end in spans))


if __name__ == "__main__":
    for turn in _play(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4])):
        print(json.dumps(asdict(turn)), flush=True)
