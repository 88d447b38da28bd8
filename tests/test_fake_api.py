"""The server that stands in for providers does what it claims, to plain HTTP and to the real clients."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import time
from collections.abc import Callable, Coroutine, Iterator, Mapping
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar

import aiohttp
import openai
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fake_api import (
    KINDS,
    RETRIED,
    BatchPlan,
    FakeApi,
    Faults,
    Price,
    Reply,
    Request,
    TokenBucket,
    served,
)
from tests.fake_api.http import Call
from tests.fake_api.throttle import duration

DEADLINE_S = 0.4
T = TypeVar("T")
Seen = tuple[int | None, object]
"""Status, and what of the body is telling; or no status, and the name of the error."""


def body(text: str = "Which is better?", **more: Any) -> dict[str, Any]:
    """A request's body with a prompt of three words."""
    return {"model": "m", "messages": [{"role": "user", "content": text}], "max_tokens": 5, **more}


def talking(talk: Callable[[aiohttp.ClientSession], Coroutine[Any, Any, T]]) -> T:
    """What a conversation over one pool of connections gives."""

    async def run() -> T:
        async with aiohttp.ClientSession() as session:
            return await talk(session)

    return asyncio.run(run())


async def said(session: aiohttp.ClientSession, url: str, sent: Mapping[str, Any]) -> Seen:
    """What a plain client makes of one request."""
    try:
        async with asyncio.timeout(DEADLINE_S), session.post(url, json=sent) as reply:
            return reply.status, telling(await reply.read(), reply.content_type)
    except (aiohttp.ClientError, TimeoutError) as error:
        return None, type(error).__name__


def telling(data: bytes, kind: str) -> object:
    """The part of a body that tells faults apart: an error's code or type, a finish reason, or what it is instead."""
    if kind != "application/json":
        return kind
    try:
        read = json.loads(data)
    except ValueError:
        return "cut off" if data else "empty"
    if "error" in read:
        return read["error"].get("code") or read["error"]["type"]
    if not read["choices"]:
        return "no choices"
    return read["choices"][0]["finish_reason"] if "usage" in read else "no usage"


def ask(api: FakeApi, *bodies: Mapping[str, Any], path: str = "/v1/chat/completions") -> list[Seen]:
    """What a plain client makes of some requests, one after the other."""

    async def talk(session: aiohttp.ClientSession) -> list[Seen]:
        return [await said(session, api.url + path, sent) for sent in bodies]

    return talking(talk)


# Faults, as they arrive


SEEN: dict[str, Seen] = {
    "408": (408, "server_error"),
    "429": (429, "rate_limit_exceeded"),
    "500": (500, "server_error"),
    "503": (503, "server_error"),
    "529": (529, "server_error"),
    "error in a 200": (200, 502),
    "closed": (None, "ServerDisconnectedError"),
    "reset": (None, "ClientOSError"),
    "reset mid-body": (None, "ClientPayloadError"),
    "stall": (None, "TimeoutError"),
    "trickle": (None, "TimeoutError"),
    "truncated": (200, "cut off"),
    "html": (200, "text/html"),
    "empty body": (200, "empty"),
    "empty choices": (200, "no choices"),
    "missing usage": (200, "no usage"),
    "content filter stop": (200, "content_filter"),
    "length stop": (200, "length"),
    "content filter": (400, "content_filter"),
    "context length": (400, "context_length_exceeded"),
    "context length (vLLM)": (400, 400),
    "context length (Anthropic)": (400, "invalid_request_error"),
    "insufficient quota": (429, "insufficient_quota"),
    "401": (401, "invalid_api_key"),
    "403": (403, "request_forbidden"),
    "404": (404, "model_not_found"),
}


def test_every_fault_is_in_the_table() -> None:
    """No kind of fault goes untested."""
    assert set(SEEN) == set(KINDS)


@pytest.mark.parametrize("kind", SEEN)
def test_a_plain_client_sees_each_fault_and_then_the_answer(kind: str) -> None:
    """A fault is what its name says, and does not spoil the connection or the server for the next request."""
    with FakeApi([KINDS[kind](Reply()), Reply()]) as api:
        assert ask(api, body(), body()) == [SEEN[kind], (200, "stop")]
    assert len(api.requests) == 2


