"""`rmb cache`: what is in the store, whether it is sound, sharing it as one file, pruning it."""

from __future__ import annotations

import gzip
import io
import json
import os
import pickle
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from rmb.canonical import canonical
from rmb.cli import main
from rmb.run.rows import read_rows
from rmb.store import SCHEMA, Store, sharing
from tests.fake_api import FakeApi, Reply
from tests.test_cli import KEY, Ended, write_card
from tests.test_compare_command import called, pair_record, write_records
from tests.test_store import Evil, keyed, plant, row, sql, unwritten

Rmb = Callable[..., Ended]
DAY = 24 * 3600
ANSWERS = [
    row(number, model=model, at=time.time() - days * DAY)
    for number, (model, days) in enumerate(
        [
            ("gpt-4o", 0.1),
            ("gpt-4o", 5),
            ("gpt-4o-mini", 20),
            ("claude", 200),
            ("claude", 900),
            ("claude", 0.5),
        ]
    )
]


@pytest.fixture
def rmb(capsys: pytest.CaptureFixture[str]) -> Rmb:
    """Runs `rmb cache` with some words, in this process."""
    return partial(called, capsys, "cache")


@pytest.fixture
def store() -> Store:
    """The six answers, in the store that commands take if nobody names one; closed."""
    with Store(Path("cache")) as opened:
        for value in ANSWERS:
            opened.put(keyed(value), value)
    return opened


def kept(folder: str = "cache") -> dict[str, Any]:
    """What of the six answers a store has, by number."""
    with Store(Path(folder)) as opened:
        found = {str(number): opened.get(keyed(value)) for number, value in enumerate(ANSWERS)}
    return {number: value for number, value in found.items() if value is not None}


ALL = {str(number): value for number, value in enumerate(ANSWERS)}


def said(ended: Ended, code: int = 0) -> dict[str, Any]:
    """What a command with --json printed."""
    assert ended.code == code, ended.err
    found: dict[str, Any] = json.loads(ended.out)
    return found


# stats


def test_stats_count_answers_by_judge_and_age(rmb: Rmb, store: Store) -> None:
    """One line for the whole, then who was asked, and when."""
    found = said(rmb("stats", "--json"))
    assert (found["rows"], found["damaged"], found["set_aside"]) == (6, 0, [])
    assert found["judges"] == {"claude": 3, "gpt-4o": 2, "gpt-4o-mini": 1}
    assert found["ages"] == {
        "within a day": 2,
        "within a week": 1,
        "within a month": 1,
        "within a year": 1,
        "older": 1,
    }
    assert found["bytes"]["journal"] == store.journal.file.stat().st_size
    first, *rest = rmb("stats").out.splitlines()
    assert first.startswith("6 answers in ")
    assert "3  claude" in rest[0]


def test_stats_count_damage(rmb: Rmb, store: Store) -> None:
    """A damaged row is counted; what was set aside is named."""
    (store.home / "cache.db").write_bytes(b"broken" * 100)
    with Store(store.folder) as opened:
        sql(opened, "UPDATE Cache SET value = x'00' WHERE rowid = 1")
    found = said(rmb("stats", "--json"))
    assert (found["rows"], found["damaged"]) == (6, 1)
    assert found["set_aside"] == ["cache.db.damaged-1"]
    assert found["bytes"]["set_aside"] == 600


@pytest.mark.parametrize("words", [("stats",), ("verify",), ("export", "x"), ("prune", "--judge", "*")])
def test_looking_makes_no_store(rmb: Rmb, words: tuple[str, ...]) -> None:
    """A folder that is not there is one line, and stays absent."""
    ended = rmb(*words, "--cache", "nowhere")
    assert (ended.code, ended.err.count("\n")) == (2, 1)
    assert "no answer store in nowhere" in ended.err
    assert not Path("nowhere").exists()


def test_a_rebuilt_store_is_told(store: Store) -> None:
    """The line about the damage stands on stderr, whichever command met it."""
    (store.home / "cache.db").write_bytes(b"broken" * 100)
    done = subprocess.run(
        [sys.executable, "-m", "rmb", "cache", "verify"],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "6 rows, 0 damaged; sound\n")
    assert "6 rows were brought back" in done.stderr
    assert done.stderr.count("\n") == 1


