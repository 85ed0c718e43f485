"""Real devices: a sound server of our own whose microphone hears its loudspeaker.

The server is made by the `room` fixture (conftest.py, with the recipe). What a machine has without
PortAudio, or without any device, is checked in a fresh process on every machine.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import jiwer
import numpy as np
import pytest

from simulator.errors import BadSimulatorInput, SimulatorError
from simulator.voice.asr import Recogniser
from simulator.voice.devices import find_device, list_devices
from simulator.voice.loudspeaker import Loudspeaker
from simulator.voice.microphone import Microphone
from simulator.voice.tts import Speaker
from simulator.voice.vad import RATE
from simulator.voice.wav import Audio

pytestmark = pytest.mark.slow

LINE = "My name is Officer Daniels. Nobody is in trouble right now."


def tone(seconds: float, hertz: float = 440.0, rate: int = 22_050) -> Audio:
    at = np.arange(round(seconds * rate)) / rate
    return Audio((0.4 * np.sin(2 * np.pi * hertz * at)).astype(np.float32), rate)


def has(audio: Audio, hertz: float) -> float:
    """How much of the sound is at this pitch: amplitude of the sine, over the whole recording."""
    at = np.arange(len(audio.samples)) / audio.sample_rate
    return float(2 * abs(np.mean(audio.samples * np.exp(-2j * np.pi * hertz * at))))


def in_fresh_process(code: str, **environment: str) -> str:
    """What a new python prints, on both outputs."""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False,
        cwd=Path(__file__).parents[2], env={**os.environ, **environment},
    )  # fmt: skip
    return (done.stdout + done.stderr).strip()


TELL = """
from simulator.errors import SimulatorError
from simulator.voice.microphone import Microphone
from simulator.voice.loudspeaker import Loudspeaker
for device in (Microphone, Loudspeaker):
    try:
        device()
    except SimulatorError as problem:
        print(problem)
