"""A batch, whatever provider it was sent to: what was asked in it, how far it is, what came of each request."""

from __future__ import annotations

import time
import uuid
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from tests.fake_api.http import Call
from tests.fake_api.ledger import BATCH_PRICE, Ledger, bill, deliver
from tests.fake_api.replies import Reply, Request, Script
from tests.fake_api.wires import WIRES, Json, token_counts

Outcome = Literal["succeeded", "errored", "expired", "canceled"]


def _no_fault(_: Call) -> Reply | None:
    return None


@dataclass(frozen=True, slots=True)
class BatchPlan:
    """How batches go. An outcome that is not named follows from the script: an error if it gives one."""

    polls: int = 1  # retrievals that find the batch in progress; the next one finds it ended
    outcomes: Mapping[str, Outcome] = field(default_factory=dict)  # by custom_id
    fault: Callable[[Call], Reply | None] = _no_fault
    """Asked about each call to a batch or file path, method and path. An error or a `reset` is given instead of
    carrying the call out; another way of `sending` is how the call's own answer goes out, once it is carried out."""


@dataclass(slots=True)
class Result:
    """What came of one request; the body is an answer's, an error's, or none."""

    outcome: Outcome
    status: int
    body: Json | None
    tokens: tuple[int, int] = (0, 0)
    delivered: bool = False


@dataclass(slots=True)
class Job:
    """One batch. It gets on when it is retrieved, not by the clock."""

    requests: Mapping[str, Request]  # by custom_id, in the order in which they were sent
    plan: BatchPlan
    script: Script
    ledger: Ledger
    id: str
    metadata: Json | None = None
    results: dict[str, Result] = field(default_factory=dict)
    state: Literal["in_progress", "canceling", "ended"] = "in_progress"
    canceled: bool = False
    polls: int = 0
    created: float = field(default_factory=time.time)
    ended: float | None = None

    def __post_init__(self) -> None:
        for request in self.requests.values():
            self.ledger.ask(request.body)

    def poll(self) -> None:
        """Gets on by one retrieval."""
        if self.state == "ended":
            return
        self.polls += 1
        if self.state == "in_progress":
            self._work(len(self.requests) * self.polls // (self.plan.polls + 1))
        if self.state == "canceling" or self.polls > self.plan.polls:
            self._end()

    def cancel(self) -> None:
        """Stops it: what is done stays done, the next retrieval finds it ended and the rest canceled."""
        if self.state == "in_progress":
            self.state, self.canceled = "canceling", True

    def counts(self) -> Counter[str]:
        """Results so far, by outcome."""
        return Counter(result.outcome for result in self.results.values())

    def deliver(self, custom_id: str) -> None:
        """Enters that the result went out whole, the first time it does."""
        result = self.results[custom_id]
        if result.outcome == "succeeded" and not result.delivered:
            result.delivered = True
            account = self.ledger.of(self.requests[custom_id].body)
            deliver(account, result.tokens, BATCH_PRICE)

    def _work(self, done: int) -> None:
        for custom_id, request in list(self.requests.items())[len(self.results) : done]:
            self.results[custom_id] = self._result(request, self.plan.outcomes.get(custom_id))

    def _end(self) -> None:
        for custom_id in self.requests:
            self.results.setdefault(custom_id, Result("canceled", 0, None))
        self.state, self.ended = "ended", time.time()

    def _result(self, request: Request, planned: Outcome | None) -> Result:
        if planned in {"expired", "canceled"}:
            return Result(planned, 0, None)
        reply = Reply(status=500) if planned == "errored" else self.script(request)
        if reply.status < 400 and not reply.produced:
            reply = Reply(status=500)
        body = WIRES[request.path].body(request, replace(reply, sending="whole"))
        if not reply.produced:
            return Result("errored", reply.status, body)
        tokens = token_counts(request, reply)
        bill(self.ledger.of(request.body), tokens, BATCH_PRICE)
        return Result("succeeded", 200, body, tokens)


class Jobs(dict[str, Job]):
    """Every batch by its id, in the order of creation."""

    def __init__(self, plan: BatchPlan, script: Script, ledger: Ledger) -> None:
        """script: asked for each request of a batch when the batch gets to it."""
        super().__init__()
        self.plan, self._script, self._ledger = plan, script, ledger

    def start(self, kind: str, requests: Mapping[str, Request], metadata: Json | None = None) -> Job:
        """A new batch; kind: what its id starts with."""
        job = Job(requests, self.plan, self._script, self._ledger, f"{kind}_{uuid.uuid4().hex}", metadata)
        return self.setdefault(job.id, job)

    def found(self, kind: str, job_id: str) -> Job:
        """The batch of this id. Raises Refused if there is none of this kind."""
        if job_id not in self or not job_id.startswith(f"{kind}_"):
            raise Refused(404, f"No batch found with id '{job_id}'.")
        return self[job_id]

    def newest(self, kind: str) -> list[Job]:
        """The batches of this kind, the last one first."""
        return [job for job in reversed(self.values()) if job.id.startswith(f"{kind}_")]


class Refused(Exception):
    """A call that a provider refuses, with the status and the words in which it does."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
