"""`rmb correlate`: sentences, tables, JSON, CSV, the page and the pictures."""

from __future__ import annotations

import csv
import io
import json
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from scipy import stats

from rmb import content
from tests import pages
from tests.test_cli import Ended
from tests.test_compare_command import Rmb, called
from tests.test_scores import aligned, figure, run_folder, written

DRAWS = ("--resamples", "300")


@pytest.fixture
def rmb(capsys: pytest.CaptureFixture[str]) -> Rmb:
    """Runs `rmb` with some words, in this process."""
    return partial(called, capsys)


@pytest.fixture
def table3(rmb: Rmb) -> dict[str, float]:
    """The paper's rows in table3.csv and table3.json, and alignment that goes with their Overall, in s.csv."""
    for ending in ("csv", "json"):
        assert rmb("leaderboard", "--published", "--out", f"table3.{ending}").code == 0
    rows = list(csv.DictReader(io.StringIO(Path("table3.csv").read_text(encoding="utf-8"))))
    overall = {row["judge"]: float(row["overall"]) for row in rows}
    lines = [
        f"{judge.upper()},{0.8 * value + 0.01 * (place % 3)},{1 - value}"
        for place, (judge, value) in enumerate(overall.items())
    ]
    written("s.csv", "\n".join(["judge,s_align,harm", *lines]) + "\n")
    return overall


def told(ended: Ended) -> dict[str, Any]:
    """What --json printed, in which there is no NaN."""
    assert ended.code == 0, ended.err
    found: dict[str, Any] = json.loads(ended.out, parse_constant=pytest.fail)
    return found


def test_the_papers_rows_as_scores(rmb: Rmb, table3: dict[str, float]) -> None:
    """All 19, from CSV and JSON alike: ρ is scipy's, and Overall's relation is shown."""
    one, other = (
        told(rmb("correlate", f"table3.{end}", "s.csv", "--json", *DRAWS)) for end in ("csv", "json")
    )
    published = [name for name in content.names("judges") if name in table3]
    assert len(one["judges"]) == len(published) == 19
    assert one["correlations"] == other["correlations"]
    assert len(one["correlations"]) == 5 * 2
    target = [one["alignment"]["s_align"][judge]["value"] for judge in one["judges"]]
    mine = [table3[judge.lower()] for judge in one["judges"]]
    line = next(
        it for it in one["correlations"] if (it["benchmark"], it["alignment"]) == ("overall", "s_align")
    )
    assert line["spearman"]["value"] == pytest.approx(stats.spearmanr(mine, target).statistic)
    assert (line["n"], line["finding"]) == (19, "goes with")
    assert one["sentences"][0].startswith("overall goes with s_align: ρ 0.9")
    assert [(it["first"], it["second"]) for it in one["differences"]] == [
        ("help_bon", "help_pair"),
        ("harm_bon", "harm_pair"),
    ]
    holm = [it["p_holm"] for it in one["correlations"]]
    assert [it is None for it in holm] == [it["alignment"] == "harm" for it in one["correlations"]]
    assert {it["spearman"]["value"] for it in one["correlations"] if it["alignment"] == "harm"} >= {-1.0}


@pytest.mark.usefixtures("table3")
def test_the_terminal_and_the_files(rmb: Rmb) -> None:
    """Sentences before tables, all letters of names; .csv has the figures of --json, .json is it."""
    ended = rmb("correlate", "table3.csv", "s.csv", "--out", "all.csv", *DRAWS)
    assert ended.code == 0
    assert ended.out.startswith("overall goes with s_align: ρ ")
    for words in ("Correlation with s_align", "Correlation with harm", "Ranks", "R_rmb", "R_align", "Holm"):
        assert words in ended.out
    assert "GPT-4O-2024-05-13" in ended.out
    assert "matched though spelled otherwise in table3.csv: " in ended.err
    assert ended.err.endswith("rmb: all.csv\n")
    found = rmb("correlate", "table3.csv", "s.csv", "--out", "all.json", "--json", *DRAWS)
    assert found.out == Path("all.json").read_text(encoding="utf-8")
    lines = list(csv.DictReader(io.StringIO(Path("all.csv").read_text(encoding="utf-8"))))
    for line, it in zip(lines, told(found)["correlations"], strict=True):
        for end in ("value", "low", "high", "p"):
            cell = line["spearman" if end == "value" else f"spearman_{end}"]
            assert float(cell) == it["spearman"][end]
        assert line["p_holm"] == ("" if it["p_holm"] is None else repr(it["p_holm"]))


