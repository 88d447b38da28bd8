"""The axes of a study: effects, interactions and means by hand, against other implementations, and their laws."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st

from rmb.errors import UnknownName, UsageError
from rmb.metrics import summarise
from rmb.metrics.averages import Groups
from rmb.metrics.columns import Columns, columns
from rmb.metrics.contrasts import Contrast, effects_in, family, interactions_in
from rmb.metrics.factors import Factors, factors, of_grid
from rmb.metrics.grid import Cell, Grid, grid
from rmb.metrics.intervals import found_in
from rmb.metrics.paired import holm, measured, paired
from rmb.metrics.permutation import sign_flip
from rmb.metrics.shared_items import aligned
from rmb.metrics.together import figures_of, sign_flips
from rmb.outcomes import HEADLINE, Convention, Outcome
from tests.builders import listing, outcome, told

SAID = {
    "r": ("right", "right"),
    "w": ("wrong", "wrong"),
    "h": ("right", "wrong"),
    "p": ("parse", "parse"),
    "x": ("transport", "transport"),
}
"""What a cell says of an item in one letter: right, wrong, right in one order (half), no verdict, not answered."""
PATHS = ("helpfulness/Chat", "harmlessness/S1")
AXES = ("style", "judge", "template")


def outcomes(
    said: str, *, cells: int = 1, a_conversation: int = 1, paths: Sequence[str] = PATHS
) -> list[Outcome]:
    """A cell's outcomes in letters, "-" for an item that it lacks. cells: goals and sets, 1 or all 4."""
    return [
        outcome(
            told(*SAID[letter]),
            item=listing(
                "good",
                ["bad"],
                uid=f"{number:03}",
                asked=f"Conversation {number // a_conversation}",
                kind=("pairwise", "bon")[number % cells % 2],
                path=paths[number % cells // 2],
            ),
        )
        for number, letter in enumerate(said)
        if letter != "-"
    ]


def study(said: Mapping[str, str], **how: object) -> dict[str, Cell]:
    """Cells by their levels in one letter each ("ax": style a, judge x), with what they say."""
    return {
        name: Cell(dict(zip(AXES, name)), columns(outcomes(letters, **how)))  # type: ignore[arg-type]
        for name, letters in said.items()
    }


def of(said: Mapping[str, str], *, convention: Convention = HEADLINE, resamples: int = 50) -> Factors:
    """A study in letters, measured against its first cell."""
    return factors(study(said), next(iter(said)), convention=convention, resamples=resamples)


def effects(found: Factors) -> dict[str, Contrast]:
    """The effects by level, "judge y"."""
    return {
        f"{axis.name} {level.name}": level.effect
        for axis in found.axes
        for level in axis.levels
        if level.effect is not None
    }


def value(contrast: Contrast) -> float | None:
    """Overall of a contrast; None where it has none."""
    return contrast.difference and contrast.difference.overall.value


def means(found: Factors) -> dict[str, float | None]:
    """The marginal means by level."""
    return {
        f"{axis.name} {level.name}": level.mean and level.mean.value
        for axis in found.axes
        for level in axis.levels
    }


# By hand.

TWO_BY_TWO = {"ax": "wwrr", "bx": "rrrr", "ay": "wwww", "by": "wrrr"}
"""Item by item: b - a is 1 1 0 0 with x and 0 1 1 1 with y; y - x is 0 0 -1 -1 with a and -1 0 0 0 with b."""


def test_two_by_two_by_hand() -> None:
    """Effects are means over matched pairs; Holm is over both; the interaction is the difference of differences."""
    found = of(TWO_BY_TWO)
    style, judge = effects(found).values()
    (both,) = found.interactions
    assert (value(style), value(judge), value(both)) == (0.625, -0.375, 0.25)
    assert (style.matched, judge.matched, both.matched) == (2, 2, 1)
    assert style.difference is not None
    assert judge.difference is not None
    assert (style.difference.p, judge.difference.p) == (2 / 16, 2 / 8)
    assert (style.p, judge.p) == (0.25, 0.25)
    assert (style.difference.items, style.difference.differing, style.difference.conversations) == (4, 4, 4)
    assert judge.difference.differing == 3


def test_two_by_two_means_by_hand() -> None:
    """A level's mean is over its cells, an axis's spread between the best and the worst, in points."""
    found = of(TWO_BY_TWO)
    assert means(found) == {"style a": 0.25, "style b": 0.875, "judge x": 0.75, "judge y": 0.375}
    assert [(axis.spread, axis.balanced) for axis in found.axes] == [(62.5, True), (37.5, True)]
    (table,) = found.tables
    assert table.axes == ("style", "judge")
    assert {levels: mean and mean.value for levels, mean in table.means.items()} == {
        ("a", "x"): 0.5,
        ("a", "y"): 0.0,
        ("b", "x"): 1.0,
        ("b", "y"): 0.75,
    }


TWO_BY_THREE = {"ax": "wwww", "ay": "rwww", "az": "rrww", "bx": "rwww", "by": "rrww", "bz": "rrrr"}


@pytest.mark.parametrize(
    ("levels", "expected", "matched"),
    [
        pytest.param({"style": "b"}, (1 / 4 + 1 / 4 + 2 / 4) / 3, 3, id="b: 1, 1 and 2 items more"),
        pytest.param({"judge": "y"}, 1 / 4, 2, id="y: one more with a and with b"),
        pytest.param({"judge": "z"}, (2 / 4 + 3 / 4) / 2, 2, id="z: two with a, three with b"),
        pytest.param({"style": "b", "judge": "y"}, 0.0, 1, id="b gains as much with y as with x"),
        pytest.param({"style": "b", "judge": "z"}, 1 / 4, 1, id="b gains one more with z than with x"),
    ],
)
def test_two_by_three_by_hand(levels: dict[str, str], expected: float, matched: int) -> None:
    """Each level against the baseline's, never against another level."""
    found = of(TWO_BY_THREE)
    every = [*effects(found).values(), *found.interactions]
    assert [one.levels for one in every] == [
        {"style": "b"},
        {"judge": "y"},
        {"judge": "z"},
        {"style": "b", "judge": "y"},
        {"style": "b", "judge": "z"},
    ]
    (asked,) = [one for one in every if one.levels == levels]
    assert value(asked) == pytest.approx(expected)
    assert asked.matched == matched


def test_three_axes_match_in_all_the_others() -> None:
    """Pairs and fours stand at every combination of the other axes; contrasts are as many as the levels say."""
    levels = ["".join(each) for each in product("ab", "xyz", "st")]
    found = of(dict.fromkeys(levels, "rw"))
    assert [one.matched for one in effects(found).values()] == [6, 4, 4, 6]
    assert [one.matched for one in found.interactions] == [2, 2, 3, 2, 2]
    axes = {axis.name: tuple(level.name for level in axis.levels) for axis in found.axes}
    assert axes == {"style": ("a", "b"), "judge": ("x", "y", "z"), "template": ("s", "t")}
    assert (len(effects_in(axes)), len(interactions_in(axes))) == (4, 5)
    assert [table.axes for table in found.tables] == [
        ("style", "judge"),
        ("style", "template"),
        ("judge", "template"),
    ]


def test_an_axis_with_one_level_is_left_out() -> None:
    """Nothing can be said of it, but that it has one."""
    found = of({"ax": "rw", "bx": "rr"})
    assert [axis.name for axis in found.axes] == ["style"]
    assert found.fixed == {"judge": "x"}
    assert (found.interactions, found.tables) == ((), ())


def test_one_cell_is_no_study() -> None:
    """It has no axis, and no figure that looks as if it had."""
    found = of({"ax": "rw"})
    assert (found.axes, found.interactions, found.tables, found.cells, found.items) == ((), (), (), 1, 2)


# As two judges.

letters = st.integers(1, 12).flatmap(
    lambda size: st.lists(st.text("rwhpx", min_size=size, max_size=size), min_size=4, max_size=4)
)


@given(letters, st.sampled_from([1, 4]), st.integers(1, 3), st.sampled_from(["micro", "macro"]))
@settings(max_examples=40, deadline=None)
def test_two_cells_are_compared_as_two_judges(
    said: list[str], cells: int, a_conversation: int, average: str
) -> None:
    """The effect in a study of two cells is what `rmb compare` says of them: value, interval, p, all."""
    convention = Convention(average=average)  # type: ignore[arg-type]
    first, second = (columns(outcomes(each, cells=cells, a_conversation=a_conversation)) for each in said[:2])
    both = {"old": Cell({"style": "a"}, second), "new": Cell({"style": "b"}, first)}
    (effect,) = effects(factors(both, "old", convention=convention, resamples=40)).values()
    alone = paired(first, second, convention, resamples=40)
    assert (effect.difference is None) == (alone is None)
    if alone is not None and effect.difference is not None:
        for name in ("items", "differing", "conversations", "p"):
            assert getattr(effect.difference, name) == getattr(alone, name)
        assert effect.difference.overall.to_json() == pytest.approx(alone.overall.to_json())
        assert effect.difference.detectable == pytest.approx(alone.detectable)


@pytest.mark.parametrize("average", ["micro", "macro"])
@pytest.mark.parametrize("cells", [1, 4])
def test_means_are_those_of_the_summary(average: str, cells: int) -> None:
    """The mean of a level that one cell has is the cell's own Overall, interval and all."""
    convention = Convention(average=average)  # type: ignore[arg-type]
    said = {"a": "rrwhrrwrrhwr", "b": "wrwhrwrrwhww"}
    found = factors(study(said, cells=cells), "a", convention=convention, resamples=60)
    for level in found.axes[0].levels:
        own = summarise(outcomes(said[level.name], cells=cells), convention=convention, resamples=60)
        figures = [
            own[goal][kind] for goal in ("helpfulness", "harmlessness") for kind in ("bon", "pairwise")
        ]
        expected = own["overall"] or next(each for each in figures if each)
        assert level.mean is not None
        assert level.mean.to_json() == pytest.approx(expected)


# Goals, sets and scenarios.


def test_overall_is_the_mean_of_the_goals_and_sets_that_are_there() -> None:
    """Four cells of one item each count the same; one that has no item is left out."""
    cells = study({"a": "wwwwww", "b": "rwwwrw"}, cells=4)
    (effect,) = effects(factors(cells, "a", resamples=0)).values()
    # Items 0 and 4 are helpful pairs: two of two gained there, none in the three others.
    assert value(effect) == 0.25
    assert effect.difference is not None
    assert effect.difference.cells["helpfulness"]["pairwise"]["value"] == 1.0
    assert effect.difference.cells["harmlessness"]["bon"]["value"] == 0.0
    (one,) = effects(of({"a": "ww", "b": "rw"})).values()
    assert value(one) == 0.5
    assert one.difference is not None
    assert one.difference.cells["helpfulness"]["bon"] is None


def test_macro_averages_over_scenarios() -> None:
    """One item of three in a scenario, and one of one in the other: 1/3 and 1 make 2/3, not 2/4."""
    paths = ["helpfulness/Chat"] * 3 + ["helpfulness/Code"]

    def judged(said: str) -> Columns:
        return columns(
            [
                outcome(
                    told(*SAID[letter]), item=listing("good", ["bad"], uid=str(n), asked=str(n), path=path)
                )
                for n, (letter, path) in enumerate(zip(said, paths))
            ]
        )

    cells = {name: Cell({"style": name}, judged(said)) for name, said in {"a": "wwww", "b": "rwwr"}.items()}
    for average, expected in (("micro", 1 / 2), ("macro", 2 / 3)):
        convention = Convention(average=average)  # type: ignore[arg-type]
        found = factors(cells, "a", convention=convention, resamples=0)
        assert value(effects(found)["style b"]) == pytest.approx(expected)
        assert found.axes[0].spread == pytest.approx(100 * expected)


# Holes, cells that were stopped, and what was never answered.


def test_a_grid_with_holes_takes_the_pairs_that_match() -> None:
    """Without b y: b is known with x alone, y with a alone, and their interaction not at all."""
    found = of({name: said for name, said in TWO_BY_TWO.items() if name != "by"})
    style, judge = effects(found).values()
    assert (value(style), value(judge)) == (0.5, -0.5)
    assert (style.matched, judge.matched) == (1, 1)
    (both,) = found.interactions
    assert (both.difference, both.p, both.matched, both.finding) == (None, None, 0, "not enough data")
    assert both.words == (
        "not enough data: no four cells match in all but style and judge, "
        "style b and judge y against style a and judge x"
    )
    assert [axis.balanced for axis in found.axes] == [False, False]


def test_a_level_without_a_match_says_so() -> None:
    """Level c stands with y alone and a never does: it has no effect, and does not weigh on others' p-values."""
    found = of({"ax": "wwwwww", "bx": "rrrrrr", "cy": "rrrrrr"})
    asked = effects(found)
    assert (value(asked["style c"]), asked["style c"].p) == (None, None)
    assert asked["style c"].words == (
        "not enough data: no two cells match in all but style, style c against style a"
    )
    assert asked["style b"].p == pytest.approx(2 / 64)
    assert means(found)["style c"] == 1.0


def test_matched_cells_without_a_shared_item_say_so() -> None:
    """One was never answered where the other was."""
    (effect,) = effects(of({"a": "rrxx", "b": "xxrr"})).values()
    assert (effect.difference, effect.matched) == (None, 1)
    assert effect.words == "not enough data: no item has a credit from two cells that match in all but style"


@pytest.mark.parametrize("lacking", ["x", "-"], ids=["not answered", "not there"])
def test_a_cell_that_was_stopped_counts_where_it_has_items(lacking: str) -> None:
    """On the first two items both pairs count; on the others the pair that is there; none is counted as lost."""
    found = of({"ax": "wwww", "bx": "rrrw", "ay": "wwww", "by": f"rw{2 * lacking}"})
    style = effects(found)["style b"]
    # 1 and 1, 1 and 0, 1 alone, 0 alone.
    assert value(style) == pytest.approx((1 + 0.5 + 1 + 0) / 4)
    assert style.difference is not None
    assert style.difference.items == 4
    (both,) = found.interactions
    assert both.difference is not None
    assert (both.difference.items, value(both)) == (2, -0.5)


@pytest.mark.parametrize("lacking", ["x", "-"], ids=["not answered", "not there"])
def test_a_cell_that_was_stopped_is_in_no_mean(lacking: str) -> None:
    """Its items are not those of the others; how many cells a mean rests on is told."""
    found = of({"ax": "wwww", "bx": "rrrw", "ay": "wwww", "by": f"rw{2 * lacking}"})
    style = {level.name: level for level in found.axes[0].levels}
    assert (style["b"].cells, style["b"].complete) == (2, 1)
    assert style["b"].mean is not None
    assert style["b"].mean.value == 0.75
    assert not found.axes[0].balanced
    assert found.tables[0].means["b", "y"] is None


def test_a_level_of_stopped_cells_has_no_mean() -> None:
    """And no spread is told between one mean and nothing."""
    found = of({"a": "rrrr", "b": "rx--"})
    assert means(found) == {"style a": 1.0, "style b": None}
    assert found.axes[0].spread is None
    assert value(effects(found)["style b"]) == 0.0


def test_a_few_missing_answers_do_not_take_a_cell_out_of_the_means() -> None:
    """One of a hundred items that was never answered; two are too many."""
    for missing, complete in ((1, 1), (2, 0)):
        found = of({"a": "r" * 100, "b": "x" * missing + "r" * (100 - missing)}, resamples=0)
        assert [level.complete for level in found.axes[0].levels] == [1, complete]


def test_failures_that_the_convention_leaves_out_are_in_no_pair() -> None:
    """The judge failed on one item: worth 0 by default, or the item is left out, and the cell is complete still."""
    said = {"a": "rrww", "b": "rrrp"}
    (counted,) = effects(of(said)).values()
    found = of(said, convention=Convention(failure=None))
    (without,) = effects(found).values()
    assert (value(counted), value(without)) == (0.25, pytest.approx(1 / 3))
    assert [level.complete for level in found.axes[0].levels] == [1, 1]
    assert means(found) == {"style a": 0.5, "style b": 1.0}


def test_a_mean_is_over_the_goals_and_sets_that_have_a_credit() -> None:
    """Level b failed on every helpful pair, and failures are left out: its mean is over the three others."""
    cells = study({"a": "rrrrrrrr", "b": "prwrprwr"}, cells=4)
    found = factors(cells, "a", convention=Convention(failure=None), resamples=0)
    assert means(found) == {"style a": 1.0, "style b": pytest.approx(2 / 3)}


def test_a_study_in_which_nothing_was_answered() -> None:
    """Every figure is None with a reason, and no NaN leaves."""
    for said in ({"ax": "xx", "bx": "xx", "ay": "xx", "by": "xx"}, {"ax": "", "bx": "", "ay": "", "by": ""}):
        found = of(said)
        assert [value(one) for one in [*effects(found).values(), *found.interactions]] == [None] * 3
        assert set(means(found).values()) == {None}
        json.dumps(found.to_json(), allow_nan=False)


def test_items_that_are_there_twice_are_matched_in_their_order() -> None:
    """Items without anything that tells them apart: the first goes with the first, the second with the second."""
    item = listing("good", ["bad"])
    first, second = (
        columns([outcome(told(*SAID[letter]), item=item) for letter in said]) for said in ("rw", "ww")
    )
    union, (here, there) = aligned([first.items, second.items])
    assert (len(union), here.tolist(), there.tolist()) == (2, [0, 1], [0, 1])
    found = factors(
        {"a": Cell({"s": "a"}, second), "b": Cell({"s": "b"}, first)}, "a", convention=HEADLINE, resamples=0
    )
    assert (found.items, value(effects(found)["s b"])) == (2, 0.5)


def test_the_union_holds_every_item_once() -> None:
    """In the items' own order, whatever cell has them."""
    every = [columns(outcomes(said)).items for said in ("r-r-r", "-r-r-", "rrrrr")]
    union, places = aligned(every)
    assert union == every[2]
    assert [place.tolist() for place in places] == [[0, 2, 4], [1, 3], [0, 1, 2, 3, 4]]


@pytest.mark.parametrize(
    ("cells", "baseline", "error", "words"),
    [
        pytest.param([("one", {"s": "a"})], "two", UnknownName, "no cell 'two'", id="no such baseline"),
        pytest.param(
            [("one", {"s": "a"}), ("two", {"t": "a"})], "one", UsageError, "has the axes", id="other axes"
        ),
        pytest.param(
            [("one", {"s": "a"}), ("two", {"s": "a"})], "one", UsageError, "same level on every", id="twins"
        ),
    ],
)
def test_cells_that_make_no_grid_are_refused(
    cells: list[tuple[str, dict[str, str]]], baseline: str, error: type[Exception], words: str
) -> None:
    """In one line that names them."""
    judged = columns(outcomes("r"))
    with pytest.raises(error, match=words):
        factors({name: Cell(levels, judged) for name, levels in cells}, baseline)


# What may be said.


def test_sentences_of_effects_name_axis_and_level() -> None:
    """As for two judges, with Holm's p-value."""
    found = of({"a": "w" * 20 + "r" * 20, "b": "r" * 40}, resamples=10_000)
    (effect,) = effects(found).values()
    assert effect.words == "style b is better than style a by 50.0 points (95 % 35.0 to 65.0) (p = 0.0002)"
    assert effect.finding == "different"


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"a": "rw", "b": "rw"}, "style b and style a have the same credit on every item"),
        (
            {"ax": "rw", "bx": "wr", "ay": "wr", "by": "rw"},
            "style b and style a have the same credit on every item, over 2 pairs of cells together",
        ),
    ],
    ids=["one pair", "two pairs that cancel"],
)
def test_levels_that_are_the_same(said: dict[str, str], words: str) -> None:
    """Of several pairs it is told that they are taken together: each may differ for itself."""
    effect = effects(of(said))["style b"]
    assert (effect.finding, effect.words) == ("identical", words)


