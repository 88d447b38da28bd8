"""The server: a thread with an event loop, the paths it knows, the script, the ledger."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import replace
from functools import partial
from types import TracebackType
from typing import Self

from tests.fake_api import wires
from tests.fake_api.batches import Batches
from tests.fake_api.http import Call, Connection, Connections, Response
from tests.fake_api.jobs import BatchPlan
from tests.fake_api.ledger import Account, Ledger, Price, bill, deliver
from tests.fake_api.replies import GOOD, Reply, Request, Script, as_script
from tests.fake_api.throttle import TokenBucket


class FakeApi:
    """A context manager: inside it the server answers at `url`, as the script says.

    A function decides per request (it runs in the server's thread and must not block; if it raises,
    the client gets a 500 and leaving the context raises the exception). A sequence of replies is
    given in the order of arrival, its last one repeated. One reply is given always.

    A throttle answers 429 before the script is asked. `GET /ledger` tells the ledger's totals in JSON.
    """

    url: str  # http://127.0.0.1:PORT; this and the next two are there once the context is entered
    openai_url: str  # the base URL for OpenAI clients
    anthropic_url: str  # the base URL for Anthropic clients
    requests: list[Request]  # every request that asked a model, in the order of arrival; not those in batches
    ledger: Ledger  # of these and of those in batches
    connections: Connections  # the open ones
    batches: Batches  # every batch, and every call that was about one

    def __init__(
        self,
        script: Script | Sequence[Reply] | Reply = GOOD,
        *,
        throttle: TokenBucket | None = None,
        batches: BatchPlan | None = None,
        price: Price | None = None,
        port: int = 0,
        keep: bool = True,
    ) -> None:
        """port: 0 for any that is free; keep: False forgets `requests`, for long runs in little memory."""
        self.requests = []
        self.ledger = Ledger(price or Price())
        self._throttle, self._port, self._keep = throttle, port, keep
        self._script = as_script(script)
        self._script_error: Exception | None = None
        self.connections = Connections(self._respond)
        self.batches = Batches(batches or BatchPlan(), self._reply, self.ledger)

    @property
    def in_flight_peak(self) -> int:
        """The most requests that were open at once."""
        return self.connections.in_flight_peak

    def __enter__(self) -> Self:
        listener = socket.create_server(("127.0.0.1", self._port), backlog=1024)
        self.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        self.openai_url, self.anthropic_url = self.url + "/v1", self.url
        started: Future[Callable[[], object]] = Future()
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._serve(listener, started)), name="fake-api", daemon=True
        )
        self._thread.start()
        self._stop = started.result(timeout=10)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()
        self._thread.join()
        if error is None and self._script_error is not None:
            raise self._script_error

    async def _serve(self, listener: socket.socket, started: Future[Callable[[], object]]) -> None:
        """Serve until the function given to `started`, callable from any thread, is called."""
        loop, stop = asyncio.get_running_loop(), asyncio.Event()
        server = await loop.create_server(lambda: Connection(self.connections), sock=listener, backlog=1024)
        started.set_result(lambda: loop.call_soon_threadsafe(stop.set))
        await stop.wait()
        server.close()
        for connection in list(self.connections.open):
            connection.close()
        while self.connections.open:  # noqa: ASYNC110 - for a few turns of the loop
            await asyncio.sleep(0)

    def _respond(self, call: Call) -> Response:
        try:
            return self._routed(call)
        except Exception as error:  # noqa: BLE001 - kept, and raised when the server stops
            self._script_error = self._script_error or error
            return _failed(call.path, Reply(status=500, error={"message": f"the fake API failed: {error!r}"}))

    def _routed(self, call: Call) -> Response:
        if call.path == "/ledger":
            return Response(200, json.dumps(self.ledger.totals()).encode())
        if call.path not in wires.WIRES:
            return self.batches.respond(call)
        if call.method != "POST":
            return _failed(call.path, Reply(status=405))
        try:
            request = wires.read(call.path, json.loads(call.body), call.headers)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            return _failed(call.path, Reply(status=400, error={"message": f"no request: {error!r}"}))
        return self._asked(request)

    def _asked(self, request: Request) -> Response:
        if self._keep:
            self.requests.append(request)
        account = self.ledger.ask(request.body)
        reply = self._throttled(request)
        self.ledger.statuses[reply.status] += 1
        response = Response(
            reply.status,
            wires.payload(request, reply),
            reply.headers,
            reply.delay_s,
            reply.reset,
            reply.sending,
            reply.byte_s,
        )
        if reply.produced:
            self._bill(response, account, request, reply)
        return response

    def _bill(self, response: Response, account: Account, request: Request, reply: Reply) -> None:
        tokens = wires.token_counts(request, reply)
        response.produced = partial(bill, account, tokens)
        if reply.usable:
            response.delivered = partial(deliver, account, tokens)

    def _throttled(self, request: Request) -> Reply:
        bucket = self._throttle
        if bucket is None:
            return self._reply(request)
        wait_s = bucket.take()
        reply = bucket.refusal(wait_s) if wait_s else self._reply(request)
        return replace(reply, headers={**bucket.headers(), **reply.headers})

    def _reply(self, request: Request) -> Reply:
        try:
            return self._script(request)
        except Exception as error:  # noqa: BLE001 - kept, and raised when the server stops
            self._script_error = self._script_error or error
            return Reply(status=500, error={"message": f"the test's script failed: {error!r}"})


def _failed(path: str, reply: Reply) -> Response:
    return Response(reply.status, json.dumps(wires.error_body(path, reply)).encode())
