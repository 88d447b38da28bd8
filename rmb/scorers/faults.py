"""What a provider's complaint means, in one table for all that is asked over HTTP; and how long it asks to wait.

By status, by the provider's code or type, and by the words of its message, in this order of trust: classes of exceptions
differ between clients, and texts may repeat what was asked (docs/decisions/0003-litellm-without-its-retries.md).
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Literal

Kind = Literal["again", "busy", "context_length", "content_filter", "refused", "unknown", "bad"]
"""What is to be done.

again: another attempt may be answered. busy: the same, and the provider wants fewer requests.
context_length, content_filter: this is the answer, and it is no verdict.
refused: no key, a bad one, or no money: nothing will be answered. unknown: no such model or address.
bad: this question cannot be answered, others can.
"""

MOST_WAIT_S = 120.0
"""A provider that asks for a longer wait is asked again after this one."""
MOST_READ = 2000
"""Characters of a message that are searched for signs: what comes later may be the question itself."""

AGAIN: tuple[int, ...] = (408, 409, 425)
BY_STATUS: Mapping[int | None, Kind] = {
    **dict.fromkeys(AGAIN, "again"),
    **dict.fromkeys((429, 503, 529), "busy"),
    **dict.fromkeys((401, 402, 403), "refused"),
    **dict.fromkeys((404, 405, 501), "unknown"),
}
ABOUT_THE_REQUEST = {400, 413, 422}
TIMED_OUT = {408, 504, 524}
"""Who says so may have given up on an answer that was made all the same."""
UNSENT = re.compile(r"cannot connect|connection refused|name or service not known", re.IGNORECASE)
"""What is said where nobody took the request."""

BUSY_CODES = {"overloaded_error", "rate_limit_error"}
QUOTA_CODES = {"insufficient_quota", "billing_hard_limit_reached", "billing_not_active"}
UNKNOWN_CODES = {"model_not_found"}
FILTER_CODES = {"content_filter", "content_policy_violation"}
LENGTH_CODES = {"context_length_exceeded", "exceed_context_size_error"}

QUOTA = re.compile(r"credit balance is too low", re.IGNORECASE)
"""Anthropic's words. "You exceeded your current quota" is no sign: Gemini says so of a minute's limit."""
UNKNOWN_WORDS = re.compile(r"llm provider not provided|\bmodel\b.{0,80}\bdoes not exist", re.IGNORECASE)
FILTER = re.compile(r"content management policy|content[_ ]?policy|safety system", re.IGNORECASE)
LENGTH = re.compile(
    r"maximum context length|model's context length|maximum model length|maximum allowed (input )?length|"
    r"context window|prompt is too long|available context size",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Complaint:
    """What a provider said in place of an answer.

    status: of HTTP; None where no reply came. codes: its `code` and `type`, in lower case; message: for a person.
    heard: False if the status is a guess of who made the request.
    """

    status: int | None
    message: str = ""
    codes: frozenset[str] = frozenset()
    heard: bool = True

    @property
    def kind(self) -> Kind:
        """What it means."""
        words = self.message[:MOST_READ]
        if self.codes & QUOTA_CODES or QUOTA.search(words):
            return "refused"
        if self.codes & UNKNOWN_CODES:
            return "unknown"
        if self.status in ABOUT_THE_REQUEST:
            return self._of_request(words)
        return "busy" if self.codes & BUSY_CODES else BY_STATUS.get(self.status, self._of_range)

    @property
    def _of_range(self) -> Kind:
        # A success is a body that is no answer: an error, a web page, JSON that breaks off.
        return "again" if self.status is None or self.status < 300 or self.status >= 500 else "bad"

    def _of_request(self, words: str) -> Kind:
        if self.codes & LENGTH_CODES or LENGTH.search(words):
            return "context_length"
        if self.codes & FILTER_CODES or FILTER.search(words):
            return "content_filter"
        return "unknown" if UNKNOWN_WORDS.search(words) else "bad"

    @property
    def free(self) -> bool:
        """True if nothing can have been made of the request that would be billed: it was refused, or never sent."""
        if self.status is None:
            return bool(UNSENT.search(self.message[:MOST_READ]))
        return self.heard and self.status >= 400 and self.status not in TIMED_OUT

    @property
    def lasting(self) -> bool:
        """True if the same complaint again and again is no accident: an error of the server's own, or a broken body."""
        return self.kind == "again" and self.status is not None and self.status not in AGAIN


def read_complaint(status: int | None, text: str) -> Complaint:
    """The complaint in a body: its message, code and type, wherever the provider puts them; else the body itself.

    A success that holds an error has the status which that names, as OpenRouter's do.
    """
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        return Complaint(status, text)
    inner = body.get("error", body) if isinstance(body, Mapping) else body
    if isinstance(inner, Mapping):
        named = inner.get("code")
        if status is not None and status < 400 and isinstance(named, int) and 400 <= named < 600:
            status = named
        message = inner.get("message")
        return Complaint(status, message if isinstance(message, str) else text, codes_of(inner))
    return Complaint(status, inner if isinstance(inner, str) else text)


def codes_of(error: Mapping[str, Any]) -> frozenset[str]:
    """The code and type of an error, in lower case; those that are no text are left out."""
    return frozenset(error[name].lower() for name in ("code", "type") if isinstance(error.get(name), str))


def asked_wait_s(headers: Mapping[str, str], *, now: datetime | None = None) -> float:
    """The seconds that a reply asks to wait, at most MOST_WAIT_S; 0 if it asks for none that can be read.

    Retry-After-Ms, then Retry-After in seconds or as a date (RFC 9110, 10.2.3). A date is held against the server's own
    Date, so that a wrong clock here does no harm; now: in place of a Date that is not there.
    """
    given = {name.lower(): value for name, value in headers.items()}
    for name, unit in (("retry-after-ms", 1000.0), ("retry-after", 1.0)):
        seconds = number(given.get(name)) / unit
        if seconds > 0:
            return min(seconds, MOST_WAIT_S)
    until = date(given.get("retry-after"))
    if until is None:
        return 0.0
    wait = (until - (date(given.get("date")) or now or datetime.now(UTC))).total_seconds()
    return min(max(wait, 0.0), MOST_WAIT_S)


def number(text: str | None) -> float:
    """The number that a header is; 0 for one that is none."""
    try:
        value = float(text or 0)
    except ValueError:
        return 0.0
    return value if math.isfinite(value) else 0.0


def date(text: str | None) -> datetime | None:
    """The moment that a header is; None for one that is none. Without a zone it is UTC, as HTTP has it."""
    try:
        moment = parsedate_to_datetime(text or "")
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
