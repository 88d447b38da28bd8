"""How much a judge's verdict depends on the place where a response is shown."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rmb.metrics.arrays import Floats, summed
from rmb.metrics.columns import Columns
from rmb.metrics.permutation import sign_flip


@dataclass(frozen=True, slots=True)
class Flips:
    """Pairs of showings, one in each order, by what the verdict did when the order changed.

    same: kept its preference, or was a tie both times. to_first, to_second: preferred whatever was shown first,
    or second. with_tie: a tie in one of the two. unread: at least one has no verdict.
    """

    same: int
    to_first: int
    to_second: int
    with_tie: int
    unread: int

    def to_json(self) -> dict[str, int]:
        """As in summary.json."""
        return {name: getattr(self, name) for name in self.__slots__}


def first_preferred(judged: Columns) -> Floats:
    """(S,) 1 where the response shown first is preferred, 0 where the second is; NaN for ties, for showings
    without a verdict, and for responses that were rated alone.
    """
    preference = np.isin(judged.vote, (0.0, 1.0)) & (judged.position >= 0)
    return np.where(preference, np.abs(judged.vote - judged.position), np.nan)


def paired_orders(judged: Columns) -> Floats:
    """(P, 3) pairs of showings of one comparison and sample: the comparison, and the votes with the best response
    shown first and second. Every two that there are: one of a pair in both orders, several of a list in all
    rotations, none where one order was shown. A vote is NaN without a verdict.
    """
    # Sorted, since showings stand by comparison and then by sample.
    cell = judged.comparison * (int(judged.sample.max(initial=0)) + 1) + judged.sample
    first, second = (np.flatnonzero(judged.position == place) for place in (0, 1))
    begin, end = (np.searchsorted(cell[second], cell[first], side) for side in ("left", "right"))
    partners = end - begin
    within = np.arange(partners.sum()) - np.repeat(np.cumsum(partners) - partners, partners)
    there, back = np.repeat(first, partners), second[np.repeat(begin, partners) + within]
    return np.column_stack([judged.comparison[there], judged.vote[there], judged.vote[back]])


def consistency(judged: Columns) -> tuple[Floats, Floats]:
    """Of comparisons that have a verdict in both orders: which, and the share of pairs of showings with the same
    verdict in both (a tie in both counts as the same), (K,) and (K,).
    """
    pairs = paired_orders(judged)
    known = pairs[~np.isnan(pairs[:, 1:]).any(axis=1)]
    which = known[:, 0].astype(np.int64)
    samples = np.bincount(which, minlength=judged.comparisons)
    same = np.bincount(which, weights=known[:, 1] == known[:, 2], minlength=judged.comparisons)
    there = np.flatnonzero(samples)
    return there.astype(np.float64), same[there] / samples[there]


def flips(judged: Columns) -> Flips:
    """What verdicts did when the order changed, counted over the pairs of `paired_orders`."""
    _, first, second = paired_orders(judged).T
    unread = np.isnan(first) | np.isnan(second)
    tie = ~unread & ((first == 0.5) != (second == 0.5))
    return Flips(
        same=int((first == second).sum()),
        to_first=int(((first == 1) & (second == 0)).sum()),
        to_second=int(((first == 0) & (second == 1)).sum()),
        with_tie=int(tie.sum()),
        unread=int(unread.sum()),
    )


def position_test(judged: Columns, *, seed: int = 0) -> float | None:
    """The p-value of "it prefers the first response as often as the second": sign-flips by conversation.

    In (0, 1]; None where no order was shown or no showing has a preference.
    """
    lean = first_preferred(judged) - 0.5
    known = ~np.isnan(lean)
    if not known.any():
        return None
    conversation = judged.conversation[judged.item[judged.comparison]]
    return sign_flip(summed(conversation[known], lean[known], judged.conversations), seed=seed)
