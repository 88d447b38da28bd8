"""The folder benchmark/ of a build: {test,train}/{BoN_set,Pairwise_set}/… as RMB's, and provenance.jsonl."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from rmb.errors import DataError
from rmb.records import Json

FOLDER = "benchmark"
PROVENANCE = "provenance.jsonl"
SPLITS = ("test", "train")
Files = Mapping[str, Sequence[Mapping[str, Json]]]
"""Records by the path of their file below benchmark/."""


def write(place: Path, files: Files) -> None:
    """Writes benchmark/ in a build's folder, in place of the one before: all of it or nothing.

    Raises DataError where the folder holds what no build wrote, OSError where the disk fails.
    """
    target, part, old = place / FOLDER, place / f".{FOLDER}.part", place / f".{FOLDER}.old"
    for stranger in strangers(target):
        raise DataError(f"{target} holds {stranger!r}, which no build wrote; move it elsewhere")
    for left in (part, old):
        shutil.rmtree(left, ignore_errors=True)
    part.mkdir(parents=True)
    for name, records in files.items():
        path = part / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text(name, records), encoding="utf-8", errors="backslashreplace", newline="\n")
    if target.exists():
        target.rename(old)
    part.rename(target)
    shutil.rmtree(old, ignore_errors=True)


def strangers(target: Path) -> Iterator[str]:
    """What is in benchmark/ and not of a build; hidden files are of the system."""
    mine = {*SPLITS, PROVENANCE}
    names = (path.name for path in target.iterdir()) if target.is_dir() else ()
    yield from sorted(name for name in names if name not in mine and not name.startswith("."))


def text(name: str, records: Sequence[Mapping[str, Json]]) -> str:
    """A file's text: one array as in RMB, or lines."""
    if name.endswith(".json"):
        return json.dumps(list(records), ensure_ascii=False, allow_nan=False, indent=1) + "\n"
    return "".join(json.dumps(one, ensure_ascii=False, allow_nan=False) + "\n" for one in records)
