"""The planted-bias suite: judges whose biases are known go through a whole run, and the report must find them.

Each test plants log-odds (see tests.simulated.Judge) and asks the report for them: they must lie in its 95 %
intervals, and where nothing was planted nothing may be shown. An interval of 95 % misses one time in twenty, so the
quick tests ask one judge with a fixed seed that is not among the unlucky, and the slow ones count how often
intervals of many judges miss.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.special import expit

from rmb.metrics import behaviour, summarise
from tests.simulated import MINE, WRITERS, Judge, World, behaviour_of, judged, world

NAMES = ("right", "length", "first", "own_family")
SEED = 3
"""Of the whims of every judge in the quick tests."""
LONGER_IS_BETTER = 0.4
"""Makes the label prefer the longer response about three times in four."""


@pytest.fixture(scope="module")
def plain() -> World:
    """300 conversations in which length and label have nothing to do with each other."""
    return world(1)


@pytest.fixture(scope="module")
def long_is_good() -> World:
    """300 conversations in which the better response tends to be the longer one."""
    return world(2, longer_is_better=LONGER_IS_BETTER)


def holds(found: dict[str, Any], planted: float) -> bool:
    """Whether the interval of a slope or a figure holds a value."""
    return bool(found["low"] <= planted <= found["high"])


def recovered(judge: Judge, benchmark: World) -> dict[str, bool]:
    """Of every slope, whether its interval holds what was planted."""
    found = behaviour_of(judge, benchmark)["slopes"]
    return {name: holds(found[name], getattr(judge, name)) for name in NAMES}


def chances(judge: Judge, benchmark: World) -> list[tuple[float, float]]:
    """Of every comparison, the probability that the judge is right if the best is shown first, and if second."""
    replies = benchmark.replies
    told = []
    for item in benchmark.items:
        best = replies[item.candidates[item.best].text]
        for loser in item.losers:
            rival = replies[item.candidates[loser].text]
            told.append((judge.first_preferred(best, rival), 1 - judge.first_preferred(rival, best)))
    return told


# One bias at a time.


@pytest.mark.parametrize("right", [0.0, 0.5, 1.0, 2.0], ids="right {}".format)
def test_noise_is_the_slope_of_what_is_right(right: float, plain: World) -> None:
    """The less a judge goes by the label, the noisier it is: 0 is a coin."""
    assert all(recovered(Judge(right=right, seed=SEED), plain).values())


@pytest.mark.parametrize("first", [-1.0, -0.25, 0.25, 1.0], ids="first {}".format)
def test_position_bias_is_recovered(first: float, plain: World) -> None:
    """Above 0 the judge favours what it is shown first, below 0 what it is shown second; the test says so too."""
    judge = Judge(first=first, seed=SEED)
    found = behaviour_of(judge, plain)
    assert holds(found["slopes"]["first"], first)
    assert found["position"]["p"] < 0.001
    turned = found["position"]["flips"]
    assert (turned["to_first"] > turned["to_second"]) == (first > 0)


@pytest.mark.parametrize("first", [-0.75, 0.0, 0.75], ids="first {}".format)
def test_first_position_rate_of_a_judge_that_goes_by_position_alone(first: float, plain: World) -> None:
    """It prefers the first with the odds that were planted, and agrees with itself only as often as these say."""
    figures = summarise(judged(Judge(right=0, first=first, seed=SEED), plain), resamples=2_000)
    rate = expit(first)
    assert holds(figures["first_position_rate"], rate)
    assert holds(figures["position_consistency"], 2 * rate * (1 - rate))


@pytest.mark.parametrize("length", [-1.0, 0.5, 1.5], ids="length {}".format)
def test_length_bias_is_recovered(length: float, plain: World) -> None:
    """A response e times as long gains this much in log-odds, or loses it."""
    assert all(recovered(Judge(length=length, seed=SEED), plain).values())


def test_share_of_longer_chosen_of_a_judge_that_goes_by_length_alone(plain: World) -> None:
    """The raw share is what the planted log-odds give on these very pairs; the label's own share stands beside."""
    judge = Judge(right=0, length=1.0, seed=SEED)
    found = behaviour_of(judge, plain, resamples=2_000)["length"]
    shares = [
        expit(abs(np.log(len(item.candidates[0].text) / len(item.candidates[loser].text))))
        for item in plain.items
        for loser in item.losers
    ]
    assert holds(found["longer_preferred"], float(np.mean(shares)))
    assert holds(found["longer_is_best"], 0.5)
    assert found["accuracy_longer"]["value"] > 0.6
    assert found["accuracy_shorter"]["value"] < 0.4


