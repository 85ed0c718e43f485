"""The hand-labelled speakers: 73 transcripts, read by a person, kept as stem, label index and role.

`tuned` files were looked at while the rules were written; `held_back` files were not, but for one reading of their
errors when the rule "a file has a subject" was added.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from functools import cache
from importlib import resources
from typing import Literal

from scenarios.corpus.transcript import Role, Turn

Part = Literal["tuned", "held_back"]


@cache
def hand_labels() -> dict[str, tuple[Part, tuple[Role, ...]]]:
    """Stem -> its part, and the roles of its speaker labels in order of first appearance."""
    rows: dict[str, tuple[Part, list[Role]]] = {}
    table = resources.files("scenarios.corpus") / "labels" / "roles.csv"
    with table.open(encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            part: Part = "tuned" if row["part"] == "tuned" else "held_back"
            roles = rows.setdefault(row["stem"], (part, []))[1]
            assert int(row["label_index"]) == len(roles), row
            roles.append(row["role"])  # type: ignore[arg-type]
    return {stem: (part, tuple(roles)) for stem, (part, roles) in rows.items()}


def labels_in_order(turns: Sequence[Turn]) -> list[str]:
    """The speaker labels of a file in order of first appearance."""
    return list(dict.fromkeys(turn.speaker for turn in turns))
