"""What SCORES and ALIGNMENT may be, how judges are matched, and what is refused in one line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rmb.cli.scored import scores_at
from rmb.errors import DataError, UnknownName
from rmb.report.matched import Matched, matched, narrowed, same_names
from rmb.report.scores import Scores, read_file
from rmb.run import folder
from tests.boards import figure, manifest, summary


def written(name: str, content: str | bytes) -> Path:
    """A file in the test's folder."""
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def read(content: str | bytes, name: str = "mine.csv") -> Scores:
    """The scores in a file of this content."""
    return read_file(written(name, content))


def run_folder(place: str, judge: str, told: dict[str, Any] | None = None) -> str:
    """A run's folder with run.json and summary.json alone."""
    Path(place).mkdir(parents=True)
    folder.write_json(Path(place) / "run.json", manifest(judge))
    folder.write_json(Path(place) / "summary.json", told or summary(figure(0.5, (0.4, 0.6))))
    return place


def aligned(*, n: int = 16, **scorers: Any) -> str:
    """An alignment.json as `rmb align` writes it."""
    told = {"schema": 1, "measure": "win_rate", "n": n, "policies": ["m1", "m2"], "scorers": scorers}
    return json.dumps({**told, "reference": {"random": {"s_align": figure(0.5)}}})


# Tables.


def test_a_table_of_numbers() -> None:
    """Empty cells were not measured; x_low and x_high are the interval of x; what is no number at all is left out."""
    found = read("judge,type,x,x_low,x_high,y\na,G,0.5,0.4,0.6,\nb,D,,,,-3e2\n\n")
    assert found.judges == ("a", "b")
    assert found.columns == {
        "x": {"a": {"value": 0.5, "low": 0.4, "high": 0.6}, "b": None},
        "y": {"a": None, "b": {"value": -300.0, "low": None, "high": None}},
    }
    assert found.notes == ["mine.csv: column 'type' holds no number, so it is left out"]


@pytest.mark.parametrize(
    "content",
    [b"\xef\xbb\xbfjudge,x\r\na,1\r\nb,2\r\n", b"x,judge\n1,a\n2,b", b"judge , x\n a, 1 \nb,2\n,\n"],
)
def test_marks_of_editors_and_blanks_do_not_matter(content: bytes) -> None:
    """A byte order mark, CRLF, no last line end, blanks around cells, lines without anything."""
    told = read(content).columns["x"]
    assert {judge: it and it["value"] for judge, it in told.items()} == {"a": 1.0, "b": 2.0}


def test_figures_that_differ_in_the_last_bits_are_equal() -> None:
    """0.1 + 0.2 and 0.3 share a rank."""
    told = read(f"judge,x\na,{0.1 + 0.2!r}\nb,0.3\n").columns["x"]
    assert told["a"] == told["b"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "mine.csv is empty"),
        (" \n\n", "mine.csv is empty"),
        (",,\n", "has no column 'judge'"),
        ("name,x\na,1\n", "has no column 'judge'; it has 'name', 'x'"),
        ("judge;x\na;1\n", "columns are separated by commas"),
        ("judge\na\n", "has no number"),
        ("judge,x\n", "has no judge in it"),
        ("judge,x\na,\n", "has no number"),
        ("judge,x\na,one\n", "has no number"),
        ("judge,x\na,1\nb,one\n", "mine.csv, line 3, column 'x': 'one' is no number; leave the cell empty"),
        ("judge,x\na,1\nb,1_000\n", "'1_000' is no number"),
        ("judge,x\na,1\nb,71 %\n", "'71 %' is no number"),
        ("judge,x\na,nan\n", "line 2, column 'x' is nan"),
        ("judge,x\na,-inf\n", "is -inf"),
        ("judge,x\na,1e400\n", "is inf"),
        ("judge,x\na,1\na,2\n", "has the judge 'a' twice"),
        ("judge,x\n,1\n", "line 2: no judge"),
        ("judge,x,x\na,1,2\n", "has the column 'x' twice"),
        ("judge,x\na,1,2\n", "line 2: 3 cells, but 2 columns"),
        ('judge,x\n"a,1\n', "line 2: unexpected end of data"),
        (b"judge,x\n\xe9,1\n", "is not UTF-8"),
        ("judge,x\na,1\n".encode("utf-16"), "is not UTF-8"),
    ],
)
def test_odd_tables_are_refused_in_one_line(content: str | bytes, words: str) -> None:
    """With the file, the line and the column."""
    with pytest.raises(DataError) as raised:
        read(content)
    assert words in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "is empty"),
        ("{", "cannot read mine.json"),
        ("[1]", "neither a leaderboard"),
        ('{"a": 1}', "neither a leaderboard of `rmb leaderboard` nor an alignment.json"),
        ('{"rows": [{"judge": "a", "figures": {"overall": {"value": NaN}}}]}', "NaN is no figure"),
        (
            '{"rows": [{"judge": "a", "figures": {"overall": {"value": "0.5"}}}]}',
            "overall of a is no number: '0.5'",
        ),
        ('{"rows": [{"judge": "a", "figures": {"overall": {"value": true}}}]}', "is no number: True"),
        ('{"rows": [{"judge": "a", "figures": {"overall": {"value": 1' + "0" * 400 + "}}}]}", "is 1000"),
        ('{"rows": [{"judge": "a", "figures": {"overall": null}}]}', "has no number"),
        ('{"rows": []}', "has no judge in it"),
        ('{"scorers": {"a": {}}}', "neither a leaderboard"),
        ('{"scorers": {"a": {"s_align": 0.5, "policies": {}}}, "n": 1, "policies": []}', "is no figure: 0.5"),
        ('{"scorers": {}, "n": 1, "policies": []}', "has no judge in it"),
    ],
)
def test_odd_json_is_refused_in_one_line(content: str, words: str) -> None:
    """With the file and the place in it."""
    with pytest.raises(DataError) as raised:
        read(content, "mine.json")
    assert words in str(raised.value)
    assert "\n" not in str(raised.value)


