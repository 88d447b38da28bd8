"""How far people agree with a benchmark's labels, for the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.table import Table
from rich.text import Text

from rmb.report.compared import plain_table
from rmb.report.table import NOTHING, interval, value

Found = Mapping[str, Any]
FIGURES = ("pairs", "agree", "95 %", "κ", "95 %")


def tables(found: Found) -> Iterator[Table | str]:
    """People and labels, people and each other, goals, gaps, and what is missing and why."""
    yield people("With the benchmark's labels", [(one["who"], one) for one in found["with_labels"]])
    if found["between"]:
        told = [(" – ".join(one["people"]), one) for one in found["between"]]
        yield people("Between people", told)
        alpha = "not defined" if found["alpha"] is None else f"{found['alpha']:.2f}"
        yield f"Krippendorff's α of all people {alpha}"
    yield people("By goal, all people", list(found["by_goal"].items()))
    gaps = [(f"{one['low']:.2f} to {one['high']:.2f}", one) for one in found["by_gap"]]
    yield people("By gap of the ratings, all people", gaps)
    yield f"{found['ties']}; decided: ties left out; 95 % bootstrap over conversations"
    yield from found["notes"]


def people(title: str, rows: Sequence[tuple[str, Found]]) -> Table:
    """A line for each name. ties: where they are counted."""
    table = plain_table(title)
    table.add_column(Text("who"), no_wrap=True)
    with_ties = all("ties" in one for _, one in rows)
    for name in (*FIGURES, *(("ties", "decided") if with_ties else ())):
        table.add_column(Text(name), justify="right", no_wrap=True)
    for name, one in rows:
        cells = [f"{one['pairs']:,}"]
        cells += [part(one[figure]) for figure in ("raw", "kappa") for part in (value, interval)]
        cells += [f"{one['ties']:,}", value(one["decided"])] if with_ties else []
        table.add_row(Text(name), *(Text(cell or NOTHING) for cell in cells))
    return table
