"""OpenAI-compatible chat completions without LiteLLM: one pool of connections, little work for each call.

For servers of one's own (vLLM, SGLang, Ollama, llama.cpp) and whatever else speaks this format. What is kept of a reply
is what LiteLLM would have given, so that answers are the same whichever way they came; a test holds the two together.
"""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from rmb.cards import Generative
from rmb.records import Answer, Failure, Token, Usage, text_from_json
from rmb.scorers.attempts import FailedAttempt, broken, short
from rmb.scorers.budget import Budget
from rmb.scorers.faults import Complaint, asked_wait_s, read_complaint
from rmb.scorers.provider import NO_KEY, Provider

OPENAI = "https://api.openai.com/v1"
MARK = "(?:think|thinking|budget:thinking)"
THOUGHT = re.compile(rf"<{MARK}>.*?</{MARK}>(.*)", re.DOTALL)
"""Reasoning that a server leaves in front of the reply, which LiteLLM takes out."""
FINISHES = {
    **{reason: reason for reason in ("stop", "length", "tool_calls", "function_call", "content_filter")},
    "max_tokens": "length",
    "content_filtered": "content_filter",
    "sensitive": "content_filter",
}
"""The reasons of other servers that speak the format, in OpenAI's words."""
UNREADABLE = (AttributeError, IndexError, KeyError, RecursionError, TypeError, ValueError)
"""What reading a reply of another shape raises."""


class DirectClient(Provider):
    """Asks a server that speaks OpenAI's chat completions, over connections that are kept open."""

    def __init__(self, card: Generative, budget: Budget | None = None) -> None:
        """card, budget: as of `Provider`; the model's first part is for LiteLLM, and not sent."""
        super().__init__(card, budget)
        self.name = card.model.partition("/")[2] or card.model

    async def open(self) -> None:
        """Checks the key, starts the local server if the card has one, makes the pool of connections."""
        await super().open()
        # Imported when asked for: nothing else of the program needs it.
        import aiohttp

        self.url = (self.base_url or OPENAI).rstrip("/") + "/chat/completions"
        self.session = aiohttp.ClientSession(
            # How many are open is the pace's to say.
            connector=aiohttp.TCPConnector(limit=0),
            headers={"Authorization": f"Bearer {self.key or NO_KEY}", "Content-Type": "application/json"},
            # The deadline of an attempt is ours, over all of it.
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=None),
        )

    async def close(self) -> None:
        """Closes the connections, and stops the local server."""
        if hasattr(self, "session"):
            await self.session.close()
        await super().close()

    async def attempt(self, request: Mapping[str, Any], number: int) -> Answer:
        """The answer to a request that is sent once. Raises FailedAttempt or RefusedError."""
        import aiohttp

        body = body_of(request, self.name)
        started = time.monotonic()
        try:
            # The key is for this server and no other.
            async with self.session.post(self.url, data=json.dumps(body), allow_redirects=False) as reply:
                status, headers, raw = reply.status, reply.headers, await reply.read()
        except (aiohttp.ClientError, OSError) as error:
            detail = short(f"{type(error).__name__}: {error}")
            raise FailedAttempt(Failure("transport", detail), complaint=Complaint(None, detail)) from error
        if status != 200:
            complaint = read_complaint(status, raw.decode(errors="replace"))
            return self.judged(complaint, f"HTTP {status}: {complaint.message}", asked_wait_s(headers))
        return self._answer(raw, time.monotonic() - started, number)

    def _answer(self, raw: bytes, seconds: float, attempts: int) -> Answer:
        """The answer in a reply. Raises FailedAttempt for one that is none, or holds an error."""
        try:
            reply = json.loads(raw)
            if reply.get("error"):
                complaint = read_complaint(200, raw.decode(errors="replace"))
                return self.judged(complaint, f"HTTP 200: {complaint.message}", 0.0)
            answer = answer_of(reply, self.name)
            used = answer.usage
            cost = self.price_of(used.prompt_tokens, used.completion_tokens, used.cached_tokens)
            spent = replace(used, cost_usd=cost, seconds=round(seconds, 4), attempts=attempts)
            return replace(answer, usage=spent)
        except UNREADABLE as error:
            broken(short(f"the reply holds no answer ({type(error).__name__}: {error})"))


def body_of(request: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The body of a chat completion. name: of the model, as the server knows it."""
    body = {**request, **request.get("extra_body", {}), "model": name}
    body.pop("extra_body", None)
    return body


def answer_of(reply: Mapping[str, Any], name: str) -> Answer:
    """The answer in the body of a chat completion, without what it cost. name: of the model, if the server says none.

    Raises FailedAttempt for a body without choices, and one of UNREADABLE for one of another shape.
    """
    if not reply["choices"]:
        broken("the reply has no choices")
    choice = reply["choices"][0]
    text, refused = written(choice["message"])
    counts = reply.get("usage") or {}
    details = counts.get("prompt_tokens_details") or {}
    return Answer(
        text=text_from_json(text),
        tokens=tokens(choice),
        model=sys.intern(text_from_json(reply.get("model")) or name),
        finish_reason="refusal" if refused else finish(choice.get("finish_reason")),
        usage=Usage(
            prompt_tokens=int(counts.get("prompt_tokens") or 0),
            completion_tokens=int(counts.get("completion_tokens") or 0),
            cached_tokens=int(details.get("cached_tokens") or 0),
            cost_usd=None,
        ),
    )


def written(message: Mapping[str, Any]) -> tuple[str | None, bool]:
    """What the model wrote, without reasoning in front of it; True if it is a refusal that stands beside no text."""
    content, refusal = message.get("content"), message.get("refusal")
    if refusal and not content:
        return refusal, True
    apart = message.keys() & {"reasoning", "reasoning_content"}
    thought = THOUGHT.match(content) if isinstance(content, str) and not apart else None
    return thought.group(1) if thought else content, False


def finish(reason: str | None) -> str:
    """The reason for a finish in OpenAI's words; "stop" for one that is none of them, as LiteLLM has it."""
    return FINISHES.get(reason or "", "stop")


def tokens(choice: Mapping[str, Any]) -> tuple[Token, ...]:
    """The generated tokens with their alternatives, the token itself among them; () if none were given."""
    content = (choice.get("logprobs") or {}).get("content") or ()
    return tuple(
        Token(
            str(entry["token"]),
            {str(one["token"]): float(one["logprob"]) for one in (*(entry.get("top_logprobs") or ()), entry)},
        )
        for entry in content
    )
