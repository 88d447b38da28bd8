"""The answer store: what was paid for is kept, comes back as it was, and is never a way in."""

from __future__ import annotations

import hashlib
import json
import math
import os
import pickle
import sqlite3
import stat
import subprocess
import sys
import zlib
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rmb import store as store_module
from rmb.canonical import canonical
from rmb.errors import RmbError, StorageError
from rmb.records import Answer
from rmb.store import SCHEMA, Store, answer_key, answers, default_folder, place
from rmb.store.lock import held
from rmb.store.place import file_system
from rmb.store.rows import MOST_BYTES
from tests.conftest import CHECKOUT

INLINE: dict[str, Any] = {"answer": "A", "at": 1.5}
LARGE: dict[str, Any] = {"answer": os.urandom(30_000).hex()}
"""The first release kept what is larger than 32 KiB in files."""
PICKLE, BINARY, RAW = 4, 2, 1
"""Modes of diskcache's rows."""


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """An empty store."""
    with Store(tmp_path / "answers") as opened:
        yield opened


class Evil:
    """Unpickling one creates a file."""

    def __init__(self, witness: Path) -> None:
        """witness: the file."""
        self.witness = witness

    def __reduce__(self) -> tuple[Any, ...]:
        """What unpickling runs."""
        return Path.touch, (self.witness,)


def sql(store: Store, statement: str, *values: object) -> list[Any]:
    """Runs a statement on the store's database, behind the store's back."""
    with sqlite3.connect(store.folder / SCHEMA / "cache.db") as database:
        rows = database.execute(statement, values).fetchall()
    database.close()
    return rows


def plant(store: Store, key: object, *, mode: int, value: object = None, file: str | None = None) -> None:
    """Writes a row as somebody else with access to the disk could."""
    sql(
        store,
        "INSERT OR REPLACE INTO Cache (key, raw, store_time, access_time, mode, filename, value)"
        " VALUES (?, 1, 0, 0, ?, ?, ?)",
        *(key, mode, file, value),
    )


def unwritten(store: Store) -> None:
    """Takes the journal away, so that only the rows are left."""
    store.journal.file.unlink()


def old_row(store: Store, value: dict[str, Any], *, file: str | None = None) -> str:
    """Writes an answer the way the first release did, in the database or in a file of its own; its key."""
    key = answer_key(value["scorer"], value["request"])
    packed = zlib.compress(canonical(value).encode("ascii"), 3)
    data = hashlib.sha256(packed).digest() + packed
    if file:
        (store.folder / SCHEMA / file).write_bytes(data)
    plant(store, key, mode=BINARY if file else RAW, value=None if file else data, file=file)
    return key


def row(number: int = 0, *, model: str = "m", at: float = 1.5) -> dict[str, Any]:
    """A whole answer, as runs store it."""
    return {
        "scorer": {"kind": "generative", "model": model},
        "request": {"messages": [["user", f"Question {number}?"]], "sample": 0},
        "answer": Answer(text="[[A]]", model=model, finish_reason="stop").to_json(),
        "at": at,
    }


def keyed(value: dict[str, Any]) -> str:
    """The key of an answer."""
    return answer_key(value["scorer"], value["request"])


# Answers come back.


@given(
    st.dictionaries(
        st.text(),
        st.recursive(
            st.none()
            | st.booleans()
            | st.integers()
            | st.floats(allow_nan=False, allow_infinity=False)
            | st.text(),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
            max_leaves=6,
        ),
        max_size=4,
    )
)
@settings(max_examples=50, deadline=None)
def test_any_json_object_comes_back_as_it_was(value: dict[str, Any]) -> None:
    """What is stored under a key is what that key gives."""
    with Store(Path("answers")) as store:
        store.put("key", value)
        assert store.get("key") == value


@pytest.mark.parametrize("text", ["\ud800", "\u202e", "\0", "🙂"], ids=["surrogate", "bidi", "nul", "emoji"])
def test_odd_characters_come_back(store: Store, text: str) -> None:
    """Models write anything, lone surrogates included."""
    store.put("key", {"text": text})
    assert store.get("key") == {"text": text}


@pytest.mark.parametrize("value", [INLINE, LARGE], ids=["small", "large"])
def test_survives_reopening(tmp_path: Path, value: dict[str, Any]) -> None:
    """Another run finds what this one stored."""
    with Store(tmp_path) as first:
        first.put("key", value)
    with Store(tmp_path) as second:
        assert second.get("key") == value
        assert second.damaged == []


