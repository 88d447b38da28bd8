"""The figures of summary.json: what they are means of, and laws that hold for all data."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import product
from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rmb.metrics import behaviour, summarise
from rmb.metrics.columns import columns
from rmb.metrics.position import consistency as consistency_of
from rmb.metrics.position import first_preferred
from rmb.outcomes import HEADLINE, Average, Convention, Order, Outcome, Showing
from rmb.records import Item, Question
from rmb.run import Settings
from rmb.testing import Scripted
from tests.builders import always_first, honest, listing, outcome, pair, run, showing, told

HELPFUL, HARMLESS = "helpfulness/Chat/Discussion", "harmlessness/S1"
PATHS = [HELPFUL, "helpfulness/Chat/Casual", "helpfulness/Closed QA", HARMLESS, "harmlessness/S2"]
CELLS = [(goal, kind) for goal in ("helpfulness", "harmlessness") for kind in ("bon", "pairwise")]


def judged(
    *said: str, path: str = HELPFUL, kind: str = "pairwise", asked: str = "Hello?", uid: str = "0"
) -> Outcome:
    """The outcome of one comparison in words."""
    item = listing("good", ["bad"], path=path, kind=kind, asked=asked, uid=uid)
    return outcome(told(*said), item=item)


def values(outcomes: Sequence[Outcome], **options: Any) -> dict[str, Any]:
    """The figures without intervals."""
    return summarise(outcomes, resamples=0, **options)


def flat(summary: Any, name: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every score of a summary by its path, "averaged/helpfulness/bon"."""
    if isinstance(summary, dict) and set(summary) == {"value", "low", "high", "n"}:
        yield name, summary
    elif isinstance(summary, dict):
        for key, inner in summary.items():
            yield from flat(inner, f"{name}/{key}".lstrip("/"))


# Clusters.


def test_items_of_one_conversation_are_drawn_together() -> None:
    """Two items of one conversation tell nothing of the spread between conversations."""
    won, lost = judged("right", "right"), judged("wrong", "wrong")
    elsewhere = judged("wrong", "wrong", asked="Another conversation")
    alike, apart = (summarise([won, other], resamples=200) for other in (lost, elsewhere))
    assert alike["helpfulness"]["pairwise"] == {"value": 0.5, "low": None, "high": None, "n": 2}
    assert apart["helpfulness"]["pairwise"] == {"value": 0.5, "low": 0.0, "high": 1.0, "n": 2}


# Averages.

ONE_OF_EACH = [
    judged("right", "right", path=HELPFUL, kind="bon"),
    judged("right", "wrong", path=HELPFUL, kind="pairwise"),
    judged("right", "wrong", path=HARMLESS, kind="bon"),
    judged("wrong", "wrong", path=HARMLESS, kind="pairwise"),
]


def test_overall_is_the_mean_of_the_four_subsets() -> None:
    """Goals and sets weigh the same, however many items each has."""
    more = [judged("wrong", "wrong", path=HARMLESS, kind="pairwise")] * 9
    summary = values([*ONE_OF_EACH, *more])
    assert [summary[goal][kind]["value"] for goal, kind in CELLS] == [1.0, 0.5, 0.5, 0.0]
    assert summary["overall"] == {"value": 0.5, "low": None, "high": None, "n": 13}
    assert summary["consistent"]["overall"]["value"] == 0.25


@pytest.mark.parametrize("lost", range(4), ids=[f"{goal} {kind}" for goal, kind in CELLS])
def test_overall_is_none_where_a_subset_is_missing(lost: int) -> None:
    """A mean of three subsets is not the figure that others call Overall."""
    goal, kind = CELLS[lost]
    summary = values([one for place, one in enumerate(ONE_OF_EACH) if place != lost])
    assert (summary[goal][kind], summary["overall"], summary["macro"]["overall"]) == (None, None, None)


