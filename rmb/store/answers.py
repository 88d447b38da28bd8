"""The store itself: rows that are looked up and put, and brought back from the journal where they are damaged."""

from __future__ import annotations

import errno
import logging
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Self, TypeVar

import diskcache

from rmb.errors import StorageError
from rmb.records import Json
from rmb.store.claims import Claims
from rmb.store.journal import NO_FILE, Journal, Pair, identity
from rmb.store.lock import held
from rmb.store.place import settle
from rmb.store.rows import (
    DATABASE,
    DamagedRowError,
    counted,
    doubled,
    fill,
    is_damage,
    listed,
    open_rows,
    pack,
    unpack,
)

LOG = logging.getLogger("rmb.store")
Found = TypeVar("Found")
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
MENDS = 5
"""Times that a database is mended which breaks again at once, before that is an error."""
NOTHING = object()
"""No row, or none to be trusted; None is a value."""


class Store:
    """Answers by key, in one folder. Safe to share between runs and processes on one machine.

    damaged: keys of rows that could not be trusted in this process; they count as absent and are asked again.
    mended: keys of rows that were damaged or lost, and came back from the journal.
    """

    def __init__(self, folder: Path) -> None:
        """Opens the store in `folder`, made if absent, and rebuilds it if it is damaged.

        Raises StorageError if the folder cannot be used, is another user's, or was made by a newer release.
        """
        self.folder = folder
        self.damaged: list[str] = []
        self.mended: list[str] = []
        self.opened = NO_FILE
        with storage(folder):
            self.home = settle(folder)
            self.journal = Journal(self.home / "journal")
            self.database = self.home / DATABASE
            self.claims = Claims(self.home / "claims")
            with self.alone():
                self._open()

    def get(self, key: str) -> dict[str, Any] | None:
        """The stored value, or None if there is none that can be trusted."""
        with storage(self.folder):
            data = self.attempt(lambda: self._row(key))
            value = self._read(key, data)
            if value is NOTHING:
                value = self._brought_back(key)
        if isinstance(value, dict):
            return value
        if value is not NOTHING or data is not None:
            self.damaged.append(key)
        return None

    def put(self, key: str, value: Mapping[str, Json]) -> None:
        """Stores a value; it is in the journal and in its row when this returns.

        Raises StorageError if it cannot be, and ValueError for what is no JSON.
        """
        data = pack(key, value)
        with storage(self.folder), self.alone():
            self.journal.append(key, data)
            self.attempt(lambda: self.rows.set(key, data), alone=True)

    def __len__(self) -> int:
        """The number of rows."""
        with storage(self.folder):
            return self.attempt(lambda: counted(self.database))

    def close(self) -> None:
        """Lets go of the files."""
        with storage(self.folder):
            self.rows.close()
            self.journal.close()
            self.claims.close()

    def __enter__(self) -> Self:
        """The store itself."""
        return self

    def __exit__(self, *exception: object) -> None:
        """Closes the store."""
        self.close()

    def alone(self) -> AbstractContextManager[None]:
        """The lock under which rows and journal are changed."""
        return held(self.home / "lock")

    def attempt(self, work: Callable[[], Found], *, alone: bool = False) -> Found:
        """What `work` on the rows gives; on a damaged database it is done again when that is rebuilt.

        alone: whether the lock is held already.
        """
        for _ in range(MENDS):
            try:
                if identity(self.database) == self.opened:
                    return work()
            except (sqlite3.Error, diskcache.Timeout) as error:
                if not is_damage(error):
                    raise
                self._under_lock(partial(self.rebuild, str(error)), alone=alone)
            else:
                # Another process has rebuilt it, or somebody took it away.
                self._under_lock(self._reopen, alone=alone)
        return work()

    def rebuild(self, why: str) -> None:
        """Sets the damaged database aside and makes another from the journal. Under the lock only."""
        self.rows_close()
        if self.opened in (NO_FILE, identity(self.database)):
            aside = set_aside(self.database)
            self.rows = open_rows(self.home)
            number = fill(self.rows, self.journal.rows())
            number += self._salvaged(aside)
            LOG.warning(
                "the answer store %s was damaged (%s): %s rows were brought back, the rest is asked again; what was there "
                "is kept as %s",
                self.folder,
                why,
                f"{number:,}",
                aside.name,
            )
        else:
            self.rows = open_rows(self.home)
        self.opened = identity(self.database)

    def rows_close(self) -> None:
        """Lets go of the database, in whatever state it is."""
        rows = getattr(self, "rows", None)
        if rows is not None:
            try:
                rows.close()
            except sqlite3.Error as error:
                LOG.debug("closing the damaged %s: %s", self.database, error)

    def sound(self) -> Iterator[Pair]:
        """Every row that can be trusted, by key. Raises sqlite3.Error where the database is broken."""
        for key, data in listed(self.database):
            try:
                yield str(key), doubled(str(key), data)
            except DamagedRowError:
                continue

    def _open(self) -> None:
        self.opened = NO_FILE
        fresh, single = not self.database.exists(), not self.journal.file.exists()
        try:
            self.rows = open_rows(self.home)
            self.opened = identity(self.database)
            if fresh and not single:
                self._refill()
            elif single:
                self.journal.rewrite(self.sound())
        except Exception as error:  # diskcache raises anything for a table of settings that is none
            if not is_damage(error):
                raise
            self.opened = identity(self.database)
            self.rebuild(str(error))

    def _refill(self) -> None:
        number = fill(self.rows, self.journal.rows())
        if number:
            LOG.warning(
                "the answer store %s had lost its database: %s rows were brought back",
                self.folder,
                f"{number:,}",
            )

    def _reopen(self) -> None:
        if identity(self.database) != self.opened:
            self.rows_close()
            self._open()

    def _under_lock(self, work: Callable[[], None], *, alone: bool) -> None:
        if alone:
            work()
            return
        with self.alone():
            work()

    def _salvaged(self, aside: Path) -> int:
        # A store of the first release may have been damaged before it had a journal.
        number = 0
        # From both ends, up to the first broken page.
        for order in ("rowid", "rowid DESC"):
            try:
                for key, data in listed(aside, order):
                    number += self._salvage(str(key), data)
            except sqlite3.Error as error:
                LOG.debug("%s cannot be read further: %s", aside, error)
        return number

    def _salvage(self, key: str, data: bytes) -> bool:
        if key in self.rows:
            return False
        try:
            row = doubled(key, data)
        except DamagedRowError:
            return False
        self.journal.append(key, row)
        self.rows.set(key, row)
        return True

    def _row(self, key: str) -> bytes | None:
        try:
            data: bytes | None = self.rows.get(key, default=None)
        except DamagedRowError:
            return b""
        return data

    def _read(self, key: str, data: bytes | None) -> Any:
        if data is None:
            return NOTHING
        try:
            return unpack(key, data)[1]
        except DamagedRowError:
            return NOTHING

    def _brought_back(self, key: str) -> Any:
        kept = self.journal.find(key)
        if kept is None:
            return NOTHING
        with self.alone():
            # Whoever was just writing it has finished now.
            value = self._read(key, self.attempt(lambda: self._row(key), alone=True))
            if value is NOTHING:
                self.attempt(lambda: self.rows.set(key, kept), alone=True)
                self._tell_of(key)
                value = self._read(key, kept)
        return value

    def _tell_of(self, key: str) -> None:
        if not self.mended:
            LOG.warning(
                "rows of the answer store %s were damaged or lost, and are brought back from its journal, the first %s",
                self.folder,
                key,
            )
        self.mended.append(key)


def set_aside(database: Path) -> Path:
    """Renames a damaged database and the files beside it, never over others; the new path."""
    number = 1
    while (aside := database.with_name(f"{database.name}.damaged-{number}")).exists():
        number += 1
    for ending in ("-wal", "-shm", ""):
        file = database.with_name(database.name + ending)
        if file.exists():
            file.rename(aside.with_name(aside.name + ending))
    return aside


@contextmanager
def storage(folder: Path) -> Iterator[None]:
    """Turns the errors of disk and database into StorageError, which names the folder and what to do."""
    try:
        yield
    except (sqlite3.Error, diskcache.Timeout) as error:
        if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL:
            raise StorageError(no_room(folder)) from error
        raise StorageError(f"the answer store in {folder} failed: {error or 'it is busy'}") from error
    except OSError as error:
        if error.errno in FULL:
            raise StorageError(no_room(folder)) from error
        raise StorageError(
            f"cannot use {folder}: {error.strerror or error}; name another with --cache"
        ) from error


def no_room(folder: Path) -> str:
    """What is said on a full disk."""
    return f"no room for answers in {folder}; make some, and the same command goes on where it was"