@pytest.mark.parametrize(
    "number", [math.nan, math.inf, -math.inf, 10**5000], ids=["nan", "inf", "-inf", "huge"]
)
def test_what_is_no_json_is_refused(store: Store, number: float) -> None:
    """NaN, infinities and integers that no reader of JSON takes are told at once, and nothing is written."""
    with pytest.raises(ValueError, match=r"JSON|integer string"):
        store.put("key", {"number": number})
    assert (store.get("key"), len(store), store.journal.file.stat().st_size) == (None, 0, 0)


@pytest.mark.parametrize("number", [2**53 + 1, -(2**64), 10**4000], ids=["2^53+1", "-2^64", "10^4000"])
def test_large_integers_come_back_to_the_digit(store: Store, number: int) -> None:
    """Integers are not rounded."""
    store.put("key", {"number": number})
    assert store.get("key") == {"number": number}


def test_an_unknown_key_is_absent_and_not_damaged(store: Store) -> None:
    """A key that was never stored gives None."""
    assert store.get("never") is None
    assert store.damaged == []


def test_a_second_value_replaces_the_first(store: Store) -> None:
    """A key has one value, the newest."""
    store.put("key", {"n": 1})
    store.put("key", {"n": 2})
    assert (store.get("key"), len(store)) == ({"n": 2}, 1)


def test_nothing_is_evicted(tmp_path: Path) -> None:
    """Answers cost money: however many there are, none makes room for another."""
    values = {f"key {number}": {"text": os.urandom(2_500).hex()} for number in range(1_100)}
    with Store(tmp_path) as store:
        for key, value in values.items():
            store.put(key, value)
    with Store(tmp_path) as again:
        assert {key: again.get(key) for key in values} == values
        assert (again.rows.eviction_policy, again.rows.cull_limit) == ("none", 0)
        assert again.rows.size_limit > 2**60


WRITER = """
import sys
from pathlib import Path
from rmb.store import Store
with Store(Path(sys.argv[1])) as store:
    print("open", flush=True)
    sys.stdin.readline()
    for number in range(150):
        store.put(f"{sys.argv[2]} {number}", {"by": sys.argv[2], "n": number})
"""


def test_two_processes_that_write_at_once_lose_nothing(tmp_path: Path) -> None:
    """Runs may share a store: each finds what both wrote."""
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT)}
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path / "answers"), name],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        for name in "ab"
    ]
    for writer in writers:  # both have opened the store before either writes
        assert writer.stdout is not None
        assert writer.stdout.readline() == b"open\n"
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write(b"go\n")
        writer.stdin.flush()
    for writer in writers:
        writer.communicate(timeout=60)
    assert [writer.returncode for writer in writers] == [0, 0]
    with Store(tmp_path / "answers") as store:
        found = [store.get(f"{name} {number}") for name in "ab" for number in range(150)]
    assert found == [{"by": name, "n": number} for name in "ab" for number in range(150)]


# Rows that cannot be trusted.


def test_a_planted_pickle_is_never_loaded(store: Store, tmp_path: Path) -> None:
    """A pickled value in the database is refused unread (CVE-2025-69872); its key counts as absent."""
    plant(store, "key", mode=PICKLE, value=pickle.dumps(Evil(tmp_path / "witness")))
    assert store.get("key") is None
    assert store.damaged == ["key"]
    assert not (tmp_path / "witness").exists()


def test_a_planted_pickle_file_is_never_loaded(store: Store, tmp_path: Path) -> None:
    """A pickled value in a file is refused as well."""
    (store.folder / SCHEMA / "evil.val").write_bytes(pickle.dumps(Evil(tmp_path / "witness")))
    plant(store, "key", mode=PICKLE, file="evil.val")
    assert store.get("key") is None
    assert store.damaged == ["key"]
    assert not (tmp_path / "witness").exists()


def test_a_value_file_swapped_for_a_pickle_is_never_loaded(store: Store, tmp_path: Path) -> None:
    """A pickle in place of a file that the first release wrote fails the checksum."""
    key = old_row(store, row(), file="old.val")
    (store.folder / SCHEMA / "old.val").write_bytes(pickle.dumps(Evil(tmp_path / "witness")))
    assert store.get(key) is None
    assert store.damaged == [key]
    assert not (tmp_path / "witness").exists()


