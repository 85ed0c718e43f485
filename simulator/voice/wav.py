"""Sound as it lies in a file: reading what an officer brings, writing what a session leaves."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from simulator.errors import BadSimulatorInput, SimulatorError

if TYPE_CHECKING:
    import soundfile

Samples = NDArray[np.float32]

MIN_RATE, MAX_RATE = 8_000, 192_000
LONGEST_TURN_S = 600.0


@dataclass(frozen=True)
class Audio:
    """Mono sound: float32 samples in [-1, 1], and how many of them make a second."""

    samples: Samples
    sample_rate: int

    @property
    def seconds(self) -> float:
        return len(self.samples) / self.sample_rate

    def at_rate(self, sample_rate: int) -> Audio:
        """The same sound at another rate; itself where the rate is the same."""
        if sample_rate == self.sample_rate:
            return self
        return Audio(resample(self.samples, self.sample_rate, sample_rate), sample_rate)


def silence(seconds: float, sample_rate: int) -> Audio:
    return Audio(np.zeros(max(0, round(seconds * sample_rate)), np.float32), sample_rate)


def join(pieces: Iterable[Audio], sample_rate: int) -> Audio:
    """One after another, without gaps, at `sample_rate`."""
    parts = [piece.at_rate(sample_rate).samples for piece in pieces]
    return Audio(np.concatenate(parts) if parts else np.zeros(0, np.float32), sample_rate)


def resample(samples: Samples, from_rate: float, to_rate: float) -> Samples:
    import soxr

    if from_rate == to_rate or len(samples) == 0:
        return samples
    out: Samples = np.asarray(soxr.resample(samples, from_rate, to_rate, quality="HQ"), np.float32)
    return out


def read_wav(path: Path, longest_s: float = LONGEST_TURN_S) -> Audio:
    """Read a recording: 8-192 kHz, integer or float, any channels (mixed to one).

    Raises BadSimulatorInput, one line, for what is missing, no sound, empty or too long.
    """
    import soundfile

    if not path.is_file():
        what = "is a folder, not a WAV file" if path.is_dir() else "there is no such file"
        raise BadSimulatorInput(f"{path}: {what}")
    try:
        with soundfile.SoundFile(path) as file:
            rate, frames = int(file.samplerate), int(file.frames)
            if frames == 0:
                raise BadSimulatorInput(f"{path}: the recording is empty (0 seconds of sound)")
            if not MIN_RATE <= rate <= MAX_RATE:
                raise BadSimulatorInput(
                    f"{path}: {rate} samples a second cannot be used; record at 8 to 48 kHz"
                )
            if frames / rate > longest_s:
                raise BadSimulatorInput(
                    f"{path}: {frames / rate / 60:.0f} minutes long; one file is one turn of the "
                    f"officer, at most {longest_s / 60:.0f} minutes"
                )
            channels = file.read(dtype="float32", always_2d=True)
    except (soundfile.SoundFileError, OSError, ValueError) as problem:
        reason = str(getattr(problem, "error_string", problem)).strip().rstrip(".")
        raise BadSimulatorInput(f"{path}: not a recording that can be read ({reason})") from None
    if len(channels) == 0:  # the header promises frames that are not there
        raise BadSimulatorInput(f"{path}: the recording is empty (0 seconds of sound)")
    if not np.isfinite(channels).all():
        raise BadSimulatorInput(f"{path}: damaged: it holds values that are not numbers")
    return Audio(_mono(channels), rate)


def _mono(channels: NDArray[np.float32]) -> Samples:
    mixed = channels.mean(axis=1, dtype=np.float32)
    loudest = channels[:, int(np.argmax((channels.astype(np.float64) ** 2).mean(axis=0)))]
    # Some headsets wire one channel upside down: mixing would silence the speaker.
    if float((mixed**2).mean()) < 0.05 * float((loudest**2).mean()):
        mixed = np.ascontiguousarray(loudest)
    peak = float(np.abs(mixed).max())
    return np.asarray(mixed / peak if peak > 1.0 else mixed, np.float32)


def write_wav(path: Path, audio: Audio) -> None:
    """Write 16-bit mono; the file appears whole or not at all."""
    with _whole_wav(path, audio.sample_rate) as file:
        file.write(_int16(audio.samples))


@dataclass(frozen=True)
class Placed:
    """A piece of a session: its WAV, and when it began on the session's clock."""

    at_s: float
    source: Path | Audio


def write_session(path: Path, pieces: Iterable[Placed], sample_rate: int = 22_050) -> float:
    """Lay the pieces out as they were said, pauses and overlaps as they were; seconds written.

    Pieces are read one at a time and written as soon as nothing more can fall on them, so a
    two-hour session needs no more memory than its longest turn.
    """
    written = 0
    pending = np.zeros(0, np.float32)  # sound from `written` on that a later piece may overlap
    with _whole_wav(path, sample_rate) as file:
        for piece in sorted(pieces, key=lambda placed: placed.at_s):
            audio = read_wav(piece.source) if isinstance(piece.source, Path) else piece.source
            sound = audio.at_rate(sample_rate).samples
            start = max(0, round(piece.at_s * sample_rate)) - written
            done, pending = pending[:start], pending[start:]
            file.write(_int16(done))
            for gap in _blocks(start - len(done), sample_rate * 10):
                file.write(np.zeros(gap, np.int16))
            written += start
            mixed = np.zeros(max(len(pending), len(sound)), np.float32)
            mixed[: len(pending)] += pending
            mixed[: len(sound)] += sound
            pending = mixed
        file.write(_int16(pending))
    return (written + len(pending)) / sample_rate


def _blocks(total: int, size: int) -> Iterator[int]:
    while total > 0:
        yield min(total, size)
        total -= size


def _int16(samples: Samples) -> NDArray[np.int16]:
    return np.asarray(np.clip(samples, -1.0, 1.0) * 32767.0, np.int16)


@contextmanager
def _whole_wav(path: Path, sample_rate: int) -> Iterator[soundfile.SoundFile]:
    import soundfile

    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with soundfile.SoundFile(part, "w", sample_rate, 1, "PCM_16", format="WAV") as file:
            yield file
        part.replace(path)
    except (soundfile.SoundFileError, OSError) as problem:
        reason = getattr(problem, "strerror", None) or getattr(problem, "error_string", problem)
        raise SimulatorError(f"{path}: could not be written ({str(reason).rstrip('.')})") from None
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)
