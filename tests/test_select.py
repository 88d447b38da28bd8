"""Which items are judged: of a set, of scenarios, and a stratified part of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rmb.datasets.select import by_id, scenario_names, select
from rmb.errors import UnknownName, UsageError
from rmb.records import Item
from tests.builders import listing, pair

PATHS = (
    "harmlessness/S1",
    "harmlessness/S10",
    "harmlessness/multi",
    "helpfulness/Chat/Casual Conversation",
    "helpfulness/Chat/Discussion",
    "helpfulness/Closed QA/ContextBased",
    "helpfulness/Open QA/Factual",
)
ONE_EACH = tuple(pair(uid=str(place), path=path) for place, path in enumerate(PATHS))


def of_sizes(sizes: Sequence[int]) -> list[Item]:
    """Items in scenarios S0, S1, … of these sizes, one scenario behind the other."""
    paths = [f"harmlessness/S{place}" for place, size in enumerate(sizes) for _ in range(size)]
    return [pair(uid=str(place), path=path) for place, path in enumerate(paths)]


SEEDS = st.integers(0, 2**32)
LIMITS = st.integers(1, 80)
ITEMS = st.lists(st.integers(1, 20), min_size=1, max_size=8).map(of_sizes)


# By set and by scenario


@pytest.mark.parametrize(("kind", "ids"), [("all", "pbpb"), ("pairwise", "pp"), ("bon", "bb")])
def test_a_set_can_be_chosen(kind: str, ids: str) -> None:
    """`pairwise` and `bon` keep that set alone, `all` keeps both; the order stays."""
    items = [
        make("good", loser, uid=uid) for uid in "01" for make, loser in ((pair, "bad"), (listing, ["bad"]))
    ]
    assert "".join(item.id[0] for item in select(items, kind=kind)) == ids


def test_everything_is_chosen_by_default() -> None:
    """Without a choice all items are judged, in their order."""
    assert select(ONE_EACH) == list(ONE_EACH)


@pytest.mark.parametrize(
    ("glob", "places"),
    [
        ("S1", [0]),
        ("s1", [0]),
        ("S1*", [0, 1]),
        ("S?", [0]),
        ("S1[0-9]", [1]),
        ("multi", [2]),
        ("harmlessness", [0, 1, 2]),
        ("harmlessness/S10", [1]),
        ("h*/multi", [2]),
        ("Chat", [3, 4]),
        ("chat/*", [3, 4]),
        ("CHAT/d*", [4]),
        ("helpfulness/Chat", [3, 4]),
        ("helpfulness/*", [3, 4, 5, 6]),
        ("* QA", [5, 6]),
        ("open qa/factual", [6]),
        ("Factual", [6]),
        ("helpfulness/Open QA/Factual", [6]),
        ("*", [0, 1, 2, 3, 4, 5, 6]),
    ],
)
def test_a_glob_matches_a_whole_name(glob: str, places: list[int]) -> None:
    """Goal, scenario, sub-scenario, or a path that begins at any of them; letter case does not matter."""
    assert select(ONE_EACH, scenario=glob) == [ONE_EACH[place] for place in places]


@pytest.mark.parametrize(
    "glob", ["", "Cha", "QA", "Discussion/Chat", "harmlessness/S", "helpfulness/Factual"]
)
def test_a_part_of_a_name_is_no_match(glob: str) -> None:
    """Nor are names in another order, or with a level left out."""
    with pytest.raises(UnknownName):
        select(ONE_EACH, scenario=glob)


@given(st.sampled_from(PATHS))
def test_every_level_of_every_path_matches(path: str) -> None:
    """Each name that a scenario goes by finds its items."""
    wanted = next(item for item in ONE_EACH if item.path == path)
    for name in (path, *path.split("/")):
        assert wanted in select(ONE_EACH, scenario=name)


def test_the_names_of_the_scenarios() -> None:
    """Every name that can be asked for, each once, sorted."""
    assert scenario_names(ONE_EACH[2:5]) == [
        "Casual Conversation",
        "Chat",
        "Discussion",
        "harmlessness",
        "helpfulness",
        "multi",
    ]


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ("Discusion", "no scenario 'Discusion'; did you mean Discussion?"),
        ("helpfullness", "no scenario 'helpfullness'; did you mean helpfulness?"),
        ("closed-qa", "no scenario 'closed-qa'; did you mean Closed QA?"),
        ("xyz", "no scenario 'xyz'; there are: Casual Conversation, Chat, Closed QA, "),
    ],
)
def test_an_unknown_scenario_gets_the_nearest_names(asked: str, says: str) -> None:
    """The message has the names that look alike, or all of a few."""
    with pytest.raises(UnknownName) as raised:
        select(ONE_EACH, scenario=asked)
    assert str(raised.value).startswith(says)


def test_of_a_set_that_is_not_there_nothing_is_left() -> None:
    """The message says which option to leave out."""
    with pytest.raises(UsageError, match="no bon item in this data; leave out --set, or name other data"):
        select(ONE_EACH, kind="bon")


@pytest.mark.parametrize("lists", [[], [listing("good", ["bad"], path="harmlessness/S2")]])
def test_a_scenario_that_only_the_other_set_has_is_not_called_unknown(lists: list[Item]) -> None:
    """S10 has pairs and no list: the message speaks of the set, and does not propose what was asked for."""
    with pytest.raises(UsageError, match=r"^scenario 'S10' has no bon item here; leave out --set"):
        select([*ONE_EACH, *lists], kind="bon", scenario="S10")


def test_of_no_items_none_can_be_chosen() -> None:
    """Empty data are an error of one line."""
    with pytest.raises(UsageError, match=r"^no item in this data; name other data$"):
        select([])


# A part of the items


@given(ITEMS, LIMITS, SEEDS)
def test_as_many_as_asked_for(items: list[Item], limit: int, seed: int) -> None:
    """Exactly `limit` items, or all if there are fewer; none twice, and in the benchmark's order."""
    chosen = select(items, limit=limit, seed=seed)
    places = [items.index(item) for item in chosen]
    assert len(chosen) == min(limit, len(items))
    assert places == sorted(set(places))


