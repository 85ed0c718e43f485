"""Recordings of every usual kind are read alike; what cannot be used is refused in one line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from models.errors import BadInput
from simulator.errors import BadSimulatorInput, SimulatorError
from simulator.voice.wav import Audio, Placed, read_wav, silence, write_session, write_wav


def tone(seconds: float, rate: int, hertz: float = 440.0, level: float = 0.5) -> Audio:
    at = np.arange(round(seconds * rate)) / rate
    return Audio((level * np.sin(2 * np.pi * hertz * at)).astype(np.float32), rate)


def strongest_hertz(audio: Audio) -> float:
    spectrum: NDArray[np.float64] = np.abs(np.fft.rfft(audio.samples))
    return float(np.argmax(spectrum) / audio.seconds)


@pytest.mark.parametrize("rate", [8_000, 11_025, 16_000, 22_050, 44_100, 48_000])
@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE"])
def test_reads_every_usual_format(tmp_path: Path, rate: int, channels: int, subtype: str) -> None:
    path = tmp_path / "line.wav"
    sound = tone(1.0, rate)
    soundfile.write(path, np.repeat(sound.samples[:, None], channels, 1), rate, subtype=subtype)
    read = read_wav(path)
    assert read.samples.dtype == np.float32
    assert read.sample_rate == rate
    assert read.samples == pytest.approx(sound.samples, abs=0.01)
    assert strongest_hertz(read.at_rate(16_000)) == pytest.approx(440, abs=1)
    assert read.at_rate(16_000).seconds == pytest.approx(1.0, abs=0.001)


def test_a_channel_wired_upside_down_does_not_silence_the_officer(tmp_path: Path) -> None:
    path = tmp_path / "line.wav"
    sound = tone(1.0, 16_000).samples
    soundfile.write(path, np.stack([sound, -sound], axis=1), 16_000)
    assert np.abs(read_wav(path).samples).max() == pytest.approx(0.5, abs=0.01)


def test_float_samples_above_full_scale_are_brought_within_it(tmp_path: Path) -> None:
    path = tmp_path / "line.wav"
    soundfile.write(path, tone(0.5, 16_000).samples * 60_000, 16_000, subtype="FLOAT")
    assert np.abs(read_wav(path).samples).max() == pytest.approx(1.0)


def _bytes(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def test_what_cannot_be_used_is_refused_in_one_line(tmp_path: Path) -> None:
    whole = tmp_path / "whole.wav"
    write_wav(whole, tone(1.0, 16_000))
    header = whole.read_bytes()[:44]
    nothing = tmp_path / "nothing.wav"
    soundfile.write(nothing, np.zeros(0, np.float32), 16_000)
    damaged = tmp_path / "nan.wav"
    soundfile.write(damaged, np.array([0.1, np.nan, 0.2]), 16_000, subtype="FLOAT")
    slow = tmp_path / "slow.wav"
    soundfile.write(slow, np.zeros(4_000, np.float32), 4_000)
    (tmp_path / "folder.wav").mkdir()
    for path, says in [
        (tmp_path / "absent.wav", "no such file"),
        (tmp_path / "folder.wav", "folder"),
        (_bytes(tmp_path / "empty.wav", b""), "not a recording"),
        (_bytes(tmp_path / "text.wav", b"hello, I am no WAV file at all" * 40), "not a recording"),
        (_bytes(tmp_path / "cut.wav", header[:20]), "not a recording"),
        (_bytes(tmp_path / "header.wav", header), "empty (0 seconds"),
        (nothing, "empty (0 seconds"),
        (damaged, "damaged"),
        (slow, "4000 samples a second"),
    ]:
        with pytest.raises(BadSimulatorInput) as refused:
            read_wav(path)
        assert isinstance(refused.value, BadInput)
        assert refused.value.exit_code == 2
        message = str(refused.value)
        assert str(path) in message
        assert says in message, message
        assert "\n" not in message


def test_a_recording_cut_off_in_the_middle_gives_what_is_there(tmp_path: Path) -> None:
    whole = tmp_path / "whole.wav"
    write_wav(whole, tone(2.0, 16_000))
    cut = _bytes(tmp_path / "cut.wav", whole.read_bytes()[: 44 + 16_000 * 2])
    assert read_wav(cut).seconds == pytest.approx(1.0, abs=0.01)


def test_a_recording_longer_than_a_turn_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "hour.wav"
    write_wav(path, silence(61.0, 8_000))
    with pytest.raises(BadSimulatorInput, match="at most 1 minutes"):
        read_wav(path, longest_s=60.0)


def test_writing_is_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "turns" / "01-officer.wav"
    write_wav(path, tone(0.5, 22_050, level=1.5))  # clipped, not wrapped around
    assert list(path.parent.iterdir()) == [path]
    read, info = read_wav(path), soundfile.info(path)
    assert (info.subtype, info.channels, info.samplerate) == ("PCM_16", 1, 22_050)
    assert read.samples.max() == pytest.approx(1.0, abs=0.001)
    blocked = tmp_path / "file"
    blocked.touch()
    with pytest.raises(SimulatorError, match="could not be written"):
        write_wav(blocked / "x.wav", tone(0.1, 16_000))


def test_a_session_keeps_its_pauses_and_overlaps(tmp_path: Path) -> None:
    turn = tmp_path / "turn.wav"
    write_wav(turn, tone(1.0, 16_000, 440))
    pieces = [
        Placed(3.5, tone(1.0, 22_050, 880, 0.2)),  # cuts in on the one from the file
        Placed(0.5, tone(1.0, 22_050, 220)),
        Placed(3.0, turn),
    ]
    seconds = write_session(tmp_path / "session.wav", pieces, 22_050)
    heard = read_wav(tmp_path / "session.wav")
    assert seconds == pytest.approx(4.5, abs=0.001)
    assert heard.seconds == pytest.approx(4.5, abs=0.001)

    def level(start: float, end: float) -> float:
        part = heard.samples[round(start * 22_050) : round(end * 22_050)]
        return float(np.sqrt((part**2).mean()))

    assert level(0.0, 0.49) == 0
    assert level(0.55, 1.45) == pytest.approx(0.5 / np.sqrt(2), rel=0.02)
    assert level(1.55, 2.95) == 0
    assert level(3.05, 3.45) == pytest.approx(0.5 / np.sqrt(2), rel=0.02)
    assert level(3.55, 3.95) == pytest.approx(np.sqrt(0.5**2 + 0.2**2) / np.sqrt(2), rel=0.03)
    assert level(4.05, 4.45) == pytest.approx(0.2 / np.sqrt(2), rel=0.02)


def test_a_session_of_nothing_is_an_empty_wav(tmp_path: Path) -> None:
    assert write_session(tmp_path / "session.wav", []) == 0.0
    assert soundfile.info(tmp_path / "session.wav").frames == 0
