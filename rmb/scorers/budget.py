"""The dollars that a command may spend: room for a call is reserved before it is sent, and settled when it is over."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from rmb.errors import BudgetError


@dataclass(slots=True)
class Call:
    """A call that room is held for. most_usd: that it may cost; None where no price is known."""

    model: str
    most_usd: float | None
    usd: float | None = None

    def settle(self, usd: float | None) -> None:
        """Takes down what it did cost; None if that is not known, so that it counts as the most it may have been."""
        self.usd = usd


class Budget:
    """What may be spent, and what has been, by all who share it.

    spent_usd: by calls whose cost is known. untold: calls that may have been billed, and whose cost nobody told, such as
    those that broke off; untold_usd: the most that these may have cost, which counts as spent.
    """

    def __init__(self, cap_usd: float | None = None) -> None:
        """cap_usd: the most that may be spent; None for no limit."""
        self.cap_usd = cap_usd
        self.spent_usd = self.untold_usd = 0.0
        self.untold = self.under_way = 0
        self._held = 0.0
        self._used_up: str | None = None
        self._changed = asyncio.Event()

    @property
    def counted_usd(self) -> float:
        """What counts against the cap."""
        return self.spent_usd + self.untold_usd

    @property
    def room_usd(self) -> float:
        """What may still be reserved now; infinite without a cap."""
        if self.cap_usd is None:
            return math.inf
        return 0.0 if self._used_up else self.cap_usd - self.counted_usd - self._held

    @asynccontextmanager
    async def holding(self, model: str, most_usd: float | None) -> AsyncGenerator[Call]:
        """Room for a call, once there is some: calls under way may turn out cheaper than they might have been.

        Raises BudgetError when nothing is under way that could still make room; from then on for every call.
        """
        call, held = Call(model, most_usd), most_usd or 0.0
        while not self._fits(held):
            if not self.under_way:
                self._used_up = self._told(call)
            if self._used_up:
                raise BudgetError(self._used_up)
            await self._changed.wait()
        self._held += held
        self.under_way += held > 0
        try:
            yield call
        finally:
            self._held -= held
            self.under_way -= held > 0
            self._enter(call)
            # Made anew, as an event belongs to the loop that waited for it.
            self._changed.set()
            self._changed = asyncio.Event()

    def _fits(self, held: float) -> bool:
        return not held or held <= self.room_usd

    def _enter(self, call: Call) -> None:
        if call.usd is not None:
            self.spent_usd += call.usd
        elif call.most_usd:
            self.untold += 1
            self.untold_usd += call.most_usd

    def _told(self, call: Call) -> str:
        one = f"one call of {call.model} may cost ${call.most_usd:.4g}"
        if not self.counted_usd:
            return f"the budget of ${self.cap_usd:.4g} is below one call: {one}; give a larger --budget, or a lower --max-tokens"
        more = (
            f", and up to ${self.untold_usd:.4g} by {self.untold} calls that broke off" if self.untold else ""
        )
        return (
            f"the budget of ${self.cap_usd:.4g} is used up: ${self.spent_usd:.4g} spent{more}; {one}; "
            "to go on, give a larger --budget: it is for what is left to ask"
        )
