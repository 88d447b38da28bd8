"""The journal: every row once more, a line each, only ever appended to.

A line is 16 hexadecimal digits that stand for the key, a space, and the row in base64. The row carries its own
checksum and key, so a damaged line costs this line, and a torn last one is no line.
"""

from __future__ import annotations

import binascii
import hashlib
import os
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from rmb.store.rows import DamagedRowError, unpack

SYNC_SECONDS, SYNC_LINES = 1.0, 256
"""How often lines are forced to the disk while they come fast; slower ones are forced one by one."""
MARK = 16
BINARY = getattr(os, "O_BINARY", 0)
Pair = tuple[str, bytes]
NO_FILE = (0, 0)


def mark(key: str) -> bytes:
    """What stands for a key at the head of its line: 64 bits of its sha256, in hexadecimal digits."""
    return hashlib.sha256(key.encode()).hexdigest()[:MARK].encode("ascii")


def line(key: str, data: bytes) -> bytes:
    """The line of a row, with its line break."""
    return mark(key) + b" " + binascii.b2a_base64(data)


def read_line(text: bytes) -> Pair:
    """The key and the row of a line. Raises DamagedRowError for all that `line` did not make."""
    try:
        data = binascii.a2b_base64(text[MARK + 1 :], strict_mode=False)
    except binascii.Error as error:
        raise DamagedRowError("a line that is no base64") from error
    key, _ = unpack(None, data)
    if text != line(key, data):
        raise DamagedRowError("a line that was altered")
    return key, data


class Journal:
    """The journal in a file. Who appends or rewrites holds the store's lock; who reads need not."""

    def __init__(self, file: Path) -> None:
        """Opens nothing yet."""
        self.file = file
        self.descriptor: int | None = None
        self.opened = self.indexed = NO_FILE
        self.end = self.read_to = self.unsynced = 0
        self.synced = -SYNC_SECONDS
        self.places: dict[int, int] = {}

    def append(self, key: str, data: bytes) -> None:
        """Adds a row; it outlives this process when this returns. Raises OSError, and leaves no half of a line."""
        descriptor = self._at_hand()
        start = os.fstat(descriptor).st_size
        text = line(key, data)
        if start not in (0, self.end) and _last_byte(descriptor) != b"\n":
            # Somebody was killed while writing: what is torn becomes a line of its own.
            text = b"\n" + text
        try:
            _write_all(descriptor, text)
            self._sync()
        except OSError:
            os.ftruncate(descriptor, start)
            raise
        self.end = start + len(text)

    def find(self, key: str) -> bytes | None:
        """The newest row of a key; None if there is none, or one that is damaged."""
        self._index()
        place = self.places.get(int(mark(key), 16))
        if place is None:
            return None
        with self.file.open("rb") as opened:
            opened.seek(place)
            try:
                found, data = read_line(opened.readline())
            except DamagedRowError:
                return None
        return data if found == key else None

    def rows(self, damaged: Callable[[int], object] = lambda _: None) -> Iterator[Pair]:
        """Every row, the oldest first; a key that was stored again comes again. damaged: is told of other lines."""
        try:
            opened = self.file.open("rb")
        except FileNotFoundError:
            return
        with opened:
            for number, text in enumerate(opened, start=1):
                try:
                    yield read_line(text)
                except DamagedRowError:
                    damaged(number)

    def rewrite(self, pairs: Iterable[Pair]) -> None:
        """Replaces the journal by one of these rows, at once or not at all."""
        beside = self.file.with_name(self.file.name + ".new")
        beside.unlink(missing_ok=True)
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | BINARY, 0o600)
        with os.fdopen(descriptor, "wb") as opened:
            for key, data in pairs:
                opened.write(line(key, data))
            opened.flush()
            os.fsync(opened.fileno())
        beside.replace(self.file)

    def close(self) -> None:
        """Forces what was appended to the disk, and lets go of the file."""
        if self.descriptor is not None:
            descriptor, self.descriptor = self.descriptor, None
            try:
                if self.unsynced:
                    _to_disk(descriptor)
            finally:
                os.close(descriptor)

    def _at_hand(self) -> int:
        # Another process may have put a shorter journal in its place.
        if self.descriptor is not None and self.opened == identity(self.file):
            return self.descriptor
        self.close()
        self.descriptor = os.open(self.file, os.O_RDWR | os.O_CREAT | os.O_APPEND | BINARY, 0o600)
        self.opened, self.end = identity(self.file), 0
        return self.descriptor

    def _sync(self) -> None:
        # kill -9 takes nothing from what was written; a power cut takes what was not forced.
        self.unsynced += 1
        if self.unsynced >= SYNC_LINES or time.monotonic() - self.synced >= SYNC_SECONDS:
            assert self.descriptor is not None
            _to_disk(self.descriptor)
            self.unsynced, self.synced = 0, time.monotonic()

    def _index(self) -> None:
        now = identity(self.file)
        if now != self.indexed:
            self.indexed, self.read_to, self.places = now, 0, {}
        if now == NO_FILE or self.file.stat().st_size == self.read_to:
            return
        with self.file.open("rb") as opened:
            opened.seek(self.read_to)
            for text in opened:
                if not text.endswith(b"\n"):
                    break
                self._note(text)

    def _note(self, text: bytes) -> None:
        # A damaged line is found by nobody, and told by `rows`.
        with suppress(ValueError):
            self.places[int(text[:MARK], 16)] = self.read_to
        self.read_to += len(text)


def identity(file: Path) -> tuple[int, int]:
    """What tells a file from another of the same name; NO_FILE if there is none."""
    try:
        found = file.stat()
    except FileNotFoundError:
        return NO_FILE
    return found.st_dev, found.st_ino


def _last_byte(descriptor: int) -> bytes:
    os.lseek(descriptor, -1, os.SEEK_END)
    return os.read(descriptor, 1)


def _write_all(descriptor: int, text: bytes) -> None:
    written = 0
    while written < len(text):
        written += os.write(descriptor, text[written:])


def _to_disk(descriptor: int) -> None:
    getattr(os, "fdatasync", os.fsync)(descriptor)
