"""The review as one page: no script, no network, readable in print and on a phone."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from scenarios.schema import BAND_NAMES
from simulator.review.assess import BAND_POINTS, Review
from simulator.review.chart import chart
from simulator.review.evidence import TURNING_POINT
from simulator.transcript import STAGES


def write_report(review: Review, path: Path) -> None:
    """Write the page; it appears whole or not at all."""
    write_page("review.html", path, review=review, **_parts(review))


#: How a cause is named, before what it is about.
CAUSE_KINDS = {
    "behaviour": "",
    "stressor": "What stresses this person:",
    "red_line": "A red line:",
    "calming_signal": "What calms this person:",
    "inject": "It happened:",
    "silence": "",
    "time": "How long it took:",
    "prosody": "How it sounded:",
    "repair": "Made good:",
    "broken_promise": "A promise:",
    "odd_words": "",
}


def _parts(review: Review) -> dict[str, object]:
    return {
        "bands": [(BAND_NAMES[band], low, high) for band, (low, high) in BAND_POINTS.items()],
        "cause_kinds": CAUSE_KINDS,
        "turning_point": TURNING_POINT,
        "when": when(review.began_at),
        "narrow": chart(review, 360, 250),
        "wide": chart(review, 860, 300),
        **_answers(review),
    }


def _answers(review: Review) -> dict[str, object]:
    """What the table of timelines is made of: answers that have one, the stages that any of them had."""
    answers = [said for said in review.transcript if said.timeline]
    reached = {stage.name for said in answers for stage in said.timeline}
    return {
        "answers": answers,
        "stages": [name for name in STAGES.values() if name in reached],
        "longest_s": max((s.at_s for said in answers for s in said.timeline), default=0.0) or 1.0,
    }


def write_page(template: str, path: Path, **parts: object) -> None:
    """Render a template of this folder into a file: everything said is escaped."""
    environment = Environment(
        loader=PackageLoader("simulator.review", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    page = environment.get_template(template).render(**parts)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    part.write_text(page, encoding="utf-8")
    part.replace(path)


def when(began_at: str) -> str:
    """An ISO time as a person reads it, in its own zone; as it is where it is no time."""
    try:
        began = datetime.fromisoformat(began_at)
    except ValueError:
        return began_at
    return f"{began:%-d %B %Y, %H:%M} {began.tzname() or ''}".strip()
