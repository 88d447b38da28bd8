"""Where the prompts of a build come from: records of users' conversations, of which many are no prompts."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rmb.build.prompt import Prompt
from rmb.build.recipe import Recipe
from rmb.build.source import Found, of, read
from rmb.errors import DataError
from tests.prompted import record, write_lines, write_parquet

GOOD = record("Why is the sky blue?", "Rayleigh.", conversation_hash="c0ffee", model="m-1", toxic=False)
LONG = "word " * 20_000
"""100 kB, as somebody pastes a whole book."""


def found_in(path: Path, **more: Any) -> Found:
    """What a source holds, three turns of users at most."""
    return read(path, most_turns=3, **more)


def texts(prompt: Prompt) -> list[str]:
    """What is said in a prompt."""
    return [turn.content for turn in prompt.conversation]


def turns(*pairs: tuple[Any, Any]) -> dict[str, Any]:
    """A record of some roles and contents."""
    return {"conversation": [{"role": role, "content": content} for role, content in pairs]}


@pytest.mark.parametrize("name", ["wild.jsonl", "wild.jsonl.gz", "wild.parquet"])
def test_every_form_gives_the_same_prompts(name: str, tmp_path: Path) -> None:
    """JSONL, packed or not, and Parquet: the same conversations with the same ids, in the order of the file."""
    records = [
        GOOD,
        record("你好，请介绍一下自己。", language="Chinese"),
        record(LONG),
        record("one", "two", "three"),
    ]
    write = write_parquet if name.endswith("parquet") else write_lines
    found = found_in(write(tmp_path / name, records))
    assert (found.came, list(found.dropped)) == (4, [])
    assert [texts(one) for one in found.prompts] == [
        ["Why is the sky blue?"],
        ["你好，请介绍一下自己。"],
        [LONG],
        ["one", "two", "three"],
    ]
    assert [one.language for one in found.prompts] == ["English", "Chinese", "English", "English"]
    first = {"conversation_hash": "c0ffee", "model": "m-1", "toxic": False, "turns": 2}
    assert found.prompts[0].origin == {"file": name, "line": 1, **first}
    plain = found_in(write_lines(tmp_path / "plain" / "wild.jsonl", records))
    assert [one.id for one in found.prompts] == [one.id for one in plain.prompts]
    assert all(len(one.id) == 16 for one in found.prompts)


@pytest.mark.parametrize(
    ("told", "most", "expected"),
    [
        pytest.param(["u", "a"], 3, ["u"], id="the last answer goes"),
        pytest.param(["u", "a", "a"], 3, ["u"], id="all answers at the end go"),
        pytest.param(
            ["u", "a", "u", "a", "u", "a", "u"], 3, ["u", "a", "u", "a", "u"], id="cut behind the third"
        ),
        pytest.param(["u", "a", "u"], 1, ["u"], id="cut behind the first"),
        pytest.param(["s", "u", "a"], 1, ["s", "u"], id="what the system says stays"),
        pytest.param(["a", "u"], 3, ["a", "u"], id="the assistant may begin"),
        pytest.param(["u", "s"], 3, ["u"], id="what the system says last goes"),
        pytest.param(["u", "tool"], 1, ["u"], id="what is cut off may be anything"),
    ],
)
def test_a_conversation_is_cut_behind_a_users_turn(
    told: list[str], most: int, expected: list[str], tmp_path: Path
) -> None:
    """A prompt ends with the last of the first so many turns of the user, which waits for an answer."""
    roles = {"u": "user", "a": "assistant", "s": "system"}
    one = turns(*((roles.get(role, role), f"{role}{at}") for at, role in enumerate(told)))
    (prompt,) = read(write_lines(tmp_path / "wild.jsonl", [one]), most_turns=most).prompts
    assert [turn.role for turn in prompt.conversation] == [roles[role] for role in expected]
    assert prompt.origin["turns"] == len(told)


def test_what_was_redacted_in_a_turn_that_is_cut_off_is_no_fault(tmp_path: Path) -> None:
    """Where the turns say themselves what was taken out, only those of the prompt count, and not the record."""
    one = record("Who are you?", "I am [REDACTED].", redacted=True)
    for turn, redacted in zip(one["conversation"], (False, True), strict=True):
        turn["redacted"] = redacted
    assert len(found_in(write_lines(tmp_path / "wild.jsonl", [one])).prompts) == 1


BAD = {
    "not JSON": ('{"conversation": [', "broken", "not JSON: Expecting value"),
    "a list": ("[1, 2]", "broken", "a list, not an object"),
    "a number": ("7", "broken", "a int, not an object"),
    "deep": ("[" * 100_000, "broken", "recursion"),
    "a number of 5,000 digits": ('{"turn": ' + "7" * 5_000 + "}", "broken", "not JSON"),
    "no conversation": ({"text": "Hello"}, "fields", "no list of turns under 'conversation': nothing"),
    "conversation null": ({"conversation": None}, "fields", "nothing"),
    "a text": ({"conversation": "Hello"}, "fields", "a str"),
    "turns that are texts": ({"conversation": ["Hello"]}, "fields", "turn 1 is no role and content: a str"),
    "no content": ({"conversation": [{"role": "user"}]}, "fields", "content nothing"),
    "content of numbers": (turns(("user", 7)), "fields", "content a int"),
    "content of parts": (turns(("user", [{"type": "text"}])), "fields", "content a list"),
    "no role": (turns((None, "Hello")), "fields", "role nothing"),
    "another role": (turns(("user", "x"), ("tool", "y")), "role", "turn 2 is of 'tool'"),
    "a role that would colour": (turns(("\x1b[31m\n", "x")), "role", r"'\\x1b\[31m\\n'"),
    "no turn": ({"conversation": []}, "empty", "without a turn"),
    "nothing asked": (turns(("user", " \n\t")), "empty", "turn 1 of 1 is empty"),
    "nothing asked last": (turns(("user", "x"), ("assistant", "y"), ("user", "")), "empty", "turn 3 of 3"),
    "an empty answer between": (
        turns(("user", "x"), ("assistant", ""), ("user", "z")),
        "empty",
        "turn 2 of 3",
    ),
    "no user": (turns(("assistant", "x"), ("system", "y")), "no-user", "no turn of a user"),
    "half of a character": (turns(("user", "\ud83d Hello")), "encoding", "turn 1 holds a lone surrogate"),
    "redacted": (record("My name is X.", redacted=True), "redacted", "taken something out"),
    "a redacted turn": (
        {"conversation": [{"role": "user", "content": "x", "redacted": True}]},
        "redacted",
        "",
    ),
    "twice": (GOOD, "duplicate", r"the same as [0-9a-f]{16}, wild\.jsonl:1"),
    "twice, with another answer": (record("Why is the sky blue?", "Paint."), "duplicate", "wild.jsonl:1"),
}


@pytest.mark.parametrize(("bad", "reason", "detail"), BAD.values(), ids=list(BAD))
def test_what_is_no_prompt_is_passed_over_with_a_reason(
    bad: Any, reason: str, detail: str, tmp_path: Path
) -> None:
    """A record that is none never ends the stage: its line stands in the ledger, and the next is read."""
    path = write_lines(tmp_path / "wild.jsonl", [GOOD, "", bad, record("And at night?")])
    found = found_in(path)
    assert (found.came, len(found.prompts)) == (3, 2)
    (dropped,) = found.dropped
    assert (dropped.id, dropped.reason) == ("wild.jsonl:3", reason)
    assert re.search(detail, dropped.detail)
    assert "\n" not in dropped.detail


def test_parquet_is_read_as_wildchat_is(tmp_path: Path) -> None:
    """Columns that are not used are passed over; times are told in ISO's form; nulls are records like any other."""
    at = datetime(2024, 3, 1, 12, tzinfo=UTC)
    rows = [
        record("Hello there!", timestamp=at, turn=1, redacted=False, hashed_ip="0a", header={"agent": "x"}),
        {"conversation": None},
        {"conversation": []},
        {"conversation": [{"role": "user", "content": None}]},
        record("Again?", redacted=True),
    ]
    found = found_in(write_parquet(tmp_path / "wild.parquet", rows))
    (prompt,) = found.prompts
    assert prompt.origin["timestamp"] == "2024-03-01T12:00:00+00:00"
    assert "0a" not in str(prompt.to_json())
    ledger = [(one.id, one.reason) for one in found.dropped]
    reasons = ["fields", "empty", "fields", "redacted"]
    assert ledger == [(f"wild.parquet:{at}", reason) for at, reason in enumerate(reasons, 2)]


