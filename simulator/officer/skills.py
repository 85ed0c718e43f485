"""What did the officer just do? Each utterance to behaviours, each with the words that show it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from scenarios.behaviours import BehaviourId
from simulator.civilian.disclosure import content_words
from simulator.events import Behaviour
from simulator.officer.lexicon import COMMAND, COMPILED, COURTESY_OR_REASON

_SENTENCES = re.compile(r"[^.!?]+[.!?]*")
#: A reply of at most this many words that gives back this many of the civilian's own is mirroring.
_MIRROR_MOST_WORDS, _MIRROR_SHARE = 9, 0.6
#: Orders that share this much of their content words are the same order.
_SAME_ORDER = 0.6


def recognise(
    words: str, earlier_officer: Sequence[str] = (), previous_civilian: str = ""
) -> list[Behaviour]:
    """Behaviours in one utterance, several at once, in the order of `scenarios.behaviours`.

    earlier_officer: the officer's utterances before this one, oldest first (for repeated orders).
    previous_civilian: what was just answered (for mirroring).
    """
    text = words.lower().replace("’", "'").strip()
    if not any(c.isalnum() for c in text):
        return []
    found: dict[BehaviourId, str] = {}
    for id_, pattern in COMPILED.items():
        match = pattern.search(text)
        if match:
            found[id_] = words[match.start() : match.end()].strip() or words
    _questions(text, words, found)
    _orders(text, words, found, earlier_officer)
    _mirrors(text, words, found, previous_civilian)
    _settle(found)
    return [Behaviour(id=id_, quote=quote) for id_, quote in found.items()]


def _questions(text: str, words: str, found: dict[BehaviourId, str]) -> None:
    asked = [s for s in _SENTENCES.findall(text) if s.strip().endswith("?")]
    if len(asked) >= 2 and sum(len(content_words(s)) > 0 for s in asked) >= 2:
        found["stacked_questions"] = words
    if "open_question" in found and asked and not any(COMPILED["open_question"].search(s) for s in asked):
        del found["open_question"]


def _orders(
    text: str, words: str, found: dict[BehaviourId, str], earlier_officer: Sequence[str]
) -> None:
    order = COMMAND.search(text)
    if not order:
        return
    sentence = next((s for s in _SENTENCES.findall(text) if order.group().strip(" .,!?;") in s), text)
    if sentence.strip().endswith("?"):
        return
    quote = words[order.start() : order.end()].strip(" ,;.")
    if COURTESY_OR_REASON.search(sentence):
        found.setdefault("clear_request", quote)
    elif not {"dismissive", "gives_time", "minimal_encourager"} & set(found):
        found["command"] = quote
    own = content_words(order.group())
    for before in earlier_officer[-6:]:
        same = COMMAND.search(before.lower().replace("’", "'"))
        if same and own and len(own & content_words(same.group())) >= _SAME_ORDER * len(own):
            found["repeated_order"] = quote
            return


def _mirrors(text: str, words: str, found: dict[BehaviourId, str], previous_civilian: str) -> None:
    own = content_words(text)
    if not own or not previous_civilian or len(text.split()) > _MIRROR_MOST_WORDS:
        return
    if len(own & content_words(previous_civilian)) >= _MIRROR_SHARE * len(own) and "command" not in found:
        found["mirroring"] = words


def _settle(found: dict[BehaviourId, str]) -> None:
    """Where one label rules out another."""
    if "command" in found:
        found.pop("clear_request", None)
    if "summary" in found:
        found.pop("paraphrase", None)
    if {"threat", "insult"} & set(found):
        for kind in ("offers_options", "reassurance", "i_message"):
            found.pop(kind, None)
    if "stacked_questions" in found:
        found.pop("open_question", None)
