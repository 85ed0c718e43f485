"""A training run as one validated file: which base, how it is changed, on what, for how long."""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from training.errors import BadRecipe

RECIPES = Path(__file__).parent / "recipes"

#: The seven projections of a decoder layer, as the Llama family names them.
PROJECTIONS = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Base(_Part):
    """The model that is trained. Exactly one of hub, folder and gguf says where it is."""

    hub: str | None = Field(None, pattern=r"^[\w.-]+/[\w.-]+$", description="owner/name of a hub")
    revision: str = "main"
    folder: Path | None = Field(None, description="a folder with config.json and weights")
    gguf: str | None = Field(
        None, description="id of `deescal models list`, or path of a .gguf; dequantised at load"
    )
    licence: str
    parameters: int = Field(gt=0, description="weights; for the estimates of the dry run")
    hidden: int = Field(gt=0, description="width of the model")
    layers: int = Field(gt=0)
    vocabulary: int = Field(gt=0)

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        given = [name for name in ("hub", "folder", "gguf") if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"give exactly one of hub, folder and gguf (found {given or 'none'})")
        return self

    @property
    def place(self) -> str:
        return str(self.hub or self.folder or self.gguf)


class Lora(_Part):
    """The paper's adapter by default: rank 16, seven projections."""

    rank: int = Field(16, ge=1, le=1024)
    alpha: int = Field(16, ge=1)
    dropout: float = Field(0.05, ge=0, lt=1)
    targets: tuple[str, ...] = Field(PROJECTIONS, min_length=1)


class Method(_Part):
    """How the weights change.

    freeze (full only): embeddings take a fifth of a 135M model and a GGUF adapter cannot carry
    them; norms are vectors, which llama.cpp's adapters leave out too.
    """

    kind: Literal["lora", "full"]
    lora: Lora | None = None
    four_bit: bool = Field(False, description="NF4 base weights; CUDA only")
    freeze: tuple[Literal["embeddings", "norms"], ...] = ()
    gradient_checkpointing: bool = False

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.kind == "lora" and self.lora is None:
            raise ValueError("kind is lora, but there is no `lora:` with its rank")
        if self.kind == "lora" and self.freeze:
            raise ValueError("freeze is for kind: full; a LoRA trains its adapter only")
        if self.kind == "full" and (self.lora or self.four_bit):
            raise ValueError("kind is full: leave out `lora:` and `four_bit:`")
        return self


class Data(_Part):
    """What is learnt from, and how rows are made of it."""

    library: bool = True
    library_repeat: float = Field(1.0, gt=0, le=100, description="times an epoch holds it")
    order: int = Field(
        0,
        ge=0,
        description="another one for a course that goes on, with --from, over the same rows",
    )
    corpus: bool = Field(True, description="read the folder that --data names")
    corpus_share: float = Field(1.0, gt=0, le=1, description="of its sources, drawn by seed")
    directions: Literal["newest", "every", "none"] = Field(
        "newest", description="newest: as play does (earlier turns stand without theirs)"
    )
    persona: bool = Field(
        True, description="corpus: derive persona and facts for the system message"
    )
    rarity_weight: bool = Field(True, description="rich replies count more, stock ones less")
    dev_share: float = Field(0.08, gt=0, lt=0.5, description="of library scenarios held back")
    dev_turns: int = Field(400, ge=4, description="replies of the dev split that are scored")
    max_tokens: int = Field(
        1024, ge=64, description="of one conversation; longer ones are windowed"
    )

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.library and not self.corpus:
            raise ValueError("neither library nor corpus: there would be nothing to learn from")
        return self


class Optimisation(_Part):
    learning_rate: float = Field(gt=0, lt=1)
    epochs: float = Field(gt=0, le=100)
    max_steps: int | None = Field(
        None, ge=1, description="ends sooner than epochs where it is less"
    )
    tokens_per_batch: int = Field(ge=64, description="tokens of one packed forward")
    accumulate: int = Field(1, ge=1, description="batches to an optimiser step")
    schedule: Literal["cosine", "linear", "constant_with_warmup"] = "cosine"
    warmup: float = Field(0.1, ge=0, lt=1, description="share of the steps")
    weight_decay: float = Field(0.0, ge=0)
    max_grad_norm: float = Field(1.0, gt=0)
    precision: Literal["float32", "bfloat16"] = "float32"


class Watch(_Part):
    """When the dev split is scored, when a checkpoint is kept, when it is enough."""

    every_steps: int = Field(50, ge=1, description="dev loss and checkpoint")
    patience: int = Field(4, ge=1, description="dev scores without a gain before it stops")
    keep: int = Field(2, ge=1, description="checkpoints that stay on disk, beside the best")


class Preference(_Part):
    """The DPO stage: the real reply against what the base says there."""

    beta: float = Field(0.5, gt=0)
    pairs: int = Field(2000, ge=2)
    max_new_tokens: int = Field(60, ge=4)
    temperature: float = Field(0.6, ge=0)


