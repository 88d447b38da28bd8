"""Two judges on the same items: the tests by hand, against other implementations, and what may be said of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar as mcnemar_of_statsmodels
from statsmodels.stats.multitest import multipletests

from rmb.metrics import compare, summarise
from rmb.metrics.columns import columns
from rmb.metrics.comparison import Comparing
from rmb.metrics.paired import McNemar, Paired, detectable, finding, holm, in_words, mcnemar, paired
from rmb.metrics.permutation import sign_flip
from rmb.outcomes import HEADLINE, Convention, Outcome
from tests.builders import listing, outcome, told

PATHS = ("helpfulness/Chat", "harmlessness/S1")
SAID = {
    "r": ("right", "right"),
    "w": ("wrong", "wrong"),
    "h": ("right", "wrong"),
    "x": ("transport", "transport"),
}
"""What a judge says of an item in one letter: right, wrong, right in one order (half), not answered."""


def judge(said: str, *, a_conversation: int = 1, cells: int = 1) -> list[Outcome]:
    """A judge's outcomes in letters. a_conversation: items of one conversation; cells: 1, or all 4."""
    return [
        outcome(
            told(*SAID[letter]),
            item=listing(
                "good",
                ["bad"],
                uid=str(number),
                asked=f"Conversation {number // a_conversation}",
                kind=("pairwise", "bon")[number % cells % 2],
                path=PATHS[number % cells // 2],
            ),
        )
        for number, letter in enumerate(said)
    ]


def of(
    first: str, second: str, *, a_conversation: int = 1, cells: int = 1, pairs: int = 1, resamples: int = 500
) -> Paired:
    """Two judges in letters, compared."""
    one, other = (
        columns(judge(said, a_conversation=a_conversation, cells=cells)) for said in (first, second)
    )
    found = paired(one, other, HEADLINE, pairs=pairs, resamples=resamples)
    assert found is not None
    return found


def by_hand(sums: Sequence[float]) -> float:
    """The share of all sign patterns whose total is at least as far from 0 as the one observed."""
    totals = [abs(sum(sign * value for sign, value in zip(signs, sums))) for signs in signs_of(len(sums))]
    return sum(total >= abs(sum(sums)) - 1e-12 for total in totals) / len(totals)


def signs_of(size: int) -> Iterable[tuple[int, ...]]:
    """Every pattern of signs."""
    return product((1, -1), repeat=size)


# The sign-flip test.


@pytest.mark.parametrize(
    ("sums", "p"),
    [
        pytest.param([], 1.0, id="nothing"),
        pytest.param([0, 0, 0], 1.0, id="nothing differs"),
        pytest.param([1], 1.0, id="one: either sign is as far from 0"),
        pytest.param([1, 1], 2 / 4, id="++ and --, of 4"),
        pytest.param([1, 1, 1], 2 / 8, id="+++ and ---, of 8"),
        pytest.param([1, 1, -1], 1.0, id="all of 8 are at least 1 from 0"),
        pytest.param([2, 1, 1], 2 / 8, id="4 only with all signs alike"),
        pytest.param([2, 1, -1], 6 / 8, id="2 or 4: all but the two zeros"),
        pytest.param([1] * 6, 2 / 64, id="six are the fewest that can show anything at 5 %"),
        pytest.param([1] * 5, 2 / 32, id="five are not"),
        pytest.param([1] * 5 + [0] * 90, 2 / 32, id="and 90 that do not differ add nothing"),
    ],
)
def test_sign_flip_by_hand(sums: list[float], p: float) -> None:
    """Every pattern of signs is tried, and those as far from 0 as the one observed are counted."""
    assert sign_flip(np.array(sums, dtype=float)) == pytest.approx(p)


@given(st.lists(st.integers(-4, 4).filter(bool), min_size=1, max_size=9))
@settings(max_examples=60, deadline=None)
def test_sign_flip_counts_all_patterns_of_few_conversations(sums: list[int]) -> None:
    """The p-value is that of counting all patterns one by one, in plain Python."""
    assert sign_flip(np.array(sums, dtype=float)) == pytest.approx(by_hand(sums))


def test_sign_flip_of_fractions_counts_ties_as_ties() -> None:
    """0.1 + 0.2 and 0.3 are equally far from 0, though not to a computer: rounding must not make p too small."""
    assert sign_flip(np.array([0.1, 0.2, -0.3, 0.3])) == pytest.approx(by_hand([0.1, 0.2, -0.3, 0.3]))


@pytest.mark.parametrize("shift", [0.0, 0.2, 0.4], ids="shift {}".format)
def test_sign_flip_is_near_the_t_test(shift: float) -> None:
    """On 60 normal differences both may be trusted, and say nearly the same."""
    values = np.random.default_rng(5).normal(shift, 1, 60)
    assert sign_flip(values) == pytest.approx(stats.ttest_1samp(values, 0).pvalue, abs=0.02)


@pytest.mark.parametrize("seed", range(4), ids="seed {}".format)
def test_sign_flip_of_signed_ranks_is_wilcoxon_s_test(seed: int) -> None:
    """Wilcoxon's signed-rank test is a sign-flip of ranks: 12 of them, all 4,096 patterns, the same p-value."""
    values = np.random.default_rng(seed).normal(0.3, 1, 12)
    ranks = np.sign(values) * stats.rankdata(np.abs(values))
    assert sign_flip(ranks) == pytest.approx(stats.wilcoxon(values, method="exact").pvalue)


def test_sign_flip_draws_near_the_exact_p_value() -> None:
    """Of 16 conversations all 65,536 patterns can be tried; 9,999 drawn ones say the same within their noise."""
    values = np.random.default_rng(1).normal(0.4, 1, 16)
    assert sign_flip(values) == pytest.approx(sign_flip(values, draws=2**16), abs=0.01)


@pytest.mark.parametrize("draws", [99, 999, 9_999])
def test_sign_flip_is_never_0(draws: int) -> None:
    """What was observed is counted among the draws: however clear a difference, p is at least 1 / (draws + 1)."""
    p = sign_flip(np.ones(500), draws=draws)
    assert p == pytest.approx(2 / (draws + 1))


@given(st.lists(st.integers(-3, 3), max_size=30))
@settings(max_examples=40, deadline=None)
def test_sign_flip_does_not_care_which_judge_is_first(sums: list[int]) -> None:
    """Turned round, the p-value is the same (all patterns tried, or the same ones drawn)."""
    values = np.array(sums, dtype=float)
    assert sign_flip(values, draws=199) == sign_flip(-values, draws=199)


def test_sign_flip_depends_on_its_seed_alone() -> None:
    """The same data give the same p-value, always; another seed another one, a little off."""
    values = np.random.default_rng(0).normal(0.2, 1, 80)
    assert sign_flip(values) == sign_flip(values)
    assert sign_flip(values) == pytest.approx(sign_flip(values, seed=1), abs=0.02)


# Whole comparisons.


@pytest.mark.parametrize(
    ("first", "second", "a_conversation", "p"),
    [
        pytest.param("rrrr", "wwww", 1, 2 / 16, id="four conversations"),
        pytest.param("rrrr", "wwww", 2, 2 / 4, id="four items of two conversations"),
        pytest.param("rrrr", "wwww", 4, 1.0, id="four items of one conversation"),
        pytest.param("rwrw", "wrwr", 2, 1.0, id="conversations in which the judges are even"),
        pytest.param("rrrrrr", "hhhhhh", 1, 2 / 64, id="half credits"),
        pytest.param("rwhr", "rwhr", 1, 1.0, id="the same judge"),
    ],
)
def test_items_of_one_conversation_are_flipped_together(
    first: str, second: str, a_conversation: int, p: float
) -> None:
    """A conversation counts once, however many items it has."""
    assert of(first, second, a_conversation=a_conversation).p == pytest.approx(p)


letters = st.integers(0, 24).flatmap(
    lambda size: st.tuples(*[st.text("rwhx", min_size=size, max_size=size)] * 2)
)


@given(letters, st.integers(1, 3), st.sampled_from([1, 4]))
@settings(max_examples=60, deadline=None)
def test_turning_the_judges_round_turns_the_difference_round(
    said: tuple[str, str], a_conversation: int, cells: int
) -> None:
    """The p-value and what could be detected stay; the difference and its interval change their sign."""
    one, other = (columns(judge(each, a_conversation=a_conversation, cells=cells)) for each in said)
    there, back = (paired(*both, HEADLINE, resamples=50) for both in ((one, other), (other, one)))
    if there is None or back is None:
        assert there is back is None
        return
    assert (there.p, there.items, there.differing) == (back.p, back.items, back.differing)
    assert there.overall.value == pytest.approx(-back.overall.value)
    assert there.mcnemar == McNemar(
        back.mcnemar.both,
        back.mcnemar.only_second,
        back.mcnemar.only_first,
        back.mcnemar.neither,
        back.mcnemar.p,
    )
    assert there.detectable == pytest.approx(back.detectable)
    if there.overall.low is not None:
        assert back.overall.high == pytest.approx(-there.overall.low)


@given(letters, st.randoms(use_true_random=False))
@settings(max_examples=40, deadline=None)
def test_the_order_of_the_items_does_not_matter(said: tuple[str, str], random: object) -> None:
    """Items come in any order; everything told of the two judges is the same."""
    first, second = (judge(each, a_conversation=2, cells=4) for each in said)
    mixed = random.sample(first, len(first))  # type: ignore[attr-defined]
    one, again = (paired(columns(each), columns(second), HEADLINE, resamples=50) for each in (first, mixed))
    assert one == again


@given(letters)
@settings(max_examples=40, deadline=None)
def test_the_interval_holds_the_difference(said: tuple[str, str]) -> None:
    """So that the value told is never outside its own interval."""
    found = paired(*(columns(judge(each, cells=4)) for each in said), HEADLINE, resamples=30)
    if found is not None and found.overall.low is not None and found.overall.high is not None:
        assert found.overall.low <= found.overall.value <= found.overall.high


@pytest.mark.parametrize("average", ["micro", "macro"])
def test_the_overall_difference_is_the_difference_of_the_overalls(average: str) -> None:
    """Where both judges have a credit on every item, compare and summary agree."""
    convention = Convention(average=average)  # type: ignore[arg-type]
    first, second = (judge(said, cells=4) for said in ("rrwhrrwrrhwr", "wrwhrwrrwhww"))
    found = paired(columns(first), columns(second), convention, resamples=0)
    overall = [
        summarise(each, convention=convention, resamples=0)["overall"]["value"] for each in (first, second)
    ]
    assert found is not None
    assert found.overall.value == pytest.approx(overall[0] - overall[1])


def test_cells_have_their_own_differences() -> None:
    """Each goal and set has its difference; Overall is their mean."""
    found = of("rrrr" * 2, "wrrh" * 2, cells=4)
    values = {
        (goal, kind): found.cells[goal][kind]["value"]
        for goal in ("helpfulness", "harmlessness")
        for kind in ("pairwise", "bon")
    }
    assert list(values.values()) == [1.0, 0.0, 0.0, 0.5]
    assert found.overall.value == 0.375


@pytest.mark.parametrize(
    ("first", "second", "items", "value"),
    [
        pytest.param("rrrr", "wwxx", 2, 1.0, id="two that the second did not answer"),
        pytest.param("xrrrr", "rwwxx", 2, 1.0, id="two in the middle"),
        pytest.param("rrww", "rrxx", 2, 0.0, id="the first's losses are not held against it"),
    ],
)
def test_items_without_a_credit_are_left_out_of_both(
    first: str, second: str, items: int, value: float
) -> None:
    """What one judge did not answer says nothing of the other."""
    found = of(first, second)
    assert (found.items, found.overall.n, found.overall.value) == (items, items, value)


def test_no_item_that_both_answered() -> None:
    """There is nothing to compare, and no number that looks as if there were."""
    assert paired(columns(judge("rx")), columns(judge("xr")), HEADLINE) is None
    assert paired(columns([]), columns([]), HEADLINE) is None


def test_a_cell_that_only_one_answered_is_left_out_of_overall() -> None:
    """Overall is then over the cells that both have an item in."""
    found = of("rrrr" * 2, "wxxx" * 2, cells=4)
    assert found.overall.value == 1.0
    assert found.cells["helpfulness"]["bon"] is None


# McNemar's test.


@pytest.mark.parametrize(
    ("only_first", "only_second", "p"),
    [
        pytest.param(0, 0, 1.0, id="0 : 0, nothing"),
        pytest.param(1, 0, 1.0, id="1 : 0, 2/2"),
        pytest.param(5, 0, 2 / 32, id="5 : 0, 2/32"),
        pytest.param(6, 0, 2 / 64, id="6 : 0, 2/64"),
        pytest.param(3, 1, 10 / 16, id="3 : 1, 2 (1 + 4)/16"),
        pytest.param(4, 1, 12 / 32, id="4 : 1, 2 (1 + 5)/32"),
        pytest.param(8, 2, 112 / 1024, id="8 : 2, 2 (1 + 10 + 45)/1024"),
        pytest.param(9, 1, 22 / 1024, id="9 : 1, 2 (1 + 10)/1024"),
        pytest.param(5, 5, 1.0, id="5 : 5, all"),
    ],
)
@pytest.mark.parametrize("alike", [0, 50])
def test_mcnemar_by_hand(only_first: int, only_second: int, p: float, alike: int) -> None:
    """Twice the binomial tail of the items that one judge alone won; the others take no part."""
    first = [True] * only_first + [False] * only_second + [True, False] * alike
    second = [False] * only_first + [True] * only_second + [True, False] * alike
    found = mcnemar(first, second)
    assert found.p == pytest.approx(p)
    assert (found.both, found.only_first, found.only_second, found.neither) == (
        alike,
        only_first,
        only_second,
        alike,
    )


@given(st.lists(st.tuples(st.booleans(), st.booleans()), max_size=60))
@settings(max_examples=80, deadline=None)
def test_mcnemar_is_that_of_statsmodels(won: list[tuple[bool, bool]]) -> None:
    """The same exact p-value as statsmodels."""
    found = mcnemar([one for one, _ in won], [other for _, other in won])
    if found.only_first + found.only_second:
        table = [[found.both, found.only_first], [found.only_second, found.neither]]
        assert found.p == pytest.approx(min(1.0, mcnemar_of_statsmodels(table, exact=True).pvalue))


def test_mcnemar_counts_items_that_are_right() -> None:
    """Items that one judge has no credit on are in no count."""
    found = of("rrwwrx", "wrrwxr").mcnemar
    assert (found.both, found.only_first, found.only_second, found.neither) == (1, 1, 1, 1)


def test_mcnemar_takes_the_order_that_is_drawn() -> None:
    """An item that is right in one order is right or wrong by the order that is drawn for it: about half of them."""
    found = of("h" * 400, "w" * 400).mcnemar
    assert found.only_first == pytest.approx(200, abs=30)
    assert found.only_first + found.neither == 400
    drawn = summarise(judge("h" * 400), convention=Convention(order="single"), resamples=0)
    assert drawn["helpfulness"]["pairwise"]["value"] == found.only_first / 400


@pytest.mark.parametrize("order", ["majority", "consistent", "single"])
def test_mcnemar_takes_credits_that_are_whole_as_they_are(order: str) -> None:
    """Where the convention knows right and wrong alone, its items are counted."""
    convention = Convention(order=order)  # type: ignore[arg-type]
    first, second = judge("rrwhhr" * 5), judge("wrrwhw" * 5)
    found = paired(columns(first), columns(second), convention, resamples=0)
    assert found is not None
    for outcomes, won in ((first, found.mcnemar.only_first), (second, found.mcnemar.only_second)):
        value = summarise(outcomes, convention=convention, resamples=0)["helpfulness"]["pairwise"]["value"]
        assert round(30 * value) == found.mcnemar.both + won


# Many pairs.


@pytest.mark.parametrize(
    ("raw", "adjusted"),
    [
        pytest.param([], [], id="none"),
        pytest.param([0.04], [0.04], id="one"),
        pytest.param([0.01, 0.04, 0.03, 0.005], [0.03, 0.06, 0.06, 0.02], id="Wikipedia's example"),
        pytest.param([0.01, 0.02, 0.03], [0.03, 0.04, 0.04], id="never below the one before"),
        pytest.param([0.5, 0.9], [1.0, 1.0], id="never above 1"),
        pytest.param([0.02, 0.02], [0.04, 0.04], id="ties"),
    ],
)
def test_holm(raw: list[float], adjusted: list[float]) -> None:
    """The smallest p of m times m, the next times m - 1, and so on, and never falling (Holm 1979)."""
    assert holm(raw) == pytest.approx(adjusted)


@given(st.lists(st.sampled_from([0.001, 0.01, 0.02, 0.04, 0.2, 1.0]), min_size=1, max_size=8))
@settings(max_examples=20, deadline=None)
def test_holm_is_that_of_statsmodels(raw: list[float]) -> None:
    """The same adjusted p-values as statsmodels."""
    assert holm(raw) == pytest.approx(list(multipletests(raw, method="holm")[1]))


# What could have been detected.


@pytest.mark.parametrize(
    ("error", "level", "power", "points"),
    [
        pytest.param(0.01, 0.05, 0.8, 2.80, id="2.8 standard errors: 1.960 + 0.842"),
        pytest.param(0.01, 0.05, 0.9, 3.24, id="more power: 1.960 + 1.282"),
        pytest.param(0.01, 0.05 / 3, 0.8, 3.24, id="three pairs: 2.394 + 0.842"),
        pytest.param(0.01, 0.05, 0.5, 1.96, id="one time in two: 1.960"),
        pytest.param(0.0, 0.05, 0.8, 0.0, id="no spread"),
    ],
)
def test_detectable_is_cohen_s_formula(error: float, level: float, power: float, points: float) -> None:
    """(z(1 - level/2) + z(power)) standard errors, z from a table."""
    assert 100 * detectable(error, level, power) == pytest.approx(points, abs=0.005)


def test_detectable_rests_on_the_bootstrap_s_standard_error() -> None:
    """On independent items that is the standard deviation of the differences over √n."""
    said = "rrw" * 60, "rwr" * 60
    found = of(*said, resamples=4_000)
    # Differences of 0, 1 and -1, a third of the items each.
    assert found.detectable == pytest.approx(detectable(np.sqrt(2 / 3 / 180)), rel=0.05)
    more = of(*said, pairs=3, resamples=4_000)
    assert more.detectable == pytest.approx(detectable(np.sqrt(2 / 3 / 180), 0.05 / 3), rel=0.05)


# What may be said.

EVEN = ("rw" * 20, "wr" * 20)
"""40 conversations on which two judges differ every time, and are even."""
FINDINGS = [
    pytest.param("r" * 40, "r" * 20 + "w" * 20, 0.05, "different", id="half of them lost"),
    pytest.param("rwrh", "rwrh", 0.05, "identical", id="the same credits, few"),
    pytest.param("rw" * 50, "rw" * 50, 0.05, "identical", id="the same credits, many"),
    pytest.param("rrrr", "wwww", 0.05, "not enough data", id="four conversations, all differ"),
    pytest.param("r", "w", 0.05, "not enough data", id="one conversation"),
    pytest.param(*EVEN, 0.05, "not enough data", id="40 that differ wildly"),
    pytest.param(*EVEN, 0.9, "no difference shown", id="enough where only 90 points matter"),
    pytest.param(
        "r" * 498 + "rw", "r" * 498 + "wr", 0.05, "no difference shown", id="500, of which two differ"
    ),
    pytest.param(
        "r" * 27 + "rw", "r" * 27 + "wr", 0.9, "not enough data", id="fewer than 30, whatever matters"
    ),
]


@pytest.mark.parametrize(("first", "second", "matters", "said"), FINDINGS)
def test_findings(first: str, second: str, matters: float, said: str) -> None:
    """What may be said: "no difference shown" only where one that matters would have shown."""
    found = of(first, second, resamples=2_000)
    assert finding(found, found.p, matters=matters) == said


@pytest.mark.parametrize(
    ("first", "second", "words"),
    [
        pytest.param(
            "r" * 40,
            "r" * 20 + "w" * 20,
            "mine is better than yours by 50.0 points (95 % 35.0 to 65.0) (p = 0.0002)",
            id="different",
        ),
        pytest.param(
            "r" * 20 + "w" * 20,
            "r" * 40,
            "yours is better than mine by 50.0 points (95 % 35.0 to 65.0) (p = 0.0002)",
            id="different, the other way",
        ),
        pytest.param("rw", "rw", "mine and yours have the same credit on every item", id="identical"),
        pytest.param(
            "r" * 498 + "rw",
            "r" * 498 + "wr",
            "no difference shown between mine and yours (0.0 points, p = 1); 0.8 points would have shown",
            id="no difference shown",
        ),
        pytest.param(
            "rw" * 20 + "r",
            "wr" * 20 + "w",
            "not enough data to tell mine from yours (2.4 points, p = 1): "
            "on 41 conversations, 43.9 points could show",
            id="not enough data",
        ),
        pytest.param(
            "r",
            "w",
            "not enough data to tell mine from yours (100.0 points, p = 1): "
            "on 1 conversation, no difference of any size could show",
            id="one conversation",
        ),
    ],
)
def test_sentences(first: str, second: str, words: str) -> None:
    """The finding in plain words, with the points that were seen and those that would have shown."""
    found = of(first, second, resamples=10_000)
    assert in_words(("mine", "yours"), found, found.p) == words


def test_a_p_value_that_holm_raised_decides() -> None:
    """What is "different" alone may not be among many pairs."""
    found = of("r" * 40, "w" * 6 + "r" * 34)
    assert found.p == pytest.approx(2 / 64)
    assert finding(found, found.p) == "different"
    assert finding(found, 3 * found.p) == "not enough data"


# compare().


def three(**said: str) -> Comparing:
    """Three judges compared."""
    return compare({name: judge(letters, cells=1) for name, letters in said.items()}, resamples=300)


def test_three_judges_are_compared_in_pairs_under_holm() -> None:
    """Every pair once, in the order given; p-values adjusted for all three, and detectable differences as well."""
    found = three(good="r" * 60, fair="r" * 52 + "w" * 8, poor="r" * 20 + "w" * 40)
    raw = [pair.difference.p for pair in found.pairs if pair.difference]
    assert [pair.judges for pair in found.pairs] == [("good", "fair"), ("good", "poor"), ("fair", "poor")]
    assert [pair.p for pair in found.pairs] == pytest.approx(holm(raw))
    assert raw[0] == pytest.approx(2 / 2**8)
    assert [pair.finding for pair in found.pairs] == ["different"] * 3
    alone = of("r" * 60, "r" * 52 + "w" * 8, resamples=300)
    assert found.pairs[0].difference is not None
    assert found.pairs[0].difference.detectable is not None
    assert alone.detectable is not None
    assert found.pairs[0].difference.detectable > alone.detectable


def test_compare_takes_the_items_that_all_share() -> None:
    """An item that one judge was never asked is in no figure of the others."""
    found = three(good="rrrrrrr", fair="rwwrr", poor="wwwwww")
    assert found.items == 5
    assert [found.summaries[name]["helpfulness"]["pairwise"]["n"] for name in ("good", "fair", "poor")] == [
        5,
        5,
        5,
    ]


def test_a_pair_without_an_item_that_both_answered_says_so() -> None:
    """It has no number at all, and the other pairs are adjusted for themselves only."""
    found = three(good="rrrrxx", none="xxxxrr", poor="wwwwxx")
    pair = found.pairs[0]
    assert (pair.difference, pair.agreement, pair.p, pair.finding) == (None, None, None, "not enough data")
    assert pair.words == "not enough data to tell good from none: no item has a credit from both"
    assert found.pairs[1].p == pytest.approx(2 / 16)


def test_one_judge_is_compared_with_none() -> None:
    """Its figures stand alone: no pair, and no agreement with itself."""
    found = compare({"only": judge("rrw")}, resamples=0)
    assert (found.items, found.pairs, found.disagreements) == (3, (), [])
