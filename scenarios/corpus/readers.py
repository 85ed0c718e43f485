"""A raw file to a transcript: the published CSV, text logs and the JSON of a diarising model."""

from __future__ import annotations

import csv
import io
import json
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from scenarios.corpus.decode import decode
from scenarios.corpus.sources import RawFile
from scenarios.corpus.transcript import Finding, Outcome, Transcript, Turn, platform_of, video_of
from scenarios.errors import BadScenario

VERSION = 1

_TIME = ("start_time", "start", "start_s", "time", "timestamp", "begin", "from")
_SPEAKER = ("speaker_label", "speaker", "label", "who", "name", "role")
_TEXT = ("transcript", "text", "utterance", "content", "words", "sentence", "dialogue")

_CLOCK = re.compile(r"(?:(\d{1,3}):)?(\d{1,3}):(\d{1,2}(?:[.,]\d{1,6})?)")
_LOG_LINE = re.compile(
    r"^\s*(?:[\[(]?(?P<time>\d{1,3}:\d{2}(?::\d{2})?(?:[.,]\d+)?)"
    r"(?:\s*(?:-+>?|–)\s*[\d:.,]+)?[\])]?\s*[-–]?\s*)?"
    r"(?P<who>\[[^\]\n]{1,80}\]|[^\W\d_][^:\n]{0,60}?)\s*:\s+(?P<text>.*)$"
)

# The field limit is one for the whole process. Two published files have a field above the default
# of
# 131,072 characters; sources.MAX_TEXT_BYTES already bounds what comes here.
csv.field_size_limit(min(sys.maxsize, 2**31 - 1))


@dataclass(slots=True)
class _Row:
    time: Any
    speaker: str
    text: str


def read(raw: RawFile) -> Outcome:
    """Stage 1. A file that cannot be read comes back as a skip with its reason, never as an
    exception.
    """
    if raw.problem:
        return Outcome(None, skip=raw.problem)
    try:
        text, findings = decode(raw.data or b"")
        rows = list(_rows(text, raw.suffix, findings))
    except BadScenario as problem:
        return Outcome(None, skip=str(problem))
    turns = _turns(rows, findings)
    if not turns:
        return Outcome(None, findings, skip="there is no spoken turn in it")
    stem = raw.stem
    transcript = Transcript(stem, video_of(stem), platform_of(stem), tuple(turns))
    return Outcome(transcript, findings, facts={"turns": len(turns), "words": transcript.words()})


