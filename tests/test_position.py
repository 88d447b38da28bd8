"""Place: flips between orders, consistency, first-position rate and its test."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rmb.metrics import summarise
from rmb.metrics.columns import columns
from rmb.metrics.position import Flips, consistency, first_preferred, flips, position_test
from rmb.outcomes import Outcome, Showing
from tests.builders import always_first, listing, outcome, pair, run, showing, told
from tests.test_slots import rotated, whole

ALONE = (showing(1.0, 0.0, position=None),)
"""Rated without the other, so that there is no place."""


def items(*comparisons: Sequence[Showing], a_conversation: int = 1) -> list[Outcome]:
    """Items of one comparison each."""
    return [
        outcome(
            group,
            item=listing(
                "good", ["bad"], uid=f"{number:03}", asked=f"Conversation {number // a_conversation}"
            ),
        )
        for number, group in enumerate(comparisons)
    ]


def turned(outcomes: Sequence[Outcome]) -> list[Outcome]:
    """The same verdicts with the two responses shown in each other's place."""
    return [
        replace(
            one,
            showings=tuple(
                shown if shown.position is None else replace(shown, position=1 - shown.position)
                for shown in one.showings
            ),
        )
        for one in outcomes
    ]


# Flips.

FLIPS = [
    pytest.param(told("right", "right"), Flips(1, 0, 0, 0, 0), id="right in both"),
    pytest.param(told("wrong", "wrong"), Flips(1, 0, 0, 0, 0), id="wrong in both"),
    pytest.param(told("tie", "tie"), Flips(1, 0, 0, 0, 0), id="a tie in both"),
    pytest.param(told("right", "wrong"), Flips(0, 1, 0, 0, 0), id="the first, both times"),
    pytest.param(told("wrong", "right"), Flips(0, 0, 1, 0, 0), id="the second, both times"),
    pytest.param(told("right", "tie"), Flips(0, 0, 0, 1, 0), id="a tie in one"),
    pytest.param(told("tie", "wrong"), Flips(0, 0, 0, 1, 0), id="a tie in the other"),
    pytest.param(told("right", "parse"), Flips(0, 0, 0, 0, 1), id="one unread"),
    pytest.param(told("tie", "parse"), Flips(0, 0, 0, 0, 1), id="a tie and one unread"),
    pytest.param(told("transport", "parse"), Flips(0, 0, 0, 0, 1), id="none read"),
    pytest.param(told("right"), Flips(0, 0, 0, 0, 0), id="one order only"),
    pytest.param(ALONE, Flips(0, 0, 0, 0, 0), id="rated alone"),
    pytest.param(
        told("right", "right", "right", "wrong", "wrong", "right"), Flips(1, 1, 1, 0, 0), id="three samples"
    ),
    pytest.param(told("right", "wrong", "right"), Flips(0, 1, 0, 0, 0), id="a sample in one order only"),
]


@pytest.mark.parametrize(("comparison", "counted"), FLIPS)
def test_flips(comparison: Sequence[Showing], counted: Flips) -> None:
    """What a verdict did when the order changed, sample by sample."""
    assert flips(columns(items(comparison))) == counted


def test_flips_are_counted_over_all_comparisons_of_a_list() -> None:
    """Each loser of a list was shown in both orders."""
    judged = columns([outcome(told("right", "right"), told("right", "wrong"), told("wrong", "right"))])
    assert flips(judged).to_json() == {"same": 1, "to_first": 1, "to_second": 1, "with_tie": 0, "unread": 0}


