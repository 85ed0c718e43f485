"""Recordings: words to voices to turns; the whole way, with real voices, where the `recordings` extra is installed."""

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr

from scenarios.corpus import recordings
from scenarios.corpus.diarise import Floats, Span, installed, spans_of
from scenarios.corpus.recordings import Word, check, decoded, turns_of
from scenarios.corpus.sources import RawFile, files_in
from scenarios.errors import BadScenario

needs_voice_prints = pytest.mark.skipif(
    not installed(),
    reason="the extra `recordings` is not installed",
)
needs_espeak = pytest.mark.skipif(
    shutil.which("espeak-ng") is None, reason="espeak-ng is not installed"
)


def words(text: str, start_s: float, each_s: float = 0.3) -> list[Word]:
    return [
        Word(start_s + i * each_s, start_s + (i + 1) * each_s, word)
        for i, word in enumerate(text.split())
    ]


def as_lines(turns: list) -> list[tuple[str, str]]:  # type: ignore[type-arg]
    return [(turn.speaker, turn.text) for turn in turns]


def test_a_sentence_goes_to_the_voice_that_spoke_most_of_it() -> None:
    said = [*words("Step out of the car, please.", 0.0), *words("Why should I do that?", 2.0)]
    spans = [Span(0.0, 1.6, 0), Span(1.6, 4.0, 1)]  # the edge is early by one word
    assert as_lines(turns_of(said, spans)) == [
        ("[Speaker 1]", "Step out of the car, please."),
        ("[Speaker 2]", "Why should I do that?"),
    ]


def test_a_sentence_that_two_voices_share_is_cut() -> None:
    said = words("you have the right no I do not", 0.0)
    spans = [Span(0.0, 1.2, 0), Span(1.2, 3.0, 1)]
    assert as_lines(turns_of(said, spans)) == [
        ("[Speaker 1]", "you have the right"),
        ("[Speaker 2]", "no I do not"),
    ]


def test_one_voice_is_one_turn_until_a_long_silence() -> None:
    said = [*words("Hello.", 0.0), *words("Anybody home?", 1.0), *words("Police.", 9.0)]
    assert as_lines(turns_of(said, [Span(0.0, 10.0, 0)])) == [
        ("[Speaker 1]", "Hello. Anybody home?"),
        ("[Speaker 1]", "Police."),
    ]


def test_words_outside_every_span_go_to_the_nearest_voice() -> None:
    spans = [Span(0.0, 1.0, 0), Span(5.0, 6.0, 1)]
    assert [t.speaker for t in turns_of(words("late", 4.5), spans)] == ["[Speaker 2]"]


def test_unclear_words_mark_their_turn() -> None:
    turns = turns_of([Word(0, 1, "mumble", clear=False)], [Span(0.0, 1.0, 0)])
    assert turns[0].flags == ("inaudible",)


@pytest.mark.parametrize("name", ["rubbish.mp3", "empty.wav"])
def test_what_is_no_recording_is_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(b"" if name.startswith("empty") else b"this is not sound" * 99)
    with pytest.raises(BadScenario, match="cannot be opened"):
        check(path)


def test_film_without_sound_is_refused_and_film_with_sound_is_heard(tmp_path: Path) -> None:
    silent, talking = tmp_path / "silent.mp4", tmp_path / "talking.mp4"
    _film(silent, sound=False)
    _film(talking, sound=True)
    with pytest.raises(BadScenario, match="no sound"):
        check(silent)
    check(talking)
    samples = decoded(talking)
    assert samples.dtype == np.float32
    assert len(samples) / 16_000 == pytest.approx(1.0, abs=0.1)


@pytest.mark.slow
@needs_voice_prints
def test_silence_is_skipped_with_a_reason(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "still.wav", np.zeros(48_000, np.float32), 16_000)
    outcome = recordings.read(next(files_in(tmp_path / "still.wav")))
    assert (outcome.transcript, outcome.skip) == (None, "nobody speaks in it")


