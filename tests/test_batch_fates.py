"""What becomes of batches: they expire, fail, are cancelled, are lost sight of; and nothing is ever paid twice."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from rmb.batches import asking
from rmb.errors import RefusedError, UnreachableError, UsageError
from tests.batched import ENDINGS, GPT, MODELS, ask, at, card, created, leave, quickly, sizes, under_way
from tests.fake_api import BatchPlan, FakeApi, Reply, Request
from tests.fake_api.jobs import Outcome

UNENDING = 10**9


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Batches are looked at often."""
    quickly(monkeypatch)


class First(dict[str, Outcome]):
    """Outcomes of a batch's requests: of each key, these one after the other, then what the script says."""

    def __init__(self, *outcomes: Outcome, of: int) -> None:
        """of: how many keys have them, the first that are asked for."""
        super().__init__()
        self.left: dict[str, list[Outcome]] = {}
        self.outcomes, self.of = outcomes, of

    def get(self, key: str, default: Any = None) -> Any:
        """The next outcome of a key."""
        if key not in self.left and len(self.left) < self.of:
            self.left[key] = list(self.outcomes)
        left = self.left.get(key)
        return left.pop(0) if left else default


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("outcome", ["expired", "errored"])
def test_what_expires_is_asked_in_the_next_batch(model: str, outcome: Outcome, tmp_path: Path) -> None:
    """What was answered is kept, the rest is asked again; no answer is paid twice."""
    with FakeApi(batches=BatchPlan(outcomes=First(outcome, of=2))) as api:
        ran = ask(card(api, model), tmp_path)
        assert sizes(api) == [6, 2]
        assert (api.ledger.billed, api.ledger.asked_again) == (6, 0)
    assert (ran.counts["asked"], ran.unanswered, ran.error) == (6, 0, None)
    assert under_way(tmp_path) == 0


@pytest.mark.parametrize("model", MODELS)
def test_after_three_batches_it_is_a_failure(model: str, tmp_path: Path) -> None:
    """In the provider's words; the same command asks it again, and nothing else."""
    with FakeApi(batches=BatchPlan(outcomes=First(*["expired"] * 3, of=2))) as api:
        of = card(api, model)
        ran = ask(of, tmp_path)
        assert sizes(api) == [6, 2, 2]
        assert (ran.unanswered, dict(ran.failures), ran.error) == (2, {"transport": 2}, None)
        assert "expired" in " ".join(ran.complaints)
        assert ask(of, tmp_path).unanswered == 0
        assert sizes(api) == [6, 2, 2, 2]


@pytest.mark.parametrize("model", MODELS)
def test_a_question_that_cannot_be_answered_is_asked_once(model: str, tmp_path: Path) -> None:
    """A bad request is not made again; the others have their answers."""

    def script(request: Request) -> Reply:
        bad = "Question 1?" in str(request.messages)
        return Reply(status=400, error={"message": "cannot do"}) if bad else Reply()

    with FakeApi(script) as api:
        ran = ask(card(api, model), tmp_path)
        assert sizes(api) == [6]
    assert (ran.counts["asked"], dict(ran.failures)) == (4, {"transport": 2})
    assert "cannot do" in " ".join(ran.complaints)


@pytest.mark.parametrize("model", MODELS)
def test_a_batch_cancelled_at_the_provider_keeps_its_answers(model: str, tmp_path: Path) -> None:
    """Whoever cancels it wants no other; what was done by then was paid for."""
    with FakeApi(batches=BatchPlan(outcomes=First("canceled", of=4))) as api:
        ran = ask(card(api, model), tmp_path)
        assert sizes(api) == [6]
    assert (ran.counts["asked"], dict(ran.failures)) == (2, {"cancelled": 4})
    assert under_way(tmp_path) == 0


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("status", [401, 403])
def test_a_wrong_key_ends_the_run_at_once(model: str, status: int, tmp_path: Path) -> None:
    """The first call tells; nothing is under way."""
    with FakeApi(batches=BatchPlan(fault=lambda _: Reply(status=status))) as api:
        ran = ask(card(api, model), tmp_path)
        assert len(api.batches.calls) == 1
    assert isinstance(ran.error, RefusedError)
    assert under_way(tmp_path) == 0


@pytest.mark.parametrize("model", MODELS)
def test_a_model_that_nobody_knows_ends_the_run(model: str, tmp_path: Path) -> None:
    """A provider may say so of each request, after it took the batch; what is answered beside it is kept."""

    def script(request: Request) -> Reply:
        unknown = "Question 1?" in str(request.messages)
        return Reply(status=404, error={"message": "no such model"}) if unknown else Reply()

    with FakeApi(script) as api:
        ran = ask(card(api, model), tmp_path)
        assert sizes(api) == [6]
    assert isinstance(ran.error, RefusedError)
    assert ran.counts["asked"] == 4
    assert under_way(tmp_path) == 0


@pytest.mark.parametrize("model", MODELS)
def test_looks_and_fetches_that_fail_are_made_again(model: str, tmp_path: Path) -> None:
    """A provider that is down for a moment while a batch is under way."""
    bad = [Reply(status=503), Reply(sending="truncated"), Reply(sending="none")]

    def fault(call: Any) -> Reply | None:
        return bad.pop() if bad and call.method == "GET" else None

    with FakeApi(batches=BatchPlan(polls=3, fault=fault)) as api:
        ran = ask(card(api, model), tmp_path)
        assert (sizes(api), bad) == ([6], [])
    assert (ran.counts["asked"], ran.error) == (6, None)