@pytest.mark.parametrize(
    ("lists", "counted", "shares"),
    [
        pytest.param([("012", "0"), ("210", "0")], Flips(2, 0, 0, 0, 0), [1, 1], id="right in both"),
        pytest.param([("012", "0"), ("210", "2")], Flips(0, 1, 0, 1, 0), [0, 0], id="the first in both"),
        pytest.param(
            [("012", "0"), ("120", "0"), ("201", "2")],
            # 0 stands before 1 in the first and the third: right and right, tie and right. It stands before 2 in the
            # first alone: right and right, right and wrong.
            Flips(2, 1, 0, 1, 0),
            [0.5, 0.5],
            id="rotations, one of them wrong",
        ),
        pytest.param(
            [("012", "0"), ("120", "1"), ("201", "2")],
            Flips(0, 2, 0, 2, 0),
            [0, 0],
            id="rotations, the first",
        ),
        pytest.param(
            [("012", "0"), ("120", "parse"), ("201", "0")],
            # Against 1 the second order is in both pairs; against 2 in one of two.
            Flips(1, 0, 0, 0, 3),
            [1],
            id="rotations, one without a verdict",
        ),
        pytest.param(
            [("012", "0"), ("210", "0"), ("012", "1"), ("210", "0")],
            Flips(2, 0, 1, 1, 0),
            [0.5, 0.5],
            id="two samples",
        ),
    ],
)
def test_flips_between_the_orders_of_a_list(
    lists: list[tuple[str, str]], counted: Flips, shares: list[float]
) -> None:
    """Of each comparison and sample, every two showings with the best response before the loser in one alone."""
    judged = columns([whole(*lists)])
    assert flips(judged) == counted
    assert consistency(judged)[1].tolist() == shares


def test_under_rotations_a_judge_that_goes_by_the_texts_has_no_lean() -> None:
    """The best response stands before a loser in as many orders as behind one: half of the picks are first."""
    lists = [(order, "0") for order in rotated(4)]
    judged = columns([whole(*lists, uid=str(n), asked=str(n)) for n in range(12)])
    assert first_preferred(judged).mean() == 0.5
    assert position_test(judged) == 1.0
    assert flips(judged) == Flips(12 * (3 + 4 + 3), 0, 0, 0, 0)


@pytest.mark.parametrize(
    ("comparison", "share"),
    [
        pytest.param(told("right", "right"), [1.0], id="the same"),
        pytest.param(told("tie", "tie"), [1.0], id="a tie both times"),
        pytest.param(told("right", "tie"), [0.0], id="a tie once"),
        pytest.param(told("right", "right", "right", "wrong"), [0.5], id="one sample of two"),
        pytest.param(told("right", "right", "right", "parse"), [1.0], id="unread samples take no part"),
        pytest.param(told("right", "parse"), [], id="unread"),
        pytest.param(told("right"), [], id="one order"),
        pytest.param(ALONE, [], id="rated alone"),
    ],
)
def test_consistency(comparison: Sequence[Showing], share: list[float]) -> None:
    """The share of samples with the same verdict in both orders, where both have one."""
    assert consistency(columns(items(comparison)))[1].tolist() == share


# First-position rate.


@pytest.mark.parametrize(
    ("comparison", "rate"),
    [
        pytest.param(told("right", "right"), 0.5, id="the same text"),
        pytest.param(told("right", "wrong"), 1.0, id="the first both times"),
        pytest.param(told("wrong", "right"), 0.0, id="the second both times"),
        pytest.param(told("right", "tie"), 1.0, id="a tie has no place"),
        pytest.param(told("parse", "right"), 0.0, id="nor has a failure"),
        pytest.param(told("tie", "tie"), None, id="ties only"),
        pytest.param(told("parse", "transport"), None, id="failures only"),
        pytest.param(ALONE, None, id="rated alone"),
    ],
)
def test_first_position_rate(comparison: Sequence[Showing], rate: float | None) -> None:
    """Of the showings with a preference, the share that prefers what was shown first; None without any."""
    outcomes = items(comparison)
    found = summarise(outcomes, resamples=0)["first_position_rate"]
    assert (found and found["value"]) == rate
    if rate is None:
        assert position_test(columns(outcomes)) is None


# The test.

FIRST, SECOND, FAIR = told("right", "wrong"), told("wrong", "right"), told("right", "right")