JUDGED = {
    "408": ("Timeout", 408),
    "429": ("RateLimitError", 429),
    "500": ("InternalServerError", 500),
    "503": ("ServiceUnavailableError", 503),
    "529": ("APIError", 529),
    "error in a 200": ("BadGatewayError", 502),
    "closed": ("InternalServerError", 500),
    "reset": ("InternalServerError", 500),
    "reset mid-body": ("InternalServerError", 500),
    "stall": ("TimeoutError", None),
    "trickle": ("TimeoutError", None),
    "truncated": ("InternalServerError", 500),
    "html": ("InternalServerError", 500),
    "empty body": ("InternalServerError", 500),
    "empty choices": ("no choices", None),
    "missing usage": ("stop", 0),
    "content filter stop": ("content_filter", 3),
    "length stop": ("length", 4),
    "content filter": ("BadRequestError", 400),
    "context length": ("ContextWindowExceededError", 400),
    "context length (vLLM)": ("ContextWindowExceededError", 400),
    "context length (Anthropic)": ("BadRequestError", 400),
    "insufficient quota": ("RateLimitError", 429),
    "401": ("AuthenticationError", 401),
    "403": ("APIError", 403),
    "404": ("NotFoundError", 404),
}
"""Class and status of LiteLLM's exception; or what its success says, and the tokens in it."""


@pytest.fixture(scope="module")
def litellm() -> Any:
    """LiteLLM, without its fetch at import and its advice on stderr."""
    os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")
    import litellm

    litellm.suppress_debug_info = True
    return litellm


def judged(litellm: Any, api: FakeApi, model: str, deadline_s: float = 30.0) -> tuple[str, int | None]:
    """What LiteLLM makes of one request."""

    async def talk() -> Any:
        base = api.anthropic_url if model.startswith("anthropic/") else api.openai_url
        try:
            # LiteLLM's own deadline starts anew with each byte.
            async with asyncio.timeout(deadline_s):
                return await litellm.acompletion(
                    **body() | {"model": model}, api_base=base, api_key="k", max_retries=0, num_retries=0
                )
        except Exception as error:  # noqa: BLE001 - whatever it is, is what is looked at
            return error
        finally:
            await litellm.close_litellm_async_clients()
            litellm.in_memory_llm_clients_cache.flush_cache()

    reply = asyncio.run(talk())
    if isinstance(reply, Exception):
        return type(reply).__name__, getattr(reply, "status_code", None)
    if not reply.choices:
        return "no choices", None
    return reply.choices[0].finish_reason, reply.usage.total_tokens


@pytest.mark.parametrize("kind", JUDGED)
def test_litellm_meets_each_fault(kind: str, litellm: Any) -> None:
    """Each fault arrives as reference tables of LiteLLM's errors have it, in one request."""
    with FakeApi(KINDS[kind](Reply())) as api:
        slow = kind in {"stall", "trickle"}
        assert judged(litellm, api, "openai/m", DEADLINE_S if slow else 30.0) == JUDGED[kind]
    assert len(api.requests) == 1


def test_litellm_meets_anthropics_words_for_a_context_too_long(litellm: Any) -> None:
    """On Anthropic's own path they are known for what they are."""
    with FakeApi(KINDS["context length (Anthropic)"](Reply())) as api:
        assert judged(litellm, api, "anthropic/m") == ("ContextWindowExceededError", 400)


def test_a_trickle_ends_when_one_waits(litellm: Any) -> None:
    """A slow answer is a whole one in the end."""
    with FakeApi(Reply(sending="trickle", byte_s=0)) as api:
        assert judged(litellm, api, "openai/m") == ("stop", 4)
    assert api.ledger.delivered == 1


# HTTP


def raw(api: FakeApi, *parts: bytes, until: bytes) -> bytes:
    """What comes back over a socket for some bytes, sent with pauses between them, up to and with `until`."""
    host, _, port = api.url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=5) as line:
        for part in parts:
            line.sendall(part)
            time.sleep(0.02)
        back = b""
        while until not in back:
            more = line.recv(2**16)
            assert more, back
            back += more
    return back


def posted(text: str) -> bytes:
    """A chat request as it goes over the wire."""
    data = json.dumps(body(text)).encode()
    return b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(data) + data


def test_requests_may_come_in_pieces_and_in_a_row() -> None:
    """Bytes that break anywhere, and a request sent before the last was answered, are read all the same."""
    first, second = posted("one"), posted("two")
    with FakeApi([Reply("un", delay_s=0.1), Reply("deux")]) as api:
        back = raw(api, first[:20], first[20:-9], first[-9:] + second[:7], second[7:], until=b"deux")
    assert back.index(b'"un"') < back.index(b'"deux"')
    assert [request.messages[0]["content"] for request in api.requests] == ["one", "two"]


