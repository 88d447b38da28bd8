"""The client that speaks OpenAI's format itself: records equal to LiteLLM's, and rates that are kept on the real wire."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import astuple, dataclass, replace
from typing import Any

import pytest

from rmb.cards import Generative, Limits, Price
from rmb.errors import RefusedError, RmbError, UsageError
from rmb.records import Answer, Failure
from rmb.scorers.language_model import open_client
from rmb.scorers.pace import Pace
from tests.fake_api import FakeApi, Reply, TokenBucket

MODEL = "openai/my-model"
ASKED = {"messages": [{"role": "user", "content": "Which is better?"}], "temperature": 0.0, "max_tokens": 5}
KEY = "sk-test-7f3a9c"
HTML = {"Content-Type": "text/html"}
TICK_S = 0.01
LEAST_S, MOST_S, TRIES = 5.0, 10.0, 3


def card(api: FakeApi, **changes: Any) -> Generative:
    """A card for a server that is asked directly: one attempt, unless `changes` says otherwise."""
    plain: dict[str, Any] = {
        "kind": "generative",
        "summary": "For tests.",
        "model": MODEL,
        "transport": "direct",
        "base_url": api.openai_url,
        "price": Price(input=3, output=15),
        "limits": Limits(attempts=1, deadline_s=20),
    }
    return Generative(**plain | changes)


def ask(of: Generative, times: int = 1, **more: Any) -> list[Answer | Failure | RmbError]:
    """What comes of a request that is made so many times at once."""

    async def talk() -> list[Any]:
        client = open_client(of)
        await client.open()
        try:
            requests = [client.complete({"model": of.model, **ASKED, **more}) for _ in range(times)]
            return await asyncio.gather(*requests, return_exceptions=True)
        finally:
            await client.close()

    return asyncio.run(talk())


def body(message: dict[str, Any], **more: Any) -> bytes:
    """A chat completion with this message."""
    choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", **message}, **more}
    reply = {"id": "1", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice]}
    return json.dumps(reply).encode()


REPLIES = [
    pytest.param(Reply("[[A]]"), id="an answer"),
    pytest.param(Reply(None), id="no text"),
    pytest.param(Reply(""), id="an empty text"),
    pytest.param(Reply("\u202e🙂\x00[/A] ü"), id="odd characters"),
    pytest.param(Reply("I think", finish_reason="length"), id="cut short"),
    pytest.param(Reply("", finish_reason="content_filter"), id="a filtered reply"),
    pytest.param(Reply("x", finish_reason="eos"), id="a reason that OpenAI does not have"),
    pytest.param(Reply("x", finish_reason="max_tokens"), id="a length in other words"),
    pytest.param(Reply(refusal="I cannot."), id="a refusal beside the text"),
    pytest.param(Reply("x", model="my-model-2026"), id="another model serves"),
    pytest.param(Reply("x", usage=False), id="no token counts"),
    pytest.param(Reply("B.", logprobs={"A": -2.0, "B": -0.2, "C": -7.0}), id="log-probabilities"),
    pytest.param(Reply("<think>hm</think>\n[[A]]"), id="reasoning in front"),
    pytest.param(
        Reply(body=body({"content": "<think>a</think>b", "reasoning_content": "r"})), id="and apart"
    ),
    pytest.param(Reply(body=body({"content": "b", "reasoning_content": "r"})), id="reasoning apart"),
    pytest.param(Reply(body=body({"content": "x"}, finish_reason=None)), id="no reason for the finish"),
    pytest.param(Reply(body=body({"content": "x", "refusal": "no"})), id="a refusal and a text"),
    pytest.param(Reply(choices=False), id="no choices"),
    pytest.param(Reply(body=b"<html>Sign in</html>", headers=HTML), id="a web page"),
    pytest.param(Reply(body=b""), id="nothing"),
    pytest.param(Reply(body=b'{"id": "1", "choices": [{'), id="JSON cut off"),
    pytest.param(Reply(body=b"[1]"), id="a list"),
    pytest.param(Reply(body=b'{"error": {"message": "down", "code": 502}}'), id="502 within a 200"),
    pytest.param(Reply(reset=True), id="a reset"),
    *(
        pytest.param(Reply(status=status), id=str(status))
        for status in (400, 401, 403, 404, 408, 409, 413, 422)
    ),
    *(pytest.param(Reply(status=status), id=str(status)) for status in (425, 429, 500, 502, 503, 529)),
    pytest.param(
        Reply(status=400, error={"code": "context_length_exceeded", "message": "long"}), id="too long"
    ),
    pytest.param(
        Reply(status=400, error={"code": "content_filter", "message": "no"}), id="a filtered prompt"
    ),
    pytest.param(Reply(status=429, error={"code": "insufficient_quota", "message": "no"}), id="no quota"),
]


def alike(reply: Answer | Failure | RmbError) -> object:
    """What has to be the same by both ways: all of an answer but its seconds, the reason of a failure, a refusal's kind."""
    if isinstance(reply, Answer):
        return replace(reply, usage=replace(reply.usage, seconds=0.0))
    return reply.reason if isinstance(reply, Failure) else (type(reply), str(reply).partition(";")[0])


