"""What a level is worth against the baseline's, and whether levels depend on each other: from matched cells.

Cells that differ in one axis alone are compared item by item, as rmb.metrics.paired compares two judges: interval
by a bootstrap over conversations, p by flipping the sign of each conversation's difference. So an effect rests on
no model of the others, and a grid with holes gives one wherever two cells match.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, product
from typing import Any

import numpy as np

from rmb.metrics.grid import Grid, Levels
from rmb.metrics.intervals import RESAMPLES
from rmb.metrics.paired import (
    MATTERS,
    Difference,
    Finding,
    differences,
    finding,
    holm,
    in_words,
    spread,
    would_show,
)


@dataclass(frozen=True, slots=True)
class Contrast:
    """One level against the reference of its axis (an effect), or two on two axes (an interaction).

    levels: what is asked about, by axis. reference: the baseline's levels on the same axes.
    matched: pairs, or fours, of cells that it rests on.
    difference: of credits; None where no matched cells have a credit on the same item.
    p: of the sign-flip test on Overall, adjusted for the others of its family (Holm); None with it.
    words: what may be said, or why nothing was measured.
    """

    levels: Levels
    reference: Levels
    matched: int
    difference: Difference | None
    p: float | None
    finding: Finding
    words: str

    def to_json(self) -> dict[str, Any]:
        """As in a study's JSON; "difference" and what rests on it are null where nothing was measured."""
        found = self.difference
        return {
            "levels": dict(self.levels),
            "reference": dict(self.reference),
            "matched": self.matched,
            "items": found.items if found else 0,
            "conversations": found.conversations if found else 0,
            "difference": found and found.cells,
            "p": found and found.p,
            "p_holm": self.p,
            "detectable": found and found.detectable,
            "finding": self.finding,
            "words": self.words,
        }


def effects_in(axes: Mapping[str, Sequence[str]]) -> list[Levels]:
    """Every level but the reference, the first of its axis."""
    return [{axis: level} for axis, levels in axes.items() for level in levels[1:]]


def interactions_in(axes: Mapping[str, Sequence[str]]) -> list[Levels]:
    """Every two levels on two axes, the references left out."""
    return [
        {one: a, other: b}
        for one, other in combinations(axes, 2)
        for a, b in product(axes[one][1:], axes[other][1:])
    ]


def family(
    cells: Grid, asked: Sequence[Levels], *, matters: float = MATTERS, resamples: int = RESAMPLES
) -> list[Contrast]:
    """Each contrast that is asked about, their p-values adjusted for each other.

    matters: the smallest difference in Overall that matters, in [0, 1].
    """
    found = [cells.contrast(levels) for levels in asked]
    known = [not np.isnan(values).all() for _, values in found]
    there = [values for (_, values), here in zip(found, known, strict=True) if here]
    measured = differences(cells.groups, there, cells.convention, tests=len(there), resamples=resamples)
    adjusted = zip(measured, holm([one.p for one in measured]), strict=True)
    return [
        said(cells, levels, matched, next(adjusted) if here else None, matters)
        for levels, (matched, _), here in zip(asked, found, known, strict=True)
    ]


def said(
    cells: Grid, levels: Levels, matched: int, measured: tuple[Difference, float] | None, matters: float
) -> Contrast:
    """A contrast with what may be said of it. measured: its difference and adjusted p-value."""
    reference = {axis: cells.reference(axis) for axis in levels}
    if measured is None:
        words = f"not enough data: {why_not(levels, reference, matched)}"
        return Contrast(levels, reference, matched, None, None, "not enough data", words)
    found, p = measured
    told = finding(found, p, matters=matters)
    if len(levels) == 2:
        words = interaction_in_words(levels, reference, found, p, told)
    else:
        (one,), (other,) = named(levels), named(reference)
        words = in_words((one, other), found, p, matters=matters)
        if told == "identical" and matched > 1:
            words = f"{one} and {other} have the same credit on every item, over {matched} pairs of cells together"
    return Contrast(levels, reference, matched, found, p, told, words)


def named(levels: Levels) -> list[str]:
    """Levels as they stand in sentences: "style verdict_only"."""
    return [f"{axis} {level}" for axis, level in levels.items()]


def why_not(levels: Levels, reference: Levels, matched: int) -> str:
    """Why a contrast has no value."""
    cells = "two cells" if len(levels) == 1 else "four cells"
    if matched:
        return f"no item has a credit from {cells} that match in all but {' and '.join(levels)}"
    against = f"{' and '.join(named(levels))} against {' and '.join(named(reference))}"
    return f"no {cells} match in all but {' and '.join(levels)}, {against}"


def interaction_in_words(
    levels: Levels, reference: Levels, found: Difference, p: float, told: Finding
) -> str:
    """What may be said of an interaction, in one plain sentence."""
    one, other = named(levels)
    _, beside = named(reference)
    (_, plain), _ = reference.items()
    gap = f"{abs(100 * found.overall.value):.1f} points"
    match told:
        case "different":
            way = "more" if found.overall.value > 0 else "less"
            return (
                f"{one} against {plain} is worth {gap} {way} with {other} than with {beside}"
                f"{spread(found.overall)} (p = {p:.2g})"
            )
        case "identical":
            return f"{one} against {plain} is worth the same with {other} as with {beside}, on every item"
        case "no difference shown":
            return (
                f"no interaction shown between {one} and {other} ({gap}, p = {p:.2g}); "
                f"{would_show(found)} would have shown"
            )
        case _:
            return (
                f"not enough data to tell whether {one} and {other} depend on each other ({gap}, p = {p:.2g}): "
                f"on {found.conversations} conversation{'s' * (found.conversations != 1)}, "
                f"{would_show(found)} could show"
            )