def test_a_body_may_come_in_chunks() -> None:
    """Clients that do not know the length of what they send are understood."""
    data = json.dumps(body("in chunks")).encode()

    async def talk(session: aiohttp.ClientSession) -> int:
        async def chunks() -> Any:
            yield data[:10]
            await asyncio.sleep(0.01)
            yield data[10:]

        async with session.post(api.url + "/v1/chat/completions", data=chunks()) as reply:
            return reply.status

    with FakeApi() as api:
        assert talking(talk) == 200
    assert api.requests[0].messages[0]["content"] == "in chunks"


def test_a_client_that_asks_for_leave_gets_it() -> None:
    """`Expect: 100-continue`, as curl sends it before large bodies."""
    head, _, data = posted("large").partition(b"\r\n\r\n")
    with FakeApi() as api:
        back = raw(api, head + b"\r\nExpect: 100-continue\r\n\r\n", data, until=b"[[A]]")
    assert back.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n")


@pytest.mark.parametrize(
    ("method", "path", "data", "status"),
    [
        ("GET", "/v1/chat/completions", b"", 405),
        ("GET", "/v1/nothing", b"", 404),
        ("GET", "/v1/batches/batch_none", b"", 404),
        ("GET", "/v1/files/file-none", b"", 404),
        ("POST", "/v1/chat/completions", b"{", 400),
        ("POST", "/v1/chat/completions", b"[]", 400),
        ("POST", "/v1/files", b"", 400),
    ],
)
def test_calls_that_make_no_sense_are_refused(method: str, path: str, data: bytes, status: int) -> None:
    """An error in the provider's format, and the server goes on."""

    async def talk(session: aiohttp.ClientSession) -> tuple[int, bool]:
        async with session.request(method, api.url + path, data=data) as reply:
            return reply.status, "message" in (await reply.json())["error"]

    with FakeApi() as api:
        assert talking(talk) == (status, True)


def test_a_script_that_raises_is_told_at_the_end() -> None:
    """The client gets a 500; whoever wrote the script gets the exception."""

    def script(request: Request) -> Reply:
        raise LookupError(request.path)

    with pytest.raises(LookupError, match="completions"), FakeApi(script) as api:
        assert ask(api, body()) == [(500, "server_error")]


# The ledger


@pytest.mark.parametrize(
    ("kind", "billed", "delivered"),
    [
        ("500", 0, 0),
        ("error in a 200", 0, 0),
        ("closed", 0, 0),
        ("html", 0, 0),
        ("context length", 0, 0),
        ("reset", 1, 0),
        ("reset mid-body", 1, 0),
        ("stall", 1, 0),
        ("trickle", 1, 0),
        ("truncated", 1, 0),
        ("empty choices", 1, 0),
        ("missing usage", 1, 1),
        ("length stop", 1, 1),
    ],
)
def test_an_answer_is_billed_when_produced_and_delivered_when_whole(
    kind: str, billed: int, delivered: int
) -> None:
    """What a model worked for is paid, arrived or not; only a usable answer, sent to its end, is delivered."""
    with FakeApi(KINDS[kind](Reply("one two")), price=Price(input=1e6, output=10e6)) as api:
        ask(api, body())
    ledger, account = api.ledger, api.ledger.of(body())
    assert (account.asked, account.billed, account.delivered) == (1, billed, delivered)
    assert (ledger.asked, ledger.billed, ledger.delivered) == (1, billed, delivered)
    assert (account.prompt_tokens, account.completion_tokens) == (3 * billed, 2 * billed)
    assert (ledger.billed_usd, ledger.delivered_usd) == (23 * billed, 23 * delivered)


def test_only_what_was_delivered_counts_as_asked_again() -> None:
    """A question may be asked until it is answered; bodies are the same in whatever order their fields are."""
    turned = dict(reversed(body().items()))
    with FakeApi([Reply(status=500), Reply(sending="broken"), Reply()]) as api:
        ask(api, body(), body(), turned, body("Another?"))
        assert api.ledger.asked_again == 0
        ask(api, body())
    assert (api.ledger.asked_again, api.ledger.of(body()).asked_again) == (1, 1)
    assert (api.ledger.of(body()).asked, api.ledger.asked, len(api.ledger.accounts)) == (4, 5, 2)
    assert api.ledger.of(body("Never asked.")).asked == 0


