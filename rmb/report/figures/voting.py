"""How well panels agree with the labels, by how many judges they have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import ceil
from typing import Any

from rmb.report.figures.marks import Look, legend, mark, of_series, standing, whisker
from rmb.report.figures.reading import bounds, tip
from rmb.report.figures.scales import Linear, fitting
from rmb.report.figures.svg import figure, line, named, path, tag, width, words

WIDTH, LEFT, RIGHT, HEIGHT = 560.0, 56.0, 540.0, 300.0
NAMES: Mapping[str, str] = {
    "majority": "majority, mean of the panels",
    "weighted": "weighted by accuracy",
    "log_odds": "weighted by log-odds",
}
SINGLE = Look(6, "diamond", hollow=True)
DASHED, BAND = "majority of independent judges", "worst to best panel"

Found = Mapping[str, Any]
Line = Mapping[str, Any]


def voting(found: Found, *, prefix: str = "voting") -> str:
    """Agreement by panel size: the mean of the panels under each rule, the main one's with 95 % intervals and a band
    from its worst to its best panel; each judge alone; dashed, what Condorcet's theorem gives for independent judges.

    found: as `rmb vote --json`.
    """
    rules = {rule: each["sizes"] for rule, each in found["rules"].items()}
    looks = {rule: of_series(number, joined=True) for number, rule in enumerate(rules)}
    main = next(iter(rules))
    key, down = legend(
        [*((NAMES[rule], look) for rule, look in looks.items()), ("each judge alone", SINGLE)],
        LEFT - 4,
        4,
        WIDTH,
    )
    top = down + 26
    across = Linear(1, len(rules[main]), LEFT + 14, RIGHT - 14, float(ceil(len(rules[main]) / 12)))
    up = fitting(values(found), top + HEIGHT, top)

    def body() -> Iterator[str]:
        yield from band(rules[main], across, up)
        yield from key
        yield from second_key(down + 10, dashed=bool(expected(rules)))
        yield from axes(across, up)
        yield from (path(points, "open chance") for points in [places(expected(rules), across, up)] if points)
        yield from alone(found, across, up)
        for rule, sizes in reversed(rules.items()):
            yield from curve(rule, sizes, (across, up), looks[rule], whiskers=rule == main)

    size = (WIDTH, top + HEIGHT + 40)
    return figure(
        size, body(), title="Agreement with the labels by panel size", desc=said(found), prefix=prefix
    )


def expected(rules: Mapping[str, Sequence[Line]]) -> list[tuple[int, float]]:
    """Size and agreement of independent judges; none where equal votes were not asked for."""
    sizes = rules.get("majority", ())
    return [(one["size"], one["independent"]) for one in sizes if one["independent"] is not None]


def values(found: Found) -> Iterator[float]:
    """All that the axis of agreement must hold."""
    yield from bounds(one["agreement"] for one in found["judges"])
    for each in found["rules"].values():
        yield from bounds(one["mean"] for one in each["sizes"])
    for one in next(iter(found["rules"].values()))["sizes"]:
        yield from (one[end]["value"] for end in ("worst", "best") if one[end] is not None)
    yield from (
        agreed for _, agreed in expected({rule: each["sizes"] for rule, each in found["rules"].items()})
    )


def places(known: Sequence[tuple[int, float]], across: Linear, up: Linear) -> list[tuple[float, float]]:
    """Points of a curve."""
    return [(across(size), up(agreed)) for size, agreed in known]


def band(sizes: Sequence[Line], across: Linear, up: Linear) -> Iterator[str]:
    """From the worst to the best panel of each size."""
    ends = [
        [(one["size"], one[end]["value"]) for one in sizes if one[end] is not None]
        for end in ("worst", "best")
    ]
    low, high = (places(each, across, up) for each in ends)
    if low:
        yield path([*low, *reversed(high)], "band", closed=True)
        yield from (path(each, "open axis") for each in (low, high))


def second_key(y: float, *, dashed: bool) -> Iterator[str]:
    """What the band is, and the dashed line if there is one."""
    yield tag("rect", class_="band", x=LEFT - 3, y=y - 8, width=16.0, height=9.0)
    yield from (line(LEFT - 3, edge, LEFT + 13, edge, "axis") for edge in (y - 8, y + 1))
    yield words(LEFT + 19, y, BAND)
    if dashed:
        x = LEFT + 19 + width(BAND) + 20
        yield line(x, y - 4, x + 16, y - 4, "chance")
        yield words(x + 22, y, DASHED)


def axes(across: Linear, up: Linear) -> Iterator[str]:
    """Grid, ticks, and what the axes are."""
    for tick in up.ticks():
        yield line(LEFT, up(tick), RIGHT, up(tick), "grid")
        yield words(LEFT - 6, up(tick) + 4, f"{tick:g}", "small", text_anchor="end")
    yield line(LEFT, up.start, RIGHT, up.start, "axis")
    for tick in across.ticks():
        yield words(across(tick), up.start + 17, f"{tick:g}", "small", text_anchor="middle")
    yield words((LEFT + RIGHT) / 2, up.start + 36, "judges on the panel", "label", text_anchor="middle")
    middle = (up.start + up.end) / 2
    turned = f"rotate(-90 14 {middle:.2f})"
    yield words(14, middle, "agreement with the labels", "label", text_anchor="middle", transform=turned)


def alone(found: Found, across: Linear, up: Linear) -> Iterator[str]:
    """Each judge as a panel of one."""
    for place, one in enumerate(found["judges"]):
        agreed = one["agreement"]
        if agreed is not None:
            drawn = [mark(across(1), up(agreed["value"]), SINGLE, 3.0)]
            told = tip(one["name"], agreed, "alone")
            where = f"judges.{place}.agreement"
            yield standing(drawn, SINGLE, value=agreed["value"], path=where, tip=told, judge=one["name"])


def curve(
    rule: str, sizes: Sequence[Line], scales: tuple[Linear, Linear], look: Look, *, whiskers: bool
) -> Iterator[str]:
    """The mean of the panels of each size."""
    across, up = scales
    known = [(place, one) for place, one in enumerate(sizes) if one["mean"] is not None]
    points = places([(one["size"], one["mean"]["value"]) for _, one in known], across, up)
    if points:
        yield tag("g", path(points, "line"), class_=look.css)
    for (place, one), (x, y) in zip(known, points, strict=True):
        drawn = [*whisker(one["mean"], up, x, upright=True)] if whiskers else []
        told = tip(f"{NAMES[rule]}, {one['size']} judges", one["mean"], f"panels: {one['panels']:,}")
        where = f"rules.{rule}.sizes.{place}.mean"
        drawn.append(mark(x, y, look, 3.5))
        yield standing(drawn, look, value=one["mean"]["value"], path=where, tip=told, judge=None)


def said(found: Found) -> str:
    """What is to be seen, in words."""
    rule, each = next(iter(found["rules"].items()))
    told = [f"{one['size']}: {one['mean']['value']:.3f}" for one in each["sizes"] if one["mean"] is not None]
    single = named(found["best_single"]["name"])
    return (
        f"Mean agreement by the number of judges, {NAMES[rule]}: {', '.join(told) or 'nothing was measured'}. "
        f"The judge that agrees best alone: {single}."
    )
