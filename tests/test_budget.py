"""Dollars: room is reserved before a call is sent, so that a cap holds whatever fails; and what models cost."""

from __future__ import annotations

import asyncio
import json
import math
import random
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from rmb.cards import KEYS, Generative, Limits, Price, Sampling
from rmb.errors import BUDGET, COMPLETE, BudgetError, UsageError
from rmb.records import Answer, Usage
from rmb.scorers.attempts import Cost, broken, completed, no_answer
from rmb.scorers.budget import Budget
from rmb.scorers.faults import Complaint
from rmb.scorers.language_model import open_client
from rmb.scorers.litellm_client import import_litellm
from rmb.scorers.pace import Pace
from rmb.scorers.prices import listed, rates_of, table
from rmb.scorers.provider import most_tokens
from tests.fake_api import FakeApi, Faults, Reply
from tests.fake_api.faults import RETRIED
from tests.fake_api.ledger import Ledger
from tests.simulated_time import in_no_time, now
from tests.test_cli import Ended
from tests.test_compare_command import called

PRICE = Price(input=1, output=2)
"""That of the fake API's ledger."""
REPLY_TOKENS = 40
SLOW = ("stall", "trickle")
"""Faults that last until the deadline."""


def card(api: FakeApi, **changes: Any) -> Generative:
    """A judge whose calls cost something."""
    plain: dict[str, Any] = {
        "kind": "generative",
        "summary": "For tests.",
        "model": "openai/my-model",
        "transport": "direct",
        "base_url": api.openai_url,
        "price": PRICE,
        "sampling": Sampling(max_tokens=REPLY_TOKENS),
        "limits": Limits(concurrency=8, deadline_s=2),
    }
    return Generative(**plain | changes)


def requests(of: Generative, name: object, count: int) -> list[dict[str, Any]]:
    """Distinct requests of very different lengths."""
    draw = random.Random(str(name))
    texts = [f"{name}.{number} " + "good, or bad? " * draw.randrange(60) for number in range(count)]
    return [
        {"model": of.model, "messages": [{"role": "user", "content": text}], "max_tokens": REPLY_TOKENS}
        for text in texts
    ]


async def spend(of: Generative, budget: Budget, asked: Sequence[dict[str, Any]]) -> list[Any]:
    """What comes of some requests that are made at once, from one budget."""
    client = open_client(of, budget)
    await client.open()
    try:
        return await asyncio.gather(*map(client.complete, asked), return_exceptions=True)
    finally:
        await client.close()


def billed(ledger: Ledger, asked: Sequence[dict[str, Any]], model: str) -> float:
    """The dollars that the provider wants for some requests, whether or not their answers arrived."""
    accounts = [ledger.of({**one, "model": model}) for one in asked]
    return sum(ledger.price.of(one.prompt_tokens, one.completion_tokens) for one in accounts)


# The cap


@pytest.mark.parametrize(("transport", "budgets", "at_once"), [("direct", 200, 40), ("litellm", 6, 1)])
def test_no_budget_is_ever_exceeded(transport: str, budgets: int, at_once: int) -> None:
    """Random caps from less than one call to more than all of them, while one attempt in five fails in every way."""
    draw, count = random.Random(6), 30
    faults = Faults(0.2, seed=6, kinds=[kind for kind in RETRIED if kind not in SLOW], most_in_a_row=5)

    async def one(api: FakeApi, number: int, cap: float) -> tuple[float, bool]:
        budget, of = Budget(cap), card(api, transport=transport)
        asked = requests(of, number, count)
        replies = await spend(of, budget, asked)
        paid = billed(api.ledger, asked, "my-model")
        assert paid <= budget.counted_usd + 1e-12
        assert budget.counted_usd <= cap + 1e-12
        unpaid = [reply for reply in replies if isinstance(reply, BudgetError)]
        whole = all(isinstance(reply, Answer) for reply in replies)
        assert whole or unpaid, [reply for reply in replies if not isinstance(reply, Answer)]
        return paid, whole

    async def every(api: FakeApi) -> list[tuple[float, bool]]:
        caps = [math.exp(draw.uniform(math.log(5e-5), math.log(3e-2))) for _ in range(budgets)]
        found = []
        for start in range(0, budgets, at_once):
            wave = range(start, min(start + at_once, budgets))
            found += await asyncio.gather(*(one(api, number, caps[number]) for number in wave))
        return found

    with FakeApi(faults) as api:
        found = asyncio.run(every(api))
    # Both ends were met: caps that stopped it, and caps that did not.
    assert {whole for _, whole in found} == {True, False}
    assert all(paid for paid, whole in found if whole)


