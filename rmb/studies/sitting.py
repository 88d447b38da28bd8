"""A study being asked: item by item through all its cells, so that all have seen the same whenever it ends."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from rmb.canonical import fraction
from rmb.errors import RmbError, StorageError
from rmb.metrics.race import Standing
from rmb.outcomes import Outcome, conversation_mark
from rmb.records import Item
from rmb.run.stopping import DRAIN_S, Stop
from rmb.scorers.asking import Connected, Line
from rmb.studies.cells import Asked
from rmb.studies.desk import Desk

BLOCK = 64
"""Conversations that a model on this machine is asked at a time: texts of many fill its batches."""
AHEAD = 2
"""Rounds of a judge's concurrency that it may be ahead of the slowest judge."""
PAUSE = 256
"""Steps without a question after which others, such as Ctrl-C, have their turn."""


class Referee(Protocol):
    """Decides which cells go on."""

    @property
    def stopped(self) -> Mapping[int, Standing]:
        """The cells that do not, by number, and what was held against each."""

    def see(self, conversation: int, outcomes: Sequence[Sequence[Outcome] | None]) -> Sequence[int]:
        """Learns what came of a conversation's items in each cell (None: no longer asked); gives the cells to stop."""


def by_conversation(items: Sequence[Item], seed: int) -> list[list[int]]:
    """The indices of the items by conversation, conversations in an order drawn from the seed.

    Wherever a study ends, what was asked is a random part of the conversations.
    """
    groups: defaultdict[str, list[int]] = defaultdict(list)
    for place, item in enumerate(items):
        groups[conversation_mark(item.conversation)].append(place)
    return [groups[mark] for mark in sorted(groups, key=lambda mark: (fraction(seed, mark), mark))]


@dataclass(frozen=True, slots=True)
class Step:
    """Items asked together: of one conversation, or of several whole ones."""

    conversations: range
    items: Sequence[int]


