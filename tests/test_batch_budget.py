"""Batches paid from a budget: as many questions as there is room for go up at a time, at half the price."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from rmb.cards import Price
from rmb.errors import BudgetError
from rmb.scorers.budget import Budget
from tests.batched import MODELS, ask, at, card, created, leave, quickly, sizes
from tests.builders import pair
from tests.fake_api import BatchPlan, FakeApi, Reply

PRICE = Price(input=1, output=2)
"""That of the fake API's ledger."""
ITEMS = [pair(uid=str(number), asked=f"Question {number}? " + "Well? " * number) for number in range(5)]
"""Ten questions, the later ones longer."""


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looks at batches every hundredth of a second."""
    quickly(monkeypatch)


@pytest.mark.parametrize("model", MODELS)
def test_a_budget_is_never_exceeded_by_batches(model: str, tmp_path: Path) -> None:
    """Random caps from less than one question to more than all: the bill stays below, and what fits is answered."""
    draw, whole = random.Random(7), set()
    for number in range(20):
        with FakeApi() as api:
            budget = Budget(10 ** draw.uniform(-3.5, -1.8))
            run = ask(card(api, model, price=PRICE), tmp_path / str(number), ITEMS, budget=budget)
        assert run.cost_usd is not None
        assert api.ledger.billed_usd == pytest.approx(run.cost_usd)
        assert api.ledger.billed_usd == pytest.approx(budget.spent_usd)
        assert budget.counted_usd <= (budget.cap_usd or 0.0)
        assert budget.untold == 0
        assert api.ledger.asked_again == 0
        assert run.counts["asked"] == sum(sizes(api))
        assert (run.unanswered > 0) == isinstance(run.error, BudgetError)
        assert run.failures.get("budget", 0) == run.unanswered
        whole.add(run.unanswered == 0)
    assert whole == {True, False}


def test_what_is_left_of_a_budget_goes_up_when_a_batch_has_ended(tmp_path: Path) -> None:
    """Room for a few at what they may cost; they cost less, and the next ones follow."""
    with FakeApi() as api:
        run = ask(card(api, price=PRICE), tmp_path, ITEMS, budget=Budget(0.004))
    assert run.unanswered == 0
    assert created(api) > 1
    assert sum(sizes(api)) == 10


def test_a_budget_below_one_question_submits_nothing(tmp_path: Path) -> None:
    """It says what one costs in a batch."""
    with FakeApi() as api:
        run = ask(card(api, price=PRICE), tmp_path, ITEMS, budget=Budget(1e-6))
    assert created(api) == 0
    assert "is below one call: one call of openai/gpt-4o-mini may cost $0.000" in str(run.error)


def test_a_batch_that_was_paid_before_needs_no_room(tmp_path: Path) -> None:
    """It was submitted by a command that is gone; its answers are fetched, whatever is left of the budget."""
    with FakeApi(batches=BatchPlan(polls=3)) as api:
        of = card(api, price=PRICE)
        leave(of, tmp_path, 1, ITEMS)
        run = ask(of, tmp_path, ITEMS, budget=Budget(1e-6))
    assert (run.unanswered, created(api)) == (0, 1)


def test_a_batch_that_was_refused_costs_nothing(tmp_path: Path) -> None:
    """The room that was reserved for it is free again."""
    refused = at("POST", "/v1/batches", Reply(status=401, error={"message": "no"}))
    with FakeApi(batches=BatchPlan(fault=refused)) as api:
        budget = Budget(1.0)
        run = ask(card(api, price=PRICE), tmp_path, ITEMS, budget=budget)
    assert run.error is not None
    assert (budget.counted_usd, budget.untold) == (0.0, 0)
