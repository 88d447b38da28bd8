"""Two judges on the same items: is one better, by how much, and could this data have shown it?"""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass, fields
from typing import Any, Literal

import numpy as np
from scipy import stats

from rmb.metrics.arrays import Flags, Floats
from rmb.metrics.averages import Groups, block
from rmb.metrics.columns import Columns
from rmb.metrics.credits import item_credits, under
from rmb.metrics.intervals import FEW, RESAMPLES, Figure
from rmb.metrics.together import Found, figures_of, sign_flips
from rmb.outcomes import Convention

LEVEL = 0.05
POWER = 0.8
MATTERS = 0.05
"""A difference in Overall that most users would act on: five points."""

Finding = Literal["different", "no difference shown", "not enough data", "identical"]


@dataclass(frozen=True, slots=True)
class McNemar:
    """Items by which of two judges got them right, and the exact test of "each as often alone".

    Right is a credit of 1: where both orders were shown, in the one that is drawn, so that an item is right or wrong
    and the share of right ones has the headline as its expectation.

    p: two-sided binomial on the items that one judge alone won; 1 if there is none. It takes items for
    independent, which those of one conversation are not: where it and the sign-flip test disagree, trust the
    latter. Source: McNemar 1947; exact form Mosteller 1952.
    """

    both: int
    only_first: int
    only_second: int
    neither: int
    p: float

    def to_json(self) -> dict[str, float]:
        """As in `rmb compare --json`."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class Difference:
    """Differences of credits, one an item, put together.

    items: that have one. differing: on which it is not 0.
    overall, cells: means of them, with intervals clustered by conversation; Overall is over the cells that have
        such an item.
    p: sign-flip test of the Overall difference.
    detectable: smallest true difference that such data shows with 80 % power; None where no spread is known.
    """

    items: int
    differing: int
    conversations: int
    overall: Figure
    cells: dict[str, Any]
    p: float
    detectable: float | None


@dataclass(frozen=True, slots=True)
class Paired(Difference):
    """The first judge against the second on the items where both have a credit: differences in [-1, 1]."""

    mcnemar: McNemar


def paired(
    first: Columns, second: Columns, convention: Convention, *, pairs: int = 1, resamples: int = RESAMPLES
) -> Paired | None:
    """The comparison of two judges on the same items; None where no item has a credit from both.

    first, second: of the same items. pairs: how many pairs of judges are compared at once.
    """
    between = item_credits(first, convention) - item_credits(second, convention)
    known = ~np.isnan(between)
    if not known.any():
        return None
    groups = Groups(first, present=True)
    (found,) = differences(groups, [between], convention, tests=pairs, resamples=resamples)
    return Paired(
        **{field.name: getattr(found, field.name) for field in fields(found)},
        mcnemar=mcnemar(*(right(judged, convention)[known] for judged in (first, second))),
    )


def differences(
    groups: Groups,
    values: Sequence[Floats],
    convention: Convention,
    *,
    tests: int = 1,
    resamples: int = RESAMPLES,
) -> list[Difference]:
    """Each of some differences on the same items, all from the same draws.

    groups: of the items. values: (I,) each, NaN where an item has none; every one has an item that does.
    tests: how many are asked about at once, which `detectable` allows for.
    """
    if not values:
        return []
    held = [measured(groups, one) for one in values]
    parts = [mine.part("it", one, convention.average) for mine, one in zip(held, values, strict=True)]
    found = figures_of(parts, resamples=resamples)
    by_conversation = [shares(mine, one, convention) for mine, one in zip(held, values, strict=True)]
    p_values = sign_flips(np.column_stack(by_conversation))
    return [difference(groups, *each, LEVEL / tests) for each in zip(values, found, p_values, strict=True)]


def difference(groups: Groups, values: Floats, found: Found, p: float, level: float) -> Difference:
    """One difference with its figures and the p-value of its test. level: at which it is tested."""
    known = ~np.isnan(values)
    overall = found["it:overall"]
    assert overall is not None
    return Difference(
        items=int(known.sum()),
        differing=int((values[known] != 0).sum()),
        conversations=len(np.unique(groups.judged.conversation[known])),
        overall=overall,
        cells=block(
            {name: figure and figure.to_json() for name, figure in found.items()}, "it", groups.goals
        ),
        p=p,
        detectable=None if overall.error is None else detectable(overall.error, level),
    )


def measured(groups: Groups, values: Floats) -> Groups:
    """The same groups with only the cells in which an item has a value: a mean with one unknown is unknown."""
    here = {groups.cell.names[place] for place in np.unique(groups.cell.place[~np.isnan(values)])}
    mine = copy(groups)
    mine.cells = tuple(cell for cell in groups.cells if cell in here)
    return mine


def shares(groups: Groups, differences: Floats, convention: Convention) -> Floats:
    """(conversations,) what each conversation's differences add to the Overall difference."""
    judged = groups.judged
    part = groups.part("it", differences, convention.average)
    places = {name: place for place, name in enumerate(part.table.names)}
    total = np.zeros(judged.conversations)
    for cell in groups.cells:
        names = part.means.get(f"it:{cell}", [f"it:{cell}"])
        for place in (places[name] for name in names):
            weight = len(groups.cells) * len(names) * part.table.counts[:, place].sum()
            total += part.table.sums[:, place] / weight
    # Rounded: sums that are 0 but for the last bits would be differences to the test.
    return total.round(12)


