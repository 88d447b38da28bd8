"""Progress on stderr: a live line on a terminal, a plain line now and then elsewhere."""

from __future__ import annotations

import logging
import time
from collections import Counter
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from rmb.records import Answer, Failure, Scores

PLAIN_EVERY_S = 10.0


class OnConsole(logging.Handler):
    """Shows what the program logs as plain lines on a console, above a live line if there is one."""

    def __init__(self, console: Console) -> None:
        """console: on stderr."""
        super().__init__()
        self.console = console

    def emit(self, record: logging.LogRecord) -> None:
        """Prints a record's message."""
        self.console.print(record.getMessage(), markup=False, highlight=False, soft_wrap=True)


class Watch:
    """Shows how a run goes: done of all, from store, rate, failures, dollars, time left."""

    def __init__(self, judge: str, console: Console, *, quiet: bool = False) -> None:
        """judge: its name, shown first. console: on stderr. quiet: shows nothing."""
        self.judge, self.console, self.quiet = judge, console, quiet
        self.failures: Counter[str] = Counter()
        self.total = self.from_store = self.done = 0
        self.cost_usd: float | None = 0.0
        self.started = self.said = time.monotonic()
        self.live: Progress | None = None

    def planned(self, questions: int, from_store: int) -> None:
        """Says what is to be asked, and starts the live line on a terminal."""
        self.total, self.from_store = questions - from_store, from_store
        if self.quiet:
            return
        # A live line in a log file is noise: elsewhere than on a terminal, a plain line now and then.
        if not self.total:
            self.say(f"{self.judge}: all {questions:,} answers are in the store; nothing is asked")
        elif self.console.is_terminal:
            self.live = Progress(
                TextColumn("{task.description}", markup=False),
                BarColumn(bar_width=24),
                MofNCompleteColumn(),
                TextColumn("{task.fields[note]}", markup=False),
                TimeRemainingColumn(),
                console=self.console,
                transient=True,
            )
            self.task = self.live.add_task(self.judge, total=self.total, note=self.note())
            self.live.start()
        else:
            self.say(f"{self.judge}: {self.total:,} questions to ask, {from_store:,} answers from the store")

    def answered(self, answer: Answer | Failure, verdict: Scores | Failure) -> None:
        """Counts an answer, its cost, and its failure if it is one."""
        self.done += 1
        if isinstance(verdict, Failure):
            self.failures[verdict.reason] += 1
        if isinstance(answer, Answer):
            cost = answer.usage.cost_usd
            self.cost_usd = None if cost is None or self.cost_usd is None else self.cost_usd + cost
        if self.live:
            self.live.update(self.task, completed=self.done, note=self.note())
        elif not self.quiet and time.monotonic() - self.said > PLAIN_EVERY_S:
            self.say(f"{self.judge}: {self.done:,} of {self.total:,}, {self.note()}, {self.left()}")

    def note(self) -> str:
        """From store, rate, failures, dollars, in a few words."""
        rate = self.done / max(time.monotonic() - self.started, 1e-9)
        parts = [f"{self.from_store:,} from store", f"{rate:.1f}/s"]
        parts += [f"{count} {reason}" for reason, count in self.failures.most_common()]
        parts.append("cost unknown" if self.cost_usd is None else f"${self.cost_usd:.4f}")
        return ", ".join(parts)

    def left(self) -> str:
        """The time left at the rate so far."""
        seconds = (time.monotonic() - self.started) / max(self.done, 1) * (self.total - self.done)
        return f"{seconds / 60:.0f} min left" if seconds > 90 else f"{seconds:.0f} s left"

    def say(self, line: str) -> None:
        """A line of text, never read as markup."""
        self.said = time.monotonic()
        self.console.print(line, markup=False, highlight=False, soft_wrap=True)

    def __enter__(self) -> Self:
        """The watch itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Takes the live line away."""
        if self.live:
            self.live.stop()
