"""Where a dialogue contradicts the scenario it stands in: another start, a secret too soon, a leap."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from scenarios.behaviours import FAULTS
from scenarios.in_role import out_of_role
from scenarios.likeness import plain_words
from scenarios.phrases import phrase_found, phrase_pattern
from scenarios.remark import Remark
from scenarios.schema import Condition, Dialogue, Ending, Exchange, Scenario, Trigger
from scenarios.strong_language import too_strong

#: Points that the first exchange may be off the start (baseline and subject type), and that one
#: exchange may move: a red line and a fault at once stay within it.
_START, _STEP = 25, 25


def contradictions(scenario: Scenario, dialogue: Dialogue, path: Path) -> Iterator[Remark]:
    """What in the dialogue cannot be so, given its scenario."""
    yield from _states(scenario, dialogue, path)
    yield from _tells(scenario, dialogue, path)
    yield from _words(scenario, dialogue, path)
    yield from _course(scenario, dialogue, path)
    named = f"-{dialogue.officer}-{dialogue.subject_type}"
    if not path.stem.endswith(named):
        yield Remark("name", path, (), f"the file's name should end in {named}.yaml", mend=False)


def _states(scenario: Scenario, dialogue: Dialogue, path: Path) -> Iterator[Remark]:
    person = scenario.civilian
    shift = getattr(scenario.subject_types, dialogue.subject_type)
    agitation = max(person.baseline.agitation + shift.agitation, person.agitation_floor)
    trust = min(person.baseline.trust + shift.trust, person.trust_ceiling)
    for number, exchange in enumerate(dialogue.exchanges):
        state, field = exchange.state, ("exchanges", number, "state")
        bound, what = (_STEP, "the exchange before") if number else (_START, "the scenario's start")
        if abs(state.agitation - agitation) > bound:
            text = f"agitation {state.agitation} is far from {agitation} of {what}"
            yield Remark("state", path, field, text)
        if abs(state.trust - trust) > bound:
            yield Remark("state", path, field, f"trust {state.trust} is far from {trust} of {what}")
        if state.agitation < person.agitation_floor:
            text = f"agitation {state.agitation} is below the floor of {person.agitation_floor}"
            yield Remark("state", path, field, text)
        if state.trust > person.trust_ceiling:
            text = f"trust {state.trust} is above the ceiling of {person.trust_ceiling}"
            yield Remark("state", path, field, text)
        agitation, trust = state.agitation, state.trust


def _tells(scenario: Scenario, dialogue: Dialogue, path: Path) -> Iterator[Remark]:
    person = scenario.civilian
    secrets = {secret.id: secret.trust for secret in person.secrets}
    known = {fact.id for fact in person.facts} | set(secrets)
    for number, exchange in enumerate(dialogue.exchanges):
        for name in exchange.state.tells:
            field = ("exchanges", number, "state", "tells")
            if name not in known:
                text = f"'{name}' is no fact or secret; known: {', '.join(sorted(known))}"
                yield Remark("tells", path, field, text)
            elif exchange.state.trust < secrets.get(name, 0):
                text = f"tells '{name}' at trust {exchange.state.trust}; it needs {secrets[name]}"
                yield Remark("tells", path, field, text)


def _words(scenario: Scenario, dialogue: Dialogue, path: Path) -> Iterator[Remark]:
    said = [(("opening",), dialogue.opening)] + [
        (("exchanges", number, "civilian"), exchange.civilian)
        for number, exchange in enumerate(dialogue.exchanges)
    ]
    for field, words in said:
        yield from civilian_words(scenario, words, path, field)


def civilian_words(
    scenario: Scenario, words: str, path: Path, field: tuple[str | int, ...]
) -> Iterator[Remark]:
    """What the civilian would not say: out of role, stronger than announced, or a never-says."""
    if found := out_of_role(words):
        yield Remark(
            "role", path, field, f"sounds like the {found[0]} ({found[1]}): {words[:60]!r}"
        )
    if swear := too_strong(words, scenario.content.level):
        text = f"'{swear}' is stronger than content level {scenario.content.level}"
        yield Remark("content", path, field, text)
    for phrase in scenario.civilian.never_says:
        if phrase_pattern(phrase).search(words):
            yield Remark("never_says", path, field, f"says '{phrase}', which they never say")


def _course(scenario: Scenario, dialogue: Dialogue, path: Path) -> Iterator[Remark]:
    """Notes on how the talk goes: signals that fire on the wrong side, a bad officer who does good."""
    person = scenario.civilian
    for number, exchange in enumerate(dialogue.exchanges):
        field = ("exchanges", number, "officer")
        if dialogue.officer == "trained":
            for trigger in person.red_lines:
                if hit := _said(trigger, exchange) or _done(trigger, exchange):
                    text = f"a trained officer's {hit!r} crosses red line '{trigger.id}'"
                    yield Remark("trigger", path, field, text, mend=False)
        elif exchange.does and set(exchange.does) <= {*FAULTS, "courtesy"}:
            for trigger in person.calming_signals:
                if hit := _said(trigger, exchange):
                    text = f"{hit!r} in a line of faults fires calming signal '{trigger.id}'"
                    yield Remark("trigger", path, field, text, mend=False)
        for secret in person.secrets:
            untold = secret.id not in exchange.state.tells and exchange.state.trust < secret.trust
            if untold and _nearly_told(secret.text, exchange.civilian):
                text = f"says much of secret '{secret.id}' before its trust of {secret.trust}"
                yield Remark("tells", path, ("exchanges", number, "civilian"), text, mend=False)
    start, end = dialogue.exchanges[0].state, dialogue.exchanges[-1].state
    if dialogue.officer == "bad" and end.agitation < start.agitation and end.trust > start.trust:
        text = "a bad officer leaves them calmer and more trusting than at the start"
        yield Remark("course", path, ("officer",), text, mend=False)


def _said(trigger: Trigger, exchange: Exchange) -> str | None:
    found = (phrase_found(phrase, exchange.officer) for phrase in trigger.says)
    return next(filter(None, found), None)


def _done(trigger: Trigger, exchange: Exchange) -> str | None:
    return next((behaviour for behaviour in exchange.does if behaviour in trigger.does), None)


def _nearly_told(secret: str, reply: str) -> bool:
    """Half of the secret's longer words are in the reply, and three at least."""
    own = {word for word in plain_words(secret) if len(word) > 4}
    shared = own & set(plain_words(reply))
    return len(shared) >= 3 and 2 * len(shared) >= len(own)


def reached(scenario: Scenario, dialogue: Dialogue, number: int, told: set[str]) -> Ending | None:
    """The ending that holds after exchange `number` (from 0), as far as a dialogue can show it."""
    for ending in scenario.endings:
        when = ending.when
        if when.seconds_at_least or when.after or when.crossed:
            continue
        held = dialogue.exchanges[max(0, number + 1 - when.for_turns) : number + 1]
        did = {behaviour for e in dialogue.exchanges[: number + 1] for behaviour in e.does}
        if (
            len(held) == when.for_turns
            and number + 1 >= (when.turn_at_least or 1)
            and set(when.told) <= told
            and set(when.officer_did) <= did
            and all(_holds(when, e.state.agitation, e.state.trust) for e in held)
        ):
            return ending
    return None


def _holds(when: Condition, agitation: int, trust: int) -> bool:
    return (
        agitation >= (when.agitation_at_least or 0)
        and agitation <= (100 if when.agitation_at_most is None else when.agitation_at_most)
        and trust >= (when.trust_at_least or 0)
        and trust <= (100 if when.trust_at_most is None else when.trust_at_most)
    )
