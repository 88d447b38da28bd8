"""A provider that fails in every way it can: no answer is lost, none is paid for twice, and the bill is known to the cent."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from rmb.cards import Generative, Limits, Price
from rmb.records import Item
from rmb.run import Run, Settings, execute
from rmb.scorers.generative import GenerativeJudge
from rmb.scorers.language_model import open_client
from rmb.store import Store
from rmb.templates import Template
from tests.builders import Listener, pair
from tests.fake_api import ANSWERED, FINAL, KINDS, RETRIED, FakeApi, Faults, Reply
from tests.fake_api.faults import Fault

ATTEMPTS, JUDGES = 6, 10
KNOWN = [kind for kind in ANSWERED if kind != "missing usage"]
"""Of an answer without token counts nobody knows what it cost: the run says that, and no sum can be compared."""
SELDOM = {"429", "503", "529", "stall", "trickle"}
"""These slow all questions down, or hold a place until the deadline: with as many of them as of others, the test is one of waiting."""
SOON = Reply(status=429, headers={"retry-after-ms": "20"})
ODD: dict[str, Fault] = {
    "429": lambda _: SOON,
    # Minutes long: one that ends with the deadline may have gone out whole when it is given up.
    "trickle": lambda good: replace(good, sending="trickle", byte_s=1.0),
}
WAYS = {kind: KINDS[kind] for kind in (*RETRIED, *KNOWN, *FINAL)} | ODD


WITHIN = {
    "direct": {"concurrency": 32, "deadline_s": 5.0},
    "litellm": {"concurrency": 8, "deadline_s": 20.0},
}
"""An answer that arrives while the program has no time to look at it in time is lost, and LiteLLM takes much of its time."""


def mixed(often: int) -> dict[str, Fault]:
    """The ways to fail, the others so many times as often as those that are seldom."""
    times = {kind: 1 if kind in SELDOM else often for kind in WAYS}
    return {f"{kind} {time}": WAYS[kind] for kind, most in times.items() for time in range(most)}


def judge(api: FakeApi, transport: str, number: int) -> GenerativeJudge:
    """A judge behind the API, at the ledger's prices."""
    card = Generative(
        kind="generative",
        summary="For tests.",
        model=f"openai/m{number}",
        transport=transport,  # type: ignore[arg-type]
        base_url=api.openai_url,
        price=Price(input=1, output=2),
        limits=Limits(attempts=ATTEMPTS, **WITHIN[transport]),  # type: ignore[arg-type]
    )
    return GenerativeJudge(card, Template.load("pairwise_v2"), open_client(card))


async def all_at_once(judges: Sequence[GenerativeJudge], items: Sequence[Item], store: Store) -> list[Run]:
    """The runs of some judges, at the same time: a refusal slows one of them down, and not the test."""
    for one in judges:
        # Open to the end: closing LiteLLM's connections closes those of all.
        await one.line.open()
    try:
        runs = (execute(one, items, Settings(), store=store, watcher=Listener()) for one in judges)
        return await asyncio.gather(*runs)
    finally:
        for one in judges:
            await one.line.close()


@pytest.mark.parametrize(
    ("questions", "transport", "often"),
    [
        (10_000, "direct", 12),
        (1_000, "litellm", 4),
        pytest.param(10_000, "litellm", 12, marks=pytest.mark.slow),
    ],
)
def test_nothing_is_lost_and_nothing_paid_twice(
    questions: int, transport: str, often: int, tmp_path: Path
) -> None:
    """A fifth of all attempts fails: every question has its answer, and none is asked again that was answered whole."""
    items = [pair(uid=str(n), asked=f"Question {n}?") for n in range(questions // 2 // JUDGES)]
    faults = Faults(0.2, kinds=mixed(often), most_in_a_row=ATTEMPTS - 1)
    with FakeApi(faults, keep=False) as api, Store(tmp_path) as store:
        judges = [judge(api, transport, number) for number in range(JUDGES)]
        runs = asyncio.run(all_at_once(judges, items, store))
        kept = len(store)
    ledger = api.ledger
    assert [run.error for run in runs] == [None] * JUDGES
    assert sum(run.counts["asked"] for run in runs) == len(ledger.accounts) == kept == questions
    assert [run.unanswered for run in runs] == [0] * JUDGES
    assert ledger.asked_again == 0
    assert {name.rpartition(" ")[0] for name in faults.met} == set(WAYS)
    # What was billed beyond that was made by the provider and never arrived: resets, stalls, bodies cut short. No client
    # can know of it.
    assert sum(run.cost_usd or 0.0 for run in runs) == pytest.approx(ledger.delivered_usd, abs=0.005)
    assert ledger.billed_usd > ledger.delivered_usd
