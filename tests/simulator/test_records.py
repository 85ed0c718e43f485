"""The record: durable, append-only, one process to a session."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from simulator.errors import BadSimulatorInput, SimulatorError
from simulator.events import OfficerSpoke, SessionEnded, SessionStarted
from simulator.records import Records


def started(id_: str = "a1", officer: str = "Kim") -> SessionStarted:
    return SessionStarted(
        session_id=id_, began_at="2026-01-01T00:00:00+00:00", scenario_id="x", scenario_sha256="0",
        subject_type="upset", seed=1, officer=officer, model_id="m", model_sha256="0", agitation=50,
        trust=20, voice=False,
    )  # fmt: skip


@pytest.fixture
def records(tmp_path: Path) -> Records:
    return Records(tmp_path / "sessions.db")


def test_events_come_back_as_they_were(records: Records) -> None:
    spoken = OfficerSpoke(turn=1, text="Hé, “you”! 🙂", source="typed", at_s=2.5)
    records.append("a1", started())
    records.append("a1", spoken)
    assert records.events("a1") == [started(), spoken]
    assert records.sessions()[0].turns == 1


def test_an_event_cannot_be_changed(records: Records) -> None:
    records.append("a1", started())
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        sqlite3.connect(records.path).execute("UPDATE events SET body = '{}'")


def test_a_killed_writer_loses_nothing_that_append_had_returned(tmp_path: Path) -> None:
    path = tmp_path / "sessions.db"
    script = f"""
import sys
from tests.simulator.test_records import started
from simulator.records import Records
from simulator.events import OfficerSpoke
records = Records(__import__("pathlib").Path({str(path)!r}))
with records.hold("a1"):
    records.append("a1", started())
    for turn in range(1, 10_000):
        records.append("a1", OfficerSpoke(turn=turn, text=f"line {{turn}}", source="typed"))
        print(turn, flush=True)
"""
    root = Path(__file__).parents[2]
    writer = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, cwd=root)
    assert writer.stdout is not None
    last = 0
    for line in writer.stdout:
        last = int(line)
        if last >= 20:
            os.kill(writer.pid, signal.SIGKILL)
            break
    writer.wait()
    records = Records(path)
    events = records.events("a1")
    assert len(events) - 1 >= last
    assert [e.text for e in events if isinstance(e, OfficerSpoke)][:2] == ["line 1", "line 2"]
    assert [row.id for row in records.unfinished()] == ["a1"]


def test_a_session_that_runs_is_not_offered_and_cannot_be_taken(records: Records) -> None:
    records.append("a1", started())
    other = Records(records.path)
    with records.hold("a1"):
        assert other.unfinished() == []
        with pytest.raises(SimulatorError, match="runs in another process"), other.hold("a1"):
            pass
    assert [row.id for row in other.unfinished()] == ["a1"]
    records.append("a1", SessionEnded(turn=0, reason="officer_left"))
    assert other.unfinished() == []


def test_find_by_the_start_of_an_id(records: Records) -> None:
    for id_ in ("abc1", "abd2"):
        records.append(id_, started(id_))
    assert records.find("abd").id == "abd2"
    assert records.find("last").id == "abd2"
    with pytest.raises(BadSimulatorInput, match="several"):
        records.find("ab")
    with pytest.raises(BadSimulatorInput, match="no session"):
        records.find("zz")


def test_a_file_that_is_no_record_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "sessions.db"
    path.write_bytes(b"this is no database" * 1000)
    with pytest.raises(SimulatorError) as problem:
        Records(path)
    assert str(path) in str(problem.value)
    assert "\n" not in str(problem.value)


def test_a_record_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "sessions.db"
    Records(path).close()
    sqlite3.connect(path).execute("PRAGMA user_version = 99").connection.commit()
    with pytest.raises(SimulatorError, match="newer version"):
        Records(path)
