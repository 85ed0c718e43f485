"""`deescal export`: a trained model to a file that plays, and proof that it is the same model."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from export.errors import BadExport, ExportError

if TYPE_CHECKING:
    from export.dev_turns import DevTurn
    from export.verify import LogitsParity, TokenParity
    from models.scores import Scorer

_PATH = click.Path(path_type=Path)


@click.group()
def export() -> None:
    """Merge, convert, quantise and verify what `deescal train` made.

    \b
    The whole way:
      deescal export merge out/civilian --out out/merged
      deescal export convert out/merged --out out/civilian-f16.gguf
      deescal export quantize out/civilian-f16.gguf --to Q8_0 --to Q4_0
      deescal export verify out/civilian-f16.gguf --hf out/merged --run out/civilian
    The small way, for a base that the device has already:
      deescal export adapter out/civilian --rank 224 --type q4_0 --out models/adapters/civilian.gguf
    """


@export.command()
@click.argument("runs", metavar="RUN...", nargs=-1, required=True, type=_PATH)
@click.option("--out", type=_PATH, required=True, help="Folder to write; must not be there.")
@click.option("--dtype", type=click.Choice(["float16", "bfloat16", "float32"]), default="float16")
def merge(runs: tuple[Path, ...], out: Path, dtype: str) -> None:
    """Make one whole model of RUN, the --out folder of a finished training.

    Of several runs of one base it is the mean of their weights.

    \b
    Examples:
      deescal export merge out/civilian --out out/merged
      deescal export merge out/civilian out/another --out out/merged
    """
    _require("torch", "transformers", "peft")
    from export.merge import merge as to_folder
    from export.run import read_run

    click.echo(to_folder([read_run(run) for run in runs], out, dtype))


@export.command()
@click.argument("runs", metavar="RUN...", nargs=-1, required=True, type=_PATH)
@click.option("--out", type=_PATH, required=True, help="The .gguf to write.")
@click.option("--rank", type=click.IntRange(1, 1024), help="For a full fine-tune: directions kept.")
@click.option(
    "--type",
    "kind",
    type=click.Choice(["f16", "f32", "q8_0", "q5_0", "q4_0"]),
    default="f16",
    help="Fewer bits make room for more rank.",
)
def adapter(runs: tuple[Path, ...], out: Path, rank: int | None, kind: str) -> None:
    """Write what RUN changed as a small adapter, for `deescal models build`.

    Of several full fine-tunes of one base it is the mean of what they changed;
    one that is named twice counts twice.

    \b
    Example:
      deescal export adapter out/civilian --rank 224 --type q4_0 --out models/adapters/civilian.gguf
    """
    _require("torch", "transformers", "gguf")
    from export.adapter import export_adapter
    from export.run import read_run

    made = export_adapter([read_run(run) for run in runs], out, rank, kind)
    kept = f", {100 * made.kept:.1f} % of the squared change kept" if made.rank else ""
    click.echo(f"{made.path}  {made.bytes / 1e6:.1f} MB{kept}")


@export.command()
@click.argument("model", type=_PATH)
@click.option("--out", type=_PATH, required=True, help="The .gguf to write.")
@click.option("--type", "kind", type=click.Choice(["f16", "f32", "bf16", "q8_0"]), default="f16")
def convert(model: Path, out: Path, kind: str) -> None:
    """Convert MODEL, a merged model's folder, to GGUF with llama.cpp's own converter.

    \b
    Example:
      deescal export convert out/merged --out out/civilian-f16.gguf
    """
    _require("torch", "transformers", "gguf")
    from export.convert import convert as to_gguf

    made = to_gguf(model, out, kind)
    click.echo(f"{made}  {made.stat().st_size / 1e6:.1f} MB")


@export.command()
@click.argument("gguf", type=_PATH)
@click.option("--to", "kinds", multiple=True, required=True, help="Such as Q8_0; may be repeated.")
@click.option("--out", type=_PATH, help="Folder to write to; beside GGUF unless given.")
def quantize(gguf: Path, kinds: tuple[str, ...], out: Path | None) -> None:
    """Quantise GGUF (F16), each file named by what its tensors really became.

    \b
    Example:
      deescal export quantize out/civilian-f16.gguf --to Q8_0 --to Q4_K_M
    """
    from export.quantize import real_name
    from models.gguf_quantize import FILE_TYPES
    from models.gguf_quantize import quantize as to_fewer_bits

    for kind in kinds:
        if kind.upper() not in FILE_TYPES:
            raise BadExport(f"--to {kind}: expected one of {', '.join(FILE_TYPES)}")
    folder = out or gguf.parent
    folder.mkdir(parents=True, exist_ok=True)
    stem = _bare_stem(gguf)
    for kind in kinds:
        asked = kind.upper()
        made = to_fewer_bits(gguf, folder / f"{stem}-{asked}.gguf", asked)
        made = made.rename(folder / f"{stem}-{real_name(made, asked)}.gguf")
        click.echo(f"{made}  {made.stat().st_size / 1e6:.1f} MB")


@export.command()
@click.argument("gguf", type=_PATH)
@click.option("--hf", type=_PATH, help="The merged model's folder, to compare tokens and logits.")
@click.option("--run", type=_PATH, required=True, help="The training run, for its dev turns.")
@click.option(
    "--quantised", type=_PATH, multiple=True, help="Files; those beside GGUF unless given."
)
@click.option("--turns", type=click.IntRange(2, 1000), default=40, show_default=True)
@click.option("--max-tokens", type=click.IntRange(128, 8192), default=1536, show_default=True)
@click.option("--out", type=_PATH, help="Folder for verify.md, .json and .svg; beside GGUF.")
def verify(
    gguf: Path,
    hf: Path | None,
    run: Path,
    quantised: tuple[Path, ...],
    turns: int,
    max_tokens: int,
    out: Path | None,
) -> None:
    """Compare GGUF (F16) with the trained model, and each quantisation with GGUF.

    Fails where tokens or logits are not the same; quantisations are measured, for you to choose.

    \b
    Example:
      deescal export verify out/civilian-f16.gguf --hf out/merged --run out/civilian
    """
    from dataclasses import asdict

    from export import verify as checks
    from export.dev_turns import read_dev_turns
    from export.quantize import bytes_by_type
    from models.chat import chat_format
    from models.gguf_info import read_gguf, require_chat_model
    from models.scores import Scorer

    info = read_gguf(gguf)
    require_chat_model(info)
    files = list(quantised) or sorted(
        path for path in gguf.parent.glob(f"{_bare_stem(gguf)}-*.gguf") if path != gguf
    )
    report: dict[str, object] = {"reference": gguf.name, "metadata": _ours(info.metadata)}
    with Scorer(gguf, max_tokens) as scorer:
        form = chat_format(info.chat_template or "", *_bos_eos(gguf))
        dev = read_dev_turns(run / "dev.jsonl", form, scorer.tokenize, turns, max_tokens)
        if hf is not None:
            _require("torch", "transformers")
            tokens, logits = _same_model(hf, scorer, dev[:4])
            report |= {"tokens": asdict(tokens), "logits": asdict(logits)}
        truth = checks.reference(scorer, dev)
    rows = []
    for path in [gguf, *files]:
        name = path.stem.removeprefix(_bare_stem(gguf)).strip("-") or read_gguf(path).quantisation
        rows.append(
            checks.measure(path, name.upper() if path == gguf else name, dev, truth, max_tokens)
        )
        click.echo(f"measured {path.name}", err=True)
    report["quantisations"] = [row.as_dict() for row in rows]
    report["bytes_by_type"] = {path.name: bytes_by_type(path) for path in [gguf, *files]}
    report["replies"] = len(dev)
    folder = out or gguf.parent
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "verify.json").write_text(json.dumps(report, indent=1), encoding="utf-8")
    (folder / "verify.md").write_text(checks.table(rows), encoding="utf-8")
    checks.plot(rows, folder / "verify.svg")
    click.echo(checks.table(rows))


def _same_model(hf: Path, scorer: Scorer, dev: list[DevTurn]) -> tuple[TokenParity, LogitsParity]:
    """Token and logits parity, told; ExportError where they do not hold."""
    import transformers
    from transformers import AutoModelForCausalLM, AutoTokenizer

    from export import verify as checks

    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    if not (hf / "config.json").is_file():
        raise BadExport(f"{hf}: has no config.json; give the folder of `deescal export merge`")
    tokenizer = AutoTokenizer.from_pretrained(str(hf))
    tokens = checks.token_parity(tokenizer, scorer, checks.probe_strings(300))
    click.echo(
        f"tokens   {tokens.strings - len(tokens.different)} of {tokens.strings} strings alike"
    )
    if tokens.different:
        raise ExportError(f"the GGUF cuts text differently, first: {tokens.different[0]!r}")
    model = AutoModelForCausalLM.from_pretrained(str(hf), dtype="float32")
    logits = checks.logits_parity(model, scorer, dev)
    click.echo(
        f"logits   mean KL {logits.mean_kl:.2e}, largest difference {logits.worst_difference:.3f}, same "
        f"top token {100 * logits.same_top:.2f} % of {logits.positions}"
    )
    if logits.mean_kl > 0.005 or logits.same_top < 0.97:
        raise ExportError("the GGUF does not think what the trained model thinks; do not ship it")
    return tokens, logits


def _bos_eos(gguf: Path) -> tuple[str, str]:
    """The texts of the tokens that begin and end, where the model wants them."""
    from models.gguf_edit import open_gguf

    reader = open_gguf(gguf)

    def text(name: str) -> str:
        field = reader.get_field(f"tokenizer.ggml.{name}_token_id")
        if field is None:
            return ""
        return str(reader.get_field("tokenizer.ggml.tokens").contents(int(field.contents())))

    add = reader.get_field("tokenizer.ggml.add_bos_token")
    return (text("bos") if add is not None and add.contents() else ""), text("eos")


def _bare_stem(gguf: Path) -> str:
    stem = gguf.stem
    for ending in ("-f16", "-F16", "-f32", "-bf16"):
        stem = stem.removesuffix(ending)
    return stem


def _ours(metadata: dict[str, object]) -> dict[str, object]:
    return {k: v for k, v in metadata.items() if k.startswith(("deescal.", "general."))}


def _require(*packages: str) -> None:
    import importlib.util

    for package in packages:
        if importlib.util.find_spec(package) is None:
            raise ExportError(
                f"this needs {package}, which is not installed: "
                f"{sys.executable} -m pip install 'deescalwild-simulator[train]'"
            )
