"""The rows of a run as CSV, JSON lines and Parquet: one for each verdict, item × loser × order × sample."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rmb.errors import DataError
from rmb.report.exports.places import new_file, text_file
from rmb.report.exports.texts import Texts
from rmb.run.rows import schema

MESSAGES, BEST, LOSER = "messages", "best_text", "loser_text"
"""Columns that hold texts: the conversation as chat messages, and the two responses."""
BLOCK = 2**10
"""Rows that are held at a time: with texts, a row may be megabytes."""
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What spreadsheets take for the beginning of a formula."""


def blocks(path: Path, texts: Texts | None = None) -> Iterator[Any]:
    """The rows of an items.parquet as Arrow tables, with texts if they are given.

    Raises DataError if the file cannot be read; that its columns are there is for rmb.run.folder.read to say.
    """
    import pyarrow
    from pyarrow import parquet

    kinds = columns(texts is not None)
    try:
        for batch in parquet.ParquetFile(path).iter_batches(BLOCK, columns=schema().names):
            arrays = {name: batch.column(name) for name in schema().names}
            if texts is not None:
                arrays |= text_columns(arrays, texts)
            typed = [arrays[field.name].cast(field.type) for field in kinds]
            yield pyarrow.Table.from_arrays(typed, schema=kinds)
    except (pyarrow.ArrowException, OSError) as error:
        raise DataError(f"cannot read {path}: {' '.join(str(error).split())}") from error


def text_columns(arrays: dict[str, Any], texts: Texts) -> dict[str, Any]:
    """The columns of texts for a block's marks."""
    import pyarrow

    kinds = columns(with_texts=True)
    chats = [texts.chat(mark) for mark in arrays["conversation"].to_pylist()]
    responses = {
        name: [texts.response(mark) for mark in arrays[marks].to_pylist()]
        for name, marks in ((BEST, "best_mark"), (LOSER, "loser_mark"))
    }
    told: dict[str, Any] = {MESSAGES: chats, **responses}
    return {name: pyarrow.array(values, kinds.field(name).type) for name, values in told.items()}


def columns(with_texts: bool) -> Any:
    """The Arrow schema of what is written."""
    import pyarrow

    if not with_texts:
        return schema()
    text = pyarrow.string()
    chat = pyarrow.list_(pyarrow.struct([("role", text), ("content", text)]))
    return pyarrow.schema([*schema(), (MESSAGES, chat), (BEST, text), (LOSER, text)])


def write_parquet(out: str, path: Path, texts: Texts | None) -> int:
    """Writes the rows of the items.parquet at `path`; gives how many there are."""
    with new_file(out) as part:
        return into_parquet(part, path, texts)


def into_parquet(part: Path, path: Path, texts: Texts | None) -> int:
    """Writes the rows to a Parquet file, block by block; gives how many there are."""
    from pyarrow import parquet

    rows = 0
    with parquet.ParquetWriter(part, columns(texts is not None), compression="zstd") as writer:
        for block in blocks(path, texts):
            writer.write_table(block)
            rows += block.num_rows
    return rows


def write_jsonl(out: str, path: Path, texts: Texts | None) -> int:
    """Writes the rows as one JSON object a line; gives how many there are."""
    rows = 0
    with text_file(out) as file:
        for row in each(path, texts):
            file.write(json.dumps(row, ensure_ascii=False, allow_nan=False) + "\n")
            rows += 1
    return rows


def write_csv(out: str, path: Path, texts: Texts | None) -> int:
    """Writes the rows as CSV as in RFC 4180, with a line of names; gives how many there are."""
    rows = 0
    with text_file(out) as file:
        writer = csv.writer(file)
        writer.writerow(columns(texts is not None).names)
        for row in each(path, texts):
            writer.writerow([cell(value) for value in row.values()])
            rows += 1
    return rows


def each(path: Path, texts: Texts | None) -> Iterator[dict[str, Any]]:
    """The rows as dicts."""
    for block in blocks(path, texts):
        yield from block.to_pylist()


def cell(value: Any) -> str | int | float | None:
    """A value as a cell of CSV: nothing for None, true or false, keys with blanks between them, messages as JSON.

    A text that a spreadsheet would take for a formula gets a leading apostrophe.

    >>> cell("=1+1"), cell(-0.5), cell(True), cell(["k1", "k2"])
    ("'=1+1", -0.5, 'true', 'k1 k2')
    """
    match value:
        case bool():
            return str(value).lower()
        case str():
            return f"'{value}" if value.startswith(FORMULA) else value
        case [dict(), *_]:
            return json.dumps(value, ensure_ascii=False)
        case list():
            return " ".join(value)
    number: int | float | None = value
    return number
