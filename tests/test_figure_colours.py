"""The stylesheet of the drawings: contrast in light and dark, and a rule for each class."""

from __future__ import annotations

import re

import pytest

from rmb.report import figures
from rmb.report.figures.marks import SHAPES, of_series
from rmb.report.figures.theme import colours
from tests.drawn import figure, summary

THREE = {"a": summary(), "b": summary(0.1), "c": summary(0.2)}


def themes() -> dict[str, dict[str, str]]:
    """The colours of the stylesheet by theme and name."""
    found = colours()
    return {
        theme: {name: both[place] for name, both in found.items()}
        for place, theme in enumerate(("light", "dark"))
    }


def luminance(colour: str) -> float:
    """Relative luminance of #rrggbb, as WCAG 2 defines it."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours, 1 to 21, as WCAG 2 defines it."""
    low, high = sorted(map(luminance, (one, other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_colours_have_contrast(theme: str) -> None:
    """Marks 3:1 against paper and bands, words 4.5:1, also those in the cells of a heat map."""
    named = themes()[theme]
    for paper in (named["--fig-background"], named["--fig-band"]):
        for name in (*(f"--fig-series-{n}" for n in range(8)), "--fig-axis"):
            assert contrast(named[name], paper) >= 3, name
        for name in ("--fig-ink", "--fig-faint"):
            assert contrast(named[name], paper) >= 4.5, name
    for level in range(10):
        ink = named["--fig-on-low" if level < 6 else "--fig-on-high"]
        assert contrast(ink, named[f"--fig-level-{level}"]) >= 4.5, level


def test_every_colour_is_of_both_themes() -> None:
    """No property of the stylesheet is set for one theme alone."""
    assert set(re.findall(r"^\s*(--[\w-]+):", figures.stylesheet(), flags=re.MULTILINE)) == set(colours())


def test_the_light_stylesheet_is_plain() -> None:
    """Renderers of pictures know no custom properties and no media."""
    assert "var(" not in figures.light()
    assert "@media" not in figures.light()
    assert {*re.findall(r"series-\d", figures.light())} == {f"series-{n}" for n in range(8)}


def test_every_class_has_a_rule() -> None:
    """No mark without a style: each class of a drawing is in the stylesheet."""
    drawn = [
        figures.scenarios(THREE, "helpfulness"),
        figures.radar(THREE, "helpfulness", "bon"),
        figures.calibration({"a": summary()}),
        figures.pareto(figures.points_of_runs(THREE)),
        figures.histogram({"a": {"edges": [1, 2, 3], "counts": [1, 2]}}),
        figures.heatmap(["r"], ["c", "d"], [[figure(0.5), None]]),
    ]
    used = {
        name for svg in drawn for css in re.findall(r'class="([^"]+)"', svg or "") for name in css.split()
    }
    styled = set(re.findall(r"\.([a-z][\w-]*)", figures.stylesheet()))
    assert used - styled == {"point"}


def test_eight_series_differ_without_colour() -> None:
    """Shape and filling tell eight judges apart."""
    assert len({(of_series(n).shape, of_series(n).hollow) for n in range(8)}) == 8
    assert set(SHAPES) == {of_series(n).shape for n in range(4)}