@pytest.mark.parametrize("reply", REPLIES)
def test_the_records_are_those_of_litellm(reply: Reply) -> None:
    """The same reply of a server gives the same record, is asked for as often, with the same body."""
    seen: list[tuple[object, list[object]]] = []
    for transport in ("direct", "litellm"):
        with FakeApi(reply) as api:
            (came,) = ask(card(api, transport=transport), logprobs=True, top_logprobs=2)
        seen.append((alike(came), [request.body for request in api.requests]))
    assert seen[0] == seen[1]


def test_both_ways_share_their_answers() -> None:
    """Identity says who answers, and not by what program it was asked."""
    with FakeApi() as api:
        one, other = (open_client(card(api, transport=transport)) for transport in ("direct", "litellm"))
    assert one.identity == other.identity == {"model": MODEL, "endpoint": api.openai_url}


def test_what_is_sent_beside_the_parameters_stands_in_the_body() -> None:
    """A grammar for llama.cpp, as a field of its own; the model's name without LiteLLM's part."""
    with FakeApi() as api:
        ask(card(api), extra_body={"grammar": 'root ::= "A"'})
    assert api.requests[0].body == {"model": "my-model", **ASKED, "grammar": 'root ::= "A"'}


def test_the_key_is_sent_and_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    """The server sees it; a complaint that holds it does not."""
    monkeypatch.setenv("MY_KEY", KEY)
    with FakeApi(Reply(status=401, error={"message": f"Incorrect API key provided: {KEY}."})) as api:
        (refusal,) = ask(card(api, key="MY_KEY"))
    assert api.requests[0].key == KEY
    assert isinstance(refusal, RefusedError)
    assert KEY not in str(refusal)


def test_a_key_is_not_sent_unencrypted_to_another_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """One line before any work, unless it is wanted; without a key there is nothing to lose."""
    monkeypatch.setenv("MY_KEY", KEY)
    with FakeApi() as api:
        far = {"base_url": "http://gpu.example/v1"}
        with pytest.raises(UsageError, match="--insecure-http"):
            open_client(card(api, key="MY_KEY", **far))
        open_client(card(api, key="MY_KEY", insecure_http=True, **far))
        open_client(card(api, **far))


def test_connections_are_kept_open() -> None:
    """Twenty requests one after the other, over one connection."""
    with FakeApi() as api:
        of = card(api, limits=Limits(concurrency=1))
        started = time.monotonic()
        replies = ask(of, times=20)
    assert all(isinstance(reply, Answer) for reply in replies)
    assert time.monotonic() - started < 5


# Throttling, on the real wire