@pytest.mark.parametrize(
    ("by", "finding", "words"),
    [
        pytest.param(
            "w" * 20 + "r" * 20,
            "different",
            "style b against a is worth 50.0 points less with judge y than with judge x "
            "(95 % 35.0 to 65.0) (p = 0.0002)",
            id="different",
        ),
        pytest.param(
            "r" * 40,
            "identical",
            "style b against a is worth the same with judge y as with judge x, on every item",
            id="identical",
        ),
        pytest.param(
            "r" * 37 + "w" * 3,
            "not enough data",
            "not enough data to tell whether style b and judge y depend on each other (7.5 points, p = 0.25): "
            "on 40 conversations, 11.6 points could show",
            id="not enough data",
        ),
    ],
)
def test_sentences_of_interactions(by: str, finding: str, words: str) -> None:
    """What a level is worth with one level of the other axis, against what it is worth with the reference."""
    (both,) = of({"ax": "w" * 40, "bx": "r" * 40, "ay": "w" * 40, "by": by}, resamples=10_000).interactions
    assert (both.finding, both.words) == (finding, words)


def test_a_detectable_interaction_that_is_not_there() -> None:
    """500 conversations on which two differ: an interaction of five points would have shown."""
    said = {"ax": "w" * 500, "bx": "r" * 500, "ay": "w" * 500, "by": "r" * 498 + "hh"}
    (both,) = of(said, resamples=2_000).interactions
    assert both.finding == "no difference shown"
    assert both.words.startswith("no interaction shown between style b and judge y (0.2 points, p = 0.5); ")


