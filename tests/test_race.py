"""Dropping cells early: wealth by hand, laws, and by simulation that the best cell is kept at the rate promised."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from rmb.metrics import summarise
from rmb.metrics.arrays import Flags, Floats, Integers
from rmb.metrics.averages import Groups
from rmb.metrics.columns import columns
from rmb.metrics.credits import item_credits
from rmb.metrics.paired import shares
from rmb.metrics.race import LEAST, LEVEL, STAKE, Race, Standing, Wealth, most_of, weights
from rmb.outcomes import Convention, Outcome
from tests.builders import listing, outcome, told

NAN = float("nan")
RIGHT, WRONG = [1.0, 0.0], [0.0, 1.0]
"""Rows of two cells, of which one alone is right."""


def raced(rows: Sequence[Sequence[float]] | Floats, *, most: float = 1.0, **options: object) -> Race:
    """A race of as many cells as the rows are wide, after these rows; without a caution unless one is given."""
    race = Race(len(rows[0]), most, **{"least": 0, **options})  # type: ignore[arg-type]
    for row in rows:
        race.see(np.array(row))
    return race


# By hand.


@pytest.mark.parametrize(
    ("rows", "wealth"),
    [
        pytest.param([RIGHT], 1.0, id="nothing is known before the first, so nothing is bet"),
        pytest.param([RIGHT] * 2, 1 + 1 / 2, id="1 ahead, squares 1 + 1: half is bet, and won"),
        pytest.param([RIGHT] * 3, 1.5 * (1 + 2 / 3), id="then 2/3 of it"),
        pytest.param([RIGHT] * 4, 1.5 * (1 + 2 / 3) * (1 + 3 / 4), id="then 3/4"),
        pytest.param([RIGHT, WRONG], 1 - 1 / 2, id="half is bet, and lost"),
        pytest.param([RIGHT, WRONG, RIGHT], 0.5, id="even: nothing is bet"),
        pytest.param([RIGHT, WRONG, WRONG, RIGHT, RIGHT], 0.5, id="nor while behind"),
        pytest.param([RIGHT, [0.6, 0.6], [0.5, 0.0]], 1 + 0.5 / 2, id="alike: nothing won or lost"),
        pytest.param([[0.5, 0.0]] * 2, 1 + 0.5**2 / (1 + 0.25), id="half credits"),
        pytest.param([RIGHT, [NAN, 1.0], [1.0, NAN], RIGHT], 1 + 1 / 2, id="unknown: as if not asked"),
    ],
)
def test_wealth_by_hand(rows: list[list[float]], wealth: float) -> None:
    """What betting on the first cell against the second has made of 1."""
    assert np.exp(raced(rows).wealth.log[1]) == pytest.approx(wealth)


def test_a_bet_never_risks_all() -> None:
    """However sure a bet has become, the worst conversation leaves a twentieth of the wealth."""
    before, after = (raced([[0.2, 0.0]] * 200 + rows, keep=[0, 1]) for rows in ([], [WRONG]))
    assert np.exp(after.wealth.log[1] - before.wealth.log[1]) == pytest.approx(1 - STAKE)


def test_always_wrong_is_dropped_after_seven() -> None:
    """3/2 · 5/3 · 7/4 · 9/5 · 11/6 · 13/7 = 26.8 is the first that reaches 20."""
    race = raced([RIGHT] * 9)
    assert race.dropped == {1: Standing(1, 0, 7, pytest.approx(26.8125))}
    assert race.dropped[1].p == pytest.approx(1 / 26.8125)
    assert race.running.tolist() == [True, False]
    assert race.seen == 9


@pytest.mark.parametrize(
    ("level", "after"), [(0.5, 3), (0.2, 5), (0.05, 7), (0.01, 10), (0.001, 13)], ids="level {}".format
)
def test_the_level_says_how_much_is_asked_for(level: float, after: int) -> None:
    """A cell that is always wrong goes with the first wealth of 1 / level."""
    assert raced([RIGHT] * 20, level=level).dropped[1].after == after


def test_bets_are_smaller_where_a_conversation_may_be_heavy() -> None:
    """If one may add 10, at most 0.095 is bet on a lead of 1: of the powers of 1.095, the 34th is the first above 20."""
    assert raced([RIGHT] * 60, most=10.0).dropped[1].after == 1 + 34


def test_see_tells_who_is_dropped_when() -> None:
    """Once, with the conversation that drops it, and in the order of the cells."""
    race = Race(4, 1.0, least=0)
    told_of = [race.see(np.array([0.0, 1.0, 0.9, 0.0])) for _ in range(9)]
    assert [[one.cell for one in each] for each in told_of] == [[]] * 6 + [[0, 3], [], []]
    assert told_of[6][1] == race.dropped[3] == race.standing(3)
    assert list(race.dropped) == [0, 3]


def test_cells_that_run_have_a_standing_too() -> None:
    """Their evidence is the highest so far; the leader has none against it, and no rival."""
    race = raced([RIGHT] * 3 + [WRONG])
    assert race.standing(0) == Standing(0, None, 4, 1.0)
    assert race.standing(1) == Standing(1, 0, 4, pytest.approx(2.5))
    assert race.standing(1).p == pytest.approx(1 / 2.5)


def test_equal_cells_are_not_dropped() -> None:
    """Not after 3,000 conversations, and nothing is held against any."""
    rows = np.random.default_rng(0).random((3_000, 1)).repeat(5, axis=1)
    race = raced(rows)
    assert race.running.all()
    assert [race.standing(cell).evidence for cell in range(5)] == [1.0] * 5


@pytest.mark.parametrize("least", [0, 7, 8, LEAST], ids="least {}".format)
def test_nobody_is_dropped_before_the_least(least: int) -> None:
    """A cell that is clearly worse before goes with it."""
    assert raced([RIGHT] * 30, least=least).dropped[1].after == max(least, 7)


def test_what_was_clear_before_the_least_stays_so() -> None:
    """The evidence is the highest so far: one whose wealth has fallen since is dropped all the same."""
    race = raced([[1.0, 0.0, 1.0]] * 7 + [[0.0, 1.0, 1.0]] * 3, least=10)
    assert np.exp(race.wealth.log[1]) < 20
    assert race.dropped[1] == Standing(1, 2, 10, pytest.approx(26.8125))


def test_kept_cells_stay() -> None:
    """However bad; what is held against them is told, and is a number even after thousands of conversations."""
    race = raced([[1.0, 0.0, 0.0]] * 3_000, keep=[1])
    assert race.running.tolist() == [True, True, False]
    assert 0 < race.standing(1).p < 1e-300


def test_the_last_one_stays() -> None:
    """First one is far ahead, then the other: both have 20 against them, and the one with less stays."""
    race = raced([RIGHT] * 8 + [WRONG] * 60, least=68)
    assert min(race.standing(cell).evidence for cell in (0, 1)) >= 20
    assert len(race.dropped) == race.running.sum() == 1
    stays, goes = (int(np.flatnonzero(each)[0]) for each in (race.running, ~race.running))
    assert race.standing(stays).evidence < race.dropped[goes].evidence
    assert race.see(np.array([0.0, 0.0])) == []


def test_one_cell_alone() -> None:
    """There is nothing to hold it against."""
    assert raced([[0.0]] * 50).running.all()


def test_an_unanswered_conversation_leaves_the_evidence_of_its_pairs() -> None:
    """The others are held against the leader as ever; where the leader is the one unanswered, nobody is."""
    before = raced([[1.0, 0.0, 0.0]] * 4).wealth
    second = raced([[1.0, 0.0, 0.0]] * 4 + [[1.0, NAN, 0.0]]).wealth
    leader = raced([[1.0, 0.0, 0.0]] * 4 + [[NAN, 0.0, 0.0]]).wealth
    assert second.log[1] == before.log[1] < second.log[2]
    assert leader.log.tolist() == before.log.tolist()


@pytest.mark.parametrize("row", [RIGHT, WRONG], ids="{}".format)
def test_nothing_is_bet_on_a_leader_that_is_behind_where_both_answered(row: list[float]) -> None:
    """The first leads, for the second failed often; on the three that both answered it is behind."""
    rows = [WRONG] * 3 + [[1.0, NAN]] * 5
    before, after = (raced(each).wealth for each in (rows, [*rows, row]))
    assert before.total.argmax() == 0
    assert after.log[1] == before.log[1] == 0


def test_the_leader_is_one_that_runs() -> None:
    """Where one is dropped that leads by now, the others are held against the best that is left."""
    rows = [[1.0, 0.0, 0.0]] * 8 + [[0.0, 1.0, 0.0]] * 30
    race = raced(rows, least=38, keep=[0, 2])
    assert list(race.dropped) == [1] == [race.wealth.total.argmax()]
    before = race.wealth.log.copy()
    race.see(np.array([1.0, NAN, 0.0]))
    assert race.wealth.log[2] > before[2]
    assert race.standing(2).rival == 0


def test_values_of_dropped_cells_are_passed_over() -> None:
    """They may be anything, for they are not asked."""
    first, second = (raced([RIGHT] * 7 + [[0.5, value]] * 5) for value in (NAN, 77.0))
    assert first.dropped == second.dropped
    assert first.wealth.log.tolist() == second.wealth.log.tolist()


@pytest.mark.parametrize(
    "row", [[-0.1, 0.0], [0.0, 1.1], [float("inf"), 0.0], [0.0, 0.0, 0.0]], ids="{}".format
)
def test_rows_that_cannot_be_are_refused(row: list[float]) -> None:
    """A value beyond the most could make wealth negative, and the guarantee would be none."""
    with pytest.raises(ValueError, match=r"2 values between 0 and 1|broadcast"):
        raced([RIGHT, row])


@pytest.mark.parametrize(
    ("cells", "most", "options"),
    [(0, 1.0, {}), (2, 0.0, {}), (2, NAN, {}), (2, 1.0, {"level": 0.0}), (2, 1.0, {"keep": [2]})],
    ids="{}".format,
)
def test_races_that_cannot_be_are_refused(cells: int, most: float, options: dict[str, object]) -> None:
    """No cell, no weight, no level, an unknown cell to keep."""
    with pytest.raises(ValueError, match="no race"):
        Race(cells, most, **options)  # type: ignore[arg-type]


# Laws.

exact = st.integers(0, 64).map(lambda part: part / 64)
"""Values whose sums are exact, so that ties are ties whatever the order of adding."""
values = st.one_of(exact, st.just(NAN))


def tables(cells: int, value: st.SearchStrategy[float] = values) -> st.SearchStrategy[Floats]:
    """Rows of some cells."""
    row = st.lists(value, min_size=cells, max_size=cells)
    return st.lists(row, min_size=1, max_size=40).map(np.array)


@given(st.integers(1, 5).flatmap(tables), st.booleans())
@settings(max_examples=100, deadline=None)
def test_wealth_is_never_negative_and_one_cell_stays(rows: Floats, all_kept: bool) -> None:
    """After every row, whatever the rows: its logarithm is a number, and evidence does not fall."""
    race = Race(rows.shape[1], 1.0, least=0, keep=range(rows.shape[1] * all_kept))
    before = race.wealth.evidence
    for row in rows:
        race.see(row)
        assert np.isfinite(race.wealth.log).all()
        assert (race.wealth.evidence >= before).all()
        assert race.running.any()
        before = race.wealth.evidence
    assert {int(cell) for cell in np.flatnonzero(~race.running)} == set(race.dropped)
    assert all(one.p <= LEVEL for one in race.dropped.values())


@given(st.integers(0, 2**32), st.permutations(range(6)))
@settings(max_examples=50, deadline=None)
def test_the_numbers_of_the_cells_do_not_matter(seed: int, order: list[int]) -> None:
    """With the cells numbered otherwise, the same ones are dropped, after as many conversations."""
    rows = np.random.default_rng(seed).random((60, 6)) * [1, 0.9, 0.7, 0.5, 0.3, 0.2]
    race, again = raced(rows), raced(rows[:, order])
    assert np.allclose(race.wealth.log[order], again.wealth.log)
    assert {cell: one.after for cell, one in race.dropped.items()} == {
        order[cell]: one.after for cell, one in again.dropped.items()
    }


@given(tables(3), exact, st.integers(0, 40))
@settings(max_examples=50, deadline=None)
def test_a_row_of_equal_values_changes_no_evidence(rows: Floats, value: float, place: int) -> None:
    """Wherever it stands: neither what is held against a cell nor what is bet on it later."""
    place = min(place, len(rows))
    race, again = raced(rows), raced(np.insert(rows, place, value, axis=0))
    assert np.allclose(race.wealth.log, again.wealth.log)
    assert list(race.dropped) == list(again.dropped)


@given(tables(4, exact))
@settings(max_examples=50, deadline=None)
def test_bets_know_the_past_alone(rows: Floats) -> None:
    """What the next row holds does not change what is bet on it, so that nothing is won by knowing it."""
    wealths = [raced(np.vstack([rows, [row]])).wealth.log for row in ([1.0, 0, 0, 0], [0.0, 1, 1, 1])]
    before = raced(rows).wealth.log
    gains = [np.expm1(each - before) for each in wealths]
    # The two rows are each other's mirror image, so what one wins the other loses.
    assert np.allclose(gains[0], -gains[1], atol=1e-9)


# Weights.

SAID = {
    "r": ("right", "right"),
    "w": ("wrong", "wrong"),
    "h": ("right", "wrong"),
}
GROUPS = [
    ("pairwise", "helpfulness/Chat/Discussion"),
    ("pairwise", "helpfulness/Chat/Discussion"),
    ("pairwise", "helpfulness/Code/Debugging"),
    ("bon", "helpfulness/Chat/Discussion"),
    ("pairwise", "harmlessness/S1"),
    ("bon", "harmlessness/S1"),
    ("pairwise", "harmlessness/S2"),
]


def judge(said: str) -> list[Outcome]:
    """A judge in letters; items in the groups in turn, three items to a conversation."""
    return [
        outcome(
            told(*SAID[letter]),
            item=listing(
                "good", ["bad"], uid=f"{number:03}", asked=f"Conversation {number // 3}", kind=kind, path=path
            ),
        )
        for number, letter in enumerate(said)
        for kind, path in [GROUPS[number % len(GROUPS)]]
    ]


letters = st.text("rwh", min_size=14, max_size=40)


@given(letters, st.sampled_from(["micro", "macro"]))
@settings(max_examples=40, deadline=None)
def test_the_mean_of_the_conversations_values_is_overall(said: str, average: str) -> None:
    """As the summary has it."""
    convention = Convention(average=average)  # type: ignore[arg-type]
    judged = columns(judge(said))
    worth = weights(judged.items, convention.average) * item_credits(judged, convention)
    overall = summarise(judge(said), convention=convention, resamples=0)["overall"]["value"]
    assert worth.sum() / judged.conversations == pytest.approx(overall)


@given(letters, st.sampled_from(["micro", "macro"]), st.randoms(use_true_random=False))
@settings(max_examples=40, deadline=None)
def test_differences_of_conversations_are_those_of_the_sign_flip_test(
    said: str, average: str, random: object
) -> None:
    """The race sees what `rmb compare` tests, conversation by conversation, but for the number of conversations."""
    convention = Convention(average=average)  # type: ignore[arg-type]
    mixed = "".join(random.sample(said, len(said)))  # type: ignore[attr-defined]
    first, second = columns(judge(said)), columns(judge(mixed))
    differences = item_credits(first, convention) - item_credits(second, convention)
    value = np.bincount(first.conversation, weights(first.items, convention.average) * differences)
    of_test = shares(Groups(first, present=True), differences, convention)
    assert value / first.conversations == pytest.approx(of_test, abs=1e-11)


@pytest.mark.parametrize("average", ["micro", "macro"])
def test_weights_of_all_items_are_as_many_as_conversations(average: str) -> None:
    """So that the mean weight of a conversation is 1, and a judge that is always right has an Overall of 1."""
    items = columns(judge("r" * 30)).items
    assert weights(items, average).sum() == pytest.approx(10)  # type: ignore[arg-type]


def test_weights_by_hand() -> None:
    """Two goals and sets, four pairs in one and a list in the other, of three conversations."""
    items = columns(
        [
            outcome(
                told("right"), item=listing("a", ["b"], uid=str(number), asked=asked, kind=kind, path=path)
            )
            for number, (asked, kind, path) in enumerate(
                [
                    ("x", "bon", "helpfulness/Chat"),
                    ("x", "pairwise", "helpfulness/Chat"),
                    ("y", "pairwise", "helpfulness/Chat"),
                    ("y", "pairwise", "helpfulness/Chat"),
                    ("z", "pairwise", "helpfulness/Code"),
                ]
            )
        ]
    ).items
    assert weights(items).tolist() == pytest.approx([3 / 2, *[3 / 8] * 4])
    assert weights(items, "macro").tolist() == pytest.approx([3 / 2, *[3 / 12] * 3, 3 / 4])
    assert most_of(items, weights(items)) == pytest.approx(3 / 2 + 3 / 8)


# By simulation. A world is a stock of conversations; a race draws from it.


@dataclass(frozen=True)
class World:
    """What each of N conversations adds to the Overall of each of K cells, (N, K), and the most it could."""

    values: Floats
    heaviest: Floats

    @property
    def most(self) -> float:
        """What none adds more than."""
        return float(self.heaviest.max())

    @property
    def best(self) -> int:
        """The cell with the highest Overall over the whole stock."""
        return int(self.values.mean(axis=0).argmax())


def designed(generator: np.random.Generator, conversations: int) -> tuple[Integers, Integers]:
    """(I,) the conversation of each item, and its group: helpful pairs and lists, harmless pairs and lists.

    As unbalanced as RMB: two thirds of the conversations are helpful ones, with five pairs to a list; the others
    have up to ten pairs and three lists.
    """
    harmless = generator.random(conversations) < 0.33
    pairs = np.where(
        harmless, generator.integers(2, 11, conversations), generator.integers(0, 7, conversations)
    )
    lists = np.where(
        harmless, generator.integers(0, 4, conversations), generator.integers(0, 3, conversations)
    )
    pairs = np.maximum(pairs, lists == 0)
    counts = np.stack([pairs * ~harmless, lists * ~harmless, pairs * harmless, lists * harmless], axis=1)
    place = np.repeat(np.arange(counts.size), counts.ravel())
    return place // 4, place % 4


def world(
    seed: int, ability: Sequence[float], *, judges: Sequence[int] = (), conversations: int = 600
) -> World:
    """A stock of conversations, all judged by all cells.

    ability: of each cell, in standard deviations of what makes it right or wrong: about 30 points each. judges: of
    each cell; cells of one judge err alike. What is shared: the conversation and the item (by all cells), the
    judge's view of the item; a cell's own are its views of the conversation, the item and each showing.
    """
    generator = np.random.default_rng(seed)
    conversation, group = designed(generator, conversations)
    size, cells = len(group), len(ability)
    judge_of = np.array(judges or range(cells))
    views = [
        0.7 * generator.normal(size=(conversations, 1))[conversation],
        0.5 * generator.normal(size=(size, 1)),
        0.5 * generator.normal(size=(size, judge_of.max() + 1))[:, judge_of],
        0.3 * generator.normal(size=(conversations, cells))[conversation],
        0.4 * generator.normal(size=(size, cells)),
    ]
    leaning = sum(views) + np.array(ability)
    showings = leaning + 0.5 * generator.normal(size=(3, 2, size, cells))
    losers = (showings > 0).mean(axis=1)
    worth = np.where((group % 2 == 1)[:, None], losers.prod(axis=0), losers[0])
    weight = conversations / (4 * np.bincount(group, minlength=4))[group]
    heaviest = np.bincount(conversation, weight)
    values = [np.bincount(conversation, weight * each) for each in worth.T]
    return World(np.stack(values, axis=1), heaviest)


@dataclass(frozen=True)
class Raced:
    """R races of T conversations: (R, K) which cells were dropped, and after how many conversations (T if not)."""

    dropped: Flags
    after: Integers
    asked: int

    def rate(self, cell: int) -> float:
        """How often a cell was dropped."""
        return float(self.dropped[:, cell].mean())

    @property
    def saved(self) -> float:
        """The share of cells and conversations that need not be asked."""
        return 1 - float(self.after.mean()) / self.asked


def races(rows: Floats, most: float, *, least: int = LEAST) -> Raced:
    """Races at once, by the rules of Race. rows: (T, R, K)."""
    asked, *shape = rows.shape
    wealth = Wealth(tuple(shape), most)
    running, after = np.ones(shape, dtype=np.bool_), np.full(shape, asked)
    for seen, row in enumerate(rows, 1):
        wealth.see(np.where(running, row, np.nan), running)
        out = running & (wealth.evidence >= 1 / LEVEL) & (seen >= least)
        out &= (out.sum(axis=1) < running.sum(axis=1))[:, None]
        after[out] = seen
        running &= ~out
    return Raced(~running, after, asked)


def drawn(
    generator: np.random.Generator, stock: World, number: int, asked: int, *, replace: bool = False
) -> Integers:
    """(T, R) which conversations each of R races asks, in its order."""
    if replace:
        return generator.integers(0, len(stock.values), size=(asked, number))
    return generator.permuted(np.tile(np.arange(len(stock.values)), (number, 1)), axis=1)[:, :asked].T


def shuffled(generator: np.random.Generator, rows: Floats) -> Floats:
    """Rows in which each value may be any cell's: cells that are exactly equal in expectation."""
    return generator.permuted(rows, axis=-1)


