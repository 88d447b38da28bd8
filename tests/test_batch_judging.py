"""Judges asked through batches: the answers of the ordinary way, at half the price, whatever becomes of the batches.

The real SDKs of both providers talk to a loopback server; nothing is patched but how long is waited between two looks.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rmb.batches import check
from rmb.batches.asking import pauses
from rmb.batches.provider import BatchProvider
from rmb.cards import Price, Sampling, open_card
from rmb.errors import RefusedError, UsageError
from rmb.records import Answer
from rmb.scorers import Scorer
from rmb.scorers.language_model import open_client
from rmb.store import Store
from rmb.testing import ScorerContract
from tests.batched import CLAUDE, GPT, ITEMS, MODELS, answers, ask, batched, card, created, judge, quickly
from tests.builders import pair, run
from tests.fake_api import BatchPlan, FakeApi, Reply, Request

PRICE = Price(input=1.0, output=2.0)
"""The fake API's."""


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Batches are looked at often."""
    quickly(monkeypatch)


class TestBatched(ScorerContract):
    """A judge asked through batches keeps the contract of scorers."""

    @pytest.fixture(autouse=True)
    def api(self, tmp_path: Path) -> Iterator[FakeApi]:
        """A provider and a store for each test."""
        with FakeApi(Reply("[[B]]")) as self.provider, Store(tmp_path) as self.store:
            yield self.provider

    def open(self) -> Scorer:
        """The judge, asked through the usual template."""
        return batched(card(self.provider), self.store)


REPLIES = [
    pytest.param(Reply("[[B]]"), id="a verdict"),
    pytest.param(Reply("[[A]]", model="served-0613"), id="served by another model"),
    pytest.param(Reply("It is", finish_reason="length"), id="cut short"),
    pytest.param(Reply(None, finish_reason="content_filter"), id="filtered"),
    pytest.param(Reply(None), id="no text"),
    pytest.param(Reply("two\u2028lines\nof text"), id="odd line breaks"),
    pytest.param(Reply(status=400, error={"message": "prompt is too long: 9 > 8 maximum"}), id="too long"),
]


def halved(rows: dict[str, Any]) -> dict[str, Any]:
    """Rows of which each answer cost half."""
    return {
        key: (who, sent, replace(answer, usage=replace(answer.usage, cost_usd=answer.usage.cost_usd / 2)))
        for key, (who, sent, answer) in rows.items()
    }


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("reply", REPLIES)
def test_answers_are_those_of_the_ordinary_way(model: str, reply: Reply, tmp_path: Path) -> None:
    """The same rows under the same keys, but for half the cost, by LiteLLM's table of prices."""
    with FakeApi(reply) as api:
        of = card(api, model)
        ran = ask(of, tmp_path / "batched")
        assert ran.error is None
        assert (created(api), len(api.requests)) == (1, 0)
        through = answers(tmp_path / "batched", of)
        assert len(api.requests) == 0
        ordinary = answers(tmp_path / "ordinary", of)
    assert through == halved(ordinary)
    assert len(through) == 2 * len(ITEMS)


@pytest.mark.parametrize(
    ("model", "alike"),
    [
        pytest.param(GPT, ("messages", "model", "temperature", "max_tokens", "top_p"), id="openai"),
        pytest.param(
            "openai/gpt-5.5", ("messages", "model", "max_completion_tokens"), id="openai, a newer one"
        ),
        pytest.param(CLAUDE, ("model", "temperature", "max_tokens", "top_p"), id="anthropic"),
    ],
)
def test_what_is_sent_is_what_is_sent_otherwise(model: str, alike: tuple[str, ...], tmp_path: Path) -> None:
    """The same messages and parameters under the names that the model has for them, and no more."""
    with FakeApi() as api:
        temperature = None if model == "openai/gpt-5.5" else 0.5
        of = card(api, model, sampling=Sampling(temperature=temperature, max_tokens=9))
        ask(of, tmp_path / "batched")
        (job,) = api.batches
        answers(tmp_path / "ordinary", of)

    def told(requests: list[Request]) -> list[Any]:
        return sorted(
            json.dumps([one.messages, [(name, one.body.get(name)) for name in alike if name != "messages"]])
            for one in requests
        )

    assert told(list(job.requests.values())) == told(api.requests)
    for request in job.requests.values():
        assert set(request.body) <= {*alike, "messages", "system"}