# verify


@pytest.mark.usefixtures("store")
def test_a_sound_store_is_sound(rmb: Rmb) -> None:
    """Exit code 0 and one line."""
    ended = rmb("verify")
    assert (ended.code, ended.out) == (0, "6 rows, 0 damaged; sound\n")


def wrong_content(opened: Store) -> str:
    """A row with a good checksum whose key is not the hash of what is in it; its key."""
    opened.put("0" * 64, ANSWERS[0])
    return "0" * 64


def flipped(opened: Store) -> str:
    """A row that was altered; its key."""
    sql(opened, "UPDATE Cache SET value = x'00' WHERE key = ?", keyed(ANSWERS[2]))
    return keyed(ANSWERS[2])


def no_answer(opened: Store) -> str:
    """A row with a good checksum that holds no answer; its key."""
    opened.put("f" * 64, {"n": 1})
    return "f" * 64


def planted(opened: Store) -> str:
    """A row whose key is no text; what it is called."""
    plant(opened, b"\x80\x05.", mode=1, value=b"x")
    return repr(b"\x80\x05.")


@pytest.mark.parametrize("damage", [wrong_content, flipped, no_answer, planted])
def test_damaged_rows_are_named_and_repaired(rmb: Rmb, store: Store, damage: Callable[[Store], str]) -> None:
    """Exit code 1; with --repair they come back from the journal or are removed, and the next check is clean."""
    with Store(store.folder) as opened:
        name = damage(opened)
    ended = rmb("verify")
    assert ended.code == 1
    assert f"damaged: {name}" in ended.out.replace("\\\\", "\\")
    found = said(rmb("verify", "--repair", "--json"), code=1)
    assert (found["damaged"], found["sound"], found["repaired"]) == ([name], False, True)
    assert said(rmb("verify", "--json")) == {
        "rows": 6,
        "damaged": [],
        "single": 0,
        "lost": 0,
        "lines": 0,
        "database": None,
        "sound": True,
        "repaired": False,
    }
    assert kept() == ALL


def test_what_is_in_neither_is_removed(rmb: Rmb, store: Store) -> None:
    """A damaged row that the journal lacks is gone after the repair, and is asked again."""
    with Store(store.folder) as opened:
        flipped(opened)
        opened.journal.rewrite(list(opened.sound()))
    assert rmb("verify", "--repair").code == 1
    assert said(rmb("verify", "--json"))["rows"] == 5
    assert kept() == {number: value for number, value in ALL.items() if number != "2"}


def test_damage_to_the_journal_is_told_and_repaired(rmb: Rmb, store: Store) -> None:
    """A damaged line leaves a row that nothing doubles; the journal is written anew."""
    lines = store.journal.file.read_bytes().splitlines(keepends=True)
    store.journal.file.write_bytes(b"".join([*lines[:3], b"garbage\n", *lines[4:]]))
    found = said(rmb("verify", "--json"), code=1)
    assert (found["single"], found["lines"], found["damaged"]) == (1, 1, [])
    assert rmb("verify", "--repair").code == 1
    assert said(rmb("verify", "--json"))["sound"]
    assert len(list(store.journal.rows())) == 6


def test_a_row_that_only_the_journal_has_is_no_fault(rmb: Rmb, store: Store) -> None:
    """A process that was killed between the two leaves one; it is there when asked for."""
    with Store(store.folder) as opened:
        sql(opened, "DELETE FROM Cache WHERE key = ?", keyed(ANSWERS[0]))
    found = said(rmb("verify", "--json"))
    assert (found["rows"], found["lost"], found["sound"]) == (5, 1, True)
    assert rmb("verify", "--repair").code == 0
    assert said(rmb("verify", "--json"))["rows"] == 6


def test_a_broken_index_is_told_and_repaired(rmb: Rmb, store: Store) -> None:
    """SQLite's own check of the database is part of it."""
    with Store(store.folder) as opened:
        opened.rows.close()
        sql(opened, "PRAGMA journal_mode = delete")
        ((root,), (page,)) = (
            *sql(opened, "SELECT rootpage FROM sqlite_master WHERE name = 'Cache_key_raw'"),
            *sql(opened, "PRAGMA page_size"),
        )
        with opened.database.open("r+b") as file:
            file.seek((root - 1) * page + 3)
            file.write(b"\0\x01")
    found = said(rmb("verify", "--json"), code=1)
    assert found["database"]
    assert rmb("verify", "--repair").code == 1
    assert said(rmb("verify", "--json"))["rows"] == 6