def test_an_answer_that_was_not_read_to_its_end_is_not_delivered() -> None:
    """A client that goes away while a large answer is on its way has not got it."""
    with FakeApi(Reply("long " * 4_000_000)) as api:
        raw(api, posted("one"), until=b"HTTP/1.1 200 OK")
        assert (api.ledger.billed, api.ledger.delivered) == (1, 0)
        asked = talking(lambda session: read_whole(session, api))
    assert asked > 20_000_000
    assert (api.ledger.billed, api.ledger.delivered) == (2, 1)


async def read_whole(session: aiohttp.ClientSession, api: FakeApi) -> int:
    """The length of an answer."""
    async with session.post(api.openai_url + "/chat/completions", json=body()) as reply:
        return len(await reply.read())


def test_a_client_that_leaves_before_the_answer_is_made_does_not_pay() -> None:
    """Nobody waits, nothing is produced; the request counts as asked and is in flight no more."""
    with FakeApi([Reply(delay_s=30), Reply()]) as api:
        assert ask(api, body(), body("Another?")) == [(None, "TimeoutError"), (200, "stop")]
        assert (api.ledger.asked, api.ledger.billed) == (2, 1)
        end = time.monotonic() + 5
        while api.connections.in_flight and time.monotonic() < end:
            time.sleep(0.01)
        assert api.connections.in_flight == 0


def test_the_ledger_is_read_over_http() -> None:
    """For servers in another process."""

    async def talk(session: aiohttp.ClientSession) -> dict[str, Any]:
        async with session.get(api.url + "/ledger") as reply:
            return await reply.json()

    with FakeApi([Reply(status=503), Reply("word")], price=Price(1.0, 2.0)) as api:
        ask(api, body(), body())
        totals = talking(talk)
    assert totals == {
        "asked": 2,
        "asked_again": 0,
        "billed": 1,
        "delivered": 1,
        "billed_usd": pytest.approx(5e-6),
        "delivered_usd": pytest.approx(5e-6),
        "bodies": 1,
        "price": {"input": 1.0, "output": 2.0},
        "statuses": {"503": 1, "200": 1},
    }


# Throttling


class Clock:
    """Seconds that pass when told to."""

    now = 0.0

    def __call__(self) -> float:
        """The time."""
        return self.now


@given(
    rate=st.floats(0.1, 100),
    burst=st.integers(1, 20),
    waits=st.lists(st.floats(0, 2), min_size=1, max_size=60),
)
def test_no_bucket_admits_more_than_its_rate_and_burst(rate: float, burst: int, waits: list[float]) -> None:
    """From any moment to any later one: at most burst + rate × time; and the wait it names is enough."""
    clock, times = Clock(), []
    bucket = TokenBucket(rate, burst, clock=clock)
    for wait in waits:
        clock.now += wait
        named = bucket.take()
        if named:
            clock.now += named + 1e-6
            assert bucket.take() == 0
        times.append(clock.now)
    for first in range(len(times)):
        admitted, seconds = len(times) - first, times[-1] - times[first]
        assert admitted <= burst + rate * seconds + 1e-3
    assert bucket.admitted == len(times)


def test_a_rested_bucket_holds_a_burst_and_no_more() -> None:
    """After any rest, `burst` are admitted at once, and the next is told when to come."""
    clock = Clock()
    bucket = TokenBucket(2.0, 3, clock=clock)
    clock.now = 1000.0
    assert [bucket.take() for _ in range(5)] == [0, 0, 0, 0.5, 0.5]
    clock.now += 0.25
    assert bucket.take() == 0.25
    assert (bucket.admitted, bucket.refused) == (3, 3)


@pytest.mark.parametrize(("rate", "burst"), [(0, 1), (-1.0, 1), (1.0, 0)])
def test_a_bucket_that_admits_nothing_is_no_bucket(rate: float, burst: int) -> None:
    """Both are above 0."""
    with pytest.raises(ValueError, match="above 0"):
        TokenBucket(rate, burst)


@pytest.mark.parametrize(
    ("seconds", "written"),
    [
        (0, "0s"),
        (0.0123, "13ms"),
        (1, "1s"),
        (7.66, "7.66s"),
        (60, "1m0s"),
        (361.5, "6m1.5s"),
        (3603, "1h0m3s"),
    ],
)
def test_durations_are_written_as_openai_writes_them(seconds: float, written: str) -> None:
    """For x-ratelimit-reset-requests."""
    assert duration(seconds) == written


