"""The recogniser hears what was said, and invents nothing. The officer is spoken by Piper."""

from __future__ import annotations

import re
from pathlib import Path

import jiwer
import numpy as np
import pytest

from simulator.errors import SimulatorError
from simulator.voice.asr import Recogniser, loop_at, without_loop
from simulator.voice.delivery import Delivery
from simulator.voice.tts import Speaker
from simulator.voice.vad import RATE
from simulator.voice.wav import Samples


def plain(text: str) -> str:
    return " ".join(re.sub(r"[^a-z0-9' ]", " ", text.lower()).split())


def utterances(speaker: Speaker, lines: list[str]) -> list[Samples]:
    """Each line in one of three ways: as it is, lower and slower, faster with noise at 15 dB."""
    rng = np.random.default_rng(3)
    spoken = []
    for index, text in enumerate(lines):
        how = [Delivery(), Delivery(0.9, 0.0, -2.5), Delivery(1.2, -6.0, 3.0)][index % 3]
        samples = speaker.speak(text, how).at_rate(RATE).samples
        if index % 3 == 2:
            power = float((samples**2).mean()) * 10 ** (-15 / 10)
            samples = samples + rng.normal(0, power**0.5, len(samples)).astype(np.float32)
        spoken.append(samples)
    return spoken


@pytest.mark.slow
def test_hears_as_well_as_the_library_s_own_call(
    recogniser: Recogniser, recogniser_path: Path, speaker: Speaker, officer_lines: list[str]
) -> None:
    """The short window costs no words: 40 utterances against faster-whisper's default call."""
    from faster_whisper import WhisperModel

    usual = WhisperModel(str(recogniser_path), device="cpu", compute_type="int8", cpu_threads=2)
    said = [plain(text) for text in officer_lines]
    sounds = utterances(speaker, officer_lines)
    ours = [plain(recogniser.recognise(sound).text) for sound in sounds]
    theirs = [plain(" ".join(s.text for s in usual.transcribe(sound)[0])) for sound in sounds]
    ours_wer, theirs_wer = jiwer.wer(said, ours), jiwer.wer(said, theirs)
    assert ours_wer <= 0.06, list(zip(said, ours, strict=True))
    # A word or two either way: the two read different windows, and neither is always the better.
    assert ours_wer <= theirs_wer + 0.01, (ours_wer, theirs_wer)


@pytest.mark.slow
def test_says_how_long_and_how_sure(recogniser: Recogniser, speaker: Speaker) -> None:
    sound = speaker.speak("Tell me what is going on.").at_rate(RATE).samples
    heard = recogniser.recognise(np.pad(sound, (RATE, RATE)))
    assert plain(heard.text) == "tell me what is going on"
    assert heard.audio_s == pytest.approx(len(sound) / RATE + 2)
    assert heard.asr_ms > 0
    assert heard.no_speech_probability < 0.5
    assert -0.9 < heard.avg_logprob <= 0
    assert heard.refused is None


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["nothing", "a sample", "zeros", "white", "hum", "clicks"])
def test_silence_and_noise_are_not_words(recogniser: Recogniser, kind: str) -> None:
    rng, at = np.random.default_rng(5), np.arange(4 * RATE) / RATE
    sound = {
        "nothing": np.zeros(0),
        "a sample": np.ones(1),
        "zeros": np.zeros(4 * RATE),
        "white": rng.normal(0, 0.3, 4 * RATE),
        "hum": 0.3 * np.sin(2 * np.pi * 60 * at),
        "clicks": (rng.random(4 * RATE) < 0.0003) * 1.0,
    }[kind].astype(np.float32)
    heard = recogniser.recognise(sound)
    assert heard.text == ""
    assert heard.refused


@pytest.mark.slow
def test_a_minute_without_a_breath_is_heard_to_the_end(
    recogniser: Recogniser, speaker: Speaker, officer_lines: list[str]
) -> None:
    lines = officer_lines[-14:]
    sound = np.concatenate([speaker.speak(text).at_rate(RATE).samples for text in lines])
    assert len(sound) / RATE > 45
    heard = recogniser.recognise(sound)
    assert jiwer.wer(plain(" ".join(lines)), plain(heard.text)) < 0.08
    assert plain(heard.text).endswith(plain(lines[-1])[-20:])


@pytest.mark.slow
def test_very_short_words_do_not_loop(recogniser: Recogniser, speaker: Speaker) -> None:
    for text in ["Hi.", "Okay.", "Stop.", "Sir?", "No."]:
        sound = speaker.speak(text).at_rate(RATE).samples
        heard = plain(recogniser.recognise(sound).text)
        assert len(heard.split()) <= 2, (text, heard)


@pytest.mark.slow
def test_the_short_window_alone_would_loop_and_the_whole_one_is_asked(
    recogniser: Recogniser, monkeypatch: pytest.MonkeyPatch, speaker: Speaker
) -> None:
    """A 3 s window makes Whisper repeat itself; the loop is noticed and 30 s give the words."""
    from simulator.voice import asr

    monkeypatch.setattr(asr, "SHORT_WINDOW", 120)
    monkeypatch.setattr(asr, "ROOM_AFTER", 0)
    sounds = [speaker.speak(t).at_rate(RATE).samples for t in ("Hi.", "Okay.", "I hear you.")]
    looped = [recogniser._decode(recogniser._encode(sound, 120), sound) for sound in sounds]
    assert any(decoded.doubtful for decoded in looped)
    for sound, decoded in zip(sounds, looped, strict=True):
        if decoded.doubtful:
            assert not recogniser._hear(sound).looped


def test_a_loop_is_found_and_said_once() -> None:
    assert loop_at([5, 1, 2, 1, 2, 1, 2, 1, 2]) == (1, 2)
    assert without_loop([5, 1, 2, 1, 2, 1, 2, 1, 2]) == [5, 1, 2]
    assert loop_at([1, 2, 1, 2, 1, 2]) is None  # "no, no, no" is speech
    assert without_loop([]) == []


def test_what_is_no_recogniser_is_told_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(SimulatorError, match="not a recogniser") as problem:
        Recogniser(tmp_path)
    assert "\n" not in str(problem.value)