"""


def test_without_portaudio_one_line_says_how_to_install_it(tmp_path: Path) -> None:
    hidden = "import ctypes.util, sys; ctypes.util.find_library = lambda name: None\n"
    lines = in_fresh_process(hidden + TELL).splitlines()
    assert len(lines) == 2, lines
    assert all("apt-get install libportaudio2" in line for line in lines)


def test_without_a_sound_server_there_is_a_device_or_one_line(tmp_path: Path) -> None:
    """A machine without a sound card says so; one with a card finds it without its server."""
    lines = in_fresh_process(TELL, PULSE_SERVER="unix:/nowhere").splitlines()
    for line in lines:
        assert re.search("no (microphone|loudspeaker) was found|libportaudio2", line), line
    assert len(lines) <= 2


def test_devices_are_found_by_number_by_name_and_by_default(room: Callable[[], None]) -> None:
    devices = list_devices()
    pulse = next(device for device in devices if device.name == "pulse")
    assert pulse.inputs > 0
    assert pulse.outputs > 0
    assert 8_000 <= pulse.native_rate <= 192_000
    assert find_device("input", "PULSE") == find_device("input", str(pulse.index)) == pulse
    assert find_device("output").default_output
    with pytest.raises(BadSimulatorInput, match=r"no microphone 'jabra'; there are: .*pulse"):
        find_device("input", "jabra")
    with pytest.raises(BadSimulatorInput, match="no loudspeaker '99'"):
        find_device("output", "99")


def test_what_is_played_is_heard_and_recognised(
    room: Callable[[], None], speaker: Speaker, recogniser: Recogniser
) -> None:
    said = speaker.speak(LINE)
    with Microphone() as microphone, Loudspeaker() as loudspeaker:
        loudspeaker.begin()
        loudspeaker.play(tone(0.3))
        assert loudspeaker.wait(20)
        time.sleep(0.4)
        microphone.start()
        loudspeaker.begin()
        loudspeaker.play(said)
        levels = []
        while not loudspeaker.wait(0.1):
            levels.append(microphone.level())
        assert loudspeaker.played_s == pytest.approx(said.seconds, abs=0.05)
        time.sleep(0.4)
        take = microphone.stop()
    assert max(levels) > -35
    assert take.sample_rate == RATE
    assert take.seconds > said.seconds
    heard = recogniser.recognise(take.samples).text.lower().replace(".", "")
    assert jiwer.wer(LINE.lower().replace(".", ""), heard) <= 0.1, heard


def test_a_stop_cuts_at_once_and_says_what_was_heard(room: Callable[[], None]) -> None:
    with Microphone() as microphone, Loudspeaker() as loudspeaker:
        loudspeaker.begin()
        loudspeaker.play(tone(0.3))
        loudspeaker.wait(20)
        microphone.start()
        loudspeaker.begin()
        loudspeaker.play(tone(8.0, 440))
        loudspeaker.play(tone(1.0, 1760))  # queued behind: must never be heard
        while loudspeaker.played_s < 1.0:
            time.sleep(0.02)
        heard_s = loudspeaker.stop()
        assert not loudspeaker.playing
        time.sleep(0.6)
        take = microphone.stop()
    assert 1.0 <= heard_s < 4.0
    assert has(take, 440) > 0.05
    assert has(take, 1760) < 0.005
    sounding = np.abs(take.samples) > 0.1
    frames = sounding[: len(sounding) // 160 * 160].reshape(-1, 160).any(axis=1)
    # What was heard, not the 8 s that were given (and the end of the first tone, in the pre-roll).
    assert frames.sum() * 0.01 == pytest.approx(heard_s, abs=0.5)


def test_the_loudspeaker_is_not_let_go_between_utterances(room: Callable[[], None]) -> None:
    """A stream that is connected anew waits for a server that fell asleep: 1.9 s on this one."""

    def stream() -> str:
        listed = ["pactl", "list", "short", "sink-inputs"]
        return subprocess.run(listed, capture_output=True, text=True, check=True).stdout

    with Loudspeaker() as loudspeaker:
        loudspeaker.begin()
        loudspeaker.play(tone(0.3))
        loudspeaker.wait(20)
        first = stream()
        assert first
        loudspeaker.begin()
        loudspeaker.play(tone(8.0))
        while loudspeaker.played_s < 0.3:
            time.sleep(0.02)
        before = loudspeaker.played_s
        assert before <= loudspeaker.stop() < 2.0
        time.sleep(0.3)
        loudspeaker.begin()
        loudspeaker.play(tone(0.3))
        assert loudspeaker.wait(20)
        assert loudspeaker.played_s == pytest.approx(0.3, abs=0.05)
        assert stream() == first
        assert loudspeaker.gaps == 0


def test_two_hundred_interruptions_leave_nothing_stale(room: Callable[[], None]) -> None:
    with Microphone() as microphone, Loudspeaker() as loudspeaker:
        for number in range(200):
            loudspeaker.begin()
            loudspeaker.play(tone(2.0, 1760))
            time.sleep(0.002 * (number % 5))
            loudspeaker.stop()
        time.sleep(0.5)
        microphone.start()
        loudspeaker.begin()
        last = tone(1.0, 440)
        for at in range(0, len(last.samples), 3000):
            loudspeaker.play(Audio(last.samples[at : at + 3000], last.sample_rate))
        assert loudspeaker.wait(20)
        assert loudspeaker.played_s == pytest.approx(1.0, abs=0.05)
        time.sleep(0.4)
        take = microphone.stop()
    assert has(take, 440) > 0.1
    assert has(take, 1760) < 0.01


def test_a_take_has_its_bound_and_its_pre_roll(room: Callable[[], None]) -> None:
    with Microphone(longest_s=1.0) as microphone, Loudspeaker() as loudspeaker:
        loudspeaker.begin()
        loudspeaker.play(tone(4.0))
        while loudspeaker.played_s < 1.0:
            time.sleep(0.02)
        assert not microphone.recording
        assert microphone.recorded_s < 0.5  # only the pre-roll is kept while nobody presses
        microphone.start()
        assert microphone.recorded_s > 0.2  # and it is in the take
        deadline = time.monotonic() + 20
        while not microphone.full and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(0.5)
        take = microphone.stop()
        assert take.seconds == pytest.approx(1.0, abs=0.1)
        assert not microphone.recording
        loudspeaker.stop()


def test_a_device_that_goes_away_is_told_in_one_line(room: Callable[[], None]) -> None:
    with Microphone() as microphone, Loudspeaker() as loudspeaker:
        loudspeaker.begin()
        loudspeaker.play(tone(0.5))
        loudspeaker.wait(20)
        microphone.start()
        time.sleep(1.0)
        loudspeaker.play(tone(30.0))
        time.sleep(0.3)
        room()
        with pytest.raises(SimulatorError, match=r"loudspeaker .* went away"):
            loudspeaker.wait(20)
        deadline = time.monotonic() + 20
        while not microphone.gone and time.monotonic() < deadline:
            time.sleep(0.05)
        assert microphone.level() == -80
        take = microphone.stop()  # what was said until then is not lost
        assert take.seconds > 0.5
        with pytest.raises(SimulatorError, match=r"microphone .* went away"):
            microphone.start()
        with pytest.raises(SimulatorError, match=r"loudspeaker .* went away"):
            loudspeaker.play(tone(0.1))
        assert loudspeaker.stop() >= 0
