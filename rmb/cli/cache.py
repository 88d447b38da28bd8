"""`rmb cache`: look after the answer store, and share it."""

from __future__ import annotations

from typing import Any

import click

from rmb.cli.options import CACHE, options

JSON = click.option("--json", "as_json", is_flag=True, help="Print what was done as JSON.")
YES = click.option("--yes", is_flag=True, help="Do not ask for consent.")


@click.group()
def cache() -> None:
    """Look after the answer store: what is in it, whether it is sound, sharing, pruning."""


@cache.command()
@options((CACHE, JSON))
def stats(**given: Any) -> int:
    """Say what is in the store: answers by judge and by age, sizes, damaged rows."""
    from rmb.cli.caching import tell_stats

    return tell_stats(given)


@cache.command(
    epilog="Exit codes: 0 sound, 1 something is damaged (with --repair: was, and is not any more), 74 the disk failed."
)
@options((CACHE, JSON))
@click.option("--repair", is_flag=True, help="Bring back from the journal, or remove, what is damaged.")
def verify(**given: Any) -> int:
    """Check every row: its checksum, and that its key is the hash of what is in it."""
    from rmb.cli.caching import check_rows

    return check_rows(given)


@cache.command(epilog="Example: rmb cache export answers.jsonl.gz --judge 'gpt-4o*'")
@click.argument("file", metavar="FILE")
@options((CACHE, JSON))
@click.option("--judge", metavar="GLOB", help="Only answers of models that match. [default: all]")
def export(**given: Any) -> int:
    """Write the store as one file, to share it; `-` for stdout.

    The file holds what was asked and what was answered, texts included. Equal stores give equal files.
    """
    from rmb.cli.caching import write_file

    return write_file(given)


@cache.command(
    name="import", epilog="Exit codes: 0 merged, 2 the file is not to be trusted, 74 the disk failed."
)
@click.argument("file", metavar="FILE")
@options((CACHE, JSON))
@click.option("--skip-damaged", is_flag=True, help="Leave out answers that are not under their own key.")
def import_(**given: Any) -> int:
    """Add the answers of an exported file; what the store has already stays as it is.

    Every answer is checked before the first is taken. What a file cannot show is that its answers were given by the
    model that it names: import from people you trust.
    """
    from rmb.cli.caching import read_file

    return read_file(given)


@cache.command()
@options((CACHE, JSON, YES))
@click.option(
    "--older-than", metavar="DAYS", type=click.FloatRange(min=0), help="Only answers older than this."
)
@click.option("--judge", metavar="GLOB", help="Only answers of models that match.")
@click.option(
    "--not-in",
    "runs",
    metavar="RUN",
    multiple=True,
    help="Only answers that this run does not use; repeatable.",
)
def prune(**given: Any) -> int:
    """Remove answers for good. They are asked, and paid, again if a run needs them.

    At least one of --older-than, --judge and --not-in says which; of several, all must hold. A run names the answers
    that decided its showings; what a judge wrote before it judged (criteria, answers of its own) is in no run's list.
    """
    from rmb.cli.caching import remove_rows

    return remove_rows(given)
