"""Rows: JSON with its key under one checksum, kept by a diskcache that never unpickles and never evicts.

diskcache's own Disk unpickles whatever it finds (CVE-2025-69872), and its default evicts rows past 1 GiB; see
docs/decisions/0002-diskcache-without-pickle.md.
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import diskcache
from diskcache.core import DEFAULT_SETTINGS, METADATA, MODE_BINARY, MODE_RAW

from rmb.canonical import canonical
from rmb.errors import StorageError
from rmb.records import Json
from rmb.store.keys import is_answer

DATABASE = "cache.db"
MOST_BYTES = 2**26
"""Of one row's JSON: far beyond any answer, and little enough to unpack what a stranger packed."""
SETTINGS: Mapping[str, Any] = {
    **DEFAULT_SETTINGS,
    "eviction_policy": "none",
    "cull_limit": 0,
    "size_limit": 2**62,
    # A file that is cut short under a memory map ends the process instead of raising.
    "sqlite_mmap_size": 0,
    # Pages that a process keeps, 4 MB: beyond that the system's own cache is as good, and memory stays flat.
    "sqlite_cache_size": 2**10,
    # All in the database: one file to keep private, and no row whose file is missing.
    "disk_min_file_size": 2**62,
}
DAMAGE = {
    # What else could be wrong with statements that are always the same: tables that are not those diskcache made
    sqlite3.SQLITE_ERROR,
    sqlite3.SQLITE_CORRUPT,
    sqlite3.SQLITE_NOTADB,
    sqlite3.SQLITE_CONSTRAINT,
    sqlite3.SQLITE_MISMATCH,
}
HEADERS = tuple(
    b"SQLite format 3\0" + size + version * 2 + b"\0\x40\x20\x20"
    for size in (b"\x10\0", b"\x04\0")
    for version in (b"\1", b"\2")
)
"""How a database begins that SQLite made here, with pages of 4,096 bytes (of 1,024, by old releases of SQLite)."""


class DamagedRowError(Exception):
    """A row that is not what this program wrote: a failed checksum, another row's key, a kind it never writes."""


def pack(key: str, value: Json | Mapping[str, Json]) -> bytes:
    """A row: sha256, then zlib(JSON) and the key, which the checksum covers both.

    Raises ValueError for what is no JSON, NaN and integers of thousands of digits included.
    """
    text = canonical(value).encode("ascii")
    if len(text) > MOST_BYTES:
        raise StorageError(f"an answer of {len(text):,} bytes is too large to be kept")
    # Level 3: prompts of one run are alike, and more effort gains little.
    body = zlib.compress(text, 3) + key.encode()
    return hashlib.sha256(body).digest() + body


def unpack(key: str | None, data: bytes) -> tuple[str, Any]:
    """The key and value of a row. key: the one that it is expected to have; None for whichever it names.

    Raises DamagedRowError for all that `pack` did not make. A row of the first release names no key; it is good
    where the key is the hash of its content.
    """
    # The checksum comes before any parser sees a byte of it.
    if hashlib.sha256(data[32:]).digest() != data[:32]:
        raise DamagedRowError("a row whose checksum fails")
    unzip = zlib.decompressobj()
    try:
        value = json.loads(unzip.decompress(data[32:], MOST_BYTES))
        named = unzip.unused_data.decode()
    except (zlib.error, ValueError, RecursionError) as error:
        raise DamagedRowError("a row that is no JSON") from error
    if not unzip.eof:
        raise DamagedRowError("a row that is too large")
    if not named and key is not None and is_answer(key, value):
        named = key
    if not named or (key is not None and named != key):
        raise DamagedRowError("a row under another key than its own")
    return named, value


def doubled(key: str, data: bytes) -> bytes:
    """A sound row as `pack` makes it: one of the first release is given its key. Raises DamagedRowError as `unpack`."""
    unpack(key, data)
    if data.endswith(key.encode()):
        return data
    body = data[32:] + key.encode()
    return hashlib.sha256(body).digest() + body