@pytest.mark.parametrize(
    ("comparisons", "a_conversation", "p"),
    [
        pytest.param([FAIR] * 9, 1, 1.0, id="never leans"),
        pytest.param([FIRST, SECOND] * 3, 2, 1.0, id="leans both ways in each conversation"),
        pytest.param([FIRST, SECOND] * 3, 1, 1.0, id="leans both ways"),
        pytest.param([FIRST] * 4, 1, 2 / 16, id="four of four"),
        pytest.param([FIRST] * 6, 1, 2 / 64, id="six of six"),
        pytest.param([SECOND] * 6, 1, 2 / 64, id="to the second as well"),
        pytest.param([FIRST] * 6 + [FAIR] * 30, 1, 2 / 64, id="what is fair adds nothing"),
        pytest.param([FIRST] * 6, 2, 2 / 8, id="six items of three conversations"),
        pytest.param([FIRST] * 5 + [SECOND], 1, 14 / 64, id="five of six: 2 (1 + 6)/64"),
    ],
)
def test_position_test_by_hand(comparisons: list[tuple[Showing, ...]], a_conversation: int, p: float) -> None:
    """A sign-flip test of the lean of each conversation: every pattern of signs is tried."""
    judged = columns(items(*comparisons, a_conversation=a_conversation))
    assert position_test(judged) == pytest.approx(p)


def test_one_conversation_that_leans_shows_nothing() -> None:
    """Either sign of it is as far from 0."""
    assert position_test(columns(items(FIRST, FAIR, FAIR))) == 1.0


def test_position_test_of_a_judge_that_always_takes_the_first() -> None:
    """Through a whole run: 40 conversations, and no doubt left."""
    from rmb.testing import Scripted

    outcomes = run(Scripted(always_first), [pair(uid=str(n), asked=str(n)) for n in range(40)]).outcomes
    judged = columns(outcomes)
    assert first_preferred(judged).mean() == 1.0
    assert flips(judged).to_first == 40
    assert position_test(judged) == pytest.approx(2 / 10_000)


# Laws.

words = st.sampled_from(["right", "wrong", "tie", "parse", "transport"])
comparisons = st.lists(st.lists(words, min_size=1, max_size=4), max_size=12)
LEANING = [FIRST, FIRST, SECOND]
"""So that there is a rate."""


@given(comparisons)
@settings(max_examples=60, deadline=None)
def test_showing_all_in_the_other_order_mirrors_everything(said: list[list[str]]) -> None:
    """The first-position rate becomes 1 less it, flips change their side, consistency and the test stay."""
    outcomes = items(*LEANING, *[told(*each) for each in said])
    there, back = columns(outcomes), columns(turned(outcomes))
    np.testing.assert_allclose(np.nanmean(first_preferred(back)), 1 - np.nanmean(first_preferred(there)))
    one, other = flips(there), flips(back)
    assert (one.same, one.to_first, one.to_second) == (other.same, other.to_second, other.to_first)
    assert (one.with_tie, one.unread) == (other.with_tie, other.unread)
    assert consistency(there)[1].tolist() == consistency(back)[1].tolist()
    assert position_test(there) == pytest.approx(position_test(back))


@given(comparisons, st.randoms(use_true_random=False))
@settings(max_examples=40, deadline=None)
def test_the_order_of_the_items_does_not_matter(said: list[list[str]], random: object) -> None:
    """Items come in any order."""
    outcomes = items(*LEANING, *[told(*each) for each in said])
    mixed = random.sample(outcomes, len(outcomes))  # type: ignore[attr-defined]
    assert flips(columns(outcomes)) == flips(columns(mixed))
    assert position_test(columns(outcomes)) == position_test(columns(mixed))


def test_nothing_at_all() -> None:
    """No items, no flips, no p-value."""
    assert flips(columns([])) == Flips(0, 0, 0, 0, 0)
    assert position_test(columns([])) is None