def test_what_would_have_shown_allows_for_the_family() -> None:
    """Of two effects each has to be larger to show than one alone; interactions are a family of their own."""
    alone, beside = (of(said, resamples=500) for said in ({"a": "rw" * 20, "b": "wr" * 20}, dict(FOUR)))
    one, two = effects(alone)["style b"].difference, effects(beside)["style b"].difference
    assert one is not None
    assert two is not None
    assert one.detectable is not None
    assert two.detectable is not None
    assert two.detectable == pytest.approx(one.detectable * (2.241 + 0.842) / (1.960 + 0.842), rel=1e-3)


FOUR = {"ax": "rw" * 20, "bx": "wr" * 20, "ay": "rw" * 20, "by": "wr" * 20}


def test_holm_is_over_all_the_effects_of_all_axes() -> None:
    """Not by axis; interactions are adjusted among themselves."""
    generator = np.random.default_rng(3)
    names = ["".join(each) for each in product("ab", "xyz", "st")]
    found = of({name: "".join(generator.choice(list("rwh"), 12)) for name in names}, resamples=0)
    for every in (list(effects(found).values()), list(found.interactions)):
        raw = [one.difference.p for one in every if one.difference]
        assert [one.p for one in every] == pytest.approx(holm(raw))


def test_json_of_a_study() -> None:
    """Figures as everywhere, null where there is none, and nothing that JSON does not know."""
    found = of({**TWO_BY_TWO, "cy": "rrrr"}, resamples=200).to_json()
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    style = found["axes"]["style"]
    assert (found["baseline"], style["reference"], list(style["levels"])) == ("ax", "a", ["a", "b", "c"])
    assert style["levels"]["a"]["effect"] is None
    assert style["levels"]["b"]["mean"].keys() == {"value", "low", "high", "n"}
    effect = style["levels"]["c"]["effect"]
    assert effect["difference"]["overall"].keys() == {"value", "low", "high", "n"}
    assert (effect["levels"], effect["reference"]) == ({"style": "c"}, {"style": "a"})
    assert [one["difference"] is None for one in found["interactions"]] == [False, True]
    assert found["tables"][0]["means"]["c"]["x"] is None


