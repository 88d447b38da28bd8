"""`rmb vote`: whether a majority of judges can stand in for the labels, from stored verdicts."""

from __future__ import annotations

from typing import Any

import click

from rmb.cli.options import CONVENTION, COUNT, options

EXAMPLES = """
\b
Examples:
  rmb vote runs/*-gpt-4o-pairwise_v2 runs/*-embedded-pairwise_v2 runs/*-skywork-*
  rmb vote RUN RUN RUN --rule log_odds --tie 0.5
  rmb vote RUN RUN RUN RUN RUN --out voting.json --out voting.svg

Exit codes: 0 voted; 2 the runs share no item, or one cannot be read; 74 a file cannot be written.
"""

MINE = (
    click.option(
        "--rule",
        "rules",
        type=click.Choice(["majority", "weighted", "log_odds"]),
        multiple=True,
        help="What a vote weighs: one each; the judge's accuracy above chance; the log-odds of its accuracy. Repeatable. "
        "[default: all three]",
    ),
    click.option(
        "--most",
        metavar="M",
        type=COUNT,
        default=500,
        show_default=True,
        help="At most M panels of each size vote; where there are more, they are drawn.",
    ),
    click.option(
        "--seed", type=int, default=0, show_default=True, help="Of the folds and the panels that are drawn."
    ),
    click.option("--json", "as_json", is_flag=True, help="Print all of it as JSON instead of tables."),
    click.option(
        "--out",
        "outs",
        metavar="FILE",
        multiple=True,
        help="Write all of it as .json, or the curve as .svg, .pdf or .png. Repeatable.",
    ),
)


@click.command(epilog=EXAMPLES)
@click.argument("runs", metavar="RUN RUN…", nargs=-1, required=True)
@options(MINE, CONVENTION)
def vote(runs: tuple[str, ...], **given: Any) -> None:
    """Can a majority of judges stand in for the labels: with which judges, and how many.

    Agreement of panels with the labels by size and make-up, beside what independent judges would reach; and how the
    judges would rank if the labels were what the other judges say. Nothing is asked.
    """
    from rmb.cli.voting import vote_on

    vote_on(runs, given)
