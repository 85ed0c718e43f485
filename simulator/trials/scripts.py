"""Two scripted officers for trials of the civilian: a trained and a bad one."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

import yaml

from scenarios.behaviours import BehaviourId
from scenarios.loader import Loaded
from scenarios.schema import Scenario

Officer = Literal["trained", "bad"]
#: general: lines written for no scenario. briefed: every other line is the scenario's own, from its
#: sample officer and dialogues: an officer who has read the briefing.
Lines = Literal["general", "briefed"]

OFFICERS: tuple[Officer, ...] = ("trained", "bad")
#: Lines of each stage that a session takes, after the greeting.
_STAGES = {"early": 6, "middle": 7, "late": 7}
_NAMES = ("Alvarez", "Bennett", "Cho", "Dorsey", "Engel", "Farrow")


@dataclass(frozen=True)
class Line:
    say: str
    does: tuple[BehaviourId, ...]


@cache
def _general() -> dict[str, dict[str, list[dict[str, object]]]]:
    text = Path(__file__).with_name("officers.yaml").read_text(encoding="utf-8")
    found: dict[str, dict[str, list[dict[str, object]]]] = yaml.safe_load(text)
    return found


def script(loaded: Loaded, officer: Officer, lines: Lines, seed: int) -> list[Line]:
    """The officer's lines of one session, 21 of them; drawn by the seed, the same for the same."""
    draw = random.Random(f"{loaded.id} {officer} {lines} {seed}")
    fill = {"sir": _address(loaded.scenario), "name": draw.choice(_NAMES)}
    stages = _general()[officer]

    def line(raw: dict[str, object]) -> Line:
        does: Sequence[BehaviourId] = raw["does"]  # type: ignore[assignment]
        return Line(str(raw["say"]).format(**fill), tuple(does))

    general = [line(draw.choice(stages["greeting"]))]
    for stage, count in _STAGES.items():
        general += [line(raw) for raw in draw.sample(stages[stage], count)]
    own = _own(loaded, officer, draw) if lines == "briefed" else []
    mixed = []
    for number, each in enumerate(general):
        mixed.append(own.pop(0) if number % 2 == 1 and own else each)
    return mixed


def _own(loaded: Loaded, officer: Officer, draw: random.Random) -> list[Line]:
    """The scenario's own lines of such an officer, in the order of one of its dialogues.

    A trained officer who has read the briefing asks what the case turns on: the lines that brought out
    what its best ending needs are among them.
    """
    dialogues = [d for d in loaded.dialogues if d.officer == officer]
    if not dialogues:
        return []
    dialogue = draw.choice(dialogues)
    exchanges = list(dialogue.exchanges)
    best = [e.when.told for e in loaded.scenario.endings if e.band == "resolution"]
    needed = {name for told in best for name in told}
    asks = [n for n, e in enumerate(exchanges) if needed & set(e.state.tells)]
    others = [n for n in range(len(exchanges)) if n not in asks]
    chosen = sorted(asks + draw.sample(others, min(max(0, 9 - len(asks)), len(others))))
    return [Line(exchanges[n].officer, tuple(exchanges[n].does)) for n in chosen]


def _address(scenario: Scenario) -> str:
    person = scenario.civilian
    if person.age < 18 or person.gender == "nonbinary":
        return person.name.split()[0]
    return "ma'am" if person.gender == "female" else "sir"
