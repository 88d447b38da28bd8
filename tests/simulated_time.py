"""An event loop whose time jumps: what waits for seconds, or hours, takes no time at all; and servers to wait for."""

from __future__ import annotations

import asyncio
import math
import random
import selectors
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, TypeVar

from rmb.cards import Limits
from rmb.records import Answer, Failure, Usage
from rmb.scorers.attempts import completed, no_answer
from rmb.scorers.faults import Complaint
from rmb.scorers.pace import Pace

Result = TypeVar("Result")
LIMITED = Complaint(429, "slow down")


class Jumping(selectors.SelectSelector):
    """Waits for nothing: the time that would pass is added to the clock."""

    now = 0.0

    def select(self, timeout: float | None = None) -> Any:
        """What is ready, after the time has jumped."""
        # Never nothing, as with real clocks: rounding may have asked for less than the clock can tell.
        self.now += max(timeout or 0.0, 1e-6)
        return super().select(0)


class JumpingLoop(asyncio.SelectorEventLoop):
    """An event loop on such a clock."""

    def __init__(self) -> None:
        self.jumping = Jumping()
        super().__init__(self.jumping)

    def time(self) -> float:
        """The seconds that have passed, so to speak."""
        return self.jumping.now


def in_no_time(work: Callable[[], Coroutine[Any, Any, Result]]) -> Result:
    """What a coroutine gives, on a loop whose time jumps."""
    with asyncio.Runner(loop_factory=JumpingLoop) as runner:
        return runner.run(work())


async def stand_still(seconds: float, every_s: float) -> None:
    """Lets the clock go on by about so many seconds again and again while nothing runs, as on a busy machine."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, JumpingLoop)
    while True:
        await asyncio.sleep(random.expovariate(1 / every_s))
        loop.jumping.now += seconds * random.uniform(0.5, 1.5)


def now() -> float:
    """The time of the running loop."""
    return asyncio.get_running_loop().time()


@dataclass
class Bucket:
    """A provider that lets `rate` requests a second through, `burst` of them at once, and says when to come again.

    whole: it says so in whole seconds, as most do; silent: not at all. latency_s: of an answer; a refusal takes a tenth.
    """

    rate: float
    burst: float
    whole: bool = False
    silent: bool = False
    latency_s: float = 0.1
    sent: list[float] = field(default_factory=list)
    refused: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.level, self.at = self.burst, 0.0

    async def attempt(self, number: int) -> Answer:
        """The answer to one request. Raises FailedAttempt if the bucket is empty."""
        await asyncio.sleep(self.latency_s / 20)
        self.level = min(self.burst, self.level + (now() - self.at) * self.rate)
        self.at = now()
        self.sent.append(self.at)
        if self.level < 1:
            self.refused.append(self.at)
            await asyncio.sleep(self.latency_s / 10)
            wait = (1 - self.level) / self.rate
            return no_answer(LIMITED, "429", 0.0 if self.silent else math.ceil(wait) if self.whole else wait)
        self.level -= 1
        await asyncio.sleep(self.latency_s)
        return Answer(text="A", usage=Usage(prompt_tokens=1, completion_tokens=1, attempts=number))

    def used(self, start: float, end: float) -> float:
        """Answers a second between two times, as a share of the rate."""
        among = [at for at in self.sent if start <= at < end]
        bad = [at for at in self.refused if start <= at < end]
        return (len(among) - len(bad)) / (end - start) / self.rate

    def refusals(self, start: float, end: float) -> float:
        """The share of the requests between two times that were refused."""
        among = [at for at in self.sent if start <= at < end]
        return len([at for at in self.refused if start <= at < end]) / max(1, len(among))


def load(
    server: Any,
    seconds: float,
    *,
    concurrency: int = 64,
    limits: Limits | None = None,
    stall_s: float = 0.0,
    every_s: float = math.inf,
) -> tuple[Pace, list[Answer | Failure]]:
    """The pace that a server taught, and the replies, after so many seconds of questions without end.

    stall_s, every_s: how long the program stands still, and how long it runs between two times of it, on average.
    """

    async def work() -> tuple[Pace, list[Answer | Failure]]:
        allowed = limits or Limits(concurrency=concurrency)
        pace, replies = Pace(allowed, clock=now), []

        async def one() -> None:
            while now() < seconds:
                replies.append(await completed(server.attempt, allowed, pace))

        standing = asyncio.create_task(stand_still(stall_s, every_s)) if stall_s else None
        await asyncio.gather(*(one() for _ in range(2 * concurrency)))
        if standing is not None:
            standing.cancel()
        return pace, replies

    return in_no_time(work)
