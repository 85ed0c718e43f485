"""Lines of JSON in, lines of JSON out."""

import json

import pytest

from simulator.errors import BadSimulatorInput
from simulator.officer.skills import SkillRecogniser
from simulator.officer.utterances import label_lines


def _ids(line: str) -> set[str]:
    return {one["id"] for one in json.loads(line)["labels"]}


def test_a_line_of_labels_for_each_line(recogniser: SkillRecogniser) -> None:
    lines = [
        '{"text": "Thank you, ma\'am."}\n',
        "\n",
        '{"text": "", "previous_officer": null, "previous_civilian": null}\n',
        '{"text": "Drop the knife!", "previous_officer": "Drop the knife.", "previous_civilian": "No."}\n',
    ]
    thanks, nothing, order = label_lines(lines, recogniser)
    assert "courtesy" in _ids(thanks)
    assert json.loads(nothing) == {"labels": []}
    assert {"command", "repeated_order"} <= _ids(order)
    assert all(set(one) == {"id", "quote", "confidence"} for one in json.loads(order)["labels"])


def test_several_earlier_lines_may_be_given(recogniser: SkillRecogniser) -> None:
    (line,) = label_lines(
        ['{"text": "Sit down!", "previous_officer": ["Sit down.", "Please."]}'], recogniser
    )
    assert "repeated_order" in _ids(line)


@pytest.mark.parametrize(
    ("line", "tells"),
    [("{", "line 2"), ('{"words": "hi"}', "text"), ('{"text": 4}', "text"), ("[]", "line 2")],
)
def test_a_line_that_is_not_so_is_refused_by_its_number(
    recogniser: SkillRecogniser, line: str, tells: str
) -> None:
    answers = label_lines(['{"text": "Hello."}', line], recogniser)
    next(answers)
    with pytest.raises(BadSimulatorInput, match=tells):
        next(answers)
