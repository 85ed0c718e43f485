"""Sounds without words, as breath through a mouth: noise with the colour of a throat, shaped in loudness over time.

Piper says words only; asked for "hhh" it spells. So these are made here, as any civilian's throat is tuned: higher
where their voice is pitched higher, louder and quicker where they are tense.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scenarios.reactions import ReactionSound
from simulator.voice.delivery import Delivery
from simulator.voice.wav import Audio

_Curve = NDArray[np.float64]

#: Below the level of a sentence of the voice (about -28 dB): breath is softer than speech.
_LEVEL_DB = -32.0
#: Breathed sounds darken or brighten from one colour to the other while they last.
_SLICES = 6


@dataclass(frozen=True)
class _Breath:
    """One stretch of breath. loudness: (share of its time, 0-1) points; colours: centre of its resonances in Hz at
    the beginning and at the end, width in octaves; voiced: how much of it is a humming throat, of so many Hz.
    """

    seconds: float
    loudness: tuple[tuple[float, float], ...]
    colours: tuple[float, float]
    width: float = 1.2
    voiced: float = 0.0
    hertz: tuple[float, float] = (120.0, 100.0)


_IN = ((0.0, 0.0), (0.6, 1.0), (0.85, 0.8), (1.0, 0.0))
_OUT = ((0.0, 0.0), (0.12, 1.0), (0.4, 0.6), (1.0, 0.0))
_BURST = ((0.0, 0.0), (0.05, 1.0), (0.25, 0.5), (1.0, 0.0))
_HELD = ((0.0, 0.0), (0.15, 1.0), (0.7, 0.8), (1.0, 0.0))


def _rest(seconds: float) -> _Breath:
    return _Breath(seconds, ((0.0, 0.0), (1.0, 0.0)), (1000.0, 1000.0))


_SOUNDS: dict[ReactionSound, tuple[_Breath, ...]] = {
    "breath": (_Breath(0.45, _IN, (1400.0, 2600.0)),),
    "sigh": (_Breath(0.22, _IN, (1500.0, 2200.0)), _Breath(0.75, _OUT, (1500.0, 600.0), voiced=0.25)),
    "gasp": (_Breath(0.28, ((0.0, 0.0), (0.3, 1.0), (0.8, 0.7), (1.0, 0.0)), (1800.0, 3200.0)),),
    "sniff": (
        _Breath(0.12, _IN, (3200.0, 4200.0), 0.8),
        _rest(0.06),
        _Breath(0.2, _IN, (3000.0, 4400.0), 0.8),
    ),
    "sob": (
        _Breath(0.13, _IN, (1500.0, 2600.0)),
        _rest(0.05),
        _Breath(0.13, _IN, (1600.0, 2800.0)),
        _rest(0.05),
        _Breath(0.16, _IN, (1700.0, 3000.0)),
        _Breath(0.38, _OUT, (1100.0, 700.0), voiced=0.5, hertz=(190.0, 140.0)),
    ),
    "scoff": (_Breath(0.26, _BURST, (1300.0, 900.0), 1.6),),
    "laugh": (
        _Breath(0.13, _BURST, (1200.0, 900.0), voiced=0.35, hertz=(150.0, 130.0)),
        _rest(0.07),
        _Breath(0.15, _BURST, (1100.0, 800.0), voiced=0.3, hertz=(135.0, 110.0)),
    ),
    "groan": (_Breath(0.55, _HELD, (700.0, 450.0), voiced=0.85, hertz=(110.0, 85.0)),),
    "hum": (_Breath(0.5, _HELD, (350.0, 300.0), voiced=0.95, hertz=(115.0, 105.0)),),
    "cough": (_Breath(0.14, _BURST, (1500.0, 900.0), 2.0), _rest(0.09), _Breath(0.2, _BURST, (1300.0, 800.0), 2.0)),
}  # fmt: skip


def wordless(sound: ReactionSound, how: Delivery, sample_rate: int, seed: int) -> Audio:
    """The sound, in this manner; the same for the same seed."""
    draw = np.random.default_rng(seed)
    throat = 2.0 ** (how.pitch_semitones / 12.0)
    parts = [_breathed(each, throat, how.rate, sample_rate, draw) for each in _SOUNDS[sound]]
    samples = np.concatenate(parts)
    loud = float(np.sqrt(np.mean(samples**2))) or 1.0
    level = 10.0 ** ((_LEVEL_DB + how.gain_db) / 20.0)
    return Audio(np.clip(samples * (level / loud), -0.9, 0.9).astype(np.float32), sample_rate)


def _breathed(
    breath: _Breath, throat: float, rate: float, sample_rate: int, draw: np.random.Generator
) -> _Curve:
    count = round(breath.seconds / rate * sample_rate)
    at = np.linspace(0.0, 1.0, count)
    times, sizes = zip(*breath.loudness, strict=True)
    loudness = np.interp(at, times, sizes)
    noise = draw.normal(0.0, 1.0, count)
    coloured = np.zeros(count)
    start, end = breath.colours
    for part in range(_SLICES):
        centre = throat * start * (end / start) ** ((part + 0.5) / _SLICES)
        share = np.clip(1.0 - np.abs(at * _SLICES - part - 0.5), 0.0, 1.0)
        share[at * _SLICES < 0.5] = float(part == 0)
        share[at * _SLICES > _SLICES - 0.5] = float(part == _SLICES - 1)
        coloured += share * _through(noise, centre, breath.width, sample_rate)
    coloured /= np.std(coloured) or 1.0
    if breath.voiced:
        low, high = breath.hertz
        phase = 2 * np.pi * np.cumsum(throat * (low + (high - low) * at)) / sample_rate
        overtones = np.sum([np.sin(k * phase) / k**1.5 for k in range(1, 9)], axis=0)
        hummed = _through(overtones, throat * 500.0, 2.5, sample_rate)
        hummed /= np.std(hummed) or 1.0
        coloured = (1.0 - breath.voiced) * coloured + breath.voiced * hummed
    curve: _Curve = coloured * loudness
    return curve


def _through(sound: _Curve, centre: float, width: float, sample_rate: int) -> _Curve:
    """Through a resonance: a bell over the octaves."""
    spectrum = np.fft.rfft(sound)
    hertz = np.maximum(np.fft.rfftfreq(len(sound), 1.0 / sample_rate), 20.0)
    bell = np.exp(-0.5 * (np.log2(hertz / centre) / width) ** 2)
    out: _Curve = np.fft.irfft(spectrum * bell, len(sound))
    return out
