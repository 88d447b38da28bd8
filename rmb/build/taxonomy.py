"""Where prompts can belong: goals, their scenarios, and sub-scenarios of these, from a YAML file that anyone can change.

Helpfulness:                          a goal
  Chat:                               a scenario with sub-scenarios
    Discussion: An exchange of views on a topic.
  Translation: Text into another language.      a scenario without
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from rmb import content
from rmb.errors import ContentError, one_line

FOLDER = "prompts/build/taxonomies"
DEEPEST = 3
UNFIT = re.compile(r'[/\\:*?"<>|\x00-\x1f\x7f-\x9f\u2028\u2029]|^\.|^\s|[\s.]$')
"""What no name may hold: a category is a folder and a file of the benchmark."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """A category that prompts can be in. path: "Helpfulness/Chat/Discussion"; description: one line."""

    path: str
    description: str


@dataclass(frozen=True)
class Taxonomy:
    """All categories, in the order of their file."""

    source: content.Source
    leaves: Sequence[Leaf]

    @cached_property
    def by_fold(self) -> Mapping[str, str]:
        """Each path by itself in small letters."""
        return {leaf.path.casefold(): leaf.path for leaf in self.leaves}


def load(name: str) -> Taxonomy:
    """The taxonomy of that name, or the user's file. Raises UnknownName, or ContentError naming file and fault."""
    source = content.read(FOLDER, name)
    try:
        told = content.read_yaml(source.text)
        leaves = list(goals(told))
    except content.YAML_FAULTS as error:
        raise ContentError(f"taxonomy {source.name}: {one_line(error)}") from error
    return Taxonomy(source, leaves)


def goals(told: Any) -> Iterator[Leaf]:
    """The categories that a file names. Raises ValueError for what is no taxonomy."""
    if not isinstance(told, dict) or not told:
        raise ValueError("it names no goal; a taxonomy is goal: {scenario: description, …}")
    for goal, below in named(told, ""):
        if not isinstance(below, dict) or not below:
            raise ValueError(f"goal {goal!r} has no scenario below it")
        yield from leaves(below, goal)


def leaves(told: Mapping[Any, Any], path: str) -> Iterator[Leaf]:
    """The categories below a path."""
    for name, below in named(told, path):
        here = f"{path}/{name}"
        if isinstance(below, dict) and below and here.count("/") + 1 < DEEPEST:
            yield from leaves(below, here)
        elif isinstance(below, str) and below.strip():
            yield Leaf(here, " ".join(below.split()))
        else:
            wanted = "no description" if not isinstance(below, dict) else "nothing that can be below it"
            raise ValueError(f"{here!r} has {wanted}; goal, scenario and sub-scenario is as deep as it goes")


def named(told: Mapping[Any, Any], path: str) -> Iterator[tuple[str, Any]]:
    """The names at a place with what is below each. Raises ValueError for a name that no folder can have, or a twin."""
    where = f"below {path!r}" if path else "among the goals"
    seen: dict[str, str] = {}
    for name, below in told.items():
        if wrong := unfit(name, seen):
            raise ValueError(f"{name!r} {where} {wrong}")
        seen[name.casefold()] = name
        yield name, below


def unfit(name: Any, seen: Mapping[str, str]) -> str:
    """What is wrong with a name, if anything. seen: those beside it, by themselves in small letters."""
    if not isinstance(name, str):
        return f"is a {type(name).__name__}, not a name; put it in quotes"
    if not name or UNFIT.search(name):
        return "cannot be a folder's name: no slash, colon or other sign of paths, no dot or space at an end"
    return f"stands twice (as {seen[name.casefold()]!r})" if name.casefold() in seen else ""
