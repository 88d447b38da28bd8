"""The cells of a study on the same items: credits side by side, and which cells differ in what."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import product

import numpy as np

from rmb.errors import UnknownName, UsageError
from rmb.metrics.arrays import Flags, Floats, Integers, summed
from rmb.metrics.averages import Groups
from rmb.metrics.columns import Columns
from rmb.metrics.credits import item_credits
from rmb.metrics.intervals import ratio
from rmb.metrics.shared_items import aligned
from rmb.outcomes import HEADLINE, Convention

COMPLETE = 0.99
"""Share of the items that a cell has an answer to in full, for its mean to be set beside those of others."""

Levels = Mapping[str, str]
"""One level on each axis, {"template": "pairwise_v2", "judge": "gpt-4o"}."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One way of judging: its level on each axis, and what came of the items."""

    levels: Levels
    judged: Columns


@dataclass(frozen=True)
class Grid:
    """K cells on the I items that any of them has.

    axes: levels by axis, the baseline's (the reference) first and the others as they come; only axes with several.
    fixed: the one level of each other axis.
    where: of each cell its level on `axes`, in their order. No two cells have the same.
    credits: (K, I) in [0, 1]; NaN where a cell lacks the item or the convention leaves it out.
    complete: (K,) whether at least COMPLETE of the items were answered in full; a cell that was stopped is not.
    groups: of the items; their verdicts are no cell's.
    """

    axes: Mapping[str, tuple[str, ...]]
    fixed: Mapping[str, str]
    where: tuple[tuple[str, ...], ...]
    credits: Floats
    complete: Flags
    groups: Groups
    convention: Convention

    @cached_property
    def places(self) -> dict[tuple[str, ...], int]:
        """The cell at each combination of levels that there is."""
        return {levels: place for place, levels in enumerate(self.where)}

    def having(self, levels: Levels) -> Flags:
        """(K,) the cells that have all of these levels."""
        asked = [levels.get(axis) for axis in self.axes]
        return np.array([all(a in (None, b) for a, b in zip(asked, here)) for here in self.where], np.bool_)

    def reference(self, axis: str) -> str:
        """The baseline's level."""
        return self.axes[axis][0]

    def matched(self, levels: Levels) -> Integers:
        """(M, 2**len(levels)) cells that have the levels, each beside those that differ from it in these axes alone
        by having the reference level: in one of them, in the other, in both. Only where all of these are there.

        For one level, columns are (level, reference); for two, (a b, a b0, a0 b, a0 b0).
        """
        swapped = [axis in levels for axis in self.axes]
        found = [
            list(self.corners(self.where[place], swapped)) for place in np.flatnonzero(self.having(levels))
        ]
        whole = [[one for one in row if one is not None] for row in found if None not in row]
        return np.array(whole, dtype=np.int64).reshape(-1, 2 ** len(levels))

    def corners(self, levels: Sequence[str], swapped: Sequence[bool]) -> Iterator[int | None]:
        """The cells that come of having or not having the reference level on the swapped axes."""
        choices = [
            (level, self.reference(axis)) if swap else (level,)
            for axis, level, swap in zip(self.axes, levels, swapped, strict=True)
        ]
        return (self.places.get(corner) for corner in product(*choices))

    def contrast(self, levels: Levels) -> tuple[int, Floats]:
        """How many matched sets of cells there are, and (I,) each item's contrast, the mean over those sets that
        have all their credits on it; NaN where none has.

        For one level the difference from the reference, y(a) - y(a0), in [-1, 1]. For two their interaction,
        [y(a,b) - y(a0,b)] - [y(a,b0) - y(a0,b0)], in [-2, 2]: what a level is worth beside another, less what it
        is worth beside the reference. Contrasts of a factorial design: Montgomery, Design and Analysis of
        Experiments, chapters 5 and 6; within an item, as paired differences.
        """
        sets = self.matched(levels)
        signs = [(-1) ** sum(corner) for corner in product((0, 1), repeat=len(levels))]
        total = np.zeros((len(sets), self.credits.shape[1]))
        for place, sign in enumerate(signs):
            total += sign * self.credits[sets[:, place]]
        # Rounded: what is 0 but for the last bits would be a difference to the test.
        return len(sets), mean_of(total).round(12)

    def mean(self, levels: Levels) -> Floats:
        """(I,) each item's mean credit over the complete cells that have the levels; NaN where there is none."""
        return mean_of(self.credits[self.having(levels) & self.complete])


def mean_of(rows: Floats) -> Floats:
    """(I,) the mean of (M, I) rows over what is known of each column; NaN where nothing is."""
    known = ~np.isnan(rows)
    return ratio(np.where(known, rows, 0.0).sum(axis=0), known.sum(axis=0).astype(np.float64))


def grid(cells: Mapping[str, Cell], baseline: str, convention: Convention = HEADLINE) -> Grid:
    """The cells of a study on the union of their items.

    baseline: name of the cell whose levels are the references. Raises UnknownName where there is no such cell,
    UsageError where cells differ in which axes they have, or two have the same levels.
    """
    if baseline not in cells:
        raise UnknownName("cell", baseline, cells)
    checked(cells, baseline)
    every = levels_of(cells, cells[baseline].levels)
    axes = {axis: levels for axis, levels in every.items() if len(levels) > 1}
    union, places = aligned([cell.judged.items for cell in cells.values()])
    worth, answered = np.full((len(cells), len(union)), np.nan), np.zeros(len(cells))
    for number, (cell, place) in enumerate(zip(cells.values(), places, strict=True)):
        worth[number, place] = item_credits(cell.judged, convention)
        answered[number] = in_full(cell.judged)
    return Grid(
        axes=axes,
        fixed={axis: levels[0] for axis, levels in every.items() if len(levels) == 1},
        where=tuple(tuple(cell.levels[axis] for axis in axes) for cell in cells.values()),
        credits=worth,
        complete=answered >= COMPLETE * len(union),
        groups=Groups(replace(cells[baseline].judged, items=union), present=True),
        convention=convention,
    )


def checked(cells: Mapping[str, Cell], baseline: str) -> None:
    """Raises UsageError where cells do not make a grid."""
    names: dict[tuple[tuple[str, str], ...], str] = {}
    axes = sorted(cells[baseline].levels)
    for name, cell in cells.items():
        if sorted(cell.levels) != axes:
            raise UsageError(f"cell {name!r} has the axes {sorted(cell.levels)}, {baseline!r} has {axes}")
        same = names.setdefault(tuple(sorted(cell.levels.items())), name)
        if same != name:
            raise UsageError(f"cells {same!r} and {name!r} have the same level on every axis")


def levels_of(cells: Mapping[str, Cell], reference: Levels) -> dict[str, tuple[str, ...]]:
    """The levels of each axis: the reference, then the others in the order of the cells."""
    return {
        axis: tuple(dict.fromkeys([level, *(cell.levels[axis] for cell in cells.values())]))
        for axis, level in reference.items()
    }


def in_full(judged: Columns) -> int:
    """How many items were answered in every showing, with a verdict or without."""
    return int((summed(judged.item, ~judged.covered, len(judged.items)) == 0).sum())
