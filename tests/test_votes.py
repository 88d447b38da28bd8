"""Verdicts put together: every rule as a table, and laws that hold whatever the voices say."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rmb.errors import UsageError
from rmb.metrics.sampling import curve
from rmb.metrics.summary import summarise
from rmb.metrics.votes import HOW, How, Rule, of_panel, of_samples, samples_of
from rmb.outcomes import Convention, Listed, Outcome, Showing
from rmb.records import Failure, Usage
from rmb.run import Settings
from rmb.testing import Scripted
from tests.builders import SAID, honest, listing, outcome, pair, run, showing, told

words = st.sampled_from(["right", "wrong", "tie", "parse", "transport"])
rules = st.sampled_from(HOW)


def said(word: str, **shown: int | None) -> Showing:
    """A showing in a word: "right", "wrong", "tie", or the reason of a failure."""
    return showing(*SAID[word], **shown) if word in SAID else showing(failure=word, **shown)


def asked(*replies: str) -> Outcome:
    """One judge's samples of one pair, all in one order."""
    return outcome([said(word, sample=number) for number, word in enumerate(replies)])


def scored(*margins: float, position: int | None = 0) -> list[Outcome]:
    """A judge's graded verdicts on as many pairs: by how much the best response is ahead."""
    return [
        outcome([showing(each, 0.0, graded=True, position=position)], item=pair(uid=str(number)))
        for number, each in enumerate(margins)
    ]


def only(outcomes: Sequence[Outcome]) -> Showing:
    """The one showing of the one outcome."""
    ((found,),) = (one.showings for one in outcomes)
    return found


def panel(*replies: str, how: How = "majority", min_valid: int | None = None) -> Showing:
    """What a panel says of one pair, each member's reply in a word."""
    members = {f"judge {number}": [asked(word)] for number, word in enumerate(replies)}
    return only(of_panel(members, Rule(how, min_valid)))


# Majority.


@pytest.mark.parametrize(
    ("replies", "verdict", "scores"),
    [
        (["right", "right", "wrong"], "chosen", (2 / 3, 1 / 3)),
        (["right", "wrong", "wrong"], "rejected", (1 / 3, 2 / 3)),
        (["right", "wrong"], "tie", (0.5, 0.5)),
        (["right", "tie"], "chosen", (0.75, 0.25)),
        (["right", "tie", "wrong"], "tie", (0.5, 0.5)),
        (["tie", "tie", "tie"], "tie", (0.5, 0.5)),
        (["right", "right", "parse"], "chosen", (1.0, 0.0)),
        (["right", "wrong", "parse"], "tie", (0.5, 0.5)),
        (["right", "right", "transport"], "chosen", (1.0, 0.0)),
    ],
    ids=lambda value: "+".join(value) if isinstance(value, list) else None,
)
def test_majority_counts_votes(replies: list[str], verdict: str, scores: tuple[float, float]) -> None:
    """A tie is half a vote for each, a failure is none; the scores are the shares of the votes."""
    for found in (panel(*replies), only(of_samples([asked(*replies)], len(replies), Rule()))):
        assert (found.said, (found.best, found.rival)) == (verdict, pytest.approx(scores))
        assert (found.failure, found.graded, found.sample) == (None, True, 0)


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize(
    ("replies", "min_valid", "reason", "detail"),
    [
        (["right", "parse", "parse"], None, "parse", "1 of 3 gave a verdict, 2 are needed (parse 2)"),
        (["right", "parse"], None, "parse", "1 of 2 gave a verdict, 2 are needed (parse 1)"),
        (["right", "refusal", "parse"], 3, "parse", "1 of 3 gave a verdict, 3 are needed (parse 1, refusal 1)"),
        (["refusal", "refusal", "parse"], None, "refusal", "0 of 3 gave a verdict, 2 are needed (refusal 2, parse 1)"),
        (["parse", "parse", "deadline"], None, "deadline", "0 of 3 gave a verdict, 2 are needed (parse 2, deadline 1)"),
        (["parse", "parse"], 1, "parse", "0 of 2 gave a verdict, 1 is needed (parse 2)"),
    ],
)  # fmt: skip
def test_too_few_verdicts_are_none(
    how: How, replies: list[str], min_valid: int | None, reason: str, detail: str
) -> None:
    """The commonest failure is the whole's; but one that the run may still mend goes before it."""
    for found in (
        panel(*replies, how=how, min_valid=min_valid),
        only(of_samples([asked(*replies)], len(replies), Rule(how, min_valid))),
    ):
        assert (found.said, found.best, found.rival) == (None, None, None)
        assert found.failure == Failure(reason, detail)


