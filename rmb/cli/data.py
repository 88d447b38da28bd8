"""`rmb data`: look at a benchmark."""

from __future__ import annotations

import click


@click.group()
def data() -> None:
    """Look at a benchmark."""


@data.command()
@click.argument("path", metavar="DATA", required=False)
def info(path: str | None) -> None:
    """Say what a benchmark holds: items by set and scenario, and what is odd or missing.

    DATA is RMB's folder, an archive, or a single file; without it, the bundled sample.
    """
    from collections import Counter

    from rmb.cli.opening import load_data

    benchmark = load_data(path)
    sets = Counter((item.path, item.set) for item in benchmark.items)
    conversations = len({item.conversation for item in benchmark.items})
    click.echo(f"{benchmark.name}: {len(benchmark.items):,} items on {conversations:,} conversations")
    click.echo(f"fingerprint {benchmark.fingerprint}")
    for notice in benchmark.notices:
        click.echo(f"notice: {notice}")
    paths = list(dict.fromkeys(item.path for item in benchmark.items))
    width = max(map(len, paths))
    click.echo(f"\n{'scenario':<{width}}  {'bon':>7}  {'pairwise':>8}")
    for each in sorted(paths):
        click.echo(f"{each:<{width}}  {sets[each, 'bon']:>7,}  {sets[each, 'pairwise']:>8,}")
    total = {kind: sum(count for (_, k), count in sets.items() if k == kind) for kind in ("bon", "pairwise")}
    click.echo(f"{'all':<{width}}  {total['bon']:>7,}  {total['pairwise']:>8,}")
