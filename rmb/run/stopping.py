"""Ending a run early: a first Ctrl-C (or SIGTERM) asks nothing more and waits for what is under way, a second one does not.

What is under way is paid for, so it is worth a few seconds; what was answered is on disk before it is counted.
"""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

from rmb.errors import RmbError

DRAIN_S = 10.0
"""The most that is waited for what is under way."""
SIGNALS = (signal.SIGINT, signal.SIGTERM)

T = TypeVar("T")
logger = logging.getLogger(__name__)


class Stop:
    """Whether a run is to end."""

    def __init__(self) -> None:
        """It is not, so far."""
        self._asked = asyncio.Event()

    @property
    def asked(self) -> bool:
        """Whether it is."""
        return self._asked.is_set()

    def ask(self) -> None:
        """Ends it."""
        self._asked.set()

    async def wait(self) -> None:
        """Returns when it is to end."""
        await self._asked.wait()


@contextmanager
def heeding() -> Iterator[Stop]:
    """A Stop that the first signal asks for; the second cancels the task that is in here.

    Where signals cannot be heeded (another thread, Windows), or are ignored by whoever started the program, all is as
    it was.
    """
    stop, task = Stop(), asyncio.current_task()
    assert task is not None

    def received() -> None:
        if stop.asked:
            task.cancel()
        else:
            stop.ask()
            logger.info(
                "stopping: waiting up to %.0f s for answers under way; once more ends at once", DRAIN_S
            )

    loop, before = asyncio.get_running_loop(), {}
    for number in SIGNALS:
        handler = signal.getsignal(number)
        try:
            if handler is not signal.SIG_IGN:
                loop.add_signal_handler(number, received)
                before[number] = handler
        except (NotImplementedError, RuntimeError, ValueError):
            break
    try:
        yield stop
    finally:
        for number, handler in before.items():
            loop.remove_signal_handler(number)
            signal.signal(number, handler)


@dataclass
class Ending:
    """How asking came to its end. error: why it ended early, if it did; interrupted: whether somebody wanted it to."""

    stop: Stop
    error: RmbError | None = None
    interrupted: bool = False


@contextmanager
def ending() -> Iterator[Ending]:
    """Asking in here ends early by signals and by errors of this program's, and never raises these."""
    task = asyncio.current_task()
    assert task is not None
    with heeding() as stop:
        end = Ending(stop)
        try:
            yield end
        except RmbError as failed:
            end.error = failed
        except asyncio.CancelledError:
            # What was answered is put together all the same, and what comes after can be awaited.
            end.interrupted = True
            task.uncancel()
        else:
            end.interrupted = stop.asked


async def until(
    stop: Stop, replies: AsyncGenerator[T], stopping: Callable[[], object], *, drain_s: float = DRAIN_S
) -> AsyncGenerator[T]:
    """The replies as they come; once a stop is asked for, those that come within `drain_s`.

    stopping: is called then, so that nothing new is asked.
    """
    loop = asyncio.get_running_loop()
    asked, deadline = asyncio.create_task(stop.wait()), 0.0
    try:
        while True:
            upcoming = asyncio.create_task(following(replies))
            try:
                await asyncio.wait({upcoming, asked}, return_when=asyncio.FIRST_COMPLETED)
                if asked.done():
                    if not deadline:
                        deadline = loop.time() + drain_s
                        stopping()
                    await asyncio.wait({upcoming}, timeout=max(0.0, deadline - loop.time()))
                if not upcoming.done() or not upcoming.result():
                    return
                yield upcoming.result()[0]
            finally:
                upcoming.cancel()
                await asyncio.gather(upcoming, return_exceptions=True)
    finally:
        asked.cancel()


async def following(replies: AsyncGenerator[T]) -> tuple[T, ...]:
    """The next reply; () where there is none."""
    async for reply in replies:
        return (reply,)
    return ()
