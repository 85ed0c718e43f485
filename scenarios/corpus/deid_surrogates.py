"""What stands in the place of a name or number: natural, of the same shape, the same all through a
video.

Every surrogate is drawn from (seed, video, what it replaces), so parts of one video agree without
knowing of each other, and a second run gives the same text.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence

from scenarios.corpus.deid_lists import lists
from scenarios.corpus.deid_numbers import Hit
from scenarios.corpus.deid_people import People
from scenarios.spelt import DIGITS

_MONTHS = (
    "January February March April May June July August September October November December".split()
)


class Surrogates:
    """Replacements for one file. `used` maps every original to what was put in its place."""

    def __init__(self, seed: int, video: str, people: People) -> None:
        self._key = f"{seed}:{video}"
        self._people = people
        self._taken: set[str] = set()
        self.used: dict[str, str] = {}

    def _draw(self, what: str) -> random.Random:
        return random.Random(f"{self._key}:{what}")

    def _pick(self, what: str, choices: Sequence[str]) -> str:
        draw = self._draw(what)
        for _ in range(40):
            choice = draw.choice(choices)
            low = choice.lower()
            if low not in self._people.kinds and low not in self._taken:
                break
        self._taken.add(choice.lower())
        return choice

    def name(self, word: str) -> str:
        """The surrogate of one name word, in the word's own case."""
        low = word.lower()
        low = self._people.alias.get(low, low)
        if self._people.kinds.get(low) == "place":
            return self.place(low)
        key = f"name:{low}"
        if key not in self.used:
            if self._people.kinds.get(low) == "first":
                female = self._people.genders.get(low) == "female"
                self.used[key] = self._pick(
                    key, lists().spare_female if female else lists().spare_male
                )
            else:
                self.used[key] = self._pick(key, lists().spare_surnames)
        found = self.used[key]
        return found.upper() if word.isupper() and len(word) > 2 else found

    def number(self, hit: Hit) -> str:
        """The surrogate of anything that is not a person's name."""
        key = f"{hit.kind}:{' '.join(hit.text.lower().split())}"
        if key not in self.used:
            make = {
                "phone": self._phone, "address": self._address, "place": self.place, "plate": self._plate,
                "date": self._date, "number": self._digits, "spelling": self._spelling, "online": self._online,
            }  # fmt: skip
            self.used[key] = make[hit.kind](hit.text)
        return self.used[key]

    def _digits(self, text: str) -> str:
        draw = self._draw(f"digits:{text}")
        done = ""
        for place, c in enumerate(text):
            if not c.isdigit():
                done += c
                continue
            opens = place == 0 or not text[place - 1].isdigit()
            done += draw.choice([d for d in ("123456789" if opens else "0123456789") if d != c])
        return done

    def _phone(self, text: str) -> str:
        digits = [c for c in self._digits(text) if c.isdigit()]
        if len(digits) >= 10:  # 555-01xx is kept free for fiction
            digits[-7:-2] = list("55501")
        elif len(digits) == 7:
            digits[:5] = list("55501")
        put = iter(digits)
        return "".join(next(put) if c.isdigit() else c for c in text)

    def _address(self, text: str) -> str:
        words = self._digits(text).split()
        keep = 2 if len(words) > 1 and words[-1].rstrip(".").lower() not in _SUFFIXES else 1
        if not re.search(r"[A-Z][a-z]+\s+[A-Z][a-z]", text) or text.split()[0].lower() in _ROOMS:
            return " ".join(words)
        names = [w for w in words[:-keep] if w[0].isalpha() and w.strip(".") not in _COMPASS]
        street = self._pick(f"street:{' '.join(names).lower()}", lists().streets)
        numbers = [w for w in words[:-keep] if w[0].isdigit() or w.strip(".") in _COMPASS]
        return " ".join([*numbers, street, *words[-keep:]])

    def place(self, text: str) -> str:
        """The surrogate of a town, a county or what is named after one."""
        key = f"place:{text.lower()}"
        if key not in self.used:
            self.used[key] = self._pick(key, lists().towns)
        return self.used[key]

    def _plate(self, text: str) -> str:
        draw = self._draw(f"plate:{text}")
        if " " not in text:
            return "".join(_other(draw, c) for c in text)
        done = []
        for word in re.split(r"([ ,]+|-(?!(?i:ray)))", text):
            if word.lower() in lists().phonetic:
                choice = draw.choice([w for w in lists().phonetic if w != word.lower()])
                done.append(choice.title() if word[:1].isupper() else choice)
            elif word.lower() in DIGITS:
                done.append(draw.choice([w for w in DIGITS if w != word.lower()]))
            else:
                done.append("".join(_other(draw, c) for c in word))
        return "".join(done)

    def _date(self, text: str) -> str:
        draw = self._draw(f"date:{text}")
        month, day, shift = draw.choice(_MONTHS), draw.randint(1, 28), draw.choice((-2, -1, 1, 2))

        def number(match: re.Match[str]) -> str:
            value = match[0]
            if len(value) == 4 and value[:2] in ("19", "20"):
                return str(int(value) + shift)
            if len(value) <= 2 and int(value) <= 31:
                return f"{day if int(value) > 12 else draw.randint(1, 12):0{len(value)}d}"
            if len(value) == 2:
                return f"{(int(value) + shift) % 100:02d}"
            return self._digits(value)

        swapped = re.sub(r"\d+", number, text)
        swapped = re.sub(r"(\d)(?:st|nd|rd|th)\b", lambda m: m[1] + _ordinal(m, swapped), swapped)
        return re.sub(
            r"\b[A-Z][a-z]{2,8}\b\.?", lambda m: month if _is_month(m[0]) else m[0], swapped
        )

    def _spelling(self, text: str) -> str:
        """A name that is spelt out is spelt out as its surrogate, else as letters of no name."""
        letters = re.findall(r"[A-Z]", text)
        gap = re.sub(r"[A-Z]", "", text[1:3]) or " "
        word = "".join(letters).lower()
        known = word in self._people.kinds
        draw = self._draw(f"spelling:{text}")
        new = self.name(word) if known else "".join(_other(draw, c) for c in letters)
        tail = text[-1] if not text[-1].isalpha() else ""
        return gap.join(new.upper()) + tail

    def _online(self, text: str) -> str:
        draw = self._draw(f"online:{text}")
        name = f"{draw.choice(lists().streets).lower()}{draw.choice(lists().towns).lower()}"
        if text.startswith("@"):
            return f"@{name}"
        if "@" in text or " at " in text:
            return re.sub(r"^.*?(?=@| at )", name, text)
        return "www.example.com"


_SUFFIXES = frozenset(
    "street st avenue ave road rd drive dr lane ln boulevard blvd court ct circle way place terrace trail parkway pkwy "
    "highway hwy loop pike crossing alley".split()
)
_ROOMS = frozenset("apartment apt apt. suite room lot unit".split())
_COMPASS = frozenset("North South East West N S E W".split())


def _other(draw: random.Random, c: str) -> str:
    if c.isdigit():
        return draw.choice([d for d in "0123456789" if d != c])
    if c.isalpha():
        new = draw.choice([d for d in "ABCDEFGHJKLMNPRSTUVWXYZ" if d != c.upper()])
        return new if c.isupper() else new.lower()
    return c


def _is_month(word: str) -> bool:
    return any(month.startswith(word.rstrip(".")) for month in _MONTHS)


def _ordinal(match: re.Match[str], text: str) -> str:
    number = int(re.findall(r"\d+", text[: match.end()])[-1])
    if number % 100 in (11, 12, 13):
        return "th"
    return {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
