"""The drawings of `rmb correlate`: the scatter, and the heat map of correlations."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rmb.report import figures
from tests.browsing import Watch
from tests.drawn import SVG, figure, parsed, points
from tests.test_compare_command import called
from tests.test_figure_colours import contrast, themes
from tests.test_page_access import serious
from tests.test_scores import written

NUMBERS = st.floats(-1e12, 1e12).map(lambda value: float(f"{value:.12g}"))


def scorer(name: str, x: float, y: float, half: float | None = None) -> figures.Scorer:
    """A scorer with or without intervals."""
    return figures.Scorer(name, spread(x, half), spread(y, half), f"/alignment/s/{name}")


def spread(value: float, half: float | None) -> dict[str, Any]:
    """A figure of any size."""
    ends = (None, None) if half is None else (value - half, value + half)
    return {"value": value, "low": ends[0], "high": ends[1]}


@pytest.mark.parametrize("count", [1, 2, 12, 13, 60])
@pytest.mark.parametrize("small", [False, True])
def test_every_scorer_has_a_mark_and_a_name(count: int, small: bool) -> None:
    """Beside its mark, or below the plot by its number; in a small drawing in the tooltip alone."""
    drawn = figures.scatter(
        [scorer(f"judge-{n:02}", n / 60, (n * 7 % 60) / 60, 0.05) for n in range(count)],
        ("x", "y"),
        small=small,
    )
    root = parsed(drawn or "")
    assert [one.attrib["data-judge"] for one in points(root)] == [f"judge-{n:02}" for n in range(count)]
    assert (
        points(root)[0].attrib["data-tip"]
        == "judge-00\nx: 0.000 (95 %: -0.050 to 0.050)\ny: 0.000 (95 %: -0.050 to 0.050)"
    )
    texts = [text.text for text in root.iter(f"{SVG}text")]
    assert sum(text in texts for text in (f"judge-{n:02}" for n in range(count))) == (0 if small else count)


def test_there_is_nothing_to_draw() -> None:
    """Without a scorer."""
    assert figures.scatter([], ("x", "y")) is None


@given(st.lists(st.tuples(NUMBERS, NUMBERS), min_size=1, max_size=14), st.booleans())
@settings(max_examples=60, deadline=None)
def test_figures_of_any_size_stay_in_the_frame(pairs: list[tuple[float, float]], ranks: bool) -> None:
    """Ratings in thousands, shares, all alike, one alone; and ranks, of which there are none below 1."""
    if ranks:
        pairs = [(1.0 + place, 1.0 + len(pairs) - place) for place in range(len(pairs))]
    scorers = [scorer(f"j{place}", *pair) for place, pair in enumerate(pairs)]
    root = parsed(figures.scatter(scorers, ("x", "y"), ranks=ranks) or "")
    assert [float(one.attrib["data-value"]) for one in points(root)] == [y for _, y in pairs]


def test_higher_figures_stand_higher_and_better_ranks_too() -> None:
    """The first rank stands at the top and at the right."""
    for ranks in (False, True):
        root = parsed(figures.scatter([scorer("a", 1, 1), scorer("b", 2, 2)], ("x", "y"), ranks=ranks) or "")
        a, b = root.iter(f"{SVG}circle")
        assert (float(a.attrib["cx"]) < float(b.attrib["cx"])) is not ranks
        assert (float(a.attrib["cy"]) > float(b.attrib["cy"])) is not ranks


def test_long_and_hostile_names_are_cut_and_escaped() -> None:
    """In axes, names and tooltips."""
    bad = "<script>&\x00" + "w" * 400
    root = parsed(figures.scatter([scorer(bad, 0.1, 0.2), scorer("b", 0.2, 0.1)], (bad, bad)) or "")
    assert all("\x00" not in (text.text or "") for text in root.iter())


def test_the_heat_map_of_correlations_goes_from_minus_one_to_one() -> None:
    """A sign in each cell, blue above 0 and orange below, darker the farther from 0; the interval below."""
    cells = [
        [{"value": -1.0, "low": -1.0, "high": -0.5}, {"value": -0.05, "low": None, "high": None}],
        [None, {"value": 1.0, "low": 0.25, "high": 1.0}],
    ]
    drawn = (
        figures.heatmap(["r", "s"], ["c", "d"], cells, axes=("rows", "columns"), shades=figures.SIGNED) or ""
    )
    root = parsed(drawn)
    shades = [each.attrib["class"] for each in root.iter(f"{SVG}rect") if "cell" in each.attrib["class"]]
    assert shades == ["cell below-9", "cell below-0", "cell level-9"]
    texts = [text.text for text in root.iter(f"{SVG}text")]
    for text in ("-1.00", "-1.00 to -0.50", "-0.05", "+1.00", "+0.25 to +1.00"):
        assert text in texts
    key = [each.attrib["class"] for each in root.iter(f"{SVG}rect") if "cell" not in each.attrib["class"]][1:]
    assert key == [*(f"below-{n}" for n in reversed(range(10))), *(f"level-{n}" for n in range(10))]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_colours_below_zero_have_contrast(theme: str) -> None:
    """Words in a cell 4.5:1, as above 0."""
    named = themes()[theme]
    for level in range(10):
        ink = named["--fig-on-low" if level < 6 else "--fig-on-high"]
        assert contrast(ink, named[f"--fig-below-{level}"]) >= 4.5, level


def test_every_class_has_a_rule() -> None:
    """No mark without a style."""
    drawn = [
        figures.scatter([scorer(f"j{n}", n / 20, n / 20, 0.01) for n in range(20)], ("x", "y")),
        figures.heatmap(["r"], ["c"], [[figure(0.5)]], shades=figures.SIGNED),
    ]
    used = {
        name for svg in drawn for css in re.findall(r'class="([^"]+)"', svg or "") for name in css.split()
    }
    assert used - set(re.findall(r"\.([a-z][\w-]*)", figures.stylesheet())) == {"point"}


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (360, "dark")])
def test_the_page_is_for_everybody(
    watch: Watch, capsys: pytest.CaptureFixture[str], width: int, scheme: str
) -> None:
    """In a browser: no fault, no serious one of axe, nothing wider than the window; a mark tells its scorer."""
    rows = "".join(f"j{n},{n * 5 % 12 / 12},{n / 12},{n / 24},{n / 12}\n" for n in range(12))
    written("x.csv", f"judge,help_bon,help_pair,overall_low,overall\n{rows}")
    assert called(capsys, "correlate", "x.csv", "x.csv", "--resamples", "200", "--out", "page.html").code == 0
    page = watch(Path("page.html"), width=width, color_scheme=scheme, bypass_csp=True).page
    page.locator("details summary").click()
    assert serious(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.locator("svg .point").first.hover()
    assert page.locator("#tip").inner_text().startswith("j7\noverall: 0.583\nhelp_bon: ")
