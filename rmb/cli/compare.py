"""`rmb compare`: judges on the items that their runs share."""

from __future__ import annotations

from typing import Any

import click

from rmb.cli.options import CONVENTION, options

EXAMPLES = """
\b
Examples:
  rmb compare runs/*-gpt-4o-pairwise_v2 runs/*-embedded-pairwise_v2
  rmb compare RUN RUN RUN --json > comparison.json

Exit codes: 0 compared; 2 the runs share no item, or one cannot be read.
"""

MINE = (
    click.option(
        "--matters",
        metavar="POINTS",
        type=click.FloatRange(min=0, min_open=True, max=100),
        default=5.0,
        show_default=True,
        help="The smallest difference in Overall that matters to you.",
    ),
    click.option("--json", "as_json", is_flag=True, help="Print all of it as JSON, disagreements included."),
    click.option("--report", metavar="FILE", help="Write the report of these runs as well, see rmb report."),
)


@click.command(epilog=EXAMPLES)
@click.argument("runs", metavar="RUN RUN…", nargs=-1, required=True)
@options(MINE, CONVENTION)
def compare(runs: tuple[str, ...], **given: Any) -> None:
    """Compare judges on the items that their runs share: who is better, by how much, and is it real.

    Paired tests, Holm's correction for many pairs, what difference the data could have shown, agreement,
    disagreements, and whether another convention would rank the judges otherwise. Nothing is asked.
    """
    from rmb.cli.comparing import compare_runs

    compare_runs(runs, given)
