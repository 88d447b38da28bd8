"""How right a judge is, by how sure it says it is: a reliability diagram, with the verdicts counted below it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rmb.report.figures.marks import Look, legend, mark, of_series, standing
from rmb.report.figures.reading import Summary
from rmb.report.figures.scales import Linear, fitting
from rmb.report.figures.svg import HEAD, figure, line, named, path, shortened, tag, words

WIDTH, LEFT, RIGHT = 470.0, 56.0, 456.0
SIDE, STRIP = 300.0, 60.0
"""Heights of the diagram and of the counts below it."""
WORDS = {"shown": "each showing", "averaged": "both orders averaged"}

Block = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Curve:
    """One line of the diagram: verdicts of a judge. which: the block's name, "shown" or "averaged"."""

    judge: str
    which: str
    block: Block
    look: Look
    name: str

    def bins(self) -> Iterator[tuple[int, Block]]:
        """The bins that hold verdicts, by their numbers."""
        for number, one in enumerate(self.block["bins"]):
            if one["accuracy"] is not None and one["confidence"] is not None:
                yield number, one

    @property
    def verdicts(self) -> int:
        """Verdicts in all bins."""
        return sum(int(one["n"]) for _, one in self.bins())


def calibration(summaries: Mapping[str, Summary], *, prefix: str = "calibration") -> str | None:
    """Accuracy against stated confidence of the judges that state one; None where none does.

    One judge: its single showings, and beside them the scores averaged over both orders. Several: single showings.
    On the dashed line a judge is right as often as it says. The strip below shows which share of a judge's verdicts
    lies in each bin.
    """
    curves = list(curves_of(summaries))
    if not curves:
        return None
    alone = curves[0].judge if len(summaries) == 1 else None
    head = HEAD + 6 if alone else 0
    key, down = legend([(one.name, one.look) for one in curves], LEFT - 4, 4 + head, WIDTH)
    top = 4 + head + down
    across = Linear(0.5, 1.0, LEFT, RIGHT, 0.1)
    up = Linear(lowest(curves), 1.0, top + SIDE, top, 0.1)
    floor = top + SIDE + 18 + STRIP
    share = fitting(
        [0, *(each["n"] / one.verdicts for one in curves for _, each in one.bins())],
        floor,
        floor - STRIP,
        most=2,
    )

    def body() -> Iterator[str]:
        if alone:
            yield words(LEFT, HEAD, shortened(alone, RIGHT - LEFT - 40, HEAD), "heading")
        yield from key
        yield from axes(across, up, share)
        for number, one in enumerate(curves):
            yield from joined(one, across, up)
            yield from counts(one, (number, len(curves)), across, share)

    desc = " ".join(in_words(one) for one in curves)
    return figure((WIDTH, floor + 40), body(), title="Calibration", desc=desc, prefix=prefix)


def curves_of(summaries: Mapping[str, Summary]) -> Iterator[Curve]:
    """The lines to be drawn. A judge whose margins say nothing has none: it comes out calibrated at ½ for no merit."""
    blocks = {judge: (one.get("behaviour") or {}).get("calibration") for judge, one in summaries.items()}
    known = {judge: block for judge, block in blocks.items() if block is not None}
    for place, judge in enumerate(summaries):
        if judge not in known:
            continue
        for number, which in enumerate(("shown", "averaged") if len(summaries) == 1 else ("shown",)):
            block = known[judge].get(which)
            if block is not None and block["scale"] != "none" and any(one["n"] for one in block["bins"]):
                look = (
                    of_series(place, joined=True)
                    if not number
                    else Look(1, "square", hollow=True, joined=True)
                )
                name = WORDS[which] if len(summaries) == 1 else shortened(judge, 190)
                scores = f"ECE {block['ece']:.3f}, Brier {block['brier']:.3f}"
                yield Curve(judge, which, block, look, f"{name}: {scores}")


def lowest(curves: Sequence[Curve]) -> float:
    """Where the axis of accuracy begins: a tenth at or below the least, and below one half."""
    least = min(one["accuracy"] for curve in curves for _, one in curve.bins())
    return max(0.0, min(4, int(least * 10)) / 10)


def axes(across: Linear, up: Linear, share: Linear) -> Iterator[str]:
    """Grid, diagonal, and what the axes are."""
    floor = share.start
    for tick in share.ticks():
        yield line(LEFT, share(tick), RIGHT, share(tick), "grid" if tick else "axis")
        yield words(LEFT - 6, share(tick) + 4, f"{100 * tick:.12g} %", "small", text_anchor="end")
    for tick in up.ticks():
        yield line(LEFT, up(tick), RIGHT, up(tick), "grid")
        yield words(LEFT - 6, up(tick) + 4, f"{tick:g}", "small", text_anchor="end")
    for tick in across.ticks():
        yield line(across(tick), up(1), across(tick), up.start, "grid")
        yield words(across(tick), floor + 16, f"{tick:g}", "small", text_anchor="middle")
    yield line(across(0.5), up(0.5), across(1), up(1), "chance")
    yield words((LEFT + RIGHT) / 2, floor + 34, "confidence", "label", text_anchor="middle")
    for y, text in (((up(1) + up.start) / 2, "accuracy"), (floor - STRIP / 2, "share")):
        turned = f"rotate(-90 12 {y:.2f})"
        yield words(12, y, text, "label", text_anchor="middle", transform=turned)


def joined(one: Curve, across: Linear, up: Linear) -> Iterator[str]:
    """A judge's bins as marks on a line; an empty bin has none, and the line runs past it."""
    bins = list(one.bins())
    places = [(across(each["confidence"]), up(each["accuracy"])) for _, each in bins]
    yield tag("g", path(places, "line"), class_=one.look.css)
    for (number, each), (x, y) in zip(bins, places, strict=True):
        yield standing(
            [mark(x, y, one.look)],
            one.look,
            value=each["accuracy"],
            path=f"behaviour.calibration.{one.which}.bins.{number}.accuracy",
            tip=tip(one, each),
            judge=one.judge,
        )


def counts(one: Curve, place: tuple[int, int], across: Linear, share: Linear) -> Iterator[str]:
    """The share of a judge's verdicts in each bin, as bars beside those of the others. place: its number, of how many."""
    number, of = place
    for at, each in one.bins():
        left, right = across(each["low"]) + 2, across(each["high"]) - 2
        wide, top = (right - left) / of, share(each["n"] / one.verdicts)
        yield standing(
            [tag("rect", class_="bar", x=left + number * wide, y=top, width=wide, height=share.start - top)],
            one.look,
            value=each["n"],
            path=f"behaviour.calibration.{one.which}.bins.{at}.n",
            tip=tip(one, each),
            judge=one.judge,
        )


def tip(one: Curve, each: Block) -> str:
    """A bin's tooltip."""
    return "\n".join(
        [
            f"{named(one.judge)}, {WORDS[one.which]}",
            f"confidence {each['low']:g}–{each['high']:g}, mean {each['confidence']:.3f}",
            f"right: {each['accuracy']:.3f}, n = {each['n']:,}",
        ]
    )


def in_words(one: Curve) -> str:
    """What a curve shows, in a sentence."""
    off = [each["accuracy"] < each["confidence"] for _, each in one.bins()]
    return (
        f"{named(one.judge)}, {WORDS[one.which]}: in {sum(off)} of {len(off)} bins right less often than it says"
        f" (expected calibration error {one.block['ece']:.3f}, n = {one.block['n']:,})."
    )
