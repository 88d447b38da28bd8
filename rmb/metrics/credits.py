"""What comparisons and items are worth under a convention.

Sources: the product over losers is RMB's best-of-N accuracy (arXiv 2410.09893, section on metrics); `majority`
with both orders is the two-order counter of JudgeBench (arXiv 2410.12784) with its ties as the convention says.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np

from rmb.metrics.arrays import Floats
from rmb.metrics.columns import Columns
from rmb.outcomes import Convention, Order


def item_credits(judged: Columns, convention: Convention) -> Floats:
    """(I,) the credit of each item in [0, 1]: the product over its losers; NaN where it is left out.

    A list that is only partly answered is left out even where a loser is known to have won: to count it would
    count losses and not wins.
    """
    if not judged.comparisons:
        return np.empty(0)
    starts = np.flatnonzero(np.diff(judged.item, prepend=-1))
    worth: Floats = np.multiply.reduceat(comparison_credits(judged, convention), starts)
    return worth


def comparison_credits(judged: Columns, convention: Convention) -> Floats:
    """(C,) the credit of each comparison in [0, 1], by the convention's order; NaN where it is left out."""
    return ORDERS[convention.order](judged, convention)


def showing_credits(judged: Columns, convention: Convention, *, tie: float | None = None) -> Floats:
    """(S,) 1 for the best response, 0 for its rival, the convention's credit for a tie or a failure; NaN where
    the convention leaves it out. tie: instead of the convention's.
    """
    worth = np.where(judged.vote == 0.5, convention.tie if tie is None else tie, judged.vote)
    without = np.where(judged.unanswered, number(convention.missing), number(convention.failure))
    return np.where(np.isnan(judged.vote), without, worth)


def number(credit: float | None) -> float:
    """A credit as a number; NaN for None."""
    return np.nan if credit is None else credit


def expected(judged: Columns, convention: Convention) -> Floats:
    """The mean over orders and samples: the exact expectation of showing one order at random, without its noise."""
    return judged.total(showing_credits(judged, convention)) / judged.showings


def consistent(judged: Columns, convention: Convention) -> Floats:
    """The credit of the order in which the judge does worse: 1 only if right in both.

    NaN where one order only was shown. Responses that were rated alone have the same credit in any order.
    """
    worth = showing_credits(judged, convention)
    worse = np.min([mean_at(judged, worth, place) for place in (0, 1)], axis=0)
    return np.where(judged.alone, judged.total(worth) / judged.showings, worse)


def mean_at(judged: Columns, worth: Floats, place: int) -> Floats:
    """The mean over the showings with the best response at a place; NaN where there is none."""
    here = judged.position == place
    return judged.total(np.where(here, worth, 0.0)) / np.where(shown := judged.total(here), shown, np.nan)


def single(judged: Columns, convention: Convention) -> Floats:
    """The credit of the one order that is drawn from the seed; where only one was shown, of that one."""
    worth = showing_credits(judged, convention)
    drawn = judged.drawn_positions(convention.seed)
    of_drawn = np.where(drawn == 0, mean_at(judged, worth, 0), mean_at(judged, worth, 1))
    both = judged.by_order.all(axis=1)
    return np.where(both, of_drawn, judged.total(worth) / judged.showings)


def majority(judged: Columns, convention: Convention) -> Floats:
    """1 if more than half of the votes are for the best response, 0 if fewer; the credit of a tie if just half.

    A verdict of "neither" is half a vote; a failure is what the convention makes it, so by default a vote
    against.
    """
    share = judged.total(showing_credits(judged, convention, tie=0.5)) / judged.showings
    return preferred(2 * share - 1, convention)


def averaged(judged: Columns, convention: Convention) -> Floats:
    """The credit of the scores added over both orders, then compared, which cancels a constant preference for a
    place. A failure in any showing has the convention's credit; NaN where one order only was shown, and
    everywhere for a judge without any graded verdict: bare preferences cannot be averaged.
    """
    if not judged.graded.any():
        return np.full(judged.comparisons, np.nan)
    worth = preferred(2 * judged.averaged - 1, convention)
    failed = np.isnan(judged.averaged)
    without = np.where(judged.covered, number(convention.failure), number(convention.missing))
    known = judged.by_order.all(axis=1) | judged.alone
    return np.where(known, np.where(failed, without, worth), np.nan)


def preferred(margin: Floats, convention: Convention) -> Floats:
    """1 for a margin above 0, 0 below, the credit of a tie at 0; NaN stays."""
    return np.where(margin == 0, convention.tie, np.where(np.isnan(margin), np.nan, margin > 0))


ORDERS: Mapping[Order, Callable[[Columns, Convention], Floats]] = {
    "expected": expected,
    "averaged": averaged,
    "consistent": consistent,
    "single": single,
    "majority": majority,
}
"""How the showings of a comparison become its credit."""


def under(convention: Convention, order: Order) -> Convention:
    """The same convention with another order."""
    return replace(convention, order=order)
