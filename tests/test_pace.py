"""How fast a provider is asked: what is learnt from refusals, and that limits hold. Time jumps; nothing waits."""

from __future__ import annotations

import asyncio
import math
import random
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rmb.cards import Limits
from rmb.records import Answer, Failure, Usage
from rmb.scorers.attempts import NO_ACCIDENT, Cost, broken, completed, no_answer
from rmb.scorers.faults import Complaint
from rmb.scorers.pace import Pace
from rmb.scorers.throttle import START, Rate, Window
from tests.simulated_time import LIMITED, Bucket, in_no_time, load, now

WARM_S, END_S = 15.0, 40.0


@pytest.fixture(autouse=True)
def drawn() -> None:
    """The same jitter each time."""
    random.seed(0)


# What is learnt of a rate


@pytest.mark.parametrize(
    ("rate", "burst_s", "says"),
    [
        (5, 1, "seconds"),
        (5, 0.4, "fractions"),
        (50, 1, "nothing"),
        (50, 0.2, "seconds"),
        (50, 2, "fractions"),
        (200, 1, "seconds"),
        (200, 0.2, "fractions"),
        pytest.param(200, 10, "nothing", marks=pytest.mark.slow),
    ],
)
def test_a_providers_rate_is_used_and_hardly_passed(rate: int, burst_s: float, says: str) -> None:
    """At least 90 % of what it allows, and under 5 % of requests refused, whatever its bucket and its hints."""
    server = Bucket(rate, max(2.0, burst_s * rate), whole=says == "seconds", silent=says == "nothing")
    _, replies = load(server, END_S)
    assert server.used(WARM_S, END_S) >= 0.9
    assert server.refusals(WARM_S, END_S) < 0.05
    assert not [reply for reply in replies if isinstance(reply, Failure)]


@pytest.mark.parametrize("rate", [5, 50, 200])
@pytest.mark.parametrize(("stall_s", "every_s"), [(0.1, 0.2), (0.3, 2.0), (1.0, 4.0), (0.5, 0.5)])
def test_what_a_busy_machine_takes_is_all_that_is_lost(rate: int, stall_s: float, every_s: float) -> None:
    """A program that stands still now and then, which no provider can know: 90 % of its rate in what time is left."""
    server = Bucket(rate, rate, whole=True)
    load(server, END_S, stall_s=stall_s, every_s=every_s)
    assert server.used(WARM_S, END_S) >= 0.9 * every_s / (every_s + stall_s)
    assert server.refusals(WARM_S, END_S) < 0.05


def test_a_limit_that_falls_is_learnt_anew() -> None:
    """A provider that allows 50 a second and then 20."""
    server = Bucket(50, 50)

    async def falls(number: int) -> Answer:
        server.rate = 50 if now() < 60 else 20
        return await server.attempt(number)

    server_like = type("Falling", (), {"attempt": staticmethod(falls)})
    load(server_like, 120)
    assert server.used(80, 120) >= 0.9
    assert server.refusals(80, 120) < 0.05


def test_refusals_that_have_nothing_to_do_with_the_rate_do_not_end_in_a_crawl() -> None:
    """One in fifty, at random: some speed is lost, not all of it."""
    server = Bucket(1e6, 1e6, latency_s=0.1)

    async def moody(number: int) -> Answer:
        if random.random() < 0.02:
            server.refused.append(now())
            return no_answer(LIMITED, "429", 0.05)
        return await server.attempt(number)

    load(type("Moody", (), {"attempt": staticmethod(moody)}), 120)
    assert len(server.sent) / 120 > 25


@given(st.lists(st.tuples(st.floats(0, 2), st.booleans()), max_size=200))
def test_a_rate_is_a_rate(steps: Sequence[tuple[float, bool]]) -> None:
    """Whatever is admitted and refused, whenever: above 0, and the next request may be sent at some time."""
    rate, at = Rate(), 0.0
    for passed, refused in steps:
        at = max(at + passed, rate.next_at)
        number = rate.sent(at)
        if refused:
            rate.refused(number, at, at + 0.01)
        else:
            rate.admitted()
        assert rate.per_s > 0
        assert rate.next_at - at <= 1 / 0.05 + 1e-6


# How many at once


@given(st.integers(1, 64), st.lists(st.tuples(st.floats(0.001, 100), st.booleans()), max_size=300))
def test_the_window_is_between_one_and_the_limit(most: int, steps: Sequence[tuple[float, bool]]) -> None:
    """However long answers take and however often the provider is overloaded."""
    window = Window(most)
    for seconds, overloaded in steps:
        if overloaded:
            window.overloaded()
        else:
            window.answered(seconds, full=True)
        assert 1 <= window.size <= most


def test_the_window_grows_quickly_at_first_and_slowly_later() -> None:
    """By one for each answer; after an overload by one for each round of answers."""
    window = Window(1000)
    for _ in range(START):
        window.answered(1.0, full=True)
    assert window.size == 2 * START
    window.overloaded()
    before = window.size
    for _ in range(int(before)):
        window.answered(1.0, full=True)
    assert window.size == pytest.approx(before + 1, abs=0.1)


def test_a_window_that_is_not_used_does_not_grow() -> None:
    """Answers say nothing of what more at once would do."""
    window = Window(100)
    for _ in range(50):
        window.answered(1.0, full=False)
    assert window.size == START


