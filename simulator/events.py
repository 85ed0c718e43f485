"""Every event of a session. The record, the screens, the review and the benchmark read these and
nothing else.

A session *is* its list of events, in order. `turn` counts the officer's utterances from 1; 0 is the
opening. All times named `*_s` are seconds since the session began, on the session's own clock;
`*_ms` are durations.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from scenarios.behaviours import BehaviourId
from scenarios.reactions import ReactionMoment, ReactionSound
from scenarios.schema import Band, SubjectType


class Event(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    at_s: float = Field(0.0, description="when, seconds since the session began")


class SessionStarted(Event):
    kind: Literal["session_started"] = "session_started"
    session_id: str
    began_at: str = Field(description="ISO 8601, UTC")
    scenario_id: str
    scenario_sha256: str
    subject_type: SubjectType
    seed: int
    officer: str = Field("", description="who trains, as they gave it; may be empty")
    model_id: str
    model_sha256: str
    agitation: int
    trust: int
    voice: bool
    draft: bool = Field(False, description="the scenario was a draft: tried out, not assessed")
    versions: dict[str, str] = {}


class SessionResumed(Event):
    """The session went on in a new process, after a kill or a pause."""

    kind: Literal["session_resumed"] = "session_resumed"
    turn: int


class OfficerSpoke(Event):
    kind: Literal["officer_spoke"] = "officer_spoke"
    turn: int
    text: str = Field(
        description="what was typed or recognised; empty where the officer said nothing"
    )
    source: Literal["typed", "microphone", "wav"]
    audio_s: float | None = None
    asr_ms: float | None = None


class ProsodyHeard(Event):
    """How the turn's words were said. None where it was not measured (typed, or no calibration)."""

    kind: Literal["prosody_heard"] = "prosody_heard"
    turn: int
    loudness_db: float | None = Field(
        None, description="of the speech, above (+) or below (-) the officer's own usual level"
    )
    words_per_minute: float | None = Field(None, description="while speaking, pauses left out")
    longest_pause_s: float | None = Field(None, description="longest silence inside the utterance")
    overlap_s: float | None = Field(
        None, description="how long the officer spoke while the civilian was still speaking"
    )
    waited_s: float | None = Field(
        None, description="silence between the civilian's last word and the officer's first"
    )


class Behaviour(BaseModel):
    """A behaviour recognised in an utterance, and the words that show it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: BehaviourId
    quote: str
    confidence: float = Field(1.0, ge=0, le=1)


class BehavioursRecognised(Event):
    kind: Literal["behaviours_recognised"] = "behaviours_recognised"
    turn: int
    behaviours: list[Behaviour]


class Cause(BaseModel):
    """One thing that moved the civilian, and by how much before inertia and bounds."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal[
        "behaviour",
        "stressor",
        "red_line",
        "calming_signal",
        "inject",
        "silence",
        "time",
        "prosody",
        "repair",
        "broken_promise",
        "odd_words",
    ]
    id: str
    about: str
    quote: str = ""
    agitation: float = 0.0
    trust: float = 0.0


class AffectMoved(Event):
    """The civilian's state after a cause. Every step names its causes, so that a score can be
    explained.
    """

    kind: Literal["affect_moved"] = "affect_moved"
    turn: int
    agitation: int
    trust: int
    compliance: int
    causes: list[Cause]


class FactsOpened(Event):
    """Secrets that may be told from now on: trust is enough and the talk is near them."""

    kind: Literal["facts_opened"] = "facts_opened"
    turn: int
    ids: list[str]


class InjectHappened(Event):
    kind: Literal["inject_happened"] = "inject_happened"
    turn: int
    id: str
    what: str


