"""What a command of several steps is to ask, as far as that is known before it asks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import cached_property

from rmb.cli.dry_run import Taking, need, taking
from rmb.report.study import Need, needs, show, time
from rmb.report.table import wide_console
from rmb.run.desk import Desk, Seat, Wanted


class Forecast:
    """What is to be asked, as far as a dry desk knows."""

    def __init__(self, dry: Desk) -> None:
        """dry: on which the steps were taken."""
        self.dry = dry
        seen: set[str] = set()
        self.found: list[tuple[Wanted, Taking]] = [
            (one, taking(one.seat.scorer, one.questions, one.asking, seen)) for one in dry.wanted
        ]

    @cached_property
    def needs(self) -> list[Need]:
        """What each part takes beyond those above it."""
        return [need(one.who, one.seat.card.card, taken, judge=one.seat.name) for one, taken in self.found]

    @property
    def more(self) -> Iterator[str]:
        """What is known only once other questions are answered."""
        for seat, count in self.dry.owed.items():
            yield f"{seat.who}: up to {count:,} more, once what they rest on is answered"

    @property
    def left(self) -> Counter[Seat]:
        """How many questions are left to ask each, at most."""
        left = Counter(self.dry.owed)
        for one, taken in self.found:
            left[one.seat] += len(taken.requests)
        return left

    def show(self) -> None:
        """The tables and lines, on stdout."""
        show(wide_console(), needs(self.needs))
        for line in (time(self.needs), *self.more):
            show(wide_console(), line)