@given(ITEMS, LIMITS, LIMITS, SEEDS)
def test_a_larger_limit_takes_the_same_and_more(items: list[Item], one: int, other: int, seed: int) -> None:
    """What was judged under a small limit is a part of what a larger one takes, so answers are used again."""
    few, many = (select(items, limit=limit, seed=seed) for limit in sorted((one, other)))
    assert set(few) <= set(many)


@given(ITEMS, LIMITS, SEEDS, st.randoms(use_true_random=False))
def test_the_choice_does_not_depend_on_the_order(
    items: list[Item], limit: int, seed: int, draw: Random
) -> None:
    """Asked again, or with the items shuffled, the same ones are chosen."""
    shuffled = list(items)
    draw.shuffle(shuffled)
    chosen = select(items, limit=limit, seed=seed)
    assert chosen == select(items, limit=limit, seed=seed)
    assert set(chosen) == set(select(shuffled, limit=limit, seed=seed))


@given(ITEMS, LIMITS, SEEDS)
def test_scenarios_keep_their_share(items: list[Item], limit: int, seed: int) -> None:
    """A scenario's part of the choice is its part of the items, give or take rounding: one for the scenario
    itself, and its share of what all the others were rounded by.
    """
    sizes = Counter(item.path for item in items)
    chosen = Counter(item.path for item in select(items, limit=limit, seed=seed))
    for path, size in sizes.items():
        share = size / len(items)
        assert abs(chosen[path] - min(limit, len(items)) * share) <= 1 + len(sizes) * share


@pytest.mark.parametrize(
    ("sizes", "limit", "chosen"),
    [
        ((60, 30, 10), 10, (6, 3, 1)),
        ((60, 30, 10), 50, (30, 15, 5)),
        ((5, 5), 4, (2, 2)),
        ((1, 99), 50, (0.5, 49.5)),
    ],
)
def test_examples_of_shares(sizes: tuple[int, ...], limit: int, chosen: tuple[float, ...]) -> None:
    """Under any seed the numbers are within one of the exact shares."""
    for seed in range(20):
        found = Counter(item.path for item in select(of_sizes(sizes), limit=limit, seed=seed))
        for place, expected in enumerate(chosen):
            assert abs(found[f"harmlessness/S{place}"] - expected) <= 1


def test_another_seed_takes_other_items() -> None:
    """The seed decides which items of a scenario are taken."""
    chosen = {tuple(item.id for item in select(of_sizes((50,)), limit=5, seed=seed)) for seed in range(20)}
    assert len(chosen) == 20


def test_the_choice_is_the_same_on_every_machine() -> None:
    """Ten of a hundred, written down once."""
    chosen = select(of_sizes((60, 30, 10)), limit=10, seed=0)
    assert " ".join(item.id.removeprefix("pairwise/") for item in chosen) == "20 21 27 38 46 51 62 67 80 98"


def test_limit_and_scenario_work_together() -> None:
    """The limit counts what the other choices leave."""
    chosen = select([*ONE_EACH, *of_sizes((9, 9))], kind="pairwise", scenario="S1", limit=4)
    assert [item.path for item in chosen] == ["harmlessness/S1"] * 4


# One item


def test_an_item_is_found_by_its_id() -> None:
    """Ids are those of the tables: set and uid."""
    assert by_id(ONE_EACH, "pairwise/3") is ONE_EACH[3]


def test_an_unknown_id_gets_the_nearest() -> None:
    """The message has the ids that look alike."""
    with pytest.raises(UnknownName, match="no item 'pairwise/33'; did you mean pairwise/3 or "):
        by_id(ONE_EACH, "pairwise/33")