def test_a_row_that_cannot_be_read_is_passed_over(tmp_path: Path) -> None:
    """A text of Parquet need not be UTF-8: its row stands in the ledger, and the rows beside it are read."""
    texts = pa.array([b"One?", b"caf\xe9", b"Three?"]).view(pa.string())
    roles = pa.array(["user"] * 3)
    turn = pa.StructArray.from_arrays([roles, texts], ["role", "content"])
    pq.write_table(
        pa.table({"conversation": pa.ListArray.from_arrays([0, 1, 2, 3], turn)}), tmp_path / "wild.parquet"
    )
    found = found_in(tmp_path / "wild.parquet")
    assert len(found.prompts) == 2
    assert [(one.id, one.reason) for one in found.dropped] == [("wild.parquet:2", "broken")]


def test_what_a_source_calls_a_record_is_kept_in_bounds(tmp_path: Path) -> None:
    """Names may be of any kind and length, and hold halves of characters: what is kept of them can be written."""
    odd = record("Hello there!", id="\ud800" + "x" * 500, model=["m"], turn=float("nan"), language=7)
    odd["conversation"][0]["language"] = " French "
    (prompt,) = found_in(write_lines(tmp_path / "wild.jsonl", [odd])).prompts
    assert prompt.language == "French"
    assert prompt.origin == {"file": "wild.jsonl", "line": 1, "id": "?" + "x" * 199, "turns": 1}
    assert Prompt.from_json(json.loads(json.dumps(prompt.to_json()))) == prompt


