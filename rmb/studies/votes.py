"""The verdicts of a cell that asks everything several times, as its study counts them."""

from __future__ import annotations

from collections.abc import Sequence

from rmb.metrics.votes import Rule, of_samples
from rmb.outcomes import Outcome
from rmb.studies.cell import Cell


def voted(cell: Cell, outcomes: Sequence[Outcome]) -> tuple[Outcome, ...]:
    """The outcomes with the samples of each comparison put together, if the cell says how."""
    if cell.vote is None or cell.settings.samples == 1:
        return tuple(outcomes)
    shown = [one for one in outcomes if one.showings]
    return of_samples(shown, cell.settings.samples, Rule(cell.vote)) if shown else ()
