"""Where an export goes: a file that appears whole or not at all, or stdout."""

from __future__ import annotations

import codecs
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from rmb.errors import UsageError
from rmb.run.folder import storage, whole

STDOUT = "-"


class Writable(Protocol):
    """What takes text."""

    def write(self, text: str, /) -> object:
        """Takes a text."""


@contextmanager
def new_file(out: str) -> Iterator[Path]:
    """A path to write to that takes the name of `out` when all is written, folders made on the way.

    A device or a pipe is written to as it is. Raises UsageError for the name of a folder, StorageError if the disk
    fails.
    """
    path = Path(out).expanduser()
    if path.is_dir():
        raise UsageError(f"{out} is a folder; name a file with --out")
    with storage(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        # A file put in the place of /dev/null would be a bad surprise.
        if path.exists() and not path.is_file():
            yield path
            return
        with whole(path) as part:
            yield part


@contextmanager
def text_file(out: str) -> Iterator[Writable]:
    """A file, or stdout for "-", that takes text as UTF-8 with line ends as they are; "?" for each lone surrogate."""
    if out == STDOUT:
        sys.stdout.flush()
        yield codecs.getwriter("utf-8")(sys.stdout.buffer, "replace")
        sys.stdout.buffer.flush()
        return
    with new_file(out) as part, part.open("w", encoding="utf-8", errors="replace", newline="") as file:
        yield file