def test_a_latency_that_rises_shrinks_the_window() -> None:
    """A server that queues all above two answers no sooner for it: the window stays far below the limit."""

    async def attempt(_: int) -> Answer:
        async with busy:
            await asyncio.sleep(1.0)
        return Answer(text="A")

    busy = asyncio.Semaphore(2)
    pace, _ = load(type("Queue", (), {"attempt": staticmethod(attempt)}), 600, concurrency=64)
    assert pace.window.size < 64


def test_longer_questions_are_no_overload() -> None:
    """Answers that take ten times as long from now on, however few are under way, cost a few places and no more."""
    window = Window(64)
    for seconds in (1.0, 10.0):
        for _ in range(2000):
            window.answered(seconds, full=True)
    assert window.size >= 60


@pytest.mark.parametrize("status", [503, 529])
def test_an_overload_shrinks_the_window_once_for_a_burst(status: int) -> None:
    """Sixteen refusals of requests that were under way together say it once."""

    async def work() -> Pace:
        pace = Pace(Limits(concurrency=16), clock=now)

        async def attempt(_: int) -> Answer:
            await asyncio.sleep(0.1)
            return no_answer(Complaint(status, "busy"), "busy")

        await asyncio.gather(*(completed(attempt, Limits(attempts=1), pace) for _ in range(16)))
        return pace

    assert in_no_time(work).window.size == pytest.approx(0.7 * 16)


# Waiting


def test_a_refusal_pauses_all_who_ask() -> None:
    """Nobody sends before the time that one of them was told; another line is not touched."""

    async def work() -> tuple[list[float], float]:
        pace, other, sent = Pace(Limits(), clock=now), Pace(Limits(), clock=now), []

        async def attempt(_: int) -> Answer:
            sent.append(now())
            if len(sent) == 1:
                return no_answer(LIMITED, "429", 30.0)
            return Answer(text="A")

        async def later(pace: Pace) -> float:
            await asyncio.sleep(1)
            await completed(attempt, Limits(), pace)
            return now()

        _, _, elsewhere = await asyncio.gather(completed(attempt, Limits(), pace), later(pace), later(other))
        return sent, elsewhere

    sent, elsewhere = in_no_time(work)
    assert elsewhere == pytest.approx(1, abs=0.1)
    assert sorted(sent)[2] >= 30


def test_a_request_that_waits_to_be_made_again_holds_no_place() -> None:
    """With one place, another question is asked while the first is backing off."""

    async def work() -> list[str]:
        pace, order = Pace(Limits(concurrency=1), clock=now), []

        def question(name: str, faults: int) -> object:
            async def attempt(number: int) -> Answer:
                order.append(name)
                if number <= faults:
                    return no_answer(Complaint(None, "lost"), "lost", 5.0)
                return Answer(text=name)

            return attempt

        await asyncio.gather(
            *(completed(question(name, n), Limits(), pace) for name, n in (("a", 1), ("b", 0)))
        )  # type: ignore[arg-type]
        return order

    assert in_no_time(work) == ["a", "b", "a"]


def test_a_complaint_that_comes_back_word_for_word_is_believed() -> None:
    """A broken body four times the same ends the question before its attempts do."""
    tried = []

    async def attempt(number: int) -> Answer:
        tried.append(number)
        broken("JSON cut off")

    reply = in_no_time(lambda: completed(attempt, Limits(attempts=9), Pace(Limits(), clock=now)))
    assert isinstance(reply, Failure)
    assert tried == list(range(1, NO_ACCIDENT + 1))


# The user's limits


@pytest.mark.parametrize(("rpm", "tpm", "a_minute"), [(60, None, 60), (600, None, 600), (None, 6000, 60)])
def test_limits_a_minute_hold(rpm: int | None, tpm: int | None, a_minute: int) -> None:
    """Requests of a hundred tokens, in every minute no more than the limit, and hardly fewer."""

    async def work() -> list[float]:
        limits, sent = Limits(rpm=rpm, tpm=tpm), []
        pace = Pace(limits, clock=now)

        async def attempt(_: int) -> Answer:
            sent.append(now())
            return Answer(text="A", usage=Usage(prompt_tokens=100))

        async def one() -> None:
            while now() < 180:
                # The estimate is wrong by half; what was really used is settled later.
                await completed(attempt, limits, pace, Cost(150))

        await asyncio.gather(*(one() for _ in range(16)))
        return sent

    sent = in_no_time(work)
    for start in range(0, 120, 10):
        among = len([at for at in sent if start <= at < start + 60])
        assert among <= 1.12 * a_minute
        assert among >= 0.9 * a_minute or start == 0


def test_a_question_larger_than_the_limit_is_asked_all_the_same() -> None:
    """It goes at once, and what follows waits for it."""

    async def work() -> list[float]:
        limits, sent = Limits(tpm=600), []
        pace = Pace(limits, clock=now)

        async def attempt(_: int) -> Answer:
            sent.append(now())
            return Answer(text="A", usage=Usage(prompt_tokens=600))

        for _ in range(3):
            await completed(attempt, limits, pace, Cost(600))
        return sent

    first, second, third = in_no_time(work)
    assert first < 1
    assert math.isfinite(third)
    assert second > first
