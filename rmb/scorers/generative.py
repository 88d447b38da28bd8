"""Generative judges: a language model asked through a template."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Any, Protocol

from rmb import verdicts
from rmb.cards import Generative, NamedCard
from rmb.errors import UsageError
from rmb.records import Answer, Failure, Json, Question, Scores
from rmb.scorers import Scorer, Setup
from rmb.scorers.asking import Connection, Reply, replies
from rmb.templates import Template


class Client(Connection, Protocol):
    """Sends requests to a model. `GenerativeJudge` plans and reads; a client knows the provider."""

    @property
    def identity(self) -> Mapping[str, Json]:
        """Model and endpoint, without credentials."""

    async def complete(self, request: Mapping[str, Any]) -> Answer | Failure:
        """The reply to a request; a failure where the run failed. Raises RefusedError on a fatal refusal."""


class GenerativeJudge:
    """A model, a template, and the rule that reads the model's replies."""

    def __init__(self, card: Generative, template: Template, client: Client) -> None:
        """card: sampling, limits and how verdicts are forced and read; client: who is asked."""
        self.card, self.template, self.client = card, template, client
        rule = template.verdict
        self.rule = rule.model_copy(update={"read": card.read}) if card.read and not rule.scale else rule
        self.width: int | None = template.width
        self.sampling = card.sampling.model_dump(exclude_none=True)

    @property
    def identity(self) -> Mapping[str, Json]:
        """Model and endpoint; everything else that is sent stands in the request."""
        return {"kind": "generative", **self.client.identity}

    def request(self, question: Question) -> dict[str, Json]:
        """The messages, every parameter that is sent, and which sample this is."""
        messages: list[Json] = [
            {"role": message.role, "content": message.content} for message in self.template.render(question)
        ]
        return {"messages": messages, **self.sent(len(question.responses)), "sample": question.sample}

    def answer(self, questions: Sequence[Question]) -> AsyncGenerator[Reply]:
        """Asks up to the card's concurrency at once."""
        return replies(questions, self.card, self.client, self._ask)

    def read(self, question: Question, answer: Answer) -> Scores | Failure:
        """The verdict, by the template's rule (or the card's way of reading it)."""
        return verdicts.read(self.rule, answer, question.responses)

    def sent(self, count: int) -> dict[str, Json]:
        """The parameters of a request that shows so many responses; what the card leaves open is not sent."""
        rule, explains = self.rule.of(count), self.template.style.matter.explains
        sent: dict[str, Json] = {"model": self.card.model, **self.sampling}
        if rule.read == "logprob" and rule.labels:
            sent |= {"logprobs": True, "top_logprobs": self.card.top_logprobs}
        if self.card.force == "grammar":
            sent["extra_body"] = {"grammar": rule.grammar(explains=explains)}
        if self.card.force == "json_schema" and rule.form == "json":
            schema: Json = {
                "name": "verdict",
                "strict": True,
                "schema": rule.object_schema(explains=explains),
            }
            sent["response_format"] = {"type": "json_schema", "json_schema": schema}
        return sent

    async def _ask(self, question: Question) -> Answer | Failure:
        # The sample's number tells answers apart in the store; the model is not to know of it.
        request = self.request(question)
        del request["sample"]
        return await self.client.complete(request)


def open_generative(card: NamedCard, setup: Setup) -> Scorer:
    """The judge that a card describes, asked through the template of the setup."""
    from rmb.scorers.litellm_client import LiteLLMClient

    assert isinstance(card.card, Generative)
    if setup.template is None:
        raise UsageError(f"judge {card.name} is asked through a template; name one with --template")
    return GenerativeJudge(card.card, setup.template, LiteLLMClient(card.card))
