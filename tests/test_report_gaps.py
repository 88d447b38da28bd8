"""A report of what is not whole says what is missing, and shows the rest."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest

from rmb.cli.main import rmb as group
from rmb.cli.main import run
from tests import pages
from tests.test_compare_command import Rmb, called, folder_of, judged, pairs

ALL = ["Judges", "Scenarios", "Behaviour", "Cost and latency", "Items", "How it was made"]


@pytest.fixture(scope="module")
def random_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of the judge `random` on the bundled sample."""
    place = tmp_path_factory.mktemp("gaps") / "run"
    with pytest.raises(SystemExit) as ended:
        run(
            group,
            args=["judge", "--judge", "random", "--out", str(place), "-q", "--no-report"],
            prog_name="rmb",
        )
    assert ended.value.code == 0
    return place


@pytest.fixture
def rmb(capsys: pytest.CaptureFixture[str]) -> Rmb:
    """Runs `rmb` with some words, in this process."""
    return partial(called, capsys)


@pytest.fixture
def mine(random_run: Path) -> Path:
    """A copy of the run, to be damaged."""
    return Path(shutil.copytree(random_run, "run"))


def changed(name: str, change: Callable[[dict[str, Any]], object]) -> Callable[[Path], None]:
    """Damage to a JSON file of the run."""

    def damage(place: Path) -> None:
        content = json.loads((place / name).read_text())
        change(content)
        (place / name).write_text(json.dumps(content))

    return damage


def removed(name: str) -> Callable[[Path], None]:
    """Damage: a file is not there."""
    return lambda place: (place / name).unlink()


def written(name: str, content: bytes) -> Callable[[Path], None]:
    """Damage: a file holds something else."""
    return lambda place: (place / name).write_bytes(content) and None


def without_column(name: str) -> Callable[[Path], None]:
    """Damage: items.parquet of another version, that lacks a column."""

    def damage(place: Path) -> None:
        path = place / "items.parquet"
        pyarrow.parquet.write_table(pyarrow.parquet.read_table(path).drop([name]), path)

    return damage


NO_ITEMS = [name for name in ALL if name != "Items"]


@pytest.mark.parametrize(
    ("damage", "said", "headings"),
    [
        pytest.param(changed("run.json", lambda it: it.update(ended="interrupted")),
                     "did not end as it should: interrupted", ALL, id="interrupted"),
        pytest.param(changed("run.json", lambda it: it.update(schema=2)),
                     "an older version of the program wrote this run (schema 2, now 3)", ALL, id="older schema"),
        pytest.param(changed("run.json", lambda it: it.update(schema=99)),
                     "another version of the program wrote this run (schema 99, now 3)", ALL, id="newer schema"),
        pytest.param(changed("summary.json", lambda it: it.pop("sanity")),
                     "summary.json of random has no sanity: an older version wrote it", ALL, id="no sanity judges"),
        pytest.param(changed("summary.json", lambda it: [it.pop(name) for name in ("behaviour", "usage")]),
                     "summary.json of random has no behaviour", ALL, id="no behaviour"),
        pytest.param(changed("summary.json", lambda it: it.pop("scenarios")),
                     "summary.json tells of no scenarios", ALL, id="no scenarios"),
        pytest.param(removed("summary.json"), "it has no summary.json", ALL, id="no summary"),
        pytest.param(removed("run.json"), "it has no run.json", ALL, id="no manifest"),
        pytest.param(written("run.json", b"{"), "cannot read run/run.json", ALL, id="broken manifest"),
        pytest.param(removed("items.parquet"), "cannot read run/items.parquet", NO_ITEMS, id="no rows"),
        pytest.param(written("items.parquet", b"PAR1"), "cannot read run/items.parquet", NO_ITEMS, id="broken rows"),
        pytest.param(without_column("loser"), "has no column 'loser': another version wrote it; its items are not shown",
                     NO_ITEMS, id="rows of another version"),
        pytest.param(changed("run.json", lambda it: it["data"].update(source="gone/away")),
                     "The texts of the items are not in this file: ", ALL, id="data gone"),
    ],
)  # fmt: skip
def test_what_is_missing_is_said_and_the_rest_shown(
    damage: Callable[[Path], None], said: str, headings: list[str], mine: Path, rmb: Rmb
) -> None:
    """Exit code 0, a page with every section that can be, and a line about what cannot."""
    damage(mine)
    ended = rmb("report", "run")
    assert (ended.code, ended.err) == (0, "report → run/report.html\n")
    page = pages.read("run/report.html")
    assert page.headings == headings
    assert said in " ".join(page.words.split())


