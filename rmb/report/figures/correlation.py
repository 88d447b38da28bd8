"""Two figures of the same scorers against each other: a benchmark's and alignment's, or the ranks by them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from rmb.report.figures.marks import Look, mark, standing
from rmb.report.figures.pareto import Box, around
from rmb.report.figures.reading import Figure, bounds, in_words
from rmb.report.figures.scales import Linear, fitting
from rmb.report.figures.svg import SMALL, figure, line, named, shortened, tag, width, words

FEW = 12
"""Points that may have their names beside them; more are numbered."""
NAME = 170.0
LOOK = Look(0)


@dataclass(frozen=True, slots=True)
class Frame:
    """Where the plot is, in pixels, and how wide the drawing."""

    wide: float
    left: float
    right: float
    top: float
    floor: float


LARGE = Frame(640.0, 64.0, 614.0, 12.0, 340.0)
SMALLER = Frame(316.0, 60.0, 290.0, 10.0, 220.0)


@dataclass(frozen=True, slots=True)
class Scorer:
    """A scorer's two figures, either with an interval or without; path: where that of y stands in the JSON."""

    name: str
    x: Figure
    y: Figure
    path: str | None = None


def scatter(
    scorers: Sequence[Scorer],
    axes: tuple[str, str],
    *,
    ranks: bool = False,
    small: bool = False,
    prefix: str = "scatter",
) -> str | None:
    """A point for each scorer, its intervals as thin lines; None without any. axes: what x and y are.

    ranks: the figures are ranks, and the first stands at the top and the right. small: a drawing of half the width, in
    which names are in tooltips alone.
    """
    if not scorers:
        return None
    across, up, frame = fitted(scorers, SMALLER if small else LARGE, ranks=ranks)
    names, numbered = ([], False) if small else labels(scorers, across, up, frame)
    foot, height = footnotes(scorers if numbered else (), frame)

    def body() -> Iterator[str]:
        yield from grid(across, up, axes, frame)
        yield from (lines(one, across, up) for one in scorers)
        yield from (point(one, across, up, axes) for one in scorers)
        yield from names
        yield from foot

    title = f"{named(axes[1])} against {named(axes[0])}"
    return figure(
        (frame.wide, height), body(), title=title, desc=said(scorers, axes, ranks=ranks), prefix=prefix
    )


def fitted(scorers: Sequence[Scorer], frame: Frame, *, ranks: bool) -> tuple[Linear, Linear, Frame]:
    """The axes, and the frame with room for what they name: ratings take more of it than shares."""
    up = axis([one.y for one in scorers], (frame.floor, frame.top), ranks=ranks)
    across = axis([one.x for one in scorers], (frame.left, frame.right), ranks=ranks)
    high = max(width(named_tick(tick), SMALL) for tick in up.ticks())
    half = max(width(named_tick(tick), SMALL) for tick in across.ticks()) / 2
    frame = replace(
        frame, left=max(frame.left, high + 28, half), right=min(frame.right, frame.wide - half - 2)
    )
    ends = (frame.right, frame.left) if ranks else (frame.left, frame.right)
    return replace(across, start=ends[0], end=ends[1]), up, frame


def named_tick(tick: float) -> str:
    """A value that an axis names."""
    return f"{tick:.6g}"


def axis(figures: Sequence[Figure], ends: tuple[float, float], *, ranks: bool) -> Linear:
    """An axis that holds all figures and their intervals, whatever their size; that of ranks has 1 at its end."""
    values = list(bounds(figures))
    if ranks:
        return fitting(values, *ends[::-1], bounds=(1, max(2, *values)))
    low, high = min(values), max(values)
    if low >= 0 and high <= 1:
        return fitting(values, *ends, most=5)
    spare = max(high - low, 1e-3 * max(abs(low), abs(high)), 1e-6)
    return fitting(values, *ends, most=5, bounds=(low - spare, high + spare))


def grid(across: Linear, up: Linear, axes: tuple[str, str], frame: Frame) -> Iterator[str]:
    """Grid, ticks, and what the axes are."""
    for tick in up.ticks():
        yield line(frame.left, up(tick), frame.right, up(tick), "grid")
        yield words(frame.left - 6, up(tick) + 4, named_tick(tick), "small", text_anchor="end")
    for tick in across.ticks():
        yield line(across(tick), frame.top, across(tick), frame.floor, "grid")
        yield words(across(tick), frame.floor + 16, named_tick(tick), "small", text_anchor="middle")
    yield line(frame.left, frame.floor, frame.right, frame.floor, "axis")
    yield line(frame.left, frame.top, frame.left, frame.floor, "axis")
    centre, middle = (frame.left + frame.right) / 2, (frame.top + frame.floor) / 2
    told = shortened(axes[0], frame.right - frame.left)
    yield words(centre, frame.floor + 34, told, "label", text_anchor="middle")
    turned = f"rotate(-90 14 {middle:.2f})"
    told = shortened(axes[1], frame.floor - frame.top)
    yield words(14, middle, told, "label", text_anchor="middle", transform=turned)