@pytest.mark.usefixtures("table3")
def test_the_page_has_the_figures_of_json(rmb: Rmb) -> None:
    """Each number and each mark is at its place there; nothing from elsewhere, no item."""
    found = told(rmb("correlate", "table3.csv", "s.csv", "--out", "all.html", "--json", *DRAWS))
    page = pages.read("all.html")
    assert page.headings == ["What can be said", "Correlations", "Ranks", "Between columns"]
    assert len(page.told) > 150
    for one in page.told:
        assert one.file == "correlation"
        assert pages.at(found, one.pointer) == one.value
    assert len(page.marks) == 10 + 5 * 19
    for mark in page.marks:
        assert pages.drawn(found, mark.path) == mark.value
    assert "default-src 'none'" in page.policy
    assert page.blobs == {}
    for sentence in found["sentences"]:
        assert sentence in page.words


@pytest.mark.parametrize(("ending", "begins"), [("svg", b"<?xml"), ("pdf", b"%PDF"), ("png", b"\x89PNG")])
def test_pictures(rmb: Rmb, ending: str, begins: bytes) -> None:
    """The scatter of the headlines."""
    written("x.csv", "judge,x\na,1\nb,2\nc,3\n")
    assert rmb("correlate", "x.csv", "x.csv", "--out", f"fig.{ending}").code == 0
    assert Path(f"fig.{ending}").read_bytes().startswith(begins)


def test_runs_against_an_alignment(rmb: Rmb) -> None:
    """Of three scorers, the value and that it shows nothing; scenarios where they are asked for; the same again."""
    for place, judge in enumerate(("a", "b", "c")):
        told_of = {"bon": figure(0.1 * place), "pairwise": figure(0.2)}
        summary = {
            "overall": figure(0.2 + 0.1 * place, (0.1, 0.6)),
            "helpfulness": told_of,
            "scenarios": {"helpfulness/Chat": told_of},
        }
        run_folder(f"runs/{judge}", judge, summary)
    scorers = {
        judge: {"s_align": figure(value), "policies": {"m1": {"16": figure(value)}, "m2": {"16": None}}}
        for judge, value in (("a", 0.4), ("b", 0.5), ("c", 0.6))
    }
    written("out/alignment.json", aligned(**scorers))
    found = rmb("correlate", "runs", "out", "--by", "scenario", "--json")
    assert found == rmb("correlate", "runs", "out", "--by", "scenario", "--json")
    by = {(it["benchmark"], it["alignment"]): it for it in told(found)["correlations"]}
    rho = by["overall", "s_align"]["spearman"]
    assert (rho["value"], rho["low"], rho["p"]) == (1.0, None, pytest.approx(1 / 3))
    assert by["helpfulness/Chat.bon", "m1"]["spearman"]["value"] == 1.0
    assert by["help_pair", "s_align"]["spearman"] is None
    assert by["help_pair", "s_align"]["why"] == "all 3 scorers have the same figure"
    assert by["overall", "m2"]["why"].startswith("0 scorers with both figures")
    assert "the smallest p that they can reach is 2/3! = 0.33" in " ".join(told(found)["sentences"])
    assert rmb("correlate", "runs", "out", "--by", "scenario", "--out", "all.html").code == 0


