"""Ending a run early: what comes in time is kept, what does not is let go."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncGenerator
from contextlib import aclosing

import pytest

from rmb.run.stopping import Stop, heeding, until


class Coming:
    """Replies 0, 1, 2, … after so many seconds each; `closed` once nobody wants more."""

    def __init__(self, *seconds: float) -> None:
        self.seconds, self.closed = seconds, False

    async def replies(self) -> AsyncGenerator[int]:
        """One after the other."""
        try:
            for number, seconds in enumerate(self.seconds):
                await asyncio.sleep(seconds)
                yield number
        finally:
            self.closed = True


async def kept(coming: Coming, *, stop_after: float | None, drain_s: float = 10.0) -> tuple[list[int], int]:
    """What is kept of some replies where a stop is asked for after so many seconds, and how often that was told."""
    stop, told = Stop(), list[int]()
    if stop_after is not None:
        asyncio.get_running_loop().call_later(stop_after, stop.ask)
    async with (
        aclosing(coming.replies()) as replies,
        aclosing(until(stop, replies, lambda: told.append(1), drain_s=drain_s)) as wanted,
    ):
        found = [reply async for reply in wanted]
    return found, len(told)


@pytest.mark.parametrize(
    ("seconds", "stop_after", "drain_s", "found", "told"),
    [
        ((0, 0, 0), None, 10, [0, 1, 2], 0),
        ((0, 0.2, 0), 0.05, 10, [0, 1, 2], 1),
        ((0, 0.1, 9), 0.05, 0.3, [0, 1], 1),
        ((0, 9), 0.05, 0, [0], 1),
        ((), None, 10, [], 0),
        ((9,), 0.0, 0.1, [], 1),
    ],
    ids=["no stop", "all in time", "one too late", "nothing is waited for", "nothing comes", "at once"],
)
def test_what_comes_in_time_is_kept(
    seconds: tuple[float, ...], stop_after: float | None, drain_s: float, found: list[int], told: int
) -> None:
    """After a stop the asking ends, once told, and replies are taken until the time is up; the source is closed."""
    coming = Coming(*seconds)
    assert asyncio.run(kept(coming, stop_after=stop_after, drain_s=drain_s)) == (found, told)
    assert coming.closed


def test_what_the_source_raises_is_raised() -> None:
    """A fault is no end."""

    async def broken() -> AsyncGenerator[int]:
        yield 1
        raise RuntimeError("gone")

    async def taken() -> None:
        wanted = until(Stop(), broken(), lambda: None)
        assert await anext(wanted) == 1
        with pytest.raises(RuntimeError, match="gone"):
            await anext(wanted)

    asyncio.run(taken())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_first_signal_asks_and_a_second_cancels(number: signal.Signals) -> None:
    """Either of the two; afterwards signals mean what they meant before."""
    before = signal.getsignal(number)

    async def signalled() -> tuple[bool, bool]:
        with heeding() as stop:
            os.kill(os.getpid(), number)
            await asyncio.wait_for(stop.wait(), 5)
            asked = stop.asked
            os.kill(os.getpid(), number)
            try:
                await asyncio.sleep(5)
            except asyncio.CancelledError:
                task = asyncio.current_task()
                assert task is not None
                task.uncancel()
                return asked, True
        return asked, False

    assert asyncio.run(signalled()) == (True, True)
    assert signal.getsignal(number) == before


def test_a_signal_that_is_ignored_stays_ignored() -> None:
    """As in a shell's background job, which is not to end with the Ctrl-C of another."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)

    async def signalled() -> bool:
        with heeding() as stop:
            os.kill(os.getpid(), signal.SIGINT)
            await asyncio.sleep(0.05)
            return stop.asked

    try:
        assert not asyncio.run(signalled())
        assert signal.getsignal(signal.SIGINT) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)
