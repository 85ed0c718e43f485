"""The officer of the voice benchmark: the workload's lines spoken by Piper, in several manners, some over noise."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from benchmark.workload import OfficerVoice, VoiceWorkload
from models.fetch import model_path
from models.hardware import default_threads
from scenarios.schema import Voice
from simulator.voice.delivery import delivery_for
from simulator.voice.wav import Audio, write_wav

#: What Piper draws its noise from, so that two runs on one build say the lines alike.
_SEED = 11
#: Silence that a held key leaves before and after the words.
_BEFORE_S, _AFTER_S = 0.15, 0.25


@dataclass(frozen=True)
class SpokenLine:
    path: Path
    words: str
    voice: int  # which of the workload's voices


def speak_lines(workload: VoiceWorkload, folder: Path) -> list[SpokenLine]:
    """Every line in every voice, as WAV files of 16 kHz: voice by voice, in the order of the lines."""
    import onnxruntime

    from simulator.voice.tts import Speaker

    onnxruntime.set_seed(_SEED)
    speaker = Speaker(model_path("tts"), default_threads())
    spoken: list[SpokenLine] = []
    for number, voice in enumerate(workload.voices):
        manner = delivery_for(50, Voice(rate=voice.rate, pitch_semitones=voice.pitch_semitones))
        for at, words in enumerate(workload.officer):
            path = folder / f"{number}-{at:02d}.wav"
            write_wav(path, _take(speaker.speak(words, manner), voice, _SEED + len(spoken)))
            spoken.append(SpokenLine(path, words, number))
    return spoken


def sound_sha256(spoken: list[SpokenLine]) -> str:
    """Hash of all the sound: builds of Piper differ, and then the recogniser was given something else."""
    digest = hashlib.sha256()
    for line in spoken:
        digest.update(line.path.read_bytes())
    return digest.hexdigest()


def _take(said: Audio, voice: OfficerVoice, seed: int) -> Audio:
    """As a microphone would give it: 16 kHz, a little silence around, the room's noise."""
    import numpy as np

    rate = 16_000
    samples = said.at_rate(rate).samples
    samples = np.pad(samples, (round(_BEFORE_S * rate), round(_AFTER_S * rate)))
    if voice.noise_db is not None:
        noise = np.random.default_rng(seed).normal(0.0, 10 ** (voice.noise_db / 20), len(samples))
        samples = np.clip(samples + noise.astype(np.float32), -1.0, 1.0)
    return Audio(samples.astype(np.float32), rate)
