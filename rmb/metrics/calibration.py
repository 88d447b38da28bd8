"""Whether a judge that says how sure it is, is right as often as it says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from scipy import optimize
from scipy.special import expit

from rmb.metrics.arrays import Flags, Floats
from rmb.metrics.columns import Columns

Scale = Literal["probability", "margin", "none"]

BINS = 10
"""Of equal width over confidences from ½ to 1."""
LOWEST, HIGHEST = 1e-3, 1e3
"""Slopes between which the temperature of margins is sought, in units of one over their mean size."""


@dataclass(frozen=True, slots=True)
class Bin:
    """One point of a reliability curve: the confidences from `low` to `high` (that included in the last bin).

    confidence, accuracy: means over the n verdicts in it; None for none.
    """

    low: float
    high: float
    n: int
    confidence: float | None
    accuracy: float | None

    def to_json(self) -> dict[str, float | None]:
        """As in summary.json."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class Calibration:
    """How a judge's probabilities fit what happened.

    brier: mean of (1 - p)² where p is the probability given to the best response: 0 for a judge that is sure and
        right, ¼ for one that always says ½, 1 for one that is sure and wrong (Brier 1950, for two classes).
    ece: expected calibration error in [0, 1], where 1 is a judge that is always sure and wrong: the mean over BINS bins of equal width, by their number of verdicts,
        of |accuracy - confidence|, where confidence is max(p, 1 - p) (Naeini et al. 2015); a p of ½ is half right.
    scale: what the scores are: "probability", "margin", or "none": margins on which no probability can be built,
        since they are as often wrong as right; p is ½ throughout.
    temperature: by which margins were divided before the logistic function, fitted on these same verdicts by
        maximum likelihood (Guo et al. 2017); None for the other scales.
    """

    brier: float
    ece: float
    scale: Scale
    temperature: float | None
    n: int
    curve: tuple[Bin, ...]

    def to_json(self) -> dict[str, Any]:
        """As in summary.json."""
        bins = {
            "bins": [one.to_json() for one in self.curve],
            "binning": f"{BINS} of equal width over [0.5, 1]",
        }
        return {
            "brier": self.brier,
            "ece": self.ece,
            "scale": self.scale,
            "temperature": self.temperature,
            "n": self.n,
            **bins,
        }


def shown(judged: Columns) -> Calibration | None:
    """Of single showings, as a judge is when asked in one order; None without a graded verdict."""
    return calibration(judged.best, judged.rival, judged.graded & ~np.isnan(judged.vote))


def combined(judged: Columns) -> Calibration | None:
    """Of the scores averaged over all showings of a comparison; None without one that is graded throughout."""
    graded = judged.total(judged.graded & ~np.isnan(judged.vote)) == judged.showings
    best, rival = (judged.total(scores) / judged.showings for scores in (judged.best, judged.rival))
    return calibration(best, rival, graded)


def calibration(best: Floats, rival: Floats, known: Flags) -> Calibration | None:
    """The calibration of scores given to best responses and their rivals; None if none is known.

    Two scores that add up to 1 everywhere are probabilities; any others are margins, put through a temperature.
    """
    best, rival = best[known], rival[known]
    if not best.size:
        return None
    right, scale, temperature = chances(best, rival)
    curve = reliability(right)
    off = [one.n * abs(one.accuracy - one.confidence) for one in curve if one.n]  # type: ignore[operator]
    brier, ece = float(np.mean((1 - right) ** 2)), sum(off) / best.size
    return Calibration(brier, ece, scale, temperature, int(best.size), curve)


def chances(best: Floats, rival: Floats) -> tuple[Floats, Scale, float | None]:
    """The probabilities that scores give to the best response, what scale they are on, and the temperature used."""
    if probabilities(best, rival):
        return best, "probability", None
    margin = best - rival
    temperature = fitted_temperature(margin)
    if not np.isfinite(temperature):
        return np.full(margin.size, 0.5), "none", None
    return expit(margin / temperature), "margin", temperature


def probabilities(best: Floats, rival: Floats) -> bool:
    """Whether every two scores are a probability and its complement."""
    inside = (best >= 0) & (best <= 1)
    return bool(np.all(inside & (np.abs(best + rival - 1) < 1e-6)))


def fitted_temperature(margin: Floats) -> float:
    """The temperature T for which σ(margin / T) makes the labels likeliest; infinite for margins that say nothing.

    In units of the margins. At most 1,000 mean margins and at least a thousandth of one: verdicts that are all
    right would have it go to 0.
    """
    scale = float(np.mean(np.abs(margin)))
    if scale == 0 or margin.mean() <= 0:
        return np.inf

    def loss(log_slope: float) -> float:
        return float(np.logaddexp(0.0, -np.exp(log_slope) * margin / scale).mean())

    found = optimize.minimize_scalar(loss, bounds=(np.log(LOWEST), np.log(HIGHEST)), method="bounded")
    return float(scale / np.exp(found.x))


def reliability(right: Floats) -> tuple[Bin, ...]:
    """The reliability curve of probabilities given to the best response."""
    confidence = np.maximum(right, 1 - right)
    accuracy = np.where(right == 0.5, 0.5, right > 0.5)
    edges = np.linspace(0.5, 1.0, BINS + 1)
    place = np.clip(np.searchsorted(edges, confidence, side="right") - 1, 0, BINS - 1)
    return tuple(
        Bin(
            low=round(float(edges[at]), 6),
            high=round(float(edges[at + 1]), 6),
            n=int(here.sum()),
            confidence=float(confidence[here].mean()) if here.any() else None,
            accuracy=float(accuracy[here].mean()) if here.any() else None,
        )
        for at in range(BINS)
        for here in [place == at]
    )
