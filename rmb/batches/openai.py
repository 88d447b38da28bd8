"""OpenAI's batches: a file of chat completions goes up, a batch is made of it, files of results come down."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Collection, Mapping
from functools import partial
from types import ModuleType
from typing import Any

from rmb.batches.provider import TRANSFER_S, BatchProvider, Outcome, State, Trouble, named
from rmb.batches.register import Batch
from rmb.canonical import canonical
from rmb.cards import Generative
from rmb.records import Answer, Failure
from rmb.scorers.attempts import FailedAttempt
from rmb.scorers.budget import Budget
from rmb.scorers.direct_client import OPENAI, answer_of, body_of
from rmb.scorers.faults import Complaint
from rmb.scorers.litellm_client import OURS, import_litellm
from rmb.scorers.provider import NO_KEY

ENDED = {"completed", "expired", "cancelled", "failed"}
TOKEN = "rmb"
"""Of the metadata, what holds our own name for a batch."""
DAY_S = 86_400
CANCELLED = "batch_cancelled"
BUSY = {"token_limit_exceeded"}
"""Codes of a batch that came to nothing since too many others are under way."""


class OpenAIBatches(BatchProvider):
    """A model asked through /v1/files and /v1/batches."""

    name, most_requests = "openai", 50_000

    def __init__(self, card: Generative, budget: Budget | None = None) -> None:
        """card, budget: as of `Provider`."""
        super().__init__(card, budget)
        self.model = card.model.partition("/")[2]
        self._sent: dict[str, dict[str, Any]] = {}

    def connect(self) -> tuple[ModuleType, Any]:
        """The SDK and a client."""
        import openai

        return openai, openai.AsyncOpenAI(
            api_key=self.key or NO_KEY,
            base_url=self.base_url or OPENAI,
            max_retries=0,
            timeout=None,
            http_client=openai.DefaultAsyncHttpxClient(follow_redirects=False),
        )

    def body(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """A chat completion's body, with the parameters that an ordinary request of the card's transport has."""
        body = body_of(request, self.model)
        if self.card.transport == "direct":
            return body
        given = {name: value for name, value in request.items() if name not in OURS}
        return {name: value for name, value in body.items() if name not in given} | self.sent(given)

    def sent(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """The parameters as LiteLLM sends them: newer models have another name for max_tokens."""
        key = canonical(given)
        if key not in self._sent:
            mapped = import_litellm().get_optional_params(
                model=self.model, custom_llm_provider=self.name, **given
            )
            self._sent[key] = {name: mapped[name] for name in mapped if name not in {"stream", "extra_body"}}
        return self._sent[key]

    async def submit(self, token: str, bodies: Mapping[str, Mapping[str, Any]]) -> str:
        """Sends the file up, in as many attempts as it takes, since a file costs nothing; makes the batch, in one."""
        line = {"method": "POST", "url": "/v1/chat/completions"}
        texts = (json.dumps({"custom_id": key, **line, "body": body}) + "\n" for key, body in bodies.items())
        content = "".join(texts).encode()

        async def uploaded() -> str:
            return str((await self.client.files.create(file=("batch.jsonl", content), purpose="batch")).id)

        async def made(file: str) -> str:
            batch = await self.client.batches.create(
                input_file_id=file,
                endpoint="/v1/chat/completions",
                completion_window="24h",
                metadata={TOKEN: token},
            )
            return str(batch.id)

        try:
            file = await self.asked(uploaded, TRANSFER_S)
        except Trouble as error:
            # There is no batch yet, and it was tried often enough.
            error.unclear = error.again = False
            raise
        return await self.called(made(file))

    async def find(self, batch: Batch, known: Collection[str]) -> str | None:
        """By our own name for it, in what is told of each batch."""

        async def found() -> str | None:
            async for other in self.client.batches.list(limit=100):
                if (other.metadata or {}).get(TOKEN) == batch.token:
                    return str(other.id)
                # The newest come first; clocks may differ, but not by a day.
                if other.created_at < batch.at - DAY_S:
                    break
            return None

        return await self.asked(found)

    async def state(self, name: str) -> State:
        """How far it is."""

        async def looked() -> State:
            batch = await self.client.batches.retrieve(name)
            counts, ended = batch.request_counts, batch.status in ENDED
            done, total = (counts.completed + counts.failed, counts.total) if counts else (0, 0)
            fault = fault_of(batch) if batch.status == "failed" else None
            return State(batch.status.replace("_", " "), done, total, ended, fault)

        return await self.asked(looked)

    async def results(self, name: str) -> AsyncGenerator[tuple[str, Outcome]]:
        """From the file of answers and the file of errors."""

        async def files() -> list[str]:
            batch = await self.client.batches.retrieve(name)
            return [file for file in (batch.output_file_id, batch.error_file_id) if file]

        async def content(file: str) -> list[tuple[str, Any]]:
            return named(bytes((await self.client.files.content(file)).content))

        for file in await self.asked(files):
            for key, line in await self.asked(partial(content, file), TRANSFER_S):
                yield key, self.outcome(partial(self.read, line))

    def read(self, line: Mapping[str, Any]) -> Answer:
        """The answer in a line of results. Raises FailedAttempt or RefusedError where there is none."""
        if error := line.get("error"):
            if error.get("code") == CANCELLED:
                raise FailedAttempt(Failure("cancelled", error.get("message") or CANCELLED), again=False)
            return self.complained(None, error)
        response = line["response"]
        status, body = response["status_code"], response["body"]
        if status != 200 or body.get("error"):
            return self.complained(status, body)
        answer = answer_of(body, self.model)
        counts = body.get("usage") or {}
        names = ("prompt_tokens", "completion_tokens", "prompt_tokens_details")
        return self.priced(answer, {name: counts[name] for name in names if counts.get(name)})


def fault_of(batch: Any) -> Complaint:
    """Why a batch failed as a whole."""
    errors = (batch.errors.data if batch.errors else None) or ()
    codes = frozenset(error.code.lower() for error in errors if error.code)
    told = "; ".join(dict.fromkeys(error.message for error in errors if error.message))
    return Complaint(429 if codes & BUSY else 400, told or "the batch failed", codes)
