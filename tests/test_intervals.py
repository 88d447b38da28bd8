"""Intervals: a bootstrap over conversations, held against formulas and against simulated truth."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rmb.metrics.intervals import (
    CHUNK,
    Figure,
    Part,
    Table,
    alike,
    beside,
    drawn,
    figures,
    found_in,
    labelled,
    percentiles,
    ratio,
    tabulate,
)

Units = Sequence[tuple[int, float]]
Z = 1.959964
"""97.5 % of a normal distribution lie below."""


def table(units: Mapping[str, Units], conversations: int) -> Table:
    """Figures by name, each with its units (conversation, value)."""
    flat = [(name, *unit) for name, some in units.items() for unit in some]
    return tabulate(
        labelled([name for name, _, _ in flat], known=list(units)),
        np.array([value for _, _, value in flat], dtype=np.float64),
        np.array([conversation for _, conversation, _ in flat], dtype=np.int64),
        conversations,
    )


def figure(units: Units, *, seed: int = 0, resamples: int = 4_000) -> Figure | None:
    """The figure of some units (conversation, value)."""
    conversations = max((conversation for conversation, _ in units), default=-1) + 1
    return figures(table({"it": units}, conversations), {}, seed=seed, resamples=resamples)["it"]


def width(units: Units) -> float:
    """How wide the interval of some units is."""
    found = figure(units)
    assert found is not None
    assert found.low is not None
    assert found.high is not None
    return found.high - found.low


def clustered(
    generator: np.random.Generator, conversations: int, *, truth: float = 0.7
) -> list[tuple[int, float]]:
    """Credits of 1 or 0 with the mean `truth`, alike within conversations of one to six items."""
    units = []
    for conversation in range(conversations):
        ease = generator.beta(3 * truth, 3 * (1 - truth))
        units += [(conversation, float(generator.random() < ease)) for _ in range(generator.integers(1, 7))]
    return units


def analytic(units: Units) -> float:
    """The standard error of a mean over clusters of unequal sizes, linearised (Cameron & Miller 2015, II.B)."""
    mean = sum(value for _, value in units) / len(units)
    residuals: dict[int, float] = {}
    for conversation, value in units:
        residuals[conversation] = residuals.get(conversation, 0.0) + value - mean
    return math.sqrt(sum(residual**2 for residual in residuals.values())) / len(units)


# Against formulas and simulation.


@pytest.mark.parametrize("wins", [100, 200, 320])
def test_independent_items_have_the_binomial_interval(wins: int) -> None:
    """With one item a conversation the interval is that of a proportion, p ± 1.96 √(p(1-p)/n)."""
    p = wins / 400
    found = figure([(conversation, float(conversation < wins)) for conversation in range(400)])
    assert found is not None
    margin = Z * math.sqrt(p * (1 - p) / 400)
    assert (found.value, found.n) == (p, 400)
    assert found.low == pytest.approx(p - margin, abs=margin / 10)
    assert found.high == pytest.approx(p + margin, abs=margin / 10)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_clustered_items_have_the_cluster_robust_interval(seed: int) -> None:
    """With unequal conversations the width is that of the cluster-robust standard error, within 6 %."""
    units = clustered(np.random.default_rng(seed), 300)
    assert width(units) == pytest.approx(2 * Z * analytic(units), rel=0.06)


def test_intervals_cover_the_truth_as_often_as_they_say() -> None:
    """In 400 simulated benchmarks of 80 conversations, about 95 % of the intervals contain the true value."""
    generator = np.random.default_rng(7)
    hits = 0
    for _ in range(400):
        found = figure(clustered(generator, 80), resamples=400)
        assert found is not None
        assert found.low is not None
        assert found.high is not None
        hits += found.low <= 0.7 <= found.high
    assert 0.91 <= hits / 400 <= 0.98


def test_a_mean_of_independent_figures_has_the_formula_s_interval() -> None:
    """The variance of a mean of two independent figures is a quarter of the sum of theirs."""
    generator = np.random.default_rng(3)
    halves = {"a": clustered(generator, 300), "b": clustered(generator, 300)}
    units = {"a": halves["a"], "b": [(300 + conversation, value) for conversation, value in halves["b"]]}
    found = figures(table(units, 600), {"mean": ["a", "b"]}, resamples=4_000)["mean"]
    assert found is not None
    assert found.low is not None
    assert found.high is not None
    error = math.hypot(analytic(halves["a"]), analytic(halves["b"])) / 2
    assert found.high - found.low == pytest.approx(2 * Z * error, rel=0.06)


# Conversations, not items.


@pytest.mark.parametrize("copies", [2, 10])
def test_repeating_items_within_their_conversation_does_not_narrow_the_interval(copies: int) -> None:
    """Ten copies of an item say no more than one."""
    units = [(conversation, float(conversation % 3 > 0)) for conversation in range(60)]
    assert width(units * copies) == pytest.approx(width(units))


def test_more_conversations_do_narrow_the_interval() -> None:
    """Four times the conversations, half the width."""
    few = [(conversation, float(conversation % 2)) for conversation in range(100)]
    many = [(conversation, float(conversation % 2)) for conversation in range(400)]
    assert width(many) == pytest.approx(width(few) / 2, rel=0.15)


def test_figures_are_drawn_together() -> None:
    """A draw of conversations serves all figures: one that is the same twice has the same mean interval."""
    units = [(conversation, float(conversation % 3 > 0)) for conversation in range(60)]
    found = figures(table({"a": units, "b": units}, 60), {"mean": ["a", "b"]}, resamples=500)
    assert found["a"] == found["b"]
    assert found["a"] is not None
    assert found["mean"] == replace(found["a"], n=120)


# Where little is known.


@pytest.mark.parametrize(
    ("units", "found"),
    [
        pytest.param([], None, id="nothing"),
        pytest.param([(0, 1.0)], Figure(1.0, None, None, 1, 1), id="one item"),
        pytest.param([(0, 1.0), (0, 0.0)], Figure(0.5, None, None, 2, 1), id="one conversation"),
        pytest.param([(0, 1.0), (1, 1.0)], Figure(1.0, 1.0, 1.0, 2, 2, 0.0), id="two that agree"),
        pytest.param([(0, math.nan)], None, id="left out"),
        pytest.param([(0, math.nan), (1, 1.0)], Figure(1.0, None, None, 1, 1), id="one of two left out"),
    ],
)
def test_few_conversations(units: Units, found: Figure | None) -> None:
    """None where nothing was measured; no interval where one conversation tells nothing of the spread."""
    assert figure(units) == found


def test_two_conversations_that_disagree() -> None:
    """Half of the draws hold both, a quarter only the one, a quarter only the other: error √(½ · ½²)."""
    found = figure([(0, 1.0), (1, 0.0)])
    assert found is not None
    assert replace(found, error=None) == Figure(0.5, 0.0, 1.0, 2, 2)
    assert found.error == pytest.approx(math.sqrt(1 / 8), abs=0.01)


def test_a_mean_is_none_if_a_part_is() -> None:
    """The mean of what was measured and what was not is not the figure it is named after."""
    found = figures(table({"a": [(0, 1.0)], "b": []}, 1), {"mean": ["a", "b"], "none": []})
    assert (found["b"], found["mean"], found["none"]) == (None, None, None)


def test_a_mean_of_means() -> None:
    """A figure may be the mean of figures that are means themselves."""
    units = {"a": [(0, 1.0)], "b": [(1, 0.0)], "c": [(2, 1.0)]}
    found = figures(table(units, 3), {"ab": ["a", "b"], "abc": ["ab", "c"]}, resamples=0)
    assert found["abc"] == Figure(0.75, None, None, 3, 3)


def test_a_mean_over_one_conversation_has_no_interval() -> None:
    """One conversation in two subsets is still one: its interval must not be [value, value]."""
    units = {"a": [(0, 1.0)], "b": [(0, 0.0)]}
    assert figures(table(units, 1), {"mean": ["a", "b"]})["mean"] == Figure(0.5, None, None, 2, 1)


def test_no_draws_no_interval() -> None:
    """Without resamples there are values and no bounds."""
    assert figure([(0, 1.0), (1, 0.0)], resamples=0) == Figure(0.5, None, None, 2, 2)


@pytest.mark.parametrize("resamples", [1, 100])
def test_a_rare_figure_survives_few_draws(resamples: int) -> None:
    """A figure of two conversations in a thousand may be in no draw at all; it still has its value."""
    units = {"rare": [(0, 1.0), (1, 0.0)], "all": [(conversation, 1.0) for conversation in range(1_000)]}
    for seed in range(20):
        found = figures(table(units, 1_000), {}, seed=seed, resamples=resamples)["rare"]
        assert found is not None
        assert found.value == 0.5


# The parts.


def test_units_are_put_into_conversations() -> None:
    """Sums and counts by conversation and figure; a NaN and a unit without a label are in none."""
    made = tabulate(
        labelled(["a", "b", None, "a", "a"], known=["c"]),
        np.array([1.0, 0.5, 1.0, 0.25, math.nan]),
        np.array([0, 2, 0, 0, 1]),
        3,
        prefix="it:",
    )
    assert made.names == ("it:c", "it:a", "it:b")
    assert made.sums.tolist() == [[0, 1.25, 0], [0, 0, 0], [0, 0, 0.5]]
    assert made.counts.tolist() == [[0, 2, 0], [0, 0, 0], [0, 0, 1]]


def test_one_label_for_all() -> None:
    """Every unit is in the one figure."""
    made = alike("it", 3)
    assert (made.names, made.place.tolist()) == (("it",), [0, 0, 0])


def test_tables_beside_each_other() -> None:
    """One table with the columns of both; of a name that both have, the first one's."""
    one, other = table({"a": [(0, 1.0)], "b": [(1, 1.0)]}, 2), table({"b": [(0, 0.0)], "c": [(1, 0.5)]}, 2)
    both = beside([one, other])
    assert both.names == ("a", "b", "c")
    assert both.sums.tolist() == [[1, 0, 0], [0, 1, 0.5]]
    assert both.counts.tolist() == [[1, 0, 0], [0, 1, 1]]


