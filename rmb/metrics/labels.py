"""How far labels of any number of kinds agree: those that judges, or people, gave the same units."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rmb.metrics.agreement import krippendorff
from rmb.metrics.arrays import Floats
from rmb.metrics.intervals import Figure, alike, drawn, figure, figures, tabulate

RESAMPLES = 2_000
"""Bootstrap draws; the second digit of an interval is all that is read here."""


@dataclass(frozen=True, slots=True)
class LabelAgreement:
    """Two who label, on the units that both have labelled.

    raw: share with the same label, in [0, 1]; None without a unit that both labelled. kappa: Cohen's κ (Cohen 1960,
    "A Coefficient of Agreement for Nominal Scales"), (raw - chance) / (1 - chance), in [-1, 1]; None as well where
    chance alone would agree always, both using one and the same label. n: units.
    """

    raw: Figure | None
    kappa: Figure | None
    n: int


def label_agreement(
    one: Sequence[str | None], other: Sequence[str | None], *, resamples: int = RESAMPLES
) -> LabelAgreement:
    """How far two agree; one, other: (U,) the label of each unit, None where there is none.

    Intervals are by a bootstrap over the units, as everywhere (see rmb.metrics.intervals).
    """
    both = [(a, b) for a, b in zip(one, other, strict=True) if a is not None and b is not None]
    if not both:
        return LabelAgreement(None, None, 0)
    raw = share([a == b for a, b in both], resamples=resamples)
    return LabelAgreement(raw, kappa(both, resamples=resamples), len(both))


def share(held: Sequence[bool], *, resamples: int = RESAMPLES) -> Figure | None:
    """The share of units of which something holds, with its interval; None without a unit."""
    values = np.array(held, dtype=np.float64)
    table = tabulate(alike("share", len(held)), values, np.arange(len(held)), len(held))
    return figures(table, {}, resamples=resamples)["share"] if held else None


def kappa(pairs: Sequence[tuple[str, str]], *, resamples: int = RESAMPLES) -> Figure | None:
    """Cohen's κ of pairs of labels, one pair a unit; None if it is undefined, or there are no pairs."""
    names, numbers = np.unique(np.array(pairs).reshape(-1), return_inverse=True)
    labels = numbers.reshape(-1, 2)
    marked = np.eye(len(names))
    same = (labels[:, 0] == labels[:, 1]).astype(np.float64)
    units = np.column_stack([same, np.ones(len(labels)), marked[labels[:, 0]], marked[labels[:, 1]]])
    value = float(kappas(units.sum(axis=0)[None, :])[0])
    if np.isnan(value):
        return None
    draws = drawn(units, kappas, resamples=resamples) if len(units) > 1 else np.empty(0)
    return figure(value, draws[~np.isnan(draws)], len(units), len(units))


def kappas(totals: Floats) -> Floats:
    """(T,) Cohen's κ of each row of totals: units alike, units, those of each label by one, by the other.

    NaN where chance alone would always agree.
    """
    same, total = totals[:, 0], np.where(totals[:, 1], totals[:, 1], np.nan)
    one, other = np.split(totals[:, 2:], 2, axis=1)
    chance = (one * other).sum(axis=1) / total**2
    found: Floats = (same / total - chance) / np.where(chance < 1, 1 - chance, np.nan)
    return found


def nominal_alpha(labels: Sequence[Sequence[str | None]]) -> float | None:
    """Krippendorff's α of several who label; labels: (judges, units). None as `krippendorff` says, or without a unit."""
    numbers = {
        name: float(at) for at, name in enumerate(sorted({one for row in labels for one in row if one}))
    }
    ratings = [[np.nan if one is None else numbers[one] for one in row] for row in labels]
    return krippendorff(np.array(ratings)) if numbers else None
