"""A scenario's condition in words: why an ending was reached."""

from __future__ import annotations

from scenarios.behaviours import BEHAVIOURS
from scenarios.schema import Condition


def condition_words(condition: Condition) -> str:
    """Everything that had to hold, in one line."""
    parts = []
    for scale in ("agitation", "trust"):
        low, high = getattr(condition, f"{scale}_at_least"), getattr(condition, f"{scale}_at_most")
        if low is not None:
            parts.append(f"{scale} was {low} or more")
        if high is not None:
            parts.append(f"{scale} was {high} or less")
    if condition.turn_at_least is not None:
        parts.append(f"{condition.turn_at_least} turns or more had been taken")
    if condition.seconds_at_least is not None:
        parts.append(f"{condition.seconds_at_least} seconds or more had passed")
    if condition.told:
        parts.append("these had been told: " + ", ".join(condition.told))
    if condition.after:
        parts.append("these had happened: " + ", ".join(condition.after))
    if condition.officer_did:
        names = (BEHAVIOURS[id_].name.lower() for id_ in condition.officer_did)
        parts.append("the officer had used: " + ", ".join(names))
    if condition.crossed:
        parts.append("these red lines had been crossed: " + ", ".join(condition.crossed))
    in_a_row = f", for {condition.for_turns} turns in a row" if condition.for_turns > 1 else ""
    return ", and ".join(parts) + in_a_row
