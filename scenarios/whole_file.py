"""Writing a file so that it is there whole or not at all."""

from __future__ import annotations

import contextlib
from pathlib import Path

from scenarios.errors import ScenarioError


def write_whole(path: Path, content: bytes) -> None:
    """Write `content`; folders on the way are made, and nothing half-written is left.

    Raises ScenarioError, with the reason, where it cannot be written.
    """
    part = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(content)
        part.replace(path)
    except OSError as problem:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
        raise ScenarioError(f"{path}: cannot be written ({problem.strerror})") from None
