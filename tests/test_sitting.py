"""A study being asked: item by item through all cells, each question once, and every cell as if it were alone."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Sequence
from itertools import pairwise
from pathlib import Path

import pytest

from rmb.errors import RefusedError, StorageError
from rmb.outcomes import Convention, conversation_mark
from rmb.records import Answer, Failure, Item, Question, Usage
from rmb.run import Settings
from rmb.run.execute import execute as execute_alone
from rmb.scorers.asking import Line, replies
from rmb.store import Store
from rmb.studies.cell import Cell
from rmb.studies.execute import execute, prepared
from rmb.studies.referee import Elimination
from rmb.studies.results import Sat
from rmb.studies.sitting import by_conversation
from rmb.testing import Scripted
from tests.builders import Listener, always_first, honest, listing, pair

ITEMS = [pair("good", "bad", uid=str(number), asked=f"Question {number // 2}?") for number in range(12)]
"""Twelve pairs about six conversations."""
BOTH = Settings("both", 1, 0)
PRICED = Usage(cost_usd=0.01)
"""What every answer of a far scorer costs."""


class Nothing:
    """A connection to nowhere, which counts how often it was opened and closed."""

    def __init__(self) -> None:
        self.opened = self.closed = 0

    async def open(self) -> None:
        """Counts."""
        self.opened += 1

    async def close(self) -> None:
        """Counts."""
        self.closed += 1


class Remote(Scripted):
    """A scripted scorer that is asked as a far one is: through a line, several questions at once."""

    def __init__(
        self,
        script: Callable[[Question], Sequence[float] | Failure | Exception],
        *,
        name: str = "remote",
        line: Line | None = None,
        log: list[tuple[str, Question]] | None = None,
        at_once: int = 1,
    ) -> None:
        super().__init__(script, name=name)
        self.line = line or Line(Nothing(), name, at_once)
        self.log = [] if log is None else log

    def answer(self, questions: Sequence[Question]) -> AsyncGenerator[tuple[Question, Answer | Failure]]:
        """Asks through the line, and notes who was asked what."""

        async def ask(question: Question) -> Answer | Failure:
            self.log.append((self.name, question))
            self.asked.append(question)
            await asyncio.sleep(0)
            said = self.script(question)
            if isinstance(said, Exception):
                raise said
            return said if isinstance(said, Failure) else Answer(rewards=tuple(said), usage=PRICED)

        return replies(questions, self.line, ask)


def cell(scorer: Scripted, *, name: str = "", judge: str = "", settings: Settings = BOTH) -> Cell:
    """A cell of a scripted judge."""
    return Cell(name or scorer.name, {"judge": judge or scorer.name}, judge or scorer.name, scorer, settings)


def sat(
    cells: Sequence[Cell],
    items: Sequence[Item] = ITEMS,
    *,
    store: Store | None = None,
    level: float | None = None,
    keep: Sequence[int] = (),
) -> Sat:
    """A study of the cells from beginning to end; level: of the referee, if there is one."""
    stopping = None if level is None else Elimination(cells, items, Convention(), level=level, keep=keep)
    return asyncio.run(
        execute(prepared(cells, items, store), items, store=store, watcher=Listener(), referee=stopping)
    )


def two(log: list[tuple[str, Question]], *, at_once: int = 1) -> list[Cell]:
    """Two prompts of one judge, behind one line."""
    line = Line(Nothing(), "judge", at_once)
    return [
        cell(Remote(script, name=name, line=line, log=log), judge="judge")
        for name, script in (("one", honest), ("other", always_first))
    ]


# Item by item


def test_every_item_goes_through_all_cells_before_the_next() -> None:
    """With one question at a time, all that an item takes is asked of both cells before the next item's first question."""
    log: list[tuple[str, Question]] = []
    sat(two(log))
    turns = [question.conversation[0].content for _, question in log]
    # The two pairs of a conversation have the same texts, and so the same questions.
    assert len(log) == 2 * 2 * 6
    assert sum(a != b for a, b in pairwise(turns)) == 5
    for turn in set(turns):
        assert {name for name, question in log if question.conversation[0].content == turn} == {
            "one",
            "other",
        }


def test_the_order_of_the_conversations_is_drawn_from_the_seed() -> None:
    """Each conversation is whole; another seed gives another order, the same seed the same."""
    orders = [by_conversation(ITEMS, seed) for seed in (0, 0, 1)]
    assert orders[0] == orders[1] != orders[2]
    assert sorted(item for group in orders[0] for item in group) == list(range(12))
    marks = [{conversation_mark(ITEMS[item].conversation) for item in group} for group in orders[2]]
    assert all(len(mark) == 1 for mark in marks)


