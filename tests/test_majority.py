"""Majorities of judges: what votes weigh, laws that always hold, which panels there are, and figures by hand.

Whatever is drawn here is drawn from fixed seeds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations, permutations
from math import comb
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rmb.errors import UsageError
from rmb.metrics.ballots import FOLDS, WEIGHINGS, Ballots, Weighing, ballots
from rmb.metrics.columns import columns
from rmb.metrics.majority import (
    AT_ONCE,
    Tally,
    contributions,
    credits_of,
    makeups,
    panels_of,
    tally,
    unranked,
)
from rmb.metrics.voting import How, vote
from rmb.outcomes import HEADLINE, Convention
from tests.builders import outcome, pair, told
from tests.voters import cast, drawn, judge_of, judges_of, voted

HALF = Convention(tie=0.5)
PLAIN = How(rules=("majority",), resamples=0)


def whole(votes: Ballots, convention: Convention = HEADLINE, weighing: Weighing = "majority") -> Tally:
    """The panel of all judges."""
    members = np.arange(len(votes.judges))[None]
    return tally(votes, votes.signed(weighing, 0), members, convention)


# Weights.


def test_weights_find_the_accuracies_that_were_planted() -> None:
    """Each fold's estimate is near the truth, and its weights are the formulas of it."""
    truth = np.array([0.95, 0.7, 0.5, 0.3])
    votes = cast(drawn(list(truth), 8000, 9))
    assert votes.accuracies(0) == pytest.approx(np.repeat(truth[:, None], FOLDS, axis=1), abs=0.02)
    p = votes.accuracies(0)
    assert votes.weights("log_odds", 0) == pytest.approx(np.log(p / (1 - p)))
    assert votes.weights("weighted", 0) == pytest.approx(p - 0.5)
    assert (votes.weights("majority", 0) == 1).all()


def test_accuracies_are_never_certain_nor_made_of_nothing() -> None:
    """One right and one wrong vote are added: 0 and 1 are out of reach, a judge without a verdict is at ½."""
    votes = cast([[1] * 10, [0] * 10, [np.nan] * 10, [0.5] * 10])
    outside = 10 - np.bincount(votes.folds(0), minlength=FOLDS)
    p = votes.accuracies(0)
    assert p[0] == pytest.approx((outside + 1) / (outside + 2))
    assert p[1] == pytest.approx(1 / (outside + 2))
    assert (p[2:] == 0.5).all()


def test_log_odds_beat_the_majority_where_one_judge_is_much_better() -> None:
    """One of .95 among four of .6: the best rule is to follow it, and its weight is more than the others' together."""
    found = voted(drawn([0.95, 0.6, 0.6, 0.6, 0.6], 1500, 10), resamples=200)
    agreed = {rule: each["sizes"][-1]["mean"] for rule, each in found["rules"].items()}
    assert agreed["log_odds"]["low"] > agreed["majority"]["high"]
    assert agreed["log_odds"]["value"] == pytest.approx(0.95, abs=0.02)
    assert found["rules"]["log_odds"]["gain"]["value"] > found["rules"]["majority"]["gain"]["value"]


def test_a_judge_that_is_mostly_wrong_speaks_for_the_other_side() -> None:
    """Right once in five, it is right four times in five by log-odds."""
    votes = cast(drawn([0.2], 2000, 11))
    assert whole(votes, weighing="log_odds").agreement[0] == 1 - whole(votes).agreement[0]


@given(st.integers(0, 2**32 - 1), st.integers(0, 19))
@settings(max_examples=30, deadline=None)
def test_no_label_takes_part_in_voting_on_its_own_conversation(seed: int, at: int) -> None:
    """Another label of a comparison leaves all weights in its fold as they are."""
    votes = drawn([0.8, 0.6, 0.6], 20, seed)
    other = votes.copy()
    other[:, at] = 1 - other[:, at]
    one, changed = cast(votes), cast(other)
    fold = one.folds(0)[at]
    for weighing in WEIGHINGS:
        before, after = one.weights(weighing, 0), changed.weights(weighing, 0)
        assert (before[:, fold] == after[:, fold]).all()
    assert not np.array_equal(one.accuracies(0), changed.accuracies(0))


