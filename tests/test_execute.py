"""A run: asks what the store does not have, keeps every answer, and says what became of each question."""

from __future__ import annotations

import asyncio
import errno
import math
import os
import signal
import sqlite3
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from rmb.errors import RefusedError, StorageError
from rmb.metrics import summarise
from rmb.metrics.columns import columns
from rmb.metrics.credits import item_credits
from rmb.outcomes import Convention, facts
from rmb.records import Answer, Failure, Item, Question, Scores, Usage
from rmb.run import Run, Settings, execute
from rmb.run.inquiry import together
from rmb.store import SCHEMA, Store
from rmb.testing import Scripted
from tests.builders import Listener, always_first, credit, honest, listing, pair, run

FOUR = [pair(uid=str(number), asked=f"Question {number}?") for number in range(4)]
"""Eight questions, two for each item."""
LIST = listing("good", ["bad", "worse"])


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """An empty store."""
    with Store(tmp_path / "answers") as opened:
        yield opened


def from_the(number: int, happening: Callable[[], Exception | Failure]) -> Scripted:
    """A scorer that is honest until its nth question; from then on, something happens at each."""
    scorer = Scripted(lambda q: happening() if len(scorer.asked) >= number else honest(q))
    return scorer


def credits_of(ran: Run) -> list[float | None]:
    """The headline credit of every item."""
    return [credit(outcome) for outcome in ran.outcomes]


def coverage(ran: Run) -> float | None:
    """The share of comparisons that were answered."""
    answered: float | None = summarise(ran.outcomes, resamples=0)["coverage"]
    return answered


# What a run finds out.


@pytest.mark.parametrize(
    ("script", "width", "found"),
    [
        (honest, 2, [1.0, 1.0]),
        (always_first, 2, [0.25, 0.5]),
        (lambda _: [0.5, 0.5], 2, [0.0, 0.0]),
        (lambda q: honest(q)[::-1], 2, [0.0, 0.0]),
        (honest, 1, [1.0, 1.0]),
        (lambda q: [float(-len(q.responses[0]))], 1, [0.0, 0.0]),
        (honest, None, [1.0, 1.0]),
        (always_first, None, [0.5, 0.5]),
    ],
    ids=[
        "honest",
        "first",
        "ties",
        "dishonest",
        "honest, alone",
        "shortest",
        "honest, lists",
        "first, lists",
    ],
)
def test_a_list_and_a_pair_have_the_credit_of_their_judge(
    script: Callable[[Question], Sequence[float]], width: int | None, found: list[float]
) -> None:
    """A list of three and a pair, judged by scripts whose credits are known."""
    assert credits_of(run(Scripted(script, width=width), [LIST, pair()])) == found


def test_outcomes_stand_in_the_order_of_the_items() -> None:
    """Each item has its outcome, even one without anything to decide."""
    items = [*FOUR, listing("alone", []), LIST]
    ran = run(Scripted(honest), items)
    assert [outcome.item for outcome in ran.outcomes] == [facts(item) for item in items]
    assert ran.outcomes[4].showings == ()


def test_nothing_to_ask_is_a_complete_run() -> None:
    """No items, no questions, no error."""
    ran = run(Scripted(honest), [])
    assert dict(ran.counts) == {"items": 0, "comparisons": 0, "questions": 0, "asked": 0, "from_store": 0}
    assert (ran.outcomes, ran.error, ran.interrupted, ran.cost_usd) == ((), None, False, 0)


def test_each_question_is_asked_once() -> None:
    """What a list, a pair out of it and a repeated pair have in common is put to the scorer once."""
    scorer = Scripted(honest)
    ran = run(scorer, [LIST, pair(), pair(uid="1")])
    assert max(Counter(scorer.asked).values()) == 1
    assert (len(scorer.asked), ran.counts["questions"], ran.counts["comparisons"]) == (4, 4, 4)


