"""deescal bench judge | human pack | human rate | human import."""

from __future__ import annotations

import json
import os
from pathlib import Path

import click

from benchmark.commands_options import FOLDER, JSON, OUT


@click.command()
@click.argument("generated", type=FOLDER)
@click.option(
    "--judge",
    "judges",
    multiple=True,
    required=True,
    help="A model id, a .gguf file, or http://host:port/v1#MODEL; give two of different families.",
)
@click.option(
    "--against", type=FOLDER, help="Another generation: which is more real, order swapped."
)
@click.option(
    "--turns", type=click.IntRange(1, 60), default=8, show_default=True, help="Of a dialogue."
)
@click.option("--dialogues", type=click.IntRange(1, 10_000), default=40, show_default=True)
@OUT
@JSON
def judge(
    generated: Path,
    judges: tuple[str, ...],
    against: Path | None,
    turns: int,
    dialogues: int,
    out: Path | None,
    as_json: bool,
) -> None:
    """Models rate the dialogues of a free-running generation: realism, de-escalation, itemised.

    Points are added up here, not by the judge; real dialogues are rated beside them; answers are
    kept, so a stopped run goes on. The key of a server is taken from DEESCAL_ENDPOINT_KEY.

    \b
    Examples:
      deescal bench judge replies/tuned --judge qwen2.5-0.5b-instruct-q4_k_m --judge http://localhost:8080/v1#large
      deescal bench judge replies/tuned --judge a.gguf --against replies/base
    """
    from benchmark.commands import progress_bar
    from benchmark.generate_record import read_generation
    from benchmark.judge import JudgeSpec
    from benchmark.judge_run import bench_judge
    from benchmark.runfile import write_run
    from benchmark.table import console_for_tables, flat, show
    from models.places import cache_dir, data_dir

    generation = read_generation(generated)
    other = read_generation(against) if against else None
    key = os.environ.get("DEESCAL_ENDPOINT_KEY", "")
    cache = cache_dir() / "judged"
    with progress_bar(as_json) as progress:
        run = bench_judge(
            generation,
            [JudgeSpec(j) for j in judges],
            other,
            cache,
            key,
            turns,
            dialogues,
            progress,
        )
    path = write_run(out or data_dir() / "bench", run)
    if as_json:
        click.echo(json.dumps(flat(run, path), indent=1))
    else:
        show(run, path, console_for_tables())


@click.group()
def human() -> None:
    """Blind ratings by people: make a pack, rate it here or in a browser, bring the ratings in.

    \b
    Examples:
      deescal bench human pack replies/tuned --out pack/ --key key.json
      deescal bench human rate pack/ --rater kim
      deescal bench human import pack/ --key key.json ratings-*.json
    """


@human.command()
@click.argument("generated", nargs=-1, required=True, type=FOLDER)
@click.option("--items", type=click.IntRange(2, 1000), default=40, show_default=True)
@click.option("--seed", type=int, default=1, show_default=True)
@click.option("--title", default="How real does it sound?", show_default=True)
@click.option("--out", required=True, type=FOLDER, help="Folder to hand to the raters.")
@click.option(
    "--key",
    "key_path",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="Which is which; not in that folder.",
)
def pack(
    generated: tuple[Path, ...], items: int, seed: int, title: str, out: Path, key_path: Path
) -> None:
    """A pack of real and generated replies, mixed, and the key apart from it.

    \b
    Example:
      deescal bench human pack replies/base replies/tuned --items 60 --out pack/ --key key.json
    """
    from benchmark.generate_record import read_generation
    from benchmark.human_pack import make_pack, write_pack

    made, key = make_pack([read_generation(folder) for folder in generated], items, seed, title)
    for path in write_pack(made, key, out, key_path):
        click.echo(path)


@human.command()
@click.argument("folder", type=FOLDER)
@click.option("--rater", required=True, help="A name or a sign for one.")
@click.option(
    "--ratings",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The file of the ratings.  [default: ratings-RATER.json in FOLDER]",
)
def rate(folder: Path, rater: str, ratings: Path | None) -> None:
    """Rate a pack in the terminal; stop at any time, the same command goes on. form.html is the same in a browser.

    \b
    Example:
      deescal bench human rate pack/ --rater kim
    """
    from benchmark.human_pack import read_pack
    from benchmark.human_rate import rate_in_terminal, ratings_name

    made = read_pack(folder)
    path = ratings or folder / ratings_name(rater)
    done = rate_in_terminal(made, rater, path)
    click.echo(f"{done} of {len(made.items)} rated, in {path}")


@human.command("import")
@click.argument("folder", type=FOLDER)
@click.argument("ratings", nargs=-1, required=True, type=click.Path(path_type=Path, dir_okay=False))
@click.option("--key", "key_path", required=True, type=click.Path(path_type=Path, dir_okay=False))
@OUT
@JSON
def import_(
    folder: Path, ratings: tuple[Path, ...], key_path: Path, out: Path | None, as_json: bool
) -> None:
    """Bring ratings in: realism with intervals, how often people were taken in, agreement of the raters.

    \b
    Example:
      deescal bench human import pack/ --key key.json pack/ratings-kim.json ratings-lee.json
    """
    from benchmark.human_pack import read_key, read_pack
    from benchmark.human_rate import read_ratings
    from benchmark.human_run import human_runs
    from benchmark.runfile import write_run
    from benchmark.table import console_for_tables, flat, show
    from models.places import data_dir

    made, key = read_pack(folder), read_key(key_path)
    runs = human_runs(made, key, [read_ratings(path, made) for path in ratings])
    paths = [write_run(out or data_dir() / "bench", run) for run in runs]
    if as_json:
        click.echo(json.dumps([flat(r, p) for r, p in zip(runs, paths, strict=True)], indent=1))
        return
    for run, path in zip(runs, paths, strict=True):
        show(run, path, console_for_tables())
