"""From values to pixels, and which values an axis names."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
ALMOST = 1e-9


class Scale(Protocol):
    """An axis: where a value stands, and the values that it names."""

    def __call__(self, value: float) -> float:
        """The pixel of a value; one outside the axis stands at its end."""
        ...

    def ticks(self) -> Sequence[float]:
        """The values that are named, in order."""
        ...


@dataclass(frozen=True, slots=True)
class Linear:
    """Values from low to high (low < high) at pixels from start to end, named at every `step`."""

    low: float
    high: float
    start: float
    end: float
    step: float

    def __call__(self, value: float) -> float:
        """The pixel of a value; one outside the axis stands at its end."""
        share = (min(max(value, self.low), self.high) - self.low) / (self.high - self.low)
        return self.start + share * (self.end - self.start)

    def ticks(self) -> list[float]:
        """Multiples of the step."""
        first, last = math.ceil(self.low / self.step - ALMOST), math.floor(self.high / self.step + ALMOST)
        return [round(place * self.step, 9) for place in range(first, last + 1)]


def fitting(
    values: Iterable[float], start: float, end: float, *, most: int = 6, bounds: tuple[float, float] = (0, 1)
) -> Linear:
    """An axis that holds all values, within bounds, from one round number to another; `most`: ticks, about.

    The axis of no values, or of one alone, is a tenth of the bounds wide at least.
    """
    known = list(values) or list(bounds)
    low, high = min(known), max(known)
    least = (bounds[1] - bounds[0]) / 10
    if high - low < least:
        low, high = (low + high - least) / 2, (low + high + least) / 2
    step = rounded((high - low) / most)
    low, high = math.floor(low / step + ALMOST) * step, math.ceil(high / step - ALMOST) * step
    return Linear(max(low, bounds[0]), min(high, bounds[1]), start, end, step)


def rounded(step: float) -> float:
    """The next step of 1, 2, 2.5 or 5 times a power of ten that is not smaller.

    >>> rounded(0.13), rounded(0.2)
    (0.2, 0.2)
    """
    power = 10.0 ** math.floor(math.log10(step))
    return next(round(each * power, 12) for each in STEPS if each * power >= step * (1 - ALMOST))


@dataclass(frozen=True, slots=True)
class Logarithmic:
    """Values from low to high (0 < low < high) at pixels from start to end.

    zero: the pixel of 0, apart from the others beyond a break in the axis; None where there is no 0.
    """

    low: float
    high: float
    start: float
    end: float
    zero: float | None = None

    def __call__(self, value: float) -> float:
        """The pixel of a value; one outside the axis stands at its end."""
        if value <= 0 and self.zero is not None:
            return self.zero
        value = min(max(value, self.low), self.high)
        share = math.log(value / self.low) / math.log(self.high / self.low)
        return self.start + share * (self.end - self.start)

    def ticks(self) -> list[float]:
        """0 if there is one; powers of ten, with 2 and 5 times them where these are few."""
        first, last = math.floor(math.log10(self.low)), math.ceil(math.log10(self.high))
        factors = (1, 2, 5) if self.high / self.low <= 200 else (1,)
        every = max(1, math.ceil((last - first) / 6))
        found = [factor * 10.0**power for power in range(first, last + 1, every) for factor in factors]
        inside = [each for each in found if self.low * (1 - ALMOST) <= each <= self.high * (1 + ALMOST)]
        return ([] if self.zero is None else [0.0]) + inside


def spread(wanted: Sequence[float], gaps: Sequence[float], low: float, high: float) -> list[float]:
    """Places as near to those wanted (ascending) as leaves each its gap above, within low to high where there is room.

    gaps[i]: the least distance of the i-th place from the one above it; gaps[0] is kept from `low`.

    >>> spread([5, 6, 50], [10, 10, 10], 0, 60)
    [10, 20, 50]
    """
    places: list[float] = []
    for want, gap in zip(wanted, gaps, strict=True):
        places.append(max(want, (places[-1] if places else low) + gap))
    limit = high
    for at in range(len(places) - 1, -1, -1):
        places[at] = min(places[at], limit)
        limit = places[at] - gaps[at]
    return places