def test_the_limit_is_of_records(tmp_path: Path) -> None:
    """The first so many records are read, whatever they hold."""
    path = write_lines(tmp_path / "wild.jsonl", [GOOD, "broken", record("Second?")])
    assert [
        (found_in(path, limit=most).came, len(found_in(path, limit=most).prompts)) for most in (1, 2, 9)
    ] == [
        (1, 1),
        (2, 1),
        (3, 2),
    ]


def test_a_folder_is_read_file_by_file(tmp_path: Path) -> None:
    """The JSONL and Parquet below a folder, in the order of their names; each prompt knows its file."""
    write_lines(tmp_path / "b.jsonl", [record("Second?")])
    write_lines(tmp_path / "a" / "x.jsonl.gz", [record("First?")])
    write_parquet(tmp_path / "c.parquet", [record("Third?"), record("First?")])
    (tmp_path / "README.md").write_text("notes")
    found = found_in(tmp_path)
    assert [one.origin["file"] for one in found.prompts] == ["a/x.jsonl.gz", "b.jsonl", "c.parquet"]
    assert [one.id for one in found.dropped] == ["c.parquet:2"]


def test_a_byte_order_mark_is_no_fault(tmp_path: Path) -> None:
    """A file that a spreadsheet has written is read as any other."""
    (tmp_path / "wild.jsonl").write_bytes(b"\xef\xbb\xbf" + json.dumps(GOOD).encode() + b"\r\n")
    assert len(found_in(tmp_path / "wild.jsonl").prompts) == 1


def test_a_line_that_is_not_utf_8_is_passed_over(tmp_path: Path) -> None:
    """One line in another encoding is in the ledger; a file in which all are is no source."""
    latin = json.dumps(record("Un café?"), ensure_ascii=False).encode("latin-1")
    (tmp_path / "wild.jsonl").write_bytes(json.dumps(GOOD).encode() + b"\n" + latin + b"\n")
    (dropped,) = found_in(tmp_path / "wild.jsonl").dropped
    assert (dropped.id, dropped.reason) == ("wild.jsonl:2", "broken")
    assert dropped.detail.startswith("not UTF-8")


RMB = {
    "category_path": "Pairwise_set/Harmlessness/S1",
    "pair_uid": "7",
    "conversation_input": [{"role": "user", "content": "How?", "language": "English"}],
}


