"""The scenarios of a goal as dots with their intervals, sorted: one row a scenario, both sets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from rmb.outcomes import CHANCE
from rmb.report.figures.marks import Look, legend, mark, of_series, standing, whisker
from rmb.report.figures.reading import (
    KINDS,
    NAMES,
    Kind,
    Summary,
    below,
    bounds,
    extremes,
    figure_of,
    paths_of,
    place_of,
    tip_of,
)
from rmb.report.figures.scales import Linear, fitting
from rmb.report.figures.svg import BODY, HEAD, figure, line, named, shortened, tag, width, words, words_in
from rmb.report.table import finest

PLOT, MARGIN = 450.0, 14.0
"""Pixels of the panels together, and right of them."""
LONGEST_NAME = 345.0
LANE = 7.0
"""Pixels from one interval of a row to the next."""
SPARE = 10.0
BETWEEN = 28.0


@dataclass(frozen=True)
class Rows:
    """What is drawn: the judges, the goal's scenarios in their order, and the panels with their sets.

    One judge: both sets in one panel. Several: a panel a set, so that judges stand side by side.
    """

    summaries: Mapping[str, Summary]
    paths: Sequence[str]
    wanted: Sequence[Kind]

    @classmethod
    def of(cls, summaries: Mapping[str, Summary], goal: str, wanted: Sequence[Kind]) -> Rows:
        """The rows of a goal, best first by the first judge's pairs (the larger set); without these, by its lists."""
        first = next(iter(summaries.values()), {})

        def rank(path: str) -> tuple[float, ...]:
            figures = (figure_of(first, path, kind) for kind in wanted)
            return tuple(2.0 if figure is None else -figure["value"] for figure in figures)

        return cls(summaries, sorted(paths_of(summaries, goal), key=rank), wanted)

    @cached_property
    def kinds(self) -> list[Kind]:
        """The sets in which anything was measured."""
        return [
            kind
            for kind in self.wanted
            if any(figure_of(one, path, kind) for one in self.summaries.values() for path in self.paths)
        ]

    @cached_property
    def panels(self) -> list[list[Kind]]:
        """The sets of each panel, from left to right."""
        return [self.kinds] if len(self.summaries) == 1 else [[kind] for kind in self.kinds]

    @property
    def lanes(self) -> int:
        """Intervals of a row, one below the other."""
        return max(len(self.panels[0]), len(self.summaries))

    @property
    def height(self) -> float:
        """Pixels of a row."""
        return self.lanes * LANE + SPARE

    def look(self, judge: int, kind: Kind) -> Look:
        """Of one judge filled circles are pairs, hollow squares lists, as in its radar; judges side by side have a shape each."""
        if len(self.summaries) > 1:
            return of_series(judge)
        return Look(int(kind == "bon"), "square" if kind == "bon" else "circle", hollow=kind == "bon")

    def scale(self, panel: Sequence[Kind], start: float, end: float) -> Linear:
        """The axis of a panel, which holds all its intervals, and those of other goals: their figures have the same."""
        figures = (
            figure_of(one, path, kind)
            for one in self.summaries.values()
            for path in finest(one["scenarios"])
            for kind in panel
        )
        return fitting(bounds(figures), start, end, most=6 if len(self.panels) == 1 else 5)


def scenarios(
    summaries: Mapping[str, Summary],
    goal: str,
    kind: Kind | None = None,
    *,
    chance: bool = True,
    prefix: str = "scenarios",
) -> str | None:
    """The scenarios of a goal, best first by the first judge's figure; None where nothing was measured.

    summaries: of each judge, by its name, in the order of their colours. kind: one set alone. chance: a line at what a pair is worth to a
    coin. An interval is 95 %; a mark without one had too little to make one of. No mark: nothing was measured.
    """
    rows = Rows.of(summaries, goal, KINDS if kind is None else (kind,))
    if not rows.kinds:
        return None
    names = {path: told(path) for path in rows.paths}
    left = max(width(f"{family}{name}") for family, name in names.values()) + 14
    entries = entries_of(rows)
    wide = left + PLOT + MARGIN
    key, down = legend(entries, left, HEAD + 12, wide)
    top = HEAD + 12 + down + (18 if len(rows.panels) > 1 else 0)
    bottom = top + rows.height * len(rows.paths)

    def body() -> Iterator[str]:
        yield words(0, HEAD, shortened(goal.capitalize(), wide, HEAD), "heading")
        yield from key
        yield from labels(rows, names, left, top)
        room = (PLOT - BETWEEN * (len(rows.panels) - 1)) / len(rows.panels)
        for number, panel in enumerate(rows.panels):
            start = left + number * (room + BETWEEN)
            scale = rows.scale(panel, start + 6, start + room)
            yield from grid(scale, top, bottom, chance=chance and "pairwise" in panel)
            if len(rows.panels) > 1:
                yield words(
                    (start + room + start) / 2, top - 8, NAMES[panel[0]], "label", text_anchor="middle"
                )
            yield from dots(rows, panel, scale, top)

    height = bottom + 40
    desc = f"{said(rows)} Rows are sorted by the first judge's {NAMES[rows.kinds[0]]} figure."
    return figure(
        (wide, height), body(), title=f"Scenarios of {goal}, with 95 % intervals", desc=desc, prefix=prefix
    )


