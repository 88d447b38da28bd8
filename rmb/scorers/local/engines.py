"""What runs a model on batches of texts: here, on this machine's device, or on a cluster by Ray."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from rmb.errors import UnreachableError, one_line
from rmb.scorers.local.batches import Batch, Work
from rmb.scorers.local.text import Text


class Scoring(Protocol):
    """A loaded model, ready to score."""

    @property
    def longest(self) -> int:
        """Tokens of a text that can share its beginning with others; 0 if none can."""

    @property
    def work(self) -> Work:
        """What went through it so far."""

    @property
    def on_accelerator(self) -> bool:
        """Whether it takes memory of a device that the next judge will want."""

    def scores(self, batch: Batch) -> list[tuple[Text, tuple[float, ...] | None]]:
        """The scores of a batch's texts, one for each response shown; None where memory did not suffice."""


class Loadable(Protocol):
    """A model to be loaded where it is to run: it can be sent to another process."""

    def loaded(self) -> Scoring:
        """The model, on its device. Raises ContentError if it cannot be loaded."""

    def sharing(self, longest: int) -> int:
        """Tokens of a text that may share its beginning, where the model can do that up to `longest`."""


@dataclass(frozen=True, slots=True)
class Done:
    """A batch that was scored: its texts with their scores (None: out of memory), and the seconds that it took."""

    scores: list[tuple[Text, tuple[float, ...] | None]]
    seconds: float


PlannedFor = Callable[[int], Iterator[Sequence[Batch]]]
"""The batches to be scored, some at a time, given how long a text may be that shares its beginning (0: none can)."""


class Engine(Protocol):
    """Runs a model on batches."""

    def run(self, plan: PlannedFor) -> AsyncGenerator[Done]:
        """Each batch's scores, in any order, as they come. May be closed at any time.

        Raises ContentError if the model cannot be loaded, UnreachableError if there is nothing left to run it.
        """


class Here:
    """The model in this process, on one device."""

    def __init__(self, model: Loadable) -> None:
        """model: is loaded when first needed."""
        self.model = model

    @cached_property
    def scoring(self) -> Scoring:
        """The model, loaded. Raises ContentError if it cannot be."""
        return self.model.loaded()

    async def run(self, plan: PlannedFor) -> AsyncGenerator[Done]:
        """One batch after the other; while one is told of, the device is at work on the next."""
        scoring = await asyncio.to_thread(lambda: self.scoring)
        running: asyncio.Task[Done] | None = None
        try:
            async with aclosing(ahead(plan(self.model.sharing(scoring.longest)))) as batches:
                async for batch in batches:
                    done = None if running is None else await running
                    running = asyncio.create_task(asyncio.to_thread(timed, scoring, batch))
                    if done is not None:
                        yield done
            if running is not None:
                yield await running
        finally:
            # A pass cannot be stopped, and what it works on must not be let go.
            if running is not None:
                await asyncio.wait({running})
            if scoring.on_accelerator:
                del self.scoring


async def ahead(parts: Iterator[Sequence[Batch]]) -> AsyncGenerator[Batch]:
    """The batches, one at a time; while they are taken, the next part's are made in another thread."""
    upcoming = asyncio.create_task(asyncio.to_thread(next, parts, None))
    try:
        while (part := await upcoming) is not None:
            upcoming = asyncio.create_task(asyncio.to_thread(next, parts, None))
            for batch in part:
                yield batch
    finally:
        await asyncio.wait({upcoming})


def timed(scoring: Scoring, batch: Batch) -> Done:
    """A batch's scores, and how long they took. Raises UnreachableError if the device fails."""
    started = time.monotonic()
    try:
        scores = scoring.scores(batch)
    except RuntimeError as error:
        raise UnreachableError(f"the model failed at a batch of texts: {one_line(error)[:300]}") from error
    return Done(scores, time.monotonic() - started)
