"""`deescal bench voice`: recorded conversations through the whole voice loop; from what it measured to figures."""

from __future__ import annotations

import shutil
import statistics
import time
from collections.abc import Callable
from pathlib import Path

from benchmark.device import device, runtime
from benchmark.hearing import Hearing, hearing
from benchmark.model_facts import model_facts
from benchmark.runfile import Figure, Model, RunFile, new_run_id, utc_now
from benchmark.statistics import median_interval, percentile
from benchmark.voice_lines import recordings, sound_sha256
from benchmark.voice_session import SpokenTurn, VoiceSession, voice_session
from benchmark.voice_workload import VoiceWorkload, voice_workload
from benchmark.workload import endless, identity
from models.fetch import file_sha256, model_path

Progress = Callable[[str, float], None]
_SESSION_MB = 1200.0
#: Utterances and conversations of a quick look, which is no measurement.
_QUICK_LINES, _QUICK_CONVERSATIONS = 12, 1
#: Said beside every run, so that no figure is taken for more than it is.
_NOTES = (
    "The officer is made of synthetic voices with noise, pauses, interruptions and coughs; no recordings of people.",
    "The clock runs while the machine computes and skips what is only waited for; sound is fed at the pace of speech. "
    "Speech ends where its last sound is in the recording, not where the detector noticed it.",
    "One after another: the endpoint of the workload in silence, then recognition of the whole, the whole reply, the "
    "whole synthesis, with the times that these took in the same turn, wherever in it they were done: what was drawn "
    "while the officer still spoke counts in full.",
    "A loudspeaker's own buffer is in neither of the two.",
)


def bench_voice(model: str, threads: int, progress: Progress, quick: bool = False) -> RunFile:
    """Measure everything and make a run of it. progress: told what is being done and how far all of it is, 0-1.

    threads 0: as play has them. quick: one conversation and few utterances, for a look; its workload has another hash.
    """
    began_at, began = utc_now(), time.monotonic()
    path = Path(model) if model.endswith(".gguf") else model_path(model)
    workload = voice_workload()
    if quick:
        few = workload.conversations[:_QUICK_CONVERSATIONS]
        workload = workload.model_copy(update={"name": "voice-quick", "conversations": few})
    loaded = endless(workload.scenario)
    on = device()
    said = "the officer's lines are spoken (once; they are kept)"
    folder = recordings(
        workload, _QUICK_LINES if quick else None, lambda share: progress(said, 0.2 * share)
    )
    progress("spoken sessions in their own process", 0.2)
    played = voice_session(model, threads, folder / "talk", len(workload.conversations))
    progress("two recognisers in turn", 0.6)
    heard = hearing(folder / "lines")
    progress("done", 1.0)
    notes = list(_NOTES)
    if shutil.which("espeak-ng") is None and any(voice.espeak for voice in workload.voices):
        notes.append(
            "espeak-ng is not installed: its voices were spoken by Piper in another manner."
        )
    return RunFile(
        kind="voice",
        id=new_run_id(),
        began_at=began_at,
        seconds=round(time.monotonic() - began, 1),
        device={**on, "load_average_after": device()["load_average"]},
        runtime=runtime(),
        models=[model_facts(model, path), _weights("asr"), _weights("tts")],
        workload=identity(workload, loaded),
        settings={**played.settings, "officer_sound_sha256": sound_sha256(folder)},
        samples=_samples(heard, played),
        figures=_figures(workload, heard, played, default_model=model == "civilian"),
        notes=[*notes, *(each.note for each in played.talked_over if each.note)],
    )


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
    # In a pause inside the officer's words an answer may come before their end: told apart, it is no speed.
    turns = [turn for turn in played.turns if not turn.silent and turn.playback_at_ms > 0]
    first = [turn.playback_at_ms for turn in turns]
    plain = [turn.sequential_ms for turn in turns]
    asked = (
        f"end of speech → first sound, ÷ one after another with {workload.endpoint_s} s endpoint"
    )
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
        _stage("voice_to_voice_ms", first, "end of speech → first sound"),
        _stage("sequential_ms", plain, "the same turn one after another"),
        _stage("hard_end_ms", [t.turn_end_at_ms for t in turns], "end of speech → certain"),
        _stage("asr_done_ms", [t.asr_done_at_ms for t in turns], "end of speech → words"),
        _stage("asr_ms", [t.asr_ms for t in turns], "recognition"),
        _stage("prefill_ms", _known(turns, "prefill_ms"), "prefill left when the model was asked"),
        _stage("first_token_ms", _known(turns, "first_token_ms"), "model asked → first token"),
        _stage("reply_ms", [t.reply_ms for t in turns], "words → whole reply, without synthesis"),
        _stage("first_clause_ms", [t.first_clause_at_ms for t in turns], "end → first clause"),
        _stage("first_clause_speech_ms", [t.first_clause_speech_ms for t in turns], "Piper, first"),
        _stage("whole_speech_ms", [t.whole_speech_ms for t in turns], "Piper, the whole reply"),
        _simple("asr_rtf", sum(heard.ours_ms) / 1000 / sum(heard.audio_s), "recognition ÷ sound"),
        _simple(
            "tts_rtf",
            sum(t.whole_speech_ms for t in turns) / 1000 / sum(t.speech_s for t in turns),
            "synthesis ÷ sound",
        ),
        _simple("cpu_share", played.cpu_s / played.talk_s, "processor time ÷ talk, cores' worth"),
        _simple("listening_share", played.listening_s / played.talk_s, "voice activity ÷ talk"),
        _count(
            "supposed_again", played.supposed_again, "answers begun and taken back: they went on"
        ),
        _count(
            "ahead_turns",
            sum(turn.ahead_ms > 0 for turn in turns),
            f"of {len(turns)} turns answered from drafts drawn while the officer still spoke",
        ),
        _count(
            "rehearsals", played.rehearsals, "times that drafts were drawn while the officer spoke"
        ),
        _count("gaps", played.gaps, "silences because synthesis came after playback", most=0.0),
        _count(
            "authored_turns",
            sum(turn.authored for turn in played.turns),
            f"of {len(played.turns)} turns answered with a line of the scenario",
        ),
        Figure(
            name="session_peak_mb",
            value=round(played.peak_bytes / 1e6, 1),
            unit="MB",
            about=f"resident at most, {len(turns)} turns by voice",
            better="lower",
            threshold=_SESSION_MB if default_model else None,
        ),
        *_talked_over(played),
    ]


