"""What progress tells while a run asks: how fast of late, what is under way, who asked for a pause, dollars, time left."""

from __future__ import annotations

import asyncio
import io
import os
import pty
import re
import select
import subprocess
import sys
import time
from collections.abc import AsyncGenerator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from rmb.cards import Generative, Limits
from rmb.records import Answer, Failure, Scores, Usage
from rmb.report.progress import Watch, span
from rmb.report.speed import FEWEST, WINDOW_S, Speed
from rmb.run import Settings, execute
from rmb.scorers.asking import Line, lines_of
from rmb.scorers.generative import GenerativeJudge
from rmb.scorers.language_model import open_client
from rmb.scorers.pace import Pace, Turn
from rmb.templates import Template
from tests.builders import pair
from tests.conftest import CHECKOUT
from tests.fake_api import FakeApi, Reply, TokenBucket

FIRST = Scores((1.0, 0.0))
CARD = "kind: generative\nsummary: For tests.\nmodel: openai/m\ntransport: direct\nprice: {input: 100, output: 100}\n"


class Clock:
    """A clock that is set by hand."""

    now = 1000.0

    def __call__(self) -> float:
        """The time."""
        return self.now


class Far:
    """A connection with a pace, and what else a scorer has that is far away."""

    def __init__(self, clock: Clock, model: str = "openai/m") -> None:
        """model: what it is called."""
        self.pace = Pace(Limits(), clock=clock)
        self.line = Line(self, model, 4)

    async def open(self) -> None:
        """Is open."""

    async def close(self) -> None:
        """Is closed."""

    async def answer(self, questions: Any) -> AsyncGenerator[Any]:
        """Nobody asks it anything."""
        for nothing in ():
            yield nothing

    def refused(self, after_s: float) -> None:
        """A request is answered 429, with a Retry-After."""
        Turn(self.pace, self.pace.rate.sent(self.pace.clock()), 0).busy(limited=True, after_s=after_s)


def watch(clock: Clock, *scorers: Any, width: int = 80, terminal: bool = False) -> Watch:
    """A watch of 1,500 questions that writes into memory, and only when it is told to."""
    console = Console(file=io.StringIO(), force_terminal=terminal, width=width, color_system=None)
    seen = Watch("mine", console, lines=lines_of(scorers), every_s=3600, clock=clock)
    seen.planned(1500, 0)
    return seen


def answers(seen: Watch, clock: Clock, count: int, every_s: float, cost_usd: float | None = 0.0) -> None:
    """So many answers, one after the other."""
    for _ in range(count):
        clock.now += every_s
        seen.answered(Answer("[[A]]", usage=Usage(cost_usd=cost_usd)), FIRST)


@pytest.mark.parametrize(
    ("waits", "under_way", "told"),
    [
        pytest.param([0, 0], 0, [], id="nothing is not told"),
        pytest.param([0, 0], 16, ["16 in flight"], id="in flight"),
        pytest.param([0.1, 0], 0, ["1 × 429"], id="a short pause goes by itself"),
        pytest.param([58, 0], 0, ["paused by openai/m for 58 s more", "1 × 429"], id="a pause"),
        pytest.param([20, 110], 3, ["paused by openai/n for 2 min more", "3 in flight", "2 × 429"], id="two"),
    ],
)
def test_what_the_providers_say_is_told(waits: list[float], under_way: int, told: list[str]) -> None:
    """Of all providers of a study together, each once however many cells ask it; what is zero is left out."""
    clock = Clock()
    far, other = Far(clock), Far(clock, "openai/n")
    with watch(clock, far, SimpleNamespace(line=far.line), other) as seen:
        far.pace.in_flight = under_way
        for each, wait in zip((far, other), waits, strict=True):
            if wait:
                each.refused(wait)
        assert seen.now() == ["no answer yet", *told]


def test_a_single_provider_needs_no_name() -> None:
    """It is "the provider", with the seconds that are left of the pause, until it is over."""
    clock = Clock()
    far = Far(clock)
    with watch(clock, far) as seen:
        far.refused(60)
        for passed, told in ((2.0, ["paused by the provider for 58 s more"]), (57.5, [])):
            clock.now += passed
            assert seen.now()[1:-1] == told


