"""Our recogniser against faster-whisper's default call with the same model: time and word errors.

Run as `python -m benchmark.hearing FOLDER`, in a process of its own: the folder holds NAME.wav with NAME.txt beside it.
The two hear each recording one after the other; who is first changes. Prints one line of JSON.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

from benchmark.errors import BenchmarkError


@dataclass
class Hearing:
    """One entry a recording. Milliseconds, seconds of sound, and what was understood."""

    ours_ms: list[float] = field(default_factory=list)
    default_ms: list[float] = field(default_factory=list)
    audio_s: list[float] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    ours: list[str] = field(default_factory=list)
    default: list[str] = field(default_factory=list)

    @property
    def speedups(self) -> list[float]:
        return [default / ours for ours, default in zip(self.ours_ms, self.default_ms, strict=True)]

    @property
    def wer(self) -> float:
        return _word_error_rate(self.said, self.ours)

    @property
    def wer_default(self) -> float:
        return _word_error_rate(self.said, self.default)


def hearing(folder: Path) -> Hearing:
    """Compare in a new process. Raises BenchmarkError with its last line where it fails."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmark.hearing", str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise BenchmarkError(f"the recognisers could not be compared: {last}")
    return Hearing(**json.loads(done.stdout.splitlines()[-1]))


def bare_words(text: str) -> str:
    """Lower case, without punctuation: what a word error rate compares."""
    kept = "".join(c if c.isalnum() or c in "' " else " " for c in text.lower().replace("’", "'"))
    return " ".join(kept.replace("alright", "all right").split()) or "-"


def _word_error_rate(said: list[str], heard: list[str]) -> float:
    import jiwer

    return float(
        jiwer.wer([bare_words(text) for text in said], [bare_words(text) for text in heard])
    )


def _compare(folder: Path) -> Hearing:
    from faster_whisper import WhisperModel

    from models.fetch import model_path
    from models.hardware import default_threads
    from simulator.voice.asr import Recogniser
    from simulator.voice.wav import Samples, read_wav

    ours = Recogniser(model_path("asr"), default_threads())
    ours.warm_up()
    # Its own defaults for the call; the same arithmetic and threads, so that only the call differs.
    plain = WhisperModel(
        str(model_path("asr")), device="cpu", compute_type="int8", cpu_threads=default_threads()
    )

    def hear_ours(samples: Samples) -> tuple[str, float]:
        began = time.perf_counter()
        text = ours.recognise(samples).text
        return text, (time.perf_counter() - began) * 1000

    def hear_default(samples: Samples) -> tuple[str, float]:
        began = time.perf_counter()
        segments, _ = plain.transcribe(samples)
        text = " ".join(segment.text.strip() for segment in segments)
        return text, (time.perf_counter() - began) * 1000

    found = Hearing()
    paths = sorted(folder.glob("*.wav"))
    hear_default(read_wav(paths[0]).at_rate(16_000).samples)  # the first run is the slowest
    for number, path in enumerate(paths):
        samples = read_wav(path).at_rate(16_000).samples
        heard = {}
        for hear in (hear_ours, hear_default) if number % 2 else (hear_default, hear_ours):
            heard[hear] = hear(samples)
        found.said.append(path.with_suffix(".txt").read_text(encoding="utf-8"))
        found.audio_s.append(len(samples) / 16_000)
        found.ours.append(heard[hear_ours][0])
        found.ours_ms.append(heard[hear_ours][1])
        found.default.append(heard[hear_default][0])
        found.default_ms.append(heard[hear_default][1])
    return found


if __name__ == "__main__":
    print(json.dumps(asdict(_compare(Path(sys.argv[1])))))
