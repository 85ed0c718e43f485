"""Three things to keep and three to try, each with the turn it is about and, to try, words to say."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

from scenarios.behaviours import BEHAVIOURS, SKILLS, BehaviourId
from scenarios.schema import Dialogue, Scenario
from simulator.review.evidence import Move
from simulator.review.model import Seen, Suggestion
from simulator.review.replay import Replay

_MOST = 3
#: A longer line, in words, says more than the one thing that is to be tried.
_LONGEST_EXAMPLE = 24


class Better(NamedTuple):
    """What to try instead of a fault, words for it, and the behaviours that those words show."""

    about: str
    say: str
    does: tuple[BehaviourId, ...]


INSTEAD: dict[BehaviourId, Better] = {
    "threat": Better(
        "Offer a choice they can live with before any consequence.",
        "We can do this here, or somewhere quieter. Which is better for you?",
        ("offers_options",),
    ),
    "insult": Better(
        "Say what you saw and how you see it, not what they are.",
        "I can see you're upset, and I'd like to understand what led to this.",
        (
            "emotion_label",
            "i_message",
        ),
    ),
    "dismissive": Better(
        "Name what you hear instead of telling them not to feel it.",
        "You sound fed up, and I'd like to know why.",
        (
            "emotion_label",
            "i_message",
        ),
    ),
    "command": Better(
        "Give the reason with the request.",
        "Could you step over here with me, please, so we can hear each other?",
        (
            "clear_request",
            "explains_why",
            "courtesy",
        ),
    ),
    "repeated_order": Better(
        "If it did not work twice, change it: explain, offer, or wait.",
        "I've asked twice and that isn't working. What would make this easier for you?",
        ("open_question",),
    ),
    "stacked_questions": Better(
        "Ask one thing, then wait for it.",
        "What happened just before I got here?",
        ("open_question",),
    ),
    "lecturing": Better(
        "Ask what they make of it; leave the lesson out.",
        "What do you want to happen next?",
        ("open_question",),
    ),
    "false_promise": Better(
        "Promise only what is yours to give.",
        "I can't tell you how it will come out. I'm here to help, and I'll tell you what happens next.",
        (
            "explains_why",
            "reassurance",
        ),
    ),
    "accusation": Better(
        "Ask before you conclude.",
        "Help me understand what happened here.",
        ("open_question",),
    ),
}
#: What a skill is good for, and a line where the scenario has none of its own.
MISSING: dict[BehaviourId, tuple[str, str]] = {
    "emotion_label": ("Name the feeling you hear, once, early.", "You sound exhausted."),
    "open_question": (
        "Ask something that cannot be answered yes or no.",
        "What's been going on today?",
    ),
    "paraphrase": (
        "Say back what they told you before you ask for more.",
        "They told you one thing, and then did another.",
    ),
    "explains_why": (
        "Say why you are there and why you ask.",
        "I'm asking because somebody was worried about you.",
    ),
    "introduces_self": ("Give your name.", "My name is Dana, I'm with the city police."),
    "offers_options": (
        "Leave them a real choice.",
        "We can talk here, or we can go somewhere quieter. Up to you.",
    ),
    "gives_time": ("Say that there is time, and then take it.", "There's no rush. Take your time."),
    "shows_empathy": ("Show that it matters.", "I'm sorry. That sounds really hard."),
    "summary": (
        "Gather what they said and felt, and ask whether you have it right.",
        "Let me make sure I've got this right.",
    ),
    "mirroring": ("Give back their last few words, and wait.", ""),
    "minimal_encourager": ("A few words that keep them talking.", "I see. Go on."),
    "i_message": (
        "Say your own view without blame.",
        "I'm worried about you, and I want us both to get home tonight.",
    ),
    "clear_request": (
        "Ask one thing, with its reason.",
        "Could you step over here with me, please, so we can hear each other?",
    ),
    "reassurance": (
        "Say what will not happen, where it is true.",
        "You're not in trouble for talking to me.",
    ),
    "asks_safety": ("Ask plainly about weapons, injury or suicide.", "Are you hurt?"),
    "offers_help": ("Offer something that serves them.", "Is there somebody I can call for you?"),
    "courtesy": ("Their name, please, thank you.", "Thank you for telling me that."),
}


def keep(moved: Sequence[Move], seen: Sequence[Seen]) -> list[Suggestion]:
    """First what calmed most, then the skills used most."""
    calmed = sorted(
        (m for m in moved if m.entry.speaker == "officer" and m.agitation <= -3 and m.entry.text),
        key=lambda m: m.agitation,
    )
    kept = [
        Suggestion(
            about=f"Agitation fell by {-move.agitation}{_because(move)}",
            turn=move.entry.turn,
            quote=move.entry.text,
        )
        for move in calmed[:2]
    ]
    used = {each.turn for each in kept}
    for skill in sorted((s for s in seen if not s.fault), key=lambda s: -len(s.quotes)):
        quote = next(((turn, words) for turn, words in skill.quotes if turn not in used), None)
        if quote and len(kept) < _MOST:
            used.add(quote[0])
            times = f"{len(skill.quotes)} times" if len(skill.quotes) > 1 else "once"
            kept.append(Suggestion(about=f"{skill.name}, {times}", turn=quote[0], quote=quote[1]))
    return kept


def _because(move: Move) -> str:
    causes = sorted((c for c in move.entry.causes if c.agitation < 0), key=lambda c: c.agitation)
    return ": " + "; ".join(c.about for c in causes[:3]) if causes else ""


def to_try(
    scenario: Scenario | None,
    dialogues: Sequence[Dialogue],
    subject_type: str,
    moved: Sequence[Move],
    seen: Sequence[Seen],
    replay: Replay | None,
) -> list[Suggestion]:
    """First the faults, the most harmful one first; then the skills that this scenario trains and that never came."""
    change = {m.entry.turn: m.agitation for m in moved if m.entry.speaker == "officer"}
    faults = sorted(
        (s for s in seen if s.fault), key=lambda s: -sum(max(1, change[t]) for t, _ in s.quotes)
    )
    tried: list[Suggestion] = []
    shown = _one_turn_each(faults[:_MOST], change)
    for fault in faults[:_MOST]:
        better = INSTEAD[fault.id]
        turn, words = shown[fault.id]
        tried.append(
            Suggestion(
                about=f"{fault.name}: {better.about}",
                turn=turn,
                quote=words,
                say=better.say,
                instead=replay.instead(turn, better.say, better.does) if replay else None,
            )
        )
    done = {s.id for s in seen}
    for id_ in dict.fromkeys((*(scenario.skills if scenario else ()), *MISSING)):
        if len(tried) >= _MOST:
            break
        if id_ in SKILLS and id_ not in done:
            about, plain = MISSING[id_]
            shown_already = {each.say for each in tried}
            after, say = example(dialogues, subject_type, id_, shown_already) or ("", plain)
            tried.append(
                Suggestion(
                    about=f"{BEHAVIOURS[id_].name}, which did not come: {about}",
                    say=say,
                    after=after,
                )
            )
    return tried


def _one_turn_each(
    faults: Sequence[Seen], change: dict[int, int]
) -> dict[BehaviourId, tuple[int, str]]:
    """The worst turn of each fault, and another turn for each where there is one: those with least choice first."""
    shown: dict[BehaviourId, tuple[int, str]] = {}
    used: set[int] = set()
    for fault in sorted(faults, key=lambda f: len(f.quotes)):
        worst = sorted(fault.quotes, key=lambda quote: -change[quote[0]])
        shown[fault.id] = next((q for q in worst if q[0] not in used), worst[0])
        used.add(shown[fault.id][0])
    return shown


def example(
    dialogues: Sequence[Dialogue],
    subject_type: str,
    skill: BehaviourId,
    besides: Collection[str] = (),
) -> tuple[str, str] | None:
    """A short line that the scenario's author gave a trained officer to show this skill, behind the civilian's
    words that it answers: the one that does least besides. Nothing that tells a secret is given away, and no
    line of `besides` is given again.
    """
    fitting = []
    for dialogue in dialogues:
        before, tells = dialogue.opening, False
        for exchange in dialogue.exchanges if dialogue.officer == "trained" else ():
            lengths = (len(words.split()) for words in (before, exchange.officer))
            short = max(lengths) <= _LONGEST_EXAMPLE
            if skill in exchange.does and short and not tells and exchange.officer not in besides:
                unlike = (dialogue.subject_type != subject_type, len(exchange.does))
                fitting.append((unlike, (before, exchange.officer)))
            before, tells = exchange.civilian, bool(exchange.state.tells)
    return min(fitting, key=lambda each: each[0])[1] if fitting else None