def test_rmbs_own_records_are_prompts_each_conversation_once(tmp_path: Path) -> None:
    """A folder in RMB's layout, whatever lies beside it: items of one conversation are one record."""
    place = tmp_path / "Pairwise_set" / "Harmlessness" / "S1.json"
    place.parent.mkdir(parents=True)
    place.write_text(json.dumps([RMB, {**RMB, "pair_uid": "8"}, {"uid": 9}]), encoding="utf-8")
    write_lines(tmp_path / "provenance.jsonl", [{"item": 1}])
    found = found_in(tmp_path)
    (prompt,) = found.prompts
    assert (found.came, prompt.language) == (2, "English")
    file = "Pairwise_set/Harmlessness/S1.json"
    named = {"pair_uid": "7", "category_path": "Pairwise_set/Harmlessness/S1"}
    assert prompt.origin == {"file": file, "line": 1, **named, "turns": 1}
    assert [(one.id, one.reason) for one in found.dropped] == [(f"{file}:3", "fields")]


def test_the_real_data_are_a_source(rmb_data: Path) -> None:
    """RMB's 3,003 distinct conversations, of which one ends with nothing."""
    found = found_in(rmb_data)
    assert (found.came, len(found.prompts)) == (3003, 3002)
    assert [one.reason for one in found.dropped] == ["empty"]


def no_source(place: Path) -> dict[str, Path]:
    """Paths at which there is no source of prompts, by what is wrong."""
    for name, data in {
        "empty.jsonl": b"\n\n",
        "utf16.jsonl": json.dumps(GOOD).encode("utf-16"),
        "sheet.jsonl": b"conversation,language\nHello,English\n",
        "cut.jsonl.gz": write_lines(place / "whole.jsonl.gz", [GOOD]).read_bytes()[:40],
        "plain.jsonl.gz": json.dumps(GOOD).encode(),
        "text.parquet": b"Hello",
        "prompts.csv": b"Hello",
        "broken.json": b"[{]",
    }.items():
        (place / name).write_bytes(data)
    pq.write_table(pa.table({"text": ["Hello"]}), place / "other.parquet")
    pq.write_table(pa.table({"conversation": pa.array([], pa.list_(pa.string()))}), place / "none.parquet")
    (place / "bare").mkdir()
    return {path.name: path for path in place.iterdir()} | {"absent.jsonl": place / "absent.jsonl"}


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("absent.jsonl", "no prompts at .*absent.jsonl; build.yaml's `source` names"),
        ("bare", "bare holds no record"),
        ("empty.jsonl", "empty.jsonl holds no record .it is empty.; a line is"),
        ("utf16.jsonl", "holds no record .utf16.jsonl:1: not UTF-8"),
        ("sheet.jsonl", "holds no record .sheet.jsonl:1: not JSON"),
        ("cut.jsonl.gz", "cannot read .*cut.jsonl.gz"),
        ("plain.jsonl.gz", "cannot read .*plain.jsonl.gz: Not a gzipped file"),
        ("text.parquet", "cannot read .*text.parquet as Parquet"),
        ("other.parquet", "has no column `conversation` .it has text."),
        ("none.parquet", "none.parquet holds no record"),
        ("prompts.csv", "prompts.csv: prompts are read from .jsonl, .jsonl.gz, .parquet"),
        ("broken.json", "broken.json: broken JSON at line 1"),
    ],
)
def test_what_is_no_source_is_an_error_of_one_line(name: str, message: str, tmp_path: Path) -> None:
    """What is not there, of another kind, damaged or empty is said before anything is asked, with the way out."""
    with pytest.raises(DataError, match=message) as said:
        found_in(no_source(tmp_path)[name])
    assert "\n" not in str(said.value)


def test_a_source_is_below_the_builds_folder_or_where_it_says(tmp_path: Path) -> None:
    """A path with a dot before it is beside build.yaml; the home of somebody whom there is not is a file that is not there."""
    write_lines(tmp_path / "mine" / "wild.jsonl", [GOOD])
    assert len(of(Recipe(source="./wild.jsonl"), tmp_path / "mine").prompts) == 1
    for name in ("wild.jsonl", "~nobody-of-that-name/wild.jsonl", "\0"):
        with pytest.raises(DataError, match="no prompts at"):
            of(Recipe(source=name), tmp_path / "mine")