def test_questions_that_are_sent_alike_are_asked_once() -> None:
    """A scorer that does not send the scenario is not asked again for each; both items have the answer."""
    scorer = Scripted(honest)
    ran = run(scorer, [pair(), pair(uid="1", path="harmlessness/S1")])
    assert (len(scorer.asked), ran.counts["questions"]) == (2, 2)
    assert credits_of(ran) == [1.0, 1.0]


def test_answers_may_come_in_any_order() -> None:
    """An answer belongs to its question and not to its place in line."""

    class Backwards(Scripted):
        """Answers the last question first."""

        def answer(self, questions: Sequence[Question]) -> AsyncGenerator[tuple[Question, Answer | Failure]]:
            """The script's answers, from the end."""
            return super().answer(questions[::-1])

    assert run(Backwards(honest), FOUR).outcomes == run(Scripted(honest), FOUR).outcomes


# The store.


def test_a_second_run_asks_nothing(store: Store) -> None:
    """What was answered once is never asked again, and is worth the same."""
    first, scorer = run(Scripted(honest), FOUR, store=store), Scripted(honest)
    second = run(scorer, FOUR, store=store)
    assert scorer.asked == []
    assert second.outcomes == first.outcomes
    assert (second.counts["asked"], second.counts["from_store"]) == (0, 8)


def test_a_half_finished_run_is_resumed(store: Store) -> None:
    """Only what the store does not have is asked."""
    run(Scripted(honest), FOUR[:2], store=store)
    scorer, listener = Scripted(honest), Listener()
    resumed = run(scorer, FOUR, store=store, listener=listener)
    assert {question.conversation for question in scorer.asked} == {item.conversation for item in FOUR[2:]}
    assert (resumed.counts["asked"], resumed.counts["from_store"]) == (4, 4)
    assert (listener.questions, listener.from_store, len(listener.replies)) == (8, 4, 4)


@pytest.mark.parametrize(
    ("scorer", "settings"),
    [
        pytest.param(Scripted(honest, name="another"), Settings(), id="another judge"),
        pytest.param(Scripted(honest), Settings(samples=2), id="another sample"),
    ],
)
def test_stored_answers_serve_only_the_same_question_to_the_same_judge(
    store: Store, scorer: Scripted, settings: Settings
) -> None:
    """Another judge and another sample are asked on their own account."""
    run(Scripted(honest), FOUR, store=store)
    run(scorer, FOUR, settings, store=store)
    assert len(scorer.asked) == 8


def test_one_order_is_found_in_the_answers_of_both(store: Store) -> None:
    """Orders that were asked already need no new answers."""
    run(Scripted(honest), FOUR, store=store)
    scorer = Scripted(honest)
    run(scorer, FOUR, Settings(orders="single"), store=store)
    assert scorer.asked == []


def test_an_answer_is_stored_before_the_watcher_hears_of_it(store: Store) -> None:
    """Whoever counts an answer, shows it, or stops the program then, can rely on it."""
    others_see: list[int] = []

    class Checker(Listener):
        """Looks into the store whenever it hears of an answer."""

        def answered(self, answer: Answer | Failure, verdict: Scores | Failure) -> None:
            """Counts what others see in the store."""
            with Store(store.folder) as other:
                others_see.append(len(other))

    run(Scripted(honest), FOUR[:2], store=store, listener=Checker())
    assert others_see == [1, 2, 3, 4]


def test_a_damaged_answer_is_asked_again(store: Store) -> None:
    """A row that cannot be trusted, and that the journal lacks too, costs one question, and nothing else."""
    run(Scripted(honest), FOUR, store=store)
    store.journal.file.unlink()
    with sqlite3.connect(store.folder / SCHEMA / "cache.db") as database:
        database.execute("UPDATE Cache SET value = x'00' WHERE rowid = 3")
    database.close()
    scorer = Scripted(honest)
    again = run(scorer, FOUR, store=store)
    assert (len(scorer.asked), len(store.damaged), credits_of(again)) == (1, 1, [1.0] * 4)


