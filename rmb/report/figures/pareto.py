"""What accuracy costs: dollars or seconds against Overall, and the ways of judging that nobody should pass over."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from rmb.metrics import pareto as metrics
from rmb.report.figures.marks import Look, legend, mark, standing, whisker
from rmb.report.figures.reading import Figure, Summary, bounds, tip
from rmb.report.figures.scales import Linear, Logarithmic, fitting
from rmb.report.figures.svg import SMALL, figure, line, named, path, shortened, width, words

WIDTH, LEFT, RIGHT, TOP, HEIGHT = 640.0, 56.0, 612.0, 30.0, 320.0
BREAK = 56.0
"""Pixels from 0 to where the other prices begin."""
FEW = 8
"""Points that may have their names beside them; more are numbered."""
NAME = 190.0

Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Priced:
    """A way of judging. price: per 1,000, in dollars or seconds; figure: its Overall; None where unknown. path: where that
    stands in the JSON.

    is_front: no other is better in one respect and no worse in any, see rmb.metrics.pareto.
    """

    name: str
    price: float | None
    figure: Figure | None
    is_front: bool
    path: str = "overall"


def points_of_study(results: Mapping[str, Any], *, of: str = "usd") -> list[Priced]:
    """The cells of a study's results.json, best first; dollars per 1,000 items, or with "seconds" these."""
    front = set(results.get("pareto") or ())
    return [
        Priced(
            str(cell["cell"]),
            (cell.get("cost") or {}).get(f"{of}_per_1000_items"),
            cell.get("overall"),
            cell["cell"] in front,
            f"leaderboard.{place}.overall",
        )
        for place, cell in enumerate(results.get("leaderboard") or ())
    ]


def points_of_runs(summaries: Mapping[str, Summary]) -> list[Priced]:
    """Runs by their summary.json, in their order; dollars per 1,000 verdicts. The front is one of dollars and accuracy."""
    found = [
        Priced(name, one.get("usd_per_1000_verdicts"), one.get("overall"), is_front=False)
        for name, one in summaries.items()
    ]
    drawn = {
        one.name: metrics.Point(one.figure["value"], one.price)
        for one in found
        if one.figure is not None and one.price is not None
    }
    front = metrics.pareto(drawn)
    return [Priced(one.name, one.price, one.figure, one.name in front) for one in found]


def pareto(
    points: Sequence[Priced], *, unit: str = "1,000 items", of: str = "US dollars", prefix: str = "pareto"
) -> str | None:
    """What `of` says per `unit`, against Overall, with 95 % intervals; None where no point has both.

    The axis of prices is logarithmic; what costs nothing stands at a 0 of its own, beyond a break. Filled marks are the Pareto set; the line
    joins those that are best for their price alone, as a set may hold others for their seconds, or their dollars.
    """
    drawn = [one for one in points if one.price is not None and one.figure is not None]
    if not drawn:
        return None
    sides = tuple(
        (text, Look(0, hollow=hollow))
        for text, hollow, there in (
            ("Pareto set", False, any(one.is_front for one in drawn)),
            ("others", True, not all(one.is_front for one in drawn)),
        )
        if there
    )
    key, _ = legend(sides, LEFT, 2, WIDTH)
    across = prices([one.price for one in drawn if one.price is not None])
    up = fitting(bounds(one.figure for one in drawn), TOP + HEIGHT, TOP + 8)
    names, numbered = labels(drawn, across, up)
    foot, height = footnotes(drawn if numbered else [], [one.name for one in points if one not in drawn])

    def body() -> Iterator[str]:
        yield from key
        yield from axes(across, up, f"{of} per {unit}")
        if corners := staircase(drawn, across, up):
            yield path(corners, "front")
        yield from (point(one, across, up, of) for one in drawn)
        yield from names
        yield from foot

    return figure((WIDTH, height), body(), title="Cost against accuracy", desc=said(drawn, of), prefix=prefix)


def prices(usd: Sequence[float]) -> Logarithmic:
    """The axis of prices: a little wider than its points, and with a 0 of its own where something costs nothing."""
    paid = [each for each in usd if each > 0] or [1.0]
    free = len(paid) < len(usd) or any(each <= 0 for each in usd)
    low, high = min(paid) / 1.5, max(paid) * 1.5
    if high / low < 10:
        low, high = low / 2, high * 2
    return Logarithmic(low, high, LEFT + (BREAK if free else 0), RIGHT, LEFT + 18 if free else None)


def axes(across: Logarithmic, up: Linear, what: str) -> Iterator[str]:
    """Grid, ticks, the break after 0, and what the axes are."""
    floor = up.start
    for tick in up.ticks():
        yield line(LEFT, up(tick), RIGHT, up(tick), "grid")
        yield words(LEFT - 6, up(tick) + 4, f"{tick:g}", "small", text_anchor="end")
    for tick in across.ticks():
        yield line(across(tick), floor, across(tick), floor + 4, "axis")
        yield words(across(tick), floor + 17, f"{tick:,.12g}", "small", text_anchor="middle")
    if across.zero is None:
        yield line(LEFT, floor, RIGHT, floor, "axis")
    else:
        gap = (across.zero + across.start) / 2
        yield line(LEFT, floor, gap - 3, floor, "axis")
        yield line(gap + 3, floor, RIGHT, floor, "axis")
        for x in (gap - 3, gap + 3):
            yield line(x - 3, floor + 5, x + 3, floor - 5, "axis")
    told = f"{what} (logarithmic{', 0 apart' if across.zero is not None else ''})"
    yield words((LEFT + RIGHT) / 2, floor + 36, told, "label", text_anchor="middle")
    middle = (TOP + floor) / 2
    turned = f"rotate(-90 14 {middle:.2f})"
    yield words(14, middle, "Overall", "label", text_anchor="middle", transform=turned)