def lines(one: Scorer, across: Linear, up: Linear) -> str:
    """A scorer's intervals, below all marks; nothing where none is known."""
    return tag("g", *(line(*each, "axis") for each in ends(one, across, up)))


def ends(one: Scorer, across: Linear, up: Linear) -> Iterator[Box]:
    """From where to where a scorer's intervals reach."""
    x, y = across(one.x["value"]), up(one.y["value"])
    if one.x.get("low") is not None:
        yield across(one.x["low"]), y, across(one.x["high"]), y
    if one.y.get("low") is not None:
        yield x, up(one.y["low"]), x, up(one.y["high"])


def point(one: Scorer, across: Linear, up: Linear, axes: tuple[str, str]) -> str:
    """A scorer's mark."""
    told = [
        named(one.name),
        *(f"{named(name)}: {in_words(it)}" for name, it in zip(axes, (one.x, one.y), strict=True)),
    ]
    drawn = mark(across(one.x["value"]), up(one.y["value"]), LOOK)
    return standing([drawn], LOOK, value=one.y["value"], path=one.path, tip="\n".join(told), judge=one.name)


def labels(scorers: Sequence[Scorer], across: Linear, up: Linear, frame: Frame) -> tuple[list[str], bool]:
    """Names beside the points, and False; numbers, and True, where there are too many or one has no room."""
    spots = [(across(one.x["value"]), up(one.y["value"])) for one in scorers]
    if len(scorers) <= FEW:
        names = [shortened(one.name, NAME, SMALL) for one in scorers]
        if None not in (placed := list(places(names, spots, frame))):
            return [
                words(*spot, name, "small haloed")
                for spot, name in zip(filter(None, placed), names, strict=True)
            ], False
    numbers = [str(number) for number, _ in enumerate(scorers, 1)]
    # A number that is in the way everywhere stands beside its point all the same.
    beside = [
        spot or (min(x + 7, frame.wide - width(text, SMALL)), y + 4)
        for spot, (x, y), text in zip(places(numbers, spots, frame), spots, numbers, strict=True)
    ]
    return [words(*spot, text, "small haloed") for spot, text in zip(beside, numbers, strict=True)], True


def places(
    texts: Sequence[str], spots: Sequence[tuple[float, float]], frame: Frame
) -> Iterator[tuple[float, float] | None]:
    """Where each text begins beside its point, free of marks and of other texts; None for one that finds no place."""
    taken: list[Box] = [(x - 6, y - 6, x + 6, y + 6) for x, y in spots]
    for text, (x, y) in zip(texts, spots, strict=True):
        free = next((box for box in around(x, y, width(text, SMALL)) if clear(box, taken, frame)), None)
        if free is None:
            yield None
        else:
            taken.append(free)
            yield free[0], free[3] - 4


def clear(box: Box, taken: Iterable[Box], frame: Frame) -> bool:
    """Whether a place is inside the plot and touches none that is taken."""
    left, top, right, bottom = box
    inside = left >= frame.left and right <= frame.wide and top >= 0 and bottom <= frame.floor
    return inside and not any(left < r and x < right and top < b and t < bottom for x, t, r, b in taken)


def footnotes(numbered: Sequence[Scorer], frame: Frame) -> tuple[list[str], float]:
    """The names of numbered points below the plot, in two columns; and where the figure ends."""
    top, half = frame.floor + 44, -(-len(numbered) // 2)
    room = (frame.wide - frame.left) / 2
    drawn = []
    for place, one in enumerate(numbered):
        x, y = frame.left + (place >= half) * room, top + 16 * (place % half + 1)
        drawn.append(words(x + 14, y, str(place + 1), "small", text_anchor="end"))
        drawn.append(words(x + 22, y, shortened(one.name, room - 30, SMALL), "small"))
    return drawn, top + 16 * half + (8 if numbered else 0)


def said(scorers: Sequence[Scorer], axes: tuple[str, str], *, ranks: bool) -> str:
    """What is to be seen, in words."""
    best, worst = (min, max) if ranks else (max, min)
    ends = [
        f"{word} {named(axes[1])}: {named(found.name)}"
        for word, found in (
            ("Best", best(scorers, key=lambda one: one.y["value"])),
            ("worst", worst(scorers, key=lambda one: one.y["value"])),
        )
    ]
    return f"{len(scorers)} scorers. {'; '.join(ends)}."