class PlainBytes(diskcache.Disk):  # type: ignore[misc]  # diskcache has no types
    """Bytes under text keys. Never pickles, and never unpickles."""

    def put(self, key: Any) -> tuple[str, bool]:
        """A key as it is stored: text, marked raw."""
        return str(key), True

    def get(self, key: Any, raw: bool) -> str:
        """A stored key; one that is not raw text was not written here."""
        if not raw or not isinstance(key, str):
            raise DamagedRowError("a key that is no text")
        return key

    def fetch(self, mode: int, filename: str | None, value: Any, read: bool) -> bytes:
        """The bytes of a row, of which nothing is known yet. Raises DamagedRowError for any other row."""
        if mode not in (MODE_RAW, MODE_BINARY):
            raise DamagedRowError(f"a row of mode {mode}, which this program never writes")
        try:
            data = super().fetch(mode, filename, value, read)
        except (OSError, TypeError, ValueError) as error:
            raise DamagedRowError("a row whose file cannot be read") from error
        if not isinstance(data, bytes):
            raise DamagedRowError("a row that is no bytes")
        return data


def open_rows(folder: Path) -> Any:
    """The diskcache of the rows, which never evicts. Raises what `is_damage` judges."""
    # Made here, so that its mode, which SQLite gives to the files beside it, is not left to the umask.
    os.close(os.open(folder / DATABASE, os.O_RDWR | os.O_CREAT, 0o600))
    check_head(folder / DATABASE)
    overrule(folder / DATABASE)
    return diskcache.Cache(str(folder), disk=PlainBytes, **SETTINGS)


def check_head(database: Path) -> None:
    """Raises ValueError for a broken header: SQLite takes one for a file that it may not write to, for good."""
    with database.open("rb") as opened:
        head = opened.read(100)
    if head and not (head.startswith(HEADERS) and head[56:60] == b"\0\0\0\1"):
        raise ValueError("its header is broken")


def overrule(database: Path) -> None:
    """Puts right the table of settings, since diskcache believes whatever stands there, pragmas included."""
    known = [*SETTINGS, *METADATA]
    pragmas = {name: value for name, value in SETTINGS.items() if name.startswith("sqlite_")}
    with closing(sqlite3.connect(database, timeout=60, isolation_level=None)) as connection:
        if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'Settings'").fetchone():
            return
        found = dict(connection.execute("SELECT key, value FROM Settings").fetchall())
        if set(found) - set(known):
            marks = ",".join("?" * len(known))
            connection.execute(f"DELETE FROM Settings WHERE key NOT IN ({marks})", known)  # noqa: S608
        for name, value in pragmas.items():
            if name in found and found[name] != value:
                connection.execute("UPDATE Settings SET value = ? WHERE key = ?", (value, name))


def is_damage(error: BaseException) -> bool:
    """Whether an error says that the database is broken, and not that the disk is full or the file is locked."""
    if isinstance(error, diskcache.Timeout) or (
        isinstance(error, sqlite3.Error) and isinstance(error.__context__, sqlite3.Error)
    ):
        # A rollback that fails, or diskcache's Timeout, hides what came first.
        return error.__context__ is not None and is_damage(error.__context__)
    if isinstance(error, sqlite3.Error):
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
        return code & 0xFF in DAMAGE or code == sqlite3.SQLITE_IOERR_SHORT_READ
    # What diskcache makes of a settings table that is none
    return isinstance(error, (TypeError, ValueError, AttributeError, LookupError, ArithmeticError))


def listed(database: Path, order: str = "key, raw") -> Iterator[tuple[object, bytes]]:
    """Every row's key and bytes, sorted by key unless another order is said; no bytes (b"") where there are none to be trusted.

    Raises sqlite3.Error where the database is broken.
    """
    disk = PlainBytes(str(database.parent))
    with closing(reading(database)) as connection:
        query = f"SELECT key, raw, mode, filename, value FROM Cache ORDER BY {order}"  # noqa: S608
        for key, raw, mode, filename, value in connection.execute(query):
            try:
                yield disk.get(key, raw), disk.fetch(mode, filename, value, read=False)
            except DamagedRowError:
                yield key, b""


def counted(database: Path) -> int:
    """How many rows there are, damaged ones included. Raises sqlite3.Error where the database is broken."""
    with closing(reading(database)) as connection:
        ((number,),) = connection.execute("SELECT COUNT(*) FROM Cache").fetchall()
    return int(number)


def reading(database: Path) -> sqlite3.Connection:
    """A connection that changes nothing."""
    return sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro", uri=True, timeout=60)


def fill(rows: Any, pairs: Iterable[tuple[str, bytes]]) -> int:
    """Puts rows into a diskcache, all or none; how many there were."""
    keys = set()
    with rows.transact(retry=True):
        for key, data in pairs:
            rows.set(key, data)
            keys.add(key)
    return len(keys)
