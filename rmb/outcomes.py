"""Verdicts of one item put together under a stated convention. What metrics see, and all that they see.

The headline credit of a comparison is the mean over the orders shown: the exact expectation of showing it
once in a random order, without that protocol's noise. A best-of-N list is won only where the best response
beats every loser, so its credit is the product over its losers (RMB, arXiv 2410.09893, section on metrics).
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Literal

from rmb.records import Failure, Item, Scores, Usage

NO_USAGE = Usage()
Said = Literal["chosen", "rejected", "tie"]


@dataclass(frozen=True, slots=True)
class Convention:
    """What a tie, a failure of the judge, and a failure of the run are worth; credits lie in [0, 1].

    missing: None leaves out what was not answered; 0 and 1 give the worst and the best case.
    """

    tie: float = 0.0
    failure: float = 0.0
    missing: float | None = None


HEADLINE = Convention()
"""Ties count 0, as in RMB's own code; so do replies without a verdict."""


@dataclass(frozen=True, slots=True)
class Showing:
    """One verdict on the best response against one loser.

    loser: index of the losing candidate in its item.
    position: place where the best response was shown among the two, 0 or 1; None if no order was shown.
    best, rival: the scores given to the two, if there is a verdict; otherwise `failure` says why not.
    keys: under which the answers are stored (two, where each response was rated alone).
    usage: what those answers cost together.
    """

    loser: int
    position: int | None
    sample: int
    best: float | None
    rival: float | None
    graded: bool
    failure: Failure | None
    keys: tuple[str, ...] = ()
    usage: Usage = NO_USAGE

    @property
    def said(self) -> Said | None:
        """Which of the two the judge prefers; None without a verdict. A NaN is no verdict."""
        if self.best is None or self.rival is None or math.isnan(self.best) or math.isnan(self.rival):
            return None
        return "chosen" if self.best > self.rival else "rejected" if self.best < self.rival else "tie"

    def credit(self, convention: Convention = HEADLINE) -> float | None:
        """1 for the chosen response, 0 for the rejected one, the convention's for a tie or a failure; None
        where the run failed and the convention leaves it out.
        """
        match self.said:
            case "chosen":
                return 1.0
            case "rejected":
                return 0.0
            case "tie":
                return convention.tie
        unanswered = self.failure is not None and self.failure.unanswered
        return convention.missing if unanswered else convention.failure


@dataclass(frozen=True, slots=True)
class Comparison:
    """All verdicts on the best response of an item against one loser: orders and samples."""

    loser: int
    showings: tuple[Showing, ...]

    @property
    def answered(self) -> bool:
        """True if the run got an answer for each showing, verdict or not."""
        return all(showing.credit() is not None for showing in self.showings)

    def expected(self, convention: Convention = HEADLINE) -> float | None:
        """The headline credit: mean over orders and samples; None if any of them is missing."""
        worths = [showing.credit(convention) for showing in self.showings]
        known = [credit for credit in worths if credit is not None]
        return fmean(known) if known and len(known) == len(worths) else None

    def consistent(self, convention: Convention = HEADLINE) -> float | None:
        """Credit of the order in which the judge does worst: 1 only if right in both. None if a showing is
        missing, or if both orders were not shown.
        """
        if not self.answered or not self.both_orders:
            return None
        by_order: defaultdict[int | None, list[float]] = defaultdict(list)
        for showing in self.showings:
            credit = showing.credit(convention)
            assert credit is not None
            by_order[showing.position].append(credit)
        return min(fmean(worths) for worths in by_order.values())

    def averaged(self, convention: Convention = HEADLINE) -> float | None:
        """Credit of the scores averaged over both orders, then compared, which cancels a constant preference
        for a position. None if a showing is missing, if both orders were not shown, or if the scores are bare
        preferences; a failure in any showing has the convention's credit, whatever the judge.
        """
        if not self.answered or not self.both_orders:
            return None
        if any(showing.said is None for showing in self.showings):
            return convention.failure
        if not any(showing.graded for showing in self.showings):
            return None
        best = math.fsum(showing.best or 0.0 for showing in self.showings)
        rival = math.fsum(showing.rival or 0.0 for showing in self.showings)
        return 1.0 if best > rival else 0.0 if best < rival else convention.tie

    @property
    def both_orders(self) -> bool:
        """True if each of the two was shown first at least once."""
        return {showing.position for showing in self.showings} >= {0, 1}


Credit = Callable[[Comparison], float | None]


@dataclass(frozen=True, slots=True)
class Outcome:
    """An item and the comparisons of its best response with each loser."""

    item: Item
    comparisons: tuple[Comparison, ...]

    def credit(self, rule: Credit) -> float | None:
        """Product over the losers of a comparison's credit: the item's own, in [0, 1].

        None if any comparison has none. A list known to be lost, and only partly answered, is missing as
        well: to count it would count losses and not wins.
        """
        # Not short-cut at the first 0: a list that is only partly answered is missing, lost or not.
        worths = [rule(comparison) for comparison in self.comparisons]
        known = [credit for credit in worths if credit is not None]
        return math.prod(known) if known and len(known) == len(worths) else None


def put_together(item: Item, showings: Sequence[Showing]) -> Outcome:
    """The outcome of an item: its showings grouped by loser."""
    by_loser: defaultdict[int, list[Showing]] = defaultdict(list)
    for showing in showings:
        by_loser[showing.loser].append(showing)
    return Outcome(item, tuple(Comparison(loser, tuple(group)) for loser, group in by_loser.items()))


def verdict_scores(verdict: Scores | Failure, place: int) -> float | None:
    """The score of the response shown at a place; None without a verdict or if it is not finite."""
    if isinstance(verdict, Failure) or place >= len(verdict.values):
        return None
    return verdict.values[place] if math.isfinite(verdict.values[place]) else None