@pytest.mark.parametrize(
    "name", ["answer_keys", "position", "sample", "best_score", "credit", "detail", "graded"]
)
def test_rows_without_a_lesser_column_are_shown(name: str, mine: Path, rmb: Rmb) -> None:
    """Items can be looked into without what an older version did not write."""
    without_column(name)(mine)
    assert rmb("report", "run").code == 0
    page = pages.read("run/report.html")
    assert page.index()["items"]["outcome"][0].strip("rwi") == ""
    assert page.item("pairwise/1")[0]["judged"]["0"]


def test_a_summary_of_nothing_has_no_number(mine: Path, rmb: Rmb) -> None:
    """A summary without any key that is known: dashes, and what is looked for is named."""
    (mine / "summary.json").write_text("{}")
    assert rmb("report", "run").code == 0
    page = pages.read("run/report.html")
    assert page.told == []
    assert "has no overall" in page.words


@pytest.mark.usefixtures("mine")
def test_items_of_other_data_are_not_mixed_up(rmb: Rmb) -> None:
    """Where --data is not what was judged, items with the same name and other texts are not shown in full."""
    folder_of("other", pairs(range(3)))
    assert rmb("report", "run", "--data", "other").code == 0
    index = pages.read("run/report.html").index()
    assert set(index["items"]["chunk"]) == {-1}
    assert "Of 147 of 147 items the texts are not shown" in index["absent"]


@pytest.mark.usefixtures("mine")
def test_runs_that_share_no_item_are_shown_without_a_comparison(rmb: Rmb) -> None:
    """Each judge's own figures, and why they are not compared."""
    folder_of("other", pairs(range(3)))
    judged(rmb, "longest", "other", "short")
    assert rmb("report", "run", "short", "--out", "both.html").code == 0
    page = pages.read("both.html")
    assert "Not shown: these runs share no item." in page.words
    assert {told.run for told in page.told} == {0, 1}
    assert len(page.index()["items"]["id"]) == 147 + 3


def test_one_run_that_cannot_be_compared_spoils_no_other(mine: Path, rmb: Rmb) -> None:
    """Rows of another version: the comparison says whose, and all figures stand."""
    shutil.copytree(mine, "again")
    without_column("graded")(mine)
    assert rmb("report", "run", "again", "--out", "both.html").code == 0
    page = pages.read("both.html")
    assert "run/items.parquet has no column 'graded': another version wrote it" in page.words
    assert "random (run)" in page.words
    assert {told.run for told in page.told} == {0, 1}


def test_a_convention_that_is_not_known_is_the_usual_one(mine: Path, rmb: Rmb) -> None:
    """A run of another version, whose orders count in a way that this one does not know, is compared all the same."""
    shutil.copytree(mine, "again")
    changed("summary.json", lambda it: it["convention"].update(credit_of_orders="by luck"))(mine)
    assert rmb("report", "run", "again", "--out", "both.html").code == 0
    assert (
        "On the 147 items that all share; tie 0, failure 0, expected, micro." in pages.read("both.html").words
    )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        pytest.param(["nowhere"], "nowhere is no run folder: it has no run.json", id="no folder"),
        pytest.param(["."], ". is no run folder: it has no run.json", id="another folder"),
        pytest.param(
            ["run", "--out", "run"], "--out run is a folder; name a file in it, run/report.html", id="out"
        ),
        pytest.param(["run", "--size", "0"], "0", id="no size"),
        pytest.param([], "Missing argument", id="nothing"),
    ],
)
def test_wrong_usage_is_one_line(words: list[str], said: str, mine: Path, rmb: Rmb) -> None:
    """Exit code 2, what is wrong, and no report."""
    ended = rmb("report", *words)
    assert ended.code == 2
    assert said in ended.err
    assert not (mine / "report.html").exists()


def test_no_report_unless_wanted(rmb: Rmb) -> None:
    """--no-report leaves it out; without it the run's end says where it is."""
    folder_of("data", pairs(range(3)))
    judged(rmb, "longest", "data", "without", "--no-report")
    assert not Path("without/report.html").exists()
    assert (
        "report → with/report.html"
        in rmb("judge", "--judge", "longest", "--data", "data", "--out", "with").err
    )


def test_a_full_disk_names_the_file(mine: Path, rmb: Rmb) -> None:
    """A report that cannot be written is exit code 74, and what was there before stays."""
    (mine / "report.html").write_text("before")
    (mine / ".report.html.part").mkdir()
    ended = rmb("report", "run")
    assert ended.code == 74
    assert "cannot write run/report.html" in ended.err
    assert (mine / "report.html").read_text() == "before"
