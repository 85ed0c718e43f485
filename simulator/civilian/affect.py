"""The civilian's state: agitation and trust, 0-100, moved by what the officer did. No language
model in it.

Deterministic given the seed. Every step names its causes, so that a score can be explained. The
base strengths are ours, ordered after what the instruments of `scenarios.behaviours` hold to help
or harm; a scenario's own stressors, red lines and calming signals come on top.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass, field

from scenarios.behaviours import BEHAVIOURS, BehaviourId
from scenarios.phrases import phrase_found
from scenarios.schema import Inject, Scenario, SubjectType, Trigger
from simulator.civilian.promises import Promises
from simulator.events import Behaviour, Cause, ProsodyHeard

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
_CALM_STEP, _RISE_STEP, _RED_LINE_STEP = 3.5, 4.5, 10.0
_TRUST_GAIN_STEP, _TRUST_LOSS_STEP = 4.0, 6.0
#: The same skill in the turn after works this much less: a technique heard twice is a technique.
_HABITUATION = 0.6
#: Near the ceiling little is heard: calming works this much less above `_FLOODED`.
_FLOODED, _FLOODED_HEARS = 85.0, 0.6
#: The nearer to the top, the less is left to rise: from `_STEEP` on a rise counts less and less.
_STEEP, _TOP = 70.0, 130.0
#: Nobody grows calmer than at rest: below `_RESTED` calming works this much less.
_RESTED, _RESTED_HEARS = 38.0, 0.6
#: Turns in a row with a skill and no fault: from the third on each is believed a little more.
_RAPPORT, _RAPPORT_MOST = 0.05, 1.2
#: So many turns after a red line, calming works this much less: a grudge.
_GRUDGE_TURNS, _GRUDGE = 3, 0.6
#: A mistake is made good by owning it within two turns: this share of what it did comes back, half
#: of that the second time, and less each time after.
_REPAIR, _REPAIR_TURNS, _REPAIR_AGAIN = 0.4, 2, 0.5
_OWNS_IT = re.compile(
    r"\b(?:i(?:'m| am) sorry|i apologi[sz]e|my apologies|my mistake|i was wrong|"
    r"that was (?:wrong|rude|unfair|out of line|uncalled for|on me|my fault)|i shouldn't have|"
    r"i should not have|(?:let me|can (?:i|we)|let's) (?:start over|try (?:that|this|it) again)|"
    r"i came (?:in|on|at you) (?:too )?(?:hot|strong|hard))\b",
    re.IGNORECASE,
)
#: What is odd about words that do not belong here, by simulator.civilian.odd_words.
ODD_WORDS = {
    "machine": "took them for a machine",
    "role": "asked for what has nothing to do with this",
    "foreign": "spoke words they do not understand",
    "nonsense": "said words that are none",
}
_QUOTED = 80
#: What an officer who says nothing does, by how many turns in a row.
_SILENCES = ((-1.0, 0.0), (2.0, -1.0), (4.0, -2.0))
#: Being kept waiting, in seconds from the civilian's last word to the officer's first, by voice. A
#: pause of a few seconds lets them finish (the FBI's effective pause); half a minute is contempt.
_WAITS = ((3.0, 8.0, -1.0, 0.5), (20.0, 45.0, 2.0, -1.0), (45.0, 1e9, 4.0, -3.0))
#: Loudness in dB above the officer's own usual level: raised, shouted, and quietly spoken. Directions
#: as in Scherer (2003), on the vocal expression of arousal.
_RAISED_DB, _SHOUTED_DB, _QUIET_DB = 6.0, 10.0, -3.0
#: Words a minute, pauses left out: above this the officer is rushing, below it speaks slowly.
_RUSHED_WPM, _SLOW_WPM = 220.0, 150.0
_TALKED_OVER_S = 0.6
#: What is said loudly counts so much more where it hurts, and so much less where it is kind.
_LOUD_HURTS, _LOUD_KIND = {"raised": 1.25, "shouted": 1.6}, {"raised": 0.7, "shouted": 0.3}


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
        self._promises = Promises()
        self._turns = 0
        self._good_turns = 0  # in a row, with a skill and without a fault
        self._red_line_at = -_GRUDGE_TURNS - 1
        self._hurt: list[tuple[int, float, float]] = []  # (turn, agitation, trust) of mistakes
        self._repairs = 0

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

    def hear(
        self,
        words: str,
        behaviours: list[Behaviour],
        prosody: ProsodyHeard | None = None,
    ) -> Step:
        """The officer said `words`, recognised as `behaviours`; prosody: how, where it was spoken."""
        self._turns += 1
        if not words.strip():
            self._good_turns = 0
            return self._hear_silence()
        self._silences = 0
        # "Nobody's putting you in handcuffs": a threat that is denied is none.
        behaviours = [
            b
            for b in behaviours
            if b.id != "threat" or phrase_found(b.quote, words) is not None or b.quote not in words
        ]
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
        causes += self._promises.broken_by(words, behaviours)
        faults = [b for b in behaviours if BEHAVIOURS[b.id].fault]
        # "Take your time, princess": what is kind in a line that hurts is half heard.
        if crossed or any(b.id in _WOUNDING for b in behaviours):
            causes = [_weighed(c, hurts=1.0, kind=0.5) for c in causes]
        loud = _loudness(prosody)
        if loud:
            causes = [_weighed(c, _LOUD_HURTS[loud], _LOUD_KIND[loud]) for c in causes]
        causes += sound_causes(prosody)
        causes += self._repair(words, crossed, faults)
        self._promises.hear(words, behaviours)
        self._last_skills = {b.id for b in behaviours if not BEHAVIOURS[b.id].fault}
        self._good_turns = 0 if faults or crossed or loud == "shouted" else self._good_turns
        step = self._move(causes, crossed)
        self._good_turns += bool(self._last_skills and not faults and not crossed)
        return step

    def hear_odd(self, words: str, kind: str) -> Step:
        """Words that are no part of the encounter (odd_words.py): they puzzle, and do no more.

        Nothing that a recogniser finds in gibberish, or in talk of machines, is held against anybody.
        """
        self._turns += 1
        self._silences = self._good_turns = 0
        self._last_skills = set()
        cause = Cause(
            kind="odd_words",
            id=kind,
            about=ODD_WORDS[kind],
            quote=words[:_QUOTED],
            agitation=2.0,
            trust=-1.0,
        )
        return self._move([cause], [])

    def inject(self, event: Inject) -> Step:
        cause = Cause(
            kind="inject",
            id=event.id,
            about=event.what,
            agitation=event.agitation,
            trust=event.trust,
        )
        return self._move([cause], [])

    def _repair(self, words: str, crossed: list[str], faults: list[Behaviour]) -> list[Cause]:
        """Owning a mistake gives back part of what it cost, once for each mistake."""
        owned = _OWNS_IT.search(words.replace("’", "'"))
        if owned is None or crossed or any(b.id in _WOUNDING for b in faults):
            return []
        recent = [h for h in self._hurt if self._turns - h[0] <= _REPAIR_TURNS]
        if not recent:
            return []
        self._hurt.clear()
        share = _REPAIR * _REPAIR_AGAIN**self._repairs / _WEIGHT
        self._repairs += 1
        return [
            Cause(
                kind="repair",
                id="repair",
                about="owned a mistake soon after it",
                quote=owned.group(),
                agitation=-round(share * sum(h[1] for h in recent), 2),
                trust=round(share * sum(h[2] for h in recent), 2),
            )
        ]

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
        hears = self._hears()
        if agitation > 0:
            bound = _RED_LINE_STEP if crossed else _RISE_STEP
            agitation = min(agitation * self._reactivity, bound)
            agitation *= 1.0 - max(0.0, self._agitation - _STEEP) / (_TOP - _STEEP)
        else:
            agitation = max(agitation * self._forgiveness * hears, -_CALM_STEP * max(1.0, hears))
        if trust < 0:
            trust = max(trust * self._reactivity, -_TRUST_LOSS_STEP)
        else:
            grudge = _GRUDGE if self._bears_grudge() else 1.0
            bound = _TRUST_GAIN_STEP * self._rapport()
            trust = min(trust * self._forgiveness * self._rapport() * grudge, bound)
        if agitation > 0 and any(c.kind != "inject" for c in causes):
            self._hurt.append((self._turns, agitation, max(0.0, -trust)))
        if crossed:
            self._red_line_at = self._turns
        person = self._person
        self._agitation = _clamp(self._agitation + agitation, person.agitation_floor, 100)
        self._trust = _clamp(self._trust + trust, 0, person.trust_ceiling)
        return Step(self.agitation, self.trust, self.compliance, causes, crossed)

    def _hears(self) -> float:
        """How much of what is calming gets through now: thresholds, grudge and rapport."""
        if self._agitation > _FLOODED:
            hears = _FLOODED_HEARS
        elif self._agitation < _RESTED:
            hears = _RESTED_HEARS
        else:
            hears = 1.0
        return hears * (_GRUDGE if self._bears_grudge() else 1.0) * self._rapport()

    def _bears_grudge(self) -> bool:
        return self._turns - self._red_line_at <= _GRUDGE_TURNS

    def _rapport(self) -> float:
        return min(_RAPPORT_MOST, 1.0 + _RAPPORT * max(0, self._good_turns - 2))


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


def _loudness(prosody: ProsodyHeard | None) -> str | None:
    """ "shouted", "raised", or None for everything else."""
    level = prosody.loudness_db if prosody else None
    if level is None or level < _RAISED_DB:
        return None
    return "shouted" if level >= _SHOUTED_DB else "raised"


def _weighed(cause: Cause, hurts: float, kind: float) -> Cause:
    """The cause with what hurts in it, and what is kind in it, counted so much."""
    return cause.model_copy(
        update={
            "agitation": cause.agitation * (hurts if cause.agitation > 0 else kind),
            "trust": cause.trust * (hurts if cause.trust < 0 else kind),
        }
    )


def sound_causes(prosody: ProsodyHeard | None) -> list[Cause]:
    """What the sound of it does, whatever was said; strengths before weight and bounds."""
    found: list[Cause] = []

    def add(kind: str, id_: str, about: str, agitation: float, trust: float) -> None:
        values = {"kind": kind, "id": id_, "about": about, "agitation": agitation, "trust": trust}
        found.append(Cause.model_validate(values))

    waited_s = prosody.waited_s if prosody else None
    if waited_s is not None:
        for low, high, agitation, trust in _WAITS:
            if low <= waited_s < high:
                what = "left a pause" if agitation < 0 else "kept waiting"
                add("time", "waited", f"{what} ({waited_s:.0f} s)", agitation, trust)
    if prosody is None:
        return found
    level, pace, overlap = prosody.loudness_db, prosody.words_per_minute, prosody.overlap_s
    if level is not None and level >= _RAISED_DB:
        shouted = level >= _SHOUTED_DB
        what = f"{'shouted' if shouted else 'raised the voice'} (+{level:.0f} dB)"
        add("prosody", "loud", what, 7.0 if shouted else 3.0, -4.0 if shouted else -1.5)
    elif level is not None and level <= _QUIET_DB:
        add("prosody", "quiet", f"spoke quietly ({level:.0f} dB)", -1.5, 1.0)
    if pace is not None and pace > _RUSHED_WPM:
        add("prosody", "rushed", f"rushed ({pace:.0f} words a minute)", 2.0, -1.0)
    elif pace is not None and 0 < pace < _SLOW_WPM and (level is None or level < _RAISED_DB):
        add("prosody", "slow", f"spoke slowly ({pace:.0f} words a minute)", -1.0, 0.5)
    if overlap is not None and overlap >= _TALKED_OVER_S:
        add("prosody", "talked_over", f"talked over them ({overlap:.1f} s)", 4.0, -2.5)
    return found


def _clamp(value: float, low: float, high: float) -> float:
    return max(low, min(high, value))
