"""`deescal review utterance`: lines of JSON in, lines of JSON out, a label set for each officer utterance."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from pydantic import BaseModel, ConfigDict, ValidationError

from simulator.errors import BadSimulatorInput
from simulator.officer.skills import SkillRecogniser


class OfficerLine(BaseModel):
    """One line in. previous_officer: the officer's utterances before, oldest first (or only the last one)."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    text: str
    previous_officer: str | list[str] | None = None
    previous_civilian: str | None = None

    def before(self) -> list[str]:
        if isinstance(self.previous_officer, str):
            return [self.previous_officer]
        return self.previous_officer or []


def label_lines(lines: Iterable[str], recogniser: SkillRecogniser) -> Iterator[str]:
    """For each line of JSON `{"text", "previous_officer", "previous_civilian"}`, one
    `{"labels": [{"id", "quote", "confidence"}]}`, as it is read; blank lines are passed over.

    Raises BadSimulatorInput at the first line that is not such JSON.
    """
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        said = _checked(line, number)
        found = recogniser.recognise(said.text, said.before(), said.previous_civilian or "")
        yield json.dumps({"labels": [one.model_dump() for one in found]}, ensure_ascii=False)


def _checked(line: str, number: int) -> OfficerLine:
    try:
        return OfficerLine.model_validate_json(line)
    except ValidationError as problem:
        first = problem.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise BadSimulatorInput(
            f"line {number}: {f'{where}: ' if where else ''}{first['msg']}; "
            'expected {"text": "…", "previous_officer": "…", "previous_civilian": "…"}'
        ) from None
