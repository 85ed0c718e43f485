"""A rating pack in a browser: one page, no network, what was rated stays in the browser until it is saved as a file."""

from __future__ import annotations

import json
from pathlib import Path

import jinja2
from markupsafe import Markup

from benchmark.human_pack import Pack

_TEMPLATE = Path(__file__).with_name("human_form.html")


def as_page(pack: Pack) -> str:
    """The page. The items are data in it, never markup."""
    data = json.dumps(pack.model_dump(), ensure_ascii=True).replace("<", "\\u003c")
    environment = jinja2.Environment(autoescape=True)
    template = environment.from_string(_TEMPLATE.read_text(encoding="utf-8"))
    return template.render(title=pack.title, count=len(pack.items), data=Markup(data))
