"""Questions put to a model that is far away: the first ones alone, the others concurrently, replies as they come."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterator, Sequence
from itertools import islice
from typing import Any, Protocol

from rmb.cards import Generative, ServedReward
from rmb.errors import UnreachableError
from rmb.records import Answer, Failure, Question

Reply = tuple[Question, Answer | Failure]
Ask = Callable[[Question], Coroutine[Any, Any, Answer | Failure]]
FIRST_TRIES = 2


class Connection(Protocol):
    """What is opened before the first question, and closed after the last reply."""

    async def open(self) -> None:
        """Makes ready to send. Raises RefusedError if no request can be answered (no key)."""

    async def close(self) -> None:
        """Lets go of all that `open` took; called though `open` failed as well."""


async def replies(
    questions: Sequence[Question],
    card: Generative | ServedReward,
    connection: Connection,
    ask: Ask,
    *,
    ask_first: Ask | None = None,
    shows: Callable[[Answer], bool] = lambda _: True,
) -> AsyncGenerator[Reply]:
    """The reply to each question, in the order of arrival; up to the card's concurrency are asked at once.

    Questions are asked alone (by `ask_first`, if there is one) until an answer shows that the others may follow: a
    bad key costs one call. Raises UnreachableError after FIRST_TRIES that failed. Closing cancels what is under way.
    """
    waiting, failed = iter(questions), 0
    running: set[asyncio.Task[Reply]] = set()
    try:
        await connection.open()
        for question in waiting:
            reply = await (ask_first or ask)(question)
            yield question, reply
            if isinstance(reply, Failure):
                failed += 1
                if failed == FIRST_TRIES:
                    told = f"the first {failed} questions failed; {reply.detail}"
                    raise UnreachableError(f"{card.model}: {told}")
            elif shows(reply):
                break
        while start(running, waiting, ask, card.limits.concurrency):
            done, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            # Answers before exceptions: what came in beside a fatal refusal was paid for and is kept.
            for task in sorted(done, key=lambda task: task.exception() is not None):
                yield task.result()
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        await connection.close()


def start(running: set[asyncio.Task[Reply]], waiting: Iterator[Question], ask: Ask, most: int) -> bool:
    """Starts questions until so many are running; False when nothing is left to wait for."""

    async def asked(question: Question) -> Reply:
        return question, await ask(question)

    for question in islice(waiting, most - len(running)):
        running.add(asyncio.create_task(asked(question)))
    return bool(running)
