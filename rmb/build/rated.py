"""Rated responses, and what is made of them: a winner with those that it is better than."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any

from rmb.build import folder
from rmb.build.made import Dropped
from rmb.build.prompt import Prompt
from rmb.canonical import fraction
from rmb.errors import DataError
from rmb.records import Set

NEAR = 1e-9
"""Ratings are means of a few numbers: what differs by less is rounding."""


@dataclass(frozen=True, slots=True)
class Response:
    """A model's response to a prompt, with its mean rating. record: all that annotate.jsonl says of it."""

    id: str
    prompt: str
    model: str
    text: str
    rating: float
    record: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)

    def ahead(self, other: Response, by: float) -> bool:
        """Whether it is rated higher by so much at least."""
        return self.rating - other.rating >= by - NEAR


@dataclass(frozen=True, slots=True)
class Contest:
    """A winner and those that it is rated above: one makes a pair, several a best-of-N list."""

    prompt: Prompt
    winner: Response
    losers: tuple[Response, ...]

    @property
    def set(self) -> Set:
        """Which of RMB's two sets it belongs to."""
        return "pairwise" if len(self.losers) == 1 else "bon"

    @property
    def path(self) -> str:
        """Of its category, "Helpfulness/Chat/Discussion"."""
        assert self.prompt.category is not None
        return self.prompt.category.path

    @property
    def goal(self) -> str:
        """The first part of the path."""
        return self.path.partition("/")[0]

    @property
    def gap(self) -> float:
        """By how much the winner is rated above the nearest loser."""
        return self.winner.rating - max(loser.rating for loser in self.losers)

    @property
    def longer(self) -> bool:
        """Whether the winner has more characters than every loser: who takes the longest would win it."""
        return len(self.winner.text) > max(len(loser.text) for loser in self.losers)

    @property
    def comparisons(self) -> list[tuple[str, str]]:
        """The ids of winner and loser, for each loser."""
        return [(self.winner.id, loser.id) for loser in self.losers]

    @property
    def id(self) -> str:
        """What it is called in the ledger: its winner's id, and its losers' without the prompt."""
        return f"{self.winner.id} > {', '.join(loser.id.partition('/')[2] for loser in self.losers)}"


def read(place: Path) -> list[Response]:
    """The rated responses in a build's folder, sorted by id. Raises DataError naming the line of what is none."""
    path, found = folder.file_of(place, "annotate"), {}
    for number, record in enumerate(folder.lines(place, "annotate"), 1):
        try:
            one = response(record)
        except (KeyError, TypeError, ValueError) as error:
            raise DataError(f"{path}, line {number}: no rated response ({error!r})") from error
        if one.id in found:
            raise DataError(f"{path}, line {number}: the id {one.id} is there twice")
        found[one.id] = one
    return sorted(found.values(), key=lambda one: one.id)


def response(record: Mapping[str, Any]) -> Response:
    """A line of annotate.jsonl. Raises KeyError, TypeError or ValueError for what is none."""
    texts = {name: record[name] for name in ("id", "prompt", "model", "text")}
    for name, text in texts.items():
        if not isinstance(text, str):
            raise TypeError(f"{name} is a {type(text).__name__}, not a text")
    rating = record["rating"]
    if isinstance(rating, bool) or not isinstance(rating, int | float) or not math.isfinite(rating):
        raise ValueError(f"rating is {rating!r}, not a number")
    return Response(**texts, rating=float(rating), record=record)


def by_prompt(responses: Sequence[Response], seed: int) -> tuple[dict[str, list[Response]], list[Dropped]]:
    """The responses of each prompt, the best first, and those left out: empty ones, and texts that are there twice.

    Of models that wrote the same text, one is drawn.
    """
    kept: dict[str, list[Response]] = defaultdict(list)
    dropped = [Dropped(one.id, "empty") for one in responses if not one.text.strip()]
    said = sorted(
        (one for one in responses if one.text.strip()), key=lambda one: (one.prompt, one.text, one.id)
    )
    for _, same in groupby(said, key=lambda one: (one.prompt, one.text)):
        first, *others = sorted(same, key=lambda one: fraction(seed, "same text", one.id))
        kept[first.prompt].append(first)
        dropped += [Dropped(one.id, "same-text", f"as {first.id}") for one in others]
    ranked = {name: sorted(found, key=lambda one: (-one.rating, one.id)) for name, found in kept.items()}
    return ranked, dropped
