"""A sheet of pairs for people to label: one HTML file that works from disk, or CSV. It shows no label and no name."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import jinja2

from rmb.plain_text import unformulated
from rmb.report.page.markup import UNPRINTABLE, policy

HERE = Path(__file__).parent
CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
COLUMNS = ("id", "conversation", "response A", "response B", "label")
MARKUP = {ord(letter): f"\\u{ord(letter):04x}" for letter in "<>&"}
"""What could end a script element, as JSON may spell it as well."""


@dataclass(frozen=True, slots=True)
class Row:
    """A pair to be labelled. turns: (role, text)."""

    id: str
    turns: Sequence[tuple[str, str]]
    first: str
    second: str


def page(rows: Sequence[Row], sheet: str) -> str:
    """The form as HTML. sheet: what tells this sheet from others, for what the browser keeps.

    All texts are data that the page's own script shows as text; its policy lets nothing else run, and nothing load.
    """
    script, style = ((HERE / f"sheet.{ending}").read_text(encoding="utf-8") for ending in ("js", "css"))
    data = {
        "sheet": sheet,
        "rows": [{"id": row.id, "turns": row.turns, "A": row.first, "B": row.second} for row in rows],
    }
    template = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined).from_string(
        (HERE / "sheet.html.jinja").read_text(encoding="utf-8")
    )
    text = template.render(
        policy=policy(script, style),
        script=script,
        style=style,
        data=json.dumps(data).translate(MARKUP),
        count=len(rows),
    )
    return UNPRINTABLE.sub("\ufffd", text)


def comma_separated(rows: Sequence[Row]) -> str:
    """The sheet as CSV with an empty column `label`. A cell that a spreadsheet would take for a formula has a ' before it."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for row in rows:
        said = "\n\n".join(f"{role}: {content}" for role, content in row.turns)
        writer.writerow([row.id, *map(cell, (said, row.first, row.second)), ""])
    return text.getvalue()


def cell(text: str) -> str:
    """A text with its lines, but without control characters, that no spreadsheet takes for a formula."""
    kept = CONTROLS.sub("\ufffd", text.replace("\r\n", "\n").replace("\r", "\n"))
    return unformulated(kept)
