"""Majorities of judges whose accuracies are known follow Condorcet's theorem, where they err independently.

Whatever is drawn here is drawn from fixed seeds: an interval of 95 % leaves out the truth once in twenty draws.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from math import comb

import numpy as np
import pytest
from scipy import stats

from rmb.metrics.arrays import Floats
from rmb.metrics.condorcet import independent
from rmb.outcomes import HEADLINE, Convention
from tests.voters import drawn, voted

HALF = Convention(tie=0.5)


def shares_of(accuracies: Sequence[float]) -> Floats:
    """Judges that always have a verdict."""
    return np.array([[1 - p, 0, p, 0] for p in accuracies])


@pytest.mark.parametrize("p", [0.5, 0.55, 0.7, 0.9, 1.0])
@pytest.mark.parametrize("size", [1, 2, 3, 4, 7, 10])
def test_condorcet_s_formula_for_equal_judges_is_the_binomial(p: float, size: int) -> None:
    """More than half of n votes are right; just half are a tie, worth nothing or half."""
    members = np.arange(size)[None]
    more, even = stats.binom.sf(size // 2, size, p), stats.binom.pmf(size / 2, size, p) * (size % 2 == 0)
    for convention in (HEADLINE, HALF):
        found = independent(shares_of([p] * size), members, convention)
        assert found == pytest.approx([more + convention.tie * even])


def test_condorcet_s_formula_for_unequal_judges_by_counting_all_cases() -> None:
    """Wrong, neither, right and no verdict of three judges: 64 cases."""
    shares = np.array([[0.2, 0.1, 0.6, 0.1], [0.5, 0.0, 0.4, 0.1], [0.1, 0.3, 0.3, 0.3]])
    for failure in (0.0, 0.5, None):
        convention = Convention(tie=0.5, failure=failure)
        total = counted = 0.0
        for case in product(range(4), repeat=3):
            chance = float(np.prod([shares[judge, kind] for judge, kind in enumerate(case)]))
            margin = case.count(2) - case.count(0)
            none = failure if case == (3, 3, 3) else 0.5
            worth = none if margin == 0 else float(margin > 0)
            if worth is not None:
                total, counted = total + chance * worth, counted + chance
        assert independent(shares, np.array([[0, 1, 2]]), convention) == pytest.approx([total / counted])


@pytest.mark.parametrize(("p", "size", "seed"), [(0.55, 5, 1), (0.7, 3, 2), (0.7, 7, 3), (0.9, 5, 4)])
def test_the_majority_of_independent_judges_follows_condorcet(p: float, size: int, seed: int) -> None:
    """At every odd size the interval holds the binomial's figure; so it does at even ones, where ties count half."""
    found = voted(drawn([p] * size, 1500, seed), rules=("majority",), convention=HALF, resamples=1000)
    for line in found["rules"]["majority"]["sizes"]:
        n = line["size"]
        formula = stats.binom.sf(n // 2, n, p) + (stats.binom.pmf(n / 2, n, p) / 2 if n % 2 == 0 else 0)
        assert line["mean"]["low"] <= formula <= line["mean"]["high"]
        # What is told of independent judges rests on accuracies as they were measured.
        assert line["independent"] == pytest.approx(formula, abs=0.04)
        assert line["of"] == line["panels"] == comb(size, n)


def test_the_majority_of_unequal_judges_follows_condorcet() -> None:
    """Five accuracies, seed 5: measured and expected agree for every size."""
    found = voted(drawn([0.9, 0.8, 0.7, 0.6, 0.55], 1500, 5), rules=("majority",), resamples=500)
    for line in found["rules"]["majority"]["sizes"]:
        assert line["mean"]["low"] <= line["independent"] <= line["mean"]["high"]


def test_judges_that_err_together_fall_short_of_condorcet() -> None:
    """Three judges that copy each other in two cases of three gain little by voting, and their errors show it."""
    generator = np.random.default_rng(6)
    common, own = drawn([0.7], 2000, 7), drawn([0.7] * 3, 2000, 8)
    votes = np.where(generator.random(own.shape) < 0.66, common, own)
    found = voted(votes, rules=("majority",), resamples=200)
    line = found["rules"]["majority"]["sizes"][-1]
    assert line["mean"]["high"] < line["independent"]
    assert found["dependence"]["same_errors"] > 0.3