def priced(usd: float | None, seconds: float = 1.0) -> Callable[[int], Any]:
    """An attempt that takes so long and costs so much."""

    async def attempt(number: int) -> Answer:
        await asyncio.sleep(seconds)
        return Answer(text="A", usage=Usage(prompt_tokens=1, cost_usd=usd, attempts=number))

    return attempt


async def outcomes(budget: Budget, attempts: Sequence[Callable[[int], Any]], most_usd: float) -> list[Any]:
    """What comes of some calls that are made at once, each with the same most that it may cost."""
    pace, limits = Pace(Limits(concurrency=64), clock=now), Limits(attempts=2, deadline_s=5)
    cost = Cost(most_usd=most_usd, budget=budget, model="m")
    calls = (completed(attempt, limits, pace, cost) for attempt in attempts)
    return await asyncio.gather(*calls, return_exceptions=True)


def test_calls_wait_for_room_and_use_it() -> None:
    """Twenty calls that may cost 30 cents each and cost one: all are answered from a dollar, a few at a time."""

    async def work() -> tuple[list[Any], float]:
        replies = await outcomes(budget, [priced(0.01)] * 20, 0.3)
        return replies, now()

    budget = Budget(1.0)
    replies, seconds = in_no_time(work)
    assert all(isinstance(reply, Answer) for reply in replies)
    assert budget.spent_usd == pytest.approx(0.2)
    # Three fit beside each other, and two when little is left.
    assert 7 <= seconds <= 10


def test_the_end_is_the_end_for_all() -> None:
    """Ten calls that cost what they may: what fits is paid for, and no smaller call is sent behind it."""

    async def work() -> list[Any]:
        replies = await outcomes(budget, [priced(0.3)] * 10, 0.3)
        return [*replies, *await outcomes(budget, [priced(0.05)], 0.05)]

    budget = Budget(1.0)
    replies = in_no_time(work)
    assert [isinstance(reply, Answer) for reply in replies] == [True] * 3 + [False] * 8
    told = next(str(reply) for reply in replies if isinstance(reply, BudgetError))
    assert isinstance(replies[-1], BudgetError)
    assert told == (
        "the budget of $1 is used up: $0.9 spent; one call of m may cost $0.3; "
        "to go on, give a larger --budget: it is for what is left to ask"
    )


def test_what_costs_nothing_goes_on() -> None:
    """A judge of one's own beside one that is paid for is asked to the end."""

    async def work() -> list[Any]:
        paid = await outcomes(budget, [priced(0.3)] * 5, 0.3)
        return [*paid, *await outcomes(budget, [priced(0.0)] * 3, 0.0)]

    budget = Budget(0.5)
    assert [isinstance(reply, Answer) for reply in in_no_time(work)] == [True] + [False] * 4 + [True] * 3


FREE = [400, 401, 404, 429, 500, 503, 529]
OWED = [None, 200, 408, 504]


@pytest.mark.parametrize("status", [*FREE, *OWED])
def test_what_broke_off_counts_as_the_most_it_may_have_cost(status: int | None) -> None:
    """A refusal costs nothing; a reply that never came, or came broken, may have been billed: two attempts, 20 cents."""

    async def attempt(_: int) -> Answer:
        await asyncio.sleep(0.1)
        if status == 200:
            broken("the reply has no choices")
        return no_answer(Complaint(status, "it failed"), "it failed")

    budget, owed = Budget(1.0), status in OWED
    in_no_time(lambda: outcomes(budget, [attempt], 0.1))
    told = (budget.spent_usd, budget.untold, budget.untold_usd)
    assert told == (0.0, 2 * owed, pytest.approx(0.2 * owed))


@pytest.mark.parametrize(
    ("attempt", "untold"),
    [
        pytest.param(priced(None), 1, id="an answer without token counts"),
        pytest.param(priced(0.01, seconds=60), 2, id="the deadline, twice"),
    ],
)
def test_what_nobody_tells_counts_as_the_most(attempt: Callable[[int], Any], untold: int) -> None:
    """The cap holds though the cost is not known."""
    budget = Budget(1.0)
    in_no_time(lambda: outcomes(budget, [attempt], 0.1))
    assert (budget.spent_usd, budget.untold) == (0.0, untold)
    assert budget.counted_usd == pytest.approx(0.1 * untold)


def test_nobody_there_costs_nothing() -> None:
    """A connection that is refused is no call, however often it is tried."""
    with FakeApi() as api:
        of = card(api)
    for transport in ("direct", "litellm"):
        budget = Budget(1.0)
        limits = Limits(attempts=2, deadline_s=5)
        changed = of.model_copy(update={"transport": transport, "limits": limits})
        asyncio.run(spend(changed, budget, requests(of, "x", 1)))
        assert (budget.spent_usd, budget.untold) == (0.0, 0)


