"""Questions put to a model that is far away: the first ones alone, the others concurrently, replies as they come."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterable, Iterator
from contextlib import AsyncExitStack
from itertools import islice
from typing import Any, Protocol, runtime_checkable

from rmb.errors import RmbError, UnreachableError
from rmb.records import Answer, Failure, Question
from rmb.scorers.pace import Pace

Reply = tuple[Question, Answer | Failure]
Ask = Callable[[Question], Coroutine[Any, Any, Answer | Failure]]
FIRST_TRIES = 2
HANDS = 2
"""Questions in hand for each that may be under way: one that waits to be asked again keeps no other from being asked."""


class Connection(Protocol):
    """What is opened before the first question, and closed after the last reply."""

    async def open(self) -> None:
        """Makes ready to send. Raises RefusedError if no request can be answered (no key)."""

    async def close(self) -> None:
        """Lets go of all that `open` took; called though `open` failed as well."""


def in_hand(concurrency: int) -> int:
    """The questions in hand for so many requests under way."""
    return HANDS * concurrency


class Line:
    """A connection that several scorers may use at once: opened by the first of them, closed after the last.

    Over all of them, `most` questions are in hand at a time, and what a first question has shown holds for all. How many
    of these are sent, and how fast, is for the connection to say.
    """

    def __init__(self, connection: Connection, model: str, most: int) -> None:
        """model: what is behind it, for messages."""
        self.connection, self.model, self.most = connection, model, most
        self.users = self.failed = 0
        self.is_open = self.proved = self.stopped = False
        self.fault: RmbError | None = None

    async def open(self) -> None:
        """Opens the connection, or waits until another user has. Raises RefusedError as it does."""
        if not self.users:
            # Made anew each time: they belong to the event loop of their first use.
            self.opening, self.proving = asyncio.Lock(), asyncio.Lock()
            self.free = asyncio.Semaphore(self.most)
            self.failed, self.is_open, self.proved, self.fault = 0, False, False, None
            self.stopped = False
        self.users += 1
        async with self.opening:
            if not self.is_open:
                await self.connection.open()
                self.is_open = True

    async def close(self) -> None:
        """Closes the connection, if nobody else uses it; called though `open` failed as well."""
        self.users -= 1
        if not self.users:
            await self.connection.close()

    def check_key(self) -> None:
        """Raises RefusedError if the connection needs a key and has none."""
        check = getattr(self.connection, "check_key", None)
        if check is not None:
            check()

    def stop(self) -> None:
        """Asks nothing more, whoever uses it; what is under way is answered all the same."""
        self.stopped = True
        if self.pace is not None:
            self.pace.stop()

    @property
    def pace(self) -> Pace | None:
        """How fast its connection asks; None for one that keeps no account of it."""
        pace: Pace | None = getattr(self.connection, "pace", None)
        return pace

    async def first(self, ask: Ask, question: Question) -> Answer | Failure:
        """The reply to a question asked alone. Raises what that raises, and the same to all who come after."""
        if self.fault is not None:
            raise self.fault
        try:
            return await ask(question)
        except RmbError as fault:
            self.fault = fault
            raise

    def tried(self, reply: Answer | Failure, *, shows: bool) -> None:
        """Takes note of a first question's reply. Raises UnreachableError after FIRST_TRIES that failed."""
        if isinstance(reply, Failure):
            self.failed += 1
            if self.failed >= FIRST_TRIES:
                told = f"the first {self.failed} questions failed; {reply.detail}"
                self.fault = UnreachableError(f"{self.model}: {told}")
                raise self.fault
        elif shows:
            self.proved = True


@runtime_checkable
class Connected(Protocol):
    """A scorer that is far away."""

    @property
    def line(self) -> Line:
        """What its questions go through; whoever asks it again and again holds it open meanwhile."""

    def answer(self, questions: Iterable[Question]) -> AsyncGenerator[Reply]:
        """As of Scorer; takes one question after the other, each when it can be asked."""


def lines_of(scorers: Iterable[object]) -> list[Line]:
    """The lines of those scorers that are far away, each once."""
    return list({id(one.line): one.line for one in scorers if isinstance(one, Connected)}.values())


async def replies(
    questions: Iterable[Question],
    line: Line,
    ask: Ask,
    *,
    ask_first: Ask | None = None,
    shows: Callable[[Answer], bool] = lambda _: True,
) -> AsyncGenerator[Reply]:
    """The reply to each question, in the order of arrival; as many are asked at once as the line allows.

    Questions are asked alone (by `ask_first`, if there is one) until an answer shows that the others may follow: a
    bad key costs one call. Raises UnreachableError after FIRST_TRIES that failed. Closing cancels what is under way.
    """
    waiting = iter(questions)
    running: set[asyncio.Task[Reply]] = set()
    try:
        await line.open()
        async with AsyncExitStack() as alone:
            if not line.proved:
                await alone.enter_async_context(line.proving)
            while not (line.proved or line.stopped) and (question := next(waiting, None)) is not None:
                reply = await line.first(ask_first or ask, question)
                yield question, reply
                line.tried(reply, shows=isinstance(reply, Answer) and shows(reply))
        while start(running, waiting, ask, line):
            done, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            # Answers before exceptions: what came in beside a fatal refusal was paid for and is kept.
            for task in sorted(done, key=lambda task: task.exception() is not None):
                yield task.result()
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        await line.close()


def start(running: set[asyncio.Task[Reply]], waiting: Iterator[Question], ask: Ask, line: Line) -> bool:
    """Starts questions until as many are in hand as the line allows; False when nothing is left to wait for."""

    async def asked(question: Question) -> Reply:
        async with line.free:
            return question, await ask(question)

    for question in islice(waiting, 0 if line.stopped else max(0, line.most - len(running))):
        running.add(asyncio.create_task(asked(question)))
    return bool(running)
