"""The drawings of the report and of `rmb plot`: pure functions from blocks of summary.json or results.json to SVG markup.

Each gives a whole <svg> without style or script, or None where there is nothing to draw. Colours come with figures.css.
"""

from __future__ import annotations

from rmb.report.figures.calibration import calibration
from rmb.report.figures.correlation import Scorer, scatter
from rmb.report.figures.forest import Effects, forest
from rmb.report.figures.heatmap import SIGNED, Shades, heatmap
from rmb.report.figures.histogram import histogram
from rmb.report.figures.pareto import Priced, pareto, points_of_runs, points_of_study
from rmb.report.figures.picture import picture
from rmb.report.figures.radar import radar
from rmb.report.figures.scenarios import scenarios
from rmb.report.figures.theme import light, stylesheet

__all__ = [
    "SIGNED",
    "Effects",
    "Priced",
    "Scorer",
    "Shades",
    "calibration",
    "forest",
    "heatmap",
    "histogram",
    "light",
    "pareto",
    "picture",
    "points_of_runs",
    "points_of_study",
    "radar",
    "scatter",
    "scenarios",
    "stylesheet",
]
