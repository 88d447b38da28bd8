"""Questions put to a provider's batches: what is under way is waited for, the rest submitted, results given as they come."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass, field
from typing import Any, cast

from rmb.batches.provider import MOST_BYTES, PART, BatchProvider, Outcome, State, Trouble
from rmb.batches.register import Batch, Register
from rmb.canonical import canonical
from rmb.errors import RefusedError, RmbError, UnreachableError, UsageError
from rmb.records import Answer, Failure, Usage
from rmb.scorers.attempts import FailedAttempt
from rmb.scorers.budget import Call
from rmb.store.keys import is_answer

LOG = logging.getLogger("rmb.batches")
FIRST_S, MOST_S, GROWTH = 5.0, 60.0, 1.5
"""Seconds between two looks at a batch: the first ones, the longest, and how they grow."""
MOST_WAIT_S = 26 * 3600.0
"""After which a batch that should have ended within a day is given up for now."""
MOST_MISSES = 20
"""Looks in a row without a reply."""
SUBMISSIONS = 3
"""Times that a batch is submitted that surely was not made before."""
LOOKS = 3
"""Times that a batch is looked for before it is believed that it was never made: over some 24 seconds."""
SUBMITTING_S = 10.0
"""The most that is waited, at an interrupt, for the id of what is just being submitted."""
GONE_S = 29 * 24 * 3600.0
"""Age at which a provider no longer has the results of a batch."""

Requests = Mapping[str, Callable[[], dict[str, Any]]]
"""What makes the request of each key."""
Bodies = dict[str, dict[str, Any]]


@dataclass
class Asking:
    """Batches of one judge. noted: is told of each batch that answers are waited for, as soon as its id is known.

    most_requests, most_bytes: of one batch. waited: for these, by token; calls: what was reserved for those of this round.
    """

    provider: BatchProvider
    register: Register
    noted: Callable[[Batch], object] = lambda _: None
    most_requests: int | None = None
    most_bytes: int = MOST_BYTES
    waited: dict[str, Batch] = field(default_factory=dict)
    said: dict[str, State] = field(default_factory=dict)
    calls: dict[str, Call] = field(default_factory=dict)

    async def round(self, wanted: Requests) -> AsyncGenerator[tuple[str, Outcome]]:
        """What comes of some questions, by key: from batches that have them already, and from new ones.

        Of these, as many as there is room for in the budget; nothing comes of the others in this round. An outcome that
        is an error is raised once all others of its batch were given. Closing leaves the batches under way.
        Raises BudgetError if there is room for none, and none is waited for.
        """
        async with AsyncExitStack() as paying, aclosing(self._round(wanted, paying)) as outcomes:
            async for each in outcomes:
                yield each

    async def _round(self, wanted: Requests, paying: AsyncExitStack) -> AsyncGenerator[tuple[str, Outcome]]:
        try:
            async with self.register.alone():
                await self.wait_for(wanted)
                held = {key for batch in self.waited.values() for key in batch.keys}
                had = {key: answer for key in wanted if key not in held and (answer := self.stored(key))}
                left = {key: make for key, make in wanted.items() if key not in held and key not in had}
                for bodies, most_usd in self.parts(left):
                    await self.submit(bodies, await self.paid(most_usd, paying))
                if left and not (self.waited or had):
                    await self.paid(self.most_usd(next(iter(left.values()))()), paying)
            for key, answer in had.items():
                yield key, answer
            async with aclosing(self.replies(wanted)) as replies:
                async for each in replies:
                    yield each
        except Trouble as error:
            raise self.fatal(error) from error
        finally:
            for batch in self.waited.values():
                LOG.warning("batch %s is under way; the same command fetches it", batch.id)

    def stored(self, key: str) -> Answer | None:
        """The answer that another process has had meanwhile, if any."""
        store = self.register.store
        # A damaged row has been told of.
        row = None if key in store.damaged else store.get(key)
        return Answer.from_json(row["answer"]) if is_answer(key, row) and row is not None else None

    async def wait_for(self, wanted: Collection[str]) -> None:
        """Waits for the batches under way that hold some of the keys from now on. Under the register's lock."""
        for batch in self.register.under_way().values():
            if not set(wanted).isdisjoint(batch.keys):
                found = batch if batch.id else await self.recovered(batch)
                if found is not None:
                    LOG.info("batch %s is under way already: %s questions", found.id, f"{found.questions:,}")
                    self._note(found)

    def _note(self, batch: Batch) -> None:
        self.waited[batch.token] = batch
        self.noted(batch)

    async def recovered(self, batch: Batch) -> Batch | None:
        """A batch of which only the intention is known, with its id; None if it was never made."""
        name = await self.searched(batch)
        if name is None:
            self.register.fetched(batch)
            return None
        return self.register.submitted(batch, name)

    async def paid(self, most_usd: float | None, paying: AsyncExitStack) -> Call:
        """Room in the budget, until `paying` ends. Raises BudgetError if there is none."""
        provider = self.provider
        return await paying.enter_async_context(provider.budget.holding(provider.card.model, most_usd))

    def most_usd(self, request: Mapping[str, Any]) -> float | None:
        """The most dollars that a request may cost in a batch; None if there is no telling."""
        usd = self.provider.most_usd(request)
        return None if usd is None else PART * usd

    def parts(self, wanted: Requests) -> Iterator[tuple[Bodies, float]]:
        """The bodies of requests, in as few parts as batches may be large, and the most that each may cost in dollars.

        Ends where the budget has no room for another. Raises UsageError for what cannot be sent.
        """
        part: Bodies = {}
        size, usd, most, budget = (
            0,
            0.0,
            self.most_requests or self.provider.most_requests,
            self.provider.budget,
        )
        for key, make in wanted.items():
            request = make()
            body, more = self.provider.body(request), self.most_usd(request) or 0.0
            # About the frame around a body.
            length = len(canonical(body)) + 200
            full = len(part) >= most or size + length > self.most_bytes or usd + more > budget.room_usd
            if part and full:
                yield part, usd
                part, size, usd = {}, 0, 0.0
            if more > budget.room_usd:
                break
            part[key] = body
            size, usd = size + length, usd + more
        if part:
            yield part, usd

    async def submit(self, bodies: Bodies, call: Call) -> None:
        """Submits a batch, the one place where that happens; it is in the register before and after.

        call: that it is paid with. Raises Trouble or RmbError if it was not made, or nobody can tell. Cancelled, it waits
        for the id.
        """
        provider = self.provider
        batch = self.register.intend(provider.name, provider.card.model, provider.endpoint, list(bodies))
        self.calls[batch.token] = call
        submitting = asyncio.ensure_future(self._submitted(batch, bodies))
        try:
            await asyncio.shield(submitting)
        except asyncio.CancelledError:
            # Else the id would have to be searched for.
            await asyncio.wait({submitting}, timeout=SUBMITTING_S)
            submitting.cancel()
            await asyncio.gather(submitting, return_exceptions=True)
            raise

    async def _submitted(self, batch: Batch, bodies: Bodies) -> None:
        for number in range(1, SUBMISSIONS + 1):
            try:
                name: str | None = await self.provider.submit(batch.token, bodies)
            except Trouble as error:
                name = await self._made(batch, error, last=number == SUBMISSIONS)
            except RmbError:
                self.calls[batch.token].settle(0.0)
                self.register.fetched(batch)
                raise
            if name is not None:
                break
        batch = self.register.submitted(batch, cast("str", name))
        LOG.info("batch %s is submitted: %s questions", batch.id, f"{batch.questions:,}")
        self._note(batch)

    async def _made(self, batch: Batch, error: Trouble, *, last: bool) -> str | None:
        """The id of a batch whose submission failed; None if it surely was not made. Raises the error at the end."""
        name = await self.searched(batch) if error.unclear else None
        if name is None and (last or not error.again):
            if not error.unclear:
                self.calls[batch.token].settle(0.0)
                self.register.fetched(batch)
            raise error
        if name is None:
            await asyncio.sleep(max(error.after_s, next(pauses())))
        return name

    async def searched(self, batch: Batch) -> str | None:
        """The id of a batch by what the provider tells of all batches; None if it is not among them.

        It is looked for several times: what was sent may still be on its way.
        """
        pause = pauses()
        for _ in range(LOOKS):
            name = await self.provider.find(batch, self.register.known())
            if name is not None:
                return name
            await asyncio.sleep(next(pause))
        return None

    async def replies(self, wanted: Collection[str]) -> AsyncGenerator[tuple[str, Outcome]]:
        """What comes of the wanted questions, as the batches end that are waited for. Raises an outcome that is an error."""
        pause, misses = pauses(), 0
        while self.waited:
            for batch in list(self.waited.values()):
                state = await self.looked(batch)
                misses = 0 if state else misses + 1
                if state and state.ended:
                    fatal, used = [], list[Usage]()
                    async with aclosing(self.fetched(batch, state, wanted)) as outcomes:
                        async for key, outcome in outcomes:
                            if isinstance(outcome, RmbError):
                                fatal.append(outcome)
                                continue
                            if isinstance(outcome, Answer):
                                used.append(outcome.usage)
                            yield key, outcome
                    del self.waited[batch.token]
                    self.settle(batch, used)
                    # What came beside it was paid for, and is kept.
                    for error in fatal[:1]:
                        raise error
                elif misses > MOST_MISSES or time.time() - batch.at > MOST_WAIT_S:
                    raise UnreachableError(f"batch {batch.id} does not end, or cannot be asked after")
            if self.waited:
                await asyncio.sleep(next(pause))

    def settle(self, batch: Batch, used: Sequence[Usage]) -> None:
        """Takes down what a batch of this round did cost; one of before was paid from another budget."""
        call = self.calls.pop(batch.token, None)
        if call is not None:
            call.settle(Usage.total(used).cost_usd)

    async def looked(self, batch: Batch) -> State | None:
        """How far a batch is, said if it has changed; None if there was no reply. Raises RefusedError if it is gone."""
        assert batch.id is not None
        try:
            state = await self.provider.state(batch.id)
        except Trouble as error:
            if error.complaint.kind != "unknown":
                LOG.warning("batch %s: no news; %s", batch.id, error.failure.detail)
                return None
            return await self._gone(batch, error)
        if self.said.get(batch.id) != state:
            self.said[batch.id] = state
            LOG.info(
                "batch %s: %s, %s of %s done", batch.id, state.told, f"{state.done:,}", f"{state.total:,}"
            )
        return state

    async def _gone(self, batch: Batch, error: Trouble) -> State:
        """An end without results, for a batch so old that the provider has forgotten it. Raises RefusedError for others."""
        if time.time() - batch.at > GONE_S:
            return State("forgotten", 0, batch.questions, ended=True, fault=error.complaint)
        made = time.strftime("%Y-%m-%d %H:%M", time.gmtime(batch.at))
        raise RefusedError(
            f"batch {batch.id}, submitted {made} UTC, is not known to this account ({error.failure.detail}); use the key "
            f"and endpoint that it was submitted with, or take its lines out of {self.register.file}"
        ) from error

    async def fetched(
        self, batch: Batch, state: State, wanted: Collection[str]
    ) -> AsyncGenerator[tuple[str, Outcome]]:
        """What came of the wanted questions of a batch that has ended; then it is done with."""
        missing = dict.fromkeys(key for key in batch.keys if key in wanted)
        mine = list(missing)
        async with aclosing(self._results(batch, state)) as results:
            async for key, outcome in results:
                if key in missing:
                    del missing[key]
                    yield key, outcome
        for key in missing:
            yield key, self.provider.outcome(lambda: self.unresolved(state))
        # Every answer that was given has been stored by now.
        async with self.register.alone():
            rest = [key for key in batch.keys if key not in wanted and self.stored(key)]
            self.register.fetched(batch, mine + rest)

    async def _results(self, batch: Batch, state: State) -> AsyncGenerator[tuple[str, Outcome]]:
        assert batch.id is not None
        if state.fault is not None:
            return
        try:
            async for each in self.provider.results(batch.id):
                yield each
        except Trouble as error:
            if error.complaint.kind != "unknown":
                raise
            await self._gone(batch, error)

    def unresolved(self, state: State) -> Answer:
        """The answer to a question that no result is about; raises FailedAttempt or RefusedError: it has none."""
        fault = state.fault
        if fault is None or fault.kind == "unknown":
            raise FailedAttempt(Failure("transport", f"the batch ended ({state.told}) without an answer"))
        return self.provider.judged(fault, f"the batch came to nothing: {fault.message}", 0.0)

    def fatal(self, error: Trouble) -> RmbError:
        """What is said where a call fails for good."""
        model, detail = self.provider.card.model, error.failure.detail
        if error.unclear or error.complaint.kind in {"again", "busy"}:
            return UnreachableError(
                f"{model}: batches cannot be reached, what is under way is kept; {detail}"
            )
        if error.complaint.kind == "unknown":
            return RefusedError(f"{model}: the endpoint has no batches; {detail}")
        return UsageError(f"{model}: the provider refuses the batch; {detail}")


def pauses() -> Iterator[float]:
    """Seconds between looks, growing from FIRST_S to MOST_S."""
    seconds = FIRST_S
    while True:
        yield seconds
        seconds = min(MOST_S, GROWTH * seconds)
