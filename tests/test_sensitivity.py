"""The headline under every convention: which there are, and whether the ranking of judges hangs on one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import product
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rmb.errors import UsageError
from rmb.metrics import sensitivity, summarise
from rmb.metrics.columns import Columns, columns
from rmb.metrics.sensitivity import CHOICES, Sensitivity
from rmb.outcomes import HEADLINE, Average, Convention, Order, Outcome
from tests.builders import credit, listing, outcome, pair, showing, told

ORDERS, AVERAGES = get_args(Order), get_args(Average)
conventions = st.builds(
    Convention,
    tie=st.floats(0, 1),
    failure=st.none() | st.sampled_from([0.0, 0.5]) | st.floats(0, 1),
    order=st.sampled_from(ORDERS),
    average=st.sampled_from(AVERAGES),
    seed=st.integers(),
)


def judge(*said: str, graded: bool = False, path: str = "helpfulness/Chat/Discussion") -> list[Outcome]:
    """What a judge said of some pairs, each in words: "right+wrong" is right in one order, wrong in the other."""
    items = [pair(uid=str(number), path=path) for number in range(len(said))]
    return [
        outcome([replace(one, graded=graded) for one in told(*words.split("+"))], item=item)
        for words, item in zip(said, items, strict=True)
    ]


def found(headline: Convention = HEADLINE, **judges: Sequence[Outcome]) -> Sensitivity:
    """The sensitivity of some judges."""
    return sensitivity({name: columns(outcomes) for name, outcomes in judges.items()}, headline)


EVERYTHING = ["right+right", "right+wrong", "tie+tie", "right+parse", "wrong+tie"]

# Which conventions there are.


@pytest.mark.parametrize(
    ("said", "graded", "idle", "size"),
    [
        pytest.param(EVERYTHING, True, (), 5 * 2 * 3 * 2, id="all that a convention says matters"),
        pytest.param(EVERYTHING, False, (), 4 * 2 * 3 * 2, id="bare preferences: nothing to average"),
        pytest.param(["right+right", "tie+tie"], False, ("failure",), 4 * 2 * 2, id="no failures"),
        pytest.param(
            ["right+right", "parse+parse+right"], False, (), 4 * 2 * 3 * 2, id="a failure may split votes"
        ),
        pytest.param(["right+right", "wrong+wrong"], False, ("tie", "failure"), 4 * 2, id="neither"),
        pytest.param(["right+wrong"], False, ("failure",), 4 * 2 * 2, id="a split is a tie of votes"),
        pytest.param(["right+transport"], False, ("tie", "failure"), 4 * 2, id="missing is no failure"),
    ],
)
def test_every_convention_that_can_change_a_figure(
    said: list[str], graded: bool, idle: tuple[str, ...], size: int
) -> None:
    """Orders, ties, failures and averages; what changes nothing here is named, and held as in the headline."""
    sensitive = found(it=judge(*said, graded=graded))
    assert sensitive.idle == idle
    assert len(sensitive.overall) == size
    assert HEADLINE in sensitive.overall
    for convention in sensitive.overall:
        assert all(getattr(convention, name) == getattr(HEADLINE, name) for name in idle)


def test_all_of_them() -> None:
    """Nothing idle, nothing left out."""
    every = [dict(zip(CHOICES, chosen, strict=True)) for chosen in product(*CHOICES.values())]
    told_of = found(it=judge(*EVERYTHING, graded=True)).overall
    assert set(told_of) == {Convention(**fields) for fields in every}
    assert {one.order for one in told_of} == set(ORDERS)


@pytest.mark.parametrize(
    "headline",
    [
        Convention(tie=0.25, seed=7),
        Convention(failure=1.0, order="majority"),
        Convention(order="averaged", average="macro"),
    ],
    ids=str,
)
def test_the_headline_is_always_there(headline: Convention) -> None:
    """First, even where it is none of the usual choices; and the others draw with its seed."""
    sensitive = found(headline, it=judge(*EVERYTHING))
    assert next(iter(sensitive.overall)) == sensitive.headline == headline
    assert {one.seed for one in sensitive.overall} == {headline.seed}


def test_one_judge_without_grades_takes_averaging_from_all() -> None:
    """Judges are compared under conventions that all of them have."""
    plain, graded = judge("right+right"), judge("right+right", graded=True)
    assert "averaged" not in {one.order for one in found(plain=plain, graded=graded).overall}
    assert "averaged" in {one.order for one in found(one=graded, other=graded).overall}


@pytest.mark.parametrize(
    ("said", "graded"),
    [
        pytest.param("right+wrong", False, id="a split"),
        pytest.param("tie+right", False, id="a tie"),
        pytest.param("wrong+wrong", True, id="neither"),
        pytest.param("right+right", False, id="neither, and right"),
        pytest.param("right+parse", False, id="a verdict and a failure"),
        pytest.param("parse+parse", True, id="two failures at chance"),
    ],
)
def test_what_is_called_idle_changes_no_figure(said: str, graded: bool) -> None:
    """With any other value of an idle field, the credit is the same under every order."""
    one = judge(said, graded=graded)[0]
    idle = found(it=[one]).idle
    for name, order, failure in product(idle, ORDERS, CHOICES["failure"]):
        held = Convention(order=order, failure=failure)
        for other in CHOICES[name]:
            assert credit(one, replace(held, **{name: other})) == credit(one, held)


# The figures.


def test_overall_is_that_of_the_summary() -> None:
    """Under each convention, what `summarise` says under it, of a judge on all of RMB's four subsets."""
    outcomes = [
        outcome(
            told(*said.split("+")),
            item=listing("good", ["bad"], uid=str(number), path=path, kind=kind, asked=str(number % 3)),
        )
        for number, (path, kind, said) in enumerate(
            product(
                ("helpfulness/Chat/Casual", "helpfulness/QA", "harmlessness/S1"),
                ("bon", "pairwise"),
                EVERYTHING,
            )
        )
    ]
    sensitive = found(it=outcomes)
    for convention, figures in sensitive.overall.items():
        overall = summarise(outcomes, convention=convention, resamples=0)["overall"]
        assert figures == {"it": pytest.approx(overall["value"], abs=1e-12)}
    assert len({round(figures["it"], 9) for figures in sensitive.overall.values() if figures["it"]}) > 5


