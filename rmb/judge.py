"""The main command: `python -m rmb.judge`, `rmb judge`, `rmb-judge`.

The composition root: it wires everything, and no module imports it.
"""

from __future__ import annotations

from typing import Any, NoReturn

import click

from rmb.cli.main import run

EXAMPLES = """
\b
Examples:
  rmb judge --template pairwise_v2
      the embedded model on the bundled sample: no key, no network
  rmb judge --template pairwise_v2 --judge gpt-4o-mini --data RMB_dataset --limit 500
      an API judge on 500 items of RMB, spread over the scenarios
  rmb judge --judge longest --judge oracle --data RMB_dataset
      two judges without a model
  rmb judge --judge openai/my-model --base-url http://localhost:8000/v1 --dry-run
      what it would take to ask a server of your own

Exit codes: 0 complete; 1 questions unanswered (the same command resumes); 2 wrong usage or bad input;
3 no key, or refused; 74 the disk failed; 130 interrupted (answers are kept).
"""


@click.command(
    epilog=EXAMPLES, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.option(
    "--template", metavar="NAME|FILE", help="What the judge is asked. [default: the judge's, pairwise_v2]"
)
@click.option("--criteria", metavar="NAME|FILE", help="What a good response is. [default: the template's]")
@click.option(
    "--style", metavar="NAME|FILE", help="How the judge is to answer. [default: the judge's or template's]"
)
@click.option(
    "--judge",
    "judges",
    metavar="NAME|FILE|MODEL",
    multiple=True,
    default=("embedded",),
    show_default=True,
    help="A judge of `rmb judges`, a card.yaml, a model.gguf, or a LiteLLM model id provider/model; repeatable.",
)
@click.option("--data", metavar="PATH", help="RMB's folder, archive or file. [default: the bundled sample]")
@click.option(
    "--set",
    "kind",
    type=click.Choice(["pairwise", "bon", "all"]),
    default="all",
    show_default=True,
    help="Which of the two sets.",
)
@click.option(
    "--scenario", metavar="GLOB", help="Only scenarios that match: 'Chat*', S1, 'helpfulness/Code/*'."
)
@click.option(
    "--limit", metavar="N", type=click.IntRange(min=1), help="At most N items, spread over the scenarios."
)
@click.option(
    "--orders",
    type=click.Choice(["both", "single"]),
    default="both",
    show_default=True,
    help="Show each two responses in both orders, or once in an order drawn from the seed.",
)
@click.option(
    "--samples",
    metavar="K",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Ask each question K times.",
)
@click.option(
    "--temperature", metavar="T", type=click.FloatRange(min=0), help="Sampling. [default: the card's]"
)
@click.option(
    "--max-tokens", metavar="N", type=click.IntRange(min=1), help="Of a reply. [default: the card's]"
)
@click.option("--base-url", metavar="URL", help="Endpoint of an OpenAI-compatible server or a proxy.")
@click.option("--concurrency", metavar="N", type=click.IntRange(min=1), help="Questions asked at once.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of everything that is drawn.")
@click.option(
    "--cache", metavar="DIR", help="The answer store. [default: $RMB_CACHE, or the checkout's cache/]"
)
@click.option("--out", metavar="DIR", help="The run's folder. [default: runs/<time>-<judge>-<template>]")
@click.option("--json", "as_json", is_flag=True, help="Print summary.json on stdout instead of tables.")
@click.option("--dry-run", is_flag=True, help="Say what would be asked, and what it would cost; ask nothing.")
@click.option("-q", "--quiet", is_flag=True, help="No progress, no notices.")
@click.option("-v", "--verbose", is_flag=True, help="More on what is done.")
def judge(**options: Any) -> int:
    """Judge a benchmark, and say how far each judge is to be trusted.

    Every answer is kept: the same command again asks nothing, and an interrupted one goes on where it was.
    """
    from rmb.cli.judging import Options, judge_all

    return judge_all(Options(**options))


def main() -> NoReturn:
    """The console script `rmb-judge`, and `python -m rmb.judge`."""
    run(judge, prog_name="rmb judge")


if __name__ == "__main__":
    main()
