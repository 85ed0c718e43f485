"""How the commands of scenarios print: to a terminal in its width, to a file or a pipe in whole lines."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from rich.console import Console


def console(wide: int = 100) -> Console:
    """The terminal; `wide` is the width where there is none."""
    from rich.console import Console

    return Console(highlight=False) if sys.stdout.isatty() else Console(width=wide, highlight=False)


def print_json(whole: Any) -> None:
    click.echo(json.dumps(whole, indent=2, ensure_ascii=False))