def test_a_run_that_ends_sends_nothing_that_waited_for_room() -> None:
    """What waits when a run is stopped is not sent once there is room."""

    async def work() -> list[Any]:
        async def stop() -> None:
            await asyncio.sleep(0.5)
            pace.stop()

        pace, limits = Pace(Limits(), clock=now), Limits()
        cost = Cost(most_usd=0.6, budget=budget, model="m")
        calls = (completed(priced(0.01), limits, pace, cost) for _ in range(3))
        return await asyncio.gather(stop(), *calls, return_exceptions=True)

    budget = Budget(1.0)
    _, *replies = in_no_time(work)
    assert [isinstance(reply, Answer) for reply in replies] == [True, False, False]
    assert (budget.spent_usd, budget.untold) == (0.01, 0)


@pytest.mark.parametrize(
    "content",
    ["", "plain words", "Ünïcödé", "🙂" * 50, "漢字" * 40, "\x00\u202e", "a\n" * 300, "{{ }}<|x|>" * 30],
)
def test_a_prompt_has_fewer_tokens_than_are_reserved(content: str) -> None:
    """Byte-level tokenizers make at most one token of a byte; GPT-4o's stands for them."""
    messages = [{"role": "system", "content": content}, {"role": "user", "content": content}]
    counted = import_litellm().token_counter(model="gpt-4o", messages=messages)
    assert counted <= most_tokens({"messages": messages})


# Prices


def test_prices_are_those_of_litellm() -> None:
    """The chat models of the best known providers: read without LiteLLM, and equal to what LiteLLM counts."""
    litellm, checked = import_litellm(), 0
    for name, row in table().items():
        model = name if "/" in name else f"{row.get('litellm_provider')}/{name}"
        chats = row.get("mode") == "chat" and model.partition("/")[0] in KEYS and listed(model) is row
        rates = rates_of(model, None) if chats else None
        if rates is None:
            continue
        cost = sum(litellm.cost_per_token(model=model, prompt_tokens=1000, completion_tokens=100))
        checked += 1
        assert rates.most(1000, 100) >= cost - 1e-12, model
        # By night some are cheaper, which only LiteLLM counts.
        if "off_peak_pricing" not in row:
            assert rates.of(1000, 100) == pytest.approx(cost, rel=1e-6, abs=1e-12), model
    assert checked > 300


def test_a_longer_prompt_may_be_dearer() -> None:
    """What is reserved is the dearest price of the table."""
    rates = rates_of("gemini/gemini-2.5-pro", None)
    assert rates is not None
    assert rates.most_input > rates.input


@pytest.mark.parametrize(
    ("model", "known"),
    [
        ("openai/gpt-4o", True),
        ("anthropic/claude-sonnet-4-5", True),
        ("groq/gpt-4o", False),
        ("openai/claude-sonnet-4-5", False),
        ("openai/my-own", False),
    ],
)
def test_a_price_is_that_of_the_provider(model: str, known: bool) -> None:
    """A model of the same name that another provider serves has another price."""
    assert (rates_of(model, None) is not None) is known


def test_a_price_of_ones_own_comes_first() -> None:
    """Dollars for a million tokens."""
    rates = rates_of("openai/gpt-4o", Price(input=3, output=15))
    assert rates is not None
    assert rates.of(1_000_000, 100_000) == pytest.approx(4.5)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"price": None}, "a budget needs the price of openai/my-model.*--price-in and --price-out"),
        ({"sampling": Sampling(max_tokens=None)}, "a budget needs a limit on the replies.*--max-tokens"),
    ],
)
def test_a_budget_needs_to_know_what_a_call_costs(changes: dict[str, Any], told: str) -> None:
    """One line before any work; without a budget nothing is asked for."""
    with FakeApi() as api:
        of = card(api, **changes)
    open_client(of)
    with pytest.raises(UsageError, match=told):
        open_client(of, Budget(1.0))


def test_a_limit_that_is_not_sent_is_none() -> None:
    """A model that does not take max_tokens has no longest reply; nothing is sent to it from a budget."""
    with FakeApi() as api:
        of = card(api)
        asked = [{**request, "max_tokens": None} for request in requests(of, "x", 2)]
        replies = asyncio.run(spend(of, Budget(1.0), asked))
        free = asyncio.run(
            spend(of.model_copy(update={"price": Price(input=1, output=0)}), Budget(1.0), asked)
        )
    assert all(isinstance(reply, UsageError) for reply in replies)
    assert all(isinstance(reply, Answer) for reply in free)
    assert api.ledger.asked == 2


