"""One request, in as many attempts as it takes; and what may be told of an attempt that failed.

Retries happen here and nowhere else (docs/decisions/0003-litellm-without-its-retries.md).
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Coroutine
from typing import Any
from urllib.parse import urlsplit

import tenacity

from rmb.cards import Limits
from rmb.records import Answer, Failure

FATAL = {401, 403, 404}
"""Statuses that the same request would meet again."""
MOST_WAIT_S = 120.0
MOST_DETAIL = 300


class FailedAttempt(Exception):
    """An attempt without an answer. again: another may help; after_s: the least wait that the provider asks for."""

    def __init__(self, failure: Failure, *, again: bool = True, after_s: float = 0.0) -> None:
        super().__init__(failure.detail)
        self.failure, self.again, self.after_s = failure, again, after_s


async def completed(
    attempt: Callable[[int], Coroutine[Any, Any, Answer]], limits: Limits
) -> Answer | Failure:
    """The answer of the first attempt that has one, or the failure of the last.

    attempt: is told its number, from 1, and has the deadline of `limits` for all that it does; raises FailedAttempt.
    """
    retrying = tenacity.AsyncRetrying(
        stop=tenacity.stop_after_attempt(limits.attempts),
        wait=wait,
        retry=tenacity.retry_if_exception(lambda error: isinstance(error, FailedAttempt) and error.again),
        reraise=True,
    )
    try:
        async for trial in retrying:
            with trial:
                return await within(limits.deadline_s, attempt(trial.retry_state.attempt_number))
    except FailedAttempt as error:
        return error.failure
    raise AssertionError("tenacity ends with a result or an exception")


async def within(deadline_s: float, attempt: Coroutine[Any, Any, Answer]) -> Answer:
    """What an attempt gives. Raises FailedAttempt if it is not there in time."""
    try:
        async with asyncio.timeout(deadline_s):
            return await attempt
    except TimeoutError as error:
        raise FailedAttempt(Failure("deadline", f"no answer within {deadline_s:g} s")) from error


def wait(state: tenacity.RetryCallState) -> float:
    """Seconds before the next attempt: jittered exponential back-off, never less than the provider asks."""
    error = state.outcome.exception() if state.outcome else None
    asked = error.after_s if isinstance(error, FailedAttempt) else 0.0
    return max(min(asked, MOST_WAIT_S), tenacity.wait_random_exponential(multiplier=0.5, max=30)(state))


def retry_after_s(header: str | None) -> float:
    """The seconds of a Retry-After header; 0 if there is none in seconds."""
    try:
        seconds = float(header or 0)
    except ValueError:
        return 0.0
    return seconds if math.isfinite(seconds) else 0.0


def without_key(text: str, key: str | None) -> str:
    """A complaint on one line and no longer than MOST_DETAIL, without the key, which servers may repeat."""
    if key:
        text = text.replace(key, "[key]")
    return " ".join(text.split())[:MOST_DETAIL]


def without_credentials(url: str | None) -> str | None:
    """A URL without user name, password and query."""
    if url is None:
        return None
    parts = urlsplit(url)
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{parts.hostname or ''}{port}{parts.path}"
