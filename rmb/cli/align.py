"""`rmb align`: how well policies do when a scorer picks the best of N of their samples."""

from __future__ import annotations

from typing import Any

import click

from rmb.cli.options import ASKED, ASKING, CACHE, COUNT, DATA, LOCAL, options

EXAMPLES = """
\b
Examples:
  rmb align                                        four samples a prompt, the embedded model, the bundled sample
  rmb align --policy gpt-4o-mini --prompts set.jsonl -n 16 --judge skywork-reward-llama-3.1-8b-v0.2 --judge gpt-4o
      --by claude-sonnet --dry-run                 what it would take
  rmb align --prompts unsafe.jsonl --measure refusal ...     refusals by a rule; with --by, by a judge
  rmb align --samples runs/x-align/samples.jsonl --judge mine.yaml ...   other scorers on the same samples

\b
Prompts are JSONL, one a line:
  {"id": "a1", "prompt": "...", "reference": "...", "goal": "helpfulness"}
  {"conversation": [{"role": "user", "content": "..."}]}
Samples are JSONL: what a line of prompts has, "model", and "responses": [...].

Exit codes: as of `rmb judge`; 2 also where there is to be a yes and nobody can be asked.
"""
POLICIES = (
    click.option(
        "--policy",
        "policies",
        metavar="NAME|FILE|MODEL",
        multiple=True,
        help="A language model that writes samples: a card, a model.gguf or a LiteLLM id; repeatable. [default: embedded]",
    ),
    click.option("--prompts", metavar="FILE", help="The downstream set, JSONL. [default: those of --data]"),
    DATA,
    click.option("--samples", metavar="FILE", help="Samples drawn elsewhere, JSONL: no policy is asked."),
    click.option(
        "-n", "n", metavar="N", type=COUNT, help="Samples to a prompt. [default: 4; of --samples, all]"
    ),
    click.option("--scenario", metavar="GLOB", help="Only prompts whose goal or scenario matches."),
    click.option("--limit", metavar="N", type=COUNT, help="At most N prompts, drawn by the seed."),
    click.option(
        "--temperature",
        metavar="T",
        type=click.FloatRange(min=0),
        default=1.0,
        show_default=True,
        help="Of policies; scorers keep their cards'.",
    ),
    click.option("--max-tokens", metavar="N", type=COUNT, help="Of a sample. [default: the card's]"),
)
PICKING = (
    click.option(
        "--pairs",
        type=click.Choice(["all", "chain"]),
        default="all",
        show_default=True,
        help="Judges that compare two: every pair of samples, or the pick so far with the next.",
    ),
    click.option(
        "--orders",
        type=click.Choice(["both", "single"]),
        default="both",
        show_default=True,
        help="Show samples to scorers in an order and its reverse, or once in an order drawn from the seed.",
    ),
    click.option(
        "--failure",
        type=click.Choice(["first", "excluded"]),
        default="first",
        show_default=True,
        help="What a prompt counts as that a scorer has no verdict on: the first sample, or left out.",
    ),
    click.option("--seed", type=int, default=0, show_default=True, help="Of everything that is drawn."),
)
MEASURING = (
    click.option(
        "--measure",
        metavar="NAME",
        default="win_rate",
        show_default=True,
        help="win_rate: against the reference; rating; refusal; match: the reference stands in the response.",
    ),
    click.option(
        "--by", metavar="NAME|FILE|MODEL", help="The external judge. [default: embedded; of refusal, a rule]"
    ),
    click.option(
        "--measure-template",
        metavar="NAME|FILE",
        help="What it is asked. [default: its card's; pointwise_v2 for rating, pointwise_refused_v1 for refusal]",
    ),
    click.option(
        "--reference", metavar="NAME|FILE|MODEL", help="A language model that writes missing references."
    ),
    click.option(
        "--oracle", is_flag=True, help="Have the external judge see all samples, not only those picked."
    ),
)
WHERE = (
    CACHE,
    click.option("--out", metavar="DIR", help="The folder. [default: runs/<time>-align]"),
    click.option("--json", "as_json", is_flag=True, help="Print alignment.json on stdout instead of tables."),
    click.option(
        "--dry-run", is_flag=True, help="Say what would be asked and what it would cost; ask nothing."
    ),
    click.option("-y", "--yes", is_flag=True, help="Ask without asking you first."),
    click.option("-q", "--quiet", is_flag=True, help="No progress, no notices."),
)


@click.command(
    epilog=EXAMPLES, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@options(POLICIES, ASKED, PICKING, MEASURING, ASKING, LOCAL, WHERE)
def align(**given: Any) -> int:
    """Let each judge pick the best of N samples of policy models, and have the picks measured: S_align.

    All judges see the same samples, and figures for fewer than N are derived from what was said of all. Nothing that
    was answered before is asked again; the same command goes on where it was.
    """
    from rmb.cli.aligning import align_all

    return align_all(given)