def test_refusals_before_the_run_are_not_its_own() -> None:
    """A client counts over its whole life."""
    clock = Clock()
    far = Far(clock)
    far.refused(0.1)
    with watch(clock, far) as seen:
        far.refused(0.1)
        assert seen.now()[1:] == ["1 × 429"]


def test_after_a_pause_the_rate_is_that_of_before_and_then_that_of_late() -> None:
    """A minute in which nobody was asked is no part of it; the time left counts what is left of the pause."""
    clock = Clock()
    far = Far(clock)
    with watch(clock, far) as seen:
        answers(seen, clock, 500, 0.1)
        far.refused(60)
        assert seen.now()[0] == "10.0/s, 3 min left"
        clock.now += 40
        assert seen.now()[0] == "10.0/s, 2 min left"
        clock.now += 20
        answers(seen, clock, 100, 0.05)
        assert seen.now()[0] == "20.0/s, 45 s left"


def test_a_pause_of_one_provider_of_several_stops_no_clock() -> None:
    """Others are asked meanwhile."""
    clock = Clock()
    far, other = Far(clock), Far(clock, "openai/n")
    with watch(clock, far, other) as seen:
        answers(seen, clock, 500, 0.1)
        far.refused(60)
        assert seen.now()[0] == "10.0/s, 2 min left"


@pytest.mark.parametrize(
    ("costs", "told"),
    [
        ([0.0, 0.0], []),
        ([0.001, 0.003], ["$0.0040 of about $3.00"]),
        ([0.5, None], ["cost unknown"]),
        ([], []),
    ],
)
def test_dollars_are_told_for_now_and_for_the_whole_run(costs: list[float | None], told: list[str]) -> None:
    """What is left costs what answers cost in the mean; unknown if any is; nothing where nothing costs."""
    clock = Clock()
    with watch(clock) as seen:
        for cost in costs:
            answers(seen, clock, 1, 1.0, cost)
        assert seen.now()[1:] == told


def test_a_question_that_failed_costs_nothing_and_is_not_asked_again() -> None:
    """The mean is that of answers; a failure is done."""
    clock = Clock()
    with watch(clock) as seen:
        seen.answered(Failure("deadline"), Failure("deadline"))
        answers(seen, clock, 1, 1.0, 1.0)
        assert seen.now()[1:] == ["$1.00 of about $1,499.00", "1 deadline"]


@given(every=st.floats(0.001, 100), count=st.integers(20, 200), rests=st.lists(st.floats(5, 500), max_size=3))
def test_a_steady_rate_is_told_as_it_is(every: float, count: int, rests: list[float]) -> None:
    """Within one answer in FEWEST, however slow it is and whatever rests are between."""
    now, done = 0.0, 0
    speed = Speed(now)
    for rest in [*rests, 0.0]:
        for _ in range(count):
            now, done = now + every, done + 1
            speed.at(now, done)
        measured = speed.per_s(now, done)
        if count * every > 1:
            assert measured == pytest.approx(1 / every, rel=1.5 / FEWEST)
        if rest:
            speed.rests(now, rest, done)
            assert speed.per_s(now + rest / 2, done) == measured
            now += rest


def test_a_new_rate_shows_within_the_window() -> None:
    """From 10 a second to 1 a second: what was before is forgotten."""
    speed, now, done = Speed(0.0), 0.0, 0
    for every, count in ((0.1, 1000), (1.0, int(WINDOW_S) + 5)):
        for _ in range(count):
            now, done = now + every, done + 1
            speed.at(now, done)
    assert speed.per_s(now, done) == pytest.approx(1.0, rel=0.1)


@pytest.mark.parametrize(("seconds", "told"), [(0, "0 s"), (90, "90 s"), (91, "2 min"), (9000, "2.5 h")])
def test_times_are_told_as_people_say_them(seconds: float, told: str) -> None:
    """Seconds, minutes, hours."""
    assert span(seconds) == told


