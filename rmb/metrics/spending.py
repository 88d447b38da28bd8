"""What answers took: tokens, seconds, attempts; no more than their usage tells."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from rmb.records import Usage

BINS_A_DECADE = 6
"""Edges of the histogram of seconds: 1, 1.5, 2.2, 3.2, 4.6, 6.8, 10, …"""
SHARES = {"median": 0.5, "p90": 0.9, "p99": 0.99}


def spending(usages: Sequence[Usage]) -> dict[str, Any]:
    """What some answers took together, as in summary.json under "usage".

    answers: their number. prompt_tokens, completion_tokens, cached_tokens, attempts: sums. latency: see there.
    """
    counted = ("prompt_tokens", "completion_tokens", "cached_tokens", "attempts")
    return {
        "answers": len(usages),
        **{name: sum(getattr(usage, name) for usage in usages) for name in counted},
        "latency": latency([usage.seconds for usage in usages if usage.seconds > 0]),
    }


def latency(seconds: Sequence[float]) -> dict[str, Any] | None:
    """Seconds of the attempts that answered: quantiles, the longest, and a histogram; None where no time was taken.

    edges: n + 1 bounds of the bins, in seconds, evenly spaced on a log scale; counts: of the n bins. A bin holds its
    lower bound.
    """
    if not seconds:
        return None
    taken = np.asarray(seconds, dtype=np.float64)
    lowest, highest = (np.log10(one) * BINS_A_DECADE for one in (taken.min(), taken.max()))
    steps = np.arange(np.floor(lowest), np.floor(highest) + 2)
    edges = 10 ** (steps / BINS_A_DECADE)
    # By their steps and not by the edges, whose last digit is rounded.
    place = np.floor(np.log10(taken) * BINS_A_DECADE).astype(np.int64) - int(steps[0])
    return {
        "n": len(taken),
        **{name: float(np.quantile(taken, share)) for name, share in SHARES.items()},
        "max": float(taken.max()),
        "edges": [float(edge) for edge in edges],
        "counts": np.bincount(place, minlength=len(edges) - 1).tolist(),
    }