def test_within_a_subset_items_weigh_the_same() -> None:
    """The figure of a goal and set is the mean over its items, whatever their scenario."""
    items = [judged("right", "right", path=PATHS[0])] * 3 + [judged("wrong", "wrong", path=PATHS[2])]
    assert values(items)["helpfulness"]["pairwise"] == {"value": 0.75, "low": None, "high": None, "n": 4}


def test_macro_is_the_mean_over_the_finest_scenarios() -> None:
    """Sub-scenarios weigh the same; the scenario above them is not counted beside them."""
    items = [
        *[judged("right", "right", path="helpfulness/Chat/Discussion")] * 5,
        judged("wrong", "wrong", path="helpfulness/Chat/Casual"),
        judged("wrong", "wrong", path="helpfulness/Closed QA"),
    ]
    assert values(items)["macro"]["helpfulness"]["pairwise"]["value"] == pytest.approx(1 / 3)


def test_macro_leaves_no_item_out() -> None:
    """An item that names no sub-scenario counts, though others of its scenario name one."""
    items = [
        judged("right", "right", path="helpfulness/Chat/Casual"),
        judged("wrong", "wrong", path="helpfulness/Chat"),
    ]
    assert values(items)["macro"]["helpfulness"]["pairwise"]["value"] == 0.5
    more = [*items, judged("right", "right", path="helpfulness/Chat/Discussion")]
    assert values(more)["macro"]["helpfulness"]["pairwise"]["value"] == pytest.approx(2 / 3)


def test_scenarios_are_told_at_both_levels() -> None:
    """Each scenario and sub-scenario has its figure on both sets, None where it has no item."""
    scenarios = values(
        [
            judged("right", "right", path="helpfulness/Chat/Discussion"),
            judged("wrong", "wrong", path="helpfulness/Chat/Casual"),
            judged("right", "right", path=HARMLESS, kind="bon"),
        ]
    )["scenarios"]
    assert {path: cell["pairwise"] and cell["pairwise"]["value"] for path, cell in scenarios.items()} == {
        "harmlessness/S1": None,
        "helpfulness/Chat": 0.5,
        "helpfulness/Chat/Casual": 0.0,
        "helpfulness/Chat/Discussion": 1.0,
    }
    assert scenarios["harmlessness/S1"]["bon"]["n"] == 1


def test_other_data_have_their_own_goals() -> None:
    """Goals that are not RMB's stand in alphabetical order, whatever the order of the items."""
    summary = values(
        [judged("right", "right", path="Safety/Refusals"), judged("tie", "tie", path="Code/Python")]
    )
    assert list(summary)[:3] == ["overall", "Code", "Safety"]
    assert (summary["Safety"]["pairwise"]["value"], summary["Code"]["pairwise"]["value"]) == (1.0, 0.0)


def test_nothing_judged_gives_no_figure() -> None:
    """Without outcomes every figure is None: never 0, never NaN."""
    summary = values([])
    assert list(flat(summary)) == []
    assert (summary["overall"], summary["coverage"], summary["bounds"]) == (None, None, None)


@pytest.mark.parametrize(
    ("convention", "value"),
    [
        (Convention(), 0.0),
        (Convention(tie=0.5), 0.25),
        (Convention(failure=1.0), 0.5),
        (Convention(failure=0.5), 0.25),
        (Convention(tie=0.5, failure=None), 0.5),
        (Convention(tie=0.5, order="consistent"), 0.25),
        (Convention(tie=0.5, failure=1.0, order="majority"), 0.75),
    ],
    ids=str,
)
def test_the_convention_reaches_the_figures(convention: Convention, value: float) -> None:
    """Ties and failures of the judge are worth what the caller says."""
    summary = values([judged("tie", "tie"), judged("parse", "parse")], convention=convention)
    assert summary["helpfulness"]["pairwise"]["value"] == value


def test_averaged_figures_put_the_scores_of_both_orders_together() -> None:
    """A graded judge that prefers the first place is mended by averaging, and only there."""
    both = (showing(0.9, 0.1, position=0, graded=True), showing(0.4, 0.6, position=1, graded=True))
    summary = values([outcome(both, item=pair())])
    found = [
        block["helpfulness"]["pairwise"]["value"]
        for block in (summary["averaged"], summary, summary["consistent"])
    ]
    assert found == [1.0, 0.5, 0.0]


