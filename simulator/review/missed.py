"""Missed chances: the civilian showed a feeling, told a secret or asked why, and the next words passed over it.

Found from the transcript by plain rules, and cautiously: where the officer's next words show any listening, share
words with what was said, or calmed the civilian, nothing is claimed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from scenarios.behaviours import BehaviourId
from scenarios.schema import Dialogue, Scenario
from simulator.civilian.disclosure import content_words
from simulator.review.evidence import Move
from simulator.review.model import MissedChance
from simulator.review.replay import Replay
from simulator.transcript import Turn

_MOST = 4
#: Words of the officer that calm by this much have taken something up, whatever was recognised in them.
_CALMED = -3
#: An authored dialogue stands at the same place where it shares this much of the civilian's content words.
_SAME_PLACE, _SAME_PLACE_WORDS = 0.6, 3

_LISTENED: frozenset[BehaviourId] = frozenset(
    {
        "open_question",
        "minimal_encourager",
        "mirroring",
        "emotion_label",
        "paraphrase",
        "summary",
        "shows_empathy",
        "reassurance",
        "offers_help",
        "gives_time",
        "asks_safety",
        "offers_options",
    }
)
_ANSWERED: frozenset[BehaviourId] = _LISTENED | {"explains_why", "introduces_self", "clear_request"}
#: Words that listen, whatever was recognised in them: nothing is claimed against an officer who says these.
_LISTENING_WORDS = re.compile(
    r"\b(?:sounds?|seems?|must (?:be|have|feel)|had to be|got to be|you (?:feel|felt|were)|i(?:'m| am) sorry|"
    r"i (?:hear|see|understand|get|can (?:hear|see|tell))|no wonder|a lot (?:of|to)|thank(?:s| you)|"
    r"that's (?:hard|rough|awful))\b",
    re.IGNORECASE,
)
_BRUSHED_OFF: frozenset[BehaviourId] = frozenset(
    {"command", "repeated_order", "threat", "insult", "dismissive", "lecturing", "accusation"}
)


@dataclass(frozen=True)
class Opening:
    """A kind of thing to take up. does: the behaviours that `say` shows; weight: what matters more is shown first."""

    gave: str
    pattern: re.Pattern[str]
    try_this: str
    say: str
    does: tuple[BehaviourId, ...]
    weight: int
    taken_up_by: frozenset[BehaviourId] = _LISTENED


def _words(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!not )\b(?:{pattern})\b", re.IGNORECASE)


OPENINGS = (
    Opening(
        "spoke of dying",
        _words(
            r"(?:kill|hurt|shoot|hang) myself|end (?:it all|my life)|(?:want|wanted|ready|rather|going) to die|"
            r"better off (?:dead|without me)|(?:do not|don't|didn't) want to (?:be here|live|wake up)|"
            r"no(?:thing| reason) (?:left )?to live(?: for)?|not worth living|wish i was dead"
        ),
        "Ask plainly. Asking about suicide does not put the thought there.",
        "Are you thinking about killing yourself?",
        ("asks_safety",),
        5,
        frozenset({"asks_safety", "emotion_label", "shows_empathy"}),
    ),
    Opening(
        "said that something hurts",
        _words(
            r"(?:it|that|you're|he's|she's|my \w+(?:'s)?) (?:hurts?|hurting)(?: me)?|i'm (?:hurt|bleeding)"
        ),
        "Ask about the injury before anything else.",
        "Are you hurt? I can get somebody to look at it.",
        (
            "asks_safety",
            "offers_help",
        ),
        4,
    ),
    Opening(
        "showed fear",
        _words(
            r"(?:i'm|i am|i was|i get|i got) (?:\w+ )?(?:scared|afraid|frightened|terrified)|scar(?:es|ed|ing) me|"
            r"don't (?:shoot|hurt|touch|hit) me|please don't"
        ),
        "Name it, and ask what it is about.",
        "You sound scared. What worries you most right now?",
        (
            "emotion_label",
            "open_question",
        ),
        3,
    ),
    Opening(
        "spoke of a loss",
        _words(
            r"(?:she|he|my \w+)(?:'s| is| has)? (?:dead|died|gone|passed(?: away)?)|i lost (?:my|her|him|everything)|"
            r"the funeral|buried (?:her|him|my)"
        ),
        "Say that you are sorry, and stay with it before you go on.",
        "I'm sorry. That sounds really hard. Would you tell me about it?",
        (
            "shows_empathy",
            "open_question",
        ),
        3,
    ),
    Opening(
        "showed shame",
        _words(
            r"embarrass\w*|humiliat\w*|ashamed|"
            r"(?:everybody|everyone|people)(?:'s| is| are) (?:watching|looking|staring)|"
            r"in front of (?:everyone|everybody|people|my \w+|all \w+|those \w+|the whole \w+)|"
            r"like (?:a |an |some )?(?:common )?(?:criminal|animal|dirt|trash|thief)"
        ),
        "Show that you see it, and give some privacy back.",
        "You must feel embarrassed, with everybody looking. Would you rather talk somewhere quieter?",
        (
            "emotion_label",
            "offers_options",
        ),
        2,
    ),
    Opening(
        "said that nobody listens",
        _words(
            r"(?:nobody|no one|no-one|none of you) (?:\w+ )?(?:listens?|cares?|asked|asks|believes?|helps?)|"
            r"you're not listening|"
            r"you (?:people )?(?:don't|never) (?:listen|understand|care|believe)|don't believe me"
        ),
        "Say back what you have heard so far.",
        "It sounds like nobody has listened to you. I'm listening. Tell me what happened.",
        (
            "paraphrase",
            "open_question",
        ),
        2,
    ),
    Opening(
        "sounded worn out",
        _words(
            r"(?:i'm|i am) (?:\w+ )?(?:tired|exhausted|worn out)|(?:haven't|hadn't|can't) (?:slept|sleep)|"
            r"(?:i )?can't (?:do this|take (?:it|this|any)|keep)"
        ),
        "Name it before you ask for anything.",
        "You sound exhausted. How long has it been like this?",
        (
            "emotion_label",
            "open_question",
        ),
        2,
    ),
    Opening(
        "showed anger",
        _words(
            r"(?:i'm|i am) (?:\w+ )?(?:angry|mad|furious|pissed)|sick (?:and tired )?of|had enough|fed up|how dare you"
        ),
        "Name the anger without agreeing or arguing, and ask what is behind it.",
        "You're angry, and I'd like to understand why. What happened?",
        (
            "emotion_label",
            "open_question",
        ),
        1,
    ),
)
_SECRET = Opening(
    "told something that is not told to everybody",
    re.compile(r"(?!)"),
    "Say back what you were trusted with before you go on.",
    "Thank you for telling me that. That sounds really hard.",
    (
        "courtesy",
        "shows_empathy",
    ),
    4,
)
_WHY = Opening(
    "asked what this is about",
    re.compile(
        r"\b(?:why|what did i do|what have i done|am i|are you (?:going to|gonna|arresting)|what happens|"
        r"what do you want|what's (?:going to|gonna) happen|what is (?:this|going))\b[^.!?]*\?",
        re.IGNORECASE,
    ),
    "Answer the question: people want to know why.",
    "That's a fair question. I'm asking because I want to understand what happened here.",
    ("explains_why",),
    2,
    _ANSWERED,
)


def missed_chances(
    scenario: Scenario | None,
    dialogues: Sequence[Dialogue],
    moved: Sequence[Move],
    replay: Replay | None,
) -> list[MissedChance]:
    """At most one to a turn and four in all, in the order in which they came."""
    secrets = {s.id for s in scenario.civilian.secrets} if scenario else set()
    found: list[tuple[int, int, MissedChance]] = []
    last: Turn | None = None
    for move in moved:
        if move.entry.speaker == "civilian":
            last = move.entry
        elif move.entry.speaker == "officer":
            opening = _passed_over(last, move, secrets) if last else None
            if last and opening:
                chance = _chance(opening, last, move.entry, dialogues, replay)
                found.append((-opening.weight, -move.agitation, chance))
            last = None
    first = sorted(found, key=lambda row: row[:2])[:_MOST]
    return sorted((chance for _, _, chance in first), key=lambda chance: chance.turn)


def _passed_over(civilian: Turn, officer: Move, secrets: set[str]) -> Opening | None:
    """What the officer's words passed over; None where they did not, or there was nothing."""
    words = officer.entry.text
    if not words or officer.agitation <= _CALMED:
        return None
    if _LISTENING_WORDS.search(words.replace("’", "'")) and officer.agitation <= 0:
        return None
    own = content_words(words)
    shared = len(own & content_words(civilian.text))
    if shared >= 2 or (own and shared >= len(own) / 2):
        return None
    did = {b.id for b in officer.entry.behaviours}
    text = civilian.text.replace("’", "'")
    given = [opening for opening in OPENINGS if opening.pattern.search(text)]
    if secrets & set(civilian.tells):
        given.append(_SECRET)
    if did & _BRUSHED_OFF and _WHY.pattern.search(text):
        given.append(_WHY)
    passed = [opening for opening in given if not did & opening.taken_up_by]
    return max(passed, key=lambda opening: opening.weight, default=None)


