"""Progress on stderr: a live display on a terminal, a plain line now and then elsewhere."""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from types import TracebackType
from typing import Self

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from rmb.records import Answer, Failure, Scores
from rmb.report.speed import Speed, span
from rmb.scorers.asking import Line

PLAIN_EVERY_S = 10.0
LIVE_EVERY_S = 0.25
LEAST_PAUSE_S = 1.0
"""A shorter one is nothing to tell of."""
BAR = 24


class OnConsole(logging.Handler):
    """Shows what the program logs as plain lines on a console, above a live display if there is one."""

    def __init__(self, console: Console) -> None:
        """console: on stderr."""
        super().__init__()
        self.console = console

    def emit(self, record: logging.LogRecord) -> None:
        """Prints a record's message."""
        self.console.print(record.getMessage(), markup=False, highlight=False, soft_wrap=True)


class Watch:
    """Shows how a run goes, whether or not answers arrive: each `every_s` seconds, in a thread of its own.

    Counts come from the thread that asks, so a figure may be an answer behind another; none is ever wrong for long.
    """

    def __init__(
        self,
        judge: str,
        console: Console,
        *,
        quiet: bool = False,
        lines: Sequence[Line] = (),
        every_s: float | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """judge: its name, shown first. console: on stderr. quiet: shows nothing. lines: that questions go through.

        every_s: between two looks; None for what suits the console. clock: of the lines' paces, goes forward only.
        """
        self.judge, self.console, self.quiet, self.lines = judge, console, quiet, lines
        usual = LIVE_EVERY_S if console.is_terminal else PLAIN_EVERY_S
        self.every_s, self.clock = usual if every_s is None else every_s, clock
        self.failures: Counter[str] = Counter()
        self.total = self.from_store = self.done = self.paid = 0
        self.cost_usd: float | None = 0.0
        self.speed = Speed(clock())
        self.refused_before = self.refused()
        self.over = threading.Event()
        self.live: Live | None = None
        self.teller: threading.Thread | None = None

    def planned(self, questions: int, from_store: int) -> None:
        """Says what is to be asked, and tells of it from now on."""
        self.total, self.from_store = questions - from_store, from_store
        self.speed = Speed(self.clock())
        if self.quiet:
            return
        if not self.total:
            self.say(f"{self.judge}: all {questions:,} answers are in the store; nothing is asked")
            return
        # A live display in a log file is noise: elsewhere than on a terminal, a plain line now and then.
        if self.console.is_terminal:
            self.live = Live(self.drawn(), console=self.console, auto_refresh=False, transient=True)
            self.live.start()
        else:
            self.say(f"{self.judge}: {self.total:,} questions to ask, {from_store:,} answers from the store")
        self.teller = threading.Thread(target=self.keep_telling, name="progress", daemon=True)
        self.teller.start()

    def answered(self, answer: Answer | Failure, verdict: Scores | Failure) -> None:
        """Counts an answer, its cost, and its failure if it is one."""
        self.done += 1
        self.speed.at(self.clock(), self.done)
        if isinstance(verdict, Failure):
            self.failures[verdict.reason] += 1
        if isinstance(answer, Answer):
            self.paid += 1
            cost = answer.usage.cost_usd
            self.cost_usd = None if cost is None or self.cost_usd is None else self.cost_usd + cost

    def keep_telling(self) -> None:
        """Tells of the run until it is over."""
        while not self.over.wait(self.every_s):
            self.tell()

    def tell(self) -> None:
        """Shows where the run is now."""
        if self.live:
            self.live.update(self.drawn(), refresh=True)
        else:
            self.say(f"{self.judge}: {', '.join([f'{self.done:,} of {self.total:,}', *self.now()])}")

    def drawn(self) -> Group:
        """Two lines, cut where the terminal ends: the bar, and the rest."""
        about = Table.grid(padding=(0, 1))
        about.add_column(no_wrap=True, overflow="ellipsis", max_width=max(8, self.console.width // 3))
        about.add_column()
        about.add_column(no_wrap=True, overflow="ellipsis")
        speed, *more = self.now()
        count = f"{self.done:,}/{self.total:,} {speed}"
        room = self.console.width - min(len(self.judge), self.console.width // 3) - len(count) - 2
        bar = ProgressBar(self.total, self.done, width=min(BAR, room)) if room >= 4 else ""
        about.add_row(Text(self.judge), bar, Text(count))
        return Group(about, Text("  " + ", ".join(more), no_wrap=True, overflow="ellipsis"))

    def now(self) -> list[str]:
        """What is to be told, in a few words each, the most telling first; what is nothing is not told.

        First, always, how fast it goes and how long it will take.
        """
        pause = self.pause()
        if pause:
            self.speed.rests(self.clock(), pause[0], self.done)
        return [
            self.going(),
            *([pause[1]] if pause else []),
            *counted(self.in_flight(), "in flight"),
            *counted(self.refused() - self.refused_before, "× 429"),
            *dollars(self.cost_usd, self.projected()),
            *(f"{count:,} {reason}" for reason, count in self.failures.most_common()),
            *counted(self.from_store, "from store"),
        ]

    def going(self) -> str:
        """How fast answers have come of late, and the time left at that rate; "no answer yet" before the first."""
        rate = self.speed.per_s(self.clock(), self.done)
        if not rate:
            return "no answer yet"
        return f"{per_time(rate)}, {span((self.total - self.done) / rate + self.rest())} left"

    def pause(self) -> tuple[float, str] | None:
        """The seconds until all may be asked again, and how to say so; None unless somebody has to be waited for.

        The seconds are 0 while others than those who are waited for are asked.
        """
        paused = [(line.pace.paused_s, line.model) for line in self.lines if line.pace is not None]
        waits = [(seconds, model) for seconds, model in paused if seconds >= LEAST_PAUSE_S]
        if not waits:
            return None
        longest, model = max(waits)
        who = "the provider" if len(self.lines) == 1 else model
        return self.rest(), f"paused by {who} for {span(longest)} more"

    def rest(self) -> float:
        """Seconds for which nobody is asked at all, since every provider wants a pause."""
        return min((line.pace.paused_s if line.pace else 0.0 for line in self.lines), default=0.0)

    def in_flight(self) -> int:
        """Requests under way."""
        return sum(line.pace.in_flight for line in self.lines if line.pace is not None)

    def refused(self) -> int:
        """Times that a provider refused a request for its rate."""
        return sum(line.pace.limited for line in self.lines if line.pace is not None)

    def projected(self) -> float | None:
        """Dollars of the whole run, if what is left costs what answers have cost so far; None where that is not known."""
        if self.cost_usd is None or not self.paid:
            return None
        return self.cost_usd + self.cost_usd / self.paid * max(0, self.total - self.done)

    def say(self, line: str) -> None:
        """A line of text, never read as markup."""
        self.console.print(line, markup=False, highlight=False, soft_wrap=True)

    def __enter__(self) -> Self:
        """The watch itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Tells no more, and takes the live display away."""
        self.over.set()
        if self.teller:
            self.teller.join()
        if self.live:
            self.live.stop()


def counted(count: int, what: str) -> Iterator[str]:
    """A count, unless it is 0."""
    if count:
        yield f"{count:,} {what}"


def dollars(spent: float | None, projected: float | None) -> Iterator[str]:
    """What was spent, and what the whole run will take; nothing where nothing costs anything."""
    if spent is None:
        yield "cost unknown"
    elif spent:
        yield money(spent) if projected is None else f"{money(spent)} of about {money(projected)}"


def money(usd: float) -> str:
    """Dollars, to the cent if they are many."""
    return f"${usd:,.2f}" if usd >= 1 else f"${usd:.4f}"


def per_time(per_s: float) -> str:
    """A rate as people read it: by the second, or by the minute where it is slow."""
    return f"{per_s:,.1f}/s" if per_s >= 1 else f"{60 * per_s:.1f}/min"
