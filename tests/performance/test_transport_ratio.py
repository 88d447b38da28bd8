"""The direct transport against LiteLLM, and both against bare `litellm.acompletion`: calls a second, and CPU for each call.

One server, in a process of its own, so that its work is not counted; the same requests in one run, so that the ratio holds
on any machine.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from rmb.cards import Generative, Limits, Price
from rmb.records import Answer
from rmb.scorers.language_model import open_client
from rmb.scorers.litellm_client import import_litellm
from tests.fake_api import served

CALLS, AT_ONCE, TIMES = 400, 32, 5
ASKED = {
    "messages": [{"role": "user", "content": "Which is better? " * 50}],
    "temperature": 0.0,
    "max_tokens": 5,
}

pytestmark = pytest.mark.slow


async def measured(call: Callable[[], Awaitable[Any]], calls: int) -> tuple[float, float]:
    """Calls a second, and seconds of CPU for each, of so many calls."""
    left = iter(range(calls))

    async def one() -> None:
        for _ in left:
            await call()

    for _ in range(20):
        await call()
    started, cpu = time.monotonic(), time.process_time()
    await asyncio.gather(*(one() for _ in range(AT_ONCE)))
    return calls / (time.monotonic() - started), (time.process_time() - cpu) / calls


async def through(url: str, transport: str, calls: int) -> tuple[float, float]:
    """The same through a client of ours."""
    limits = Limits(concurrency=AT_ONCE, attempts=1)
    of = Generative(
        kind="generative", summary="", model="openai/m", base_url=url, transport=transport,  # type: ignore[arg-type]
        price=Price(input=1, output=1), limits=limits,
    )  # fmt: skip
    client = open_client(of)
    await client.open()

    async def call() -> None:
        assert isinstance(await client.complete({"model": of.model, **ASKED}), Answer)

    try:
        return await measured(call, calls)
    finally:
        await client.close()


async def bare(url: str) -> tuple[float, float]:
    """The same through LiteLLM, with nothing around it."""
    litellm = import_litellm()

    async def call() -> None:
        await litellm.acompletion(
            model="openai/m", api_base=url, api_key="none", max_retries=0, num_retries=0, **ASKED
        )

    try:
        return await measured(call, CALLS)
    finally:
        await litellm.close_litellm_async_clients()
        litellm.in_memory_llm_clients_cache.flush_cache()


def test_direct_makes_five_times_the_calls_of_litellm() -> None:
    """On the same server; and the CPU of a call through LiteLLM is at most 1.3 times that of LiteLLM alone."""

    async def all_three(url: str) -> dict[str, tuple[float, float]]:
        return {
            "direct": await through(url, "direct", TIMES * CALLS),
            "bare litellm": await bare(url),
            "litellm": await through(url, "litellm", CALLS),
        }

    with served() as url:
        found = asyncio.run(all_three(f"{url}/v1"))
    for name, (rate, cpu) in found.items():
        print(
            f"{name:<14}{rate:8.0f} calls/s {1000 * cpu:8.2f} ms of CPU a call, load {os.getloadavg()[0]:.1f}"
        )
    assert found["direct"][0] >= TIMES * found["litellm"][0]
    assert found["litellm"][1] <= 1.3 * found["bare litellm"][1]
