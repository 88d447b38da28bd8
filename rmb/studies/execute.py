"""A study from beginning to end: its cells asked item by item, and what came of each."""

from __future__ import annotations

import time
from collections.abc import Sequence

from rmb.metrics.race import Standing
from rmb.records import Answer, Item
from rmb.run.inquiry import Watcher, together
from rmb.run.stopping import ending
from rmb.store import Store
from rmb.studies.cell import Cell
from rmb.studies.cells import Asked
from rmb.studies.desk import Desk
from rmb.studies.results import Ended, Result, Sat
from rmb.studies.sitting import Referee, Sitting


def prepared(cells: Sequence[Cell], items: Sequence[Item], store: Store | None) -> list[Asked]:
    """The cells with their plans, and with what the store has. Asks nothing."""
    return [Asked(cell, items, store) for cell in cells]


async def execute(
    cells: Sequence[Asked],
    items: Sequence[Item],
    *,
    store: Store | None,
    watcher: Watcher,
    seed: int = 0,
    referee: Referee | None = None,
) -> Sat:
    """Asks all cells. Never raises for what a judge or provider does: see `Result.run`, `Sat.error`."""
    started = time.monotonic()
    desk = Desk(store, watcher)
    for one in cells:
        one.hand_over(desk)
    distinct = {key for one in cells for part in (one.asking, *one.asking.before) for key in part.keys}
    watcher.planned(len(distinct), len(distinct & set(desk.known)))
    sitting = Sitting(cells, items, desk, seed=seed, referee=referee)
    with ending() as end:
        await sitting.run(end.stop)
    ended = Ended(time.monotonic() - started, end.interrupted, end.error)
    stopped = {} if referee is None else referee.stopped
    results = [result(one, sitting, ended, stopped.get(number)) for number, one in enumerate(cells)]
    return told(results, sitting, ended)


def result(one: Asked, sitting: Sitting, ended: Ended, stopped: Standing | None) -> Result:
    """What came of a cell."""
    fault = ended.error or sitting.faults.get(one.cell.judge)
    run = one.run(sitting.desk, seconds=ended.seconds, interrupted=ended.interrupted, error=fault)
    desk = sitting.desk
    return Result(one.cell, run, one.usage(desk), frozenset(one.unasked(desk)), stopped)


def told(results: Sequence[Result], sitting: Sitting, ended: Ended) -> Sat:
    """What came of all cells, with what was asked for all of them together."""
    desk = sitting.desk
    answers = {key: reply for key, reply in desk.known.items() if isinstance(reply, Answer)}
    asked = [answers[key] for key in desk.fresh if key in answers]
    return Sat(
        results=tuple(results),
        conversations=sitting.reached,
        of=len(sitting.order),
        asked=len(asked),
        from_store=len(answers) - len(asked),
        cost_usd=together(asked).cost_usd,
        ended=ended,
    )
