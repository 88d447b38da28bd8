"""The plan: which questions decide the items, each asked once, in orders that give nothing away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from rmb.outcomes import Listed
from rmb.records import Item, Orders, Question
from rmb.run.plan import Plan, plan
from tests.builders import listing, pair

LIST = listing("good", ["bad", "worse"])
PAIR_OF_LIST = pair("good", "bad")
OTHER_PAIR = pair("good", "bad", asked="How are you?")

texts = st.text(max_size=8)
items_of_texts = st.builds(listing, texts, st.lists(texts, min_size=1, max_size=4))


def shown(planned: Plan) -> list[tuple[str, ...]]:
    """The responses of each question, in the order of the plan."""
    return [question.responses for question in planned.questions]


def relabelled(item: Item, best: int) -> Item:
    """The item with its label on another candidate; nothing that is shown is changed."""
    return replace(item, best=best)


# Width 1: each response alone.


def test_a_response_is_rated_once_however_often_it_is_compared() -> None:
    """A list and a pair that share responses share the questions too."""
    planned = plan([LIST, PAIR_OF_LIST], width=1)
    assert shown(planned) == [("good",), ("bad",), ("worse",)]
    assert planned.comparisons == 3


def test_a_response_rated_alone_has_no_position() -> None:
    """Where no order is shown there is none to speak of."""
    assert {showing.position for showing in plan([LIST], width=1).showings} == {None}


def test_one_text_in_two_conversations_is_rated_twice() -> None:
    """A response is good or bad as a reply to something."""
    assert shown(plan([PAIR_OF_LIST, OTHER_PAIR], width=1)) == [("good",), ("bad",)] * 2


# Width 2: pairs.


def test_a_pair_is_shown_in_both_orders() -> None:
    """By default each comparison is asked twice, the best response once in each place."""
    planned = plan([PAIR_OF_LIST], width=2)
    assert shown(planned) == [("good", "bad"), ("bad", "good")]
    assert [showing.position for showing in planned.showings] == [0, 1]


@pytest.mark.parametrize(
    ("items", "questions", "comparisons"),
    [
        pytest.param([], 0, 0, id="nothing"),
        pytest.param([PAIR_OF_LIST], 2, 1, id="a pair"),
        pytest.param([LIST], 4, 2, id="a list of three"),
        pytest.param([LIST, PAIR_OF_LIST], 4, 3, id="a list and a pair out of it"),
        pytest.param([PAIR_OF_LIST, replace(PAIR_OF_LIST, id="pairwise/1")], 2, 2, id="a pair twice"),
        pytest.param([PAIR_OF_LIST, relabelled(PAIR_OF_LIST, 1)], 2, 2, id="a pair labelled both ways"),
        pytest.param([PAIR_OF_LIST, OTHER_PAIR], 4, 2, id="a pair in two conversations"),
        pytest.param([PAIR_OF_LIST, pair(path="harmlessness/S1")], 4, 2, id="a pair in two scenarios"),
        pytest.param([pair("same", "same")], 1, 1, id="identical responses"),
        pytest.param([listing("good", ["bad", "bad"])], 2, 2, id="a list with one loser twice"),
    ],
)
def test_each_distinct_pair_is_asked_once(items: Sequence[Item], questions: int, comparisons: int) -> None:
    """Questions are counted by what they show, comparisons by what they decide."""
    planned = plan(items, width=2)
    assert (len(planned.questions), planned.comparisons) == (questions, comparisons)


# All of an item's responses at once.


def test_a_list_is_shown_whole_and_in_reverse() -> None:
    """A scorer that ranks lists sees all candidates, and sees them again the other way round."""
    planned = plan([LIST], width=None)
    assert shown(planned) == [("good", "bad", "worse"), ("worse", "bad", "good")]
    assert [(showing.loser, showing.position) for showing in planned.showings] == [
        (1, 0),
        (2, 0),
        (2, 1),
        (1, 1),
    ]


def test_the_place_in_a_list_is_that_among_the_two_compared() -> None:
    """A best response in the middle stands before one loser and behind the other."""
    planned = plan([relabelled(LIST, 1)], width=None)
    assert {(s.loser, s.position) for s in planned.showings} == {(0, 1), (2, 0), (0, 0), (2, 1)}


@pytest.mark.parametrize(
    ("orders", "lists"),
    [
        ("both", ["012", "210"]),
        ("rotations", ["012", "120", "201"]),
    ],
)
def test_the_orders_of_a_list(orders: Orders, lists: list[str]) -> None:
    """All rotations begin with the data's order, which is asked of every run in several orders."""
    item = listing("0", ["1", "2"])
    assert ["".join(each) for each in shown(plan([item], width=None, orders=orders))] == lists


