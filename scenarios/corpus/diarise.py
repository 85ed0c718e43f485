"""Who speaks when in a recording: voice prints of Resemblyzer, clustered, then followed through
time.

Resemblyzer's wheel carries its weights (17 MB, Apache-2.0), so nothing is fetched. Its voice print is of 2018,
trained on clean reading: good at telling a man from a woman and most men from each other, weaker through wind,
radio and shouting, and blind to two voices at once. See `roles` for who the voices are.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from typing import Any

import numpy as np
import numpy.typing as npt

from scenarios.errors import ScenarioError

SAMPLE_RATE = 16_000
#: What the encoder was trained on: 1.6 s, 160 frames of 10 ms.
_WINDOW_FRAMES = 160
_HOP_FRAMES = 40
#: A stretch of speech shorter than this does not found a speaker; it is given to one afterwards.
_FOUNDING_S = 1.2
#: Voices further apart than this (1 - cosine, average linkage) are two people. With the next two
#: constants set
#: on three made conversations (flite's kal and slt, espeak-ng), kept apart from those that are
#: reported.
_APART = 0.30
#: How sure a change of speaker must be. Log-odds per window are `_SHARPNESS` x cosine.
_SHARPNESS = 30.0
_CHANGE_COST = 9.0
#: A speaker heard for less than this in all is noise or a fragment of another.
_LEAST_S = 1.5
_MOST_SPEAKERS = 12

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of one voice. Speakers are numbered from 0 in the order in which they are first
    heard.
    """

    start_s: float
    end_s: float
    speaker: int


class NoVoicePrints(ScenarioError):
    """Resemblyzer is not installed."""


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Speech between two pauses: its windows' voice prints, and the middle of each window in
    seconds.
    """

    start_s: float
    end_s: float
    prints: Floats
    middles_s: Floats

    @property
    def mean(self) -> Floats:
        total = self.prints.sum(axis=0)
        return np.asarray(total / np.linalg.norm(total), dtype=np.float32)


def installed() -> bool:
    return not _missing()


def _missing() -> list[str]:
    """Resemblyzer imports webrtcvad, and that pkg_resources, which setuptools has below 81 only."""
    return [name for name in ("resemblyzer", "webrtcvad", "pkg_resources") if not find_spec(name)]


def check_installed() -> None:
    """Raises NoVoicePrints."""
    if not installed():
        raise NoVoicePrints(
            "telling voices apart needs Resemblyzer: pip install 'deescalwild-simulator[recordings]' "
            f"(not here: {', '.join(_missing())})"
        )


def spans_of(samples: Floats, speech: Sequence[tuple[float, float]]) -> list[Span]:
    """`samples`: mono, 16 kHz. `speech`: stretches with speech, in seconds, in order.

    Raises NoVoicePrints where the `recordings` extra is not installed.
    """
    stretches = [_stretch(samples, start, end) for start, end in speech if end - start >= 0.1]
    if not stretches:
        return []
    voices = _voices(stretches)
    spans = [span for stretch in stretches for span in _followed(stretch, voices)]
    return _numbered(spans)


def _voices(stretches: list[_Stretch]) -> Floats:
    """One voice print per speaker, from the longer stretches."""
    founding = [s for s in stretches if s.end_s - s.start_s >= _FOUNDING_S] or stretches
    prints = np.stack([s.mean for s in founding])
    lengths = np.array([s.end_s - s.start_s for s in founding])
    labels = _clustered(prints)
    heard = {label: float(lengths[labels == label].sum()) for label in set(labels.tolist())}
    kept = sorted((label for label in heard if heard[label] >= _LEAST_S), key=lambda k: -heard[k])
    kept = kept[:_MOST_SPEAKERS] or [max(heard, key=lambda k: heard[k])]
    means = [(prints[labels == k] * lengths[labels == k, None]).sum(axis=0) for k in kept]
    return np.stack([mean / np.linalg.norm(mean) for mean in means]).astype(np.float32)


def _clustered(prints: Floats) -> npt.NDArray[np.int64]:
    if len(prints) == 1:
        return np.zeros(1, dtype=np.int64)
    from scipy.cluster.hierarchy import fcluster, linkage

    tree = linkage(prints, method="average", metric="cosine")
    return np.asarray(fcluster(tree, t=_APART, criterion="distance"), dtype=np.int64)


def _followed(stretch: _Stretch, voices: Floats) -> list[Span]:
    """The likeliest path of speakers through the windows of a stretch (Viterbi)."""
    fit = _SHARPNESS * (stretch.prints @ voices.T)
    best = fit[0].copy()
    came_from = np.zeros(fit.shape, dtype=np.int64)
    for step in range(1, len(fit)):
        change = int(best.argmax())
        changed = best[change] - _CHANGE_COST
        came_from[step] = np.where(best >= changed, np.arange(len(best)), change)
        best = np.maximum(best, changed) + fit[step]
    path = [int(best.argmax())]
    for step in range(len(fit) - 1, 0, -1):
        path.append(int(came_from[step, path[-1]]))
    path.reverse()
    spans: list[Span] = []
    start = stretch.start_s
    for step in range(1, len(path) + 1):
        if step < len(path) and path[step] == path[step - 1]:
            continue
        end = stretch.end_s
        if step < len(path):
            end = float(stretch.middles_s[step - 1] + stretch.middles_s[step]) / 2
        spans.append(Span(start, end, path[step - 1]))
        start = end
    return spans


def _numbered(spans: list[Span]) -> list[Span]:
    order: dict[int, int] = {}
    return [Span(s.start_s, s.end_s, order.setdefault(s.speaker, len(order))) for s in spans]


def _stretch(samples: Floats, start_s: float, end_s: float) -> _Stretch:
    import torch
    from resemblyzer.audio import wav_to_mel_spectrogram

    encoder = _encoder()
    piece = samples[int(start_s * SAMPLE_RATE) : int(end_s * SAMPLE_RATE)]
    frames = wav_to_mel_spectrogram(_levelled(piece))
    if len(frames) < _WINDOW_FRAMES:
        frames = np.pad(frames, ((0, _WINDOW_FRAMES - len(frames)), (0, 0)), mode="wrap")
    starts = list(range(0, len(frames) - _WINDOW_FRAMES + 1, _HOP_FRAMES))
    windows = np.stack([frames[s : s + _WINDOW_FRAMES] for s in starts]).astype(np.float32)
    prints: list[Floats] = []
    with torch.inference_mode():
        for at in range(0, len(windows), 256):
            prints.append(encoder(torch.from_numpy(windows[at : at + 256])).numpy())
    middles = start_s + (np.array(starts) + _WINDOW_FRAMES / 2) / 100
    inside: Floats = np.clip(middles, start_s, end_s).astype(np.float32)
    return _Stretch(start_s, end_s, np.concatenate(prints), inside)


def _levelled(piece: Floats) -> Floats:
    """As loud as what the encoder was trained on (-30 dBFS), where it is quieter."""
    from resemblyzer.audio import audio_norm_target_dBFS, normalize_volume

    if not np.any(piece):
        return piece
    return np.asarray(
        normalize_volume(piece, audio_norm_target_dBFS, increase_only=True), dtype=np.float32
    )


@cache
def _encoder() -> Any:
    check_installed()
    import torch
    from resemblyzer import VoiceEncoder

    # The pipeline reads two files at a time, and threads that wait for each other on a busy machine crawl.
    torch.set_num_threads(max(1, (os.cpu_count() or 2) // 2))
    return VoiceEncoder("cpu", verbose=False)
