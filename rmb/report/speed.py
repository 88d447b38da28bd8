"""How fast answers come: of late, and not since the start, and without the time in which nobody was asked."""

from __future__ import annotations

from collections import deque

WINDOW_S = 30.0
FEWEST = 16
"""Answers that a rate rests on at least, however long ago the first of them was."""
STEP_S = 0.5
LONG_S = 5.0
"""A rest from which on it is left out; shorter ones come and go with any throttle, and are a part of its rate."""


class Speed:
    """The rate of answers over the last WINDOW_S, or the last FEWEST, whichever takes longer."""

    def __init__(self, now: float) -> None:
        """now: in seconds of any clock that only goes forward."""
        self.marks = deque([(now, 0)])
        self.before = 0.0

    def at(self, now: float, done: int) -> None:
        """Learns how many answers there are."""
        # One and the same throughout: who shows the rate, in another thread, may put a new one in its place.
        marks = self.marks
        if now - marks[-1][0] >= STEP_S:
            marks.append((now, done))
        while len(marks) > 2 and marks[1][0] <= now - WINDOW_S and done - marks[1][1] >= FEWEST:
            marks.popleft()

    def rests(self, now: float, seconds: float, done: int) -> None:
        """Learns that nobody is asked for so long: a long rest is not counted, and what was measured before holds."""
        if seconds >= LONG_S or self.marks[-1][0] > now:
            self.before = self.measured(now, done) or self.before
            self.marks = deque([(now + seconds, done)])

    def per_s(self, now: float, done: int) -> float:
        """Answers a second; 0 before the first."""
        return self.measured(now, done) or self.before

    def measured(self, now: float, done: int) -> float:
        """The same, but 0 as long as there is nothing since the last rest to measure."""
        since, then = self.marks[0]
        return (done - then) / (now - since) if now - since >= STEP_S and done > then else 0.0


def span(seconds: float) -> str:
    """A time as people read it: seconds, minutes, or hours."""
    if seconds <= 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds <= 5400 else f"{seconds / 3600:.1f} h"
