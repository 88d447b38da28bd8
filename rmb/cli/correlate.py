"""`rmb correlate`: does what a benchmark says of judges go with how well models are aligned by them?"""

from __future__ import annotations

from typing import Any

import click

from rmb.cli.options import options

EXAMPLES = """
\b
Examples:
  rmb correlate runs/* alignment/
  rmb leaderboard --published --out table3.csv
  rmb correlate table3.csv rewardbench.csv mine.csv --out correlation.html

\b
SCORES and ALIGNMENT may each be the folder of a run, a folder that holds such folders, a leaderboard (.csv, .json),
what `rmb align` wrote, or a CSV with a column "judge" and columns of numbers, where an empty cell was not measured.

Exit codes: 0 computed; 2 no judge in common, or a file is not what it should be; 74 the file cannot be written.
"""

MINE = (
    click.option(
        "--against",
        metavar="COLUMN",
        help="The headline of ALIGNMENT, which is tested. [default: s_align, or the first column]",
    ),
    click.option(
        "--column", "columns", metavar="NAME", multiple=True, help="Only this column of SCORES; repeatable."
    ),
    click.option("--by", type=click.Choice(["scenario"]), help="Of runs: each scenario's figures as well."),
    click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of the draws."),
    click.option(
        "--resamples",
        metavar="N",
        type=click.IntRange(min=0, max=1_000_000),
        default=10_000,
        show_default=True,
        help="Bootstrap draws; 0 leaves out the intervals.",
    ),
    click.option("--json", "as_json", is_flag=True, help="Print all of it as JSON."),
    click.option(
        "--out", metavar="FILE", help="Write .html, .json, .csv, or the scatter as .svg, .pdf or .png."
    ),
)


@click.command(epilog=EXAMPLES)
@click.argument("places", metavar="SCORES… ALIGNMENT", nargs=-1, required=True)
@options(MINE)
def correlate(places: tuple[str, ...], **given: Any) -> None:
    """Correlate what benchmarks say of judges with how well models are aligned when these judges pick.

    Spearman, Kendall and Pearson over the judges that both sides have, with bootstrap intervals, permutation tests,
    Holm's correction and ranks beside each other; and whether there are enough judges for a claim. Nothing is asked.
    """
    from rmb.cli.correlating import correlate_scores

    correlate_scores(places, given)
