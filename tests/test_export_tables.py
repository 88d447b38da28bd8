"""`rmb export --to csv|jsonl|parquet`: the rows of a run, to the last byte, whatever their texts hold."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from rmb.errors import DataError
from rmb.report.exports.tables import BLOCK, cell, write_csv, write_jsonl, write_parquet
from rmb.report.exports.texts import Texts
from rmb.run.rows import COLUMNS, as_unicode, read_rows, write_rows
from tests.builders import outcome, pair, told
from tests.test_compare_command import Rmb, folder_of, judged, pair_record, rmb

__all__ = ["rmb"]

HOSTILE = (
    'a "quoted", text',
    "lines\nand\r\nmore\rof them\u2028",
    "NUL \0 inside",
    "lone \udcff surrogate",
    "=cmd()",
    "+1",
    "-1",
    "@sum",
    "\ttab",
    "\rreturn",
    "'=quoted already",
    "\u202e\u05e9\u05dc\u05d5\u05dd right to left",
    "<script>alert(1)</script>",
    "x" * 1_000_000,
    "",
)
FORMULA = ("=", "+", "-", "@", "\t", "\r")


@pytest.fixture
def hostile(rmb: Rmb) -> str:
    """A run of the first on pairs of hostile texts, each against a plain one: two rows a pair."""
    records = [pair_record(n, text, f"plain {n}", asked=f"{text[:99]}?") for n, text in enumerate(HOSTILE)]
    return judged(rmb, "first", folder_of("data", records), "run")


def exported(rmb: Rmb, run: str, to: str, *words: str) -> Path:
    """The file that an export makes."""
    assert rmb("export", run, "--to", to, "--out", f"{to}.out", *words).code == 0
    return Path(f"{to}.out")


def of_csv(text: str) -> list[dict[str, str]]:
    """The rows of a CSV."""
    csv.field_size_limit(2**24)
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


def in_csv(name: str, value: Any) -> str:
    """A row's value as its cell reads, said once more and otherwise."""
    if value is None:
        return ""
    if name == "messages":
        return json.dumps(value, ensure_ascii=False)
    if name == "answer_keys":
        return " ".join(value)
    if COLUMNS.get(name, "string") == "string":
        return "'" + value if value[:1] in FORMULA and value else value
    return str(value).lower() if isinstance(value, bool) else repr(value)


# Round trips.


def test_parquet_is_the_runs_own_table(rmb: Rmb, hostile: str) -> None:
    """Without texts, every column and row as the run has it."""
    mine, theirs = (
        parquet.read_table(path) for path in (exported(rmb, hostile, "parquet"), f"{hostile}/items.parquet")
    )
    assert mine.equals(theirs)


def test_parquet_has_the_texts_of_its_rows(rmb: Rmb, hostile: str) -> None:
    """Each row has its own conversation and responses; a lone surrogate is a question mark."""
    rows = parquet.read_table(exported(rmb, hostile, "parquet", "--texts")).to_pylist()
    assert len(rows) == 2 * len(HOSTILE)
    for row in rows:
        number = int(row["item"].split("/")[1])
        text = as_unicode(HOSTILE[number])
        assert (row["best_text"], row["loser_text"]) == (text, f"plain {number}")
        assert row["messages"] == [{"role": "user", "content": f"{text[:99]}?"}]


@pytest.mark.parametrize("words", [(), ("--texts",)], ids=["rows", "texts"])
def test_json_lines_are_the_rows(rmb: Rmb, hostile: str, words: tuple[str, ...]) -> None:
    """Read back, they equal those of Parquet: numbers to the last digit, texts to the last character."""
    lines = exported(rmb, hostile, "jsonl", *words).read_bytes().decode("utf-8").rstrip("\n").split("\n")
    rows = [json.loads(line, parse_constant=pytest.fail) for line in lines]
    assert rows == parquet.read_table(exported(rmb, hostile, "parquet", *words)).to_pylist()


@pytest.mark.parametrize("words", [(), ("--texts",)], ids=["rows", "texts"])
def test_csv_holds_every_value(rmb: Rmb, hostile: str, words: tuple[str, ...]) -> None:
    """Quotes, line ends and NULs come back as they were; a formula comes back as text."""
    rows = of_csv(exported(rmb, hostile, "csv", *words).read_bytes().decode("utf-8"))
    wanted = parquet.read_table(exported(rmb, hostile, "parquet", *words)).to_pylist()
    assert rows == [{name: in_csv(name, value) for name, value in row.items()} for row in wanted]


