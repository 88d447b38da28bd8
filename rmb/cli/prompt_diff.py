"""`rmb prompts diff`: two prompts side by side, and which verdicts changed between two runs of them."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

import click
from rich.table import Table
from rich.text import Text

from rmb import content
from rmb.errors import UsageError
from rmb.metrics.columns import columns
from rmb.metrics.paired import right
from rmb.metrics.shared_items import shared
from rmb.report.table import wide_console
from rmb.run import folder
from rmb.templates import Template

MOST_SHOWN = 20
"""Items named in the terminal, of each kind."""


@dataclass(frozen=True, slots=True)
class Side:
    """One of two prompts: what it is called, its files' names by their part, and the run that used it, if it is one."""

    name: str
    parts: Mapping[str, str]
    run: folder.Kept | None = None


@dataclass(frozen=True, slots=True)
class Flips:
    """Items that both runs judged: how many, and those right in one of them alone."""

    items: int
    lost: tuple[str, ...]
    won: tuple[str, ...]


def prompt_diff(one: str, other: str, *, as_json: bool) -> None:
    """Prints how two prompts differ; of two runs, which verdicts flipped as well."""
    sides = side(one), side(other)
    found = flips(*sides) if all(each.run for each in sides) else None
    if as_json:
        flipped = None
        if found is not None:
            flipped = {"items": found.items, "right_to_wrong": found.lost, "wrong_to_right": found.won}
        click.echo(json.dumps({"parts": [dict(each.parts) for each in sides], "flips": flipped}))
        return
    console = wide_console()
    for table in tables(*sides):
        console.print(table)
    for line in said(sides, found) if found is not None else ():
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def side(name: str) -> Side:
    """The prompt of a name or a file, or the one that the run in a folder used."""
    path = Path(name).expanduser()
    if path.is_dir():
        run = folder.read(path)
        if run.manifest["template"] is None:
            raise UsageError(f"{name}: its judge {run.judge} was asked through no template")
        used = run.manifest["template"]
        return Side(path.name, {part: str(used[part]["name"]) for part in content.PROMPTS}, run)
    template = Template.load(name)
    names = (template.source.name, template.criteria.source.name, template.style.source.name)
    return Side(name, dict(zip(content.PROMPTS, names, strict=True)))


def tables(one: Side, other: Side) -> Iterator[Table]:
    """A table for each part that differs: lines side by side, those that differ in bold."""
    for part, where in content.PROMPTS.items():
        names = one.parts[part], other.parts[part]
        texts = [content.read(where, name).text.splitlines() for name in names]
        if texts[0] == texts[1]:
            continue
        table = Table(box=None, pad_edge=False, header_style="bold", expand=True)
        for each, name in zip((one, other), names, strict=True):
            table.add_column(
                Text(f"{part} {name}" + (f" ({each.name})" if each.run else "")), ratio=1, overflow="fold"
            )
        for left, its, same in beside(*texts):
            style = "dim" if same else "bold"
            table.add_row(Text(left or "", style=style), Text(its or "", style=style))
        yield table


def beside(left: Sequence[str], its: Sequence[str]) -> Iterator[tuple[str | None, str | None, bool]]:
    """Lines side by side, None where one side has none, and whether they are the same."""
    for tag, i1, i2, j1, j2 in difflib.SequenceMatcher(None, left, its, autojunk=False).get_opcodes():
        for one, other in zip_longest(left[i1:i2], its[j1:j2]):
            yield one, other, tag == "equal"


def flips(one: Side, other: Side) -> Flips:
    """Which items were right in one run alone. Raises UsageError if the runs share none."""
    assert one.run is not None
    assert other.run is not None
    common = shared({"one": one.run.outcomes, "other": other.run.outcomes})
    if not common["one"]:
        raise UsageError(f"{one.name} and {other.name} share no item")
    convention = one.run.convention
    # In one order: that of the items, whatever was said of them.
    judged = [columns(common[each]) for each in ("one", "other")]
    first, second = (right(each, convention) for each in judged)
    changed = list(zip((item.id for item in judged[0].items), first, second, strict=True))
    lost = tuple(item for item, before, after in changed if before and not after)
    return Flips(len(changed), lost, tuple(item for item, before, after in changed if after and not before))


def said(sides: tuple[Side, Side], found: Flips) -> Iterator[str]:
    """The flips in words, and how to look at them."""
    yield f"{found.items:,} items in both runs, {len(found.lost) + len(found.won):,} with another verdict"
    for label, items in (("right → wrong", found.lost), ("wrong → right", found.won)):
        more = f" … and {len(items) - MOST_SHOWN:,} more (--json)" if len(items) > MOST_SHOWN else ""
        yield f"{label}  {len(items):,}: {', '.join(items[:MOST_SHOWN]) or 'none'}{more}"
    if found.lost or found.won:
        runs = [each.run.folder for each in sides if each.run]
        yield f"to look at one: rmb show {runs[0]} --item {(found.lost + found.won)[0]}, and the same for {runs[1]}"