def _talked_over(played: VoiceSession) -> list[Figure]:
    kinds = [each.kind for each in played.talked_over]
    if not kinds:
        note = "no reply was long enough to be talked over"
        return [
            Figure(name="interruptions_handled", value=None, unit="share",
                   about="talked over", source="none", n=0, note=note)
        ]  # fmt: skip
    well = sum(each.well for each in played.talked_over)
    silent = [e.silent_after_ms for e in played.talked_over if e.silent_after_ms is not None]
    about = ", ".join(f"{kinds.count(kind)} × {kind}" for kind in sorted(set(kinds)))
    return [
        Figure(
            name="interruptions_handled",
            value=round(well / len(kinds), 4),
            unit="share",
            about=f"taken as they were meant: {about}",
            better="higher",
            threshold=1.0,
            n=len(kinds),
        ),
        _stage(
            "silent_after_ms", silent, "first sound of an interruption → the civilian is silent"
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
    """First sound after the hard end ÷ (decode + synthesis of the first clause). Of every turn: for a line that was
    not drawn there is no decode in the denominator.
    """
    ratios = [
        max(0.0, turn.playback_at_ms - turn.turn_end_at_ms)
        / ((turn.first_clause_decode_ms or 0.0) + turn.first_clause_speech_ms)
        for turn in turns
        if turn.first_clause_speech_ms > 0
    ]
    before = sum(ratio == 0.0 for ratio in ratios)
    return Figure(
        name="after_hard_end_ratio_p50",
        value=round(statistics.median(ratios), 4) if ratios else None,
        unit="×",
        about="certain → first sound, ÷ (first clause: decode + synthesis); 0: heard before it was certain",
        better="lower",
        threshold=1.5,
        n=len(ratios),
        source="measured" if ratios else "none",
        note=f"heard before it was certain in {before} of {len(ratios)} turns" if ratios else "",
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
    p90, p95 = percentile(values, 90), percentile(values, 95)
    return Figure(
        name=name,
        value=round(statistics.median(values), 1),
        unit="ms",
        about=f"p50: {about}; p90 {p90:.0f}, p95 {p95:.0f} ms",
        n=len(values),
    )


def _simple(name: str, value: float, about: str) -> Figure:
    return Figure(name=name, value=round(value, 4), unit="×", about=about)


def _count(name: str, value: float, about: str, most: float | None = None) -> Figure:
    better = None if most is None else "lower"
    return Figure.model_validate(
        {"name": name, "value": value, "unit": "times", "about": about, "threshold": most, "better": better}
    )  # fmt: skip
