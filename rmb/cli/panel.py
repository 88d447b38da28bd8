"""`rmb panel`: samples of a judge, or several judges, put together from stored verdicts."""

from __future__ import annotations

from typing import Any

import click

from rmb.cli.options import CONVENTION, COUNT, REPORT, options

EXAMPLES = """
\b
Examples:
  rmb panel runs/*-gpt-4o-pairwise_v2 runs/*-embedded-pairwise_v2 runs/*-skywork-*
      three judges, a vote each
  rmb panel RUN --samples 3
      the first three samples of one judge, asked with rmb judge --samples 5
  rmb panel RUN RUN --rule mean --min-valid 1
      the mean of two judges' margins, each on its own scale; one verdict is enough

Exit codes: 0 complete; 1 answers of the members are missing; 2 the runs share no item, or one cannot be read;
74 the disk failed.
"""

MINE = (
    click.option(
        "--rule",
        type=click.Choice(["majority", "mean"]),
        default="majority",
        show_default=True,
        help="Most votes, or the mean of the scores; of several judges, in units of each judge's own spread.",
    ),
    click.option(
        "--min-valid",
        metavar="N",
        type=COUNT,
        help="Verdicts that there must be at least. [default: more than half]",
    ),
    click.option(
        "--samples", metavar="K", type=COUNT, help="Only the first K samples of each. [default: all]"
    ),
    click.option("--out", metavar="DIR", help="The panel's folder. [default: runs/<time>-panel-<members>]"),
    click.option("--json", "as_json", is_flag=True, help="Print summary.json on stdout instead of tables."),
    REPORT,
)


@click.command(epilog=EXAMPLES)
@click.argument("runs", metavar="RUN [RUN…]", nargs=-1, required=True)
@options(MINE, CONVENTION)
def panel(runs: tuple[str, ...], **given: Any) -> int:
    """Put stored verdicts together: the samples of one run, or several runs as a panel of judges.

    Writes a folder like any run's, for rmb compare and rmb show. Nothing is asked.
    """
    from rmb.cli.convening import seat

    return seat(runs, given)
