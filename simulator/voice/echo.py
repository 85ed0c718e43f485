"""Takes the civilian's own voice out of what the microphone hears: WebRTC's canceller, where it is installed."""

from __future__ import annotations

import threading

import numpy as np

from simulator.errors import SimulatorError
from simulator.voice.vad import FRAME, RATE
from simulator.voice.wav import Samples, resample

#: The canceller works on 10 ms.
_STEP = RATE // 100
#: More than this of what was played is never waiting to be heard by the microphone.
_LONGEST_S = 1.0


class EchoCanceller:
    """`played` is told what the loudspeaker is given, `clean` what the microphone hears, each on its own thread.

    Which of the two is how much late, the canceller finds out by itself within a second or two of speech.
    Raises SimulatorError, one line, where its library is not installed.
    """

    def __init__(self) -> None:
        try:
            from pywebrtc_audio import AudioProcessor
        except ImportError:
            raise SimulatorError(
                "echo cancellation is not installed: pip install 'deescalwild-simulator[echo]'; "
                "or use a headset, or --no-headset"
            ) from None
        self._processor = AudioProcessor(
            sample_rate=RATE, num_channels=1, echo_cancellation=True, noise_suppression=False
        )
        self._lock = threading.Lock()
        self._played = np.zeros(0, np.float32)
        self._heard = np.zeros(0, np.float32)
        self._clean = np.zeros(0, np.float32)

    def played(self, samples: Samples, rate: int) -> None:
        """What the loudspeaker is given now, mono at its rate."""
        sound = resample(samples, rate, RATE)
        with self._lock:
            self._played = np.concatenate([self._played, sound])[-round(_LONGEST_S * RATE) :]

    def clean(self, frame: Samples) -> Samples:
        """A frame of 512 samples at 16 kHz without what was played; the first comes 10 ms late, as silence."""
        self._heard = np.concatenate([self._heard, frame])
        while len(self._heard) >= _STEP:
            near, self._heard = self._heard[:_STEP], self._heard[_STEP:]
            with self._lock:
                far, self._played = self._played[:_STEP], self._played[_STEP:]
            far = np.pad(far, (0, _STEP - len(far)))
            out = self._processor.process(
                np.ascontiguousarray(near, np.float32), np.ascontiguousarray(far, np.float32)
            )
            self._clean = np.concatenate([self._clean, np.asarray(out, np.float32)])
        if len(self._clean) < FRAME:
            self._clean = np.concatenate(
                [np.zeros(FRAME - len(self._clean), np.float32), self._clean]
            )
        frame, self._clean = self._clean[:FRAME], self._clean[FRAME:]
        return frame