def test_where_the_two_stood_in_a_list_is_told() -> None:
    """The number of the order, and both slots, for each loser."""
    planned = plan([relabelled(LIST, 1)], width=None, orders="rotations")
    assert [(each.loser, each.listed, each.position) for each in planned.showings] == [
        (0, Listed(0, 1, 0), 1),
        (2, Listed(0, 1, 2), 0),
        (2, Listed(1, 0, 1), 0),
        (0, Listed(1, 0, 2), 0),
        (2, Listed(2, 2, 0), 1),
        (0, Listed(2, 2, 1), 1),
    ]


@pytest.mark.parametrize("orders", ["both", "rotations"])
def test_a_list_of_two_is_told_as_a_list(orders: Orders) -> None:
    """A judge that sees lists sees a pair as one, and its two orders are its rotations."""
    planned = plan([PAIR_OF_LIST], width=None, orders=orders)
    assert [each.listed for each in planned.showings] == [Listed(0, 0, 1), Listed(1, 1, 0)]
    assert planned == plan([PAIR_OF_LIST], width=None)


@pytest.mark.parametrize("width", [1, 2])
def test_a_judge_that_does_not_see_lists_is_told_of_none(width: int) -> None:
    """Of two responses, or of one, there is no list to stand in; rotations are what both orders are."""
    planned = plan([LIST, PAIR_OF_LIST], width=width, orders="rotations", samples=2)
    assert {each.listed for each in planned.showings} == {None}
    assert planned == plan([LIST, PAIR_OF_LIST], width=width, orders="both", samples=2)


@given(items_of_texts, st.data(), st.integers(1, 2))
def test_under_rotations_each_response_stands_in_each_slot_once(
    item: Item, data: st.DataObject, samples: int
) -> None:
    """Whichever of them is the best: its slots, and those of each loser, are all that there are, in each sample."""
    item = relabelled(item, data.draw(st.sampled_from(range(len(item.candidates)))))
    planned = plan([item], width=None, orders="rotations", samples=samples)
    slots = list(range(len(item.candidates)))
    for sample in range(samples):
        for loser in item.losers:
            told = [
                one.listed
                for one in planned.showings
                if (one.loser, one.sample) == (loser, sample) and one.listed is not None
            ]
            assert [one.order for one in told] == slots
            assert sorted(one.slot for one in told) == sorted(one.rival for one in told) == slots


@given(items_of_texts)
def test_what_is_told_of_a_list_is_where_the_two_stand(item: Item) -> None:
    """The slots are the places in the question, and one order is one question."""
    planned = plan([item], width=None, orders="rotations")
    for one in planned.showings:
        assert one.listed is not None
        assert (one.listed.slot, one.listed.rival) == (one.best_at[1], one.loser_at[1])
        assert one.position == int(one.listed.slot > one.listed.rival)
        assert one.arrangement == (one.position, one.listed.order)
    assert len({(one.listed, one.best_at[0]) for one in planned.showings}) == len(planned.showings)


# Laws for every width.


@pytest.mark.parametrize("orders", ["both", "single", "rotations"])
@pytest.mark.parametrize("width", [1, 2, None])
@given(st.lists(items_of_texts, max_size=4), st.integers(1, 2))
def test_every_showing_points_at_the_texts_it_compares(
    width: int | None, orders: Orders, items: list[Item], samples: int
) -> None:
    """Where a plan says that the best response and a loser stand, they do stand; no question is there twice."""
    planned = plan(items, width=width, orders=orders, samples=samples)
    assert len(set(planned.questions)) == len(planned.questions)
    for showing in planned.showings:
        item = items[showing.item]
        for (question, place), candidate in ((showing.best_at, item.best), (showing.loser_at, showing.loser)):
            asked = planned.questions[question]
            assert (asked.conversation, asked.sample) == (item.conversation, showing.sample)
            assert asked.responses[place] == item.candidates[candidate].text


