"""What tests ask of a drawing: that it is well-formed, keeps to what a strict page allows, and stays in its frame."""

from __future__ import annotations

import math
import re
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Iterator
from typing import Any

from rmb.report.figures.svg import BODY, HEAD, SMALL, width

SVG = "{http://www.w3.org/2000/svg}"
ELEMENTS = {"svg", "title", "desc", "g", "text", "tspan", "line", "path", "rect", "circle"}
ATTRIBUTES = {
    *(
        "id",
        "class",
        "viewBox",
        "width",
        "height",
        "role",
        "aria-labelledby",
        "transform",
        "text-anchor",
        "d",
    ),
    *("x", "y", "x1", "y1", "x2", "y2", "cx", "cy", "r"),
    *("data-tip", "data-value", "data-path", "data-judge"),
}
NUMBER = r"-?\d+(?:\.\d+)?"
Summary = dict[str, Any]


def parsed(svg: str) -> ET.Element:
    """The drawing as XML, checked: known elements and attributes alone, all inside the frame, each id once."""
    root = ET.fromstring(svg)
    assert {each.tag.removeprefix(SVG) for each in root.iter()} <= ELEMENTS
    assert {name for each in root.iter() for name in each.attrib} <= ATTRIBUTES
    ids = Counter(each.get("id") for each in root.iter() if each.get("id"))
    assert set(root.attrib["aria-labelledby"].split()) == set(ids)
    assert set(ids.values()) == {1}
    _, _, wide, high = map(float, root.attrib["viewBox"].split())
    for x, y in corners(root):
        assert -1 <= x <= wide + 1, (x, wide)
        assert -1 <= y <= high + 1, (y, high)
    return root


def corners(root: ET.Element) -> Iterator[tuple[float, float]]:
    """The outermost points of all that is drawn; of slanted words where they begin."""
    for each in root.iter():
        name = each.tag.removeprefix(SVG)
        got = {key: float(value) for key, value in each.attrib.items() if key in GEOMETRY}
        assert all(map(math.isfinite, got.values()))
        if name == "line":
            yield from ((got["x1"], got["y1"]), (got["x2"], got["y2"]))
        elif name == "circle":
            yield from ((got["cx"] + side * got["r"], got["cy"] + side * got["r"]) for side in (-1, 1))
        elif name == "rect":
            assert min(got["width"], got["height"]) >= 0
            yield from ((got["x"], got["y"]), (got["x"] + got["width"], got["y"] + got["height"]))
        elif name == "path":
            assert re.fullmatch(rf"M{NUMBER} {NUMBER}( L{NUMBER} {NUMBER})*( Z)?", each.attrib["d"])
            numbers = [float(one) for one in re.findall(NUMBER, each.attrib["d"])]
            yield from zip(numbers[::2], numbers[1::2], strict=True)
        elif name == "text":
            yield from ends(each, got["x"], got["y"])


GEOMETRY = {"x", "y", "x1", "y1", "x2", "y2", "cx", "cy", "r", "width", "height"}


def ends(text: ET.Element, x: float, y: float) -> Iterator[tuple[float, float]]:
    """Where words begin and end, as wide as they are taken to be."""
    yield x, y
    if text.get("transform") is None:
        css = text.attrib["class"].split()
        size = HEAD if "heading" in css else SMALL if "small" in css else BODY
        share = {"start": 0.0, "middle": 0.5, "end": 1.0}[text.get("text-anchor", "start")]
        long = width("".join(text.itertext()), size)
        yield x - share * long, y - 0.7 * size
        yield x + (1 - share) * long, y


def points(root: ET.Element) -> list[ET.Element]:
    """All that stands for a figure."""
    return [each for each in root.iter() if "data-value" in each.attrib]


def place(summary: Summary, path: str) -> Any:
    """What stands at a place of a summary, "scenarios.helpfulness/Chat.bon"; a scenario's name may have dots."""
    if path.startswith("scenarios."):
        name, _, kind = path.removeprefix("scenarios.").rpartition(".")
        return summary["scenarios"][name][kind]
    for key in path.split("."):
        summary = summary[int(key) if key.isdigit() else key]  # type: ignore[index]
    return summary


def figure(value: float, half: float | None = 0.05, n: int = 100) -> Summary:
    """A score of summary.json."""
    ends = (None, None) if half is None else (max(0.0, value - half), min(1.0, value + half))
    return {"value": value, "low": ends[0], "high": ends[1], "n": n}


def calibrated(counts: list[int], off: float = 0.0, scale: str = "probability") -> Summary:
    """A block of the calibration: verdicts in ten bins, right less often by `off` than is said."""
    bins = []
    for number, n in enumerate(counts):
        low = round(0.5 + 0.05 * number, 6)
        said = low + 0.02
        known = (
            {"confidence": said, "accuracy": max(0.0, said - off)}
            if n
            else dict.fromkeys(("confidence", "accuracy"))
        )
        bins.append({"low": low, "high": round(low + 0.05, 6), "n": n, **known})
    return {"brier": 0.2, "ece": off, "scale": scale, "temperature": None, "n": sum(counts), "bins": bins}


def summary(shift: float = 0.0) -> Summary:
    """A small judge's summary: two goals, families, and a scenario with one set alone. shift: added to all figures."""
    scenarios = {
        "helpfulness/Chat": {"bon": figure(0.4 + shift), "pairwise": figure(0.6 + shift)},
        "helpfulness/Chat/Casual": {"bon": figure(0.3 + shift, n=12), "pairwise": figure(0.7 + shift)},
        "helpfulness/Chat/Deep": {"bon": figure(0.5 + shift, None, 1), "pairwise": None},
        "helpfulness/Code": {"bon": figure(0.2 + shift), "pairwise": figure(0.55 + shift)},
        "helpfulness/Nothing": {"bon": None, "pairwise": None},
        **{
            f"harmlessness/S{n}": {"bon": figure(n / 20 + shift), "pairwise": figure(n / 15 + shift)}
            for n in (1, 2, 10)
        },
    }
    return {
        "overall": figure(0.5 + shift, 0.01, 900),
        "helpfulness": {"bon": figure(0.4), "pairwise": figure(0.6)},
        "harmlessness": {"bon": figure(0.4), "pairwise": figure(0.6)},
        "scenarios": scenarios,
        "few_conversations": {"scenarios.helpfulness/Chat/Casual.bon": 7},
        "behaviour": {
            "calibration": {"shown": calibrated([5, 0, 20, *[9] * 7], 0.1), "averaged": calibrated([1] * 10)}
        },
        "usd_per_1000_verdicts": 1.5 + 10 * shift,
    }