def test_items_of_one_conversation_are_in_one_fold() -> None:
    """Whatever the seed; another seed draws other folds."""
    assert len(set(cast([[1, 0] * 50], apart=False).folds(3))) == 1
    apart = cast([[1, 0] * 50])
    assert not np.array_equal(apart.folds(0), apart.folds(1))


# Laws.

vote_of = st.sampled_from([0.0, 0.5, 1.0, np.nan])
matrices = st.integers(1, 12).flatmap(
    lambda size: st.lists(st.lists(vote_of, min_size=size, max_size=size), min_size=2, max_size=6)
)
conventions = st.builds(
    Convention, tie=st.sampled_from([0.0, 0.5]), failure=st.sampled_from([0.0, 0.5, None])
)


@given(matrices, conventions)
@settings(max_examples=60, deadline=None)
def test_a_majority_of_one_is_that_judge(votes: list[list[float]], convention: Convention) -> None:
    """Its verdict where it has one; a tie and a reply without a verdict are worth what the convention says."""
    made = cast(votes)
    for number, mine in enumerate(votes):
        (found,) = tally(made, made.signed("majority", 0), np.array([[number]]), convention).agreement
        worth = [
            convention.tie if each == 0.5 else convention.failure if np.isnan(each) else each for each in mine
        ]
        known = [each for each in worth if each is not None]
        assert found == pytest.approx(np.mean(known)) if known else np.isnan(found)


