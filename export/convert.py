"""A model's folder as GGUF, with its provenance inside and its chat template as it was."""

from __future__ import annotations

import json
from pathlib import Path

from export.errors import BadExport
from export.llamacpp import run_converter
from models.gguf_edit import copy_gguf
from models.gguf_info import read_gguf

TYPES = ("f16", "f32", "bf16", "q8_0")


def convert(folder: Path, out: Path, kind: str = "f16") -> Path:
    """Convert with llama.cpp's own converter; `out` appears whole or not at all."""
    if not (folder / "config.json").is_file():
        raise BadExport(f"{folder}: has no config.json; give a folder of `deescal export merge`")
    if out.suffix != ".gguf":
        raise BadExport(f"{out}: a GGUF file's name ends in .gguf")
    out.parent.mkdir(parents=True, exist_ok=True)
    part = out.with_name(f".{out.stem}.converting.gguf")
    try:
        run_converter(
            "convert_hf_to_gguf.py", [str(folder), "--outfile", str(part), "--outtype", kind]
        )
        copy_gguf(part, out, provenance(folder))
    finally:
        part.unlink(missing_ok=True)
    _check_template(folder, out)
    return out


def provenance(folder: Path) -> dict[str, str]:
    """What `export merge` wrote down; empty for a model that is not ours."""
    path = folder / "provenance.json"
    if not path.is_file():
        return {}
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return {str(key): str(value) for key, value in found.items()}
    except (ValueError, AttributeError):
        raise BadExport(f"{path}: is not readable as JSON") from None


def _check_template(folder: Path, out: Path) -> None:
    """The template inside must be the one the model was trained with, to the letter."""
    wanted = folder / "chat_template.jinja"
    if wanted.is_file():
        expected = wanted.read_text(encoding="utf-8")
    else:
        config = json.loads((folder / "tokenizer_config.json").read_text(encoding="utf-8"))
        expected = config.get("chat_template") or ""
    if expected and read_gguf(out).chat_template != expected:
        out.unlink()
        raise BadExport(f"{folder}: its chat template did not come through the conversion")