@pytest.mark.parametrize("model", MODELS)
def test_results_that_break_off_are_fetched_again(model: str, tmp_path: Path) -> None:
    """Half a file of results is none."""
    ending = "/content" if model == GPT else "/results"
    fault = at("GET", ending, Reply(sending="truncated"), Reply(sending="broken"))
    with FakeApi(batches=BatchPlan(fault=fault)) as api:
        ran = ask(card(api, model), tmp_path)
        assert sizes(api) == [6]
    assert (ran.counts["asked"], ran.error) == (6, None)


def test_a_provider_that_stays_away_ends_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The batch stays under way; later the same command fetches it."""
    monkeypatch.setattr("rmb.batches.provider.TRIES", 1)
    monkeypatch.setattr(asking, "MOST_MISSES", 3)
    away = [True]

    def fault(call: Any) -> Reply | None:
        return Reply(status=500) if away and call.method == "GET" else None

    with FakeApi(batches=BatchPlan(fault=fault)) as api:
        ran = ask(card(api), tmp_path)
        assert isinstance(ran.error, UnreachableError)
        assert under_way(tmp_path) == 1
        away.clear()
        assert ask(card(api), tmp_path).counts["asked"] == 6
        assert sizes(api) == [6]


def test_a_batch_that_does_not_end_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A provider ends each within a day; waiting has an end of its own all the same."""
    monkeypatch.setattr(asking, "MOST_WAIT_S", 0.1)
    with FakeApi(batches=BatchPlan(polls=UNENDING)) as api:
        ran = ask(card(api), tmp_path)
    assert isinstance(ran.error, UnreachableError)
    assert under_way(tmp_path) == 1


FAILED = [
    pytest.param("token_limit_exceeded", "Enqueued token limit reached", None, id="too much under way"),
    pytest.param("insufficient_quota", "You exceeded your current quota", RefusedError, id="no money"),
    pytest.param("invalid_model", "The provided model is not supported", None, id="not for batches"),
]


@pytest.mark.parametrize(("code", "words", "error"), FAILED)
def test_a_batch_that_comes_to_nothing_says_why(
    code: str, words: str, error: type[Exception] | None, tmp_path: Path
) -> None:
    """OpenAI checks a file after it took it: too much under way is tried again, the rest is told."""
    told = {
        "id": "batch_1",
        "object": "batch",
        "endpoint": "/v1/chat/completions",
        "status": "failed",
        "errors": {"object": "list", "data": [{"code": code, "message": words}]},
        "input_file_id": "f",
        "completion_window": "24h",
        "created_at": int(time.time()),
    }
    looks = [Reply(body=json.dumps(told).encode())]

    def fault(call: Any) -> Reply | None:
        looked = call.method == "GET" and "/v1/batches/" in call.path
        return looks.pop() if looks and looked else None

    with FakeApi(batches=BatchPlan(fault=fault)) as api:
        ran = ask(card(api), tmp_path)
        again = code == "token_limit_exceeded"
        assert sizes(api) == ([6, 6] if again else [6])
    assert ran.counts["asked"] == (6 if again else 0)
    assert type(ran.error) is (error or type(None))
    assert again or words in f"{ran.error} {ran.complaints}"
    assert under_way(tmp_path) == 0


@pytest.mark.parametrize("model", MODELS)
def test_a_batch_of_another_account_is_not_given_up(model: str, tmp_path: Path) -> None:
    """It was paid for: the run ends, with the id and what to do."""
    with FakeApi(batches=BatchPlan(polls=5)) as api:
        leave(card(api, model), tmp_path, looks=1)
        (job,) = api.batches
        del api.batches._jobs[job.id]
        ran = ask(card(api, model), tmp_path)
        assert created(api) == 1
    assert isinstance(ran.error, RefusedError)
    assert job.id in str(ran.error)
    assert under_way(tmp_path) == 1


def test_a_batch_that_the_provider_forgot_is_asked_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a month nobody has its results any more."""
    monkeypatch.setattr(asking, "GONE_S", -1.0)
    with FakeApi(batches=BatchPlan(polls=5)) as api:
        leave(card(api), tmp_path, looks=1)
        (job,) = api.batches
        del api.batches._jobs[job.id]
        ran = ask(card(api), tmp_path)
        assert created(api) == 2
    assert (ran.counts["asked"], ran.error) == (6, None)
    assert under_way(tmp_path) == 0


@pytest.mark.parametrize(
    ("status", "error"),
    [
        pytest.param(404, RefusedError, id="no such address"),
        pytest.param(400, UsageError, id="a request that it does not take"),
        pytest.param(413, UsageError, id="too large"),
    ],
)
@pytest.mark.parametrize("model", MODELS)
def test_a_batch_that_is_refused_is_told_once(
    model: str, status: int, error: type[Exception], tmp_path: Path
) -> None:
    """One line, one call; nothing is under way."""
    with FakeApi(batches=BatchPlan(fault=at("POST", ENDINGS[model], Reply(status=status)))) as api:
        ran = ask(card(api, model), tmp_path)
        assert created(api) == 1
    assert isinstance(ran.error, error)
    assert under_way(tmp_path) == 0
