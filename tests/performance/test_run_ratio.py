"""Whole runs against what they could be at best: the provider's own time, and a store that has every answer."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from rmb.cards import Generative, Limits, Price
from rmb.run import Run, Settings, execute
from rmb.scorers.generative import GenerativeJudge
from rmb.scorers.language_model import open_client
from rmb.store import Store
from rmb.templates import Template
from tests.builders import Listener, pair
from tests.fake_api import served

LATENCY_S, ROUNDS, MOST = 0.2, 50, 1.15
QUESTIONS, LEAST = 10_000, 5_000

pytestmark = pytest.mark.slow


def asked(url: str, questions: int, store: Store, *, at_once: int, transport: str = "direct") -> Run:
    """A run of so many distinct questions."""
    card = Generative(
        kind="generative",
        summary="",
        model="openai/m",
        base_url=f"{url}/v1",
        transport=transport,  # type: ignore[arg-type]
        price=Price(input=1, output=1),
        limits=Limits(concurrency=at_once),
    )
    judge = GenerativeJudge(card, Template.load("pairwise_v2"), open_client(card))
    items = [pair(uid=str(number), asked=f"Question {number}?") for number in range(questions // 2)]
    return asyncio.run(execute(judge, items, Settings(), store=store, watcher=Listener()))


@pytest.mark.parametrize(
    ("transport", "at_once"), [("litellm", 8), ("direct", 8), ("direct", 16), ("direct", 32), ("direct", 64)]
)
def test_a_run_takes_hardly_longer_than_its_provider(transport: str, at_once: int, tmp_path: Path) -> None:
    """A provider that takes 200 ms: at most 1.15 × calls × latency / concurrency, preparation and figures included."""
    questions = ROUNDS * at_once
    with served("--latency", str(LATENCY_S)) as url:
        with Store(tmp_path / "warm") as warm:
            # LiteLLM takes seconds to import, once in a process.
            asked(url, 2 * at_once, warm, at_once=at_once, transport=transport)
        with Store(tmp_path / "cold") as store:
            run = asked(url, questions, store, at_once=at_once, transport=transport)
    ideal_s = questions * LATENCY_S / at_once
    load = os.getloadavg()[0]
    print(
        f"{transport} × {at_once}: {run.seconds:.2f} s, {run.seconds / ideal_s:.2f} × ideal, load {load:.1f}"
    )
    assert run.counts["asked"] == questions
    assert run.seconds <= MOST * ideal_s


def test_stored_answers_come_quickly(tmp_path: Path) -> None:
    """A run that has every answer already does at least 5,000 questions a second."""
    with served() as url, Store(tmp_path) as store:
        asked(url, QUESTIONS, store, at_once=64)
        run = asked(url, QUESTIONS, store, at_once=64)
    print(f"from the store: {QUESTIONS / run.seconds:,.0f} questions/s, load {os.getloadavg()[0]:.1f}")
    assert run.counts["from_store"] == QUESTIONS
    assert run.seconds <= QUESTIONS / LEAST