def test_a_verdict_that_is_missing_is_not_wrong() -> None:
    """A panel without enough answers has no credit, one without enough verdicts has that of a failure."""
    assert panel("right", "transport", "parse").credit() is None
    assert panel("right", "refusal", "parse").credit() == 0


def test_a_single_verdict_keeps_what_it_was() -> None:
    """The mean of one graded verdict is graded, that of a bare preference is not; one vote is no share."""
    graded = replace(said("right"), graded=True)
    failed = [outcome([said("parse")])]
    for voice, how, expected in (
        (graded, "mean", True),
        (said("right"), "mean", False),
        (graded, "majority", False),
    ):
        rule = Rule(how, 1)  # type: ignore[arg-type]
        assert only(of_panel({"a": [outcome([voice])], "b": failed}, rule)).graded is expected


# Samples.


def test_the_first_sample_is_left_as_it_is() -> None:
    """With k = 1 it is the judge as if it had been asked once: scores, keys, cost and all."""
    shown = replace(said("right"), best=0.7, rival=0.3, graded=True, keys=("k",), usage=Usage(cost_usd=2.0))
    judge = [outcome([replace(said("wrong"), sample=1), shown])]
    for how in HOW:
        assert only(of_samples(judge, 1, Rule(how))) == shown


def test_the_mean_of_samples_is_of_their_scores() -> None:
    """One judge's scores are on one scale; a large margin outweighs two small ones."""
    samples = [(0.9, 0.1), (0.4, 0.6), (0.4, 0.6)]
    judge = [outcome([showing(*each, sample=number, graded=True) for number, each in enumerate(samples)])]
    found = only(of_samples(judge, 3, Rule("mean")))
    assert (found.best, found.rival) == pytest.approx((1.7 / 3, 1.3 / 3))
    assert (found.said, found.graded) == ("chosen", True)
    assert only(of_samples(judge, 3, Rule("majority"))).said == "rejected"


@pytest.mark.parametrize(
    "samples",
    [
        pytest.param([(0.1, 0.3), (0.2, 0.0)], id="0.1 + 0.2 against 0.3"),
        pytest.param([(0.7, 0.1), (0.1, 0.7)], id="mirrored"),
        pytest.param([(0.3, 0.0), (0.0, 0.1), (0.0, 0.1), (0.0, 0.1)], id="0.3 against three times 0.1"),
        pytest.param([(1e16, 0.0), (1.0, 0.0), (0.0, 1e16), (0.0, 1.0)], id="large and small"),
    ],
)
def test_rounding_makes_no_preference_of_a_tie(samples: list[tuple[float, float]]) -> None:
    """In any order of the samples, though 0.1 + 0.2 is not 0.3 to a computer."""
    for mixed in permutations(samples):
        shown = [showing(*each, sample=number, graded=True) for number, each in enumerate(mixed)]
        assert only(of_samples([outcome(shown)], len(mixed), Rule("mean"))).said == "tie"


def test_scores_as_large_as_numbers_get_are_still_told_apart() -> None:
    """A sum beyond the largest number is no infinity."""
    judge = [outcome([showing(1e308, -1e308, sample=number) for number in range(3)])]
    assert only(of_samples(judge, 3, Rule("mean"))).said == "chosen"
    assert only(of_panel({"a": judge, "b": judge}, Rule("mean"))).said == "chosen"


def test_each_order_and_each_loser_is_put_together_apart() -> None:
    """Right in the first order, wrong in the other, against each of two losers."""
    group = told("right", "wrong", "right", "wrong", "parse", "wrong")
    (found,) = of_samples([outcome(group, group)], 3, Rule())
    assert [(one.loser, one.position, one.said) for one in found.showings] == [
        (1, 0, "chosen"), (1, 1, "rejected"), (2, 0, "chosen"), (2, 1, "rejected"),
    ]  # fmt: skip


def test_each_arrangement_of_a_list_is_put_together_apart() -> None:
    """Two rotations may both show the best response second; they stay two."""
    lists = [Listed(0, 1, 0), Listed(1, 2, 0)]
    group = [replace(said("right", position=1, sample=k), listed=each) for k in range(3) for each in lists]
    (found,) = of_samples([outcome(group)], 3, Rule())
    assert [one.listed for one in found.showings] == lists


def test_samples_that_there_are_not() -> None:
    """The complaint says how many there are; where one comparison was asked less often, that counts."""
    judge = [asked("right", "right", "right"), asked("right", "right")]
    assert samples_of(judge) == 2
    for k in (0, 3):
        with pytest.raises(UsageError, match=f"^{k} samples are asked for, and there are 2$"):
            of_samples(judge, k, Rule())


