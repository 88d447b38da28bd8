"""Benchmarks against alignment: does what a benchmark says of scorers go with how well models are aligned by them?

Source: RMB (arXiv 2410.09893), section 5: scores S_rmb and S_align of the same reward models, their ranks R_rmb and
R_align, and the correlation of these. Here every column of benchmarks is put against every column of alignment.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from scipy import stats

from rmb.metrics.arrays import Floats
from rmb.metrics.correlation import LEAST, Gap, Relation, gap, relation
from rmb.metrics.intervals import RESAMPLES
from rmb.metrics.paired import holm
from rmb.metrics.rank_permutations import LEVEL, TOLD, least_p, least_shown

Finding = Literal["goes with", "goes against", "not shown", "too few", "undefined"]
Columns = Mapping[str, Floats]
"""Figures by column, each (scorers,) in the order of the scorers' names; NaN where one has none."""


@dataclass(frozen=True, slots=True)
class Tested:
    """One column of a benchmark against one of alignment.

    p: of ρ, Holm's over all columns tested against the headline of alignment; None against others, and where there is
    no ρ. finding, words: what may be said; None and "" against other columns than the headline's.
    """

    benchmark: str
    alignment: str
    relation: Relation
    p: float | None = None
    finding: Finding | None = None
    words: str = ""

    def to_json(self) -> dict[str, Any]:
        """As in `rmb correlate --json`; each coefficient is null where it is undefined, and "why" says why."""
        found = self.relation.coefficients or {}
        return {
            "benchmark": self.benchmark,
            "alignment": self.alignment,
            "n": self.relation.n,
            **{
                name: found[name].to_json() if name in found else None
                for name in ("spearman", "kendall", "pearson")
            },
            "p_holm": self.p,
            "finding": self.finding,
            "words": self.words,
            "why": self.relation.why or None,
        }


@dataclass(frozen=True, slots=True)
class Apart:
    """Two columns of benchmarks by how well they go with the headline of alignment. gap: None where undefined."""

    first: str
    second: str
    alignment: str
    gap: Gap | None
    words: str

    def to_json(self) -> dict[str, Any]:
        """As in `rmb correlate --json`."""
        it = self.gap
        return {
            "first": self.first,
            "second": self.second,
            "alignment": self.alignment,
            "difference": it and {"value": it.value, "low": it.low, "high": it.high, "n": it.n},
            "rho": it and list(it.rhos),
            "undefined": it and it.undefined,
            "shown": bool(it and it.shown),
            "words": self.words,
        }


@dataclass(frozen=True, slots=True)
class Place:
    """A scorer's two figures and ranks; 1 is the highest figure, and equal ones share the mean of their ranks."""

    judge: str
    score: float
    aligned: float
    r_score: float
    r_aligned: float

    def to_json(self) -> dict[str, Any]:
        """As in `rmb correlate --json`. difference: how many ranks lower the benchmark puts it than alignment does."""
        told = {name: getattr(self, name) for name in self.__slots__}
        return {**told, "difference": self.r_score - self.r_aligned}


@dataclass(frozen=True, slots=True)
class Ranking:
    """The scorers that have both figures, best aligned first. shared: by column, the scorers with equal figures."""

    benchmark: str
    alignment: str
    places: tuple[Place, ...]
    shared: Mapping[str, Sequence[Sequence[str]]]

    def to_json(self) -> dict[str, Any]:
        """As in `rmb correlate --json`."""
        return {
            "benchmark": self.benchmark,
            "alignment": self.alignment,
            "scorers": [place.to_json() for place in self.places],
            "shared": {column: [list(group) for group in groups] for column, groups in self.shared.items()},
        }


def every_pair(
    benchmark: Columns, alignment: Columns, against: str, *, seed: int = 0, resamples: int = RESAMPLES
) -> list[Tested]:
    """Every column of benchmarks against every one of alignment. against: the headline of alignment."""
    relations = {
        (mine, theirs): relation(values, target, seed=seed, resamples=resamples)
        for mine, values in benchmark.items()
        for theirs, target in alignment.items()
    }
    headline = {pair: it.spearman.p for pair, it in relations.items() if pair[1] == against and it.spearman}
    adjusted = dict(zip(headline, holm(list(headline.values())), strict=True)) if headline else {}
    return [
        with_words(*pair, it, adjusted.get(pair)) if pair[1] == against else Tested(*pair, it)
        for pair, it in relations.items()
    ]


