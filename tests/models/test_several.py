"""Several drafts in one batch: each as if drawn alone, one kept, and how sure the model was of each."""

from __future__ import annotations

from pathlib import Path

import pytest

from models.engine import Engine, EngineSettings, Sampling
from models.errors import ModelError
from models.scores import following
from models.several import Several

pytestmark = pytest.mark.slow

SAMPLINGS = [Sampling(temperature=0.7, top_p=0.9, seed=seed) for seed in (1, 2, 3)]


@pytest.fixture(scope="module")
def several_engine(civilian_gguf: Path) -> Engine:
    return Engine(civilian_gguf, EngineSettings(n_ctx=512, sequences=4))


def drawn(engine: Engine, most: int = 12) -> Several:
    """Drafts behind a fixed beginning; the engine stands at it again afterwards."""
    engine.rewind(0)
    engine.prefill(engine.tokenize("The officer asked what had happened, and the woman said:"))
    with Several(engine, SAMPLINGS, engine.tokenize(" well,")) as several:
        several.draw(most, lambda text: b"." in text)
    return several


def test_drafts_differ_by_seed_and_are_drawn_again_alike(several_engine: Engine) -> None:
    first, second = drawn(several_engine), drawn(several_engine)
    assert [d.tokens for d in first.drafts] == [d.tokens for d in second.drafts]
    assert len({tuple(d.tokens) for d in first.drafts}) == 3
    assert len(several_engine.tokens) == first.timings.n_cached
    assert all(not d.open for d in first.drafts)


def test_the_log_probability_is_that_of_the_same_tokens_computed_one_after_another(
    several_engine: Engine,
) -> None:
    engine = several_engine
    for draft in drawn(engine).drafts:
        mark = len(engine.tokens)
        engine.prefill(engine.tokenize(" well,"))
        assert draft.log_probability == pytest.approx(
            sum(following(engine, draft.tokens)), rel=0.01, abs=0.05
        )  # llama.cpp multiplies several rows with another kernel than one
        assert draft.log_probability < 0
        engine.rewind(mark)


def test_the_kept_draft_stands_in_the_context(several_engine: Engine) -> None:
    engine = several_engine
    engine.rewind(0)
    engine.prefill(engine.tokenize("The officer asked what had happened, and the woman said:"))
    mark = len(engine.tokens)
    with Several(engine, SAMPLINGS, engine.tokenize(" well,")) as several:
        several.draw(8, lambda text: False)
        several.keep(2)
    tokens = list(engine.tokens)
    assert tokens[mark:] == [*engine.tokenize(" well,"), *several.drafts[2].tokens]
    after = list(engine.generate(Sampling(temperature=0.0), 6))
    engine.rewind(0)
    engine.prefill(tokens)
    assert list(engine.generate(Sampling(temperature=0.0), 6)) == after


def test_more_drafts_than_the_engine_was_opened_for_are_refused(several_engine: Engine) -> None:
    with pytest.raises(ModelError, match="opened for"):
        Several(several_engine, [Sampling()] * 5, [])
