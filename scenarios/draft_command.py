"""`deescal scenarios draft`: a scenario to finish, from a real dialogue."""

from __future__ import annotations

import re
from pathlib import Path

import click

_ID = re.compile(r"[a-z0-9]+(?:[-_][a-z0-9]+)*")


@click.command()
@click.argument("transcript", type=click.Path(path_type=Path))
@click.option("--id", "id_", metavar="ID", help="Id of the new scenario; made up without it.")
@click.option(
    "--model",
    metavar="ID|FILE",
    help="A model that writes the prose: an id of `deescal models list`, or a GGUF. 3B or more is worth it.",
)
@click.option("--seed", default=0, show_default=True, help="Seed of the surrogate names.")
@click.option(
    "--out", metavar="DIR", type=click.Path(path_type=Path), help="Not into your own library."
)
def draft(
    transcript: Path, id_: str | None, model: str | None, seed: int, out: Path | None
) -> None:
    """A schema-valid draft from TRANSCRIPT (a transcript or a recording), with the dialogue as reference.

    Names are replaced. What the dialogue does not say is left for a person, or with --model written by a
    model on this device and marked for checking. A draft is not played for assessment.

    \b
    Examples:
      deescal scenarios draft stop.csv --id red-light-late
      deescal scenarios draft bodycam.mp4 --model qwen2.5-3b-instruct-q4_k_m
    """
    from models.fetch import model_path
    from scenarios.draft import drafted, write_draft
    from scenarios.draft_reading import read_dialogue
    from scenarios.errors import BadScenario
    from scenarios.unfinished import unfinished

    if id_ is not None and not (_ID.fullmatch(id_) and len(id_) <= 60):
        raise BadScenario(
            f"--id {id_}: lower-case letters and digits with - or _ between, 60 at most"
        )
    gguf = model_path(model) if model else None
    dialogue = read_dialogue(transcript, seed)
    data = drafted(dialogue, id_)
    written: dict[str, str] = {}
    if model and gguf:
        from scenarios.draft_model import fill

        with click.progressbar(length=len(list(unfinished(data))), label="writing") as bar:
            written = fill(data, dialogue, gguf, Path(model).name, lambda field: bar.update(1))
    path = write_draft(data, written, out)
    click.echo(
        f"{path}: {len(list(unfinished(data)))} fields to finish, {len(written)} written by a model to "
        "check; see its heading"
    )
