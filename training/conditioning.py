"""Gives corpus rows what `play` sends: a persona, what the civilian knows, and stage directions.

The corpus has only what was said. Mood, trust and length are read off the reply and the one before
it, facts off what the same civilian says elsewhere in the encounter, so that the model learns to follow
a direction and to draw on what it is told. These are rough labels by rule, not annotation.
"""

from __future__ import annotations

import random
import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

from scenarios.prompt import Length, direction
from training.rows import Conversation, Turn

_SWEARS = re.compile(
    r"\b(?:fuck\w*|shit\w*|bullshit|goddamn|damn|bitch\w*|asshole\w*|motherfuck\w*|hell)\b", re.I
)
_ALARM = re.compile(
    r"\b(?:kill|die|dead|shoot|gun|knife|scared|please|stop|let me go|leave me alone|get off|help"
    r"|hurt\w*|get away|oh my god|don'?t touch)\b",
    re.I,
)
_AGAINST = re.compile(
    r"\b(?:fuck you|i don'?t have to|you can'?t|i'?m not (?:going|doing|giving|telling|answering)"
    r"|i refuse|my rights?|lawyer|attorney|leave me alone|get away|i know my|liar|lying|harass\w*|for what"
    r"|what did i do|am i being detained|none of your|shut up|get off)\b",
    re.I,
)
_WITH = re.compile(
    r"\b(?:sir|ma'?am|okay|ok|thank you|thanks|sorry|i understand|i appreciate|you'?re right|yes|yeah"
    r"|yep|sure|honest\w*|to tell you the truth|i promise|i will|no problem|all right|alright)\b",
    re.I,
)
_WORD = re.compile(r"[A-Za-z][A-Za-z'’]+")
_SENTENCE = re.compile(r"[^.?!…]+[.!…]+")
_FIRST_PERSON = re.compile(r"\b(?:i|i'm|i've|my|me|we|our|he|she|they|his|her)\b", re.I)

#: Words that nearly everybody says: sharing them does not make two sentences about one thing.
_COMMON = frozenset(
    "about after again all already also always and any anything are aren't around back because been "
    "before being but can can't come could did didn't does doesn't doing don't down even every for from "
    "get getting give goes going gonna good got gotta had has have haven't having her here him his how "
    "i'll i'm i've into isn't it's its just keep know let let's like little look made make man many maybe "
    "mean more much need never not nothing now off okay one only other our out over people please put "
    "really right said same saying says see she should sir some something still stuff sure take talk tell "
    "than that that's the their them then there there's they they're thing things think this those "
    "through told too trying understand until very wait want wanted was wasn't way well went were what "
    "what's when where which while who why will with won't would wouldn't yeah yes you you're your".split()
)


@dataclass(frozen=True)
class Feeling:
    """0-100 each, on the scales of the scenarios."""

    agitation: float
    trust: float


def feeling_of(reply: str) -> Feeling:
    """How a reply sounds by itself."""
    words = _WORD.findall(reply)
    n = max(1, len(words))
    shouted = sum(word.isupper() and len(word) > 2 for word in words)
    agitation = (
        32
        + min(30, 14 * len(_SWEARS.findall(reply)))
        + min(24, 8 * reply.count("!"))
        + min(24, 9 * len(_ALARM.findall(reply)))
        + min(20, 60 * shouted / n)
    )
    trust = (
        40
        + min(30, 9 * len(_WITH.findall(reply)))
        - min(36, 14 * len(_AGAINST.findall(reply)))
        - min(15, 5 * len(_SWEARS.findall(reply)))
        + (8 if n > 18 else 0)  # who tells a story trusts somebody to hear it
    )
    return Feeling(min(95.0, agitation), max(5.0, min(90.0, trust)))


def length_of(reply: str) -> Length:
    """The same bounds as an authored exchange (scenarios.schema.Exchange.length)."""
    words = sum(any(c.isalnum() for c in word) for word in reply.split())
    if words == 0:
        return "silent"
    return "short" if words <= 5 else "medium" if words <= 18 else "long"


def content_words(text: str) -> frozenset[str]:
    return frozenset(
        word
        for word in (w.lower().replace("’", "'") for w in _WORD.findall(text))
        if len(word) > 3 and word not in _COMMON
    )


def statements(reply: str) -> list[str]:
    """Sentences of a reply that tell something: 5 to 24 words, about somebody, no question."""
    found = []
    for sentence in _SENTENCE.findall(reply if reply.rstrip()[-1:] in ".!…?" else reply + "."):
        said = sentence.strip()
        n = len(said.split())
        if 5 <= n <= 24 and _FIRST_PERSON.search(said) and len(content_words(said)) >= 2:
            found.append(said[0].upper() + said[1:])
    return found