# Laws.


@given(letters)
@settings(max_examples=30, deadline=None)
def test_an_axis_that_does_nothing_has_no_effect(said: list[str]) -> None:
    """Cells that say the same whatever the judge: 0 exactly, in the effect and in the interaction."""
    found = of({"ax": said[0], "bx": said[1], "ay": said[0], "by": said[1]}, resamples=20)
    for one in (effects(found)["judge y"], *found.interactions):
        if one.difference is not None:
            assert (value(one), one.p, one.finding) == (0.0, 1.0, "identical")
            assert (
                one.difference.overall.low == one.difference.overall.high
                or one.difference.overall.low is None
            )


@given(letters)
@settings(max_examples=20, deadline=None)
def test_names_of_cells_do_not_matter(said: list[str]) -> None:
    """Cells are known by their levels."""
    cells = study(dict(zip(("ax", "bx", "ay", "by"), said)))
    renamed = {f"cell {9 - number}": cell for number, cell in enumerate(cells.values())}
    there, here = factors(cells, "ax", resamples=20), factors(renamed, "cell 9", resamples=20)
    assert replace(here, baseline="ax") == there


@given(letters)
@settings(max_examples=20, deadline=None)
def test_the_order_of_cells_does_not_matter(said: list[str]) -> None:
    """Effects and interactions are the same, to the last bit, in whatever order cells come."""
    cells = study(dict(zip(("ax", "bx", "ay", "by"), said)))
    there = factors(cells, "ax", resamples=20)
    back = factors(dict(reversed(cells.items())), "ax", resamples=20)
    assert effects(there) == effects(back)
    assert there.interactions == back.interactions