@pytest.mark.parametrize("graded", [True, False], ids=["graded", "bare preferences"])
def test_the_headline_under_averaged_is_the_averaged_figure(graded: bool) -> None:
    """One rule, one figure: a headline of averaged scores is that of the block "averaged"."""
    both = [judged("right", "wrong", uid="0"), judged("right", "right", uid="1")]
    some = [with_showings(one, lambda each: replace(each, graded=graded)) for one in both]
    summary = values(some, convention=Convention(order="averaged"))
    assert summary["helpfulness"] == summary["averaged"]["helpfulness"]


@pytest.mark.parametrize(
    "script", [honest, always_first, lambda _: [0.0, 0.0]], ids=["right", "first", "ties"]
)
def test_the_headline_under_consistent_is_the_consistent_figure(
    script: Callable[[Question], Sequence[float]],
) -> None:
    """The same for "consistent"."""
    found = run(Scripted(script), [pair(), listing("good", ["bad", "worse"])]).outcomes
    summary = values(found, convention=Convention(order="consistent", tie=0.5))
    assert summary["helpfulness"] == summary["consistent"]["helpfulness"]


# What is not answered.


def test_coverage_is_the_share_of_comparisons_answered() -> None:
    """A comparison counts as answered only if all its showings were; the judge's failures are answers."""
    some = [
        judged("right", "right"),
        judged("parse", "tie"),
        judged("right", "transport"),
        judged("deadline"),
    ]
    assert values(some)["coverage"] == 0.5


def test_what_is_missing_is_left_out_and_bounded() -> None:
    """The figure is of what was answered; beside it stand the worst and the best that it could be."""
    summary = values([judged("right", "right"), judged("wrong", "right"), judged("transport", "transport")])
    assert summary["helpfulness"]["pairwise"] == {"value": 0.75, "low": None, "high": None, "n": 2}
    assert summary["bounds"]["worst"]["helpfulness"]["pairwise"] == pytest.approx(0.5)
    assert summary["bounds"]["best"]["helpfulness"]["pairwise"] == pytest.approx(2.5 / 3)
    assert summary["bounds"]["worst"]["overall"] is None


def test_bounds_of_overall_are_means_of_four() -> None:
    """Overall is bounded as it is made."""
    bounds = values([*ONE_OF_EACH, judged("budget", path=HARMLESS)])["bounds"]
    assert (bounds["worst"]["overall"], bounds["best"]["overall"]) == (0.5, 0.625)


def test_a_full_run_needs_no_bounds() -> None:
    """Where all was answered there is nothing to bound."""
    assert values(ONE_OF_EACH)["bounds"] is None


# Position.


def half_right(question: Question) -> list[float]:
    """Right about the items that ask "even", ties about the others."""
    return honest(question) if "even" in question.conversation[0].content else [0.0, 0.0]


@pytest.mark.parametrize(
    ("script", "consistency", "first"),
    [
        pytest.param(always_first, 0.0, 1.0, id="always the first"),
        pytest.param(lambda q: always_first(q)[::-1], 0.0, 0.0, id="always the last"),
        pytest.param(honest, 1.0, 0.5, id="always right"),
        pytest.param(lambda q: honest(q)[::-1], 1.0, 0.5, id="always wrong"),
        pytest.param(lambda _: [0.5, 0.5], 1.0, None, id="always a tie"),
        pytest.param(half_right, 1.0, 0.5, id="ties are left out of the rate"),
        pytest.param(lambda _: [], None, None, id="never a verdict"),
    ],
)
def test_planted_judges_have_their_position_figures(
    script: Callable[[Question], Sequence[float]], consistency: float | None, first: float | None
) -> None:
    """Consistency: same verdict in both orders. First-position rate: how often a preference is for the first."""
    items: list[Item] = [
        pair(uid="0", asked="even"),
        pair(uid="1", asked="odd"),
        listing("good", ["bad", "worse"]),
    ]
    summary = values(run(Scripted(script), items).outcomes)
    figures = [summary["position_consistency"], summary["first_position_rate"]]
    assert [figure and figure["value"] for figure in figures] == [consistency, first]


