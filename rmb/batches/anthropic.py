"""Anthropic's message batches: requests go up in one body, results come down as lines of JSON."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Collection, Mapping
from functools import partial
from types import ModuleType
from typing import Any

from rmb.batches.provider import TRANSFER_S, BatchProvider, Outcome, State, named
from rmb.batches.register import Batch
from rmb.errors import UsageError
from rmb.records import Answer, Failure, Usage
from rmb.scorers.attempts import FailedAttempt
from rmb.scorers.provider import NO_KEY

ANTHROPIC = "https://api.anthropic.com"
TAKEN = ("temperature", "top_p", "max_tokens")
"""Parameters that messages have by the same name."""
OURS = {"model", "messages"}
EARLY_S = 60.0
"""Seconds by which the provider's clock may be behind ours."""
FINISHES = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "compaction": "length",
    "tool_use": "tool_calls",
    "refusal": "content_filter",
}
"""Anthropic's reasons for a finish in OpenAI's words, as LiteLLM has them; "stop" for all others."""
STATUSES = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "billing_error": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "timeout_error": 504,
    "overloaded_error": 529,
}
"""The status that goes with the type of an error, which is all that a result tells; 500 for all others."""


class AnthropicBatches(BatchProvider):
    """A model asked through /v1/messages/batches."""

    name, most_requests = "anthropic", 10_000

    def connect(self) -> tuple[ModuleType, Any]:
        """The SDK and a client."""
        import anthropic

        return anthropic, anthropic.AsyncAnthropic(
            api_key=self.key or NO_KEY,
            base_url=(self.base_url or ANTHROPIC).rstrip("/").removesuffix("/v1"),
            max_retries=0,
            timeout=None,
            http_client=anthropic.DefaultAsyncHttpxClient(follow_redirects=False),
        )

    def body(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """The parameters of a message: what is said by the system stands apart from the other turns."""
        for name in sorted(set(request) - OURS - set(TAKEN)):
            raise UsageError(f"{self.card.model}: batches of messages have no {name}; ask without --batch")
        if request.get("max_tokens") is None:
            raise UsageError(f"{self.card.model}: batches of messages need max_tokens; give --max-tokens")
        said = [(turn["role"], turn["content"]) for turn in request["messages"]]
        system = [{"type": "text", "text": text} for role, text in said if role == "system"]
        return {
            "model": self.card.model.partition("/")[2],
            "messages": [{"role": role, "content": text} for role, text in said if role != "system"],
            **({"system": system} if system else {}),
            **{name: request[name] for name in TAKEN if name in request},
        }

    async def submit(self, token: str, bodies: Mapping[str, Mapping[str, Any]]) -> str:
        """Makes the batch, in one attempt."""
        requests = [{"custom_id": key, "params": body} for key, body in bodies.items()]
        # Escaped here: the SDK would write UTF-8, which has no lone surrogates, and texts may.
        content = json.dumps({"requests": requests}).encode("ascii")
        options = {"headers": {"Content-Type": "application/json"}}

        async def made() -> str:
            path = "/v1/messages/batches"
            text = await self.client.post(path, content=content, cast_to=str, options=options)
            return str(json.loads(text)["id"])

        return await self.called(made(), TRANSFER_S)

    async def find(self, batch: Batch, known: Collection[str]) -> str | None:
        """The one of as many requests that was made next and is nobody else's: a batch here holds no name of ours."""

        async def found() -> str | None:
            nearest: str | None = None
            async for other in self.client.messages.batches.list(limit=100):
                if other.created_at.timestamp() < batch.at - EARLY_S:
                    break
                if counted(other)[1] == batch.questions and other.id not in known:
                    # The newest come first.
                    nearest = str(other.id)
            return nearest

        return await self.asked(found)

    async def state(self, name: str) -> State:
        """How far it is."""

        async def looked() -> State:
            batch = await self.client.messages.batches.retrieve(name)
            told = batch.processing_status
            return State(told.replace("_", " "), *counted(batch), told == "ended")

        return await self.asked(looked)

    async def results(self, name: str) -> AsyncGenerator[tuple[str, Outcome]]:
        """From the one file that there is.

        Asked for by its path, and not by the URL that the batch names: the key is for this server and no other.
        """

        async def content() -> list[tuple[str, Any]]:
            text = await self.client.get(f"/v1/messages/batches/{name}/results", cast_to=str)
            return named(text.encode())

        for key, line in await self.asked(content, TRANSFER_S):
            yield key, self.outcome(partial(self.read, line))

    def read(self, line: Mapping[str, Any]) -> Answer:
        """The answer in a line of results. Raises FailedAttempt or RefusedError where there is none."""
        result = line["result"]
        match result["type"]:
            case "succeeded":
                return self.answer(result["message"])
            case "canceled":
                raise FailedAttempt(Failure("cancelled", "the batch was cancelled"), again=False)
            case "errored":
                error = result["error"].get("error") or result["error"]
                return self.complained(STATUSES.get(error.get("type"), 500), error)
            case other:
                raise FailedAttempt(Failure("transport", f"in the batch: {other}"))

    def answer(self, message: Mapping[str, Any]) -> Answer:
        """The answer in a message: its texts, thinking left out."""
        text = "".join(block["text"] for block in message["content"] if block["type"] == "text")
        counts = message.get("usage") or {}
        plain, made, cached = (
            int(counts.get(f"{name}input_tokens") or 0) for name in ("", "cache_creation_", "cache_read_")
        )
        prompt, completion = plain + made + cached, int(counts.get("output_tokens") or 0)
        answer = Answer(
            text=text or None,
            model=message["model"],
            finish_reason=FINISHES.get(message.get("stop_reason") or "", "stop"),
            usage=Usage(prompt_tokens=prompt, completion_tokens=completion, cached_tokens=cached),
        )
        told = {
            "prompt_tokens": prompt,
            "completion_tokens": completion,
            "cache_creation_input_tokens": made,
            "cache_read_input_tokens": cached,
        }
        return self.priced(answer, told)


def counted(batch: Any) -> tuple[int, int]:
    """How many of a batch's requests are done, and how many there are."""
    counts = batch.request_counts
    done = counts.succeeded + counts.errored + counts.canceled + counts.expired
    return done, done + counts.processing
