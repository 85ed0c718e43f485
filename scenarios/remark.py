"""What a check has to say about a file of the library: where, what, and whether it must be mended."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from scenarios.loader import LIBRARY, line_in


@dataclass(frozen=True)
class Remark:
    """One finding. `mend`: a problem that fails the lint; otherwise a note for a person to weigh.

    field: the path to the part of the file, as in ["exchanges", 3, "civilian"].
    """

    check: str
    path: Path
    field: tuple[str | int, ...]
    text: str
    mend: bool = True

    @property
    def file(self) -> str:
        """The file within the library, or as it was given where it stands elsewhere."""
        inside = self.path.is_relative_to(LIBRARY)
        return str(self.path.relative_to(LIBRARY) if inside else self.path)

    @property
    def line(self) -> int:
        return line_in(self.path, self.field)

    def __str__(self) -> str:
        field = ".".join(str(part) for part in self.field)
        return f"{self.file}:{self.line}: {field + ': ' if field else ''}{self.text} [{self.check}]"

    def as_json(self) -> dict[str, str | int]:
        return {
            "check": self.check,
            "file": self.file,
            "line": self.line,
            "field": ".".join(str(part) for part in self.field),
            "text": self.text,
        }