def test_a_throttled_server_answers_at_its_rate() -> None:
    """Over a second of hammering: the rate and the burst are admitted, all else is 429, and each is counted."""
    bucket = TokenBucket(rate=50, burst=5)

    async def hammer(session: aiohttp.ClientSession) -> list[Seen]:
        seen, end = [], time.monotonic() + 1
        while time.monotonic() < end:
            seen.append(await said(session, api.openai_url + "/chat/completions", body()))
            await asyncio.sleep(0.002)
        return seen

    with FakeApi(throttle=bucket) as api:
        seen = talking(hammer)
    good, bad = seen.count((200, "stop")), seen.count((429, "rate_limit_exceeded"))
    assert good == pytest.approx(55, abs=5)
    assert (bucket.admitted, bucket.refused, len(seen)) == (good, bad, good + bad)
    assert (api.ledger.billed, api.ledger.statuses[429]) == (good, bad)


@pytest.mark.parametrize("hint", ["seconds", "date", "milliseconds", "none"])
def test_a_429_says_when_to_come_back(hint: Any) -> None:
    """In whichever way a provider says it; beside the state of the limit, which good replies tell as well."""
    bucket = TokenBucket(rate=0.1, burst=1, hint=hint)

    async def talk(session: aiohttp.ClientSession) -> list[Mapping[str, str]]:
        headers = []
        for _ in range(2):
            async with session.post(api.openai_url + "/chat/completions", json=body()) as reply:
                headers.append(reply.headers)
        return headers

    with FakeApi(throttle=bucket) as api:
        good, refused = talking(talk)
    limit = [good[f"x-ratelimit-{name}-requests"] for name in ("limit", "remaining", "reset")]
    assert limit == ["1", "0", "10s"]
    assert refused["x-ratelimit-remaining-requests"] == "0"
    assert waits(refused) == pytest.approx({"none": [], "milliseconds": [10]}.get(hint, [10]), abs=1.1)
    assert "Retry-After" not in good


def waits(headers: Mapping[str, str]) -> list[float]:
    """The seconds that each header names which says when to come back."""
    named = []
    if "retry-after-ms" in headers:
        named.append(int(headers["retry-after-ms"]) / 1000)
    after = headers.get("Retry-After", "")
    if after.isdecimal():
        named.append(int(after))
    elif after:
        now = parsedate_to_datetime(headers["Date"])
        named.append((parsedate_to_datetime(after) - now).total_seconds())
    return named


# A share of faults


def request(text: str) -> Request:
    """A request as a script sees it."""
    return Request("/v1/chat/completions", [], body(text), None, 0.0)


def test_a_share_of_attempts_fails_in_every_way() -> None:
    """The share is met, each kind about as often as the others, and the rest are good."""
    faults = Faults(0.2, seed=3, script=Reply("good"))
    replies = [faults(request(f"question {i}")) for i in range(5000)]
    assert sum(faults.met.values()) / 5000 == pytest.approx(0.2, abs=0.02)
    assert set(faults.met) == set(RETRIED)
    assert min(faults.met.values()) > 40
    assert replies.count(Reply("good")) == 5000 - sum(faults.met.values())


def test_faults_follow_from_seed_body_and_attempt_alone() -> None:
    """The order in which requests arrive changes nothing; another seed does."""
    asked = [request(f"question {i}") for i in range(50)]

    def met(seed: int, order: list[Request]) -> dict[str, list[Reply]]:
        faults, seen = Faults(0.5, seed=seed), dict[str, list[Reply]]()
        for one in order:
            seen.setdefault(str(one.body), []).append(faults(one))
        return seen

    by_rounds = met(1, asked * 3)
    assert met(1, [one for one in asked for _ in range(3)]) == by_rounds
    assert met(2, asked * 3) != by_rounds
    assert any(len({str(reply) for reply in replies}) > 1 for replies in by_rounds.values())


@given(most=st.integers(1, 4), seed=st.integers(0, 1000))
def test_no_body_fails_more_often_in_a_row_than_allowed(most: int, seed: int) -> None:
    """So that a client with one attempt more gets its answer, even from a server that always fails."""
    faults = Faults(1.0, seed=seed, kinds=["500"], most_in_a_row=most)
    statuses = [faults(request("the same")).status for _ in range(3 * (most + 1))]
    assert statuses == ([500] * most + [200]) * 3


