"""Tokens as play lays them down, and the loss on the civilian's tokens only."""

from __future__ import annotations

import math

import pytest

from tests.training.conftest import Voice
from training.errors import BadRecipe
from training.layout import TRUNK, Speech, describe, layouts
from training.own_words import weigh
from training.packs import plan, plan_run
from training.rows import Conversation, Turn

TALK = Conversation(
    "t#0",
    "library",
    "t",
    "train",
    "You are Dana.",
    (
        Turn("Hi.", "(Calm.)", "Hello."),
        Turn("What happened?", "(Upset. May say: It broke.)", "It broke, okay?", weight=0.5),
        Turn("I see.", "(Calm.)", "Thanks.", learn=False),
    ),
)


def learnt(voice: Voice, directions: str) -> list[str]:
    """What is to be predicted, in order, as text."""
    (layout,) = layouts(TALK, voice.speech, 512, directions)
    return [voice.piece(target) for target in layout.targets if target >= 0]


@pytest.mark.parametrize("directions", ["newest", "every", "none"])
def test_only_the_civilians_tokens_and_the_end_of_turn_are_learnt(
    voice: Voice, directions: str
) -> None:
    text = "".join(learnt(voice, directions))
    assert text == "Hello.<|im_end|>It broke, okay?<|im_end|>"


def test_the_mask_can_be_read(voice: Voice) -> None:
    """Prints the tokens with their places and targets: `pytest -s -k can_be_read`."""
    (layout,) = layouts(TALK, voice.speech, 512, "newest")
    lines = describe(layout, voice.piece)
    print("\n" + "\n".join(lines))
    assert len(lines) == len(layout)
    assert sum("->" in line for line in lines) == layout.learnt


def test_the_trunk_is_the_conversation_after_settling(voice: Voice) -> None:
    (layout,) = layouts(TALK, voice.speech, 512, "newest")
    trunk = [t for t, b in zip(layout.ids, layout.branches, strict=True) if b == TRUNK]
    form = voice.form
    text = form.head + TALK.system + form.to_officer
    for turn in TALK.turns:
        text += turn.officer + form.to_civilian + turn.civilian + form.next_officer
    assert "".join(map(voice.piece, trunk)) == text
    assert [
        p for p, b in zip(layout.positions, layout.branches, strict=True) if b == TRUNK
    ] == list(range(len(trunk)))


def test_a_branch_is_the_turn_as_play_asks_for_it(voice: Voice) -> None:
    (layout,) = layouts(TALK, voice.speech, 512, "newest")
    branch = [i for i, b in enumerate(layout.branches) if b == 1]
    text = "".join(voice.piece(layout.ids[i]) for i in branch)
    assert text == "\n(Upset. May say: It broke.)" + voice.form.to_civilian + "It broke, okay?"
    before = [i for i in range(branch[0]) if layout.branches[i] == TRUNK]
    assert layout.positions[branch[0]] == layout.positions[before[-1]] + 1
    assert all(layout.weights[i] in (0.0, 0.5) for i in branch)


def test_an_own_reply_is_a_branch_of_its_own_and_is_not_to_be_said(voice: Voice) -> None:
    end = voice.speech.end_of_turn
    dull = voice.speech.said("I don't know.")
    own = {("t#0", 1): [*((token, 1.5) for token in dull), (end, 0.0)]}
    (with_own,) = layouts(TALK, voice.speech, 512, "newest", own)
    (without,) = layouts(TALK, voice.speech, 512, "newest")
    mine = [i for i, branch in enumerate(with_own.branches) if branch < TRUNK]
    text = "".join(voice.piece(with_own.ids[i]) for i in mine)
    assert text == "\n(Upset. May say: It broke.)" + voice.form.to_civilian + "I don't know."
    lowered = [with_own.targets[i] for i in mine if with_own.weights[i] < 0]
    assert lowered == dull  # the end, of no weight, is not predicted at all
    assert all(with_own.weights[i] in (0.0, -1.5) for i in mine)
    rest = [i for i in range(len(with_own)) if i not in mine]
    for name in ("ids", "positions", "branches", "targets", "weights"):
        assert [getattr(with_own, name)[i] for i in rest] == getattr(without, name), name
    assert with_own.learnt == without.learnt
    assert any(" own 1 " in line for line in describe(with_own, voice.piece))


