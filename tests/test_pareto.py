"""What nobody should pass over, and what a point costs: example tables and laws."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rmb.errors import UnknownName, UsageError
from rmb.metrics.pareto import Point, dominates, pareto, per_thousand, prices

GOOD, FAIR = 0.8, 0.7


@pytest.mark.parametrize(
    ("points", "kept"),
    [
        pytest.param({}, "", id="none"),
        pytest.param({"a": Point(GOOD, 1, 1)}, "a", id="one"),
        pytest.param({"a": Point(GOOD, 1, 1), "b": Point(FAIR, 2, 2)}, "a", id="worse in all"),
        pytest.param({"a": Point(GOOD, 1, 1), "b": Point(FAIR, 1, 1)}, "a", id="less accurate for the same"),
        pytest.param({"a": Point(GOOD, 1, 1), "b": Point(GOOD, 2, 1)}, "a", id="dearer for the same"),
        pytest.param({"a": Point(GOOD, 1, 1), "b": Point(GOOD, 1, 2)}, "a", id="slower for the same"),
        pytest.param({"a": Point(GOOD, 2, 1), "b": Point(FAIR, 1, 1)}, "ab", id="cheaper and less accurate"),
        pytest.param({"a": Point(GOOD, 1, 2), "b": Point(FAIR, 1, 1)}, "ab", id="faster and less accurate"),
        pytest.param({"a": Point(GOOD, 1, 1), "b": Point(GOOD, 1, 1)}, "ab", id="equal: both stay"),
        pytest.param(
            {"a": Point(0.9, 3, 3), "b": Point(0.8, 2, 2), "c": Point(0.7, 1, 1), "d": Point(0.7, 2, 2)},
            "abc",
            id="a staircase, and one below it",
        ),
        pytest.param({"a": Point(GOOD, 0, 1), "b": Point(GOOD, 0.1, 1)}, "a", id="free is a price"),
    ],
)
def test_pareto_by_hand(points: dict[str, Point], kept: str) -> None:
    """A point stays unless another is at least as good in all three, and better in one."""
    assert pareto(points) == set(kept)


@pytest.mark.parametrize(
    ("points", "kept"),
    [
        pytest.param({"a": Point(GOOD, None, 1), "b": Point(FAIR, 9, 9)}, "ab", id="it may cost anything"),
        pytest.param({"a": Point(GOOD, 1, 1), "b": Point(FAIR, None, 9)}, "ab", id="it may be free"),
        pytest.param({"a": Point(GOOD, 0, 1), "b": Point(GOOD, None, 1)}, "ab", id="not even by a free one"),
        pytest.param(
            {"a": Point(GOOD, None, 1), "b": Point(FAIR, None, 2)}, "a", id="both unknown: the rest"
        ),
        pytest.param({"a": Point(GOOD, None, 1), "b": Point(GOOD, None, 1)}, "ab", id="equal in the rest"),
        pytest.param({"a": Point(GOOD), "b": Point(FAIR)}, "a", id="accuracy alone is known"),
        pytest.param({"a": Point(GOOD, 1), "b": Point(FAIR, 1, 1)}, "ab", id="an unknown time"),
        pytest.param({"a": Point(GOOD, None, 1), "b": Point(FAIR, 1, None)}, "ab", id="not the same unknown"),
    ],
)
def test_what_is_unknown_never_decides(points: dict[str, Point], kept: str) -> None:
    """A point without a price neither beats nor is beaten by one that has one; two without are compared in the rest."""
    assert pareto(points) == set(kept)


numbers = st.sampled_from([0.0, 1.0, 2.0])
unknown = st.none() | numbers
some = st.dictionaries(st.text("abcdef", min_size=1, max_size=2), st.builds(Point, numbers, unknown, unknown))


@given(some)
def test_points_outside_are_dominated_by_one_inside(points: dict[str, Point]) -> None:
    """Nothing that stays is dominated, and whatever goes is dominated by something that stays."""
    kept = pareto(points)
    assert bool(kept) == bool(points)
    for name, point in points.items():
        assert (name not in kept) == any(dominates(points[other], point) for other in kept)


@given(some, st.data())
def test_a_dominated_point_changes_nothing(points: dict[str, Point], data: st.DataObject) -> None:
    """Whatever is worse than a point that is there may come or go."""
    for one in list(points.values())[:1]:
        usd, seconds = (None if v is None else v + data.draw(numbers) for v in (one.usd, one.seconds))
        worse = Point(one.accuracy - 0.5, usd, seconds)
        assert pareto({**points, "worse": worse}) == pareto(points)


@given(some)
def test_a_copy_stays_or_goes_with_its_original(points: dict[str, Point]) -> None:
    """Every point doubled: the set is doubled as well."""
    doubled = points | {f"{name}'": point for name, point in points.items()}
    assert pareto(doubled) == pareto(points) | {f"{name}'" for name in pareto(points)}


@given(st.builds(Point, numbers, unknown, unknown), *[st.builds(Point, numbers, unknown, unknown)] * 2)
def test_domination_is_a_strict_partial_order(one: Point, two: Point, three: Point) -> None:
    """Nothing dominates itself, no two each other, and it carries over."""
    assert not dominates(one, one)
    assert not (dominates(one, two) and dominates(two, one))
    if dominates(one, two) and dominates(two, three):
        assert dominates(one, three)


@pytest.mark.parametrize("bad", [math.nan, math.inf])
@pytest.mark.parametrize("name", ["accuracy", "usd", "seconds"])
def test_a_point_is_made_of_numbers(name: str, bad: float) -> None:
    """What is unknown is None, and a NaN is refused by its name."""
    with pytest.raises(UsageError, match=name):
        Point(**{"accuracy": 0.5, name: bad})


@pytest.mark.parametrize(
    ("total", "items", "expected"),
    [(2.0, 500, 4.0), (0.0, 500, 0.0), (None, 500, None), (2.0, 0, None)],
)
def test_per_thousand(total: float | None, items: int, expected: float | None) -> None:
    """Runs of different length compare; nothing is known of a price without a total or an item."""
    assert per_thousand(total, items) == expected


@pytest.mark.parametrize(
    ("point", "extra", "points", "a_point"),
    [
        pytest.param(Point(0.75, 3.0), 2.0, 5.0, 0.4, id="five points for two dollars"),
        pytest.param(Point(0.75, 0.5), -0.5, 5.0, -0.1, id="better and cheaper: it saves"),
        pytest.param(Point(0.75, 1.0), 0.0, 5.0, 0.0, id="better for the same"),
        pytest.param(Point(0.7, 3.0), 2.0, 0.0, None, id="nothing gained"),
        pytest.param(Point(0.7 + 1e-15, 3.0), 2.0, 0.0, None, id="nothing but rounding gained"),
        pytest.param(Point(0.6, 0.1), -0.9, -10.0, None, id="worse and cheaper is no price"),
        pytest.param(Point(0.75, None), None, 5.0, None, id="unknown price"),
    ],
)
def test_what_a_point_costs(point: Point, extra: float | None, points: float, a_point: float | None) -> None:
    """Extra dollars per 1,000 items for each point of Overall gained over the baseline."""
    found = prices({"base": Point(0.7, 1.0), "it": point}, "base")
    assert found["it"].to_json() == pytest.approx(
        {"usd": point.usd, "extra": extra, "points": points, "usd_per_point": a_point}
    )
    assert found["base"].to_json() == {"usd": 1.0, "extra": 0.0, "points": 0.0, "usd_per_point": None}


def test_a_baseline_without_a_price_gives_none() -> None:
    """What something costs more than an unknown price is unknown; what is gained is not."""
    found = prices({"base": Point(0.7), "it": Point(0.8, 2.0)}, "base")["it"]
    assert (found.usd, found.extra, found.points, found.usd_per_point) == (2.0, None, 10.0, None)


def test_the_baseline_is_one_of_the_points() -> None:
    """Otherwise it is named as unknown."""
    with pytest.raises(UnknownName, match="no cell 'other'"):
        prices({"base": Point(0.7)}, "other")