def test_faults_of_ones_own_are_met_too() -> None:
    """Any function from a good reply to a bad one."""
    faults = Faults(1.0, kinds={"teapot": lambda _: Reply(status=418)})
    assert faults(request("tea")).status == 418
    assert faults.met == {"teapot": 1}


# Batches


PLAN = BatchPlan(polls=2, outcomes={"q3": "errored", "q4": "expired"})
NAMES = ["q0", "q1", "q2", "q3", "q4"]


@pytest.fixture
def openai_client() -> Iterator[Callable[[FakeApi], openai.OpenAI]]:
    """Makes clients of OpenAI's SDK; closes them."""
    made: list[openai.OpenAI] = []

    def make(api: FakeApi) -> openai.OpenAI:
        made.append(openai.OpenAI(api_key="k", base_url=api.openai_url, max_retries=0))
        return made[-1]

    yield make
    for client in made:
        client.close()


@pytest.fixture
def anthropic_client() -> Iterator[Callable[[FakeApi], Any]]:
    """Makes clients of Anthropic's SDK; closes them."""
    anthropic = pytest.importorskip("anthropic")
    made: list[Any] = []

    def make(api: FakeApi) -> Any:
        made.append(anthropic.Anthropic(api_key="k", base_url=api.anthropic_url, max_retries=0))
        return made[-1]

    yield make
    for client in made:
        client.close()


def lines(*names: str) -> bytes:
    """An input file for OpenAI: one request of three words for each name."""
    url = "/v1/chat/completions"
    entries = [
        {"custom_id": name, "method": "POST", "url": url, "body": body(f"What is {name}?")} for name in names
    ]
    return "".join(json.dumps(entry) + "\n" for entry in entries).encode()


def submitted(client: openai.OpenAI, content: bytes) -> Any:
    """A batch of this input file."""
    file = client.files.create(file=("in.jsonl", content), purpose="batch")
    assert client.files.content(file.id).content == content
    return client.batches.create(
        input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h", metadata={"run": "7"}
    )


def results(client: openai.OpenAI, file_id: str | None) -> dict[str, Any]:
    """The lines of a file of results by custom_id; {} if there is no file."""
    if file_id is None:
        return {}
    read = [json.loads(line) for line in client.files.content(file_id).text.splitlines()]
    assert len(read) == 1 or [line["custom_id"] for line in read] != sorted(
        line["custom_id"] for line in read
    )
    return {line["custom_id"]: line for line in read}


def test_openais_batch_from_file_to_results(openai_client: Callable[[FakeApi], openai.OpenAI]) -> None:
    """Five requests: three answered, one failed, one not done in time; another client finishes the job."""
    with FakeApi(Reply("[[B]]"), batches=PLAN, price=Price(1e6, 10e6)) as api:
        batch = submitted(openai_client(api), lines(*NAMES))
        assert (batch.status, batch.request_counts) == ("validating", None) or batch.request_counts.total == 5
        other = openai_client(api)
        polled = [other.batches.retrieve(batch.id) for _ in range(4)]
        assert [one.status for one in polled] == ["in_progress", "in_progress", "expired", "expired"]
        assert [one.request_counts.completed for one in polled] == [1, 3, 3, 3]
        assert (polled[0].output_file_id, polled[-1].metadata) == (None, {"run": "7"})
        assert polled[2].output_file_id == polled[3].output_file_id
        assert results(other, polled[-1].output_file_id), "to be read again, and delivered once"
        good, bad = results(other, polled[-1].output_file_id), results(other, polled[-1].error_file_id)
    assert sorted(good) == ["q0", "q1", "q2"]
    assert {one["response"]["body"]["choices"][0]["message"]["content"] for one in good.values()} == {"[[B]]"}
    assert (bad["q3"]["response"]["status_code"], bad["q4"]["error"]["code"]) == (500, "batch_expired")
    assert (api.ledger.asked, api.ledger.billed, api.ledger.delivered) == (5, 3, 3)
    assert api.ledger.billed_usd == api.ledger.delivered_usd == 0.5 * 3 * 13
    assert (len(api.batches), api.requests) == (1, [])


