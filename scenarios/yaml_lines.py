"""YAML as a person wrote it: what is wrong in it and on which line, and on which line a field stands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import yaml
from yaml.reader import ReaderError

#: libyaml where the wheel has it: a library of 45 scenarios and 270 dialogues loads ten times
#: sooner.
_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class NotYaml(Exception):
    """The text is no YAML, or says one thing twice. line: from 1."""

    def __init__(self, line: int, what: str) -> None:
        super().__init__(what)
        self.line, self.what = line, what


class _OnceLoader(_Base):  # type: ignore[misc]  # the base is chosen at run time
    """A safe loader that refuses a field given twice, of which YAML would keep the last in silence."""

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:
        seen: set[str] = set()
        for key, _ in node.value:
            if key.value in seen:
                raise NotYaml(key.start_mark.line + 1, f"the field '{key.value}' is there twice")
            if isinstance(key, yaml.ScalarNode):
                seen.add(key.value)
        return super().construct_mapping(node, deep)


def parse(raw: bytes) -> Any:
    """What the YAML says. Raises NotYaml."""
    try:
        return yaml.load(raw, Loader=_OnceLoader)  # a safe loader: _Base is one
    except (yaml.YAMLError, UnicodeDecodeError) as problem:
        raise _not_yaml(raw, problem) from None


def line_of(raw: bytes, where: Sequence[str | int]) -> int:
    """The line, from 1, on which a field stands; that of the deepest part of the path that is there."""
    node = yaml.compose(raw, Loader=_Base)
    if node is None:
        return 1
    line = node.start_mark.line + 1
    for part in where:
        below = None
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                if key.value == str(part):
                    below, line = value, key.start_mark.line + 1
        elif (
            isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value)
        ):
            below = node.value[part]
            line = below.start_mark.line + 1
        if below is None:
            break
        node = below
    return int(line)


def _not_yaml(raw: bytes, problem: yaml.YAMLError | UnicodeDecodeError) -> NotYaml:
    if isinstance(problem, UnicodeDecodeError):
        return NotYaml(raw[: problem.start].count(b"\n") + 1, "not text in UTF-8")
    if isinstance(problem, ReaderError):  # its position counts bytes or characters, by loader
        letter = problem.character
        if isinstance(letter, int) and 0 <= letter < 32:
            line = raw[: raw.find(bytes([letter]))].count(b"\n") + 1
            return NotYaml(line, f"a control character (#{letter:02x}) is in it")
        return NotYaml(raw[: problem.position].count(b"\n") + 1, "not text in UTF-8")
    mark = getattr(problem, "problem_mark", None)
    what = getattr(problem, "problem", None) or "cannot be read as YAML"
    return NotYaml(mark.line + 1 if mark else 1, what)