# The command


@pytest.fixture
def judge(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Ended]:
    """`rmb judge` of a paid model on six items of the sample, in this process."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test-1")
    words = (
        "judge",
        "--judge",
        "openai/gpt-4o-mini",
        "--transport",
        "direct",
        "--limit",
        "6",
        "--out",
        "out",
    )
    return partial(called, capsys, *words)


def summary() -> dict[str, Any]:
    """What the run says of itself."""
    told: dict[str, Any] = json.loads(Path("out/summary.json").read_text())
    return told


def test_a_run_stops_at_its_budget_and_goes_on_with_another(judge: Callable[..., Ended]) -> None:
    """Exit code 4 and the reason "budget" for what was not asked; nothing is asked twice."""
    with FakeApi() as api:
        first = judge("--base-url", api.openai_url, "--budget", "0.001")
        cut = summary()
        second = judge("--base-url", api.openai_url, "--budget", "1")
        whole = summary()
    assert (first.code, second.code) == (BUDGET, COMPLETE)
    assert "the budget of $0.001 is used up" in first.err
    assert 0 < cut["counts"]["asked"] < cut["counts"]["questions"]
    assert cut["failures"] == {"budget": cut["counts"]["questions"] - cut["counts"]["asked"]}
    assert 0 < cut["cost_usd"] <= 0.001
    assert whole["counts"]["asked"] == cut["failures"]["budget"]
    assert api.ledger.asked == whole["counts"]["questions"]
    assert whole["usd_per_1000_verdicts"] == pytest.approx(
        1000 * (cut["cost_usd"] + whole["cost_usd"]) / whole["counts"]["questions"]
    )


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (
            ("--budget", "0.00001"),
            BUDGET,
            "is below one call: one call of openai/gpt-4o-mini may cost $0.000",
        ),
        (("--budget", "0"), 2, "--budget"),
        (("--budget", "1", "--price-in", "1"), 2, "--price-in and --price-out go together"),
        (("--budget", "1", "--max-tokens", "0"), 2, "--max-tokens"),
    ],
)
def test_odd_budgets(words: tuple[str, ...], code: int, told: str, judge: Callable[..., Ended]) -> None:
    """One line that says what to do, and nothing is sent."""
    with FakeApi() as api:
        ended = judge("--base-url", api.openai_url, *words)
    assert (ended.code, api.ledger.asked) == (code, 0)
    assert told in ended.err


def test_a_price_on_the_command_line_is_counted(judge: Callable[..., Ended]) -> None:
    """Dollars for a million tokens, in place of the table's; the ledger has the same price."""
    with FakeApi() as api:
        judge("--base-url", api.openai_url, "--price-in", "1", "--price-out", "2", "--budget", "5")
    assert summary()["cost_usd"] == pytest.approx(api.ledger.billed_usd)


def test_a_dry_run_tells_dollars_and_time(judge: Callable[..., Ended]) -> None:
    """At the limits of the judge; once answers are stored, by how long they took."""
    with FakeApi(Reply("[[A]]", delay_s=0.2)) as api:
        url = ("--base-url", api.openai_url)
        before = judge(*url, "--dry-run", "--rpm", "2")
        judge(*url)
        after = judge(*url, "--dry-run", "--temperature", "0.5")
        settled = judge(*url, "--dry-run")
    # Fourteen questions at two a minute.
    assert "7 min  about, if an answer takes 2 s" in before.out
    assert "US dollars" in before.out
    assert "0 s  about" in settled.out
    assert after.code == COMPLETE


def test_a_study_stops_at_its_budget(capsys: pytest.CaptureFixture[str]) -> None:
    """All its judges share one budget; a judge that costs nothing is asked to the end."""
    with FakeApi() as api:
        grid = (
            "--criteria",
            "none",
            "--criteria",
            "helpfulness",
            "--judge",
            "openai/gpt-4o-mini",
            "--judge",
            "longest",
        )
        words = (*grid, "--transport", "direct", "--base-url", api.openai_url, "--limit", "6", "--yes")
        first = called(capsys, "ablate", *words, "--budget", "0.001", "--out", "study")
        cut = json.loads(Path("study/study.json").read_text())
        second = called(capsys, "ablate", *words, "--budget", "1", "--out", "study")
        asked_again = api.ledger.asked_again
    assert (first.code, second.code, asked_again) == (BUDGET, COMPLETE, 0)
    assert "the budget of $0.001 is used up" in first.err
    assert 0 < cut["cost_usd"] <= 0.001