@given(letters)
@settings(max_examples=30, deadline=None)
def test_swapping_the_reference_flips_the_sign(said: list[str]) -> None:
    """What b is worth against a is what a costs against b; the p-value stays."""
    cells = study(dict(zip(("ax", "bx", "ay", "by"), said)))
    there, back = (factors(cells, name, resamples=20) for name in ("ax", "bx"))
    for one, other in (
        (effects(there)["style b"], effects(back)["style a"]),
        (there.interactions[0], back.interactions[0]),
    ):
        assert (one.difference is None) == (other.difference is None)
        if one.difference is not None and other.difference is not None:
            assert value(one) == pytest.approx(-other.difference.overall.value)
            assert one.difference.p == other.difference.p
            assert one.difference.differing == other.difference.differing
    assert effects(there)["judge y"].difference == effects(back)["judge y"].difference
    assert there.axes[0].spread == back.axes[0].spread


@given(letters, st.text("rwh", min_size=1, max_size=6))
@settings(max_examples=20, deadline=None)
def test_a_cell_that_matches_none_changes_no_effect(said: list[str], alone: str) -> None:
    """A cell with a new level on both axes: what was known of the others stays."""
    four = dict(zip(("ax", "bx", "ay", "by"), said))
    there, more = of(four, resamples=0), of({**four, "cz": alone[: len(said[0])]}, resamples=0)
    for name, effect in effects(there).items():
        again = effects(more)[name]
        assert (value(effect), effect.matched) == (value(again), again.matched)


