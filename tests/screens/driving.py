"""How the tests drive the program: wait, say, look."""

from __future__ import annotations

import time
from collections.abc import Callable

from textual.pilot import Pilot

from simulator.screens.briefing import BriefingScreen
from simulator.screens.officer_input import OfficerInput
from simulator.screens.session_screen import SessionScreen


async def until(pilot: Pilot[None], holds: Callable[[], object]) -> None:
    """Let the program run until it holds; a program that hangs fails the test, a slow machine does not."""
    began = time.monotonic()
    while not holds():
        screen = pilot.app.screen
        failed = isinstance(screen, SessionScreen) and screen.stage == "failed"
        assert not failed, screen_text(pilot)
        await pilot.pause(0.05)
        assert time.monotonic() - began < 600, screen_text(pilot)


async def begin(pilot: Pilot[None]) -> SessionScreen:
    """From the briefing into the session, as soon as it is the officer's turn."""
    app = pilot.app
    await until(pilot, lambda: isinstance(app.screen, BriefingScreen) and app.focused)
    await pilot.press("enter")
    await until(pilot, lambda: isinstance(app.screen, SessionScreen))
    session = app.screen
    assert isinstance(session, SessionScreen)
    await until(pilot, lambda: session.stage == "ready")
    return session


async def say(pilot: Pilot[None], screen: SessionScreen, words: str) -> None:
    """Type a line, press Enter, wait for the answer."""
    turn = screen.encounter._live().turn
    screen.query_one(OfficerInput).value = words
    await pilot.press("enter")
    await until(
        pilot,
        lambda: screen.encounter._live().turn > turn and screen.stage in ("ready", "ended"),
    )


def screen_text(pilot: Pilot[None]) -> str:
    """What stands on the screen."""
    strips = pilot.app.screen._compositor.render_strips()
    return "\n".join(strip.text.rstrip() for strip in strips)
