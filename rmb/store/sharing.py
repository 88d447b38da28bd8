"""A store as one file: gzip, a line of JSON about it, and a line for each answer, sorted by key."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from rmb.canonical import canonical
from rmb.errors import DataError
from rmb.records import Json
from rmb.store.answers import Store, storage
from rmb.store.keys import SCHEMA, is_answer
from rmb.store.place import LAYOUT
from rmb.store.rows import MOST_BYTES
from rmb.store.upkeep import answers

HEADER: dict[str, Json] = {"answers": SCHEMA, "layout": LAYOUT}
LONGEST = MOST_BYTES + 200
"""Bytes of a line: an answer as large as the store takes, and its key."""
FREE, MOST_RATIO = 2**28, 200
"""What a file may unpack to however small it is, and how many times its own size beyond that."""


@dataclass(slots=True)
class Merged:
    """What came of an import. added: answers that were new; had: that were there; damaged: lines left out."""

    added: int = 0
    had: int = 0
    damaged: int = 0


def export(store: Store, out: IO[bytes], chosen: Callable[[Mapping[str, Any]], bool]) -> tuple[int, int]:
    """Writes the chosen answers; how many, and how many damaged rows were left out.

    Equal answers give equal bytes.
    """
    written = left = 0
    with gzip.GzipFile(filename="", mode="wb", fileobj=out, mtime=0, compresslevel=6) as packed:
        packed.write(canonical(HEADER).encode("ascii") + b"\n")
        with storage(store.folder):
            for key, value in answers(store):
                if value is None:
                    left += 1
                elif chosen(value):
                    packed.write(canonical({"key": key, "value": value}).encode("ascii") + b"\n")
                    written += 1
    return written, left


def check(file: Path) -> tuple[int, int]:
    """Answers of a file, and lines that are none. Raises DataError if it is no such file, or cannot be unpacked."""
    sound = damaged = 0
    for pair in pairs(file):
        sound, damaged = (sound, damaged + 1) if pair is None else (sound + 1, damaged)
    return sound, damaged


def merge(store: Store, file: Path) -> Merged:
    """Adds the answers of a file that the store does not have. Each line is checked; a wrong one is left out."""
    merged = Merged()
    for pair in pairs(file):
        if pair is None:
            merged.damaged += 1
        elif store.get(pair[0]) is not None:
            merged.had += 1
        else:
            store.put(*pair)
            merged.added += 1
    return merged


def pairs(file: Path) -> Iterator[tuple[str, dict[str, Any]] | None]:
    """Key and value of each line, None for one that is damaged. Holds one line at a time.

    Raises DataError if the file is no export, was made by a newer release, is cut off, or unpacks to far more than
    answers do.
    """
    most = max(FREE, MOST_RATIO * file.stat().st_size)
    try:
        with gzip.open(file, "rb") as opened:
            check_header(file, opened.readline(1_000))
            total = 0
            while text := opened.readline(LONGEST):
                total += len(text)
                if total > most or not text.endswith(b"\n"):
                    raise DataError(f"{file}: unpacks to more than answers would; it is not read further")
                yield pair_of(text)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{file} cannot be read: {error}") from error


def check_header(file: Path, text: bytes) -> None:
    """Raises DataError unless a first line is that of an export that this release can read."""
    try:
        header = json.loads(text)
        layout = header["layout"]
        known = header["answers"] == SCHEMA and isinstance(layout, int)
    except (ValueError, TypeError, KeyError, RecursionError):
        known, layout = False, 0
    if not known:
        raise DataError(f"{file} was not written by rmb cache export")
    if layout > LAYOUT:
        raise DataError(f"{file} was made by a newer release; upgrade rmb-judge")


def pair_of(text: bytes) -> tuple[str, dict[str, Any]] | None:
    """Key and value of a line; None unless the value is an answer and the key is its hash."""
    try:
        line = json.loads(text)
        key, value = line["key"], line["value"]
        canonical(value)
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    return (key, value) if isinstance(key, str) and is_answer(key, value) else None
