"""Leaderboard entries in one line each, and readers of the formats that a leaderboard is written in."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from markdown_it import MarkdownIt

from rmb.published import Published, Sets
from rmb.report.leaderboard import Entry, entry_of_card, entry_of_run

DATA = {"name": "sample", "fingerprint": "f" * 64}
CONVENTION = {
    "tie": 0.0,
    "judge_failure": 0.0,
    "credit_of_orders": "expected",
    "average": "micro",
    "seed": 0,
}
Figure = dict[str, Any]
Ends = tuple[float, float] | None


def figure(value: float, ends: Ends = None, n: int = 9) -> Figure:
    """A figure of summary.json."""
    low, high = ends or (None, None)
    return {"value": value, "low": low, "high": high, "n": n}


def summary(overall: Figure | None, **more: Any) -> dict[str, Any]:
    """A summary.json with the same figure everywhere; keys beside the needed ones as given."""
    sets = {"bon": overall, "pairwise": overall}
    told = {"overall": overall, "helpfulness": sets, "harmlessness": sets, "coverage": 1.0}
    return {**told, "convention": CONVENTION, **more}


def manifest(judge: str = "a", **more: Any) -> dict[str, Any]:
    """A run.json with what a leaderboard reads of it."""
    told = {"judge": {"name": judge}, "template": None, "data": DATA, "counts": {"items": 9}}
    return {**told, "settings": {"orders": "both", "samples": 1, "seed": 0}, **more}


def entry(judge: str, overall: float | None, ends: Ends = None, **more: Any) -> Entry:
    """A run's entry."""
    told = None if overall is None else figure(overall, ends)
    return entry_of_run(judge, Path("runs") / "a", manifest(judge), summary(told, **more))


def published(judge: str, overall: float) -> Entry:
    """A published entry with one figure everywhere."""
    sets = Sets(bon=overall, pairwise=overall)
    return entry_of_card(
        judge, Published(helpfulness=sets, harmlessness=sets, overall=overall, source="a paper, Table 3")
    )


class Cells(HTMLParser):
    """The texts of a table's cells, row by row. Every tag has to be closed, in order; void ones apart."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        """A row or a cell begins."""
        self.tags.add(tag)
        if tag == "tr":
            self.rows.append([])
        elif tag in {"td", "th"}:
            self.rows[-1].append("")
        if tag == "br":
            self.handle_data(" ")
        else:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """What was opened last is closed."""
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Text of a cell."""
        if {"td", "th"} & set(self.open):
            self.rows[-1][-1] += data


def markdown_rows(text: str) -> list[list[str]]:
    """The cells of a Markdown table as a reader sees them: by a real renderer, HTML allowed."""
    return Cells(MarkdownIt("commonmark").enable("table").render(text)).rows


TOKENS = {
    **{f"\\{letter}": letter for letter in "_&%$#{}"},
    r"\textbackslash{}": "\\",
    r"\textasciitilde{}": "~",
    r"\textasciicircum{}": "^",
    r"\textless{}": "<",
    r"\textgreater{}": ">",
    r"\textbar{}": "|",
    r"\textsuperscript{\dag}": "†",
    r"\textsuperscript{\ddag}": "‡",
    r"$-$": "−",
    r"{\scriptsize ": "",
    "--": "–",
    "{}": "",
    "}": "",
}
TOKEN = re.compile(
    "|".join(map(re.escape, sorted(TOKENS, key=len, reverse=True))) + r"|(?P<bad>[\\_&%$#{~^|<>])|.",
    re.DOTALL,
)


def tex_text(cell: str) -> str:
    """What LaTeX sets for a cell. Fails on a special character that is not escaped, and on braces that do not match."""
    assert re.sub(r"\\[{}]", "", cell).count("{") == re.sub(r"\\[{}]", "", cell).count("}")
    found = list(TOKEN.finditer(cell))
    assert not [one["bad"] for one in found if one["bad"]], cell
    return "".join(TOKENS.get(one[0], one[0]) for one in found)


def latex_rows(text: str) -> tuple[str, list[list[str]]]:
    """The columns that a tabular declares, and the texts of its rows' cells."""
    begun = re.search(r"\\begin\{tabular\}\{([a-z]+)\}\n(.*)\\end\{tabular\}", text, re.DOTALL)
    assert begun is not None
    rules = ["\\toprule", "\\midrule", "\\bottomrule"]
    lines = begun[2].splitlines()
    assert [line for line in lines if line in rules] == rules
    rows = [line for line in lines if line not in rules]
    assert all(row.endswith(r" \\") for row in rows)
    return begun[1], [[tex_text(cell.strip()) for cell in re.split(r"(?<!\\)&", row[:-3])] for row in rows]
