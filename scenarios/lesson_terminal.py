"""A lesson plan and a dialogue on the terminal."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from scenarios.lesson import Block, Lesson, dialogue_title
from scenarios.schema import Dialogue, Scenario


def print_lesson(console: Console, plan: Lesson) -> None:
    """The whole plan, in the order in which it is taught."""
    head = _rows([(f"{name}", words) for name, words in plan.facts])
    summary = Text(plan.summary, style="italic")
    console.print(Panel(Group(summary, Text(), head), title=Text(plan.title, style="bold")))
    for section in plan.sections:
        aside = "  (instructor)" if section.for_instructor else ""
        console.print(Rule(Text(section.title + aside, style="bold"), align="left"))
        for block in section.blocks:
            console.print(Group(*_block(block)))


def _block(block: Block) -> Iterator[RenderableType]:
    if block.heading:
        yield Text(block.heading, style="bold cyan")
    if block.kind == "rows":
        yield Padding(_rows(block.rows), (0, 0, 1, 2))
    elif block.kind == "points":
        yield Padding(_rows([("•", point) for point in block.points]), (0, 0, 1, 2))
    else:
        style = "italic" if block.kind == "quote" else ""
        yield Padding(Text(block.prose, style=style), (0, 0, 1, 2))


def _rows(rows: list[tuple[str, str]]) -> Table:
    """Names beside what is said of them; under each other where no name is given."""
    table = Table.grid(padding=(0, 2))
    if any(name for name, _ in rows):
        table.add_column(style="bold", max_width=24)
    table.add_column(overflow="fold")
    for name, words in rows:
        cells = [Text(name), Text(words)] if len(table.columns) == 2 else [Text(words)]
        table.add_row(*cells)
    return table


def print_dialogue(console: Console, scenario: Scenario, dialogue: Dialogue) -> None:
    """A dialogue as it is spoken, with behaviours and state beside it."""
    title = f"{scenario.title}: {dialogue_title(dialogue).lower()}"
    console.print(Rule(Text(title, style="bold"), align="left"))
    name = scenario.civilian.name.split()[0]
    table = Table.grid(padding=(0, 2), expand=True)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(ratio=3, overflow="fold")
    table.add_column(ratio=1, style="dim", min_width=18, overflow="fold")
    table.add_row(name, Text(dialogue.opening), "")
    for exchange in dialogue.exchanges:
        state = exchange.state
        does = ", ".join(exchange.does).replace("_", " ")
        table.add_row("Officer", Text(exchange.officer, style="cyan"), does)
        aside = f"agitation {state.agitation}, trust {state.trust}"
        if state.tells:
            aside += f", tells {', '.join(state.tells)}"
        table.add_row(name, Text(exchange.civilian), aside)
    console.print(table)
