"""A loopback HTTP server that stands in for LLM providers, in their real wire formats.

`FakeApi` answers OpenAI chat completions and Anthropic messages (neither streamed), so the real
`litellm`, `openai` and `anthropic` clients can be pointed at it. What it answers, faults included,
is scripted with `Reply`; what it was asked is kept as `Request`:

    with FakeApi([Reply(status=429, headers={"Retry-After": "1"}), Reply("[[B]]")]) as api:
        ...  # a client with api_base=api.openai_url meets one rate limit, then "[[B]]" for ever
    assert len(api.requests) == 2

`python -m tests.fake_api` runs one by hand.
"""

import asyncio
import contextlib
import itertools
import json
import re
import socket
import threading
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from aiohttp import web
from multidict import CIMultiDict

_TOKEN = re.compile(r"\w+|\s+|[^\w\s]")
_STOP_REASONS = {"stop": "end_turn", "length": "max_tokens", "content_filter": "refusal"}
_MESSAGES = {401: "Incorrect API key provided."}  # the words by which litellm knows OpenAI's 401
_OPENAI_ERRORS = {  # type and code
    401: ("invalid_request_error", "invalid_api_key"),
    403: ("request_forbidden", None),
    404: ("invalid_request_error", "model_not_found"),
    408: ("server_error", None),
    429: ("requests", "rate_limit_exceeded"),
}
_ANTHROPIC_ERRORS = {
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    429: "rate_limit_error",
    529: "overloaded_error",
}


@dataclass(frozen=True, slots=True)
class Reply:
    """What to answer to one request; the defaults make a good answer.

    `logprobs` are the log-probabilities of the alternatives at the first token of `text` that is one
    of them (at the first token of all if none is). As with OpenAI, they are served if the request
    asks for logprobs, and no more of them than its `top_logprobs`; Anthropic's endpoint has none.
    """

    text: str | None = "[[A]]"
    status: int = 200
    refusal: str | None = None  # beside the content, as OpenAI tells it
    finish_reason: str = "stop"  # in OpenAI's words; translated for Anthropic
    logprobs: Mapping[str, float] | None = None
    delay_s: float = 0.0
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None  # sent as is, instead of a well-formed body
    error: Mapping[str, str] | None = None  # message, type, code; the status's defaults for those left out
    reset: bool = False  # True closes the connection without an answer
    usage: bool = True  # False leaves the token counts out
    choices: bool = True  # False leaves the list of choices (Anthropic: of content blocks) empty
    model: str | None = None  # the model that claims to have answered; None echoes the request's


@dataclass(frozen=True, slots=True)
class Request:
    """What the server saw of one request.

    `messages` is the conversation as `role` and `content`, alike for both providers: Anthropic's
    system prompt comes first, text blocks are joined, other blocks are dropped.
    """

    path: str
    messages: list[dict[str, str]]
    body: Mapping[str, object]  # the whole JSON, as sent
    key: str | None  # from `Authorization: Bearer` or `x-api-key`
    at: float  # time of arrival, on the monotonic clock


_Json = dict[str, Any]
Script = Callable[[Request], Reply]


class FakeApi:
    """A context manager: inside it the server answers at `url`, as the script says.

    A function decides per request (it runs in the server's thread and must not block; if it raises,
    the client gets a 500 and leaving the context raises the exception). A sequence of replies is
    given in the order of arrival, its last one repeated. One reply is given always.
    """

    url: str  # http://127.0.0.1:PORT; this and the next two are there once the context is entered
    openai_url: str  # the base URL for OpenAI clients
    anthropic_url: str  # the base URL for Anthropic clients
    requests: list[Request]  # every request to a known path, in the order of arrival
    in_flight_peak: int  # the most requests that were open at once

    def __init__(self, script: Script | Sequence[Reply] | Reply = Reply()) -> None:
        self.requests = []
        self.in_flight_peak = 0
        self._in_flight = 0
        self._script = _as_script(script)
        self._script_error: Exception | None = None

    def __enter__(self) -> Self:
        listener = socket.create_server(("127.0.0.1", 0))
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
        app = web.Application(client_max_size=2**26)
        app.add_routes([web.post(path, self._handle) for path in _WIRES])
        # A client that gives up ends its request here too; requests still open at the end are cut off.
        runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.05)
        await runner.setup()
        await web.SockSite(runner, listener, backlog=1024).start()
        loop, stop = asyncio.get_running_loop(), asyncio.Event()
        started.set_result(lambda: loop.call_soon_threadsafe(stop.set))
        await stop.wait()
        await runner.cleanup()

    async def _handle(self, http: web.Request) -> web.Response:
        self._in_flight += 1
        self.in_flight_peak = max(self.in_flight_peak, self._in_flight)
        try:
            return await self._answer(http)
        finally:
            self._in_flight -= 1

    async def _answer(self, http: web.Request) -> web.Response:
        request = _request(http, await http.json())
        self.requests.append(request)
        reply = self._reply(request)
        await asyncio.sleep(reply.delay_s)
        if reply.reset and http.transport is not None:
            http.transport.abort()
        headers = CIMultiDict({"Content-Type": "application/json"})
        headers.update(reply.headers)
        return web.Response(body=_payload(request, reply), status=reply.status, headers=headers)

    def _reply(self, request: Request) -> Reply:
        try:
            return self._script(request)
        except Exception as error:  # noqa: BLE001 - kept, and raised when the server stops
            self._script_error = self._script_error or error
            return Reply(status=500, error={"message": f"the test's script failed: {error!r}"})


