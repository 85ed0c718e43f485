"""The review screen, driven by its keys."""

from pathlib import Path

import pytest
from textual.widgets import Input, OptionList

from scenarios.corpus.review.desk import Desk
from scenarios.corpus.review.screen import ReviewApp
from scenarios.corpus.review.trail import Trail
from scenarios.corpus.review.waiting import waiting
from scenarios.corpus.run import Run
from tests.corpus.review_run import made_run, say_otherwise


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return made_run(tmp_path)


def app_of(run: Run, rater: str = "anna") -> ReviewApp:
    return ReviewApp(Desk(run, waiting(run), rater))


async def test_accept_reject_and_undo(run: Run) -> None:
    app = app_of(run)
    first = app.desk.item.source
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("a")
        assert app.desk.item.source != first
        second = app.desk.item.source
        await pilot.press("r")
        assert {s: d.verdict for s, d in run.decisions().items()} == {
            first: "accept",
            second: "reject",
        }
        await pilot.press("z")
        assert app.desk.item.source == second
        assert set(run.decisions()) == {first}


async def test_a_role_is_fixed_for_the_speaker_under_the_cursor(run: Run) -> None:
    app = app_of(run)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("down")
        speaker = app.desk.transcript.turns[1].speaker
        await pilot.press("5")
        assert app.desk.role_of(speaker) == "narrator"
        assert app.query_one("#said", OptionList).highlighted == 1
        await pilot.press("5")  # the same again writes nothing
    assert [(a.action, a.label, a.role) for a in Trail(run.folder).acts()] == [
        ("role", speaker, "narrator")
    ]


async def test_keys_in_a_note_are_words_and_escape_leaves_it(run: Run) -> None:
    app = app_of(run)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("m", *"bar", "enter")
        assert app.desk.opinion.notes == ["bar"]
        await pilot.press("m", "a", "escape")
        assert app.query_one("#note", Input).value == ""
    assert [act.action for act in Trail(run.folder).acts()] == ["note"]


async def test_the_verdict_the_quotes_and_the_roles_are_shown(run: Run) -> None:
    app = app_of(run)
    async with app.run_test(size=(120, 60)) as pilot:
        await pilot.pause()
        svg = app.export_screenshot().replace("&#160;", " ")
        item = app.desk.item
        assert f"Proposed: {'accept' if item.accepted else 'reject'}" in svg
        assert app.desk.speakers()[0].label.split()[0] in svg
        await pilot.press("f")
        at = app.query_one("#said", OptionList).highlighted
        assert at is not None
        quotes = [q.strip("…") for group in item.features.values() for q in group.values() if q]
        assert any(quote in app.desk.transcript.turns[at].text for quote in quotes)


async def test_narrow_terminal_shows_the_proposal_on_demand(run: Run) -> None:
    app = app_of(run)
    async with app.run_test(size=(80, 24)) as pilot:
        assert not app.query_one("#proposed").display
        await pilot.press("i")
        assert app.query_one("#proposed").display


async def test_markup_in_what_was_said_is_text(run: Run) -> None:
    say_otherwise(run, "plain", "Hello there.", "[red]Hello[/nothing]")
    app = app_of(run)
    async with app.run_test(size=(120, 40)) as pilot:
        for _ in range(3):
            await pilot.press("n")
        assert app.is_running
