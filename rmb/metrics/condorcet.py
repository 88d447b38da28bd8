"""How often a majority of independent judges would be right: what real panels fall short of is what they err on
together.
"""

from __future__ import annotations

import numpy as np

from rmb.metrics.arrays import Floats, Integers
from rmb.metrics.intervals import ratio
from rmb.outcomes import Convention


def independent(shares: Floats, members: Integers, convention: Convention) -> Floats:
    """(S,) the probability that the majority of each panel is right, a tie counted as the convention says.

    shares: (J, 4) of each judge, as `Ballots.shares`: wrong, neither, right, no verdict. members: (S, size). NaN where
    none of a panel ever has a verdict and the convention leaves failures out.
    Condorcet's jury theorem (1785) for judges of unequal accuracies: the sum of their votes (-1, 0 or 1 each) is
    Poisson-binomial, and its distribution is built up judge by judge.
    """
    size = members.shape[1]
    margins = np.zeros((len(members), 2 * size + 1))
    margins[:, size] = 1.0
    for judge in members.T:
        wrong, neither, right, silent = (shares[judge, kind][:, None] for kind in range(4))
        up, down = np.roll(margins, 1, axis=1), np.roll(margins, -1, axis=1)
        margins = right * up + (neither + silent) * margins + wrong * down
    unheard = shares[members, 3].prod(axis=1)
    found: Floats = margins[:, size + 1 :].sum(axis=1) + convention.tie * (margins[:, size] - unheard)
    if convention.failure is not None:
        found += convention.failure * unheard
        return found
    return ratio(found, 1 - unheard)