@pytest.mark.parametrize("width", [120, 80, 60, 40, 20])
def test_a_narrow_terminal_cuts_and_does_not_wrap(width: int) -> None:
    """Two lines, whatever there is to tell; a terminal of 80 columns has all of the first."""
    clock = Clock()
    far = Far(clock)
    with watch(clock, far, width=width, terminal=True) as seen:
        answers(seen, clock, 700, 0.01, 0.001)
        for reason in ("parse", "transport", "deadline", "refusal"):
            seen.answered(Failure(reason), Failure(reason))
        far.refused(58)
        seen.judge = "a-judge-with-a-long-name-of-its-own"
        paper = Console(file=io.StringIO(), width=width)
        with paper.capture() as drawn:
            paper.print(seen.drawn())
    lines = drawn.get().splitlines()
    assert len(lines) == 2
    assert max(map(len, lines)) <= width
    assert width < 80 or re.search(r"704/1,500 10\d\.\d/s, \d+ s left", lines[0])
    assert width < 40 or "paused by the provider" in lines[1]


def judge_of(api: FakeApi) -> GenerativeJudge:
    """A judge that is asked directly."""
    limits = Limits(concurrency=2, attempts=3)
    card = Generative(
        kind="generative",
        summary="",
        model="openai/m",
        transport="direct",
        base_url=api.openai_url,
        limits=limits,
    )
    return GenerativeJudge(card, Template.load("pairwise_v2"), open_client(card))


def test_a_pause_is_told_in_a_pipe_though_nothing_arrives() -> None:
    """Who waits out a Retry-After says so, in plain lines, with the seconds that are left."""
    reading, writing = os.pipe()
    with (
        FakeApi([Reply(status=429, headers={"Retry-After": "2"}), Reply()]) as api,
        os.fdopen(writing, "w") as stderr,
    ):
        judge = judge_of(api)
        with Watch("mine", Console(file=stderr), lines=lines_of([judge]), every_s=0.05) as seen:
            asyncio.run(execute(judge, [pair()], Settings(), store=None, watcher=seen))
    with os.fdopen(reading) as piped:
        lines = piped.read().splitlines()
    assert lines[0] == "mine: 2 questions to ask, 0 answers from the store"
    assert "mine: 0 of 2, no answer yet, paused by the provider for 2 s more, 1 × 429" in lines
    assert "\x1b" not in "".join(lines)


def test_a_throttled_run_on_a_real_terminal(tmp_path: Path) -> None:
    """The command on a pseudo-terminal: a live display that is taken away at the end, with the 429s in it."""
    with FakeApi(Reply(delay_s=0.05), throttle=TokenBucket(20, burst=4, hint="milliseconds")) as api:
        (tmp_path / "mine.yaml").write_text(f"{CARD}base_url: {api.openai_url}\n")
        said = on_a_terminal("--judge", "mine.yaml", "--scenario", "harmlessness/*", "--json")
    assert re.search(r"\d+/48 \d+\.\d/(s|min), \d+ s left", said)
    assert re.search(r"\d+ × 429, \$0\.\d{4} of about \$\d+\.\d", said)
    assert re.search(r"\x1b\[2K[^/]*48 asked, 0 from store", said.replace("\r", ""))


def on_a_terminal(*options: str) -> str:
    """All that a run writes on a terminal of 100 columns; its stdout is elsewhere."""
    mine, its = pty.openpty()
    env = {**os.environ, "PYTHONPATH": str(CHECKOUT), "TERM": "xterm-256color", "COLUMNS": "100"}
    process = subprocess.Popen(
        [sys.executable, "-m", "rmb.judge", *options],
        env=env,
        stdout=subprocess.DEVNULL,
        stderr=its,
        stdin=its,
    )
    os.close(its)
    said, until = b"", time.monotonic() + 60
    while time.monotonic() < until:
        ready, _, _ = select.select([mine], [], [], 1.0)
        try:
            said += os.read(mine, 65536) if ready else b""
        except OSError:  # the other end is closed
            break
    os.close(mine)
    process.kill()
    process.wait()
    return re.sub(r"\x1b\[[0-9;]*m", "", said.decode())
