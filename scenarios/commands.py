"""`deescal scenarios`: list, show, choose, validate, write, lint and print scenarios."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from models.errors import BadInput
from scenarios.commands_writing import dialogues_of, export, lint, new, schema, validate
from scenarios.draft_command import draft
from scenarios.printing import console, print_json

if TYPE_CHECKING:
    from scenarios.loader import Loaded
    from scenarios.picking import Wish

_Command = TypeVar("_Command", bound=Callable[..., Any])


@click.group()
def scenarios() -> None:
    """List, show, choose, validate, write and print scenarios.

    \b
    Examples:
      deescal scenarios list --difficulty 1-2 --minutes 12
      deescal scenarios show eviction-morning
      deescal scenarios new dog-in-the-park
    """


for _command in (validate, schema, new, draft, export, lint):
    scenarios.add_command(_command)


def _filters(command: _Command) -> _Command:
    """The options that say which scenarios are meant."""
    for option in (
        click.argument("words", nargs=-1),
        click.option("--category", "-c", "categories", multiple=True, help="Such as traffic."),
        click.option("--difficulty", "-d", default="1-5", help="A level 1 to 5, or a range 1-3."),
        click.option(
            "--skill", "-s", "skills", multiple=True, help="Trains this; may be repeated."
        ),
        click.option("--minutes", "-m", type=click.IntRange(min=1), help="Takes no longer."),
        click.option("--content", help="No stronger language than mild, moderate or strong."),
        click.option("--without", multiple=True, help="No warning of this, such as suicide."),
        click.option("--no-warnings", is_flag=True, help="Leave out those with a content warning."),
    ):
        command = option(command)
    return command


def _wish(
    words: tuple[str, ...],
    categories: tuple[str, ...],
    difficulty: str,
    skills: tuple[str, ...],
    minutes: int | None,
    content: str | None,
    without: tuple[str, ...],
    no_warnings: bool,
) -> Wish:
    from scenarios import picking

    for category in categories:
        if category not in picking.CATEGORIES:
            known = ", ".join(picking.CATEGORIES)
            raise BadInput(f"--category {category}: expected one of {known}")
    if content is not None and content not in picking.CONTENT_LEVELS:
        raise BadInput(f"--content {content}: expected mild, moderate or strong")
    return picking.Wish(
        " ".join(words),
        categories,
        picking.levels(difficulty),
        tuple(picking.behaviour(skill) for skill in skills),
        minutes,
        content,
        without,
        no_warnings,
    )


@scenarios.command("list")
@_filters
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def list_scenarios(as_json: bool, **asked: Any) -> None:
    """Which scenarios there are; WORDS search in all of their text.

    \b
    Examples:
      deescal scenarios list
      deescal scenarios list bridge
      deescal scenarios list --category traffic --difficulty 1-3 --without weapon
      deescal scenarios list --skill summary --minutes 12 --json
    """
    from scenarios.loader import all_scenarios
    from scenarios.picking import fitting

    found = fitting(all_scenarios(), _wish(**asked))
    if as_json:
        print_json([_row(loaded) for loaded in found])
    elif not found:
        click.echo("no scenario fits; ask for less")
    else:
        _print_table(found)


@scenarios.command()
@_filters
@click.option("--seed", type=int, help="The same seed gives the same scenario.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def surprise(seed: int | None, as_json: bool, **asked: Any) -> None:
    """One scenario by chance, among those that fit.

    \b
    Examples:
      deescal scenarios surprise
      deescal scenarios surprise --seed 7 --difficulty 1-2
    """
    from scenarios.loader import all_scenarios
    from scenarios.loader import surprise as drawn
    from scenarios.picking import fitting

    seed = secrets.randbelow(1_000_000) if seed is None else seed
    found = drawn(fitting(all_scenarios(), _wish(**asked)), seed)
    if as_json:
        print_json({**_row(found), "seed": seed})
        return
    click.echo(f"{found.id}  {found.scenario.title} (seed {seed})")
    click.echo(found.scenario.summary)
    click.echo(f"deescal play --scenario {found.id}")


@scenarios.command()
@click.option("--skills", "-s", help="Behaviour ids, with commas: what is weak.")
@click.option(
    "--counts",
    type=click.Path(path_type=Path, dir_okay=False),
    help="JSON: behaviour ids, or how often each was seen.",
)
@click.option("--most", type=click.IntRange(1, 50), default=5, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def suggest(skills: str | None, counts: Path | None, most: int, as_json: bool) -> None:
    """Scenarios that train what is weak; a fault asks for what to practise instead.

    \b
    Examples:
      deescal scenarios suggest --skills emotion_label,summary
      deescal scenarios suggest --counts counts.json     {"open_question": 4, "summary": 0, "threat": 2}
    """
    from scenarios import picking
    from scenarios.behaviours import BEHAVIOURS
    from scenarios.loader import all_scenarios

    if (skills is None) == (counts is None):
        raise BadInput("say what is weak: either --skills a,b or --counts FILE")
    if counts is not None:
        weights = picking.weak_skills(counts)
    else:
        weights = picking.wanted_skills([s for s in (skills or "").split(",") if s.strip()])
    found = picking.suggested(all_scenarios(), weights)[:most]
    if as_json:
        print_json([{**_row(row.loaded), "trains": list(row.trains)} for row in found])
        return
    for row in found:
        scenario = row.loaded.scenario
        names = ", ".join(BEHAVIOURS[skill].name.lower() for skill in row.trains)
        click.echo(f"{row.loaded.id}  {scenario.title}, difficulty {scenario.difficulty.level}")
        click.echo(f"    trains {names}")
    if not found:
        click.echo("no scenario trains these")


@scenarios.command()
@click.argument("scenario_id", metavar="ID")
@click.option("--dialogue", "-n", type=int, help="Show this example talk instead, from 1.")
@click.option("--json", "as_json", is_flag=True, help="The scenario and its dialogues as JSON.")
def show(scenario_id: str, dialogue: int | None, as_json: bool) -> None:
    """A scenario as a lesson plan. ID may also be a file or a folder.

    \b
    Examples:
      deescal scenarios show eviction-morning
      deescal scenarios show eviction-morning --dialogue 1
      deescal scenarios show ./my-scenario --json | jq .civilian
    """
    from scenarios.loader import load

    loaded = load(scenario_id)
    chosen = dialogues_of(loaded, dialogue)[0] if dialogue is not None else None
    if as_json:
        whole: dict[str, Any]
        if chosen is not None:
            whole = chosen.model_dump(mode="json")
        else:
            whole = loaded.scenario.model_dump(mode="json")
            whole["dialogues"] = [d.model_dump(mode="json") for d in loaded.dialogues]
        print_json(whole)
        return
    from scenarios.lesson import lesson
    from scenarios.lesson_terminal import print_dialogue, print_lesson

    if chosen is not None:
        print_dialogue(console(), loaded.scenario, chosen)
    else:
        print_lesson(console(), lesson(loaded))


def _row(loaded: Loaded) -> dict[str, Any]:
    scenario = loaded.scenario
    return {
        "id": loaded.id,
        "title": scenario.title,
        "summary": scenario.summary,
        "category": scenario.category,
        "difficulty": scenario.difficulty.level,
        "minutes": scenario.minutes,
        "skills": list(scenario.skills),
        "content": scenario.content.level,
        "warnings": list(scenario.content.warnings),
        "civilian": scenario.civilian.name,
        "age": scenario.civilian.age,
        "status": scenario.status,
        "tags": list(scenario.tags),
        "path": str(loaded.path),
    }


def _print_table(found: Sequence[Loaded]) -> None:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE, pad_edge=False)
    table.add_column("id", no_wrap=True)
    for name in ("category", "difficulty", "min", "language"):
        table.add_column(name, no_wrap=True, justify="right" if name == "min" else "left")
    table.add_column("what")
    for loaded in found:
        scenario = loaded.scenario
        warned = " !" if scenario.content.warnings else ""
        level = scenario.difficulty.level
        table.add_row(
            loaded.id,
            scenario.category.replace("_", " "),
            "●" * level + "○" * (5 - level),
            str(scenario.minutes),
            scenario.content.level + warned,
            scenario.summary,
        )
    screen = console(wide=150)
    screen.print(table)
    screen.print(f"{len(found)} scenarios; ! has a content warning (`show ID` says which)")
