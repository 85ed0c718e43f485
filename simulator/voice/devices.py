"""Microphones and loudspeakers of this machine, through PortAudio; without it, text still works."""

from __future__ import annotations

import contextlib
import ctypes
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Literal

from simulator.errors import BadSimulatorInput, SimulatorError

Kind = Literal["input", "output"]
_WORD: dict[Kind, str] = {"input": "microphone", "output": "loudspeaker"}


@dataclass(frozen=True)
class Device:
    """One device as PortAudio sees it. A headset is one device with inputs and outputs."""

    index: int
    name: str
    host: str  # ALSA, Core Audio, WASAPI, ...
    inputs: int
    outputs: int
    native_rate: int
    default_input: bool
    default_output: bool


def portaudio() -> ModuleType:
    """The sounddevice module. Raises SimulatorError, one line, where PortAudio is not installed."""
    _quiet_alsa()
    try:
        import sounddevice
    except OSError:
        raise SimulatorError(
            "no microphone or loudspeaker: the PortAudio library is missing; install it with "
            "'sudo apt-get install libportaudio2' (typing works without it)"
        ) from None
    except (
        Exception
    ) as problem:  # PortAudioError, raised while the module it comes from is imported
        raise SimulatorError(
            f"no microphone or loudspeaker: PortAudio failed ({problem})"
        ) from None
    module: ModuleType = sounddevice
    return module


def list_devices(rescan: bool = False) -> list[Device]:
    """All devices. PortAudio looks once: `rescan` looks again, and closes every open stream."""
    sd = portaudio()
    try:
        if rescan:
            sd._terminate()  # the module's own documented way; there is no public one
            sd._initialize()
        hosts = sd.query_hostapis()
        found: list[dict[str, Any]] = [sd.query_devices(i) for i in range(len(sd.query_devices()))]
    except sd.PortAudioError as problem:
        raise SimulatorError(f"the devices could not be listed ({_first_line(problem)})") from None
    default_input, default_output = sd.default.device
    return [
        Device(
            index=index,
            name=str(each["name"]),
            host=str(hosts[each["hostapi"]]["name"]),
            inputs=int(each["max_input_channels"]),
            outputs=int(each["max_output_channels"]),
            native_rate=int(each["default_samplerate"]),
            default_input=index == _or_first_host(default_input, hosts, "default_input_device"),
            default_output=index == _or_first_host(default_output, hosts, "default_output_device"),
        )
        for index, each in enumerate(found)
    ]


def find_device(kind: Kind, wanted: str | None = None) -> Device:
    """The device to use: by number, by part of its name, or the machine's default.

    Raises BadSimulatorInput where `wanted` fits none or several, SimulatorError where none is.
    """
    able = [d for d in list_devices() if (d.inputs if kind == "input" else d.outputs) > 0]
    word = _WORD[kind]
    if not able:
        raise SimulatorError(f"no {word} was found; plug one in, or type instead")
    if wanted is None:
        defaults = [d for d in able if (d.default_input if kind == "input" else d.default_output)]
        return (defaults or able)[0]
    choices = "; ".join(f"{d.index} {d.name}" for d in able)
    if wanted.isdigit():
        fitting = [d for d in able if d.index == int(wanted)]
    else:
        exact = [d for d in able if d.name.lower() == wanted.lower()]
        fitting = exact or [d for d in able if wanted.lower() in d.name.lower()]
    if not fitting:
        raise BadSimulatorInput(f"there is no {word} '{wanted}'; there are: {choices}")
    if len(fitting) > 1:
        raise BadSimulatorInput(f"'{wanted}' fits more than one {word}; give its number: {choices}")
    return fitting[0]


def cannot_open(kind: Kind, device: Device, problem: Exception) -> SimulatorError:
    return SimulatorError(
        f"the {_WORD[kind]} '{device.name}' cannot be opened ({_first_line(problem)}); "
        "is another program using it? Choose another, or type instead"
    )


def went_away(kind: Kind, device: Device) -> SimulatorError:
    return SimulatorError(
        f"the {_WORD[kind]} '{device.name}' went away; plug it in again, or type instead"
    )


def _first_line(problem: Exception) -> str:
    return str(problem.args[0] if problem.args else problem).splitlines()[0]


def _or_first_host(index: int, hosts: Any, key: str) -> int:
    """sounddevice's own default is -1 until somebody sets it: then it is the first host's."""
    if index >= 0:
        return index
    return next((int(host[key]) for host in hosts if host[key] >= 0), -1)


_alsa_handler: Any = None  # kept alive: C calls it


def _quiet_alsa() -> None:
    """ALSA prints its troubles on stderr, from C, across the screen: they come to us as errors."""
    global _alsa_handler
    if _alsa_handler is not None:
        return
    kind = ctypes.CFUNCTYPE(
        None, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p
    )
    _alsa_handler = kind(lambda *_: None)
    with contextlib.suppress(OSError, AttributeError):  # no ALSA here: nothing to quieten
        ctypes.CDLL("libasound.so.2").snd_lib_error_set_handler(_alsa_handler)
