"""The stylesheet of the figures: as a page has it, and in light colours alone for pictures."""

from __future__ import annotations

import re
from functools import cache
from importlib import resources


@cache
def stylesheet() -> str:
    """figures.css: light and dark, by custom properties that follow the page's color-scheme."""
    return resources.files(__package__).joinpath("figures.css").read_text(encoding="utf-8")


def colours() -> dict[str, tuple[str, str]]:
    """The custom properties that the stylesheet sets, by name: in light, and in dark."""
    found = re.findall(r"(--[\w-]+):\s*light-dark\((#\w+), (#\w+)\);", stylesheet())
    return {name: (light, dark) for name, light, dark in found}


@cache
def light() -> str:
    """The stylesheet with the light colours in their places, for renderers that know no custom properties."""
    values = colours()
    rules = re.findall(r"^\.figure.*\}$", stylesheet(), flags=re.MULTILINE)
    return re.sub(r"var\((--[\w-]+)\)", lambda found: values[found[1]][0], "\n".join(rules))