def right(judged: Columns, convention: Convention) -> Flags:
    """(I,) whether each item is right, as McNemar's test takes it."""
    fractional = convention.order in ("expected", "averaged")
    told: Flags = item_credits(judged, under(convention, "single") if fractional else convention) == 1
    return told


def mcnemar(first: Sequence[bool] | Any, second: Sequence[bool] | Any) -> McNemar:
    """McNemar's exact test; first, second: (items,) whether each judge got the item right."""
    one, other = np.asarray(first, dtype=np.bool_), np.asarray(second, dtype=np.bool_)
    alone, beaten = int((one & ~other).sum()), int((other & ~one).sum())
    p = float(stats.binomtest(alone, alone + beaten).pvalue) if alone + beaten else 1.0
    return McNemar(int((one & other).sum()), alone, beaten, int((~one & ~other).sum()), p)


def detectable(error: float, level: float = LEVEL, power: float = POWER) -> float:
    """The smallest true difference that a two-sided test at this level finds with this power.

    error: the standard error of the difference. (z(1 - level/2) + z(power)) x error (Cohen 1988, chapter 2).
    """
    return float((stats.norm.ppf(1 - level / 2) + stats.norm.ppf(power)) * error)


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's step-down adjustment (Holm 1979): p-values that hold for all the pairs together."""
    # By hand: statsmodels' multipletests collects garbage whenever it is called, which takes 0.1 s.
    raw = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(raw, kind="stable")
    stepped = np.maximum.accumulate(raw[order] * np.arange(len(raw), 0, -1))
    adjusted = np.empty_like(raw)
    adjusted[order] = np.minimum(1.0, stepped)
    return [float(p) for p in adjusted]


def finding(result: Difference, p: float, *, matters: float = MATTERS) -> Finding:
    """What may be said of two judges, or levels. p: adjusted for the others that are asked about; matters: the smallest difference of interest.

    "no difference shown" only where a difference that matters would have shown.
    """
    if p < LEVEL:
        return "different"
    if not result.differing:
        return "identical"
    if result.detectable is None or result.conversations < FEW:
        return "not enough data"
    return "no difference shown" if result.detectable <= matters else "not enough data"


def in_words(names: tuple[str, str], result: Difference, p: float, *, matters: float = MATTERS) -> str:
    """The finding in one plain sentence."""
    gap = f"{abs(100 * result.overall.value):.1f} points"
    match finding(result, p, matters=matters):
        case "different":
            better, worse = names if result.overall.value > 0 else names[::-1]
            return f"{better} is better than {worse} by {gap}{spread(result.overall)} (p = {p:.2g})"
        case "identical":
            return f"{names[0]} and {names[1]} have the same credit on every item"
        case "no difference shown":
            return (
                f"no difference shown between {names[0]} and {names[1]} ({gap}, p = {p:.2g}); "
                f"{would_show(result)} would have shown"
            )
        case _:
            return (
                f"not enough data to tell {names[0]} from {names[1]} ({gap}, p = {p:.2g}): "
                f"on {result.conversations} conversation{'s' * (result.conversations != 1)}, "
                f"{would_show(result)} could show"
            )


def spread(figure: Figure) -> str:
    """The interval of a difference in points, whichever way round it is told."""
    if figure.low is None or figure.high is None:
        return ""
    sign = 100 if figure.value > 0 else -100
    low, high = sorted((sign * figure.low, sign * figure.high))
    return f" (95 % {low:.1f} to {high:.1f})"


def would_show(result: Difference) -> str:
    """The detectable difference in words."""
    return (
        "no difference of any size" if result.detectable is None else f"{100 * result.detectable:.1f} points"
    )