@pytest.mark.parametrize("name", ["sqlite_evil", "disk_evil", "size_limit", "evil"])
def test_a_pickle_in_the_settings_is_never_loaded(store: Store, tmp_path: Path, name: str) -> None:
    """Settings are overruled unread."""
    store.put("key", INLINE)
    evil = pickle.dumps(Evil(tmp_path / "witness"))
    sql(store, "INSERT OR REPLACE INTO Settings (key, value) VALUES (?, ?)", name, evil)
    with Store(store.folder) as again:
        assert again.get("key") == INLINE
    assert not (tmp_path / "witness").exists()


def test_a_planted_key_is_never_unpickled(store: Store, tmp_path: Path) -> None:
    """A row whose key is a pickle answers to no key, and going through all keys stops at it unread."""
    store.put("key", INLINE)
    unwritten(store)
    sql(store, "UPDATE Cache SET key = ?, raw = 0", pickle.dumps(Evil(tmp_path / "witness")))
    assert store.get("key") is None
    assert len(store) == 1
    with pytest.raises(store_module.DamagedRowError):
        list(store.rows)
    assert not (tmp_path / "witness").exists()


def test_the_planted_pickles_would_have_worked(tmp_path: Path) -> None:
    """The pickles of these tests do run code when they are loaded."""
    pickle.loads(pickle.dumps(Evil(tmp_path / "witness")))
    assert (tmp_path / "witness").exists()


@pytest.mark.parametrize(
    ("mode", "value"),
    [
        pytest.param(RAW, "text", id="text"),
        pytest.param(RAW, 7, id="a small number"),
        pytest.param(RAW, -7, id="a negative number"),
        pytest.param(RAW, 1.5, id="a fraction"),
        pytest.param(RAW, None, id="null"),
        pytest.param(RAW, b"", id="no bytes"),
        pytest.param(RAW, b"\0" * 64, id="bytes without their checksum"),
        pytest.param(3, "text", id="a text row"),
        pytest.param(99, b"", id="a mode that does not exist"),
        pytest.param(RAW, 2**62, id="a huge number"),
    ],
)
def test_a_row_of_another_make_counts_as_absent(store: Store, mode: int, value: object) -> None:
    """Whatever stands in the database, a row that this program did not write is only asked again."""
    plant(store, "key", mode=mode, value=value)
    assert store.get("key") is None
    assert store.damaged == ["key"]


def test_a_lost_value_file_counts_as_absent(store: Store) -> None:
    """A row of the first release whose file is gone is asked again."""
    key = old_row(store, row(), file="old.val")
    assert store.get(key) == row()
    (store.folder / SCHEMA / "old.val").unlink()
    assert store.get(key) is None
    assert store.damaged == [key]


def test_rows_of_the_first_release_are_read(store: Store) -> None:
    """They do not name their key, but their key is the hash of what is in them."""
    key = old_row(store, row())
    assert store.get(key) == row()
    sql(store, "UPDATE Cache SET key = 'another'")
    assert (store.get(key), store.get("another")) == (None, None)
    assert store.damaged == ["another"]


def test_a_row_under_another_key_counts_as_absent(store: Store) -> None:
    """Two rows that change places give no wrong answer: each names its key."""
    store.put("one", {"n": 1})
    store.put("two", {"n": 2})
    unwritten(store)
    sql(store, "UPDATE Cache SET key = CASE key WHEN 'one' THEN 'two ' ELSE 'one ' END")
    sql(store, "UPDATE Cache SET key = trim(key)")
    assert (store.get("one"), store.get("two")) == (None, None)
    assert store.damaged == ["one", "two"]


def test_a_row_that_unpacks_to_gigabytes_is_not_unpacked(store: Store) -> None:
    """Nobody fills the memory by way of a row."""
    packed = zlib.compress(b'{"text":"' + b" " * MOST_BYTES + b'"}', 9) + b"key"
    plant(store, "key", mode=RAW, value=hashlib.sha256(packed).digest() + packed)
    assert store.get("key") is None
    assert store.damaged == ["key"]


@pytest.mark.parametrize("value", [None, [], "text", ""])
def test_a_value_that_is_no_object_counts_as_absent(store: Store, value: Any) -> None:
    """A sound row of another shape is told among the damaged ones."""
    store.put("key", value)
    assert len(store) == 1
    assert store.get("key") is None
    assert store.damaged == ["key"]