def test_a_stored_value_of_another_shape_is_asked_again(store: Store) -> None:
    """A sound row that holds no answer of this release's make counts as absent."""
    run(Scripted(honest), FOUR, store=store)
    for key in list(store.rows):
        store.put(key, {"answer": {"text": "from a release to come"}})
    assert run(Scripted(honest), FOUR, store=store).counts["asked"] == 8


def test_an_answer_under_the_key_of_another_is_asked_again(store: Store) -> None:
    """A row says who was asked what; one that was put in another's place is not believed."""
    run(Scripted(honest), FOUR, store=store)
    first, second, *_ = list(store.rows)
    row = store.get(second)
    assert row is not None
    store.put(first, row)
    again = run(Scripted(honest), FOUR, store=store)
    assert (again.counts["asked"], store.damaged, credits_of(again)) == (1, [first], [1.0] * 4)


# Failures.


def test_a_judges_failure_is_an_answer(store: Store) -> None:
    """A reply without a verdict is kept and not asked again; it counts as wrong, and coverage is full."""
    ran = run(Scripted(lambda _: []), FOUR, store=store)
    assert (credits_of(ran), coverage(ran), ran.failures) == ([0.0] * 4, 1.0, {"empty": 8})
    scorer = Scripted(honest)
    run(scorer, FOUR, store=store)
    assert scorer.asked == []


def test_a_runs_failure_is_no_answer(store: Store) -> None:
    """A question that was not answered is missing, lowers coverage, is not stored, and is asked again."""
    deaf = Scripted(
        lambda q: Failure("transport", "reset") if "0" in q.conversation[0].content else honest(q)
    )
    ran = run(deaf, FOUR, store=store)
    assert (credits_of(ran), coverage(ran)) == ([None, 1.0, 1.0, 1.0], 0.75)
    assert (ran.failures, ran.counts["asked"], ran.error) == ({"transport": 2}, 6, None)
    resumed = run(Scripted(honest), FOUR, store=store)
    assert (resumed.counts["asked"], credits_of(resumed)) == (2, [1.0] * 4)


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize(
    "stored",
    [
        pytest.param(False, id="without a store"),
        pytest.param(True, id="with a store"),
    ],
)
def test_a_score_that_is_no_number_is_a_failure_of_the_judge(
    store: Store, number: float, *, stored: bool
) -> None:
    """NaN and infinities from a judge neither end the run nor count as a tie or a win."""
    ran = run(Scripted(lambda _: [number, 0.0]), FOUR, store=store if stored else None)
    (showing, _) = ran.outcomes[0].showings
    assert showing.failure is not None
    assert (showing.failure.reason, showing.best, showing.rival) == ("parse", None, None)
    assert credits_of(ran) == [0.0] * 4
    if stored:
        again = run(Scripted(honest), FOUR, store=store)
        assert (again.counts["asked"], again.outcomes) == (0, ran.outcomes)


def test_the_runs_failure_outweighs_the_judges() -> None:
    """Where one response got no verdict and the other no answer, nothing is known of the comparison."""
    script: dict[str, list[float] | Failure] = {"good": [], "bad": Failure("deadline")}
    ran = run(Scripted(lambda q: script[q.responses[0]], width=1), [pair()])
    (showing,) = ran.outcomes[0].showings
    assert showing.failure == Failure("deadline")
    assert ran.failures == {"empty": 1, "deadline": 1}


def test_a_graded_judge_without_verdicts_is_wrong_on_average() -> None:
    """Two failures of a judge that gives numbers count as wrong in `averaged`, as one of them does."""
    silent = Scripted(lambda q: [] if "0" in q.conversation[0].content else honest(q), graded=True)
    judged = columns(run(silent, FOUR).outcomes)
    assert [item.id for item in judged.items] == [item.id for item in FOUR]
    assert item_credits(judged, Convention(order="averaged")).tolist() == [0.0, 1.0, 1.0, 1.0]


