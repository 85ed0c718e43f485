"""Sounds without words in a scenario's file."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from scenarios.loader import all_scenarios, scenario_paths
from scenarios.schema import Scenario


def with_reactions(reactions: list[dict[str, Any]]) -> dict[str, Any]:
    path = scenario_paths()["armed-homeowner"]
    data: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    data["civilian"]["reactions"] = reactions
    return data


def test_most_of_the_library_has_them_and_none_need_have() -> None:
    people = [loaded.scenario.civilian for loaded in all_scenarios()]
    assert sum(bool(person.reactions) for person in people) >= 0.9 * len(people)
    assert any(not person.reactions for person in people)


@pytest.mark.parametrize(
    ("reactions", "told"),
    [
        ([{"sound": "sigh", "at": ["hurt"]}, {"sound": "sigh", "at": ["eased"]}], "is there twice"),
        ([{"sound": "yodel", "at": ["hurt"]}], "sound"),
        ([{"sound": "sigh", "at": ["sometimes"]}], "at"),
        ([{"sound": "sigh", "at": []}], "at"),
        ([{"sound": "sigh", "at": ["hurt"], "loud": True}], "loud"),
    ],
)
def test_what_is_wrong_with_one_is_told(reactions: list[dict[str, Any]], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        Scenario.model_validate(with_reactions(reactions))


def test_the_published_schema_has_them() -> None:
    reaction = Scenario.model_json_schema()["$defs"]["Reaction"]
    assert reaction["required"] == ["sound", "at"]
    assert "sob" in reaction["properties"]["sound"]["enum"]
