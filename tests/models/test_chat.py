"""Chat templates taken apart, and conversations that never compute a token twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from models.chat import Conversation, chat_format
from models.engine import Engine, EngineSettings, Sampling
from models.errors import BadModel, ModelError

CHATML = (
    "{% for m in messages %}{{ '<|im_start|>' + m.role + '\n' + m.content + '<|im_end|>\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
GEMMA = (
    "{{ bos_token }}{% if messages[0].role == 'system' %}{{ raise_exception('no system') }}{% endif %}"
    "{% for m in messages %}{% set r = 'model' if m.role == 'assistant' else m.role %}"
    "{{ '<start_of_turn>' + r + '\n' + m.content | trim + '<end_of_turn>\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<start_of_turn>model\n' }}{% endif %}"
)


def test_chatml() -> None:
    parts = chat_format(CHATML)
    assert parts.head == "<|im_start|>system\n"
    assert parts.to_officer == "<|im_end|>\n<|im_start|>user\n"
    assert parts.to_civilian == "<|im_end|>\n<|im_start|>assistant\n"
    assert parts.next_officer == "<|im_end|>\n<|im_start|>user\n"


def test_a_template_without_a_system_role_gets_it_in_the_first_turn() -> None:
    parts = chat_format(GEMMA, bos="<bos>")
    assert parts.head == "<bos><start_of_turn>user\n"
    assert parts.to_officer == "\n\n"
    assert parts.to_civilian == "<end_of_turn>\n<start_of_turn>model\n"


@pytest.mark.parametrize("template", ["{{ messages[0].content }}", "{% nonsense %}", "nothing"])
def test_a_template_that_carries_no_conversation_is_refused(template: str) -> None:
    with pytest.raises(BadModel, match="cannot carry a conversation"):
        chat_format(template)


@pytest.fixture
def talk(civilian_gguf: Path) -> Conversation:
    engine = Engine(civilian_gguf, EngineSettings(n_ctx=512))
    made = Conversation(engine)
    made.start("You are Ann, stopped in her car.", [("Evening.", "What did I do?")])
    return made


def turn(talk: Conversation, officer: str, civilian: str) -> None:
    talk.begin_turn()
    talk.hear(officer)
    talk.settle(civilian)


def test_the_settled_conversation_is_what_the_template_gives(talk: Conversation) -> None:
    turn(talk, "Good evening.", "Is it?")
    text = talk.engine.tokenize(
        "<|im_start|>system\nYou are Ann, stopped in her car.<|im_end|>\n<|im_start|>user\nEvening.<|im_end|>\n"
        "<|im_start|>assistant\nWhat did I do?<|im_end|>\n<|im_start|>user\nGood evening.<|im_end|>\n"
        "<|im_start|>assistant\nIs it?<|im_end|>\n<|im_start|>user\n",
        special=True,
    )
    assert talk.engine.tokens == text


def test_better_words_keep_what_they_share(talk: Conversation) -> None:
    talk.begin_turn()
    first = talk.hear("Can you tell me where you were")
    again = talk.hear("Can you tell me where you were going tonight?")
    assert 0 < again < first
    assert talk.hear("Can you tell me where you were going tonight?") == 0


def test_the_stage_direction_goes_when_the_turn_is_settled(talk: Conversation) -> None:
    talk.begin_turn()
    talk.hear("Hello.")
    direction = talk.direction_tokens("(Very upset.)")
    list(talk.engine.generate(Sampling(seed=1), 4, direction))
    talk.settle("Hi.")
    assert "Very upset" not in talk.engine.detokenize(talk.engine.tokens)


def test_a_reply_cut_off_is_laid_down_as_heard(talk: Conversation) -> None:
    turn(talk, "Hello.", "I was only going to the shop, officer.")
    talk.begin_turn()
    talk.shorten_last("I was only")
    heard = talk.engine.detokenize(talk.engine.tokens)
    assert "I was only" in heard
    assert "shop" not in heard


def test_old_turns_go_whole_and_the_prefix_stays(talk: Conversation) -> None:
    prefix = list(talk.engine.tokens)
    for number in range(9):
        turn(
            talk,
            f"Question number {number}, is that right, yes or no?",
            f"Answer number {number}, yes it is.",
        )
    dropped = talk.make_room(talk.engine.n_ctx // 2)
    assert dropped >= 1
    assert talk.engine.room >= talk.engine.n_ctx // 2
    assert talk.engine.tokens[: len(prefix)] == prefix
    text = talk.engine.detokenize(talk.engine.tokens)
    assert "number 0" not in text
    assert text.count("Question number 8") == 1
    turn(talk, "And now?", "Now nothing.")


def test_a_prompt_that_leaves_no_room_says_so(civilian_gguf: Path) -> None:
    talk = Conversation(Engine(civilian_gguf, EngineSettings(n_ctx=256)))
    talk.start("You are Ann. " * 55, [])
    talk.begin_turn()
    with pytest.raises(ModelError, match="too little context"):
        talk.make_room(200)
