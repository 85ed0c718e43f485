"""The words that show a behaviour, as patterns: read from lexicon.yaml, compiled once.

A pattern matches in one utterance, lower-cased, with straight apostrophes (`spans.plain`).
"""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from scenarios.behaviours import BEHAVIOURS, BehaviourId

_FILE = Path(__file__).with_name("lexicon.yaml")
_read = yaml.safe_load(_FILE.read_text(encoding="utf-8"))
_WORDS: dict[str, str] = _read["words"]


def _compiled(entries: list[str]) -> re.Pattern[str]:
    text = "|".join(entries).replace("~", r"(?:(?<!\w)|(?!\w))[^.!?]*")
    for name, group in _WORDS.items():
        text = text.replace(f"{{{name}}}", group)
    return re.compile(rf"(?:(?<!\w)|(?=[.!?;,]))(?:{text})(?!\w)")


PATTERNS: dict[BehaviourId, re.Pattern[str]] = {
    id_: _compiled(_read["labels"][id_]) for id_ in BEHAVIOURS
}

#: A clause that begins with an act to be done.
COMMAND = re.compile(
    r"(?:^|[.!?;,] |\b(?:now|and|just|okay|sir|ma'am|hey|i said|i told you to|you need to|you have to|"
    r"you're going to|i need you to|you gotta|please|could you|can you|would you) )"
    rf"(?:don't (?:you )?(?:move|touch)|(?:{_WORDS['act']})\b)[^.!?;]*"
)
#: What makes of an order a request.
COURTESY_OR_REASON = re.compile(
    rf"\b(?:please|could you|would you|can you|will you|for me|do me a favor|{_WORDS['reason']})|\bthank|\blet's\b|"
    r"\bif you (?:want|would|could|like)\b|\btake your time\b|\bcan i\b"
)