@given(matrices, conventions, st.sampled_from(WEIGHINGS), st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_the_order_of_judges_changes_nothing(
    votes: list[list[float]], convention: Convention, weighing: Weighing, random: Any
) -> None:
    """To the last digit of the majority's; weights are added in another order, which moves no tie."""
    before = whole(cast(votes), convention, weighing)
    random.shuffle(votes)
    after = whole(cast(votes), convention, weighing)
    assert np.array_equal(before.agreement, after.agreement, equal_nan=True)
    assert before.unlabelled == after.unlabelled


@given(matrices, conventions)
@settings(max_examples=60, deadline=None)
def test_a_judge_that_sits_twice_outvotes_a_third(votes: list[list[float]], convention: Convention) -> None:
    """Where it prefers one response, the two of it are a majority; so the panel is the judge if it always does."""
    sure = [[1.0 if np.isnan(each) or each == 0.5 else each for each in votes[0]]]
    panel = cast([*sure, *sure, votes[1]])
    alone = whole(cast(sure), convention)
    assert np.array_equal(whole(panel, convention).agreement, alone.agreement)


@given(matrices)
@settings(max_examples=60, deadline=None)
def test_turned_labels_turn_the_agreement(votes: list[list[float]]) -> None:
    """With ties and failures worth half, what agrees with the labels disagrees with the opposite ones."""
    convention = Convention(tie=0.5, failure=0.5)
    turned = [[1 - each for each in mine] for mine in votes]
    agreed = whole(cast(votes), convention).agreement
    assert whole(cast(turned), convention).agreement == pytest.approx(1 - agreed)


# Which panels.


@given(st.integers(1, 9), st.data())
@settings(max_examples=40, deadline=None)
def test_a_rank_names_a_panel(judges: int, data: st.DataObject) -> None:
    """In the order of itertools.combinations."""
    size = data.draw(st.integers(1, judges))
    every = list(combinations(range(judges), size))
    assert [unranked(rank, judges, size) for rank in range(len(every))] == every


@pytest.mark.parametrize(("judges", "size", "most"), [(6, 3, 20), (6, 3, 19), (40, 20, 50), (100, 3, 7)])
def test_panels_are_all_there_are_or_drawn(judges: int, size: int, most: int) -> None:
    """No panel twice, none with a judge twice, at most so many; the same for a seed, others for another."""
    found = panels_of(judges, size, most=most, seed=0)
    assert found.shape == (min(most, comb(judges, size)), size)
    assert len({tuple(members) for members in found}) == len(found)
    assert (np.diff(found, axis=1) > 0).all()
    assert found.max() < judges
    assert np.array_equal(found, panels_of(judges, size, most=most, seed=0))
    if comb(judges, size) > most:
        assert not np.array_equal(found, panels_of(judges, size, most=most, seed=1))


@pytest.mark.parametrize(
    ("margin", "heard", "worth"),
    [(0.02, True, 1), (-0.02, True, 0), (1e-12, True, 0.5), (-1e-12, True, 0.5), (0, True, 0.5), (0, False, 0.25)],
)  # fmt: skip
def test_what_a_label_is_worth(margin: float, heard: bool, worth: float) -> None:
    """However small a weight is, it decides; rounding does not. Without any verdict it is a failure."""
    convention = Convention(tie=0.5, failure=0.25)
    assert credits_of(np.array([margin]), np.array([heard]), convention) == [worth]


def test_many_panels_are_counted_piece_by_piece() -> None:
    """126 panels on 20,000 comparisons: by panel and by comparison, it is one sum."""
    votes = cast(drawn([0.7] * 9, 20_000, 15))
    members = panels_of(9, 4, most=500, seed=0)
    assert members.size * 20_000 > 4 * AT_ONCE
    found = tally(votes, votes.signed("majority", 0), members, HALF)
    assert found.credit.sum() == pytest.approx(found.agreement.sum() * 20_000)
    assert (found.counted == len(members)).all()


def tallies_of(votes: Ballots) -> list[Tally]:
    """The panels of every size."""
    judges, signed = len(votes.judges), votes.signed("majority", 0)
    return [
        tally(votes, signed, panels_of(judges, size, most=99, seed=0), HEADLINE)
        for size in range(1, judges + 1)
    ]


def test_what_a_judge_adds_by_hand() -> None:
    """Right, right and wrong: of the pairs, the one without the third agrees always, those with it tie."""
    found = tallies_of(cast([[1, 1], [1, 1], [0, 0]]))
    assert [list(each.agreement) for each in found] == [[1, 1, 0], [1, 0, 0], [1]]
    assert contributions(found, 3) == [0.5, 0.5, -1]
    assert contributions(found[:1], 3) == [None] * 3


def test_panels_of_a_kind_and_mixed_ones() -> None:
    """Two models that are always right and two that are wrong; a mixed pair ties."""
    found = makeups(tallies_of(cast([[1], [1], [0], [0]])), ["model", "model", "rule", "rule"])
    assert [(one.size, one.kind, one.panels, one.mean, one.best) for one in found] == [
        (2, "model", 1, 1, 1), (2, "rule", 1, 0, 0), (2, "mixed", 4, 0, 0),
        (3, "mixed", 4, 0.5, 1),
        (4, "mixed", 1, 0, 0),
    ]  # fmt: skip


# From outcomes.


def test_votes_are_those_of_all_showings() -> None:
    """Right in one order of two is neither; without a verdict in one, it abstains."""
    judged = columns([outcome(told("right", "wrong"), told("right", "right"), told("right", "parse"))])
    (mine,) = ballots({"a": judged}).votes
    assert np.array_equal(mine, [0.5, 1, np.nan], equal_nan=True)


def test_comparisons_that_a_judge_was_not_asked_are_left_out() -> None:
    """An answer that never came is nobody's vote; the figures say how many."""
    judges = {"a": [*judge_of([1, 1, 0])], "b": [*judge_of([1, 1, 1])]}
    judges["b"][1] = replace(judges["b"][1], showings=told("transport"))
    found = vote(judges, ["k", "k"], PLAIN)
    assert (found["comparisons"], found["unanswered"], found["items"]) == (2, 1, 3)
    assert [one["agreement"]["value"] for one in found["judges"]] == [0.5, 1]


@pytest.mark.parametrize(
    ("votes", "complaint"),
    [
        ([np.nan, np.nan], "^none of a, b has a verdict, so there is nothing to vote with$"),
        (None, "^no comparison was answered in all runs: b answered 0 of 2; run it again$"),
    ],
)
def test_nothing_to_vote_with(votes: Sequence[float] | None, complaint: str) -> None:
    """One line says why."""
    mine = judge_of(votes or [1, 0])
    other = mine if votes else [replace(one, showings=told("transport")) for one in mine]
    with pytest.raises(UsageError, match=complaint):
        vote({"a": mine, "b": other}, ["k", "k"], PLAIN)


def test_figures_of_a_panel_by_hand() -> None:
    """Right where two of three are: 3 of 4; the best judge alone 3 of 4 too, so nothing is gained."""
    votes = np.array([[1, 1, 1, 0], [1, 1, 0, 0], [0, 1, 1, 1]])
    found = vote(judges_of(votes), ["k"] * 3, PLAIN)
    line = found["rules"]["majority"]["sizes"][-1]
    assert (line["mean"]["value"], line["unlabelled"], line["best"]["judges"]) == (
        0.75, 0, ["judge 0", "judge 1", "judge 2"],
    )  # fmt: skip
    assert found["best_single"]["name"] == "judge 0"
    alone = found["rules"]["majority"]["sizes"][0]
    assert alone["best"] == {"judges": ["judge 0"], "value": 0.75}
    assert alone["worst"] == {"judges": ["judge 1"], "value": 0.5}
    assert (found["rules"]["majority"]["gain"]["value"], found["rules"]["majority"]["gain"]["p"]) == (0, 1)
    # Pairs 0 and 2 are of one goal, 1 and 3 of the other.
    sets = found["rules"]["majority"]["sets"]
    assert sets["helpfulness"]["pairwise"]["value"] == 1
    assert (
        sets["harmlessness"]["pairwise"]["value"]
        == sets["scenarios"]["harmlessness/S1"]["pairwise"]["value"]
        == 0.5
    )
    assert sets["overall"]["value"] == 0.75


def test_a_list_counts_where_the_panel_agrees_on_all_of_it() -> None:
    """Of one list with two losers and one with one, the panel has the second whole."""
    lists = [[told("right"), told("wrong")], [told("right")]]
    judge = [outcome(*groups) for groups in lists]
    judge[1] = replace(judge[1], item=replace(judge[1].item, id="bon/1"))
    found = vote({"a": judge, "b": judge, "c": judge}, ["k"] * 3, PLAIN)
    assert found["rules"]["majority"]["sizes"][-1]["mean"]["value"] == pytest.approx(2 / 3)
    assert found["rules"]["majority"]["sets"]["helpfulness"]["bon"]["value"] == 0.5


def test_one_conversation_has_no_spread() -> None:
    """Five judges on pairs of one conversation: figures and correlation, and no interval of any."""
    asked = [pair(uid=str(number), asked="The same?") for number in range(8)]
    judges = {
        str(judge): [
            outcome(told("right" if at <= judge + 3 else "wrong"), item=one) for at, one in enumerate(asked)
        ]
        for judge in range(5)
    }
    found = vote(judges, ["k"] * 5, How(rules=("majority",), resamples=50))
    majority = found["rules"]["majority"]
    assert {one["mean"]["low"] for one in majority["sizes"]} == {None}
    assert (majority["gain"]["low"], majority["gain"]["p"]) == (None, 1)
    assert majority["replaced"]["judges"][0]["replaced"]["overall"]["low"] is None
    assert majority["replaced"]["correlation"]["spearman"] is not None
    assert majority["replaced"]["correlation"]["spearman_interval"] is None


def test_the_names_of_judges_may_come_in_any_order() -> None:
    """Of three judges in every order, the answer is the same."""
    votes = drawn([0.8, 0.7, 0.6], 60, 12)
    told_of = [
        vote(dict(each), ["k"] * 3, How(resamples=0)) for each in permutations(judges_of(votes).items())
    ]
    assert len({str(one["rules"]["log_odds"]["sizes"][-1]["mean"]) for one in told_of}) == 1
    assert len({str(sorted(map(str, one["judges"]))) for one in told_of}) == 1
