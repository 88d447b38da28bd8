"""The JSON files of a folder, an archive or a single file, one at a time, each with its path inside."""

from __future__ import annotations

import json
import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from rmb.errors import DataError

ARCHIVES = (".zip", ".tar", ".tar.xz", ".tar.gz", ".tar.bz2", ".tgz", ".txz")


def json_files(source: Path) -> Iterator[tuple[PurePosixPath, object]]:
    """Path and content of each JSON file below a folder, in an archive, or the single file itself.

    Paths are relative to the source, in sorted order for a folder. Raises DataError naming the file, and the
    position of the fault in it.
    """
    name = source.name.lower()
    if not source.exists():
        raise DataError(f"no data at {source}; give a folder, a .tar.xz or .zip archive, or a JSON file")
    if source.is_dir():
        for path in sorted(source.rglob("*.json")):
            yield PurePosixPath(path.relative_to(source).as_posix()), parsed(path.read_bytes(), path)
    elif name.endswith(".json"):
        yield PurePosixPath(source.name), parsed(source.read_bytes(), source)
    elif name.endswith(ARCHIVES):
        yield from (from_zip if name.endswith(".zip") else from_tar)(source)
    else:
        raise DataError(f"{source} is neither a folder, nor a JSON file, nor one of {', '.join(ARCHIVES)}")


def from_zip(source: Path) -> Iterator[tuple[PurePosixPath, object]]:
    """The JSON members of a zip archive, sorted."""
    try:
        with zipfile.ZipFile(source) as archive:
            for name in sorted(name for name in archive.namelist() if is_data(name)):
                yield PurePosixPath(name), parsed(archive.read(name), f"{source}:{name}")
    except (zipfile.BadZipFile, zlib.error, OSError) as error:
        raise DataError(f"cannot read {source}: {error}") from error


def from_tar(source: Path) -> Iterator[tuple[PurePosixPath, object]]:
    """The JSON members of a tar archive in the archive's order, read as a stream and never extracted to disk."""
    try:
        with tarfile.open(source, "r|*") as archive:
            for member in archive:
                opened = archive.extractfile(member) if member.isfile() and is_data(member.name) else None
                if opened is not None:
                    yield PurePosixPath(member.name), parsed(opened.read(), f"{source}:{member.name}")
    except (tarfile.TarError, lzma.LZMAError, zlib.error, EOFError, OSError) as error:
        raise DataError(f"cannot read {source}: {error}") from error


def is_data(name: str) -> bool:
    """True for a JSON member that is no resource fork of a file system."""
    return name.endswith(".json") and not PurePosixPath(name).name.startswith("._")


def parsed(data: bytes, where: object) -> object:
    """The JSON value; DataError with line and column where it breaks off."""
    try:
        return json.loads(data)
    except json.JSONDecodeError as error:
        at = f"line {error.lineno} column {error.colno} (character {error.pos} of {len(error.doc)})"
        raise DataError(f"{where}: broken JSON at {at}: {error.msg}; get the file again") from error
    except (UnicodeDecodeError, RecursionError) as error:
        raise DataError(f"{where}: not JSON text: {error}") from error