def test_an_alignment_has_s_align_and_each_policy_at_the_largest_n() -> None:
    """What was not measured is None; references are no scorers."""
    at = {"1": figure(0.5), "16": figure(0.7, (0.6, 0.8))}
    one = {"s_align": figure(0.6), "by_n": {}, "policies": {"m1": at, "m2": {"16": None}}}
    found = read(aligned(a=one, b={"s_align": None, "policies": {}}), "alignment.json")
    assert found.judges == ("a", "b")
    assert found.columns == {
        "s_align": {"a": {"value": 0.6, "low": None, "high": None}, "b": None},
        "m1": {"a": {"value": 0.7, "low": 0.6, "high": 0.8}, "b": None},
        "m2": {"a": None, "b": None},
    }


# Folders.


def test_runs_make_one_table() -> None:
    """A run, a folder of runs, one named twice; the columns are the leaderboard's, scenarios where they are asked for."""
    told = summary(figure(0.5, (0.4, 0.6)))
    told["scenarios"] = {"helpfulness/Chat": {"bon": figure(0.3), "pairwise": None}}
    first = run_folder("runs/one", "a", told)
    run_folder("runs/two", "b")
    (found,) = scores_at(["runs", first])
    assert found.judges == ("a", "b")
    assert list(found.columns) == ["help_bon", "help_pair", "harm_bon", "harm_pair", "overall"]
    (more,) = scores_at([first], parts=True)
    assert more.parts == ("helpfulness/Chat.bon", "helpfulness/Chat.pairwise")
    assert more.columns["helpfulness/Chat.bon"] == {"a": {"value": 0.3, "low": None, "high": None}}


def test_judges_of_one_name_are_told_apart_as_everywhere() -> None:
    """By their folders."""
    for place in ("one", "two"):
        run_folder(place, "a")
    assert scores_at(["one", "two"])[0].judges == ("a (one)", "a (two)")


def test_a_folder_with_an_alignment() -> None:
    """Its alignment.json is read, whatever else is there; the cells of a study are runs."""
    written("out/alignment.json", aligned(a={"s_align": figure(0.6), "policies": {}}))
    assert scores_at(["out"])[0].columns["s_align"]["a"] == {"value": 0.6, "low": None, "high": None}
    written("study/study.json", "{}")
    run_folder("study/cells/1", "a")
    assert scores_at(["study"])[0].judges == ("a",)


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("nothing", "nothing is no run folder, holds none, and has no alignment.json"),
        ("absent", "cannot read absent: No such file"),
        ("half", "half is no run folder: it has no run.json"),
    ],
)
def test_a_place_that_holds_nothing(place: str, words: str) -> None:
    """An empty folder, none at all, and one that lacks a file."""
    Path("nothing").mkdir()
    written("half/summary.json", "{}")
    with pytest.raises(DataError, match=words):
        scores_at([place])


