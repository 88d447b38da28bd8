"""Leaderboards: the law of ranks, what footnotes tell, and names that are hostile to a format."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rmb.plain_text import TURNING
from rmb.report.boards import FORMATS, board
from rmb.report.leaderboard import Entry, Line, Made, ranked
from tests.boards import Cells, entry, figure, latex_rows, markdown_rows, published

HOSTILE = [
    "a|b", "a\\|b", "\\", "100% & more_of #1 {x} ~ ^ $y$", "\\input{/etc/passwd}", "<script>alert(1)</script>",
    "</table>", "&amp;", "*a* _b_ `c` [d](javascript:e) ~~f~~", "=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "a\nb", "a\r\n\r\nb",
    "a\0b", "lone \ud800 surrogate", "\u202egnp.exe", "org--name", "a---b", "?`!`", "模型", "a† ‡", '"quoted", and 5', "", " ",
    "]]>", "<!--", "\\\\", "a\u2028b", "# head", "1. one",
]  # fmt: skip
names = st.one_of(st.sampled_from(HOSTILE), st.text(max_size=12))
scores = st.one_of(
    st.sampled_from([0.0, 0.5, 0.7376, 0.738, 0.7384, 1.0]), st.floats(0, 1, allow_subnormal=False)
)


@st.composite
def entries(draw: st.DrawFn) -> list[Entry]:
    """Up to eight rows: runs with an interval, without one, without Overall, and published ones."""
    found = []
    for place in range(draw(st.integers(1, 8))):
        value, one, other = draw(scores), draw(scores), draw(scores)
        kind = draw(st.sampled_from(["interval", "interval", "alone", "none", "published"]))
        if kind == "published":
            found.append(published(f"j{place}", value))
        elif kind == "none":
            found.append(entry(f"j{place}", None))
        else:
            # An interval need not hold its figure: a bootstrap promises nothing of the kind.
            ends = (min(one, other), max(one, other)) if kind == "interval" else None
            found.append(entry(f"j{place}", value, ends))
    return found


def value_of(line: Line) -> float:
    """Overall of a row that has one."""
    assert line.entry.overall is not None
    return float(line.entry.overall["value"])


# Ranks.


@given(entries())
def test_ranks_follow_overall(found: list[Entry]) -> None:
    """A higher Overall is never ranked lower; equal ones to three digits share a rank, others never do; 1 is taken."""
    lines = [line for line in ranked(found) if line.rank is not None]
    for one in lines:
        for other in lines:
            assert (one.rank == other.rank) == (round(value_of(one), 3) == round(value_of(other), 3))
            assert (one.rank or 0) <= (other.rank or 0) or value_of(one) < value_of(other)
    assert [line.rank for line in lines] == sorted(line.rank or 0 for line in lines)
    assert not lines or lines[0].rank == 1


@given(entries())
def test_the_range_of_ranks_holds_the_rank(found: list[Entry]) -> None:
    """And stays within 1 and the number of ranked judges; only a run with an interval has one."""
    lines = ranked(found)
    placed = sum(line.rank is not None for line in lines)
    for line in lines:
        told = line.entry.overall
        known = told is not None and told["low"] is not None
        assert (line.reach is not None) == known
        if line.reach is not None:
            assert 1 <= line.reach[0] <= (line.rank or 0) <= line.reach[1] <= placed


@given(entries(), st.sampled_from(["overall", "help-bon", "harm-pair", "judge"]))
def test_sorting_moves_rows_and_no_rank(found: list[Entry], sort: str) -> None:
    """Whatever the order, each judge keeps its rank and its range, and no row is lost."""
    usual = {line.entry.judge: line for line in ranked(found)}
    other = ranked(found, sort=sort)
    assert {line.entry.judge: line for line in other} == usual
    assert len(other) == len(found)


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ([(0.9, (0.8, 1.0)), (0.5, (0.4, 0.6))], ["1 (1)", "2 (2)"]),
        ([(0.9, (0.5, 1.0)), (0.5, (0.4, 0.6))], ["1 (1–2)", "2 (1–2)"]),
        ([(0.9, (0.8, 1.0)), (0.8, (0.7, 0.9)), (0.7, (0.6, 0.75))], ["1 (1–2)", "2 (1–3)", "3 (2–3)"]),
        ([(1.0, (1.0, 1.0)), (1.0, (1.0, 1.0)), (0.5, (0.4, 0.6))], ["1 (1–2)", "1 (1–2)", "3 (3)"]),
        ([(0.9, (0.8, 1.0)), (0.5, None)], ["1 (1–2)", "2"]),
        ([(0.9, (0.8, 1.0)), (None, None)], ["1 (1)", "–"]),
        ([(0.7384, (0.7, 0.8)), (0.7376, (0.7, 0.8)), (0.7, (0.7, 0.8))], ["1 (1–3)", "1 (1–3)", "3 (1–3)"]),
    ],
)
def test_ranks_by_example(
    rows: Sequence[tuple[float | None, tuple[float, float] | None]], told: list[str]
) -> None:
    """Rank and range as printed, row by row."""
    text = FORMATS["md"](board([entry(f"j{place}", *row) for place, row in enumerate(rows)]))
    assert [row[0] for row in markdown_rows(text)[1:]] == told


def test_a_published_figure_counts_as_exact_and_has_no_range() -> None:
    """It bounds the range of a run whose interval leaves it out, and itself is only ranked."""
    found = [
        published("high", 0.9),
        entry("mine", 0.7, (0.6, 0.8)),
        published("in", 0.65),
        published("low", 0.1),
    ]
    assert [(line.entry.judge, line.rank, line.reach) for line in ranked(found)] == [
        ("high", 1, None), ("mine", 2, (2, 3)), ("in", 3, None), ("low", 4, None),
    ]  # fmt: skip


# Footnotes.


def made(one: Entry, **other: object) -> Entry:
    """The entry, made in another way."""
    assert one.made is not None
    return replace(one, made=replace(one.made, **other))  # type: ignore[arg-type]


A, B = entry("a", 0.5, (0.4, 0.6)), entry("b", 0.6, (0.5, 0.7))


@pytest.mark.parametrize(
    ("rows", "warning"),
    [
        ([A, B], None),
        ([A, made(B, fingerprint="0" * 64)], "These runs are on different data: 9 items of sample, fingerprint 000000000000 (b); 9 items of sample, fingerprint ffffffffffff (a)."),
        ([A, made(B, items=5)], "These runs are on different numbers of items: 5 items of sample (b); 9 items of sample (a)."),
        ([A, made(B, items=None)], "These runs are on different numbers of items: unknown items of sample (b); 9 items of sample (a)."),
        ([A, made(B, convention="tie 0.5")], "These runs count under different conventions: tie 0.5 (b); tie 0, failure 0, expected, micro (a)."),
        ([A, made(B, shown="orders single")], "These runs showed items differently: orders single (b); orders both, samples 1 (a)."),
        ([A, published("p", 0.9)], "The published rows are of all 20,917 items of RMB; not so these runs: 9 items of sample (a)."),
        ([made(A, data="RMB"), published("p", 0.9)], "The published rows are of all 20,917 items of RMB; not so these runs: 9 items of RMB (a)."),
        ([made(A, items=20917), published("p", 0.9)], "The published rows are of all 20,917 items of RMB; not so these runs: 20,917 items of sample (a)."),
        ([made(A, data="RMB", items=20917), published("p", 0.9)], None),
    ],
)  # fmt: skip
def test_what_runs_differ_in_is_a_warning_and_a_footnote(rows: list[Entry], warning: str | None) -> None:
    """One line naming the judges with each value, among the notes too; none where all is alike."""
    found = board(rows)
    assert found.warnings == (() if warning is None else (warning,))
    assert set(found.warnings) <= set(found.notes)


def test_many_judges_are_counted_in_a_note() -> None:
    """Five are named, the others counted."""
    rows = [*(entry(f"j{place}", 0.5, (0.4, 0.6)) for place in range(8)), made(B, items=5)]
    assert "(j0, j1, j2, j3, j4 and 3 more)" in board(rows).warnings[0]


def test_missing_answers_are_marked() -> None:
    """‡ after the name, a note with the share rounded down, and with where Overall of the whole run can lie."""
    bounds = {"worst": {"overall": 0.4}, "best": {"overall": 0.61}}
    found = board([entry("a", 0.5, (0.4, 0.6), coverage=0.99999, bounds=bounds), B])
    assert (
        "‡ Of a, 99.9 % of the comparisons were answered; figures are of the items answered in full; Overall of the "
        "whole run is between 0.400 and 0.610."
    ) in found.notes
    assert [row[1] for row in markdown_rows(FORMATS["md"](found))] == ["Judge", "b", "a‡"]


def test_figures_on_few_conversations_are_named() -> None:
    """A footnote names the judges; scenarios, which the table does not show, do not count."""
    few = entry("a", 0.5, (0.4, 0.6), few_conversations={"helpfulness.bon": 3})
    other = entry("b", 0.5, (0.4, 0.6), few_conversations={"scenarios.x": 3})
    (told,) = (note for note in board([few, other]).notes if "fewer than 30" in note)
    assert told.endswith("those of a.")


def test_the_convention_stands_below_the_table() -> None:
    """Where all runs have the same one; the warnings tell of several."""
    told = "Convention: tie 0, failure 0, expected, micro; orders both, samples 1."
    assert any(note.endswith(told) for note in board([A, B]).notes)
    assert not any("Convention:" in note for note in board([A, made(B, convention="other")]).notes)


# Formats.


def csv_names(text: str) -> list[str]:
    """The judges of a CSV, header first, guards kept."""
    rows = list(csv.reader(io.StringIO(text, newline="")))
    assert {len(row) for row in rows} == {len(rows[0])}
    return [row[3] for row in rows]


def html_names(text: str) -> list[str]:
    """The judges of an HTML table; no tag but the table's own, and nothing but ASCII."""
    assert text.isascii()
    found = Cells(text)
    own = {"table", "thead", "tbody", "tr", "th", "td", "ul", "li", "bdi", "sup", "br", "small"}
    assert found.tags <= own
    assert {len(row) for row in found.rows} == {7}
    return [row[1] for row in found.rows]