def condition(
    conversations: Sequence[Conversation], seed: int, persona: bool
) -> list[Conversation]:
    """Corpus conversations with a stage direction on every turn and, if asked for, a persona.

    Conversations of one civilian (same source and system message) tell each other's facts.
    """
    same_person: dict[tuple[str, str], list[int]] = defaultdict(list)
    for index, conversation in enumerate(conversations):
        same_person[conversation.source, conversation.system].append(index)
    known = [
        [(at, said) for at, turn in enumerate(c.turns) for said in statements(turn.civilian)]
        for c in conversations
    ]
    rarity: Counter[str] = Counter()
    for said_here in known:
        for _, said in said_here:
            rarity.update(content_words(said))
    done = []
    for index, conversation in enumerate(conversations):
        others = same_person[conversation.source, conversation.system]
        elsewhere = [said for i in others if i != index for _, said in known[i]]
        draw = random.Random(f"{seed} {conversation.id}")
        turns = _directed(conversation.turns, known[index], elsewhere, rarity, draw)
        system = conversation.system
        if persona:
            system = _with_persona(conversation, elsewhere, draw)
        done.append(replace(conversation, turns=turns, system=system))
    return done


def _directed(
    turns: Sequence[Turn],
    here: list[tuple[int, str]],
    elsewhere: list[str],
    rarity: Counter[str],
    draw: random.Random,
) -> tuple[Turn, ...]:
    directed = []
    before: Feeling | None = None
    for at, turn in enumerate(turns):
        now = feeling_of(turn.civilian)
        if before is not None:  # feelings have inertia; a civil "yes" in a rage is still a rage
            now = Feeling(
                0.65 * now.agitation + 0.35 * before.agitation,
                0.65 * now.trust + 0.35 * before.trust,
            )
        before = now
        pool = [said for place, said in here if place != at] + elsewhere
        told = _to_tell(turn.civilian, pool, rarity, draw)
        text = direction(now.agitation, now.trust, length_of(turn.civilian), told)
        directed.append(replace(turn, direction=text))
    return tuple(directed)


def _to_tell(reply: str, pool: list[str], rarity: Counter[str], draw: random.Random) -> list[str]:
    """Up to two facts this reply draws on; now and then one that it does not, as in play."""
    words = content_words(reply)
    scored = []
    for said in pool:
        shared = words & content_words(said)
        if len(shared) >= 2:
            # In a fixed order: sums of floats differ by it, and a tie would fall by the hash seed.
            scored.append((sum(1 / rarity[word] for word in sorted(shared) if rarity[word]), said))
    told = list(dict.fromkeys(said for _, said in sorted(scored, reverse=True)))[:2]
    if pool and draw.random() < (0.15 if told else 0.25):
        told = list(dict.fromkeys([*told, draw.choice(pool)]))
        draw.shuffle(told)
    return told


def _with_persona(conversation: Conversation, elsewhere: list[str], draw: random.Random) -> str:
    """The corpus's system message in the shape of `scenarios.prompt.system_message`."""
    who, _, rule = conversation.system.partition("\n")
    named = re.search(r"talking to (.+?)\. Answer as", rule)
    called = named[1] if named else "this person"
    replies = [turn.civilian for turn in conversation.turns]
    lines = [who, f"Talks like this: {_style(replies)}"]
    facts = list(dict.fromkeys(elsewhere))
    draw.shuffle(facts)
    if facts:
        begin = called[0].upper() + called[1:]
        lines.append(f"{begin} knows: {' '.join(sorted(facts[:4], key=facts.index))}")
    lines.append(f"{rule} The words in brackets say how {called} feels now.")
    return "\n".join(lines)


def _style(replies: Sequence[str]) -> str:
    n = [max(1, len(reply.split())) for reply in replies]
    mean = sum(n) / len(n)
    parts = ["Short answers" if mean < 7 else "Plain sentences" if mean < 16 else "Long, runs on"]
    total = sum(n)
    if sum(len(_SWEARS.findall(reply)) for reply in replies) / total > 0.015:
        parts.append("swears")
    if sum(len(re.findall(r"\b(?:sir|ma'?am)\b", r, re.I)) for r in replies) / len(n) > 0.15:
        parts.append("says sir or ma'am")
    if sum(reply.count("?") for reply in replies) / len(n) > 0.4:
        parts.append("asks back")
    if sum("!" in reply for reply in replies) / len(n) > 0.3:
        parts.append("loud")
    return ", ".join(parts) + "."