# Against other implementations and other arithmetic.


def credited(axes: Mapping[str, str], worth: np.ndarray, *, a_conversation: int = 1, cells: int = 1) -> Grid:
    """A whole grid whose credits are given: (cells, items), cells in the order of `product`."""
    items = columns(outcomes("r" * worth.shape[1], a_conversation=a_conversation, cells=cells))
    named = {"".join(each): Cell(dict(zip(axes, each)), items) for each in product(*axes.values())}
    return replace(grid(named, next(iter(named))), credits=worth)


def coded(axes: Mapping[str, str], items: int, asked: Sequence[Mapping[str, str]]) -> np.ndarray:
    """Treatment coding by hand: the constant, and for each contrast whether a cell has its levels."""
    rows = [dict(zip(axes, each)) for each in product(*axes.values())]
    told_by = [[1.0] + [float(levels.items() <= row.items()) for levels in asked] for row in rows]
    return np.repeat(np.array(told_by), items, axis=0)


@pytest.mark.parametrize("interact", [False, True], ids=["effects", "with interactions"])
def test_contrasts_are_the_coefficients_of_least_squares(interact: bool) -> None:
    """On a whole grid, statsmodels' OLS with treatment coding says the same.

    Effects are the coefficients of the additive model, interactions those of the full one.
    """
    axes = {"style": "ab", "judge": "xyz"}
    worth = np.random.default_rng(2).uniform(size=(6, 17))
    cells = credited(axes, worth)
    mains, both = effects_in(cells.axes), interactions_in(cells.axes)
    fitted = sm.OLS(worth.ravel(), coded(axes, 17, [*mains, *(both if interact else [])])).fit().params[1:]
    asked = both if interact else mains
    found = [value(one) for one in family(cells, asked, resamples=0)]
    assert found == pytest.approx(list(fitted[-len(asked) :]), abs=1e-9)


