"""What export reads of a finished training run: its log and its `model/` folder, files only."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from export.errors import BadExport
from models.errors import ModelError
from models.store import file_sha256, is_path, model_path


@dataclass(frozen=True)
class TrainedRun:
    """A finished run. base: the recipe's (hub + revision, folder or gguf); model: adapter or weights."""

    folder: Path
    model: Path
    log: dict[str, Any]

    @property
    def name(self) -> str:
        return str(self.log["name"])

    @property
    def base(self) -> dict[str, Any]:
        found: dict[str, Any] = self.log["recipe"]["base"]
        return found

    @property
    def is_adapter(self) -> bool:
        return (self.model / "adapter_config.json").is_file()

    def metadata(self) -> dict[str, str]:
        """What a GGUF should say of where it is from."""
        data = self.log["data"]
        origins = [name for name in ("corpus", "library") if data.get(f"train_{name}_replies", 0)]
        names = {"corpus": "DeEscalWild chat rows", "library": "DeEscalWild Simulator library"}
        best = min(self.log["dev"], key=lambda score: score["loss"])
        return {
            "general.name": f"{base_name(self)} as a civilian",
            "general.license": str(self.base["licence"]),
            "deescal.base": str(self.log["base"]),
            "deescal.recipe": self.name,
            "deescal.recipe_sha256": str(self.log["recipe_sha256"]),
            "deescal.data_sha256": str(self.log["data_sha256"]),
            "deescal.data": " + ".join(names[origin] for origin in origins),
            "deescal.dev_loss": f"{best['loss']:.4f} at step {best['step']}",
        }


def metadata_of(runs: Sequence[TrainedRun]) -> dict[str, str]:
    """Of one run, or of the mean of several: then of the first, and what else is in it."""
    others = [f"{run.name} (recipe {run.log['recipe_sha256'][:12]})" for run in runs[1:]]
    return runs[0].metadata() | ({"deescal.mean_with": ", ".join(others)} if others else {})


def read_run(folder: Path) -> TrainedRun:
    """A finished run by its folder (what --out was). BadExport in one line where it is not one."""
    log_path = folder / "run.json"
    if not log_path.is_file():
        raise BadExport(f"{folder}: has no run.json; give the --out folder of `deescal train`")
    try:
        log = json.loads(log_path.read_text(encoding="utf-8"))
        log["recipe"]["base"]["licence"], log["recipe_sha256"], log["dev"], log["data"]
    except (ValueError, KeyError, TypeError):
        raise BadExport(f"{log_path}: is not the log of a run") from None
    if not (folder / "model").is_dir():
        raise BadExport(f"{folder}: the run is not finished; `deescal train … --resume` goes on")
    return TrainedRun(folder, folder / "model", log)


def base_gguf(run: TrainedRun) -> Path:
    """The GGUF that the run started from, held to the checksum it was trained on."""
    name = run.base.get("gguf")
    if not name:
        raise BadExport(f"{run.folder}: its base is no GGUF; merge and convert it instead")
    try:
        path = model_path(str(name))
    except ModelError as problem:
        raise BadExport(f"base of {run.folder}: {problem}") from None
    expected = str(run.log["base"]).rpartition("sha256:")[2].split(",")[0]
    if file_sha256(path) != expected:
        raise BadExport(
            f"{path}: is another base than the one this run was trained on "
            f"({path.name} has another sha256)"
        )
    return path


def load_base(run: TrainedRun, dtype: str = "float32") -> tuple[Any, Any]:
    """The base model and its tokeniser, as transformers has them."""
    import transformers
    from transformers import AutoModelForCausalLM, AutoTokenizer

    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    base = run.base
    options: dict[str, Any] = {}
    if base.get("gguf"):
        path = base_gguf(run)
        place, options = str(path.parent), {"gguf_file": path.name}
    elif base.get("folder"):
        place = str(base["folder"])
    else:
        place, options = str(base["hub"]), {"revision": base["revision"]}
    try:
        model = AutoModelForCausalLM.from_pretrained(place, dtype=dtype, **options)
        tokenizer = AutoTokenizer.from_pretrained(place, **options)
    except (OSError, ValueError) as problem:
        reason = (str(problem).splitlines() or ["?"])[0]
        raise BadExport(f"base {place}: cannot be loaded ({reason[:200]})") from None
    if base.get("gguf"):
        _unmark_quantised(model)
    return model, tokenizer


def base_name(run: TrainedRun) -> str:
    name = str(run.base.get("hub") or run.base.get("gguf") or run.base.get("folder"))
    return Path(name).stem if is_path(name) and not run.base.get("hub") else name


def _unmark_quantised(model: Any) -> None:
    """transformers 5 calls a model read from GGUF quantised, though it was dequantised at load, and
    would refuse to save it."""
    for name in ("hf_quantizer", "quantization_method"):
        if hasattr(model, name):
            setattr(model, name, None)
    model.is_quantized = False
    if hasattr(model.config, "quantization_config"):
        del model.config.quantization_config
