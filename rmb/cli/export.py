"""`rmb export`: a run in the formats of other programs."""

from __future__ import annotations

from typing import Any

import click

from rmb.cli.options import options

EXAMPLES = """
\b
Examples:
  rmb export RUN --to csv --out verdicts.csv
  rmb export RUN --to parquet --texts --data RMB_dataset --out verdicts.parquet
  rmb export RUN --to trl --min-margin 0.2 --out preferences.jsonl
  rmb export RUN --to trl --out - | head -1

Exit codes: 0 written; 2 the run or its data cannot be read, or --out is something else's; 74 the disk failed.
"""

MINE = (
    click.option(
        "--to",
        type=click.Choice(["csv", "hf", "jsonl", "parquet", "rewardbench", "trl"]),
        required=True,
        help="csv, jsonl, parquet: a row a verdict; hf: those, as a folder for Hugging Face datasets; trl: preference "
        "pairs of what the judge chose; rewardbench: its score files.",
    ),
    click.option(
        "--out",
        metavar="PATH",
        required=True,
        help="A file, or a folder for hf and rewardbench; - for stdout (csv, jsonl, trl).",
    ),
    click.option(
        "--texts", is_flag=True, help="Add the texts to the rows; trl and rewardbench always have them."
    ),
    click.option(
        "--data", metavar="PATH", help="The data that the run was made on. [default: where it was then]"
    ),
    click.option(
        "--labels",
        type=click.Choice(["judge", "benchmark"]),
        help="trl: whose preference. [default: judge]",
    ),
    click.option(
        "--min-margin",
        metavar="X",
        type=click.FloatRange(min=0),
        help="trl: leave out what the judge prefers by less, in its own units. [default: 0]",
    ),
)


@click.command(epilog=EXAMPLES)
@click.argument("run", metavar="RUN")
@options(MINE)
def export(run: str, to: str, out: str, **given: Any) -> None:
    """Write a run for other programs: tables, a data set, preference pairs, score files. Nothing is asked."""
    from rmb.cli.exporting import export_run

    export_run(run, to, out, given)
