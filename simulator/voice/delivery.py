"""How something is said: from a voice and a person's agitation to what Piper is given."""

from __future__ import annotations

from dataclasses import dataclass

from scenarios.schema import Voice


@dataclass(frozen=True)
class Delivery:
    """What the synthesis is given. Rate above 1 is faster; gain is on the voice's own level."""

    rate: float = 1.0
    gain_db: float = 0.0
    pitch_semitones: float = 0.0
    noise: float = 0.667  # how much the timbre varies (VITS noise_scale)
    rhythm: float = 0.8  # how much the length of sounds varies (VITS noise_w)
    pause_s: float = 0.15  # after a sentence, besides what the voice leaves itself


SLOWEST, FASTEST = 0.6, 1.8


def delivery_for(agitation: float, voice: Voice) -> Delivery:
    """Agitation (0-100) heard: faster, louder, a little higher, less even, no pause for breath.

    The middle of the scale is the voice as the scenario sets it. Directions are those of arousal in
    Scherer (2003), "Vocal communication of emotion", Speech Communication 40; the ends are as far
    as our own recogniser still follows every word (tests/voice/test_tts.py).
    """
    tension = max(-1.0, min(1.0, (agitation - 50.0) / 50.0))
    return Delivery(
        rate=max(SLOWEST, min(FASTEST, voice.rate * (1.0 + 0.15 * tension))),
        gain_db=6.0 * tension if tension > 0 else 4.0 * tension,
        pitch_semitones=voice.pitch_semitones + (1.5 if tension > 0 else 0.5) * tension,
        noise=0.667 + 0.10 * tension,
        rhythm=0.8 + 0.15 * tension,
        pause_s=0.15 - 0.12 * tension,
    )


def officer_voice(civilian: Voice) -> Voice:
    """Settings for the officer's sample lines where only one voice is installed.

    Plainly another speaker: 4.5 semitones away, and above where there is room: words stay plainer.
    """
    higher = civilian.pitch_semitones + 4.5 <= 6.0
    return Voice(
        rate=1.05 if higher else 0.97,
        pitch_semitones=civilian.pitch_semitones + (4.5 if higher else -4.5),
    )