def test_openais_batch_is_canceled_in_the_middle(openai_client: Callable[[FakeApi], openai.OpenAI]) -> None:
    """What was done is there, the rest is not; a second cancellation is refused."""
    with FakeApi(batches=BatchPlan(polls=4)) as api:
        client = openai_client(api)
        batch = submitted(client, lines(*NAMES))
        client.batches.retrieve(batch.id)
        client.batches.retrieve(batch.id)
        assert client.batches.cancel(batch.id).status == "cancelling"
        ended = client.batches.retrieve(batch.id)
        assert ended.status == "cancelled"
        assert set(results(client, ended.output_file_id)) == {"q0", "q1"}
        assert {one["error"]["code"] for one in results(client, ended.error_file_id).values()} == {
            "batch_cancelled"
        }
        with pytest.raises(openai.ConflictError):
            client.batches.cancel(batch.id)
    assert (api.ledger.billed, api.ledger.delivered) == (2, 2)


@pytest.mark.parametrize(
    ("content", "code", "line"),
    [
        (b"", "empty_file", None),
        (lines("a", "b", "a"), "duplicate_custom_id", 3),
        (lines("a") + b"{oops\n", "invalid_json_line", 2),
        (lines("a").replace(b"POST", b"GET"), "mismatched_endpoint", 1),
    ],
)
def test_openai_refuses_a_bad_input_file_later(
    content: bytes, code: str, line: int | None, openai_client: Callable[[FakeApi], openai.OpenAI]
) -> None:
    """The batch is made, and has failed when it is looked at; nothing was asked."""
    with FakeApi() as api:
        client = openai_client(api)
        batch = submitted(client, content)
        client.batches.retrieve(batch.id)
        failed = client.batches.retrieve(batch.id)
    assert failed.status == "failed"
    assert [(error.code, error.line) for error in failed.errors.data] == [(code, line)]
    assert api.ledger.asked == 0


def test_openais_lists_come_in_pages(openai_client: Callable[[FakeApi], openai.OpenAI]) -> None:
    """The last batch first; the SDK turns the pages by itself. Files can be listed, looked at, deleted."""
    with FakeApi() as api:
        client = openai_client(api)
        ids = [submitted(client, lines("a")).id for _ in range(5)]
        assert [batch.id for batch in client.batches.list(limit=2)] == ids[::-1]
        files = list(client.files.list())
        assert [client.files.retrieve(file.id).filename for file in files] == ["in.jsonl"] * 5
        assert client.files.delete(files[0].id).deleted
        with pytest.raises(openai.NotFoundError):
            client.files.retrieve(files[0].id)
    assert [batch.id for batch in api.batches] == ids


def params(name: str) -> dict[str, Any]:
    """One request of three words in Anthropic's format."""
    return {"custom_id": name, "params": body(f"What is {name}?")}


def test_anthropics_batch_from_requests_to_results(anthropic_client: Callable[[FakeApi], Any]) -> None:
    """The same five; nothing is counted and no results are there before all of it has ended."""
    with FakeApi(Reply("[[B]]"), batches=PLAN, price=Price(1e6, 10e6)) as api:
        batch = anthropic_client(api).messages.batches.create(requests=[params(name) for name in NAMES])
        other = anthropic_client(api).messages.batches
        polled = [other.retrieve(batch.id) for _ in range(4)]
        assert [one.processing_status for one in polled] == ["in_progress", "in_progress", "ended", "ended"]
        assert [one.request_counts.processing for one in polled] == [5, 5, 0, 0]
        assert (polled[1].results_url, polled[1].request_counts.succeeded) == (None, 0)
        entries = list(other.results(batch.id))
    counts = polled[-1].request_counts
    assert (counts.succeeded, counts.errored, counts.expired, counts.canceled) == (3, 1, 1, 0)
    came = {entry.custom_id: entry.result for entry in entries}
    assert [came[name].type for name in NAMES] == ["succeeded"] * 3 + ["errored", "expired"]
    assert list(came) == NAMES[::-1]
    assert came["q0"].message.content[0].text == "[[B]]"
    assert came["q3"].error.error.type == "api_error"
    assert (api.ledger.billed, api.ledger.delivered, api.ledger.billed_usd) == (3, 3, 0.5 * 3 * 13)


