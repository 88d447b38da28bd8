"""Many figures and tests at once, all from the same draws: what a study needs in seconds and not in minutes.

Each comes out as it would alone (rmb.metrics.intervals, rmb.metrics.permutation): what is drawn depends on the
conversations and the seed, never on how many figures share it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rmb.metrics.arrays import Floats
from rmb.metrics.intervals import RESAMPLES, Figure, Part, drawn, figure, found_in, ratio, with_means
from rmb.metrics.permutation import FLIPS, sign_flip

WIDTH = 5_000
"""Columns that are resampled at once: with 3,000 conversations, 120 MB."""
CHUNK = 500
CLOSE = 1e-9
"""Totals nearer than this are equally far from 0: they differ by rounding alone."""

Found = dict[str, Figure | None]


def figures_of(parts: Sequence[Part], *, resamples: int = RESAMPLES) -> list[Found]:
    """For each part its last mean (Overall) and the figures that this is the mean of, by name.

    parts: over the same conversations. The figures are those of `found_in`, which holds every column of every
    draw at once and so is for few parts.
    """
    found: list[Found] = []
    step = max(1, WIDTH // max((len(part.table.names) for part in parts), default=1))
    for start in range(0, len(parts), step):
        found += at_once(parts[start : start + step], resamples)
    return found


def at_once(parts: Sequence[Part], resamples: int) -> list[Found]:
    """The figures of some parts from one set of draws."""
    draws = redrawn(parts, resamples)
    found: list[Found] = []
    start = 0
    for part in parts:
        names = wanted(part)
        plain = found_in([part], resamples=0)
        columns = draws[:, start : start + len(names)].T
        found.append({name: with_interval(plain[name], mine) for name, mine in zip(names, columns)})
        start += len(names)
    return found


def wanted(part: Part) -> list[str]:
    """The figures of a part that are told: what its last mean is made of, and this mean."""
    last = list(part.means)[-1]
    return [*part.means[last], last]


def with_interval(plain: Figure | None, draws: Floats) -> Figure | None:
    """The figure with the interval that its draws give; without one where one conversation was measured."""
    if plain is None:
        return None
    known = draws[np.isfinite(draws)] if plain.conversations > 1 else draws[:0]
    return figure(plain.value, known, plain.n, plain.conversations)


def redrawn(parts: Sequence[Part], resamples: int) -> Floats:
    """(resamples, figures) the wanted figures of all parts, side by side, in every draw of the conversations."""
    counts, which = distinct([part.table.counts for part in parts])
    totalled = [*(part.table.sums for part in parts), *counts]
    spans = side_by_side([each.shape[1] for each in totalled])

    def statistic(totals: Floats) -> Floats:
        sums, units = spans[: len(parts)], [spans[len(parts) + place] for place in which]
        ratios = (ratio(totals[:, over], totals[:, under]) for over, under in zip(sums, units, strict=True))
        return np.concatenate([told(part, each) for part, each in zip(parts, ratios, strict=True)], axis=1)

    return drawn(np.concatenate(totalled, axis=1), statistic, resamples=resamples)


def distinct(arrays: Sequence[Floats]) -> tuple[list[Floats], list[int]]:
    """The arrays without repetition, and which of these each is: figures of the same items share their counts."""
    kinds: list[Floats] = []
    which = []
    for one in arrays:
        same = (place for place, known in enumerate(kinds) if np.array_equal(known, one))
        which.append(next(same, len(kinds)))
        if which[-1] == len(kinds):
            kinds.append(one)
    return kinds, which


def side_by_side(widths: Sequence[int]) -> list[slice]:
    """The columns of each of some tables that stand beside each other."""
    ends = np.cumsum(widths)
    return [slice(end - width, end) for end, width in zip(ends, widths, strict=True)]


def told(part: Part, values: Floats) -> Floats:
    """(draws, figures) a part's wanted figures. values: (draws, columns) those of its table."""
    places = {name: place for place, name in enumerate([*part.table.names, *part.means])}
    every = with_means(values, part.table.names, part.means, whole=False)
    return every[:, [places[name] for name in wanted(part)]]


def sign_flips(by_conversation: Floats, *, seed: int = 0, draws: int = FLIPS) -> list[float]:
    """The two-sided p-value of `sign_flip` for each column, in (0, 1].

    by_conversation: (conversations, K) sums of paired differences. A column of which all patterns can be tried goes
    through `sign_flip` itself; the others share the patterns that are drawn.
    """
    moved = (by_conversation != 0).sum(axis=0)
    alone = moved <= np.log2(draws)
    p_values = np.ones(len(moved))
    if not alone.all():
        p_values[~alone] = flipped_together(by_conversation[:, ~alone], seed, draws)
    for place in np.flatnonzero(alone):
        p_values[place] = sign_flip(by_conversation[:, place], seed=seed, draws=draws)
    return [float(p) for p in p_values]


def flipped_together(by_conversation: Floats, seed: int, draws: int) -> Floats:
    """(K,) p-values from the same drawn patterns, the one observed counted among them (Phipson & Smyth 2010)."""
    generator = np.random.default_rng(seed)
    observed = by_conversation.sum(axis=0)
    above, below = np.ones_like(observed), np.ones_like(observed)
    for start in range(0, draws, CHUNK):
        size = (min(CHUNK, draws - start), len(by_conversation))
        signs = 2.0 * generator.integers(0, 2, size=size, dtype=np.int8) - 1.0
        totals = signs @ by_conversation
        above += (totals >= observed - CLOSE).sum(axis=0)
        below += (totals <= observed + CLOSE).sum(axis=0)
    p_values: Floats = np.minimum(1.0, 2 * np.minimum(above, below) / (draws + 1))
    return p_values
