"""Words that are no part of the encounter: another language, gibberish, talk of machines, and attempts
to take the civilian out of their role.

Such words are never given to the model to answer: it has nothing to say to them as this person, and
they are what talks it out of the role. The civilian answers as anybody would who hears them.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Literal

Oddity = Literal["machine", "role", "foreign", "nonsense", "silence"]

_I = re.IGNORECASE
_MACHINE = re.compile(
    r"\b(?:a\.?i\.?(?= (?:model|system|assistant|program|bot)|\b(?!'))|artificial (?:intelligence|person)|"
    r"(?:large |small )?language model\w*|llms?|chat ?-?bots?|chat ?gpt|gpt(?:-?\d)?|openai|anthropic|claude|gemini|"
    r"llama(?:\.?cpp)?|smol ?lm\w*|hugging ?face|qwen|neural net\w*|transformer model|"
    r"(?:virtual|voice|digital|helpful) assistant|computer program|"
    r"(?:you're|you are|are you|you sound like|talking to) (?:just |really |only |actually )?(?:a |an |some )?"
    r"(?:ai|bot|robot|machine|computer|program|simulation|simulator|script|model|character|actor|npc|recording|fake|"
    r"not (?:even )?(?:real|human|a (?:real )?person))|"
    r"(?:you're|you are|are you) (?:a )?(?:real|human)(?: (?:person|being))?\s*\?|"
    r"your (?:training(?: data)?|weights|parameters|temperature|context window|knowledge cut ?-?off|"
    r"developers?|creators?|programmers?|source code|tokens?)|"
    r"(?:who|which company) (?:made|created|trained|built|programmed) you|how many parameters|trained on|fine-?tuned|"
    r"this is (?:just |only |all )?(?:a )?(?:simulation|simulator|training (?:exercise|scenario|program)|test run))\b",
    _I,
)
_ROLE = re.compile(
    r"<\|?/?\w*(?:\||im_start|im_end)|\[/?INST\]|<</?SYS>>|^\s*#{2,}\s|```|\{\{|\}\}|^\s*\(?ooc\b|"
    r"\b(?:(?:ignore|disregard|forget|override|bypass|delete)\b.{0,40}\b(?:instructions?|prompts?|guidelines|persona|"
    r"programming)|(?:ignore|forget|disregard) (?:all|everything)(?: of)?(?: that)? "
    r"(?:you were told|you know|came before|before this|above|previous)|"
    r"system (?:prompt|message|instructions?)|(?:initial|hidden|original|previous) (?:prompt|instructions?)|"
    r"your (?:instructions|(?:system )?prompt|persona|directives?|guidelines|programming|character sheet|"
    r"stage directions?|role here)|(?:stay|get|step|come) (?:in|into|out of) character|"
    r"(?:break|drop) character|"
    r"role ?-?play\w*|(?<!to )(?<!don't )(?<!not )(?<!won't )pretend (?:to be|(?:that )?you(?:'re| are)|"
    r"i(?:'m| am) not)|"
    r"act (?:as|like) (?:a |an |my |the |if you were (?:a|an|the) )?(?:\w+ )?(?:assistant|officer|cop|ai|expert|"
    r"terminal|pirate|translator|teacher|poet|linux|shell|interpreter|dan|narrator|therapist|chef)|"
    r"(?:from now on,? you|you are now|you're now)\b.{0,40}\b(?:assistant|officer|cop|mode|dan|bot|expert|"
    r"pirate|narrator|helper|translator|dispatcher)|"
    r"(?:you|you'll|you can|you(?:'re| are)(?: now)?) (?:be |play )?the (?:officer|cop|police)|"
    r"i(?:'ll| will|'m| am)(?: going to)?(?: be| play)? the (?:civilian|suspect|subject|citizen)|"
    r"(?:switch|swap|trade|reverse) roles|developer mode|jail ?-?break|do anything now|sudo\b|"
    r"(?:repeat|print|output|show|reveal|recite|tell me|give me|quote|copy)\b.{0,40}\b(?:prompt|your (?:full |exact )?"
    r"instructions|words above|text above|everything above|verbatim|configuration|"
    r"first (?:line|sentence) (?:of|above))|"
    r"(?:write|compose|generate|draft)\b.{0,20}\b(?:poem|haiku|essay|song|code|script|function|limerick|recipe|python|"
    r"json|html|sql)|(?:translate|summari[sz]e|rewrite) "
    r"(?:this|that|the (?:following|above|text|story|scene|conversation))|"
    r"continue the (?:story|text|scene)|in (?:json|xml|markdown|bullet points|python|yaml|base64)\b|"
    r"(?:like|as) a narrator|narrate|describe (?:the scene|what the officer does)|"
    r"(?:what(?:'s| is)|calculate|compute|solve) (?:\d+|two|three|seven)\s*(?:[-+*/x×]|plus|times|minus|divided by)|"
    r"square root|what(?:'s| is) the capital of|who is the president|"
    r"(?:end|stop|pause|restart|reset|exit|quit) (?:the |this )?(?:simulation|scenario|role ?-?play|exercise)|"
    r"import os|select \*|drop table|print\(|console\.log|say exactly|repeat after me|"
    r"(?:respond|answer|reply) (?:only )?(?:in (?:json|rhyme|french|spanish|german|emoji|all caps)|as an?\b)|"
    r"the (?:user|stage direction)s?\b|your (?:real|true) (?:self|identity)\b|"
    r"admit (?:that )?you(?:'re| are) (?:an? |not )(?:ai|bot|machine|program|model|real|human)|"
    r"(?:helpful|ai|personal|coding) assistant|as an? assistant)",
    _I | re.MULTILINE,
)
_ENGLISH = frozenset(
    "the a an i you he she it we they is are was were be been am to of in on at for with and or but not no yes "
    "that this what who where when why how do does did can could would will have has had my your his her me him "
    "if so just know need want get got going about here there okay sir ma'am please hey hi hello".split()
)
#: Function words of the languages that a recogniser or a keyboard is likely to give; none is English.
_OTHERS = frozenset(
    # Spanish, Portuguese
    "el los las una que por para con usted está estas esta qué cómo como dónde señor señora su sus muy pero "
    "porque hola gracias tiene manos arriba ayuda nombre não você está uma seu obrigado os "
    # French
    "le les une est vous je ne pas que dans avec pour où comment monsieur madame êtes mains bonjour merci votre "
    # German
    "der das und ich sie ist nicht wie wo warum bitte mit für ein eine sind haben mein dein ihre hände "
    # Italian, Dutch, Polish, Tagalog, Vietnamese without marks
    "il lo gli bin du machst hast wir kein di che non sono mani per favore "
    "niet het een ik jij wat waar proszę nie jest jak ang mga ako ikaw "
    # Latin, as a placeholder has it
    "ipsum dolor amet consectetur lorem".split()
)
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")


def oddity(words: str, pieces: Callable[[str], int]) -> Oddity | None:
    """What is odd about the officer's words; None for words that belong to an encounter.

    pieces: into how many pieces a tokeniser of English cuts a word; gibberish falls into many.
    """
    found = _WORD.findall(words)
    if not found:
        return "nonsense" if words.strip(" .…?!-–—,") else "silence"
    if _ROLE.search(words):
        return "role"
    if _MACHINE.search(words):
        return "machine"
    letters = [c for word in found for c in word if c.isalpha()]
    if sum(not c.isascii() for c in letters) > 0.3 * len(letters):
        return "foreign"
    lower = [word.lower().replace("’", "'") for word in found]
    english = sum(word in _ENGLISH or "'" in word for word in lower)
    other = sum(word in _OTHERS for word in lower)
    if other >= 2 and other > english:
        return "foreign"
    if len(lower) > 12 and len(set(lower)) < len(lower) / 5:
        return "nonsense"
    long = [word for word in lower if len(word) > 2]
    if english == 0 and long and sum(map(pieces, long)) >= 2.2 * len(long):
        return "nonsense"
    if len(words) > 20 and sum(c.isalpha() or c.isspace() for c in words) < 0.5 * len(words):
        return "nonsense"
    return None
