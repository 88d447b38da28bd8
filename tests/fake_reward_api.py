"""A loopback HTTP server that stands in for vLLM and SGLang serving a reward model, in their wire formats.

`FakeRewardApi` scores a text by `raw_score`, and puts vLLM's sigmoid over it unless the request turns that off by the
name that the server knows. Faults come first, in the order given; then every request is answered:

    with FakeRewardApi([Fault(status=429, headers={"Retry-After": "1"})]) as api:
        ...  # a client with base_url=api.url meets one rate limit, then scores for ever
    assert len(api.requests) == 2
"""

from __future__ import annotations

import asyncio
import json
import math
import socket
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from aiohttp import web

Fields = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Fault:
    """What goes wrong with one request; status 200 and `body` make a reply of any shape."""

    status: int = 200
    message: str = "The fake API says no."
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str | None = None  # sent as is
    delay_s: float = 0.0
    trickle: bool = False  # sends a space every now and then, for ever
    reset: bool = False  # closes the connection without an answer


@dataclass(frozen=True, slots=True)
class Request:
    """What the server saw of one request."""

    path: str
    body: Fields
    key: str | None
    at: float  # on the monotonic clock


def raw_score(text: str) -> float:
    """The score of a text: never between 0 and 1, and another for another length."""
    return len(text) / 8 + 2.0


def sigmoid(score: float) -> float:
    """What vLLM makes of a score unless it is told not to."""
    return 1 / (1 + math.exp(-score))


def shown(body: Fields) -> str:
    """The text of a request; of messages, as a plain template has it; of two texts, with a separator between them."""
    if "text_1" in body:
        return f"{body['text_1']} [SEP] {body['text_2']}"
    if "messages" in body:
        return "".join(f"<{turn['role']}>{turn['content']}" for turn in body["messages"])
    return str(body.get("text", body.get("input")))


async def trickled(http: web.Request) -> web.StreamResponse:
    """A reply that never ends; it is cancelled when the client goes."""
    reply = web.StreamResponse()
    await reply.prepare(http)
    while True:
        await reply.write(b" ")
        await asyncio.sleep(0.02)


class FakeRewardApi:
    """A context manager: inside it the server answers at `url`.

    faults: met first, in order of arrival; always: the fault of every request; knows: the name by which the activation
    is turned off (None: it cannot be); score: of a text; delay_s: before each answer; tokenwise: /pooling gives the
    value at each token.
    """

    url: str

    def __init__(
        self,
        faults: Sequence[Fault] = (),
        *,
        always: Fault | None = None,
        knows: str | None = "use_activation",
        score: Callable[[str], Any] = raw_score,
        delay_s: float = 0.0,
        tokenwise: bool = False,
    ) -> None:
        self.requests: list[Request] = []
        self.in_flight_peak = self._in_flight = 0
        self._faults, self._always = list(faults), always
        self._knows, self._score, self._delay_s, self._tokenwise = knows, score, delay_s, tokenwise

    def __enter__(self) -> Self:
        listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        started: Future[Callable[[], object]] = Future()
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._serve(listener, started)), name="fake-reward-api", daemon=True
        )
        self._thread.start()
        self._stop = started.result(timeout=10)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()
        self._thread.join()

    async def _serve(self, listener: socket.socket, started: Future[Callable[[], object]]) -> None:
        """Serve until the function given to `started`, callable from any thread, is called."""
        app = web.Application(client_max_size=2**26)
        app.add_routes([web.post("/{path:.*}", self._handle)])
        runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.05)
        await runner.setup()
        await web.SockSite(runner, listener, backlog=1024).start()
        loop, stop = asyncio.get_running_loop(), asyncio.Event()
        started.set_result(lambda: loop.call_soon_threadsafe(stop.set))
        await stop.wait()
        await runner.cleanup()

    async def _handle(self, http: web.Request) -> web.StreamResponse:
        self._in_flight += 1
        self.in_flight_peak = max(self.in_flight_peak, self._in_flight)
        try:
            return await self._answer(http)
        finally:
            self._in_flight -= 1

    async def _answer(self, http: web.Request) -> web.StreamResponse:
        body = await http.json()
        key = http.headers.get("Authorization", "").removeprefix("Bearer ") or None
        self.requests.append(Request(http.path, body, key, time.monotonic()))
        fault = self._faults.pop(0) if self._faults else self._always
        await asyncio.sleep(fault.delay_s if fault else self._delay_s)
        if fault is None:
            said = json.dumps(self._good(http.path, body))
            return web.Response(text=said, content_type="application/json")
        if fault.trickle:
            return await trickled(http)
        if fault.reset and http.transport is not None:
            http.transport.abort()
        error = json.dumps(
            {"error": {"message": fault.message, "type": "BadRequestError", "code": fault.status}}
        )
        return web.Response(
            text=error if fault.body is None else fault.body, status=fault.status, headers=dict(fault.headers)
        )

    def _good(self, path: str, body: Fields) -> Fields | list[Fields]:
        """The reply of the server whose request this is."""
        text = shown(body)
        score = self._score(text)
        tokens = len(text.split())
        if "text" in body:
            return {
                "embedding": [score],
                "meta_info": {"id": "1", "prompt_tokens": tokens, "e2e_latency": 0.01},
            }
        raw = self._knows is not None and body.get(self._knows) is False
        if not raw and score is not None and math.isfinite(score):
            score = sigmoid(score)
        if path == "/pooling":
            rows = [[0.5 * place] for place in range(tokens)]
            one = {"index": 0, "object": "pooling", "data": [*rows, [score]] if self._tokenwise else [score]}
        elif path == "/score":
            one = {"index": 0, "object": "score", "score": score}
        else:
            one = {"index": 0, "label": "LABEL_0", "probs": [score], "num_classes": 1}
        usage = {"prompt_tokens": tokens, "total_tokens": tokens, "completion_tokens": 0}
        return {
            "id": "1",
            "object": "list",
            "created": 1,
            "model": body["model"],
            "data": [one],
            "usage": usage,
        }
