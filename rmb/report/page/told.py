"""Figures of a JSON file as cells: each knows its place there, and what an older program did not write is a dash."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rmb.report.page.parts import Cell
from rmb.report.table import p_value

Place = tuple[str | int, ...]


@dataclass(frozen=True)
class Told:
    """What a file tells. label: of the run; file, number: as in `Cell`.

    missing: places that were looked for and are not there; filled as cells are made.
    """

    label: str
    content: Mapping[str, Any]
    file: str = "summary.json"
    number: int = 0
    missing: dict[str, None] = field(default_factory=dict)

    def get(self, *place: str | int) -> Any:
        """What stands at a place; None where it is null, or where there is no such place, which is noted."""
        found: Any = self.content
        for depth, step in enumerate(place):
            if found is None:
                return None
            try:
                found = found[step]
            except (KeyError, IndexError, TypeError):
                self.missing[".".join(map(str, place[: depth + 1]))] = None
                return None
        return found

    def cell(self, *place: str | int, show: Callable[[Any], str] = str) -> Cell:
        """Any number at a place, as `show` writes it."""
        found = self.get(*place)
        return Cell() if found is None else self.at(place, found, show(found))

    def figure(self, *place: str | int, show: Callable[[float], str] | None = None) -> Cell:
        """A figure {"value", "low", "high", "n"} at a place, its interval below it."""
        found = self.get(*place)
        if not isinstance(found, Mapping) or found.get("value") is None:
            return Cell()
        write = show or score
        low, high = found.get("low"), found.get("high")
        between = "–" if show is None else " to "
        small = "" if low is None or high is None else write(low) + between + write(high)
        return self.at((*place, "value"), found["value"], write(found["value"]), small)

    def at(self, place: Place, value: Any, text: str, small: str = "") -> Cell:
        """A cell with its source."""
        if isinstance(value, bool) or not isinstance(value, int | float):
            return Cell(text)
        return Cell(text, value, small, self.file, self.number, pointer(place))


def pointer(place: Sequence[str | int]) -> str:
    """A place as a JSON pointer (RFC 6901)."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in place)


def score(value: float) -> str:
    """A score to three digits."""
    return f"{value:.3f}"


def percent(value: float) -> str:
    """A share as a percentage."""
    return f"{100 * value:.1f} %"


def points(value: float) -> str:
    """A difference in points of a hundred, with its sign."""
    return f"{100 * value:+.1f}"


def count(value: float) -> str:
    """A whole number with commas."""
    return f"{value:,}"


def seconds(value: float) -> str:
    """A time in seconds, to three digits if it is short."""
    return f"{value:.3g} s" if value < 100 else f"{value:,.0f} s"


def dollars(value: float) -> str:
    """Dollars, to the cent if they are many."""
    return f"${value:,.2f}" if value >= 1 or value == 0 else f"${value:.2g}"


def signed(value: float) -> str:
    """A log-odds with its sign."""
    return f"{value:+.2f}"


__all__ = [
    "Told",
    "count",
    "dollars",
    "p_value",
    "percent",
    "pointer",
    "points",
    "score",
    "seconds",
    "signed",
]
