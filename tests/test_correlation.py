"""Correlations over scorers: the coefficients, their intervals, their tests, and what may be said of them."""

from __future__ import annotations

from functools import partial
from itertools import permutations
from math import asin, factorial, pi
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from scipy import stats

from rmb.metrics.benchmarks import apart, every_pair, power, ranking
from rmb.metrics.correlation import (
    KERNELS,
    LEAST,
    Relation,
    gap,
    interval,
    relation,
    sorted_together,
    spearman,
)
from rmb.metrics.rank_permutations import DRAWS, EXACT, least_p, least_shown, permuted

NAN = float("nan")
PAIRS = st.lists(st.tuples(st.integers(-3, 3), st.integers(-3, 3)), min_size=2, max_size=7)
"""Few different figures, so that most examples have ties."""
SPREAD = st.lists(
    st.tuples(st.floats(-1e6, 1e6, width=32), st.floats(-1e6, 1e6, width=32)), min_size=2, max_size=30
)


def columns(pairs: list[tuple[float, float]]) -> tuple[Any, Any]:
    """Two columns of which neither is constant."""
    x, y = np.array(pairs, dtype=np.float64).T
    assume(np.ptp(x) > 0 and np.ptp(y) > 0)
    return x, y


def values(found: Relation) -> dict[str, float]:
    """The coefficients by name."""
    assert found.coefficients is not None
    return {name: one.value for name, one in found.coefficients.items()}


def p_values(found: Relation) -> dict[str, float]:
    """The p-values by name."""
    assert found.coefficients is not None
    return {name: one.p for name, one in found.coefficients.items()}


# By hand.


def test_the_papers_formulas_on_four_scorers() -> None:
    """Ranks 1 2 3 4 against 2 1 3 4: ρ = 1 - 6·Σd²/(n(n²-1)) = 1 - 12/60, τ = (5 - 1)/6."""
    found = relation(np.array([0.7, 0.6, 0.5, 0.4]), np.array([0.61, 0.62, 0.5, 0.3]))
    assert values(found)["spearman"] == pytest.approx(0.8)
    assert values(found)["kendall"] == pytest.approx(4 / 6)
    # Of the 24 orders, 4 have ρ of 0.8 or 1, and as many the opposite.
    assert p_values(found)["spearman"] == pytest.approx(8 / 24)


def test_ties_share_the_mean_of_their_ranks() -> None:
    """0.5 and 0.5 are both 2.5; ρ is then Pearson's r of the ranks: 4.5/√(4.5·5)."""
    found = ranking("abcd", ("rmb", np.array([0.7, 0.5, 0.5, 0.1])), ("s", np.array([0.9, 0.8, 0.4, 0.1])))
    assert [place.r_score for place in found.places] == [1, 2.5, 2.5, 4]
    assert [place.r_aligned for place in found.places] == [1, 2, 3, 4]
    assert found.shared == {"rmb": [["b", "c"]], "s": []}
    rho = relation(np.array([0.7, 0.5, 0.5, 0.1]), np.array([0.9, 0.8, 0.4, 0.1]))
    assert values(rho)["spearman"] == pytest.approx(4.5 / (4.5 * 5) ** 0.5)


def test_ranks_go_from_the_best_aligned() -> None:
    """A difference above 0: the benchmark puts the scorer lower than alignment does. Who lacks a figure has no line."""
    found = ranking("abc", ("rmb", np.array([0.1, 0.9, 0.5])), ("s", np.array([0.8, 0.2, NAN])))
    assert [place.to_json() for place in found.places] == [
        {"judge": "a", "score": 0.1, "aligned": 0.8, "r_score": 2.0, "r_aligned": 1.0, "difference": 1.0},
        {"judge": "b", "score": 0.9, "aligned": 0.2, "r_score": 1.0, "r_aligned": 2.0, "difference": -1.0},
    ]


# As scipy has it.


@given(PAIRS | SPREAD)
@settings(max_examples=60, deadline=None)
def test_the_coefficients_are_scipys(pairs: list[tuple[float, float]]) -> None:
    """With ties and without."""
    x, y = columns(pairs)
    found = values(relation(x, y, resamples=0))
    assert found["spearman"] == pytest.approx(stats.spearmanr(x, y).statistic, abs=1e-9)
    assert found["kendall"] == pytest.approx(stats.kendalltau(x, y).statistic, abs=1e-9)
    assume(np.ptp(x) > 1e-3 and np.ptp(y) > 1e-3)
    assert found["pearson"] == pytest.approx(np.corrcoef(x, y)[0, 1], abs=1e-6)


