"""What people said of a sheet's pairs, from the CSV files that they saved."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rmb.errors import DataError, nearest

SAID: Final = {"a": "A", "b": "B", "tie": "tie", "same": "tie"}
"""What may stand in the column `label`, whatever its letter case; nothing: not labelled."""
SEPARATORS = ",;\t"


@dataclass(frozen=True, slots=True)
class Person:
    """Who labelled, and what they said, "A", "B" or "tie", by the row's id."""

    name: str
    said: Mapping[str, str]


def read(path: Path, known: Collection[str]) -> Person:
    """The labels in a file, in any spreadsheet's CSV with columns `id` and `label`. known: the ids of the sheet.

    The name is that in the column `annotator`, or the file's. Raises DataError naming file and line.
    """
    said: dict[str, str] = {}
    names: dict[str, None] = {}
    lines: dict[str, int] = {}
    for number, row in rows(path):
        name, word = (row.get("id") or "").strip(), (row.get("label") or "").strip()
        if not name and not word:
            continue
        where = f"{path}, line {number}"
        if name not in known:
            raise DataError(f"{where}: the sheet has no row {name!r}{hint(name, known)}")
        if name in lines:
            raise DataError(f"{where}: the row {name} is there twice, first in line {lines[name]}")
        lines[name] = number
        if word and word.casefold() not in SAID:
            raise DataError(f"{where}: the label {word!r} is none of A, B, tie; leave it empty for no label")
        if word:
            said[name] = SAID[word.casefold()]
        names[printable(row.get("annotator") or "")] = None
    if len(told := [name for name in names if name]) > 1:
        raise DataError(f"{path}: labels of several people, {', '.join(told)}; give a file for each")
    return Person(told[0] if told else printable(path.stem), said)


def printable(name: str) -> str:
    """A name in one line, without what a terminal would obey."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in name).split())


def hint(name: str, known: Collection[str]) -> str:
    """What an id may have been, and where ids are from."""
    near = nearest(name, known, most=1)
    return f" (did you mean {near[0]}?)" if near else "; is this file of another sheet?"


def rows(path: Path) -> Iterator[tuple[int, Mapping[str, str | None]]]:
    """The rows of a CSV file, each with the line on which it ends. Raises DataError for what is none."""
    text = text_of(path)
    first = text.partition("\n")[0]
    separator = max(SEPARATORS, key=first.count)
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=separator)
    reader.fieldnames = [name.strip().casefold() for name in reader.fieldnames or ()]
    missing = {"id", "label"} - set(reader.fieldnames)
    if missing:
        raise DataError(f"{path}: no column {' and no column '.join(sorted(missing))} in its first line")
    try:
        for row in reader:
            yield reader.line_num, row
    except csv.Error as error:
        raise DataError(f"{path}, line {reader.line_num}: no CSV ({error})") from error


def text_of(path: Path) -> str:
    """A file's text. What is not UTF-8 does no harm: ids and labels are ASCII."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror or error}") from error
    if b"\0" in data:
        raise DataError(f"{path} is no CSV in UTF-8: it holds zero bytes; save the sheet as CSV (UTF-8)")
    return data.decode("utf-8-sig", errors="replace")
