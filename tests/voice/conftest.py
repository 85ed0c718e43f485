"""What the tests of voice share: the real recogniser and voice, officer's lines, a sound server."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from models.fetch import pull
from simulator.errors import SimulatorError
from simulator.voice.asr import Recogniser
from simulator.voice.devices import list_devices
from simulator.voice.tts import Speaker
from simulator.voice.vad import SpeechDetector


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


@pytest.fixture(scope="session")
def speaker(voice_path: Path) -> Speaker:
    import onnxruntime

    onnxruntime.set_seed(11)  # Piper draws its noise inside the model: the same at every run
    said = Speaker(voice_path, threads=2)
    said.warm_up()
    return said


@pytest.fixture(scope="session")
def detector() -> SpeechDetector:
    return SpeechDetector()


@pytest.fixture(scope="session")
def officer_lines() -> list[str]:
    return Path(__file__).with_name("officer_lines.txt").read_text(encoding="utf-8").splitlines()


class SoundServer:
    """A PulseAudio of our own: what is played into its null sink is what its microphone hears.

    By hand, as any user, root too:
        pulseaudio -n --daemonize=no --exit-idle-time=-1 -L "module-null-sink sink_name=room" \
            -L "module-native-protocol-unix socket=$PWD/sound auth-anonymous=1"
        PULSE_SERVER=unix:$PWD/sound deescal play
    It needs pulseaudio and libasound2-plugins, through which PortAudio's ALSA reaches it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        socket = self._folder / "sound"
        environment = os.environ | {
            "XDG_RUNTIME_DIR": str(self._folder),
            "HOME": str(self._folder),
            "DBUS_SESSION_BUS_ADDRESS": "",
        }
        environment.pop("PULSE_SERVER", None)
        self._process = subprocess.Popen(
            [
                "pulseaudio", "-n", "--daemonize=no", "--exit-idle-time=-1", "--use-pid-file=no",
                "-L", "module-null-sink sink_name=room",
                "-L", f"module-native-protocol-unix socket={socket} auth-anonymous=1",
            ],
            env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        deadline = time.monotonic() + 20
        while not socket.exists():
            assert self._process.poll() is None, "pulseaudio did not start"
            assert time.monotonic() < deadline, "pulseaudio gave no socket"
            time.sleep(0.05)
        os.environ["PULSE_SERVER"] = f"unix:{socket}"

    def kill(self) -> None:
        """As when a headset is pulled out: no goodbye."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(timeout=10)
            self._process = None


@pytest.fixture
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], None]]:
    """A loudspeaker, and a microphone that hears it. Call it, and both are gone."""
    if shutil.which("pulseaudio") is None:
        pytest.skip("pulseaudio is not installed: apt-get install pulseaudio libasound2-plugins")
    before = os.environ.get("PULSE_SERVER")
    server = SoundServer(tmp_path_factory.mktemp("pulse"))
    server.start()
    try:
        names = [device.name for device in list_devices(rescan=True)]
    except SimulatorError as problem:
        server.kill()
        pytest.skip(str(problem))
    if "pulse" not in names:
        server.kill()
        pytest.skip("PortAudio does not see pulseaudio: apt-get install libasound2-plugins")
    yield server.kill
    server.kill()
    if before is None:
        os.environ.pop("PULSE_SERVER", None)
    else:
        os.environ["PULSE_SERVER"] = before
