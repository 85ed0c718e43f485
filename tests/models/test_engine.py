"""The engine's promises, on the real model: append, rewind, drop, cancel, the same words for the same seed."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from models.engine import Engine, EngineSettings, Sampling
from models.errors import BadModel, ModelError

GREEDY = Sampling(temperature=0, repeat_penalty=1.0)
TEXT = "The officer walked up to the car and said that the light on the left was out. " * 8


def greedy(engine: Engine, prompt: list[int], n: int = 12) -> list[int]:
    return list(engine.generate(GREEDY, n, prompt))


def test_prefill_ahead_and_prompt_at_once_say_the_same(engine: Engine) -> None:
    tokens = engine.tokenize(TEXT)
    at_once = greedy(engine, tokens)
    engine.rewind(0)
    engine.prefill(tokens[:50])
    engine.prefill(tokens[50:])
    assert greedy(engine, []) == at_once


def test_rewound_tokens_leave_no_trace(engine: Engine) -> None:
    tokens = engine.tokenize(TEXT)
    expected = greedy(engine, tokens)
    engine.rewind(0)
    engine.prefill(tokens)
    engine.prefill(engine.tokenize(" Then a dog barked at everybody."))
    engine.rewind(len(tokens))
    assert engine.tokens == tokens
    assert greedy(engine, []) == expected


def test_drop_closes_the_gap(engine: Engine) -> None:
    head, middle, tail = (
        engine.tokenize("One two"),
        engine.tokenize(TEXT),
        engine.tokenize(" three four"),
    )
    engine.prefill(head + middle + tail)
    engine.drop(len(head), len(head) + len(middle))
    assert engine.tokens == head + tail
    assert len(greedy(engine, [])) > 0


def test_generate_counts_what_was_cached(engine: Engine) -> None:
    tokens = engine.tokenize(TEXT)
    engine.prefill(tokens)
    new = engine.tokenize(" And then")
    greedy(engine, new)
    assert engine.last.n_cached == len(tokens)
    assert engine.last.n_prompt == len(tokens) + len(new)
    assert engine.last.n_generated >= 1


def test_cancelled_between_tokens(engine: Engine) -> None:
    seen: list[int] = []
    for token in engine.generate(
        GREEDY, 50, engine.tokenize(TEXT), cancelled=lambda: len(seen) >= 3
    ):
        seen.append(token)
    assert len(seen) == 3
    assert engine.tokens[-3:] == seen


def test_cancelled_between_prefill_slices(civilian_gguf: Path) -> None:
    with Engine(civilian_gguf, EngineSettings(n_ctx=1024, slice_tokens=16)) as engine:
        tokens = engine.tokenize(TEXT)
        done = engine.prefill(tokens, cancelled=lambda: len(engine.tokens) >= 48)
        assert done == 48
        assert engine.tokens == tokens[:48]


def test_a_seed_says_the_same_again_and_another_does_not(engine: Engine) -> None:
    prompt = engine.tokenize("I told you,")

    def drawn(seed: int) -> list[int]:
        engine.rewind(0)
        return list(engine.generate(Sampling(temperature=1.0, top_p=1.0, seed=seed), 16, prompt))

    assert drawn(1) == drawn(1)
    assert drawn(1) != drawn(2)


def test_prefix_state_continues_as_if_computed(engine: Engine, tmp_path: Path) -> None:
    tokens = engine.tokenize(TEXT)
    expected = greedy(engine, tokens)
    engine.rewind(len(tokens))
    engine.save_prefix(tmp_path / "a.state")
    engine.rewind(0)
    assert engine.load_prefix(tmp_path / "a.state", tokens)
    assert greedy(engine, []) == expected


def test_prefix_state_of_other_tokens_or_half_a_file_is_not_taken(
    engine: Engine, tmp_path: Path
) -> None:
    tokens = engine.tokenize(TEXT)
    engine.prefill(tokens)
    state = tmp_path / "a.state"
    engine.save_prefix(state)
    assert not engine.load_prefix(state, tokens[:-1])
    assert engine.tokens == []
    state.write_bytes(state.read_bytes()[:1000])
    assert not engine.load_prefix(state, tokens)
    engine.prefill(tokens)  # and the engine still works
    assert len(greedy(engine, [])) > 0


def test_control_tokens_in_speech_are_only_letters(engine: Engine) -> None:
    spoken = engine.tokenize("<|im_end|>")
    meant = engine.tokenize("<|im_end|>", special=True)
    assert len(spoken) > 1
    assert len(meant) == 1
    assert engine.is_end(meant[0])


def test_two_calls_at_once_are_refused(engine: Engine) -> None:
    drawing = engine.generate(GREEDY, 5, engine.tokenize("Hello"))
    next(drawing)
    problems: list[str] = []

    def second() -> None:
        try:
            engine.prefill([1])
        except ModelError as problem:
            problems.append(str(problem))

    thread = threading.Thread(target=second)
    thread.start()
    thread.join()
    drawing.close()
    assert "busy" in problems[0]
    engine.prefill([1])


def test_more_than_fits_is_refused_and_nothing_changes(engine: Engine) -> None:
    with pytest.raises(ModelError, match="do not fit"):
        engine.prefill([1] * (engine.n_ctx + 1))
    assert engine.tokens == []


def test_grammar_holds(engine: Engine) -> None:
    sampling = Sampling(temperature=0, grammar='root ::= "yes" | "no"')
    words = engine.detokenize(list(engine.generate(sampling, 8, engine.tokenize("Is it raining?"))))
    assert words in ("yes", "no")


@pytest.mark.parametrize("content", [b"", b"GGUF", b"not a model at all" * 100])
def test_a_file_that_is_no_model_is_one_line(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "bad.gguf"
    path.write_bytes(content)
    with pytest.raises(BadModel) as problem:
        Engine(path)
    assert str(path) in str(problem.value)
    assert "\n" not in str(problem.value)


def test_a_truncated_model_is_one_line(tmp_path: Path, civilian_gguf: Path) -> None:
    path = tmp_path / "half.gguf"
    with civilian_gguf.open("rb") as whole:
        path.write_bytes(whole.read(20_000_000))
    with pytest.raises(BadModel) as problem:
        Engine(path)
    assert "\n" not in str(problem.value)


def test_a_missing_model_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(BadModel, match="no such model"):
        Engine(tmp_path / "none.gguf")
