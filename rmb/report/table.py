"""Tables for the terminal: judges with the sanity judges below them, and the scenarios of one judge."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.table import Table
from rich.text import Text

COLUMNS = ("help BoN", "help pair", "harm BoN", "harm pair")
NOTHING = "–"


@dataclass(frozen=True, slots=True)
class Row:
    """A judge and its figures, as in summary.json; a sanity judge stands apart."""

    judge: str
    summary: Mapping[str, Any]
    sanity: bool = False


def headline(rows: Sequence[Row]) -> Table:
    """One line a judge: Overall with its interval, the four sets, averaged, consistent, position, coverage."""
    table = Table(title="Judges", title_justify="left", box=None, pad_edge=False, header_style="bold")
    table.add_column("judge", no_wrap=True)
    goals = [key for key in rows[0].summary if is_goal(rows[0].summary[key])]
    columns = (
        COLUMNS
        if goals == ["helpfulness", "harmlessness"]
        else [f"{g} {s}" for g in goals for s in ("BoN", "pair")]
    )
    for name in (
        "overall",
        "95 %",
        *columns,
        "averaged",
        "consistent",
        "same verdict",
        "says first",
        "covered",
    ):
        table.add_column(Text(name), justify="right", no_wrap=True)
    for place, row in enumerate(rows):
        if row.sanity and (place == 0 or not rows[place - 1].sanity):
            table.add_section()
        style = "dim" if row.sanity else ""
        table.add_row(Text(row.judge), *cells(row.summary, goals), style=style)
    return table


def cells(summary: Mapping[str, Any], goals: Sequence[str]) -> Iterator[str]:
    """The figures of a judge's line, in the order of the columns."""
    yield value(summary["overall"])
    yield interval(summary["overall"])
    for goal in goals:
        for kind in ("bon", "pairwise"):
            yield value(summary[goal][kind])
    yield value(summary["averaged"]["overall"])
    yield value(summary["consistent"]["overall"])
    yield value(summary["position_consistency"])
    yield value(summary["first_position_rate"])
    coverage = summary["coverage"]
    yield NOTHING if coverage is None else f"{100 * coverage:.1f} %"


def scenarios(judge: str, summary: Mapping[str, Any]) -> Table:
    """One line a scenario of the finest level: both sets, with the number of items and the interval."""
    table = Table(
        title=Text(f"Scenarios, {judge}"), title_justify="left", box=None, pad_edge=False, header_style="bold"
    )
    table.add_column("scenario", no_wrap=True)
    for name in ("BoN", "95 %", "n", "pairwise", "95 %", "n"):
        table.add_column(name, justify="right", no_wrap=True)
    # The totals of a scenario's sub-scenarios stand in summary.json; here they would hide its parts.
    paths = finest(summary["scenarios"])
    for place, path in enumerate(paths):
        if place and path.split("/")[0] != paths[place - 1].split("/")[0]:
            table.add_section()
        figures = summary["scenarios"][path]
        line = [cell for kind in ("bon", "pairwise") for cell in with_count(figures[kind])]
        table.add_row(Text(path), *line)
    return table


def finest(paths: Mapping[str, Any]) -> list[str]:
    """The scenarios that have no sub-scenario, and the sub-scenarios."""
    return [path for path in paths if not any(other.startswith(f"{path}/") for other in paths)]


def is_goal(block: Any) -> bool:
    """True for a goal's entry in a summary: a figure (or None) for each set and nothing else."""
    return isinstance(block, Mapping) and set(block) == {"bon", "pairwise"}


def value(figure: Mapping[str, Any] | None) -> str:
    """A score to three digits; a dash where nothing was measured."""
    return NOTHING if figure is None else f"{figure['value']:.3f}"


def interval(figure: Mapping[str, Any] | None) -> str:
    """The bounds of a score's interval; a dash where there is none."""
    return NOTHING if figure is None or figure["low"] is None else f"{figure['low']:.3f}–{figure['high']:.3f}"


def with_count(figure: Mapping[str, Any] | None) -> tuple[str, str, str]:
    """A score, its interval, and the items that it is a mean of."""
    return value(figure), interval(figure), NOTHING if figure is None else str(figure["n"])
