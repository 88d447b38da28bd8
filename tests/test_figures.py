"""The drawings: every mark is a figure of summary.json, and whatever the names are, the markup holds nothing else."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rmb.report import figures
from rmb.report.figures.pareto import Priced, best_for_price
from rmb.report.figures.scales import Logarithmic, fitting, spread
from rmb.report.figures.svg import shortened, width
from tests.drawn import SVG, calibrated, figure, parsed, place, points, summary

Summaries = dict[str, dict[str, Any]]
HOSTILE = [
    "<script>alert(1)</script>",
    "\"quoted' & <b>",
    "nul\x00 and \x1b[31m",
    "lone \ud800 surrogate",
    "עברית \u202eturned",
    "two\nlines\tand tabs",
    "x" * 5000,
    "汉字" * 200,
    "]]> <!-- -->",
    " ",
]
NAMES = st.one_of(
    st.sampled_from(HOSTILE), st.text(st.characters(exclude_characters="/"), min_size=1, max_size=60)
)
SCORE = st.one_of(st.sampled_from([0.0, 1.0, 0.5]), st.floats(0, 1))
THREE: Summaries = {"a": summary(), "b": summary(0.1), "c": summary(0.2)}
ONE: Summaries = {"a": summary()}


@st.composite
def scores(draw: st.DrawFn) -> dict[str, Any] | None:
    """A score with its interval, without one, or none."""
    if draw(st.booleans()):
        low, value, high = sorted(draw(st.tuples(SCORE, SCORE, SCORE)))
        return {"value": value, "low": low, "high": high, "n": draw(st.integers(1, 10**6))}
    return draw(st.sampled_from([None, {"value": 0.0, "low": None, "high": None, "n": 1}]))


@st.composite
def summaries(draw: st.DrawFn) -> Summaries:
    """Up to five judges of any name, with up to 40 scenarios of any name and depth."""
    parts = st.lists(NAMES, min_size=1, max_size=2).map(lambda names: "/".join(["goal", *names]))
    paths = draw(st.lists(parts, max_size=draw(st.sampled_from([3, 40])), unique=True))
    judges = draw(st.lists(NAMES, min_size=1, max_size=5, unique=True))
    bins = st.lists(st.sampled_from([0, 1, 3000]), min_size=10, max_size=10)
    return {
        judge: {
            "overall": draw(scores()),
            "scenarios": {path: {"bon": draw(scores()), "pairwise": draw(scores())} for path in paths},
            "behaviour": {"calibration": {"shown": calibrated(draw(bins), draw(SCORE)), "averaged": None}},
            "usd_per_1000_verdicts": draw(st.sampled_from([None, 0.0, 1e-6, 3.0, 1e5])),
        }
        for judge in judges
    }


@settings(max_examples=40, deadline=None)
@given(summaries())
def test_any_summary_makes_well_formed_drawings(found: Summaries) -> None:
    """Whatever is measured and however things are called: known elements alone, finite, inside the frame."""
    drawn = [
        figures.scenarios(found, "goal"),
        *(figures.radar(found, "goal", kind) for kind in (None, "bon", "pairwise")),
        figures.calibration(found),
        figures.pareto(figures.points_of_runs(found)),
    ]
    for svg in drawn:
        if svg is not None:
            parsed(svg)
            assert "NaN" not in re.sub(r'data-\w+="[^"]*"|>[^<]*<', "", svg)


@settings(max_examples=40, deadline=None)
@given(st.lists(NAMES, min_size=1, max_size=6), st.lists(NAMES, min_size=1, max_size=6), st.data())
def test_any_grid_makes_a_well_formed_heat_map(
    rows: list[str], columns: list[str], data: st.DataObject
) -> None:
    """So do grids, with whatever holes."""
    svg = figures.heatmap(rows, columns, [[data.draw(scores()) for _ in columns] for _ in rows])
    if svg is not None:
        parsed(svg)


@settings(max_examples=40, deadline=None)
@given(
    st.dictionaries(NAMES, st.lists(st.integers(0, 10**6), min_size=1, max_size=30), max_size=3),
    st.booleans(),
)
def test_any_counts_make_a_well_formed_histogram(counts: dict[str, list[int]], far: bool) -> None:
    """So do counts, in bins of equal width and in ones that grow."""
    blocks = {
        judge: {"edges": [0.05 * 1.5**n if far else n / 10 for n in range(len(each) + 1)], "counts": each}
        for judge, each in counts.items()
    }
    svg = figures.histogram(blocks, "seconds")
    if svg is None:
        assert not any(any(each) for each in counts.values())
    else:
        marked = points(parsed(svg))
        assert sorted(int(each.attrib["data-value"]) for each in marked) == sorted(
            n for each in counts.values() for n in each if n
        )


@pytest.mark.parametrize("draw", [figures.scenarios, figures.radar], ids=["scenarios", "radar"])
@pytest.mark.parametrize("goal", ["helpfulness", "harmlessness"])
@pytest.mark.parametrize("kind", ["bon", "pairwise"])
def test_marks_stand_for_all_figures_of_the_finest_scenarios(
    draw: Callable[..., str], goal: str, kind: str
) -> None:
    """Each mark has the unrounded value at the place that it names, and there is one for each; none for null."""
    marked = points(parsed(draw(THREE, goal, kind)))
    shown = {(each.attrib["data-judge"], each.attrib["data-path"]): each for each in marked}
    finest = [path for path in summary()["scenarios"] if path.startswith(goal) and path != "helpfulness/Chat"]
    wanted = {
        (judge, f"scenarios.{path}.{kind}")
        for judge, one in THREE.items()
        for path in finest
        if one["scenarios"][path][kind] is not None
    }
    assert set(shown) == wanted
    assert len(marked) == len(wanted)
    for (judge, path), each in shown.items():
        assert float(each.attrib["data-value"]) == place(THREE[judge], path)["value"]


@pytest.mark.parametrize("draw", [figures.scenarios, figures.radar], ids=["scenarios", "radar"])
def test_one_judge_shows_both_sets(draw: Callable[..., str]) -> None:
    """A tooltip tells both sets with interval, n and few conversations; where nothing was measured, a dash."""
    marked = {
        each.attrib["data-path"]: each.attrib["data-tip"] for each in points(parsed(draw(ONE, "helpfulness")))
    }
    assert marked["scenarios.helpfulness/Chat/Casual.pairwise"] == (
        "Chat/Casual\na\npairwise: 0.700 (95 %: 0.650–0.750), n = 100\n"
        "best-of-N: 0.300 (95 %: 0.250–0.350), n = 12, of 7 conversations only"
    )
    assert marked["scenarios.helpfulness/Chat/Deep.bon"].endswith("pairwise: –\nbest-of-N: 0.500, n = 1")


def test_places_in_the_drawing_are_the_values() -> None:
    """A mark's place across is its value on the axis that the ticks name; whiskers end at the interval's ends."""
    root = parsed(figures.scenarios(ONE, "helpfulness") or "")
    ticks = {
        each.text: float(each.attrib["x"]) for each in root.iter(f"{SVG}text") if each.get("class") == "small"
    }
    zero, one = ticks["0.2"], ticks["0.6"]
    for each in points(root):
        scored = place(ONE["a"], each.attrib["data-path"])
        dot = next(part for part in each if part.get("class") in {"mark", "hollow"})
        x = float(dot.get("cx") or float(dot.attrib["x"]) + float(dot.attrib["width"]) / 2)
        assert x == pytest.approx(zero + (scored["value"] - 0.2) / 0.4 * (one - zero), abs=0.02)
        ends = [float(line.attrib[end]) for line in each.iter(f"{SVG}line") for end in ("x1", "x2")]
        if scored["low"] is None:
            assert ends == []
        else:
            assert min(ends) == pytest.approx(zero + (scored["low"] - 0.2) / 0.4 * (one - zero), abs=0.02)
            assert max(ends) == pytest.approx(zero + (scored["high"] - 0.2) / 0.4 * (one - zero), abs=0.02)


def test_rows_are_sorted_by_the_first_judge() -> None:
    """Best pairs first; scenarios without pairs below, and those without anything last."""
    svg = figures.scenarios(THREE, "helpfulness") or ""
    tips = [
        each.attrib["data-tip"] for each in ET.fromstring(svg).iter(f"{SVG}text") if "data-tip" in each.attrib
    ]
    assert tips == [f"helpfulness/{name}" for name in ("Chat/Casual", "Code", "Chat/Deep", "Nothing")]


def test_a_scenario_that_was_not_measured_breaks_the_radar() -> None:
    """The line is open, in stretches of neighbours, and never passes through the middle."""
    pairs = [0.5, 0.6, None, 0.7, 0.8, None]
    one = {"scenarios": {f"g/{n}": {"bon": None, "pairwise": p and figure(p)} for n, p in enumerate(pairs)}}
    lines = [
        each.attrib["d"] for each in ET.fromstring(figures.radar({"a": one}, "g") or "").iter(f"{SVG}path")
    ]
    stretches = [line for line in lines if "L" in line and "Z" not in line]
    assert [line.count("L") for line in stretches] == [1, 1]
    whole = {"scenarios": {path: {"bon": None, "pairwise": figure(0.5)} for path in one["scenarios"]}}
    assert figures.radar({"a": whole}, "g", "pairwise").count("Z") == 1  # type: ignore[union-attr]


def test_names_around_a_radar_do_not_collide() -> None:
    """Of 40 axes with long names in families, no two names touch."""
    one = {
        "scenarios": {
            f"g/family {n // 4}/scenario {n} " + "long " * 9: {"bon": figure(0.5)} for n in range(40)
        }
    }
    texts = [each for each in parsed(figures.radar({"a": one}, "g") or "").iter(f"{SVG}text") if each.text]
    places = sorted(
        (each.attrib["text-anchor"], float(each.attrib["y"]))
        for each in texts
        if each.get("text-anchor") in {"start", "end"}
    )
    assert len(places) == 40 + 10
    assert all(b - a >= 13 for (side, a), (other, b) in pairwise(places) if side == other)


def test_calibration_shows_the_bins_that_hold_verdicts() -> None:
    """A point a bin, for single showings and averaged scores of one judge; none for an empty bin; counts below."""
    root = parsed(figures.calibration(ONE) or "")
    for each in points(root):
        assert float(each.attrib["data-value"]) == place(ONE["a"], each.attrib["data-path"])
    paths = [each.attrib["data-path"] for each in points(root)]
    assert len(paths) == len(set(paths)) == 2 * (9 + 10)
    assert not any(".shown.bins.1." in path for path in paths)
    several = [each.attrib["data-path"] for each in points(parsed(figures.calibration(THREE) or ""))]
    assert len(several) == 3 * 2 * 9
    assert all(".shown." in path for path in several)


@pytest.mark.parametrize(
    "calibration",
    [
        None,
        {"shown": calibrated([0] * 10), "averaged": None},
        {"shown": calibrated([9] * 10, scale="none"), "averaged": None},
    ],
)
def test_no_calibration_no_diagram(calibration: Mapping[str, Any] | None) -> None:
    """None for judges that state no confidence, gave no verdict, or whose margins say nothing."""
    assert figures.calibration({"a": {"behaviour": {"calibration": calibration}}}) is None
    assert figures.calibration({"a": {}}) is None


def test_pareto_of_runs() -> None:
    """Overall at its price, the front filled; a run without a price is named below and has no mark."""
    runs = {
        **THREE,
        "dear": summary() | {"usd_per_1000_verdicts": 99.0},
        "unknown": summary() | {"usd_per_1000_verdicts": None},
    }
    found = figures.points_of_runs(runs)
    assert [one.name for one in found if one.is_front] == ["a", "b", "c"]
    svg = figures.pareto(found, unit="1,000 verdicts") or ""
    marked = {each.attrib["data-judge"]: each for each in points(parsed(svg))}
    assert set(marked) == {"a", "b", "c", "dear"}
    for name, each in marked.items():
        assert float(each.attrib["data-value"]) == place(runs[name], each.attrib["data-path"])["value"]
        assert (each.find("*[@class='hollow']") is not None) == (name == "dear")
    assert "Price or figure unknown: unknown" in svg
    assert "0 apart" not in svg


def test_pareto_of_a_study() -> None:
    """Cells with their place in results.json; the front is the study's own."""
    results = {
        "leaderboard": [
            {"cell": "x", "overall": figure(0.8), "cost": {"usd_per_1000_items": 2.0}},
            {"cell": "y", "overall": figure(0.7), "cost": {"usd_per_1000_items": 0.0}},
            {"cell": "z", "overall": None, "cost": {"usd_per_1000_items": 0.0}},
        ],
        "pareto": ["x", "y"],
    }
    found = figures.points_of_study(results)
    assert [(one.price, one.is_front) for one in found] == [(2.0, True), (0.0, True), (0.0, False)]
    svg = figures.pareto(found) or ""
    for each in points(parsed(svg)):
        assert float(each.attrib["data-value"]) == place(results, each.attrib["data-path"])["value"]
    assert "0 apart" in svg
    assert figures.pareto([Priced("free", 0.0, None, is_front=True)]) is None


