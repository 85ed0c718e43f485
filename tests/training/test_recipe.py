"""A recipe that does not hold is one line, before anything is loaded or written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from training.errors import BadRecipe
from training.estimate import Device, device_in_words, estimate, require_fit
from training.recipe import RECIPES, load_recipe, recipe_names

PAPER = (
    "qwen2.5-3b", "llama-3.2-3b", "gemma-2-2b", "granite-3.3-2b", "falcon3-3b", "phi-4-mini",
    "ministral-3-3b",
)  # fmt: skip


def changed(tmp_path: Path, **changes: Any) -> Path:
    content = yaml.safe_load((RECIPES / "qwen2.5-3b.yaml").read_text())
    for dotted, value in changes.items():
        at = content
        *path, last = dotted.split("__")
        for part in path:
            at = at[part]
        at[last] = value
    path_ = tmp_path / "r.yaml"
    path_.write_text(yaml.safe_dump(content))
    return path_


@pytest.mark.parametrize("name", recipe_names())
def test_every_recipe_that_comes_with_it_holds(name: str) -> None:
    assert load_recipe(name).name == name


@pytest.mark.parametrize("name", PAPER)
def test_every_model_of_the_paper_is_trained_as_in_the_paper(name: str) -> None:
    recipe = load_recipe(name)
    assert recipe.method.lora is not None
    assert recipe.method.lora.rank == 16
    assert recipe.method.four_bit
    fused = name == "phi-4-mini"
    assert len(recipe.method.lora.targets) == (4 if fused else 7)
    require_fit(recipe, estimate(recipe, 5_000_000, device_in_words("cuda:24")))


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"method__lora__rnak": 8}, r"method\.lora\.rnak: no such field here; did you mean rank"),
        (
            {"method__lora__rank": 0},
            r"method\.lora\.rank: .*greater than or equal to 1 \(found 0\)",
        ),
        ({"base__folder": "/x"}, "base: give exactly one of hub, folder and gguf"),
        ({"optimisation__learning_rate": "fast"}, "optimisation.learning_rate: .*'fast'"),
        ({"method__kind": "full"}, "kind is full: leave out"),
        ({"stage": "dpo"}, "there is no `preference:`"),
        ({"optimisation__tokens_per_batch": 1024}, r"less than data.max_tokens \(2048\)"),
        ({"data": {"library": False, "corpus": False}}, "nothing to learn from"),
    ],
)
def test_what_is_wrong_is_said_with_the_field(
    tmp_path: Path, changes: dict[str, Any], says: str
) -> None:
    with pytest.raises(BadRecipe, match=says) as caught:
        load_recipe(changed(tmp_path, **changes))
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 2


def test_a_file_that_is_no_yaml_is_told_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "r.yaml"
    path.write_text("name: x\nbase: [\n")
    with pytest.raises(BadRecipe, match=r"r\.yaml:\d+: not readable"):
        load_recipe(path)


def test_a_name_that_is_not_there_brings_close_ones() -> None:
    with pytest.raises(BadRecipe, match=r"did you mean .*qwen2\.5-3b"):
        load_recipe("qwen2.5-3")


def test_a_base_that_does_not_fit_is_refused_with_what_to_do() -> None:
    recipe = load_recipe("smollm2-135m-full")
    small = Device("cpu", "a small board", 2**30)
    with pytest.raises(BadRecipe, match=r"does not fit: .* GiB and a small board has 1\.0 GiB"):
        require_fit(recipe, estimate(recipe, 100_000, small))


def test_four_bit_needs_cuda() -> None:
    recipe = load_recipe("qwen2.5-3b")
    with pytest.raises(BadRecipe, match="needs a CUDA device"):
        require_fit(recipe, estimate(recipe, 100_000, Device("cpu", "here", 2**40)))


def test_a_change_of_the_recipe_is_another_recipe(tmp_path: Path) -> None:
    one = load_recipe(changed(tmp_path, seed=1)).sha256()
    other = load_recipe(changed(tmp_path, seed=2)).sha256()
    assert one != other


def test_an_ablation_is_a_change_of_one_field() -> None:
    recipe = load_recipe("smollm2-135m-full", ["data.directions=none", "seed=3"])
    assert recipe.data.directions == "none"
    assert recipe.seed == 3
    assert recipe.sha256() != load_recipe("smollm2-135m-full").sha256()
    with pytest.raises(
        BadRecipe, match=r"data\.direction: no such field here; did you mean directions"
    ):
        load_recipe("smollm2-135m-full", ["data.direction=none"])
    with pytest.raises(BadRecipe, match=r"expected part\.field=value"):
        load_recipe("smollm2-135m-full", ["data.directions"])
