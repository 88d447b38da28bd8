"""Whether the tests keep their promises, by simulation: how often they cry wolf, and how often they see one.

Each is asked 2,000 times. A test at the level of 5 % may then be wrong in up to 5 % and three standard errors,
which is 6.5 %.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pytest

from rmb.metrics.arrays import Floats
from rmb.metrics.averages import Groups
from rmb.metrics.columns import Columns, columns
from rmb.metrics.credits import item_credits
from rmb.metrics.paired import detectable, holm, mcnemar, paired, right, shares
from rmb.metrics.permutation import sign_flip
from rmb.metrics.position import position_test
from rmb.outcomes import HEADLINE
from tests.builders import listing, outcome, told

pytestmark = pytest.mark.slow

DRAWS = 2_000
LEVEL = 0.05
AT_MOST = LEVEL + 3 * np.sqrt(LEVEL * (1 - LEVEL) / DRAWS)
FLIPS = 999
CONVERSATIONS = 100
CELLS = (("helpfulness/Chat", "pairwise"), ("harmlessness/S1", "pairwise"))


def benchmark(conversations: int = CONVERSATIONS, *, alone: bool = False) -> Columns:
    """Pairs, both orders shown: one to six to a conversation, or one only. Their verdicts are drawn later."""
    generator = np.random.default_rng(0)
    numbers = [
        number
        for number in range(conversations)
        for _ in range(1 if alone else int(generator.integers(1, 7)))
    ]
    return columns(
        [
            outcome(
                told("right", "right"),
                item=listing(
                    "good",
                    ["bad"],
                    uid=f"{place:04}",
                    asked=str(number),
                    path=CELLS[number % 2][0],
                    kind="pairwise",
                ),
            )
            for place, number in enumerate(numbers)
        ]
    )


@dataclass(frozen=True)
class Judges:
    """Judges of one benchmark, equally good but for what is planted.

    ease: how often they are right on a conversation lies between these. taste: how much more or less often than
    that a judge is right on a conversation, for reasons of its own: what makes its items alike.
    """

    on: Columns
    ease: tuple[float, float] = (0.3, 0.8)
    taste: float = 0.15

    def verdicts(self, generator: np.random.Generator, effects: tuple[float, ...]) -> Iterator[Columns]:
        """One judge for each effect, which is how much more often it is right."""
        conversations = self.on.conversations
        ease = generator.uniform(*self.ease, conversations)
        for effect in effects:
            chance = ease + effect + generator.uniform(-self.taste, self.taste, conversations)
            each = chance[self.on.conversation][self.on.item[self.on.comparison]]
            yield replace(self.on, vote=(generator.random(len(each)) < each).astype(np.float64))


def rates(judges: Judges, *, effect: float = 0.0, draws: int = DRAWS) -> tuple[Floats, Floats]:
    """The p-values of the sign-flip test and of McNemar's for two judges, drawn again and again."""
    generator = np.random.default_rng(11)
    groups = Groups(judges.on, present=True)
    found = []
    for seed in range(draws):
        both = list(judges.verdicts(generator, (effect, 0.0)))
        one, other = (item_credits(each, HEADLINE) for each in both)
        flipped = sign_flip(shares(groups, one - other, HEADLINE), seed=seed, draws=FLIPS)
        found.append((flipped, mcnemar(*(right(each, HEADLINE) for each in both)).p))
    flipped, counted = np.array(found).T
    return flipped, counted


# Under no effect.


def test_sign_flip_keeps_its_level_on_clustered_items() -> None:
    """Of two equal judges with tastes of their own, at most 5 % are called different, and not far fewer."""
    flipped, _ = rates(Judges(benchmark()))
    rate = np.mean(flipped < LEVEL)
    print(f"sign-flip, clustered items: {rate:.4f}")
    assert 0.035 <= rate <= AT_MOST


@pytest.mark.parametrize("conversations", [12, 30])
def test_sign_flip_keeps_its_level_on_few_conversations(conversations: int) -> None:
    """It rests on no approximation, so few conversations are no excuse. Credits are coarse, and with few of them
    many patterns of signs tie with the one observed, so that it stays below its 5 %.
    """
    flipped, _ = rates(Judges(benchmark(conversations)))
    rate = np.mean(flipped < LEVEL)
    print(f"sign-flip, {conversations} conversations: {rate:.4f}")
    assert rate <= AT_MOST