def _as_script(script: Script | Sequence[Reply] | Reply) -> Script:
    if callable(script):
        return script
    replies = [script] if isinstance(script, Reply) else list(script)
    if not replies:
        raise ValueError("a sequence of replies must not be empty")
    arrivals = itertools.chain(replies, itertools.repeat(replies[-1]))
    return lambda _: next(arrivals)


def _request(http: web.Request, body: _Json) -> Request:
    system = [{"role": "system", "content": body["system"]}] if "system" in body else []
    return Request(
        path=http.path,
        messages=[
            {"role": message["role"], "content": _text(message["content"])}
            for message in system + body.get("messages", [])
        ],
        body=body,
        key=http.headers.get("Authorization", "").removeprefix("Bearer ") or http.headers.get("x-api-key"),
        at=time.monotonic(),
    )


def _text(content: str | list[_Json] | None) -> str:
    """The text of a message's content, which is a string or a list of blocks."""
    if isinstance(content, list):
        return "".join(block.get("text", "") for block in content)
    return content or ""


def _payload(request: Request, reply: Reply) -> bytes:
    if reply.body is not None:
        return reply.body
    good, bad = _WIRES[request.path]
    body = bad(reply) if reply.error is not None or reply.status >= 400 else good(request, reply)
    return json.dumps(body).encode()


def _openai_answer(request: Request, reply: Reply) -> _Json:
    choice = {
        "index": 0,
        "message": {
            "role": "assistant",
            "content": None if reply.refusal else reply.text,
            "refusal": reply.refusal,
        },
        "finish_reason": reply.finish_reason,
        "logprobs": None,
    }
    if reply.logprobs is not None and request.body.get("logprobs") is True:
        choice["logprobs"] = {"content": _token_logprobs(request, reply.text or "", reply.logprobs)}
    body = {
        "id": f"chatcmpl-{uuid.uuid4().hex}",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": reply.model or request.body["model"],
        "system_fingerprint": "fp_fake",
        "choices": [choice] if reply.choices else [],
    }
    if reply.usage:
        asked, answered = _token_counts(request, reply)
        counts = {"prompt_tokens": asked, "completion_tokens": answered, "total_tokens": asked + answered}
        body["usage"] = counts
    return body


def _anthropic_answer(request: Request, reply: Reply) -> _Json:
    blocks = [{"type": "text", "text": reply.text}] if reply.choices and reply.text is not None else []
    body = {
        "id": f"msg_{uuid.uuid4().hex}",
        "type": "message",
        "role": "assistant",
        "model": reply.model or request.body["model"],
        "content": blocks,
        "stop_reason": _STOP_REASONS.get(reply.finish_reason, reply.finish_reason),
        "stop_sequence": None,
    }
    if reply.usage:
        asked, answered = _token_counts(request, reply)
        body["usage"] = {"input_tokens": asked, "output_tokens": answered}
    return body


def _token_counts(request: Request, reply: Reply) -> tuple[int, int]:
    """Tokens of the prompt and of the answer, counted as words."""
    prompt = sum(len(message["content"].split()) for message in request.messages)
    return prompt, len((reply.text or "").split())


def _token_logprobs(request: Request, text: str, alternatives: Mapping[str, float]) -> list[_Json]:
    tokens = _TOKEN.findall(text)
    place = next((i for i, token in enumerate(tokens) if token in alternatives), 0)
    limit = request.body.get("top_logprobs")
    likeliest = sorted(alternatives.items(), key=lambda item: -item[1])
    top = [_logprob(*item) for item in likeliest[: limit if isinstance(limit, int) else 0]]
    content = [_logprob(token, -0.01) | {"top_logprobs": []} for token in tokens]
    if tokens:
        chosen = tokens[place]
        content[place] = _logprob(chosen, alternatives.get(chosen, -0.01)) | {"top_logprobs": top}
    return content


def _logprob(token: str, logprob: float) -> _Json:
    return {"token": token, "logprob": logprob, "bytes": list(token.encode())}


def _openai_error(reply: Reply) -> _Json:
    default = ("server_error" if reply.status >= 500 else "invalid_request_error", None)
    kind, code = _OPENAI_ERRORS.get(reply.status, default)
    return {"error": _filled({"type": kind, "param": None, "code": code}, reply)}


def _anthropic_error(reply: Reply) -> _Json:
    default = "api_error" if reply.status >= 500 else "invalid_request_error"
    return {"type": "error", "error": _filled({"type": _ANTHROPIC_ERRORS.get(reply.status, default)}, reply)}


def _filled(error: _Json, reply: Reply) -> _Json:
    """The error with a message, and with what the reply says instead of its defaults."""
    given = reply.error or {}
    defaults = {"message": _MESSAGES.get(reply.status, f"The fake API answers {reply.status}."), **error}
    return {name: given.get(name, default) for name, default in defaults.items()}


_WIRES = {
    "/v1/chat/completions": (_openai_answer, _openai_error),
    "/v1/messages": (_anthropic_answer, _anthropic_error),
}


if __name__ == "__main__":
    with FakeApi() as api, contextlib.suppress(KeyboardInterrupt):
        print(api.url, flush=True)
        threading.Event().wait()
