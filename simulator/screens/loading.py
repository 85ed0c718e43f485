"""Loads the model, the voice and the recogniser behind the picker, on one thread, once for the program."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from textual.message import Message

from models.catalog import default_for
from models.errors import DeescalError
from models.fetch import model_path
from models.hardware import default_threads
from simulator.cast import Cast
from simulator.screens.messages import LoadingFailed, LoadingMoved

if TYPE_CHECKING:
    from simulator.voice.devices import Device
    from simulator.voice.talk import Ears
    from simulator.voice.tts import Speaker


@dataclass(frozen=True)
class VoiceParts:
    """What there is of sound on this machine. missing: why something is not, a line each."""

    ears: Ears | None = None
    speaker: Speaker | None = None
    input: Device | None = None
    output: Device | None = None
    missing: tuple[str, ...] = ()


class Loader:
    """`cast` and `voice` are promises: a session's thread waits for them, the screens never do."""

    def __init__(
        self, model: str, voice: bool, input_device: str | None, output_device: str | None
    ) -> None:
        self.cast: Future[Cast] = Future()
        self.voice: Future[VoiceParts] = Future()
        self._model = model
        self._voice = voice
        self._input_device = input_device
        self._output_device = output_device
        self._thread: threading.Thread | None = None
        self._speakers: dict[str, Speaker] = {}

    def start(self, post: Callable[[Message], object]) -> None:
        self._thread = threading.Thread(
            target=self._load, args=(post,), name="loading", daemon=True
        )
        self._thread.start()

    def speaker(self, model: str) -> Speaker:
        """The voice of a civilian: the default one is loaded already, another is on first use and then kept.

        Raises DeescalError where it cannot be loaded. Call on a session's thread, once `voice` is there.
        """
        from simulator.voice.tts import Speaker

        usual = self.voice.result().speaker
        if usual is not None and model == default_for("tts").id:
            return usual
        if model not in self._speakers:
            made = Speaker(model_path(model), default_threads())
            made.warm_up()
            self._speakers[model] = made
        return self._speakers[model]

    def close(self) -> None:
        """Give the model back. Call when no session uses it any more."""
        if self._thread is not None:
            self._thread.join()
        if self.cast.done() and self.cast.exception() is None:
            self.cast.result().close()

    def _load(self, post: Callable[[Message], object]) -> None:
        post(LoadingMoved("loading the civilian's model"))
        try:
            self.cast.set_result(Cast(self._model))
        except Exception as problem:
            self.cast.set_exception(problem)
            self.voice.set_result(VoiceParts())
            post(LoadingFailed(problem))
            return
        if self._voice:
            post(LoadingMoved("loading voice and recogniser"))
        try:
            self.voice.set_result(self._load_voice() if self._voice else VoiceParts())
        except Exception as problem:
            # Whatever is wrong with the sound, text goes on; the line says what it was.
            self.voice.set_result(VoiceParts(missing=(str(problem),)))
        post(LoadingMoved(""))

    def _load_voice(self) -> VoiceParts:
        from simulator.voice.devices import find_device, list_devices
        from simulator.voice.sound_choice import remembered
        from simulator.voice.talk import Ears
        from simulator.voice.tts import Speaker

        missing: list[str] = []
        devices = list_devices()
        if not any(d.inputs or d.outputs for d in devices):
            return VoiceParts(missing=("no microphone and no loudspeaker here: type and read",))
        ears: Ears | None = None
        speaker: Speaker | None = None
        microphone: Device | None = None
        loudspeaker: Device | None = None
        last = remembered()
        try:
            microphone = find_device("input", self._input_device or _there("input", last.input))
            ears = Ears()
        except DeescalError as problem:
            missing.append(str(problem))
        try:
            loudspeaker = find_device(
                "output", self._output_device or _there("output", last.output)
            )
            speaker = Speaker(model_path("tts"), default_threads())
            speaker.warm_up()
        except DeescalError as problem:
            if str(problem) not in missing:
                missing.append(str(problem))
        return VoiceParts(
            ears=ears,
            speaker=speaker,
            input=microphone if ears else None,
            output=loudspeaker if speaker else None,
            missing=tuple(missing),
        )


def _there(kind: Literal["input", "output"], name: str | None) -> str | None:
    """The device that was used last, where it is plugged in."""
    from simulator.voice.devices import find_device

    if name is None:
        return None
    try:
        return find_device(kind, name).name
    except DeescalError:
        return None  # the machine's default is used; the state line shows whether it hears
