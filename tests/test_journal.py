"""The journal: whatever happens to the database, what was stored comes back, and never as something else."""

from __future__ import annotations

import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import diskcache
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rmb.errors import StorageError
from rmb.store import SCHEMA, DamagedRowError, Store
from rmb.store.journal import SYNC_LINES, Journal, line, read_line
from rmb.store.lock import held
from rmb.store.rows import DATABASE, counted, is_damage, pack
from tests.conftest import CHECKOUT
from tests.test_store import keyed, old_row, row, sql, unwritten

ROWS: dict[str, Any] = {f"key {number}": {"n": number, "text": f"{number} " * 150} for number in range(40)}
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(CHECKOUT)}


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    """A journal of the first three rows."""
    opened = Journal(tmp_path / "journal")
    for key in list(ROWS)[:3]:
        opened.append(key, pack(key, ROWS[key]))
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store that was closed: all is in the database file."""
    folder = tmp_path_factory.mktemp("closed") / "answers"
    with Store(folder) as store:
        for key, value in ROWS.items():
            store.put(key, value)
    return folder


@pytest.fixture(scope="module")
def crashed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store whose process died: most is still in SQLite's write-ahead log."""
    folder = tmp_path_factory.mktemp("crashed") / "answers"
    with Store(folder) as store:
        for key, value in ROWS.items():
            store.put(key, value)
        shutil.copytree(folder, folder.with_name("image"))
    return folder.with_name("image")


def copied(image: Path, to: Path) -> Path:
    """A copy of a store, to be damaged."""
    shutil.copytree(image, to)
    return to


def all_come_back(folder: Path, *, damaged: int = 0) -> Store:
    """Every row comes back as it was, in this store and in the next that is opened; the first store."""
    with Store(folder) as store:
        assert {key: store.get(key) for key in ROWS} == ROWS
        assert len(store.damaged) == damaged
    with Store(folder) as again:
        assert {key: again.get(key) for key in ROWS} == ROWS
        assert (again.damaged, again.mended) == ([], [])
    return store


# Lines.


def test_rows_come_back_in_the_order_in_which_they_came(journal: Journal) -> None:
    """All of them, with their keys."""
    assert [key for key, _ in Journal(journal.file).rows()] == list(ROWS)[:3]
    assert [journal.find(key) for key in ROWS] == [pack(key, ROWS[key]) for key in list(ROWS)[:3]] + [
        None
    ] * 37


def test_the_newest_row_of_a_key_is_found(journal: Journal) -> None:
    """What is stored again is a further line."""
    journal.append("key 0", pack("key 0", "new"))
    assert journal.find("key 0") == pack("key 0", "new")
    assert len(list(journal.rows())) == 4


def test_a_torn_last_line_is_no_line(journal: Journal) -> None:
    """A process that is killed while it writes leaves a piece, which costs nothing but itself."""
    whole = journal.file.read_bytes()
    last = whole.rstrip().rfind(b"\n") + 1
    for length in range(last, len(whole) - 1, 37):
        journal.file.write_bytes(whole[:length])
        after = Journal(journal.file)
        assert [after.find(key) is None for key in list(ROWS)[:3]] == [False, False, True]
        after.append("more", pack("more", 1))
        assert [key for key, _ in after.rows()] == ["key 0", "key 1", "more"]
        assert after.find("more") == pack("more", 1)
        after.close()


@pytest.mark.parametrize("seen", [1, 9, 16, 30])
def test_a_line_that_is_being_written_is_found_when_it_is_whole(journal: Journal, seen: int) -> None:
    """A reader that comes in between passes over what it sees of the line, and reads it whole later."""
    *before, last = journal.file.read_bytes().splitlines(keepends=True)
    journal.file.write_bytes(b"".join([*before, last[:seen]]))
    reader = Journal(journal.file)
    assert (reader.find("key 2"), reader.find("key 1")) == (None, pack("key 1", ROWS["key 1"]))
    with journal.file.open("ab") as opened:
        opened.write(last[seen:])
    assert reader.find("key 2") == pack("key 2", ROWS["key 2"])


