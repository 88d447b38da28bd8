"""The conventions: what a judge's verdicts on an item are worth. Tables first, laws after."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rmb.outcomes import Comparison, Convention, Showing, put_together, verdict_scores
from rmb.records import JUDGE_FAILURES, RUN_FAILURES, Failure, Scores
from tests.builders import listing, outcome, showing, told

WORST, BEST = Convention(missing=0.0), Convention(missing=1.0)
words = st.sampled_from(["right", "wrong", "tie", "parse", "transport"])


def compared(*told_words: str) -> Comparison:
    """A comparison in words."""
    return Comparison(1, told(*told_words))


# One comparison.


@pytest.mark.parametrize(
    ("said", "expected", "consistent"),
    [
        (["right", "right"], 1.0, 1.0),
        (["right", "wrong"], 0.5, 0.0),
        (["wrong", "right"], 0.5, 0.0),
        (["wrong", "wrong"], 0.0, 0.0),
        (["right", "tie"], 0.5, 0.0),
        (["tie", "tie"], 0.0, 0.0),
        (["right", "parse"], 0.5, 0.0),
        (["parse", "parse"], 0.0, 0.0),
        (["right", "transport"], None, None),
        (["parse", "transport"], None, None),
        (["transport", "transport"], None, None),
        (["right"], 1.0, None),
        (["parse"], 0.0, None),
        (["transport"], None, None),
        (["right", "right", "right", "wrong"], 0.75, 0.5),
        (["right", "wrong", "wrong", "right"], 0.5, 0.5),
        (["right", "right", "right", "transport"], None, None),
    ],
    ids=lambda value: "+".join(value) if isinstance(value, list) else None,
)
def test_credit_of_a_comparison(said: list[str], expected: float | None, consistent: float | None) -> None:
    """Expected: the mean over orders and samples. Consistent: the worse of the two orders."""
    comparison = compared(*said)
    assert (comparison.expected(), comparison.consistent()) == (expected, consistent)


@pytest.mark.parametrize(
    ("said", "convention", "credit"),
    [
        pytest.param(["tie", "tie"], Convention(tie=0.5), 0.5, id="ties count half"),
        pytest.param(["right", "tie"], Convention(tie=0.5), 0.75, id="one tie counts half"),
        pytest.param(["parse", "right"], Convention(failure=0.5), 0.75, id="failures count half"),
        pytest.param(["transport", "right"], WORST, 0.5, id="missing, at worst"),
        pytest.param(["transport", "right"], BEST, 1.0, id="missing, at best"),
        pytest.param(["parse", "right"], BEST, 0.5, id="a judge's failure is not missing"),
    ],
)
def test_a_convention_says_what_else_is_worth(said: list[str], convention: Convention, credit: float) -> None:
    """Ties, failures of the judge and missing answers are worth what the convention says."""
    assert compared(*said).expected(convention) == credit


@pytest.mark.parametrize("reason", sorted(JUDGE_FAILURES | RUN_FAILURES))
def test_a_judges_failure_counts_and_a_runs_failure_is_missing(reason: str) -> None:
    """The judge that gave no verdict was wrong; of the judge that was not heard nothing is known."""
    one = showing(failure=reason)
    assert one.credit() == (None if reason in RUN_FAILURES else 0.0)
    assert Comparison(1, (one,)).answered == (reason not in RUN_FAILURES)


def test_responses_rated_alone_have_no_orders() -> None:
    """A scorer that sees one response at a time has a headline credit and nothing to say of orders."""
    comparison = Comparison(1, (showing(0.9, 0.1, position=None, graded=True),))
    assert comparison.expected() == 1.0
    assert (comparison.consistent(), comparison.averaged()) == (None, None)


# Scores of both orders put together.


@pytest.mark.parametrize(
    ("first", "second", "averaged"),
    [
        pytest.param((0.9, 0.1), (0.4, 0.6), 1.0, id="right by far, wrong by little"),
        pytest.param((0.6, 0.4), (0.1, 0.9), 0.0, id="right by little, wrong by far"),
        pytest.param((0.9, 0.1), (0.9, 0.1), 1.0, id="right twice"),
        pytest.param((0.75, 0.25), (0.25, 0.75), 0.0, id="even: a tie"),
        pytest.param((0.1, 0.2), (0.2, 0.1), 0.0, id="even, whatever the rounding"),
    ],
)
def test_averaged_scores_cancel_a_preference_for_a_place(
    first: tuple[float, float], second: tuple[float, float], averaged: float
) -> None:
    """The scores (best, rival) of both orders are added, and then compared."""
    showings = (showing(*first, position=0, graded=True), showing(*second, position=1, graded=True))
    assert Comparison(1, showings).averaged() == averaged


@pytest.mark.parametrize(
    ("showings", "averaged"),
    [
        pytest.param(told("right", "right"), None, id="bare preferences"),
        pytest.param((showing(0.9, 0.1, graded=True),), None, id="one order only"),
        pytest.param(
            (showing(0.9, 0.1, graded=True), showing(failure="transport", position=1)), None, id="missing"
        ),
        pytest.param(
            (showing(0.9, 0.1, graded=True), showing(failure="parse", position=1)),
            0.0,
            id="a judge's failure",
        ),
    ],
)
def test_scores_that_cannot_be_averaged(showings: tuple[Showing, ...], averaged: float | None) -> None:
    """None where both orders have no graded scores to average; a failure of the judge is wrong here too."""
    assert Comparison(1, showings).averaged() == averaged


def test_an_even_average_is_worth_what_a_tie_is() -> None:
    """The convention for ties holds for averaged scores."""
    showings = (showing(0.75, 0.25, graded=True), showing(0.25, 0.75, position=1, graded=True))
    assert Comparison(1, showings).averaged(Convention(tie=0.5)) == 0.5


# Lists.


@pytest.mark.parametrize(
    ("lists", "credit"),
    [
        pytest.param([["right", "right"]], 1.0, id="one loser, beaten"),
        pytest.param([["right", "right"], ["right", "wrong"], ["right", "right"]], 0.5, id="1, ½, 1"),
        pytest.param([["right", "wrong"], ["right", "wrong"]], 0.25, id="½, ½"),
        pytest.param([["right", "right"], ["wrong", "wrong"]], 0.0, id="one loser wins"),
        pytest.param([["right", "right"], ["parse", "parse"]], 0.0, id="one without a verdict"),
        pytest.param([["right", "right"], ["right", "transport"]], None, id="partly unanswered"),
        pytest.param(
            [["wrong", "wrong"], ["transport", "transport"]], None, id="lost, yet partly unanswered"
        ),
        pytest.param([], None, id="no loser"),
    ],
)
def test_a_list_is_won_by_beating_every_loser(lists: list[list[str]], credit: float | None) -> None:
    """The credit of a list is the product over its losers; with a part missing, the list is missing."""
    listed = outcome(*(told(*said, loser=loser) for loser, said in enumerate(lists, 1)))
    assert listed.credit(Comparison.expected) == credit


def test_showings_are_put_together_by_loser() -> None:
    """Showings of one loser form one comparison, in whatever order they come."""
    first, second = told("right", "wrong", loser=1), told("right", "right", loser=2)
    mixed = [first[0], second[0], second[1], first[1]]
    made = put_together(listing("good", ["bad", "worse"]), mixed)
    assert made.comparisons == (Comparison(1, first), Comparison(2, second))


# What is a number.


@pytest.mark.parametrize(
    ("verdict", "place", "score"),
    [
        (Scores((0.25, 0.75)), 1, 0.75),
        (Scores((0.25, math.nan)), 1, None),
        (Scores((math.inf, 0.0)), 0, None),
        (Scores((0.0, -math.inf)), 1, None),
        (Scores((0.25,)), 1, None),
        (Failure("parse"), 0, None),
    ],
    ids=["finite", "nan", "inf", "-inf", "too few", "failure"],
)
def test_only_finite_scores_are_scores(verdict: Scores | Failure, place: int, score: float | None) -> None:
    """NaN and infinities are no verdict, and so is a place without a score."""
    assert verdict_scores(verdict, place) == score


@pytest.mark.parametrize(("best", "rival"), [(math.nan, 0.0), (0.0, math.nan), (None, 1.0), (1.0, None)])
def test_a_showing_without_two_numbers_says_nothing(best: float | None, rival: float | None) -> None:
    """NaN is neither more nor less nor equal: never a tie, always without credit."""
    one = showing(best, rival)
    assert (one.said, one.credit()) == (None, 0.0)


# Laws.


@given(st.lists(words, min_size=1, max_size=6))
def test_the_worst_and_the_best_case_enclose_the_credit(said: Sequence[str]) -> None:
    """Whatever is missing, the credit lies between assuming it wrong and assuming it right, in [0, 1]."""
    comparison = compared(*said)
    worst, middle, best = (comparison.expected(case) for case in (WORST, Convention(), BEST))
    assert worst is not None
    assert best is not None
    assert 0 <= worst <= best <= 1
    assert (worst == best == middle) if "transport" not in said else middle is None


@given(st.lists(words, min_size=2, max_size=6))
def test_consistent_is_never_more_than_expected(said: Sequence[str]) -> None:
    """The worse order cannot be better than the mean of both where each has as many samples."""
    comparison = compared(*said[: len(said) // 2 * 2])
    expected, consistent = comparison.expected(), comparison.consistent()
    assert (expected is None) == (consistent is None)
    assert expected is None or consistent is None or consistent <= expected


@given(st.lists(st.lists(words, min_size=2, max_size=2), min_size=1, max_size=4))
def test_another_loser_never_makes_a_list_easier(lists: list[list[str]]) -> None:
    """A list's credit is at most that of any part of it, as long as nothing is missing."""
    comparisons = [told(*said, loser=loser) for loser, said in enumerate(lists, 1)]
    whole, part = outcome(*comparisons), outcome(*comparisons[:1])
    of_whole = whole.credit(lambda comparison: comparison.expected(WORST))
    of_part = part.credit(lambda comparison: comparison.expected(WORST))
    assert of_whole is not None
    assert of_part is not None
    assert of_whole <= of_part