@pytest.mark.parametrize("model", MODELS)
def test_a_run_costs_half(model: str, tmp_path: Path) -> None:
    """What the run says it cost is what the provider bills for a batch, by the card's price."""
    with FakeApi(Reply("word " * 500)) as api:
        ran = ask(card(api, model, price=PRICE), tmp_path)
        assert ran.cost_usd == pytest.approx(api.ledger.billed_usd, abs=1e-9)
        whole = run(judge(card(api, model, price=PRICE)), ITEMS).cost_usd
    assert whole == pytest.approx(2 * ran.cost_usd)


MESSAGES = [
    pytest.param({}, id="plain"),
    *(pytest.param({"stop_reason": why}, id=why) for why in ("end_turn", "stop_sequence", "max_tokens")),
    *(pytest.param({"stop_reason": why}, id=why) for why in ("tool_use", "refusal", "pause_turn")),
    pytest.param({"content": []}, id="no blocks"),
    pytest.param({"content": [{"type": "text", "text": ""}]}, id="an empty block"),
    pytest.param(
        {"content": [{"type": "text", "text": "[["}, {"type": "text", "text": "A]]"}]}, id="two blocks"
    ),
    pytest.param(
        {
            "content": [
                {"type": "thinking", "thinking": "Hm.", "signature": "s"},
                {"type": "text", "text": "[[B]]"},
            ]
        },
        id="thinking",
    ),
    pytest.param(
        {
            "usage": {
                "input_tokens": 10,
                "output_tokens": 7,
                "cache_read_input_tokens": 1000,
                "cache_creation_input_tokens": 300,
            }
        },
        id="cached tokens",
    ),
]


@pytest.mark.parametrize("changes", MESSAGES)
def test_a_message_is_read_as_litellm_reads_it(changes: dict[str, Any]) -> None:
    """Every reason for a finish, every sort of block, and the tokens of a cache."""
    message: dict[str, Any] = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude-haiku-4-5-20251001",
        "content": [{"type": "text", "text": "[[A]]"}],
        "stop_reason": "end_turn",
        "usage": {"input_tokens": 10, "output_tokens": 7},
        **changes,
    }
    with FakeApi(Reply(body=json.dumps(message).encode())) as api:
        assert read(api, CLAUDE, {"type": "succeeded", "message": message}) == whole(api, CLAUDE)


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({}, id="plain"),
        pytest.param({"message": {"role": "assistant", "content": None, "refusal": "No."}}, id="a refusal"),
        pytest.param({"finish_reason": "tool_calls"}, id="tools"),
        pytest.param({"usage": {"prompt_tokens": 2000, "completion_tokens": 9}}, id="many tokens"),
        pytest.param(
            {
                "usage": {
                    "prompt_tokens": 2000,
                    "completion_tokens": 9,
                    "prompt_tokens_details": {"cached_tokens": 1024},
                }
            },
            id="cached tokens",
        ),
        pytest.param({"usage": None}, id="no usage"),
    ],
)
def test_a_completion_is_read_as_litellm_reads_it(changes: dict[str, Any]) -> None:
    """Refusals, reasons, the tokens of a cache, tokens that nobody counted."""
    choice = {"index": 0, "message": {"role": "assistant", "content": "[[A]]"}, "finish_reason": "stop"}
    body = {
        "id": "c",
        "object": "chat.completion",
        "created": 1,
        "model": "gpt-4o-mini-2024-07-18",
        "choices": [{**choice, **{name: changes[name] for name in choice if name in changes}}],
        "usage": changes.get("usage", {"prompt_tokens": 10, "completion_tokens": 7, "total_tokens": 17}),
    }
    with FakeApi(Reply(body=json.dumps(body).encode())) as api:
        assert read(api, GPT, {"response": {"status_code": 200, "body": body}}) == whole(api, GPT)


