"""The session in lines, for ssh and screen readers: no colours needed, nothing moves, one thing a
line.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

import click

from scenarios.loader import Loaded, load, scenario_paths
from scenarios.reactions import AS_WORDS
from scenarios.schema import BAND_NAMES
from simulator.cast import Cast, Choice, recorder
from simulator.events import (
    CivilianReacted,
    CivilianSpoke,
    EndingReached,
    Event,
    InjectHappened,
    Noticed,
    SessionStarted,
    TurnTimed,
)
from simulator.records import Records
from simulator.session import Session
from simulator.transcript import response_s

HELP = "Type what you say and press Enter. /silence says nothing, /state shows how it stands, /quit ends."


def pick() -> Loaded:
    """Ask which scenario, by number or id."""
    loaded = [load(path) for path in scenario_paths().values()]
    for number, each in enumerate(loaded, start=1):
        s = each.scenario
        click.echo(
            f"{number:3d}. {s.title} ({s.category}, difficulty {s.difficulty.level}, {s.minutes} min)"
        )
    while True:
        answer = click.prompt("Which one (number or id)", type=str).strip()
        if answer.isdigit() and 1 <= int(answer) <= len(loaded):
            return loaded[int(answer) - 1]
        found = [each for each in loaded if each.id == answer]
        if found:
            return found[0]
        click.echo(f"Not a number from 1 to {len(loaded)}, nor an id.")


def brief(loaded: Loaded) -> None:
    """The briefing, in lines."""
    s = loaded.scenario
    click.echo(f"\n{s.title}")
    for warning in s.content.warnings:
        click.echo(f"Content: {warning}")
    click.echo(f"Dispatch: {s.briefing.dispatch}")
    for known in s.briefing.officer_knows:
        click.echo(f"You know: {known}")
    for objective in s.briefing.objectives:
        click.echo(f"Objective: {objective}")
    click.echo(f"You see: {s.civilian.appearance}")
    click.echo(f"{HELP}\n")


def show(name: str) -> Callable[[Event], None]:
    """Prints the events that a trainee hears or sees. name: of the civilian."""

    def on_event(event: Event) -> None:
        if isinstance(event, CivilianReacted):
            click.echo(f"({name} {AS_WORDS[event.sound]}.)")
        elif isinstance(event, CivilianSpoke):
            click.echo(f"{name}: {event.text}")
        elif isinstance(event, InjectHappened):
            click.echo(f"({event.what})")
        elif isinstance(event, Noticed):
            click.echo(f"Note: {event.what}")
        elif isinstance(event, TurnTimed):
            answered = response_s(event)
            if answered is not None:
                click.echo(f"  [answered after {answered:.1f} s]")
        elif isinstance(event, EndingReached):
            click.echo(f"\n{BAND_NAMES[event.band]}: {event.outcome}")

    return on_event


def converse(session: Session) -> None:
    """Read lines until the session ends; end of input leaves it."""
    while not session.ended:
        click.echo("You: ", nl=False)
        line = sys.stdin.readline()
        if not line:
            session.leave()
            click.echo("")
            return
        words = line.strip()
        if words == "/quit":
            session.leave()
        elif words == "/state":
            click.echo(f"  agitation {session.agitation}, trust {session.trust} (0 to 100)")
        elif words in ("/help", "/?"):
            click.echo(HELP)
        elif words == "/silence":
            session.officer_says("")
        elif words:
            session.officer_says(words)


def play(cast: Cast, records: Records, choice: Choice) -> str:
    """A new session from briefing to ending; returns its id."""
    name = choice.loaded.scenario.civilian.name.split()[0]
    brief(choice.loaded)
    ids: list[str] = []

    def publish(event: Event) -> None:
        recorder(records, ids[0], show(name))(event)

    session, started = cast.session(choice, publish)
    ids.append(started.session_id)
    with records.hold(started.session_id):
        session.begin(started)
        converse(session)
    return started.session_id


def resume(cast: Cast, records: Records, session_id: str) -> str:
    """Go on with a session that was not ended; what was said is shown first."""
    events = records.events(session_id)
    started = events[0]
    assert isinstance(started, SessionStarted)
    loaded = load(started.scenario_id)
    name = loaded.scenario.civilian.name.split()[0]
    with records.hold(session_id):
        session = cast.session_again(started, loaded, recorder(records, session_id, show(name)))
        for event in events:
            if event.__class__.__name__ == "OfficerSpoke":
                click.echo(f"You: {getattr(event, 'text', '')}")
            elif isinstance(event, CivilianSpoke):
                click.echo(f"{name}: {event.text}")
        session.resume(events)
        converse(session)
    return session_id
