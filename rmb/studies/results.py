"""What came of a study: each cell with its run and what its answers cost."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from rmb.errors import RmbError
from rmb.metrics.race import Standing
from rmb.outcomes import Outcome
from rmb.records import Usage
from rmb.run.execute import Run
from rmb.studies.cell import Cell
from rmb.studies.votes import voted


@dataclass(frozen=True)
class Result:
    """What came of a cell.

    usage: of all its answers, each once, whenever they were asked. unasked: keys of questions that were never asked.
    stopped: why it was asked no further, if so.
    """

    cell: Cell
    run: Run
    usage: Usage
    unasked: frozenset[str] = frozenset()
    stopped: Standing | None = None

    @cached_property
    def outcomes(self) -> tuple[Outcome, ...]:
        """Its verdicts as the study counts them: samples put together, if the cell says how."""
        return voted(self.cell, self.run.outcomes)


@dataclass(frozen=True, slots=True)
class Ended:
    """How a study ended. error: why all of it ended early, if it did."""

    seconds: float
    interrupted: bool = False
    error: RmbError | None = None


@dataclass(frozen=True)
class Sat:
    """What came of a study.

    conversations: that all cells have behind them which were not stopped, of `of` there are.
    asked, from_store: distinct answers of all cells; cost_usd: of those asked in this session, None if unknown.
    """

    results: tuple[Result, ...]
    conversations: int
    of: int
    asked: int
    from_store: int
    cost_usd: float | None
    ended: Ended
