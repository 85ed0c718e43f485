"""Is somebody speaking? Silero's voice-activity model, the one that faster-whisper brings."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from simulator.voice.wav import Samples

RATE = 16_000
FRAME = 512  # samples, 32 ms: the only size the model takes
FRAME_S = FRAME / RATE
#: The model wants the last 64 samples of the frame before in front of each frame. Without them the
#: scores collapse with no error at all.
CONTEXT = 64

#: Silero's own pair: speech begins above the first and ends below the second.
SPEECH_BEGINS, SPEECH_ENDS = 0.5, 0.35
#: Shorter than this is a click or a cough, not a word.
SHORTEST_SPEECH_S = 0.096


@dataclass(frozen=True)
class SpeechBounds:
    """Where speech begins and ends in a recording, and how much of it there is, in seconds."""

    start_s: float
    end_s: float
    speech_s: float


class SpeechDetector:
    """Silero VAD at 16 kHz. `probabilities` for a recording, `feed` for a stream.

    One per stream of sound: `feed` remembers what it heard. Not thread-safe.
    """

    def __init__(self) -> None:
        import onnxruntime
        from faster_whisper.utils import get_assets_path

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.enable_cpu_mem_arena = False
        options.log_severity_level = 4
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = onnxruntime.InferenceSession(
            str(Path(get_assets_path()) / "silero_vad_v6.onnx"),
            sess_options=options,
            providers=["CPUExecutionProvider"],
        )
        self.reset()

    def reset(self) -> None:
        """Forget the stream: the next frame is the first."""
        self._hidden = np.zeros((1, 1, 128), np.float32)
        self._cell = np.zeros((1, 1, 128), np.float32)
        self._context = np.zeros(CONTEXT, np.float32)

    def feed(self, frame: Samples) -> float:
        """Speech probability of the next 32 ms (512 samples) of the stream."""
        if len(frame) != FRAME:
            raise ValueError(f"a frame is {FRAME} samples, not {len(frame)}")
        return float(self._run(frame[None, :])[0])

    def probabilities(self, samples: Samples) -> NDArray[np.float32]:
        """Speech probability of every 32 ms of a recording at 16 kHz; the last frame is padded."""
        self.reset()
        if len(samples) == 0:
            return np.zeros(0, np.float32)
        padded = np.pad(samples, (0, -len(samples) % FRAME)).reshape(-1, FRAME)
        # In pieces: the model unrolls over frames, and a minute at once would be slow to allocate.
        return np.concatenate(
            [self._run(padded[at : at + 1000]) for at in range(0, len(padded), 1000)]
        )

    def _run(self, frames: NDArray[np.float32]) -> NDArray[np.float32]:
        before = np.concatenate([self._context[None, :], frames[:-1, -CONTEXT:]])
        speech, self._hidden, self._cell = self._session.run(
            None,
            {
                "input": np.concatenate([before, frames], axis=1).astype(np.float32),
                "h": self._hidden,
                "c": self._cell,
            },
        )
        self._context = frames[-1, -CONTEXT:].astype(np.float32)
        return np.asarray(speech, np.float32).reshape(-1)

    def speech_bounds(self, samples: Samples) -> SpeechBounds | None:
        """From the first word to the end of the last; None where nobody speaks."""
        return bounds_of(self.probabilities(samples), len(samples) / RATE)

    def trim(self, samples: Samples, keep_s: float = 0.25) -> Samples:
        """Without the silence around the speech, but for `keep_s`; empty where nobody speaks.

        0.25 s: soft consonants at either end score as silence.
        """
        bounds = self.speech_bounds(samples)
        if bounds is None:
            return samples[:0]
        start = max(0, round((bounds.start_s - keep_s) * RATE))
        return samples[start : round((bounds.end_s + keep_s) * RATE)]


def bounds_of(probabilities: NDArray[np.float32], total_s: float) -> SpeechBounds | None:
    """Bounds of speech from the probabilities of 32 ms frames, with Silero's two thresholds."""
    runs: list[tuple[int, int]] = []
    began: int | None = None
    for at, probability in enumerate([*probabilities.tolist(), 0.0]):
        if began is None and probability >= SPEECH_BEGINS:
            began = at
        elif began is not None and probability < SPEECH_ENDS:
            runs.append((began, at))
            began = None
    words = [(start, end) for start, end in runs if (end - start) * FRAME_S >= SHORTEST_SPEECH_S]
    if not words:
        return None
    return SpeechBounds(
        start_s=words[0][0] * FRAME_S,
        end_s=min(words[-1][1] * FRAME_S, total_s),
        speech_s=sum(end - start for start, end in words) * FRAME_S,
    )