@pytest.mark.parametrize("at_once", [1, 3, 50])
def test_a_cell_of_a_study_says_what_it_says_alone(at_once: int) -> None:
    """Outcomes, counts and failures are those of a run of the same judge by itself, however many are asked at once."""

    def moody(question: Question) -> Sequence[float] | Failure:
        if "Question 3" in question.conversation[0].content:
            return Failure("transport", "down")
        return honest(question)

    items = [*ITEMS, listing("good one", ["bad", "worse"], asked="And a list?")]
    cells = [
        cell(Remote(moody, name="moody", at_once=at_once)),
        cell(Scripted(always_first, name="local"), settings=Settings("single", 2, 5)),
        cell(Scripted(lambda question: [float(len(question.responses[0]))], name="alone", width=1)),
    ]
    found = sat(cells, items)
    for one, result in zip(cells, found.results, strict=True):
        lonely = asyncio.run(execute_alone(one.scorer, items, one.settings, store=None, watcher=Listener()))
        assert result.run.outcomes == lonely.outcomes
        assert result.run.failures == lonely.failures
        assert result.run.counts == lonely.counts
    assert found.conversations == found.of == 7


def test_a_quick_judge_waits_for_a_slow_one() -> None:
    """Whenever a study ends, its judges have seen nearly the same: the quick one is never far ahead."""
    items = [pair("good", "bad", uid=str(number), asked=f"{number}?") for number in range(60)]
    log: list[tuple[str, Question]] = []
    ahead = []

    class Slow(Remote):
        """Gives way many times before it answers."""

        def answer(self, questions: Sequence[Question]) -> AsyncGenerator[tuple[Question, Answer | Failure]]:
            async def ask(question: Question) -> Answer | Failure:
                for _ in range(30):
                    await asyncio.sleep(0)
                self.log.append((self.name, question))
                count = Counter(name for name, _ in self.log)
                ahead.append(count["quick"] - count["slow"])
                return Answer(rewards=tuple(honest(question)))

            return replies(questions, self.line, ask)

    sat([cell(Remote(honest, name="quick", log=log)), cell(Slow(honest, name="slow", log=log))], items)
    assert len(log) == 240
    assert max(ahead) <= 12


# Once


def test_cells_that_ask_the_same_ask_it_once() -> None:
    """The same judge in both orders and in one: the second asks nothing that the first has asked."""
    scorer = Remote(honest, at_once=4)
    cells = [
        cell(scorer, name="both", judge="judge"),
        cell(scorer, name="single", judge="judge", settings=Settings("single", 1, 0)),
    ]
    found = sat(cells)
    assert max(Counter(scorer.asked).values()) == 1
    assert (found.asked, found.from_store) == (12, 0)
    assert [one.run.counts["questions"] for one in found.results] == [12, 6]


def test_a_second_study_asks_nothing(tmp_path: Path) -> None:
    """All answers are in the store, whichever cell they were asked for."""
    with Store(tmp_path / "store") as store:
        log: list[tuple[str, Question]] = []
        first = sat(two(log), store=store)
        again = sat(two(log), store=store)
    assert len(log) == first.asked == again.from_store == 24
    assert again.asked == 0
    assert [one.run.outcomes for one in first.results] == [one.run.outcomes for one in again.results]


def test_a_connection_is_opened_once_and_closed_at_the_end() -> None:
    """However many cells share it."""
    line = Line(Nothing(), "judge", 3)
    sat([cell(Remote(honest, name=name, line=line), judge="judge") for name in "abc"])
    assert isinstance(line.connection, Nothing)
    assert (line.connection.opened, line.connection.closed, line.users) == (1, 1, 0)


# Ending early


def test_a_judge_that_is_refused_ends_alone() -> None:
    """A bad key costs one call; its cells say why, and the other judge goes on to the end."""
    refused = Remote(lambda _: RefusedError("no such key"), name="refused", at_once=4)
    good = Remote(honest, name="good", at_once=4)
    found = sat([cell(refused), cell(good)])
    assert len(refused.asked) == 1
    assert [str(one.run.error) for one in found.results] == ["no such key", "None"]
    assert [one.run.unanswered for one in found.results] == [12, 0]


