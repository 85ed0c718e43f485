"""How much of a reply is left to the model, and how much stands beside it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from models.engine import Engine

#: A model of more bytes than this finds its own words: a 1B at 4 bits.
_LARGE_BYTES = 600_000_000


@dataclass(frozen=True)
class ReplySettings:
    """How replies are found. The defaults are for the untuned base of 135M.

    drafts: how many the model writes for one reply, in one batch; 0: none, only authored lines are
        said. The engine must be opened for as many sequences.
    examples: authored exchanges that stand in the prompt as turns already spoken (part of the cached
        prefix).
    same_question: an authored reply whose fit is this or more is taken without asking the model: the
        very question was foreseen by a person who wrote this civilian. Above 1.3: never.
    waits_for_drafts: hands-free the model is asked although none of its drafts was drawn while the officer spoke.
        Else a line that fits, or what anybody may say to what the officer did, is said at once, 0.3 s sooner.
    own_voice: a draft must come this near to something this person was written to say (cosine,
        MiniLM).
    own_words: points of fit that the model's own words have before authored ones: 0 where it cannot
        play anybody, more where it was trained to.
    draft_floor: a draft with a fit below this, its points for own words left out, answers something
        else: then what anybody may say is better.
    least_sure: log-probability (nats, of its first sentence, as the model has it) below which a draft is refused. It is
        what the best is chosen by then, none is drawn where a line fits well, and nothing is said after that sentence.
        None: does not matter.
    near_enough: an authored reply with a fit below this answers something else.
    """

    drafts: int = 2
    examples: int = 6
    same_question: float = 0.70
    waits_for_drafts: bool = False
    own_voice: float = 0.58
    own_words: float = 0.05
    draft_floor: float = 0.30
    least_sure: float | None = None
    near_enough: float = 0.46
    temperature: float = 0.7
    top_p: float = 0.9
    repeat_penalty: float = 1.1


BASE = ReplySettings()
#: A small model that was trained to be the civilian: it speaks where no line of the scenario fits and it is sure of
#: its words. Of 174 of its drafts above -12 nats (eight scenarios, held-out lines) one reader found 35 of 57 sensible
#: above -8 and 42 of 117 below; surer ones are hardly better (17 of 25 above -6). No better judge was found: AUC
#: 0.63 by its own log-probability, 0.69 by the base model's, 0.53 by fit, 0.56 by what the officer's words add to it.
#: Eight drafts for three: 18 % of its own replies for 8 %, as many of them sensible (25 of 39, 10 of 17), 0.2 s more:
#: not worth it while the line of anybody that they replace is nearly always sensible. Drawn at 0.85 more of its
#: sentences mean nothing, at 0.5 as many.
TUNED = replace(
    BASE,
    drafts=3,
    same_question=0.85,
    own_voice=0.30,
    draft_floor=-1.0,
    least_sure=-8.0,
)
#: A large model needs one draft and less company.
LARGE = replace(
    BASE,
    drafts=1,
    same_question=1.4,
    waits_for_drafts=True,
    own_voice=0.0,
    own_words=0.5,
    draft_floor=-1.0,
    repeat_penalty=1.05,
)


def settings_for(engine: Engine) -> ReplySettings:
    """By what the GGUF says of itself: its size, and whether this project's export wrote it."""
    if engine.size_bytes() > _LARGE_BYTES:
        return LARGE
    name = engine.metadata("general.name") or ""
    tuned = "civilian" in name.lower() or engine.metadata("deescal.recipe") is not None
    return TUNED if tuned else BASE