def test_draws_are_scipys_coefficients_of_repeated_scorers() -> None:
    """A draw's weights are the same as its scorers written out, ties and all."""
    generator = np.random.default_rng(5)
    x, y = generator.integers(0, 4, (2, 7)).astype(np.float64)
    weights = generator.multinomial(7, [1 / 7] * 7, size=40).astype(np.float64)
    for row in weights:
        each = np.repeat(np.arange(7), row.astype(int))
        a, b = x[each], y[each]
        for name, other in (
            ("spearman", stats.spearmanr),
            ("kendall", stats.kendalltau),
            ("pearson", stats.pearsonr),
        ):
            mine = KERNELS[name](x, y, row[None, :])[0]
            if np.ptp(a) == 0 or np.ptp(b) == 0:
                assert np.isnan(mine)
            else:
                assert mine == pytest.approx(other(a, b).statistic)


@given(PAIRS)
@settings(max_examples=30, deadline=None)
def test_the_exact_p_counts_every_order(pairs: list[tuple[float, float]]) -> None:
    """The share of all n! orders, those that look alike each for itself, with a ρ as far from 0."""
    x, y = columns(pairs[:5])
    rx, ry = stats.rankdata(x), stats.rankdata(y)
    every = [abs(np.corrcoef(rx, ry[list(order)])[0, 1]) for order in permutations(range(len(x)))]
    observed = abs(np.corrcoef(rx, ry)[0, 1])
    assert permuted(x, y)["spearman"] == pytest.approx(np.mean([it >= observed - 1e-9 for it in every]))


# Laws.


@given(PAIRS)
@settings(max_examples=50, deadline=None)
def test_growing_transforms_change_no_rank_correlation(pairs: list[tuple[float, float]]) -> None:
    """Nor its p, nor its interval."""
    x, y = columns(pairs)
    plain, bent = (relation(each, y, resamples=50) for each in (x, np.exp(x) - 5))
    assert plain.coefficients is not None
    assert bent.coefficients is not None
    for name in ("spearman", "kendall"):
        assert plain.coefficients[name] == bent.coefficients[name]


@given(PAIRS)
@settings(max_examples=50, deadline=None)
def test_a_changed_sign_changes_the_signs(pairs: list[tuple[float, float]]) -> None:
    """Of all three; p stays."""
    x, y = columns(pairs)
    one, other = relation(x, y, resamples=0), relation(-x, y, resamples=0)
    assert values(other) == pytest.approx({name: -value for name, value in values(one).items()})
    assert p_values(other) == pytest.approx(p_values(one))


@given(PAIRS, st.randoms(use_true_random=False))
@settings(max_examples=50, deadline=None)
def test_the_order_of_the_scorers_does_not_matter(pairs: list[tuple[float, float]], random: Any) -> None:
    """To any number, intervals and p among them; nor which of the two columns is which, to value and p."""
    x, y = columns(pairs)
    order = list(range(len(pairs)))
    random.shuffle(order)
    assert relation(x, y, resamples=50) == relation(x[order], y[order], resamples=50)
    turned = relation(y, x, resamples=0)
    assert values(turned) == pytest.approx(values(relation(x, y, resamples=0)))
    assert p_values(turned) == pytest.approx(p_values(relation(x, y, resamples=0)))


@given(PAIRS)
@settings(max_examples=50, deadline=None)
@example([(0, 0), (-1, -1), (2, 2)])
def test_no_p_is_smaller_than_two_orders_of_all(pairs: list[tuple[float, float]]) -> None:
    """Of ρ and τ, whose opposite is as far from 0; r may have none, so 1/n!. Values in [-1, 1]; intervals hold them."""
    x, y = columns(pairs)
    found = relation(x, y, resamples=50).coefficients
    assert found is not None
    for name, one in found.items():
        orders = 1 if name == "pearson" else 2
        assert min(1, orders / factorial(len(x))) - 1e-12 <= one.p <= 1
        assert -1 <= one.value <= 1
        if one.low is not None and one.high is not None:
            assert -1 <= one.low <= one.value <= one.high <= 1


def test_no_drawn_p_is_zero() -> None:
    """The order observed counts among those drawn; the seed decides which these are."""
    x = np.arange(EXACT + 4.0)
    assert permuted(x, x) == dict.fromkeys(("spearman", "kendall", "pearson"), 1 / (DRAWS + 1))
    y = np.random.default_rng(1).permutation(x) + x
    assert permuted(x, y, seed=1) == permuted(x, y, seed=1) != permuted(x, y, seed=2)