def test_a_scorer_that_sees_one_response_has_no_position_figures() -> None:
    """Without an order shown there is nothing to be consistent about."""
    summary = values(run(Scripted(honest, width=1), [pair()]).outcomes)
    assert (summary["position_consistency"], summary["first_position_rate"]) == (None, None)


def test_one_order_shows_a_preference_for_the_first_place() -> None:
    """With one order there is no consistency, but there is a rate, and a judge that is right has about ½."""
    items = [pair(uid=str(n), asked=f"Question {n}?") for n in range(400)]
    summary = values(run(Scripted(honest), items, Settings(orders="single")).outcomes)
    assert summary["position_consistency"] is None
    assert summary["consistent"]["helpfulness"]["pairwise"] is None
    assert summary["first_position_rate"]["value"] == pytest.approx(0.5, abs=0.075)


@pytest.mark.parametrize(
    ("said", "consistency", "first"),
    [
        (["right", "right"], 1.0, [1.0, 0.0]),
        (["right", "wrong"], 0.0, [1.0, 1.0]),
        (["wrong", "right"], 0.0, [0.0, 0.0]),
        (["tie", "tie"], 1.0, []),
        (["tie", "right"], 0.0, [0.0]),
        (["parse", "right"], None, [0.0]),
        (["right"], None, [1.0]),
        (["right", "right", "right", "wrong"], 0.5, [1.0, 0.0, 1.0, 1.0]),
        (["right", "right", "right", "transport"], 1.0, [1.0, 0.0, 1.0]),
    ],
    ids=lambda value: "+".join(map(str, value)) if isinstance(value, list) else None,
)
def test_position_figures_of_a_comparison(
    said: list[str], consistency: float | None, first: list[float]
) -> None:
    """Consistency is by sample; the first-position rate has one unit a showing with a preference."""
    some = columns([outcome(told(*said), item=pair())])
    which, same = consistency_of(some)
    shown = first_preferred(some)
    assert same.tolist() == ([] if consistency is None else [consistency])
    assert which.tolist() == [0.0] * len(same)
    assert shown[~np.isnan(shown)].tolist() == first


# Laws.

ORDERS, AVERAGES = get_args(Order), get_args(Average)
said_of = st.sampled_from(["right", "wrong", "tie", "parse", "transport"])
conventions = st.builds(
    Convention,
    tie=st.sampled_from([0.0, 0.5]),
    failure=st.sampled_from([0.0, 0.5, None]),
    order=st.sampled_from(ORDERS),
    average=st.sampled_from(AVERAGES),
    seed=st.integers(0, 2),
)


@st.composite
def some_outcome(draw: st.DrawFn, said: st.SearchStrategy[str] = said_of) -> Outcome:
    """An item of some scenario and conversation, judged in both orders against one loser or more; half of them
    by a judge whose scores are graded.
    """
    losers = draw(st.integers(1, 3))
    item = listing(
        "good",
        [f"bad {number}" for number in range(losers)],
        path=draw(st.sampled_from(PATHS)),
        asked=draw(st.sampled_from("abc")),
        kind="pairwise" if losers == 1 else "bon",
    )
    graded = draw(st.booleans())
    groups = [told(draw(said), draw(said), loser=loser) for loser in range(1, losers + 1)]
    return outcome(*([replace(one, graded=graded) for one in group] for group in groups), item=item)


def named(outcomes: Sequence[Outcome]) -> list[Outcome]:
    """The outcomes with an id of its own for each item, as in a benchmark."""
    return [replace(one, item=replace(one.item, id=f"{number}")) for number, one in enumerate(outcomes)]


several = st.lists(some_outcome(), min_size=1, max_size=8).map(named)