def read(api: FakeApi, model: str, result: dict[str, Any]) -> Answer:
    """What a provider's batches make of a result, at the whole price."""
    of = card(api, model)
    provider: BatchProvider = check(of)(of.card)  # type: ignore[arg-type]
    answer = provider.read({"custom_id": "k", "result": result, **result})
    cost = answer.usage.cost_usd
    return replace(answer, usage=replace(answer.usage, cost_usd=None if cost is None else cost * 2))


def whole(api: FakeApi, model: str) -> Answer:
    """What LiteLLM makes of the reply of a fake API, the time left out."""

    async def asked() -> Any:
        client = open_client(card(api, model).card)  # type: ignore[arg-type]
        await client.open()
        try:
            message = {"role": "user", "content": "Which?"}
            return await client.complete({"model": model, "messages": [message], "max_tokens": 9})
        finally:
            await client.close()

    answer = asyncio.run(asked())
    assert isinstance(answer, Answer)
    return replace(answer, usage=replace(answer.usage, seconds=0.0))


@pytest.mark.parametrize("model", MODELS)
def test_each_sample_is_a_request_of_its_own(model: str, tmp_path: Path) -> None:
    """Three samples of six questions are eighteen lines of a batch, the same but for their keys."""
    with FakeApi() as api:
        ran = ask(card(api, model), tmp_path, samples=3)
        (job,) = api.batches
    assert len(job.requests) == ran.counts["asked"] == 18
    bodies = {json.dumps(request.body, sort_keys=True) for request in job.requests.values()}
    assert len(bodies) == 6


@pytest.mark.parametrize("model", MODELS)
def test_odd_texts_are_sent_as_they_are(model: str, tmp_path: Path) -> None:
    """Half of a pair of surrogates, which UTF-8 does not have and real data does; other scripts; odd line breaks."""
    text = "odd \ud800 \u2028 \U0001f642 text"
    with FakeApi() as api:
        ran = ask(card(api, model), tmp_path, items=[pair(asked=text)])
        (job,) = api.batches
    assert (ran.counts["asked"], ran.error) == (2, None)
    assert all(text in str([one["content"] for one in sent.messages][-1]) for sent in job.requests.values())


def test_log_probabilities_come_through_batches(tmp_path: Path) -> None:
    """What is asked for beside the text is asked for in a batch as well."""
    with FakeApi(Reply("[[A]]", logprobs={"A": -0.1, "B": -2.0})) as api:
        of = card(api, read="logprob")
        ran = ask(of, tmp_path / "batched")
        through, ordinary = (answers(tmp_path / way, of) for way in ("batched", "ordinary"))
    assert through == halved(ordinary)
    assert ran.failures == {}


def test_what_is_written_first_is_a_batch_before(tmp_path: Path) -> None:
    """A judge that answers first and then compares: one batch for each stage, and then the verdicts."""
    with FakeApi() as api, Store(tmp_path) as store:
        ran = run(batched(card(api), store, style="rethink"), ITEMS, store=store)
        sizes = [len(job.requests) for job in api.batches]
    assert ran.error is None
    assert ran.counts["asked"] == 6
    assert len(sizes) == 2
    assert ran.counts["written"] == sizes[0]


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize(
    ("limits", "sizes"),
    [
        pytest.param({"most_requests": 4}, [4, 2], id="too many requests"),
        pytest.param({"most_bytes": 100}, [1] * 6, id="too many bytes"),
    ],
)
def test_large_jobs_are_split(model: str, limits: dict[str, int], sizes: list[int], tmp_path: Path) -> None:
    """No batch is larger than the limits; a request that is larger by itself has one of its own."""
    with FakeApi() as api, Store(tmp_path) as store:
        scorer = batched(card(api, model), store)
        for name, most in limits.items():
            setattr(scorer.asking, name, most)
        ran = run(scorer, ITEMS, store=store)
        assert [len(job.requests) for job in api.batches] == sizes
    assert ran.counts["asked"] == 6


