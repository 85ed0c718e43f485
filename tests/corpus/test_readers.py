"""Every format and every kind of bad input comes back as turns or as one reason."""

from __future__ import annotations

import json
import tarfile
import zipfile
from pathlib import Path

import pytest
from invented_encounters import STOP, as_csv, raw

from scenarios.corpus.readers import read, seconds
from scenarios.corpus.sources import MAX_TEXT_BYTES, files_in
from scenarios.errors import BadScenario


def said(data: bytes | str, name: str = "youtube_1.csv") -> list[tuple[float | None, str, str]]:
    outcome = read(raw(data, name))
    assert outcome.transcript is not None, outcome.skip
    return [(t.start_s, t.speaker, t.text) for t in outcome.transcript.turns]


def reason(data: bytes | str, name: str = "youtube_1.csv") -> str:
    outcome = read(raw(data, name))
    assert outcome.transcript is None
    assert outcome.skip
    return outcome.skip


def test_published_csv() -> None:
    turns = said(as_csv(STOP))
    assert turns[2] == (12.0, "Wendell Ashgrove", STOP[2][1])
    assert len(turns) == len(STOP)


def test_columns_in_another_order_and_under_other_names() -> None:
    turns = said("text;speaker;start\nHello there;Officer;1:02:03\n")
    assert turns == [(3723.0, "Officer", "Hello there")]


def test_no_header_is_taken_in_the_published_order() -> None:
    assert said("00:01,Officer,Stop there\n00:04,Ida,No\n")[1] == (4.0, "Ida", "No")


@pytest.mark.parametrize(
    ("encoding", "mark"),
    [("utf-8-sig", b""), ("utf-16", b""), ("utf-16-le", b""), ("utf-16-be", b""), ("cp1252", b"")],
)
def test_encodings(encoding: str, mark: bytes) -> None:
    text = "start_time,speaker_label,transcript\n00:01,Officer,Café at five – “yes”\n"
    assert said(mark + text.encode(encoding)) == [(1.0, "Officer", "Café at five – “yes”")]


def test_a_field_above_the_limit_of_the_csv_module() -> None:
    long = "word " * 40_000
    assert len(said(f"start_time,speaker_label,transcript\n00:01,Officer,{long}\n")[0][2]) > 131_072


def test_nul_bytes_are_taken_out_and_told() -> None:
    outcome = read(raw("start_time,speaker_label,transcript\n00:01,Offi\x00cer,Hel\x00lo\n"))
    assert outcome.transcript is not None
    assert outcome.transcript.turns[0].text == "Hello"
    assert ("NUL bytes removed", 2) in [(f.kind, f.count) for f in outcome.findings]


def test_commas_that_nobody_quoted_stay_in_the_text() -> None:
    data = "start_time,speaker_label,transcript\n00:01,Officer,Stop, turn around, now\n"
    assert said(data)[0][2] == "Stop, turn around, now"


def test_short_rows_and_empty_turns_are_left_out_and_counted() -> None:
    outcome = read(
        raw("start_time,speaker_label,transcript\n00:01,Officer\n00:02,Ida,...\n00:03,Ida,Yes\n")
    )
    assert outcome.transcript is not None
    assert [t.text for t in outcome.transcript.turns] == ["Yes"]
    assert {f.kind for f in outcome.findings} >= {
        "rows with too few columns left out",
        "empty turns left out",
    }


def test_times_out_of_order_keep_their_place_and_are_marked() -> None:
    outcome = read(
        raw("start_time,speaker_label,transcript\n01:00,A,One\n00:10,B,Two\n01:10,A,Three\n")
    )
    assert outcome.transcript is not None
    assert [t.text for t in outcome.transcript.turns] == ["One", "Two", "Three"]
    assert [t.flags for t in outcome.transcript.turns] == [(), ("time_back",), ()]


def test_a_missing_column_says_which_and_what_is_there() -> None:
    assert "no column for the speaker: it has start_time, transcript" in reason(
        "start_time,transcript\n0,x\n"
    )
    assert "no column for the text" in reason("start_time,speaker_label\n0,x\n")


@pytest.mark.parametrize(
    "data", [b"", b"   \n\n", b"\x00\x00\x00\x00", b"\xef\xbb\xbf", b"\xff\xfe"]
)
def test_an_empty_file(data: bytes) -> None:
    assert "empty" in reason(data)