def test_drawn_p_is_near_the_exact_one() -> None:
    """At one scorer above the limit: scipy's exact Kendall test, which has no ties here."""
    x = np.arange(EXACT + 1.0)
    y = np.array([2.0, 0, 1, 5, 3, 8, 4, 6, 7])
    exact = stats.kendalltau(x, y, method="exact").pvalue
    assert permuted(x, y)["kendall"] == pytest.approx(exact, abs=3 * (exact / DRAWS) ** 0.5)


# Few scorers, and none.


@pytest.mark.parametrize(
    ("one", "other", "why"),
    [
        ([], [], "0 scorers with both figures"),
        ([1], [1], "1 scorer with both figures"),
        ([1, NAN, 2], [1, 2, NAN], "1 scorer with both figures"),
        ([1, 1, 1], [1, 2, 3], "all 3 scorers have the same figure"),
        ([1, 2, NAN], [4, 4, 5], "all 2 scorers have the same figure"),
    ],
)
def test_what_is_undefined_says_why(one: list[float], other: list[float], why: str) -> None:
    """None, and no number in its place."""
    found = relation(np.array(one, dtype=np.float64), np.array(other, dtype=np.float64))
    assert found.coefficients is None
    assert found.spearman is None
    assert found.why.startswith(why)
    (line,) = every_pair({"x": np.array(one, dtype=float)}, {"s": np.array(other, dtype=float)}, "s")
    assert (line.finding, line.p) == ("undefined", None)
    assert why in line.words
    assert line.to_json()["spearman"] is None


@pytest.mark.parametrize(
    ("n", "p", "told"), [(2, 1.0, "= 1,"), (3, 1 / 3, "= 0.33,"), (4, 1 / 12, "= 0.083,")]
)
def test_too_few_scorers_for_any_claim(n: int, p: float, told: str) -> None:
    """Even of ρ = 1: the value is shown, without an interval, and it is said that it shows nothing."""
    x = np.arange(float(n))
    (line,) = every_pair({"x": x}, {"s": x}, "s")
    rho = line.relation.spearman
    assert rho is not None
    assert (rho.value, rho.low, rho.high) == (1.0, None, None)
    assert rho.p == pytest.approx(p) == least_p(n)
    assert line.finding == "too few"
    assert told in power(n)
    assert "too few for any claim" in power(n)


@pytest.mark.parametrize(
    ("n", "least"), [(4, None), (5, 1.0), (6, 0.886), (7, 0.786), (8, 0.738), (9, 0.700), (10, None)]
)
def test_how_strong_a_relation_must_be(n: int, least: float | None) -> None:
    """The critical values that are tabled for Spearman's ρ, two-sided at 5 %."""
    assert least_shown(n) == (None if least is None else pytest.approx(least, abs=5e-4))
    assert ("only a very strong relation" in power(n)) == (least is not None)


def test_ten_scorers_need_no_warning() -> None:
    """And of none, nothing can be correlated."""
    assert power(10) == ""
    assert power(0).startswith("No scorers with both figures")


def test_missing_cells_leave_their_scorers_out() -> None:
    """Each two columns over the scorers that have both."""
    x, y = np.array([1, 2, NAN, 4, 5]), np.array([1, NAN, 3, 5, 4])
    found = relation(x, y, resamples=0)
    assert found.n == 3
    assert values(found)["spearman"] == pytest.approx(0.5)


def test_draws_of_one_figure_alone_are_counted() -> None:
    """Four of five alike: in about a third of the draws nothing differs."""
    found = relation(np.array([1.0, 1, 1, 1, 2]), np.array([1.0, 2, 3, 4, 5]), resamples=2000).spearman
    assert found is not None
    assert found.undefined / 2000 == pytest.approx(0.8**5, abs=0.05)
    assert found.low is not None


# What is told.


def test_holm_is_over_the_columns_against_the_headline() -> None:
    """Against the others there is no corrected p, and nothing is said."""
    x = np.arange(12.0)
    noise = np.random.default_rng(3).standard_normal(12)
    every = every_pair({"a": x, "b": noise, "c": np.ones(12)}, {"s": x, "t": noise}, "s", resamples=200)
    found = {(one.benchmark, one.alignment): one for one in every}
    rho = found["a", "s"].relation.spearman
    assert rho is not None
    assert found["a", "s"].p == pytest.approx(2 * rho.p)
    assert (found["a", "s"].finding, found["c", "s"].finding) == ("goes with", "undefined")
    assert found["a", "s"].words.startswith("a goes with s: ρ 1.00")
    assert found["b", "s"].finding == "not shown"
    assert (found["b", "t"].p, found["b", "t"].finding, found["b", "t"].words) == (None, None, "")
    (against,) = every_pair({"a": -x}, {"s": x}, "s", resamples=200)
    assert against.finding == "goes against"