def test_the_limits_are_the_providers(tmp_path: Path) -> None:
    """50,000 requests with OpenAI, 10,000 with Anthropic; 100 MB with both."""
    with FakeApi() as api, Store(tmp_path) as store:
        for model, most in ((GPT, 50_000), (CLAUDE, 10_000)):
            asking = batched(card(api, model), store).asking
            assert asking.provider.most_requests == most
            assert asking.most_bytes == 100_000_000


@pytest.mark.parametrize("model", MODELS)
def test_progress_is_told_as_it_changes(model: str, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The id as soon as there is one, then how many are done of how many; nothing is said twice."""
    with caplog.at_level(logging.INFO, "rmb.batches"), FakeApi(batches=BatchPlan(polls=4)) as api:
        ask(card(api, model), tmp_path)
        (job,) = api.batches
    told = [one.getMessage() for one in caplog.records if one.name == "rmb.batches"]
    assert told[0] == f"batch {job.id} is submitted: 6 questions"
    assert told[-1].endswith("6 of 6 done")
    assert len(set(told)) == len(told) > 2


def test_looks_become_rarer(monkeypatch: pytest.MonkeyPatch) -> None:
    """After 5 seconds first, and never more than a minute apart."""
    monkeypatch.undo()
    times = pauses()
    first = [next(times) for _ in range(12)]
    assert (first[0], first[-1]) == (5.0, 60.0)
    assert first == sorted(first)


@pytest.mark.parametrize(
    "name", ["embedded", "longest", "mistral/large", "gpt-4o-mini.gguf", "hosted_vllm/m"]
)
def test_other_judges_have_no_batches(name: str) -> None:
    """One line that names the judge, and which models have batches."""
    plain = open_card("longest" if name.endswith(".gguf") else name)
    with pytest.raises(
        UsageError, match=r"judge \S+ has no batches: --batch is for models anthropic/… and openai/…"
    ):
        check(plain)


@pytest.mark.parametrize(
    ("sampling", "named"),
    [
        pytest.param(Sampling(max_tokens=None), "max_tokens", id="no limit of a reply"),
        pytest.param(Sampling(max_tokens=9, reasoning_effort="low"), "reasoning_effort", id="effort"),
    ],
)
def test_what_messages_cannot_say_is_refused(sampling: Sampling, named: str, tmp_path: Path) -> None:
    """Before anything is sent, in a line that names the parameter."""
    with FakeApi() as api:
        of = card(api, "anthropic/claude-sonnet-4-5", sampling=sampling, base_url=api.anthropic_url)
        ran = ask(of, tmp_path)
        assert api.batches.calls == []
    assert isinstance(ran.error, UsageError)
    assert named in str(ran.error)


@pytest.mark.parametrize("model", MODELS)
def test_no_key_is_told_before_anything_is_sent(model: str, tmp_path: Path) -> None:
    """Where the provider's own address is asked."""
    with FakeApi() as api:
        of = card(api, model, key="NO_SUCH_KEY", base_url=None)
        ran = ask(of, tmp_path)
    assert isinstance(ran.error, RefusedError)
    assert "NO_SUCH_KEY" in str(ran.error)


@pytest.mark.parametrize("model", MODELS)
def test_the_key_goes_to_the_provider_and_nowhere_else(
    model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It is sent with every call; neither the store nor what is said has it."""
    monkeypatch.setenv("MY_KEY", "sk-secret-91")
    with caplog.at_level(logging.DEBUG), FakeApi() as api:
        ask(card(api, model, key="MY_KEY"), tmp_path)
        (job,) = api.batches
    assert {request.key for request in job.requests.values()} <= {"sk-secret-91"}
    assert all(b"sk-secret-91" not in file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())
    assert "sk-secret-91" not in caplog.text
