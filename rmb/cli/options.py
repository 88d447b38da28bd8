"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

DATA = click.option(
    "--data", metavar="PATH", help="RMB's folder, archive or file. [default: the bundled sample]"
)
ITEM = click.option("--item", metavar="ID", required=True, help='An item\'s id, "bon/12" or "pairwise/34".')


def parts(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds --criteria and --style."""
    style = click.option("--style", metavar="NAME|FILE", help="How the judge is to answer.")
    criteria = click.option("--criteria", metavar="NAME|FILE", help="What a good response is.")
    return criteria(style(command))
