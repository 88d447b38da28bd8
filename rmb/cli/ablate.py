"""`rmb ablate`: a grid of prompts and judges on the same items."""

from __future__ import annotations

from typing import Any

import click

from rmb.cli.options import CACHE, CONVENTION, COUNT, DATA, HOW, LOCAL, REPORT, options

EXAMPLES = """
\b
Examples:
  rmb ablate --template pairwise_v1,pairwise_v2 --style verdict_only,explain_first
      four cells, the embedded model on the bundled sample
  rmb ablate study.yaml --judge gpt-4o-mini --limit 200 --dry-run
      what a study of a file would cost with another judge
  rmb ablate study.yaml --adaptive --yes --out runs/criteria
  rmb ablate factors --judge gpt-4o-mini --dry-run
      a study of the project's, by its name: those of studies/

\b
A study file has the options' names as its keys:
  template: [pairwise_v1, pairwise_v2]
  criteria: [none, helpfulness, scenario]
  style: [verdict_only, explain_first]
  judge: [embedded, ./my_judge.yaml]
  baseline: {template: pairwise_v1, criteria: none}

Exit codes: as of `rmb judge`; 2 also where a study needs a yes and nobody can be asked.
"""


def axis(name: str, metavar: str, text: str) -> Any:
    """An option that gives an axis its levels."""
    return click.option(f"--{name}", name, metavar=f"{metavar}[,…]", multiple=True, callback=split, help=text)


def split(_: click.Context, __: click.Parameter, given: tuple[str, ...]) -> tuple[str, ...]:
    """The levels given, by commas or one by one."""
    return tuple(level.strip() for each in given for level in each.split(",") if level.strip())


def levels(_: click.Context, __: click.Parameter, given: tuple[str, ...]) -> dict[str, str]:
    """AXIS=LEVEL, as a mapping."""
    pairs = [each.partition("=") for each in given]
    wrong = next((name for name, sign, level in pairs if not sign or not level), None)
    if wrong is not None:
        raise click.BadParameter(f"{wrong!r} is not AXIS=LEVEL, such as template=pairwise_v1")
    return {name.strip(): level.strip() for name, _, level in pairs}


AXES = (
    axis("template", "NAME", "What judges are asked."),
    axis("criteria", "NAME", "What a good response is."),
    axis("style", "NAME", "How judges are to answer."),
    axis("judge", "NAME|FILE|MODEL", "Who judges. [default: embedded]"),
    axis("orders", "both|single|rotations", "How responses are shown. [default: both]"),
    axis("samples", "K", "How often each question is asked. [default: 1]"),
    click.option(
        "--vote",
        type=click.Choice(["majority", "mean", "each"]),
        help="How several samples make one verdict. [default: majority]",
    ),
    click.option(
        "--baseline",
        metavar="AXIS=LEVEL",
        multiple=True,
        callback=levels,
        help="What others are compared with; repeatable. [default: the first level of each axis]",
    ),
    click.option("--adaptive", is_flag=True, default=None, help="Stop asking cells that are clearly worse."),
    click.option(
        "--error-rate",
        metavar="RATE",
        type=click.FloatRange(min=0, max=1, min_open=True, max_open=True),
        help="At which the best cell may be lost by that. [default: 0.05]",
    ),
)
ITEMS = (
    DATA,
    click.option(
        "--set", "set", type=click.Choice(["pairwise", "bon", "all"]), help="Which of the two sets."
    ),
    click.option("--scenario", metavar="GLOB", help="Only scenarios that match: 'Chat*', S1, '*/Code/*'."),
    click.option("--limit", metavar="N", type=COUNT, help="At most N items, spread over the scenarios."),
    click.option("--seed", type=int, help="Of everything that is drawn. [default: 0]"),
)
WHERE = (
    CACHE,
    click.option("--out", metavar="DIR", help="The study's folder. [default: runs/<time>-study]"),
    click.option("--json", "as_json", is_flag=True, help="Print results.json on stdout instead of tables."),
    REPORT,
    click.option(
        "--dry-run", is_flag=True, help="Say what would be asked and what it would cost; ask nothing."
    ),
    click.option("-y", "--yes", is_flag=True, help="Ask the judges without asking you first."),
    click.option("-q", "--quiet", is_flag=True, help="No progress, no notices."),
)


@click.command(
    epilog=EXAMPLES, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.argument("study", metavar="[NAME|STUDY.yaml]", required=False)
@options(AXES, ITEMS, HOW, LOCAL, CONVENTION, WHERE)
def ablate(study: str | None, **given: Any) -> int:
    """Ask every combination of templates, criteria, styles, orders, samples and judges the same items, item by item.

    Says which cell is best, by how much, whether that is real, what each axis does, and at what cost. Nothing that
    was answered before is asked again; an interrupted study goes on where it was.
    """
    from rmb.cli.ablating import ablate_all

    return ablate_all(study, given)
