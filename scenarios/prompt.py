"""How a scenario, a mood and the facts that may be told become a prompt.

The one place: play, the training rows and the benchmark all take their text from here. The system
message never changes in a session; the stage direction rides behind the officer's newest words.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from scenarios.schema import Civilian, Dialogue, Exchange, Scenario, SubjectType

Length = Literal["silent", "short", "medium", "long"]

#: What stands for the officer's words when the civilian speaks first.
ARRIVAL = "(The officer walks up.)"

_MOODS = ((25, "Calm"), (45, "Uneasy"), (65, "Upset"), (85, "Very upset"), (101, "Losing control"))
_TRUSTS = (
    (25, "does not trust the officer"),
    (45, "wary of the officer"),
    (65, "starting to trust the officer"),
    (101, "trusts the officer"),
)
_LENGTHS: dict[Length, str] = {
    "silent": "Says nothing.",
    "short": "A few words.",
    "medium": "One or two short sentences.",
    "long": "Lets it out, a few sentences.",
}


def mood_word(agitation: float) -> str:
    """The word for a level of agitation, 0-100."""
    return next(word for bound, word in _MOODS if agitation < bound)


def trust_words(trust: float) -> str:
    """The words for a level of trust, 0-100."""
    return next(words for bound, words in _TRUSTS if trust < bound)


def system_message(scenario: Scenario, subject_type: SubjectType) -> str:
    """Persona, circumstances and rules. Secrets are not in it: what it does not hold cannot slip
    out.
    """
    person = scenario.civilian
    today = getattr(scenario.subject_types, subject_type).note
    facts = " ".join(fact.text for fact in person.facts)
    return (
        f"{person.name}, {person.age}, {person.role}. {scenario.setting}\n"
        f"{person.background}\n"
        f"Wants: {person.wants} Today: {today}\n"
        f"Talks like this: {person.speech_style}\n"
        f"{first_name(person)} knows: {facts}\n"
        f"A police officer is talking to {first_name(person)}. Answer as {first_name(person)}, in the first "
        "person, only what is said aloud. The words in brackets say how "
        f"{first_name(person)} feels now."
    )


def direction(
    agitation: float, trust: float, length: Length, may_tell: Sequence[str] = (), note: str = ""
) -> str:
    """The stage direction for one reply.

    may_tell: texts of facts or secrets, in the civilian's first person, that this reply may draw
        on. note: what is different now (an inject, the subject type's note), one sentence.
    """
    parts = [f"{mood_word(agitation)}, {trust_words(trust)}.", _LENGTHS[length]]
    if note:
        parts.append(note)
    if may_tell:
        parts.append("May say: " + " ".join(may_tell))
    return "(" + " ".join(parts) + ")"


def example_turns(scenario: Scenario, exchanges: Sequence[Exchange]) -> list[tuple[str, str]]:
    """Authored exchanges as turns already spoken, each with the direction that would have led to
    it.
    """
    told = {f.id: f.text for f in [*scenario.civilian.facts, *scenario.civilian.secrets]}
    return [
        (
            exchange.officer
            + "\n"
            + direction(
                exchange.state.agitation,
                exchange.state.trust,
                exchange.length,
                [told[name] for name in exchange.state.tells if name in told],
            ),
            exchange.civilian,
        )
        for exchange in exchanges
    ]


@dataclass(frozen=True)
class ChatMessage:
    role: Literal["system", "user", "assistant"]
    content: str


def training_messages(scenario: Scenario, dialogue: Dialogue) -> list[ChatMessage]:
    """A whole authored dialogue as `play` would have sent it: for chat rows."""
    messages = [
        ChatMessage("system", system_message(scenario, dialogue.subject_type)),
        ChatMessage("user", ARRIVAL),
        ChatMessage("assistant", dialogue.opening),
    ]
    for officer, civilian in example_turns(scenario, dialogue.exchanges):
        messages += [ChatMessage("user", officer), ChatMessage("assistant", civilian)]
    return messages


def first_name(person: Civilian) -> str:
    return person.name.split()[0]
