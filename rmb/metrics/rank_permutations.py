"""How likely so close a relation is by chance: permutation tests of correlations, exact for few scorers.

Under "no relation" any scorer may as well have any other's figure in the second column (Fisher 1935; Pitman 1937).
All n! orders are tried where these are few; ties stay ties, and orders that look alike count each for itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from itertools import chain, permutations
from math import factorial

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from rmb.metrics.arrays import Floats

Orders = NDArray[np.int8] | NDArray[np.int64]
"""(m, n) places of the scorers in m orders."""
EXACT = 8
"""Scorers up to which all orders are tried: 40,320."""
TOLD = 9
"""Scorers up to which it is told how strong a relation must be."""
DRAWS = 9_999
AT_ONCE = 2**17
"""Figures of permuted columns held at a time, at most: 1 MB, which a processor has at hand."""
ALMOST = 1e-9
LEVEL = 0.05


def permuted(x: Floats, y: Floats, *, seed: int = 0) -> dict[str, float]:
    """Two-sided p-values of the three coefficients by name; x, y: (n,), neither constant.

    Exact up to EXACT scorers: the share of all n! orders with a coefficient as far from 0, so 2/n! at least (of r, 1/n!). Above,
    DRAWS orders are drawn and the one observed is counted among them (Phipson & Smyth 2010). In (0, 1].
    """
    orders: Orders = every_order(len(x)) if len(x) <= EXACT else drawn_orders(len(x), seed)
    found = {name: as_far(value, among) for name, (value, among) in statistics(x, y, orders).items()}
    extra = 0 if len(x) <= EXACT else 1
    return {name: float((far + extra) / (len(orders) + extra)) for name, far in found.items()}


def statistics(x: Floats, y: Floats, orders: Orders) -> Mapping[str, tuple[float, Floats]]:
    """What each coefficient is with these orders of y, and with the one observed, but for a factor that is alike in all."""
    rx, ry = (2 * stats.rankdata(it) - (len(it) + 1) for it in (x, y))
    cx, cy = (centred(it) for it in (x, y))
    return {
        "spearman": (float(rx @ ry), ry[orders] @ rx),
        "kendall": (
            float(concordance(rx, ry[None, :])[0]),
            np.concatenate(list(concordances(rx, ry, orders))),
        ),
        "pearson": (float(cx @ cy), cy[orders] @ cx),
    }


def centred(values: Floats) -> Floats:
    """Values about 0, between -1 and 1."""
    around = values - values.mean()
    scaled: Floats = around / np.abs(around).max()
    return scaled


def as_far(value: float, among: Floats) -> int:
    """How many are as far from 0 as the value, or farther; sums of the same terms in another order are the same."""
    return int((np.abs(among) >= abs(value) - ALMOST * max(1.0, abs(value))).sum())


def concordances(x: Floats, y: Floats, orders: Orders) -> Iterator[Floats]:
    """`concordance` of each order, some at a time."""
    most = max(1, AT_ONCE // len(x))
    for start in range(0, len(orders), most):
        yield concordance(x, y[orders[start : start + most]])


def concordance(x: Floats, y: Floats) -> Floats:
    """(m,) pairs of scorers in the same order in both less those in the other. x: (n,); y: (m, n)."""
    found = np.zeros(len(y))
    # The pairs that are so many places apart at a time: slices, where an index for each pair would copy.
    for apart in range(1, len(x)):
        found += np.sign(y[:, apart:] - y[:, :-apart]) @ np.sign(x[apart:] - x[:-apart])
    return found


@lru_cache(maxsize=TOLD)
def every_order(n: int) -> NDArray[np.int8]:
    """(n!, n) all orders of n."""
    return np.fromiter(chain.from_iterable(permutations(range(n))), dtype=np.int8).reshape(-1, n)


@lru_cache(maxsize=2)
def drawn_orders(n: int, seed: int) -> NDArray[np.int64]:
    """(DRAWS, n) orders drawn at random."""
    return np.random.default_rng(seed).permuted(np.tile(np.arange(n), (DRAWS, 1)), axis=1)


def least_p(n: int) -> float:
    """The smallest p of ρ that n scorers can reach: 2/n!, for only the same and the opposite order are as far from 0.

    >>> round(least_p(3), 3), round(least_p(4), 3), round(least_p(5), 3)
    (0.333, 0.083, 0.017)
    """
    return min(1.0, 2 / factorial(n))


@lru_cache(maxsize=TOLD)
def least_shown(n: int) -> float | None:
    """The smallest |ρ| of n scorers without ties that is significant at 5 %, by the exact distribution.

    None where no ρ is, with fewer than five; and above TOLD.

    >>> [round(least_shown(n), 3) for n in (5, 6, 7, 8)]
    [1.0, 0.886, 0.786, 0.738]
    """
    if not 2 <= n <= TOLD or least_p(n) > LEVEL:
        return None
    ranks = 2.0 * np.arange(n) - (n - 1)
    far, times = np.unique(np.abs(ranks[every_order(n)] @ ranks), return_counts=True)
    tails = times[::-1].cumsum()[::-1] / factorial(n)
    return float(far[tails <= LEVEL].min() / (ranks @ ranks))
