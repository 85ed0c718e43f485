"""What the tests of voice share: the real recogniser and voice, officer's lines, a sound server."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from models.fetch import pull
from simulator.errors import SimulatorError
from simulator.voice.asr import Recogniser
from simulator.voice.devices import list_devices
from simulator.voice.tts import Speaker
from simulator.voice.vad import SpeechDetector
from tests.sound_server import SoundServer


@pytest.fixture(scope="session")
def recogniser_path() -> Path:
    return pull("asr")


@pytest.fixture(scope="session")
def recogniser(recogniser_path: Path) -> Recogniser:
    heard = Recogniser(recogniser_path, threads=2)
    heard.warm_up()
    return heard


@pytest.fixture(scope="session")
def voice_path() -> Path:
    return pull("tts")


@pytest.fixture
def speaker(voice_path: Path) -> Speaker:
    """A new one for each test: Piper draws its noise inside the model, so a line sounds as it does by what was said
    before it.
    """
    import onnxruntime

    onnxruntime.set_seed(11)
    said = Speaker(voice_path, threads=2)
    said.warm_up()
    return said


@pytest.fixture(scope="session")
def detector() -> SpeechDetector:
    return SpeechDetector()


@pytest.fixture(scope="session")
def officer_lines() -> list[str]:
    return Path(__file__).with_name("officer_lines.txt").read_text(encoding="utf-8").splitlines()


@pytest.fixture
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], None]]:
    """A loudspeaker, and a microphone that hears it. Call it, and both are gone."""
    if shutil.which("pulseaudio") is None:
        pytest.skip("pulseaudio is not installed: apt-get install pulseaudio libasound2-plugins")
    server = SoundServer(tmp_path_factory.mktemp("pulse"))
    server.start()
    try:
        names = [device.name for device in list_devices(rescan=True)]
    except SimulatorError as problem:
        server.forget()
        pytest.skip(str(problem))
    if "pulse" not in names:
        server.forget()
        pytest.skip("PortAudio does not see pulseaudio: apt-get install libasound2-plugins")
    yield server.kill
    server.forget()
