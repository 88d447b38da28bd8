"""How far the samples of one judge agree with each other: what of a rating is the response, and what is chance."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from statistics import fmean, variance

from rmb.records import Json

Ratings = Sequence[Sequence[float]]
"""For each response, what the samples rate it."""


def agreement(ratings: Ratings) -> dict[str, Json]:
    """Agreement of the samples over the responses that have two ratings or more.

    responses: how many these are. difference: the mean, over responses, of the mean absolute difference between two of
    its ratings, on the scale of the ratings. same: the share of such pairs that are equal, likewise, in [0, 1]. icc: see
    `intraclass`. None where nothing can be said; `undefined` says why.
    """
    several = [row for row in ratings if len(row) > 1]
    pairs = [list(combinations(row, 2)) for row in several]
    icc = intraclass(several)
    told: dict[str, Json] = {
        "responses": len(several),
        "difference": fmean(fmean(abs(a - b) for a, b in row) for row in pairs) if pairs else None,
        "same": fmean(fmean(float(a == b) for a, b in row) for row in pairs) if pairs else None,
        "icc": icc,
    }
    if icc is None:
        told["undefined"] = (
            "all ratings are equal" if len(several) > 1 else "fewer than two responses have two ratings"
        )
    return told


def intraclass(ratings: Ratings) -> float | None:
    """ICC(1), one way, of a single rating: the share of the variance of ratings that lies between responses.

    At most 1, which says that the samples of a response are all the same; 0 and below: they differ as much as the
    responses do. ICC(1,1) of Shrout & Fleiss 1979 (Psychological Bulletin 86), (B - W) / (B + (k - 1) W) of the
    mean squares between and within; where responses have different numbers of ratings, k is the k0 of Donner 1986
    (International Statistical Review 54). None for fewer than two responses, without a second rating of any,
    or if all ratings are equal.
    """
    counts = [len(row) for row in ratings]
    total, groups = sum(counts), len(ratings)
    if groups < 2 or total == groups:
        return None
    means = [fmean(row) for row in ratings]
    grand = fmean(value for row in ratings for value in row)
    between = sum(n * (mean - grand) ** 2 for n, mean in zip(counts, means, strict=True)) / (groups - 1)
    inside = sum((n - 1) * variance(row) for n, row in zip(counts, ratings, strict=True) if n > 1)
    within = inside / (total - groups)
    k = (total - sum(n * n for n in counts) / total) / (groups - 1)
    whole = between + (k - 1) * within
    return (between - within) / whole if whole > 0 else None
