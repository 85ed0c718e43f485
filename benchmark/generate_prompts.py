"""The two ways to ask: as the paper's authors did, so that numbers compare, and as `play` does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from scenarios.prompt import ChatMessage
from training.rows import Conversation

SettingName = Literal["paper", "fixed"]
DecodingName = Literal["paper", "play"]

#: What the authors tell every model, in our words: nothing of who the civilian is or how they feel.
GENERIC_SYSTEM = (
    "You play the civilian or suspect in an encounter with the police. Answer naturally, as the civilian only. "
    "Depending on how the talk has gone you may be upset, emotional, hesitant, suspicious or unwilling to comply. "
    "Never write what the officer says next. Give the civilian's next answer and nothing else."
)


@dataclass(frozen=True)
class Setting:
    """generic: the system message above instead of the civilian's own. directions: the newest officer's words carry
    a stage direction. repeated: each of the civilian's answers stands twice in what follows, as the authors' loop
    appends it once after scoring and once as the next row.
    """

    name: SettingName
    generic: bool
    directions: bool
    repeated: bool


SETTINGS: dict[SettingName, Setting] = {
    "paper": Setting("paper", generic=True, directions=False, repeated=True),
    "fixed": Setting("fixed", generic=False, directions=True, repeated=False),
}


@dataclass(frozen=True)
class Decoding:
    """How tokens are drawn. repeat_last_n -1: the penalty counts the whole prompt, as transformers does.

    temperature_first: before top_k and top_p (transformers), instead of after them (llama.cpp).
    """

    temperature: float
    top_p: float
    top_k: int
    repeat_penalty: float
    repeat_last_n: int
    temperature_first: bool
    max_tokens: int

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


#: paper: the authors' script; top_k is transformers' own default, which it leaves on. play: simulator.civilian.reply.
DECODINGS: dict[DecodingName, Decoding] = {
    "paper": Decoding(0.6, 0.9, 50, 1.05, -1, True, 128),
    "play": Decoding(0.7, 0.9, 0, 1.1, 64, False, 84),
}


def messages(
    conversation: Conversation, turn: int, setting: Setting, said: Sequence[str]
) -> list[ChatMessage]:
    """What the model is given before it answers turn `turn`.

    said: what the civilian has answered at the turns before, real (teacher forcing) or generated (free running).
    """
    system = GENERIC_SYSTEM if setting.generic else conversation.system
    given = [ChatMessage("system", system)]
    for earlier, answer in zip(conversation.turns[:turn], said, strict=True):
        given.append(ChatMessage("user", earlier.officer))
        given += [ChatMessage("assistant", answer)] * (2 if setting.repeated else 1)
    now = conversation.turns[turn]
    told = f"\n{now.direction}" if setting.directions and now.direction else ""
    given.append(ChatMessage("user", now.officer + told))
    return given


_ENDS = ("<|im_end|>", "<|endoftext|>", "</s>", "Officer:", "User:", "System:")
_LABELS = ("civilian:", "suspect:", "subject:", "assistant:")


def cleaned(drawn: str) -> str:
    """The reply without control tokens written out, a speaker's label before it or the officer's next line after it:
    what the authors take off before they score.
    """
    text = drawn.strip()
    for end in _ENDS:
        text = text.split(end)[0].strip()
    for label in _LABELS:
        if text.lower().startswith(label):
            text = text[len(label) :].strip()
    return text
