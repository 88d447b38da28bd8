"""Who submits dies, hears nothing, or is not alone: a batch that was made is found, and never made again."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from rmb.batches import Register
from rmb.errors import UnreachableError
from rmb.run import Run, Settings, execute
from rmb.run.execute import prepare
from rmb.store import Store
from tests.batched import (
    ENDINGS,
    ITEMS,
    MODELS,
    ask,
    at,
    batched,
    card,
    created,
    leave,
    quickly,
    sizes,
    under_way,
)
from tests.builders import Listener, pair, run
from tests.fake_api import BatchPlan, FakeApi, Reply


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Batches are looked at often."""
    quickly(monkeypatch)


LOST = [
    pytest.param(Reply(sending="none"), id="reset"),
    pytest.param(Reply(sending="broken"), id="reset in the middle"),
    pytest.param(Reply(sending="truncated"), id="cut off"),
]
"""Ways in which the reply to a call that was carried out does not arrive."""


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("lost", LOST)
def test_a_submission_without_a_reply_is_looked_for(model: str, lost: Reply, tmp_path: Path) -> None:
    """The batch was made, and is found among the provider's: it is not made again."""
    with FakeApi(batches=BatchPlan(fault=at("POST", ENDINGS[model], lost))) as api:
        ran = ask(card(api, model), tmp_path)
        assert (sizes(api), created(api)) == ([6], 1)
    assert (ran.counts["asked"], ran.error) == (6, None)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("status", [408, 429, 500, 503, 529])
def test_a_submission_that_was_not_taken_is_made_again(model: str, status: int, tmp_path: Path) -> None:
    """Once it is sure that there is no such batch."""
    with FakeApi(batches=BatchPlan(fault=at("POST", ENDINGS[model], Reply(status=status)))) as api:
        ran = ask(card(api, model), tmp_path)
        assert (sizes(api), created(api)) == ([6], 2)
    assert (ran.counts["asked"], ran.error) == (6, None)
    assert under_way(tmp_path) == 0


@pytest.mark.parametrize("model", MODELS)
def test_where_nobody_can_tell_the_next_run_looks(model: str, tmp_path: Path, monkeypatch: Any) -> None:
    """No reply to the submission, and none after: the run ends, and the next one finds the batch."""
    monkeypatch.setattr("rmb.batches.provider.TRIES", 1)
    lost, down = (
        at("POST", ENDINGS[model], Reply(sending="none")),
        at("GET", ENDINGS[model], Reply(status=500)),
    )
    with FakeApi(batches=BatchPlan(fault=lambda call: lost(call) or down(call))) as api:
        of = card(api, model)
        ran = ask(of, tmp_path)
        assert isinstance(ran.error, UnreachableError)
        assert (ran.counts["asked"], under_way(tmp_path)) == (0, 1)
        assert ask(of, tmp_path).counts["asked"] == 6
        assert (sizes(api), created(api)) == ([6], 1)


def forgotten(folder: Path, event: str) -> None:
    """Takes the lines of an event out of the register, as if the process had died before it wrote them."""
    with Store(folder) as store:
        file = Register(store).file
        kept = [line for line in file.read_text().splitlines() if json.loads(line)["event"] != event]
        file.write_text("".join(f"{line}\n" for line in kept))


@pytest.mark.parametrize("model", MODELS)
def test_a_crash_before_the_id_is_written_costs_nothing(model: str, tmp_path: Path) -> None:
    """The batch is found by what was written before: our own name, or how many requests and when."""
    with FakeApi(batches=BatchPlan(polls=5)) as api:
        of = card(api, model)
        leave(of, tmp_path, looks=1)
        forgotten(tmp_path, "submitted")
        assert ask(of, tmp_path).counts["asked"] == 6
        assert (sizes(api), created(api), api.ledger.asked_again) == ([6], 1, 0)
    assert under_way(tmp_path) == 0


@pytest.mark.parametrize("model", MODELS)
def test_a_crash_before_the_submission_costs_nothing(model: str, tmp_path: Path) -> None:
    """An intention that came to nothing is given up; batches of others are not taken for it."""
    with FakeApi() as api:
        of = card(api, model)
        # A stranger's of another size, and one of the same that is known already.
        ask(of, tmp_path / "stranger", items=[pair(asked="Another?")])
        ask(of, tmp_path, items=[pair(asked=f"More {number}?", uid=str(number)) for number in range(3)])
        with Store(tmp_path) as store:
            scorer = batched(of, store)
            Register(store).intend("p", model, None, missing_keys(scorer))
        assert ask(of, tmp_path).counts["asked"] == 6
        assert sizes(api) == [2, 6, 6]
        assert submitted(tmp_path) == [job.id for job in api.batches][1:]
    assert under_way(tmp_path) == 0


