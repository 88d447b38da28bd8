"""Ratios with intervals, by a bootstrap over conversations.

Items of one conversation share responses and are not independent, so whole conversations are drawn
(clustered percentile bootstrap; Efron & Tibshirani 1993, chapter 13; Cameron & Miller 2015 for clusters).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

RESAMPLES = 10_000
LEVEL = 0.95
CHUNK = 500


@dataclass(frozen=True, slots=True)
class Figure:
    """A measured score: value in [0, 1], the bounds of its 95 % interval, and the units it is a mean of.

    low, high: None where fewer than two conversations were measured, or none was drawn: nothing is known of
        the spread.
    """

    value: float
    low: float | None
    high: float | None
    n: int

    def to_json(self) -> dict[str, float | int | None]:
        """As in summary.json."""
        return {"value": self.value, "low": self.low, "high": self.high, "n": self.n}


@dataclass(frozen=True, slots=True)
class Table:
    """Sums and counts of every figure by conversation, ready to be resampled.

    sums, counts: arrays of shape (conversations, figures): the total of the units' values, and their number.
    names: of the figures, in the order of the columns.
    """

    names: tuple[str, ...]
    sums: Floats
    counts: Floats


def tabulate(units: Mapping[str, Sequence[tuple[int, float]]], conversations: int) -> Table:
    """The units of every figure, each as (conversation, value), put into conversations.

    conversations: how many there are; a unit's conversation is 0 to that number less one.
    """
    sums, counts = np.zeros((conversations, len(units))), np.zeros((conversations, len(units)))
    for place, pairs in enumerate(units.values()):
        at = np.fromiter((cluster for cluster, _ in pairs), dtype=np.intp, count=len(pairs))
        values = np.fromiter((value for _, value in pairs), dtype=np.float64, count=len(pairs))
        sums[:, place] = np.bincount(at, weights=values, minlength=conversations)
        counts[:, place] = np.bincount(at, minlength=conversations)
    return Table(tuple(units), sums, counts)


def figures(
    table: Table, means: Mapping[str, Sequence[str]], *, seed: int = 0, resamples: int = RESAMPLES
) -> dict[str, Figure | None]:
    """Every figure with its interval; None where nothing was measured.

    means: names of further figures, each the plain mean of figures named before it; None if any of those is.
    resamples: bootstrap draws; 0 gives the values without intervals.
    """
    names, sums, counts = table.names, table.sums, table.counts
    values = with_means(ratio(sums.sum(axis=0), counts.sum(axis=0))[None, :], names, means, whole=True)[0]
    drawn = with_means(resampled(sums, counts, seed=seed, resamples=resamples), names, means, whole=False)
    sizes = sizes_of(names, means, counts)
    found: dict[str, Figure | None] = {}
    for place, name in enumerate([*names, *means]):
        units, conversations = sizes[name]
        value, draws = float(values[place]), drawn[:, place]
        if not np.isfinite(value):
            found[name] = None
            continue
        low = high = None
        if conversations > 1 and resamples:
            low, high = percentiles(draws[np.isfinite(draws)], value)
        found[name] = Figure(value, low, high, units)
    return found


def percentiles(draws: Floats, value: float) -> tuple[float, float] | tuple[None, None]:
    """The bounds of the interval, widened to the value itself where rounding would leave it outside.

    None, None without draws: a figure of few conversations may be in none of them.
    """
    if not draws.size:
        return None, None
    tail = 100 * (1 - LEVEL) / 2
    low, high = np.percentile(draws, [tail, 100 - tail])
    return min(float(low), value), max(float(high), value)


def ratio(sums: Floats, counts: Floats) -> Floats:
    """Sums / counts; NaN where the count is zero."""
    return np.divide(sums, counts, out=np.full_like(sums, np.nan), where=counts > 0)


def resampled(sums: Floats, counts: Floats, *, seed: int, resamples: int) -> Floats:
    """The ratios in each bootstrap draw of the conversations; shape (resamples, figures)."""
    generator = np.random.default_rng(seed)
    size = sums.shape[0]
    parts = [np.empty((0, sums.shape[1]))]
    # In pieces: the weights of all draws at once would take a gigabyte for all of RMB.
    for start in range(0, resamples, CHUNK):
        draws = min(CHUNK, resamples - start)
        drawn = generator.integers(0, size, size=(draws, size)) + np.arange(draws)[:, None] * size
        weights = np.bincount(drawn.ravel(), minlength=draws * size).reshape(draws, size).astype(np.float64)
        parts.append(ratio(weights @ sums, weights @ counts))
    return np.concatenate(parts)


def with_means(
    values: Floats, names: Sequence[str], means: Mapping[str, Sequence[str]], *, whole: bool
) -> Floats:
    """The columns and, behind them, the mean of the columns that each further figure names.

    whole: NaN if any part is NaN; otherwise the mean of the parts that a draw of conversations happens to hold.
    """
    place = {name: number for number, name in enumerate(names)}
    columns = values
    for name, parts in means.items():
        place[name] = len(place)
        chosen = columns[:, [place[part] for part in parts]]
        known = np.isfinite(chosen)
        mean = ratio(np.where(known, chosen, 0.0).sum(axis=1), known.sum(axis=1).astype(np.float64))
        if whole:
            mean[~known.all(axis=1)] = np.nan
        columns = np.concatenate([columns, mean[:, None]], axis=1)
    return columns


def sizes_of(
    names: Sequence[str], means: Mapping[str, Sequence[str]], counts: Floats
) -> dict[str, tuple[int, int]]:
    """Units and conversations of each figure. A mean has its parts' units, and each conversation once."""
    units = {name: int(total) for name, total in zip(names, counts.sum(axis=0), strict=True)}
    held = dict(zip(names, counts.T > 0, strict=True))
    none = np.zeros(len(counts), dtype=bool)
    for name, parts in means.items():
        units[name] = sum(units[part] for part in parts)
        held[name] = np.any([none, *(held[part] for part in parts)], axis=0)
    return {name: (number, int(held[name].sum())) for name, number in units.items()}