def test_parts_are_drawn_together() -> None:
    """Figures of several parts come from the same draws: each is what it would be alone."""
    units = {"a": [(0, 1.0), (1, 0.0), (2, 0.5)], "b": [(0, 0.0), (2, 1.0)]}
    parts = [
        Part(table({"a": units["a"]}, 3), {"same": ["a"]}),
        Part(table({"b": units["b"]}, 3), {"both": ["a", "b"]}),
    ]
    found = found_in(parts, resamples=200)
    assert found["a"] == found["same"] == figure(units["a"], resamples=200)
    assert found["both"] == figures(table(units, 3), {"both": ["a", "b"]}, resamples=200)["both"]


def test_a_ratio_of_nothing_is_no_number() -> None:
    """And no warning either."""
    assert np.isnan(ratio(np.array([1.0, 0.0]), np.array([2.0, 0.0]))).tolist() == [False, True]


def test_bounds_reach_to_the_value() -> None:
    """Where all draws lie on one side of it, as rounding may have it, the interval still holds the value."""
    assert percentiles(np.array([0.5, 0.5]), 0.6) == (0.5, 0.6)
    assert percentiles(np.array([0.5, 0.5]), 0.4) == (0.4, 0.5)
    assert percentiles(np.empty(0), 0.4) == (None, None)


