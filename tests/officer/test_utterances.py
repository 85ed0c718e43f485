"""Lines of JSON in, lines of JSON out."""

import json
import threading
from collections.abc import Iterator

import pytest

from simulator.errors import BadSimulatorInput
from simulator.officer.examples import second_hand
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


def test_lines_read_together_say_what_each_says_alone(recogniser: SkillRecogniser) -> None:
    some = list(second_hand())[::12]
    lines = [
        json.dumps({"text": one.text, "previous_civilian": one.previous_civilian}) for one in some
    ]
    together = [_ids(line) for line in label_lines(lines, recogniser)]
    alone = [
        {found.id for found in recogniser.recognise(one.text, (), one.previous_civilian)}
        for one in some
    ]
    assert together == alone


def test_an_answer_does_not_wait_for_the_next_line(recogniser: SkillRecogniser) -> None:
    answered = threading.Event()

    def as_they_are_said() -> Iterator[str]:
        yield '{"text": "Thank you, sir."}'
        assert answered.wait(60)
        yield '{"text": "Drop the knife!"}'

    answers = label_lines(as_they_are_said(), recogniser)
    assert "courtesy" in _ids(next(answers))
    answered.set()
    assert "command" in _ids(next(answers))


def test_what_goes_wrong_in_reading_is_told_after_the_answers(recogniser: SkillRecogniser) -> None:
    def broken() -> Iterator[str]:
        yield '{"text": "Thank you, sir."}'
        raise OSError("the pipe broke")

    answers = label_lines(broken(), recogniser)
    assert "courtesy" in _ids(next(answers))
    with pytest.raises(OSError, match="pipe"):
        next(answers)
