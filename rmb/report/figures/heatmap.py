"""A grid of figures, each written in its cell with its interval, and coloured by its value."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rmb.report.figures.marks import standing
from rmb.report.figures.reading import NOTHING, Figure, tip
from rmb.report.figures.svg import BODY, SMALL, figure, line, named, shortened, tag, width, words

CELL, HIGH = 92.0, 44.0
NAME, SLANTED = 220.0, 200.0
LEVELS, LIGHT = 10, 6
"""Shades, and how many of them have dark letters on white paper."""
KEY = 14.0

Cells = Sequence[Sequence[Figure | None]]


@dataclass(frozen=True, slots=True)
class Shades:
    """Values from low to high in LEVELS shades of equal steps, the highest value in the last.

    signed: values from -1 to 1, shaded by how far they are from 0, those below 0 in another colour.
    """

    low: float
    high: float
    signed: bool = False

    def level(self, value: float) -> int:
        """The shade of a value; the middle one where all are alike."""
        if self.signed:
            return min(LEVELS - 1, int(LEVELS * abs(value)))
        if self.high <= self.low:
            return LEVELS // 2
        return min(LEVELS - 1, max(0, int(LEVELS * (value - self.low) / (self.high - self.low))))

    def css(self, value: float) -> str:
        """The class of a value's colour."""
        return f"{'below' if self.signed and value < 0 else 'level'}-{self.level(value)}"

    def written(self, value: float) -> str:
        """A value in its cell: the sign tells what the colour tells."""
        return f"{value:+.2f}" if self.signed else f"{value:.3f}"

    def all(self) -> list[str]:
        """The classes of all shades, the lowest values' first."""
        below = [f"below-{level}" for level in reversed(range(LEVELS))] if self.signed else []
        return [*below, *(f"level-{level}" for level in range(LEVELS))]


SIGNED = Shades(-1.0, 1.0, signed=True)
"""Of correlations."""


def heatmap(
    rows: Sequence[str],
    columns: Sequence[str],
    cells: Cells,
    *,
    axes: tuple[str, str] = ("", ""),
    paths: Sequence[Sequence[str | None]] | None = None,
    shades: Shades | None = None,
    prefix: str = "heatmap",
) -> str | None:
    """A grid of figures; None where no cell has one.

    cells[i][j]: of row i and column j; None is hatched. axes: what rows and columns are. paths: where each cell's
    figure stands in the JSON that it is from. shades: of the values, as several grids with one key have them; None: from
    the least to the greatest; the key says which.
    """
    values = [cell["value"] for line_of in cells for cell in line_of if cell is not None]
    if not values:
        return None
    shades = shades or Shades(min(values), max(values))
    left = max(width(shortened(name, NAME)) for name in [*rows, axes[0]]) + 12
    slanted = any(width(name) > CELL - 6 for name in columns)
    reach = [width(shortened(name, SLANTED)) if slanted else 0.0 for name in columns]
    top = (22 if axes[1] else 0) + (max(reach) * 0.58 + 18 if slanted else 24)
    right = max((number + 0.5) * CELL + wide * 0.82 for number, wide in enumerate(reach))
    size = (left + max(len(columns) * CELL, right, 240) + 6, top + len(rows) * HIGH + 44)

    def body() -> Iterator[str]:
        yield words(left, BODY + 2, axes[1], "label strong")
        yield words(left - 10, top - 8, axes[0], "label strong", text_anchor="end")
        yield from column_names(columns, left, top, slanted=slanted)
        for i, name in enumerate(rows):
            y = top + i * HIGH
            told = shortened(name, NAME)
            yield words(left - 10, y + HIGH / 2 + 4, told, "label", text_anchor="end", data_tip=named(name))
            for j, cell in enumerate(cells[i]):
                where = None if paths is None else paths[i][j]
                yield from square(cell, (left + j * CELL, y), shades, f"{name} × {columns[j]}", where)
        yield from key(shades, left, top + len(rows) * HIGH + 14)

    title = " by ".join(axis for axis in axes if axis) or "Figures by row and column"
    return figure(size, body(), title=title, desc=said(rows, columns, cells), prefix=prefix)


def column_names(columns: Sequence[str], left: float, top: float, *, slanted: bool) -> Iterator[str]:
    """The columns' names above them, all slanted where one is wider than its column."""
    for number, name in enumerate(columns):
        x, y = left + (number + 0.5) * CELL, top - 8
        if slanted:
            told, turned = shortened(name, SLANTED), f"rotate(-35 {x:.2f} {y:.2f})"
            yield words(x, y, told, "label", transform=turned, data_tip=named(name))
        else:
            yield words(x, y, shortened(name, CELL), "label", text_anchor="middle", data_tip=named(name))


def square(
    cell: Figure | None, corner: tuple[float, float], shades: Shades, name: str, path: str | None
) -> Iterator[str]:
    """A cell: its shade, the value and the interval below; hatched with a dash where there is none."""
    (x, y), middle = corner, corner[0] + CELL / 2
    frame = {"x": x, "y": y, "width": CELL, "height": HIGH}
    if cell is None:
        yield tag("rect", class_="nothing", data_tip=f"{named(name)}\nnothing was measured", **frame)
        for across in (4, 16, 28, 40, 52):
            yield line(x + across, y + HIGH - 4, x + across + HIGH - 8, y + 4, "hatch")
        yield words(middle, y + HIGH / 2 + 4, NOTHING, "label haloed", text_anchor="middle")
        return
    level = shades.level(cell["value"])
    ink = "on-low" if level < LIGHT else "on-high"
    drawn = [
        tag("rect", class_=f"cell {shades.css(cell['value'])}", **frame),
        words(
            middle,
            y + (26 if cell.get("low") is None else 19),
            shades.written(cell["value"]),
            f"label strong {ink}",
            text_anchor="middle",
        ),
    ]
    if cell.get("low") is not None:
        between = " to " if shades.signed else "–"
        ends = between.join(shades.written(cell[end]) for end in ("low", "high"))
        drawn.append(words(middle, y + 34, ends, f"small {ink}", text_anchor="middle"))
    yield standing(drawn, None, value=cell["value"], path=path, tip=tip(name, cell), judge=None)


def key(shades: Shades, left: float, top: float) -> Iterator[str]:
    """All shades in a row, with the values at both ends."""
    low, every = shades.written(shades.low), shades.all()
    wide = KEY * LEVELS / len(every)
    start = left + width(low, SMALL) + 6
    yield words(left, top + 11, low, "small")
    for place, css in enumerate(every):
        yield tag("rect", class_=css, x=start + place * wide, y=top, width=wide, height=KEY)
    yield words(start + LEVELS * KEY + 6, top + 11, shades.written(shades.high), "small")


def said(rows: Sequence[str], columns: Sequence[str], cells: Cells) -> str:
    """What is to be seen, in words."""
    known = [
        (cell["value"], f"{named(rows[i])} × {named(columns[j])}")
        for i, line_of in enumerate(cells)
        for j, cell in enumerate(line_of)
        if cell is not None
    ]
    (least, worst), (most, best) = min(known), max(known)
    empty = len(rows) * len(columns) - len(known)
    told = f"Highest: {best} ({most:.3f}); lowest: {worst} ({least:.3f})."
    return f"{told} {empty} without a figure." if empty else told