# Matching.


def table(name: str, **judges: float) -> Scores:
    """Scores with one column, x."""
    told = {judge: {"value": value, "low": None, "high": None} for judge, value in judges.items()}
    return Scores(name, f"{name}.csv", tuple(judges), {"x": told})


@pytest.mark.parametrize(
    ("mine", "theirs", "found"),
    [
        (["a"], ["a"], {"a": "a"}),
        (["GPT-4o", "b"], ["gpt_4o", "c"], {"GPT-4o": "gpt_4o"}),
        (["llama 3.1"], ["Llama-3-1"], {"llama 3.1": "Llama-3-1"}),
        (["a-b", "ab"], ["A.B"], {}),
        (["a-b"], ["A.B", "A_B"], {}),
        (["a-b", "ab"], ["ab"], {"ab": "ab"}),
        (["a-b"], ["ab", "a-b"], {"a-b": "a-b"}),
        (["a"], ["b"], {}),
    ],
)
def test_names_are_matched_where_it_is_sure(
    mine: list[str], theirs: list[str], found: dict[str, str]
) -> None:
    """The same; else alike but for case and signs, if one alone is, on either side."""
    assert same_names(mine, theirs) == found


def test_who_was_matched_and_who_was_left_out_is_told() -> None:
    """By name, with the file."""
    mine = table("mine", **{"GPT-4o": 1, "b": 2, "c": 3, "a_a": 4, "aa": 5})
    found = matched([mine], table("s", gpt4o=1, b=2, d=3, AA=4))
    assert found.judges == ("b", "gpt4o")
    assert found.notes == (
        "matched though spelled otherwise in mine.csv: GPT-4o is gpt4o",
        "left out, since several have a name like theirs: a_a, aa of mine.csv",
        "only in mine.csv, so left out: c",
        "only in s.csv, so left out: d, AA",
    )
    assert found.values(found.benchmark)["x"].tolist() == [2, 1]


def test_no_judge_in_common() -> None:
    """Both sides are named."""
    with pytest.raises(DataError, match=r"no judge is in s\.csv and in the scores as well: b there, a here"):
        matched([table("mine", a=1)], table("s", b=1))


def test_columns_of_one_name_get_their_files() -> None:
    """A judge that one file lacks has no figure there; two files of one name are refused."""
    found = matched([table("one", a=1, b=2), table("two", B=3)], table("s", a=1, b=2))
    assert list(found.benchmark) == ["one:x", "two:x"]
    np.testing.assert_array_equal(found.values(found.benchmark)["two:x"], [np.nan, 3])
    with pytest.raises(DataError, match=r"one\.csv and one\.csv both have a column 'one:x'"):
        matched([table("one", a=1), table("one", a=2)], table("s", a=1))


def several() -> Matched:
    """Runs with all columns, and another benchmark."""
    board = read("judge,help_bon,help_pair,overall\na,1,2,3\nb,2,3,4\n", "rmb.csv")
    other = read("judge,chat,overall\na,1,2\nb,2,1\n", "rewardbench.csv")
    return matched([board, other], read("judge,t,s_align\na,1,2\nb,2,3\n", "s.csv"))


def test_what_stands_for_the_others() -> None:
    """Overall of the first file that has one, s_align; BoN goes against pairs, the headline against other files."""
    found = several()
    assert (found.headline, found.against) == ("rmb:overall", "s_align")
    assert found.pairs == (
        ("help_bon", "help_pair"),
        ("rmb:overall", "chat"),
        ("rmb:overall", "rewardbench:overall"),
    )


def test_columns_can_be_chosen() -> None:
    """Those alone are tested and held against each other."""
    found = narrowed(several(), ["chat", "help_pair"], "t")
    assert (list(found.benchmark), found.headline, found.against) == (["help_pair", "chat"], "help_pair", "t")
    assert found.pairs == ()
    with pytest.raises(UnknownName, match="no column 'chta'; did you mean chat"):
        narrowed(several(), ["chta"], None)
    with pytest.raises(UnknownName, match="no column of alignment 'u'; there are: s_align, t"):
        narrowed(several(), [], "u")
