"""Talking without a key through real devices: the microphone hears the officer and not the civilian."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from driving import begin, screen_text, until

from models.fetch import pull
from scenarios.loader import load
from simulator.cast import Choice
from simulator.errors import SimulatorError
from simulator.events import Noticed, OfficerSpoke, TurnTimed
from simulator.records import Records
from simulator.screens.app import SimulatorApp
from simulator.voice.devices import list_devices
from simulator.voice.tts import Speaker
from simulator.voice.wav import write_wav
from tests.sound_server import SoundServer

pytestmark = pytest.mark.slow

_PLAY = """
import sys
from pathlib import Path
from simulator.voice.loudspeaker import Loudspeaker
from simulator.voice.wav import read_wav
with Loudspeaker() as loudspeaker:
    loudspeaker.begin()
    loudspeaker.play(read_wav(Path(sys.argv[1])))
    loudspeaker.wait(30)
"""


@pytest.fixture
def street(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SoundServer]:
    if shutil.which("pulseaudio") is None:
        pytest.skip("pulseaudio is not installed: apt-get install pulseaudio libasound2-plugins")
    server = SoundServer(tmp_path_factory.mktemp("pulse"), ("civilian", "officer"))
    server.start()
    try:
        names = [device.name for device in list_devices(rescan=True)]
    except SimulatorError as problem:
        names = [str(problem)]
    if "pulse" not in names:
        server.forget()
        pytest.skip("PortAudio does not see pulseaudio: apt-get install libasound2-plugins")
    yield server
    server.forget()


@pytest.fixture
def spoken(tmp_path: Path) -> Callable[[str], Path]:
    speaker = Speaker(pull("tts"), 1)

    def say(words: str) -> Path:
        path = tmp_path / f"{len(words)}.wav"
        write_wav(path, speaker.speak(words))
        return path

    return say


async def speak(path: Path) -> None:
    """The officer speaks: into the sink that the microphone hears."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _PLAY, str(path), cwd=Path(__file__).parents[2],
        env={**os.environ, "PULSE_SINK": "officer"},
    )  # fmt: skip
    assert await process.wait() == 0


async def test_a_session_without_a_key_survives_its_devices(
    street: SoundServer,
    spoken: Callable[[str], Path],
    make_app: Callable[..., SimulatorApp],
    records: Records,
) -> None:
    lines = (
        spoken("Do you have your license with you?"),
        spoken("Is somebody waiting for you at home tonight?"),
    )
    choice = Choice(load("traffic-stop-late-shift"), "upset", 7, voice=True)
    app = make_app(choice=choice, voice=True, free=True)

    def turns() -> int:
        """That are certain: while an answer is only supposed, the record knows nothing of it."""
        events = records.events(encounter.session_id)
        return sum(isinstance(e, TurnTimed) for e in events)

    async with app.run_test(size=(110, 36)) as pilot:
        session = await begin(pilot)
        encounter = session.encounter
        await until(pilot, lambda: encounter.hands_free and not encounter.sound.playing)
        await until(pilot, lambda: "listening" in screen_text(pilot))
        await speak(lines[0])
        await until(pilot, lambda: turns() == 1)
        await until(pilot, lambda: encounter.hands_free.state == "listening")
        await pilot.press("f4")
        await until(pilot, lambda: encounter.hands_free is None)
        await pilot.press("f4")
        await until(pilot, lambda: encounter.hands_free)
        street.kill()
        await until(pilot, lambda: "microphone 'default' went away" in screen_text(pilot))
        assert not session._can_talk
        street.start()
        await until(pilot, lambda: "the microphone is back" in screen_text(pilot))
        await until(pilot, lambda: session._can_talk and not encounter.sound.playing)
        await speak(lines[1])
        await until(pilot, lambda: turns() == 2)
    app.finish()
    events = records.events(encounter.session_id)
    spoke = [e for e in events if isinstance(e, OfficerSpoke)]
    assert "license" in spoke[0].text.lower()
    assert "waiting" in spoke[1].text.lower()
    assert {e.source for e in spoke} == {"microphone"}
    first = next(e for e in events if isinstance(e, TurnTimed))
    assert first.speech_end_s < first.turn_end_s
    # On a machine that is very busy the device may begin later than anybody waits for it to be told.
    assert first.playback_start_s is None or first.turn_end_s <= first.playback_start_s
    assert any("went away" in e.what for e in events if isinstance(e, Noticed))
