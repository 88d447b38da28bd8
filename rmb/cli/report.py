"""`rmb report`: one file of HTML that shows a run, several, or a study."""

from __future__ import annotations

from typing import Any

import click

from rmb.cli.options import CACHE, DATA, options

EXAMPLES = """
\b
Examples:
  rmb report runs/20261121T120000Z-embedded-pairwise_v2
  rmb report runs/*-gpt-4o-mini-pairwise_v2 runs/*-embedded-pairwise_v2 --out both.html
  rmb report runs/20261121T130000Z-study --size 50

Exit codes: 0 written; 2 no run, or wrong usage; 74 the disk failed.
"""

MINE = (
    click.option(
        "--out",
        metavar="FILE",
        help="Where to. [default: report.html in the folder of the run or study; of several runs, here]",
    ),
    click.option(
        "--size",
        metavar="MB",
        type=click.FloatRange(min=0, min_open=True),
        default=5.0,
        show_default=True,
        help="Megabytes that the file may have: as many items are in it in full as fit.",
    ),
)


@click.command(epilog=EXAMPLES)
@click.argument("runs", metavar="RUN…|STUDY", nargs=-1, required=True)
@options(MINE, (DATA, CACHE))
def report(runs: tuple[str, ...], **given: Any) -> None:
    """Write a report that opens from disk: figures, drawings, and every item to look into. Nothing is asked.

    It is one file, without a server and without the network. A run, or a study, writes its own when it ends; several runs
    are compared. What a run does not have, or an older version did not write, is said, and the rest is shown.
    """
    from rmb.cli.reporting import report_on

    report_on(runs, given)
