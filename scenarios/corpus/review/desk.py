"""A rater's place at the queue: where they are, what they have said, and how it is written down.

No screen in it: the screen asks the desk and shows the answer.
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, replace

from scenarios.corpus.review.opinions import (
    Opinion,
    joint,
    last_act,
    opinions_of,
    write_decisions,
)
from scenarios.corpus.review.trail import Act, Trail, Verdict
from scenarios.corpus.review.waiting import Item, proposed_roles, text_key
from scenarios.corpus.run import Run
from scenarios.corpus.transcript import Role, Transcript
from scenarios.errors import BadScenario


@dataclass(frozen=True, slots=True)
class Speaker:
    """One voice of a transcript as the rater sees it. `proposed` is the pipeline's, `role` what holds now."""

    label: str
    proposed: Role
    role: Role
    unsure: bool
    turns: int
    words: int


class Desk:
    """One rater at the queue of a run. `settling`: only what raters differ on, and the word is final."""

    def __init__(self, run: Run, items: list[Item], rater: str, settling: bool = False) -> None:
        self.run = run
        self.trail = Trail(run.folder)
        self.rater = _known_spelling(rater, self.trail.acts())
        self.settling = settling
        self._read_again()
        if settling:
            items = [item for item in items if self._differ(item.source)]
            if not items:
                raise BadScenario("there is nothing to settle: no two raters differ")
        self.items = items
        self.at = 0
        if self.done < len(items):
            self.at = next(i for i, item in enumerate(items) if not self.is_done(item))
        self._open()

    @property
    def item(self) -> Item:
        return self.items[self.at]

    @property
    def opinion(self) -> Opinion:
        """The rater's own, of the transcript that is open."""
        return self._mine(self.item.source)

    @property
    def done(self) -> int:
        return sum(self.is_done(item) for item in self.items)

    def is_done(self, item: Item) -> bool:
        """Whether the rater has given a verdict on this very text."""
        mine = self._mine(item.source)
        if self.settling and not mine.final:
            return False
        return mine.verdict is not None and mine.text_key == item.text_key

    @property
    def changed_since(self) -> bool:
        """Whether the text is another than the one that the rater judged."""
        return self.opinion.verdict is not None and self.opinion.text_key != self.item.text_key

    def speakers(self) -> list[Speaker]:
        turns: Counter[str] = Counter()
        words: Counter[str] = Counter()
        for turn in self.transcript.turns:
            turns[turn.speaker] += 1
            words[turn.speaker] += len(turn.text.split())
        return [
            Speaker(
                label,
                role,
                self.role_of(label),
                label in self.item.unsure,
                turns[label],
                words[label],
            )
            for label, role in self.proposed.items()
        ]

    def role_of(self, label: str) -> Role:
        return self.opinion.fixed.get(label, self.proposed[label])

    def others(self) -> dict[str, Opinion]:
        """What the other raters said: for settling only; otherwise each judges alone."""
        if not self.settling:
            return {}
        by_rater = self._opinions.get(self.item.source, {})
        return {r: o for r, o in by_rater.items() if r != self.rater and o.verdict is not None}

    def decide(self, verdict: Verdict) -> None:
        """Writes the verdict and opens the next transcript that has none, where there is one."""
        roles = {speaker.label: speaker.role for speaker in self.speakers()}
        self._write(
            verdict,
            text_key=self.item.text_key,
            roles=roles,
            final=self.settling,
            seconds=round(time.monotonic() - self._opened_at, 1),
        )
        ahead = [*range(self.at + 1, len(self.items)), *range(self.at)]
        unseen = [i for i in ahead if not self.is_done(self.items[i])]
        if unseen:
            self.go(unseen[0])

    def fix(self, label: str, role: Role) -> bool:
        """Gives a speaker another role; False where that was the role already."""
        if self.role_of(label) == role:
            return False
        self._write("role", label=label, role=role)
        return True

    def note(self, text: str) -> None:
        self._write("note", note=text)

    def undo(self) -> Act | None:
        """Takes back the rater's last act, whenever it was, and opens its transcript."""
        act = last_act(self.trail.acts(), self.rater)
        if act is None:
            return None
        self.trail.append(self.rater, "undo", act.source, undoes=act.number)
        self._read_again()
        write_decisions(self.run, self.trail)
        for index, item in enumerate(self.items):
            if item.source == act.source:
                self.go(index)
        return act

    def go(self, index: int) -> None:
        self.at = max(0, min(index, len(self.items) - 1))
        self._open()

    def _open(self) -> None:
        transcript = self.run.transcript("filter", self.item.source)
        if transcript is None:
            raise BadScenario(f"{self.item.source}: went away from the run while it was reviewed")
        self.transcript: Transcript = transcript
        self.proposed = proposed_roles(transcript)
        key = text_key(transcript)
        if key != self.item.text_key:  # the pipeline ran beside the review
            self.items[self.at] = replace(self.item, text_key=key)
        self._opened_at = time.monotonic()

    def _write(self, action: Verdict | str, **more: object) -> None:
        self.trail.append(self.rater, action, self.item.source, **more)  # type: ignore[arg-type]
        self._read_again()
        write_decisions(self.run, self.trail)

    def _read_again(self) -> None:
        self._opinions = opinions_of(self.trail.acts())

    def _mine(self, source: str) -> Opinion:
        return self._opinions.get(source, {}).get(self.rater, Opinion())

    def _differ(self, source: str) -> bool:
        together = joint(self._opinions.get(source, {}))
        return together is not None and bool(together.disputed)


def _known_spelling(rater: str, acts: list[Act]) -> str:
    """ "Anna" and "anna " are one rater."""
    name = " ".join(rater.split())
    if not 0 < len(name) <= 40 or not name.isprintable():
        raise BadScenario(f"--rater {rater!r}: give a name of 1 to 40 characters")
    return next((act.rater for act in acts if act.rater.casefold() == name.casefold()), name)
