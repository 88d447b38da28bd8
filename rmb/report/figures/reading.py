"""What figures take from summaries of any age: scenarios of a goal, their figures, and how a tooltip tells them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal

from rmb.report.figures.svg import named
from rmb.report.table import finest

Summary = Mapping[str, Any]
"""As summary.json."""
Figure = Mapping[str, Any]
"""A score: value in [0, 1], low and high (None without an interval), n."""
Kind = Literal["bon", "pairwise"]
KINDS: tuple[Kind, Kind] = ("pairwise", "bon")
NAMES: Mapping[Kind, str] = {"bon": "best-of-N", "pairwise": "pairwise"}
NOTHING = "–"


def paths_of(summaries: Mapping[str, Summary], goal: str) -> list[str]:
    """The scenarios of a goal without sub-scenarios, and the sub-scenarios, of all judges; S2 comes before S10."""
    there = dict.fromkeys(path for summary in summaries.values() for path in summary.get("scenarios", {}))
    mine = (path for path in finest(there) if path.split("/")[0] == goal)
    return sorted(mine, key=natural)


def natural(text: str) -> list[tuple[int, int, str]]:
    """A key by which numbers in names count as numbers."""
    parts = re.findall(r"[0-9]{1,9}|[^0-9]+|[0-9]", text)
    return [(0, int(part), "") if part.isascii() and part.isdigit() else (1, 0, part) for part in parts]


def figure_of(summary: Summary, path: str, kind: Kind) -> Figure | None:
    """A scenario's figure in a set; None where nothing was measured."""
    found: Figure | None = (summary.get("scenarios", {}).get(path) or {}).get(kind)
    return found


def place_of(path: str, kind: Kind) -> str:
    """Where a scenario's figure stands in summary.json."""
    return f"scenarios.{path}.{kind}"


def below(path: str) -> tuple[str, str]:
    """A scenario's family ("" for none) and its own name, without the goal.

    >>> below("helpfulness/Chat/Discussion"), below("harmlessness/S1")
    (('Chat', 'Discussion'), ('', 'S1'))
    """
    family, _, name = path.partition("/")[2].rpartition("/")
    return family, name or path


def in_words(figure: Figure | None) -> str:
    """A figure in words, "0.214 (95 %: 0.203–0.226), n = 2,109"; a dash for none."""
    if figure is None:
        return NOTHING
    told = f"{figure['value']:.3f}"
    if figure.get("low") is not None:
        between = " to " if figure["low"] < 0 else "–"
        told += f" (95 %: {figure['low']:.3f}{between}{figure['high']:.3f})"
    return told if figure.get("n") is None else f"{told}, n = {figure['n']:,}"


def tip_of(judge: str, summary: Summary, path: str) -> str:
    """A scenario's tooltip: its name, the judge, the figures of both sets, and where these rest on little."""
    few = summary.get("few_conversations") or {}
    lines = [named(path.partition("/")[2] or path), named(judge)]
    for kind in KINDS:
        told = f"{NAMES[kind]}: {in_words(figure_of(summary, path, kind))}"
        count = few.get(place_of(path, kind))
        lines.append(told if count is None else f"{told}, of {count} conversations only")
    return "\n".join(lines)


def tip(name: str, figure: Figure | None, *more: str) -> str:
    """The tooltip of a figure: a name, the figure, and what else is known of it."""
    return "\n".join([named(name), in_words(figure), *more])


def bounds(figures: Iterable[Figure | None]) -> Iterator[float]:
    """All values and ends of intervals, that an axis must hold."""
    for figure in figures:
        if figure is not None:
            yield from (figure[end] for end in ("value", "low", "high") if figure.get(end) is not None)


def extremes(judge: str, figures: Sequence[tuple[str, Figure | None]], what: str) -> str:
    """A sentence that says where a judge is best and worst; one that says so if nothing was measured."""
    known = [(figure["value"], name) for name, figure in figures if figure is not None]
    if not known:
        return f"{named(judge)}, {what}: nothing was measured."
    (least, worst), (most, best) = min(known), max(known)
    return (
        f"{named(judge)}, {what}: best on {named(best)} ({most:.3f}), worst on {named(worst)} ({least:.3f})."
    )
