"""Sounds without words that a person makes: which there are, when they come, how they are written."""

from __future__ import annotations

from typing import Literal, get_args

ReactionSound = Literal[
    "breath", "sigh", "gasp", "sniff", "sob", "scoff", "laugh", "groan", "hum", "cough"
]
#: silent: in the place of words, where they say nothing. hurt: the officer's words upset them much, or crossed a red
#: line. eased: the officer's words calmed them much. telling: before something they have kept back.
ReactionMoment = Literal["silent", "hurt", "eased", "telling"]

REACTION_SOUNDS: tuple[ReactionSound, ...] = get_args(ReactionSound)

#: In the third person, as a scene's line has it: "Dee sighs."
AS_WORDS: dict[ReactionSound, str] = {
    "breath": "takes a breath",
    "sigh": "sighs",
    "gasp": "gasps",
    "sniff": "sniffs",
    "sob": "sobs",
    "scoff": "scoffs",
    "laugh": "gives a short laugh",
    "groan": "groans",
    "hum": "hums, low",
    "cough": "coughs",
}
