"""How closely two columns of figures go together over the same scorers: Spearman's ρ, Kendall's τ-b, Pearson's r.

Each with a bootstrap over scorers, which are the units here: a benchmark's own items are not. A draw is a weight for
each scorer, so that a coefficient of all draws is a few products of matrices.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial

import numpy as np

from rmb.metrics.arrays import Flags, Floats
from rmb.metrics.intervals import CELLS, RESAMPLES, percentiles
from rmb.metrics.rank_permutations import permuted

LEAST = 5
"""Scorers below which there is no interval: draws of so few are the same few over and over."""
Kernel = Callable[[Floats, Floats, Floats], Floats]
"""Two columns (n,) and weights (draws, n) to a coefficient for each draw; NaN where it is undefined."""


@dataclass(frozen=True, slots=True)
class Coefficient:
    """A coefficient in [-1, 1] over n scorers, with the bounds of its 95 % interval.

    low, high: None below LEAST scorers, and where no draw was made. p: two-sided, of a permutation test.
    undefined: draws left out of the interval, since all that they hold have one figure.
    """

    value: float
    low: float | None
    high: float | None
    n: int
    p: float
    undefined: int = 0

    def to_json(self) -> dict[str, float | int | None]:
        """As in `rmb correlate --json`."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class Relation:
    """The coefficients of two columns by name, over the n scorers that have both; None where they are undefined.

    why: they are undefined, in words; "" where they are not.
    """

    n: int
    coefficients: Mapping[str, Coefficient] | None
    why: str = ""

    @property
    def spearman(self) -> Coefficient | None:
        """The coefficient that decides: the paper ranks."""
        return None if self.coefficients is None else self.coefficients["spearman"]


@dataclass(frozen=True, slots=True)
class Gap:
    """By how much one column's ρ with a third is above another's, in [-2, 2], over the n scorers that have all three.

    low, high, undefined: as of a Coefficient. rhos: the two.
    """

    value: float
    low: float | None
    high: float | None
    n: int
    rhos: tuple[float, float]
    undefined: int = 0

    @property
    def shown(self) -> bool:
        """Whether the interval leaves out 0."""
        return self.low is not None and self.high is not None and not self.low <= 0 <= self.high


def relation(one: Floats, other: Floats, *, seed: int = 0, resamples: int = RESAMPLES) -> Relation:
    """How closely two columns go together. one, other: (scorers,), NaN where a scorer has no figure.

    The order of the scorers does not matter, not even to the intervals. resamples: 0 leaves these out.
    """
    known = ~(np.isnan(one) | np.isnan(other))
    x, y = sorted_together(one[known], other[known])
    if why := undefined(x, y):
        return Relation(len(x), None, why)
    tested = permuted(x, y, seed=seed)
    found = {}
    for name, kernel in KERNELS.items():
        value = float(kernel(x, y, np.ones((1, len(x))))[0])
        low, high, without = interval(partial(kernel, x, y), value, len(x), seed, resamples)
        found[name] = Coefficient(value, low, high, len(x), tested[name], without)
    return Relation(len(x), found)


def gap(
    first: Floats, second: Floats, target: Floats, *, seed: int = 0, resamples: int = RESAMPLES
) -> Gap | None:
    """ρ of the first column with the target less that of the second; None where either is undefined.

    Paired: both ρ are of the same scorers in every draw.
    """
    known = ~(np.isnan(first) | np.isnan(second) | np.isnan(target))
    x, z, y = sorted_together(first[known], second[known], target[known])
    if undefined(x, y) or undefined(z, y):
        return None
    whole = np.ones((1, len(x)))
    rhos = float(spearman(x, y, whole)[0]), float(spearman(z, y, whole)[0])
    value = rhos[0] - rhos[1]
    low, high, without = interval(
        lambda w: spearman(x, y, w) - spearman(z, y, w), value, len(x), seed, resamples
    )
    return Gap(value, low, high, len(x), rhos, without)


def undefined(x: Floats, y: Floats) -> str:
    """Why there is no coefficient; "" where there is one."""
    if len(x) < 2:
        return f"{len(x)} scorer{'s' * (len(x) != 1)} with both figures: two are needed at least"
    if np.ptp(x) == 0 or np.ptp(y) == 0:
        return f"all {len(x)} scorers have the same figure"
    return ""


