"""The files of the data set: Parquet and JSON Lines, written row by row beside, then moved into
place.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from scenarios.corpus.splits import SPLITS
from scenarios.corpus.transcript import Transcript

_ROWS_AT_ONCE = 4000


def _arrow() -> Any:
    import pyarrow  # type: ignore[import-untyped, unused-ignore]
    import pyarrow.parquet  # type: ignore[import-untyped, unused-ignore]

    return pyarrow


class _Table:
    """A Parquet file that grows by rows and never holds more than a few thousand of them."""

    def __init__(self, path: Path, schema: Any) -> None:
        self._arrow = _arrow()
        self._schema = schema
        self._rows: list[dict[str, Any]] = []
        self._writer = self._arrow.parquet.ParquetWriter(path, schema, compression="zstd")

    def add(self, rows: Iterable[dict[str, Any]]) -> None:
        self._rows.extend(rows)
        if len(self._rows) >= _ROWS_AT_ONCE:
            self._flush()

    def _flush(self) -> None:
        if self._rows:
            self._writer.write_table(self._arrow.Table.from_pylist(self._rows, self._schema))
            self._rows.clear()

    def close(self) -> None:
        self._flush()
        self._writer.close()


class DatasetFiles:
    """`turns.parquet` and `chat/SPLIT.parquet|jsonl` in a folder that appears only when all is
    written.
    """

    def __init__(self, folder: Path) -> None:
        self.final = folder
        self.folder = folder.with_name(f".{folder.name}.part")
        arrow = _arrow()
        text, number = arrow.string(), arrow.int32()
        self._turn_schema = arrow.schema(
            [
                ("source", text), ("turn", number), ("start_s", arrow.float32()), ("speaker", text),
                ("role", text), ("text", text), ("split", text),
            ]
        )  # fmt: skip
        message = arrow.struct([("role", text), ("content", text)])
        self._chat_schema = arrow.schema(
            [
                ("id", text), ("source", text), ("split", text), ("counterpart", text), ("tokens", number),
                ("messages", arrow.list_(message)), ("trains", arrow.list_(arrow.bool_())),
            ]
        )  # fmt: skip

    def __enter__(self) -> Self:
        shutil.rmtree(self.folder, ignore_errors=True)
        (self.folder / "chat").mkdir(parents=True)
        self._turns = _Table(self.folder / "turns.parquet", self._turn_schema)
        self._chat = {
            split: _Table(self.folder / "chat" / f"{split}.parquet", self._chat_schema)
            for split in SPLITS
        }
        self._lines = {
            split: (self.folder / "chat" / f"{split}.jsonl").open("w", encoding="utf-8")
            for split in SPLITS
        }
        return self

    def add_turns(self, transcript: Transcript, split: str) -> None:
        self._turns.add(
            {
                "source": transcript.source, "turn": index, "start_s": turn.start_s,
                "speaker": turn.speaker, "role": turn.role, "text": turn.text, "split": split,
            }
            for index, turn in enumerate(transcript.turns)
        )  # fmt: skip

    def add_chat(self, record: dict[str, Any]) -> None:
        self._chat[record["split"]].add([record])
        self._lines[record["split"]].write(json.dumps(record, ensure_ascii=False) + "\n")

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for table in (self._turns, *self._chat.values()):
            table.close()
        for stream in self._lines.values():
            stream.close()
        if kind is not None:
            shutil.rmtree(self.folder, ignore_errors=True)

    def finish(self) -> None:
        """Puts the new folder in the place of the old one."""
        old = self.final.with_name(f".{self.final.name}.old")
        shutil.rmtree(old, ignore_errors=True)
        if self.final.exists():
            self.final.rename(old)
        self.folder.rename(self.final)
        shutil.rmtree(old, ignore_errors=True)
