"""What the batches of all providers have in common: what is done with them, what they cost, and what errors mean."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Callable, Collection, Coroutine, Mapping
from dataclasses import dataclass, replace
from types import ModuleType
from typing import Any, ClassVar, TypeVar

import tenacity

from rmb.batches.register import Batch
from rmb.credentials import cleaned, hidden
from rmb.errors import RmbError
from rmb.records import Answer, Failure
from rmb.scorers.attempts import FailedAttempt, short, wait, without_credentials
from rmb.scorers.direct_client import UNREADABLE
from rmb.scorers.faults import AGAIN, Complaint, asked_wait_s, read_complaint
from rmb.scorers.litellm_client import import_litellm, listed_cost
from rmb.scorers.provider import Provider

PART = 0.5
"""What a token costs in a batch, as a part of its price: so with both providers."""
MOST_BYTES = 100_000_000
TRIES = 5
"""Attempts of a call that changes nothing."""
CALL_S, TRANSFER_S = 120.0, 1800.0
"""Deadlines of a call: of a short one, and of one that takes all of a batch there or back."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class State:
    """How far a batch is.

    told: in the provider's word; done, total: its questions; ended: nothing more will come of it; fault: why it came to
    nothing as a whole.
    """

    told: str
    done: int
    total: int
    ended: bool
    fault: Complaint | None = None


@dataclass(frozen=True, slots=True)
class Again:
    """A question that has no answer in this batch, and may have one in the next; why not."""

    failure: Failure


Outcome = Answer | Failure | Again | RmbError
"""What came of a question in a batch; an error where none of this judge's questions would be answered."""


class Trouble(FailedAttempt):
    """A call about batches that the provider did not carry out, or gave no reply to.

    unclear: it may have been carried out all the same, since no reply came, or an error of the server's own.
    """

    def __init__(self, complaint: Complaint, detail: str, after_s: float = 0.0) -> None:
        again = complaint.kind in {"again", "busy"}
        super().__init__(Failure("transport", detail), complaint=complaint, again=again, after_s=after_s)
        self.complaint, status = complaint, complaint.status
        self.unclear = status is None or status < 400 or status >= 500 or status in AGAIN