def test_a_judge_whose_first_questions_fail_ends_alone() -> None:
    """Two failures at the start, and nobody waits for the others' deadlines."""
    down = Remote(lambda _: Failure("transport", "refused"), name="down", at_once=4)
    found = sat([cell(down), cell(Remote(honest, name="good"))])
    assert len(down.asked) == 2
    assert "the first 2 questions failed" in str(found.results[0].run.error)
    assert found.results[1].run.unanswered == 0


def test_a_fault_late_in_the_study_does_not_hang_it() -> None:
    """A judge that is refused in the middle keeps what it has; nobody waits for it any more."""
    calls = iter(range(1000))

    def until_paid(question: Question) -> Sequence[float] | Exception:
        return RefusedError("quota gone") if next(calls) > 12 else honest(question)

    items = [pair("good", "bad", uid=str(number), asked=f"{number}?") for number in range(40)]
    found = sat([cell(Remote(until_paid, name="poor", at_once=8)), cell(Remote(honest, name="rich"))], items)
    assert 0 < found.results[0].run.counts["asked"] <= 13
    assert found.results[1].run.unanswered == 0


def test_a_full_disk_ends_the_study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing more is asked once an answer could not be kept, of any judge."""
    with Store(tmp_path / "store") as store:

        def full(*_: object) -> None:
            raise StorageError("no space left")

        monkeypatch.setattr(store, "put", full)
        scorers = [Remote(honest, name=name) for name in "ab"]
        found = sat([cell(one) for one in scorers], store=store)
    assert [str(one.run.error) for one in found.results] == ["no space left"] * 2
    assert sum(len(one.asked) for one in scorers) <= 2


def test_an_interrupted_study_keeps_what_it_has(tmp_path: Path) -> None:
    """All cells have the same items behind them, give or take what was under way; the next study asks the rest."""
    items = [pair("good", "bad", uid=str(number), asked=f"{number}?") for number in range(40)]
    log: list[tuple[str, Question]] = []

    async def interrupted(store: Store) -> Sat:
        cells = prepared(two(log, at_once=4), items, store)
        task = asyncio.create_task(execute(cells, items, store=store, watcher=Listener()))
        while len(log) < 60:  # noqa: ASYNC110 - the scorer has no event to wait for
            await asyncio.sleep(0)
        task.cancel()
        return await task

    with Store(tmp_path / "store") as store:
        first = asyncio.run(interrupted(store))
        done = [one.run.counts["asked"] for one in first.results]
        again = sat(two(log), items, store=store)
    assert first.ended.interrupted
    assert abs(done[0] - done[1]) <= 8
    assert again.from_store == sum(done) >= 50
    assert [one.run.unanswered for one in again.results] == [0, 0]


# Stopping what is clearly worse


def wrong(question: Question) -> list[float]:
    """A script: prefers what is not good."""
    return [1 - float(text.startswith("good")) for text in question.responses]


def test_cells_that_are_clearly_worse_are_stopped() -> None:
    """A judge that is always wrong is stopped beside one that is always right; the baseline never is."""
    items = [pair("good", "bad", uid=str(number), asked=f"{number}?") for number in range(200)]
    scripts = {"base": wrong, "right": honest, "wrong": wrong}
    scorers = [Remote(script, name=name, at_once=2) for name, script in scripts.items()]
    found = sat([cell(one) for one in scorers], items, level=0.05, keep=[0])
    base, right, worse = found.results
    assert base.stopped is None
    assert right.stopped is None
    assert worse.stopped is not None
    assert worse.stopped.after == 20  # the least that there must be
    assert 40 <= len(scorers[2].asked) < 80
    assert len(worse.unasked) == 400 - len(scorers[2].asked)
    assert base.run.unanswered == right.run.unanswered == 0


def test_a_study_of_equal_cells_is_asked_to_the_end() -> None:
    """Nothing is held against cells that say the same."""
    items = [pair("good", "bad", uid=str(number), asked=f"{number}?") for number in range(100)]
    found = sat([cell(Remote(honest, name=name)) for name in "ab"], items, level=0.05)
    assert [one.stopped for one in found.results] == [None, None]


def test_a_judge_that_stops_answering_stops_nobody() -> None:
    """Answers that are missing are held against no cell."""
    items = [pair("good", "bad", uid=str(number), asked=f"{number}?") for number in range(100)]

    def fails(question: Question) -> Sequence[float] | Failure:
        number = int(question.conversation[0].content[:-1])
        return Failure("transport", "down") if number % 2 else honest(question)

    found = sat([cell(Remote(honest, name="whole")), cell(Remote(fails, name="half"))], items, level=0.05)
    assert [one.stopped for one in found.results] == [None, None]