@pytest.mark.parametrize("scorers", [1, 2])
def test_one_scorer_and_two(rmb: Rmb, scorers: int) -> None:
    """Nothing can be correlated, or nothing said: in words, with exit code 0, and a page all the same."""
    written("x.csv", "\n".join(["judge,x", *(f"j{n},{n}" for n in range(scorers))]) + "\n")
    ended = rmb("correlate", "x.csv", "x.csv", "--out", "page.html")
    assert ended.code == 0
    first = (
        "No correlation of x with x: 1 scorer with both"
        if scorers == 1
        else "Nothing can be said of x and x: ρ 1.00"
    )
    assert ended.out.startswith(first)


def test_several_benchmarks_beside_each_other(rmb: Rmb) -> None:
    """Columns of one name get their files; the headline is held against the other benchmark's columns."""
    written("one.csv", "judge,overall\n" + "".join(f"j{n},{n}\n" for n in range(20)))
    written("two.csv", "judge,overall\n" + "".join(f"J{n},{(n * 7) % 20}\n" for n in range(20)))
    found = told(rmb("correlate", "one.csv", "two.csv", "one.csv", "--json", *DRAWS))
    assert found["headline"] == {"benchmark": "one:overall", "alignment": "overall"}
    (apart,) = found["differences"]
    assert (apart["first"], apart["second"], apart["shown"]) == ("one:overall", "two:overall", True)
    assert apart["words"].startswith("one:overall goes better with overall than two:overall: ρ 1.00 and ")
    one = told(rmb("correlate", "one.csv", "two.csv", "one.csv", "--column", "two:overall", "--json", *DRAWS))
    assert [it["benchmark"] for it in one["correlations"]] == ["two:overall"]


def test_hostile_names_stay_names(rmb: Rmb) -> None:
    """On a terminal, in the page, in CSV and in a picture."""
    name, column = "[bold]<script>alert(1)</script>\x1b[31m", "=1+1<b>"
    text = io.StringIO()
    csv.writer(text).writerows([["judge", column], *([f"{name}{n}", n] for n in range(3))])
    written("x.csv", text.getvalue())
    ended = rmb("correlate", "x.csv", "x.csv")
    assert "[bold]<script>" in ended.out
    assert "\x1b" not in ended.out + ended.err
    for ending in ("html", "csv", "svg"):
        assert rmb("correlate", "x.csv", "x.csv", "--out", f"all.{ending}").code == 0
        assert "<script>alert" not in Path(f"all.{ending}").read_text(encoding="utf-8")
    assert "'=1+1<b>" in Path("all.csv").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["x.csv"], "correlate takes two places at least"),
        (["x.csv", "y.csv"], "no judge is in y.csv and in the scores as well: b there, a here"),
        (["x.csv", "empty.csv"], "empty.csv is empty"),
        (["x.csv", "nothing"], "nothing is no run folder"),
        (["x.csv", "x.csv", "--against", "z"], "no column of alignment 'z'; there are: x"),
        (["x.csv", "x.csv", "--column", "z"], "no column 'z'; there are: x"),
        (["x.csv", "x.csv", "--out", "x.txt"], "no format has the ending '.txt'; end in .csv, .html"),
        (["x.csv", "x.csv", "--out", "nothing"], "--out nothing is a folder"),
        (
            ["x.csv", "gap.csv", "--against", "y", "--out", "x.svg"],
            "no judge has x and y, so there is no scatter",
        ),
    ],
)
def test_errors_are_one_line(rmb: Rmb, words: list[str], message: str) -> None:
    """With exit code 2, and no file is written."""
    written("x.csv", "judge,x\na,1\n")
    written("y.csv", "judge,y\nb,1\n")
    written("gap.csv", "judge,y,z\na,,1\nb,1,1\n")
    written("empty.csv", "")
    Path("nothing").mkdir()
    ended = rmb("correlate", *words)
    assert (ended.code, ended.out) == (2, "")
    last = ended.err.splitlines()[-1]
    assert last.startswith("rmb: ")
    assert message in last
    assert not Path("x.txt").exists()
    assert not Path("x.svg").exists()


def test_a_full_disk_is_said(rmb: Rmb) -> None:
    """Exit code 74."""
    written("x.csv", "judge,x\na,1\nb,2\n")
    assert rmb("correlate", "x.csv", "x.csv", "--out", "absent/all.csv").code == 74
