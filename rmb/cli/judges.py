"""`rmb judges`: the judges that come with the program."""

from __future__ import annotations

import click


@click.command(epilog="A card of your own: rmb judge --judge ./my-judge.yaml")
@click.argument("name", required=False)
def judges(name: str | None) -> None:
    """List the judges that come with the program, or show the card of one."""
    from rmb import content
    from rmb.cards import open_card

    if name:
        open_card(name)
        click.echo(content.read("judges", name).text, nl=False)
        return
    names = content.names("judges")
    for each in names:
        click.echo(f"{each:<{max(map(len, names)) + 2}}{open_card(each).card.summary}")
