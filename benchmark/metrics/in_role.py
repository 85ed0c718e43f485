"""Does a reply sound like the civilian: not like an assistant, a narrator or the officer, and not like a refusal to
play. By the patterns of `scenarios.in_role`, the same that `play` throws drafts away by.
"""

from __future__ import annotations

import re

from scenarios.in_role import ASSISTANT, NARRATOR, OFFICER

#: Not the civilian's "I won't", but the model's: it will not play, or says that it is one.
_REFUSES = re.compile(
    r"\b(?:as an? (?:ai|language model|assistant|chatbot)|i(?:'m| am) (?:just )?an? (?:ai|language model|assistant"
    r"|chatbot))\b"
    r"|\bi(?:'m| am) sorry,? (?:but )?i (?:can'?t|cannot|won't) (?:assist|help|fulfil?l?|comply with|engage|continue"
    r"|participate|provide|generate|role-?play)"
    r"|\bi (?:can'?t|cannot|am unable to|'m unable to|will not) (?:assist|fulfil?l?|engage in|participate in|provide"
    r"|generate|create|role-?play)\b"
    r"|\b(?:this|that|your) (?:request|prompt|conversation|scenario) (?:is|goes|violates|seems)\b",
    re.IGNORECASE,
)


def sounds_like_assistant(reply: str) -> bool:
    return any(pattern.search(reply) for pattern in ASSISTANT.values())


def breaks_role(reply: str) -> bool:
    """Assistant, narrator or officer: any of the three."""
    return sounds_like_assistant(reply) or any(
        pattern.search(reply) for voice in (NARRATOR, OFFICER) for pattern in voice.values()
    )


def refuses_to_play(reply: str) -> bool:
    return bool(_REFUSES.search(reply))