def test_the_line_joins_what_is_best_for_its_dollars() -> None:
    """A front has cells that are there for their seconds: a dearer one that is no better, the worse of two equally dear."""
    shown = [(1.0, 0.5), (1.0, 0.6), (2.0, 0.55), (3.0, 0.7), (0.5, 0.9)]
    found = [Priced("x", usd, figure(value), is_front=usd != 0.5) for usd, value in shown]
    assert best_for_price(found) == [(1.0, 0.6), (3.0, 0.7)]


@pytest.mark.parametrize("many", [2, 8, 30])
def test_points_are_named_or_numbered(many: int) -> None:
    """Every name can be read: beside its point, or below the plot by its number."""
    found = [Priced(f"cell number {n}", 1.0 + n, figure(n / 40), is_front=True) for n in range(many)]
    texts = {each.text for each in parsed(figures.pareto(found) or "").iter(f"{SVG}text")}
    assert {one.name for one in found} <= texts
    if many > 8:
        assert {str(n) for n in range(1, many + 1)} <= texts


def test_a_heat_map_writes_value_and_interval() -> None:
    """A cell holds both, with its place if that is given; one without a figure holds a dash."""
    cells = [[figure(0.5), figure(0.75, None)], [None, figure(0.25)]]
    svg = figures.heatmap(["r", "s"], ["c", "d"], cells, paths=[["a.b", None], [None, None]]) or ""
    root = parsed(svg)
    assert sorted(float(each.attrib["data-value"]) for each in points(root)) == [0.25, 0.5, 0.75]
    assert [each.attrib["data-path"] for each in points(root) if "data-path" in each.attrib] == ["a.b"]
    texts = [each.text for each in root.iter(f"{SVG}text")]
    assert {"0.500", "0.450–0.550", "0.750", "–"} <= set(texts)
    levels = re.findall(r'class="cell level-(\d)"', svg)
    assert levels == ["5", "9", "0"]


