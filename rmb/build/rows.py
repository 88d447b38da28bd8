"""What a source of prompts holds, row by row: JSONL, Parquet, or RMB's own data, each with the place it stands at."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rmb.datasets.files import ARCHIVES, json_files, reading
from rmb.datasets.rmb import SETS
from rmb.errors import DataError, one_line

if TYPE_CHECKING:
    import pyarrow

LINES, PARQUET = (".jsonl", ".jsonl.gz"), (".parquet",)
CONVERSATION = ("conversation", "conversation_input")
"""Where a record keeps its turns: WildChat's name for it, and RMB's."""
NAMED = ("conversation_hash", "conversation_id", "id", "pair_uid", "bon_uid", "category_path", "model")
TOLD = ("turn", "timestamp", "toxic", "redacted", "language")
"""What else is read of a record; all other keys are passed over."""
BATCH = 256
"""Rows of a Parquet file that are in memory at a time."""


@dataclass(frozen=True, slots=True)
class Row:
    """A record of a source. line: or row, from 1; fault: why there is no record, if so."""

    file: str
    line: int
    record: Any = None
    fault: str = ""

    @property
    def where(self) -> str:
        """File and line, as the ledger names them."""
        return f"{self.file}:{self.line}"


def rows(source: Path) -> Iterator[Row]:
    """Every record of a file, or of the files below a folder, in the order of their names.

    A folder in RMB's layout, or without JSONL and Parquet, is read as RMB's data, as are archives and .json files. Raises DataError for what
    is no source: not there, of another kind, damaged, without conversations.
    """
    if not source.exists():
        raise DataError(f"no prompts at {source}; build.yaml's `source` names a JSONL or Parquet file")
    for path in files(source):
        read = reader_of(path) or from_json
        yield from read(path, path.name if path == source else str(path.relative_to(source)))


def files(source: Path) -> list[Path]:
    """What is read one after the other; the source itself where it is a file, or RMB's data."""
    below = sorted(source.rglob("*")) if source.is_dir() else []
    if any(path.name in SETS and path.is_dir() for path in below):
        return [source]
    return [path for path in below if reader_of(path)] or [source]


def reader_of(path: Path) -> Callable[[Path, str], Iterator[Row]] | None:
    """What reads a file of prompts; None for any other."""
    if path.name.startswith(".") or path.is_dir():
        return None
    if path.name.lower().endswith(LINES):
        return from_lines
    return from_parquet if path.name.lower().endswith(PARQUET) else None


def from_lines(path: Path, name: str) -> Iterator[Row]:
    """The records of a JSONL file; blank lines are passed over."""
    with reading(path), (gzip.open if path.name.lower().endswith(".gz") else open)(path, "rb") as lines:
        for number, line in enumerate(lines, 1):
            if line.strip():
                yield from_line(name, number, line)


def from_line(name: str, number: int, line: bytes) -> Row:
    """The record on a line, or why there is none."""
    try:
        return Row(name, number, json.loads(line.decode("utf-8-sig" if number == 1 else "utf-8")))
    except UnicodeDecodeError as error:
        return Row(name, number, fault=f"not UTF-8: {error.reason} at byte {error.start + 1}")
    except (ValueError, RecursionError) as error:
        return Row(name, number, fault=f"not JSON: {one_line(error)}")


def from_parquet(path: Path, name: str) -> Iterator[Row]:
    """The rows of a Parquet file, of which only what is used is read."""
    import pyarrow.parquet

    with sound(path), pyarrow.parquet.ParquetFile(path) as opened:
        columns = [each for each in opened.schema_arrow.names if each in {*CONVERSATION, *NAMED, *TOLD}]
        if not {*columns} & {*CONVERSATION}:
            found = ", ".join(opened.schema_arrow.names[:8])
            raise DataError(f"{path} has no column `conversation` (it has {found or 'none'})")
        number = 0
        for batch in opened.iter_batches(batch_size=BATCH, columns=columns):
            for place in range(batch.num_rows):
                number += 1
                yield from_place(batch, place, name, number)


@contextmanager
def sound(path: Path) -> Iterator[None]:
    """What is no Parquet inside is a DataError that names the file."""
    import pyarrow

    try:
        yield
    except (pyarrow.ArrowException, OSError) as error:
        raise DataError(f"cannot read {path} as Parquet: {one_line(error)}") from error


def from_place(batch: pyarrow.RecordBatch, place: int, name: str, number: int) -> Row:
    """The record in a row of a batch, or why there is none: texts need not be UTF-8, nor times possible."""
    try:
        return Row(name, number, batch.slice(place, 1).to_pylist()[0])
    except (ValueError, OverflowError) as error:
        return Row(name, number, fault=f"not readable: {one_line(error)}")


def from_json(source: Path, name: str) -> Iterator[Row]:
    """The records of JSON files that hold lists of them, such as RMB's; of records with one conversation the first."""
    if not (source.is_dir() or source.name.lower().endswith((".json", *ARCHIVES))):
        kinds = ", ".join([*LINES, *PARQUET, ".json"])
        raise DataError(f"{source}: prompts are read from {kinds}, a folder of these, or RMB's archive")
    seen = set()
    for where, content in json_files(source):
        file = where.removeprefix(f"{source}").lstrip("/:") or name
        for number, record in enumerate(content if isinstance(content, list) else [content], 1):
            turns = record.get("conversation_input") if isinstance(record, dict) else None
            spelt = json.dumps(turns, sort_keys=True)
            if turns is None or spelt not in seen:
                seen.add(spelt)
                yield Row(file, number, record)
