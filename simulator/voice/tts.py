"""The civilian's voice: Piper, without its per-sentence normalisation, on threads we choose."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from simulator.errors import SimulatorError
from simulator.voice.delivery import Delivery
from simulator.voice.spoken_text import Pause, spoken
from simulator.voice.wav import Audio, Samples, join, resample, silence

FADE_S = 0.004
#: Above this the limiter bends the peaks instead of cutting them: shouting does not crackle.
KNEE = 0.8

# Piper warns of every phoneme it does not know; a line on stderr would fall into the screen.
logging.getLogger("piper").addHandler(logging.NullHandler())


class Speaker:
    """One Piper voice: a .onnx, its .onnx.json beside it.

    `stream` gives sound sentence by sentence, `speak` the whole.
    Not thread-safe: espeak, below Piper, is one for the process.
    """

    def __init__(self, model_path: Path, threads: int = 2) -> None:
        import onnxruntime
        from piper.config import PiperConfig
        from piper.voice import PiperVoice

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 4
        # Idle threads would spin after each sentence and take the cores from the model.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        # The arena keeps the largest sentence ever said: same speed without, hundreds of MB less.
        options.enable_cpu_mem_arena = False
        # A plan of the memory is kept for every length of sentence: 300 MB after a hundred.
        options.enable_mem_pattern = False
        try:
            settings = model_path.with_name(model_path.name + ".json")
            config = PiperConfig.from_dict(json.loads(settings.read_text(encoding="utf-8")))
            session = onnxruntime.InferenceSession(
                str(model_path), sess_options=options, providers=["CPUExecutionProvider"]
            )
            self._piper = PiperVoice(session=session, config=config)
        except Exception as problem:  # onnxruntime's own errors share no base but Exception
            reason = str(problem).splitlines()[0] if str(problem) else type(problem).__name__
            raise SimulatorError(
                f"{model_path}: not a voice that can be loaded ({reason})"
            ) from None
        self.sample_rate = int(config.sample_rate)

    def warm_up(self) -> None:
        """Say a word to nobody: the first synthesis is the slowest."""
        self.speak("Okay, listen.")

    def speak(self, text: str, delivery: Delivery | None = None) -> Audio:
        """The whole text as sound; 0 seconds where there is nothing to say aloud."""
        return join(self.stream(text, delivery), self.sample_rate)

    def stream(self, text: str, delivery: Delivery | None = None) -> Iterator[Audio]:
        """Sound as soon as there is some: a chunk a sentence, and silence for "…"."""
        how = delivery or Delivery()
        breath_due = False
        for part in spoken(text):
            if isinstance(part, Pause):
                yield silence(part.seconds, self.sample_rate)
                breath_due = False
                continue
            for sentence in self._sentences(part.text, how):
                if breath_due and how.pause_s > 0:
                    yield silence(how.pause_s, self.sample_rate)
                yield sentence
                breath_due = True

    def _sentences(self, text: str, how: Delivery) -> Iterator[Audio]:
        from piper.config import SynthesisConfig

        # Pitch with one model: say it slower by as much as it is then played faster.
        pitch = 2.0 ** (how.pitch_semitones / 12.0)
        config = SynthesisConfig(
            length_scale=pitch / how.rate,
            noise_scale=how.noise,
            noise_w_scale=how.rhythm,
            normalize_audio=False,  # per sentence it would flatten a shout and raise a whisper
        )
        for phonemes in self._piper.phonemize(text):
            ids = self._piper.phonemes_to_ids(phonemes)
            raw = self._piper.phoneme_ids_to_audio(ids, config)
            samples = np.atleast_1d(np.asarray(raw, np.float32))
            samples = resample(samples, self.sample_rate * pitch, self.sample_rate)
            yield Audio(_faded(_loud(samples, how.gain_db), self.sample_rate), self.sample_rate)


def _loud(samples: Samples, gain_db: float) -> Samples:
    """Apply the gain; what would pass the knee is bent under 1."""
    out = samples * np.float32(10.0 ** (gain_db / 20.0))
    size = np.abs(out)
    bent = KNEE + (1.0 - KNEE) * np.tanh((size - KNEE) / (1.0 - KNEE))
    return np.where(size > KNEE, np.sign(out) * bent, out).astype(np.float32)


def _faded(samples: Samples, sample_rate: int) -> Samples:
    """A few milliseconds in and out: a sentence begins and ends without a click."""
    length = min(round(FADE_S * sample_rate), len(samples) // 2)
    ramp = np.linspace(0.0, 1.0, length, dtype=np.float32)
    samples = samples.copy()
    samples[:length] *= ramp
    samples[len(samples) - length :] *= ramp[::-1]
    return samples
