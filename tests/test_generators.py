"""The models that wrote the responses, as a judge sees them and as the labels do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit

from rmb.metrics.columns import columns
from rmb.metrics.generators import generators, rank_correlation, strengths
from rmb.outcomes import Outcome
from rmb.records import Candidate, Item, Message
from tests.builders import outcome, told

Meeting = tuple[str | None, str | None, str]
"""Who wrote the best response, who its rival, and what the judge says in both orders."""


def met(*meetings: Meeting, goal: str = "helpfulness") -> list[Outcome]:
    """An item for each meeting of two writers."""
    return [
        outcome(
            told(*said.split()),
            item=Item(
                id=f"pairwise/{goal}{number:05}",
                set="pairwise",
                goal=goal,
                scenario="S",
                conversation=(Message("user", f"Question {number}"),),
                candidates=(Candidate(f"good {number}", best), Candidate(f"bad {number}", loser)),
            ),
        )
        for number, (best, loser, said) in enumerate(meetings)
    ]


def of(outcomes: Sequence[Outcome], goal: str = "helpfulness") -> dict[str, Any]:
    """The models of a goal."""
    found: dict[str, Any] = generators(columns(outcomes))[goal]
    return found


def simulated(planted: dict[str, float], meetings: int, *, follows: bool = True) -> list[Outcome]:
    """Meetings of random writers, won by the label with the odds of their log-strengths; the judge follows the
    label, or has lots drawn by the same strengths.
    """
    generator, names = np.random.default_rng(4), list(planted)
    told_of: list[Meeting] = []
    for _ in range(meetings):
        one, other = generator.choice(names, 2, replace=False)
        ahead = expit(planted[one] - planted[other])
        best, loser = (one, other) if generator.random() < ahead else (other, one)
        right = follows or generator.random() < (ahead if best == one else 1 - ahead)
        told_of.append((str(best), str(loser), "right right" if right else "wrong wrong"))
    return met(*told_of)


# By hand.


def test_win_rates_and_accuracy_by_hand() -> None:
    """Of a model's meetings: how many the label gives it, how many the judge, and how often the judge is right."""
    models = of(
        met(
            ("A", "B", "right right"),
            ("A", "B", "right wrong"),
            ("B", "A", "right right"),
            ("A", "C", "tie tie"),
        )
    )["models"]
    rates = {
        name: (one["n"], one["label_win_rate"], one["win_rate"], one["accuracy"])
        for name, one in models.items()
    }
    assert rates == {
        # Won by the judge: 1, ½ (each order another), 0 and ½ (a tie); credit: 1, ½, 1 and 0.
        "A": (4, 3 / 4, 2 / 4, 2.5 / 4),
        "B": (3, 1 / 3, 1.5 / 3, 2.5 / 3),
        "C": (1, 0.0, 0.5, 0.0),
    }


@pytest.mark.parametrize(
    "meeting",
    [
        pytest.param(("A", None, "right right"), id="an unknown rival"),
        pytest.param((None, "A", "right right"), id="an unknown winner"),
        pytest.param(("A", "A", "right right"), id="a model against itself"),
        pytest.param(("A", "B", "right parse"), id="no verdict in one order"),
        pytest.param(("A", "B", "transport transport"), id="not answered"),
    ],
)
def test_meetings_that_tell_nothing_are_left_out(meeting: Meeting) -> None:
    """Only comparisons with a verdict whose two writers are known and differ."""
    assert generators(columns(met(meeting))) == {}
    beside = of(met(("A", "B", "right right"), meeting))["models"]
    assert [one["n"] for one in beside.values()] == [1, 1]


def test_goals_are_told_apart() -> None:
    """Who writes harmless answers is not who writes helpful ones; a goal without a meeting is left out."""
    found = generators(
        columns(
            [
                *met(("A", "B", "right right")),
                *met(("B", "A", "right right"), goal="harmlessness"),
                *met(("A", None, "right right"), goal="safety"),
            ]
        )
    )
    assert {goal: next(iter(one["models"])) for goal, one in found.items()} == {
        "harmlessness": "B",
        "helpfulness": "A",
    }


def test_the_strongest_by_the_labels_stands_first() -> None:
    """Whatever the judge thinks."""
    found = of(met(*[("A", "B", "wrong wrong")] * 4, *[("B", "C", "wrong wrong")] * 4))
    assert list(found["models"]) == ["A", "B", "C"]
    assert found["kendall"] == -1.0


def test_nothing_at_all() -> None:
    """No outcomes, no goals."""
    assert generators(columns([])) == {}


# Strengths.