@given(where=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
@settings(max_examples=150, deadline=None)
def test_a_flipped_bit_costs_its_lines_and_no_more(where: float, bit: int) -> None:
    """A row is found as it was or not at all; a line break that is hit costs the two lines that it parted."""
    file = Path("journal")
    lines = [line(key, pack(key, ROWS[key])) for key in list(ROWS)[:4]]
    data = bytearray(b"".join(lines))
    data[int(where * len(data))] ^= 1 << bit
    file.write_bytes(data)
    journal = Journal(file)
    told: list[int] = []
    found = dict(journal.rows(told.append))
    assert all(found[key] == pack(key, ROWS[key]) for key in found)
    assert len(found) >= 4 - 2
    assert told != []
    for key in list(ROWS)[:4]:
        assert journal.find(key) in (None, pack(key, ROWS[key]))
        assert (journal.find(key) is not None) >= (key in found)


@pytest.mark.parametrize("text", [b"", b"\n", b"0" * 16 + b" \n", b"\xff" * 50, b"0123456789abcdef QUJD\n"])
def test_what_is_no_line_is_refused(text: bytes) -> None:
    """Garbage is told from rows."""
    with pytest.raises(DamagedRowError):
        read_line(text)


def test_a_journal_that_another_process_replaced_is_opened_anew(journal: Journal) -> None:
    """What is appended after a rewrite is in the journal that is there."""
    other = Journal(journal.file)
    other.rewrite([("key 1", pack("key 1", ROWS["key 1"]))])
    journal.append("more", pack("more", 1))
    assert [key for key, _ in other.rows()] == ["key 1", "more"]
    assert (journal.find("key 0"), other.find("more")) == (None, pack("more", 1))
    assert journal.file.stat().st_mode & 0o077 == 0


def test_a_line_that_does_not_fit_is_taken_back(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a full disk half a line may be written before the error."""
    before = journal.file.read_bytes()
    write, room = os.write, [0, 30]
    monkeypatch.setattr(os, "write", lambda fd, data: _partly(write, room, fd, data))
    with pytest.raises(OSError, match="No space"):
        journal.append("more", pack("more", 1))
    monkeypatch.undo()
    assert journal.file.read_bytes() == before


def _partly(write: Callable[[int, bytes], int], room: list[int], descriptor: int, data: bytes) -> int:
    length = room.pop()
    if not length:
        raise OSError(28, "No space left on device")
    return write(descriptor, data[:length])


def test_lines_are_forced_to_the_disk_now_and_then(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first at once, then after a second or 256 lines, and at the end: each time costs milliseconds."""
    forced: list[int] = []
    monkeypatch.setattr(os, "fdatasync", forced.append)
    monkeypatch.setattr(time, "monotonic", lambda: 1_000.0)
    journal = Journal(tmp_path / "journal")
    counts = []
    for number in range(SYNC_LINES + 2):
        journal.append(str(number), pack(str(number), number))
        counts.append(len(forced))
    journal.close()
    assert (counts[0], counts[SYNC_LINES - 1], counts[SYNC_LINES], len(forced)) == (1, 1, 2, 3)


# A store is rebuilt.


def overwrite(name: str, at: float, data: bytes) -> Callable[[Path], None]:
    """Damage: bytes in the middle of a file; at: which part of it, 0 to 1."""

    def damage(home: Path) -> None:
        with (home / name).open("r+b") as opened:
            opened.seek(int(at * (home / name).stat().st_size))
            opened.write(data)

    return damage


def cut(name: str, at: float) -> Callable[[Path], None]:
    """Damage: the end of a file is gone."""
    return lambda home: os.truncate(home / name, int(at * (home / name).stat().st_size))


def query(text: str) -> Callable[[Path], None]:
    """Damage: a statement that no program of ours would say."""

    def damage(home: Path) -> None:
        with sqlite3.connect(home / DATABASE) as database:
            database.execute("PRAGMA writable_schema = 1")
            database.executescript(text)
        database.close()

    return damage


DAMAGES = {
    "header": overwrite(DATABASE, 0, b"no database at all"),
    "all of it": lambda home: (home / DATABASE).write_bytes(b"no database at all" * 1_000),
    "page size": overwrite(DATABASE, 0.0, b"SQLite format 3\0\x00\x03"),
    "first page": overwrite(DATABASE, 0.001, b"\xff" * 3_000),
    "a page in the middle": overwrite(DATABASE, 0.5, b"\xa5" * 8_192),
    "zeros in the middle": overwrite(DATABASE, 0.4, b"\0" * 8_192),
    "the end is gone": cut(DATABASE, 0.6),
    "nearly all is gone": cut(DATABASE, 0.01),
    "empty": cut(DATABASE, 0),
    "the database is gone": lambda home: (home / DATABASE).unlink(),
    "no settings": query("DROP TABLE Settings"),
    "other settings": query("DROP TABLE Settings; CREATE TABLE Settings (x)"),
    "empty settings": query("DELETE FROM Settings"),
    "no rows": query("DELETE FROM Cache"),
    "no table": query("DROP TABLE Cache"),
    "another table": query("DROP TABLE Cache; CREATE TABLE Cache (key, raw)"),
    "rows that are past": query("UPDATE Cache SET expire_time = 1"),
    "keys changed": query("UPDATE Cache SET key = key || ' '"),
    "keys turned": query("UPDATE Cache SET key = CAST(key AS BLOB)"),
    "values of others": query("UPDATE Cache SET value = (SELECT value FROM Cache WHERE key = 'key 7')"),
    "a broken schema": query("UPDATE sqlite_master SET sql = 'CREATE TABLE' WHERE name = 'Cache'"),
}


@pytest.mark.parametrize("kind", DAMAGES)
def test_a_damaged_database_is_rebuilt(closed: Path, tmp_path: Path, kind: str) -> None:
    """Whatever is broken, every row comes back, and none as another."""
    folder = copied(closed, tmp_path / "answers")
    DAMAGES[kind](folder / SCHEMA)
    all_come_back(folder)


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(cut(DATABASE + "-wal", 0), id="no log"),
        pytest.param(cut(DATABASE + "-wal", 0.5), id="half a log"),
        pytest.param(cut(DATABASE + "-wal", 0.003), id="torn in its first page"),
        pytest.param(overwrite(DATABASE + "-wal", 0, b"\xff" * 40), id="header of the log"),
        pytest.param(overwrite(DATABASE + "-wal", 0.3, b"\xff" * 4_000), id="middle of the log"),
        pytest.param(overwrite(DATABASE + "-shm", 0, b"\xff" * 400), id="index of the log"),
        pytest.param(lambda home: (home / (DATABASE + "-wal")).unlink(), id="the log is gone"),
        pytest.param(lambda home: (home / DATABASE).unlink(), id="only the log is left"),
    ],
)
def test_a_crashed_store_with_a_damaged_log_is_rebuilt(
    crashed: Path, tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    """SQLite drops what its log has lost; the journal has it."""
    folder = copied(crashed, tmp_path / "answers")
    damage(folder / SCHEMA)
    all_come_back(folder)


@pytest.mark.parametrize("part", ["header", "anywhere"])
def test_a_bit_flipped_gives_no_wrong_value(closed: Path, tmp_path: Path, part: str) -> None:
    """100 places of the header and 200 of the database file, tables and indices alike: each row comes back as it was,
    and the store takes more.
    """
    folder = copied(closed, tmp_path / "answers")
    home = folder / SCHEMA
    sound, journal = (home / DATABASE).read_bytes(), (home / "journal").read_bytes()
    draw = random.Random(6)
    places = range(100) if part == "header" else draw.sample(range(len(sound)), 200)
    for place in places:
        for file in home.glob(DATABASE + "*"):
            file.unlink()
        data = bytearray(sound)
        data[place] ^= 1 << draw.randrange(8)
        (home / DATABASE).write_bytes(data)
        (home / "journal").write_bytes(journal)
        with Store(folder) as store:
            store.put("more", {"n": place})
            assert {key: store.get(key) for key in [*ROWS, "more"]} == {**ROWS, "more": {"n": place}}
            assert store.damaged == []


def test_what_was_damaged_is_kept_and_said_once(
    closed: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The damaged files are set aside, each time under another name, for whoever wants to look."""
    folder = copied(closed, tmp_path / "answers")
    for number in (1, 2):
        caplog.clear()
        (folder / SCHEMA / DATABASE).write_bytes(b"broken %d" % number * 100)
        all_come_back(folder)
        assert len(caplog.messages) == 1
        assert (
            f"40 rows were brought back, the rest is asked again; what was there is kept as cache.db.damaged-{number}"
            in caplog.text
        )
    assert (folder / SCHEMA / "cache.db.damaged-1").read_bytes() == b"broken 1" * 100


def test_damage_while_a_store_is_open_is_mended(closed: Path, tmp_path: Path) -> None:
    """A run goes on: what it asks for comes back, what it stores is kept."""
    folder = copied(closed, tmp_path / "answers")
    with Store(folder) as store:
        assert store.get("key 0") == ROWS["key 0"]
        sql(store, "DROP TABLE Cache")
        store.put("more", {"n": 1})
        assert {key: store.get(key) for key in [*ROWS, "more"]} == {**ROWS, "more": {"n": 1}}
        for file in (folder / SCHEMA).glob(DATABASE + "*"):
            file.unlink()
        assert {key: store.get(key) for key in [*ROWS, "more"]} == {**ROWS, "more": {"n": 1}}


def test_a_database_is_set_aside_by_one_process_only(closed: Path, tmp_path: Path) -> None:
    """Who comes second finds another file under the name, and takes it."""
    folder = copied(closed, tmp_path / "answers")
    with Store(folder) as first, Store(folder) as second:
        for store in (first, second):
            with store.alone():
                store.rebuild("as both have seen")
        assert second.get("key 1") == first.get("key 1") == ROWS["key 1"]
    assert [file.name for file in (folder / SCHEMA).glob("*.damaged-?")] == ["cache.db.damaged-1"]


def test_a_row_that_is_just_being_written_is_not_told_as_lost(
    closed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the journal and the row of another process there is a moment, which its lock ends."""
    with Store(copied(closed, tmp_path / "answers")) as store:
        data = pack("more", {"n": 1})

        def meanwhile(_: str) -> bytes:
            store.rows.set("more", data)
            return data

        monkeypatch.setattr(store.journal, "find", meanwhile)
        assert (store.get("more"), store.mended) == ({"n": 1}, [])


def failure(kind: type[Exception], code: int, before: Exception | None = None) -> Exception:
    """An error of SQLite's or diskcache's, met while another was dealt with."""
    error = kind("failed")
    error.sqlite_errorcode = code  # type: ignore[attr-defined]
    error.__context__ = before
    return error


MALFORMED = failure(sqlite3.DatabaseError, sqlite3.SQLITE_CORRUPT)
FULL = failure(sqlite3.OperationalError, sqlite3.SQLITE_FULL)


@pytest.mark.parametrize(
    ("error", "damage"),
    [
        pytest.param(MALFORMED, True, id="malformed"),
        pytest.param(FULL, False, id="full"),
        pytest.param(failure(sqlite3.OperationalError, sqlite3.SQLITE_ERROR), True, id="another table"),
        pytest.param(
            failure(sqlite3.OperationalError, sqlite3.SQLITE_ERROR, FULL), False, id="rollback of full"
        ),
        pytest.param(failure(sqlite3.OperationalError, sqlite3.SQLITE_ERROR, MALFORMED), True, id="rollback"),
        pytest.param(failure(sqlite3.OperationalError, sqlite3.SQLITE_BUSY), False, id="busy"),
        pytest.param(failure(sqlite3.OperationalError, sqlite3.SQLITE_READONLY), False, id="read-only"),
        pytest.param(failure(sqlite3.OperationalError, sqlite3.SQLITE_CANTOPEN), False, id="no file"),
        pytest.param(failure(sqlite3.OperationalError, sqlite3.SQLITE_IOERR), False, id="a bad disk"),
        pytest.param(
            failure(sqlite3.OperationalError, sqlite3.SQLITE_IOERR_SHORT_READ), True, id="cut short"
        ),
        pytest.param(failure(diskcache.Timeout, 0), False, id="timeout"),
        pytest.param(failure(diskcache.Timeout, 0, FULL), False, id="timeout of full"),
        pytest.param(failure(diskcache.Timeout, 0, MALFORMED), True, id="timeout of malformed"),
        pytest.param(TypeError("settings"), True, id="settings"),
        pytest.param(PermissionError("no"), False, id="permission"),
    ],
)
def test_damage_is_told_from_other_failures(error: Exception, damage: bool) -> None:
    """A full disk, a lock or a missing permission is no reason to set a sound database aside."""
    assert is_damage(error) is damage


def test_a_damaged_row_comes_back_and_is_put_right(
    closed: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It is said once, however many there are, and counted."""
    folder = copied(closed, tmp_path / "answers")
    with Store(folder) as store:
        sql(store, "UPDATE Cache SET value = x'00' WHERE rowid % 2")
        assert {key: store.get(key) for key in ROWS} == ROWS
        assert (len(store.mended), store.damaged) == (20, [])
        assert len(caplog.messages) == 1
        assert {key: store.get(key) for key in ROWS} == ROWS
        assert len(store.mended) == 20


def test_only_what_the_journal_lacks_is_asked_again(closed: Path, tmp_path: Path) -> None:
    """Damage to both costs what was damaged in both."""
    folder = copied(closed, tmp_path / "answers")
    journal = folder / SCHEMA / "journal"
    lines = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join([*lines[:10], b"\x00\xff garbage\n", *lines[12:]]))
    (folder / SCHEMA / DATABASE).write_bytes(b"broken" * 100)
    with Store(folder) as store:
        found = {key: store.get(key) for key in ROWS}
        assert [key for key, value in found.items() if value is None] == ["key 10", "key 11"]
        assert all(value in (None, ROWS[key]) for key, value in found.items())


def test_a_store_of_the_first_release_gets_a_journal(tmp_path: Path) -> None:
    """What it holds is written there when it is first opened; a row that is no answer to its key is not."""
    answers = [row(number) for number in range(5)]
    with Store(tmp_path / "answers") as store:
        for number, value in enumerate(answers):
            old_row(store, value, file="old.val" if number == 3 else None)
        sql(store, "UPDATE Cache SET key = 'another' WHERE key = ?", keyed(answers[4]))
        unwritten(store)
        (store.folder / "store.json").unlink()
    with Store(tmp_path / "answers") as store:
        assert {key for key, _ in store.journal.rows()} == {keyed(value) for value in answers[:4]}
    (tmp_path / "answers" / SCHEMA / DATABASE).unlink()
    with Store(tmp_path / "answers") as store:
        assert [store.get(keyed(value)) for value in answers] == [*answers[:4], None]


def test_a_store_of_the_first_release_that_is_damaged_gives_what_can_be_read(tmp_path: Path) -> None:
    """Without a journal, whole rows of a damaged database are taken over one by one."""
    with Store(tmp_path / "answers") as store:
        for number in range(200):
            old_row(store, {**row(number), "more": os.urandom(500).hex()})
        unwritten(store)
    database = tmp_path / "answers" / SCHEMA / DATABASE
    overwrite(DATABASE, 0.8, b"\xa5" * 20_000)(database.parent)
    with Store(tmp_path / "answers") as store:
        found = [store.get(keyed(row(number))) for number in range(200)]
        assert len([value for value in found if value is not None]) > 20
        assert all(
            value is None or value["request"] == row(number)["request"] for number, value in enumerate(found)
        )
    with Store(tmp_path / "answers") as again:
        assert [again.get(keyed(row(number))) for number in range(200)] == found


def test_a_full_disk_is_not_taken_for_damage(
    closed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither a full disk nor a lock is a reason to set a sound database aside."""
    folder = copied(closed, tmp_path / "answers")
    with Store(folder) as store:
        for name, code in (
            ("FULL", sqlite3.SQLITE_FULL),
            ("IOERR", sqlite3.SQLITE_IOERR),
            ("BUSY", sqlite3.SQLITE_BUSY),
        ):
            error = sqlite3.OperationalError(name)
            error.sqlite_errorcode = code

            def fails(*_: object, error: Exception = error, **__: object) -> None:
                raise error

            monkeypatch.setattr(store.rows, "get", fails)
            with pytest.raises(StorageError, match="no room" if name == "FULL" else name):
                store.get("key 1")
    assert list((folder / SCHEMA).glob("*.damaged-*")) == []


# Processes.

WRITER = """
import os, sys
from pathlib import Path
from rmb.store import Store
name = sys.argv[2]
with Store(Path(sys.argv[1])) as store:
    number = 0
    while True:
        store.put(f"{name} {number}", {"by": name, "n": number, "text": "x" * 3000})
        os.write(1, b"%d\\n" % number)
        number += 1
"""


def killed(folder: Path, name: str, seconds: float) -> int:
    """Starts a writer, kills it at a random point of its work; how many answers it said were stored."""
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(folder), name], env=ENVIRONMENT, stdout=subprocess.PIPE
    )
    assert writer.stdout is not None
    told = writer.stdout.readline()
    time.sleep(seconds)
    writer.send_signal(signal.SIGKILL)
    told += writer.communicate(timeout=60)[0]
    return told.count(b"\n")


def test_a_process_that_is_killed_loses_nothing_that_was_stored(tmp_path: Path) -> None:
    """Twelve times kill -9, at random points: whatever was said to be stored is there, in rows and in journal."""
    draw, folder, stored = random.Random(6), tmp_path / "answers", {}
    for kill in range(12):
        for number in range(killed(folder, f"writer {kill}", draw.uniform(0.0, 0.15))):
            stored[f"writer {kill} {number}"] = {"by": f"writer {kill}", "n": number, "text": "x" * 3000}
    assert len(stored) > 12
    with Store(folder) as store:
        assert {key: store.get(key) for key in stored} == stored
        assert store.damaged == []
        kept = {key for key, _ in store.journal.rows()}
    assert set(stored) - kept == set()
    (folder / SCHEMA / DATABASE).write_bytes(b"broken" * 100)
    with Store(folder) as store:
        assert {key: store.get(key) for key in stored} == stored


MIXED = """
import random, sys
from pathlib import Path
from rmb.store import Store
name, draw = sys.argv[2], random.Random(sys.argv[2])
with Store(Path(sys.argv[1])) as store:
    print("open", flush=True)
    sys.stdin.readline()
    for number in range(200):
        store.put(f"{name} {number}", {"by": name, "n": number})
        store.put(f"shared {number}", {"n": number})
        other = draw.randrange(8)
        found = store.get(f"{other} {draw.randrange(200)}")
        assert found is None or found["by"] == str(other), found
        assert store.get(f"{name} {number}") == {"by": name, "n": number}
    assert store.damaged == [] and store.mended == [], (store.damaged, store.mended)
"""


def together(folder: Path, code: str, names: str) -> None:
    """Runs processes that all have the store open before any of them goes on."""
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(folder), name],
            env=ENVIRONMENT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        for name in names
    ]
    for worker in workers:
        assert worker.stdout is not None
        assert worker.stdout.readline() == b"open\n", worker.communicate()[1].decode()
    for worker in workers:
        assert worker.stdin is not None
        worker.stdin.write(b"go\n")
        worker.stdin.flush()
    said = [worker.communicate(timeout=100)[1].decode() for worker in workers]
    assert [worker.returncode for worker in workers] == [0] * len(names), said


