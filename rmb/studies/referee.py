"""Stops the cells of a study that are clearly worse, conversation by conversation (see rmb.metrics.race)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np

from rmb.metrics.columns import columns
from rmb.metrics.credits import item_credits
from rmb.metrics.race import Race, Standing, most_of, weights
from rmb.outcomes import Convention, Outcome, facts
from rmb.records import Item
from rmb.studies.cell import Cell
from rmb.studies.votes import voted


class Elimination:
    """A race of a study's cells, fed with what they answer."""

    def __init__(
        self,
        cells: Sequence[Cell],
        items: Sequence[Item],
        convention: Convention,
        *,
        level: float,
        keep: Collection[int],
    ) -> None:
        """items: of the study; level: at which the best cell may be lost; keep: cells that are asked to the end."""
        compared = [facts(item) for item in items if item.losers]
        each = weights(compared, convention.average)
        self.cells, self.convention = cells, convention
        self.weight = dict(zip(compared, map(float, each), strict=True))
        self.race = Race(len(cells), most_of(compared, each), level=level, keep=keep)

    @property
    def stopped(self) -> Mapping[int, Standing]:
        """The cells that were, by number, and what was held against each."""
        return self.race.dropped

    def see(self, conversation: int, outcomes: Sequence[Sequence[Outcome] | None]) -> list[int]:
        """Takes in what came of a conversation; gives the cells to stop."""
        row = np.full(len(outcomes), np.nan)
        for number, mine in enumerate(outcomes):
            if mine is None:
                # A cell that nobody asks any more leads no longer either.
                self.race.running[number] = False
            else:
                row[number] = self.value(number, mine)
        return [one.cell for one in self.race.see(row)]

    def value(self, number: int, outcomes: Sequence[Outcome]) -> float:
        """What a conversation adds to a cell's Overall; NaN where an answer is missing."""
        judged = columns(voted(self.cells[number], outcomes))
        worth = item_credits(judged, self.convention)
        return float(
            sum(self.weight[item] * credit for item, credit in zip(judged.items, worth, strict=True))
        )
