"""The rules of `assemble`, one by one: pairs, lists, shares, splits, and prompts that a benchmark has already."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rmb.build import contamination
from rmb.build.balance import Shares, balanced
from rmb.build.lists import lists
from rmb.build.pairs import pairs
from rmb.build.rated import Contest
from rmb.build.split import split
from tests.built import PATHS, made_up, prompt, responses

ONE = prompt("What is a quine?")


# Pairs and lists of one prompt


@pytest.mark.parametrize(
    ("ratings", "most", "expected"),
    [
        pytest.param([9, 5, 1], 10, ["m0 m2", "m0 m1", "m1 m2"], id="the widest gap first"),
        pytest.param(
            [9, 8, 2, 1], 2, ["m0 m3", "m1 m2"], id="those that were not seen yet before the next wide one"
        ),
        pytest.param([9, 8.1, 1], 10, ["m0 m2", "m1 m2"], id="no pair of ratings that are close"),
        pytest.param([5, 5, 5], 10, [], id="equal ratings make no pair"),
        pytest.param([4 + 1 / 3, 3 + 1 / 3], 10, ["m0 m1"], id="rounding takes no pair away"),
    ],
)
def test_pairs_are_wide_and_show_every_response(ratings: list[float], most: int, expected: list[str]) -> None:
    """Of the responses in the fewest pairs so far the widest gap, until there are enough."""
    found = pairs(responses(ONE, ratings), [], gap=1.0, most=most, seed=0)
    assert [f"{better.model} {worse.model}" for better, worse in found] == expected


def test_pairs_that_lists_need_come_first() -> None:
    """They count for the cap, and are not taken twice."""
    ranked = responses(ONE, [9, 5, 1])
    needed = [(ranked[1], ranked[2])]
    assert pairs(ranked, needed, gap=1.0, most=2, seed=0) == [*needed, (ranked[0], ranked[2])]


def test_most_lists_have_the_fewest_losers() -> None:
    """Three in four and those without more to lose to, as in RMB; and no list more than the most."""
    counts: Counter[int] = Counter()
    for number in range(300):
        ranked = responses(prompt(f"{number}"), range(9, 0, -1))
        found = lists(ranked, margin=1.0, losers=(2, 4), most=1, comparisons=10, seed=0)
        counts.update(len(losers) for _, losers in found)
    assert set(counts) == {2, 3, 4}
    assert 0.7 < counts[2] / 300 < 0.9


# Shares


@settings(max_examples=40, deadline=None)
@given(
    wins=st.lists(st.tuples(st.integers(0, 4), st.booleans()), max_size=30),
    longer=st.sampled_from([None, 0.0, 0.3, 0.5]),
    generator=st.sampled_from([None, 0.2, 0.35, 0.5]),
)
def test_shares_hold_or_it_is_said_that_they_cannot(
    wins: list[tuple[int, bool]], longer: float | None, generator: float | None
) -> None:
    """Of winners' lengths and of winners' models; nothing is taken out that is not told."""
    items = [contest(f"{at}", model, is_longer) for at, (model, is_longer) in enumerate(wins)]
    came = balanced(items, Shares(longer, generator, seed=0))
    count = len(came.items)
    said = " ".join(came.said)
    if longer is not None and "longer" not in said:
        assert sum(one.longer for one in came.items) <= longer * count + 1e-9
    most = max(Counter(one.winner.model for one in came.items).values(), default=0)
    if generator is not None and "generator" not in said:
        assert most <= generator * count + 1e-9
    assert count + len(came.dropped) == len(items)
    assert bool(came.items) or not items


def contest(asked: str, model: int, longer: bool) -> Contest:
    """A pair that a model wins, with the longer response or the shorter one."""
    texts = ["yes"] * 6
    texts[model], texts[5] = ("a long response", "short") if longer else ("short", "a long response")
    ratings = [5.0] * 6
    ratings[model], ratings[5] = 9.0, 1.0
    ranked = responses(prompt(asked), ratings, texts)
    return Contest(prompt(asked), ranked[0], (ranked[-1],))


@pytest.mark.parametrize(
    ("wins", "shares", "left", "said"),
    [
        pytest.param(
            [(0, True)] * 6 + [(1, False)] * 4, Shares(0.5, None, 0), 8, "", id="four of six longest stay"
        ),
        pytest.param(
            [(0, True)] * 3, Shares(0.5, None, 0), 3, "longer 0.5 cannot be had", id="nothing else is there"
        ),
        pytest.param([(0, False)] * 8 + [(1, False)] * 2, Shares(None, 0.5, 0), 4, "", id="two wins a model"),
        pytest.param(
            [(0, False)] * 8 + [(1, False)] * 2, Shares(None, 0.3, 0), 4, "generator 0.3", id="too few models"
        ),
    ],
)
def test_surplus_is_taken_out_and_no_more(
    wins: list[tuple[int, bool]], shares: Shares, left: int, said: str
) -> None:
    """As many stay as the share allows; what cannot be had is said."""
    came = balanced([contest(f"{at}", *win) for at, win in enumerate(wins)], shares)
    assert len(came.items) == left
    assert said in " ".join(came.said)
    assert bool(said) == bool(came.said)


def test_pairs_of_lists_are_taken_out_last() -> None:
    """Of two pairs with the longest winner, that which no list holds goes."""
    items = [contest("first", 0, True), contest("second", 0, True), contest("third", 1, False)]
    for needed in items[:2]:
        came = balanced(items, Shares(0.5, None, 0, set(needed.comparisons)))
        assert needed in came.items
        assert len(came.items) == 2


# Splits


def test_splits_are_as_large_as_asked_in_every_category() -> None:
    """A third of the conversations for testing: of all, and of each category, but for one."""
    prompts, _ = made_up(90)
    where = split(prompts, 1 / 3, seed=5)
    assert 29 <= Counter(where.values())["test"] <= 31
    for path in PATHS:
        mine = [where[one.id] for one in prompts if one.category and one.category.path == path]
        assert abs(mine.count("test") - len(mine) / 3) <= 1
    assert split(prompts[::-1], 1 / 3, seed=5) == where
    assert split(prompts, 1 / 3, seed=6) != where


def test_conversations_that_begin_alike_are_in_one_split() -> None:
    """Whatever the letter case and the turns that follow."""
    for seed in range(20):
        alike = [prompt("Tell me more."), prompt("tell me MORE", more=["Of what?", "Of cats."])]
        assert len(set(split([*alike, prompt("Other")], 0.5, seed).values()) & {"test", "train"}) >= 1
        where = split([*alike, prompt("Other")], 0.5, seed)
        assert where[alike[0].id] == where[alike[1].id]


# Contamination


@pytest.mark.parametrize(
    ("asked", "met"),
    [
        pytest.param(
            "Please: WRITE a poem, about the sea and me!", True, id="case and punctuation make no difference"
        ),
        pytest.param("write a poem about the land and me", False, id="fewer words in a row"),
        pytest.param("Hello there", True, id="a short turn that is one of theirs as a whole"),
        pytest.param("Hello", False, id="a short turn that is a part of one of theirs"),
        pytest.param("!?", False, id="no words at all"),
    ],
)
def test_prompts_of_a_benchmark_are_known(tmp_path: Path, asked: str, met: bool) -> None:
    """A run of six words, or a whole short turn, of the user; in JSONL of any common form."""
    records = [
        {"prompt": "Now write a poem about the sea"},
        {"conversation": [{"role": "user", "content": "Hello, there!"}]},
    ]
    (tmp_path / "known.jsonl").write_text("\n".join(map(json.dumps, records)), encoding="utf-8")
    known = contamination.known(tmp_path, ["./known.jsonl"], 6)
    found = known.met(prompt(asked))
    assert (found is not None) == met
    assert found is None or found.startswith("./known.jsonl (line ")
