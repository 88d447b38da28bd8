"""How often each length of time: a histogram a judge, one below the other on the same axis."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from rmb.report.figures.marks import Look, standing
from rmb.report.figures.scales import Linear, Logarithmic, Scale, fitting, rounded
from rmb.report.figures.svg import figure, line, named, shortened, tag, words

WIDTH, LEFT, RIGHT = 540.0, 74.0, 516.0
PANEL, HEAD = 92.0, 34.0
WIDE = 20.0
"""Last edge over first from which on the axis is logarithmic."""

Block = Mapping[str, Any]


def histogram(bins: Mapping[str, Block], unit: str = "seconds", *, prefix: str = "histogram") -> str | None:
    """Counts by bin, of each judge by its name; None where nothing was counted.

    A block: {"edges": n + 1 ascending numbers, "counts": n whole numbers}; a count is of the bin between an edge and
    the next. All share the axis, logarithmic where edges are above 0 and far apart; bars of one judge have one scale.
    """
    known = {judge: block for judge, block in bins.items() if any(block["counts"])}
    if not known:
        return None
    across = axis(known.values())
    bottom = len(known) * (PANEL + HEAD)

    def body() -> Iterator[str]:
        for number, (judge, block) in enumerate(known.items()):
            top = number * (PANEL + HEAD) + HEAD
            yield from panel(judge, block, Look(number), across=across, top=top, unit=unit)
        for tick in across.ticks():
            yield line(across(tick), bottom, across(tick), bottom + 4, "axis")
            yield words(across(tick), bottom + 17, f"{tick:,.12g}", "small", text_anchor="middle")
        scale = " (logarithmic)" if isinstance(across, Logarithmic) else ""
        yield words((LEFT + RIGHT) / 2, bottom + 36, unit + scale, "label", text_anchor="middle")

    desc = " ".join(in_words(judge, block, unit) for judge, block in known.items())
    return figure((WIDTH, bottom + 44), body(), title=f"Histogram of {unit}", desc=desc, prefix=prefix)


def axis(blocks: Collection[Block]) -> Scale:
    """The axis of all edges."""
    edges = [edge for block in blocks for edge in block["edges"]]
    low, high = min(edges), max(edges)
    if low > 0 and high / low >= WIDE:
        return Logarithmic(low, high, LEFT, RIGHT)
    return fitting([low, high], LEFT, RIGHT, bounds=(low, high if high > low else low + 1))


def panel(judge: str, block: Block, look: Look, *, across: Scale, top: float, unit: str) -> Iterator[str]:
    """A judge's bars below its name."""
    floor, most = top + PANEL, max(block["counts"])
    up = Linear(0, most, floor, top, rounded(max(most / 3, 1)))
    total = f"{named(judge)}, n = {sum(block['counts']):,}"
    yield words(LEFT, top - 10, shortened(total, RIGHT - LEFT), "label")
    for tick in up.ticks():
        yield line(LEFT, up(tick), RIGHT, up(tick), "grid" if tick else "axis")
        yield words(LEFT - 6, up(tick) + 4, f"{tick:,.12g}", "small", text_anchor="end")
    edges = zip(block["edges"], block["edges"][1:], block["counts"], strict=False)
    for low, high, count in edges:
        if count:
            left, right = across(low), across(high)
            gap = min(0.5, (right - left) / 4)
            bar = {
                "x": left + gap,
                "width": right - left - 2 * gap,
                "y": up(count),
                "height": floor - up(count),
            }
            tip = f"{named(judge)}\n{low:.3g} to {high:.3g} {unit}: {count:,}"
            drawn = [tag("rect", class_="bar", **bar)]
            yield standing(drawn, look, value=count, path=None, tip=tip, judge=judge)


def in_words(judge: str, block: Block, unit: str) -> str:
    """Where the most are, in a sentence."""
    at = max(range(len(block["counts"])), key=lambda place: block["counts"][place])
    low, high = block["edges"][at], block["edges"][at + 1]
    return f"{named(judge)}: {sum(block['counts']):,}, most between {low:.3g} and {high:.3g} {unit}."
