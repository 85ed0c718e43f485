"""Where an encounter stands: what has happened, which inject or ending is due, and what is heard without words."""

from __future__ import annotations

import random
from collections.abc import Sequence

from scenarios.reactions import ReactionMoment, ReactionSound
from scenarios.schema import Band, Ending, Inject, Scenario
from simulator.civilian.affect import Step
from simulator.conditions import Moment, Watch
from simulator.events import Behaviour

#: A middling end waits so many turns at most, while each turn still brings a better one nearer:
#: nobody walks away from a talk that is going well.
PATIENCE_TURNS = 6
#: So many points of agitation, by the officer's words of one turn, are heard as a sound, where the scenario has one;
#: and not again before so many turns.
HURT_POINTS, EASED_POINTS, REACTS_AGAIN_AFTER = 6, 5, 3
_BETTER: dict[Band, tuple[Band, ...]] = {
    "de_escalation": ("resolution",),
    "containment": ("resolution", "de_escalation"),
}


class Course:
    """Changes with every turn; a copy of it is where the encounter stood.

    now: what the scenario's conditions are held against.
    """

    def __init__(self, scenario: Scenario, agitation: int, trust: int) -> None:
        self._scenario = scenario
        self.now = Moment(agitation=agitation, trust=trust)
        self._watch = Watch()
        self._before = [(agitation, trust)]  # each turn's words
        self._waiting_since: int | None = None  # the turn from which a middling end has waited
        self._reacted = -REACTS_AGAIN_AFTER  # turn of the last sound without words
        self._crossed = False  # whether the newest words crossed a red line

    def words_come(self) -> None:
        """The officer has spoken; how the words move the civilian comes next."""
        self._before.append((self.now.agitation, self.now.trust))

    def words_moved(self, step: Step) -> None:
        """The officer's words did this; `move` follows."""
        self._crossed = bool(step.crossed)

    def move(self, step: Step, behaviours: Sequence[Behaviour], turn: int, seconds: float) -> None:
        """The civilian stands elsewhere now, by words or by what happened."""
        now = self.now
        now.turn, now.seconds = turn, seconds
        now.agitation, now.trust = step.agitation, step.trust
        now.did |= {b.id for b in behaviours}
        now.crossed |= set(step.crossed)

    def inject(self) -> Inject | None:
        """What happens now: at most one a turn, in the scenario's order, each once."""
        for event in self._scenario.events:
            if event.id in self.now.happened:
                continue
            if self._watch.holds(f"inject {event.id}", event.when, self.now):
                self.now.happened.add(event.id)
                return event
        return None

    def ending(self) -> Ending | None:
        """The ending that is reached. Ask once a turn."""
        # Every condition is asked every turn, so that each counts its own turns in a row.
        held = [
            ending
            for ending in self._scenario.endings
            if self._watch.holds(f"ending {ending.id}", ending.when, self.now)
        ]
        if not held:
            self._waiting_since = None
            return None
        return None if self._waits(held[0]) else held[0]

    def _waits(self, ending: Ending) -> bool:
        """Whether this end holds off, because the talk still brings a better one nearer."""
        better = _BETTER.get(ending.band, ())
        if not any(other.band in better for other in self._scenario.endings):
            return False
        now = self.now
        if self._waiting_since is None:
            self._waiting_since = now.turn
        # Against two turns ago: one turn that moves nothing is no reason to leave.
        agitation, trust = self._before[-2]
        nearer = now.agitation < agitation or now.trust > trust
        return nearer and now.turn - self._waiting_since < PATIENCE_TURNS

    def reaction(
        self, text: str, tells: Sequence[str], seed: int
    ) -> tuple[ReactionSound, ReactionMoment] | None:
        """The sound before the words `text`, or in their place, where the scenario has one for this moment.

        tells: ids of what the words tell, where known.
        """
        now = self.now
        moment = self._moment(text, tells)
        sounds = [r.sound for r in self._scenario.civilian.reactions if moment in r.at]
        if moment is None or not sounds or now.turn == 0:
            return None
        if moment != "silent" and now.turn - self._reacted < REACTS_AGAIN_AFTER:
            return None
        self._reacted = now.turn
        return random.Random(f"reaction {seed} {now.turn}").choice(sounds), moment

    def reacted(self, turn: int) -> None:
        """A record has a sound in this turn."""
        self._reacted = turn

    def _moment(self, text: str, tells: Sequence[str]) -> ReactionMoment | None:
        if not any(map(str.isalnum, text)):
            return "silent"
        if {secret.id for secret in self._scenario.civilian.secrets} & set(tells):
            return "telling"
        by_words = self.now.agitation - self._before[-1][0]
        if self._crossed or by_words >= HURT_POINTS:
            return "hurt"
        return "eased" if by_words <= -EASED_POINTS else None
