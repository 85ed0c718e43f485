"""Does the civilian go along when asked or told to? Real ones often do not; simulated ones are known to, always.

(2603.11245: simulators are over-cooperative and lack frustration.) By rule, from the officer's words and the reply: a
rough count, the same for real and generated replies, so the comparison is fairer than the figure.
"""

from __future__ import annotations

import re
from typing import Literal

Answer = Literal["goes along", "resists", "neither"]

_I = re.IGNORECASE
_ORDER = re.compile(
    r"(?:^|[.!?,;]\s*|\b(?:and|just|please|to|gotta|now)\s+)(?:step|stop|put|show|give|get|turn|stand|sit|come|go|keep|"
    r"open|drop|calm|relax|listen|look|tell|let me|hands|place|walk|wait|stay|take|move|hold|roll|"
    r"face|lay|lie|talk|answer|sign|hand me|have a seat)\b"
    r"|\b(?:you need to|you have to|you gotta|i need (?:you|your)|i want you to|i'd like you to|you're gonna)\b",
    _I,
)
_RESISTS = re.compile(
    r"^\W*(?:why|what for|for what)\b|\b(?:fuck (?:you|off|that)|i don'?t have to|i'?m not (?:going|"
    r"doing|giving|telling|answering|showing|moving|getting|stepping|signing|talking|leaving)|i refuse|i won'?t|hell "
    r"no|my rights?|a lawyer|attorney|leave me alone|get away|get off|don'?t touch|for what|what did i do|none of your|"
    r"shut up|you can'?t (?:do|make|just|tell|take|search|come)|i ain'?t|not without|make me|bullshit|this is (?:not "
    r"right|wrong|ridiculous|harassment)|i didn'?t do|am i being detained|am i under arrest|screw you|go to hell)\b",
    _I,
)
#: Resists an order; to a question it is only an answer.
_NO = re.compile(r"^\W*(?:no|nope|nah|never)\b", _I)
_COMPLIES = re.compile(
    r"^\W*(?:yes|yeah|yep|yup|ok|okay|sure|alright|all right|fine|right here|here(?: you go|'s| it is)?|i am|i will|"
    r"i'?ll|of course|absolutely|certainly|uh[- ]huh|mm[- ]?hmm|my name is|it'?s)\b"
    r"|\b(?:yes,? (?:sir|ma'?am|officer)|here you go|no problem|i understand|i'?m (?:sorry|coming|getting|doing|putting"
    r"|sitting)|you'?re right|i'?ll (?:do|get|show|put|sit|step|tell|stay|wait|go|come)|thank you)\b",
    _I,
)


def demands(officer: str) -> bool:
    """Whether the officer asks or tells the civilian something."""
    return "?" in officer or bool(_ORDER.search(officer))


def answer_to(officer: str, reply: str) -> Answer:
    """Resistance is looked for first: "Okay, but I'm not showing you that" resists."""
    if _RESISTS.search(reply) or (_ORDER.search(officer) and _NO.search(reply)):
        return "resists"
    return "goes along" if _COMPLIES.search(reply) else "neither"