def test_answers_and_their_cost_are_those_of_all_voices() -> None:
    """Every key once, in the order of the voices; the cost is unknown if one is."""
    voices = [
        replace(said("right", sample=at), keys=("both", f"key {at}"), usage=Usage(prompt_tokens=2, cost_usd=cost))
        for at, cost in enumerate([0.5, 0.25])
    ]  # fmt: skip
    found = only(of_samples([outcome(voices)], 2, Rule()))
    assert found.keys == ("both", "key 0", "key 1")
    assert found.usage == Usage(prompt_tokens=4, cost_usd=0.75, attempts=2)
    unknown = [voices[0], replace(voices[1], usage=Usage(cost_usd=None))]
    assert only(of_samples([outcome(unknown)], 2, Rule())).usage.cost_usd is None


# Panels.


def test_scores_of_judges_are_put_on_one_scale() -> None:
    """A judge that counts to 100 does not outvote two that count to 1: margins are in units of their own spread."""
    loud, calm = scored(100, -100), scored(-1, 1)
    found = of_panel({"loud": loud, "calm": calm, "third": calm}, Rule("mean"))
    assert [one.showings[0].said for one in found] == ["rejected", "chosen"]
    assert [one.showings[0].best for one in found] == pytest.approx([-1 / 6, 1 / 6])
    assert [one.showings[0].rival for one in found] == pytest.approx([1 / 6, -1 / 6])


def test_the_scale_is_the_root_mean_square_of_margins() -> None:
    """Margins 3 and 4 are 3/s and 4/s with s² = 12.5; beside a judge that says nothing they are halved again."""
    found = of_panel({"a": scored(3, 4), "b": scored(0, 0)}, Rule("mean"))
    assert [one.showings[0].best for one in found] == pytest.approx(
        [each / math.sqrt(12.5) / 4 for each in (3, 4)]
    )


@pytest.mark.parametrize("members", list(permutations([(3, 0.7), (-1, 0.7), (-1, 0.7), (-1, 0.7)])))
def test_judges_who_cancel_out_tie_exactly(members: Sequence[tuple[float, float]]) -> None:
    """3 against 1 + 1 + 1, each on a scale of 0.7 and of its own: no rounding decides."""
    judges = {
        f"judge {at}": scored(margin, math.sqrt(18 - margin**2)) for at, (margin, _) in enumerate(members)
    }
    first = of_panel(judges, Rule("mean"))[0].showings[0]
    assert (first.said, first.best, first.rival) == ("tie", 0, 0)


def test_a_judge_of_single_responses_speaks_in_every_order() -> None:
    """It has no orders of its own; a panel of such judges has none either."""
    rated = outcome([said("right", position=None)])
    (mixed,) = of_panel({"pairs": [outcome(told("wrong", "wrong"))], "rated": [rated]}, Rule())
    assert [(one.position, one.said) for one in mixed.showings] == [(0, "tie"), (1, "tie")]
    assert only(of_panel({"a": [rated], "b": [rated]}, Rule())).position is None


LISTS = [Listed(0, 0, 1), Listed(1, 2, 0), Listed(2, 1, 0)]
"""Three rotations: the best response before its rival in the first, behind it in the others."""


def listed(*replies: str) -> Outcome:
    """One comparison in lists, in three rotations."""
    shown = zip(replies, LISTS, (0, 1, 1), strict=True)
    return outcome([replace(said(word, position=position), listed=each) for word, each, position in shown])


def test_lists_shown_alike_stay_lists() -> None:
    """Where all members saw the same rotations, each is voted on."""
    both = {"a": [listed("right", "wrong", "right")], "b": [listed("right", "wrong", "right")]}
    (found,) = of_panel(both, Rule())
    assert [(one.listed, one.said) for one in found.showings] == [
        (LISTS[0], "chosen"), (LISTS[1], "rejected"), (LISTS[2], "chosen"),
    ]  # fmt: skip


def test_lists_and_pairs_meet_by_position() -> None:
    """Whether the best response came first or second is what both know; a list's rotations there are one voice."""
    members = {"list": [listed("right", "wrong", "wrong")], "pairs": [outcome(told("right", "right"))]}
    (found,) = of_panel(members, Rule())
    assert [(one.position, one.listed, one.said) for one in found.showings] == [
        (0, None, "chosen"), (1, None, "tie"),
    ]  # fmt: skip


