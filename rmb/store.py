"""The answer store: what judges answered, on disk, so that nothing is asked or paid for twice.

diskcache keeps the rows (SQLite, safe for several processes). Its own Disk unpickles whatever it finds
(CVE-2025-69872), so ours writes checksummed JSON and refuses every other row; and its default evicts rows
past 1 GiB, so eviction is off. See docs/decisions/0002-diskcache-without-pickle.md.
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import diskcache
import platformdirs
from diskcache.core import MODE_BINARY, MODE_RAW

from rmb import content
from rmb.canonical import canonical, digest
from rmb.errors import StorageError
from rmb.records import Json

SCHEMA = "answers-v1"
ABSENT = object()


class DamagedRowError(Exception):
    """A row that is not what this program wrote: a failed checksum, or a kind of row it never writes."""


class ChecksummedJson(diskcache.Disk):  # type: ignore[misc]  # diskcache has no types
    """Rows as sha256 + zlib(JSON) under text keys. Never pickles, and never unpickles."""

    def put(self, key: Any) -> tuple[str, bool]:
        """A key as it is stored: text, marked raw."""
        return str(key), True

    def get(self, key: Any, raw: bool) -> str:
        """A stored key; one that is not raw text was not written here."""
        if not raw or not isinstance(key, str):
            raise DamagedRowError("a key that is no text")
        return key

    def store(self, value: Any, read: bool, key: Any = diskcache.UNKNOWN) -> Any:
        """A JSON value as bytes with their checksum."""
        # Level 3: prompts of one run are alike, and more effort gains little.
        packed = zlib.compress(canonical(value).encode("ascii"), 3)
        return super().store(hashlib.sha256(packed).digest() + packed, read, key)

    def fetch(self, mode: int, filename: str | None, value: Any, read: bool) -> Any:
        """The JSON value of a row. Raises DamagedRowError for any row but one whose checksum holds."""
        if mode not in (MODE_RAW, MODE_BINARY):
            raise DamagedRowError(f"a row of mode {mode}, which this program never writes")
        try:
            data = super().fetch(mode, filename, value, read)
        except OSError as error:
            raise DamagedRowError("a row whose file cannot be read") from error
        if not isinstance(data, bytes):
            raise DamagedRowError("a row that is no bytes")
        # The checksum comes before any parser sees a byte of it.
        if hashlib.sha256(data[32:]).digest() != data[:32]:
            raise DamagedRowError("a row whose checksum fails")
        return json.loads(zlib.decompress(data[32:]))


class Store:
    """Answers by key, in one folder. Safe to share between runs and processes on one machine.

    damaged: keys of rows that could not be trusted in this process; they count as absent and are asked again.
    """

    def __init__(self, folder: Path) -> None:
        """Opens the store in `folder`, made if absent. Raises StorageError if that cannot be written."""
        self.folder = folder
        self.damaged: list[str] = []
        with storage(folder):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            (folder / SCHEMA).mkdir(exist_ok=True, mode=0o700)
            self.rows = open_rows(folder / SCHEMA)

    def get(self, key: str) -> dict[str, Any] | None:
        """The stored value, or None if there is none that can be trusted."""
        with storage(self.folder):
            try:
                value = self.rows.get(key, default=ABSENT)
            except (DamagedRowError, zlib.error, ValueError, TypeError, RecursionError):
                value = None
        if value is ABSENT:
            return None
        if not isinstance(value, dict):
            self.damaged.append(key)
            return None
        return value

    def put(self, key: str, value: Mapping[str, Json]) -> None:
        """Stores a value; it is on disk when this returns. Raises StorageError if it cannot be."""
        with storage(self.folder):
            self.rows.set(key, value)

    def __len__(self) -> int:
        """The number of rows."""
        return len(self.rows)

    def close(self) -> None:
        """Lets go of the files."""
        self.rows.close()

    def __enter__(self) -> Self:
        """The store itself."""
        return self

    def __exit__(self, *exception: object) -> None:
        """Closes the store."""
        self.close()


def open_rows(folder: Path) -> Any:
    """The diskcache of the rows, which never evicts. Raises StorageError if what is there is no such thing."""
    try:
        return diskcache.Cache(
            str(folder), disk=ChecksummedJson, eviction_policy="none", cull_limit=0, size_limit=2**62
        )
    # diskcache believes its table of settings, whatever stands there
    except (TypeError, ValueError, AttributeError, LookupError, ArithmeticError) as error:
        raise StorageError(f"the answer store in {folder} is damaged: {error}") from error


@contextmanager
def storage(folder: Path) -> Iterator[None]:
    """Turns the errors of disk and database into StorageError, which names the folder."""
    try:
        yield
    except (sqlite3.Error, diskcache.Timeout) as error:
        raise StorageError(f"the answer store in {folder} failed: {error}") from error
    except OSError as error:
        raise StorageError(
            f"cannot use {folder}: {error.strerror or error}; name another with --cache"
        ) from error


def answer_key(identity: Mapping[str, Json], request: Json) -> str:
    """The key of an answer: sha256 of who is asked and of all that is sent, sample number included."""
    return digest({"schema": SCHEMA, "scorer": identity, "request": request})


def default_folder() -> Path:
    """Where answers go if nobody says: $RMB_CACHE, else the checkout's cache/, else the user's cache folder."""
    named = os.environ.get("RMB_CACHE")
    if named:
        return Path(named).expanduser()
    return (
        content.content_root() / "cache"
        if content.in_checkout()
        else Path(platformdirs.user_cache_dir("rmb"))
    )