def test_overall_is_over_the_cells_that_have_items() -> None:
    """Part of a benchmark has an Overall here, so that judges can be ranked on it."""
    assert found(it=judge("right+right", "right+wrong")).overall[HEADLINE] == {"it": 0.75}


@pytest.mark.parametrize(
    ("said", "order", "overall"),
    [
        pytest.param(["right"], "consistent", None, id="one order shown"),
        pytest.param(["right"], "expected", 1.0, id="one order shown is an order"),
        pytest.param(["right+transport"], "expected", None, id="nothing answered in full"),
    ],
)
def test_what_is_not_defined_is_none(said: list[str], order: Order, overall: float | None) -> None:
    """And never a number."""
    assert found(it=judge(*said)).overall[Convention(order=order)] == {"it": overall}


def test_excluded_failures_may_leave_nothing() -> None:
    """A judge that never gives a verdict has a headline of 0, and no figure without its failures."""
    overall = found(it=judge("parse+parse")).overall
    assert overall[HEADLINE] == {"it": 0.0}
    assert overall[Convention(failure=None)] == {"it": None}


def test_no_judges_and_no_items() -> None:
    """Nothing judged, nothing told."""
    assert set(map(str, found().overall[HEADLINE])) == set()
    assert set(found(it=[]).overall[HEADLINE].values()) == {None}


# Rankings.

STEADY = ["right+right"] * 3 + ["wrong+wrong"] * 2
"""Right of three in five, the same in both orders."""
WAVERING = ["right+right"] * 2 + ["right+wrong"] * 3
"""Right more often (3.5 of 5), and in both orders of two in five only."""


def test_a_ranking_that_flips() -> None:
    """The wavering judge leads in expectation; the steady one does if both orders are to be right."""
    sensitive = found(steady=judge(*STEADY), wavering=judge(*WAVERING))
    consistent = Convention(order="consistent")
    assert sensitive.overall[HEADLINE] == {"steady": 0.6, "wavering": 0.7}
    assert sensitive.overall[consistent] == {"steady": 0.6, "wavering": 0.4}
    assert sensitive.ranking(HEADLINE) == (frozenset({"wavering"}), frozenset({"steady"}))
    assert sensitive.ranking(consistent) == (frozenset({"steady"}), frozenset({"wavering"}))
    assert consistent in sensitive.upset
    assert HEADLINE not in sensitive.upset
    assert not [one for one in sensitive.upset if one.order == "expected"]


def test_which_conventions_upset_a_ranking() -> None:
    """All of them under "consistent", and a majority unless split votes count half."""
    sensitive = found(steady=judge(*STEADY), wavering=judge(*WAVERING))
    upset = {(one.order, one.tie) for one in sensitive.upset if one.order != "single"}
    assert upset == {("consistent", 0.0), ("consistent", 0.5), ("majority", 0.0)}


def test_equals_share_a_step() -> None:
    """Judges with the same figure are one step, as far as rounding goes; being parted is a change."""
    thirds = ["right+right", "wrong+wrong", "wrong+wrong"]
    sensitive = found(a=judge(*thirds), b=judge(*thirds[::-1]), c=judge(*["right+right"] * 3))
    assert sensitive.ranking(HEADLINE) == (frozenset({"c"}), frozenset({"a", "b"}))
    assert sensitive.upset == []
    parted = found(a=judge("right+right", "wrong+wrong"), b=judge("right+wrong", "right+wrong"))
    assert parted.ranking(HEADLINE) == (frozenset({"a", "b"}),)
    assert Convention(order="consistent") in parted.upset


def made(figures: Mapping[Convention, Mapping[str, float | None]]) -> Sensitivity:
    """A sensitivity by hand."""
    return Sensitivity(figures, HEADLINE, ())


