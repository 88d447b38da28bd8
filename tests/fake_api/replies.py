"""What a fake API is asked and what it answers: `Request`, `Reply`, and scripts that make one from the other."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

Sending = Literal["whole", "none", "truncated", "broken", "stall", "trickle"]
"""How a reply goes out: all at once; not at all, the connection is reset; half of the body, as if that were all;
half, then a reset; half, then silence; or one byte at a time."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What to answer to one request; the defaults make a good answer.

    `logprobs` are the log-probabilities of the alternatives at the first token of `text` that is one
    of them (at the first token of all if none is). As with OpenAI, they are served if the request
    asks for logprobs, and no more of them than its `top_logprobs`; Anthropic's endpoint has none.
    """

    text: str | None = "[[A]]"
    status: int = 200
    refusal: str | None = None  # beside the content, as OpenAI tells it
    finish_reason: str = "stop"  # in OpenAI's words; translated for Anthropic
    logprobs: Mapping[str, float] | None = None
    delay_s: float = 0.0
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None  # sent as is, instead of a well-formed body
    error: Mapping[str, object] | None = (
        None  # message, type, code, param; the status's own for those left out
    )
    reset: bool = False  # True closes the connection without an answer (a FIN; `sending` has the RST)
    usage: bool = True  # False leaves the token counts out
    choices: bool = True  # False leaves the list of choices (Anthropic: of content blocks) empty
    model: str | None = None  # the model that claims to have answered; None echoes the request's
    sending: Sending = "whole"
    byte_s: float = 0.05  # between two bytes of a trickle

    @property
    def produced(self) -> bool:
        """True if a model has worked for it: it is billed, whether or not it arrives."""
        return self.status < 400 and self.body is None and self.error is None and not self.reset

    @property
    def usable(self) -> bool:
        """True if it is an answer to whoever gets all of its bytes; asking again would be waste."""
        return self.produced and self.choices and self.sending in {"whole", "trickle"}


GOOD = Reply()


@dataclass(frozen=True, slots=True)
class Request:
    """What the server saw of one request.

    `messages` is the conversation as `role` and `content`, alike for both providers: Anthropic's
    system prompt comes first, text blocks are joined, other blocks are dropped.
    """

    path: str
    messages: list[dict[str, str]]
    body: Mapping[str, object]  # the whole JSON, as sent
    key: str | None  # from `Authorization: Bearer` or `x-api-key`
    at: float  # time of arrival, on the monotonic clock


Script = Callable[[Request], Reply]


def as_script(script: Script | Sequence[Reply] | Reply) -> Script:
    """The function that decides per request; a sequence is given in the order of arrival, its last one repeated."""
    if callable(script):
        return script
    replies = [script] if isinstance(script, Reply) else list(script)
    if not replies:
        raise ValueError("a sequence of replies must not be empty")
    arrivals = itertools.chain(replies, itertools.repeat(replies[-1]))
    return lambda _: next(arrivals)