class Timings(BaseModel):
    """What one model call cost (see models.engine.CallTimings)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    n_prompt: int
    n_cached: int
    prefill_ms: float
    ttft_ms: float
    n_generated: int
    decode_tokens_per_s: float
    ahead_ms: float = Field(
        0.0,
        description="of it, spent while the officer still spoke; 0 where it was asked for after",
    )


class ReplyRefused(Event):
    """The guard did not let a draft through; kept so that a reader sees what the model really
    does.
    """

    kind: Literal["reply_refused"] = "reply_refused"
    turn: int
    draft: str
    reason: str


class CivilianReacted(Event):
    """A short sound without words, before the turn's reply or in the place of words."""

    kind: Literal["civilian_reacted"] = "civilian_reacted"
    turn: int
    sound: ReactionSound
    moment: ReactionMoment = Field(description="why: as the scenario has it")


class ClauseReady(Event):
    """The next words of the reply, cleared by the guard: may be shown and spoken now."""

    kind: Literal["clause_ready"] = "clause_ready"
    turn: int
    index: int
    text: str


class CivilianSpoke(Event):
    kind: Literal["civilian_spoke"] = "civilian_spoke"
    turn: int
    text: str
    origin: Literal["model", "authored"] = Field(
        description="model: the model's own words; authored: a line of the scenario"
    )
    origin_note: str = Field(
        "", description="why an authored line: opening, inject, ending, no draft passed"
    )
    tells: list[str] = Field([], description="ids of facts and secrets told in it")
    timings: Timings | None = None


class CivilianCutOff(Event):
    """The officer interrupted: this much of the turn's reply was heard. The transcript keeps what
    was heard.
    """

    kind: Literal["civilian_cut_off"] = "civilian_cut_off"
    turn: int
    heard: str


class CivilianCutIn(Event):
    """The civilian did not wait: they answered while the officer was still lecturing. What the
    officer said until then is the turn's utterance.
    """

    kind: Literal["civilian_cut_in"] = "civilian_cut_in"
    turn: int
    after_s: float = Field(description="how long the officer had been speaking")


class CivilianGaveWay(Event):
    """The civilian began to answer in a pause, the officer went on, and they fell silent at once. What was heard
    of it is no part of the talk.
    """

    kind: Literal["civilian_gave_way"] = "civilian_gave_way"
    turn: int = Field(description="the officer's, who went on")
    heard: str


class OfficerBackchannelled(Event):
    """Said "mm-hm" or "okay" while the civilian was speaking: it stopped nobody."""

    kind: Literal["officer_backchannelled"] = "officer_backchannelled"
    turn: int = Field(description="whose reply was being heard")
    text: str


class TurnTimed(Event):
    """Where the time of a turn went; seconds on the session's clock, None where there was no such
    stage.
    """

    kind: Literal["turn_timed"] = "turn_timed"
    turn: int
    speech_end_s: float | None = None
    turn_end_s: float
    asr_done_s: float | None = None
    first_token_s: float | None = None
    first_clause_s: float | None = None
    first_audio_s: float | None = None
    playback_start_s: float | None = None


class ContextDropped(Event):
    """The context was full: whole old turns were dropped behind the system message."""

    kind: Literal["context_dropped"] = "context_dropped"
    turn: int
    turns_dropped: int


class Noticed(Event):
    """Something the person should know: a microphone gone, a voice that fell back to text."""

    kind: Literal["noticed"] = "noticed"
    what: str


class EndingReached(Event):
    kind: Literal["ending_reached"] = "ending_reached"
    turn: int
    id: str
    band: Band
    outcome: str


class SessionEnded(Event):
    kind: Literal["session_ended"] = "session_ended"
    turn: int
    reason: Literal["ending", "officer_left", "lines_ran_out"]


AnyEvent = Annotated[
    SessionStarted
    | SessionResumed
    | OfficerSpoke
    | ProsodyHeard
    | BehavioursRecognised
    | AffectMoved
    | FactsOpened
    | InjectHappened
    | ReplyRefused
    | CivilianReacted
    | ClauseReady
    | CivilianSpoke
    | CivilianCutOff
    | CivilianCutIn
    | CivilianGaveWay
    | OfficerBackchannelled
    | TurnTimed
    | ContextDropped
    | Noticed
    | EndingReached
    | SessionEnded,
    Field(discriminator="kind"),
]

EVENT: TypeAdapter[AnyEvent] = TypeAdapter(AnyEvent)