@pytest.mark.parametrize(
    ("figures", "ranking"),
    [
        ({}, ()),
        ({"a": 0.5}, ({"a"},)),
        ({"a": 0.5, "b": 0.7, "c": 0.6}, ({"b"}, {"c"}, {"a"})),
        ({"a": 0.1 + 0.2, "b": 0.3}, ({"a", "b"},)),
        ({"a": 0.5, "b": None}, None),
        ({"a": 0.0, "b": 1.0}, ({"b"}, {"a"})),
    ],
)
def test_rankings(figures: dict[str, float | None], ranking: tuple[set[str], ...] | None) -> None:
    """Best first; equal, but for rounding, together; none where a judge has no figure."""
    assert made({HEADLINE: figures}).ranking(HEADLINE) == ranking


@pytest.mark.parametrize("missing", [HEADLINE, Convention(order="consistent")], ids=str)
def test_what_cannot_be_ranked_upsets_nothing(missing: Convention) -> None:
    """Without a ranking under the headline, or under the other, there is nothing to compare."""
    other = Convention(order="consistent")
    figures: dict[Convention, dict[str, float | None]] = {HEADLINE: {"a": 1, "b": 0}, other: {"a": 0, "b": 1}}
    assert made(figures).upset == [other]
    figures[missing] = {"a": 0.5, "b": None}
    assert made(figures).upset == []


def test_as_in_summary_json() -> None:
    """Each convention with its figures and whether it changes the ranking, and what has no effect."""
    sensitive = found(steady=judge(*STEADY), wavering=judge(*WAVERING))
    stored = sensitive.to_json()
    assert stored["no_effect"] == ["failure"]
    assert len(stored["conventions"]) == len(sensitive.overall)
    for row in stored["conventions"]:
        convention = Convention.from_json(row)
        assert row["overall"] == sensitive.overall[convention]
        assert row["ranking_changes"] == (convention in sensitive.upset)


# Conventions, written down.


@given(conventions)
def test_a_convention_survives_json(convention: Convention) -> None:
    """What is stored beside a figure says all that the figure hangs on."""
    assert Convention.from_json({**convention.to_json(), "another": "key"}) == convention


@pytest.mark.parametrize(
    ("convention", "text", "failure"),
    [
        (Convention(), "tie 0, failure 0, expected, micro", 0.0),
        (Convention(0.5, None), "tie 0.5, failure excluded, expected, micro", "excluded"),
        (Convention(0.5, 0.5, "majority"), "tie 0.5, failure chance, majority, micro", "chance"),
        (Convention(0.25, 1.0, "single", "macro"), "tie 0.25, failure 1, single, macro", 1.0),
        (Convention(failure=0.1, order="averaged"), "tie 0, failure 0.1, averaged, micro", 0.1),
    ],
)
def test_a_convention_in_words(convention: Convention, text: str, failure: Any) -> None:
    """As in tables, and as in summary.json."""
    assert str(convention) == text
    assert convention.to_json()["judge_failure"] == failure
    assert convention.to_json()["run_failure"] == "missing"


@pytest.mark.parametrize(
    ("change", "error"),
    [
        pytest.param({"tie": 2}, UsageError, id="a tie of 2"),
        pytest.param({"tie": "half"}, TypeError, id="a tie in words"),
        pytest.param({"judge_failure": "luck"}, KeyError, id="an unknown failure"),
        pytest.param({"judge_failure": -1}, UsageError, id="a failure below 0"),
        pytest.param({"credit_of_orders": "best"}, UsageError, id="an unknown order"),
        pytest.param({"average": None}, UsageError, id="no average"),
        *(pytest.param({key: ...}, KeyError, id=f"without {key}") for key in ("tie", "seed", "average")),
    ],
)
def test_what_is_no_convention(change: dict[str, Any], error: type[Exception]) -> None:
    """One of three exceptions, that callers know."""
    value = {key: one for key, one in {**HEADLINE.to_json(), **change}.items() if one is not ...}
    with pytest.raises(error):
        Convention.from_json(value)


# Laws.

said_of = st.lists(
    st.sampled_from(["right", "wrong", "tie", "parse", "transport"]), min_size=2, max_size=2
).map("+".join)


@given(st.dictionaries(st.sampled_from("abc"), st.lists(said_of, min_size=2, max_size=2), min_size=1))
def test_every_figure_is_that_of_the_judge_alone(said: dict[str, list[str]]) -> None:
    """A judge's figure under a convention does not hang on who else is compared; the headline upsets nothing."""
    together = found(**{name: judge(*words) for name, words in said.items()})
    assert HEADLINE not in together.upset
    for name, words in said.items():
        alone = found(it=judge(*words)).overall
        for convention, figures in together.overall.items():
            if convention in alone:
                assert figures[name] == alone[convention]["it"]


def test_scores_rated_alone_rank_alike_under_every_order() -> None:
    """A judge that sees one response at a time is the same under all orders."""
    alone: Columns = columns([outcome([showing(0.9, 0.1, position=None, graded=True)], item=pair())])
    assert {figures["it"] for figures in sensitivity({"it": alone}).overall.values()} == {1.0}