# export and import


@pytest.mark.usefixtures("store")
def test_a_store_travels_as_one_file(rmb: Rmb) -> None:
    """What is imported elsewhere is what was exported here."""
    ended = rmb("export", "answers.jsonl.gz")
    assert (ended.code, ended.out) == (0, "6 answers → answers.jsonl.gz\n")
    ended = rmb("import", "answers.jsonl.gz", "--cache", "other")
    assert (ended.code, ended.out) == (0, "6 answers added, 0 were there already → other\n")
    assert kept("other") == ALL
    assert Path("answers.jsonl.gz").stat().st_mode & 0o077 == 0
    assert said(rmb("verify", "--cache", "other", "--json"))["sound"]


@pytest.mark.usefixtures("store")
def test_equal_stores_give_equal_files(rmb: Rmb) -> None:
    """The order in which answers came, and the time of the export, leave no trace."""
    with Store(Path("other")) as other:
        for value in reversed(ANSWERS):
            other.put(keyed(value), value)
    rmb("export", "one")
    rmb("export", "two", "--cache", "other")
    assert Path("one").read_bytes() == Path("two").read_bytes()


@pytest.mark.usefixtures("store")
def test_an_export_goes_to_stdout(monkeypatch: pytest.MonkeyPatch) -> None:
    """With `-` the answers are all that is on stdout."""
    out = io.TextIOWrapper(io.BytesIO())
    monkeypatch.setattr(sys, "stdout", out)
    with pytest.raises(SystemExit):
        main.run(main.rmb, args=["cache", "export", "-", "--judge", "gpt-4o"], prog_name="rmb")
    header, *lines = gzip.decompress(out.buffer.getvalue()).splitlines()  # type: ignore[attr-defined]
    assert json.loads(header) == {"answers": SCHEMA, "layout": 1}
    assert [json.loads(line)["value"] for line in lines] == sorted(ANSWERS[:2], key=keyed)


@pytest.mark.usefixtures("store")
def test_an_export_overwrites_nothing(rmb: Rmb) -> None:
    """An existing file is refused in one line."""
    Path("mine").write_text("precious")
    ended = rmb("export", "mine")
    assert (ended.code, Path("mine").read_text()) == (2, "precious")
    assert "mine exists" in ended.err


def test_an_export_names_the_damaged_rows_that_it_leaves_out(rmb: Rmb, store: Store) -> None:
    """Only what can be trusted is shared."""
    with Store(store.folder) as opened:
        flipped(opened)
    ended = rmb("export", "file")
    assert ended.out == "5 answers → file, 1 damaged rows left out\n"


@pytest.mark.usefixtures("store")
def test_an_import_overwrites_nothing(rmb: Rmb) -> None:
    """An answer that is there stays, whatever the file says to the same question; a damaged one is replaced."""
    mine = {**ANSWERS[0], "at": 1.0}
    with Store(Path("other")) as other:
        other.put(keyed(mine), mine)
        other.put(keyed(ANSWERS[1]), ANSWERS[1])
        sql(other, "UPDATE Cache SET value = x'00' WHERE key = ?", keyed(ANSWERS[1]))
        unwritten(other)
        other.journal.rewrite([pair for pair in other.sound() if pair[0] == keyed(mine)])
    rmb("export", "file")
    assert said(rmb("import", "file", "--cache", "other", "--json")) == {"added": 5, "had": 1, "damaged": 0}
    assert kept("other") == {**ALL, "0": mine}
    assert said(rmb("import", "file", "--cache", "other", "--json")) == {"added": 0, "had": 6, "damaged": 0}


def written(lines: list[Any], *, header: Any = None) -> str:
    """A file in the layout of an export, with these lines; its name."""
    texts = [
        each if isinstance(each, bytes) else canonical(each).encode()
        for each in [header or sharing.HEADER, *lines]
    ]
    Path("file").write_bytes(gzip.compress(b"".join(text + b"\n" for text in texts)))
    return "file"