@pytest.mark.parametrize("won", [30, 60, 75])
def test_the_strength_of_two_models_is_their_log_odds(won: int) -> None:
    """Of 100 meetings: the log-odds are shared between the two, but for the tenth of a meeting they are given."""
    found = strengths(np.array([[0.0, won], [100 - won, 0.0]]))
    odds = np.log((won + 0.05) / (100 - won + 0.05))
    assert found == pytest.approx([odds / 2, -odds / 2], abs=1e-6)


def test_strengths_of_simulated_meetings_are_recovered() -> None:
    """Five planted log-strengths, 6,000 meetings."""
    planted = {"A": 1.2, "B": 0.5, "C": 0.0, "D": -0.5, "E": -1.2}
    models = of(simulated(planted, 6_000, follows=False))["models"]
    assert {name: one["label_strength"] for name, one in models.items()} == pytest.approx(planted, abs=0.12)
    # The judge's verdicts were drawn by the same strengths.
    assert {name: one["strength"] for name, one in models.items()} == pytest.approx(planted, abs=0.12)


@pytest.mark.parametrize(
    "won",
    [
        pytest.param([[0, 9, 9], [0, 0, 9], [0, 0, 0]], id="the better always wins"),
        pytest.param([[0, 5, 0], [0, 0, 0], [0, 0, 0]], id="one never met"),
        pytest.param(
            [[0, 5, 0, 0], [5, 0, 0, 0], [0, 0, 0, 5], [0, 0, 5, 0]], id="two that never met the others"
        ),
    ],
)
def test_strengths_are_finite(won: list[list[int]]) -> None:
    """Models that won all, none, or never met have a strength too; the mean is 0."""
    found = strengths(np.array(won, dtype=float))
    assert np.isfinite(found).all()
    assert found.mean() == pytest.approx(0)


def test_a_judge_that_follows_the_labels_ranks_as_they_do() -> None:
    """Kendall's τ is 1, and so is the accuracy on every model."""
    found = of(simulated({"A": 0.6, "B": 0.2, "C": -0.2, "D": -0.6}, 400))
    assert found["kendall"] == 1.0
    for one in found["models"].values():
        assert one["accuracy"] == 1.0
        assert one["win_rate"] == one["label_win_rate"]
        assert one["strength"] == one["label_strength"]


def test_a_judge_that_ties_always_has_equal_strengths() -> None:
    """A tie is half a win for both, so no model stands out and there is no rank correlation."""
    found = of(met(("A", "B", "tie tie"), ("B", "C", "tie tie"), ("A", "C", "tie tie")))
    assert [one["win_rate"] for one in found["models"].values()] == [0.5] * 3
    assert [one["strength"] for one in found["models"].values()] == pytest.approx([0.0] * 3)
    assert found["kendall"] is None


@pytest.mark.parametrize(
    ("one", "other", "tau"),
    [
        pytest.param([3, 2, 1], [9, 5, 2], 1.0, id="the same order"),
        pytest.param([3, 2, 1], [1, 2, 3], -1.0, id="turned round"),
        pytest.param([4, 3, 2, 1], [3, 4, 2, 1], 4 / 6, id="one of six pairs turned: (5 - 1)/6"),
        pytest.param([1, 2], [1, 2], None, id="two are too few"),
        pytest.param([1, 1, 1], [1, 2, 3], None, id="all alike"),
        pytest.param([0.1 + 0.2, 0.3, 1], [1, 1, 2], 1.0, id="alike but for the last bit"),
    ],
)
def test_rank_correlation(one: list[float], other: list[float], tau: float | None) -> None:
    """Kendall's τ-b."""
    assert rank_correlation(one, other) == (None if tau is None else pytest.approx(tau))


meetings = st.lists(
    st.tuples(
        st.sampled_from(["A", "B", "C", None]),
        st.sampled_from(["A", "B", "C", None]),
        st.sampled_from(["right right", "wrong right", "wrong wrong", "tie tie", "tie right", "parse right"]),
    ),
    max_size=12,
)


@given(meetings)
@settings(max_examples=50, deadline=None)
def test_laws_of_the_table(drawn: list[Meeting]) -> None:
    """Every meeting has one winner by the label and one win to share by the judge; no figure is a NaN."""
    for found in generators(columns(met(*drawn))).values():
        models = found["models"].values()
        total = sum(one["n"] for one in models)
        for rate in ("win_rate", "label_win_rate"):
            assert sum(one["n"] * one[rate] for one in models) == pytest.approx(total / 2)
            assert all(0 <= one[rate] <= 1 for one in models)
        for strength in ("strength", "label_strength"):
            assert sum(one[strength] for one in models) == pytest.approx(0, abs=1e-9)
        assert list(models) == sorted(models, key=lambda one: -one["label_strength"])