def with_showings(one: Outcome, change: Callable[[Showing], Showing]) -> Outcome:
    """The outcome with each of its showings changed."""
    return replace(one, showings=tuple(map(change, one.showings)))


@given(several, conventions, st.randoms(use_true_random=False))
@settings(deadline=None)
def test_the_order_of_the_items_does_not_matter(
    outcomes: list[Outcome], convention: Convention, random: Any
) -> None:
    """Shuffled items have the same figures and the same intervals, to the last bit, under any convention."""
    shuffled = random.sample(outcomes, len(outcomes))
    before, after = (summarise(each, convention=convention, resamples=20) for each in (outcomes, shuffled))
    assert before == after


@pytest.mark.parametrize("order", ORDERS)
def test_intervals_do_not_depend_on_the_order_of_the_items(order: Order) -> None:
    """Draws are of numbered conversations, and the numbers are the same for shuffled items."""
    words = ["right", "wrong", "tie"]
    some = [judged(words[n % 3], words[n % 2], asked=f"Question {n % 7}?", uid=str(n)) for n in range(20)]
    graded = [with_showings(one, lambda each: replace(each, graded=True)) for one in some]
    forth, back = (
        summarise(each, convention=Convention(order=order), resamples=50) for each in (graded, graded[::-1])
    )
    cells = [summary["helpfulness"]["pairwise"] for summary in (forth, back)]
    assert cells[0] == cells[1]
    assert cells[0]["low"] < cells[0]["high"]


@given(several, conventions)
def test_swapping_the_orders_mirrors_the_first_position_rate_alone(
    outcomes: list[Outcome], convention: Convention
) -> None:
    """With first and second place exchanged, a rate r becomes 1 - r, and every other figure stays, but for those
    of an order that was drawn.
    """
    still = replace(convention, order="expected" if convention.order == "single" else convention.order)
    swapped = [
        with_showings(one, lambda each: replace(each, position=int(not each.position))) for one in outcomes
    ]
    before, after = (dict(flat(values(each, convention=still))) for each in (outcomes, swapped))
    assert before.keys() == after.keys()
    for name, figure in before.items():
        mirrored = 1 - figure["value"] if name == "first_position_rate" else figure["value"]
        assert after[name]["value"] == pytest.approx(mirrored)


def turned(one: Outcome) -> Outcome:
    """The item with its two responses exchanged in the data, and the places where they were shown with them: the
    verdicts are on the same texts.
    """
    item, places = one.item, len(one.item.marks)

    def other(index: int) -> int:
        return places - 1 - index

    exchanged = replace(
        item,
        best=other(item.best),
        models=item.models[::-1],
        lengths=item.lengths[::-1],
        marks=item.marks[::-1],
    )
    showings = [
        replace(each, loser=other(each.loser), position=int(not each.position)) for each in one.showings
    ]
    return Outcome(exchanged, tuple(showings))


@given(several, conventions)
def test_swapping_the_responses_of_every_item_leaves_accuracy_unchanged(
    outcomes: list[Outcome], convention: Convention
) -> None:
    """Which response stands first in the file is no part of a figure; only the first-position rate is mirrored,
    and what is drawn is drawn of texts, so that "single" then shows the other order's verdict.
    """
    still = replace(convention, order="expected" if convention.order == "single" else convention.order)
    before, after = (
        dict(flat(values(each, convention=still))) for each in (outcomes, [turned(one) for one in outcomes])
    )
    assert before.keys() == after.keys()
    for name, figure in before.items():
        mirrored = 1 - figure["value"] if name == "first_position_rate" else figure["value"]
        assert after[name]["value"] == pytest.approx(mirrored)