def good(number: int) -> dict[str, Any]:
    """A line of an export."""
    return {"key": keyed(ANSWERS[number]), "value": ANSWERS[number]}


WRONG = {
    "another key": {"key": "0" * 64, "value": ANSWERS[0]},
    "another question": {**good(0), "value": {**ANSWERS[0], "request": "another"}},
    "no answer": {**good(0), "value": {**ANSWERS[0], "answer": {}}},
    "no value": {"key": "0" * 64},
    "a list": [1, 2],
    "no JSON": b"\x80\x05K\x01.",
    "not a number": canonical(good(0)).replace('"at":', '"at":NaN,"x":').encode(),
    "nested deeply": b"[" * 100_000,
}


@pytest.mark.parametrize("kind", WRONG)
def test_a_file_with_a_wrong_answer_is_refused(rmb: Rmb, kind: str) -> None:
    """Nothing of it is taken, unless one says to leave out what is wrong."""
    file = written([good(1), WRONG[kind], good(2)])
    ended = rmb("import", file)
    assert (ended.code, ended.err.count("\n")) == (2, 1)
    assert "1 answers are damaged" in ended.err
    assert "--skip-damaged" in ended.err
    assert not Path("cache").exists()
    assert said(rmb("import", file, "--skip-damaged", "--json")) == {"added": 2, "had": 0, "damaged": 1}
    assert set(kept()) == {"1", "2"}


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        pytest.param(b"", "was not written by rmb cache export", id="empty"),
        pytest.param(b"some text", "cannot be read", id="no gzip"),
        pytest.param(gzip.compress(b"some text\n"), "was not written by rmb cache export", id="another"),
        pytest.param(gzip.compress(b"7\n"), "was not written by rmb cache export", id="a number"),
        pytest.param(
            gzip.compress(b'{"answers":"answers-v1","layout":2}\n'), "newer release; upgrade", id="newer"
        ),
        pytest.param(
            gzip.compress(canonical(sharing.HEADER).encode() + b"\n" + os.urandom(500).hex().encode())[:-100],
            "cannot be read",
            id="cut off",
        ),
        pytest.param(
            gzip.compress(canonical(sharing.HEADER).encode() + b"\nno line break"),
            "not read further",
            id="no line break",
        ),
    ],
)
def test_a_file_of_another_make_is_refused(rmb: Rmb, data: bytes, complaint: str) -> None:
    """One line, exit code 2, nothing taken."""
    Path("file").write_bytes(data)
    ended = rmb("import", "file", "--skip-damaged")
    assert (ended.code, ended.err.count("\n")) == (2, 1)
    assert complaint in ended.err
    assert not Path("cache").exists()


@pytest.mark.parametrize("lines", ["one", "many"])
def test_a_file_that_unpacks_to_gigabytes_is_refused(
    rmb: Rmb, monkeypatch: pytest.MonkeyPatch, lines: str
) -> None:
    """It is read line by line, and no further than an export of its size could go."""
    monkeypatch.setattr(sharing, "LONGEST", 2**18)
    monkeypatch.setattr(sharing, "FREE", 2**20)
    monkeypatch.setattr(sharing, "MOST_RATIO", 20)
    bomb = b" " * 2**23 if lines == "one" else b"{}\n" * 2**22
    Path("file").write_bytes(gzip.compress(canonical(sharing.HEADER).encode() + b"\n" + bomb))
    ended = rmb("import", "file", "--skip-damaged")
    assert (ended.code, "not read further" in ended.err) == (2, True)


def test_nothing_in_a_file_is_unpickled(rmb: Rmb, tmp_path: Path) -> None:
    """A pickle in place of a file, or of a line, is no answer."""
    evil = pickle.dumps(Evil(tmp_path / "witness"))
    for data in (
        evil,
        gzip.compress(evil),
        gzip.compress(canonical(sharing.HEADER).encode() + b"\n" + evil + b"\n"),
    ):
        Path("file").write_bytes(data)
        assert rmb("import", "file").code == 2
    assert not (tmp_path / "witness").exists()


# prune


