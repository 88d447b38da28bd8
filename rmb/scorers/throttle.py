"""How many requests a provider takes at once and a second, learnt from how it answers. Numbers only: no clock, no waiting.

Two controls, since there are two limits (docs/decisions/0014-pace.md): `Window` says how many may be under way, and
`Rate` how many may be sent a second. Times are seconds of any clock that only goes forward.
"""

from __future__ import annotations

import math
import statistics
from collections import deque

START = 16
"""Requests under way at first, if the limit allows."""
SHRINK = 0.7
WORSE, SLACK_S = 2.5, 0.1
"""Latency has risen if the median is this many times the best one, and by this many seconds."""
LATENCY_SHRINK, HELPED = 0.8, 0.95
SMOOTH = 0.1
LEAST_WINDOW = 16
"""Answers whose median is a latency."""

BACKLOG_S, CATCH_UP = 0.1, 0.7
"""Seconds of sending that may be made up for when the program was late, and how much closer requests then are."""
BACK_OFF = 0.97
CLIMB = 0.5
"""Of the way to the rate that was refused, made up for in a second."""
PROBE, PROBE_S = 0.03, 12.0
"""Growth beyond it, and in how many seconds; it goes with the third power of the time (as TCP's CUBIC, RFC 9438)."""
INSTANT_S = 0.001
MEMORY = 100
MOST_REFUSED = 0.05
"""Share of the last MEMORY requests, about, up to which refusals are no sign of a rate that is too high."""
CHEAP = 0.92
LONG, LONG_S = 20, 0.1
"""Requests and seconds between two refusals that make a rate that can be relied on."""
FORGET = 0.005
"""Of such a rate in a second: limits change."""
LEAST_RATE = 0.05


class Window:
    """The requests that may be under way: more with every answer, fewer when the provider is overloaded.

    size: of the window, from 1 to `most`. latency_s: of late; None before the first answer.
    """

    def __init__(self, most: int) -> None:
        """most: the card's or the user's limit."""
        self.most, self.size = most, float(min(most, START))
        self.starting = True
        self.latency_s: float | None = None
        self._seconds: list[float] = []
        self._best = math.inf
        self._shrunk_at: float | None = None
        self._waits = False

    def answered(self, seconds: float, *, full: bool, needed: float = 1.0) -> None:
        """Learns of an answer and how long it took. full: no more could be under way; needed: as of `overloaded`."""
        if full:
            # One for each answer doubles the window in a round; later it is one for each round (Jacobson 1988).
            quick = self.starting or self.size < needed
            self.size = min(float(self.most), self.size + (1.0 if quick else 1.0 / self.size))
        self.latency_s = (
            seconds if self.latency_s is None else self.latency_s + SMOOTH * (seconds - self.latency_s)
        )
        self._seconds.append(seconds)
        if len(self._seconds) >= max(LEAST_WINDOW, self.size):
            self._compare(statistics.median(self._seconds))
            self._seconds.clear()

    def overloaded(self, *, needed: float = 1.0) -> None:
        """Learns that the provider has too much to do. needed: what the rate it allows takes; never less is left."""
        self.starting = False
        self.size = max(1.0, min(self.size, max(SHRINK * self.size, needed)))

    def _compare(self, median: float) -> None:
        if self._waits:
            # These were under way before it was made smaller.
            self._waits = False
            return
        if self._shrunk_at is not None and median > HELPED * self._shrunk_at:
            # Fewer at once did not help: it is the questions that are longer, and soon this is what is usual.
            self.size = min(float(self.most), self.size / LATENCY_SHRINK)
            self._best /= LATENCY_SHRINK
        self._shrunk_at = None
        if median > WORSE * self._best and median - self._best > SLACK_S:
            # While the window still grows quickly, the median is that of a smaller one, and proves nothing later.
            self._shrunk_at = None if self.starting else median
            self.starting, self._waits = False, True
            self.size = max(1.0, LATENCY_SHRINK * self.size)
        self._best = min(self._best, median)