def test_orders_that_only_some_saw_are_left_out() -> None:
    """One judge saw both orders, one the first: the panel has the first."""
    members = {"both": [outcome(told("right", "wrong"))], "first": [outcome(told("right"))]}
    assert only(of_panel(members, Rule())).position == 0


def test_judges_without_a_common_order_are_named() -> None:
    """Nothing is made up for the order that one of them did not see."""
    members = {
        "both": [outcome(told("right", "right"))],
        "first": [outcome([said("right", position=0)])],
        "second": [outcome([said("right", position=1)])],
    }
    with pytest.raises(
        UsageError, match=r"^first and second saw bon/0 in no common order; run both with --orders both$"
    ):
        of_panel(members, Rule())


def test_each_member_has_one_voice() -> None:
    """Five samples of one judge do not outvote two other judges; `samples` takes the first few of each."""
    members = {"often": [asked(*["right"] * 2, *["wrong"] * 3)], "b": [asked("right")], "c": [asked("right")]}
    assert only(of_panel(members, Rule())).said == "chosen"
    assert only(of_panel(members, Rule())).best == pytest.approx(2 / 3)
    assert only(of_panel(members, Rule(), samples=1)).best == 1
    with pytest.raises(UsageError, match=r"^b: 2 samples are asked for, and there are 1$"):
        of_panel(members, Rule(), samples=2)


def test_only_items_that_all_members_have_are_put_together() -> None:
    """In whatever order they come; without any the complaint says what to do."""
    ones, others = scored(1, 1, 1), scored(1, 1, 1)
    found = of_panel({"a": ones[:2], "b": others[:0:-1]}, Rule())
    assert [one.item.id for one in found] == ["pairwise/1"]
    with pytest.raises(UsageError, match=r"^a and b share no item; judge the same data with all of them$"):
        of_panel({"a": ones[:1], "b": others[1:]}, Rule())


@pytest.mark.parametrize(
    ("rule", "complaint"),
    [
        (("most", None), "no rule 'most'"),
        (("mean", 0), "at least 0 valid verdicts is no limit; it is 1 or more"),
        (("majority", 4), "4 valid verdicts are asked for, and there are 3 voices"),
    ],
)
def test_rules_that_make_no_sense(rule: tuple[How, int | None], complaint: str) -> None:
    """One line says what is wrong."""
    with pytest.raises(UsageError, match=complaint):
        panel("right", "right", "right", how=rule[0], min_valid=rule[1])
    with pytest.raises(UsageError, match=complaint):
        of_samples([asked("right", "right", "right")], 3, Rule(*rule))


# Laws.

margins = st.integers(-8, 8).map(lambda number: number / 10)
scores = st.lists(st.tuples(margins, margins), min_size=1, max_size=6)


def judge_of(given_scores: Sequence[tuple[float, float] | str]) -> list[Outcome]:
    """A judge's verdicts on as many pairs."""
    return [
        outcome(
            [said(each) if isinstance(each, str) else showing(*each, graded=True)], item=pair(uid=str(number))
        )
        for number, each in enumerate(given_scores)
    ]


panels = st.integers(1, 4).flatmap(
    lambda items: st.lists(
        st.lists(st.one_of(st.tuples(margins, margins), words), min_size=items, max_size=items),
        min_size=2,
        max_size=5,
    )
)


def verdicts(members: Mapping[str, Sequence[Outcome]], rule: Rule) -> list[tuple[object, ...]]:
    """What a panel says, but for whose answers it rests on."""
    return [
        (each.said, each.best, each.rival, each.graded, each.failure)
        for one in sorted(of_panel(members, rule), key=lambda one: one.item.id)
        for each in one.showings
    ]


@given(panels, rules, st.randoms(use_true_random=False))
@settings(max_examples=150, deadline=None)
def test_the_order_of_the_members_changes_nothing(
    judges: list[list[tuple[float, float] | str]], how: How, random: np.random.Generator
) -> None:
    """To the last digit of the scores."""
    members = [(str(number), judge_of(each)) for number, each in enumerate(judges)]
    before = verdicts(dict(members), Rule(how))
    random.shuffle(members)  # type: ignore[arg-type]
    assert verdicts(dict(members), Rule(how)) == before


def mirrored_reply(reply: tuple[float, float] | str) -> tuple[float, float] | str:
    """What would be said if the label were the other one."""
    if isinstance(reply, str):
        return {"right": "wrong", "wrong": "right"}.get(reply, reply)
    return reply[::-1]


