"""A scenario as a lesson plan: the one order and wording that screen, page and paper share."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from scenarios.behaviours import BEHAVIOURS
from scenarios.loader import Loaded
from scenarios.schema import BAND_NAMES, Condition, Dialogue, Scenario, Trigger


@dataclass(frozen=True)
class Block:
    """One piece of a section: prose, points, or rows of a name and what it says."""

    kind: Literal["prose", "points", "rows", "quote"]
    heading: str = ""
    prose: str = ""
    points: list[str] = field(default_factory=list)
    rows: list[tuple[str, str]] = field(default_factory=list)


@dataclass(frozen=True)
class Section:
    title: str
    blocks: list[Block]
    for_instructor: bool = False


@dataclass(frozen=True)
class Lesson:
    """facts: what is said of the lesson at a glance. sections: in the order in which it is taught."""

    title: str
    summary: str
    facts: list[tuple[str, str]]
    sections: list[Section]


def lesson(loaded: Loaded) -> Lesson:
    """The lesson plan of a scenario."""
    scenario = loaded.scenario
    return Lesson(
        scenario.title,
        scenario.summary,
        _at_a_glance(scenario, len(loaded.dialogues)),
        [
            _briefing(scenario),
            _civilian(scenario),
            _what_moves(scenario),
            _course(scenario),
            _lines(scenario),
            _debrief(scenario),
        ],
    )


def _at_a_glance(scenario: Scenario, dialogues: int) -> list[tuple[str, str]]:
    content = scenario.content
    warnings = "; ".join(content.warnings)
    return [
        ("Category", scenario.category.replace("_", " ")),
        (
            "Difficulty",
            f"{scenario.difficulty.level} of 5: {'; '.join(scenario.difficulty.because)}",
        ),
        ("Time", f"{scenario.minutes} minutes, and as long again for the debrief"),
        ("Trains", ", ".join(BEHAVIOURS[skill].name for skill in scenario.skills)),
        ("Content", f"{content.level} language" + (f". Warning: {warnings}" if warnings else "")),
        ("Example talks", str(dialogues)),
        ("Status", f"{scenario.status}, {scenario.source.kind}, {scenario.licence}, {scenario.id}"),
    ]


def _briefing(scenario: Scenario) -> Section:
    briefing = scenario.briefing
    blocks = [
        Block("quote", "Dispatch", briefing.dispatch),
        Block("prose", "On arrival", scenario.setting),
        Block("points", "The officer knows", points=briefing.officer_knows),
        Block("points", "Objectives", points=briefing.objectives),
        Block("points", "Policy", points=briefing.policy_notes),
    ]
    return Section("Briefing", _filled(blocks))


def _civilian(scenario: Scenario) -> Section:
    person, types = scenario.civilian, scenario.subject_types
    start = person.baseline
    rows = []
    for name in ("cooperative", "upset", "aggressive"):
        shift = getattr(types, name)
        agitation = min(max(start.agitation + shift.agitation, person.agitation_floor), 100)
        trust = max(min(start.trust + shift.trust, person.trust_ceiling), 0)
        note = shift.note[:1].upper() + shift.note[1:].rstrip(".")
        rows.append((name, f"{note}. Starts at agitation {agitation}, trust {trust}."))
    limits = []
    if not person.can_be_talked_down:
        limits.append("Talk alone cannot end this well.")
    if person.agitation_floor:
        limits.append(f"Talk brings agitation no lower than {person.agitation_floor}.")
    if person.trust_ceiling < 100:
        limits.append(f"Talk brings trust no higher than {person.trust_ceiling}.")
    blocks = [
        Block("prose", f"{person.name}, {person.age}, {person.role}", person.appearance),
        Block("prose", "Background", person.background),
        Block("prose", "Wants", person.wants),
        Block("prose", "Talks like this", person.speech_style),
        Block("rows", "Subject types", rows=rows),
        Block("prose", "Limits", " ".join(limits)),
        Block("rows", "Says when it comes up", rows=[("", fact.text) for fact in person.facts]),
        Block(
            "rows",
            "Holds back",
            rows=[(f"trust {s.trust}", f"{s.text}{_near(s.near)}") for s in person.secrets],
        ),
    ]
    return Section("The civilian", _filled(blocks), for_instructor=True)


def _near(words: list[str]) -> str:
    return f" (near: {', '.join(words)})" if words else ""


def _what_moves(scenario: Scenario) -> Section:
    person = scenario.civilian
    blocks = [
        Block("rows", heading, rows=[_trigger(trigger) for trigger in triggers])
        for heading, triggers in (
            ("Calms", person.calming_signals),
            ("Stresses", person.stressors),
            ("Red lines", person.red_lines),
        )
    ]
    return Section("What moves them", blocks, for_instructor=True)


def _trigger(trigger: Trigger) -> tuple[str, str]:
    by = [f"“{phrase.replace('*', '…')}”" for phrase in trigger.says]
    by += [BEHAVIOURS[behaviour].name.lower() for behaviour in trigger.does]
    moved = [
        f"{name} {points:+d}"
        for name, points in (("agitation", trigger.agitation), ("trust", trigger.trust))
        if points
    ]
    return trigger.about, f"{', '.join(by)} ({', '.join(moved)})"


def _course(scenario: Scenario) -> Section:
    person = scenario.civilian
    texts = {fact.id: f"“{fact.text}”" for fact in [*person.facts, *person.secrets]}
    texts |= {event.id: event.what.rstrip(".") for event in scenario.events}
    texts |= {line.id: line.about for line in person.red_lines}
    events = [(_condition(event.when, texts), event.what) for event in scenario.events]
    endings = [
        (BAND_NAMES[e.band], f"{_condition(e.when, texts)}. {e.outcome} Last words: “{e.closing}”")
        for e in scenario.endings
    ]
    openings = Block("points", "First words", points=[f"“{line}”" for line in scenario.openings])
    blocks = [
        openings,
        Block("rows", "What may happen", rows=events),
        Block("rows", "How it can end", rows=endings),
    ]
    return Section("How it goes", _filled(blocks), for_instructor=True)


def _condition(when: Condition, texts: dict[str, str]) -> str:
    """A condition in words; `texts` says what the ids of facts, injects and red lines stand for."""
    parts = []
    for name, words in (
        ("agitation_at_least", "agitation {} or more"),
        ("agitation_at_most", "agitation {} or less"),
        ("trust_at_least", "trust {} or more"),
        ("trust_at_most", "trust {} or less"),
        ("turn_at_least", "from turn {}"),
        ("seconds_at_least", "after {} seconds"),
    ):
        value = getattr(when, name)
        if value is not None:
            parts.append(words.format(value))
    if when.for_turns > 1:
        parts.append(f"{when.for_turns} turns in a row")
    for said_of, words in (
        ([texts[name] for name in when.told], "once told: {}"),
        ([texts[name] for name in when.after], "after: {}"),
        ([texts[name] for name in when.crossed], "red line crossed: {}"),
        ([BEHAVIOURS[b].name.lower() for b in when.officer_did], "the officer did: {}"),
    ):
        if said_of:
            parts.append(words.format(", ".join(said_of)))
    said = ", ".join(parts)
    return said[:1].upper() + said[1:]


def _lines(scenario: Scenario) -> Section:
    lines = Block("points", points=scenario.sample_officer)
    return Section("A decent officer might say", [lines], for_instructor=True)


def _debrief(scenario: Scenario) -> Section:
    debrief = scenario.debrief
    asked = [
        Block(
            "rows",
            f"Question {number}",
            rows=[
                ("Why", question.why),
                ("Consequences", question.consequences),
                ("Reflection", question.reflection),
            ],
        )
        for number, question in enumerate(debrief.questions, 1)
    ]
    blocks = [
        Block("points", "Key lessons", points=debrief.key_lessons),
        *asked,
        Block("points", "What good looks like", points=debrief.what_good_looks_like),
        Block("prose", "Instructor notes", debrief.instructor_notes),
        Block("points", "Reference dialogue", points=scenario.reference),
    ]
    return Section("Debrief", _filled(blocks))


def _filled(blocks: list[Block]) -> list[Block]:
    return [block for block in blocks if block.prose or block.points or block.rows]


def dialogue_title(dialogue: Dialogue) -> str:
    return f"A {dialogue.officer} officer, {dialogue.subject_type} civilian"