def test_text_log_with_times_and_lines_that_go_on() -> None:
    log = "Call 77\n\n[00:03] Officer Johnson: Please sit down.\n[01:02:05] [Driver]: I am\nsitting.\n"
    assert said(log, "stop.txt") == [
        (3.0, "Officer Johnson", "Please sit down."),
        (3725.0, "[Driver]", "I am sitting."),
    ]


def test_text_log_without_times() -> None:
    assert said("Officer: Hi.\nIda: Hi yourself.\n", "a.log") == [
        (None, "Officer", "Hi."),
        (None, "Ida", "Hi yourself."),
    ]


def test_prose_is_no_log() -> None:
    assert "reads like" in reason("There once was a town\nby the sea\n", "a.txt")


def test_diarised_json_of_whisperx_and_of_a_list() -> None:
    segments = [
        {"start": 0.5, "end": 2.0, "text": " Step out. ", "speaker": "SPEAKER_00"},
        {"start": 2.5, "words": [{"word": "Why"}, {"word": "me?"}], "speaker": "SPEAKER_01"},
        {"start": 9.0, "speaker": "SPEAKER_01"},
    ]
    expected = [(0.5, "SPEAKER_00", "Step out."), (2.5, "SPEAKER_01", "Why me?")]
    assert said(json.dumps({"segments": segments}), "a.json") == expected
    assert said(json.dumps(segments), "a.json") == expected


@pytest.mark.parametrize("data", ["{", "[1, 2", '{"a": 1}', "3", "[" * 100_000])
def test_json_that_is_none_or_holds_no_segments(data: str) -> None:
    assert "JSON" in reason(data, "a.json") or "segments" in reason(data, "a.json")


@pytest.mark.parametrize(
    ("text", "value"),
    [("00:03", 3), ("59:59", 3599), ("1:00:00", 3600), ("01:02,500", 62.5), ("12.5", 12.5), (7, 7),
     ("x", None), ("-4", None), ("", None), (True, None), ("nan", None)],
)  # fmt: skip
def test_seconds(text: object, value: float | None) -> None:
    assert seconds(text) == value


def test_a_folder_with_everything_in_it_is_read_file_by_file(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    (tmp_path / ".hidden").write_text("x")
    for folder in ("a", "b"):
        (tmp_path / folder / "same.csv").write_text(as_csv(STOP))
    (tmp_path / "notes.docx").write_bytes(b"PK")
    with (tmp_path / "huge.csv").open("wb") as stream:
        stream.truncate(500 * 1024 * 1024)
    found = {raw.stem: raw.problem for raw in files_in(tmp_path)}
    assert set(found) == {"same", "same~2", "notes", "huge"}
    assert "500" in str(found["huge"]) or "524" in str(found["huge"])
    assert str(MAX_TEXT_BYTES // 2**20) in str(found["huge"])
    assert "not a transcript" in str(found["notes"])


def test_archives(tmp_path: Path) -> None:
    (tmp_path / "one.csv").write_text(as_csv(STOP))
    with tarfile.open(tmp_path / "t.tar.xz", "w:xz") as tar:
        tar.add(tmp_path / "one.csv", "in/one.csv")
    with zipfile.ZipFile(tmp_path / "z.zip", "w") as archive:
        archive.write(tmp_path / "one.csv", "in/one.csv")
    for name in ("t.tar.xz", "z.zip"):
        (raw_file,) = files_in(tmp_path / name)
        assert raw_file.stem == "one"
        assert read(raw_file).transcript is not None


def test_an_archive_that_breaks_off_gives_what_is_whole(tmp_path: Path) -> None:
    import random

    noise = random.Random(1)
    with tarfile.open(tmp_path / "t.tar", "w") as tar:
        for number in range(3):
            path = tmp_path / f"{number}.csv"
            path.write_text(as_csv(STOP) + f"09:00,A,{noise.random()}\n")
            tar.add(path, path.name)
    data = (tmp_path / "t.tar").read_bytes()
    cut = tmp_path / "cut.tar"
    cut.write_bytes(data[:3000])
    found = list(files_in(cut))
    assert found[0].problem is None
    assert "breaks off" in str(found[-1].problem)


@pytest.mark.parametrize("name", ["no.tar.gz", "no.zip"])
def test_what_is_no_archive(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"hello")
    with pytest.raises(BadScenario, match="not an archive"):
        list(files_in(tmp_path / name))


def test_no_such_source(tmp_path: Path) -> None:
    with pytest.raises(BadScenario, match="no such file"):
        list(files_in(tmp_path / "nothing"))
