"""`deescal scenarios` for who writes them: validate, schema, new, export, lint."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from models.errors import BadInput
from scenarios.printing import console, print_json

if TYPE_CHECKING:
    from scenarios.loader import Loaded
    from scenarios.schema import Dialogue


@click.command()
@click.argument("files", nargs=-1, type=click.Path(path_type=Path), metavar="[FILE|ID]...")
def validate(files: tuple[Path, ...]) -> None:
    """Whether scenario and dialogue files hold; each problem in a line: file, line, field, what.

    Without a FILE, the whole library and your own scenarios. A folder means its scenario and its
    dialogues. A dialogue is also held against the scenario it stands in. Exit 2 with problems.

    \b
    Examples:
      deescal scenarios validate
      deescal scenarios validate my-scenario/scenario.yaml my-scenario/dialogues/1-trained-upset.yaml
    """
    from scenarios.checking import files_of, wrong_in

    checked = [path for given in (files or (None,)) for path in files_of(given)]
    wrong = [line for path in checked for line in wrong_in(path)]
    for line in wrong:
        click.echo(line)
    if wrong:
        raise BadInput(f"{len(wrong)} problem{'s' * (len(wrong) > 1)} in {len(checked)} files")
    click.echo(f"{len(checked)} file{'s' * (len(checked) != 1)}: all hold")


@click.command()
@click.option("--dialogue", is_flag=True, help="Of a dialogue instead of a scenario.")
def schema(dialogue: bool) -> None:
    """Print the JSON Schema of a scenario, for an editor that completes and checks as you type.

    \b
    Example:
      deescal scenarios schema > scenario.schema.json
    """
    from scenarios.schema import Dialogue, Scenario

    model = Dialogue if dialogue else Scenario
    whole = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **model.model_json_schema(),
    }
    print_json(whole)


@click.command()
@click.argument("scenario_id", metavar="ID")
@click.option("--title", help="The title; made from ID otherwise.")
def new(scenario_id: str, title: str | None) -> None:
    """Write a new scenario to work on, with comments, into your own library on this device.

    It is valid as written, so that you can play it and change one thing after another.

    \b
    Example:
      deescal scenarios new dog-in-the-park --title "A dog in the park"
    """
    from scenarios.writing import new_scenario

    folder = new_scenario(scenario_id, title)
    click.echo(folder / "scenario.yaml")
    click.echo(folder / "dialogues" / "1-trained-upset.yaml")


@click.command()
@click.argument("scenario_id", metavar="ID")
@click.option("--format", "kind", type=click.Choice(["html", "pdf"]), default="html")
@click.option("--out", type=click.Path(path_type=Path), help="ID.html or ID.pdf here otherwise.")
@click.option("--dialogue", "-n", type=int, multiple=True, help="Add this example talk, from 1.")
@click.option("--all-dialogues", is_flag=True, help="Add every example talk.")
@click.option(
    "--font",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A TrueType font for the PDF, where the built-in one lacks letters.",
)
def export(
    scenario_id: str,
    kind: str,
    out: Path | None,
    dialogue: tuple[int, ...],
    all_dialogues: bool,
    font: Path | None,
) -> None:
    """Print the lesson plan for the instructor: one HTML file, or a PDF.

    \b
    Examples:
      deescal scenarios export eviction-morning --format pdf
      deescal scenarios export eviction-morning --dialogue 1 --out plans/eviction.html
    """
    from scenarios.lesson_pages import lesson_html, lesson_pdf
    from scenarios.loader import load
    from scenarios.whole_file import write_whole

    loaded = load(scenario_id)
    added = loaded.dialogues if all_dialogues else dialogues_of(loaded, *dialogue)
    pdf = kind == "pdf"
    page = lesson_pdf(loaded, added, font) if pdf else lesson_html(loaded, added).encode()
    path = out or Path(f"{loaded.id}.{kind}")
    if path.is_dir():
        path = path / f"{loaded.id}.{kind}"
    write_whole(path, page)
    click.echo(path)


@click.command()
@click.argument("ids", nargs=-1, metavar="[ID]...")
@click.option("--json", "as_json", is_flag=True, help="Everything, as JSON.")
@click.option("--notes", is_flag=True, help="Also what is not wrong but worth a look.")
@click.option(
    "--corpus",
    type=click.Path(path_type=Path),
    help="Transcripts that nothing may be copied from: a folder or an archive.",
)
@click.option(
    "--corpus-turns",
    type=click.Path(path_type=Path),
    help="Compare with these instead: chat/train.jsonl or turns.parquet of a published corpus.",
)
@click.option(
    "--keep-corpus-statistics",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the numbers of --corpus-turns here, without a word of it.",
)
@click.option(
    "--plot", type=click.Path(path_type=Path), help="Lengths and commonest replies, as an SVG."
)
@click.pass_context
def lint(
    context: click.Context,
    ids: tuple[str, ...],
    as_json: bool,
    notes: bool,
    corpus: Path | None,
    corpus_turns: Path | None,
    keep_corpus_statistics: Path | None,
    plot: Path | None,
) -> None:
    """Check the library by machine: what must be mended, and how it is balanced. Exit 1 with problems.

    \b
    Examples:
      deescal scenarios lint
      deescal scenarios lint eviction-morning --notes
      deescal scenarios lint --json --plot replies.svg
      deescal scenarios lint --corpus deescalwild/raw.tar.gz
    """
    from scenarios import statistics
    from scenarios.chart import reply_chart
    from scenarios.lint import lint as checked
    from scenarios.loader import scenario_paths
    from scenarios.whole_file import write_whole

    if plot is not None and plot.suffix.lower() != ".svg":
        raise BadInput(f"--plot {plot}: expected a name that ends in .svg")
    beside, theirs = None, []
    if corpus_turns is not None:
        said = statistics.corpus_replies(corpus_turns)
        beside, theirs = statistics.reply_statistics(said), statistics.commonest(said)
    if keep_corpus_statistics is not None:
        if beside is None:
            raise BadInput("--keep-corpus-statistics needs --corpus-turns FILE to count")
        statistics.write_corpus_statistics(beside, keep_corpus_statistics)
    known = scenario_paths()
    paths = [_scenario_file(name, known) for name in ids] or list(known.values())
    found = checked(paths, corpus, beside)
    if plot is not None and found.replies is not None:
        page = reply_chart(found.replies, found.corpus, found.commonest, theirs)
        write_whole(plot, page.encode())
    if as_json:
        print_json(found.as_json())
    else:
        from scenarios.lint_terminal import print_lint

        print_lint(console(), found, notes)
    context.exit(0 if found.clean else 1)


def _scenario_file(name: str, known: dict[str, Path]) -> Path:
    """The file that an id, a folder or a path means, whether it holds or not."""
    from scenarios.loader import load

    for path in (Path(name) / "scenario.yaml", Path(name)):
        if name not in known and path.is_file():
            return path
    return known[name] if name in known else load(name).path


def dialogues_of(loaded: Loaded, *numbers: int) -> Sequence[Dialogue]:
    """Example talks by their number from 1. Raises BadInput where there is none such."""
    for number in numbers:
        if not 1 <= number <= len(loaded.dialogues):
            there = f"1 to {len(loaded.dialogues)}" if loaded.dialogues else "none"
            raise BadInput(f"{loaded.id} has no dialogue {number}; there are {there}")
    return [loaded.dialogues[number - 1] for number in numbers]
