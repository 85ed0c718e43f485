"""Ratings of a pack: given in the terminal, read from files; one rater, one file, kept after every answer."""

from __future__ import annotations

import os
import re
from pathlib import Path

import click
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from benchmark.errors import BadBenchmarkInput, BenchmarkError
from benchmark.human_pack import Pack


class Rating(BaseModel):
    """realism 0-100; real: taken for a real person's words."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    item: str
    realism: int = Field(ge=0, le=100)
    real: bool
    comment: str = ""


class Ratings(BaseModel):
    """What one rater said of one pack."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    schema_version: int = 1
    pack: str
    rater: str = Field(min_length=1, max_length=80)
    ratings: list[Rating]


def read_ratings(path: Path, pack: Pack) -> Ratings:
    """Raises BadBenchmarkInput for ratings of another pack, an unknown or doubled item, a number out of range."""
    try:
        found = Ratings.model_validate_json(path.read_text(encoding="utf-8"))
    except OSError as problem:
        raise BadBenchmarkInput(f"{path}: cannot be read ({problem.strerror})") from None
    except ValidationError as problem:
        first = problem.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        raise BadBenchmarkInput(f"{path}: no ratings: {where}: {first['msg']}") from None
    if found.pack != pack.id:
        raise BadBenchmarkInput(
            f"{path}: ratings of another pack ({found.pack}, this is {pack.id})"
        )
    known = {item.id for item in pack.items}
    seen: set[str] = set()
    for rating in found.ratings:
        if rating.item not in known:
            raise BadBenchmarkInput(f"{path}: the pack has no item {rating.item!r}")
        if rating.item in seen:
            raise BadBenchmarkInput(f"{path}: the item {rating.item!r} is rated twice")
        seen.add(rating.item)
    return found


def rate_in_terminal(pack: Pack, rater: str, path: Path) -> int:
    """Ask about every item not rated yet; returns how many are rated. `q` stops, `b` goes back one.

    Every answer is on the disk before the next question.
    """
    there = (
        read_ratings(path, pack)
        if path.exists()
        else Ratings(pack=pack.id, rater=rater, ratings=[])
    )
    if there.rater != rater:
        raise BadBenchmarkInput(f"{path}: are the ratings of {there.rater}, not of {rater}")
    rated = {rating.item: rating for rating in there.ratings}
    at = next((n for n, item in enumerate(pack.items) if item.id not in rated), len(pack.items))
    while at < len(pack.items):
        item = pack.items[at]
        click.echo(f"\n--- {at + 1} of {len(pack.items)} ---")
        for line in item.context:
            click.echo(f"{line.who:>8}: {line.text}")
        click.secho(f"Civilian: {item.reply}", bold=True)
        answer = _realism()
        if answer == "q":
            break
        if answer == "b":
            at = max(0, at - 1)
            continue
        real = click.prompt(
            "Said by a real person? (y/n)", type=click.Choice(["y", "n"]), show_choices=False
        )
        comment = click.prompt("Comment", default="", show_default=False)
        rated[item.id] = Rating(
            item=item.id, realism=int(answer), real=real == "y", comment=comment.strip()
        )
        _write(path, Ratings(pack=pack.id, rater=rater, ratings=list(rated.values())))
        at += 1
    return len(rated)


def ratings_name(rater: str) -> str:
    return f"ratings-{re.sub(r'[^A-Za-z0-9_-]+', '_', rater)}.json"


def _realism() -> str:
    while True:
        said: str = click.prompt(
            "How much like a real person in this situation, 0-100 (b back, q stop)", type=str
        ).strip()
        if said in ("q", "b") or (said.isdigit() and int(said) <= 100):
            return said
        click.echo("a whole number from 0 to 100, b or q")


def _write(path: Path, ratings: Ratings) -> None:
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(ratings.model_dump_json(indent=1) + "\n", encoding="utf-8")
        part.replace(path)
    except OSError as problem:
        raise BenchmarkError(f"{path}: cannot be written ({problem.strerror})") from None
    finally:
        part.unlink(missing_ok=True)