def with_words(benchmark: str, alignment: str, found: Relation, p: float | None) -> Tested:
    """A column against the headline, with what may be said of it."""
    rho = found.spearman
    if rho is None or p is None:
        words = f"no correlation of {benchmark} with {alignment}: {found.why}"
        return Tested(benchmark, alignment, found, p, "undefined", words)
    told = f"ρ {rho.value:.2f}{ends(rho.low, rho.high)}, Holm p {p:.2g}, {found.n} scorers"
    if found.n < LEAST:
        words = f"nothing can be said of {benchmark} and {alignment}: ρ {rho.value:.2f} of {found.n} scorers"
        return Tested(benchmark, alignment, found, p, "too few", words)
    if p >= LEVEL:
        words = f"no relation of {benchmark} and {alignment} shown: {told}"
        return Tested(benchmark, alignment, found, p, "not shown", words)
    finding: Finding = "goes with" if rho.value > 0 else "goes against"
    return Tested(benchmark, alignment, found, p, finding, f"{benchmark} {finding} {alignment}: {told}")


def apart(
    pairs: Sequence[tuple[str, str]],
    benchmark: Columns,
    target: tuple[str, Floats],
    *,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> list[Apart]:
    """Which of two columns goes better with the headline of alignment, for some pairs. target: its name and figures."""
    name, values = target
    found = []
    for first, second in pairs:
        it = gap(benchmark[first], benchmark[second], values, seed=seed, resamples=resamples)
        found.append(Apart(first, second, name, it, apart_in_words(first, second, name, it)))
    return found


def apart_in_words(first: str, second: str, target: str, it: Gap | None) -> str:
    """What may be said of two columns: that one goes better only where the interval of the difference leaves out 0."""
    if it is None:
        return f"{first} and {second} cannot be compared: one has no correlation with {target}"
    one, other = it.rhos
    told = f"ρ {one:.2f} and {other:.2f}, difference {it.value:.2f}{ends(it.low, it.high)}, {it.n} scorers"
    if not it.shown:
        return f"no difference shown between {first} and {second} in how they go with {target}: {told}"
    better, worse = (first, second) if it.value > 0 else (second, first)
    return f"{better} goes better with {target} than {worse}: {told}"


def ranking(judges: Sequence[str], benchmark: tuple[str, Floats], alignment: tuple[str, Floats]) -> Ranking:
    """R_rmb and R_align beside each other, over the scorers that have both figures."""
    (mine, scores), (theirs, aligned) = benchmark, alignment
    known = ~(np.isnan(scores) | np.isnan(aligned))
    names = [judge for judge, there in zip(judges, known, strict=True) if there]
    figures = scores[known], aligned[known]
    ranks = [stats.rankdata(-values) for values in figures]
    places = [Place(name, *map(float, line)) for name, *line in zip(names, *figures, *ranks, strict=True)]
    shared = {column: equal(names, values) for column, values in zip((mine, theirs), figures, strict=True)}
    return Ranking(mine, theirs, tuple(sorted(places, key=lambda it: (it.r_aligned, it.judge))), shared)


def equal(names: Sequence[str], values: Floats) -> list[list[str]]:
    """The groups of scorers that have the same figure, highest first."""
    groups: dict[float, list[str]] = {}
    for name, value in zip(names, values.tolist(), strict=True):
        groups.setdefault(value, []).append(name)
    return [sorted(groups[value]) for value in sorted(groups, reverse=True) if len(groups[value]) > 1]


def ends(low: float | None, high: float | None) -> str:
    """The bounds of an interval in brackets; nothing where there is none."""
    return "" if low is None or high is None else f" (95 % {low:.2f} to {high:.2f})"


def power(n: int) -> str:
    """What so few scorers cannot show, in a sentence; "" for ten and more, of which the tests themselves tell."""
    if n < 2:
        return f"{n or 'No'} scorer{'s' * (n != 1)} with both figures: nothing can be correlated."
    if n < LEAST:
        return (
            f"{n} scorers are too few for any claim: the smallest p that they can reach is "
            f"2/{n}! = {least_p(n):.2g}, so nothing can be shown at 5 %, whatever ρ is."
        )
    if n <= TOLD:
        return (
            f"{n} scorers show only a very strong relation: |ρ| of {least_shown(n):.2f} at least, "
            "and more where several columns are tested."
        )
    return ""
