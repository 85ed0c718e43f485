"""deescal bench generate | score."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from benchmark.commands_options import FOLDER, JSON, MODEL, THREADS
from benchmark.errors import BadBenchmarkInput

if TYPE_CHECKING:
    from benchmark.generate_prompts import DecodingName, Setting, SettingName
    from benchmark.generate_record import Mode
    from benchmark.generate_speakers import Speaker

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command()
@MODEL
@click.option("--adapter", type=_FILE, help="A LoRA adapter (GGUF) on top of --model.")
@click.option("--transformers", "hf", help="A folder or hub name for transformers, instead.")
@click.option(
    "--endpoint",
    help="http://host:port/v1 of an OpenAI-compatible server, instead; key in DEESCAL_ENDPOINT_KEY.",
)
@click.option("--endpoint-model", default="", help="Which of the server's models.")
@click.option(
    "--workload",
    default="library",
    show_default=True,
    help="'library' (its held-out scenarios), the folder of a published corpus, a run's dev.jsonl, or the folder of "
    "an earlier generation, to ask the same again.",
)
@click.option("--turns", type=click.IntRange(1, 100_000), default=400, show_default=True)
@click.option(
    "--setting",
    type=click.Choice(["paper", "fixed"]),
    default="fixed",
    show_default=True,
    help="paper: the authors' generic prompt and history. fixed: what play sends.",
)
@click.option(
    "--mode",
    type=click.Choice(["teacher-forced", "free-running"]),
    default="teacher-forced",
    show_default=True,
    help="After the real answers so far, or after the model's own.",
)
@click.option(
    "--history",
    type=click.Choice(["twice", "once"]),
    help="How often each earlier answer stands in the prompt.  [default: twice in paper, once in fixed]",
)
@click.option(
    "--decoding",
    type=click.Choice(["paper", "play"]),
    default="paper",
    show_default=True,
    help="paper: T 0.6, top-p 0.9, top-k 50, repetition 1.05, 128 tokens. play: as play draws.",
)
@click.option("--temperature", type=click.FloatRange(0, 5), help="Instead of the decoding's own.")
@click.option("--top-p", type=click.FloatRange(0, 1, min_open=True), help="Likewise.")
@click.option("--max-tokens", type=click.IntRange(1, 4096), help="Likewise.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
@THREADS
@click.option(
    "--recipe",
    default="smollm2-135m-full",
    show_default=True,
    help="The recipe that says which scenarios are held out.",
)
@click.option("--out", type=FOLDER, help="Folder of the replies.  [default: bench/replies/…]")
def generate(
    model: str,
    adapter: Path | None,
    hf: str | None,
    endpoint: str | None,
    endpoint_model: str,
    workload: str,
    turns: int,
    setting: SettingName,
    mode: Mode,
    history: str | None,
    decoding: DecodingName,
    temperature: float | None,
    top_p: float | None,
    max_tokens: int | None,
    seed: int,
    threads: int,
    recipe: str,
    out: Path | None,
) -> None:
    """Let a model answer as the civilian, turn by turn, and keep what it says for `bench score`.

    Stopped or killed, the same command goes on where it was. Prints the folder.

    \b
    Examples:
      deescal bench generate --workload corpus/published --setting paper
      deescal bench generate --model out/civilian-q8_0.gguf --workload library
      deescal bench generate --endpoint http://localhost:8080/v1 --endpoint-model gemini-2.5-flash
    """
    from dataclasses import replace
    from functools import partial

    from benchmark.generate import Plan, folder_name
    from benchmark.generate import generate as run
    from benchmark.generate_progress import steps
    from benchmark.generate_prompts import DECODINGS
    from benchmark.generate_workload import dialogues
    from models.places import data_dir

    draw = DECODINGS[decoding]
    if temperature is not None:
        draw = replace(draw, temperature=temperature)
    if top_p is not None:
        draw = replace(draw, top_p=top_p)
    if max_tokens is not None:
        draw = replace(draw, max_tokens=max_tokens)
    plan = Plan(_setting(setting, history), mode, draw, seed)
    asked = dialogues(workload, turns, recipe)
    speaker = _speaker(model, adapter, hf, endpoint, endpoint_model, threads)
    folder = out or data_dir() / "bench" / "replies" / folder_name(speaker, asked, plan)
    total = len(asked.asked)
    try:
        found = run(speaker, asked, plan, folder, partial(steps, f"{speaker.model.id} {setting}"))
    except KeyboardInterrupt:
        click.echo(
            f"stopped; what was answered is kept in {folder}, the same command goes on", err=True
        )
        raise
    finally:
        speaker.close()
    if found.errors:
        first = found.errors[0].error
        click.echo(f"{len(found.errors)} of {total} failed (first: {first})", err=True)
    click.echo(folder)


def _setting(name: SettingName, history: str | None) -> Setting:
    from dataclasses import replace

    from benchmark.generate_prompts import SETTINGS

    setting = SETTINGS[name]
    return replace(setting, repeated=history == "twice") if history else setting


def _speaker(
    model: str,
    adapter: Path | None,
    hf: str | None,
    endpoint: str | None,
    endpoint_model: str,
    threads: int,
) -> Speaker:
    if hf and endpoint:
        raise BadBenchmarkInput("give one of --transformers and --endpoint, not both")
    if adapter and (hf or endpoint):
        raise BadBenchmarkInput("--adapter goes with a GGUF only")
    if endpoint:
        from benchmark.generate_endpoint import EndpointSpeaker

        key = os.environ.get("DEESCAL_ENDPOINT_KEY", "")
        return EndpointSpeaker(endpoint, endpoint_model, key)
    if hf:
        from benchmark.generate_transformers import TransformersSpeaker

        return TransformersSpeaker(hf)
    from benchmark.generate_speakers import GgufSpeaker
    from models.fetch import model_path

    if adapter and not adapter.is_file():
        raise BadBenchmarkInput(f"{adapter}: there is no such adapter")
    return GgufSpeaker(model_path(model), adapter, threads)


@click.command()
@click.argument("generated", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--bertscore",
    default="minilm",
    show_default=True,
    metavar="WEIGHTS",
    help="minilm (float32, needs torch), embedder (int8, does not), roberta-large, a folder, or none.",
)
@click.option(
    "--wordnet", type=FOLDER, help="Folder of a WordNet database.  [default: NLTK's, Debian's]"
)
@click.option(
    "--verify", type=_FILE, help="verify.json of `export verify`: adds KL to F16, same top token."
)
@click.option("--out", type=FOLDER, help="Folder of the run files.  [default: bench/]")
@JSON
def score(
    generated: tuple[Path, ...],
    bertscore: str,
    wordnet: Path | None,
    verify: Path | None,
    out: Path | None,
    as_json: bool,
) -> None:
    """Score what GENERATED folders of `bench generate` hold; several are compared with the first, turn by turn.

    A run file of an earlier score may stand in the place of a folder. Asks no model anything.

    \b
    Examples:
      deescal bench score bench/replies/base
      deescal bench score bench/replies/base bench/replies/tuned
      deescal bench score runs/score-….json runs/score-….json --json
    """
    import json

    from benchmark.commands import progress_bar
    from benchmark.generate_record import read_generation
    from benchmark.runfile import read_run, write_run
    from benchmark.score import Options
    from benchmark.score import score as score_one
    from benchmark.score_paired import paired, refuse_unlike
    from benchmark.score_table import show_paired, show_score
    from benchmark.table import console_for_tables, flat
    from models.places import data_dir

    options = Options(bertscore, wordnet, verify)
    folders = {path: read_generation(path) for path in generated if path.is_dir()}
    for one in list(folders.values())[1:]:
        refuse_unlike(next(iter(folders.values())).manifest, one.manifest)
    runs = []
    for path in generated:
        if path in folders:
            with progress_bar(as_json) as progress:
                run = score_one(folders[path], options, progress)
            runs.append((write_run(out or data_dir() / "bench", run), run))
        else:
            runs.append((path, read_run(path)))
    (_, first), *others = runs
    compared = [(run, paired(first, run)) for _, run in others]
    if as_json:
        said = [{"settings": run.settings, **flat(run, path)} for path, run in runs]
        found = [[row.as_dict() for row in rows] for _, rows in compared]
        click.echo(json.dumps({"scores": said, "paired_with_first": found}, indent=1))
        return
    console = console_for_tables()
    for path, run in runs:
        show_score(run, console)
        console.print(f"Run file: {path}", highlight=False, soft_wrap=True)
    for run, rows in compared:
        show_paired(first, run, rows, console)
