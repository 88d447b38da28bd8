"""All the ways in which a provider fails, by name, and a script that meets a share of attempts with them."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tests.fake_api.ledger import key
from tests.fake_api.replies import GOOD, Reply, Request, Script, as_script

Fault = Callable[[Reply], Reply]
"""Makes a bad reply of the good one that would have been given."""

HTML = {"Content-Type": "text/html; charset=utf-8"}
_OPENAI_LONG = (
    "This model's maximum context length is 8192 tokens. However, your messages resulted in 9001 tokens. "
    "Please reduce the length of the messages."
)
_VLLM_LONG = (
    "This model's maximum context length is 8192 tokens. However, you requested 9001 tokens (8992 in the "
    "messages, 9 in the completion). Please reduce the length of the messages or completion."
)
_QUOTA = "You exceeded your current quota, please check your plan and billing details."
_FILTERED = "The response was filtered due to the prompt triggering the content management policy."


def changed(**fields: Any) -> Fault:
    """The good reply with other fields."""
    return lambda good: replace(good, **fields)


def refused(status: int, **error: object) -> Fault:
    """An error of this status instead of the good reply; error: its message, type, code, param."""
    return lambda good: Reply(status=status, error=error or None, delay_s=good.delay_s)


RETRIED: Mapping[str, Fault] = {
    "408": refused(408),
    "429": refused(429),
    "500": refused(500),
    "503": refused(503),
    "529": refused(529),
    "error in a 200": refused(200, message="The upstream provider is down.", code=502),
    "closed": changed(reset=True),
    "reset": changed(sending="none"),
    "reset mid-body": changed(sending="broken"),
    "stall": changed(sending="stall"),
    "trickle": changed(sending="trickle"),
    "truncated": changed(sending="truncated"),
    "html": changed(body=b"<!doctype html><title>Sign in</title>", headers=HTML),
    "empty body": changed(body=b""),
    "empty choices": changed(choices=False),
}
"""Faults that another attempt may not meet. A trickle is one if it outlasts the client's deadline."""
ANSWERED: Mapping[str, Fault] = {
    "missing usage": changed(usage=False),
    "content filter stop": changed(text=None, finish_reason="content_filter"),
    "length stop": changed(finish_reason="length"),
}
"""Answers with something amiss: paid for, and not to be asked again."""
FINAL: Mapping[str, Fault] = {
    "content filter": refused(400, message=_FILTERED, code="content_filter", param="prompt"),
    "context length": refused(400, message=_OPENAI_LONG, code="context_length_exceeded", param="messages"),
    "context length (vLLM)": refused(400, message=_VLLM_LONG, type="BadRequestError", code=400),
    "context length (Anthropic)": refused(400, message="prompt is too long: 9001 tokens > 8192 maximum"),
}
"""Refusals of this one request, which would meet it again."""
FATAL: Mapping[str, Fault] = {
    "insufficient quota": refused(429, message=_QUOTA, type="insufficient_quota", code="insufficient_quota"),
    "401": refused(401),
    "403": refused(403),
    "404": refused(404),
}
"""Refusals of every request to this model."""
KINDS: Mapping[str, Fault] = {**RETRIED, **ANSWERED, **FINAL, **FATAL}


@dataclass(slots=True)
class _Met:
    """What one body has met so far."""

    attempts: int = 0
    in_a_row: int = 0


class Faults:
    """A script that lets a share of attempts fail, each in one of some ways, and leaves the rest to another script.

    Which attempts fail, and how, follows from `seed`, the request's body and the number of the attempt at it;
    the order in which requests arrive changes nothing.
    """

    met: Counter[str]  # how often each kind was given

    def __init__(
        self,
        share: float = 0.2,
        *,
        seed: int = 0,
        kinds: Sequence[str] | Mapping[str, Fault] = tuple(RETRIED),
        most_in_a_row: int | None = None,
        script: Script | Sequence[Reply] | Reply = GOOD,
    ) -> None:
        """share: 0 to 1; kinds: names out of KINDS, or faults of one's own by name, all equally likely;
        most_in_a_row: after so many faults, the next attempt at the same body is spared; script: the good replies.
        """
        self.share, self.seed, self.most_in_a_row = share, seed, most_in_a_row
        self.met = Counter()
        self._kinds = list(kinds.items()) if isinstance(kinds, Mapping) else [(k, KINDS[k]) for k in kinds]
        self._script = as_script(script)
        self._bodies: dict[str, _Met] = {}

    def __call__(self, request: Request) -> Reply:
        """The good reply, or what the fault makes of it."""
        good = self._script(request)
        name = key(request.body)
        met = self._bodies.setdefault(name, _Met())
        met.attempts += 1
        chance, place = self._draw(name, met.attempts)
        if chance >= self.share or met.in_a_row == self.most_in_a_row:
            met.in_a_row = 0
            return good
        met.in_a_row += 1
        kind, fault = self._kinds[place % len(self._kinds)]
        self.met[kind] += 1
        return fault(good)

    def _draw(self, name: str, attempt: int) -> tuple[float, int]:
        """A number in [0, 1) and a large one, both from the body and the attempt."""
        digest = hashlib.blake2b(f"{self.seed} {name} {attempt}".encode(), digest_size=16).digest()
        return int.from_bytes(digest[:8]) / 2**64, int.from_bytes(digest[8:])
