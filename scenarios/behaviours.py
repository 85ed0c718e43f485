"""The officer's behaviours: ids, names, and the public instruments they come from."""

from dataclasses import dataclass
from typing import Literal, get_args

BehaviourId = Literal[
    # skills
    "introduces_self", "open_question", "minimal_encourager", "mirroring", "emotion_label",
    "paraphrase", "summary", "i_message", "shows_empathy", "explains_why", "offers_options",
    "gives_time", "clear_request", "reassurance", "asks_safety", "offers_help", "courtesy",
    # faults
    "threat", "insult", "dismissive", "command", "repeated_order", "stacked_questions",
    "lecturing", "false_promise", "accusation",
]  # fmt: skip


@dataclass(frozen=True)
class Behaviour:
    """One thing an officer does with words.

    instrument: where the item is public: "FBI active listening" (FBI Crisis Negotiation Unit, eight
    skills), "ICAT" (PERF, Module 4), "procedural justice" (voice, neutrality, respect, trustworthy
    motive), or a fault that those name as the opposite.
    """

    id: BehaviourId
    name: str
    fault: bool
    instrument: str
    meaning: str


def _skill(id_: BehaviourId, name: str, instrument: str, meaning: str) -> Behaviour:
    return Behaviour(id_, name, False, instrument, meaning)


def _fault(id_: BehaviourId, name: str, instrument: str, meaning: str) -> Behaviour:
    return Behaviour(id_, name, True, instrument, meaning)


FBI, ICAT, PJ = "FBI active listening", "ICAT", "procedural justice"

BEHAVIOURS: dict[BehaviourId, Behaviour] = {
    b.id: b
    for b in (
        _skill("introduces_self", "Introduces self", ICAT, "gives name or agency as a person"),
        _skill("open_question", "Open question", FBI, "asks what cannot be answered yes or no"),
        _skill(
            "minimal_encourager", "Minimal encourager", FBI, "a few words that keep them talking"
        ),
        _skill("mirroring", "Mirroring", FBI, "gives back their last words"),
        _skill("emotion_label", "Emotion label", FBI, "names the feeling heard"),
        _skill("paraphrase", "Paraphrase", FBI, "says in own words what they said"),
        _skill("summary", "Summary", FBI, "gathers content and feeling so far"),
        _skill("i_message", '"I" message', FBI, "says own view or feeling without blame"),
        _skill("shows_empathy", "Empathy", PJ, "shows that it matters to them"),
        _skill(
            "explains_why", "Explains why", PJ, "gives the reason for a stop, a question, an act"
        ),
        _skill("offers_options", "Offers options", ICAT, "leaves them a real choice"),
        _skill("gives_time", "Gives time", ICAT, "slows down; says there is no hurry"),
        _skill(
            "clear_request", "Clear request", ICAT, "one thing asked, with a reason or courtesy"
        ),
        _skill(
            "reassurance", "Reassurance", ICAT, "says they are safe or not in trouble, truthfully"
        ),
        _skill(
            "asks_safety", "Asks about safety", ICAT, "asks plainly about weapons, injury, suicide"
        ),
        _skill("offers_help", "Offers help", PJ, "offers something that serves them"),
        _skill("courtesy", "Courtesy", PJ, "please, thank you, sir, ma'am, their name"),
        _fault("threat", "Threat", ICAT, "or else: arrest, force, an ultimatum"),
        _fault("insult", "Insult", PJ, "contempt, sarcasm, name-calling"),
        _fault("dismissive", "Dismissive", FBI, '"calm down", minimising, not hearing'),
        _fault("command", "Bare command", ICAT, "an order with neither reason nor courtesy"),
        _fault(
            "repeated_order", "Repeated order", ICAT, "the same order again, no alternative tried"
        ),
        _fault("stacked_questions", "Stacked questions", ICAT, "several questions in one breath"),
        _fault("lecturing", "Lecturing", FBI, "moralises, tells them how to live"),
        _fault("false_promise", "False promise", PJ, "promises what is not theirs to promise"),
        _fault("accusation", "Accusation", PJ, "presumes guilt or lying"),
    )
}

assert set(BEHAVIOURS) == set(get_args(BehaviourId))

SKILLS = tuple(b.id for b in BEHAVIOURS.values() if not b.fault)
FAULTS = tuple(b.id for b in BEHAVIOURS.values() if b.fault)
