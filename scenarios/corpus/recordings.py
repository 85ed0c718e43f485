"""Stage 1 for recordings: Whisper's words, each given to the voice that was speaking, as turns.

Sound and film of every kind that FFmpeg's libraries open (PyAV carries them). The result is one more
transcript: who "[Speaker 2]" is, is for the roles stage to find out.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from scenarios.corpus.diarise import (
    SAMPLE_RATE,
    Floats,
    NoVoicePrints,
    Span,
    check_installed,
    installed,
    spans_of,
)
from scenarios.corpus.sources import RawFile
from scenarios.corpus.transcript import Finding, Outcome, Transcript, Turn, platform_of, video_of
from scenarios.errors import BadScenario

VERSION = 1

#: An hour of sound is 230 MB while it is read; a longer recording is better cut.
MAX_HOURS = 3.0
#: A pause or a full stop ends a sentence, and a sentence belongs to one voice where most of it does:
#: the edges of spans are a few hundred milliseconds off, and people seldom take over in mid-sentence.
_PAUSE_S = 0.6
_MOST_OF_IT = 0.7
#: A longer silence ends a turn even where nobody else spoke.
_NEW_TURN_S = 2.0
#: Whisper's mean log-probability below which words are marked as hardly audible.
_HARD_TO_HEAR = -1.0


@dataclass(frozen=True, slots=True)
class Word:
    start_s: float
    end_s: float
    text: str
    clear: bool = True


def version() -> str:
    """What the outcome of a recording depends on besides the file."""
    return f"{VERSION}:{recogniser_id()}:{'voices' if installed() else 'no voices'}"


def read(raw: RawFile) -> Outcome:
    """One recording. What is wrong with it comes back as a skip; never raises for what is in the file."""
    if raw.problem or raw.path is None:
        return Outcome(None, skip=raw.problem or "a recording is read from a file on disk")
    try:
        check_installed()
        check(raw.path)
        samples = decoded(raw.path)
        speech = speech_in(samples)
        if not speech:
            return Outcome(None, skip="nobody speaks in it")
        recogniser = recogniser_id()
        words = list(words_in(samples, recogniser))
        spans = spans_of(samples, speech)
    except (BadScenario, NoVoicePrints) as problem:
        return Outcome(None, skip=str(problem))
    turns = turns_of(words, spans)
    if not turns:
        return Outcome(None, skip="no words could be made out in it")
    transcript = Transcript(raw.stem, video_of(raw.stem), platform_of(raw.stem), tuple(turns))
    voices = len({turn.speaker for turn in turns})
    facts = {
        "turns": len(turns), "words": transcript.words(), "voices": voices,
        "seconds": round(len(samples) / SAMPLE_RATE, 1), "recogniser": recogniser,
    }  # fmt: skip
    findings = [Finding("read", f"recordings heard by {recogniser}", 1, f"{voices} voices")]
    hard = sum("inaudible" in turn.flags for turn in turns)
    if hard:
        findings.append(Finding("read", "turns hardly audible", hard))
    return Outcome(transcript, findings, facts=facts)


def check(path: Path) -> None:
    """Raises BadScenario for what holds no sound or is too long, before anything is decoded."""
    import av

    try:
        with av.open(str(path)) as container:
            if not container.streams.audio:
                raise BadScenario("there is no sound in it")
            hours = (container.duration or 0) / av.time_base / 3600
    except (av.FFmpegError, OSError, ValueError) as problem:
        raise BadScenario(f"cannot be opened as sound or film: {problem}") from None
    if hours > MAX_HOURS:
        raise BadScenario(
            f"is {hours:.1f} hours long; cut it into parts of at most {MAX_HOURS:.0f}"
        )


def decoded(path: Path) -> Floats:
    """Mono, 16 kHz. Raises BadScenario where the stream breaks."""
    import av
    from faster_whisper import decode_audio

    try:
        samples = decode_audio(str(path), sampling_rate=SAMPLE_RATE)
    except (av.FFmpegError, OSError, ValueError, IndexError) as problem:
        raise BadScenario(f"its sound cannot be decoded: {problem}") from None
    result: Floats = samples
    return result


def speech_in(samples: Floats) -> list[tuple[float, float]]:
    """Stretches with speech, in seconds (Silero's detector, which faster-whisper carries)."""
    from faster_whisper.vad import VadOptions, get_speech_timestamps

    options = VadOptions(min_silence_duration_ms=150, speech_pad_ms=50)
    found = get_speech_timestamps(samples, options)
    return [(part["start"] / SAMPLE_RATE, part["end"] / SAMPLE_RATE) for part in found]


def recogniser_id() -> str:
    """Base where it is installed: nobody waits for it here, and it mishears less than tiny."""
    from models.catalog import card
    from models.fetch import is_installed

    return "whisper-base" if is_installed("whisper-base") else card("asr").id


def words_in(samples: Floats, recogniser: str) -> Iterator[Word]:
    """Whisper's words with their times. Nothing is carried over, or one loop spoils the rest."""
    segments, _ = _whisper(recogniser).transcribe(
        samples,
        language="en",
        beam_size=2,
        word_timestamps=True,
        vad_filter=True,
        condition_on_previous_text=False,
    )
    for segment in segments:
        clear = segment.avg_logprob >= _HARD_TO_HEAR
        for word in segment.words or ():
            yield Word(float(word.start), float(word.end), word.word.strip(), clear)


def turns_of(words: Iterable[Word], spans: list[Span]) -> list[Turn]:
    """Words to turns: sentence by sentence to the voice that spoke most of it."""
    turns: list[Turn] = []
    speaker, text, start, end, clear = -1, "", 0.0, 0.0, True

    def close() -> None:
        if any(c.isalnum() for c in text):
            flags = () if clear else ("inaudible",)
            turns.append(Turn(round(start, 2), f"[Speaker {speaker + 1}]", text, flags=flags))

    for piece, who in _by_voice(words, spans):
        said = " ".join(word.text for word in piece)
        sound = all(word.clear for word in piece)
        if who == speaker and piece[0].start_s - end < _NEW_TURN_S:
            text, clear = f"{text} {said}", clear and sound
        else:
            close()
            speaker, text, start, clear = who, said, piece[0].start_s, sound
        end = piece[-1].end_s
    close()
    return turns


def _by_voice(words: Iterable[Word], spans: list[Span]) -> Iterator[tuple[list[Word], int]]:
    for sentence in _sentences(words):
        voices = [_voice_at(word, spans) for word in sentence]
        heard: dict[int, float] = {}
        for word, voice in zip(sentence, voices, strict=True):
            heard[voice] = heard.get(voice, 0.0) + max(word.end_s - word.start_s, 0.01)
        main = max(heard, key=lambda k: heard[k])
        if heard[main] >= _MOST_OF_IT * sum(heard.values()):
            yield sentence, main
            continue
        begin = 0
        for at in range(1, len(sentence) + 1):
            if at == len(sentence) or voices[at] != voices[at - 1]:
                yield sentence[begin:at], voices[begin]
                begin = at


def _sentences(words: Iterable[Word]) -> Iterator[list[Word]]:
    sentence: list[Word] = []
    for word in words:
        if sentence and word.start_s - sentence[-1].end_s > _PAUSE_S:
            yield sentence
            sentence = []
        sentence.append(word)
        if re.search(r"[.?!][\"'”’]?$", word.text):
            yield sentence
            sentence = []
    if sentence:
        yield sentence


def _voice_at(word: Word, spans: list[Span]) -> int:
    """The span that shares most time with the word; where none does, the nearest."""

    def shared(span: Span) -> float:
        return min(word.end_s, span.end_s) - max(word.start_s, span.start_s)  # < 0: the gap

    return max(spans, key=shared).speaker


@cache
def _whisper(recogniser: str) -> Any:
    from faster_whisper import WhisperModel

    from models.fetch import model_path

    threads = max(1, (os.cpu_count() or 2) // 2)  # the pipeline runs two files at a time
    return WhisperModel(
        str(model_path(recogniser)), device="cpu", compute_type="int8", cpu_threads=threads
    )
