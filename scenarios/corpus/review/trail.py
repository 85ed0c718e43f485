"""The audit trail: every act of every rater, one line each, only ever appended to.

Each line names the hash of the line before it, so that an edit or a cut in the middle is seen. Undo is a
line too. Several raters may work at the same time: a lock is held for the length of one line.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from filelock import FileLock

from scenarios.corpus.transcript import ROLES, Role
from scenarios.errors import BadScenario, ScenarioError

Action = Literal["accept", "reject", "role", "note", "undo"]
Verdict = Literal["accept", "reject"]


@dataclass(frozen=True, slots=True)
class Act:
    """One act. `text_key` names the text that the rater saw; `final`: said to settle a dispute.

    accept, reject: `roles` is every speaker's role as the rater left it. role: `label` becomes `role`.
    note: `note`. undo: takes back the act `undoes`.
    """

    number: int
    at: str
    rater: str
    action: Action
    source: str
    text_key: str = ""
    roles: dict[str, Role] | None = None
    label: str | None = None
    role: Role | None = None
    note: str | None = None
    undoes: int | None = None
    final: bool = False
    seconds: float | None = None


class Trail:
    """`DIR/review/trail.jsonl`. Raises BadScenario for a trail that was tampered with or cannot be read."""

    def __init__(self, run_folder: Path) -> None:
        self.folder = run_folder / "review"
        self.path = self.folder / "trail.jsonl"
        self._lock = FileLock(self.folder / "trail.lock", timeout=30)

    def acts(self) -> list[Act]:
        return _read(self._bytes(), self.path)[0]

    def append(self, rater: str, action: Action, source: str, **more: Any) -> Act:
        """Writes one act and has it on the disk when it returns.

        Raises ScenarioError where it cannot be written.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with self._lock:
                data = self._bytes()
                acts, last, whole = _read(data, self.path)
                number = acts[-1].number + 1 if acts else 1
                act = Act(number, _now(), rater, action, source, **more)
                with self.path.open("r+b" if self.path.exists() else "w+b") as stream:
                    stream.seek(whole)
                    stream.truncate()  # half a line of a process that was killed
                    stream.write(_line(act, last))
                    stream.flush()
                    os.fsync(stream.fileno())
        except (OSError, TimeoutError) as problem:
            raise ScenarioError(f"{self.path}: cannot be written: {problem}") from None
        return act

    def _bytes(self) -> bytes:
        try:
            return self.path.read_bytes()
        except FileNotFoundError:
            return b""
        except OSError as problem:
            raise BadScenario(f"{self.path}: cannot be read: {problem.strerror}") from None


def _read(data: bytes, path: Path) -> tuple[list[Act], str, int]:
    """The acts, the hash of the last line, and how many bytes are whole lines."""
    acts: list[Act] = []
    before, whole = "", 0
    for number, line in enumerate(data.splitlines(keepends=True), 1):
        if not line.endswith(b"\n"):
            break
        try:
            fields = json.loads(line)
            named = fields.pop("before")
            act = Act(**fields)
            known = all(
                role in ROLES for role in [*(act.roles or {}).values(), act.role or "unknown"]
            )
        except (ValueError, TypeError, KeyError, AttributeError) as problem:
            raise BadScenario(f"{path}:{number}: is no line of the trail ({problem})") from None
        if named != before or not known:
            raise BadScenario(
                f"{path}:{number}: does not follow from the line before: the trail was edited; "
                "put back a copy, or move it away to begin anew"
            )
        acts.append(act)
        before = _hash(line)
        whole += len(line)
    return acts, before, whole


def _line(act: Act, before: str) -> bytes:
    fields = {key: value for key, value in asdict(act).items() if value not in (None, "", False)}
    return (json.dumps({**fields, "before": before}, ensure_ascii=False) + "\n").encode()


def _hash(line: bytes) -> str:
    return hashlib.sha256(line).hexdigest()[:16]


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
