"""A whole spoken session through Ears, Session and Mouth, in a process of its own: where the time of a turn goes.

Run as `python -m benchmark.voice_session MODEL SETTINGS_JSON FOLDER`; the folder holds the officer's WAVs. Prints one
line of JSON. Of its own, because the memory it needs is one of the figures.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmark.errors import BenchmarkError

if TYPE_CHECKING:
    from simulator.voice.delivery import Delivery
    from simulator.voice.tts import Speaker


@dataclass
class SpokenTurn:
    """One turn. Milliseconds are durations; `*_at_ms` run from the end of the officer's take.

    sequential_ms: the same parts of the same turn one after another: endpoint, recognition, whole reply, whole
    synthesis. authored: the line is the scenario's, so no token was drawn for it or none was used.
    """

    turn: int
    audio_s: float
    asr_ms: float
    reply_ms: float  # from the recognised words to the whole reply
    first_clause_at_ms: float
    first_audio_at_ms: float
    first_clause_speech_ms: float
    whole_speech_ms: float
    speech_s: float
    sequential_ms: float
    authored: bool
    silent: bool
    prefill_ms: float | None = None
    first_token_ms: float | None = None  # from the asking of the model
    n_prompt: int | None = None
    n_cached: int | None = None
    first_clause_decode_ms: float | None = None


@dataclass
class VoiceSession:
    turns: list[SpokenTurn] = field(default_factory=list)
    peak_bytes: int = 0
    end_bytes: int | None = None
    unshared_bytes: int | None = None
    cpu_s: float = 0.0
    wall_s: float = 0.0


def voice_session(model: str, settings: dict[str, Any], folder: Path) -> VoiceSession:
    """Play it in a new process. Raises BenchmarkError with that process's last line where it fails."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmark.voice_session", model, json.dumps(settings), str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise BenchmarkError(f"the voice session failed: {last}")
    found = json.loads(done.stdout.splitlines()[-1])
    turns = [SpokenTurn(**turn) for turn in found.pop("turns")]
    return VoiceSession(turns=turns, **found)


def _play(model: str, settings: dict[str, Any], folder: Path) -> VoiceSession:
    from benchmark.process_memory import resident
    from benchmark.workload import endless, voice_workload
    from models.engine import EngineSettings
    from models.fetch import model_path
    from models.hardware import default_threads
    from simulator.cast import Cast, Choice
    from simulator.events import CivilianSpoke, ClauseReady, Event
    from simulator.voice.delivery import delivery_for
    from simulator.voice.talk import Ears, Mouth, say_to_session
    from simulator.voice.tts import Speaker
    from simulator.voice.wav import read_wav

    workload = voice_workload()
    cast = Cast(model, EngineSettings(**settings))
    loaded = endless(workload.scenario)
    voice = loaded.scenario.civilian.voice
    speaker = Speaker(model_path("tts"), default_threads())
    speaker.warm_up()
    ears = Ears()
    mouth = Mouth(speaker, voice, lambda _audio, _first: None)
    spoke: list[CivilianSpoke] = []
    clause_at = 0.0

    def on_event(event: Event) -> None:
        nonlocal clause_at
        if isinstance(event, CivilianSpoke):
            spoke.append(event)
        elif isinstance(event, ClauseReady) and event.index == 0:
            clause_at = time.monotonic()
        mouth.on_event(event)

    choice = Choice(loaded, workload.subject, workload.seed, voice=True)
    session, started = cast.session(choice, on_event, sound=mouth.times)
    session.begin(started)
    found = VoiceSession()
    began, cpu_began = time.monotonic(), time.process_time()
    for path in sorted(folder.glob("*.wav")):
        take = read_wav(path)
        ended = time.monotonic()
        heard = ears.hear(take)
        recognised = time.monotonic()
        say_to_session(session, heard, "wav", session.seconds() - (recognised - ended))
        said = spoke[-1]
        first_at = mouth.times.first_audio_at
        silent = not any(c.isalnum() for c in said.text)
        clause = mouth.pieces[0][0] if mouth.pieces else ""
        manner = delivery_for(session.agitation, voice)
        first_speech, _ = _timed_speech(speaker, clause, manner)
        whole, speech_s = _timed_speech(speaker, said.text, manner)
        # Nothing is spoken before the whole reply stands, so the reply ends where the first clause is given out.
        reply_ms = (clause_at - recognised) * 1000
        asr_ms = (recognised - ended) * 1000
        timings = said.timings
        decode_ms = None
        if timings and timings.decode_tokens_per_s:
            tokens = len(cast.engine.tokenize(clause))
            decode_ms = tokens / timings.decode_tokens_per_s * 1000
        found.turns.append(
            SpokenTurn(
                turn=session.turn,
                audio_s=take.seconds,
                asr_ms=asr_ms,
                reply_ms=reply_ms,
                first_clause_at_ms=(clause_at - ended) * 1000,
                first_audio_at_ms=((first_at or time.monotonic()) - ended) * 1000,
                first_clause_speech_ms=first_speech,
                whole_speech_ms=whole,
                speech_s=speech_s,
                sequential_ms=workload.endpoint_s * 1000 + asr_ms + reply_ms + whole,
                authored=said.origin == "authored",
                silent=silent,
                prefill_ms=timings.prefill_ms if timings else None,
                first_token_ms=timings.ttft_ms if timings else None,
                n_prompt=timings.n_prompt if timings else None,
                n_cached=timings.n_cached if timings else None,
                first_clause_decode_ms=decode_ms,
            )
        )
    found.cpu_s, found.wall_s = time.process_time() - cpu_began, time.monotonic() - began
    memory = resident()
    found.peak_bytes, found.end_bytes = memory.peak, memory.now
    found.unshared_bytes = memory.unshared
    cast.close()
    return found


def _timed_speech(speaker: Speaker, text: str, manner: Delivery) -> tuple[float, float]:
    """Say it to nobody: (milliseconds it took, seconds of sound)."""
    began = time.perf_counter()
    sound = speaker.speak(text, manner)
    return (time.perf_counter() - began) * 1000, sound.seconds


if __name__ == "__main__":
    print(json.dumps(asdict(_play(sys.argv[1], json.loads(sys.argv[2]), Path(sys.argv[3])))))
