"""The record: append-only events of every session in one SQLite file. Nothing leaves the device.

One transaction an event, so that a killed process loses at most the word being spoken. A session
that runs is held by a lock, so that no second process goes on with it.
"""

from __future__ import annotations

import json
import sqlite3
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from models.places import data_dir
from simulator.errors import BadSimulatorInput, SimulatorError
from simulator.events import EVENT, EndingReached, Event, SessionEnded, SessionStarted

#: Numbered by their place; `user_version` says how many have run. Only ever add at the end.
MIGRATIONS = (
    """
    CREATE TABLE sessions (
        id TEXT PRIMARY KEY, scenario_id TEXT NOT NULL, officer TEXT NOT NULL, began_at TEXT NOT NULL,
        turns INTEGER NOT NULL DEFAULT 0, band TEXT, ended TEXT
    ) STRICT;
    CREATE TABLE events (
        session_id TEXT NOT NULL REFERENCES sessions (id), n INTEGER NOT NULL, kind TEXT NOT NULL,
        at_s REAL NOT NULL, body TEXT NOT NULL, PRIMARY KEY (session_id, n)
    ) STRICT, WITHOUT ROWID;
    CREATE TRIGGER events_stay BEFORE UPDATE ON events BEGIN SELECT RAISE(ABORT, 'events are append-only'); END;
    """,
)


@dataclass(frozen=True)
class SessionRow:
    """One session of the list. ended: the reason, or None where it was never ended."""

    id: str
    scenario_id: str
    officer: str
    began_at: str
    turns: int
    band: str | None
    ended: str | None


class Records:
    """The store on this device; the default file is under `models.places.data_dir()`.

    Safe to call from several threads. Raises SimulatorError where the file cannot be used.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or data_dir() / "sessions.db"
        self._one = threading.Lock()
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(self.path, timeout=10, check_same_thread=False)
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = FULL")
            self._db.execute("PRAGMA foreign_keys = ON")
            self._migrate()
        except (sqlite3.Error, OSError) as problem:
            raise SimulatorError(
                f"{self.path}: the record of sessions cannot be opened ({problem}); "
                "move it away or set DEESCAL_HOME to another folder"
            ) from None

    def _migrate(self) -> None:
        (done,) = self._db.execute("PRAGMA user_version").fetchone()
        if done > len(MIGRATIONS):
            raise SimulatorError(
                f"{self.path}: written by a newer version of this program; update it"
            )
        for number, script in enumerate(MIGRATIONS[done:], start=done + 1):
            self._db.executescript(f"BEGIN; {script} PRAGMA user_version = {number}; COMMIT;")

    def append(self, session_id: str, event: Event) -> None:
        """Add one event, durable when this returns."""
        body = event.model_dump_json(exclude={"kind", "at_s"})
        kind = str(getattr(event, "kind", ""))
        with self._one, self._db:
            if isinstance(event, SessionStarted):
                self._db.execute(
                    "INSERT INTO sessions (id, scenario_id, officer, began_at) VALUES (?, ?, ?, ?)",
                    (session_id, event.scenario_id, event.officer, event.began_at),
                )
            self._db.execute(
                "INSERT INTO events SELECT ?, COUNT(*), ?, ?, ? FROM events WHERE session_id = ?",
                (session_id, kind, event.at_s, body, session_id),
            )
            if isinstance(event, SessionEnded):
                self._set(session_id, "ended", event.reason)
            elif isinstance(event, EndingReached):
                self._set(session_id, "band", event.band)
            if kind == "officer_spoke":
                self._set(session_id, "turns", getattr(event, "turn", 0))

    def _set(self, session_id: str, column: str, value: str | int) -> None:
        self._db.execute(f"UPDATE sessions SET {column} = ? WHERE id = ?", (value, session_id))

    def events(self, session_id: str) -> list[Event]:
        """All events of a session, in order. Raises BadSimulatorInput for an id that is not
        there.
        """
        with self._one:
            rows = self._db.execute(
                "SELECT kind, at_s, body FROM events WHERE session_id = ? ORDER BY n", (session_id,)
            ).fetchall()
        if not rows:
            raise BadSimulatorInput(f"no session '{session_id}'; `deescal review list` shows them")
        return [
            EVENT.validate_python({"kind": kind, "at_s": at_s, **json.loads(body)})
            for kind, at_s, body in rows
        ]

    def sessions(self) -> list[SessionRow]:
        """Every session, newest first."""
        with self._one:
            rows = self._db.execute(
                "SELECT id, scenario_id, officer, began_at, turns, band, ended FROM sessions "
                "ORDER BY began_at DESC, rowid DESC"
            ).fetchall()
        return [SessionRow(*row) for row in rows]

    def unfinished(self) -> list[SessionRow]:
        """Sessions that were never ended and that no running process holds, newest first."""
        return [row for row in self.sessions() if row.ended is None and not self._is_held(row.id)]

    def find(self, start_of_id: str) -> SessionRow:
        """The session whose id begins so; `last` is the newest."""
        rows = self.sessions()
        found = (
            rows[:1] if start_of_id == "last" else [r for r in rows if r.id.startswith(start_of_id)]
        )
        if len(found) != 1:
            many = "several sessions begin with" if found else "no session begins with"
            raise BadSimulatorInput(f"{many} '{start_of_id}'; `deescal review list` shows them")
        return found[0]

    def _lock(self, session_id: str) -> FileLock:
        folder = self.path.parent / "locks"
        folder.mkdir(parents=True, exist_ok=True)
        return FileLock(folder / f"{session_id}.lock", timeout=0)

    def _is_held(self, session_id: str) -> bool:
        try:
            with self._lock(session_id):
                return False
        except Timeout:
            return True

    @contextmanager
    def hold(self, session_id: str) -> Iterator[None]:
        """While this process runs the session. Raises SimulatorError where another one does."""
        lock = self._lock(session_id)
        try:
            lock.acquire()
        except Timeout:
            raise SimulatorError(f"session {session_id[:8]} runs in another process") from None
        try:
            yield
        finally:
            lock.release()

    def close(self) -> None:
        self._db.close()


def new_session_id() -> str:
    return uuid.uuid4().hex


def utc_now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
