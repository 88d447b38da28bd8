"""A study as a whole: what each level of each axis is worth, and which levels depend on each other.

Effects are paired contrasts of matched cells (rmb.metrics.contrasts). Marginal means stand beside them: they say how
good cells with a level are, and where the grid has holes they mix what the level does with the company it keeps
(Searle, Speed & Milliken 1980), which effects do not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from rmb.metrics.contrasts import Contrast, effects_in, family, interactions_in
from rmb.metrics.grid import Cell, Grid, Levels, grid
from rmb.metrics.intervals import RESAMPLES, Figure
from rmb.metrics.paired import MATTERS, measured
from rmb.metrics.together import figures_of
from rmb.outcomes import HEADLINE, Convention


@dataclass(frozen=True, slots=True)
class Level:
    """One level of an axis.

    cells: that have it. complete: of these, the ones that `mean` is over, as `Grid` has it.
    mean: Overall of the items' mean credits over them, in [0, 1]; None where there is no credit.
    effect: against the reference level; None for the reference itself.
    """

    name: str
    cells: int
    complete: int
    mean: Figure | None
    effect: Contrast | None

    def to_json(self) -> dict[str, Any]:
        """As in a study's JSON."""
        return {
            "cells": self.cells,
            "complete": self.complete,
            "mean": self.mean and self.mean.to_json(),
            "effect": self.effect and self.effect.to_json(),
        }


@dataclass(frozen=True, slots=True)
class Axis:
    """An axis with several levels, the reference first.

    spread: the best less the worst of the levels' means, in points, by which axes can be put in order; None with
        fewer than two. It is of the means as they were seen, and noise alone makes it larger than 0.
    balanced: whether the means of all levels are over cells alike in every other axis, so that they differ by
        this axis alone.
    """

    name: str
    spread: float | None
    balanced: bool
    levels: tuple[Level, ...]

    def to_json(self) -> dict[str, Any]:
        """As in a study's JSON."""
        return {
            "reference": self.levels[0].name,
            "spread": self.spread,
            "balanced": self.balanced,
            "levels": {level.name: level.to_json() for level in self.levels},
        }


@dataclass(frozen=True, slots=True)
class TwoWay:
    """Marginal means by the levels of two axes, as those of `Level`; None where no complete cell has both."""

    axes: tuple[str, str]
    means: Mapping[tuple[str, str], Figure | None]

    def to_json(self) -> dict[str, Any]:
        """As in a study's JSON: {"axes": [x, y], "means": {level of x: {level of y: figure}}}."""
        rows: dict[str, dict[str, Any]] = {}
        for (one, other), mean in self.means.items():
            rows.setdefault(one, {})[other] = mean and mean.to_json()
        return {"axes": list(self.axes), "means": rows}


@dataclass(frozen=True, slots=True)
class Factors:
    """All that the cells of a study say of its axes.

    items, conversations: that any cell has. fixed: the axes with one level, which nothing can be said of.
    interactions: a family of their own under Holm; the effects of all axes are the other.
    """

    baseline: str
    convention: Convention
    cells: int
    items: int
    conversations: int
    axes: tuple[Axis, ...]
    fixed: Mapping[str, str]
    interactions: tuple[Contrast, ...]
    tables: tuple[TwoWay, ...]

    def to_json(self) -> dict[str, Any]:
        """As in a study's JSON."""
        return {
            "baseline": self.baseline,
            "convention": self.convention.to_json(),
            "cells": self.cells,
            "items": self.items,
            "conversations": self.conversations,
            "axes": {axis.name: axis.to_json() for axis in self.axes},
            "fixed": dict(self.fixed),
            "interactions": [one.to_json() for one in self.interactions],
            "tables": [table.to_json() for table in self.tables],
        }


def factors(
    cells: Mapping[str, Cell],
    baseline: str,
    *,
    convention: Convention = HEADLINE,
    matters: float = MATTERS,
    resamples: int = RESAMPLES,
) -> Factors:
    """The axes of a study, from cells on mostly the same items.

    baseline: name of the cell whose levels are the references. matters: the smallest difference in Overall that
    matters, in [0, 1]. resamples: 0 leaves out the intervals. Raises UsageError where cells do not make a grid.

    How many contrasts there will be is known from the levels alone: `len(effects_in(axes))` and
    `len(interactions_in(axes))`. A cell that was stopped early counts in effects on the items that it has; they
    are fair to it if items came in an order that its verdicts had no part in.
    """
    return of_grid(grid(cells, baseline, convention), baseline, matters=matters, resamples=resamples)


