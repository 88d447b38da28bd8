"""`rmb leaderboard`: runs, studies and the paper's rows in one table."""

from __future__ import annotations

import csv
import io
import json
import re
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from rmb.cli import leaderboard as command
from rmb.cli.main import rmb as group
from rmb.cli.main import run
from rmb.report.boards import ENDINGS, FORMATS
from rmb.report.leaderboard import PAPER
from rmb.run import folder
from tests.boards import Cells, figure, latex_rows, manifest, markdown_rows, summary
from tests.test_compare_command import Rmb, called, folder_of, judged, pairs
from tests.test_leaderboard import ROWS

RANKED = ("oracle", "longest", "random")
HEADINGS = ["Rank", "Judge", "Help BoN", "Help Pair", "Harm BoN", "Harm Pair", "Overall"]


@pytest.fixture
def rmb(capsys: pytest.CaptureFixture[str]) -> Rmb:
    """Runs `rmb` with some words, in this process."""
    return partial(called, capsys)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Runs of three judges without a model on the bundled sample, best first."""
    place = tmp_path_factory.mktemp("runs")
    words = [word for name in RANKED for word in ("--judge", name)]
    with pytest.raises(SystemExit) as ended:
        run(group, args=["judge", *words, "--out", str(place), "-q"], prog_name="rmb")
    assert ended.value.code == 0
    return [str(place / name) for name in RANKED]


def run_folder(place: str, told: dict[str, Any] | None = None, **more: Any) -> str:
    """A folder with run.json and summary.json alone."""
    Path(place).mkdir(parents=True)
    folder.write_json(Path(place) / "run.json", manifest(**more))
    folder.write_json(
        Path(place) / "summary.json", summary(figure(0.5, (0.4, 0.6))) if told is None else told
    )
    return place


def summary_of(place: str) -> dict[str, Any]:
    """A run's summary.json."""
    return folder.read_json(Path(place), "summary.json")


def rows_of(rmb: Rmb, *words: str) -> list[dict[str, Any]]:
    """The rows of `rmb leaderboard --format json`."""
    ended = rmb("leaderboard", *words, "--format", "json")
    assert ended.code == 0
    found: list[dict[str, Any]] = json.loads(ended.out, parse_constant=pytest.fail)["rows"]
    return found


# Figures.


def test_json_has_the_figures_of_summary_json(rmb: Rmb, runs: list[str]) -> None:
    """To the last digit, with intervals and counts; and the ranks 1 to 3."""
    rows = rows_of(rmb, *runs)
    for row in rows:
        told = summary_of(row["source"])
        assert row["figures"] == {key: told[key] for key in ("helpfulness", "harmlessness", "overall")}
        assert (row["coverage"], row["items"], row["published"]) == (1.0, 147, False)
    assert [(row["rank"], row["judge"]) for row in rows] == [(1, "oracle"), (2, "longest"), (3, "random")]
    assert [row["rank_range"] for row in rows] == [[1, 1], [2, 3], [2, 3]]


def test_csv_has_the_figures_of_summary_json(rmb: Rmb, runs: list[str]) -> None:
    """To the last digit, the ends of intervals in columns of their own."""
    ended = rmb("leaderboard", *runs, "--format", "csv")
    for row in csv.DictReader(io.StringIO(ended.out)):
        told = summary_of(row["source"])
        for column in (*PAPER, None):
            name = column.name if column else "overall"
            one = told[column.path[0]][column.path[1]] if column else told["overall"]
            cells = [float(row[f"{name}{end}"]) for end in ("", "_low", "_high")]
            assert cells == [one["value"], one["low"], one["high"]]


def texts(places: list[str], *, between: str) -> list[list[str]]:
    """The figures of runs as a table prints them: three digits, the interval after them."""
    told = [summary_of(place) for place in places]
    return [
        [
            f"{one['value']:.3f}{between.format(one['low'], one['high'])}"
            for one in (*it["helpfulness"].values(), *it["harmlessness"].values(), it["overall"])
        ]
        for it in told
    ]


def test_markdown_rounds_to_three_digits(rmb: Rmb, runs: list[str]) -> None:
    """As the paper's digits go, "0.738 [0.731–0.745]", in the paper's order of columns."""
    ended = rmb("leaderboard", *runs)
    assert (ended.code, ended.err) == (0, "")
    head, *rows = markdown_rows(ended.out)
    assert head == HEADINGS
    assert [row[:2] for row in rows] == [["1 (1)", "oracle"], ["2 (2–3)", "longest"], ["3 (2–3)", "random"]]
    assert [row[2:] for row in rows] == texts(runs, between=" [{:.3f}–{:.3f}]")


def test_html_rounds_to_three_digits(rmb: Rmb, runs: list[str]) -> None:
    """The interval below the figure."""
    head, *rows = Cells(rmb("leaderboard", *runs, "--format", "html").out).rows
    assert head == HEADINGS
    assert [row[2:] for row in rows] == texts(runs, between=" {:.3f}–{:.3f}")


