"""A search for one key: in files, whatever they are packed in, and in what was printed."""

from __future__ import annotations

import base64
import json
import re
import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import unquote_to_bytes

import pyarrow.parquet

KEY = "my+own/key=7Qf3-Zx9w"
"""Of no shape that any library knows for a key, with signs that look otherwise in a URL."""

PACKED = rb'<script type="application/octet-stream"[^>]*>([^<]*)</script>'
"""The texts of a report: deflated, without zlib's head, in base64."""


def revealed(data: bytes) -> Iterator[bytes]:
    """Some bytes, and what they hold in a URL's form, compressed, or in base64 wherever that begins."""
    yield data
    yield unquote_to_bytes(data)
    for run_ in re.findall(rb"[A-Za-z0-9+/_-]{20,}", data):
        plain = run_.replace(b"-", b"+").replace(b"_", b"/")
        for start in range(4):
            part = plain[start : start + (len(plain) - start) // 4 * 4]
            yield base64.b64decode(part)
    for found in re.finditer(rb"\x78[\x01\x5e\x9c\xda]", data):
        try:
            yield zlib.decompressobj().decompress(data[found.start() :])
        except zlib.error:
            continue


def holds(data: bytes) -> bool:
    """Whether the key is in some bytes, in whatever form; half of it is enough."""
    half = KEY[len(KEY) // 2 :].encode()
    return any(half in deeper for shown in revealed(data) for deeper in (shown, *revealed_once(shown)))


def revealed_once(data: bytes) -> Iterator[bytes]:
    """What compressed or encoded bytes hold that were themselves within others, as a journal's lines are."""
    yield from () if data.isascii() and len(data) > 100_000 else revealed(data)


def blobs(file: Path) -> Iterator[bytes]:
    """What is in a file: its bytes; of a database every value, of a table every column, of a journal every line, of a
    page every text that it unpacks.
    """
    yield file.read_bytes()
    if file.name == "cache.db":
        with closing(sqlite3.connect(file)) as opened:
            yield from (bytes(value) for (value,) in opened.execute("SELECT value FROM Cache") if value)
    if file.suffix == ".parquet":
        yield json.dumps(pyarrow.parquet.read_table(file).to_pylist(), default=str).encode()
    if file.name == "journal":
        yield from (base64.b64decode(line[17:]) for line in file.read_bytes().splitlines() if line)
    if file.suffix == ".html":
        texts = re.findall(PACKED, file.read_bytes())
        yield from (zlib.decompress(base64.b64decode(text), -15) for text in texts)


def found_in(folder: Path, **streams: str) -> set[str]:
    """The files below a folder, and the streams, that hold the key. mine.yaml is the user's."""
    files = [file for file in folder.rglob("*") if file.is_file() and file.name != "mine.yaml"]
    found = {str(file.relative_to(folder)) for file in files if any(map(holds, blobs(file)))}
    return found | {name for name, said in streams.items() if holds(said.encode())}
