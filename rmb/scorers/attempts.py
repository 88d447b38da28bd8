"""One request, in as many attempts as it takes; and what may be told of an attempt that failed.

Retries happen here and nowhere else (docs/decisions/0003-litellm-without-its-retries.md).
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, Never
from urllib.parse import urlsplit

import tenacity

from rmb.cards import Limits
from rmb.credentials import discreet, hidden
from rmb.errors import RmbError
from rmb.records import UNASKED, Answer, Failure
from rmb.scorers.budget import Budget
from rmb.scorers.faults import Complaint
from rmb.scorers.pace import Pace, Stopped

NO_ACCIDENT = 4
"""Times that a server's own error, or a broken body, comes back word for word before it is believed."""
MOST_DETAIL = 300


class FailedAttempt(Exception):
    """An attempt without an answer.

    again: another may help; after_s: the least wait that the provider asks for; busy: it wants fewer requests;
    limited: for their rate (429); lasting: it is no accident if it comes again and again; free: nothing of it is billed.
    """

    def __init__(
        self,
        failure: Failure,
        *,
        complaint: Complaint | None = None,
        again: bool = True,
        after_s: float = 0.0,
    ) -> None:
        super().__init__(failure.detail)
        self.failure, self.again, self.after_s = failure, again, after_s
        self.busy = complaint is not None and complaint.kind == "busy"
        self.limited = complaint is not None and complaint.status == 429
        self.lasting = complaint is not None and complaint.lasting
        self.free = complaint is not None and complaint.free


def no_answer(complaint: Complaint, detail: str, after_s: float = 0.0) -> Answer:
    """The answer that a complaint is, if it is one: without a text, with the reason for a finish.

    Raises FailedAttempt for every other; those that are the end of a model are for the client to tell.
    """
    kind = complaint.kind
    if kind in {"context_length", "content_filter"}:
        return Answer(finish_reason=kind)
    again = kind in {"again", "busy"}
    raise FailedAttempt(Failure("transport", detail), complaint=complaint, again=again, after_s=after_s)


def broken(detail: str) -> Never:
    """Raises FailedAttempt for a reply that is a success and no answer."""
    raise FailedAttempt(Failure("transport", detail), complaint=Complaint(200, detail))


@dataclass(frozen=True, slots=True)
class Cost:
    """What a call may take. tokens: of prompt and reply, about; most_usd: None if there is no telling.

    budget: that it is paid from; model: for its messages.
    """

    tokens: int = 0
    most_usd: float | None = 0.0
    budget: Budget = field(default_factory=Budget)
    model: str = ""


@discreet
async def completed(
    attempt: Callable[[int], Coroutine[Any, Any, Answer]],
    limits: Limits,
    pace: Pace,
    cost: Cost | None = None,
) -> Answer | Failure:
    """The answer of the first attempt that has one, or the failure of the last.

    attempt: is told its number, from 1, and has the deadline of `limits` for all that it does; raises FailedAttempt.
    pace: each attempt waits for its turn, and holds none while it waits to be made again. cost: of one attempt.
    Raises BudgetError where there is no room for another attempt.
    """
    told: Counter[str] = Counter()

    def hopeful(error: BaseException) -> bool:
        if not isinstance(error, FailedAttempt):
            return False
        told[error.failure.detail] += error.lasting
        return error.again and not pace.stopped and told[error.failure.detail] < NO_ACCIDENT

    retrying = tenacity.AsyncRetrying(
        stop=tenacity.stop_after_attempt(limits.attempts),
        wait=wait,
        retry=tenacity.retry_if_exception(hopeful),
        reraise=True,
    )
    try:
        async for trial in retrying:
            with trial:
                number = trial.retry_state.attempt_number
                return await in_turn(within(limits.deadline_s, attempt, number), pace, cost or Cost())
    except FailedAttempt as error:
        return error.failure
    raise AssertionError("tenacity ends with a result or an exception")


async def in_turn(attempt: Callable[[], Coroutine[Any, Any, Answer]], pace: Pace, cost: Cost) -> Answer:
    """What an attempt gives that waits for its turn; the pace learns how it went. Raises what the attempt raises."""
    try:
        async with pace.turn(cost.tokens) as turn:
            try:
                answer = await paid(attempt, pace, cost)
            except FailedAttempt as error:
                if error.busy:
                    turn.busy(limited=error.limited, after_s=error.after_s)
                raise
            turn.answered(answer.usage.prompt_tokens + answer.usage.completion_tokens)
            return answer
    except RmbError:
        # The end of this model: whoever waits behind it is not to be sent as well.
        pace.stop()
        raise
    except Stopped:
        raise FailedAttempt(UNASKED, again=False) from None


async def paid(attempt: Callable[[], Coroutine[Any, Any, Answer]], pace: Pace, cost: Cost) -> Answer:
    """What an attempt gives, once there is room for it in the budget, which learns what it cost."""
    async with cost.budget.holding(cost.model, cost.most_usd) as call:
        if pace.stopped:
            call.settle(0.0)
            raise Stopped
        try:
            answer = await attempt()
        except FailedAttempt as error:
            call.settle(0.0 if error.free else None)
            raise
        except RmbError:
            call.settle(0.0)
            raise
        call.settle(answer.usage.cost_usd)
        return answer


def within(
    deadline_s: float, attempt: Callable[[int], Coroutine[Any, Any, Answer]], number: int
) -> Callable[[], Coroutine[Any, Any, Answer]]:
    """An attempt that raises FailedAttempt if its answer is not there in time."""

    async def timed() -> Answer:
        try:
            async with asyncio.timeout(deadline_s):
                return await attempt(number)
        except TimeoutError as error:
            raise FailedAttempt(Failure("deadline", f"no answer within {deadline_s:g} s")) from error

    return timed


def wait(state: tenacity.RetryCallState) -> float:
    """Seconds before the next attempt: jittered exponential back-off, never less than the provider asks."""
    error = state.outcome.exception() if state.outcome else None
    asked = error.after_s if isinstance(error, FailedAttempt) else 0.0
    return max(asked, tenacity.wait_random_exponential(multiplier=0.5, max=30)(state))


def short(text: str) -> str:
    """A complaint on one line and no longer than MOST_DETAIL, without keys, of which else a part might be left."""
    return " ".join(hidden(text).split())[:MOST_DETAIL]


def without_credentials(url: str | None) -> str | None:
    """A URL without user name, password and query, and without keys in its path."""
    if url is None:
        return None
    parts = urlsplit(url)
    port = f":{parts.port}" if parts.port else ""
    return hidden(f"{parts.scheme}://{parts.hostname or ''}{port}{parts.path}")
