"""Judges asked through batches of a fake API, for tests: with quick looks, and what they leave in a store."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rmb.batches import Batched, Register, asking, in_batches
from rmb.cards import Generative, Limits, NamedCard, Sampling
from rmb.records import Answer, Item
from rmb.run import Run, Settings, execute
from rmb.scorers.budget import Budget
from rmb.scorers.generative import GenerativeJudge
from rmb.scorers.language_model import open_client
from rmb.store import Store
from rmb.templates import Template
from tests.builders import Listener, pair, run
from tests.fake_api import FakeApi, Reply
from tests.fake_api.http import Call

GPT, CLAUDE = "openai/gpt-4o-mini", "anthropic/claude-haiku-4-5-20251001"
MODELS = [GPT, CLAUDE]
ITEMS = [pair(uid=str(number), asked=f"Question {number}?") for number in range(3)]
"""Six questions: three pairs in both orders."""
ENDINGS = {GPT: "/v1/batches", CLAUDE: "/v1/messages/batches"}
"""Where a batch is made, and all are listed."""
CREATING = {"POST /v1/batches", "POST /v1/messages/batches"}


def quickly(patch: pytest.MonkeyPatch) -> None:
    """Looks at batches every hundredth of a second, and for a minute at most."""
    patch.setattr(asking, "MOST_WAIT_S", 60.0)
    for name in ("FIRST_S", "MOST_S"):
        patch.setattr(asking, name, 0.01)


def card(api: FakeApi, model: str = GPT, **changes: Any) -> NamedCard:
    """The card of a model behind a fake API."""
    plain: dict[str, Any] = {
        "kind": "generative",
        "summary": "For tests.",
        "model": model,
        "base_url": api.anthropic_url if model == CLAUDE else api.openai_url,
        "sampling": Sampling(max_tokens=64),
        "limits": Limits(attempts=1),
    }
    return NamedCard(name="mine", sha256="0", card=Generative(**plain | changes))


def judge(of: NamedCard, template: str = "pairwise_v2", style: str | None = None) -> GenerativeJudge:
    """The judge of a card, asked as ever."""
    assert isinstance(of.card, Generative)
    return GenerativeJudge(of.card, Template.load(template, style=style), open_client(of.card))


def batched(of: NamedCard, store: Store, *, budget: Budget | None = None, **more: Any) -> Batched:
    """The judge of a card, asked through batches."""
    return in_batches(of, judge(of, **more), store, budget=budget)


def ask(
    of: NamedCard,
    folder: Path,
    items: list[Item] | None = None,
    *,
    budget: Budget | None = None,
    **settings: Any,
) -> Run:
    """A run through batches, with the store in a folder."""
    with Store(folder) as store:
        return run(batched(of, store, budget=budget), items or ITEMS, Settings(**settings), store=store)


def answers(folder: Path, of: NamedCard, **settings: Any) -> dict[str, Any]:
    """The rows of a store for the questions of ITEMS, but for what is of the moment: when, how long."""
    found = {}
    with Store(folder) as store:
        looked = run(judge(of), ITEMS, Settings(**settings), store=store)
        keys = {key for one in looked.outcomes for shown in one.showings for key in shown.keys}
        for key in sorted(keys):
            row = store.get(key)
            assert row is not None
            answer = Answer.from_json(row["answer"])
            timeless = replace(answer, usage=replace(answer.usage, seconds=0.0))
            found[key] = (row["scorer"], row["request"], timeless)
    return found


def under_way(folder: Path) -> int:
    """How many batches are under way, by the register of a store."""
    with Store(folder) as store:
        return len(Register(store).under_way())


def at(method: str, ending: str, *replies: Reply) -> Callable[[Call], Reply | None]:
    """A fault of the calls of a method whose paths end so: one reply for each, None after the last."""
    left = list(replies)

    def fault(call: Call) -> Reply | None:
        return left.pop(0) if left and call.method == method and call.path.endswith(ending) else None

    return fault


def created(api: FakeApi) -> int:
    """Calls that would make a batch."""
    return sum(call in CREATING for call in api.batches.calls)


def sizes(api: FakeApi) -> list[int]:
    """How many requests each batch has."""
    return [len(job.requests) for job in api.batches]


def leave(of: Any, folder: Path, looks: int, items: Sequence[Any] = ITEMS) -> None:
    """Asks through batches, and is gone when the batch was looked at so many times."""

    async def gone() -> None:
        with Store(folder) as store:
            scorer = batched(of, store)
            scorer.asking.provider.state = counting(scorer.asking.provider.state)  # type: ignore[method-assign]
            await execute(scorer, items, Settings(), store=store, watcher=Listener())

    def counting(state: Callable[[str], Any]) -> Callable[[str], Any]:
        async def looked(name: str) -> Any:
            nonlocal looks
            looks -= 1
            if looks < 0:
                raise KeyboardInterrupt
            return await state(name)

        return looked

    with pytest.raises(KeyboardInterrupt):
        asyncio.run(gone())
