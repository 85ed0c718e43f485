"""The lists behind de-identification: names by the US census, everyday words, towns and streets."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Literal

import yaml

Gender = Literal["female", "male"]

#: How far down the census lists a lone capitalised word is still taken for a name. The tail of the
#: lists
#: (born to one in 30,000 and fewer) is mostly words that are names for hardly anybody.
_SURNAMES = 20_000
_COMMON_SURNAMES = 6_000


@dataclass(frozen=True, slots=True)
class Lists:
    first: dict[str, Gender]
    common_first: frozenset[str]
    surnames: frozenset[str]
    common_surnames: frozenset[str]
    everyday: frozenset[str]
    never: frozenset[str]
    not_people: frozenset[str]
    phonetic: tuple[str, ...]
    phonetic_set: frozenset[str]
    states: str
    more_places: tuple[str, ...]
    towns: tuple[str, ...]
    streets: tuple[str, ...]
    spare_female: tuple[str, ...]
    spare_male: tuple[str, ...]
    spare_surnames: tuple[str, ...]


@cache
def lists() -> Lists:
    words = _words()
    never = frozenset(words["never"].split())
    everyday = frozenset(words["everyday"].split()) | never
    not_people = frozenset(words["not_people"].split())
    female, male = list(_census("dist.female.first")), list(_census("dist.male.first"))
    rank = {name: place for place, name in enumerate(male)}
    first: dict[str, Gender] = dict.fromkeys(male, "male")
    for place, name in enumerate(female):
        if place < rank.get(name, 10**6):
            first[name] = "female"
    newer_female, newer_male = words["newer_female"].split(), words["newer_male"].split()
    for name in newer_female:
        first.setdefault(name, "female")
    for name in newer_male:
        first.setdefault(name, "male")
    surnames = [name for _, name in zip(range(_SURNAMES), _census("dist.all.last"), strict=False)]
    plain = everyday | not_people

    def spare(names: list[str], count: int) -> tuple[str, ...]:
        good = (name.title() for name in names if name not in plain and len(name) > 3)
        return tuple(name for _, name in zip(range(count), good, strict=False))

    return Lists(
        first=first,
        common_first=frozenset([*female[:900], *male[:600], *newer_female, *newer_male]) - plain,
        surnames=frozenset(surnames),
        common_surnames=frozenset(surnames[:_COMMON_SURNAMES]),
        everyday=everyday,
        never=never,
        not_people=not_people,
        phonetic=tuple(words["phonetic"].split()),
        phonetic_set=frozenset(words["phonetic"].split()),
        states=words["states"].strip(),
        more_places=tuple(name.strip() for name in words["more_places"].split(",")),
        towns=tuple(words["towns"].split()),
        streets=tuple(words["streets"].split()),
        spare_female=spare(female, 250),
        spare_male=spare(male, 250),
        spare_surnames=spare(surnames, 900),
    )


def _words() -> dict[str, Any]:
    path = resources.files("scenarios.corpus") / "deid_words.yaml"
    data: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return data


def _census(name: str) -> Iterator[str]:
    """Names of a list of the 1990 census (public domain, carried by the `names` package), commonest
    first.
    """
    with (resources.files("names") / name).open("r", encoding="ascii") as stream:
        for line in stream:
            yield line.split(None, 1)[0].lower()
