"""A provider's rate limit: a token bucket, and the headers in which a provider tells of it."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from email.utils import formatdate
from typing import Literal

from tests.fake_api.replies import Reply

Hint = Literal["seconds", "date", "milliseconds", "none"]
"""How a 429 says when to come back: whole seconds, a date (both Retry-After), retry-after-ms, or not at all."""


class TokenBucket:
    """Admits `rate` requests a second in the long run, and `burst` at once after a rest.

    Every reply tells the state of the bucket in OpenAI's x-ratelimit-*-requests headers.
    """

    admitted: int
    refused: int  # each was answered 429

    def __init__(
        self,
        rate: float,
        burst: int = 1,
        *,
        hint: Hint = "seconds",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """rate: above 0; burst: at least 1; clock: in seconds, never goes back."""
        if rate <= 0 or burst < 1:
            raise ValueError("a bucket has a rate above 0 and a burst of at least 1")
        self.rate, self.burst, self.hint = rate, burst, hint
        self.admitted = self.refused = 0
        self._clock, self._tokens, self._at = clock, float(burst), clock()
        self._spilled = 0.0

    @property
    def spilled(self) -> float:
        """The tokens that nobody took before the bucket was full: what was allowed and is lost."""
        return self._spilled + max(0.0, self._level(self._clock()) - self.burst)

    def take(self) -> float:
        """0 and one token less; or, if there is no whole token, the seconds until there is one."""
        now = self._clock()
        level = self._level(now)
        self._spilled += max(0.0, level - self.burst)
        self._tokens, self._at = min(self.burst, level), now
        if self._tokens < 1:
            self.refused += 1
            return (1 - self._tokens) / self.rate
        self.admitted += 1
        self._tokens -= 1
        return 0.0

    def _level(self, now: float) -> float:
        """The tokens of this time, if the bucket had no rim."""
        return self._tokens + (now - self._at) * self.rate

    def refusal(self, wait_s: float) -> Reply:
        """The 429 that tells to wait so long."""
        return Reply(status=429, headers=_asked_to_wait(self.hint, wait_s))

    def headers(self) -> dict[str, str]:
        """The limit, what is left of it, and the time until nothing of it is used, as OpenAI sends them."""
        return {
            "x-ratelimit-limit-requests": str(self.burst),
            "x-ratelimit-remaining-requests": str(int(self._tokens)),
            "x-ratelimit-reset-requests": duration((self.burst - self._tokens) / self.rate),
        }


def duration(seconds: float) -> str:
    """A time as OpenAI writes it: `0s`, `12ms`, `7.66s`, `6m0s`, `1h0m3s`."""
    if seconds < 1:
        return f"{math.ceil(seconds * 1000)}ms" if seconds > 0 else "0s"
    minutes, rest = divmod(round(seconds, 3), 60)
    hours, minutes = divmod(int(minutes), 60)
    parts = f"{hours}h" if hours else "", f"{minutes}m" if hours or minutes else ""
    return f"{''.join(parts)}{round(rest, 3):g}s"


def _asked_to_wait(hint: Hint, wait_s: float) -> dict[str, str]:
    match hint:
        case "seconds":
            return {"Retry-After": str(math.ceil(wait_s))}
        case "date":
            return {"Retry-After": formatdate(math.ceil(time.time() + wait_s), usegmt=True)}
        case "milliseconds":
            return {"retry-after-ms": str(math.ceil(wait_s * 1000))}
        case _:
            return {}
