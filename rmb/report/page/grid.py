"""The sections of a study: its cells, a heat map, what each axis does, what depends on what, dollars against accuracy."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from rmb.report import figures
from rmb.report.page.figures_of_runs import padded
from rmb.report.page.parts import Cell, Folded, Part, Row, Section, Table, Words, drawings
from rmb.report.page.told import Told, count, dollars, p_value, percent, pointer, points, seconds
from rmb.report.study import conventions, saved, under

AGAINST = ("points", "p", "Holm p", "would show")


def cells(told: Told) -> Section:
    """The leaderboard of the cells, and what may be said of the best."""
    rows = [
        Row(line["cell"], list(line_cells(told, place, line)))
        for place, line in enumerate(told.content["leaderboard"])
    ]
    columns = [
        *(
            "cell",
            "Overall",
            "against the baseline",
            "Holm p",
            "averaged",
            "consistent",
            "says first",
            "covered",
        ),
        *("$ per 1,000 items", "s per 1,000 items", "Pareto"),
    ]
    lines = [*under(told.content), *saved(told.content), *conventions(told.content)]
    rows += [
        Row(name, padded(list(sanity_cells(told, name)), len(columns) - 1), "sanity")
        for name in told.content.get("sanity") or {}
    ]
    note = f"Baseline: {told.content['baseline']}. Pareto: no cell is better, cheaper and quicker at once."
    paid = any(line["cost"]["usd_per_1000_items"] for line in told.content["leaderboard"])
    dollars_of, seconds_of = (figures.points_of_study(told.content, of=of) for of in ("usd", "seconds"))
    drawn = drawings(
        ("Dollars against Overall", figures.pareto(dollars_of) if paid else None),
        ("Seconds against Overall", figures.pareto(seconds_of, of="seconds", prefix="seconds")),
    )
    parts: list[Part] = [Words(lines, "finding"), Table("Cells", columns, rows, note)]
    return Section("cells", "Cells", [*parts, *drawn])


def sanity_cells(told: Told, name: str) -> Iterator[Cell]:
    """The figures of a judge without a model on the study's items."""
    at = ("sanity", name)
    yield told.figure(*at, "overall")
    yield from (Cell(), Cell())
    yield told.figure(*at, "averaged", "overall")
    yield told.figure(*at, "consistent", "overall")
    yield told.figure(*at, "first_position_rate")
    yield told.cell(*at, "coverage", show=percent)


def line_cells(told: Told, place: int, line: Any) -> Iterator[Cell]:
    """The figures of a cell's line."""
    at = ("leaderboard", place)
    yield told.figure(*at, "overall")
    against = line["against_baseline"] is not None and line["against_baseline"]["difference"] is not None
    yield told.figure(*at, "against_baseline", "difference", "overall", show=points) if against else Cell()
    yield told.cell(*at, "against_baseline", "p_holm", show=p_value) if against else Cell()
    yield told.figure(*at, "averaged", "overall")
    yield told.figure(*at, "consistent", "overall")
    yield told.figure(*at, "first_position_rate")
    yield told.cell(*at, "coverage", show=percent)
    yield told.cell(*at, "cost", "usd_per_1000_items", show=dollars)
    yield told.cell(*at, "cost", "seconds_per_1000_items", show=seconds)
    yield Cell("yes" if line["is_pareto"] else "")


def axes(told: Told) -> Section:
    """What each level of each axis does, and which axes depend on each other."""
    if told.content["factors"] is None:
        return Section("axes", "Axes", [], ["no axis has two levels, so none has an effect"])
    parts: list[Part] = [*(effects(told, axis) for axis in told.content["factors"]["axes"]), *maps(told)]
    return Section("axes", "Axes", [*parts, *interactions(told)])


def effects(told: Told, axis: str) -> Table:
    """One line a level: the mean of its cells, and how it differs from the first level."""
    levels = told.content["factors"]["axes"][axis]["levels"]
    rows = []
    for name, level in levels.items():
        at = ("factors", "axes", axis, "levels", name)
        rows.append(
            Row(
                name,
                [
                    told.cell(*at, "cells", show=count),
                    told.figure(*at, "mean"),
                    *contrast(told, *at, "effect", found=level["effect"]),
                ],
            )
        )
    return Table(
        f"Axis {axis}",
        [axis, "cells", "mean of its cells", *AGAINST],
        rows,
        f"Against {told.content['factors']['axes'][axis]['reference']}, in matched cells, on the same items; Holm over all levels of all axes.",
    )


def contrast(told: Told, *at: str | int, found: Any) -> Iterator[Cell]:
    """Points with their interval, p, Holm's p, and what would have shown; dashes where there is none."""
    if found is None or found["difference"] is None:
        yield from [Cell()] * len(AGAINST)
        return
    yield told.figure(*at, "difference", "overall", show=points)
    yield told.cell(*at, "p", show=p_value)
    yield told.cell(*at, "p_holm", show=p_value)
    yield told.cell(*at, "detectable", show=lambda share: f"{100 * share:.1f}")


def maps(told: Told) -> Iterator[Part]:
    """A heat map for every two axes: means of the cells that have both levels."""
    for place, table in enumerate(told.content["factors"]["tables"]):
        one, other = table["axes"]
        rows = list(table["means"])
        columns = list(dict.fromkeys(level for means in table["means"].values() for level in means))
        drawn = figures.heatmap(
            rows,
            columns,
            [[table["means"][row].get(column) for column in columns] for row in rows],
            axes=(one, other),
            paths=[
                [pointer(("factors", "tables", place, "means", row, column)) for column in columns]
                for row in rows
            ],
            prefix=f"map-{place}",
        )
        yield from drawings((f"Overall by {one} and {other}", drawn))


def interactions(told: Told) -> Sequence[Folded]:
    """What two levels do together beyond what each does alone."""
    found = told.content["factors"]["interactions"]
    if not found:
        return []
    rows = [
        Row(
            " × ".join(one["levels"].values()),
            list(contrast(told, "factors", "interactions", place, found=one)),
        )
        for place, one in enumerate(found)
    ]
    return [Folded("Interactions", [Table("Interactions", ["levels", *AGAINST], rows)])]