def test_latex_rounds_to_three_digits(rmb: Rmb, runs: list[str]) -> None:
    """A line of figures and below it one of intervals, for booktabs; every environment is closed."""
    text = rmb("leaderboard", *runs, "--format", "latex").out
    columns, (head, *rows) = latex_rows(text)
    assert (columns, head) == ("rlrrrrr", HEADINGS)
    figures = [
        [f"{value} {ends}" for value, ends in zip(rows[place][2:], rows[place + 1][2:], strict=True)]
        for place in range(0, len(rows), 2)
    ]
    assert figures == texts(runs, between=" {:.3f}–{:.3f}")
    assert (
        re.findall(r"\\begin\{(\w+)\}", text)
        == re.findall(r"\\end\{(\w+)\}", text)[::-1]
        == ["table", "tabular"]
    )


def test_a_run_of_one_set_is_listed_without_a_rank(rmb: Rmb, runs: list[str]) -> None:
    """Its figures are shown as far as they go; the ranks of the others do not count it."""
    data = folder_of("data", pairs(range(40), wrong=range(4)))
    rows = rows_of(rmb, *runs, judged(rmb, "longest", data, "pairs"))
    assert (rows[-1]["source"], rows[-1]["rank"], rows[-1]["figures"]["overall"]) == ("pairs", None, None)
    assert rows[-1]["figures"]["helpfulness"]["pairwise"]["value"] == 0.9
    assert [row["rank"] for row in rows[:-1]] == [1, 2, 3]


def test_sort_changes_the_order_and_no_rank(rmb: Rmb, runs: list[str]) -> None:
    """Best first in the column named; `judge` sorts by name."""
    for sort in ("help-pair", "judge"):
        rows = rows_of(rmb, *runs, "--sort", sort)
        if sort == "judge":
            assert [row["judge"] for row in rows] == sorted(RANKED)
        else:
            assert [row["judge"] for row in rows] == ["oracle", "random", "longest"]
        assert {row["judge"]: row["rank"] for row in rows} == {"oracle": 1, "longest": 2, "random": 3}


# The paper's rows.


def test_the_papers_rows_are_in_the_papers_order(rmb: Rmb) -> None:
    """All nineteen of Table 3, ranked 1 to 19, marked as published; no run is needed."""
    rows = rows_of(rmb, "--published")
    assert [row["rank"] for row in rows] == list(range(1, 20))
    assert [row["figures"]["overall"]["value"] for row in rows] == [scores[-1] for _, scores in ROWS]
    found = [
        [one["value"] for goal in row["figures"].values() if "bon" in goal for one in goal.values()]
        for row in rows
    ]
    assert found == [scores[:4] for _, scores in ROWS]
    assert all(row["published"] and row["rank_range"] is None for row in rows)


def test_published_rows_are_marked_among_runs(rmb: Rmb, runs: list[str]) -> None:
    """One ranking, a † at each published name, a footnote with the source, and a warning: other data."""
    ended = rmb("leaderboard", *runs, "--published")
    rows = markdown_rows(ended.out)[1:]
    assert [row[1] for row in rows if not row[1].endswith("†")] == ["oracle", "longest", "random"]
    assert len(rows) == 22
    assert [int(row[0].split()[0]) for row in rows] == list(range(1, 23))
    assert "- † As published in RMB (arXiv 2410.09893), Table 3" in ended.out
    assert "skywork-critic-llama-3.1-70b, skywork-critic-llama-3.1-8b: near impossible" in ended.out
    assert ended.err == (
        "rmb: The published rows are of all 20,917 items of RMB; not so these runs: 147 items of bundled sample "
        "(oracle, longest, random).\n"
    )
    assert ended.err.removeprefix("rmb: ").strip() in ended.out


# Which runs.


def test_a_study_has_a_row_for_each_cell(rmb: Rmb) -> None:
    """Its runs are below cells/; one that is named beside its study has one row."""
    assert rmb("ablate", "--judge", "longest,random", "--out", "study", "-q").code == 0
    cells = sorted(map(str, Path("study/cells").iterdir()))
    assert [row["source"] for row in rows_of(rmb, "study", cells[0], "--sort", "judge")] == cells


def test_judges_of_one_name_are_told_apart(rmb: Rmb) -> None:
    """By their folders, as `rmb compare` does."""
    rows = rows_of(rmb, run_folder("one", judge="gpt"), run_folder("two", judge="gpt"))
    assert [row["judge"] for row in rows] == ["gpt (one)", "gpt (two)"]


def test_an_older_run_has_its_row(rmb: Rmb) -> None:
    """Figures and a judge's name are enough; what it does not tell is called unknown."""
    old = run_folder("old", {"overall": figure(0.5)})
    (Path(old) / "run.json").write_text('{"judge": {"name": "gpt"}}')
    ended = rmb("leaderboard", old, run_folder("new", judge="other"))
    assert [row[1:3] for row in markdown_rows(ended.out)[1:]] == [
        ["gpt", "–"],
        ["other", "0.500 [0.400–0.600]"],
    ]
    assert "unknown items of unknown, fingerprint unknown (gpt)" in ended.err