class OwnWords(_Part):
    """A course that makes less likely what the model itself says too often (own_words.py)."""

    replies: int = Field(1500, ge=2, description="of its own, drawn before the first step")
    temperature: float = Field(0.6, gt=0)
    top_p: float = Field(0.9, gt=0, le=1)
    max_new_tokens: int = Field(60, ge=4)
    weight: float = Field(1.0, gt=0, description="against what people said")
    most: float = Field(
        2.0, gt=0, description="no word counts more than this: ln(how often it / people say it)"
    )


class Recipe(_Part):
    name: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]*$", max_length=80)
    about: str
    stage: Literal["sft", "dpo"] = "sft"
    base: Base
    method: Method
    data: Data = Data.model_validate({})
    optimisation: Optimisation
    watch: Watch = Watch.model_validate({})
    preference: Preference | None = None
    own_words: OwnWords | None = None
    seed: int = 17

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.stage == "dpo" and self.preference is None:
            raise ValueError("stage is dpo, but there is no `preference:`")
        if self.own_words and (self.stage != "sft" or self.data.directions != "newest"):
            raise ValueError("own_words is for stage: sft with directions: newest")
        if self.optimisation.tokens_per_batch < self.data.max_tokens:
            raise ValueError(
                f"tokens_per_batch ({self.optimisation.tokens_per_batch}) is less than "
                f"data.max_tokens ({self.data.max_tokens}): a conversation would not fit"
            )
        return self

    def sha256(self) -> str:
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()


def recipe_names() -> list[str]:
    return sorted(path.stem for path in RECIPES.glob("*.yaml"))


def load_recipe(name_or_path: str | Path, changes: Sequence[str] = ()) -> Recipe:
    """A recipe by file, or by the name of a built-in one. BadRecipe in one line where it does not hold.

    changes: `part.field=value`, each over what the file says, for ablations.
    """
    path = Path(name_or_path)
    if not path.is_file():
        built_in = RECIPES / f"{str(name_or_path).removesuffix('.yaml')}.yaml"
        if not built_in.is_file():
            close = difflib.get_close_matches(path.stem, recipe_names(), n=3, cutoff=0.4)
            hint = f"did you mean {' or '.join(close)}?" if close else "`deescal train --list`"
            raise BadRecipe(f"{name_or_path}: there is no such recipe; {hint}")
        path = built_in
    try:
        raw: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as problem:
        mark = getattr(problem, "problem_mark", None)
        raise BadRecipe(f"{path}:{mark.line + 1 if mark else 1}: not readable as YAML") from None
    except (OSError, UnicodeDecodeError) as problem:
        raise BadRecipe(f"{path}: cannot be read ({problem})") from None
    if not isinstance(raw, dict):
        raise BadRecipe(f"{path}: expected a mapping of fields")
    for change in changes:
        _change(raw, change)
    try:
        return Recipe.model_validate(raw)
    except ValidationError as problem:
        raise BadRecipe(f"{path}: {_one_line(problem)}") from None


def _change(raw: dict[str, Any], change: str) -> None:
    dotted, equals, value = change.partition("=")
    *parts, last = dotted.split(".")
    at: Any = raw
    for part in parts:
        at = at.setdefault(part, {}) if isinstance(at, dict) else None
    if not equals or not last or not isinstance(at, dict):
        raise BadRecipe(f"--set {change}: expected part.field=value, such as data.corpus=false")
    try:
        at[last] = yaml.safe_load(value)
    except yaml.YAMLError:
        raise BadRecipe(f"--set {change}: {value!r} is no value") from None


def _one_line(problem: ValidationError) -> str:
    first = problem.errors()[0]
    where = ".".join(str(part) for part in first["loc"]) or "the whole"
    message = str(first["msg"]).removeprefix("Value error, ")
    if first["type"] == "extra_forbidden":
        known = _fields_at([str(part) for part in first["loc"][:-1]])
        close = difflib.get_close_matches(str(first["loc"][-1]), known, n=2, cutoff=0.5)
        message = "no such field here; " + (
            f"did you mean {' or '.join(close)}?" if close else f"known: {', '.join(known)}"
        )
    elif first["type"] == "missing":
        message = "is missing"
    elif not isinstance(first["input"], dict | list):
        message += f" (found {first['input']!r})"
    more = problem.error_count() - 1
    return f"{where}: {message}" + (f" (and {more} more)" if more else "")


def _fields_at(where: list[str]) -> list[str]:
    schema = Recipe.model_json_schema()
    at: Any = schema
    for part in where:
        at = at.get("properties", {}).get(part, {})
        for choice in at.get("anyOf", [at]):
            if "$ref" in choice:
                at = schema["$defs"][choice["$ref"].rsplit("/", 1)[1]]
    return list(at.get("properties", {}))