@pytest.mark.parametrize("resamples", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1])
def test_as_many_draws_as_asked_for(resamples: int) -> None:
    """In pieces or not; each draw holds as many conversations as there are."""
    found = drawn(np.ones((7, 1)), lambda totals: totals, resamples=resamples)
    assert found.tolist() == [[7.0]] * resamples


def test_draws_are_those_of_a_plain_loop() -> None:
    """The statistic of each draw is that of the conversations numbered by the generator, taken with repeats."""
    values = np.random.default_rng(5).random((11, 2))
    found = drawn(values, lambda totals: totals, seed=3, resamples=40)
    taken = np.random.default_rng(3).integers(0, 11, size=(40, 11))
    plain = [[math.fsum(values[at, column] for at in draw) for column in (0, 1)] for draw in taken]
    np.testing.assert_allclose(found, plain, atol=1e-12)


def test_the_error_is_the_spread_of_the_draws() -> None:
    """The standard error of a proportion, √(p(1-p)/n), as the bootstrap finds it; a quarter of the width."""
    found = figure([(conversation, float(conversation < 120)) for conversation in range(400)])
    assert found is not None
    assert found.error == pytest.approx(math.sqrt(0.3 * 0.7 / 400), rel=0.05)
    assert found.high - found.low == pytest.approx(2 * Z * found.error, rel=0.05)  # type: ignore[operator]
    assert found.conversations == 400


# Laws.

some_units = st.lists(st.tuples(st.integers(0, 5), st.floats(0, 1)), min_size=1, max_size=30)


@given(some_units, st.integers(0, 3))
@settings(max_examples=50, deadline=None)
def test_draws_depend_on_the_seed_alone(units: list[tuple[int, float]], seed: int) -> None:
    """The same data and seed give the same interval, in every run and on every machine."""
    assert figure(units, seed=seed, resamples=30) == figure(units, seed=seed, resamples=30)


def test_another_seed_moves_the_interval_a_little() -> None:
    """Intervals of different seeds differ by no more than the noise of their draws."""
    units = clustered(np.random.default_rng(0), 200)
    one, other = figure(units, seed=1), figure(units, seed=2)
    assert one is not None
    assert other is not None
    assert one != other
    assert one.low == pytest.approx(other.low, abs=0.01)
    assert one.high == pytest.approx(other.high, abs=0.01)


@given(some_units)
@settings(max_examples=50, deadline=None)
def test_the_value_is_the_plain_mean_and_lies_in_its_interval(units: list[tuple[int, float]]) -> None:
    """Bootstrapping changes the bounds and never the value."""
    found = figure(units, resamples=30)
    assert found is not None
    assert found.value == pytest.approx(sum(value for _, value in units) / len(units))
    assert found.low is None or found.high is None or found.low <= found.value <= found.high
    assert found.n == len(units)


def test_a_figure_is_written_as_the_contract_says() -> None:
    """In summary.json a score has a value, both bounds, and the number of units."""
    assert Figure(0.5, None, None, 2, 1).to_json() == {"value": 0.5, "low": None, "high": None, "n": 2}