@pytest.mark.parametrize("draw", [figures.scenarios, figures.radar])
def test_nothing_measured_no_drawing(draw: Callable[..., str | None]) -> None:
    """None for a goal that is not there, and for one without a figure."""
    assert draw(ONE, "honesty") is None
    assert draw({"a": {"scenarios": {"g/x": {"bon": None, "pairwise": None}}}}, "g") is None
    assert draw({}, "g") is None


def test_words_for_a_screen_reader() -> None:
    """The description says where the judge is best and worst; ids carry the prefix."""
    svg = figures.scenarios(ONE, "helpfulness", prefix="mine") or ""
    assert "a, pairwise: best on Chat/Casual (0.700), worst on Code (0.550)." in svg
    assert 'aria-labelledby="mine-title mine-desc"' in svg


@given(st.text(max_size=80), st.floats(20, 300))
def test_shortened_texts_fit(text: str, room: float) -> None:
    """A shortened text is no wider than the room, and one that fits is whole."""
    assert width(shortened(text, room)) <= room + 1e-6
    assert shortened("fits", 300) == "fits"


@given(st.lists(st.floats(0, 100), min_size=1, max_size=30).map(sorted), st.floats(0, 3))
def test_places_are_spread(wanted: list[float], gap: float) -> None:
    """Places keep their gaps and stay in their room."""
    found = spread(wanted, [gap] * len(wanted), 0, 100)
    assert all(b - a >= gap - 1e-6 for a, b in pairwise(found))
    assert found[0] - gap >= -1e-6
    assert found[-1] <= 100 + 1e-6


@given(st.lists(st.floats(0, 1), max_size=9))
def test_axes_hold_their_values(values: list[float]) -> None:
    """Every value lies on the axis, which names two to twelve round numbers."""
    axis = fitting(values, 0, 100)
    assert all(axis.low - 1e-9 <= value <= axis.high + 1e-9 for value in values)
    assert 2 <= len(axis.ticks()) <= 12


@pytest.mark.parametrize(("low", "high"), [(0.01, 0.5), (1, 9), (1e-6, 1e5), (0.3, 3)])
def test_logarithmic_axes_name_round_numbers(low: float, high: float) -> None:
    """One to ten ticks between the ends, and the 0 of its own first."""
    ticks = Logarithmic(low, high, 100, 500, zero=50).ticks()
    assert ticks[0] == 0
    assert all(low <= tick <= high for tick in ticks[1:])
    assert 2 <= len(ticks) <= 11