@dataclass(frozen=True)
class Use:
    """What became of a bucket's rate in some time.

    Seconds, those of this thread's CPU, and stalled: those in which the machine let this program do nothing.
    """

    seconds: float = 0.0
    cpu_s: float = 0.0
    stalled_s: float = 0.0
    spilled: float = 0.0
    admitted: int = 0
    refused: int = 0

    def since(self, before: Use) -> Use:
        """The use between another moment and this one."""
        then = astuple(before)
        return Use(*(number - earlier for number, earlier in zip(astuple(self), then, strict=True)))

    def holds(self, rate: float) -> bool:
        """At least 90 % of the rate was used while the program could run, and under 5 % of requests were refused."""
        # What is left in the bucket is not lost: it may be full at one end of the time and empty at the other.
        used_s, given_s = self.seconds - self.spilled / rate, self.seconds - self.stalled_s
        # Without a moment to spare it is the machine that says how fast.
        spent = self.cpu_s > 0.8 * given_s
        return (used_s >= 0.9 * given_s or spent) and self.refused < 0.05 * (self.admitted + self.refused)


class Clock:
    """Measures the time that a busy machine takes: how late a timer is, less the CPU that this thread had meanwhile."""

    def __init__(self, bucket: TokenBucket) -> None:
        """bucket: whose counts belong to the times."""
        self.bucket, self.stalled_s = bucket, 0.0

    async def run(self) -> None:
        """Measures until it is cancelled."""
        while True:
            wall, cpu = time.monotonic(), time.thread_time()
            await asyncio.sleep(TICK_S)
            late_s = time.monotonic() - wall - TICK_S
            self.stalled_s += max(0.0, late_s - (time.thread_time() - cpu))

    def now(self) -> Use:
        """All that there was so far."""
        bucket = self.bucket
        times = time.monotonic(), time.thread_time(), self.stalled_s
        return Use(*times, bucket.spilled, bucket.admitted, bucket.refused)


def throttled(of: Generative, bucket: TokenBucket, *, warm_s: float) -> Use:
    """The use of a bucket by a client that had time to learn: of LEAST_S, or of more until the law holds or MOST_S are over."""

    async def talk() -> Use:
        client, clock = open_client(of), Clock(bucket)
        await client.open()

        async def one() -> None:
            while True:
                await client.complete({"model": of.model, **ASKED})

        tasks = [asyncio.create_task(work) for work in (clock.run(), *(one() for _ in range(128)))]
        try:
            await asyncio.sleep(warm_s)
            start = clock.now()
            for _ in range(int(MOST_S / LEAST_S)):
                await asyncio.sleep(LEAST_S)
                use = clock.now().since(start)
                if use.holds(bucket.rate):
                    break
            return use
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await client.close()

    return asyncio.run(talk())


@pytest.mark.parametrize(
    ("rate", "transport", "warm_s"),
    [
        (50, "litellm", 5),
        (200, "direct", 5),
        pytest.param(5, "litellm", 20, marks=pytest.mark.slow),
    ],
)
def test_a_throttled_server_is_used_to_its_limit(rate: int, transport: str, warm_s: float) -> None:
    """At least 90 % of its rate and under 5 % of requests refused, in what time the machine gives (and see test_pace)."""
    uses = []
    for _ in range(TRIES):
        # What a machine's long halt has taught a client is another's to unlearn: test_pace holds the law without a machine.
        bucket = TokenBucket(rate, burst=max(2, rate))
        with FakeApi(throttle=bucket) as api:
            of = card(api, transport=transport, limits=Limits(concurrency=64))
            uses.append(throttled(of, bucket, warm_s=warm_s))
        if uses[-1].holds(rate):
            break
    assert uses[-1].holds(rate), uses


def test_a_pace_belongs_to_one_client() -> None:
    """Each has its own, so a provider that throttles does not slow another."""
    with FakeApi() as api:
        one, other = open_client(card(api)), open_client(card(api))
    assert isinstance(getattr(one, "pace", None), Pace)
    assert getattr(one, "pace", None) is not getattr(other, "pace", None)