def seconds(value: Any) -> float | None:
    """Seconds of "MM:SS", "H:MM:SS", "MM:SS,mmm", "12.5" or a number; None where it is not a time."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value) if 0 <= value < 1e7 else None
    text = str(value or "").strip().strip("[]()")
    if match := _CLOCK.fullmatch(text):
        hours, minutes, rest = match.groups()
        return int(hours or 0) * 3600 + int(minutes) * 60 + float(rest.replace(",", "."))
    try:
        number = float(text.replace(",", "."))
    except ValueError:
        return None
    return number if 0 <= number < 1e7 else None


def _rows(text: str, suffix: str, findings: list[Finding]) -> Iterator[_Row]:
    if suffix == ".json":
        return _from_json(text, findings)
    if suffix in (".csv", ".tsv"):
        return _from_csv(text, findings)
    return _from_log(text, findings)


def _turns(rows: Iterable[_Row], findings: list[Finding]) -> list[Turn]:
    counts: Counter[str] = Counter()
    turns: list[Turn] = []
    last = 0.0
    for row in rows:
        said = " ".join(row.text.split())
        if not any(c.isalnum() for c in said):
            counts["empty turns left out"] += 1
            continue
        start = seconds(row.time)
        flags: tuple[str, ...] = ()
        if start is None:
            counts["turns without a time"] += 1
        elif start < last:
            counts["times out of order"] += 1
            flags = ("time_back",)
        last = last if start is None else start
        speaker = " ".join(row.speaker.split())
        if not speaker:
            counts["turns without a speaker"] += 1
        turns.append(Turn(start, speaker or "[Unknown]", said, flags=flags))
    findings += [Finding("read", kind, count) for kind, count in sorted(counts.items())]
    return turns


def _from_csv(text: str, findings: list[Finding]) -> Iterator[_Row]:
    first = text.lstrip("\r\n").split("\n", 1)[0]
    delimiter = max(",;\t|", key=first.count)
    table = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        header = next((row for row in table if any(cell.strip() for cell in row)), [])
        time, speaker, said = _columns(header)
        if time == speaker == said == -1:  # no header: the published order
            if len(header) < 3 or seconds(header[0]) is None:
                raise BadScenario(_missing("speaker and text", header))
            findings.append(Finding("read", "no header: taken as time, speaker, text"))
            time, speaker, said = 0, 1, 2
            yield _Row(header[0], header[1], header[2])
        elif speaker == -1 or said == -1:
            raise BadScenario(_missing("speaker" if speaker == -1 else "text", header))
        wanted, short = max(time, speaker, said), 0
        for row in table:
            if len(row) <= wanted:
                short += bool(row)
                continue
            words = row[said]
            if said == len(header) - 1 and len(row) > len(header):  # commas that nobody quoted
                words = delimiter.join(row[said:])
            yield _Row(row[time] if time >= 0 else None, row[speaker], words)
    except csv.Error as problem:
        raise BadScenario(f"is not a CSV that can be read: {problem}") from None
    if short:
        findings.append(Finding("read", "rows with too few columns left out", short))


def _columns(header: list[str]) -> tuple[int, int, int]:
    names = [cell.strip().strip('"').lower().replace(" ", "_") for cell in header]

    def find(known: tuple[str, ...]) -> int:
        return next((names.index(name) for name in known if name in names), -1)

    return find(_TIME), find(_SPEAKER), find(_TEXT)


def _missing(what: str, header: list[str]) -> str:
    there = ", ".join(cell.strip()[:30] for cell in header[:8])
    return f"no column for the {what}: it has {there or 'none'}; wanted start_time,speaker_label,transcript"


def _from_log(text: str, findings: list[Finding]) -> Iterator[_Row]:
    row: _Row | None = None
    before = 0
    for line in text.splitlines():
        match = _LOG_LINE.match(line)
        if match and (match["time"] or row is None or row.time is None):
            if row:
                yield row
            row = _Row(match["time"], match["who"], match["text"])
        elif line.strip() and row:  # a long turn goes on in the next line
            row.text += " " + line.strip()
        elif line.strip():
            before += 1
    if row is None:
        raise BadScenario("no line of it reads like '[00:03] Officer Johnson: …'")
    yield row
    if before:
        findings.append(Finding("read", "lines before the first turn left out", before))


def _from_json(text: str, findings: list[Finding]) -> Iterator[_Row]:
    try:
        data = json.loads(text)
    except (json.JSONDecodeError, RecursionError) as problem:
        raise BadScenario(f"is not JSON that can be read: {problem}") from None
    segments = data
    if isinstance(data, dict):
        keys = ("segments", "turns", "utterances", "monologues", "results", "transcript")
        segments = next((data[key] for key in keys if isinstance(data.get(key), list)), None)
    if not isinstance(segments, list):
        raise BadScenario("no list of segments in it (wanted: segments with start, speaker, text)")
    odd = 0
    for segment in segments:
        if not isinstance(segment, dict):
            odd += 1
            continue
        lower = {str(key).lower(): value for key, value in segment.items()}
        time = next((lower[key] for key in _TIME if lower.get(key) is not None), None)
        speaker = next((lower[key] for key in _SPEAKER if lower.get(key) is not None), "")
        said = next((lower[key] for key in _TEXT if isinstance(lower.get(key), str)), None)
        if said is None and isinstance(lower.get("words"), list):  # words only, each with its time
            words = [w for w in lower["words"] if isinstance(w, dict)]
            said = " ".join(str(w.get("word") or w.get("text") or "").strip() for w in words)
        if said is None:
            odd += 1
            continue
        yield _Row(time, str(speaker), said)
    if odd:
        findings.append(Finding("read", "segments without text left out", odd))
