"""The page: whole, safe, reachable without sight of colour, and every link in it arrives."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from simulator.events import Event
from simulator.review.assess import assess
from simulator.review.report import write_report

from .conftest import BAD, LONG, Play

STYLE = Path(__file__).parents[2] / "simulator" / "review" / "review.css"


class Page(HTMLParser):
    """What the tests ask of a page."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.levels: list[int] = []
        self.tags: list[str] = []
        self.loads: list[str] = []
        self.text = ""
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags.append(tag)
        if given.get("id"):
            self.ids.append(str(given["id"]))
        if tag == "a":
            self.links.append(str(given.get("href")))
        if re.fullmatch("h[1-6]", tag):
            self.levels.append(int(tag[1]))
        self.loads += [str(given[name]) for name in ("src", "srcset", "data") if given.get(name)]

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture
def page(bad: list[Event], tmp_path: Path) -> Page:
    write_report(assess(bad), tmp_path / "review.html")
    return Page(tmp_path / "review.html")


def test_every_link_arrives(page: Page) -> None:
    assert page.links
    assert {link.removeprefix("#") for link in page.links} <= set(page.ids)
    assert len(page.ids) == len(set(page.ids))


def test_it_loads_nothing_and_runs_nothing(page: Page) -> None:
    assert page.loads == []
    assert not {"script", "link", "img", "iframe", "object"} & set(page.tags)


def test_what_was_said_is_text_and_never_markup(page: Page) -> None:
    assert BAD[4] in page.text
    assert "script" not in page.tags


def test_headings_are_in_order_and_there_are_landmarks(page: Page) -> None:
    assert page.levels[0] == 1
    assert page.levels.count(1) == 1
    assert all(
        after <= before + 1 for before, after in zip(page.levels, page.levels[1:], strict=False)
    )
    assert {"header", "main", "nav", "footer"} <= set(page.tags)


def test_the_plot_has_a_table_beside_it(page: Page) -> None:
    assert page.tags.count("svg") == 2  # one for a phone, one for a desk
    assert page.tags.index("details") > page.tags.index("svg")


def test_it_says_what_it_is_not(page: Page) -> None:
    assert "not a score of a person" in page.text
    assert "belongs to the officer" in page.text
    assert "procedural justice" in page.text


def test_a_page_for_every_state_of_a_session(play: Play, good: list[Event], tmp_path: Path) -> None:
    gone = [good[0].model_copy(update={"scenario_id": "deleted-since"}), *good[1:]]
    cut = play().say(["Sit down."])
    cut.session.cut_off("")
    for name, events in {
        "none": play().leave(),
        "first": play().events,
        "early": play().say(["Hello."]).events,
        "gone": gone,
        "cut": cut.leave(),
        "long": play(seed=3).say(["What is going on, ma'am?"] * 60).leave(),
        "shout": play().say(["A" * 2000, "❤️🚓 \x07 \u202e", "x " * 900]).leave(),
    }.items():
        write_report(assess(events), tmp_path / f"{name}.html")
        page = Page(tmp_path / f"{name}.html")
        assert {link.removeprefix("#") for link in page.links} <= set(page.ids), name
    assert not list(tmp_path.glob(".*"))


def _luminance(colour: str) -> float:
    colour = "".join(c * 2 for c in colour) if len(colour) == 3 else colour
    parts = [int(colour[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _contrast(one: str, other: str) -> float:
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", [0, 1, 2], ids=["light", "dark", "print"])
def test_text_stands_out_from_its_ground(scheme: int) -> None:
    """WCAG 2.2 AA, 4.5:1, for every colour of text on every ground it stands on."""
    block = re.findall(r":root \{(.*?)\}", STYLE.read_text(), re.DOTALL)[scheme]
    colour = dict(re.findall(r"--([\w-]+): #([0-9a-f]{3,6});", block))
    for text in ("ink", "soft", "link", "agitation", "trust", "good", "bad"):
        for ground in ("page", "card", "mark"):
            assert _contrast(colour[text], colour[ground]) >= 4.5, (text, ground)
    for band in range(4):
        assert _contrast(colour["ink"], colour[f"band-{band}"]) >= 4.5, band


def test_the_civilians_own_lines_say_where_they_are_from(page: Page) -> None:
    assert LONG[1] in page.text
    assert "the model's own words" in page.text
    assert "a line of the scenario" in page.text
