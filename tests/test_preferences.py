"""What a judge prefers: shares by hand, slopes against formulas, and data that cannot tell."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import logit

from rmb.metrics.columns import columns
from rmb.metrics.intervals import found_in
from rmb.metrics.preferences import (
    Slope,
    Slopes,
    fitted,
    length_parts,
    log_length_ratio,
    own,
    own_family_parts,
    slopes,
)
from rmb.outcomes import Outcome
from rmb.records import Candidate, Item, Message
from tests.builders import outcome, told

GPT, CLAUDE = "gpt-4o-mini-2024-07-18", "claude-3-opus-20240229"


def item(
    said: str,
    *,
    best: int = 10,
    rival: int = 10,
    by: tuple[str | None, str | None] = (None, None),
    uid: int = 0,
    asked: int | None = None,
) -> Outcome:
    """A pair of responses so many characters long, by these writers, and what the judge says of it."""
    return outcome(
        told(*said.split()),
        item=Item(
            id=f"pairwise/{uid:05}",
            set="pairwise",
            goal="helpfulness",
            scenario="S",
            conversation=(Message("user", f"Question {uid if asked is None else asked}"),),
            candidates=(Candidate("b" * best, by[0]), Candidate("r" * rival, by[1])),
        ),
    )


def numbered(*rows: tuple[int, dict[str, Any]]) -> list[Outcome]:
    """So many items of each kind, one to a conversation."""
    kinds = [kind for count, kind in rows for _ in range(count)]
    return [item(**kind, uid=uid) for uid, kind in enumerate(kinds)]


def length_of(outcomes: Sequence[Outcome]) -> dict[str, float | None]:
    """The shares of length."""
    found = found_in(length_parts(columns(outcomes)), resamples=0)
    names = ("longer_preferred", "longer_is_best", "accuracy_longer", "accuracy_shorter")
    return {name: figure and figure.value for name in names for figure in [found[name]]}


# Length.


@pytest.mark.parametrize(
    ("best", "rival", "ratio"),
    [
        pytest.param(10, 10, 0.0, id="equal"),
        pytest.param(20, 10, math.log(2), id="twice as long"),
        pytest.param(10, 20, -math.log(2), id="half as long"),
        pytest.param(0, 10, None, id="an empty best response"),
        pytest.param(10, 0, None, id="an empty rival"),
        pytest.param(0, 0, None, id="both empty"),
    ],
)
def test_log_length_ratio(best: int, rival: int, ratio: float | None) -> None:
    """The logarithm of how many times as long the best response is; none if one has no length."""
    found = log_length_ratio(columns([item("right right", best=best, rival=rival)]))
    assert found == pytest.approx([math.nan if ratio is None else ratio], nan_ok=True)


LONG, SHORT = {"best": 20, "rival": 10}, {"best": 10, "rival": 20}


@pytest.mark.parametrize(
    ("items", "shares"),
    [
        pytest.param(
            [item("right right", **LONG)], (1.0, 1.0, 1.0, None), id="the longer is right, and chosen"
        ),
        pytest.param(
            [item("wrong wrong", **LONG)], (0.0, 1.0, 0.0, None), id="the longer is right, not chosen"
        ),
        pytest.param(
            [item("wrong wrong", **SHORT)], (1.0, 0.0, None, 0.0), id="the longer is wrong, but chosen"
        ),
        pytest.param([item("right wrong", **SHORT)], (0.5, 0.0, None, 0.5), id="each order another"),
        pytest.param(
            [item("right tie", **LONG)], (1.0, 1.0, 0.5, None), id="a tie is no choice, and no credit"
        ),
        pytest.param([item("right parse", **LONG)], (1.0, 1.0, 0.5, None), id="nor is a failure"),
        pytest.param([item("tie tie", **LONG)], (None, None, 0.0, None), id="ties only"),
        pytest.param([item("transport transport", **LONG)], (None, None, None, None), id="not answered"),
        pytest.param([item("right right")], (None, None, None, None), id="as long as each other"),
        pytest.param([item("right right", best=0)], (None, None, None, None), id="an empty response"),
        pytest.param([], (None, None, None, None), id="nothing"),
        pytest.param(
            [item("right right", **LONG, uid=1), item("right wrong", **SHORT, uid=2), item("tie tie", uid=3)],
            (0.75, 0.5, 1.0, 0.5),
            id="several",
        ),
    ],
)
def test_shares_of_length(items: list[Outcome], shares: tuple[float | None, ...]) -> None:
    """The longer one: how often the judge chooses it, how often the label does; accuracy on either side."""
    assert tuple(length_of(items).values()) == shares


# Own family.


@pytest.mark.parametrize(
    ("by", "side"),
    [
        pytest.param((GPT, CLAUDE), 1.0, id="the best"),
        pytest.param((CLAUDE, GPT), -1.0, id="the rival"),
        pytest.param((GPT, GPT), 0.0, id="both"),
        pytest.param((CLAUDE, CLAUDE), 0.0, id="neither"),
        pytest.param((GPT, None), 1.0, id="the best, and an unknown"),
        pytest.param((None, "my-model"), 0.0, id="unknown"),
    ],
)
def test_own(by: tuple[str | None, str | None], side: float) -> None:
    """Which of the two is by the judge's family."""
    judged = columns([item("right right", by=by)])
    assert own(judged, "GPT").tolist() == [side]
    assert own(judged, None).tolist() == [0.0]


