"""What people wrote for this civilian to say: which of it may be said now, and which is said where no draft is."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from models.embedder import Vectors
from scenarios.behaviours import BEHAVIOURS
from scenarios.schema import Dialogue, Scenario
from simulator.civilian.answers import Reply
from simulator.civilian.authored import AuthoredReplies, Candidate
from simulator.civilian.disclosure import Disclosure
from simulator.civilian.drafting import Drafted
from simulator.civilian.guard import is_silence, repeats
from simulator.civilian.stock import deflection, response
from simulator.civilian.straight import denies
from simulator.events import Behaviour

#: A model's own words have answered where their fit is this.
_ANSWERS_ALIKE = 0.35
#: A plain question about oneself is answered plainly from this trust on; fit of such an answer.
_PLAIN_TRUST, _PLAIN_FIT = 25, 0.62
_ASKS_NAME = r"\b(?:what(?:'s| is| was) your (?:first |full |last )?name|who are you|your name\?|and you are\?)"
_ASKS_AGE = r"\bhow old are you\b|\bwhat(?:'s| is) your age\b|\byour age\?"
#: Skills to which somebody may tell what wants out.
_LISTENING = frozenset(
    "open_question minimal_encourager mirroring emotion_label paraphrase summary shows_empathy gives_time "
    "reassurance offers_help i_message".split()
)
#: So much better a line of the scenario has to fit where anybody may say something to what the officer did: below that
#: most lines answer something else.
_BESIDE_ANYBODY = 0.09
#: Replies of one choice that differ by less than this are as good as each other: chance decides.
_AS_GOOD = 0.03


@dataclass(frozen=True)
class Moment:
    """What a reply answers, and in which mood. heard: the words' vector. said: by the civilian, until now."""

    words: str
    heard: Vectors
    behaviours: list[Behaviour]
    agitation: int
    trust: int
    disclosure: Disclosure
    said: Sequence[str]
    draw: random.Random


class Written:
    """The lines of one scenario. near_enough: see ReplySettings."""

    def __init__(
        self,
        scenario: Scenario,
        dialogues: Sequence[Dialogue],
        authored: AuthoredReplies,
        near_enough: float,
    ) -> None:
        person = scenario.civilian
        self._authored = authored
        self._near_enough = near_enough
        self._facts = {fact.id for fact in person.facts}
        self._texts = {fact.id: fact.text for fact in [*person.facts, *person.secrets]}
        self._pivotal = {
            name for e in scenario.endings if e.band == "resolution" for name in e.when.told
        }
        #: What anybody can say of themselves, and the question it answers.
        self._of_oneself = {f"{person.name}.": _ASKS_NAME, f"I'm {person.age}.": _ASKS_AGE}
        #: Of each authored reply: number of its dialogue, and of the exchange there.
        self.places = {
            exchange.civilian: (d, n)
            for d, dialogue in enumerate(dialogues)
            for n, exchange in enumerate(dialogue.exchanges)
        }

    def fitting(self, now: Moment, last: tuple[int, int] | None) -> list[Candidate]:
        """What may be said now, best first; as good ones in an order of chance. last: place of the exchange before."""
        did = {b.id for b in now.behaviours}
        listened = bool(did & _LISTENING) and not any(BEHAVIOURS[id_].fault for id_ in did)
        disclosure = now.disclosure
        told = [self._texts[name] for name in disclosure.told if name in self._texts]
        found = self._authored.fitting(
            now.heard,
            now.words,
            now.behaviours,
            now.agitation,
            now.trust,
            allowed=self._facts | set(disclosure.open),
            told=disclosure.told,
            near=disclosure.near(now.words),
            out=disclosure.wants_out(now.trust) if listened else (),
            pivotal=self._pivotal,
            last=last,
        )
        if now.trust >= _PLAIN_TRUST:
            found += [
                Candidate(text, "fact", _PLAIN_FIT)
                for text, asks in self._of_oneself.items()
                if re.search(asks, now.words.replace("’", "'"), re.I)
            ]
            found.sort(key=lambda c: -c.fit)
        silent = bool(now.said) and is_silence(now.said[-1])
        able: list[Candidate] = []
        for candidate in found:
            if len(able) == 6:
                break
            if repeats(candidate.text, now.said) or (silent and is_silence(candidate.text)):
                continue
            if disclosure.leaks(candidate.text) or any(denies(candidate.text, t) for t in told):
                continue
            able.append(candidate)
        return sorted(able, key=lambda c: -(c.fit + now.draw.uniform(0, _AS_GOOD)))

    def fits_well(self, fitting: Sequence[Candidate]) -> bool:
        """Whether the best line fits so well that what anybody may say is not better."""
        return bool(fitting) and fitting[0].fit >= self._near_enough + _BESIDE_ANYBODY

    def reply(
        self, now: Moment, fitting: Sequence[Candidate], drafted: Drafted | None = None
    ) -> Reply:
        """The scenario's best line where it answers; else what anybody may say to what the officer did; else in this
        mood. drafted: what came of the model's drafts before.
        """
        answer = response(now.words, now.behaviours, now.agitation, now.draw, now.said)
        near_enough = bool(fitting) and fitting[0].fit >= self._near_enough
        if self.fits_well(fitting) or (near_enough and answer is None):
            no_draft = drafted is not None and drafted.refused and not drafted.text
            why = "no draft passed" if no_draft else "fits best"
            return line_reply(fitting[0], why, drafted)
        if answer is not None:
            text, to = answer
            return reply_of(text, "authored", f"anybody's answer to {to}", drafted)
        text = deflection(now.words, now.agitation, now.draw, now.said)
        return reply_of(text, "authored", "deflection", drafted)

    def answered(self, vector: Vectors, reply: str) -> bool:
        """Whether `reply` answered the officer's words of this vector: so that it can be said again."""
        place = self.places.get(reply)
        if place is not None:
            return self._authored.answered(vector, place)
        if reply in self._texts.values() or reply in self._of_oneself:
            return True
        return self._authored.draft_fit(vector, reply, 50, 50)[0] >= _ANSWERS_ALIKE


def line_reply(line: Candidate, why: str, drafted: Drafted | None = None) -> Reply:
    """A line of the scenario, said."""
    kind = {"exchange": "", "fact": "a fact; ", "secret": "a secret that is open; "}
    note = f"{kind[line.kind]}{why}; fit {line.fit:.2f}"
    return replace(reply_of(line.text, "authored", note, drafted), tells=line.tells)


def reply_of(text: str, origin: str, note: str, drafted: Drafted | None) -> Reply:
    """A reply, and what was drafted and refused on the way to it."""
    if drafted is None:
        return Reply(text, origin, note, None)
    return Reply(text, origin, note, drafted.timings, drafted.refused, drafted.first_token_at)