def test_eight_processes_lose_nothing(tmp_path: Path) -> None:
    """1,600 answers of eight processes that read and write at once, and 200 that all of them write."""
    together(tmp_path / "answers", MIXED, "01234567")
    wanted = {f"{name} {number}": {"by": name, "n": number} for name in "01234567" for number in range(200)}
    wanted |= {f"shared {number}": {"n": number} for number in range(200)}
    with Store(tmp_path / "answers") as store:
        assert {key: store.get(key) for key in wanted} == wanted
        assert (store.damaged, store.mended, len(store)) == ([], [], 1_800)
        told: list[int] = []
        assert {key for key, _ in store.journal.rows(told.append)} == set(wanted)
        assert told == []


FINDER = """
import sys
from pathlib import Path
from rmb.store import Store
folder = Path(sys.argv[1])
with Store(folder) as store:
    print("open", flush=True)
    sys.stdin.readline()
    (folder / "answers-v1" / "cache.db").write_bytes(b"broken" * 5000)
    for number in range(40):
        found = store.get(f"key {number}")
        assert found and found["n"] == number, (number, found)
        store.put(f"{sys.argv[2]} {number}", {"n": number})
    assert store.damaged == []
"""


def test_a_database_that_breaks_again_at_once_is_mended_again(closed: Path, tmp_path: Path) -> None:
    """As where another process breaks what has just been mended: three times in a row, and all is found."""
    folder = copied(closed, tmp_path / "answers")
    broken = []
    with Store(folder) as store:

        def broken_and_counted() -> int:
            if len(broken) < 3:
                # Its log too, in which a fresh database has all that it holds.
                broken.append(
                    [path.write_bytes(b"broken" * 5000) for path in store.home.glob("cache.db-wal")]
                )
                store.database.write_bytes(b"broken" * 5000)
            return counted(store.database)

        assert store.attempt(broken_and_counted) == len(ROWS)
        assert len(broken) == 3
        assert {key: store.get(key) for key in ROWS} == ROWS


def test_processes_that_find_the_damage_at_once_do_not_fight(closed: Path, tmp_path: Path) -> None:
    """Four processes that all break the database and go on: each finds all, and what each stores is kept."""
    folder = copied(closed, tmp_path / "answers")
    together(folder, FINDER, "abcd")
    with Store(folder) as store:
        assert {key: store.get(key) for key in ROWS} == ROWS
        assert [store.get(f"{name} {number}") for name in "abcd" for number in range(40)] == [
            {"n": number} for _ in "abcd" for number in range(40)
        ]


def test_a_lock_is_held_by_one(tmp_path: Path) -> None:
    """It is free again when its holder is done, and waiting for it ends."""
    with held(tmp_path / "lock"):
        started = time.monotonic()
        with pytest.raises(StorageError, match="--cache"), held(tmp_path / "lock", wait=0.05):
            pass
        assert time.monotonic() - started < 5
    with held(tmp_path / "lock", wait=0):
        pass
