"""Whether two leaderboards rank judges alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats

from rmb.metrics.arrays import Floats
from rmb.metrics.correlation import LEAST
from rmb.metrics.intervals import percentiles
from rmb.metrics.rank_permutations import permuted

ENOUGH = LEAST
"""Judges below which no correlation of ranks can be shown: of four, 24 orders, two are as far from chance as the most
extreme one, and 2 / 24 is more than .05.
"""


@dataclass(frozen=True, slots=True)
class Correlation:
    """How alike two rankings of n judges are, 1 for the same and -1 for the reverse.

    spearman, kendall (τ-b): None for fewer than three judges, or where all are tied. low, high: of the 95 % interval,
    by a bootstrap over conversations. p: two-sided, of a permutation test of Spearman's ρ. words: what may be said.
    low, high, p: None for fewer than ENOUGH.
    """

    n: int
    spearman: float | None
    spearman_interval: tuple[float, float] | None
    kendall: float | None
    kendall_interval: tuple[float, float] | None
    p: float | None
    words: str

    def to_json(self) -> dict[str, Any]:
        """As in `rmb vote --json`."""
        return {name: getattr(self, name) for name in self.__slots__}


def correlation(scores: Floats, draws: tuple[Floats, Floats], *, seed: int = 0) -> Correlation:
    """How alike two scorings of n judges rank them.

    scores: (2, n). draws: two arrays (resamples, n), the scorings in the same bootstrap draws.
    """
    (first, second), n = scores, scores.shape[1]
    rho, tau = (known(each(first[None], second[None])[0]) for each in (spearman, kendall))
    if n < 3 or rho is None or tau is None:
        few = f"{n} judges have a figure under both, too few to correlate ranks"
        words = (
            few if n < 3 else f"all {n} judges are tied under one of the two, so ranks cannot be correlated"
        )
        return Correlation(n, None, None, None, None, None, words)
    told = f"Spearman's ρ {rho:.2f}, Kendall's τ {tau:.2f}"
    if n < ENOUGH:
        words = f"{told}; with fewer than {ENOUGH} judges no rank correlation can be shown"
        return Correlation(n, rho, None, tau, None, None, words)
    p = permuted(first, second, seed=seed)["spearman"]
    intervals = [interval(each(*draws), value) for each, value in ((spearman, rho), (kendall, tau))]
    shown = "" if p <= 0.05 else "no correlation shown: "
    return Correlation(n, rho, intervals[0], tau, intervals[1], p, f"{shown}{told}, p = {p:.2g}, n = {n}")


def known(value: float) -> float | None:
    """A number, or None for NaN."""
    return None if np.isnan(value) else float(value)


def interval(draws: Floats, value: float) -> tuple[float, float] | None:
    """The 95 % interval of a value by its draws; None without one. Draws in which all judges are tied are left out."""
    low, high = percentiles(draws[~np.isnan(draws)], value)
    return None if low is None or high is None else (low, high)


def spearman(first: Floats, second: Floats) -> Floats:
    """(R,) Spearman's ρ of each row with the other's, shapes (R, n); NaN where all of a row are tied, or one is NaN.

    Pearson's correlation of the ranks, ties at their mean rank (Spearman 1904), as scipy.stats.spearmanr.
    """
    one, other = (stats.rankdata(each, axis=1) - (each.shape[1] + 1) / 2 for each in (first, second))
    return quotient((one * other).sum(axis=1), (one**2).sum(axis=1) * (other**2).sum(axis=1))


def kendall(first: Floats, second: Floats) -> Floats:
    """(R,) Kendall's τ-b of each row with the other's, as scipy.stats.kendalltau; NaN as for `spearman`."""
    upper = np.triu_indices(first.shape[1], 1)
    one, other = (np.sign(each[:, upper[0]] - each[:, upper[1]]) for each in (first, second))
    return quotient((one * other).sum(axis=1), (one**2).sum(axis=1) * (other**2).sum(axis=1))


def quotient(product: Floats, squares: Floats) -> Floats:
    """A product / √squares; NaN where the squares are 0 or NaN."""
    return np.divide(product, np.sqrt(squares), out=np.full_like(product, np.nan), where=squares > 0)


def ranks(values: Floats) -> list[int]:
    """The rank of each, 1 for the highest; equal ones share the better rank."""
    return [int(rank) for rank in stats.rankdata(-values, method="min")]
