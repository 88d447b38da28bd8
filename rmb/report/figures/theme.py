"""The stylesheet of the figures: as a page has it, and in light colours alone for pictures."""

from __future__ import annotations

import re
from functools import cache
from importlib import resources


@cache
def stylesheet() -> str:
    """figures.css: light and dark, by custom properties."""
    return resources.files(__package__).joinpath("figures.css").read_text(encoding="utf-8")


def properties(block: str) -> dict[str, str]:
    """The custom properties that a block of the stylesheet sets, by name.

    >>> properties("--fig-ink: #000000; --fig-grid: #dddddd;")
    {'--fig-ink': '#000000', '--fig-grid': '#dddddd'}
    """
    return dict(re.findall(r"(--[\w-]+):\s*([^;]+);", block))


@cache
def light() -> str:
    """The stylesheet with the light colours in their places, for renderers that know no custom properties."""
    whole = stylesheet()
    values = properties(whole.partition("}")[0])
    rules = re.findall(r"^\.figure.*\}$", whole, flags=re.MULTILINE)
    return re.sub(r"var\((--[\w-]+)\)", lambda found: values[found[1]], "\n".join(rules))
