"""A session with no hands: the officer's lines from WAV files, from text, or the scenario's own,
spoken.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from models.catalog import default_for
from models.fetch import model_path
from models.hardware import default_threads
from simulator.cast import Cast, Choice, recorder
from simulator.errors import BadSimulatorInput
from simulator.events import Event
from simulator.records import Records
from simulator.transcript import Turn, response_s, transcript
from simulator.voice.casting import cast_voice
from simulator.voice.clock import VirtualClock
from simulator.voice.delivery import Delivery, delivery_for, officer_voice
from simulator.voice.talk import Ears, Mouth, say_to_session
from simulator.voice.tts import Speaker
from simulator.voice.wav import Audio, Placed, read_wav, silence, write_session, write_wav

#: The officer waits this long after the civilian has finished.
_BREATH_S = 0.6


@dataclass(frozen=True)
class OfficerLine:
    """One line of the officer. text: what is said, where it is known; audio: how, where it is
    given.
    """

    text: str | None
    audio: Audio | None
    recognised: bool  # whether the recogniser hears it, or it counts as typed


@dataclass
class DemoResult:
    turns: list[Turn]
    events: list[Event]
    out: Path
    session_id: str
    spoken: list[tuple[str, str]] = field(
        default_factory=list
    )  # (what was said, what was recognised)
    session_s: float = 0.0


def lines_from_audio(folder: Path) -> list[OfficerLine]:
    """WAV files in the order of their names; NAME.txt beside NAME.wav says what was said."""
    if not folder.is_dir():
        raise BadSimulatorInput(f"{folder}: not a folder of WAV files")
    paths = sorted(p for p in folder.iterdir() if p.suffix.lower() == ".wav")
    if not paths:
        raise BadSimulatorInput(f"{folder}: holds no .wav file")
    return [OfficerLine(_said(path), read_wav(path), recognised=True) for path in paths]


def _said(wav: Path) -> str | None:
    text = wav.with_suffix(".txt")
    return text.read_text(encoding="utf-8", errors="replace").strip() if text.is_file() else None


def lines_from_text(path: Path) -> list[OfficerLine]:
    """One line of the officer a line of the file; an empty line is a silence, `#` begins a
    comment.
    """
    try:
        text = path.read_text(encoding="utf-8-sig", errors="replace")
    except OSError as problem:
        raise BadSimulatorInput(f"{path}: cannot be read ({problem.strerror})") from None
    lines = [line.strip() for line in text.splitlines() if not line.startswith("#")]
    if not any(lines):
        raise BadSimulatorInput(f"{path}: holds no line")
    return [OfficerLine(line, None, recognised=False) for line in lines]


class Demo:
    """Plays one session into a folder. sound False: text only, no WAVs and no voice models."""

    def __init__(self, cast: Cast, records: Records, out: Path, sound: bool = True) -> None:
        self._cast = cast
        self._records = records
        self._out = out
        self._speaker = Speaker(model_path("tts"), default_threads()) if sound else None
        self._voices: dict[str, Speaker] = {}
        self._ears: Ears | None = None

    def run(
        self, choice: Choice, lines: list[OfficerLine], show: Callable[[Event], None]
    ) -> DemoResult:
        """Play the lines until they run out or the scenario ends. show: called for every event."""
        clock = VirtualClock()
        own = cast_voice(choice.loaded.scenario.civilian)
        mouth = (
            Mouth(self._voice(own.model), own.voice, lambda _audio, _first: None, clock=clock)
            if self._speaker
            else None
        )
        events: list[Event] = []
        listeners: list[Callable[[Event], None]] = [events.append, show]
        if mouth:
            listeners.insert(0, mouth.on_event)
        ids: list[str] = []

        def publish(event: Event) -> None:
            recorder(self._records, ids[0], *listeners)(event)

        session, started = self._cast.session(
            choice, publish, clock, mouth.times if mouth else None
        )
        ids.append(started.session_id)
        result = DemoResult([], events, self._out, started.session_id)
        placed: list[Placed] = []
        turns_dir = self._out / "turns"
        for old in turns_dir.glob("*.wav"):
            old.unlink()

        def civilian_spoke(began_s: float) -> None:
            if mouth is None:
                return
            sound = mouth.turn_audio()
            if sound.seconds > 0:
                path = turns_dir / f"{session.turn:02d}-civilian.wav"
                write_wav(path, sound)
                placed.append(Placed(began_s, path))
                clock.ahead(sound.seconds + _BREATH_S)

        with self._records.hold(started.session_id):
            session.begin(started)
            civilian_spoke(session.seconds())
            for number, (line, sound) in enumerate(self._spoken(lines, voice_of(choice)), start=1):
                if sound is not None:
                    path = turns_dir / f"{number:02d}-officer.wav"
                    write_wav(path, sound)
                    placed.append(Placed(session.seconds(), path))
                    clock.ahead(sound.seconds)
                if line.recognised and sound is not None:
                    heard = self._heard().hear(sound)
                    if line.text is not None:
                        result.spoken.append((line.text, heard.text))
                    take_end_s = session.seconds() - heard.asr_ms / 1000
                    say_to_session(session, heard, "wav", take_end_s)
                else:
                    session.officer_says(line.text or "", "typed")
                first = mouth.times.first_audio_at if mouth else None
                lag = clock() - first if first else 0.0
                civilian_spoke(session.seconds() - lag)
                if session.ended:
                    break
            session.leave("lines_ran_out")
        result.turns = transcript(events)
        if placed:
            result.session_s = write_session(self._out / "session.wav", placed)
        _write_text(self._out / "transcript.json", json.dumps(_rows(result, self._out), indent=1))
        _write_text(self._out / "events.jsonl", "".join(e.model_dump_json() + "\n" for e in events))
        return result

    def _voice(self, model: str) -> Speaker:
        """The officer's voice is the default one; a civilian may have another."""
        if self._speaker is not None and model == default_for("tts").id:
            return self._speaker
        if model not in self._voices:
            self._voices[model] = Speaker(model_path(model), default_threads())
        return self._voices[model]

    def _heard(self) -> Ears:
        if self._ears is None:
            self._ears = Ears()
        return self._ears

    def _spoken(
        self, lines: list[OfficerLine], how: Delivery
    ) -> Iterator[tuple[OfficerLine, Audio | None]]:
        for line in lines:
            sound = line.audio
            if sound is None and self._speaker is not None:
                sound = self._speaker.speak(line.text or "", how)
                if sound.seconds == 0:
                    sound = silence(1.0, self._speaker.sample_rate)
            yield line, sound


