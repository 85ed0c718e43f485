"""A new scenario to write in: a valid folder with comments, in the person's own library."""

from __future__ import annotations

import re
import shutil
import tempfile
from pathlib import Path

from scenarios.errors import BadScenario, ScenarioError
from scenarios.loader import own_library, scenario_paths

_TEMPLATE = Path(__file__).with_name("template")
_ID = re.compile(r"[a-z0-9]+(?:[-_][a-z0-9]+)*")
_LONGEST_ID = 60


def new_scenario(id_: str, title: str | None = None) -> Path:
    """Write the folder and return it. Raises BadScenario for a bad id or one that is taken."""
    if not _ID.fullmatch(id_) or len(id_) > _LONGEST_ID:
        raise BadScenario(
            f"'{id_}' cannot be an id: lower-case letters and digits with - or _ between, "
            f"{_LONGEST_ID} at most, such as dog-in-the-park"
        )
    folder = own_library() / id_
    taken = folder if folder.exists() else scenario_paths().get(id_)
    if taken:
        raise BadScenario(f"'{id_}' is already there: {taken}; choose another id")
    written = title or re.sub(r"[-_]+", " ", id_).capitalize()
    if '"' in written or "\\" in written or not written.isprintable() or not written.strip():
        raise BadScenario('--title: plain text without " and \\, please')
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        part = Path(tempfile.mkdtemp(prefix=f".{id_}.", dir=folder.parent))
    except OSError as problem:
        raise ScenarioError(f"{folder.parent}: cannot be written ({problem.strerror})") from None
    try:
        (part / "dialogues").mkdir()
        for name, place in (
            ("scenario.yaml", "scenario.yaml"),
            ("dialogue.yaml", "dialogues/1-trained-upset.yaml"),
        ):
            text = (_TEMPLATE / name).read_text("utf-8")
            text = text.replace("{{id}}", id_).replace("{{title}}", written)
            (part / place).write_text(text, "utf-8")
        part.chmod(0o755)
        part.rename(folder)
    except OSError as problem:
        raise ScenarioError(f"{folder}: cannot be written ({problem.strerror})") from None
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return folder
