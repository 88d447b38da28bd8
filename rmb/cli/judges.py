"""`rmb judges`: the judges that come with the program, what they need, and what others measured of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import click

from rmb.published import odd

if TYPE_CHECKING:
    from rich.table import Table

    from rmb.cards import JudgeCard
    from rmb.published import Published, odd

MOST_WIDE = 260
"""Columns of a listing that goes to a file: a judge is one line there, whatever its summary."""
LEAST_WIDE = 130
"""Columns of a terminal below which summaries are left out: they would be a word a line."""


@click.command(epilog="A card of your own: rmb judge --judge ./my-judge.yaml")
@click.argument("name", required=False)
@click.option("--published", is_flag=True, help="Figures that others published, best first, and no target.")
def judges(name: str | None, *, published: bool) -> None:
    """List the judges that come with the program, or show the card of one."""
    from rmb import content
    from rmb.cards import open_card
    from rmb.credentials import hidden, remember_url
    from rmb.errors import UsageError
    from rmb.report.table import wide_console

    if name and published:
        raise UsageError("--published lists all judges that have such figures; leave out the judge's name")
    if name:
        remember_url(getattr(open_card(name).card, "base_url", None))
        click.echo(hidden(content.read("judges", name).text), nl=False)
        return
    cards = {each: open_card(each).card for each in content.names("judges")}
    console = wide_console()
    if not console.is_terminal:
        console.width = MOST_WIDE
    tables = published_tables(cards) if published else [listing(cards, told=console.width >= LEAST_WIDE)]
    for table in tables:
        console.print(table, markup=False, highlight=False)


def listing(cards: Mapping[str, JudgeCard], *, told: bool = True) -> Table:
    """One line a judge, in the order given; told: with what it is."""
    from rich.table import Table
    from rich.text import Text

    from rmb.report.table import NOTHING

    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("judge", "kind", "size"):
        table.add_column(heading, no_wrap=True)
    table.add_column("needs", overflow="fold")
    table.add_column("published", justify="right", no_wrap=True)
    if told:
        table.add_column("what it is")
    for name, card in cards.items():
        overall = f"{card.published.overall:.3f}" if card.published else NOTHING
        cells = [name, kind(card), card.size or NOTHING, needs(card), overall]
        table.add_row(*map(Text, [*cells, card.summary] if told else cells))
    return table


def kind(card: JudgeCard) -> str:
    """The kind of scorer that a card is for."""
    return str(getattr(card, "kind", ""))


def needs(card: JudgeCard) -> str:
    """What has to be there before a judge can be asked: the variable with its key, a server, packages, trust."""
    from rmb.scorers import KINDS

    key, server = getattr(card, "key", None), getattr(card, "base_url", None)
    packages = KINDS[kind(card)].needs
    trust = getattr(card, "trust_remote_code", False) and "--trust-remote-code"
    wanted = [key, server and f"a server at {server}", packages and f"pip install {packages}", trust]
    return ", ".join(each for each in wanted if each) or "nothing"


def published_tables(cards: Mapping[str, JudgeCard]) -> list[Table]:
    """A table for each source, since protocols differ between them: the four figures and Overall, best first."""
    found = {name: card.published for name, card in cards.items() if card.published}
    sources = sorted({one.source for one in found.values()})
    ranked = sorted(found.items(), key=lambda pair: (-pair[1].overall, pair[0]))
    return [
        published_table(source, {name: one for name, one in ranked if one.source == source})
        for source in sources
    ]


def published_table(source: str, found: Mapping[str, Published]) -> Table:
    """One line a judge, in the order given; figures that can hardly be right are marked."""
    from rich.table import Table
    from rich.text import Text

    from rmb.report.table import COLUMNS

    goals = {name: (one.helpfulness, one.harmlessness) for name, one in found.items()}
    notes = ["as published, by the source's own protocol: no target for a run of yours"]
    if any(odd(sets.bon, sets.pairwise) for both in goals.values() for sets in both):
        notes.append("* BoN equals pairs: near impossible, so probably an error in the source's table")
    table = Table(
        title=Text(f"Published: {source}"),
        title_justify="left",
        caption=Text("\n".join(notes)),
        caption_justify="left",
        box=None,
        pad_edge=False,
        header_style="bold",
    )
    table.add_column("judge", no_wrap=True)
    for heading in ("overall", *COLUMNS):
        table.add_column(heading, justify="right", no_wrap=True)
    for name, one in found.items():
        figures = [
            f"{figure:.3f}{'*' if odd(sets.bon, sets.pairwise) else ' '}"
            for sets in goals[name]
            for figure in (sets.bon, sets.pairwise)
        ]
        table.add_row(Text(name), f"{one.overall:.3f}", *figures)
    return table
