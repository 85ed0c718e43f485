"""The transcript: what every stage of the corpus takes and gives, and what a stage has to tell."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import Any, Literal, get_args

Role = Literal["officer", "civilian", "other_civilian", "dispatcher", "narrator", "unknown"]
ROLES: tuple[Role, ...] = get_args(Role)

#: What a turn may be marked with. `overlap`: two voices at once; `inaudible`: words were lost;
#: `unsure`: the speaker's role is a guess; `time_back`: starts before the turn above it.
FLAGS = ("overlap", "inaudible", "unsure", "time_back")

PLATFORMS = ("youtube", "tiktok", "facebook")


@dataclass(frozen=True, slots=True)
class Turn:
    """What one voice said without a break. `start_s` is None where the source gives no time."""

    start_s: float | None
    speaker: str
    text: str
    role: Role = "unknown"
    flags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Transcript:
    """One source, in the order in which it was spoken.

    `video` is the same for all parts of one video: nothing of one video may stand on both sides of a split.
    """

    source: str
    video: str
    platform: str
    turns: tuple[Turn, ...]

    def with_turns(self, turns: tuple[Turn, ...] | list[Turn]) -> Transcript:
        return replace(self, turns=tuple(turns))

    def words(self) -> int:
        return sum(len(turn.text.split()) for turn in self.turns)


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report: what a stage saw or did, how often, with an example where that helps."""

    stage: str
    kind: str
    count: int = 1
    detail: str = ""


@dataclass(slots=True)
class Outcome:
    """What a stage gives back. `skip` says why the file goes no further. `facts` is data for later
    stages and the report."""

    transcript: Transcript | None
    findings: list[Finding] = field(default_factory=list)
    skip: str | None = None
    facts: dict[str, Any] = field(default_factory=dict)


def video_of(stem: str) -> str:
    """The video a file belongs to: its stem without the mark of a part or of one more download.

    >>> video_of("tiktok_1020_Some_Title_9_07d6398c"), video_of("youtube_17_part2"), video_of("youtube_17")
    ('tiktok_1020_Some_Title_9', 'youtube_17', 'youtube_17')
    """
    stem = re.sub(r"[_-][0-9a-f]{8}$", "", stem)
    return re.sub(r"(?i)[_-](?:part|pt|p|chunk|seg)[_-]?\d+$", "", stem) or stem


def platform_of(stem: str) -> str:
    head = stem.split("_", 1)[0].lower()
    return head if head in PLATFORMS else "other"


def as_json(transcript: Transcript) -> dict[str, Any]:
    return {
        "source": transcript.source,
        "video": transcript.video,
        "platform": transcript.platform,
        "turns": [[t.start_s, t.speaker, t.text, t.role, list(t.flags)] for t in transcript.turns],
    }


def from_json(data: dict[str, Any]) -> Transcript:
    turns = tuple(Turn(s, who, text, role, tuple(f)) for s, who, text, role, f in data["turns"])
    return Transcript(data["source"], data["video"], data["platform"], turns)