def entries_of(rows: Rows) -> list[tuple[str, Look]]:
    """The legend: the sets of one judge, or the judges."""
    if len(rows.summaries) == 1:
        judge = next(iter(rows.summaries))
        return [(f"{judge}, {NAMES[kind]}", rows.look(0, kind)) for kind in rows.kinds]
    return [(judge, rows.look(number, rows.kinds[0])) for number, judge in enumerate(rows.summaries)]


def told(path: str) -> tuple[str, str]:
    """A row's label: the family with a slash, and the scenario, shortened to what there is room for."""
    family, name = below(path)
    family = shortened(f"{family} / ", LONGEST_NAME * 0.45) if family else ""
    return family, shortened(name, LONGEST_NAME - width(family))


def labels(rows: Rows, names: Mapping[str, tuple[str, str]], left: float, top: float) -> Iterator[str]:
    """A band for every other row, and the rows' names beside it."""
    for number, (path, (family, name)) in enumerate(names.items()):
        y = top + number * rows.height
        if number % 2 == 0:
            yield tag("rect", class_="band", x=0, y=y, width=left + PLOT + MARGIN, height=rows.height)
        yield tag(
            "text",
            tag("tspan", words_in(family), class_="faint"),
            words_in(name),
            class_="label",
            x=left - 8,
            y=y + rows.height / 2 + BODY * 0.35,
            text_anchor="end",
            data_tip=named(path),
        )


def grid(scale: Linear, top: float, bottom: float, *, chance: bool) -> Iterator[str]:
    """Upright lines at the axis' ticks with their values below, and a broken one at a coin's."""
    for tick in scale.ticks():
        yield line(scale(tick), top, scale(tick), bottom, "grid")
        yield words(scale(tick), bottom + 16, f"{tick:g}", "small", text_anchor="middle")
    if chance and scale.low < CHANCE < scale.high:
        yield line(scale(CHANCE), top, scale(CHANCE), bottom, "chance")
        yield words(scale(CHANCE), bottom + 32, "a coin, on pairs", "small", text_anchor="middle")


def dots(rows: Rows, panel: Sequence[Kind], scale: Linear, top: float) -> Iterator[str]:
    """The marks of a panel with their intervals: judges, or else sets, one below the other in each row."""
    for row, path in enumerate(rows.paths):
        for number, (judge, summary) in enumerate(rows.summaries.items()):
            for place, kind in enumerate(panel):
                found = figure_of(summary, path, kind)
                if found is None:
                    continue
                lane = max(number, place) - (max(len(panel), len(rows.summaries)) - 1) / 2
                y = top + (row + 0.5) * rows.height + lane * LANE
                look = rows.look(number, kind)
                drawn = [*whisker(found, scale, y), mark(scale(found["value"]), y, look, 3.4)]
                yield standing(
                    drawn,
                    look,
                    value=found["value"],
                    path=place_of(path, kind),
                    tip=tip_of(judge, summary, path),
                    judge=judge,
                )


def said(rows: Rows) -> str:
    """What is to be seen, in words: where each judge is best and worst."""
    return " ".join(
        extremes(
            judge,
            [(path.partition("/")[2], figure_of(summary, path, kind)) for path in rows.paths],
            NAMES[kind],
        )
        for judge, summary in rows.summaries.items()
        for kind in rows.kinds
    )