def latex_names(text: str) -> list[str]:
    """The judges of a LaTeX table; every row has the columns that are declared."""
    declared, rows = latex_rows(text)
    assert {len(row) for row in rows} == {len(declared)} == {7}
    return [row[1] for row in rows if row[1] or row[0]]


def markdown_names(text: str) -> list[str]:
    """The judges of a Markdown table."""
    rows = markdown_rows(text)
    assert {len(row) for row in rows} == {7}
    return [row[1] for row in rows]


READERS: dict[str, Callable[[str], list[str]]] = {
    "csv": csv_names,
    "html": html_names,
    "json": lambda text: ["Judge", *(row["judge"] for row in json.loads(text)["rows"])],
    "latex": latex_names,
    "md": markdown_names,
}


def as_shown(name: str, kind: str) -> str:
    """How a name comes out of a format, white space at its ends left out."""
    name = name.encode("utf-8", "replace").decode()
    line = TURNING.sub(" ", name)
    if kind == "csv":
        return f"'{line}" if line.lstrip()[:1] in set("=+-@") else line
    return name if kind == "json" else line.replace("†", "?").replace("‡", "?").strip()


@pytest.mark.parametrize("kind", sorted(FORMATS))
@settings(max_examples=150, deadline=None)
@given(st.lists(names, min_size=1, max_size=4, unique=True))
def test_a_hostile_name_comes_out_as_it_is(kind: str, found: list[str]) -> None:
    """In a table read back by a reader of the format, with the same columns in each row, and never as markup."""
    rows = [entry(name, 0.5, (0.4, 0.6), coverage=0.5) for name in found]
    text = FORMATS[kind](board(rows))
    text.encode("utf-8")
    _, *back = READERS[kind](text)
    strip = str if kind in {"csv", "json"} else str.strip
    mark = "" if kind in {"csv", "json"} else "‡"
    expected = sorted(as_shown(name, kind) for name in found)
    assert sorted(strip(one.removesuffix(mark)) for one in back) == expected


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("kind", sorted(FORMATS))
def test_a_hostile_goal_is_text_too(kind: str, name: str) -> None:
    """Data of one's own names its goals: they head columns, in place of the paper's."""
    row = entry("a", 0.5, (0.4, 0.6))
    half = figure(0.25, (0.2, 0.3))
    own = replace(row, figures={(name, "bon"): half, (name, "pairwise"): half, ("overall",): figure(0.25)})
    text = FORMATS[kind](board([own]))
    text.encode("utf-8")
    if kind in {"html", "latex", "md"}:
        rows = {"html": lambda it: Cells(it).rows, "latex": lambda it: latex_rows(it)[1], "md": markdown_rows}
        shown = TURNING.sub(" ", name.encode("utf-8", "replace").decode())
        assert [cell.strip() for cell in rows[kind](text)[0]] == [
            "Rank",
            "Judge",
            *(f"{shown} {one}".strip() for one in ("BoN", "Pair")),
            "Overall",
        ]  # type: ignore[no-untyped-call]


def test_a_name_with_a_dagger_is_not_published() -> None:
    """The mark is the program's alone."""
    text = FORMATS["md"](board([entry("gpt-4o†", 0.5, (0.4, 0.6)), published("gpt-4o", 0.4)]))
    assert markdown_names(text)[1:] == ["gpt-4o?", "gpt-4o†"]


def test_what_was_not_measured_is_a_dash() -> None:
    """– for people, null in JSON, nothing in CSV; and such a judge stands last."""
    rows = [entry("none", None, coverage=None), A]
    assert markdown_rows(FORMATS["md"](board(rows)))[-1] == ["–", "none", *["–"] * 5]
    last = json.loads(FORMATS["json"](board(rows)))["rows"][-1]
    assert (last["rank"], last["rank_range"], last["figures"]["overall"]) == (None, None, None)
    cells = FORMATS["csv"](board(rows)).splitlines()[-1].split(",")
    assert [cell for cell in cells if cell] == ["none", "false", "9", "runs/a"]


def test_made_tells_a_run_from_published_figures() -> None:
    """What has no run is published, and nothing else."""
    assert isinstance(A.made, Made)
    assert [one.published for one in (A, published("p", 0.5))] == [False, True]
