"""Who asks what at this moment: of all processes that share a store, one at a time asks a question.

A claim is the system's lock on one byte of a file, at a place that the key gives. The file is empty and stays so; the
system lets go of a claim when its process dies, however it dies, so that none has to expire.
"""

from __future__ import annotations

import logging
import os
from pathlib import Path
from types import ModuleType

from rmb.store.journal import mark

fcntl: ModuleType | None
try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

LOG = logging.getLogger("rmb.store")
TAKE, RELEASE = (fcntl.LOCK_EX | fcntl.LOCK_NB, fcntl.LOCK_UN) if fcntl else (0, 0)


class Claims:
    """The claims of this process on the questions of a store. Threads of one process do not exclude each other."""

    def __init__(self, file: Path) -> None:
        """Opens nothing yet. One is enough for a process: closing the file anywhere in it ends all its claims."""
        self.file = file
        self.descriptor: int | None = None

    def take(self, key: str) -> bool:
        """True if the question is this process's to ask; False while another asks it.

        Always True on Windows, and on disks without locks.
        """
        return self._lock(TAKE, key)

    def release(self, key: str) -> None:
        """Leaves the question to others; nothing happens if it was not claimed."""
        self._lock(RELEASE, key)

    def close(self) -> None:
        """Leaves all questions to others."""
        if self.descriptor is not None:
            os.close(self.descriptor)
            self.descriptor = None

    def _lock(self, kind: int, key: str) -> bool:
        if fcntl is None:
            return True
        if self.descriptor is None:
            self.descriptor = os.open(self.file, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            # The highest place that a lock can be at has 63 bits.
            fcntl.lockf(self.descriptor, kind, 1, int(mark(key), 16) >> 2)
        except (BlockingIOError, PermissionError):
            return False
        except OSError as error:
            # No locks on this disk: as if nobody else were there.
            LOG.debug("no claims: %s", error)
        return True