@pytest.mark.parametrize("to", ["csv", "jsonl"])
def test_stdout_is_the_file(rmb: Rmb, hostile: str, to: str) -> None:
    """`--out -` prints what the file would hold; what was done goes to stderr."""
    ended = rmb("export", hostile, "--to", to, "--texts", "--out", "-")
    assert ended.err == "rmb: 30 rows → stdout\n"
    assert ended.out.encode() == exported(rmb, hostile, to, "--texts").read_bytes()


def test_more_rows_than_a_block(tmp_path: Path) -> None:
    """Blocks stand one after the other: nothing is lost or moved between them."""
    outcomes = [outcome(told("right", "wrong"), item=pair(uid=str(n))) for n in range(BLOCK)]
    write_rows(tmp_path / "items.parquet", {"j": outcomes})
    rows = read_rows(tmp_path / "items.parquet")
    assert write_parquet("rows", tmp_path / "items.parquet", None) == len(rows) == 2 * BLOCK
    assert parquet.read_table("rows").to_pylist() == rows
    assert write_jsonl("lines", tmp_path / "items.parquet", None) == len(rows)
    assert [json.loads(line) for line in Path("lines").read_text().splitlines()] == rows


def test_a_run_without_rows(tmp_path: Path) -> None:
    """Columns and no row."""
    write_rows(tmp_path / "items.parquet", {})
    assert write_csv("empty.csv", tmp_path / "items.parquet", None) == 0
    assert Path("empty.csv").read_text() == ",".join([*COLUMNS, "answer_keys"]) + "\n"
    assert write_parquet("empty", tmp_path / "items.parquet", None) == 0
    assert parquet.read_table("empty").schema.names == [*COLUMNS, "answer_keys"]


# Formulas.


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("=1+1", "'=1+1"),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@sum", "'@sum"),
        ("\t=1", "'\t=1"),
        ("\r=1", "'\r=1"),
        ("1=1", "1=1"),
        ("'=1", "'=1"),
        ("", ""),
        (-1.5, -1.5),
        (None, None),
        (False, "false"),
        ([], ""),
    ],
)
def test_a_cell(value: Any, shown: Any) -> None:
    """A text that would be a formula gets an apostrophe; a number never does."""
    assert cell(value) == shown


@given(st.text(st.characters(codec="utf-8") | st.sampled_from("=+-@\t\r'")))
def test_no_text_is_a_formula(text: str) -> None:
    """Whatever a text begins with, its cell begins with none of the marks, and ends with the text."""
    shown = cell(text)
    assert isinstance(shown, str)
    assert not shown.startswith(FORMULA)
    assert shown in (text, f"'{text}")


# Files.


@pytest.mark.parametrize("write", [write_csv, write_jsonl, write_parquet])
def test_a_file_is_replaced_whole_or_not_at_all(tmp_path: Path, write: Any) -> None:
    """Where texts are missing half way, the earlier file stays, and nothing half written beside it."""
    one, other = pair(uid="1"), pair("else", uid="2")
    write_rows(
        tmp_path / "items.parquet", {"j": [outcome(told("right"), item=item) for item in (one, other)]}
    )
    Path("place").mkdir()
    Path("place/mine").write_text("earlier")
    with pytest.raises(DataError, match="the data has no text"):
        write("place/mine", tmp_path / "items.parquet", Texts.of([one]))
    assert [path.read_text() for path in Path("place").iterdir()] == ["earlier"]
    assert write("place/mine", tmp_path / "items.parquet", Texts.of([one, other])) == 2
    assert b"earlier" not in Path("place/mine").read_bytes()
    assert len(list(Path("place").iterdir())) == 1


def test_folders_on_the_way_are_made(rmb: Rmb, hostile: str) -> None:
    """A new folder for the file need not be there."""
    assert rmb("export", hostile, "--to", "csv", "--out", "new/folder/rows.csv").code == 0
    assert len(of_csv(Path("new/folder/rows.csv").read_bytes().decode())) == 30


def test_a_device_stays_one(rmb: Rmb, hostile: str) -> None:
    """/dev/null takes the rows, and is not replaced by a file."""
    assert rmb("export", hostile, "--to", "csv", "--out", "/dev/null").code == 0
    assert Path("/dev/null").is_char_device()
