"""What several judges vote on the same comparisons, and what each vote weighs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal, get_args

import numpy as np

from rmb.canonical import fraction
from rmb.errors import UsageError
from rmb.metrics.agreement import verdicts
from rmb.metrics.arrays import Flags, Floats, Integers, summed
from rmb.metrics.columns import Columns

Weighing = Literal["majority", "weighted", "log_odds"]
"""What a judge's vote weighs: 1; its accuracy above chance, p - ½; or log(p / (1 - p))."""
WEIGHINGS: tuple[Weighing, ...] = get_args(Weighing)
FOLDS = 5
"""Parts of the conversations; the votes in one weigh what the other four say of the judge."""
SMOOTHING = 1.0
"""Right votes, and wrong ones, that are added to each judge's, so that no accuracy is 0 or 1."""


@dataclass(frozen=True)
class Ballots:
    """What J judges say of the C comparisons that all of them answered.

    votes: (J, C) 1 where more than half of a judge's showings are for the best response, 0 for its rival, ½ if
        even; NaN where a showing has no verdict: there the judge abstains.
    kept: (every,) which of the comparisons these are. conversation: (C,) numbers. marks: of the conversations.
    """

    judges: tuple[str, ...]
    votes: Floats
    kept: Flags
    conversation: Integers
    marks: tuple[str, ...]
    drawn: dict[int, Integers] = field(default_factory=dict, repr=False)

    @cached_property
    def known(self) -> Flags:
        """(J, C) whether a judge has a verdict."""
        return ~np.isnan(self.votes)

    @cached_property
    def shares(self) -> Floats:
        """(J, 4) of each judge's votes: how many are wrong, for neither, right, and not there; they add up to 1."""
        counted = [self.votes == 0, self.votes == 0.5, self.votes == 1, ~self.known]
        return np.stack([each.mean(axis=1) for each in counted], axis=1)

    def folds(self, seed: int) -> Integers:
        """(C,) the fold of each comparison, drawn from the seed and the mark of its conversation."""
        if seed not in self.drawn:
            of_marks = [int(fraction(seed, "fold", mark) * FOLDS) for mark in self.marks]
            self.drawn[seed] = np.array(of_marks, dtype=np.int64)[self.conversation]
        return self.drawn[seed]

    def accuracies(self, seed: int) -> Floats:
        """(J, FOLDS) each judge's accuracy p on the conversations outside each fold, between 0 and 1 exclusive.

        A vote for neither is half right; SMOOTHING right and wrong votes are added, so p is ½ where there are none.
        """
        fold = self.folds(seed)
        right = np.array([summed(fold, mine, FOLDS) for mine in np.nan_to_num(self.votes)])
        total = np.array([summed(fold, mine, FOLDS) for mine in self.known])
        right, total = (each.sum(axis=1, keepdims=True) - each for each in (right, total))
        found: Floats = (right + SMOOTHING) / (total + 2 * SMOOTHING)
        return found

    def weights(self, weighing: Weighing, seed: int) -> Floats:
        """(J, FOLDS) what a judge's vote weighs in each fold; below 0 for one that is wrong more often than right.

        Log-odds are the best weights for judges that err independently (Nitzan & Paroush 1982, "Optimal decision
        rules in uncertain dichotomous choice situations"); p - ½ is their first order at ½, but for a factor.
        """
        p = self.accuracies(seed)
        if weighing == "majority":
            return np.ones_like(p)
        return p - 0.5 if weighing == "weighted" else np.log(p / (1 - p))

    def signed(self, weighing: Weighing, seed: int) -> Floats:
        """(J, C) each vote by its weight: above 0 for the best response, below for its rival, 0 for neither.

        No label takes part in voting on its own conversation.
        """
        direction = np.where(self.known, 2 * self.votes - 1, 0.0)
        found: Floats = self.weights(weighing, seed)[:, self.folds(seed)] * direction
        return found


def ballots(judged: Mapping[str, Columns]) -> Ballots:
    """The votes of judges of the same items. Raises UsageError where no comparison was answered by all, or none of
    them has a verdict.
    """
    every = list(judged.values())
    kept = np.logical_and.reduce([one.covered for one in every])
    if not kept.any():
        least = min(judged, key=lambda name: int(judged[name].covered.sum()))
        raise UsageError(
            f"no comparison was answered in all runs: {least} answered {judged[least].covered.sum():,} of "
            f"{len(kept):,}; run it again"
        )
    votes = np.array([verdicts(one) / 2 for one in every])[:, kept]
    if np.isnan(votes).all():
        raise UsageError(f"none of {', '.join(judged)} has a verdict, so there is nothing to vote with")
    first = every[0]
    return Ballots(
        judges=tuple(judged),
        votes=votes,
        kept=kept,
        conversation=first.conversation[first.item][kept],
        marks=tuple(sorted({item.conversation for item in first.items})),
    )
