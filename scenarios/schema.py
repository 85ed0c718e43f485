"""The scenario: what an instructor writes and what is played. Pydantic models; JSON Schema from
them.

All strengths are points on two 0-100 scales, agitation and trust (see DESIGN "Affect").
"""

from __future__ import annotations

import unicodedata
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from scenarios.behaviours import BehaviourId
from scenarios.consistency import person_faults, refuse, scenario_faults
from scenarios.reactions import ReactionMoment, ReactionSound


def _printable(text: str) -> str:
    """Control characters would steer the terminal that prints them; marks of direction hide text."""
    for letter in text:
        if (unicodedata.category(letter) == "Cc" and letter not in "\n\t") or letter in _HIDING:
            raise ValueError(f"a character that cannot be seen is in it (U+{ord(letter):04X})")
    return text


_HIDING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_Seen = AfterValidator(_printable)

Id = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(?:[-_][a-z0-9]+)*$", max_length=60)]
Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=600), _Seen]
Text = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=4000), _Seen
]
Points = Annotated[int, Field(ge=0, le=100)]
Delta = Annotated[int, Field(ge=-60, le=60)]

Category = Literal[
    "traffic", "domestic", "mental_health", "suicide", "property", "public_order", "juvenile",
    "medical", "intoxication", "community", "custody", "armed", "workplace",
]  # fmt: skip
SubjectType = Literal["cooperative", "upset", "aggressive"]
Band = Literal["escalation", "containment", "de_escalation", "resolution"]
ContentLevel = Literal["mild", "moderate", "strong"]

BAND_NAMES: dict[Band, str] = {
    "escalation": "Escalation",
    "containment": "Containment",
    "de_escalation": "De-escalation",
    "resolution": "Resolution",
}


class Part(BaseModel):
    """A part of a scenario: unknown keys are refused, so that a typing mistake is found."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Difficulty(Part):
    level: int = Field(ge=1, le=5)
    because: list[Line] = Field(min_length=1, description="the indicators that make it so")


class Content(Part):
    level: ContentLevel = Field(
        "mild",
        description="mild: no swearing; moderate: everyday swearing; strong: as on the street",
    )
    warnings: list[Line] = []


class Source(Part):
    kind: Literal["authored", "deescalwild"] = "authored"
    file: str | None = Field(None, description="file stem of the transcript, for deescalwild")


class Briefing(Part):
    """What the officer has before the first word."""

    dispatch: Text = Field(description="what dispatch says, as it would be said")
    officer_knows: list[Line] = []
    objectives: list[Line] = Field(min_length=1)
    policy_notes: list[Line] = []


class Voice(Part):
    """How the civilian sounds before any feeling: a voice of the catalogue, and settings on it."""

    model: str | None = Field(
        None, description="id of a tts card; the default voice where not installed"
    )
    rate: float = Field(1.0, ge=0.7, le=1.4, description="speed; above 1 is faster")
    pitch_semitones: float = Field(0.0, ge=-6, le=6)


class Reaction(Part):
    """A short sound without words that this person makes before they speak, or in the place of words."""

    sound: ReactionSound
    at: list[ReactionMoment] = Field(
        min_length=1,
        description="silent: where they say nothing; hurt: the officer upset them much or crossed a red line; "
        "eased: the officer calmed them much; telling: before a secret",
    )


class State(Part):
    agitation: Points
    trust: Points


class Fact(Part):
    """Something that is so. Told when it comes up."""

    id: Id
    text: Line = Field(description="in the civilian's own first person: what they would say of it")


class Secret(Fact):
    """A fact held back until trust is enough and the talk is near it."""

    trust: Points = Field(description="trust needed before it is told")
    near: list[Line] = Field(
        [], description="words of the officer that bring it up; none: any talk does"
    )


class Trigger(Part):
    """Words or behaviours of the officer that move this person more than they would another."""

    id: Id
    about: Line
    says: list[Line] = Field(
        [], description="phrases, any of which fires it; `*` stands for a few words"
    )
    does: list[BehaviourId] = []
    agitation: Delta = 0
    trust: Delta = 0

    @model_validator(mode="after")
    def _fires(self) -> Self:
        if not self.says and not self.does:
            raise ValueError(
                f"'{self.id}' can never fire: give it phrases (says) or behaviours (does)"
            )
        if self.agitation == 0 and self.trust == 0:
            raise ValueError(f"'{self.id}' moves nothing: give it agitation or trust")
        return self


class Civilian(Part):
    name: Line
    age: int = Field(ge=5, le=100)
    gender: Literal["female", "male", "nonbinary"]
    appearance: Text
    role: Line = Field(description="who they are in the scene: the driver, the tenant, her brother")
    background: Text = Field(description="third person; what made them who they are tonight")
    wants: Line = Field(description="what this person wants out of the encounter")
    speech_style: Text
    voice: Voice = Voice.model_validate({})
    reactions: list[Reaction] = Field(
        [], description="sounds without words; none: this person makes none"
    )
    baseline: State
    facts: list[Fact] = Field(min_length=2)
    secrets: list[Secret] = Field(min_length=1)
    stressors: list[Trigger] = Field(min_length=1)
    red_lines: list[Trigger] = Field(min_length=1)
    calming_signals: list[Trigger] = Field(min_length=1)
    never_says: list[Line] = Field([], description="phrases this person would not say")
    can_be_talked_down: bool = True
    agitation_floor: Points = Field(0, description="talk never brings agitation below this")
    trust_ceiling: Points = Field(100, description="talk never brings trust above this")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        refuse(person_faults(self))
        return self

    def triggers(self) -> list[Trigger]:
        return [*self.stressors, *self.red_lines, *self.calming_signals]


class SubjectShift(Part):
    """How a subject type departs from the baseline."""

    agitation: Delta
    trust: Delta
    note: Line = Field(description="how this person is different today, as a stage direction")


class SubjectTypes(Part):
    cooperative: SubjectShift
    upset: SubjectShift
    aggressive: SubjectShift


class Condition(Part):
    """True when everything that is given holds. Turns count the officer's utterances, from 1."""

    agitation_at_least: Points | None = None
    agitation_at_most: Points | None = None
    trust_at_least: Points | None = None
    trust_at_most: Points | None = None
    turn_at_least: int | None = Field(None, ge=1)
    seconds_at_least: int | None = Field(None, ge=1)
    for_turns: int = Field(1, ge=1, le=10, description="must have held this many turns in a row")
    told: list[Id] = Field([], description="facts or secrets that have been told")
    after: list[Id] = Field([], description="injects that have happened")
    officer_did: list[BehaviourId] = Field([], description="behaviours seen at least once so far")
    crossed: list[Id] = Field([], description="red lines that have been crossed")

    @model_validator(mode="after")
    def _possible(self) -> Self:
        for scale in ("agitation", "trust"):
            low, high = getattr(self, f"{scale}_at_least"), getattr(self, f"{scale}_at_most")
            if low is not None and high is not None and low > high:
                raise ValueError(
                    f"contradictory thresholds: {scale}_at_least {low} is above {scale}_at_most {high}"
                )
        if not self.model_dump(exclude_defaults=True, exclude={"for_turns"}):
            raise ValueError("an empty condition is always true: name at least one thing")
        return self