def error(number: int, level: float = LEVEL) -> float:
    """What a rate of `level` may come to by chance in so many races: three standard errors more."""
    return level + 3 * float(np.sqrt(level * (1 - level) / number))


def in_words(name: str, rate: float, number: int, saved: float) -> str:
    """A line of the table that the simulation prints."""
    return f"{name:44} best dropped {rate:.4f} ± {np.sqrt(rate * (1 - rate) / number):.4f}, saved {saved:.3f}"


CLEAR = [0.8, 0.75, 0.7, 0.6, 0.3, 0.25, 0.2, 0.1]
"""Four good cells, and four that are more than ten points worse."""


def test_many_races_at_once_are_races() -> None:
    """What the simulation runs at once drops the same cells, after as many conversations, as race by race."""
    stock = world(1, CLEAR, conversations=200)
    rows = stock.values[drawn(np.random.default_rng(2), stock, 12, 200)]
    found = races(rows, stock.most)
    assert found.dropped.any()
    for place in range(12):
        race = raced(rows[:, place], most=stock.most, least=LEAST)
        assert (~race.running).tolist() == found.dropped[place].tolist()
        assert {cell: one.after for cell, one in race.dropped.items()} == {
            cell: found.after[place, cell] for cell in race.dropped
        }


def test_the_best_is_kept_and_the_worse_are_dropped() -> None:
    """300 races of 300 conversations: the best of eight stays in 95 %, four much worse ones go in most."""
    stock = world(3, CLEAR, conversations=300)
    found = races(stock.values[drawn(np.random.default_rng(4), stock, 300, 300)], stock.most)
    assert found.rate(stock.best) <= LEVEL
    assert found.dropped[:, 4:].mean() > 0.9
    assert found.saved > 0.2