@pytest.mark.parametrize("script", [honest, always_first, lambda question: [0.0, len(question.responses[0])]])
@pytest.mark.parametrize("orders", ["both", "single"])
def test_a_judge_scores_alike_on_data_with_the_responses_swapped(
    script: Callable[[Question], Sequence[float]], orders: str
) -> None:
    """From the data to the figures: a file that names the worse response first gives the same figures, and a
    judge that is shown one order is shown the same one.
    """
    items = [pair(f"good {number}", "bad", uid=str(number)) for number in range(12)]
    swapped = [replace(item, candidates=item.candidates[::-1], best=1) for item in items]
    asked = Settings(orders=orders)  # type: ignore[arg-type]
    before, after = (values(run(Scripted(script), each, asked).outcomes) for each in (items, swapped))
    assert before == after


@pytest.mark.parametrize(("order", "average"), list(product(ORDERS, AVERAGES)))
@given(st.lists(some_outcome(), min_size=1, max_size=6).map(named), st.data())
@settings(max_examples=30, deadline=None)
def test_a_failure_of_the_judge_never_raises_a_score(
    order: Order, average: Average, outcomes: list[Outcome], data: st.DataObject
) -> None:
    """Where verdicts become replies that cannot be read, no score is higher than before, whatever a tie is worth."""
    place = data.draw(st.integers(0, len(outcomes) - 1))
    positions = data.draw(st.sampled_from([{0}, {1}, {0, 1}]))
    convention = Convention(order=order, average=average, tie=data.draw(st.sampled_from([0.0, 0.5, 1.0])))

    def spoilt(one: Showing) -> Showing:
        spoil = one.said is not None and one.position in positions
        return showing(failure="parse", position=one.position, loser=one.loser) if spoil else one

    changed = [*outcomes[:place], with_showings(outcomes[place], spoilt), *outcomes[place + 1 :]]
    before, after = (dict(flat(values(each, convention=convention))) for each in (outcomes, changed))
    for name, figure in before.items():
        # Without any graded verdict there is no averaged figure.
        if "position" not in name and name in after:
            assert after[name]["value"] <= figure["value"] + 1e-12
        unmeasured = name.startswith("averaged") or convention.order == "averaged"
        assert name in after or "position" in name or unmeasured


def completed(outcomes: Sequence[Outcome], data: st.DataObject, words: Sequence[str]) -> list[Outcome]:
    """The outcomes of the run that got an answer to every question: to those that were missing, any of the words."""

    def answered(one: Showing) -> Showing:
        if one.answered:
            return one
        return replace(told(data.draw(st.sampled_from(words)))[0], position=one.position, loser=one.loser)

    return [with_showings(one, answered) for one in outcomes]


def within(bounds: Any, complete: Any) -> None:
    """Holds every figure of a complete run against the worst and the best case."""
    assert complete["bounds"] is None
    pairs = [
        (bounds["worst"]["overall"], complete["overall"], bounds["best"]["overall"]),
        *((bounds["worst"][g][k], complete[g][k], bounds["best"][g][k]) for g, k in CELLS),
    ]
    for worst, figure, best in pairs:
        assert (worst is None) == (figure is None) == (best is None)
        assert figure is None or worst - 1e-12 <= figure["value"] <= best + 1e-12


ANSWERS = ["right", "wrong", "tie", "parse"]


@given(several, conventions, st.data())
@settings(deadline=None)
def test_whatever_the_missing_answers_are_the_figure_is_within_its_bounds(
    outcomes: list[Outcome], convention: Convention, data: st.DataObject
) -> None:
    """Had the unanswered questions been answered, the figure would lie between the worst and the best case:
    under any order and average, whatever ties and failures are worth, as long as those have a credit.
    """
    counted = replace(convention, failure=convention.failure or 0.0)
    # Bare preferences have no averaged figure, and an answer that comes late may be the only graded one.
    graded = [with_showings(one, lambda each: replace(each, graded=True)) for one in outcomes]
    bounds = values(graded, convention=counted)["bounds"]
    if bounds:
        within(bounds, values(completed(graded, data, ANSWERS), convention=counted))