class Inject(Part):
    """Something that happens around them: once, when its condition holds."""

    id: Id
    when: Condition
    what: Line = Field(description="what the officer sees or hears, present tense")
    civilian_says: Line | None = Field(None, description="the civilian's first words about it")
    agitation: Delta = 0
    trust: Delta = 0


class Ending(Part):
    id: Id
    band: Band
    when: Condition
    closing: Line = Field(description="the civilian's last words")
    outcome: Line = Field(description="what then happens, one sentence")


class Question(Part):
    """Lesson material in three steps, after POL-COM (Erasmus+): why, what follows, what of you."""

    why: Line
    consequences: Line
    reflection: Line


class Debrief(Part):
    key_lessons: list[Line] = Field(min_length=2)
    questions: list[Question] = Field(min_length=1)
    instructor_notes: Text
    what_good_looks_like: list[Line] = Field(min_length=2)


class Scenario(Part):
    """One encounter, whole: who, where, what moves them, how it can end, what is learnt."""

    id: Id
    title: Line
    category: Category
    tags: list[Id] = []
    summary: Line = Field(description="one sentence for the list")
    difficulty: Difficulty
    minutes: int = Field(ge=2, le=60)
    content: Content = Content.model_validate({})
    skills: list[BehaviourId] = Field(min_length=2, description="behaviours this one trains")
    locale: str = "en-US"
    licence: str = "CC-BY-4.0"
    source: Source = Source.model_validate({})
    status: Literal["reviewed", "draft"] = Field(
        "reviewed",
        description="a draft is not played for assessment until a person has finished it",
    )
    setting: Text = Field(
        description="where and when, what is seen and heard; second person to nobody"
    )
    briefing: Briefing
    civilian: Civilian
    subject_types: SubjectTypes
    openings: list[Line] = Field(
        min_length=2, description="first words of the civilian, one is drawn"
    )
    events: list[Inject] = []
    endings: list[Ending] = Field(
        min_length=3, description="the first whose condition holds ends it"
    )
    sample_officer: list[Line] = Field(
        min_length=6, description="a decent officer's lines in order: the demo speaks them"
    )
    debrief: Debrief
    reference: list[Line] = Field([], description="optional reference dialogue, 'officer: …' lines")

    @model_validator(mode="after")
    def _whole(self) -> Self:
        refuse(scenario_faults(self, BAND_NAMES))
        return self


class ReplyState(State):
    """The civilian's state behind a reply, and the facts or secrets that the reply tells."""

    tells: list[Id] = []


class Exchange(Part):
    officer: Line
    does: list[BehaviourId] = Field(description="behaviours in the officer's line; may be empty")
    civilian: Line
    state: ReplyState

    @property
    def length(self) -> Literal["silent", "short", "medium", "long"]:
        """Length of the reply in words: none, up to 5, up to 18, more."""
        words = sum(any(c.isalnum() for c in word) for word in self.civilian.split())
        if words == 0:
            return "silent"
        return "short" if words <= 5 else "medium" if words <= 18 else "long"


class Dialogue(Part):
    """An authored conversation in a scenario, after the opening line."""

    officer: Literal["trained", "clumsy", "bad"]
    subject_type: SubjectType
    opening: Line = Field(description="the civilian's first words")
    exchanges: list[Exchange] = Field(min_length=3, max_length=24)