@pytest.mark.parametrize(
    ("items", "preferred", "is_best"),
    [
        pytest.param([item("right right", by=(GPT, CLAUDE))], 1.0, 1.0, id="its own is right, and chosen"),
        pytest.param([item("wrong wrong", by=(CLAUDE, GPT))], 1.0, 0.0, id="its own is wrong, and chosen"),
        pytest.param([item("right wrong", by=(CLAUDE, GPT))], 0.5, 0.0, id="each order another"),
        pytest.param([item("tie tie", by=(CLAUDE, GPT))], 0.5, 0.0, id="a tie is half"),
        pytest.param([item("parse right", by=(CLAUDE, GPT))], 0.0, 0.0, id="a failure takes no part"),
        pytest.param([item("right right", by=(GPT, GPT))], None, None, id="both its own"),
        pytest.param([item("right right", by=(CLAUDE, None))], None, None, id="neither its own"),
        pytest.param([], None, None, id="nothing"),
    ],
)
def test_shares_of_the_own_family(
    items: list[Outcome], preferred: float | None, is_best: float | None
) -> None:
    """Where one of the two is by the judge's family: how often the judge prefers it, and the label."""
    found = found_in(own_family_parts(columns(items), "GPT"), resamples=0)
    assert {name: figure and figure.value for name, figure in found.items()} == {
        "own_preferred": preferred,
        "own_is_best": is_best,
    }


# Slopes.


def value(slope: Slope | None) -> float:
    """The value of a slope that must be there."""
    assert slope is not None
    return slope.value


@pytest.mark.parametrize("right", [20, 50, 80])
def test_right_alone_is_the_log_odds_of_accuracy(right: int) -> None:
    """Lengths and writers alike, no order shown twice differently: the intercept is logit(accuracy)."""
    found = slopes(
        columns(numbered((right, {"said": "right right"}), (100 - right, {"said": "wrong wrong"})))
    )
    assert value(found.right) == pytest.approx(logit(right / 100), abs=1e-6)
    assert value(found.first) == pytest.approx(0, abs=1e-6)
    assert (found.length, found.own_family, found.n, found.why) == (None, None, 200, None)


def test_standard_errors_are_clustered_on_conversations() -> None:
    """Both orders of a hundred items with one verdict each say as much as a hundred verdicts, and not two hundred:
    the interval is that of logit(p), ± 1.96 / √(n p (1 - p)).
    """
    found = slopes(columns(numbered((70, {"said": "right right"}), (30, {"said": "wrong wrong"})))).right
    assert found is not None
    margin = 1.96 / math.sqrt(100 * 0.7 * 0.3)
    assert found.high - found.low == pytest.approx(2 * margin, rel=0.03)
    assert found.low < found.value < found.high


def test_position_by_hand() -> None:
    """Right in 80 of 100 if the best is first, in 50 if it is second: half of logit(.8) - logit(.5) for the first place."""
    found = slopes(
        columns(
            numbered(
                (40, {"said": "right right"}), (40, {"said": "right wrong"}), (10, {"said": "wrong right"}),
                (10, {"said": "wrong wrong"}),
            )
        )
    )  # fmt: skip
    assert value(found.first) == pytest.approx((logit(0.8) - logit(0.5)) / 2, abs=1e-6)
    assert value(found.right) == pytest.approx((logit(0.5) + logit(0.8)) / 2, abs=1e-6)


def test_length_by_hand() -> None:
    """Right in 90 of 100 if the best is e times as long as in 100 where it is as much shorter, right in 60: the
    slope is half of the difference of the log-odds, for e times the length.
    """
    longer, shorter = {"best": 2718, "rival": 1000}, {"best": 1000, "rival": 2718}
    found = slopes(
        columns(
            numbered(
                (90, {"said": "right right", **longer}),
                (10, {"said": "wrong wrong", **longer}),
                (60, {"said": "right right", **shorter}),
                (40, {"said": "wrong wrong", **shorter}),
            )
        )
    )
    assert value(found.length) == pytest.approx((logit(0.9) - logit(0.6)) / 2, rel=1e-3)
    assert value(found.right) == pytest.approx((logit(0.9) + logit(0.6)) / 2, rel=1e-3)


def test_own_family_by_hand() -> None:
    """The same with writers: right in 90 % where its own is right, in 60 % where the other is."""
    mine, other = {"by": (GPT, CLAUDE)}, {"by": (CLAUDE, GPT)}
    judged = columns(
        numbered(
            (90, {"said": "right right", **mine}),
            (10, {"said": "wrong wrong", **mine}),
            (60, {"said": "right right", **other}),
            (40, {"said": "wrong wrong", **other}),
        )
    )
    assert value(slopes(judged, "GPT").own_family) == pytest.approx((logit(0.9) - logit(0.6)) / 2, rel=1e-6)
    assert value(slopes(judged, "Claude").own_family) == pytest.approx(
        (logit(0.6) - logit(0.9)) / 2, rel=1e-6
    )
    assert slopes(judged, "Gemini").own_family is None
    assert slopes(judged).own_family is None