def sorted_together(*columns: Floats) -> Sequence[Floats]:
    """The columns in an order that depends on the figures alone, so that draws do not depend on that of the scorers."""
    order = np.lexsort(columns[::-1])
    return [column[order] for column in columns]


def interval(
    statistic: Callable[[Floats], Floats], value: float, n: int, seed: int, resamples: int
) -> tuple[float | None, float | None, int]:
    """The bounds of a percentile interval over draws of the scorers, and how many draws have no value.

    Source: Efron & Tibshirani 1993, chapter 13.
    """
    if n < LEAST or not resamples:
        return None, None, 0
    weights = drawn(n, seed, resamples)
    most = max(1, CELLS // n)
    found = np.concatenate([statistic(weights[at : at + most]) for at in range(0, resamples, most)])
    defined = found[np.isfinite(found)]
    return *percentiles(defined, value), resamples - len(defined)


@lru_cache(maxsize=2)
def drawn(n: int, seed: int, resamples: int) -> Floats:
    """(resamples, n) how often each scorer is in each draw."""
    counts = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=resamples)
    weights = counts.astype(np.float64)
    weights.flags.writeable = False
    return weights


def spearman(x: Floats, y: Floats, weights: Floats) -> Floats:
    """(draws,) Spearman's ρ: Pearson's r of ranks, equal figures sharing their mean (Spearman 1904; Kendall 1948)."""
    return product_moment(weights @ below(x), weights @ below(y), weights, differing(x, y, weights))


def kendall(x: Floats, y: Floats, weights: Floats) -> Floats:
    """(draws,) Kendall's τ-b: pairs in the same order less pairs in the other, over the geometric mean of the pairs
    that x and that y tell apart (Kendall 1945).
    """
    sx, sy = np.sign(x[:, None] - x), np.sign(y[:, None] - y)
    both = of_pairs(sx * sy, weights)
    apart = np.sqrt(of_pairs(np.abs(sx), weights) * of_pairs(np.abs(sy), weights))
    return in_range(np.divide(both, apart, out=np.full_like(both, np.nan), where=apart > 0))


def pearson(x: Floats, y: Floats, weights: Floats) -> Floats:
    """(draws,) Pearson's r (Pearson 1896)."""
    return product_moment(x[None, :], y[None, :], weights, differing(x, y, weights))


KERNELS: Mapping[str, Kernel] = {"spearman": spearman, "kendall": kendall, "pearson": pearson}


def below(values: Floats) -> Floats:
    """(n, n) what each scorer adds to the rank of each: 1 where it has less, ½ where it has the same."""
    ranks: Floats = (values[:, None] < values) + 0.5 * (values[:, None] == values)
    return ranks


def of_pairs(matrix: Floats, weights: Floats) -> Floats:
    """(draws,) the sum of a matrix over the pairs of scorers in each draw."""
    total: Floats = ((weights @ matrix) * weights).sum(axis=1)
    return total


def differing(x: Floats, y: Floats, weights: Floats) -> Flags:
    """(draws,) true where both columns have two different figures: counted in whole numbers, so without rounding."""
    found: Flags = np.ones(len(weights), dtype=np.bool_)
    for values in (x, y):
        found = found & (of_pairs((values[:, None] != values).astype(np.float64), weights) > 0)
    return found


def product_moment(a: Floats, b: Floats, weights: Floats, defined: Flags) -> Floats:
    """(draws,) the weighted product-moment coefficient of two columns, (draws, n) or (1, n); NaN where not defined."""
    size = weights.sum(axis=1, keepdims=True)
    da, db = (it - (weights * it).sum(axis=1, keepdims=True) / size for it in (a, b))
    # To about 1 first: squares of very small or very large figures would be 0 or infinite.
    da, db = (it / np.maximum(np.abs(it).max(axis=1, keepdims=True), 1e-300) for it in (da, db))
    both = (weights * da * db).sum(axis=1)
    apart = np.sqrt((weights * da * da).sum(axis=1) * (weights * db * db).sum(axis=1))
    known = defined & (apart > 0)
    return in_range(np.divide(both, apart, out=np.full_like(both, np.nan), where=known))


def in_range(values: Floats) -> Floats:
    """Coefficients without the last bits: what is 1 but for these is 1, and a difference that is 0 but for them is none."""
    found: Floats = np.clip(values.round(14), -1.0, 1.0)
    return found
