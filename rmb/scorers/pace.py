"""How fast a provider is asked: each request waits for its turn, and what comes of it sets the pace of the next.

One for each line: a provider that wants less is given less by all who ask it, and others are not touched.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

from aiolimiter import AsyncLimiter

from rmb.cards import Limits
from rmb.scorers.throttle import Rate, Window

BURST_S = 0.1
"""Seconds of a limit on requests that may be sent at once."""
TOKEN_BURST_S = 6.0
"""The same for tokens, of which a single question has thousands."""
HEADROOM = 1.25
"""Of what a rate takes, so that the window is not what holds it up."""
LOOK_S = 0.5
"""Seconds after which one that waits looks whether it still is to be sent."""
FIRST_PAUSE_S, MOST_PAUSE_S = 0.5, 30.0


class Stopped(Exception):
    """Nothing more is sent: the run is to end."""


class Turn:
    """A request under way; what comes of it is told to the pace."""

    def __init__(self, pace: Pace, number: int, tokens: int) -> None:
        """number: of the request; tokens: that it may take."""
        self.pace, self.number, self.tokens = pace, number, tokens
        self.sent_at = pace.clock()
        self.limited = False

    def answered(self, tokens: int) -> None:
        """There is an answer. tokens: that it took; 0 if the provider did not say."""
        pace, seconds = self.pace, self.pace.clock() - self.sent_at
        needed = HEADROOM * pace.rate.takes(pace.window.latency_s)
        pace.window.answered(seconds, full=pace.full_at >= self.sent_at, needed=needed)
        pace.strikes = 0
        if tokens:
            pace.owed += tokens - self.tokens

    def busy(self, *, limited: bool, after_s: float) -> None:
        """The provider wants fewer requests. limited: for their rate (429); after_s: the wait it asks for, 0 for none."""
        self.limited = limited
        self.pace.slow_down(self, limited=limited, after_s=after_s)


class Pace:
    """Lets requests go, one after the other: as many at once and a second as the provider takes and the limits allow.

    in_flight: requests under way; limited: times that one was refused for its rate;
    paused_until: by the provider, on the clock.
    """

    def __init__(self, limits: Limits, *, clock: Callable[[], float] = time.monotonic) -> None:
        """limits: of the card; clock: goes forward only."""
        self.limits, self.clock = limits, clock
        self.limited = 0
        self.open()

    def open(self) -> None:
        """Forgets all that was learnt, and is ready for another event loop; nothing may be under way."""
        self.window, self.rate = Window(self.limits.concurrency), Rate()
        self.in_flight = self.strikes = self.settled = 0
        self.owed = 0.0
        self.full_at = self.paused_until = float("-inf")
        self.stopped = False
        self.gate, self.freed = asyncio.Lock(), asyncio.Event()
        self.requests = limiter(self.limits.rpm, BURST_S)
        self.tokens = limiter(self.limits.tpm, TOKEN_BURST_S)

    @property
    def paused_s(self) -> float:
        """Seconds for which nothing is sent because the provider has too much to do; 0 if it may be asked."""
        return max(0.0, self.paused_until - self.clock())

    def stop(self) -> None:
        """Lets nothing more go; what is under way goes on. Those who wait for a turn are told with Stopped."""
        self.stopped = True
        self.freed.set()

    @asynccontextmanager
    async def turn(self, tokens: int = 0) -> AsyncGenerator[Turn]:
        """A turn, as soon as it may be had, in the order of asking. tokens: that the request may take, about."""
        # One at a time: who comes first goes first, and nobody is woken in vain.
        async with self.gate:
            await self._within_limits(tokens)
            await self._ready()
            turn = Turn(self, self.rate.sent(self.clock()), tokens)
            self.in_flight += 1
        try:
            yield turn
        finally:
            self.in_flight -= 1
            self.freed.set()
            if not turn.limited:
                self.rate.admitted()

    def slow_down(self, turn: Turn, *, limited: bool, after_s: float) -> None:
        """Learns that the provider has too much to do: nobody sends before the time that it asks for."""
        now = self.clock()
        new = turn.number > self.settled
        if limited:
            self.limited += 1
            self.rate.refused(turn.number, turn.sent_at, now)
        if new:
            self.settled = self.rate.last
            self.strikes += 1
            self.window.overloaded(needed=HEADROOM * self.rate.takes(self.window.latency_s))
        if limited and new and not after_s:
            most = min(MOST_PAUSE_S, FIRST_PAUSE_S * 2.0 ** (self.strikes - 1))
            after_s = random.uniform(0.5, 1.0) * most  # noqa: S311 - no secret hangs on it
        self.paused_until = max(self.paused_until, now + after_s)
        self.rate.pause(now + after_s)

    async def _within_limits(self, tokens: int) -> None:
        if self.requests is not None:
            await self.requests.acquire()
        if self.tokens is not None:
            # What earlier questions took beyond their estimate, or less, is settled by the next.
            due = min(max(0.0, tokens + self.owed), self.tokens.max_rate)
            self.owed += tokens - due
            await self.tokens.acquire(due)

    async def _ready(self) -> None:
        while True:
            if self.stopped:
                raise Stopped
            if self.in_flight >= int(self.window.size):
                self.full_at = self.clock()
                self.freed.clear()
                await self.freed.wait()
                continue
            wait = self.rate.next_at - self.clock()
            if wait <= 0:
                return
            await asyncio.sleep(min(wait, LOOK_S))


def limiter(per_minute: int | None, burst_s: float) -> AsyncLimiter | None:
    """What keeps to a limit a minute, with bursts of so many seconds' worth, or of one; None without a limit."""
    if per_minute is None:
        return None
    # The library lets through a whole bucket at once, which for a minute's bucket would be twice the first minute.
    most = max(1.0, per_minute * burst_s / 60)
    return AsyncLimiter(most, 60 * most / per_minute)