@given(panels, rules)
@settings(max_examples=150, deadline=None)
def test_swapped_labels_mirror_the_verdict(judges: list[list[tuple[float, float] | str]], how: How) -> None:
    """What a panel says of the best response it would say of its rival."""
    turned = [[mirrored_reply(each) for each in mine] for mine in judges]
    found, mirrored = (
        verdicts({str(number): judge_of(each) for number, each in enumerate(mine)}, Rule(how))
        for mine in (judges, turned)
    )
    assert [(best, rival) for _, best, rival, *_ in found] == [
        (rival, best) for _, best, rival, *_ in mirrored
    ]


@given(scores, rules, st.integers(1, 5))
@settings(max_examples=100, deadline=None)
def test_a_panel_of_copies_says_what_the_judge_says(
    found: list[tuple[float, float]], how: How, copies: int
) -> None:
    """And so do copies as samples of one judge."""
    judge = judge_of(found)
    expected = [one.showings[0].said for one in judge]
    together = of_panel({str(number): judge for number in range(copies)}, Rule(how))
    assert [one.showings[0].said for one in together] == expected
    sampled = [
        replace(one, showings=tuple(replace(one.showings[0], sample=k) for k in range(copies)))
        for one in judge
    ]
    assert [one.showings[0].said for one in of_samples(sampled, copies, Rule(how))] == expected


@given(st.lists(words, min_size=1, max_size=7), rules, st.integers(1, 7))
@settings(max_examples=200, deadline=None)
def test_there_is_a_verdict_if_and_only_if_enough_gave_one(
    replies: list[str], how: How, min_valid: int
) -> None:
    """Whatever the others failed at; without one, it is missing just if a member's answer is."""
    replies = [*replies, *["right"] * (min_valid - len(replies))]
    found = only(of_samples([asked(*replies)], len(replies), Rule(how, min_valid)))
    valid = sum(word in SAID for word in replies)
    if len(replies) > 1:
        assert (found.said is not None) == (valid >= min_valid)
        assert found.answered == (found.said is not None or "transport" not in replies)


@given(st.lists(words, min_size=1, max_size=6), rules)
@settings(max_examples=50, deadline=None)
def test_one_sample_is_the_judge(replies: list[str], how: How) -> None:
    """Put together with nothing, a judge is what it was."""
    judge = [outcome(told(*replies[:2]), item=pair())]
    assert of_samples(judge, 1, Rule(how)) == tuple(judge)
    assert of_panel({"alone": judge}, Rule(how)) == tuple(judge)


# The curve.


def test_the_curve_of_samples_by_hand() -> None:
    """Two pairs, three samples. Right, wrong, right and wrong, right, right: one sample is right in 4 of 6; the
    first alone in 1 of 2; two are even, which counts 0; of three most are right.
    """
    judge = [
        replace(asked(*replies), item=outcome([said("tie")], item=pair(uid=str(number), asked=str(number))).item)
        for number, replies in enumerate([("right", "wrong", "right"), ("wrong", "right", "right")])
    ]  # fmt: skip
    found = curve(judge, resamples=100)
    assert found is not None
    assert found["alone"]["value"] == pytest.approx(4 / 6)
    assert [step["k"] for step in found["together"]] == [1, 2, 3]
    for how in HOW:
        assert [step[how]["value"] for step in found["together"]] == [0.5, 0, 1]
        assert [step[how]["n"] for step in found["together"]] == [2, 2, 2]
    halves = curve(judge, convention=Convention(tie=0.5), resamples=0)
    assert halves is not None
    assert halves["together"][1]["majority"]["value"] == 0.5


def test_a_judge_that_was_asked_once_has_no_curve() -> None:
    """Nor has one without any showing."""
    assert curve([asked("right")]) is None
    assert curve([]) is None


@pytest.mark.parametrize("average", ["micro", "macro"])
def test_the_last_point_of_the_curve_is_overall_of_all_samples(average: str) -> None:
    """The same figure with the same interval as a run of what was put together would have."""
    items = [
        maker(uid=str(number), asked=str(number), path=path)
        for number in range(6)
        for path in ("helpfulness/Chat", "harmlessness/S1")
        for maker in (pair, lambda **options: listing("good", ["bad", "worse"], **options))
    ]
    judge = run(Scripted(honest), items, Settings(samples=3)).outcomes
    convention = Convention(average=average)  # type: ignore[arg-type]
    found = curve(judge, convention=convention, resamples=50)
    assert found is not None
    for how in HOW:
        whole = summarise(of_samples(judge, 3, Rule(how)), convention=convention, resamples=50)
        assert found["together"][2][how] == whole["overall"]