def test_anthropics_batch_is_canceled_in_the_middle(anthropic_client: Callable[[FakeApi], Any]) -> None:
    """What was done is there, the rest says that it was canceled; ended batches can be deleted."""
    with FakeApi(batches=BatchPlan(polls=4)) as api:
        batches = anthropic_client(api).messages.batches
        batch = batches.create(requests=[params(name) for name in NAMES])
        batches.retrieve(batch.id)
        assert batches.cancel(batch.id).processing_status == "canceling"
        assert batches.retrieve(batch.id).processing_status == "ended"
        came = {entry.custom_id: entry.result.type for entry in batches.results(batch.id)}
        assert came == {"q0": "succeeded", **dict.fromkeys(NAMES[1:], "canceled")}
        assert batches.delete(batch.id).type == "message_batch_deleted"
        assert len(api.batches) == 0


def test_anthropics_lists_come_in_pages(anthropic_client: Callable[[FakeApi], Any]) -> None:
    """The last batch first; the SDK turns the pages by itself."""
    with FakeApi() as api:
        batches = anthropic_client(api).messages.batches
        ids = [batches.create(requests=[params("a")]).id for _ in range(5)]
        assert [batch.id for batch in batches.list(limit=2)] == ids[::-1]


@pytest.mark.parametrize("names", [[], ["a", "a"], ["no spaces"], ["x" * 65]])
def test_anthropic_refuses_bad_requests_at_once(names: list[str]) -> None:
    """No batch is made."""
    with FakeApi() as api:
        sent = {"requests": [params(name) for name in names]}
        assert ask(api, sent, path="/v1/messages/batches") == [(400, "invalid_request_error")]
    assert len(api.batches) == 0


def test_an_error_that_the_script_gives_is_the_requests_own(
    openai_client: Callable[[FakeApi], openai.OpenAI],
) -> None:
    """In a batch a refusal of one request is one line of the file of errors."""
    with FakeApi(KINDS["context length"](Reply()), batches=BatchPlan(polls=0)) as api:
        client = openai_client(api)
        ended = client.batches.retrieve(submitted(client, lines("a")).id)
        line = results(client, ended.error_file_id)["a"]
    assert (ended.status, ended.output_file_id, ended.request_counts.failed) == ("completed", None, 1)
    assert line["response"]["status_code"] == 400
    assert line["response"]["body"]["error"]["code"] == "context_length_exceeded"


@pytest.mark.parametrize(
    ("fault", "made"),
    [
        (Reply(status=500), 0),
        (Reply(reset=True), 0),
        (Reply(sending="none"), 1),
        (Reply(sending="broken"), 1),
    ],
)
def test_calls_about_batches_can_fail_before_or_after_they_are_carried_out(
    fault: Reply, made: int, openai_client: Callable[[FakeApi], openai.OpenAI]
) -> None:
    """The second is how a batch is paid for twice by a client that takes no care."""

    def fails(call: Call) -> Reply | None:
        return fault if (call.method, call.path) == ("POST", "/v1/batches") else None

    with FakeApi(batches=BatchPlan(fault=fails)) as api:
        client = openai_client(api)
        with pytest.raises(openai.APIError):
            submitted(client, lines("a"))
        assert len(api.batches) == len(list(client.batches.list())) == made
    assert "POST /v1/batches" in api.batches.calls


# By hand, and in a process of its own


def test_it_runs_in_a_process_of_its_own() -> None:
    """Options say how it answers; its ledger is read over HTTP."""

    async def talk(session: aiohttp.ClientSession) -> tuple[list[Seen], dict[str, Any]]:
        seen = [await said(session, url + "/v1/chat/completions", body(f"Is {i} odd?")) for i in range(20)]
        async with session.get(url + "/ledger") as reply:
            return seen, await reply.json()

    options = "--faults", "0.5", "--kinds", "503", "empty choices", "--seed", "4", "--latency", "0.001"
    with served(*options) as url:
        seen, totals = talking(talk)
    assert set(seen) == {(200, "stop"), (200, "no choices"), (503, "server_error")}
    assert (totals["asked"], totals["delivered"]) == (20, seen.count((200, "stop")))


@pytest.mark.slow
def test_it_answers_three_thousand_requests_a_second() -> None:
    """In a process of its own, to one aiohttp client: a client that is measured on it does not wait for it."""

    async def talk(session: aiohttp.ClientSession) -> float:
        sent, left, started = body(), iter(range(6000)), time.perf_counter()

        async def worker() -> None:
            for _ in left:
                async with session.post(url + "/v1/chat/completions", json=sent) as reply:
                    assert len(await reply.read()) > 200

        await asyncio.gather(*(worker() for _ in range(64)))
        return 6000 / (time.perf_counter() - started)

    with served() as url:
        assert max(talking(talk) for _ in range(3)) >= 3000
