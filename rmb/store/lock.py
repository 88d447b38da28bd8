"""One process at a time: a lock on a file, which the system lets go of when its holder dies."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rmb.errors import StorageError

WAIT = 60.0
"""Seconds. The longest work under the lock, making a journal of a large store, takes some seconds."""


@contextmanager
def held(file: Path, *, wait: float = WAIT) -> Iterator[None]:
    """Holds the lock; not to be taken again inside. Raises StorageError if others hold it for `wait` seconds."""
    # Opened anew each time: a lock is of an open file, so threads and forked children exclude each other too.
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _take(descriptor, file, time.monotonic() + wait)
        yield
    finally:
        os.close(descriptor)


if sys.platform == "win32":

    def _take(descriptor: int, file: Path, until: float) -> None:
        # SQLite's own locks remain; two processes that mend one store at once are not kept apart here.
        pass

else:
    import fcntl

    def _take(descriptor: int, file: Path, until: float) -> None:
        pause = 0.0002
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > until:
                    raise StorageError(
                        f"another process has held {file} for too long; stop it, or name another store with --cache"
                    ) from None
                time.sleep(pause)
                pause = min(pause * 1.5, 0.01)
            else:
                return