@pytest.mark.parametrize("own_family", [-0.7, 0.7, 1.4], ids="own family {}".format)
def test_self_preference_is_recovered(own_family: float, plain: World) -> None:
    """Answers by the judge's family gain this much in log-odds; its raw share is off the label's on that side."""
    judge = Judge(own_family=own_family, seed=SEED)
    found = behaviour_of(judge, plain)
    assert found["own_family"]["family"] == "GPT"
    assert holds(found["slopes"]["own_family"], own_family)
    favour = found["own_family"]["preferred"]["value"] - found["own_family"]["is_best"]["value"]
    assert favour * own_family > 0


@pytest.mark.parametrize("right", [0.3, 1.0], ids="right {}".format)
def test_self_preference_lifts_the_family_in_the_ranking_of_writers(right: float, plain: World) -> None:
    """In Bradley-Terry strengths, the models of the family rise and all others fall, against an unbiased twin."""
    judge = Judge(right=right, own_family=1.0, seed=SEED)
    biased, fair = (
        behaviour_of(each, plain)["generators"]["helpfulness"]["models"]
        for each in (judge, replace(judge, own_family=0.0))
    )
    risen = {name for name in WRITERS if biased[name]["strength"] > fair[name]["strength"]}
    assert risen == set(MINE)


# Several at once.


SEVERAL = pytest.mark.parametrize(
    "judge",
    [
        pytest.param(Judge(right=1.0, length=0.5, first=0.4, own_family=0.6, seed=SEED), id="the usual"),
        pytest.param(Judge(right=1.5, length=-0.6, first=-0.4, own_family=-0.6, seed=SEED), id="the unusual"),
        pytest.param(Judge(right=0.4, length=1.0, first=0.75, own_family=1.0, seed=SEED), id="noisy"),
        pytest.param(Judge(right=0.0, seed=SEED), id="a coin"),
    ],
)


@SEVERAL
def test_biases_are_told_apart(judge: Judge, plain: World) -> None:
    """All four at once, each in its interval."""
    assert all(recovered(judge, plain).values())


@pytest.mark.parametrize("length", [0.0, 1.0], ids="length {}".format)
def test_length_bias_is_told_from_labels_that_prefer_length(length: float, long_is_good: World) -> None:
    """Where the better response is the longer one a fair judge chooses it often; the slope knows the difference."""
    found = behaviour_of(Judge(length=length, seed=SEED), long_is_good)
    assert found["length"]["longer_is_best"]["value"] > 0.65
    assert found["length"]["longer_preferred"]["value"] > 0.55
    assert holds(found["slopes"]["length"], length)
    assert holds(found["slopes"]["right"], 1.0)


# Nothing planted, nothing shown.


@pytest.mark.parametrize("right", [0.0, 2.0], ids=["coin", "good judge"])
def test_nothing_is_shown_where_nothing_is_planted(right: float, long_is_good: World) -> None:
    """Neither a coin nor a good judge has a preference for places, lengths or its own family."""
    found = behaviour_of(Judge(right=right, seed=SEED), long_is_good)
    assert found["position"]["p"] > 0.05
    for name in ("length", "first", "own_family"):
        assert holds(found["slopes"][name], 0.0), name