def test_no_bounds_where_failures_are_excluded() -> None:
    """A missing answer may turn out a failure and take its item out of the mean: there is no bound to tell."""
    some = [judged("right", "transport", uid="1"), judged("wrong", "wrong", uid="2")]
    assert values(some)["bounds"] is not None
    assert values(some, convention=Convention(failure=None))["bounds"] is None


@given(several, conventions)
@settings(max_examples=60, deadline=None)
def test_an_interval_contains_its_value_and_lies_in_0_to_1(
    outcomes: list[Outcome], convention: Convention
) -> None:
    """0 ≤ low ≤ value ≤ high ≤ 1 for every score that has an interval."""
    for _, figure in flat(summarise(outcomes, convention=convention, resamples=40)):
        assert figure["n"] > 0
        if figure["low"] is None:
            assert figure["high"] is None
            assert 0 <= figure["value"] <= 1
        else:
            assert -1e-12 <= figure["low"] <= figure["value"] <= figure["high"] <= 1 + 1e-12


@given(several, conventions)
@settings(deadline=None)
def test_figures_do_not_depend_on_the_intervals(outcomes: list[Outcome], convention: Convention) -> None:
    """More or fewer bootstrap draws change no value."""
    with_draws, without = (
        dict(flat(summarise(outcomes, convention=convention, resamples=number))) for number in (5, 0)
    )
    assert {name: one["value"] for name, one in with_draws.items()} == {
        n: one["value"] for n, one in without.items()
    }


# What is not a number never becomes one.


def numbers(value: Any) -> Iterator[float]:
    """Every number in nested figures."""
    if isinstance(value, dict):
        for inner in value.values():
            yield from numbers(inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from numbers(inner)
    elif isinstance(value, float):
        yield value


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf"), None])
def test_scores_that_are_no_numbers_reach_no_figure(order: Order, number: float | None) -> None:
    """Among finite ones, in either order, on either response: every figure is a finite number or None, and those
    of accuracy are as if the judge had failed there.
    """
    fine = showing(0.9, 0.1, graded=True), showing(0.8, 0.2, position=1, graded=True)
    broken = [
        (showing(number, 0.1, graded=True), fine[1]),
        (fine[0], showing(0.9, number, position=1, graded=True)),
        (showing(number, number, graded=True), showing(number, number, position=1, graded=True)),
    ]
    items = [pair(uid=str(place), asked=str(place % 2)) for place in range(4)]
    some = [outcome(group, item=item) for group, item in zip([fine, *broken], items, strict=True)]
    unread = [with_showings(one, unread_if_broken) for one in some]
    convention = Convention(order=order)
    for summary in (summarise(some, convention=convention, resamples=50), behaviour(some, resamples=50)):
        assert all(np.isfinite(each) for each in numbers(summary))
    assert values(some, convention=convention) == values(unread, convention=convention)


def unread_if_broken(one: Showing) -> Showing:
    """A showing whose scores are no numbers, as a reply that could not be read."""
    return one if one.said else showing(failure="parse", position=one.position, loser=one.loser)


# Few conversations.


def test_figures_of_few_conversations_are_named() -> None:
    """Thirty conversations are enough; of fewer, the figure is named with how many."""
    many = [judged("right", "wrong", asked=f"{n}", uid=f"a{n}") for n in range(30)]
    some = [judged("right", "right", asked=f"{n}", uid=f"b{n}", kind="bon") for n in range(29)]
    told_of = values([*many, *some])["few_conversations"]
    assert told_of["helpfulness.bon"] == 29
    assert told_of["scenarios.helpfulness/Chat.bon"] == told_of["macro.helpfulness.bon"] == 29
    assert not [name for name in told_of if "pairwise" in name or "position" in name]
    assert values([judged("right")])["few_conversations"]["first_position_rate"] == 1


def test_figures_that_are_not_there_are_not_few() -> None:
    """Nothing measured, nothing to warn of."""
    assert values([])["few_conversations"] == {}


def test_the_headline_is_the_default() -> None:
    """Without a convention, the one that RMB's own code has."""
    assert values(ONE_OF_EACH) == values(ONE_OF_EACH, convention=HEADLINE)
