"""What can be said of an officer's line by rule alone; the rest of its labels is judgement."""

from __future__ import annotations

import re
from collections.abc import Iterator

from scenarios.behaviours import BehaviourId
from scenarios.phrases import phrase_found

#: Said to the person; not "you could say thank you". Miss is left out: it is also a verb and a name.
_COURTESY = re.compile(
    r"(?<!say )(?<!said )(?<!saying )\b(?:please|thank you|thanks|sir|ma['’]am|excuse me)\b",
    re.IGNORECASE,
)
_CALM_DOWN = ("calm down", "calm * down", "settle down", "simmer down", "chill out")
#: One fact that a word or a number answers: a question, but no open one.
_NARROW = re.compile(
    r"^(?:(?:okay|all right|alright|and|so|now|hey|ma['’]am|sir|miss|well)[,.]? )*"
    r"(?:what(?:['’]s| is| was)? (?:your|his|her|the) (?:full |first |last |middle )?"
    r"(?:name|names|date of birth|birthday|dob|address|phone number|number|apartment|plate)\b[^?]*"
    r"|what (?:year|day|time|color|colour|size|city|town|state|school|grade|floor|unit|room|bus)\b[^?]*"
    r"|how (?:old|many|much|long|far|tall|big|often)\b[^?]*"
    r"|(?:which|who['’]s name|whose)\b[^?]*"
    r"|when(?:['’]s| is| was) (?:your|his|her) (?:birthday|date of birth)[^?]*"
    r"|where(?:['’]s| is| are) (?:your|the|his|her) (?:id|license|licence|keys?|registration|insurance)[^?]*)\?$",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"[^.!?…]+[.!?…]*")


def narrow_question(sentence: str) -> bool:
    """Whether a question asks one fact: a name, a number, which one."""
    return bool(_NARROW.match(sentence.strip()))


def label_faults(officer: str, does: list[BehaviourId]) -> Iterator[str]:
    """What is certainly wrong with the labels of a line, a sentence each."""
    if len(set(does)) != len(does):
        yield "a behaviour is there twice"
    polite = _COURTESY.search(officer)
    if polite and not {"courtesy", "insult"} & set(does):
        yield f"'{polite.group().lower()}' is courtesy, which is not in does"
    if "dismissive" not in does:
        for phrase in _CALM_DOWN:
            if found := phrase_found(phrase, officer):
                yield f"'{found.lower()}' is dismissive, which is not in does"
                break
    asked = [s.strip() for s in _SENTENCE.findall(officer) if s.strip().endswith("?")]
    if "open_question" in does and asked and all(map(narrow_question, asked)):
        yield f"'{asked[-1]}' asks one fact and is no open_question"
    if "open_question" in does and "stacked_questions" not in does and not asked:
        openers = re.search(
            r"\b(?:tell (?:it )?(?:to )?me|like to (?:know|hear)|asking you|start|talk to me|walk me|help me|"
            r"what|how|why)\b",
            officer,
            re.I,
        )
        if not openers:
            yield "open_question, but nothing is asked"
