"""What `deescal corpus` needs beyond the program itself: told before a run begins, not file by file."""

from __future__ import annotations

from importlib.util import find_spec

from scenarios.errors import ScenarioError

#: What the stages import; all of it is in the extra `corpus`.
STAGE_LIBRARIES = ("ftfy", "names")
PUBLISH_LIBRARIES = (*STAGE_LIBRARIES, "pyarrow", "matplotlib")


def check_installed(libraries: tuple[str, ...] = STAGE_LIBRARIES) -> None:
    """Raises ScenarioError with what to do where one of them is missing."""
    missing = [name for name in libraries if find_spec(name) is None]
    if missing:
        raise ScenarioError(
            f"this needs {', '.join(missing)}: pip install 'deescalwild-simulator[corpus]'"
        )