class Sitting:
    """The cells of a study, and how far each has come.

    faults: why a judge cannot go on, by judge. gone: cells that are no longer asked, for a fault or at the
    referee's word. reached: conversations that all others have behind them.
    """

    def __init__(
        self, cells: Sequence[Asked], items: Sequence[Item], desk: Desk, *, seed: int, referee: Referee | None
    ) -> None:
        """seed: of the order of the conversations."""
        self.cells, self.desk, self.referee = cells, desk, referee
        self.stopping = False
        self.order = by_conversation(items, seed)
        self.lanes: defaultdict[str, list[int]] = defaultdict(list)
        for number, asked in enumerate(cells):
            self.lanes[asked.cell.judge].append(number)
        self.left = [self.steps_left(asked) for asked in cells]
        self.waiting = [len(cells)] * len(self.order)
        self.faults: dict[str, RmbError] = {}
        self.gone: set[int] = set()
        self.reached = 0
        self.moved = asyncio.Event()
        self.lines: list[Line] = []

    async def run(self, stop: Stop) -> None:
        """Asks until all is answered, or nothing more can be, or it is to end.

        Raises StorageError; other faults end one judge.
        """
        tasks = [asyncio.create_task(self.lane(judge, numbers)) for judge, numbers in self.lanes.items()]
        heeding = asyncio.create_task(self.heed(stop, tasks))
        try:
            await asyncio.gather(*tasks)
        finally:
            await ended([heeding, *tasks])
            # After the last lane: closing LiteLLM's connections closes those of all judges.
            for line in self.lines:
                await line.close()

    async def heed(self, stop: Stop, tasks: Sequence[asyncio.Task[None]]) -> None:
        """Once it is to end: nothing more is asked, and what is under way is waited for, but not for ever."""
        await stop.wait()
        self.stopping = True
        for line in self.lines:
            line.stop()
        self.moved.set()
        await asyncio.sleep(DRAIN_S)
        for task in tasks:
            task.cancel()

    async def lane(self, judge: str, cells: Sequence[int]) -> None:
        """Asks the cells of one judge."""
        line = line_of(self.cells[cells[0]])
        running: set[asyncio.Task[None]] = set()
        try:
            if line is not None:
                self.lines.append(line)
                await line.open()
            await self.through(cells, line, running)
        except StorageError:
            raise
        except RmbError as fault:
            self.faults[judge] = fault
            self.leave(cells)
        finally:
            await ended(running)

    async def through(
        self, cells: Sequence[int], line: Line | None, running: set[asyncio.Task[None]]
    ) -> None:
        """Takes every step with every cell, as many at once as the line allows."""
        most = line.most if line else 1
        ahead = AHEAD * (1 + most // len(cells)) if line else BLOCK
        steps = list(self.steps(self.cells[cells[0]]))
        for taken, (step, number) in enumerate((step, number) for step in steps for number in cells):
            while step.conversations[0] >= self.reached + ahead and not self.stopping:
                await self.others(running)
            if self.stopping:
                break
            if number in self.gone or self.cells[number].settled(step.items, self.desk):
                self.done(number, step)
                if taken % PAUSE == 0:
                    await asyncio.sleep(0)
                continue
            while len(running) >= most:
                await first(running)
            running.add(asyncio.create_task(self.take(number, step)))
        while running:
            await first(running)

    async def others(self, running: set[asyncio.Task[None]]) -> None:
        """Waits until all cells have moved on, or one of the tasks is done. Raises what that raised."""
        moved = asyncio.create_task(self.moved.wait())
        try:
            await asyncio.wait({moved, *running}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            moved.cancel()
        collect(running)

    def steps(self, asked: Asked) -> Iterator[Step]:
        """The items in the order in which a cell is asked them: one by one, or by blocks of conversations."""
        block = 1 if line_of(asked) else BLOCK
        for start in range(0, len(self.order), block):
            conversations = range(start, min(start + block, len(self.order)))
            items = [item for conversation in conversations for item in self.order[conversation]]
            if block > 1:
                yield Step(conversations, items)
            else:
                yield from (Step(conversations, [item]) for item in items)

    def steps_left(self, asked: Asked) -> list[int]:
        """How many steps of a cell each conversation has."""
        left = [0] * len(self.order)
        for step in self.steps(asked):
            for conversation in step.conversations:
                left[conversation] += 1
        return left

    async def take(self, number: int, step: Step) -> None:
        """One step with one cell."""
        await self.cells[number].ask(step.items, self.desk)
        # At the end a part of it may never have been sent.
        if not self.stopping:
            self.done(number, step)

    def done(self, number: int, step: Step) -> None:
        """Takes note of a step, and moves on where all cells have a conversation behind them."""
        for conversation in step.conversations:
            self.left[number][conversation] -= 1
            if not self.left[number][conversation] and number not in self.gone:
                self.waiting[conversation] -= 1
        self.advance()

    def leave(self, cells: Iterable[int]) -> None:
        """Asks some cells no more: nobody waits for them."""
        for number in cells:
            if number not in self.gone:
                self.gone.add(number)
                for conversation, left in enumerate(self.left[number]):
                    self.waiting[conversation] -= bool(left)
        self.advance()

    def advance(self) -> None:
        """Moves on past every conversation that all cells have behind them, with the referee's word on each."""
        before = self.reached
        while self.reached < len(self.order) and not self.waiting[self.reached]:
            conversation, self.reached = self.reached, self.reached + 1
            if self.referee is not None:
                self.leave(self.referee.see(conversation, self.came_of(conversation)))
        if self.reached > before:
            self.moved.set()
            self.moved = asyncio.Event()

    def came_of(self, conversation: int) -> list[list[Outcome] | None]:
        """What came of a conversation's items, by cell; None of a cell that is no longer asked."""
        return [
            None
            if number in self.gone
            else [asked.outcome(item, self.desk) for item in self.order[conversation]]
            for number, asked in enumerate(self.cells)
        ]


def line_of(asked: Asked) -> Line | None:
    """What a cell's questions go through; None for a judge on this machine."""
    return asked.scorer.line if isinstance(asked.scorer, Connected) else None


async def first(running: set[asyncio.Task[None]]) -> None:
    """Waits until one is done. Raises what it raised."""
    await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
    collect(running)


def collect(running: set[asyncio.Task[None]]) -> None:
    """Takes out what is done. Raises what it raised."""
    done = {task for task in running if task.done()}
    running -= done
    faults = [fault for task in done if (fault := task.exception()) is not None]
    if faults:
        raise faults[0]


async def ended(tasks: Iterable[asyncio.Task[None]]) -> None:
    """Cancels what still runs, and waits for its end; the fault that ended it has been told by another."""
    tasks = list(tasks)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
