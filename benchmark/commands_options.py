"""Options that several of `deescal bench`'s commands have, alike."""

from __future__ import annotations

from pathlib import Path

import click

FOLDER = click.Path(path_type=Path, file_okay=False)
OUT = click.option(
    "--out",
    type=FOLDER,
    help="Folder for the run files.  [default: bench/ beside the sessions' record]",
)
JSON = click.option("--json", "as_json", is_flag=True, help="The figures as JSON on stdout.")
CHECK = click.option("--check", is_flag=True, help="Exit 1 where a threshold does not hold.")
MODEL = click.option(
    "--model", default="civilian", show_default=True, help="A model id or a .gguf file."
)
THREADS = click.option(
    "--threads", type=click.IntRange(0, 256), default=0, help="0: chosen for this machine."
)
