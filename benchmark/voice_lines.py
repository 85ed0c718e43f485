"""The officer of the voice benchmark: the workload's turns spoken by Piper and espeak-ng, some over noise."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmark.errors import BenchmarkError
from benchmark.voice_workload import OfficerTurn, OfficerVoice, VoiceWorkload
from models.fetch import model_path
from models.hardware import default_threads
from models.places import cache_dir
from scenarios.schema import Voice
from simulator.voice.delivery import delivery_for
from simulator.voice.wav import Audio, Samples, read_wav, write_wav

if TYPE_CHECKING:
    from simulator.voice.tts import Speaker

RATE = 16_000
#: What Piper draws its noise from, so that two runs on one build say the lines alike.
_SEED = 11
#: Silence around an utterance that the recognisers are given whole.
_BEFORE_S, _AFTER_S = 0.15, 0.25
#: Below this share of the loudest sample there is no speech any more, only the voice's tail.
_TAIL = 0.02


@dataclass(frozen=True)
class SpokenLine:
    """A recording; voice: which of the workload's."""

    path: Path
    words: str
    voice: int


class OfficerVoices:
    """Says things in the workload's voices; without espeak-ng its voices are further manners of Piper's."""

    def __init__(self, workload: VoiceWorkload) -> None:
        import onnxruntime

        from simulator.voice.tts import Speaker

        onnxruntime.set_seed(_SEED)
        self._voices = workload.voices
        self._speaker: Speaker = Speaker(model_path("tts"), default_threads())
        self.espeak = shutil.which("espeak-ng")

    def say(self, turn: OfficerTurn, number: int) -> Samples:
        """16 kHz, from the first sound to the last; what is no word is a cough."""
        voice = self._voices[number]
        gap = np.zeros(round(turn.pause_s * RATE), np.float32)
        parts: list[Samples] = []
        for part in turn.say:
            parts += [gap] if parts else []
            parts.append(bare(self._spoken(part, voice)) if part else cough(number))
        return np.concatenate(parts)

    def _spoken(self, words: str, voice: OfficerVoice) -> Samples:
        if voice.espeak and self.espeak:
            return _of_espeak(self.espeak, words, voice)
        manner = delivery_for(50, Voice(rate=voice.rate, pitch_semitones=voice.pitch_semitones))
        return self._speaker.speak(words, manner).at_rate(RATE).samples


def _of_espeak(program: str, words: str, voice: OfficerVoice) -> Samples:
    with tempfile.TemporaryDirectory(prefix="deescal-say-") as folder:
        path = Path(folder) / "said.wav"
        speed, pitch = round(160 * voice.rate), round(50 + 4 * voice.pitch_semitones)
        subprocess.run(
            [program, "-v", str(voice.espeak), "-s", str(speed), "-p", str(pitch), "-w", str(path), words],
            check=True,
            capture_output=True,
        )  # fmt: skip
        return read_wav(path).at_rate(RATE).samples


def bare(samples: Samples) -> Samples:
    """Without the silence that a voice leaves around its words: where speech ends must be known exactly."""
    loud = np.flatnonzero(np.abs(samples) > _TAIL * np.abs(samples).max())
    return samples[loud[0] : loud[-1] + 1]


def cough(seed: int) -> Samples:
    """Two bursts of breath, as a throat is cleared."""
    draw = np.random.default_rng(seed)
    bursts = []
    for seconds, loud in ((0.12, 0.35), (0.06, 0.0), (0.2, 0.25)):
        at = np.arange(round(seconds * RATE)) / RATE
        breath = np.convolve(draw.normal(0, 1, len(at)), np.hanning(9), "same")
        bursts.append(loud * breath / 4 * np.exp(-at * 14))
    return np.concatenate(bursts).astype(np.float32)


def room_noise(voice: OfficerVoice, seconds: float, seed: int) -> Samples:
    """What a microphone hears where nobody speaks: never nothing."""
    level_db = -72.0 if voice.noise_db is None else voice.noise_db
    noise = np.random.default_rng(seed).normal(0.0, 10 ** (level_db / 20), round(seconds * RATE))
    return noise.astype(np.float32)


def speak_conversation(
    voices: OfficerVoices, turns: list[OfficerTurn], number: int, folder: Path
) -> None:
    """One WAV a turn, in their order, without room around the words: `voice_room` is the room."""
    for at, turn in enumerate(turns):
        write_wav(folder / f"{at:02d}.wav", Audio(voices.say(turn, number), RATE))


def speak_lines(
    workload: VoiceWorkload, voices: OfficerVoices, folder: Path, most: int | None = None
) -> Iterator[SpokenLine]:
    """Every turn with words in every voice, with room noise, as the recognisers are given them.

    "Mm-hm" is left out: there is no right way to write it.
    """
    turns = [turn for conversation in workload.conversations for turn in conversation]
    lines = [turn for turn in turns if turn.words and turn.over != "backchannel"]
    spoken = 0
    for number, voice in enumerate(workload.voices):
        for at, turn in enumerate(lines):
            if most is not None and at * len(workload.voices) >= most:
                break
            said = np.pad(
                voices.say(turn, number), (round(_BEFORE_S * RATE), round(_AFTER_S * RATE))
            )
            noise = room_noise(voice, len(said) / RATE, _SEED + spoken)
            mixed = np.clip(said + noise[: len(said)], -1.0, 1.0).astype(np.float32)
            path = folder / f"{number}-{at:02d}.wav"
            write_wav(path, Audio(mixed, RATE))
            path.with_suffix(".txt").write_text(turn.words, encoding="utf-8")
            spoken += 1
            yield SpokenLine(path, turn.words, number)


def recordings(
    workload: VoiceWorkload, hearing_lines: int | None, progress: Callable[[float], None]
) -> Path:
    """The officer's sound in a folder, made once and kept in the cache: talk/CONVERSATION/TURN.wav, lines/*.wav.

    hearing_lines: at most about so many for the recognisers. progress: the share that is done.
    """
    espeak = shutil.which("espeak-ng") or ""
    key = hashlib.sha256(f"{workload.model_dump_json()}{hearing_lines}{bool(espeak)}".encode())
    folder = cache_dir() / "bench-voice" / key.hexdigest()[:24]
    if folder.is_dir():
        return folder
    part = folder.with_name(f".{folder.name}.{os.getpid()}.part")
    voices = OfficerVoices(workload)
    total = sum(map(len, workload.conversations)) * (1 + len(workload.voices))
    try:
        done = 0
        for number, turns in enumerate(workload.conversations):
            (part / "talk" / str(number)).mkdir(parents=True)
            speak_conversation(
                voices, turns, number % len(workload.voices), part / "talk" / str(number)
            )
            done += len(turns)
            progress(done / total)
        (part / "lines").mkdir()
        for _ in speak_lines(workload, voices, part / "lines", hearing_lines):
            done += 1
            progress(min(1.0, done / total))
        part.rename(folder)
    except OSError as problem:
        raise BenchmarkError(f"{folder}: cannot be written ({problem.strerror})") from None
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return folder


def sound_sha256(folder: Path) -> str:
    """Hash of all the sound: builds of Piper differ, and then the recogniser was given something else."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*.wav")):
        digest.update(path.read_bytes())
    return digest.hexdigest()
