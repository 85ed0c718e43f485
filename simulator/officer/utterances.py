"""`deescal review utterance`: lines of JSON in, lines of JSON out, a label set for each officer utterance."""

from __future__ import annotations

import json
import queue
import threading
from collections.abc import Iterable, Iterator

from pydantic import BaseModel, ConfigDict, ValidationError

from simulator.errors import BadSimulatorInput
from simulator.officer.reading import Said
from simulator.officer.skills import SkillRecogniser

#: Lines read together at most, and how many wait while a batch is read.
_TOGETHER, _WAITING = 32, 256


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
    `{"labels": [{"id", "quote", "confidence"}]}`, in their order; blank lines are passed over.

    Lines that have come are read together, and none waits for one that has not.
    Raises BadSimulatorInput at the first line that is not such JSON, after the answers to those before it.
    """
    number = 0
    for batch in _batches(lines):
        said: list[Said] = []
        problem: Exception | None = None
        for line in batch:
            number += 1
            try:
                if isinstance(line, Exception):
                    raise line
                if line.strip():
                    one = _checked(line, number)
                    said.append(Said(one.text, one.before(), one.previous_civilian or ""))
            except Exception as found:
                problem = found
                break
        for labels in recogniser.recognise_many(said):
            yield json.dumps({"labels": [one.model_dump() for one in labels]}, ensure_ascii=False)
        if problem:
            raise problem


def _batches(lines: Iterable[str]) -> Iterator[list[str | Exception]]:
    """Lines as they come: all that are there, up to _TOGETHER. What went wrong in reading stands as a line."""
    come: queue.Queue[str | Exception | None] = queue.Queue(_WAITING)

    def take() -> None:
        try:
            for line in lines:
                come.put(line)
        except Exception as problem:  # told in its place among the lines, by who asked for them
            come.put(problem)
        come.put(None)

    threading.Thread(target=take, name="lines of JSON", daemon=True).start()
    while (first := come.get()) is not None:
        batch = [first]
        while len(batch) < _TOGETHER and not come.empty():
            after = come.get()
            if after is None:
                yield batch
                return
            batch.append(after)
        yield batch


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