def test_a_recording_inside_an_archive_is_skipped_with_its_problem() -> None:
    assert recordings.read(RawFile("a.wav", "a", ".wav", problem="unpack it")).skip == "unpack it"


@pytest.mark.slow
@needs_voice_prints
@needs_espeak
def test_two_voices_are_told_apart_and_written_down(tmp_path: Path) -> None:
    lines = [
        ("officer", "Good evening. I stopped you because your left tail light is out tonight."),
        ("driver", "I am so sorry, I did not know that it was broken."),
        ("officer", "That is all right. May I see your license and registration, please?"),
        ("driver", "It is in the glove box, can I open it and reach for it?"),
    ]
    samples, truth = _talk(tmp_path, lines)
    soundfile.write(tmp_path / "stop.wav", samples, 16_000)
    outcome = recordings.read(next(files_in(tmp_path / "stop.wav")))
    assert outcome.transcript is not None
    assert [t.speaker for t in outcome.transcript.turns] == ["[Speaker 1]", "[Speaker 2]"] * 2
    heard = " ".join(turn.text.lower() for turn in outcome.transcript.turns)
    assert "tail light" in heard
    assert "license and registration" in heard
    spans = spans_of(samples, recordings.speech_in(samples))
    assert _wrong_share(spans, truth) < 0.1


@pytest.mark.slow
@needs_voice_prints
@needs_espeak
def test_one_voice_is_one_speaker(tmp_path: Path) -> None:
    lines = [("driver", f"This is what I said to him on the {day} of May.") for day in range(3, 9)]
    samples, _ = _talk(tmp_path, lines)
    assert {s.speaker for s in spans_of(samples, recordings.speech_in(samples))} == {0}


def _talk(
    folder: Path, lines: list[tuple[str, str]]
) -> tuple[Floats, list[tuple[float, float, str]]]:
    """The officer is a man's voice of espeak-ng, the driver a woman's; half a second between them."""
    parts, truth, at = [], [], 0
    for who, text in lines:
        path = folder / "line.wav"
        voice = "en-us+m3" if who == "officer" else "en-us+f2"
        subprocess.run(["espeak-ng", "-v", voice, "-s", "160", "-w", str(path), text], check=True)
        spoken, rate = soundfile.read(path, dtype="float32")
        spoken = soxr.resample(spoken, rate, 16_000).astype(np.float32)
        truth.append((at / 16_000, (at + len(spoken)) / 16_000, who))
        gap = np.zeros(8_000, np.float32)
        parts += [spoken, gap]
        at += len(spoken) + len(gap)
    return np.concatenate(parts), truth


def _wrong_share(spans: list[Span], truth: list[tuple[float, float, str]]) -> float:
    """Share of the time in spans that lies in a line of another speaker than the span's main one."""
    shared: dict[tuple[int, str], float] = {}
    for span in spans:
        for start, end, who in truth:
            overlap = min(span.end_s, end) - max(span.start_s, start)
            if overlap > 0:
                shared[span.speaker, who] = shared.get((span.speaker, who), 0.0) + overlap
    best = {v: max(t for (s, _), t in shared.items() if s == v) for v, _ in shared}
    return 1 - sum(best.values()) / sum(shared.values())


def _film(path: Path, sound: bool) -> None:
    import av

    with av.open(str(path), "w") as container:
        video = container.add_stream("mpeg4", rate=10)
        video.width, video.height, video.pix_fmt = 64, 64, "yuv420p"
        audio = container.add_stream("aac", rate=16_000) if sound else None
        for _ in range(10):
            frame = av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8), format="rgb24")
            container.mux(video.encode(frame))
        container.mux(video.encode())
        if audio is not None:
            tone = np.sin(np.arange(16_000) / 16_000 * 2 * np.pi * 440).astype(np.float32)
            sample = av.AudioFrame.from_ndarray(tone[None, :], format="fltp", layout="mono")
            sample.sample_rate = 16_000
            container.mux(audio.encode(sample))
            container.mux(audio.encode())
