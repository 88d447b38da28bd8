"""`rmb plot`: the report's drawings as pictures for papers."""

from __future__ import annotations

from typing import Any

import click

from rmb.cli.options import options

EXAMPLES = """
\b
Examples:
  rmb plot runs/*-gpt-4o-pairwise_v2 --what scenarios --out scenarios.pdf
  rmb plot RUN RUN --what radar --goal helpfulness --set bon --width 5.5 --out radar.pdf
  rmb plot STUDY --what pareto --out cost.png

Exit codes: 0 written; 2 there is nothing of that kind to draw; 74 the file cannot be written.
"""

MINE = (
    click.option(
        "--what",
        type=click.Choice(["scenarios", "radar", "calibration", "pareto"]),
        required=True,
        help="Scenarios with intervals or as a radar, confidence against accuracy, or dollars against accuracy.",
    ),
    click.option("--out", metavar="FILE", required=True, help="The picture: .pdf, .svg or .png."),
    click.option("--goal", metavar="NAME", help="Of scenarios and radar: one goal. [default: all]"),
    click.option(
        "--set",
        "kind",
        type=click.Choice(["bon", "pairwise"]),
        help="Of scenarios and radar: one set. [default: both]",
    ),
    click.option(
        "--width",
        metavar="INCHES",
        type=click.FloatRange(min=1, max=40),
        help="How wide the picture is. [default: as wide as makes its smallest letters 11 pixels]",
    ),
    click.option(
        "--scale",
        metavar="N",
        type=click.FloatRange(min=0.5, max=8),
        default=2.0,
        show_default=True,
        help="Of .png: dots for each pixel, of which an inch has 96.",
    ),
)


@click.command(epilog=EXAMPLES)
@click.argument("runs", metavar="RUN…|STUDY", nargs=-1, required=True)
@options(MINE)
def plot(runs: tuple[str, ...], **given: Any) -> None:
    """Draw runs, or a study, as the report does: a picture for a paper. Nothing is asked or counted again.

    An .svg needs nothing; .pdf and .png need the extra "plot".
    """
    from rmb.cli.plotting import plot_runs

    plot_runs(runs, given)
