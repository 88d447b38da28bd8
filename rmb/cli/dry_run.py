"""`--dry-run`: what a command would ask, and what that would cost. Asks nothing."""

from __future__ import annotations

from collections.abc import Sequence

import click

from rmb.cards import Generative
from rmb.cli.opening import Judge
from rmb.records import Item
from rmb.run import Settings
from rmb.run.execute import prepare
from rmb.store import Store


def dry_run(judges: Sequence[Judge], items: Sequence[Item], settings: Settings, store: Store | None) -> int:
    """Prints, for each judge: showings, distinct questions, those already stored, tokens and dollars."""
    for judge in judges:
        card, scorer = judge.card, judge.scorer
        planned, asking = prepare(scorer, items, settings, store if judge.stored else None)
        missing = asking.missing(planned.questions)
        distinct = len(missing) + len(asking.replies)
        click.echo(f"{card.name}")
        click.echo(f"  items            {len(items):>10,}")
        click.echo(f"  comparisons      {planned.comparisons:>10,}")
        click.echo(f"  showings         {len(planned.showings):>10,}")
        click.echo(f"  distinct asked   {distinct:>10,}")
        click.echo(f"  already stored   {len(asking.replies):>10,}")
        click.echo(f"  left to ask      {len(missing):>10,}")
        if isinstance(card.card, Generative):
            from rmb.scorers.litellm_client import estimate

            needed = estimate(card.card, [scorer.request(question) for question in missing.values()])
            click.echo(f"  prompt tokens    {needed.prompt_tokens:>10,}  about")
            click.echo(f"  reply tokens     {needed.most_reply_tokens:>10,}  at most")
            price = (
                "unknown" if needed.most_usd is None else f"{needed.least_usd:.2f} to {needed.most_usd:.2f}"
            )
            click.echo(f"  US dollars       {price:>10}")
    return 0
