"""The scenarios of a goal as a radar, as the paper on RMB draws them: an axis a scenario, a line a judge or a set."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from rmb.report.figures.marks import Look, legend, mark, of_series, standing
from rmb.report.figures.reading import (
    KINDS,
    NAMES,
    Kind,
    Summary,
    below,
    extremes,
    figure_of,
    paths_of,
    place_of,
    tip_of,
)
from rmb.report.figures.scales import spread
from rmb.report.figures.svg import (
    HEAD,
    SMALL,
    figure,
    line,
    named,
    path,
    shortened,
    tag,
    width,
    words,
)

RADIUS = 190.0
RINGS = (0.2, 0.4, 0.6, 0.8, 1.0)
AWAY, STUB = 34.0, 5.0
"""Pixels from the outer ring to the names, and from it to where the lines to them begin."""
CLOSE, FEW = 12.0, 16
"""Pixels to names that stand at the ends of axes, and how many axes leave room for that."""
LONGEST_NAME = 230.0
LINE, FAMILY = 15.0, 17.0
"""Pixels from a name to the next, and more where the next has its family's name above it."""

Place = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Series:
    """One line of the radar: a judge in a set."""

    judge: str
    summary: Summary
    kind: Kind
    look: Look
    name: str


@dataclass(frozen=True, slots=True)
class Round:
    """Where things stand on the circle, whose middle is (x, y); the first of n axes points up, clockwise."""

    x: float
    y: float
    n: int

    def angle(self, axis: float) -> float:
        """Radians of an axis from the top."""
        return 2 * math.pi * axis / self.n

    def at(self, axis: float, value: float, beyond: float = 0.0) -> Place:
        """The point of a value (0 the middle, 1 the outer ring), so many pixels further out."""
        reach = RADIUS * min(max(value, 0.0), 1.0) + beyond
        return self.x + reach * math.sin(self.angle(axis)), self.y - reach * math.cos(self.angle(axis))


def radar(
    summaries: Mapping[str, Summary], goal: str, kind: Kind | None = None, *, prefix: str = "radar"
) -> str | None:
    """A goal's scenarios around a circle, figures from 0 in the middle to 1; None where nothing was measured.

    kind: the set, one line a judge; None: both sets of the first judge. Where nothing was measured a line has a gap.
    """
    paths = paths_of(summaries, goal)
    drawn = [one for one in series_of(summaries, kind) if measured(one, paths)]
    if not drawn:
        return None
    few = len(paths) <= FEW
    middle, height = size(paths)
    key, down = legend([(one.name, one.look) for one in drawn], 0, HEAD + 12, 2 * middle)
    top = HEAD + 12 + down
    around = Round(middle, top + height / 2, len(paths))
    heading = goal.capitalize() + ("" if kind is None else f", {NAMES[kind]}")

    def body() -> Iterator[str]:
        yield words(0, HEAD, shortened(heading, 2 * middle, HEAD), "heading")
        yield from key
        yield from rings(around)
        yield from close_names(around, paths) if few else columns(around, paths, height)
        yield from ring_labels(around)
        for one in drawn:
            yield from polygon(around, one, paths)

    title = f"Scenarios of {goal}, {'both sets' if kind is None else NAMES[kind]}, as a radar"
    return figure((2 * middle, top + height + 6), body(), title=title, desc=said(drawn, paths), prefix=prefix)


def size(paths: Sequence[str]) -> tuple[float, float]:
    """Pixels from the left to the middle of the circle, and the height of it with its names."""
    if len(paths) <= FEW:
        return max(width(close_name(each), SMALL) for each in paths) + CLOSE + RADIUS + 8, 2 * RADIUS + 56
    room = max(width(short(name), SMALL) for each in paths for name in below(each))
    lines = max(sum(gaps(side, paths)) for side in (right_of(paths), left_of(paths)))
    return room + AWAY + RADIUS + 8, max(2 * RADIUS + 24, lines + LINE)


def series_of(summaries: Mapping[str, Summary], kind: Kind | None) -> Iterator[Series]:
    """A line a judge in a set, or both sets of the first judge."""
    for place, (judge, summary) in enumerate(summaries.items()):
        if kind is not None:
            yield Series(judge, summary, kind, of_series(place, joined=True), judge)
        elif place == 0:
            for colour, each in enumerate(KINDS):
                look = Look(colour, "square" if each == "bon" else "circle", each == "bon", joined=True)
                yield Series(judge, summary, each, look, f"{judge}, {NAMES[each]}")


def measured(one: Series, paths: Sequence[str]) -> bool:
    """Whether a line has a point at all."""
    return any(figure_of(one.summary, path, one.kind) for path in paths)


def rings(around: Round) -> Iterator[str]:
    """The circles and axes."""
    for value in RINGS:
        css = "grid" if value < 1 else "axis"
        yield tag("circle", class_=f"{css} open", cx=around.x, cy=around.y, r=RADIUS * value)
    for axis in range(around.n):
        yield line(*around.at(axis, 0), *around.at(axis, 1), "grid")