@given(
    where=st.floats(0, 1, exclude_max=True),
    bit=st.integers(0, 7),
    stored=st.sampled_from([INLINE, LARGE]),
)
@settings(max_examples=80, deadline=None)
def test_a_flipped_bit_never_gives_a_wrong_value(where: float, bit: int, stored: dict[str, Any]) -> None:
    """Each bit of a value is covered by the checksum, in the database and in files."""
    with Store(Path("answers")) as store:
        store.put("key", stored)
        unwritten(store)
        ((value,),) = sql(store, "SELECT value FROM Cache WHERE key = 'key'")
        data = bytearray(value)
        data[int(where * len(data))] ^= 1 << bit
        sql(store, "UPDATE Cache SET value = ?", bytes(data))
        assert store.get("key") is None
        assert store.damaged == ["key"]


@pytest.mark.parametrize("length", [0, 1, 31, 32, 33, 40])
def test_a_value_cut_short_counts_as_absent(store: Store, length: int) -> None:
    """A value of which the end is lost is damaged."""
    store.put("key", INLINE)
    unwritten(store)
    sql(store, "UPDATE Cache SET value = substr(value, 1, ?)", length)
    assert store.get("key") is None
    assert store.damaged == ["key"]


def test_a_damaged_row_is_mended_by_storing_again(store: Store) -> None:
    """The answer that is asked again takes the place of the damaged row."""
    plant(store, "key", mode=PICKLE, value=b"?")
    assert store.get("key") is None
    store.put("key", INLINE)
    assert store.get("key") == INLINE


# The folder.


def test_the_folder_is_private(store: Store) -> None:
    """Answers may quote private conversations: nobody else may look."""
    assert stat.S_IMODE(store.folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((store.folder / SCHEMA).stat().st_mode) == 0o700


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("size_limit", "much"),
        ("eviction_policy", "x"),
        (7, 7),
        ("disk_planted", 1),
        ("sqlite_journal_mode", "delete"),
        ("sqlite_writable_schema", 1),
        ("get", "nothing"),
        ("count", "many"),
    ],
)
def test_planted_settings_are_overruled(store: Store, name: object, value: object) -> None:
    """What this program decides is not decided by the database."""
    store.put("key", INLINE)
    sql(store, "INSERT OR REPLACE INTO Settings (key, value) VALUES (?, ?)", name, value)
    with Store(store.folder) as again:
        assert again.get("key") == INLINE
        assert (again.mended, len(again)) == ([], 1)
        again.put("more", INLINE)
    ((mode,),) = sql(store, "PRAGMA journal_mode")
    assert mode == "wal"


@pytest.mark.parametrize("umask", [0, 0o022, 0o077])
def test_every_file_is_private(tmp_path: Path, umask: int) -> None:
    """Folders 0700 and files 0600, whatever the umask, and those that SQLite makes for itself."""
    before = os.umask(umask)
    try:
        with Store(tmp_path / "answers") as store:
            store.put("key", LARGE)
            modes = {
                str(path.relative_to(tmp_path)): stat.S_IMODE(path.stat().st_mode)
                for path in [store.folder, *store.folder.rglob("*")]
            }
    finally:
        os.umask(before)
    assert {
        name for name in modes if name.endswith(("-wal", "-shm", "journal", "lock", "store.json"))
    } != set()
    assert {name: oct(mode) for name, mode in modes.items() if mode & 0o077} == {}


