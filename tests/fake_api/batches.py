"""The paths of batches and files: which provider's they are, what they are about, and how they may fail."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from tests.fake_api.anthropic_batches import AnthropicBatches
from tests.fake_api.http import Call, Response
from tests.fake_api.jobs import BatchPlan, Job, Jobs, Refused
from tests.fake_api.ledger import Ledger
from tests.fake_api.openai_batches import OpenAIBatches
from tests.fake_api.replies import Reply, Script
from tests.fake_api.wires import error_body

_PATH = re.compile(r"(/v1/(?:files|batches|messages/batches))(?:/([^/]+)(/\w+)?)?")


class Batches:
    """Every batch that was made, in either provider's format; iterates over them in the order of creation."""

    calls: list[str]  # "POST /v1/batches" and so on, in the order of arrival

    def __init__(self, plan: BatchPlan, script: Script, ledger: Ledger) -> None:
        """script: asked for each request of a batch when the batch gets to it."""
        self.calls = []
        self._jobs = Jobs(plan, script, ledger)
        self._routes = {**OpenAIBatches(self._jobs).routes, **AnthropicBatches(self._jobs).routes}

    def __iter__(self) -> Iterator[Job]:
        return iter(self._jobs.values())

    def __len__(self) -> int:
        return len(self._jobs)

    def __getitem__(self, batch_id: str) -> Job:
        return self._jobs[batch_id]

    def respond(self, call: Call) -> Response:
        """The answer to a call; 404 if its path is not about batches."""
        self.calls.append(f"{call.method} {call.path}")
        fault = self._jobs.plan.fault(call)
        if fault is not None and not fault.produced:
            return Response(fault.status, _error(call, fault), fault.headers, fault.delay_s, fault.reset)
        response = self._carried_out(call)
        if fault is not None:
            response.delay_s, response.sending, response.byte_s = fault.delay_s, fault.sending, fault.byte_s
        return response

    def _carried_out(self, call: Call) -> Response:
        path = _PATH.fullmatch(call.path)
        base, about, then = path.groups() if path else ("", None, None)
        route = self._routes.get(f"{call.method} {base}{'/*' if about else ''}{then or ''}")
        if route is None:
            return Response(404, _error(call, Reply(status=404)))
        try:
            return route(call, about or "")
        except Refused as error:
            reply = Reply(status=error.status, error={"message": str(error)})
            return Response(reply.status, _error(call, reply))


def _error(call: Call, reply: Reply) -> bytes:
    return json.dumps(error_body(call.path, reply)).encode() if reply.body is None else reply.body
