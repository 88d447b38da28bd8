"""`rmb factors`: what makes a generative judge good, its criteria or its instructing method?"""

from __future__ import annotations

from typing import Any

import click

from rmb.cli.ablate import AXES, ITEMS, WHERE
from rmb.cli.options import CONVENTION, HOW, LOCAL, options

EXAMPLES = """
\b
Examples:
  rmb factors --judge gpt-4o-mini --judge ./mine.yaml --data RMB_dataset --limit 300 --dry-run
      what the project's study would cost: 24 cells a judge, studies/factors.yaml
  rmb factors --judge gpt-4o-mini --criteria none,general --style verdict_only,rubric --limit 300 --yes
      a part of it
  rmb factors my_study.yaml --yes --out runs/mine
  rmb factors runs/mine
      the page of a study that is there already

Exit codes: as of `rmb ablate`; 2 also for a study with neither criteria nor style as an axis, or no judge that is prompted.
"""


@click.command(
    epilog=EXAMPLES, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.argument("study", metavar="[NAME|STUDY.yaml|FOLDER]", required=False)
@options(AXES, ITEMS, HOW, LOCAL, CONVENTION, WHERE)
def factors(study: str | None, **given: Any) -> int:
    """Ask which criteria and which instructing method make a judge good, as `rmb ablate` asks; then say so on one page.

    factors.html and factors.md, beside study.json: the effects of each with intervals, over all judges and for each,
    what they cost, and what would have shown. Of the folder of a study nothing is asked.
    """
    from rmb.cli.factoring import answer_factors

    return answer_factors(study, given)
