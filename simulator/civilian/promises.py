"""What the officer has promised: kept in mind by the civilian, and held against who breaks it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from simulator.events import Behaviour, Cause

_MAKES = re.compile(
    r"\b(?P<how>i promise(?: you)?(?: that)?,? (?:i(?:'ll| will)|you (?:will|won't)|nobody (?:will|is going to))"
    r"|you have my word,? (?:i(?:'ll| will)|nobody (?:will|is going to))"
    r"|(?:i|we)(?:'ll| will)|(?:i|we)(?:'m| am|'re| are) going to|(?:i|we) won't"
    r"|(?:i(?:'m| am)|we(?:'re| are)) not (?:going to|gonna|here to)"
    r"|(?:nobody|no one)(?:'s| is) (?:going to|gonna|\w+ing)|you(?:'re| are) not (?:going|under))"
    r"\s+(?P<what>[^.!?;,—]+)",
    re.IGNORECASE,
)
#: What an officer says they will do that binds them to nothing.
_EMPTY = re.compile(
    r"^(?:be (?:honest|straight|right (?:here|with|back)|frank|clear)|tell you|say|ask|need|have to|see\b|let you|"
    r"try|just|give you (?:a|one|my)|get to|put (?:it|this)|assume|admit|bet|guess|take that|only)",
    re.IGNORECASE,
)
#: What a promise that it will not happen is about, and the words that break it.
_FAMILIES: dict[str, tuple[re.Pattern[str], re.Pattern[str]]] = {
    "handcuffs": (
        re.compile(r"\b(?:hand)?cuff\w*", re.I),
        re.compile(r"\b(?:hand)?cuff\w*|hands behind", re.I),
    ),
    "arrest": (
        re.compile(
            r"\b(?:arrest\w*|jail|lock(?:ed|ing)? (?:you|up)|in trouble|tak\w+ you in)\b", re.I
        ),
        re.compile(r"\b(?:arrest\w*|jail|lock(?:ed|ing)? you up|tak\w+ you in|going in)\b", re.I),
    ),
    "harm": (
        re.compile(r"\b(?:hurt|touch|harm|lay a hand|hands on)\w*", re.I),
        re.compile(
            r"\b(?:tase|taser|hurt you|drag you|put you (?:down|on the ground)|make you)\b", re.I
        ),
    ),
}
_DENIED = re.compile(r"\b(?:not|never|nobody|no one|won't|isn't|aren't|n't)\b", re.I)
_SWAP = {
    "i": "you", "me": "you", "my": "your", "mine": "yours", "myself": "yourself",
    "i'll": "you'd", "i'm": "you're", "you": "me", "your": "my", "yours": "mine",
    "yourself": "myself", "you're": "I'm", "you've": "I've", "you'll": "I'd", "we": "you",
    "us": "you", "our": "your",
}  # fmt: skip
_THREATS = frozenset({"threat", "insult", "false_promise"})


@dataclass(frozen=True)
class Promise:
    """what: as the civilian would say it back ("you'd call my sister"). quote: the officer's words."""

    what: str
    quote: str
    never: bool


class Promises:
    """In the order in which they were made."""

    def __init__(self) -> None:
        self.made: list[Promise] = []

    def hear(self, words: str, behaviours: list[Behaviour]) -> list[Promise]:
        """Keep what these words promise; what comes with a threat is none."""
        if any(b.id in _THREATS for b in behaviours):
            return []
        found = promises_in(words)
        known = {p.what for p in self.made}
        self.made += [p for p in found if p.what not in known]
        return found

    def broken_by(self, words: str, behaviours: list[Behaviour]) -> list[Cause]:
        """Words that threaten what was promised not to happen."""
        plain = words.replace("’", "'")
        did = {b.id for b in behaviours}
        if not did & {"threat", "command", "repeated_order"}:
            return []
        for name, (promised, breaks) in _FAMILIES.items():
            hit = breaks.search(plain)
            if hit is None or _DENIED.search(plain[: hit.start()][-40:]):
                continue
            for promise in self.made:
                if promise.never and promised.search(promise.quote):
                    self.made.remove(promise)
                    return [
                        Cause(
                            kind="broken_promise",
                            id=f"broken_{name}",
                            about=f"broke a promise (“{promise.quote}”)",
                            quote=hit.group(),
                            agitation=10.0,
                            trust=-12.0,
                        )
                    ]
        return []


def promises_in(words: str) -> list[Promise]:
    """What the words bind the officer to."""
    found = []
    for hit in _MAKES.finditer(words.replace("’", "'")):
        how, what = hit["how"].lower(), hit["what"].strip()
        what = re.sub(
            r"\s+(?:if|whenever|as soon as) you (?:like|want|need|wish|prefer).*$", "", what
        )
        if _EMPTY.match(what) or len(what.split()) > 14 or not what:
            continue
        never = bool(re.search(r"\bnot\b|n't|nobody|no one", how))
        found.append(Promise(_said_back(how, what, never), hit.group().strip(), never))
    return found


def _said_back(how: str, what: str, never: bool) -> str:
    turned = " ".join(_SWAP.get(word.lower(), word) for word in what.split())
    # "you" at the head of a clause is its subject: "when you need me" -> "when I need you".
    turned = re.sub(
        r"\b(when|if|as|until|once|while|because|what|that|where) me\b", r"\1 I", turned
    )
    if how.startswith(("nobody", "no one")) or "nobody" in how:
        ing = re.search(r"(\w+ing)$", how)
        middle = "" if ing is None or ing.group() in ("going",) else f"{ing.group()} "
        return f"nobody was {middle}{turned}" if middle else f"nobody was going to {turned}"
    if how.startswith("you"):
        under = "under " if how.endswith("under") else "going "
        return f"I wasn't {under}{turned}" if never else f"you'd {turned}"
    return f"you wouldn't {turned}" if never else f"you'd {turned}"