def test_a_coin_has_no_figure_off_chance(plain: World) -> None:
    """Accuracy on pairs, first-position rate, consistency: all hold ½ in their intervals."""
    figures = summarise(judged(Judge(right=0, seed=SEED), plain), resamples=2_000)
    for found in (
        figures["helpfulness"]["pairwise"],
        figures["harmlessness"]["pairwise"],
        figures["first_position_rate"],
        figures["position_consistency"],
    ):
        assert holds(found, 0.5)


def test_a_judge_of_no_known_family_has_no_self_preference(plain: World) -> None:
    """Without a family there is nothing to prefer: None, and no 0 that would look measured."""
    found = behaviour(judged(Judge(own_family=2.0, seed=SEED), plain), model="my-model", resamples=0)
    assert found["own_family"] == {"family": None, "preferred": None, "is_best": None}
    assert found["slopes"]["own_family"] is None


# The headline.


def test_the_headline_is_what_the_planted_odds_give(plain: World) -> None:
    """Pairs: the mean over both orders; lists: the product over their losers. Each in its interval."""
    judge = Judge(right=1.2, length=0.5, first=0.5, own_family=0.5, seed=SEED)
    outcomes = judged(judge, plain)
    told = iter(chances(judge, plain))
    expected: dict[tuple[str, str], list[float]] = {}
    for item in plain.items:
        credit = float(np.prod([sum(next(told)) / 2 for _ in item.losers]))
        expected.setdefault((item.goal, item.set), []).append(credit)
    figures = summarise(outcomes, resamples=2_000)
    for (goal, kind), worth in expected.items():
        assert holds(figures[goal][kind], float(np.mean(worth))), (goal, kind)


def test_labels_follow_the_strengths_of_their_writers() -> None:
    """Bradley-Terry finds from the labels alone how well each of the simulated writers writes."""
    many = world(4, conversations=1_500, lists=False)
    models = behaviour_of(Judge(right=3.0, seed=SEED), many)["generators"]["helpfulness"]["models"]
    planted = np.array([WRITERS[name] for name in models]) - np.mean(list(WRITERS.values()))
    assert [one["label_strength"] for one in models.values()] == pytest.approx(planted, abs=0.25)


# Over many judges.


@pytest.mark.slow
@SEVERAL
def test_intervals_of_slopes_hold_the_planted_value_as_often_as_they_say(judge: Judge) -> None:
    """Over 100 benchmarks and judges the 95 % intervals of the four slopes hold 90 to 99 % of what was planted."""
    hits = [
        recovered(
            replace(judge, seed=seed),
            world(100 + seed, conversations=120, longer_is_better=LONGER_IS_BETTER),
        )
        for seed in range(100)
    ]
    by_name = {name: float(np.mean([one[name] for one in hits])) for name in NAMES}
    print("coverage:", judge, by_name)
    assert 0.90 <= np.mean(list(by_name.values())) <= 0.99
    # 3 standard errors of a share of 100 below 95 %.
    assert min(by_name.values()) >= 0.95 - 3 * np.sqrt(0.05 * 0.95 / 100)


@pytest.mark.slow
def test_nothing_planted_is_shown_no_more_often_than_the_level() -> None:
    """Of 100 judges without a bias at most 5 % + 3 standard errors have a position test below 5 %, and likewise
    each slope that is 0.
    """
    shown: dict[str, int] = dict.fromkeys(("length", "first", "own_family", "position"), 0)
    for seed in range(100):
        found = behaviour_of(Judge(seed=seed), world(200 + seed, conversations=120))
        shown["position"] += found["position"]["p"] < 0.05
        for name in ("length", "first", "own_family"):
            shown[name] += found["slopes"][name]["p"] < 0.05
    print("shown where nothing is planted, of 100:", shown)
    assert max(shown.values()) <= 100 * (0.05 + 3 * np.sqrt(0.05 * 0.95 / 100))