def test_a_store_that_others_could_read_is_narrowed(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    """It is said once, and holds for what is below."""
    store.put("key", INLINE)
    store.close()
    for path in (store.folder, store.home, store.database):
        path.chmod(0o755)
    with Store(store.folder) as again:
        assert again.get("key") == INLINE
    assert [
        line for line in caplog.messages if "now only you can" in line and str(store.folder) in line
    ] != []
    wide = [path for path in (store.folder, *store.folder.rglob("*")) if path.stat().st_mode & 0o077]
    assert wide == []
    caplog.clear()
    Store(store.folder).close()
    assert caplog.messages == []


def test_a_folder_with_other_things_in_it_keeps_its_mode(tmp_path: Path) -> None:
    """--cache may name a home folder: what is in it is not taken from others, the answers are."""
    place = tmp_path / "home"
    place.mkdir(mode=0o755)
    place.chmod(0o755)
    (place / "letters").mkdir()
    Store(place).close()
    assert stat.S_IMODE(place.stat().st_mode) == 0o755
    assert stat.S_IMODE((place / SCHEMA).stat().st_mode) == 0o700


def test_root_may_use_any_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a container, whose mounted folders belong to whoever started it."""
    Store(tmp_path / "answers").close()
    if os.geteuid() == 0:
        os.chown(tmp_path / "answers", 12345, 12345)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    Store(tmp_path / "answers").close()


def test_a_folder_of_somebody_else_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever owns it could put answers into it."""
    Store(tmp_path / "answers").close()
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    with pytest.raises(StorageError, match=r"belongs to another user.*--cache"):
        Store(tmp_path / "answers")


@pytest.mark.parametrize("about", ['{"layout": 2, "written_by": "9.9"}', '{"layout": "x"}', "[]", "{}"])
def test_a_store_of_a_newer_release_is_refused(store: Store, about: str) -> None:
    """Nothing in it is touched; the line says how to go on."""
    (store.folder / "store.json").write_text(about)
    with pytest.raises(StorageError, match=r"newer release.*upgrade rmb-judge.*--cache") as caught:
        Store(store.folder)
    assert "\n" not in str(caught.value)
    assert (store.folder / "store.json").read_text() == about


@pytest.mark.parametrize("about", ["", "{", "\0" * 40])
def test_a_damaged_note_of_the_layout_is_written_anew(store: Store, about: str) -> None:
    """The answers do not depend on it."""
    store.put("key", INLINE)
    (store.folder / "store.json").write_text(about)
    with Store(store.folder) as again:
        assert again.get("key") == INLINE
    assert json.loads((store.folder / "store.json").read_text())["layout"] == 1


MOUNTS = r"""21 1 8:1 / / rw shared:1 - ext4 /dev/sda1 rw
36 21 0:45 / /mnt/all\040of\040us rw - nfs4 server:/x rw
37 36 0:46 / /mnt/all\040of\040us/scratch rw - xfs /dev/sdb rw
"""


@pytest.mark.parametrize(
    ("folder", "kind"),
    [
        ("/", "ext4"),
        ("/mnt/all of us/me", "nfs4"),
        ("/mnt/all of us/scratch/me", "xfs"),
        ("/mnt/all", "ext4"),
    ],
)
def test_the_file_system_of_a_folder_is_known(tmp_path: Path, folder: str, kind: str) -> None:
    """The longest mount point decides."""
    (tmp_path / "mounts").write_text(MOUNTS.replace("\\\\", "\\"))
    assert file_system(Path(folder), tmp_path / "mounts") == kind


def test_a_store_on_a_network_disk_is_said_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It works, for one machine at a time."""
    monkeypatch.setattr(place, "file_system", lambda _: "nfs4")
    for _ in range(2):
        Store(tmp_path / "answers").close()
    assert [
        line for line in caplog.messages if "network disk (nfs4)" in line and "--cache" in line
    ] == caplog.messages
    assert len(caplog.messages) == 1


def test_a_file_where_the_folder_should_be_is_a_storage_error(tmp_path: Path) -> None:
    """A path that cannot be a folder ends the program with exit code 74 and says what to do."""
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(StorageError, match="--cache") as caught:
        Store(tmp_path / "taken")
    assert isinstance(caught.value, RmbError)
    assert caught.value.exit_code == 74


def test_a_store_that_is_held_for_too_long_is_a_storage_error(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Waiting for another process ends."""
    monkeypatch.setattr(answers, "held", partial(held, wait=0.05))
    with held(store.home / "lock"), pytest.raises(StorageError, match="another process"):
        store.put("key", INLINE)
    store.put("key", INLINE)


def test_a_database_that_fails_while_storing_is_a_storage_error(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An answer that could not be stored is never taken for stored."""

    def fails(*_: object) -> None:
        error = sqlite3.OperationalError("disk I/O error")
        error.sqlite_errorcode = sqlite3.SQLITE_IOERR
        raise error

    monkeypatch.setattr(store.rows, "set", fails)
    with pytest.raises(StorageError, match="disk I/O error"):
        store.put("key", INLINE)


FILLER = """
import resource, signal, sys
from pathlib import Path
from rmb.errors import StorageError
from rmb.store import Store
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
kept, refused = [], 0
with Store(Path(sys.argv[1])) as store:
    store.put("first", {"n": "first"})
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), resource.RLIM_INFINITY))
    for number in range(200):
        key = str(number)
        try:
            store.put(key, {"n": key, "noise": __import__("os").urandom(1500).hex()})
        except StorageError as error:
            assert error.exit_code == 74
            print(error)
            refused += 1
        else:
            kept.append(key)
    assert refused and kept, (refused, len(kept))
    assert all(store.get(key)["n"] == key for key in ["first", *kept])
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    store.put("after", {"n": "after"})
    assert all(store.get(key)["n"] == key for key in ["first", "after", *kept])
    assert store.damaged == [], store.damaged
    print(len(kept))