def test_ties_failures_and_empty_responses_take_no_part() -> None:
    """Counted are the verdicts with a preference on two texts that have a length."""
    rows = (30, {"said": "right right"}), (8, {"said": "wrong wrong"}), (2, {"said": "right wrong"})
    found = slopes(columns(numbered(*rows)))
    idle = (
        (5, {"said": "tie tie"}), (5, {"said": "parse transport"}), (5, {"said": "wrong wrong", "best": 0}),
    )  # fmt: skip
    assert slopes(columns(numbered(*rows, *idle))) == found
    assert found.n == 80


# Data that cannot tell.


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        pytest.param([], "0 verdicts on 0 conversations are too few", id="nothing"),
        pytest.param(
            [(9, {"said": "right wrong"})], "18 verdicts on 9 conversations are too few", id="18 verdicts"
        ),
        pytest.param(
            [(30, {"said": "right right", "asked": 1})], "60 verdicts on 1 conversations are too few",
            id="one conversation",
        ),
        pytest.param([(50, {"said": "tie tie"})], "0 verdicts on 0 conversations are too few", id="ties only"),
        pytest.param([(20, {"said": "right right"})], "without exception", id="always right"),
        pytest.param([(20, {"said": "wrong wrong"})], "without exception", id="always wrong"),
        pytest.param([(20, {"said": "right wrong"})], "without exception", id="always the first"),
        pytest.param(
            [(20, {"said": "right right", **LONG}), (20, {"said": "wrong wrong", **SHORT})], "without exception",
            id="always the longer",
        ),
        pytest.param(
            [(20, {"said": "right right", "best": 10 + n, "rival": 9}) for n in range(2)]
            + [(20, {"said": "wrong wrong", "best": 9, "rival": 10 + n}) for n in range(2)],
            "without exception", id="always the longer, by a character",
        ),
    ],
)  # fmt: skip
def test_data_that_cannot_tell_says_so(rows: list[tuple[int, dict[str, Any]]], why: str) -> None:
    """No slope at all, and why: a number would look like knowledge."""
    found = slopes(columns(numbered(*rows)), "GPT")
    assert found.right is found.length is found.first is found.own_family is None
    assert found.why is not None
    assert why in found.why


@pytest.mark.parametrize(
    "design",
    [
        pytest.param({"right": np.ones(40), "length": np.ones(40)}, id="two alike"),
        pytest.param({"right": np.ones(40), "length": np.repeat([1e9, -1e9], 20)}, id="far apart"),
    ],
)
def test_designs_without_an_answer(design: dict[str, Any]) -> None:
    """Columns that cannot be told apart, or that no slope fits, give no slope and no warning."""
    found = fitted(np.tile([1.0, 1.0, 0.0, 1.0], 10), design, np.arange(40))
    if found.why is None:
        assert math.isfinite(value(found.right))
    else:
        assert found.right is None


def test_a_judge_that_never_minds_the_order_has_a_position_slope_of_0() -> None:
    """0, in [0, 0], with a p of 1: nothing speaks against 0."""
    found = slopes(columns(numbered((70, {"said": "right right"}), (30, {"said": "wrong wrong"})))).first
    assert found == Slope(0.0, 0.0, 0.0, 1.0)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(
                ["right right", "right wrong", "wrong right", "wrong wrong", "tie right", "parse tie"]
            ),
            st.integers(0, 30),
            st.integers(0, 30),
            st.sampled_from([GPT, CLAUDE, None]),
            st.sampled_from([GPT, CLAUDE, None]),
        ),
        max_size=40,
    )
)
@settings(max_examples=60, deadline=None)
def test_every_number_is_finite(rows: list[tuple[str, int, int, str | None, str | None]]) -> None:
    """Whatever the data: every slope there is has finite numbers in order, and without slopes there is a reason."""
    judged = columns(
        [
            item(said, best=best, rival=rival, by=(one, other), uid=uid)
            for uid, (said, best, rival, one, other) in enumerate(rows)
        ]
    )
    found = slopes(judged, "GPT")
    assert (found.right is None) == (found.why is not None)
    for slope in (found.right, found.length, found.first, found.own_family):
        if slope is not None:
            assert all(math.isfinite(number) for number in slope.to_json().values())
            assert slope.low <= slope.value <= slope.high
            assert 0 <= slope.p <= 1


def test_as_in_the_summary() -> None:
    """A slope is its value, interval and p-value; null where the data cannot tell."""
    slope = Slope(1.0, 0.5, 1.5, 0.001)
    assert Slopes(right=slope, n=40).to_json() == {
        "right": {"value": 1.0, "low": 0.5, "high": 1.5, "p": 0.001},
        "length": None,
        "first": None,
        "own_family": None,
        "n": 40,
        "why": None,
    }
