"""`rmb build`: from prompts of real users to a benchmark in RMB's layout, stage by stage."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from rmb.cli.options import ASKING, CACHE, options

EXAMPLES = """
\b
Examples:
  rmb build new mine --source wildchat.jsonl      a folder with a build.yaml to be edited
  rmb build categorise mine --dry-run             what the first stage would ask, and what it would cost
  rmb build categorise mine && rmb build filter mine && rmb build respond mine
  rmb build annotate mine && rmb build assemble mine && rmb lint mine/benchmark/test
  rmb build agree mine                            a sheet for people: mine/agree/sheet.html and sheet.csv
  rmb build agree mine --labels anna.csv --labels ben.csv

Each stage reads what the stages before it made, and goes on where it was. card.md in the folder tells the counts.

Exit codes: 0 complete; 1 answers are missing (the same command goes on); 2 wrong usage or bad input; 3 no key, or
refused; 4 the budget is used up; 74 the disk failed; 130 interrupted.
"""
EVERY = (
    click.option(
        "--json", "as_json", is_flag=True, help="Print the stage's part of the data card on stdout."
    ),
    click.option("-q", "--quiet", is_flag=True, help="No progress, no notices."),
)
DRY = click.option(
    "--dry-run", is_flag=True, help="Say what would be asked or made, and what it would cost; do nothing."
)


@click.group(epilog=EXAMPLES)
def build() -> None:
    """Build a benchmark in RMB's layout from prompts of real users."""


@build.command()
@click.argument("folder")
@click.option("--source", metavar="FILE", required=True, help="Prompts in WildChat's form, JSONL or Parquet.")
def new(folder: str, source: str) -> None:
    """Make a folder with a build.yaml that holds every setting and what it means."""
    from rmb.cli.building import begin

    begin(folder, source)


def stage(name: str, summary: str) -> Callable[..., Any]:
    """The command of a stage that asks models."""

    @build.command(name, help=summary)
    @click.argument("folder")
    @options(ASKING, (CACHE, DRY), EVERY)
    def command(folder: str, **given: Any) -> int:
        from rmb.cli.building import run_stage

        return run_stage(name, folder, given)

    return command


stage("categorise", "Say where each prompt belongs: several judges label it; kept where they agree.")
stage("filter", "Keep prompts of quality that differ from each other and tell models apart.")
stage("respond", "Have several models answer each prompt.")
stage("annotate", "Have a strong judge rate every response, by key points of the prompt.")


@build.command()
@click.argument("folder")
@options((DRY,), EVERY)
def assemble(folder: str, **given: Any) -> int:
    """Make pairs and best-of-N lists of the ratings, in RMB's layout, with splits and provenance. Asks nothing."""
    from rmb.cli.building import run_stage

    return run_stage("assemble", folder, {**given, "budget": None})


@build.command()
@click.argument("folder")
@click.option(
    "--labels",
    "filled",
    metavar="FILE",
    multiple=True,
    help="A sheet that somebody has filled in, CSV; repeatable, one a person.",
)
@options((DRY,), EVERY)
def agree(folder: str, filled: tuple[str, ...], **given: Any) -> None:
    """Write a sheet of pairs for people to label; with --labels, say how far they agree with the benchmark."""
    from rmb.cli.agreeing import agree_on

    agree_on(folder, filled, given)