def ring_labels(around: Round) -> Iterator[str]:
    """What the circles stand for, between the last axis and the first."""
    for value in RINGS:
        x, y = around.at(around.n - 0.5, value)
        yield words(x, y + 4, f"{value:g}", "small haloed", text_anchor="middle")


# Names: of a few axes at their ends; of many in two columns beside the circle, with a line from each axis to its name.


def close_name(path: str) -> str:
    """A scenario's name with its family's."""
    return short(" / ".join(part for part in below(path) if part))


def close_names(around: Round, paths: Sequence[str]) -> Iterator[str]:
    """The names at the ends of the axes."""
    for axis, each in enumerate(paths):
        x, y = around.at(axis, 1, CLOSE)
        aside = math.sin(around.angle(axis))
        anchor = "middle" if abs(aside) < 0.01 else "start" if aside > 0 else "end"
        yield words(x, y + 4, close_name(each), "small", text_anchor=anchor, data_tip=named(each))


def right_of(paths: Sequence[str]) -> list[int]:
    """The axes that point to the right, from the top down."""
    return [axis for axis in range(len(paths)) if axis * 2 < len(paths)]


def left_of(paths: Sequence[str]) -> list[int]:
    """The axes that point to the left, from the top down."""
    return [axis for axis in reversed(range(len(paths))) if axis * 2 >= len(paths)]


def short(name: str) -> str:
    """A name, shortened to what there is room for."""
    return shortened(name, LONGEST_NAME, SMALL)


def gaps(side: Sequence[int], paths: Sequence[str]) -> list[float]:
    """Pixels that each name of a column needs above its baseline: more for the first of a family."""
    found = []
    for _, group in groupby(side, key=lambda axis: below(paths[axis])[0]):
        axes = list(group)
        headed = bool(below(paths[axes[0]])[0])
        found += [LINE + FAMILY if headed else LINE, *[LINE] * (len(axes) - 1)]
    return found


def columns(around: Round, paths: Sequence[str], height: float) -> Iterator[str]:
    """The scenarios' names at both sides, each below its family's, as near to their axes as there is room."""
    top, bottom = around.y - height / 2, around.y + height / 2
    for side, towards in ((right_of(paths), 1), (left_of(paths), -1)):
        # Even steps, as the axes' angles are: names as high as their axes' ends would crowd at top and bottom.
        turns = [min(axis, around.n - axis) / (around.n / 2) for axis in side]
        wanted = [around.y + 4 + (2 * turn - 1) * RADIUS for turn in turns]
        needed = gaps(side, paths)
        x, anchor = around.x + towards * (RADIUS + AWAY), "start" if towards > 0 else "end"
        for axis, gap, y in zip(side, needed, spread(wanted, needed, top - 4, bottom - 4), strict=True):
            family, name = below(paths[axis])
            if gap > LINE:
                yield words(x, y - LINE, short(family), "small strong", text_anchor=anchor)
            tip_at = around.at(axis, 1, STUB)
            yield path([around.at(axis, 1), tip_at, (x - towards * 5, y - 4)], "leader")
            full = named(paths[axis])
            yield words(x, y, short(name), "small", text_anchor=anchor, data_tip=full)


# Lines.


def polygon(around: Round, one: Series, paths: Sequence[str]) -> Iterator[str]:
    """A series: a line around the circle, broken where nothing was measured, and its marks."""
    figures = [figure_of(one.summary, each, one.kind) for each in paths]
    places = [
        None if found is None else around.at(axis, found["value"]) for axis, found in enumerate(figures)
    ]
    yield tag("g", *stretches(places), class_=one.look.css)
    for each, found, place in zip(paths, figures, places, strict=True):
        if found is not None and place is not None:
            yield standing(
                [mark(*place, one.look, 3.2)],
                one.look,
                value=found["value"],
                path=place_of(each, one.kind),
                tip=tip_of(one.judge, one.summary, each),
                judge=one.judge,
            )


def stretches(places: Sequence[Place | None]) -> Iterator[str]:
    """The lines between neighbours that both have a point; closed where all have one."""
    if None not in places and len(places) > 2:
        yield path([place for place in places if place is not None], "line", closed=True)
        return
    # Begun behind a gap, so that a stretch over the top is one.
    start = next((at + 1 for at, place in enumerate(places) if place is None), 0)
    turned = [*places[start:], *places[:start]]
    for there, group in groupby(turned, key=lambda place: place is not None):
        points = [place for place in group if place is not None]
        if there and len(points) > 1:
            yield path(points, "line")


def said(drawn: Sequence[Series], paths: Sequence[str]) -> str:
    """What is to be seen, in words."""
    return " ".join(
        extremes(
            one.judge,
            [(path.partition("/")[2], figure_of(one.summary, path, one.kind)) for path in paths],
            NAMES[one.kind],
        )
        for one in drawn
    )