@pytest.mark.parametrize(
    ("words", "left"),
    [
        pytest.param(("--older-than", "30"), "0125", id="age"),
        pytest.param(("--judge", "gpt-4o"), "2345", id="judge"),
        pytest.param(("--judge", "gpt-4o*"), "345", id="glob"),
        pytest.param(("--judge", "claude", "--older-than", "100"), "0125", id="both"),
        pytest.param(("--judge", "nobody"), "012345", id="none"),
    ],
)
def test_answers_are_removed_from_rows_and_journal(
    rmb: Rmb, store: Store, words: tuple[str, ...], left: str
) -> None:
    """What is pruned is gone for good: it does not come back from the journal."""
    assert said(rmb("prune", *words, "--yes", "--json")) == {"removed": 6 - len(left), "left": len(left)}
    assert "".join(kept()) == left
    assert len(list(store.journal.rows())) == len(left)
    (store.home / "cache.db").unlink()
    assert "".join(kept()) == left


def test_pruning_keeps_what_only_the_journal_has(rmb: Rmb, store: Store) -> None:
    """An answer whose row was lost is put back before the journal is written anew."""
    with Store(store.folder) as opened:
        sql(opened, "DELETE FROM Cache WHERE key = ?", keyed(ANSWERS[0]))
    assert said(rmb("prune", "--judge", "claude", "--yes", "--json")) == {"removed": 3, "left": 3}
    assert "".join(kept()) == "012"


@pytest.mark.usefixtures("store")
def test_pruning_asks_first(rmb: Rmb, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without --yes and without anybody to ask, nothing is removed; nor after a no."""
    ended = rmb("prune", "--judge", "claude")
    assert (ended.code, "3 answers would be removed" in ended.err) == (2, True)
    for answer, left in (("n", 6), ("y", 3)):
        monkeypatch.setattr(sys, "stdin", io.StringIO(answer + "\n"))
        monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
        ended = rmb("prune", "--judge", "claude")
        assert "Remove 3 answers for good?" in ended.err
        assert len(kept()) == left


@pytest.mark.usefixtures("store")
def test_pruning_wants_to_know_what(rmb: Rmb) -> None:
    """Without a choice, all would be meant: that is refused."""
    ended = rmb("prune", "--yes")
    assert (ended.code, "--older-than" in ended.err) == (2, True)
    assert kept() == ALL


def test_a_pruned_store_is_still_shared(rmb: Rmb, store: Store) -> None:
    """A process that had the store open goes on, and what it stores is in the new journal."""
    with Store(store.folder) as opened:
        assert opened.get(keyed(ANSWERS[3])) == ANSWERS[3]
        rmb("prune", "--judge", "claude", "--yes")
        assert opened.get(keyed(ANSWERS[3])) is None
        opened.put(keyed(ANSWERS[3]), ANSWERS[3])
    (store.home / "cache.db").unlink()
    assert "".join(kept()) == "0123"


# A run's own store


def test_what_runs_do_not_use_is_pruned_and_no_key_is_kept(
    rmb: Rmb, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    """Real runs through LiteLLM: --not-in spares theirs, and the provider's key is in no file of the store."""
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    write_records("data.json", [pair_record(number, "good", "bad") for number in range(3)])
    with FakeApi(lambda _: Reply("[[A]]")) as api:
        write_card("mine.yaml", api)
        asked = ("judge", "--judge", "mine.yaml", "--data", "data.json", "-q")
        assert called(capsys, *asked, "--limit", "2", "--out", "small").code == 0
        assert called(capsys, *asked, "--out", "large").code == 0
    used = {key for row_ in read_rows(Path("small/items.parquet")) for key in row_["answer_keys"]}
    assert said(rmb("verify", "--json"))["rows"] == 6
    rmb("export", "file")
    everything = b"".join(file.read_bytes() for file in Path("cache").rglob("*") if file.is_file())
    with Store(Path("cache")) as opened:
        unpacked = json.dumps([opened.get(key) for key in opened.rows])
    assert KEY not in unpacked
    assert KEY.encode() not in everything + gzip.decompress(Path("file").read_bytes())
    assert said(rmb("prune", "--not-in", "small", "--yes", "--json")) == {"removed": 2, "left": 4}
    with Store(Path("cache")) as opened:
        assert set(opened.rows) == used
    assert rmb("prune", "--not-in", "nowhere", "--yes").code == 2
