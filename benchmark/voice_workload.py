"""The voice benchmark's workload: conversations of an officer, see workloads/voice.yaml."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from benchmark.workload import read_workload
from scenarios.schema import SubjectType


class OfficerVoice(BaseModel):
    """One way of saying the lines; noise_db: of the noise under it, relative to full scale.

    espeak: a voice of espeak-ng that says them instead of Piper, where that program is installed.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    rate: float = 1.0
    pitch_semitones: float = 0.0
    noise_db: float | None = None
    espeak: str | None = None


class OfficerTurn(BaseModel):
    """What the officer says next. Parts have `pause_s` of silence between them.

    over: said while the civilian speaks, `at_s` seconds after they began; else after they have finished.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    say: list[str] = Field(min_length=1)
    pause_s: float = 0.0
    over: Literal["interruption", "backchannel", "cough"] | None = None
    at_s: float = 0.5

    @property
    def words(self) -> str:
        return " ".join(self.say)


class VoiceWorkload(BaseModel):
    """Each conversation is said by one of the voices, in turn."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    scenario: str
    subject: SubjectType
    seed: int
    endpoint_s: float = Field(gt=0)
    voices: list[OfficerVoice] = Field(min_length=1)
    conversations: list[list[OfficerTurn]] = Field(min_length=1)


def voice_workload() -> VoiceWorkload:
    return VoiceWorkload.model_validate(read_workload("voice"))
