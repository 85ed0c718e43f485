"""The front door: mounts each package's `commands.py`, importing it only when it is called."""

from __future__ import annotations

import importlib
import os
import sys

# numpy's own threads spin for a while after every product and take the cores from the recogniser, the voice and
# llama.cpp, which bring their own: on two cores the civilian was heard 10 % later. Before numpy is imported.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import click

from models.errors import DeescalError

#: command -> (module, attribute, one line for `deescal --help`). The line stands here, not only in
#: the package, so that the help is printed without importing a package.
ROOMS: dict[str, tuple[str, str, str]] = {
    "play": (
        "simulator.commands",
        "play",
        "Talk with a civilian: pick, briefing, session, review.",
    ),
    "demo": (
        "simulator.commands",
        "demo",
        "The same with no hands: officer's lines from WAV or text.",
    ),
    "review": (
        "simulator.commands_review",
        "review",
        "Open, list and export after-action reviews.",
    ),
    "trial": (
        "simulator.trials.commands",
        "trial",
        "Try the civilian: moved by conduct, the same person, in role.",
    ),
    "doctor": (
        "simulator.commands",
        "doctor",
        "What works on this machine, and what to do about the rest.",
    ),
    "scenarios": ("scenarios.commands", "scenarios", "List, show, validate and write scenarios."),
    "corpus": (
        "scenarios.corpus.commands",
        "corpus",
        "Raw transcripts and recordings -> DeEscalWild.",
    ),
    "train": ("training.commands", "train", "Fine-tune a civilian by a recipe: rows -> adapter."),
    "export": ("export.commands", "export", "Merge, convert, quantise and verify a civilian."),
    "models": ("models.commands", "models", "List, pull, verify and remove models."),
    "bench": ("benchmark.commands", "bench", "Measure latency and quality on this machine."),
}


class FrontDoor(click.Group):
    """A click group whose sub-commands are imported on first use (click's lazy-loading pattern)."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(ROOMS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in ROOMS:
            return None
        module, attribute, _ = ROOMS[cmd_name]
        command = getattr(importlib.import_module(module), attribute)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, _, line) in ROOMS.items()])


@click.group(cls=FrontDoor, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="deescalwild-simulator", prog_name="deescal")
def front_door() -> None:
    """De-escalation training with a spoken civilian, on this device and without a network.

    \b
    Start here:
      deescal play                    pick a scenario and talk
      deescal play --plain            the same in lines, for ssh and screen readers
      deescal doctor                  what works on this machine
    """


def main() -> None:
    """Run the command line: a problem is one line on stderr; exit 2 for bad input, 1 for a
    failure.
    """
    try:
        code = front_door.main(standalone_mode=False)
        sys.exit(code if isinstance(code, int) else 0)
    except DeescalError as problem:
        click.echo(f"deescal: {problem}", err=True)
        sys.exit(problem.exit_code)
    except click.ClickException as problem:
        problem.show()
        sys.exit(problem.exit_code)
    except (KeyboardInterrupt, click.Abort):
        click.echo("deescal: stopped", err=True)
        sys.exit(130)
    except BrokenPipeError:  # `deescal scenarios list | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)


if __name__ == "__main__":
    main()