def test_what_the_model_says_more_often_than_people_is_lowered_by_how_much(voice: Voice) -> None:
    end = voice.speech.end_of_turn
    dull = [*voice.speech.said("I don't know."), end]
    real = [*voice.speech.said("It broke, okay?"), end]
    own, chosen = weigh({("t#0", 0): dull, ("t#0", 1): real}, [TALK], voice.speech, most=2.0)
    assert chosen == [TALK]
    assert [token for token, _ in own["t#0", 0]] == dull
    once = round(
        math.log(3 / 2), 4
    )  # said once by the model, never by people, of either two before
    assert [weight for _, weight in own["t#0", 0]][:3] == [once] * 3
    assert [weight for _, weight in own["t#0", 1]] == [0.0] * len(real)  # people say it as often
    capped, _ = weigh({("t#0", 0): dull}, [TALK], voice.speech, most=0.25)
    assert max(weight for _, weight in capped["t#0", 0]) == 0.25


def test_a_pair_said_again_in_a_reply_counts_as_a_repeat_too(voice: Voice) -> None:
    mine = [*voice.speech.said("A b! A b! A b!"), voice.speech.end_of_turn]
    (weights,) = weigh({("t#0", 0): mine}, [TALK], voice.speech, most=9.0)[0].values()
    bang = mine[2]  # behind " b" three times, of people never
    told = [weight for token, weight in weights if token == bang]
    once, repeat = round(math.log(5 / 2), 4), round(math.log(6 / 2), 4)  # four pairs are repeats
    assert told == [once, repeat, repeat]


def test_what_the_prompt_told_it_is_not_held_against_it(voice: Voice) -> None:
    mine = [*voice.speech.said("It broke here, Dana"), voice.speech.end_of_turn]

    def lowered(turn: int) -> list[str]:
        (weights,) = weigh({("t#0", turn): mine}, [TALK], voice.speech, most=9.0)[0].values()
        return [voice.piece(token) for token, weight in weights if weight > 0]

    assert " broke" in lowered(0)
    assert " broke" not in lowered(1)  # "May say: It broke."
    assert " here" in lowered(1)


def test_long_conversations_are_windowed_and_every_reply_learnt_once(voice: Voice) -> None:
    turns = tuple(Turn(f"Question {n}?", "(Calm.)", f"Answer number {n}.") for n in range(20))
    talk = Conversation("w#0", "corpus", "w", "train", "You are Dana.", turns)
    found = layouts(talk, voice.speech, 160, "newest")
    assert len(found) > 2
    assert all(len(layout) <= 160 for layout in found)
    text = "".join(voice.piece(t) for layout in found for t in layout.targets if t >= 0)
    assert [text.count(f"number {n}.") for n in range(20)] == [1] * 20


def test_a_template_that_ends_turns_with_plain_text_is_refused(voice: Voice) -> None:
    with pytest.raises(BadRecipe, match="could not learn to stop"):
        Speech(voice.form, voice.speech.tokenise, frozenset())


def test_packs_hold_everything_once_and_fit() -> None:
    import random

    sizes = [random.Random(n).randint(20, 400) for n in range(200)]
    packs = plan(sizes, 512, random.Random(1))
    assert sorted(i for pack in packs for i in pack) == list(range(200))
    assert all(sum(sizes[i] for i in pack) <= 512 for pack in packs)
    assert sum(sizes) / (512 * len(packs)) > 0.85  # little room is wasted


def test_the_plan_of_a_run_is_the_same_every_time(voice: Voice) -> None:
    found = layouts(TALK, voice.speech, 512, "newest") * 5
    once = plan_run(found, 512, 2.5, 3.0, seed=3)
    assert once == plan_run(found, 512, 2.5, 3.0, seed=3)
    assert once != plan_run(found, 512, 2.5, 3.0, seed=4)
    assert once != plan_run(found, 512, 2.5, 3.0, seed=3, order=1)
    first_two = [i for pack in plan_run(found, 512, 2, 3.0, seed=3) for i in pack]
    assert [first_two.count(i) for i in range(5)] == [6] * 5
