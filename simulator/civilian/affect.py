"""The civilian's state: agitation and trust, 0-100, moved by what the officer did. No language
model in it.

Deterministic given the seed. Every step names its causes, so that a score can be explained. The
base strengths are ours, ordered after what the instruments of `scenarios.behaviours` hold to help
or harm; a scenario's own stressors, red lines and calming signals come on top.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from scenarios.behaviours import BEHAVIOURS, BehaviourId
from scenarios.phrases import phrase_found
from scenarios.schema import Inject, Scenario, SubjectType, Trigger
from simulator.events import Behaviour, Cause

#: (agitation, trust) a behaviour adds for a person of average disposition.
STRENGTHS: dict[BehaviourId, tuple[float, float]] = {
    "introduces_self": (-2, 4),
    "open_question": (-3, 4),
    "minimal_encourager": (-3, 3),
    "mirroring": (-3, 3),
    "emotion_label": (-6, 6),
    "paraphrase": (-5, 6),
    "summary": (-5, 6),
    "i_message": (-3, 3),
    "shows_empathy": (-6, 7),
    "explains_why": (-3, 5),
    "offers_options": (-5, 5),
    "gives_time": (-5, 4),
    "clear_request": (-1, 2),
    "reassurance": (-4, 4),
    "asks_safety": (0, 1),
    "offers_help": (-4, 5),
    "courtesy": (-1, 2),
    "threat": (11, -9),
    "insult": (12, -10),
    "dismissive": (8, -6),
    "command": (5, -3),
    "repeated_order": (6, -4),
    "stacked_questions": (3, -2),
    "lecturing": (6, -5),
    "false_promise": (0, -3),
    "accusation": (8, -7),
}

#: Faults beside which kind words in the same utterance count for half.
_WOUNDING = frozenset({"threat", "insult", "dismissive", "accusation"})
#: How much of a cause's strength counts, and the most that one utterance moves. Set so that the
#: library's dialogues, heard by this code, stand where their authors felt that they stand: mean
#: distance 7 points of agitation, 4 of trust (tests/simulator/test_affect.py measures it again).
_WEIGHT = 0.5
_CALM_STEP, _RISE_STEP, _RED_LINE_STEP = 4.0, 6.0, 14.0
_TRUST_GAIN_STEP, _TRUST_LOSS_STEP = 4.0, 6.0
#: The same skill in the turn after works this much less: a technique heard twice is a technique.
_HABITUATION = 0.6
#: Near the ceiling little is heard: calming works this much less above `_FLOODED`.
_FLOODED, _FLOODED_HEARS = 85.0, 0.6
#: What an officer who says nothing does, by how many turns in a row.
_SILENCES = ((-1.0, 0.0), (2.0, -1.0), (4.0, -2.0))


@dataclass(frozen=True)
class Step:
    """A move of the state and what caused it."""

    agitation: int
    trust: int
    compliance: int
    causes: list[Cause]
    crossed: list[str] = field(default_factory=list)


class Affect:
    """The state of one civilian in one session.

    scenario and subject_type give the start; seed varies reactivity and forgiveness by up to a
    tenth, so that the same person is not quite the same twice.
    """

    def __init__(self, scenario: Scenario, subject_type: SubjectType, seed: int) -> None:
        person = scenario.civilian
        shift = getattr(scenario.subject_types, subject_type)
        self._person = person
        self._agitation = _clamp(
            person.baseline.agitation + shift.agitation, person.agitation_floor, 100
        )
        self._trust = _clamp(person.baseline.trust + shift.trust, 0, person.trust_ceiling)
        draw = random.Random(seed)
        self._reactivity = draw.uniform(0.9, 1.1)
        self._forgiveness = draw.uniform(0.9, 1.1)
        self._last_skills: set[str] = set()
        self._silences = 0
        self._fired: dict[str, int] = {}

    @property
    def agitation(self) -> int:
        return round(self._agitation)

    @property
    def trust(self) -> int:
        return round(self._trust)

    @property
    def compliance(self) -> int:
        """How likely this person is to do as asked: derived, 0-100."""
        return round(_clamp(0.6 * self._trust + 0.4 * (100 - self._agitation), 0, 100))

    def hear(self, words: str, behaviours: list[Behaviour]) -> Step:
        """The officer said `words`, recognised as `behaviours`."""
        if not words.strip():
            return self._hear_silence()
        self._silences = 0
        causes = [self._behaviour_cause(b) for b in behaviours]
        crossed: list[str] = []
        person = self._person
        for kind, triggers in (
            ("stressor", person.stressors),
            ("red_line", person.red_lines),
            ("calming_signal", person.calming_signals),
        ):
            for trigger in triggers:
                quote = fires(trigger, words, behaviours)
                if quote is None:
                    continue
                causes.append(self._trigger_cause(kind, trigger, quote))
                if kind == "red_line":
                    crossed.append(trigger.id)
        # "Take your time, princess": what is kind in a line that hurts is half heard.
        if crossed or any(b.id in _WOUNDING for b in behaviours):
            causes = [
                c.model_copy(update={"agitation": c.agitation * 0.5, "trust": c.trust * 0.5})
                if c.agitation < 0 or c.trust > 0
                else c
                for c in causes
            ]
        self._last_skills = {b.id for b in behaviours if not BEHAVIOURS[b.id].fault}
        return self._move(causes, crossed)

    def inject(self, event: Inject) -> Step:
        cause = Cause(
            kind="inject",
            id=event.id,
            about=event.what,
            agitation=event.agitation,
            trust=event.trust,
        )
        return self._move([cause], [])

    def _hear_silence(self) -> Step:
        agitation, trust = _SILENCES[min(self._silences, len(_SILENCES) - 1)]
        self._silences += 1
        about = "the officer said nothing"
        cause = Cause(kind="silence", id="silence", about=about, agitation=agitation, trust=trust)
        return self._move([cause], [])

    def _behaviour_cause(self, seen: Behaviour) -> Cause:
        agitation, trust = STRENGTHS[seen.id]
        if seen.id in self._last_skills:
            agitation, trust = agitation * _HABITUATION, trust * _HABITUATION
        return Cause(
            kind="behaviour",
            id=seen.id,
            about=BEHAVIOURS[seen.id].name,
            quote=seen.quote,
            agitation=agitation,
            trust=trust,
        )

    def _trigger_cause(self, kind: str, trigger: Trigger, quote: str) -> Cause:
        times = self._fired.get(trigger.id, 0)
        self._fired[trigger.id] = times + 1
        weight = _HABITUATION**times if kind == "calming_signal" else 1.0
        return Cause.model_validate(
            {
                "kind": kind,
                "id": trigger.id,
                "about": trigger.about,
                "quote": quote,
                "agitation": trigger.agitation * weight,
                "trust": trigger.trust * weight,
            }
        )

    def _move(self, causes: list[Cause], crossed: list[str]) -> Step:
        agitation = _WEIGHT * sum(c.agitation for c in causes)
        trust = _WEIGHT * sum(c.trust for c in causes)
        if agitation > 0:
            bound = _RED_LINE_STEP if crossed else _RISE_STEP
            agitation = min(agitation * self._reactivity, bound)
        else:
            hears = _FLOODED_HEARS if self._agitation > _FLOODED else 1.0
            agitation = max(agitation * self._forgiveness * hears, -_CALM_STEP)
        trust = (
            max(trust * self._reactivity, -_TRUST_LOSS_STEP)
            if trust < 0
            else min(trust * self._forgiveness, _TRUST_GAIN_STEP)
        )
        person = self._person
        self._agitation = _clamp(self._agitation + agitation, person.agitation_floor, 100)
        self._trust = _clamp(self._trust + trust, 0, person.trust_ceiling)
        return Step(self.agitation, self.trust, self.compliance, causes, crossed)


def fires(trigger: Trigger, words: str, behaviours: list[Behaviour]) -> str | None:
    """The words of the officer that fire the trigger; None where it does not fire."""
    for phrase in trigger.says:
        found = phrase_found(phrase, words)
        if found:
            return found
    for seen in behaviours:
        if seen.id in trigger.does:
            return seen.quote
    return None


def _clamp(value: float, low: float, high: float) -> float:
    return max(low, min(high, value))
