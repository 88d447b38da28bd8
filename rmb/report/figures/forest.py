"""Differences from a reference as points with their intervals about a line at none: a forest plot."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from rmb.report.figures.marks import legend, mark, of_series, standing, whisker
from rmb.report.figures.reading import NOTHING, Figure, bounds
from rmb.report.figures.scales import Linear, fitting
from rmb.report.figures.svg import BODY, HEAD, figure, line, named, shortened, tag, width, words

PLOT, MARGIN = 290.0, 16.0
"""Pixels of the axis, and right of it."""
NAME = 180.0
LANE, SPARE = 10.0, 12.0
"""Pixels from one interval of a row to the next, and left free."""


@dataclass(frozen=True, slots=True)
class Effects:
    """What some levels are worth to one judge, or to all together.

    figures: by level, a difference of Overall in [-1, 1]; None where nothing was measured. paths: where each stands in
    results.json.
    """

    name: str
    figures: Mapping[str, Figure | None]
    paths: Mapping[str, str]


def forest(
    effects: Sequence[Effects],
    reference: str,
    *,
    title: str,
    prefix: str = "forest",
    values: Sequence[float] = (),
) -> str | None:
    """A row for each level and in it a point and interval for each of `effects`; None where nothing was measured.

    reference: the level that they are differences from, at the broken line. values: others that the axis has to hold, so
    that two plots can have one axis. The axis is in points of a hundred.
    """
    levels = list(dict.fromkeys(level for one in effects for level in one.figures))
    if not any(figure for one in effects for figure in one.figures.values()):
        return None
    left = max(width(shortened(level, NAME)) for level in levels) + 14
    wide = left + PLOT + MARGIN
    looks = [(one.name, of_series(number)) for number, one in enumerate(effects)]
    key, down = legend(looks if len(looks) > 1 else [], 0, HEAD + 12, wide)
    top, height = HEAD + 12 + down, len(effects) * LANE + SPARE
    bottom = top + height * len(levels)
    scale = axis(effects, values, left + 6, left + PLOT)

    def body() -> Iterator[str]:
        yield words(0, HEAD, shortened(title, wide, HEAD), "heading")
        yield from key
        yield from rows(levels, height, left, top)
        yield from grid(scale, top, bottom, reference)
        for row, level in enumerate(levels):
            middle = top + (row + 0.5) * height
            for number, one in enumerate(effects):
                y = middle + (number - (len(effects) - 1) / 2) * LANE
                yield from dot(one, level, number, scale, y)

    return figure((wide, bottom + 38), body(), title=title, desc=said(effects, reference), prefix=prefix)


def axis(effects: Sequence[Effects], values: Sequence[float], start: float, end: float) -> Linear:
    """An axis that holds all intervals and none, in points."""
    held = [*bounds(figure for one in effects for figure in one.figures.values()), *values, 0.0]
    return fitting([100 * each for each in held], start, end, bounds=(-100, 100))


def rows(levels: Sequence[str], height: float, left: float, top: float) -> Iterator[str]:
    """A band for every other row, and the levels' names."""
    for number, level in enumerate(levels):
        y = top + number * height
        if number % 2 == 0:
            yield tag("rect", class_="band", x=0, y=y, width=left + PLOT + MARGIN, height=height)
        told = shortened(level, NAME)
        place = y + height / 2 + BODY * 0.35
        yield words(left - 8, place, told, "label", text_anchor="end", data_tip=named(level))


def grid(scale: Linear, top: float, bottom: float, reference: str) -> Iterator[str]:
    """Upright lines at the axis' ticks, a broken one at none, and what it stands for."""
    for tick in scale.ticks():
        yield line(scale(tick), top, scale(tick), bottom, "chance" if tick == 0 else "grid")
        text = f"{tick:+g}" if tick else "0"
        yield words(scale(tick), bottom + 15, text, "small", text_anchor="middle")
    text = shortened(f"points of Overall against {reference}", PLOT)
    yield words((scale.start + scale.end) / 2, bottom + 31, text, "small", text_anchor="middle")


def dot(one: Effects, level: str, number: int, scale: Linear, y: float) -> Iterator[str]:
    """A level's point and interval of one of the series; a dash at none where nothing was measured."""
    found = one.figures.get(level)
    if found is None:
        yield words(scale(0) + 4, y + 4, NOTHING, "small faint", data_tip=tip(one, level, None))
        return
    look, hundred = of_series(number), {end: in_points(found.get(end)) for end in ("value", "low", "high")}
    drawn = [*whisker(hundred, scale, y), mark(scale(100 * found["value"]), y, look, 3.6)]
    where = one.paths.get(level)
    yield standing(drawn, look, value=found["value"], path=where, tip=tip(one, level, found), judge=one.name)


def in_points(share: float | None) -> float | None:
    """A share in points; None stays so."""
    return None if share is None else 100 * share


def tip(one: Effects, level: str, found: Figure | None) -> str:
    """A mark's tooltip: the level, whose it is, and the difference."""
    return f"{named(level)}\n{named(one.name)}\n{told(found)}"


def told(found: Figure | None) -> str:
    """A difference in words."""
    if found is None:
        return "nothing was measured"
    text = f"{100 * found['value']:+.1f} points"
    if found.get("low") is None:
        return text
    return f"{text} (95 %: {100 * found['low']:+.1f} to {100 * found['high']:+.1f})"


def said(effects: Sequence[Effects], reference: str) -> str:
    """What is to be seen, in words."""
    lines = [
        f"{named(one.name)}: "
        + "; ".join(f"{named(level)} {told(found)}" for level, found in one.figures.items())
        for one in effects
    ]
    return f"Against {named(reference)}. {'. '.join(lines)}."
