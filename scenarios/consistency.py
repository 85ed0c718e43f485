"""What must hold between the parts of a scenario. Each fault says where in the file it is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from pydantic_core import PydanticCustomError

from scenarios.unfinished import FINISH, unfinished

if TYPE_CHECKING:
    from scenarios.schema import Band, Civilian, Condition, Ending, Fact, Inject, Scenario, Trigger

#: Where in the part a fault is, as in ("endings", 2, "when"), and what is wrong, in a sentence.
Fault = tuple[tuple[str | int, ...], str]


def refuse(faults: Iterator[Fault]) -> None:
    """Raises the first fault as pydantic wants it; the loader reads its place from `at`."""
    for at, text in faults:
        raise PydanticCustomError("inconsistent", "{text}", {"text": text, "at": list(at)})


def person_faults(person: Civilian) -> Iterator[Fault]:
    """Ids and sounds given twice, signs the wrong way round, secrets that no trust can reach."""
    yield from _twice("fact or secret", facts=person.facts, secrets=person.secrets)
    triggers = {
        "stressors": person.stressors,
        "red_lines": person.red_lines,
        "calming_signals": person.calming_signals,
    }
    yield from _twice("stressor, red line or calming signal", **triggers)
    for kind in ("stressors", "red_lines"):
        for number, trigger in enumerate(triggers[kind]):
            if trigger.agitation < 0 or trigger.trust > 0:
                text = f"'{trigger.id}' is a stressor or red line but calms; swap its signs"
                yield (kind, number), text
    for number, trigger in enumerate(person.calming_signals):
        if trigger.agitation > 0 or trigger.trust < 0:
            text = f"'{trigger.id}' is a calming signal but upsets; swap its signs"
            yield ("calming_signals", number), text
    sounds = [reaction.sound for reaction in person.reactions]
    for number, sound in enumerate(sounds):
        if sound in sounds[:number]:
            yield (
                ("reactions", number, "sound"),
                f"the reaction '{sound}' is there twice: put its moments together",
            )
    for number, secret in enumerate(person.secrets):
        if secret.trust > person.trust_ceiling:
            yield (
                ("secrets", number, "trust"),
                f"secret '{secret.id}' needs trust {secret.trust} but trust_ceiling is "
                f"{person.trust_ceiling}: it can never be told",
            )


def scenario_faults(scenario: Scenario, band_names: dict[Band, str]) -> Iterator[Fault]:
    """Gaps that `reviewed` denies, a band without an ending, conditions that can never hold."""
    if scenario.status == "reviewed":
        yield from _unfinished(scenario)
    person = scenario.civilian
    yield from _twice("event", events=scenario.events)
    yield from _twice("ending", endings=scenario.endings)
    needed: list[Band] = ["escalation", "containment", "de_escalation"]
    if person.can_be_talked_down:
        needed.append("resolution")
    there = {ending.band for ending in scenario.endings}
    for band in needed:
        if band not in there:
            yield ("endings",), f"there is no ending for {band_names[band]} ({band})"
    for number, event in enumerate(scenario.events):
        at = ("events", number, "when")
        yield from _impossible(scenario, f"events '{event.id}'", at, event.when)
    for number, ending in enumerate(scenario.endings):
        at = ("endings", number, "when")
        yield from _impossible(scenario, f"endings '{ending.id}'", at, ending.when)


def _impossible(
    scenario: Scenario, what: str, at: tuple[str | int, ...], when: Condition
) -> Iterator[Fault]:
    person = scenario.civilian
    known = {
        "told": {fact.id for fact in [*person.facts, *person.secrets]},
        "after": {event.id for event in scenario.events},
        "crossed": {trigger.id for trigger in person.red_lines},
    }
    for field, ids in known.items():
        for name in getattr(when, field):
            if name not in ids:
                there = ", ".join(sorted(ids)) or "none"
                text = f"{what}: {field} names '{name}', which is not there; known: {there}"
                yield (*at, field), text
    low, high = when.agitation_at_most, when.trust_at_least
    if low is not None and low < person.agitation_floor:
        yield (
            (*at, "agitation_at_most"),
            f"{what}: needs agitation at most {low}, but agitation_floor is "
            f"{person.agitation_floor}: it can never happen",
        )
    if high is not None and high > person.trust_ceiling:
        yield (
            (*at, "trust_at_least"),
            f"{what}: needs trust of {high}, but trust_ceiling is {person.trust_ceiling}: "
            "it can never happen",
        )


def _unfinished(scenario: Scenario) -> Iterator[Fault]:
    gaps = list(unfinished(scenario.model_dump()))
    if gaps:
        more = f" and {len(gaps) - 1} more fields" if len(gaps) > 1 else ""
        yield (
            ("status",),
            f"status is reviewed, but {FINISH} still stands in {gaps[0]}{more}: write them, or "
            "leave `status: draft`",
        )


def _twice(what: str, **parts: Sequence[Fact | Trigger | Inject | Ending]) -> Iterator[Fault]:
    """An id that two of these parts have; the place is the second one's."""
    seen: set[str] = set()
    for field, rows in parts.items():
        for number, row in enumerate(rows):
            if row.id in seen:
                yield (field, number, "id"), f"the id '{row.id}' is given to more than one {what}"
            seen.add(row.id)
