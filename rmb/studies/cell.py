"""A cell of a study: a judge asked in one way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rmb.outcomes import How
from rmb.run.plan import Settings
from rmb.scorers import Scorer


@dataclass(frozen=True, slots=True)
class Cell:
    """One judge, asked in one way.

    levels: by axis; name: made of those that vary. judge: cells of one judge share its connection and its limits.
    stored: whether its answers are worth keeping. vote: how its samples make one verdict; None: each counts.
    """

    name: str
    levels: Mapping[str, str]
    judge: str
    scorer: Scorer
    settings: Settings
    stored: bool = True
    vote: How | None = None
