"""Whether a scenario can be played as it is meant: secrets that can come out, endings that can come."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from scenarios.contradictions import civilian_words
from scenarios.loader import LIBRARY, Loaded
from scenarios.phrases import phrase_found, phrase_pattern
from scenarios.reading import reading_grade
from scenarios.remark import Remark
from scenarios.schema import Condition

#: US school grades. A briefing is read once, in a car; notes are studied.
BRIEFING_GRADE, NOTES_GRADE = 10.0, 12.0
_LEAST_NOTES_WORDS = 80
_LEAST_DIALOGUES = 6


def unsound(loaded: Loaded) -> Iterator[Remark]:
    """What in the scenario itself must be mended or weighed."""
    yield from _secrets(loaded)
    yield from _endings(loaded)
    yield from _lesson(loaded)
    yield from _triggers(loaded)
    person = loaded.scenario.civilian
    said: list[tuple[tuple[str | int, ...], str]] = [
        (("openings", number), line) for number, line in enumerate(loaded.scenario.openings)
    ]
    said += [(("endings", n, "closing"), e.closing) for n, e in enumerate(loaded.scenario.endings)]
    said += [
        (("events", number, "civilian_says"), event.civilian_says)
        for number, event in enumerate(loaded.scenario.events)
        if event.civilian_says
    ]
    said += [(("civilian", "facts", n, "text"), f.text) for n, f in enumerate(person.facts)]
    said += [(("civilian", "secrets", n, "text"), s.text) for n, s in enumerate(person.secrets)]
    for field, words in said:
        yield from civilian_words(loaded.scenario, words, loaded.path, field)


def _secrets(loaded: Loaded) -> Iterator[Remark]:
    """A secret needs trust that talk can bring, and talk that comes near it."""
    lines = [e.officer for d in loaded.dialogues for e in d.exchanges]
    lines += loaded.scenario.sample_officer
    for number, secret in enumerate(loaded.scenario.civilian.secrets):
        field = ("civilian", "secrets", number)
        if secret.trust > loaded.scenario.civilian.trust_ceiling:
            text = f"'{secret.id}' needs more trust than talk can bring here"
            yield Remark("secret", loaded.path, field, text)
        near = any(phrase_pattern(p).search(line) for p in secret.near for line in lines)
        if lines and secret.near and not near:
            text = f"no officer line of its dialogues comes near '{secret.id}'"
            yield Remark("secret", loaded.path, field, text)
    told = {name for d in loaded.dialogues for e in d.exchanges for name in e.state.tells}
    for number, secret in enumerate(loaded.scenario.civilian.secrets):
        if loaded.dialogues and secret.id not in told:
            text = f"'{secret.id}' is told in no dialogue"
            yield Remark("secret", loaded.path, ("civilian", "secrets", number), text, mend=False)


def _endings(loaded: Loaded) -> Iterator[Remark]:
    """The first ending that holds is taken: one behind a wider one, or a later one, never comes."""
    endings = loaded.scenario.endings
    for number, ending in enumerate(endings):
        at = ("endings", number, "when")
        before = turn_before(ending.when)
        for place, other in enumerate(endings):
            if place < number and implies(ending.when, other.when):
                text = f"'{ending.id}' never comes: whenever it holds, '{other.id}' before it does"
                yield Remark("ending", loaded.path, at, text)
                break
            if place != number and before and implies(before, other.when):
                text = f"'{ending.id}' never comes: '{other.id}' has ended it a turn sooner"
                yield Remark("ending", loaded.path, at, text)
                break
    for number, event in enumerate(loaded.scenario.events):
        for ending in endings:
            if implies(event.when, ending.when):
                text = f"'{event.id}' never happens: '{ending.id}' has ended it by then"
                yield Remark("event", loaded.path, ("events", number, "when"), text)
                break
    if not any(_by_turns(ending.when) for ending in endings):
        text = "no ending comes by the number of turns alone: a session may go on without end"
        yield Remark("ending", loaded.path, ("endings",), text)


def implies(narrow: Condition, wide: Condition) -> bool:
    """Whether `wide` holds whenever `narrow` does."""

    def at_least(name: str) -> bool:
        low = getattr(wide, name)
        return low is None or low <= (getattr(narrow, name) or 0)

    def at_most(name: str) -> bool:
        high, own = getattr(wide, name), getattr(narrow, name)
        return high is None or (own is not None and own <= high)

    return (
        all(
            at_least(name)
            for name in (
                "agitation_at_least",
                "trust_at_least",
                "turn_at_least",
                "seconds_at_least",
            )
        )
        and all(at_most(name) for name in ("agitation_at_most", "trust_at_most"))
        and wide.for_turns <= narrow.for_turns
        and all(
            set(getattr(wide, name)) <= set(getattr(narrow, name))
            for name in ("told", "after", "officer_did", "crossed")
        )
    )


def turn_before(when: Condition) -> Condition | None:
    """What is sure to have held one turn before `when` first can; None where there is no such turn.

    Bounds on agitation and trust held then only where they must hold for several turns; what was
    told, crossed or done may be of the last turn itself.
    """
    turn = max(when.turn_at_least or 1, when.for_turns) - 1
    if turn < 1:
        return None
    scales = ("agitation_at_least", "agitation_at_most", "trust_at_least", "trust_at_most")
    held = {name: getattr(when, name) for name in scales} if when.for_turns > 1 else {}
    return Condition(turn_at_least=turn, for_turns=max(1, when.for_turns - 1), **held)


def _by_turns(when: Condition) -> bool:
    return implies(Condition(turn_at_least=60), when)


def _lesson(loaded: Loaded) -> Iterator[Remark]:
    scenario, debrief = loaded.scenario, loaded.scenario.debrief
    briefing = scenario.briefing
    words = len(debrief.instructor_notes.split())
    if words < _LEAST_NOTES_WORDS:
        text = f"instructor notes of {words} words; {_LEAST_NOTES_WORDS} is the least that teaches"
        yield Remark("lesson", loaded.path, ("debrief", "instructor_notes"), text)
    for field, least in (("key_lessons", 3), ("questions", 2), ("what_good_looks_like", 3)):
        count = len(getattr(debrief, field))
        if count < least:
            text = f"{count} where a lesson needs {least}"
            yield Remark("lesson", loaded.path, ("debrief", field), text)
    known = [
        briefing.dispatch,
        *briefing.officer_knows,
        *briefing.objectives,
        *briefing.policy_notes,
    ]
    notes = [debrief.instructor_notes, *debrief.key_lessons, *debrief.what_good_looks_like]
    for part, texts, most in (
        ("briefing", known, BRIEFING_GRADE),
        ("debrief", notes, NOTES_GRADE),
    ):
        grade = reading_grade("\n".join(texts))
        if grade > most:
            text = f"reads at school grade {grade}; {most:g} is the most"
            yield Remark("reading", loaded.path, (part,), text)
    if len(loaded.dialogues) < _LEAST_DIALOGUES:
        text = (
            f"{len(loaded.dialogues)} of the {_LEAST_DIALOGUES} dialogues that show a person whole"
        )
        ours = loaded.path.is_relative_to(LIBRARY)
        yield Remark("lesson", loaded.path, (), text, mend=ours)


def _triggers(loaded: Loaded) -> Iterator[Remark]:
    """A decent officer's lines must not cross a red line, nor a fault calm."""
    person = loaded.scenario.civilian
    for number, line in enumerate(loaded.scenario.sample_officer):
        for trigger in person.red_lines:
            hit = next(filter(None, (phrase_found(phrase, line) for phrase in trigger.says)), None)
            if hit:
                text = f"the sample officer's {hit!r} crosses red line '{trigger.id}'"
                yield Remark("trigger", loaded.path, ("sample_officer", number), text)
    for kind in ("stressors", "red_lines", "calming_signals"):
        for number, trigger in enumerate(getattr(person, kind)):
            for one, other in pairwise(sorted(trigger.says)):
                if one == other:
                    field = ("civilian", kind, number, "says")
                    yield Remark("trigger", loaded.path, field, f"'{one}' is there twice")
