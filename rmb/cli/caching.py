"""What `rmb cache` does: one line about it, or JSON."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import click

from rmb.cli.lint import readable
from rmb.errors import DataError, StorageError, UsageError
from rmb.run.rows import KEYS, read_rows
from rmb.store import Store, default_folder
from rmb.store.sharing import check, export, merge
from rmb.store.upkeep import Verified, days_old, judge_of, prune, repair, summary, verify

MOST_KEYS = 20
"""How many damaged rows the terminal names; --json names all."""
Doomed = Callable[[str, Mapping[str, Any]], bool]


def opened(given: Mapping[str, Any]) -> Store:
    """The store that --cache names. Raises UsageError if there is none: nothing is made by looking."""
    folder = Path(given["cache"]).expanduser() if given["cache"] else default_folder()
    if not folder.is_dir():
        raise UsageError(f"there is no answer store in {folder}; name another with --cache")
    return Store(folder)


def tell(given: Mapping[str, Any], line: str, found: Mapping[str, Any], *, err: bool = False) -> None:
    """Says what was done: in a line, or as JSON."""
    click.echo(json.dumps(found) if given["as_json"] else readable(line), err=err)


def tell_stats(given: Mapping[str, Any]) -> int:
    """Says what is in the store; gives the exit code."""
    with opened(given) as store:
        found: dict[str, Any] = summary(store)
    size = found["bytes"]
    line = (
        f"{found['rows']:,} answers in {found['folder']}, {found['damaged']:,} damaged; "
        f"{megabytes(size['database'])}, journal {megabytes(size['journal'])}"
    )
    if found["set_aside"]:
        line += f", set aside as damaged {megabytes(size['set_aside'])}"
    tell(given, line, found)
    if not given["as_json"]:
        for part in ("judges", "ages"):
            for name, number in found[part].items():
                click.echo(readable(f"{number:>10,}  {name}"))
    return 0


def megabytes(size: int) -> str:
    """A size in words.

    >>> megabytes(1_250_000)
    '1.2 MB'
    """
    return f"{size / 1e6:,.1f} MB"


def check_rows(given: Mapping[str, Any]) -> int:
    """Checks every row, and repairs if told to; gives the exit code."""
    with opened(given) as store:
        found = verify(store)
        again = found
        if given["repair"] and (found.lost or not found.sound):
            repair(store, found)
            again = verify(store)
    told = {**asdict(found), "sound": found.sound, "repaired": again is not found and again.sound}
    tell(given, verdict(found, again, repaired=given["repair"]), told)
    if not given["as_json"]:
        for key in found.damaged[:MOST_KEYS]:
            click.echo(readable(f"damaged: {key}"))
        if len(found.damaged) > MOST_KEYS:
            click.echo(f"and {len(found.damaged) - MOST_KEYS:,} more (--json names all)")
    return int(not found.sound)


def verdict(found: Verified, again: Verified, *, repaired: bool) -> str:
    """What a check found, in a line."""
    parts = [f"{found.rows:,} rows, {len(found.damaged):,} damaged"]
    parts += [f"{found.single:,} not in the journal"] if found.single else []
    parts += [f"{found.lost:,} only in the journal"] if found.lost else []
    parts += [f"{found.lines:,} damaged lines in the journal"] if found.lines else []
    parts += [f"the database is broken: {found.database}"] if found.database else []
    if repaired and again is not found:
        parts.append(f"repaired: {again.rows:,} sound rows")
    elif not found.sound:
        parts.append("mend it with --repair")
    else:
        parts.append("sound")
    return "; ".join(parts)


def write_file(given: Mapping[str, Any]) -> int:
    """Writes the store as one file; gives the exit code."""

    def chosen(value: Mapping[str, Any]) -> bool:
        return given["judge"] is None or fnmatchcase(judge_of(value), given["judge"])

    with opened(given) as store:
        if given["file"] == "-":
            written, left = export(store, sys.stdout.buffer, chosen)
        else:
            written, left = to_file(store, Path(given["file"]).expanduser(), chosen)
    told = {"written": written, "left_out_damaged": left, "file": given["file"]}
    lacking = f", {left:,} damaged rows left out" if left else ""
    # On stdout there are the answers themselves.
    tell(given, f"{written:,} answers → {given['file']}{lacking}", told, err=given["file"] == "-")
    return 0


def to_file(store: Store, file: Path, chosen: Callable[[Mapping[str, Any]], bool]) -> tuple[int, int]:
    """Writes a new file, whole or not at all, that nobody else may read. Raises UsageError if it exists."""
    if file.exists():
        raise UsageError(f"{file} exists; name another file")
    beside = file.with_name(f"{file.name}.{os.getpid()}.part")
    try:
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            counts = export(store, out, chosen)
        beside.rename(file)
    except OSError as error:
        raise StorageError(f"cannot write {file}: {error.strerror or error}") from error
    finally:
        beside.unlink(missing_ok=True)
    return counts


def read_file(given: Mapping[str, Any]) -> int:
    """Merges a file into the store; gives the exit code."""
    file = Path(given["file"]).expanduser()
    if not file.is_file():
        raise DataError(f"there is no file {file}")
    damaged = check(file)[1]
    if damaged and not given["skip_damaged"]:
        raise DataError(
            f"{file}: {damaged:,} answers are damaged or not under their own key; nothing was imported "
            "(--skip-damaged takes the others)"
        )
    folder = Path(given["cache"]).expanduser() if given["cache"] else default_folder()
    with Store(folder) as store:
        merged = merge(store, file)
    lacking = f", {merged.damaged:,} damaged ones left out" if merged.damaged else ""
    line = f"{merged.added:,} answers added, {merged.had:,} were there already{lacking} → {folder}"
    tell(given, line, asdict(merged))
    return 0


def remove_rows(given: Mapping[str, Any]) -> int:
    """Removes answers, with consent; gives the exit code."""
    doomed = selection(given)
    with opened(given) as store:
        found = prune(store, doomed, dry=True)
        if found:
            consent(found, given)
            found = prune(store, doomed)
        left = len(store)
    tell(given, f"{found:,} answers removed, {left:,} left", {"removed": found, "left": left})
    return 0


def selection(given: Mapping[str, Any]) -> Doomed:
    """Which answers the options name. Raises UsageError if they name none, and DataError for a run that is none."""
    if given["older_than"] is None and given["judge"] is None and not given["runs"]:
        raise UsageError("say which answers: --older-than DAYS, --judge GLOB or --not-in RUN")
    now = time.time()
    used = {
        key
        for run in given["runs"]
        for row in read_rows(Path(run) / "items.parquet", [KEYS])
        for key in row[KEYS]
    }

    def doomed(key: str, value: Mapping[str, Any]) -> bool:
        days = days_old(value, now)
        return (
            (given["older_than"] is None or (days is not None and days > given["older_than"]))
            and (given["judge"] is None or fnmatchcase(judge_of(value), given["judge"]))
            and key not in used
        )

    return doomed


def consent(number: int, given: Mapping[str, Any]) -> None:
    """Has it agreed to. Raises UsageError where nobody can be asked, Abort for a no."""
    if given["yes"]:
        return
    if not sys.stdin.isatty():
        raise UsageError(f"{number:,} answers would be removed for good; say --yes to remove them")
    click.confirm(f"Remove {number:,} answers for good?", abort=True, err=True)
