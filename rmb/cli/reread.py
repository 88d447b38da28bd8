"""`rmb reread`: a run's figures again, from its stored answers, under another reader or convention."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from rmb.cli.options import CACHE, CONVENTION, DATA, PARTS, REPORT, TEMPLATE, options

EXAMPLES = """
\b
Examples:
  rmb reread runs/20261121T120000Z-gpt-4o-pairwise_v2 --tie 0.5
  rmb reread runs/20261121T120000Z-gpt-4o-pairwise_v2 --template ./mended.jinja
      with the reader of a template that says how the verdict is written

Exit codes: 0 read again; 1 the run had questions unanswered; 2 answers, data or the run itself cannot be read.
"""

MINE = (
    TEMPLATE,
    *PARTS,
    click.option("--judge", metavar="NAME|FILE", help="Read as this card says. [default: the run's own]"),
    DATA,
    CACHE,
    click.option(
        "--out", metavar="DIR", help="The new folder, or RUN itself. [default: runs/<time>-<judge>-…]"
    ),
    click.option("--json", "as_json", is_flag=True, help="Print summary.json on stdout instead of tables."),
    REPORT,
)


@click.command(epilog=EXAMPLES)
@click.argument("run", metavar="RUN")
@options(MINE, CONVENTION)
def reread(run: str, **given: Any) -> int:
    """Read a run's stored answers again, and make its figures again. Nothing is asked.

    The verdicts are read by the template and card as they are now; ties, failures and orders count as the
    options say, by default as in the run. RUN is kept as it is, unless --out names it.
    """
    from rmb.cli.rereading import read_again

    return read_again(Path(run), given)
