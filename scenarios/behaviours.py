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
    meaning: in a few words, for a reader of a review.
    counts, but: the definition that every line is labelled by: what counts, and what is close and
    does not. A line has every label that holds of it (docs/officer-behaviours.md).
    """

    id: BehaviourId
    name: str
    fault: bool
    instrument: str
    meaning: str
    counts: str
    but: str


def _skill(
    id_: BehaviourId, name: str, instrument: str, meaning: str, counts: str, but: str
) -> Behaviour:
    return Behaviour(id_, name, False, instrument, meaning, counts, but)


def _fault(
    id_: BehaviourId, name: str, instrument: str, meaning: str, counts: str, but: str
) -> Behaviour:
    return Behaviour(id_, name, True, instrument, meaning, counts, but)


FBI, ICAT, PJ = "FBI active listening", "ICAT", "procedural justice"

BEHAVIOURS: dict[BehaviourId, Behaviour] = {
    b.id: b
    for b in (
        _skill(
            "introduces_self",
            "Introduces self",
            ICAT,
            "gives name or agency as a person",
            "own name, rank or agency, said as who is speaking",
            'naming another officer; "Police!" shouted with an order',
        ),
        _skill(
            "open_question",
            "Open question",
            FBI,
            "asks what cannot be answered yes or no",
            "a question or invitation to tell: what happened, how, why, tell me about",
            "one fact (a name, a number, who, where); why asked as a charge is accusation",
        ),
        _skill(
            "minimal_encourager",
            "Minimal encourager",
            FBI,
            "a few words that keep them talking",
            "a few words without content of their own that keep them talking: mm-hm, go on, and then?",
            '"okay" before other business',
        ),
        _skill(
            "mirroring",
            "Mirroring",
            FBI,
            "gives back their last words",
            "their own last or weightiest words given back, one to a handful, as question or statement",
            "a restatement in other words is paraphrase; a question that happens to share a word",
        ),
        _skill(
            "emotion_label",
            "Emotion label",
            FBI,
            "names the feeling heard",
            "names a feeling of theirs, tentatively or plainly",
            "the officer's own feeling; a feeling denied or mocked",
        ),
        _skill(
            "paraphrase",
            "Paraphrase",
            FBI,
            "says in own words what they said",
            "gives back one thing they said or meant in the officer's words",
            "their own words are mirroring; several points gathered are summary; a charge is accusation",
        ),
        _skill(
            "summary",
            "Summary",
            FBI,
            "gathers content and feeling so far",
            "gathers two or more points of what was told, or says it is doing so",
            "one point",
        ),
        _skill(
            "i_message",
            '"I" message',
            FBI,
            "says own view or feeling without blame",
            "the officer's own worry, wish, need or feeling, in the first person, without blame",
            '"I want you to" and "I need your licence" are orders; "I\'m sorry" is empathy',
        ),
        _skill(
            "shows_empathy",
            "Empathy",
            PJ,
            "shows that it matters to them",
            "sorrow, apology, understanding, belief, praise: it is hard, anybody would feel so",
            '"sorry, but"; naming the feeling alone is emotion_label',
        ),
        _skill(
            "explains_why",
            "Explains why",
            PJ,
            "gives the reason for a stop, a question, an act",
            "the reason for a stop, question, request, rule or act, or what will happen next and why",
            '"because I said so"; a reason that only blames them',
        ),
        _skill(
            "offers_options",
            "Offers options",
            ICAT,
            "leaves them a real choice",
            "two or more ways open to them, or says the choice is theirs",
            "a choice of which one is a penalty is threat; either/or about a fact",
        ),
        _skill(
            "gives_time",
            "Gives time",
            ICAT,
            "slows down; says there is no hurry",
            "says there is no hurry, that the officer will wait, take a breath, one thing at a time",
            '"calm down"',
        ),
        _skill(
            "clear_request",
            "Clear request",
            ICAT,
            "one thing asked, with a reason or courtesy",
            "one thing to do, asked with a reason or in a courteous form: please, would you, for me, can I see",
            '"sir" alone does not make a request of an order; a request to tell is open_question',
        ),
        _skill(
            "reassurance",
            "Reassurance",
            ICAT,
            "says they are safe or not in trouble, truthfully",
            "says they or theirs are safe, not in trouble, not alone, or what the officer will not do to them",
            "what is not the officer's to give is false_promise; \"it's no big deal\" is dismissive",
        ),
        _skill(
            "asks_safety",
            "Asks about safety",
            ICAT,
            "asks plainly about weapons, injury, suicide",
            "asks about weapons, injury or illness, what was taken, harm to self or others",
            "who else is there; whether they took something that is not theirs",
        ),
        _skill(
            "offers_help",
            "Offers help",
            PJ,
            "offers something that serves them",
            "offers or does something that serves them: water, a call, a lift, a word with somebody",
            "what the job does anyway",
        ),
        _skill(
            "courtesy",
            "Courtesy",
            PJ,
            "please, thank you, sir, ma'am, Mr or Mrs and the name",
            "please, thank you, appreciate, sir, ma'am, excuse me, good evening, a title with their name",
            "a first name alone; said in mockery",
        ),
        _fault(
            "threat",
            "Threat",
            ICAT,
            "or else: arrest, force, an ultimatum",
            "arrest, force or loss held over them to make them do something; an ultimatum, a count, a last chance",
            "telling of an arrest that is made, with its reason",
        ),
        _fault(
            "insult",
            "Insult",
            PJ,
            "contempt, sarcasm, name-calling",
            "contempt: name-calling, sarcasm, mockery",
            "a fault of theirs named without contempt",
        ),
        _fault(
            "dismissive",
            "Dismissive",
            FBI,
            '"calm down", minimising, not hearing',
            '"calm down" and its kind, minimising, brushing off what was said, not caring',
            "slowing things down with them is gives_time",
        ),
        _fault(
            "command",
            "Bare command",
            ICAT,
            "an order with neither reason nor courtesy",
            "an order to do or stop doing an act, without reason or courteous form",
            '"calm down" alone is dismissive; "stop lying" is accusation; talk to a third person',
        ),
        _fault(
            "repeated_order",
            "Repeated order",
            ICAT,
            "the same order again, no alternative tried",
            "the order of an earlier turn, or of this one, given again, or said to have been given",
            "the same topic with another way tried",
        ),
        _fault(
            "stacked_questions",
            "Stacked questions",
            ICAT,
            "several questions in one breath",
            "two or more different questions before an answer",
            "one question put again in other words; a tag (okay?)",
        ),
        _fault(
            "lecturing",
            "Lecturing",
            FBI,
            "moralises, tells them how to live",
            "moralises: how they should live, should have acted, what people like them ought to learn",
            "advice that serves them is offers_help",
        ),
        _fault(
            "false_promise",
            "False promise",
            PJ,
            "promises what is not theirs to promise",
            "assures an outcome that others decide or nobody knows",
            "what the officer will do or not do is reassurance or offers_help",
        ),
        _fault(
            "accusation",
            "Accusation",
            PJ,
            "presumes guilt or lying",
            "presumes guilt, lying or drink without asking openly, or asks as if it were known",
            "a neutral question; what somebody else says, put to them for their side",
        ),
    )
}

assert set(BEHAVIOURS) == set(get_args(BehaviourId))

SKILLS = tuple(b.id for b in BEHAVIOURS.values() if not b.fault)
FAULTS = tuple(b.id for b in BEHAVIOURS.values() if b.fault)
