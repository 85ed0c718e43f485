"""A sound server for the tests that need devices."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path


class SoundServer:
    """A PulseAudio of our own: what is played into its null sink is what its microphone hears.

    sinks: the first is the loudspeaker; the microphone hears the last.

    By hand, as any user, root too:
        pulseaudio -n --daemonize=no --exit-idle-time=-1 -L "module-null-sink sink_name=room" \
            -L "module-native-protocol-unix socket=$PWD/sound auth-anonymous=1"
        PULSE_SERVER=unix:$PWD/sound deescal play
    It needs pulseaudio and libasound2-plugins, through which PortAudio's ALSA reaches it.
    """

    def __init__(self, folder: Path, sinks: tuple[str, ...] = ("room",)) -> None:
        self._folder = folder
        self._sinks = sinks
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
                *(f"-Lmodule-null-sink sink_name={sink}" for sink in self._sinks),
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
        os.environ["PULSE_SINK"] = self._sinks[0]
        os.environ["PULSE_SOURCE"] = f"{self._sinks[-1]}.monitor"

    def forget(self) -> None:
        """Kill it, and leave nothing of it in the environment."""
        self.kill()
        for name in ("PULSE_SERVER", "PULSE_SINK", "PULSE_SOURCE"):
            os.environ.pop(name, None)

    def kill(self) -> None:
        """As when a headset is pulled out: no goodbye."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(timeout=10)
            self._process = None