def test_a_judge_of_bare_preferences_is_never_averaged() -> None:
    """Its failures do not make it graded."""
    silent = Scripted(lambda q: [] if "0" in q.conversation[0].content else honest(q))
    summary = summarise(run(silent, FOUR).outcomes, resamples=0)
    assert summary["averaged"]["helpfulness"]["pairwise"] is None


def test_a_run_says_why_questions_stay_unanswered() -> None:
    """Complaints are told with their number, the most common first; what was not asked is none."""
    details = {"0": "timed out", "1": "reset", "2": "reset"}

    def deaf(question: Question) -> list[float] | Failure:
        number = question.conversation[0].content[9]
        return Failure("transport", details[number]) if number in details else honest(question)

    ran = run(Scripted(deaf), FOUR)
    assert list(ran.complaints.items()) == [("reset", 4), ("timed out", 2)]
    assert run(from_the(1, lambda: RefusedError("no key")), FOUR).complaints == {}


# Runs that end early.


def test_a_refusal_midway_keeps_what_came_before(store: Store) -> None:
    """A provider that refuses ends the run; answers are kept, what was not asked is "cancelled"."""
    ran = run(from_the(4, lambda: RefusedError("the key was revoked")), FOUR, store=store)
    assert isinstance(ran.error, RefusedError)
    assert (len(store), ran.counts["asked"], ran.failures) == (3, 3, {"cancelled": 5})
    assert coverage(ran) == 0.25
    resumed = run(Scripted(honest), FOUR, store=store)
    assert (resumed.counts["asked"], resumed.error, coverage(resumed)) == (5, None, 1.0)


