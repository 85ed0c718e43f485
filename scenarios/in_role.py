"""What a civilian never sounds like: an assistant, a narrator, an officer.

Patterns, each with a name, used by the reply guard in play and by the benchmark's rates.
"""

from __future__ import annotations

import re

_I = re.IGNORECASE

ASSISTANT: dict[str, re.Pattern[str]] = {
    "offers to assist": re.compile(
        r"\bhow (?:can|may) i (?:help|assist)|\b(?:i'?m|i am) here to (?:help|assist|listen|provide)"
        r"|\bhappy to (?:help|assist)|\blet me know if you (?:need|have)|\bfeel free to\b"
        r"|\bis there anything else i can\b|\bi can (?:help|assist) you (?:with|find|by)",
        _I,
    ),
    "says it is a machine": re.compile(
        r"\bas an? (?:ai|language model|assistant|chatbot)\b|\b(?:i am|i'm) an? (?:ai|a\.i\.|bot|chatbot|"
        r"language model|virtual|computer program|assistant)\b|\bmy (?:programming|training data)\b"
        r"|\bsmollm\b|\bhugging ?face\b|\blanguage model\b",
        _I,
    ),
    "apologises like a service": re.compile(
        r"\bi(?:'m| am) sorry(?:,| but)? (?:but )?i (?:can'?t|cannot|am unable|'m unable)"
        r"|\bi apologi[sz]e for (?:any|the (?:confusion|inconvenience|misunderstanding))"
        r"|\bi (?:cannot|can't) (?:assist|help) (?:you )?with|\bi(?:'m| am) unable to\b"
        r"|\bi understand your (?:concern|frustration)|\bi appreciate your (?:concern|patience|understanding)"
        r"|\bthank you for (?:reaching out|your (?:patience|understanding|concern))",
        _I,
    ),
    "gives advice": re.compile(
        r"\bit'?s (?:important|essential|crucial|best) to\b|\bi (?:would )?(?:recommend|suggest|advise) (?:that )?you"
        r"|\bhere are (?:some|a few)\b|\bremember to\b|\bmake sure (?:you|to)\b|\bconsider (?:seeking|talking)"
        r"|\bfirst(?:ly)?, .*\bsecond(?:ly)?, |\bin conclusion\b|\boverall,",
        _I,
    ),
}

NARRATOR: dict[str, re.Pattern[str]] = {
    "stage direction": re.compile(r"\*[^*]*\*?|\[[^\]]*\]?|\((?!\d)[^)]*\)?"),
    "reports speech": re.compile(
        r"[\"”]\s*(?:he|she|they|the (?:man|woman|officer|civilian)) (?:say|said|repl|ask|add|shout|whisper)"
        r"|\b(?:he|she) (?:replie[ds]|sighs|shrugs|pauses|nods|shakes (?:his|her) head|looks at the officer)\b",
        _I,
    ),
    "names the scene": re.compile(
        r"\bthe (?:civilian|scenario|conversation|scene|dialogue)\b|\bin this (?:scene|scenario|role)\b"
        r"|\bthe officer (?:is|was|then|walks|asks|says|looks)\b",
        _I,
    ),
}

OFFICER: dict[str, re.Pattern[str]] = {
    "speaks as the officer": re.compile(
        r"\b(?:i'm|i am|this is) (?:officer|deputy|sergeant|detective|trooper|with the (?:police|sheriff))\b"
        r"|\byou(?:'re| are) (?:under arrest|being detained|free to go)\b"
        r"|\byou have the right to remain silent\b|\b(?:driver'?s )?licen[cs]e and registration\b"
        r"|\bput your hands (?:on (?:the|your)|behind|where)\b|\bstep out of the (?:car|vehicle)\b"
        r"|\b(?:we|i)(?:'ve| have)? (?:got|received) a call (?:about|from|that)\b"
        r"|\bi need you to (?:step|put|show|calm|keep|turn)\b|\bwhat seems to be the (?:problem|trouble)\b"
        r"|\b(?:sir|ma'am|miss), (?:i need you|can you (?:step|tell)|could you (?:step|tell|please)|you need to)\b",
        _I,
    ),
}


def out_of_role(reply: str) -> tuple[str, str] | None:
    """(whom it sounds like, how) where the reply is out of role; None where it is in it.

    whom: "assistant", "narrator" or "officer".
    """
    for whom, patterns in (("assistant", ASSISTANT), ("narrator", NARRATOR), ("officer", OFFICER)):
        for how, pattern in patterns.items():
            if pattern.search(reply):
                return whom, how
    return None
