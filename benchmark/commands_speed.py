"""deescal bench device | latency | dialogue."""

from __future__ import annotations

import json
from pathlib import Path

import click

from benchmark.commands_options import JSON, MODEL, OUT, THREADS


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Everything, as a run file would hold it.")
def device(as_json: bool) -> None:
    """What this machine is, in what state, with which builds, and how its energy can be read.

    \b
    Examples:
      deescal bench device
      deescal bench device --json
    """
    from benchmark.device import device as describe
    from benchmark.device import runtime

    found = {"device": describe(), "runtime": runtime()}
    if as_json:
        click.echo(json.dumps(found, indent=1))
        return
    from benchmark.table import show_device

    show_device(found["device"], found["runtime"])


def _numbers(context: click.Context, option: click.Parameter, text: str) -> tuple[int, ...]:
    try:
        found = tuple(int(part) for part in text.split(","))
    except ValueError:
        raise click.BadParameter(f"{text!r}: wanted whole numbers with commas between") from None
    if not all(0 <= number <= 4096 for number in found):
        raise click.BadParameter(f"{text!r}: wanted numbers from 0 to 4096")
    return found


def _flash(context: click.Context, option: click.Parameter, text: str) -> tuple[int, ...]:
    words = {"off": 0, "on": 1, "auto": -1}
    parts = text.split(",")
    if not set(parts) <= set(words):
        raise click.BadParameter(f"{text!r}: wanted off, on or auto, with commas between")
    return tuple(words[part] for part in parts)


_MODELS = click.option(
    "--model",
    "models",
    multiple=True,
    default=("civilian",),
    show_default=True,
    help="A model id or a .gguf file; may be given several times.",
)


@click.command()
@_MODELS
@click.option("--threads", default="0", callback=_numbers, help="1,2,4  [default: as `play` takes]")
@click.option(
    "--batch",
    "slices",
    default="0",
    callback=_numbers,
    help="Tokens computed at once: 64,128,512  [default: as `play` takes]",
)
@click.option("--flash", default="auto", callback=_flash, help="off,on,auto: flash attention")
@click.option("--gpu-layers", type=click.IntRange(0, 1000), default=0, show_default=True)
@click.option("--n-ctx", type=click.IntRange(256, 131072), default=4096, show_default=True)
@click.option(
    "--shape",
    "shapes",
    multiple=True,
    help="llama-bench's: pp512, tg32@d1024, pg512+32; several times.  [default: the workload's]",
)
@click.option(
    "--seconds",
    type=click.FloatRange(0.1, 3600),
    default=30.0,
    show_default=True,
    help="For the shapes of one cell; fewer where the figures are narrow before.",
)
@click.option("--again", is_flag=True, help="Measure also what has a run file in the folder.")
@click.option(
    "--import",
    "llama_bench",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Instead of measuring: make run files of what `llama-bench -o json` (or jsonl) wrote.",
)
@OUT
@JSON
def latency(
    models: tuple[str, ...],
    threads: tuple[int, ...],
    slices: tuple[int, ...],
    flash: tuple[int, ...],
    gpu_layers: int,
    n_ctx: int,
    shapes: tuple[str, ...],
    seconds: float,
    again: bool,
    llama_bench: Path | None,
    out: Path | None,
    as_json: bool,
) -> None:
    """First token cold and warm, prefill and decode by depth, jitter, memory, tokens per joule.

    Over every combination of models, threads, batch and flash attention: one run file each. A
    combination that has its run file already is not measured again, so a run that was stopped is
    gone on with by the same command.

    \b
    Examples:
      deescal bench latency
      deescal bench latency --model a-Q4_0.gguf --model a-Q8_0.gguf --threads 1,2 --out runs/
      deescal bench latency --shape pp512 --shape tg128@d1024 --seconds 120
      llama-bench -m a.gguf -o json > them.json; deescal bench latency --import them.json --out runs/
    """
    from benchmark.commands import progress_bar
    from benchmark.latency import Grid, bench_latency
    from benchmark.table import console_for_tables, flat, show
    from models.places import data_dir

    folder = out or data_dir() / "bench"
    if llama_bench is not None:
        from benchmark.llama_bench import import_llama_bench

        for path in import_llama_bench(llama_bench, folder):
            click.echo(path)
        return
    grid = Grid(models, threads, slices, flash, gpu_layers, n_ctx, seconds, shapes)
    said = []
    with progress_bar(as_json) as progress:
        for done in bench_latency(grid, folder, again, progress):
            if as_json:
                said.append({**flat(done.run, done.path), "new": done.new})
            elif done.new:
                show(done.run, done.path, console_for_tables())
            else:
                click.echo(f"{done.path}: there already, not measured again (--again does)")
    if as_json:
        click.echo(json.dumps(said, indent=1))


@click.command()
@MODEL
@THREADS
@click.option(
    "--turns",
    type=click.IntRange(0, 24),
    default=0,
    help="Officer's lines of each conversation.  [default: the workload's]",
)
@OUT
@JSON
def dialogue(model: str, threads: int, turns: int, out: Path | None, as_json: bool) -> None:
    """Authored conversations replayed turn by turn as `play` has them: time to the reply, cache, memory.

    \b
    Example:
      deescal bench dialogue --json --out runs/
    """
    from benchmark.commands import progress_bar
    from benchmark.dialogue import bench_dialogue
    from benchmark.runfile import write_run
    from benchmark.table import console_for_tables, flat, show
    from models.engine import EngineSettings
    from models.places import data_dir

    with progress_bar(as_json) as progress:
        run = bench_dialogue(model, EngineSettings(threads=threads), progress, turns)
    path = write_run(out or data_dir() / "bench", run)
    if as_json:
        click.echo(json.dumps(flat(run, path), indent=1))
    else:
        show(run, path, console_for_tables())
