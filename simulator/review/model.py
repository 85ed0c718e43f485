"""What an after-action review holds. Data only; every claim carries the turn that shows it."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from scenarios.behaviours import BehaviourId
from scenarios.schema import Band, Question
from simulator.events import Cause


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True)


class Point(_Part):
    """The state after a turn."""

    turn: int
    agitation: int
    trust: int


class Reason(_Part):
    """Why the outcome is what it is. turn: where it shows, None where the whole session does."""

    text: str
    turn: int | None = None


class Seen(_Part):
    """A behaviour, and where it was seen."""

    id: BehaviourId
    name: str
    fault: bool
    instrument: str
    quotes: list[tuple[int, str]]  # (turn, words)


class TurningPoint(_Part):
    """An utterance, or an event of the scene, that moved the civilian much."""

    turn: int
    speaker: str  # "officer" or "scene"
    said: str
    agitation_change: int
    trust_change: int
    causes: list[Cause]


class Instead(_Part):
    """Other words at a turn, and where the same rules of agitation and trust would have led with them.

    Computed from the record and the seed, with nothing but the officer's words changed. It says what the rules of
    this exercise hold, not what a person would have done.
    """

    say: str
    agitation: int
    trust: int
    agitation_was: int
    trust_was: int


class Suggestion(_Part):
    """Something to keep, or to try. quote: the words it is about; say: words to try.

    after: the civilian's words that `say` answers, where the scenario's author wrote both.
    """

    about: str
    turn: int | None = None
    quote: str = ""
    say: str = ""
    after: str = ""
    instead: Instead | None = None


class MissedChance(_Part):
    """The civilian gave something to take up, and the next words of the officer did not.

    turn: of the officer's words; shown_at: the turn in which the civilian gave it (0: the opening).
    authored: `say` is a line that the scenario's author wrote for an officer in this place.
    """

    turn: int
    shown_at: int
    gave: str
    civilian_said: str
    officer_said: str
    try_this: str
    say: str
    authored: bool
    instead: Instead | None = None


class Talk(_Part):
    """Counts of the conversation. officer_share: of all words; ICAT's rule of thumb is 20 %."""

    officer_words: int
    civilian_words: int
    officer_share: float
    open_questions: int
    other_questions: int
    silences: int
    response_median_s: float | None
    longest_turn: int | None = None  # of the officer, in words: which turn
    longest_words: int = 0
    stacked_turns: list[int] = []
    repeated_turns: list[int] = []
    silent_turns: list[int] = []
    interrupted_turns: list[int] = []
    words_per_minute: int | None = None  # by voice; pauses left out where they were measured
    pauses_left_out: bool = False
    loud_turns: list[int] = []  # raised or shouted, against the officer's own usual level
    loudest_db: float | None = None  # above that level
    rushed_turns: list[int] = []
    talked_over_turns: list[int] = []  # the officer spoke while the civilian was still speaking
    waited_median_s: float | None = None  # between the civilian's last word and the officer's first
    effective_pauses: list[int] = []  # turns before which the officer left a pause of 3 to 8 s
    cut_in_turns: list[int] = []  # the civilian did not wait for the officer to finish
    backchannels: int = 0  # "mm-hm" while the civilian spoke
    own_words: int = 0  # replies in the model's own words, of all that were heard
    replies: int = 0


class Stage(_Part):
    """A stage of an answer. at_s: seconds from the end of the officer's speech, or from the return key."""

    name: str
    at_s: float


class Said(_Part):
    """One utterance of the transcript, and how the civilian stood after it.

    timeline: of an answer, its stages in time. reaction: a sound without words before it. let_go_on: what the
    civilian had begun to say in a pause of the officer's, who went on.
    """

    turn: int
    speaker: str
    text: str
    agitation: int
    trust: int
    agitation_change: int
    trust_change: int
    behaviours: list[tuple[str, bool, str]]  # (name, fault, quote)
    causes: list[Cause]
    origin: str
    origin_note: str
    cut_off: bool
    response_s: float | None
    timeline: list[Stage] = []
    drafted_ahead: bool = False
    reaction: str = ""
    let_go_on: list[str] = []


class Difficulty(_Part):
    """What made it hard before the officer said a word: told apart from what the officer did.

    level: 1-5, None where the scenario is not on this device. by_officer, by_scene: points of agitation that the
    officer's words and the events around them moved in all.
    """

    level: int | None
    because: list[str]
    subject_note: str
    agitation_at_start: int
    trust_at_start: int
    can_be_talked_down: bool
    by_officer: int
    by_scene: int


class Review(_Part):
    session_id: str
    scenario_id: str
    title: str
    civilian: str
    officer: str
    began_at: str
    minutes: float
    subject_type: str
    seed: int
    model_id: str
    voice: bool
    notes: list[str]
    draft: bool = False
    turns: int
    hardness: Difficulty
    finished: bool
    reached_ending: bool
    band: Band
    band_name: str
    points: int
    outcome: str
    because: list[Reason]
    curve: list[Point]
    skills: list[Seen]
    faults: list[Seen]
    turning_points: list[TurningPoint]
    talk: Talk
    keep: list[Suggestion]
    to_try: list[Suggestion]
    missed: list[MissedChance]
    key_lessons: list[str]
    what_good_looks_like: list[str]
    questions: list[Question]
    transcript: list[Said]

    @property
    def reasons(self) -> list[str]:
        """The reasons as lines that name their turn."""
        return [r.text if r.turn is None else f"Turn {r.turn}: {r.text}" for r in self.because]

    @property
    def difficulty(self) -> int | None:
        return self.hardness.level

    @property
    def difficulty_because(self) -> list[str]:
        return self.hardness.because

    @property
    def can_be_talked_down(self) -> bool:
        return self.hardness.can_be_talked_down
