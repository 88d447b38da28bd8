"""How well the majority of some judges agrees with the labels, by how many they are and which."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, islice
from math import comb

import numpy as np

from rmb.canonical import fraction
from rmb.metrics.arrays import Flags, Floats, Integers
from rmb.metrics.ballots import Ballots
from rmb.outcomes import Convention

EVEN = 1e-9
"""Sums of weights nearer to 0 than this are a tie: they differ from it by rounding."""
AT_ONCE = 2_000_000
"""Votes of panels that are counted at a time: 16 MB an array."""
TRIES = 8
"""Draws for each panel that is wanted: enough to find nearly all where few more than these exist."""


@dataclass(frozen=True)
class Tally:
    """How the S panels of one size vote.

    members: (S, size) judges' numbers, ascending. of: how many panels there are. agreement: (S,) the mean credit of
    each panel's labels, NaN where nothing counts; unlabelled: (S,) the share of comparisons that it has no label for.
    credit, counted: (C,) over the panels, the sum of the credits of each comparison and how many of them count.
    """

    members: Integers
    of: int
    agreement: Floats
    unlabelled: Floats
    credit: Floats
    counted: Floats

    @property
    def size(self) -> int:
        """Judges in each panel."""
        return int(self.members.shape[1])


def panels_of(judges: int, size: int, *, most: int, seed: int) -> Integers:
    """(S, size) all panels of so many judges; where there are more than `most`, at most so many drawn from the seed."""
    total = comb(judges, size)
    if total <= most:
        return np.array(list(combinations(range(judges), size)), dtype=np.int64)
    ranks = islice(distinct(seed, size, total, TRIES * most), most)
    return np.array(sorted(unranked(rank, judges, size) for rank in ranks), dtype=np.int64)


def distinct(seed: int, size: int, total: int, tries: int) -> Iterator[int]:
    """Different numbers below `total`, drawn from the seed."""
    seen = set()
    for number in range(tries):
        rank = int(fraction(seed, "panel", size, number) * total)
        if rank not in seen:
            seen.add(rank)
            yield rank


def unranked(rank: int, judges: int, size: int) -> tuple[int, ...]:
    """The panel of a rank in the order of `itertools.combinations`.

    >>> [unranked(rank, 4, 2) for rank in (0, 3, 5)]
    [(0, 1), (1, 2), (2, 3)]
    """
    members = []
    for judge in range(judges):
        with_it = comb(judges - judge - 1, size - 1) if size else 0
        if rank < with_it:
            members.append(judge)
            size -= 1
        else:
            rank -= with_it
    return tuple(members)


def credits_of(margins: Floats, heard: Flags, convention: Convention) -> Floats:
    """What the label of a panel is worth: 1 if the given one, 0 if the other, the convention's credit of a tie for
    none, and that of a failure where no member has a verdict; NaN where the convention leaves that out.

    margins: sums of signed votes. heard: whether any member has a verdict. Same shapes.
    """
    failure = np.nan if convention.failure is None else convention.failure
    none = np.where(heard, convention.tie, failure)
    return np.where(np.abs(margins) <= EVEN, none, margins > 0)


def tally(votes: Ballots, signed: Floats, members: Integers, convention: Convention) -> Tally:
    """How panels of one size vote. signed: as `Ballots.signed`; members: as `panels_of`."""
    judges, comparisons = signed.shape
    step = max(1, AT_ONCE // comparisons)
    agreement, unlabelled = np.full(len(members), np.nan), np.zeros(len(members))
    credit, counted = np.zeros(comparisons), np.zeros(comparisons)
    for start in range(0, len(members), step):
        sits = np.zeros((len(members[start : start + step]), judges))
        np.put_along_axis(sits, members[start : start + step], 1.0, axis=1)
        margins = sits @ signed
        heard = np.full(margins.shape, True) if votes.known.all() else sits @ votes.known > 0
        worth = credits_of(margins, heard, convention)
        counts = ~np.isnan(worth)
        worth, here = np.nan_to_num(worth), slice(start, start + len(sits))
        np.divide(worth.sum(axis=1), counts.sum(axis=1), out=agreement[here], where=counts.any(axis=1))
        unlabelled[here] = (np.abs(margins) <= EVEN).mean(axis=1)
        credit, counted = credit + worth.sum(axis=0), counted + counts.sum(axis=0)
    return Tally(members, comb(judges, members.shape[1]), agreement, unlabelled, credit, counted)


def mean(values: Floats) -> float | None:
    """The mean of those that are known; None where none is."""
    known = values[~np.isnan(values)]
    return float(known.mean()) if known.size else None


def contributions(tallies: Sequence[Tally], judges: int) -> list[float | None]:
    """For each judge the mean agreement of panels with it less that of panels without it, in [-1, 1].

    Panels of one size are compared, of two judges at least, and the sizes have equal weight: with one judge more a
    panel may be even, and tie. None where there are none of both kinds.
    """
    found = []
    for judge in range(judges):
        steps = [
            with_it - without
            for each in tallies
            if each.size > 1
            for inside in [(each.members == judge).any(axis=1)]
            for with_it, without in [(mean(each.agreement[inside]), mean(each.agreement[~inside]))]
            if with_it is not None and without is not None
        ]
        found.append(float(np.mean(steps)) if steps else None)
    return found


@dataclass(frozen=True, slots=True)
class Makeup:
    """Panels of one size whose judges are all of a kind, or "mixed". best: the best one's agreement."""

    size: int
    kind: str
    panels: int
    mean: float
    best: float


def makeups(tallies: Sequence[Tally], kinds: Sequence[str]) -> Iterator[Makeup]:
    """By size and make-up, the panels of two judges or more. kinds: of each judge."""
    names = sorted(set(kinds))
    number = np.array([names.index(kind) for kind in kinds])
    for each in tallies:
        of = number[each.members]
        alike = np.where((of == of[:, :1]).all(axis=1), of[:, 0], len(names))
        for place, kind in enumerate([*names, "mixed"]):
            agreed = each.agreement[(alike == place) & ~np.isnan(each.agreement)]
            if each.size > 1 and agreed.size:
                yield Makeup(each.size, kind, agreed.size, float(agreed.mean()), float(agreed.max()))
