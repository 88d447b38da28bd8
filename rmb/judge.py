"""The main command: `python -m rmb.judge`, `rmb judge`, `rmb-judge`.

The composition root: it wires everything, and no module imports it.
"""

from __future__ import annotations

from typing import Any, NoReturn

import click

from rmb.cli.main import run
from rmb.cli.options import ASKED, BATCH, CONVENTION, HOW, JUDGED, LOCAL, WHERE, convention, options

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
3 no key, or refused; 4 the budget is used up; 74 the disk failed; 130 interrupted (answers are kept).
"""


@click.command(
    epilog=EXAMPLES, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@options(ASKED, JUDGED, HOW, BATCH, LOCAL, CONVENTION, WHERE)
def judge(**given: Any) -> int:
    """Judge a benchmark, and say how far each judge is to be trusted.

    Every answer is kept: the same command again asks nothing, and an interrupted one goes on where it was.
    """
    from rmb.cli.judging import judge_all
    from rmb.cli.opening import LOCAL_NAMES, Options
    from rmb.outcomes import Convention
    from rmb.scorers import Local
    from rmb.scorers.budget import Budget

    given["budget"] = Budget(given["budget"])
    counted = {name: given.pop(name) for name in ("tie", "failure", "credit", "average")}
    local = {name: given.pop(name) for name in LOCAL_NAMES}
    usual = Convention(seed=given["seed"])
    return judge_all(Options(**given, local=Local(**local), convention=convention(counted, usual)))


def main() -> NoReturn:
    """The console script `rmb-judge`, and `python -m rmb.judge`."""
    run(judge, prog_name="rmb judge")


if __name__ == "__main__":
    main()
