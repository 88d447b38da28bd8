"""Generative judges: a language model asked through a template."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Protocol

from rmb import verdicts
from rmb.cards import Generative, NamedCard
from rmb.errors import UnreachableError, UsageError
from rmb.records import Answer, Failure, Json, Question, Scores
from rmb.scorers import Scorer, Setup
from rmb.templates import Template

FIRST_TRIES = 2


class Client(Protocol):
    """Sends requests to a model. `GenerativeJudge` plans and reads; a client knows the provider."""

    @property
    def identity(self) -> Mapping[str, Json]:
        """Model and endpoint, without credentials."""

    async def open(self) -> None:
        """Makes ready to send. Raises RefusedError if no request can be answered (no key)."""

    async def complete(self, request: Mapping[str, Any]) -> Answer | Failure:
        """The reply to a request; a failure where the run failed. Raises RefusedError on a fatal refusal."""

    async def close(self) -> None:
        """Lets go of connections, and of a server it started."""


class GenerativeJudge:
    """A model, a template, and the rule that reads the model's replies."""

    def __init__(self, card: Generative, template: Template, client: Client) -> None:
        """card: sampling, limits and how verdicts are forced and read; client: who is asked."""
        self.card, self.template, self.client = card, template, client
        rule = template.verdict
        self.rule = rule.model_copy(update={"read": card.read}) if card.read and rule.labels else rule
        self.width: int | None = template.width
        self.sent = self._sent()

    @property
    def identity(self) -> Mapping[str, Json]:
        """Model and endpoint; everything else that is sent stands in the request."""
        return {"kind": "generative", **self.client.identity}

    def request(self, question: Question) -> dict[str, Json]:
        """The messages, every parameter that is sent, and which sample this is."""
        messages: list[Json] = [
            {"role": message.role, "content": message.content} for message in self.template.render(question)
        ]
        return {"messages": messages, **self.sent, "sample": question.sample}

    async def answer(
        self, questions: Sequence[Question]
    ) -> AsyncGenerator[tuple[Question, Answer | Failure]]:
        """Asks up to the card's concurrency at once.

        Questions are asked alone until one is answered: a bad key costs one call. Raises UnreachableError after
        FIRST_TRIES that failed.
        """
        waiting = iter(questions)
        running: set[asyncio.Task[tuple[Question, Answer | Failure]]] = set()
        try:
            await self.client.open()
            for tries, question in enumerate(islice(waiting, FIRST_TRIES), 1):
                asked, reply = await self._ask(question)
                yield asked, reply
                if isinstance(reply, Answer):
                    break
                if tries == FIRST_TRIES:
                    raise UnreachableError(
                        f"{self.card.model}: {tries} questions in a row failed; {reply.detail}"
                    )
            while self._fill(running, waiting):
                done, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
                # Answers before exceptions: what came in beside a fatal refusal was paid for and is kept.
                for task in sorted(done, key=lambda task: task.exception() is not None):
                    yield task.result()
        finally:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)
            await self.client.close()

    def read(self, question: Question, answer: Answer) -> Scores | Failure:
        """The verdict, by the template's rule (or the card's way of reading it)."""
        return verdicts.read(self.rule, answer)

    def _sent(self) -> dict[str, Json]:
        """The parameters of every request; what the card leaves open is not sent."""
        sampling = self.card.sampling.model_dump(exclude_none=True)
        sent: dict[str, Json] = {"model": self.card.model, **sampling}
        if self.rule.read == "logprob" and self.rule.labels:
            sent |= {"logprobs": True, "top_logprobs": self.card.top_logprobs}
        if self.card.force == "grammar":
            sent["extra_body"] = {"grammar": self.rule.grammar(explains=self.template.style.matter.explains)}
        return sent

    def _fill(
        self, running: set[asyncio.Task[tuple[Question, Answer | Failure]]], waiting: Iterator[Question]
    ) -> bool:
        """Starts questions until the concurrency is reached; False when nothing is left to wait for."""
        for question in islice(waiting, self.card.limits.concurrency - len(running)):
            running.add(asyncio.create_task(self._ask(question)))
        return bool(running)

    async def _ask(self, question: Question) -> tuple[Question, Answer | Failure]:
        # The sample's number tells answers apart in the store; the model is not to know of it.
        request = self.request(question)
        del request["sample"]
        return question, await self.client.complete(request)


def open_generative(card: NamedCard, setup: Setup) -> Scorer:
    """The judge that a card describes, asked through the template of the setup."""
    from rmb.scorers.litellm_client import LiteLLMClient

    assert isinstance(card.card, Generative)
    if setup.template is None:
        raise UsageError(f"judge {card.name} is asked through a template; name one with --template")
    return GenerativeJudge(card.card, setup.template, LiteLLMClient(card.card))