def of_grid(cells: Grid, baseline: str, *, matters: float = MATTERS, resamples: int = RESAMPLES) -> Factors:
    """The axes of a study whose cells stand side by side."""
    judged = cells.groups.judged
    effects = family(cells, effects_in(cells.axes), matters=matters, resamples=resamples)
    interactions = family(cells, interactions_in(cells.axes), matters=matters, resamples=resamples)
    return Factors(
        baseline=baseline,
        convention=cells.convention,
        cells=len(cells.where),
        items=len(judged.items),
        conversations=judged.conversations,
        axes=axes_of(cells, effects, resamples),
        fixed=cells.fixed,
        interactions=tuple(interactions),
        tables=tables_of(cells, resamples),
    )


def axes_of(cells: Grid, effects: Sequence[Contrast], resamples: int) -> tuple[Axis, ...]:
    """Every axis with its levels; effects: as `effects_in` names them."""
    by_level = {pair: effect for effect in effects for pair in effect.levels.items()}
    asked = [(axis, level) for axis, levels in cells.axes.items() for level in levels]
    means = dict(zip(asked, means_of(cells, [dict([pair]) for pair in asked], resamples), strict=True))
    found = []
    for axis, names in cells.axes.items():
        levels = [
            level_of(cells, axis, name, means[axis, name], by_level.get((axis, name))) for name in names
        ]
        found.append(Axis(axis, spread_of(levels), balanced(cells, axis), tuple(levels)))
    return tuple(found)


def level_of(cells: Grid, axis: str, name: str, mean: Figure | None, effect: Contrast | None) -> Level:
    """A level with the cells that it rests on."""
    having = cells.having({axis: name})
    return Level(name, int(having.sum()), int((having & cells.complete).sum()), mean, effect)


def spread_of(levels: Sequence[Level]) -> float | None:
    """The best mean less the worst, in points; None with fewer than two."""
    means = [level.mean.value for level in levels if level.mean is not None]
    return 100 * (max(means) - min(means)) if len(means) > 1 else None


def balanced(cells: Grid, axis: str) -> bool:
    """Whether the complete cells of each level have the same levels on the other axes."""
    at = list(cells.axes).index(axis)
    company: dict[str, set[tuple[str, ...]]] = {level: set() for level in cells.axes[axis]}
    for where, complete in zip(cells.where, cells.complete, strict=True):
        if complete:
            company[where[at]].add(where[:at] + where[at + 1 :])
    first, *others = company.values()
    return all(other == first for other in others)


def tables_of(cells: Grid, resamples: int) -> tuple[TwoWay, ...]:
    """The two-way table of every two axes."""
    asked: list[Levels] = [
        {one: a, other: b}
        for one, other in combinations(cells.axes, 2)
        for a in cells.axes[one]
        for b in cells.axes[other]
    ]
    tables: dict[tuple[str, str], dict[tuple[str, str], Figure | None]] = {}
    for levels, mean in zip(asked, means_of(cells, asked, resamples), strict=True):
        (one, a), (other, b) = levels.items()
        tables.setdefault((one, other), {})[a, b] = mean
    return tuple(TwoWay(axes, means) for axes, means in tables.items())


def means_of(cells: Grid, asked: Sequence[Levels], resamples: int) -> list[Figure | None]:
    """Overall of the complete cells with each of these levels; None where there is no credit."""
    means = [cells.mean(levels) for levels in asked]
    known = [not np.isnan(mean).all() for mean in means]
    there = [mean for mean, here in zip(means, known, strict=True) if here]
    average = cells.convention.average
    parts = [measured(cells.groups, mean).part("it", mean, average) for mean in there]
    found = iter(figures_of(parts, resamples=resamples))
    return [next(found)["it:overall"] if here else None for here in known]