def _chance(
    opening: Opening,
    civilian: Turn,
    officer: Turn,
    dialogues: Sequence[Dialogue],
    replay: Replay | None,
) -> MissedChance:
    authored = authored_answer(dialogues, civilian.text, opening.taken_up_by)
    say, does = authored or (opening.say, opening.does)
    return MissedChance(
        turn=officer.turn,
        shown_at=civilian.turn,
        gave=opening.gave,
        civilian_said=civilian.text,
        officer_said=officer.text,
        try_this=opening.try_this,
        say=say,
        authored=authored is not None,
        instead=replay.instead(officer.turn, say, does) if replay else None,
    )


def authored_answer(
    dialogues: Sequence[Dialogue], civilian_said: str, skills: frozenset[BehaviourId]
) -> tuple[str, tuple[BehaviourId, ...]] | None:
    """What a trained officer of the scenario's own dialogues answers to the same words, and what it does."""
    own = content_words(civilian_said)
    best = 0.0
    answer: tuple[str, tuple[BehaviourId, ...]] | None = None
    for dialogue in dialogues:
        if dialogue.officer != "trained":
            continue
        before = dialogue.opening
        for exchange in dialogue.exchanges:
            theirs = content_words(before)
            shared = own & theirs
            fit = len(shared) / max(1, len(own | theirs))
            if (
                fit > max(best, _SAME_PLACE)
                and len(shared) >= _SAME_PLACE_WORDS
                and skills & set(exchange.does)
            ):
                best, answer = fit, (exchange.officer, tuple(exchange.does))
            before = exchange.civilian
    return answer