with Store(Path(sys.argv[1])) as store:
    assert all(store.get(key)["n"] == key for key in ["first", "after", *kept])
"""


@pytest.mark.parametrize("limit", [40_000, 150_000, 400_000])
def test_a_full_disk_stops_what_is_stored_and_costs_nothing_before(tmp_path: Path, limit: int) -> None:
    """Exit code 74 before an answer is counted; earlier ones can be read; with room, the same store goes on."""
    done = subprocess.run(
        [sys.executable, "-c", FILLER, str(tmp_path / "answers"), str(limit)],
        env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "make some, and the same command goes on" in done.stdout
    assert list((tmp_path / "answers").rglob("*.damaged*")) == []


def test_answers_go_where_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    """RMB_CACHE names the folder; ~ is the home folder."""
    monkeypatch.setenv("RMB_CACHE", "~/answers")
    assert default_folder() == Path.home() / "answers"


@pytest.mark.parametrize("value", [None, ""], ids=["unset", "empty"])
def test_answers_go_to_the_checkout_if_nobody_says(
    monkeypatch: pytest.MonkeyPatch, value: str | None
) -> None:
    """In a checkout, answers lie in its cache/ folder."""
    monkeypatch.delenv("RMB_CACHE")
    if value is not None:
        monkeypatch.setenv("RMB_CACHE", value)
    assert default_folder() == CHECKOUT / "cache"


# Keys.

IDENTITY: dict[str, Any] = {
    "kind": "generative",
    "model": "m",
    "sampling": {"temperature": 0.0, "seed": None},
}
REQUEST: dict[str, Any] = {"messages": [["user", "Hello?"]], "sample": 0}
PINNED = "af015eb4cda27297f4bffbdec7053fa2772b61f76a3ef69308697f504dae0c79"


@pytest.mark.parametrize(
    ("identity", "request_"),
    [
        pytest.param({**IDENTITY, "model": "n"}, REQUEST, id="another model"),
        pytest.param({**IDENTITY, "sampling": {"temperature": 0.5, "seed": None}}, REQUEST, id="temperature"),
        pytest.param(
            {**IDENTITY, "sampling": {"temperature": 0.0, "seed": 0}}, REQUEST, id="seed 0, not none"
        ),
        pytest.param({**IDENTITY, "more": None}, REQUEST, id="one more part"),
        pytest.param(IDENTITY, {**REQUEST, "sample": 1}, id="another sample"),
        pytest.param(IDENTITY, {**REQUEST, "messages": [["user", "Hello? "]]}, id="one more space"),
        pytest.param(IDENTITY, {**REQUEST, "messages": [["system", "Hello?"]]}, id="another role"),
        pytest.param(REQUEST, IDENTITY, id="changed places"),
    ],
)
def test_another_identity_or_request_has_another_key(
    identity: dict[str, Any], request_: dict[str, Any]
) -> None:
    """A key stands for who was asked and for all that was sent."""
    assert answer_key(identity, request_) != answer_key(IDENTITY, REQUEST)


def test_the_order_of_parts_does_not_change_the_key() -> None:
    """Dicts that are equal have one key, in whatever order they were made."""
    turned = dict(reversed(IDENTITY.items()))
    assert answer_key(turned, dict(reversed(REQUEST.items()))) == answer_key(IDENTITY, REQUEST)


def test_keys_stay_the_same_from_release_to_release() -> None:
    """Answers stored years ago are found again: this key is written down here and may not change."""
    assert answer_key({"kind": "baseline"}, ["Hello?", 0]) == PINNED
