"""Figures from outcomes. Pure functions: no scorer, no files, no network.

outcomes ─► columns ─► credits (under a convention) ─► averages, with intervals ─► summary
                   └─► position, preferences, generators, calibration ─► behaviour
several judges: paired, agreement, sensitivity ─► comparison
a judge's samples, or several judges: votes ─► outcomes again; sampling
several judges' votes: ballots ─► majority, condorcet; relabelled ─► replaced, ranks ─► voting
benchmarks against alignment: correlation, rank_permutations ─► benchmarks
cells of a study: grid ─► contrasts ─► factors; pareto; race
"""

from __future__ import annotations

from rmb.metrics.behaviour import behaviour
from rmb.metrics.comparison import compare
from rmb.metrics.sensitivity import sensitivity
from rmb.metrics.summary import summarise

__all__ = ["behaviour", "compare", "sensitivity", "summarise"]
