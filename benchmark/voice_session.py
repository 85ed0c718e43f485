"""Recorded conversations through the whole voice loop, in a process of its own: where the time of a turn goes.

Run as `python -m benchmark.voice_session MODEL THREADS FOLDER CONVERSATIONS`; the folder holds a folder of the
officer's WAVs for each conversation. Prints one line of JSON. Of its own, because the memory it needs is one of the
figures. The clock: see benchmark/voice_room.py.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmark.errors import BenchmarkError

if TYPE_CHECKING:
    from benchmark.voice_stage import Stage
    from benchmark.voice_workload import OfficerTurn
    from simulator.voice.tts import Speaker

#: The officer thinks so long before they speak, one after the other.
_THINKS_S = (0.5, 0.8, 0.35, 1.1)
#: A reply that is over this soon cannot be talked over; to be cut off it must last until they would fall silent.
_TOO_SHORT_S = {"backchannel": 0.6, "cough": 0.6, "interruption": 1.2}


@dataclass
class SpokenTurn:
    """One turn. `*_at_ms` run from where the officer's speech really ended; other milliseconds are durations.

    sequential_ms: the same parts of the same turn one after another: endpoint, recognition, whole reply, whole
    synthesis. authored: the line is the scenario's, so no token was drawn for it or none was used. ahead_ms: of the
    reply, done while the officer still spoke; it is part of reply_ms.
    """

    conversation: int
    turn: int
    audio_s: float
    asr_ms: float
    reply_ms: float  # from the recognised words to the whole reply, synthesis left out
    turn_end_at_ms: float
    asr_done_at_ms: float
    first_clause_at_ms: float
    first_audio_at_ms: float
    playback_at_ms: float
    first_clause_speech_ms: float
    whole_speech_ms: float
    speech_s: float
    sequential_ms: float
    authored: bool
    silent: bool
    officer_pauses: bool
    first_token_at_ms: float | None = None
    prefill_ms: float | None = None
    first_token_ms: float | None = None  # from the asking of the model
    n_prompt: int | None = None
    n_cached: int | None = None
    first_clause_decode_ms: float | None = None
    ahead_ms: float = 0.0


@dataclass
class TalkedOver:
    """One time that something was said or coughed over the civilian, and whether it was taken as it was meant."""

    conversation: int
    kind: str
    well: bool
    silent_after_ms: float | None = (
        None  # interruption: from its first sound until nothing is heard
    )
    note: str = ""


@dataclass
class VoiceSession:
    settings: dict[str, Any] = field(default_factory=dict)  # the engine's
    turns: list[SpokenTurn] = field(default_factory=list)
    talked_over: list[TalkedOver] = field(default_factory=list)
    gaps: int = 0
    supposed_again: int = 0
    rehearsals: int = 0
    peak_bytes: int = 0
    end_bytes: int | None = None
    unshared_bytes: int | None = None
    cpu_s: float = 0.0
    talk_s: float = 0.0  # on the conversation's clock
    listening_s: float = 0.0


def voice_session(model: str, threads: int, folder: Path, conversations: int) -> VoiceSession:
    """Play it in a new process; threads 0: as play has them. Raises BenchmarkError with its last line."""
    program = [sys.executable, "-m", "benchmark.voice_session", model, str(threads)]
    done = subprocess.run(
        [*program, str(folder), str(conversations)], capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise BenchmarkError(f"the voice session failed: {last}")
    found = json.loads(done.stdout.splitlines()[-1])
    turns = [SpokenTurn(**turn) for turn in found.pop("turns")]
    over = [TalkedOver(**each) for each in found.pop("talked_over")]
    return VoiceSession(turns=turns, talked_over=over, **found)


def _play(model: str, threads: int, folder: Path, conversations: int) -> VoiceSession:
    from benchmark.process_memory import resident
    from benchmark.voice_lines import room_noise
    from benchmark.voice_stage import stage
    from benchmark.voice_workload import voice_workload
    from benchmark.workload import endless
    from models.engine import EngineSettings
    from models.fetch import model_path
    from models.hardware import default_threads
    from simulator.cast import DRAFTS_AT_ONCE, Cast
    from simulator.voice.talk import Ears
    from simulator.voice.tts import Speaker

    workload = voice_workload()
    cast = Cast(model, EngineSettings(threads=threads, sequences=DRAFTS_AT_ONCE))
    loaded = endless(workload.scenario)
    speaker = Speaker(model_path("tts"), default_threads())
    speaker.warm_up()
    ears = Ears()
    found = VoiceSession(settings=asdict(cast.engine.settings))
    for number, turns in enumerate(workload.conversations[:conversations]):
        voice = workload.voices[number % len(workload.voices)]
        play = stage(
            cast, loaded, ears, speaker, subject=workload.subject, seed=workload.seed + number,
            noise=room_noise(voice, 10.0, number),
        )  # fmt: skip
        began, cpu_began = play.room.clock(), time.process_time()
        measuring = _Conversation(number, play, speaker, workload.endpoint_s, found)
        for script, path in zip(turns, sorted((folder / str(number)).iterdir()), strict=True):
            measuring.turn(script, path)
        found.cpu_s += time.process_time() - cpu_began - measuring.apart_cpu_s
        found.talk_s += play.room.clock() - began
        found.listening_s += play.room.listening_s
        found.gaps += play.room.loudspeaker.gaps
        found.supposed_again += play.conversing.taken_back
        found.rehearsals += play.conversing.following.rehearsals
    memory = resident()
    found.peak_bytes, found.end_bytes = memory.peak, memory.now
    found.unshared_bytes = memory.unshared
    cast.close()
    return found


class _Conversation:
    """Lets the officer say one turn after the other and keeps what came of it."""

    def __init__(
        self, number: int, play: Stage, speaker: Speaker, endpoint_s: float, found: VoiceSession
    ) -> None:
        self.apart_cpu_s = 0.0  # for measurements that are no part of the conversation
        self._number = number
        self._play = play
        self._speaker = speaker
        self._endpoint_s = endpoint_s
        self._found = found
        self._thinks = _thinking()

    def turn(self, script: OfficerTurn, path: Path) -> None:
        from simulator.voice.vad import RATE
        from simulator.voice.wav import read_wav

        samples = read_wav(path).samples
        room = self._play.room
        if script.over and self._may_be_talked_over(script):
            ends = room.say(samples, self._begins_in_s(script))
            self._over(script, ends - len(samples) / RATE, ends)
            return
        if script.over and script.over != "interruption":
            return  # nothing to be talked over: a "mm-hm" would be a turn of its own
        room.run_until(lambda: not self._play.playout.speaking)
        room.wait(next(self._thinks))
        self._answered(room.say(samples), script)

    def _begins_in_s(self, script: OfficerTurn) -> float:
        loudspeaker = self._play.room.loudspeaker
        return max(0.05, (loudspeaker.started_at or 0.0) + script.at_s - self._play.room.clock())

    def _may_be_talked_over(self, script: OfficerTurn) -> bool:
        loudspeaker = self._play.room.loudspeaker
        begins = self._play.room.clock() + self._begins_in_s(script)
        left_s = loudspeaker.until - begins
        return self._play.playout.speaking and left_s >= _TOO_SHORT_S[str(script.over)]

    def _over(self, script: OfficerTurn, begins: float, ends: float) -> None:
        from simulator.events import CivilianCutOff

        play, room = self._play, self._play.room
        before, turn, loudspeaker = len(play.events), play.session.turn, room.loudspeaker
        if script.over == "interruption":
            played = loudspeaker.until
            self._answered(ends, script)
            cut = [e for e in play.events[before:] if isinstance(e, CivilianCutOff)]
            silent = max((to for start, to, _ in loudspeaker.heard if start < ends), default=begins)
            well = len(cut) == 1 and cut[0].turn == turn and silent < played
            self._keep(script, well, (silent - begins) * 1000, "" if well else "was not cut off")
            return
        room.run_until(lambda: room.clock() > ends and play.settled())
        room.run_until(lambda: not play.playout.speaking)
        cut = [e for e in play.events[before:] if isinstance(e, CivilianCutOff)]
        well = not cut and play.session.turn == turn
        self._keep(script, well, None, "" if well else "it was taken for a turn")

    def _keep(self, script: OfficerTurn, well: bool, silent_ms: float | None, note: str) -> None:
        said = script.words or "cough"
        self._found.talked_over.append(
            TalkedOver(self._number, str(script.over), well, silent_ms, note and f"{said}: {note}")
        )

    def _answered(self, ends: float, script: OfficerTurn) -> None:
        """Wait for the answer to what ends then, and measure it."""
        from simulator.events import CivilianSpoke, OfficerSpoke, TurnTimed

        play, room = self._play, self._play.room
        before, turn = len(play.events), play.session.turn
        if not room.run_until(lambda: room.clock() > ends and play.settled()):
            raise BenchmarkError(f"turn {turn + 1}: the officer was never heard out")
        events = play.events[before:]
        timed = [e for e in events if isinstance(e, TurnTimed)]
        if not timed:
            said = script.words
            raise BenchmarkError(f"nothing was answered to “{said}” ({play.remarks[-1:]})")
        # The last of what this line was heard as: a long pause may have made two turns of it.
        spoke = [e for e in events if isinstance(e, CivilianSpoke)][-1]
        officer = [e for e in events if isinstance(e, OfficerSpoke)][-1]
        self._measure(ends, script, officer, spoke, timed[-1])

    def _measure(
        self, ends: float, script: OfficerTurn, officer: Any, spoke: Any, timed: Any
    ) -> None:
        play = self._play
        end_s = play.session.on_session(ends)
        timings = spoke.timings
        ahead_ms = timings.ahead_ms if timings else 0.0
        spoken_ms = sum(play.mouth.synthesis_ms)
        reply_ms = max(0.0, (spoke.at_s - officer.at_s) * 1000 - spoken_ms) + ahead_ms
        began, cpu_began = time.monotonic(), time.process_time()
        whole_ms, speech_s = self._whole_speech(spoke.text)
        self.apart_cpu_s += time.process_time() - cpu_began
        play.room.clock.ahead(began - time.monotonic())  # the conversation knows nothing of it
        decode_ms = None
        if timings and timed.first_token_s is not None:
            decode_ms = (timed.first_clause_s - timed.first_token_s) * 1000
        asr_ms = officer.asr_ms or 0.0

        def at_ms(at_s: float | None) -> float | None:
            return None if at_s is None else (at_s - end_s) * 1000

        heard_at_ms = at_ms(timed.playback_start_s)
        self._found.turns.append(
            SpokenTurn(
                conversation=self._number,
                turn=spoke.turn,
                audio_s=officer.audio_s or 0.0,
                asr_ms=asr_ms,
                reply_ms=reply_ms,
                turn_end_at_ms=at_ms(timed.turn_end_s) or 0.0,
                asr_done_at_ms=at_ms(timed.asr_done_s) or 0.0,
                first_clause_at_ms=at_ms(timed.first_clause_s) or 0.0,
                first_audio_at_ms=at_ms(timed.first_audio_s) or 0.0,
                playback_at_ms=heard_at_ms or 0.0,
                first_clause_speech_ms=play.mouth.synthesis_ms[0]
                if play.mouth.synthesis_ms
                else 0.0,
                whole_speech_ms=whole_ms,
                speech_s=speech_s,
                sequential_ms=self._endpoint_s * 1000 + asr_ms + reply_ms + whole_ms,
                authored=spoke.origin == "authored",
                silent=heard_at_ms is None or not any(c.isalnum() for c in spoke.text),
                officer_pauses=len(script.say) > 1,
                first_token_at_ms=at_ms(timed.first_token_s),
                prefill_ms=timings.prefill_ms if timings else None,
                first_token_ms=timings.ttft_ms if timings else None,
                n_prompt=timings.n_prompt if timings else None,
                n_cached=timings.n_cached if timings else None,
                first_clause_decode_ms=decode_ms,
                ahead_ms=ahead_ms,
            )
        )

    def _whole_speech(self, text: str) -> tuple[float, float]:
        """Say the whole reply to nobody: (milliseconds it took, seconds of sound)."""
        from simulator.voice.delivery import delivery_for

        manner = delivery_for(self._play.session.agitation, self._play.mouth.voice)
        began = time.perf_counter()
        sound = self._speaker.speak(text, manner)
        return (time.perf_counter() - began) * 1000, sound.seconds


def _thinking() -> Iterator[float]:
    while True:
        yield from _THINKS_S


if __name__ == "__main__":
    model, threads, folder, conversations = sys.argv[1:]
    played = _play(model, int(threads), Path(folder), int(conversations))
    print(json.dumps(asdict(played)))
