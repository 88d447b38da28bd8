"""Where the stages of a build ask models: a desk at which one that cannot be reached ends the stage."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from rmb.cards import NamedCard
from rmb.run import desk
from rmb.run.desk import Seat
from rmb.scorers.budget import Budget


@dataclass
class Desk(desk.Desk):
    """The desk of a stage, which stops with what it has: the same command goes on.

    card: the card of a name, with the options of the command laid over it. budget: that all calls are paid from.
    """

    goes_on: bool = False
    card: Callable[[str], NamedCard] = field(kw_only=True)
    budget: Budget = field(kw_only=True)

    def told(self) -> dict[str, Any]:
        """What was asked of whom, and what it cost, for the data card."""
        seats = dict.fromkeys(self.seats)
        return {"judges": [described(seat) for seat in seats], **super().told()}


def described(seat: Seat) -> dict[str, Any]:
    """Who was asked, for the data card."""
    return {"name": seat.name, "sha256": seat.card.sha256, "identity": dict(seat.scorer.identity)}
