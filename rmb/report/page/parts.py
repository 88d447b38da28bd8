"""What a page is made of: sections of tables, drawings and sentences, before they are markup."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from rmb.report.table import NOTHING


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of a table: its text, and for a figure where it comes from.

    value: the unrounded number. file: "summary.json", "results.json" or "comparison", of the run of this number, if
    there are several; pointer: the number's place in it, as a JSON pointer (RFC 6901). small: second line, an interval.
    link: where in the page more of it is, "#items?…".
    """

    text: str = NOTHING
    value: float | None = None
    small: str = ""
    file: str = ""
    run: int = 0
    pointer: str = ""
    link: str = ""

    @property
    def is_number(self) -> bool:
        """Whether it is set to the right."""
        return self.value is not None or self.text == NOTHING or self.text[:1].isdigit()


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a table. kind: "", "sanity" or "published", which are set apart; head: its first cell."""

    head: str
    cells: Sequence[Cell]
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """A table with a caption. columns: their heads, the first one over the rows' heads."""

    caption: str
    columns: Sequence[str]
    rows: Sequence[Row]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Drawing:
    """A figure as SVG markup, which is trusted: what is in it was escaped where it was drawn.

    caption: "" where the drawing has a title of its own.
    """

    caption: str
    svg: str


def drawings(*made: tuple[str, str | None]) -> list[Part]:
    """Captions with the markup below them; what could not be drawn is left out."""
    return [Drawing(caption, svg) for caption, svg in made if svg]


@dataclass(frozen=True, slots=True)
class Words:
    """A paragraph, or a list of them. kind: "", "warning" or "finding"."""

    lines: Sequence[str]
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Pairs:
    """Names and what stands for them: a manifest. A text of several lines is shown as it is."""

    entries: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Folded:
    """Parts that are shown when asked for."""

    title: str
    parts: Sequence[Part]


Part = Table | Drawing | Words | Pairs | Folded


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the page with a heading and an anchor. absent: what it cannot show, and why."""

    id: str
    title: str
    parts: Sequence[Part]
    absent: Sequence[str] = field(default=())
