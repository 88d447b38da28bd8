"""A leaderboard of judges by the labels that the other judges give, beside the one by the given labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from rmb.metrics.arrays import Floats
from rmb.metrics.averages import Groups, block
from rmb.metrics.ballots import Ballots, Weighing
from rmb.metrics.columns import Columns
from rmb.metrics.credits import item_credits
from rmb.metrics.intervals import Part, found_in
from rmb.metrics.majority import EVEN
from rmb.metrics.ranks import Correlation, correlation, ranks
from rmb.metrics.relabelled import relabelled_credits
from rmb.metrics.together import redrawn, wanted, with_interval
from rmb.outcomes import Convention

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Scored:
    """A judge's figures as the summary has them: Overall, and each goal's two sets. rank: by Overall; None without.

    Overall: the mean of the sets that there are items of.
    """

    figures: Mapping[str, Any]
    rank: int | None


@dataclass(frozen=True, slots=True)
class Replaced:
    """A judge under the labels that the others give. kept, flipped, unlabelled: comparisons whose label is the given
    one, the other one, or none, of those that all judges answered. moved: ranks it falls; None without a rank.
    """

    name: str
    given: Scored
    replaced: Scored
    kept: int
    flipped: int
    unlabelled: int

    @property
    def moved(self) -> int | None:
        """By how many ranks it falls, below 0 if it rises."""
        if self.given.rank is None or self.replaced.rank is None:
            return None
        return self.replaced.rank - self.given.rank

    def to_json(self) -> dict[str, Any]:
        """As in `rmb vote --json`."""
        told = {
            which: {**scored.figures, "rank": scored.rank}
            for which, scored in (("given", self.given), ("replaced", self.replaced))
        }
        counts = {name: getattr(self, name) for name in ("kept", "flipped", "unlabelled", "moved")}
        return {"name": self.name, **told, **counts}


@dataclass(frozen=True, slots=True)
class Leaderboard:
    """All judges under replaced labels, and how alike the two rankings are."""

    judges: tuple[Replaced, ...]
    correlation: Correlation

    def to_json(self) -> dict[str, Any]:
        """As in `rmb vote --json`."""
        return {
            "judges": [one.to_json() for one in self.judges],
            "correlation": self.correlation.to_json(),
        }


def labels_by_others(votes: Ballots, signed: Floats) -> list[Floats]:
    """For each judge, (every,) what all the others say of each comparison of Columns: 1 the given label, 0 the other
    one, NaN none. signed: as `Ballots.signed`.
    """
    found = []
    for judge in range(len(votes.judges)):
        margins = np.delete(signed, judge, axis=0).sum(axis=0)
        labels = np.full(len(votes.kept), np.nan)
        labels[votes.kept] = np.where(np.abs(margins) <= EVEN, np.nan, margins > 0)
        found.append(labels)
    return found


def leaderboards(
    judged: Mapping[str, Columns],
    votes: Ballots,
    weighings: Sequence[Weighing],
    convention: Convention,
    *,
    seed: int,
    resamples: int,
) -> dict[Weighing, Leaderboard]:
    """The leaderboard under each way of weighing. judged: of the same items; votes: theirs."""
    groups = Groups(next(iter(judged.values())), present=True)
    labels = {weighing: labels_by_others(votes, votes.signed(weighing, seed)) for weighing in weighings}
    given = [item_credits(one, convention) for one in judged.values()]
    others = [
        [relabelled_credits(one, each, convention) for one, each in zip(judged.values(), mine, strict=True)]
        for mine in labels.values()
    ]
    parts = [groups.part("it", worth, convention.average) for worths in (given, *others) for worth in worths]
    # Draws of one conversation are all alike, and tell nothing of the spread.
    draws = resamples if groups.judged.conversations > 1 else 0
    figures, overall = drawn_once(parts, len(judged), draws)
    return {
        weighing: leaderboard(
            list(judged),
            [[block(one, "it", groups.goals) for one in figures[place]] for place in (0, number)],
            (overall[0], overall[number]),
            [each[votes.kept] for each in labels[weighing]],
        )
        for number, weighing in enumerate(weighings, 1)
    }


def drawn_once(parts: Sequence[Part], judges: int, resamples: int) -> tuple[list[list[Json]], list[Floats]]:
    """The figures of every judge in each scoring, and (resamples, judges) Overall in the draws, the same for all.

    parts: of all judges in one scoring, then in the next.
    """
    draws = redrawn(parts, resamples).reshape(resamples, len(parts), len(wanted(parts[0])))
    found = [
        {
            name: one and one.to_json()
            for plain in [found_in([part], resamples=0)]
            for at, name in enumerate(wanted(part))
            for one in [with_interval(plain[name], draws[:, place, at])]
        }
        for place, part in enumerate(parts)
    ]
    starts = range(0, len(parts), judges)
    return [found[start : start + judges] for start in starts], [
        draws[:, start : start + judges, -1] for start in starts
    ]


def leaderboard(
    names: Sequence[str],
    blocks: Sequence[Sequence[Mapping[str, Any]]],
    draws: tuple[Floats, Floats],
    labels: Sequence[Floats],
) -> Leaderboard:
    """The judges in the given order. blocks, draws: under the given labels, and under those of the others."""
    overall = np.array(
        [[one["overall"]["value"] if one["overall"] else np.nan for one in each] for each in blocks]
    )
    ranked = np.flatnonzero(~np.isnan(overall).any(axis=0))
    places: list[dict[int, int]] = [
        dict(zip(ranked.tolist(), ranks(each[ranked]), strict=True)) for each in overall
    ]
    scored = [
        [Scored(one, place.get(number)) for number, one in enumerate(each)]
        for each, place in zip(blocks, places, strict=True)
    ]
    judges = tuple(
        Replaced(name, *both, *(int(each.sum()) for each in (mine == 1, mine == 0, np.isnan(mine))))
        for name, both, mine in zip(names, zip(*scored, strict=True), labels, strict=True)
    )
    return Leaderboard(judges, correlation(overall[:, ranked], (draws[0][:, ranked], draws[1][:, ranked])))