def voice_of(choice: Choice) -> Delivery:
    """How the officer's lines are said: plainly another speaker than the civilian."""
    return delivery_for(50, officer_voice(cast_voice(choice.loaded.scenario.civilian).voice))


def sample_lines(choice: Choice, sound: bool) -> list[OfficerLine]:
    """The scenario's own lines of a decent officer; heard by the recogniser where there is
    sound.
    """
    return [OfficerLine(text, None, sound) for text in choice.loaded.scenario.sample_officer]


def _rows(result: DemoResult, out: Path) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for turn in result.turns:
        wav = out / "turns" / f"{turn.turn:02d}-{turn.speaker}.wav"
        timed = turn.timed
        rows.append(
            {
                "turn": turn.turn,
                "speaker": turn.speaker,
                "text": turn.text,
                "audio": str(wav.relative_to(out)) if wav.is_file() else None,
                "agitation": turn.agitation,
                "trust": turn.trust,
                "at_s": turn.at_s,
                "behaviours": [b.model_dump() for b in turn.behaviours],
                "causes": [c.model_dump() for c in turn.causes],
                "origin": turn.origin or None,
                "origin_note": turn.origin_note or None,
                "timings": {
                    "asr_ms": turn.asr_ms,
                    "response_s": response_s(timed),
                    "stages": timed.model_dump(exclude={"kind", "turn"}) if timed else None,
                    "model": turn.timings.model_dump() if turn.timings else None,
                },
            }
        )
    return rows


def _write_text(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    part.write_text(text, encoding="utf-8")
    part.replace(path)