@pytest.mark.parametrize("orders", ["both", "single", "rotations"])
@pytest.mark.parametrize("width", [1, 2, None])
@given(items_of_texts, st.integers(1, 3))
def test_every_comparison_is_shown_in_each_order_and_sample(
    width: int | None, orders: Orders, item: Item, samples: int
) -> None:
    """Orders × samples showings for each loser; one order where responses are rated alone."""
    planned = plan([item], width=width, orders=orders, samples=samples)
    rotations = 2 if width == 2 else len(item.candidates)
    each = samples * (1 if width == 1 else {"both": 2, "single": 1, "rotations": rotations}[orders])
    losers = [showing.loser for showing in planned.showings]
    assert {loser: losers.count(loser) for loser in losers} == dict.fromkeys(item.losers, each)


@pytest.mark.parametrize("width", [1, 2, None])
def test_an_item_with_one_candidate_asks_nothing(width: int | None) -> None:
    """Without a loser there is nothing to decide."""
    assert plan([listing("alone", [])], width=width) == Plan((), (), 0)


@pytest.mark.parametrize(("width", "once"), [(1, 3), (2, 4), (None, 2)])
@pytest.mark.parametrize("samples", [1, 2, 5])
def test_samples_multiply_the_questions(width: int | None, once: int, samples: int) -> None:
    """Each sample asks all questions anew, told apart by their number."""
    planned = plan([LIST, PAIR_OF_LIST], width=width, samples=samples)
    extra = 2 * samples if width is None else 0  # the pair is a list of its own
    assert len(planned.questions) == once * samples + extra
    assert {question.sample for question in planned.questions} == set(range(samples))


def test_the_questions_of_a_conversation_stand_together() -> None:
    """Providers that keep a prefix of the prompt can use it again."""
    planned = plan([LIST, OTHER_PAIR], width=2)
    conversations = [question.conversation for question in planned.questions]
    assert conversations == [LIST.conversation] * 4 + [OTHER_PAIR.conversation] * 2


# One order only.


def single(items: Sequence[Item], *, width: int | None = 2, seed: int = 0) -> tuple[Question, ...]:
    """The questions when each comparison is shown once."""
    return plan(items, width=width, orders="single", seed=seed).questions


@given(texts, texts, st.integers(0, 9))
def test_one_order_does_not_depend_on_the_label(one: str, other: str, seed: int) -> None:
    """With the labels swapped, and with the candidates swapped as well, a pair is shown as before."""
    item = pair(one, other)
    assert single([item], seed=seed) == single([relabelled(item, 1)], seed=seed)
    assert single([item], seed=seed) == single([pair(other, one)], seed=seed)


@given(st.lists(texts, min_size=2, max_size=5, unique=True), st.data())
def test_one_order_of_a_list_does_not_depend_on_the_label(several: list[str], data: st.DataObject) -> None:
    """Which response is best does not move it within its list."""
    item = listing(several[0], several[1:])
    best = data.draw(st.sampled_from(range(len(several))))
    assert single([item], width=None) == single([relabelled(item, best)], width=None)


@given(texts, texts)
def test_one_order_is_one_of_both(one: str, other: str) -> None:
    """What is asked once is among what is asked in both orders, so stored answers serve for either."""
    assume(one != other)
    item = pair(one, other)
    assert set(single([item])) < set(plan([item], width=2).questions)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_best_response_is_first_about_half_of_the_time(seed: int) -> None:
    """Over many items the order is fair (600 draws; three standard deviations are 6 %)."""
    items = [pair(asked=f"Question {number}?") for number in range(600)]
    planned = plan(items, width=2, orders="single", seed=seed)
    share = sum(showing.position == 0 for showing in planned.showings) / 600
    assert share == pytest.approx(0.5, abs=0.06)


def test_another_seed_draws_other_orders() -> None:
    """About half of the pairs are turned round by another seed; none by the same."""
    items = [pair(asked=f"Question {number}?") for number in range(200)]
    one, again, other = single(items, seed=1), single(items, seed=1), single(items, seed=2)
    assert one == again
    assert 60 < sum(a != b for a, b in zip(one, other, strict=True)) < 140


def test_the_order_of_an_item_does_not_depend_on_the_others() -> None:
    """A part of the data is asked as it is asked within the whole, so that stored answers serve for both."""
    items = [pair(asked=f"Question {number}?") for number in range(50)]
    assert single(items[10:20]) == single(items)[10:20]