def gambling(conversations: int) -> World:
    """A rival that is a little better nearly always, and much worse once in twenty: equal in the mean."""
    rare = np.arange(conversations) % 20 == 0
    values = np.stack([np.where(rare, 0.95, 0.0), np.where(rare, 0.0, 0.05)], axis=1)
    return World(values, np.ones(conversations))


def heavy_and_light(conversations: int) -> World:
    """A rival that is better on light conversations, and worse on the heavy ones by as much in all."""
    number = np.arange(conversations)
    heavy, more = number % 5 == 0, 0.2 * (number // 5 % 2)
    values = np.stack([np.where(heavy, 2.0, 0.2) + more, np.where(heavy, 0.4, 0.6) + 0.2 - more], axis=1)
    return World(values, np.where(heavy, 3.0, 0.8))


@pytest.mark.slow
@pytest.mark.parametrize("make", [gambling, heavy_and_light])
@pytest.mark.parametrize(
    ("conversations", "asked", "replace"),
    [
        pytest.param(600, 600, True, id="of an endless stock"),
        pytest.param(600, 600, False, id="all of one study"),
        pytest.param(100, 100, False, id="all of a small study"),
    ],
)
def test_a_cell_is_kept_against_rivals_that_are_only_equal(
    make: Callable[[int], World], conversations: int, asked: int, replace: bool
) -> None:
    """Also where most conversations speak against it, and a few for it by as much: the hardest there is."""
    stock, number = make(conversations), 10_000
    first, second = stock.values.mean(axis=0)
    assert first == pytest.approx(second)
    order = drawn(np.random.default_rng(5), stock, number, asked, replace=replace)
    found = races(stock.values[order], stock.most, least=0)
    print(in_words(f"{make.__name__}, {asked} of {conversations}", found.rate(0), number, found.saved))
    assert found.rate(0) <= error(number)


@pytest.mark.slow
@pytest.mark.parametrize("cells", [2, 8, 24])
def test_of_equal_cells_each_is_dropped_at_the_level(cells: int) -> None:
    """Thousands of races of 300 conversations between cells that are equal in expectation, of an endless stock."""
    generator = np.random.default_rng(cells)
    stock = world(cells, [0.6] * cells)
    number = {2: 20_000, 8: 4_000, 24: 1_000}[cells]
    rows = shuffled(generator, stock.values[drawn(generator, stock, number, 300, replace=True)])
    found = races(rows, stock.most)
    print(in_words(f"{cells} equal cells", found.rate(0), number, found.saved))
    assert found.rate(0) <= error(number)
    assert found.dropped.mean() <= error(number)


@pytest.mark.slow
def test_the_best_by_one_point_is_kept() -> None:
    """4,000 races between eight cells, the first ahead by a point and the others equal, of an endless stock."""
    generator = np.random.default_rng(7)
    stock = world(7, [0.6] * 8)
    drawing = drawn(generator, stock, 4_000, 300, replace=True)
    rows = shuffled(generator, stock.values[drawing])
    room = stock.heaviest[drawing] - rows[..., 0]
    rows[..., 0] += room * 0.01 / (stock.heaviest[:, None] - stock.values).mean()
    assert (rows[..., 0].mean() - rows[..., 1:].mean()) == pytest.approx(0.01, abs=0.002)
    found = races(rows, stock.most)
    print(in_words("8 cells, the first ahead by a point", found.rate(0), 4_000, found.saved))
    assert found.rate(0) <= error(4_000)


JUDGES = np.repeat(np.arange(3), 8).tolist()
GRIDS: Mapping[str, tuple[Sequence[float], float]] = {
    "3 judges × 8 prompts, 0 to 30 points apart": (
        [
            0.8 + judge - prompt
            for judge in (0, -0.25, -0.6)
            for prompt in (0, 0.03, 0.06, 0.1, 0.15, 0.2, 0.3, 0.4)
        ],
        0.5,
    ),
    "3 judges × 8 prompts, 0 to 8 points apart": (
        [
            0.8 + (judge - prompt) / 4
            for judge in (0, -0.25, -0.6)
            for prompt in (0, 0.03, 0.06, 0.1, 0.15, 0.2, 0.3, 0.4)
        ],
        0.05,
    ),
    "3 judges × 8 prompts, all nearly equal": ([0.8] * 24, 0.0),
}
"""Abilities of 24 cells, and what is saved at the least."""


@pytest.mark.slow
@pytest.mark.parametrize("name", GRIDS)
def test_the_best_of_a_grid_is_kept_and_asking_is_saved(name: str) -> None:
    """Four studies of 600 conversations, each asked to the end in 250 random orders: no draw from any stock."""
    ability, least = GRIDS[name]
    studies = []
    for seed in range(4):
        stock = world(seed, ability, judges=JUDGES)
        order = drawn(np.random.default_rng(seed), stock, 250, 600)
        found = races(stock.values[order], stock.most)
        studies.append((found.rate(stock.best), found.saved))
    rate, saved = np.mean(studies, axis=0)
    print(in_words(name, rate, 1_000, saved))
    assert rate <= error(1_000)
    assert saved >= least


def looked_at(rows: Floats, level: float) -> float:
    """How often the first cell is dropped by a paired t-test against its best rival after every row from the 20th."""
    differences = rows[..., 1:] - rows[..., :1]
    seen = np.arange(1, len(rows) + 1)[:, None, None]
    mean = differences.cumsum(axis=0) / seen
    spread = np.sqrt(np.maximum((differences**2).cumsum(axis=0) / seen - mean**2, 1e-12) / seen)
    critical = stats.t.ppf(1 - level, df=np.maximum(seen - 1, 1))
    return float((mean / spread > critical)[LEAST - 1 :].any(axis=(0, 2)).mean())


@pytest.mark.slow
def test_looking_at_a_p_value_after_every_conversation_drops_good_cells() -> None:
    """A t-test at 5 %, for the seven rivals together, is wrong several times as often when it looks each time."""
    generator = np.random.default_rng(11)
    stock = world(8, [0.6] * 8)
    rows = shuffled(generator, stock.values[drawn(generator, stock, 1_000, 300, replace=True)])
    ours, corrected, plain = (
        races(rows, stock.most).rate(0),
        looked_at(rows, LEVEL / 7),
        looked_at(rows, LEVEL),
    )
    print(
        f"8 equal cells, looked at 281 times: race {ours:.3f}, t-test {plain:.3f}, by Bonferroni {corrected:.3f}"
    )
    assert ours <= error(1_000)
    assert plain > corrected > 2 * LEVEL
