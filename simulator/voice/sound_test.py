"""Does the sound work? A sentence is played and listened for, the officer says one; what was found is remembered."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from models.fetch import model_path
from models.hardware import default_threads
from simulator.errors import SimulatorError
from simulator.voice.completeness import is_echo
from simulator.voice.devices import Device, find_device
from simulator.voice.loudspeaker import Loudspeaker
from simulator.voice.microphone import SILENT_DB, Microphone
from simulator.voice.prosody import speech_level_db
from simulator.voice.sound_choice import SoundChoice, remember
from simulator.voice.talk import Ears
from simulator.voice.tts import Speaker
from simulator.voice.vad import RATE, SpeechDetector
from simulator.voice.wav import Audio

PLAYED = "This is how the other person sounds. If you can hear me well, the loudspeaker works."
ASKED = "Good evening. My name is Officer Lee, and I would like to talk with you for a minute."
_LISTENS_S = 7.0
#: Speech that reaches the microphone more quietly than this is lost in a street's noise.
_QUIET_DB, _CLIPS = -45.0, 0.99


@dataclass(frozen=True)
class SoundFound:
    """level_db: of the officer's speech, dB below full scale; None where nobody spoke. echo: the microphone
    hears the loudspeaker.
    """

    microphone: Device
    loudspeaker: Device
    echo: bool
    recognised: str
    level_db: float | None
    clipped: bool

    def advice(self) -> list[str]:
        """What to do about it, a line each; none where all is well."""
        lines = []
        if self.echo:
            lines.append(
                "the microphone hears the loudspeaker: use a headset, or play with --no-headset "
                "or --echo-cancel"
            )
        if self.level_db is None:
            lines.append(
                "nobody was heard: is it muted, or is this another microphone? Choose one with --input"
            )
        elif self.level_db < _QUIET_DB:
            lines.append(
                f"your voice is quiet ({self.level_db:.0f} dB): raise the microphone's gain, or come nearer"
            )
        if self.clipped:
            lines.append("your voice is cut off at the top: lower the microphone's gain")
        return lines


def sound_test(
    input_device: str | None,
    output_device: str | None,
    tell: Callable[[str], None],
    meter: Callable[[float], None],
) -> SoundFound:
    """Play, listen, ask. tell: takes a line for the officer; meter: the loudness now, ten times a second.

    The devices, and how loud the officer usually is, are remembered. Raises SimulatorError where there is none.
    """
    microphone = Microphone(find_device("input", input_device))
    loudspeaker = Loudspeaker(find_device("output", output_device))
    tell(f"microphone: {microphone.device.name} ({microphone.device.host})")
    tell(f"loudspeaker: {loudspeaker.device.name} ({loudspeaker.device.host})")
    ears, speaker = Ears(), Speaker(model_path("tts"), default_threads())
    speaker.warm_up()
    with microphone, loudspeaker:
        tell("Listen, and say nothing.")
        heard = _listen_to(microphone, loudspeaker, speaker.speak(PLAYED), meter)
        echo = is_echo(ears.hear(heard).text, PLAYED)
        tell(f"Now say: “{ASKED}”")
        take = _take(microphone, meter)
    bounds = SpeechDetector().speech_bounds(take.samples)
    level = SILENT_DB
    if bounds:
        level = speech_level_db(
            take.samples[round(bounds.start_s * RATE) : round(bounds.end_s * RATE)]
        )
    found = SoundFound(
        microphone=microphone.device,
        loudspeaker=loudspeaker.device,
        echo=echo,
        recognised=ears.hear(take).text if bounds else "",
        level_db=None if level <= SILENT_DB else round(level, 1),
        clipped=bool((abs(take.samples) >= _CLIPS).sum() > RATE // 100),
    )
    remember(
        SoundChoice(
            input=found.microphone.name,
            output=found.loudspeaker.name,
            usual_level_db=found.level_db,
        )
    )
    return found


def _listen_to(
    microphone: Microphone, loudspeaker: Loudspeaker, sound: Audio, meter: Callable[[float], None]
) -> Audio:
    """Play it, and what the microphone hears meanwhile."""
    microphone.start()
    loudspeaker.begin()
    loudspeaker.play(sound)
    while not loudspeaker.wait(0.1):
        meter(microphone.level())
    time.sleep(0.3)
    return microphone.stop()


def _take(microphone: Microphone, meter: Callable[[float], None]) -> Audio:
    """What the officer says in the next seconds."""
    began = time.monotonic()
    microphone.start()
    while time.monotonic() - began < _LISTENS_S:
        time.sleep(0.1)
        meter(microphone.level())
        if microphone.gone:
            raise SimulatorError(f"the microphone '{microphone.device.name}' gives no sound")
    return microphone.stop()