class BatchProvider(Provider):
    """A model asked through its provider's batches, by the provider's own SDK. Endpoint, key and price are as ever."""

    name: ClassVar[str]
    most_requests: ClassVar[int]

    @property
    def endpoint(self) -> str | None:
        """Where it is asked, without credentials; None for the provider's own address."""
        return without_credentials(self.base_url)

    async def open(self) -> None:
        """Checks the key, imports the SDK. Raises RefusedError without a key."""
        await super().open()
        self.sdk, self.client = await asyncio.to_thread(self.connect)

    async def close(self) -> None:
        """Closes the SDK's connections."""
        if hasattr(self, "client"):
            await self.client.close()
        await super().close()

    def connect(self) -> tuple[ModuleType, Any]:
        """The SDK, and a client of its, without retries of its own and without redirects: the key is for one server."""
        raise NotImplementedError

    def body(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """A request as it stands in a batch. Raises UsageError for one that the format has no words for."""
        raise NotImplementedError

    async def submit(self, token: str, bodies: Mapping[str, Mapping[str, Any]]) -> str:
        """Makes a batch of bodies by key; gives its id. Raises Trouble or RefusedError. Tries once."""
        raise NotImplementedError

    async def find(self, batch: Batch, known: Collection[str]) -> str | None:
        """The id of a batch that was about to be submitted, as the provider has it; None if it never got there.

        known: ids that are others'. Raises Trouble or RefusedError.
        """
        raise NotImplementedError

    async def state(self, name: str) -> State:
        """How far the batch of this id is. Raises Trouble or RefusedError."""
        raise NotImplementedError

    def results(self, name: str) -> AsyncGenerator[tuple[str, Outcome]]:
        """What came of the questions of a batch that has ended, by key, as far as it is there. Raises Trouble."""
        raise NotImplementedError

    async def called(self, call: Coroutine[Any, Any, T], deadline_s: float = CALL_S) -> T:
        """What a call of the SDK's gives. Raises Trouble, and RefusedError where the key is refused.

        call: reads the reply as well, so that one of another shape is told from an error of ours.
        """
        try:
            async with asyncio.timeout(deadline_s):
                return await call
        except (self.sdk.APIError, OSError, *UNREADABLE) as error:
            response = getattr(error, "response", None)
            status: int | None = getattr(error, "status_code", None)
            # A reply of another shape is a success that is none.
            complaint = Complaint(200 if isinstance(error, UNREADABLE) else None, told(error))
            if response is not None and status is not None:
                complaint = read_complaint(status, response.text)
            detail = hidden(short(complaint.message))
            if status is not None:
                detail = f"HTTP {status}: {detail}"
            if complaint.kind == "refused":
                self.judged(complaint, detail, 0.0)
            raise Trouble(complaint, detail, asked_wait_s(getattr(response, "headers", {}))) from error

    async def asked(self, call: Callable[[], Coroutine[Any, Any, T]], deadline_s: float = CALL_S) -> T:
        """What a call that changes nothing gives, in as many attempts as it takes. Raises as `called` does."""
        retrying = tenacity.AsyncRetrying(
            stop=tenacity.stop_after_attempt(TRIES),
            wait=wait,
            retry=tenacity.retry_if_exception(lambda error: isinstance(error, Trouble) and error.again),
            reraise=True,
        )
        async for trial in retrying:
            with trial:
                return await self.called(call(), deadline_s)
        raise AssertionError("tenacity ends with a result or an exception")

    def outcome(self, read: Callable[[], Answer]) -> Outcome:
        """What a line of the results says. read: raises FailedAttempt, RmbError, or what reading another shape raises."""
        try:
            return cleaned(read())
        except FailedAttempt as error:
            failure = replace(error.failure, detail=hidden(error.failure.detail))
            return Again(failure) if error.again else failure
        except RmbError as error:
            return error
        except UNREADABLE as error:
            told = short(f"the result holds no answer ({type(error).__name__}: {error})")
            return Again(Failure("transport", hidden(told)))

    def judged(self, complaint: Complaint, detail: str, after_s: float) -> Answer:
        """As of every provider; the key, which it may repeat, is left out."""
        return super().judged(complaint, hidden(detail), after_s)

    def complained(self, status: int | None, body: object) -> Answer:
        """The answer that an error in place of one is, if it is one. Raises FailedAttempt or RefusedError."""
        complaint = read_complaint(status, json.dumps(body))
        where = "in the batch" if status is None else f"HTTP {status}"
        return self.judged(complaint, f"{where}: {complaint.message}", 0.0)

    def priced(self, answer: Answer, counts: Mapping[str, Any]) -> Answer:
        """The answer with what it cost: a part of what it costs outside a batch, by the same rule.

        counts: the tokens as LiteLLM names them, with those that a provider's cache had.
        """
        used, cost = answer.usage, None
        if self.card.price is not None:
            cost = self.price_of(used.prompt_tokens, used.completion_tokens)
        elif used.prompt_tokens or used.completion_tokens:
            litellm = import_litellm()
            reply = litellm.ModelResponse(model=answer.model, usage=litellm.Usage(**counts))
            cost = listed_cost(reply, self.card.model)
        return replace(answer, usage=replace(used, cost_usd=None if cost is None else PART * cost))


def told(error: BaseException) -> str:
    """An error's name and words; of one that only says that there was no reply, its cause's."""
    cause = error.__cause__ or error
    return f"{type(cause).__name__}: {cause}"


def named(content: bytes) -> list[tuple[str, Any]]:
    """The lines of a file of results by their keys. Raises one of UNREADABLE for any other file."""
    values = [json.loads(line) for line in content.split(b"\n") if line.strip()]
    return [(str(value["custom_id"]), value) for value in values]