def test_mcnemar_keeps_its_level_on_independent_items_and_is_conservative() -> None:
    """With one item a conversation it is right to be trusted. Its counts are whole, so it stays well below 5 %."""
    _, counted = rates(Judges(benchmark(alone=True), taste=0.0))
    rate = np.mean(counted < LEVEL)
    print(f"McNemar, independent items: {rate:.4f}")
    assert 0.01 <= rate <= LEVEL


def test_mcnemar_cries_wolf_on_clustered_items() -> None:
    """Why verdicts rest on the sign-flip test: where judges have tastes, McNemar's test takes six items for six
    witnesses and is wrong more than its 5 %; on the very same draws the sign-flip test is not.
    """
    flipped, counted = rates(Judges(benchmark(), ease=(0.5, 0.5), taste=0.5))
    wolf, quiet = np.mean(counted < LEVEL), np.mean(flipped < LEVEL)
    print(f"McNemar, clustered items: {wolf:.4f}; sign-flip on the same: {quiet:.4f}")
    assert wolf > 2 * LEVEL
    assert quiet <= AT_MOST


def test_holm_keeps_the_level_of_all_pairs_together() -> None:
    """Of three equal judges, at most 5 % of the times any pair is called different; without Holm it is more."""
    judges, generator = Judges(benchmark(80)), np.random.default_rng(12)
    groups = Groups(judges.on, present=True)
    any_raw = any_adjusted = 0
    for seed in range(DRAWS):
        worth = [item_credits(each, HEADLINE) for each in judges.verdicts(generator, (0.0, 0.0, 0.0))]
        p_values = [
            sign_flip(shares(groups, worth[one] - worth[other], HEADLINE), seed=seed, draws=FLIPS)
            for one, other in ((0, 1), (0, 2), (1, 2))
        ]
        if min(p_values) < LEVEL:
            any_raw += 1
            any_adjusted += min(holm(p_values)) < LEVEL
    print(f"family-wise, three judges: raw {any_raw / DRAWS:.4f}, Holm {any_adjusted / DRAWS:.4f}")
    assert any_adjusted / DRAWS <= AT_MOST
    assert any_raw / DRAWS > AT_MOST


@pytest.mark.parametrize("lean", [0.0, 0.3], ids=["no lean", "leans by conversation"])
def test_position_test_keeps_its_level(lean: float) -> None:
    """A judge without a place that it favours is said to have one in 5 % at most, even if it favours the first
    in some conversations and the second in others.
    """
    on, generator = benchmark(80), np.random.default_rng(13)
    conversation = on.conversation[on.item[on.comparison]]
    low = 0
    for seed in range(DRAWS):
        leaning = generator.choice([-lean, lean], on.conversations)[conversation]
        chance = 0.6 + np.where(on.position == 0, leaning, -leaning)
        votes = (generator.random(len(chance)) < chance).astype(np.float64)
        p = position_test(replace(on, vote=votes), seed=seed)
        assert p is not None
        low += p < LEVEL
    print(f"position test, lean {lean}: {low / DRAWS:.4f}")
    assert 0.03 <= low / DRAWS <= AT_MOST


# With an effect.


def test_a_detectable_difference_is_detected_four_times_in_five() -> None:
    """The difference that `paired` names as detectable, planted, is found with the power of 80 % that it names."""
    judges, generator = Judges(benchmark()), np.random.default_rng(14)
    named = []
    for _ in range(40):
        one, other = judges.verdicts(generator, (0.0, 0.0))
        found = paired(one, other, HEADLINE, resamples=1_000)
        assert found is not None
        assert found.detectable is not None
        named.append(found.detectable)
    planted = float(np.mean(named))
    # Credits are the mean of two orders, each right more often by `planted`.
    flipped, _ = rates(judges, effect=planted)
    power = np.mean(flipped < LEVEL)
    print(f"power at {100 * planted:.1f} points: {power:.4f}")
    assert 0.76 <= power <= 0.84


def test_half_a_detectable_difference_is_mostly_missed() -> None:
    """Half of it is found about one time in four or five: 1 - Φ(1.96 - 1.40) is 29 %."""
    judges, generator = Judges(benchmark()), np.random.default_rng(14)
    one, other = judges.verdicts(generator, (0.0, 0.0))
    found = paired(one, other, HEADLINE, resamples=4_000)
    assert found is not None
    assert found.overall.error is not None
    flipped, _ = rates(judges, effect=detectable(found.overall.error) / 2, draws=500)
    power = np.mean(flipped < LEVEL)
    print(f"power at half of it: {power:.4f}")
    assert 0.2 <= power <= 0.38
