"""What runs a model on batches of texts: here, on this machine's device, or on a cluster by Ray."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from rmb.errors import MissingExtra
from rmb.scorers.local.architectures import Scoring
from rmb.scorers.local.batches import Batch
from rmb.scorers.local.models import Model
from rmb.scorers.local.text import Text


@dataclass(frozen=True, slots=True)
class Done:
    """A batch that was scored: its texts with their scores (None: out of memory), and the seconds that it took."""

    scores: list[tuple[Text, tuple[float, ...] | None]]
    seconds: float


PlannedFor = Callable[[int], Iterator[Batch]]
"""The batches to be scored, given how long a text may be that shares its beginning with others (0: none can)."""


class Engine(Protocol):
    """Runs a model on batches."""

    def run(self, plan: PlannedFor) -> AsyncGenerator[Done]:
        """Each batch's scores, in any order, as they come. May be closed at any time.

        Raises ContentError if the model cannot be loaded, UnreachableError if there is nothing left to run it.
        """


class Here:
    """The model in this process, on one device."""

    def __init__(self, model: Model) -> None:
        """model: is loaded when first needed."""
        self.model = model

    @cached_property
    def scoring(self) -> Scoring:
        """The model, loaded. Raises ContentError if it cannot be."""
        return self.model.loaded()

    async def run(self, plan: PlannedFor) -> AsyncGenerator[Done]:
        """One batch after the other; the next one's texts are made while the device is at work."""
        scoring = await asyncio.to_thread(lambda: self.scoring)
        batches = plan(self.model.sharing(scoring.longest))
        batch = await asyncio.to_thread(next, batches, None)
        while batch is not None:
            upcoming = asyncio.to_thread(next, batches, None)
            done, batch = await asyncio.gather(asyncio.to_thread(timed, scoring, batch), upcoming)
            yield done


def timed(scoring: Scoring, batch: Batch) -> Done:
    """A batch's scores, and how long they took."""
    started = time.monotonic()
    return Done(scoring.scores(batch), time.monotonic() - started)


def open_engine(model: Model) -> Engine:
    """The engine that the user chose; this machine's, if none. Raises MissingExtra for Ray where it is not installed."""
    if model.local.engine != "ray":
        return Here(model)
    try:
        from rmb.scorers.local.ray_engine import OnRay
    except ModuleNotFoundError as error:
        raise MissingExtra(f'--engine ray needs {error.name}: pip install "rmb-judge[scale]"') from error
    return OnRay(model)
