"""`deescal bench voice`, first form: push-to-talk as `play` does it today; from its parts to figures."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from benchmark.device import device, runtime
from benchmark.engine_bench import model_facts
from benchmark.hearing import Hearing, hearing
from benchmark.runfile import Figure, Model, RunFile, new_run_id, utc_now
from benchmark.statistics import median_interval, percentile
from benchmark.voice_lines import SpokenLine, sound_sha256, speak_lines
from benchmark.voice_session import SpokenTurn, VoiceSession, voice_session
from benchmark.workload import VoiceWorkload, endless, identity, voice_workload
from models.engine import EngineSettings
from models.fetch import file_sha256, model_path

Progress = Callable[[str, float], None]
_SESSION_MB = 1200.0
#: Said beside every run, so that no figure is taken for more than it is.
_NOTES = (
    "The officer is Piper's own voice in several manners, not recordings of people.",
    "Push-to-talk: the turn ends where the take ends. There is no endpointer in it yet, so no wait for silence is "
    "counted on our side; the comparison waits its endpoint out.",
    "The take is given to the recogniser whole: nothing is recognised or prefilled while the officer speaks.",
)


def bench_voice(model: str, settings: EngineSettings, progress: Progress) -> RunFile:
    """Measure everything and make a run of it. progress: told what is being done and how far all of it is, 0-1."""
    began_at, began = utc_now(), time.monotonic()
    path = Path(model) if model.endswith(".gguf") else model_path(model)
    workload = voice_workload()
    loaded = endless(workload.scenario)
    settings = settings.resolved()
    on = device()
    with tempfile.TemporaryDirectory(prefix="deescal-bench-") as name:
        folder = Path(name)
        progress("the officer's lines are spoken", 0.0)
        spoken = speak_lines(workload, folder)
        for line in spoken:
            line.path.with_suffix(".txt").write_text(line.words, encoding="utf-8")
        sound = sound_sha256(spoken)
        progress("two recognisers in turn", 0.15)
        heard = hearing(folder)
        progress("a spoken session in its own process", 0.5)
        played = voice_session(model, asdict(settings), _first_conversation(spoken, folder))
    progress("done", 1.0)
    return RunFile(
        kind="voice",
        id=new_run_id(),
        began_at=began_at,
        seconds=round(time.monotonic() - began, 1),
        device={**on, "load_average_after": device()["load_average"]},
        runtime=runtime(),
        models=[model_facts(model, path), _weights("asr"), _weights("tts")],
        workload=identity(workload, loaded),
        settings={**asdict(settings), "officer_sound_sha256": sound},
        samples=_samples(heard, played),
        figures=_figures(workload, heard, played, default_model=model == "civilian"),
        notes=list(_NOTES),
    )


def _first_conversation(spoken: list[SpokenLine], folder: Path) -> Path:
    """The lines of each voice in turn make one conversation: line n is said by voice n, around and around."""
    conversation = folder / "conversation"
    conversation.mkdir()
    voices = 1 + max(line.voice for line in spoken)
    lines = len(spoken) // voices
    for at in range(lines):
        line = spoken[(at % voices) * lines + at]
        (conversation / f"{at:02d}.wav").hardlink_to(line.path)
    return conversation


def _weights(role: str) -> Model:
    """The recogniser's or the voice's weights, by the largest of their files."""
    path = model_path(role)
    largest = max(path.iterdir(), key=lambda p: p.stat().st_size) if path.is_dir() else path
    return Model(
        id=role, file=largest.name, sha256=file_sha256(largest), bytes=largest.stat().st_size
    )


def _samples(heard: Hearing, played: VoiceSession) -> dict[str, list[float]]:
    samples = {
        "hear_ours_ms": heard.ours_ms,
        "hear_default_ms": heard.default_ms,
        "hear_audio_s": heard.audio_s,
    }
    for name in SpokenTurn.__dataclass_fields__:
        values = [getattr(turn, name) for turn in played.turns]
        samples[f"turn_{name}"] = [float(value) for value in values if value is not None]
    return {name: [round(value, 4) for value in values] for name, values in samples.items()}


def _figures(
    workload: VoiceWorkload, heard: Hearing, played: VoiceSession, default_model: bool
) -> list[Figure]:
    turns = [turn for turn in played.turns if not turn.silent]
    first = [turn.first_audio_at_ms for turn in turns]
    plain = [turn.sequential_ms for turn in turns]
    n = len(turns)
    asked = f"first sound ÷ one after another with {workload.endpoint_s} s endpoint"
    middle, low, high = median_interval(heard.speedups)
    return [
        _of_two("voice_to_voice_ratio_p50", first, plain, 50, 0.35, asked),
        _of_two("voice_to_voice_ratio_p95", first, plain, 95, 0.5, asked),
        _after_hard_end(turns),
        Figure(
            name="asr_speedup",
            value=round(middle, 3),
            unit="×",
            about="recognition: faster-whisper's default call ÷ ours",
            better="higher",
            threshold=2.0,
            low=round(low, 3),
            high=round(high, 3),
            n=len(heard.speedups),
        ),
        _wer("asr_wer", heard.wer, heard, round(heard.wer_default, 4)),
        _wer("asr_wer_default", heard.wer_default, heard, None),
        _cached(played),
        _stage("voice_to_voice_ms", first, "end of the take → first sound"),
        _stage("sequential_ms", plain, "the same turn one after another"),
        _stage("asr_ms", [t.asr_ms for t in played.turns], "recognition in the session"),
        _stage("prefill_ms", _known(turns, "prefill_ms"), "prefill left when the model was asked"),
        _stage("first_token_ms", _known(turns, "first_token_ms"), "model asked → first token"),
        _stage("first_clause_ms", [t.first_clause_at_ms for t in turns], "end → first clause"),
        _stage("first_clause_speech_ms", [t.first_clause_speech_ms for t in turns], "Piper, first"),
        _simple("asr_rtf", sum(heard.ours_ms) / 1000 / sum(heard.audio_s), "recognition ÷ sound"),
        _simple(
            "tts_rtf",
            sum(t.whole_speech_ms for t in turns) / 1000 / sum(t.speech_s for t in turns),
            "synthesis ÷ sound",
        ),
        _simple("cpu_share", played.cpu_s / played.wall_s, "processor time ÷ time, cores' worth"),
        Figure(
            name="authored_turns",
            value=sum(turn.authored for turn in played.turns),
            unit=f"of {len(played.turns)}",
            about="turns answered with a line of the scenario",
            n=len(played.turns),
        ),
        Figure(
            name="session_peak_mb",
            value=round(played.peak_bytes / 1e6, 1),
            unit="MB",
            about=f"resident at most, {n} turns by voice",
            better="lower",
            threshold=_SESSION_MB if default_model else None,
        ),
        Figure(
            name="interruptions_handled",
            value=None,
            unit="share",
            about="barge-in, backchannels",
            source="none",
            n=0,
            note="there is no live loop to interrupt yet",
        ),
    ]


def _of_two(
    name: str, first: list[float], plain: list[float], percent: int, most: float, about: str
) -> Figure:
    value = percentile(first, percent) / percentile(plain, percent)
    few = percent > 50 and len(first) < 130
    return Figure(
        name=name,
        value=round(value, 4),
        unit="×",
        about=about,
        better="lower",
        threshold=most,
        n=len(first),
        note=f"of {len(first)} turns, so this is nearly the slowest turn" if few else "",
    )


def _after_hard_end(turns: list[SpokenTurn]) -> Figure:
    """First sound after the take was recognised ÷ (decode + synthesis of the first clause)."""
    ratios = [
        (turn.first_audio_at_ms - turn.asr_ms)
        / (turn.first_clause_decode_ms + turn.first_clause_speech_ms)
        for turn in turns
        if turn.first_clause_decode_ms is not None and not turn.authored
    ]
    about = "words recognised → first sound ÷ (first clause: decode + synthesis)"
    if not ratios:
        return Figure(
            name="after_hard_end_ratio_p50",
            value=None,
            unit="×",
            about=about,
            better="lower",
            threshold=1.5,
            source="none",
            n=0,
            note="no turn of this session was answered in the model's own words",
        )
    return Figure(
        name="after_hard_end_ratio_p50",
        value=round(statistics.median(ratios), 4),
        unit="×",
        about=about,
        better="lower",
        threshold=1.5,
        n=len(ratios),
        source="estimated",
        note="the clause's decode is its tokens by the turn's decode speed, not timed by itself",
    )


def _wer(name: str, value: float, heard: Hearing, most: float | None) -> Figure:
    return Figure(
        name=name,
        value=round(value, 4),
        unit="share",
        about="word error rate of our call" if most is not None else "of faster-whisper's default",
        better="lower" if most is not None else None,
        threshold=most,
        n=len(heard.said),
        note=f"{len(heard.said)} utterances of one synthetic speaker's voices: a first look",
    )


def _cached(played: VoiceSession) -> Figure:
    about = "of a turn's prompt, in the cache when the officer stopped"
    later = [t for t in played.turns if t.turn >= 2 and t.n_prompt and t.n_cached is not None]
    total = sum(t.n_prompt or 0 for t in later)
    value = round(sum(t.n_cached or 0 for t in later) / total, 4) if total else None
    return Figure(
        name="cached_share",
        value=value,
        unit="share",
        about=about,
        better="higher",
        threshold=0.9,
        n=len(later),
        source="measured" if total else "none",
        note="" if total else "the model was asked in no turn from the second on",
    )


def _known(turns: list[SpokenTurn], name: str) -> list[float]:
    return [value for turn in turns if (value := getattr(turn, name)) is not None]


def _stage(name: str, values: list[float], about: str) -> Figure:
    if not values:
        return Figure(
            name=name, value=None, unit="ms", about=about, source="none", n=0, note="no such stage"
        )
    return Figure(
        name=name,
        value=round(statistics.median(values), 1),
        unit="ms",
        about=f"p50: {about}; p90 {percentile(values, 90):.0f} ms",
        n=len(values),
    )


def _simple(name: str, value: float, about: str) -> Figure:
    return Figure(name=name, value=round(value, 4), unit="×", about=about)
