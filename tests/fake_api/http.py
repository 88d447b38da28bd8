"""Just enough HTTP/1.1 for clients on the loopback: keep-alive, bodies by length or in chunks, and foul play.

A reply without delay is written where the request is read, with no task in between: a server that is used to
measure clients must cost less than they do.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus
from urllib.parse import parse_qsl

from tests.fake_api.replies import Sending

_PHRASES = {status.value: status.phrase for status in HTTPStatus}
_HALF_OUT_S = 0.02
"""Between half a body and the reset after it, so that the half arrives."""
_NO_LINGER = struct.pack("ii", 1, 0)


@dataclass(slots=True)
class Call:
    """One HTTP request; header names in lower case."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes


def _nothing() -> None:
    pass


@dataclass(slots=True)
class Response:
    """One HTTP response and how it goes out; `produced` and `delivered` are called when it was."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    delay_s: float = 0.0
    reset: bool = False
    sending: Sending = "whole"
    byte_s: float = 0.0
    produced: Callable[[], None] = _nothing
    delivered: Callable[[], None] = _nothing

    @property
    def head(self) -> bytes:
        """Status line and headers, the empty line included."""
        given = "".join(f"{name}: {value}\r\n" for name, value in self.headers.items())
        if "content-type:" not in given.lower():
            given += "Content-Type: application/json\r\n"
        phrase = _PHRASES.get(self.status, "Unknown")
        lines = f"HTTP/1.1 {self.status} {phrase}\r\nDate: {_date(int(time.time()))}\r\n"
        return f"{lines}Content-Length: {len(self.body)}\r\n{given}\r\n".encode("latin-1")


class Connections:
    """The open connections of a server, and how many of them are being answered."""

    def __init__(self, respond: Callable[[Call], Response]) -> None:
        """respond: must not block, must not raise."""
        self.respond = respond
        self.open: set[Connection] = set()
        self.in_flight = self.in_flight_peak = 0

    def entered(self) -> None:
        """One more request is being answered."""
        self.in_flight += 1
        self.in_flight_peak = max(self.in_flight_peak, self.in_flight)

    def left(self) -> None:
        """One fewer, answered or given up by the client."""
        self.in_flight -= 1


class Connection(asyncio.Protocol):
    """One client's connection; its requests are answered one after the other."""

    _transport: asyncio.Transport

    def __init__(self, connections: Connections) -> None:
        self._all = connections
        self._unread = bytearray()
        self._needed = 0  # bytes without which looking at the rest again is no use
        self._answering: asyncio.Task[None] | None = None
        self._drained = asyncio.Event()
        self._drained.set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Holds the connection until it is lost."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.set_write_buffer_limits(0)  # "drained" is when the system has taken every byte
        self._all.open.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """A client that gives up ends its request here too."""
        self._all.open.discard(self)
        if self._answering:
            self._answering.cancel()

    def pause_writing(self) -> None:
        """The system takes no more bytes for now."""
        self._drained.clear()

    def resume_writing(self) -> None:
        """The system has taken all bytes."""
        self._drained.set()

    def data_received(self, data: bytes) -> None:
        """Answers each request that is complete."""
        self._unread += data
        self._next()

    def close(self) -> None:
        """Closes the connection, whatever is going on."""
        self._transport.abort()

    def abort(self) -> None:
        """Closes the connection with a reset, the bytes on their way included."""
        taken: socket.socket | None = self._transport.get_extra_info("socket")
        if taken is not None and taken.fileno() >= 0:
            taken.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
        self._transport.abort()

    def _next(self) -> None:
        while self._answering is None and len(self._unread) > self._needed:
            call = self._read()
            if call is None:
                return
            self._all.entered()
            self._answer(self._all.respond(call))

    def _answer(self, response: Response) -> None:
        if not (response.delay_s or response.reset) and response.sending in {"whole", "truncated"}:
            response.produced()
            self._transport.write(response.head + response.body)
            if self._drained.is_set():
                response.delivered()
                self._all.left()
                return
            self._answering = asyncio.create_task(self._finish(response))
        else:
            self._answering = asyncio.create_task(self._send(response))
        self._answering.add_done_callback(self._answered)

    def _answered(self, task: asyncio.Task[None]) -> None:
        self._all.left()
        self._answering = None
        if not task.cancelled():
            task.result()
            self._next()

    async def _finish(self, response: Response) -> None:
        await self._drained.wait()
        response.delivered()

    async def _send(self, response: Response) -> None:
        await asyncio.sleep(response.delay_s)
        if response.reset:
            self.close()
            return
        response.produced()
        half = len(response.body) // 2
        match response.sending:
            case "none":
                self.abort()
            case "broken":
                self._transport.write(response.head + response.body[:half])
                await asyncio.sleep(_HALF_OUT_S)
                self.abort()
            case "stall":
                self._transport.write(response.head + response.body[:half])
                await asyncio.Event().wait()
            case "trickle":
                await self._trickle(response)
            case _:
                self._transport.write(response.head + response.body)
                await self._finish(response)

    async def _trickle(self, response: Response) -> None:
        self._transport.write(response.head)
        for byte in response.body:
            await asyncio.sleep(response.byte_s)
            self._transport.write(bytes((byte,)))
        await self._finish(response)

    def _read(self) -> Call | None:
        """The next request, taken from the bytes; None if it is not complete."""
        end = self._unread.find(b"\r\n\r\n")
        if end < 0:
            return None
        first, *lines = self._unread[:end].decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        body = self._body(headers, end + 4)
        if body is None:
            return None
        method, target, _ = first.split(" ")
        path, _, query = target.partition("?")
        return Call(method, path, dict(parse_qsl(query)) if query else {}, headers, body)

    def _body(self, headers: Mapping[str, str], start: int) -> bytes | None:
        """The body that starts here, taken from the bytes with all before it; None if it is not complete."""
        if "chunked" in headers.get("transfer-encoding", ""):
            found = _chunks(self._unread, start)
        else:
            stop = start + int(headers.get("content-length", 0))
            found = (bytes(self._unread[start:stop]), stop) if len(self._unread) >= stop else None
            self._needed = stop - 1
        if found is None:
            self._go_on(headers, start)
            return None
        del self._unread[: found[1]]
        self._needed = 0
        return found[0]

    def _go_on(self, headers: Mapping[str, str], start: int) -> None:
        """Tells a client that waits for leave to send its body that it may."""
        if headers.get("expect", "").lower() == "100-continue" and len(self._unread) == start:
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")


def _chunks(data: bytearray, at: int) -> tuple[bytes, int] | None:
    """A chunked body from here on, and where it ends; None if it is not complete. Trailers are not known."""
    whole = bytearray()
    while (line := data.find(b"\r\n", at)) >= 0:
        size = int(data[at:line].partition(b";")[0], 16)
        at = line + 2 + size + 2
        if len(data) < at:
            return None
        if not size:
            return bytes(whole), at
        whole += data[line + 2 : line + 2 + size]
    return None


@lru_cache(maxsize=4)
def _date(second: int) -> str:
    return formatdate(second, usegmt=True)