FIGURE = figure(0.5)


@pytest.mark.parametrize(
    ("told", "manifest_text", "message"),
    [
        ({}, None, "bad/summary.json has no 'overall'"),
        ({"overall": 0.5}, None, "bad/summary.json: overall is no figure: 0.5"),
        ({"overall": {"value": None}}, None, "bad/summary.json: overall is no figure"),
        ({"overall": {**FIGURE, "value": 1e400}}, None, "bad/summary.json: overall is inf, not a number between 0 and 1"),
        ({"overall": {**FIGURE, "low": "x"}}, None, "bad/summary.json: overall.low is 'x'"),
        ({"overall": FIGURE, "coverage": float("nan")}, None, "bad/summary.json: coverage is nan"),
        ({"overall": FIGURE, "helpfulness": {"bon": 1, "pairwise": None}}, None, "bad/summary.json: helpfulness.bon is no figure: 1"),
        ({"overall": FIGURE}, "{}", "bad/run.json does not say who judged"),
        ({"overall": FIGURE}, '{"judge": {"name": "a"}, "template": "pairwise_v2"}', "bad/run.json does not say who judged"),
        ({"overall": FIGURE}, "[]", "bad/run.json holds no JSON object"),
        ({"overall": FIGURE}, "{", "cannot read bad/run.json"),
    ],
)  # fmt: skip
def test_a_folder_that_cannot_be_read_is_one_line(
    rmb: Rmb, told: dict[str, Any], manifest_text: str | None, message: str
) -> None:
    """Which names it; no table is made of the others."""
    Path("bad").mkdir()
    (Path("bad") / "summary.json").write_text(json.dumps(told))
    (Path("bad") / "run.json").write_text(json.dumps(manifest()) if manifest_text is None else manifest_text)
    ended = rmb("leaderboard", run_folder("good", judge="b"), "bad")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith(f"rmb: {message}")
    assert ended.err.count("\n") == 1


# Formats and files.


@pytest.mark.parametrize("ending", sorted(ENDINGS))
def test_a_files_ending_names_the_format(rmb: Rmb, ending: str) -> None:
    """What is written is what stdout would have had; nothing is printed."""
    place = run_folder("a")
    ended = rmb("leaderboard", place, "--out", f"board{ending.upper()}")
    assert (ended.code, ended.out) == (0, "")
    text = Path(f"board{ending.upper()}").read_bytes().decode()
    assert text == rmb("leaderboard", place, "--format", ENDINGS[ending]).out


def test_a_format_that_is_named_needs_no_ending(rmb: Rmb) -> None:
    """An ending that means nothing is the user's own affair."""
    assert rmb("leaderboard", run_folder("a"), "--out", "board.txt", "--format", "csv").code == 0
    assert Path("board.txt").read_text().startswith("rank,")


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["a", "--out", "board.xlsx"], 2, "--out board.xlsx: no format has the ending '.xlsx'; name one with --format"),
        (["a", "--out", "board"], 2, "--out board: no format has the ending ''"),
        (["a", "--out", "board.tex", "--format", "csv"], 2, "--format csv does not go with --out board.tex, which is latex"),
        (["a", "--out", "no/board.tex"], 74, "cannot write no/board.tex"),
        (["a", "--out", "dir.md"], 74, "cannot write dir.md"),
        (["nothing"], 2, "nothing is no run folder"),
        ([], 2, "leaderboard takes a run"),
        (["empty"], 2, "the study empty has no cell"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_one_line(rmb: Rmb, words: list[str], code: int, message: str) -> None:
    """With the exit code of its kind, and nothing written."""
    run_folder("a")
    Path("dir.md").mkdir()
    Path("empty").mkdir()
    (Path("empty") / "study.json").write_text("{}")
    before = sorted(Path().rglob("*"))
    ended = rmb("leaderboard", *words)
    assert (ended.code, ended.out) == (code, "")
    assert ended.err.startswith(f"rmb: {message}")
    assert ended.err.count("\n") == 1
    assert sorted(Path().rglob("*")) == before


@pytest.mark.parametrize("kind", sorted(FORMATS))
def test_a_judge_with_a_lone_surrogate_is_written(rmb: Rmb, kind: str) -> None:
    """JSON allows them in names, UTF-8 does not: a "?" stands for it."""
    place = run_folder("a", judge="odd \ud800 judge")
    assert rmb("leaderboard", place, "--format", kind, "--out", "board").code == 0
    assert "odd ? judge" in Path("board").read_text(encoding="utf-8")


def test_the_options_offer_what_there_is() -> None:
    """Every format, and every column of the paper's; help loads neither, so the command spells them out."""
    offered = {
        option.name: list(option.type.choices)
        for option in command.leaderboard.params
        if hasattr(option.type, "choices")
    }
    assert sorted(offered["kind"]) == sorted(FORMATS) == sorted(set(ENDINGS.values()))
    assert offered["sort"] == ["overall", *(column.name.replace("_", "-") for column in PAPER), "judge"]
