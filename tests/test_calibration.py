"""Calibration: tables by hand, judges that are calibrated or over-confident by construction, and what is no number."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit

from rmb.metrics import behaviour
from rmb.metrics.arrays import Floats
from rmb.metrics.calibration import (
    BINS,
    Calibration,
    calibration,
    combined,
    fitted_temperature,
    probabilities,
    reliability,
    shown,
)
from rmb.metrics.columns import Columns, columns
from rmb.outcomes import Outcome, Showing
from tests.builders import listing, outcome, showing


def of(best: list[float] | Floats, rival: list[float] | Floats | None = None) -> Calibration:
    """The calibration of scores of the best responses; of probabilities if no rivals are given."""
    scores = np.asarray(best, dtype=float)
    other = 1 - scores if rival is None else np.asarray(rival, dtype=float)
    found = calibration(scores, other, np.ones(len(scores), dtype=bool))
    assert found is not None
    return found


def judge(*scores: tuple[float, float]) -> list[Outcome]:
    """Outcomes of graded verdicts, one item each: the scores of its best response shown first, and second, as
    probabilities.
    """
    return [
        outcome(
            [showing(p, 1 - p, position=place, graded=True) for place, p in enumerate(pair)],
            item=listing("good", ["bad"], uid=str(number), asked=str(number)),
        )
        for number, pair in enumerate(scores)
    ]


# By hand.


@pytest.mark.parametrize(
    ("p", "brier", "ece"),
    [
        pytest.param([1.0], 0.0, 0.0, id="sure and right"),
        pytest.param([0.0], 1.0, 1.0, id="sure and wrong"),
        pytest.param([0.5], 0.25, 0.0, id="undecided: half right, as it says"),
        pytest.param([1.0, 0.0], 0.5, 0.5, id="sure, right every second time"),
        pytest.param([0.9, 0.9, 0.9, 0.1], (3 * 0.01 + 0.81) / 4, 0.15, id="90 % sure, 75 % right"),
        pytest.param([0.6, 0.6, 0.4, 0.4, 0.6], (3 * 0.16 + 2 * 0.36) / 5, 0.0, id="60 % sure, 60 % right"),
        pytest.param(
            [1.0, 1.0, 0.7, 0.3], (0.09 + 0.49) / 4, (2 * 0.0 + 2 * 0.2) / 4, id="two bins, weighted"
        ),
    ],
)
def test_brier_and_ece_by_hand(p: list[float], brier: float, ece: float) -> None:
    """Brier: the mean of (1 - p)². ECE: how far accuracy and confidence are apart, in the mean over the bins."""
    found = of(p)
    assert (found.brier, found.ece, found.n) == (pytest.approx(brier), pytest.approx(ece), len(p))
    assert found.temperature is None


def test_the_curve_by_hand() -> None:
    """Ten bins over confidences from ½ to 1, the upper end in the last; None in a bin without a verdict."""
    curve = reliability(np.array([0.97, 0.99, 0.01, 1.0, 0.62, 0.5]))
    assert [one.n for one in curve] == [1, 0, 1, 0, 0, 0, 0, 0, 0, 4]
    assert (curve[9].low, curve[9].high, curve[9].accuracy) == (0.95, 1.0, 0.75)
    assert curve[9].confidence == pytest.approx((0.97 + 0.99 + 0.99 + 1.0) / 4)
    assert (curve[0].confidence, curve[0].accuracy) == (0.5, 0.5)
    assert (curve[1].confidence, curve[1].accuracy) == (None, None)


@pytest.mark.parametrize(
    ("best", "rival", "known"),
    [
        pytest.param([0.7, 0.2], [0.3, 0.8], True, id="each adds up to 1"),
        pytest.param([1.0, 0.0], [0.0, 1.0], True, id="sure"),
        pytest.param([0.7, 0.7], [0.3, 0.8], False, id="one does not"),
        pytest.param([1.5, 0.5], [-0.5, 0.5], False, id="adds up to 1, outside [0, 1]"),
        pytest.param([8.0], [3.0], False, id="ratings"),
        pytest.param([0.9], [0.8], False, id="rewards that happen to lie in [0, 1]"),
        pytest.param([0.1 + 0.2], [0.7], True, id="but for rounding"),
    ],
)
def test_probabilities_are_told_from_margins(best: list[float], rival: list[float], known: bool) -> None:
    """Two scores that add up to 1 everywhere are probabilities; any others are margins."""
    assert probabilities(np.array(best), np.array(rival)) is known
    assert (of(best, rival).temperature is None) is known


# By construction.


def calibrated(size: int, sharper: float = 1.0) -> Floats:
    """The probabilities given to best responses by a judge who is right as often as it says; `sharper` multiplies
    its log-odds, so above 1 it says more than it knows.
    """
    generator = np.random.default_rng(6)
    odds = generator.normal(0, 2, size)
    right = generator.random(size) < expit(np.abs(odds))
    return np.asarray(expit(sharper * np.where(right, 1, -1) * np.abs(odds)))


def test_a_calibrated_judge_has_no_calibration_error() -> None:
    """ECE is near 0, and so is the gap in every bin."""
    found = of(calibrated(20_000))
    assert found.ece < 0.01
    for one in found.curve:
        assert one.accuracy == pytest.approx(one.confidence, abs=0.04)


@pytest.mark.parametrize(
    ("sharper", "side"), [(3.0, -1), (0.3, 1)], ids=["over-confident", "under-confident"]
)
def test_a_judge_that_says_more_or_less_than_it_knows_is_told_by_its_bins(sharper: float, side: int) -> None:
    """Accuracy lies below confidence in every bin, or above it; and the Brier score suffers."""
    found = of(calibrated(20_000, sharper))
    assert found.ece > 0.08
    for one in found.curve:
        if one.n > 200:
            assert one.accuracy is not None
            assert one.confidence is not None
            assert (one.accuracy - one.confidence) * side > 0
    assert found.brier > of(calibrated(20_000)).brier


# Margins.


def margins(temperature: float, size: int = 20_000) -> Floats:
    """Margins of best responses over rivals, right with the chance σ(|margin| / temperature)."""
    generator = np.random.default_rng(8)
    size_of = np.abs(generator.normal(0, 2 * temperature, size))
    return np.where(generator.random(size) < expit(size_of / temperature), size_of, -size_of)


@pytest.mark.parametrize("temperature", [0.01, 1.0, 7.0, 500.0])
def test_the_temperature_of_margins_is_recovered(temperature: float) -> None:
    """In the unit of the margins; with it the judge is calibrated."""
    found = of(margins(temperature), np.zeros(20_000))
    assert found.temperature == pytest.approx(temperature, rel=0.04)
    assert found.ece < 0.012


def test_adding_to_both_rewards_changes_nothing() -> None:
    """Only the margin counts."""
    margin = margins(1.0, 500)
    assert of(margin + 40, np.full(500, 40.0)).brier == pytest.approx(of(margin, np.zeros(500)).brier)


@given(st.floats(0.01, 100))
@settings(max_examples=20, deadline=None)
def test_the_unit_of_the_margins_does_not_matter(unit: float) -> None:
    """Margins twice as large have twice the temperature and the same Brier score."""
    margin = margins(1.0, 300)
    assert fitted_temperature(unit * margin) == pytest.approx(unit * fitted_temperature(margin), rel=1e-3)
    one, other = of(margin, np.zeros(300)), of(unit * margin, np.zeros(300))
    assert one.brier == pytest.approx(other.brier, abs=1e-6)


@pytest.mark.parametrize(
    "margin",
    [
        pytest.param([0.0, 0.0, 0.0], id="all are ties"),
        pytest.param([2.0, -2.0], id="right and wrong alike"),
        pytest.param([1.0, -3.0], id="wrong on the whole"),
        pytest.param([-1.0], id="wrong"),
    ],
)
def test_margins_that_say_nothing(margin: list[float]) -> None:
    """No temperature makes them say anything: every probability is ½, and no temperature is told."""
    found = of(margin, [0.0] * len(margin))
    assert (found.brier, found.ece, found.temperature) == (0.25, 0.0, None)


@pytest.mark.parametrize("margin", [[0.1, 5.0, 2.0], [3.0], [1e-12, 1e-12], [1e12, 3e12]])
def test_margins_that_are_all_right(margin: list[float]) -> None:
    """The likeliest temperature would be 0; it ends at a thousandth of the mean margin, with finite figures."""
    found = of(margin, [0.0] * len(margin))
    assert found.temperature == pytest.approx(np.mean(margin) / 1_000, rel=0.05)
    assert found.brier == pytest.approx(0, abs=1e-4)


@given(st.lists(st.tuples(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6)), min_size=1, max_size=12))
@settings(max_examples=100, deadline=None)
def test_every_figure_is_finite_and_in_its_range(scores: list[tuple[float, float]]) -> None:
    """Whatever finite scores a judge gives: Brier in [0, 1], ECE in [0, 1], bins that hold all verdicts."""
    found = of([best for best, _ in scores], [rival for _, rival in scores])
    assert 0 <= found.brier <= 1
    assert 0 <= found.ece <= 1
    assert found.temperature is None or 0 < found.temperature < math.inf
    assert sum(one.n for one in found.curve) == found.n == len(scores)
    assert len(found.curve) == BINS


# In outcomes.


def test_single_showings_and_both_orders_together() -> None:
    """A judge that leans to the first is over-confident in each order; added over both it is undecided."""
    judged = columns(judge((0.9, 0.1), (0.9, 0.1)))
    each, together = shown(judged), combined(judged)
    assert each is not None
    assert together is not None
    assert (each.n, each.brier, each.ece) == (4, pytest.approx((0.01 + 0.81) / 2), pytest.approx(0.4))
    assert (together.n, together.brier, together.ece) == (2, pytest.approx(0.25), pytest.approx(0.0))


@pytest.mark.parametrize(
    "comparison",
    [
        pytest.param([showing(1.0, 0.0), showing(1.0, 0.0, position=1)], id="bare preferences"),
        pytest.param([showing(failure="parse"), showing(failure="transport", position=1)], id="failures"),
        pytest.param([], id="nothing"),
    ],
)
def test_a_judge_that_does_not_say_how_sure_it_is_has_no_calibration(comparison: list[Showing]) -> None:
    """None, and not the calibration of ones and noughts."""
    assert behaviour([outcome(comparison)], resamples=0)["calibration"] is None


@pytest.mark.parametrize("score", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("side", ["best", "rival"])
def test_a_score_that_is_no_number_takes_no_part(score: float, side: str) -> None:
    """A NaN or an infinity is no verdict: the other showing counts alone, and the pair not at all."""
    broken = replace(showing(0.8, 0.2, position=1, graded=True), **{side: score})
    judged: Columns = columns([outcome([showing(0.8, 0.2, graded=True), broken])])
    found = shown(judged)
    assert found is not None
    assert (found.n, found.brier) == (1, pytest.approx(0.04))
    assert combined(judged) is None


def test_as_in_the_summary() -> None:
    """The block says how it was binned, and holds plain numbers only."""
    told = behaviour(judge((0.8, 0.6)), resamples=0)["calibration"]
    assert told["shown"]["binning"] == "10 of equal width over [0.5, 1]"
    assert told["shown"]["temperature"] is None
    assert (told["shown"]["n"], told["averaged"]["n"]) == (2, 1)
    assert set(told["shown"]["bins"][0]) == {"low", "high", "n", "confidence", "accuracy"}
