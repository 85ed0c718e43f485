"""Whether a scenario's condition holds now: for endings and injects."""

from __future__ import annotations

from dataclasses import dataclass, field

from scenarios.schema import Condition


@dataclass
class Moment:
    """What conditions can ask about. Turns count the officer's utterances."""

    turn: int = 0
    seconds: float = 0.0
    agitation: int = 0
    trust: int = 0
    told: set[str] = field(default_factory=set)
    happened: set[str] = field(default_factory=set)
    did: set[str] = field(default_factory=set)
    crossed: set[str] = field(default_factory=set)


def holds(condition: Condition, now: Moment) -> bool:
    """Everything that the condition names holds, how long it has held apart."""
    low_high = (
        (condition.agitation_at_least, now.agitation, 1),
        (condition.agitation_at_most, now.agitation, -1),
        (condition.trust_at_least, now.trust, 1),
        (condition.trust_at_most, now.trust, -1),
        (condition.turn_at_least, now.turn, 1),
        (condition.seconds_at_least, now.seconds, 1),
    )
    return (
        all(bound is None or sign * value >= sign * bound for bound, value, sign in low_high)
        and set(condition.told) <= now.told
        and set(condition.after) <= now.happened
        and set(condition.officer_did) <= now.did
        and set(condition.crossed) <= now.crossed
    )


class Watch:
    """Counts for how many turns in a row each condition has held."""

    def __init__(self) -> None:
        self._held: dict[str, tuple[int, int]] = {}  # name -> (last turn, turns in a row)

    def holds(self, name: str, condition: Condition, now: Moment) -> bool:
        """True once the condition has held for its `for_turns`; ask once a turn and name."""
        if not holds(condition, now):
            self._held.pop(name, None)
            return False
        last, turns = self._held.get(name, (-1, 0))
        if last != now.turn:
            turns += 1
        self._held[name] = (now.turn, turns)
        return turns >= condition.for_turns