def test_a_disk_that_fails_midway_ends_the_run(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer that could not be stored is not counted, and no more are paid for."""

    def fails(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    def break_the_store(question: Question) -> list[float]:
        if len(scorer.asked) == 3:
            monkeypatch.setattr(store.rows, "set", fails)
        return honest(question)

    scorer = Scripted(break_the_store)
    ran = run(scorer, FOUR, store=store)
    assert isinstance(ran.error, StorageError)
    assert ran.error.exit_code == 74
    assert (len(scorer.asked), ran.counts["asked"], ran.failures) == (3, 2, {"cancelled": 6})
    monkeypatch.undo()
    resumed = run(Scripted(honest), FOUR, store=store)
    assert (resumed.counts["from_store"], resumed.counts["asked"]) == (3, 5)


def test_a_bug_in_a_scorer_is_not_hidden(store: Store) -> None:
    """An exception that is no RmbError goes through; what was answered before it is stored."""
    with pytest.raises(ZeroDivisionError):
        run(from_the(4, lambda: ZeroDivisionError("a bug")), FOUR, store=store)
    assert len(store) == 3


def test_ctrl_c_ends_the_run_and_keeps_the_answers(store: Store) -> None:
    """SIGINT is no error: what was answered is put together, and the rest can be asked later."""

    def interrupt() -> Failure:
        os.kill(os.getpid(), signal.SIGINT)
        return Failure("transport")

    # A shell's background job ignores the signal unless told otherwise.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        ran = run(from_the(4, interrupt), FOUR, store=store)
    finally:
        signal.signal(signal.SIGINT, before)
    assert (ran.interrupted, ran.error) == (True, None)
    assert (len(store), ran.counts["asked"], sum(ran.failures.values())) == (3, 3, 5)
    # What was at hand at that moment is told as it came, the rest was never asked.
    assert ran.failures["cancelled"] >= 2
    assert credits_of(ran) == [1.0, None, None, None]


def test_a_cancelled_run_leaves_its_task_alive() -> None:
    """Whoever started the run can await other things after it, to write what was found out."""

    async def cancelled() -> Run:
        """A run that is cancelled at its third question, and something after it."""
        task = asyncio.current_task()
        assert task is not None
        scorer = from_the(3, lambda: Failure("transport", f"asked to stop: {task.cancel()}"))
        ran = await execute(scorer, FOUR, Settings(), store=None, watcher=Listener())
        await asyncio.sleep(0)
        assert task.cancelling() == 0
        return ran

    assert asyncio.run(cancelled()).interrupted


# What a run cost.


class Priced(Scripted):
    """A scripted scorer whose every answer costs something."""

    prices: Sequence[float | None] = (0.25,)

    async def answer(
        self, questions: Sequence[Question]
    ) -> AsyncGenerator[tuple[Question, Answer | Failure]]:
        """The script's answers with prices, in turn, and the name of who served them."""
        async for question, reply in super().answer(questions):
            assert isinstance(reply, Answer)
            usage = Usage(prompt_tokens=10, cost_usd=self.prices[len(self.asked) % len(self.prices)])
            yield question, replace(reply, model="served-1", usage=usage)


def test_a_run_costs_what_its_own_answers_cost(store: Store) -> None:
    """Stored answers were paid for before, so they add nothing; who served them is still told."""
    assert run(Priced(honest), FOUR[:1], store=store).cost_usd == 0.5
    second = run(Priced(honest), FOUR[:2], store=store)
    assert (second.cost_usd, second.models) == (0.5, {"served-1": 4})


def test_one_unknown_price_makes_the_cost_unknown() -> None:
    """A cost is never a guess."""
    scorer = Priced(honest)
    scorer.prices = (0.25, None)
    assert run(scorer, FOUR).cost_usd is None


@pytest.mark.parametrize(
    ("replies", "usage"),
    [
        pytest.param([Answer(usage=Usage(10, 5, 1, 0.5, 2.0, 3))], Usage(10, 5, 1, 0.5, 2.0, 3), id="one"),
        pytest.param(
            [Answer(usage=Usage(10, 5, 1, 0.5, 2.0, 3)), Answer(usage=Usage(1, 1, 1, 0.25, 1.0, 1))],
            Usage(11, 6, 2, 0.75, 3.0, 4),
            id="two",
        ),
        pytest.param(
            [Answer(usage=Usage(cost_usd=None)), Answer()],
            Usage(cost_usd=None, attempts=2),
            id="unknown price",
        ),
        pytest.param([Failure("transport"), None], Usage(attempts=0), id="no answer"),
    ],
)
def test_the_usage_of_a_showing_is_that_of_its_answers(
    replies: list[Answer | Failure | None], usage: Usage
) -> None:
    """Two responses rated alone cost what both answers cost together."""
    assert together(replies) == usage


def test_a_showing_names_the_answers_it_rests_on(store: Store) -> None:
    """Its keys find the stored answers: one for a pair, two where each response was rated alone."""
    for width, number in ((2, 1), (1, 2)):
        ran = run(Scripted(honest, width=width, name=f"width {width}"), [pair()], store=store)
        for showing in ran.outcomes[0].showings:
            assert len(showing.keys) == number
            assert all(store.get(key) for key in showing.keys)


def test_a_stored_row_says_who_was_asked_what(store: Store) -> None:
    """A row can be understood without the program: the scorer, the request, the answer, the time."""
    scorer = Scripted(honest)
    ran = run(scorer, [pair()], store=store)
    (key,) = ran.outcomes[0].showings[0].keys
    row = store.get(key)
    assert row is not None
    assert (row["scorer"], row["request"]) == (scorer.identity, scorer.request(scorer.asked[0]))
    assert Answer.from_json(row["answer"]).rewards == (1.0, 0.0)
    assert row["at"] > 1.7e9


def test_many_questions_are_no_trouble() -> None:
    """A thousand items are asked and put together."""
    items: list[Item] = [pair(uid=str(n), asked=f"Question {n}?") for n in range(1_000)]
    ran = run(Scripted(always_first), items)
    assert (ran.counts["asked"], credits_of(ran)) == (2_000, [0.5] * 1_000)
