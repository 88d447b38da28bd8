"""Which ways of judging nobody should pass over, and what a point of accuracy costs."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from rmb.errors import UnknownName, UsageError


@dataclass(frozen=True, slots=True)
class Point:
    """A way of judging, by what it is good for and what it takes.

    accuracy: Overall, in [0, 1]. usd, seconds: of 1,000 items, see `per_thousand`, so that cells that were stopped
    early compare; None where unknown. A price of 0 is known.
    """

    accuracy: float
    usd: float | None = None
    seconds: float | None = None

    def __post_init__(self) -> None:
        """Refuses what cannot be compared."""
        for name in self.__slots__:
            known = getattr(self, name)
            if known is not None and not math.isfinite(known):
                raise UsageError(f"{name} of a point is {known}; it is a number, or None where unknown")

    @property
    def known(self) -> tuple[bool, bool]:
        """Whether its price is known, and its time."""
        return self.usd is not None, self.seconds is not None


def per_thousand(total: float | None, items: int) -> float | None:
    """Dollars or seconds of 1,000 items; None where the total is unknown or there is no item."""
    return None if total is None or not items else 1000 * total / items


def dominates(one: Point, other: Point) -> bool:
    """Whether the first is at least as good in accuracy, dollars and seconds, and better in one of them.

    What is unknown of both is left out of it. What is unknown of one alone may be anything, so neither dominates:
    a cell without a price beats no cell that has one, and is not beaten by any. Points are so compared with those
    of which the same is known, and among them this is a strict partial order.
    """
    if one.known != other.known:
        return False
    mine, theirs = merits(one), merits(other)
    return mine != theirs and all(a >= b for a, b in zip(mine, theirs, strict=True))


def merits(point: Point) -> tuple[float, ...]:
    """What is known of a point, the more the better."""
    return (point.accuracy, *(-taken for taken in (point.usd, point.seconds) if taken is not None))


def pareto(points: Mapping[str, Point]) -> set[str]:
    """The names of the points that no other dominates, equal points all of them; empty only if there is none.

    Source: Pareto optimality, as in multi-objective optimisation (Deb 2001, section 2.4).
    """
    return {
        name
        for name, point in points.items()
        if not any(dominates(other, point) for other in points.values())
    }


@dataclass(frozen=True, slots=True)
class Price:
    """What a way of judging costs beside the baseline.

    usd: of 1,000 items; extra: more than the baseline's. None where a price is unknown.
    points: Overall gained over the baseline, in points.
    usd_per_point: extra dollars per 1,000 items for each point gained: negative where it is better and cheaper, 0
        where it is better at the same price; None where nothing is gained or a price is unknown.
    """

    usd: float | None
    extra: float | None
    points: float
    usd_per_point: float | None

    def to_json(self) -> dict[str, float | None]:
        """As in a study's JSON."""
        return {name: getattr(self, name) for name in self.__slots__}


def prices(points: Mapping[str, Point], baseline: str) -> dict[str, Price]:
    """What each point costs beside the baseline's, itself with it (the incremental cost-effectiveness ratio of
    health economics, Drummond et al. 2015, chapter 4).

    Raises UnknownName where the baseline is not among them.
    """
    if baseline not in points:
        raise UnknownName("cell", baseline, points)
    return {name: price(point, points[baseline]) for name, point in points.items()}


def price(point: Point, baseline: Point) -> Price:
    """What one point costs beside the baseline."""
    # Rounded: means of the same credits in another order differ in their last bits, and that is no gain.
    gained = round(100 * (point.accuracy - baseline.accuracy), 9)
    extra = None if point.usd is None or baseline.usd is None else point.usd - baseline.usd
    return Price(point.usd, extra, gained, None if extra is None or gained <= 0 else extra / gained)