class Rate:
    """The requests that may be sent in a second; without limit until one is refused for its rate (429).

    A provider's bucket is empty at a refusal. So between two of them it let through what it refilled, and that, over the
    time, is a rate that it surely allows (`_sure`); what was being sent at the refusal is too fast. The next rate lies
    between, a quarter up in logarithms: the longer the time between two refusals, the closer are both to the truth.
    Then it climbs, quickly to just below the rate that was refused, slowly beyond.

    per_s: the rate; next_at: the time before which nothing may be sent; last: the number of the last request.
    """

    def __init__(self) -> None:
        self.per_s = math.inf
        self.next_at = self._due = -math.inf
        self.last = self._settled = self._late = 0
        self._mark: tuple[int, float] | None = None
        self._times: deque[float] = deque(maxlen=32)
        self._held = False
        self._share = self._known = 0.0
        self._top, self._least = math.inf, LEAST_RATE
        self._grown_at = self._learnt_at = self._seen_at = -math.inf

    def sent(self, now: float) -> int:
        """Learns that a request is sent; gives its number. `next_at` is then the time before which no other may be."""
        gap = 1.0 / self.per_s
        self._held = now - self.next_at <= gap
        # The schedule is kept where it can be, without a burst.
        self._due = max(self._due, now - BACKLOG_S) + gap
        self.next_at = max(self._due, now + CATCH_UP * gap)
        self.last += 1
        self._times.append(now)
        if self._held and gap:
            self._grow(now)
        self._grown_at = now
        return self.last

    def takes(self, latency_s: float | None) -> float:
        """The requests under way that this rate comes to (Little's law); 1 while there is no rate or no latency."""
        return self.per_s * latency_s if latency_s and math.isfinite(self.per_s) else 1.0

    def pause(self, until: float) -> None:
        """Learns that nothing is sent before a time; what was held back then is not made up for."""
        self._due = max(self._due, until)
        self.next_at = max(self.next_at, until)

    def admitted(self) -> None:
        """Learns that a request was not refused."""
        self._share -= self._share / MEMORY

    def refused(self, number: int, sent_at: float, now: float) -> bool:
        """Learns that a request was refused; False if another of the same burst was before it."""
        self._share += (1.0 - self._share) / MEMORY
        new = number > self._settled
        if new:
            self._learn(number, sent_at, now)
            self._settled = self.last
            self._mark, self._late = (number, sent_at), 0
        else:
            self._late += 1
            if self._share > MOST_REFUSED:
                self.per_s = max(self._least, 0.9 * self.per_s)
        return new

    def _learn(self, number: int, sent_at: float, now: float) -> None:
        fast = self._fast(sent_at)
        sure = min(self._sure(number, sent_at), fast or 0.0)
        self._known *= math.exp(-FORGET * max(0.0, min(now - self._seen_at, 600.0)))
        if self._share > MOST_REFUSED:
            self._known = 0.0
        elif self._mark and sent_at - self._mark[1] > LONG_S and number - self._mark[0] > LONG:
            self._known = max(self._known, sure)
        self._seen_at = now
        self._times.clear()
        cheap = self._share <= MOST_REFUSED and sure >= CHEAP * (fast or 0.0)
        # As long as nearly all that is sent gets through, a refusal is not worth slowing down for.
        if fast is None or (cheap and math.isfinite(self.per_s)):
            return
        self._learnt_at = now
        rate = min(BACK_OFF * fast, max(sure**0.75 * fast**0.25, fast / 4))
        if self._share <= MOST_REFUSED:
            # A refusal at a rate that was fine before has another reason, and slowing down would not help.
            rate = max(rate, 0.95 * self._known)
        self.per_s, self._top = max(rate, LEAST_RATE), max(BACK_OFF * fast, LEAST_RATE)
        self._least = max(self.per_s / 5, LEAST_RATE)

    def _fast(self, sent_at: float) -> float | None:
        """The rate of sending at this moment; None for a first request, which tells nothing."""
        some = len(self._times)
        if math.isfinite(self.per_s) and (self._held or some < LONG):
            return self.per_s
        if some > 1:
            return min(self.per_s, (some - 1) / max(self._times[-1] - self._times[0], INSTANT_S))
        return 2.0 / max(sent_at - self._mark[1], INSTANT_S) if self._mark else None

    def _sure(self, number: int, sent_at: float) -> float:
        """What was let through since the last refusal, a second, less one request for the fraction of a token."""
        if self._mark is None or sent_at <= self._mark[1]:
            return 0.0
        return max(0.0, number - self._mark[0] - self._late - 1) / (sent_at - self._mark[1])

    def _grow(self, now: float) -> None:
        passed = max(0.0, min(now - self._grown_at, 1.0))
        if self.per_s < self._top:
            self.per_s *= (self._top / self.per_s) ** (1.0 - math.exp(-CLIMB * passed))
        calm = max(0.0, now - self._learnt_at)
        self.per_s *= 1.0 + 3.0 * PROBE * calm**2 / PROBE_S**3 * passed
