"""Outcomes as arrays: what every figure is computed from.

NaN stands for "no verdict" or "left out" inside these arrays, and only there: nothing that leaves rmb.metrics
is a NaN.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import groupby

import numpy as np

from rmb.metrics.arrays import Flags, Floats, Integers, summed
from rmb.outcomes import ItemFacts, Outcome, Showing, drawn_position

VOTES = {"chosen": 1.0, "tie": 0.5, "rejected": 0.0, None: math.nan}
ALONE = -1
"""Position of a response that was rated without the other."""


@dataclass(frozen=True)
class Columns:
    """Outcomes as arrays over S showings, C comparisons (an item's best response against one loser) and I items.

    Items are sorted, so no figure depends on the order they came in; items without a comparison are left out.
    The three levels nest: showings stand by comparison, comparisons by item.

    comparison: (S,) the comparison of each showing. position: (S,) 0 or 1, or ALONE. sample: (S,).
    vote: (S,) 1 for the best response, ½ for neither, 0 for its rival, NaN without a verdict.
    best, rival: (S,) the scores; NaN without a verdict. graded, unanswered: (S,).
    item: (C,) the item of each comparison. loser: (C,) index of the losing candidate.
    """

    items: tuple[ItemFacts, ...]
    item: Integers
    loser: Integers
    comparison: Integers
    position: Integers
    sample: Integers
    best: Floats
    rival: Floats
    vote: Floats
    graded: Flags
    unanswered: Flags
    drawn: dict[int, Integers] = field(default_factory=dict, repr=False)

    @property
    def comparisons(self) -> int:
        """How many there are."""
        return len(self.item)

    @cached_property
    def conversation(self) -> Integers:
        """(I,) the conversation of each item, numbered 0, 1, …."""
        _, numbers = np.unique([item.conversation for item in self.items], return_inverse=True)
        return numbers.astype(np.int64)

    @cached_property
    def conversations(self) -> int:
        """How many distinct conversations there are: the clusters of every interval."""
        return int(self.conversation.max()) + 1 if self.items else 0

    @cached_property
    def showings(self) -> Integers:
        """(C,) showings of each comparison, at least one."""
        return np.bincount(self.comparison, minlength=self.comparisons)

    @cached_property
    def by_order(self) -> Flags:
        """(C, 2) whether the best response was shown first, and whether second."""
        return np.stack([self.total(self.position == place) > 0 for place in (0, 1)], axis=1)

    @cached_property
    def alone(self) -> Flags:
        """(C,) whether the responses were rated without the other, so that no order was shown."""
        alone: Flags = self.total(self.position == ALONE) > 0
        return alone

    @cached_property
    def averaged(self) -> Floats:
        """(C,) the vote of the scores added over all showings; NaN where any showing has no verdict.

        Added exactly: rounding must not turn a tie into a preference.
        """
        ends = np.cumsum(self.showings)
        spans = [slice(end - size, end) for end, size in zip(ends, self.showings, strict=True)]
        margins = [exact_sum(self.best[span]) - exact_sum(self.rival[span]) for span in spans]
        return (np.sign(np.array(margins, dtype=np.float64)) + 1) / 2

    @cached_property
    def covered(self) -> Flags:
        """(C,) whether every showing was answered, with a verdict or without."""
        covered: Flags = self.total(self.unanswered) == 0
        return covered

    def total(self, values: Floats | Flags) -> Floats:
        """(C,) the sum over each comparison's showings."""
        return summed(self.comparison, values, self.comparisons)

    def drawn_positions(self, seed: int) -> Integers:
        """(C,) where the best response stands in the order drawn from a seed."""
        if seed not in self.drawn:
            pairs = zip(self.item, self.loser, strict=True)
            places = [drawn_position(seed, self.items[item], int(loser)) for item, loser in pairs]
            self.drawn[seed] = np.array(places, dtype=np.int64)
        return self.drawn[seed]


def exact_sum(values: Floats) -> float:
    """The sum, rounded once and not on the way; of values too large to be added, the largest number there is."""
    try:
        return math.fsum(values)
    except OverflowError:
        return math.copysign(sys.float_info.max, math.fsum(values * 2.0**-64))


def columns(outcomes: Sequence[Outcome]) -> Columns:
    """The arrays of some outcomes."""
    ordered = sorted((one for one in outcomes if one.showings), key=sorting)
    compared = [pair for number, one in enumerate(ordered) for pair in comparisons(number, one)]
    shown = [(number, showing) for number, (_, group) in enumerate(compared) for showing in group]
    showings = [showing for _, showing in shown]
    known = [showing.said is not None for showing in showings]
    return Columns(
        items=tuple(one.item for one in ordered),
        item=np.array([number for number, _ in compared], dtype=np.int64),
        loser=np.array([group[0].loser for _, group in compared], dtype=np.int64),
        comparison=np.array([number for number, _ in shown], dtype=np.int64),
        position=np.array([ALONE if one.position is None else one.position for one in showings], np.int64),
        sample=np.array([one.sample for one in showings], dtype=np.int64),
        best=np.array(
            [one.best if here else math.nan for one, here in zip(showings, known, strict=True)], float
        ),
        rival=np.array(
            [one.rival if here else math.nan for one, here in zip(showings, known, strict=True)], float
        ),
        vote=np.array([VOTES[one.said] for one in showings], dtype=np.float64),
        graded=np.array([one.graded for one in showings], dtype=np.bool_),
        unanswered=np.array([not one.answered for one in showings], dtype=np.bool_),
    )


def sorting(outcome: Outcome) -> tuple[object, ...]:
    """What outcomes are sorted by: the item, whatever the judge said of it."""
    item = outcome.item
    return (item.id, item.conversation, item.marks, item.best, item.path)


def comparisons(number: int, outcome: Outcome) -> Iterator[tuple[int, list[Showing]]]:
    """The showings of each loser, with the number of the item."""
    ordered = sorted(outcome.showings, key=lambda one: (one.loser, one.sample, one.position or 0))
    for _, group in groupby(ordered, key=lambda one: one.loser):
        yield number, list(group)
