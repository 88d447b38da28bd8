"""Samples and panels for the terminal: what more samples buy, and how the members of a panel fare in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.table import Table
from rich.text import Text

from rmb.report.table import Row, interval, value


def samples(rows: Sequence[Row]) -> Table | None:
    """One line for each number of samples: Overall of the first k by mean and by majority, above them one sample's on
    average; None if no judge was asked twice.
    """
    sampled = [row for row in rows if row.summary.get("samples")]
    if not sampled:
        return None
    table = Table(
        title="Samples: Overall of the first k together",
        title_justify="left",
        box=None,
        pad_edge=False,
        header_style="bold",
    )
    table.add_column("judge", no_wrap=True)
    for name in ("k", "mean", "95 %", "majority", "95 %"):
        table.add_column(Text(name), justify="right", no_wrap=True)
    for row in sampled:
        told = row.summary["samples"]
        steps = [{"k": "any one", "mean": told["alone"], "majority": told["alone"]}, *told["together"]]
        for place, step in enumerate(steps):
            figures = (step["mean"], step["majority"])
            cells = [cell for figure in figures for cell in (value(figure), interval(figure))]
            table.add_row(Text("" if place else row.judge), str(step["k"]), *cells)
    return table


def members(told: Mapping[str, Any]) -> Iterator[str]:
    """One line a member: how often it says what the panel says. Then how many verdicts the panel lacks.

    told: the block "panel" of summary.json.
    """
    for one in told["members"]:
        agreed = one["agreement"]
        if agreed is None:
            yield f"{one['name']}: no comparison on which both it and the panel have a verdict"
        else:
            share = f"{100 * agreed['value']:.1f} %"
            yield f"{one['name']}: says what the panel says on {share} of {agreed['n']:,} comparisons"
    yield f"the panel lacks {told['lacking']:,} of {told['verdicts']:,} verdicts"