def test_what_differs_by_rounding_alone_does_not_differ() -> None:
    """Gains of 0.2 with x and of 0.3 - 0.1 with y are the same, though not to a computer."""
    cells = credited({"style": "ab", "judge": "xy"}, np.array([[0.0] * 3, [0.1] * 3, [0.2] * 3, [0.3] * 3]))
    (both,) = family(cells, interactions_in(cells.axes), resamples=0)
    assert (value(both), both.p, both.finding) == (0.0, 1.0, "identical")


def parts_of(cells: Grid, *, average: str) -> Iterator[tuple[np.ndarray, object]]:
    """The contrasts of a grid, each with its table of figures."""
    for levels in [*effects_in(cells.axes), *interactions_in(cells.axes)]:
        _, values = cells.contrast(levels)
        yield values, measured(cells.groups, values).part("it", values, average)  # type: ignore[arg-type]


@pytest.mark.parametrize("average", ["micro", "macro"])
@pytest.mark.parametrize("wide", [1, 5_000], ids=["one at a time", "all at once"])
def test_figures_together_are_those_alone(average: str, wide: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is drawn does not depend on how many figures share it: `found_in` of each says the same."""
    monkeypatch.setattr("rmb.metrics.together.WIDTH", wide)
    worth = np.random.default_rng(4).choice([0, 0.5, 1, np.nan], size=(6, 40))
    cells = credited({"style": "ab", "judge": "xyz"}, worth, a_conversation=2, cells=4)
    parts = [part for _, part in parts_of(cells, average=average)]
    for part, found in zip(parts, figures_of(parts, resamples=700), strict=True):  # type: ignore[arg-type]
        alone = found_in([part], resamples=700)  # type: ignore[list-item]
        for name, figure in found.items():
            assert figure is not None
            assert figure.to_json() == pytest.approx(alone[name].to_json(), abs=1e-12)  # type: ignore[union-attr]
            assert figure.error == pytest.approx(alone[name].error)  # type: ignore[union-attr]


def test_sign_flips_are_sign_flip_of_each_column() -> None:
    """Exactly where all patterns are tried, and within the noise of drawing elsewhere; one column is as it is in company."""
    generator = np.random.default_rng(6)
    sums = generator.normal([0, 0.1, 0.2, 0.3], 1, size=(80, 4))
    sums[10:, 0] = 0
    together = sign_flips(sums)
    alone = [sign_flip(column) for column in sums.T]
    assert together[0] == alone[0]
    assert together == pytest.approx(alone, abs=0.02)
    assert [sign_flips(sums[:, [place]]) for place in range(4)] == [[p] for p in together]


def test_sign_flips_do_not_depend_on_their_company() -> None:
    """A study with one axis more says the same of the others; a p-value is never 0; signs may be turned."""
    sums = np.random.default_rng(7).normal(0.1, 1, size=(50, 5))
    sums[:, 4] = 1.0
    assert sign_flips(sums)[:2] == sign_flips(sums[:, :2])
    assert sign_flips(-sums) == sign_flips(sums)
    assert sign_flips(sums, draws=999)[4] == pytest.approx(2 / 1000)


def test_sign_flips_count_ties_as_ties() -> None:
    """Sums of tenths that are equally far from 0, though not to a computer."""
    tenths = np.tile([0.1, 0.2, -0.3, 0.3], 5)
    p, again = sign_flips(np.column_stack([tenths, 10 * tenths]))
    assert p == again


# Planted effects.


def simulated(
    generator: np.random.Generator, *, conversations: int = 60, interaction: float = 0.0
) -> np.ndarray:
    """(8, 2 x conversations) credits of a 2 x 2 x 2 grid: effects of 0.1, 0 and -0.2, which differ by conversation.

    interaction: of the first two axes. Noise of the items and of each verdict stands on top.
    """
    cells = np.array(list(product((0, 1), repeat=3)), dtype=float)
    own = generator.normal(0, 0.15, size=(3, conversations)) + np.array([[0.1], [0.0], [-0.2]])
    worth = cells @ own + generator.normal(0, 0.2, conversations)
    worth += (cells[:, 0] * cells[:, 1])[:, None] * (interaction + generator.normal(0, 0.1, conversations))
    items = np.repeat(worth, 2, axis=1)
    return items + generator.normal(0, 0.3, items.shape)


THREE = {"style": "ab", "judge": "xy", "template": "st"}


def intervals(draws: int, resamples: int) -> np.ndarray:
    """(draws, 3) whether each effect's interval holds what was planted: with y, half of the interaction is judge's."""
    generator = np.random.default_rng(8)
    base = credited(THREE, np.zeros((8, 120)), a_conversation=2)
    held = []
    for _ in range(draws):
        cells = replace(base, credits=simulated(generator))
        found = [one.difference for one in family(cells, effects_in(THREE), resamples=resamples)]
        held.append(
            [
                one.overall.low <= planted <= one.overall.high  # type: ignore[union-attr, operator]
                for one, planted in zip(found, (0.1, 0.0, -0.2))
            ]
        )
    return np.array(held)


def test_intervals_hold_planted_effects() -> None:
    """Near 95 of 100 times, with effects that differ from conversation to conversation."""
    assert 0.9 <= intervals(100, 300).mean() <= 0.99


@pytest.mark.slow
def test_intervals_hold_planted_effects_often() -> None:
    """Each of the three axes, 1,000 times: 95 % within three standard errors of the count and 1.5 % for the bootstrap's."""
    assert intervals(1_000, 1_000).mean(axis=0) == pytest.approx(0.95, abs=0.035)


def found_interactions(draws: int, interaction: float) -> np.ndarray:
    """(draws, 3) which interactions are found at 5 %, Holm over the three."""
    generator = np.random.default_rng(9)
    base = credited(THREE, np.zeros((8, 120)), a_conversation=2)
    return np.array(
        [
            [one.finding == "different" for one in family(cells, interactions_in(THREE), resamples=0)]
            for _ in range(draws)
            for cells in [replace(base, credits=simulated(generator, interaction=interaction))]
        ]
    )


def test_a_planted_interaction_is_found_and_no_other() -> None:
    """30 points between style and judge are found nearly always; the other two pairs hardly ever."""
    there, *others = found_interactions(30, 0.3).mean(axis=0)
    assert there >= 0.9
    assert max(others) <= 0.15


@pytest.mark.slow
def test_interactions_that_are_not_there_are_seldom_found() -> None:
    """Any of three, 1,000 times: at most 5 % and three standard errors."""
    wrong = found_interactions(1_000, 0.0).any(axis=1).mean()
    assert 0.01 <= wrong <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 1_000)


def test_a_study_of_realistic_size_is_quick() -> None:
    """Every contrast, mean and table of 12 cells on 400 conversations, in seconds and not in minutes."""
    axes = {"style": "abc", "judge": "xy", "template": "st"}
    worth = np.random.default_rng(1).choice([0, 0.5, 1], size=(12, 800))
    found = of_grid(credited(axes, worth, a_conversation=2, cells=4), "axs")
    assert (found.cells, found.items, found.conversations) == (12, 800, 400)
    assert (len(effects(found)), len(found.interactions), len(found.tables)) == (4, 5, 3)


def test_groups_are_of_the_items_alone() -> None:
    """What the baseline's verdicts are takes no part in the groups of a grid."""
    cells = study({"a": "r-", "b": "-w"})
    both = grid(cells, "a")
    assert both.groups.judged.items == aligned([cell.judged.items for cell in cells.values()])[0]
    assert both.groups.cells == Groups(cells["a"].judged, present=True).cells
    assert np.isnan(both.credits).sum() == 2