def submitted(folder: Path) -> list[str]:
    """The ids in a register, as they were written."""
    with Store(folder) as store:
        lines = map(json.loads, Register(store).file.read_text().splitlines())
        return [line["id"] for line in lines if line["event"] == "submitted"]


def missing_keys(scorer: Any) -> list[str]:
    """The keys of the questions of ITEMS."""
    return list(dict.fromkeys(prepare(scorer, ITEMS, Settings(), None)[1].keys))


@pytest.mark.parametrize("model", MODELS)
def test_whoever_comes_next_waits_for_what_is_under_way(model: str, tmp_path: Path) -> None:
    """A run that is gone leaves its batch; the next one submits nothing and has every answer."""
    with FakeApi(batches=BatchPlan(polls=5)) as api:
        of = card(api, model)
        leave(of, tmp_path, looks=1)
        assert under_way(tmp_path) == 1
        ran = ask(of, tmp_path)
        assert (ran.counts["asked"], sizes(api), created(api)) == (6, [6], 1)
    assert under_way(tmp_path) == 0


def test_who_wants_a_part_leaves_the_rest(tmp_path: Path) -> None:
    """Answers that the second command has no use for are there for the third."""
    with FakeApi(batches=BatchPlan(polls=5)) as api:
        of = card(api)
        leave(of, tmp_path, looks=1)
        assert ask(of, tmp_path, items=ITEMS[:1]).counts["asked"] == 2
        assert under_way(tmp_path) == 1
        assert ask(of, tmp_path).counts == {**ask(of, tmp_path).counts, "asked": 4, "from_store": 2}
        assert sizes(api) == [6]
    assert under_way(tmp_path) == 0


def test_batches_of_other_questions_are_not_waited_for(tmp_path: Path) -> None:
    """Nor looked at; they stay under way for whoever wants them."""
    with FakeApi(batches=BatchPlan(polls=5)) as api:
        of = card(api)
        leave(of, tmp_path, looks=1)
        (other,) = api.batches
        looks = other.polls
        assert ask(of, tmp_path, items=[pair(asked="Another?")]).counts["asked"] == 2
        assert other.polls == looks
    assert under_way(tmp_path) == 1


def test_who_wants_more_submits_the_rest(tmp_path: Path) -> None:
    """Of eight questions six are under way: two are submitted."""
    more = [*ITEMS, pair(uid="more", asked="One more?")]
    with FakeApi(batches=BatchPlan(polls=5)) as api:
        of = card(api)
        leave(of, tmp_path, looks=1)
        assert ask(of, tmp_path, items=more).counts["asked"] == 8
        assert sizes(api) == [6, 2]
    assert under_way(tmp_path) == 0


@pytest.mark.parametrize("model", MODELS)
def test_two_at_once_submit_once(model: str, tmp_path: Path) -> None:
    """Two runs of the same questions, one store: one batch, and both have all answers."""

    async def both(of: Any) -> list[Run]:
        with Store(tmp_path) as one, Store(tmp_path) as other:
            return await asyncio.gather(
                *(
                    execute(batched(of, store), ITEMS, Settings(), store=store, watcher=Listener())
                    for store in (one, other)
                )
            )

    with FakeApi(batches=BatchPlan(polls=5)) as api:
        runs = asyncio.run(both(card(api, model)))
        assert (sizes(api), created(api)) == ([6], 1)
    assert [(ran.counts["asked"], ran.error) for ran in runs] == [(6, None)] * 2
    assert under_way(tmp_path) == 0


def test_what_came_in_meanwhile_is_not_submitted(tmp_path: Path) -> None:
    """Another process fetched the answers after this one had looked into the store."""
    with FakeApi() as api, Store(tmp_path) as store:
        of, listener = card(api), Listener()
        late = batched(of, store)
        planned: list[int] = []

        def meanwhile(questions: int, from_store: int) -> None:
            planned.append(questions - from_store)
            thread = Thread(target=lambda: ask(of, tmp_path))
            thread.start()
            thread.join()

        listener.planned = meanwhile  # type: ignore[method-assign]
        ran = run(late, ITEMS, store=store, listener=listener)
        assert (planned, sizes(api)) == ([6], [6])
    assert ran.unanswered == 0
