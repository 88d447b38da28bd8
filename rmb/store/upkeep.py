"""What keeps a store in order: figures about it, a check of every row, repair, and pruning."""

from __future__ import annotations

import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

from rmb.records import Json
from rmb.store.answers import Store, storage
from rmb.store.journal import Pair
from rmb.store.keys import is_answer
from rmb.store.rows import DamagedRowError, doubled, fill, listed, reading, unpack

AGES = {"a day": 1.0, "a week": 7.0, "a month": 30.0, "a year": 365.0}
"""Upper ends of the ages that are counted, in days."""
DAY = 24 * 3600.0


@dataclass(frozen=True, slots=True)
class Verified:
    """What a check of every row found.

    rows: all, damaged ones included. damaged: keys of rows that fail their checksum, or are no answer to their key.
    single: sound rows that the journal lacks; lost: rows that only the journal has, brought back when asked for.
    lines: lines of the journal that are damaged. database: what SQLite says against it; None if it is sound.
    """

    rows: int = 0
    damaged: tuple[str, ...] = ()
    single: int = 0
    lost: int = 0
    lines: int = 0
    database: str | None = None

    @property
    def sound(self) -> bool:
        """Whether nothing is to be repaired."""
        return not (self.damaged or self.single or self.lines or self.database)


@dataclass(slots=True)
class Figures:
    """What is in a store, counted in one pass. judges: rows by who was asked; ages: by when."""

    rows: int = 0
    damaged: int = 0
    judges: Counter[str] = field(default_factory=Counter)
    ages: Counter[str] = field(default_factory=Counter)

    def count(self, value: Mapping[str, Any] | None, now: float) -> None:
        """Counts a row; None for one that is damaged."""
        self.rows += 1
        if value is None:
            self.damaged += 1
            return
        self.judges[judge_of(value)] += 1
        self.ages[age_of(value, now)] += 1


def figures(store: Store) -> Figures:
    """How many rows there are, by judge and by age."""
    found = Figures()
    with storage(store.folder):
        for _, value in answers(store):
            found.count(value, time.time())
    return found


def sizes(store: Store) -> dict[str, int]:
    """Bytes on disk: of the database, of the journal, and of what was set aside as damaged."""
    found = {"database": 0, "journal": 0, "set_aside": 0}
    for file in store.home.rglob("*"):
        if file.is_file():
            part = "journal" if file.name.startswith("journal") else "database"
            found["set_aside" if ".damaged-" in file.name else part] += file.stat().st_size
    return found


def answers(store: Store) -> Iterator[tuple[str, dict[str, Any] | None]]:
    """Every row by key, with its value; None for a row that is damaged or no answer to its key."""
    for key, data in listed(store.database):
        name = key if isinstance(key, str) else repr(key)
        try:
            value = unpack(name, data)[1]
        except DamagedRowError:
            value = None
        yield name, value if is_answer(name, value) else None


def judge_of(value: Mapping[str, Any]) -> str:
    """Who answered, as `rmb cache` names them: the model asked, or the name of its weights, or the sort of scorer."""
    asked = value["scorer"]
    weights = asked.get("weights")
    named = weights.get("model") if isinstance(weights, dict) else None
    return str(asked.get("model") or named or asked.get("kind") or "unknown")


def days_old(value: Mapping[str, Any], now: float) -> float | None:
    """Days since an answer came; None where it does not say when."""
    at = value.get("at")
    return (now - at) / DAY if isinstance(at, (int, float)) and not isinstance(at, bool) else None


def age_of(value: Mapping[str, Any], now: float) -> str:
    """The age of an answer in words: "within a week"."""
    days = days_old(value, now)
    if days is None:
        return "unknown"
    return next((f"within {name}" for name, most in AGES.items() if days <= most), "older")


def verify(store: Store) -> Verified:
    """Checks every row, the journal's lines, and the database under them. Changes nothing."""
    lines: list[int] = []
    with storage(store.folder):
        kept = {key for key, _ in store.journal.rows(lines.append)}
        try:
            database = integrity(store)
            found = dict(answers_only(store))
        except sqlite3.DatabaseError as error:
            return Verified(lines=len(lines), lost=len(kept), database=str(error))
    sound = {key for key, whole in found.items() if whole}
    return Verified(
        rows=len(found),
        damaged=tuple(sorted(set(found) - sound)),
        single=len(sound - kept),
        lost=len(kept - set(found)),
        lines=len(lines),
        database=database,
    )


def answers_only(store: Store) -> Iterator[tuple[str, bool]]:
    """Every key, and whether its row is a sound answer to it."""
    return ((key, value is not None) for key, value in answers(store))


def integrity(store: Store) -> str | None:
    """What SQLite says against the database, indices included; None if nothing."""
    with closing(reading(store.database)) as connection:
        ((said,),) = connection.execute("PRAGMA integrity_check(1)").fetchall()
    return None if said == "ok" else " ".join(str(said).split())


def repair(store: Store, found: Verified) -> None:
    """Brings back from the journal what is damaged or lost, removes what cannot be, and writes the journal anew."""
    with storage(store.folder), store.alone():
        if found.database:
            store.rebuild(found.database)
        else:
            remove(store, [key for key, data in listed(store.database) if not whole(key, data)])
        refill(store)
        store.journal.rewrite(store.sound())


def whole(key: object, data: bytes) -> bool:
    """Whether a row is a sound answer to its key."""
    try:
        return isinstance(key, str) and is_answer(key, unpack(key, data)[1])
    except DamagedRowError:
        return False


def remove(store: Store, keys: Iterable[object]) -> None:
    """Takes rows out of the database, whatever their keys are. Under the lock only."""
    with closing(sqlite3.connect(store.database, timeout=60)) as connection, connection:
        connection.executemany("DELETE FROM Cache WHERE key IS ?", ((key,) for key in keys))


def refill(store: Store) -> int:
    """Puts the answers that only the journal has back into the database; how many. Under the lock only."""
    there = {key for key, _ in listed(store.database)}
    return fill(store.rows, (pair for pair in store.journal.rows() if pair[0] not in there and whole(*pair)))


def prune(store: Store, doomed: Callable[[str, Mapping[str, Any]], bool], *, dry: bool = False) -> int:
    """Removes the answers for which `doomed` says so, from the journal too; how many. dry: only counts.

    doomed: is given key and value. Damaged rows stay, for `verify` to tell.
    """
    with storage(store.folder), store.alone():
        # First, since an answer that only the journal has is lost when the journal is written anew.
        refill(store)
        gone = {key for key, value in answers(store) if value is not None and doomed(key, value)}
        if gone and not dry:
            # The journal first: a row without its line is a row, a line without its row would come back.
            store.journal.rewrite(spared(store, gone))
            remove(store, gone)
    return len(gone)


def spared(store: Store, gone: set[str]) -> Iterator[Pair]:
    """The sound rows that stay."""
    for key, data in listed(store.database):
        try:
            if key not in gone:
                yield str(key), doubled(str(key), data)
        except DamagedRowError:
            continue


def summary(store: Store) -> dict[str, Json]:
    """What `rmb cache stats` tells, as JSON."""
    found = figures(store)
    return {
        "folder": str(store.folder),
        "rows": found.rows,
        "damaged": found.damaged,
        "bytes": {**sizes(store)},
        "judges": {**dict(found.judges.most_common())},
        "ages": {**found.ages},
        "set_aside": sorted(file.name for file in store.home.glob("*.damaged-*")),
    }
