"""The answer store: what was paid for is kept, comes back as it was, and is never a way in."""

from __future__ import annotations

import os
import pickle
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rmb import store as store_module
from rmb.errors import RmbError, StorageError
from rmb.store import SCHEMA, Store, answer_key, default_folder
from tests.conftest import CHECKOUT

INLINE: dict[str, Any] = {"answer": "A", "at": 1.5}
IN_A_FILE: dict[str, Any] = {"answer": os.urandom(30_000).hex()}
"""diskcache keeps values beyond 32 KiB in files of their own."""
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


@pytest.mark.parametrize("value", [INLINE, IN_A_FILE], ids=["in the database", "in a file"])
def test_survives_reopening(tmp_path: Path, value: dict[str, Any]) -> None:
    """Another run finds what this one stored."""
    with Store(tmp_path) as first:
        first.put("key", value)
    with Store(tmp_path) as second:
        assert second.get("key") == value
        assert second.damaged == []


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
    """A pickle in place of the file that this program wrote fails the checksum."""
    store.put("key", IN_A_FILE)
    (file,) = (store.folder / SCHEMA).rglob("*.val")
    file.write_bytes(pickle.dumps(Evil(tmp_path / "witness")))
    assert store.get("key") is None
    assert store.damaged == ["key"]
    assert not (tmp_path / "witness").exists()


def test_a_planted_key_is_never_unpickled(store: Store, tmp_path: Path) -> None:
    """A row whose key is a pickle answers to no key, and going through all keys stops at it unread."""
    store.put("key", INLINE)
    sql(store, "UPDATE Cache SET key = ?, raw = 0", pickle.dumps(Evil(tmp_path / "witness")))
    assert store.get("key") is None
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
    """A row whose file is gone is asked again."""
    store.put("key", IN_A_FILE)
    for file in (store.folder / SCHEMA).rglob("*.val"):
        file.unlink()
    assert store.get("key") is None
    assert store.damaged == ["key"]


@pytest.mark.parametrize("value", [None, [], "text"])
def test_a_value_that_is_no_object_counts_as_absent(store: Store, value: Any) -> None:
    """A sound row of another shape is told among the damaged ones."""
    store.put("key", value)
    assert store.get("key") is None
    assert store.damaged == ["key"]


@given(
    where=st.floats(0, 1, exclude_max=True),
    bit=st.integers(0, 7),
    stored=st.sampled_from([INLINE, IN_A_FILE]),
)
@settings(max_examples=80, deadline=None)
def test_a_flipped_bit_never_gives_a_wrong_value(where: float, bit: int, stored: dict[str, Any]) -> None:
    """Each bit of a value is covered by the checksum, in the database and in files."""
    with Store(Path("answers")) as store:
        store.put("key", stored)
        ((filename, value),) = sql(store, "SELECT filename, value FROM Cache WHERE key = 'key'")
        file = store.folder / SCHEMA / filename if filename else None
        data = bytearray(file.read_bytes() if file else value)
        data[int(where * len(data))] ^= 1 << bit
        if file:
            file.write_bytes(data)
        else:
            sql(store, "UPDATE Cache SET value = ?", bytes(data))
        assert store.get("key") is None
        assert store.damaged == ["key"]


@pytest.mark.parametrize("length", [0, 1, 31, 32, 33, 40])
def test_a_value_cut_short_counts_as_absent(store: Store, length: int) -> None:
    """A value of which the end is lost is damaged."""
    store.put("key", INLINE)
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


@pytest.mark.parametrize(("name", "value"), [("size_limit", "much"), ("eviction_policy", "x"), (7, 7)])
def test_planted_settings_are_overruled(store: Store, name: object, value: object) -> None:
    """What this program decides is not decided by the database."""
    store.put("key", INLINE)
    sql(store, "INSERT OR REPLACE INTO Settings (key, value) VALUES (?, ?)", name, value)
    with Store(store.folder) as again:
        assert again.get("key") == INLINE


def test_planted_settings_that_do_harm_are_a_storage_error(store: Store) -> None:
    """A setting that diskcache cannot take is reported in one line, with the folder."""
    sql(store, "INSERT OR REPLACE INTO Settings (key, value) VALUES ('disk_planted', 1)")
    with pytest.raises(StorageError, match=str(store.folder)):
        Store(store.folder)


def test_a_file_where_the_folder_should_be_is_a_storage_error(tmp_path: Path) -> None:
    """A path that cannot be a folder ends the program with exit code 74 and says what to do."""
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(StorageError, match="--cache") as caught:
        Store(tmp_path / "taken")
    assert isinstance(caught.value, RmbError)
    assert caught.value.exit_code == 74


def test_a_broken_database_is_a_storage_error(tmp_path: Path) -> None:
    """A database file full of something else is reported in one line, with its folder."""
    (tmp_path / SCHEMA).mkdir()
    (tmp_path / SCHEMA / "cache.db").write_bytes(b"no database at all" * 1_000)
    with pytest.raises(StorageError, match=str(tmp_path)):
        Store(tmp_path)


def test_a_database_that_fails_while_storing_is_a_storage_error(store: Store) -> None:
    """An answer that could not be stored is never taken for stored."""
    sql(store, "DROP TABLE Cache")
    with pytest.raises(StorageError):
        store.put("key", INLINE)


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
