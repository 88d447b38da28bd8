"""A permutation test for paired differences that come in clusters."""

from __future__ import annotations

import numpy as np
from scipy import stats

from rmb.metrics.arrays import Floats

FLIPS = 9_999
AT_ONCE = 500_000
"""Signs that are drawn at a time, at most: 30 MB, however many conversations there are."""


def sign_flip(by_conversation: Floats, *, seed: int = 0, draws: int = FLIPS) -> float:
    """Two-sided p-value of a paired permutation test: each conversation's sum may as well have the other sign.

    by_conversation: (conversations,) sums of paired differences; those of 0 take no part. The statistic is their
    total. All sign patterns are tried where there are at most `draws`; otherwise that many are drawn, and the
    one observed is counted among them (Phipson & Smyth 2010), so that no p-value is 0. In (0, 1]; 1 where
    nothing differs, or one conversation alone. Source: Fisher 1935, section 21; by conversation, since its items are not exchangeable alone.
    """
    moved = by_conversation[by_conversation != 0]
    if moved.size < 2:
        return 1.0
    result = stats.permutation_test(
        (moved,),
        lambda values, axis: np.sum(values, axis=axis),
        permutation_type="samples",
        vectorized=True,
        n_resamples=draws,
        batch=max(1, AT_ONCE // moved.size),
        rng=np.random.default_rng(seed),
    )
    return float(min(1.0, result.pvalue))
