"""The whole pipeline: one bad file never stops it, a second run redoes only what changed, nothing leaks."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow.parquet as parquet
import pytest
from click.testing import CliRunner
from invented_encounters import as_csv, many_encounters

from scenarios.corpus import diarise, extras
from scenarios.corpus.commands import corpus
from scenarios.corpus.duplicates import Pair
from scenarios.corpus.pipeline import build
from scenarios.corpus.publish import publish
from scenarios.corpus.run import STAGES, Kept, Run, Settings
from scenarios.corpus.splits import SPLITS, check_no_leak, split_of
from scenarios.errors import BadScenario, ScenarioError


def built(source: Path, out: Path, workers: int = 1) -> dict[str, Kept]:
    Run.open(out, Settings(), create=True)
    seen: dict[str, Kept] = {}
    build(source, out, lambda kept: seen.update({kept.source: kept}), workers)
    return seen


def written(out: Path) -> dict[str, int]:
    return {str(p.relative_to(out)): p.stat().st_mtime_ns for p in (out / "stages").rglob("*.json")}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    source = tmp_path / "in"
    source.mkdir()
    many_encounters(source, 5)
    return source


def test_bad_files_among_good_ones(folder: Path, tmp_path: Path) -> None:
    (folder / "empty.csv").write_bytes(b"")
    (folder / "picture.png").write_bytes(b"\x89PNG")
    (folder / "columns.csv").write_text("a,b\n1,2\n")
    (folder / "nobody.csv").write_text(as_csv([("[Officer]", "Copy.")] * 5))
    (folder / "story.txt").write_text("Narrator: Once there was a stop.\nNarrator: It ended.\n")
    seen = built(folder, tmp_path / "run")
    assert {s: k.stage for s, k in seen.items() if k.skip} == {
        "empty": "read", "picture": "read", "columns": "read", "story": "clean", "nobody": "filter",
    }  # fmt: skip
    assert all(seen[f"youtube_{n}"].skip is None for n in range(5))


def test_a_second_run_redoes_one_changed_file_only(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    built(folder, out)
    before = written(out)
    changed = folder / "youtube_3.csv"
    changed.write_text(changed.read_text() + "59:00,[Suspect],One more thing I must tell you.\n")
    (folder / "youtube_4.csv").unlink()
    built(folder, out)
    after = written(out)
    redone = {name for name in after if after[name] != before[name]}
    assert {Path(name).stem for name in redone} == {"youtube_3"}
    assert len(redone) == len(STAGES)
    assert {Path(name).stem for name in before if name not in after} == {"youtube_4"}


def test_two_processes_make_the_same_as_one(folder: Path, tmp_path: Path) -> None:
    built(folder, tmp_path / "one", workers=1)
    built(folder, tmp_path / "two", workers=2)
    for path in (tmp_path / "one" / "stages").rglob("*.json"):
        twin = tmp_path / "two" / path.relative_to(tmp_path / "one")
        assert twin.read_text() == path.read_text()


def test_a_damaged_stage_file_is_made_again(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    built(folder, out)
    path = Run(out).path("filter", "youtube_2")
    whole = path.read_text()
    path.write_text(whole[: len(whole) // 3])
    built(folder, out)
    assert path.read_text() == whole


def test_stages_alone_come_to_the_same(folder: Path, tmp_path: Path) -> None:
    built(folder, tmp_path / "all")
    runner = CliRunner()
    out = str(tmp_path / "steps")
    for command in (["read", str(folder), "--out", out], *([s, out] for s in STAGES[1:])):
        result = runner.invoke(corpus, command)
        assert result.exit_code == 0, result.output
    for path in (tmp_path / "all" / "stages").rglob("*.json"):
        assert (
            tmp_path / "steps" / path.relative_to(tmp_path / "all")
        ).read_text() == path.read_text()


def test_published_rows(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    many_encounters(folder, 40)
    built(folder, out)
    result = publish(Run.open(out))
    turns = parquet.read_table(out / "published" / "turns.parquet")
    assert turns.column_names == ["source", "turn", "start_s", "speaker", "role", "text", "split"]
    sides: dict[str, set[str]] = {}
    for source, split in zip(turns["source"].to_pylist(), turns["split"].to_pylist(), strict=True):
        sides.setdefault(source, set()).add(split)
    assert all(len(split) == 1 for split in sides.values())
    assert len(sides) == result.statistics.total()["files"]
    count = 0
    for split in SPLITS:
        rows = parquet.read_table(out / "published" / "chat" / f"{split}.parquet").to_pylist()
        lines = (out / "published" / "chat" / f"{split}.jsonl").read_text().splitlines()
        assert [json.loads(line) for line in lines] == rows
        assert {row["source"] for row in rows} <= {
            s for s, side in sides.items() if side == {split}
        }
        count += len(rows)
    assert count == result.statistics.total()["chat rows"] > 0
    card = (out / "published" / "README.md").read_text()
    assert "path: chat/train.parquet" in card
    assert "Halvorsen" not in card + json.dumps(turns.to_pylist())


def test_a_near_duplicate_is_published_once(tmp_path: Path) -> None:
    source = tmp_path / "in"
    source.mkdir()
    many_encounters(source, 2)
    (source / "tiktok_5.csv").write_text((source / "youtube_0.csv").read_text())
    out = tmp_path / "run"
    built(source, out)
    result = publish(Run.open(out))
    assert set(result.replaced_by) <= {"tiktok_5", "youtube_0"}
    assert len(result.replaced_by) == 1
    assert result.statistics.total()["files"] == 2


def test_splits_are_stable_and_near_their_shares() -> None:
    sides = Counter(split_of(f"video {n}", 0) for n in range(4000))
    assert 0.88 < sides["train"] / 4000 < 0.92
    assert split_of("video 1", 0) == split_of("video 1", 0)


def test_a_leak_fails_loudly() -> None:
    with pytest.raises(ScenarioError, match=r"leak: a_part1 .* and a_part2 .* parts of one video"):
        check_no_leak({"a_part1": "train", "a_part2": "test"}, {"a_part1": "a", "a_part2": "a"}, [])
    with pytest.raises(ScenarioError, match=r"leak: a .* and b .* 40% of a scene"):
        check_no_leak({"a": "train", "b": "test"}, {"a": "a", "b": "b"}, [Pair("a", "b", 0.4)])
    check_no_leak({"a": "train", "b": "train"}, {"a": "a", "b": "b"}, [Pair("a", "b", 0.4)])


def test_people_overrule_the_filter_and_the_roles(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    built(folder, out)
    decisions: dict[str, Any] = {
        "youtube_1": {"verdict": "reject"},
        "youtube_2": {"verdict": None, "roles": {"[Suspect]": "other_civilian"}},
    }
    (out / "review").mkdir()
    (out / "review" / "decisions.json").write_text(json.dumps(decisions))
    result = publish(Run.open(out))
    assert set(result.overruled) == {"youtube_1"}
    rows = parquet.read_table(out / "published" / "turns.parquet").to_pylist()
    assert "youtube_1" not in {row["source"] for row in rows}
    roles = {
        row["role"]
        for row in rows
        if row["source"] == "youtube_2" and row["speaker"] == "[Suspect]"
    }
    assert roles == {"other_civilian"}


def test_nothing_accepted_is_told_and_the_report_says_why(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.csv").write_text(as_csv([("[Officer]", "Copy.")] * 5))
    result = CliRunner().invoke(
        corpus, ["build", str(tmp_path / "in"), "--out", str(tmp_path / "run")]
    )
    assert isinstance(result.exception, ScenarioError)
    assert "none of 1 files was accepted: no_police" in str(result.exception)
    assert result.exception.exit_code == 1
    assert "no_conversation" in (tmp_path / "run" / "report.md").read_text()


def test_one_file_that_cannot_be_read_is_bad_input(tmp_path: Path) -> None:
    for name, content, why in (("a.csv", b"", "is empty"), ("b.csv", b"x,y\n1,2\n", "no column")):
        (tmp_path / name).write_bytes(content)
        out = str(tmp_path / f"run-{name}")
        result = CliRunner().invoke(corpus, ["build", str(tmp_path / name), "--out", out])
        assert isinstance(result.exception, BadScenario)
        assert why in str(result.exception)
    result = CliRunner().invoke(
        corpus, ["build", str(tmp_path / "no"), "--out", str(tmp_path / "r")]
    )
    assert isinstance(result.exception, BadScenario)
    assert not (tmp_path / "r").exists()


def test_what_a_reader_writes_into_private_txt_is_replaced_too(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    many_encounters(tmp_path / "in", 1)
    path = tmp_path / "in" / "youtube_0.csv"
    path.write_text(
        path.read_text() + "59:00,[Suspect],My horse Zorblat and the Thirsty Goose were there.\n"
    )
    out = tmp_path / "run"
    built(tmp_path / "in", out)
    before = written(out)

    def text() -> str:
        transcript = Run.open(out).transcript("deidentify", "youtube_0")
        assert transcript is not None
        return transcript.turns[-1].text

    assert "Zorblat" in text()
    (out / "private.txt").write_text("# read on Monday\nZorblat\nThirsty  Goose\n")
    built(tmp_path / "in", out)
    assert not {"Zorblat", "Thirsty", "Goose"} & set(re.findall(r"\w+", text()))
    changed = {name.split("/")[1] for name, at in written(out).items() if before.get(name) != at}
    assert changed == {"4-deidentify", "5-filter"}


def test_pipes_and_broken_links_are_told(folder: Path, tmp_path: Path) -> None:
    os.mkfifo(folder / "pipe.csv")
    (folder / "link.csv").symlink_to(tmp_path / "nowhere")
    seen = built(folder, tmp_path / "run")
    assert {seen[name].skip for name in ("pipe", "link")} == {
        "is a broken link, a pipe or a device"
    }


def test_a_library_that_is_missing_is_told_before_the_run(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(extras, "find_spec", lambda name: None if name == "names" else name)
    with pytest.raises(ScenarioError, match=r"needs names: pip install .*\[corpus\]"):
        built(folder, tmp_path / "run")


def test_a_recording_skipped_for_want_of_a_library_is_read_once_it_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "film.mp4").write_bytes(b"not a film")
    with monkeypatch.context() as without:
        without.setattr(diarise, "find_spec", lambda _: None)
        first = built(tmp_path / "in", tmp_path / "run")["film"]
        assert "Resemblyzer" in (first.skip or "")
    with monkeypatch.context() as with_it:
        with_it.setattr(diarise, "find_spec", lambda name: name)
        second = built(tmp_path / "in", tmp_path / "run")["film"]
    assert "cannot be opened as sound or film" in (second.skip or "")


def test_build_from_the_command_line(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    runner = CliRunner()
    result = runner.invoke(corpus, ["build", str(folder), "--out", str(out), "--workers", "1"])
    assert result.exit_code == 0, result.output
    assert "| train |" in result.output
    report = json.loads((out / "report.json").read_text())
    assert report["files"] == 5
    assert report["verdicts"] == {"accepted": 5}
    stats = runner.invoke(corpus, ["stats", str(out)])
    assert "| train |" in stats.output
    shown = runner.invoke(corpus, ["show", str(out)])
    assert re.search(r"^learn assistant: I didn't, ", shown.output, re.MULTILINE)
    assert not re.search(r"^learn +(?:user|system)", shown.output, re.MULTILINE)
    assert isinstance(
        runner.invoke(corpus, ["show", str(out), "--row", "99"]).exception, BadScenario
    )


def test_what_a_killed_run_was_writing_is_removed(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    out.mkdir()
    (out / ".ab12.part").write_text("{")  # killed before run.json stood
    command = ["build", str(folder), "--out", str(out), "--workers", "1"]
    assert CliRunner().invoke(corpus, command).exit_code == 0
    left = out / "stages" / "1-read" / ".cd34.part"
    reviewing = out / "review" / ".ef56.part"  # somebody reviews while it is built again
    for part in (left, reviewing):
        part.parent.mkdir(exist_ok=True)
        part.write_text("half")
    assert CliRunner().invoke(corpus, command).exit_code == 0
    assert list(out.rglob("*.part")) == [reviewing]


@pytest.mark.parametrize("what", ["a file", "somebody's folder", "no run"])
def test_a_folder_that_is_not_ours_is_left_alone(tmp_path: Path, what: str) -> None:
    out = tmp_path / "out"
    if what == "a file":
        out.write_text("precious")
    elif what == "somebody's folder":
        out.mkdir()
        (out / "thesis.txt").write_text("precious")
    with pytest.raises(BadScenario):
        Run.open(out, Settings(), create=what != "no run")


def test_an_empty_folder(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    with pytest.raises(BadScenario, match="no file in it"):
        built(tmp_path / "in", tmp_path / "run")


@pytest.mark.slow
def test_a_killed_run_goes_on_where_it_stopped(tmp_path: Path) -> None:
    source, out = tmp_path / "in", tmp_path / "run"
    source.mkdir()
    many_encounters(source, 60)
    command = [
        sys.executable,
        "-m",
        "deescal",
        "corpus",
        "build",
        str(source),
        "--out",
        str(out),
        "--workers",
        "1",
    ]
    running = subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and len(list((out / "stages").glob("5-filter/*.json"))) < 10:
        time.sleep(0.02)
    os.kill(running.pid, signal.SIGKILL)
    running.wait()
    before = written(out)
    assert before
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    after = written(out)
    kept = [name for name in before if after[name] == before[name]]
    assert len(kept) >= len(before) - 1  # the file it was at may be done again
    assert len(list((out / "stages").glob("5-filter/*.json"))) == 60
    assert not list(out.rglob("*.part"))