def test_what_holm_takes_back_is_not_shown() -> None:
    """Seven scorers with Σd² = 12: ρ = .786 is significant alone, and not as one of two."""
    x = np.arange(7.0)
    line = np.array([2.0, 1, 0, 4, 3, 6, 5])
    alone = every_pair({"b": line}, {"s": x}, "s", resamples=0)[0]
    among = every_pair({"b": line, "c": x % 2 + x % 3}, {"s": x}, "s", resamples=0)[0]
    assert (alone.finding, among.finding) == ("goes with", "not shown")
    assert alone.p is not None
    assert alone.p < 0.05 < (among.p or 0)


def test_one_column_goes_better_only_where_the_interval_leaves_out_0() -> None:
    """Of the same scorers in every draw; whichever way round the two are named."""
    target = np.arange(30.0)
    noise = np.random.default_rng(2).standard_normal((2, 30))
    made = {"close": target + noise[0], "far": target + 60 * noise[1], "same": target + noise[0]}
    pairs = [("close", "far"), ("far", "close"), ("close", "same")]
    one, other, none = apart(pairs, made, ("s", target), resamples=500)
    assert one.gap is not None
    assert other.gap is not None
    assert one.words.startswith("close goes better with s than far: ρ")
    assert other.words.startswith("close goes better with s than far: ρ")
    assert one.gap.value == pytest.approx(-other.gap.value)
    assert none.words.startswith("no difference shown between close and same")
    assert (none.gap and none.gap.value, none.to_json()["shown"]) == (0.0, False)


def test_a_difference_of_few_or_of_constants_is_not_shown() -> None:
    """Without an interval nothing is; of a constant column there is no ρ."""
    x = np.arange(LEAST - 1.0)
    found = gap(x, -x, x)
    assert found is not None
    assert (found.value, found.low, found.shown) == (2.0, None, False)
    (line,) = apart([("x", "c")], {"x": x, "c": x * 0}, ("s", x))
    assert line.words == "x and c cannot be compared: one has no correlation with s"


# A known relation.


def coverage(n: int, rho: float, runs: int, *, resamples: int) -> float:
    """Share of simulated samples of a normal pair whose interval holds the true ρ: (6/π)·asin(r/2)."""
    generator = np.random.default_rng(11)
    true, hits = 6 / pi * asin(rho / 2), 0
    for seed in range(runs):
        x, noise = generator.standard_normal((2, n))
        y = rho * x + (1 - rho**2) ** 0.5 * noise
        x, y = sorted_together(x, y)
        value = float(spearman(x, y, np.ones((1, n)))[0])
        low, high, _ = interval(partial(spearman, x, y), value, n, seed, resamples)
        assert low is not None
        assert high is not None
        hits += low <= true <= high
    return hits / runs


def test_a_known_relation_is_recovered() -> None:
    """Of many scorers ρ is the true one; of 19, as the paper has, the interval holds it in about 95 %."""
    x, noise = np.random.default_rng(4).standard_normal((2, 200))
    found = relation(x, 0.8 * x + 0.6 * noise, resamples=200).spearman
    assert found is not None
    assert found.value == pytest.approx(6 / pi * asin(0.4), abs=0.05)
    assert coverage(19, 0.8, 60, resamples=200) >= 0.87


@pytest.mark.slow
@pytest.mark.parametrize("n", [6, 8, 12, 19, 40])
@pytest.mark.parametrize("rho", [0.0, 0.5, 0.8])
def test_intervals_hold_the_true_value_as_often_as_they_say(n: int, rho: float) -> None:
    """95 %, within what 500 samples leave open, and two points that so few scorers cost."""
    assert coverage(n, rho, 500, resamples=1000) >= 0.95 - 0.02 - 2 * (0.05 * 0.95 / 500) ** 0.5


@pytest.mark.slow
@pytest.mark.parametrize("n", [5, 8, 12, 30])
def test_no_relation_is_found_as_rarely_as_it_should_be(n: int) -> None:
    """Without any, p is below 5 % in at most about 5 %; two columns alike are told apart as rarely."""
    generator = np.random.default_rng(12)
    found, differ = 0, 0
    for seed in range(600):
        x, z, y = generator.standard_normal((3, n))
        rho, between = relation(x, y, resamples=0).spearman, gap(x, z, y, seed=seed, resamples=500)
        assert rho is not None
        assert between is not None
        found += rho.p < 0.05
        differ += between.shown
    assert max(found, differ) / 600 <= 0.05 + 3 * (0.05 * 0.95 / 600) ** 0.5
