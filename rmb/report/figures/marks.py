"""Marks that stand for figures, and legends that say which is which. No mark is told from another by colour alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rmb.report.figures.reading import Figure
from rmb.report.figures.scales import Scale
from rmb.report.figures.svg import BODY, line, named, path, shortened, tag, width, words

COLOURS = 8
SHAPES = ("circle", "square", "triangle", "diamond")
CAP = 2.5
KEY, GAP, LEADING = 20.0, 20.0, 18.0
"""Of a legend: pixels before a name, after it, and from line to line."""


@dataclass(frozen=True, slots=True)
class Look:
    """How a series is drawn. colour: its number; shape: one of SHAPES; joined: its marks are on a line."""

    colour: int
    shape: str = "circle"
    hollow: bool = False
    joined: bool = False

    @property
    def css(self) -> str:
        """The class of its colour."""
        return f"series-{self.colour % COLOURS}"


def of_series(number: int, *, joined: bool = False) -> Look:
    """The look of a judge by its number: a colour and a shape, and hollow marks from the fifth on."""
    return Look(number, SHAPES[number % 4], hollow=number // 4 % 2 == 1, joined=joined)


def mark(x: float, y: float, look: Look, radius: float = 4.0) -> str:
    """A mark at a point; shapes of one radius look equally large."""
    css = "hollow" if look.hollow else "mark"
    if look.shape == "circle":
        return tag("circle", class_=css, cx=x, cy=y, r=radius)
    if look.shape == "square":
        half = radius * 0.89
        return tag("rect", class_=css, x=x - half, y=y - half, width=2 * half, height=2 * half)
    reach = radius * 1.25
    if look.shape == "diamond":
        return path([(x, y - reach), (x + reach, y), (x, y + reach), (x - reach, y)], css, closed=True)
    top, foot = y - reach, y + reach * 0.72
    return path([(x, top), (x + reach * 1.05, foot), (x - reach * 1.05, foot)], css, closed=True)


def standing(
    content: Sequence[str], look: Look | None, *, value: float, path: str | None, tip: str, judge: str | None
) -> str:
    """What stands for one figure: its drawing, with the unrounded number, its place in the summary, and a tooltip."""
    return tag(
        "g",
        *content,
        class_="point" if look is None else f"point {look.css}",
        data_judge=None if judge is None else named(judge),
        data_path=path,
        data_value=repr(value),
        data_tip=tip,
    )


def whisker(figure: Figure, scale: Scale, across: float, *, upright: bool = False) -> Iterator[str]:
    """A 95 % interval with its ends, at `across` on the other axis; nothing where there is none."""
    if figure.get("low") is None:
        return
    low, high = scale(figure["low"]), scale(figure["high"])
    ends = [(low, across, high, across)]
    ends += [(end, across - CAP, end, across + CAP) for end in (low, high)]
    for x1, y1, x2, y2 in ends:
        yield line(y1, x1, y2, x2, "whisker") if upright else line(x1, y1, x2, y2, "whisker")


def legend(
    entries: Sequence[tuple[str, Look]], left: float, top: float, right: float
) -> tuple[list[str], float]:
    """Marks with their names, in lines from left to right; and the pixels that they take from the top."""
    left += 3
    drawn, x, y = [], left, top + BODY
    for name, look in entries:
        told = shortened(name, min(400, right - left - KEY))
        if x > left and x + KEY + width(told) > right:
            x, y = left, y + LEADING
        key = [line(x - 2, y - 4, x + 14, y - 4, "line")] if look.joined else []
        drawn.append(tag("g", *key, mark(x + 6, y - 4, look), class_=look.css))
        drawn.append(words(x + KEY, y, told, "label", data_tip=named(name) if told != named(name) else None))
        x += KEY + width(told) + GAP
    return drawn, (y - top + 12 if entries else 0)