def best_for_price(drawn: Sequence[Priced]) -> list[tuple[float, float]]:
    """Dollars and Overall of the front's points that are better than all that cost no more, cheapest first."""
    found: list[tuple[float, float]] = []
    places = [
        (one.price, one.figure["value"])
        for one in drawn
        if one.is_front and one.figure and one.price is not None
    ]
    for usd, value in sorted(places, key=lambda place: (place[0], -place[1])):
        if not found or value > found[-1][1]:
            found.append((usd, value))
    return found


def staircase(drawn: Sequence[Priced], across: Logarithmic, up: Linear) -> list[tuple[float, float]]:
    """The corners of what can be had for a price: a line that goes up where a better one begins."""
    corners: list[tuple[float, float]] = []
    for usd, value in best_for_price(drawn):
        x, y = across(usd), up(value)
        if corners:
            corners.append((x, corners[-1][1]))
        corners.append((x, y))
    return [*corners, (RIGHT, corners[-1][1])] if corners else []


def point(one: Priced, across: Logarithmic, up: Linear, of: str) -> str:
    """A mark with its interval."""
    assert one.figure is not None
    assert one.price is not None
    x, y, look = across(one.price), up(one.figure["value"]), Look(0, hollow=not one.is_front)
    drawn = [*whisker(one.figure, up, x, upright=True), mark(x, y, look)]
    price = f"{one.price:,.4g} {of}" + (", in the Pareto set" if one.is_front else "")
    told = tip(one.name, one.figure, price)
    return standing(drawn, look, value=one.figure["value"], path=one.path, tip=told, judge=one.name)


def labels(drawn: Sequence[Priced], across: Logarithmic, up: Linear) -> tuple[list[str], bool]:
    """The points' names beside them, and False; their numbers, and True, where there are too many or one has no room."""
    names = [shortened(one.name, NAME, SMALL) for one in drawn]
    placed = placed_beside(names, drawn, across, up) if len(drawn) <= FEW else [None]
    numbered = None in placed
    if numbered:
        names = [str(number) for number, _ in enumerate(drawn, 1)]
        placed = placed_beside(names, drawn, across, up)
    # A number that is in the way everywhere stands beside its point all the same.
    beside = [(across(one.price or 0) + 7, up(one.figure["value"]) + 4) for one in drawn if one.figure]
    spots = [
        place if box is None else (box[0], box[3] - 4) for box, place in zip(placed, beside, strict=True)
    ]
    return [words(x, y, text, "small") for (x, y), text in zip(spots, names, strict=True)], numbered


def placed_beside(
    texts: Sequence[str], drawn: Sequence[Priced], across: Logarithmic, up: Linear
) -> list[Box | None]:
    """A free place for each text beside its point; None for one that finds none."""
    spots = [(across(one.price or 0), up(one.figure["value"])) for one in drawn if one.figure is not None]
    taken: list[Box] = [(x - 6, y - 6, x + 6, y + 6) for x, y in spots]
    for one, (x, _) in zip(drawn, spots, strict=True):
        ends = sorted(up(value) for value in bounds([one.figure]))
        taken.append((x - 4, ends[0], x + 4, ends[-1]))
    corners = staircase(drawn, across, up)
    for (x1, y1), (x2, y2) in pairwise(corners):
        taken.append((min(x1, x2) - 1, min(y1, y2) - 1, max(x1, x2) + 1, max(y1, y2) + 1))
    found: list[Box | None] = []
    for text, (x, y) in zip(texts, spots, strict=True):
        free = next((box for box in around(x, y, width(text, SMALL)) if clear(box, taken)), None)
        if free is not None:
            taken.append(free)
        found.append(free)
    return found


def around(x: float, y: float, wide: float) -> Iterator[Box]:
    """The places that a name may have beside a point: right or left of it, a little higher or lower."""
    for downs in ((0, -12, 12), (-24, 24)):
        for left in (x + 9, x - 9 - wide):
            for down in downs:
                yield left, y - 8 + down, left + wide, y + 8 + down


def clear(box: Box, taken: Sequence[Box]) -> bool:
    """Whether a place is inside the plot and touches none that is taken."""
    left, top, right, bottom = box
    inside = left >= LEFT and right <= WIDTH and top >= TOP and bottom <= TOP + HEIGHT
    return inside and not any(left < r and x < right and top < b and t < bottom for x, t, r, b in taken)


def footnotes(numbered: Sequence[Priced], missing: Sequence[str]) -> tuple[list[str], float]:
    """Below the plot: the names of numbered points, and what has no place in it; and where the figure ends."""
    y = TOP + HEIGHT + 46
    drawn = []
    for number, one in enumerate(numbered, 1):
        assert one.figure is not None
        y += 16
        drawn.append(words(LEFT + 14, y, str(number), "small", text_anchor="end"))
        drawn.append(words(LEFT + 24, y, f"{one.figure['value']:.3f}", "small"))
        drawn.append(words(LEFT + 62, y, shortened(one.name, WIDTH - LEFT - 62, SMALL), "small"))
    if missing:
        y += 16
        told = f"Price or figure unknown: {', '.join(map(named, missing))}"
        drawn.append(words(LEFT, y, shortened(told, WIDTH - LEFT, SMALL), "small faint"))
    return drawn, y + (8 if drawn else 0)


def said(drawn: Sequence[Priced], of: str) -> str:
    """What is to be seen, in words."""
    told = [
        f"{named(one.name)}: Overall {one.figure['value']:.3f} for {one.price:,.4g} {of}"
        for one in drawn
        if one.is_front and one.figure is not None
    ]
    return f"The Pareto set: {'; '.join(told) or 'nothing'}. {len(drawn)} points in all."
