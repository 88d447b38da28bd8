"""A language model behind a client: what is sent to it, and its answers. Judges and writers add what is said."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol

from rmb.cards import Generative, NamedCard
from rmb.errors import RefusedError, UsageError
from rmb.records import Answer, Failure, Json, Message, Question, Scores
from rmb.scorers.asking import Connection, Line, Reply, in_hand, replies
from rmb.scorers.budget import Budget
from rmb.scorers.parameters import remembered

Render = Callable[[Question], Sequence[Message]]


class Client(Connection, Protocol):
    """Sends requests to a model. A `LanguageModel` says what; a client knows the provider."""

    @property
    def identity(self) -> Mapping[str, Json]:
        """Model and endpoint, without credentials."""

    async def complete(self, request: Mapping[str, Any]) -> Answer | Failure:
        """The reply to a request; a failure where the run failed. Raises RefusedError on a fatal refusal."""

    def unsupported(self, request: Mapping[str, Json]) -> Sequence[str]:
        """The parameters of a request that the model is known not to take."""


class LanguageModel:
    """A model that is asked, and answers: what judges and writers have in common."""

    def __init__(self, card: Generative, client: Client, line: Line | None = None) -> None:
        """card: sampling and limits; client: who is asked; line: that the client is asked through by others as well."""
        self.card, self.client = card, client
        self.line = line or Line(client, card.model, in_hand(card.limits.concurrency))
        self.sampling: dict[str, Json] = card.sampling.model_dump(exclude_none=True)
        self.dropped: dict[str, Json] = {}
        self._taken: dict[frozenset[str], tuple[str, ...]] = {}

    @property
    def identity(self) -> Mapping[str, Json]:
        """Model and endpoint; everything else that is sent stands in the request."""
        return {"kind": "generative", **self.client.identity}

    def request(self, question: Question) -> dict[str, Json]:
        """The messages, every parameter that is sent, and which sample this is."""
        messages: list[Json] = [
            {"role": message.role, "content": message.content} for message in self.messages(question)
        ]
        return {"messages": messages, **self.taken(self.sent(question)), "sample": question.sample}

    def taken(self, asked: dict[str, Json]) -> dict[str, Json]:
        """The parameters that the model takes; what is left out stands in `dropped`, and is said once.

        Raises RefusedError where the card wants none left out.
        """
        names = frozenset(asked)
        if names not in self._taken:
            out = (
                remembered(self.card.model, asked, lambda: self.client.unsupported(asked))
                if self._told
                else ()
            )
            self._taken[names] = out
            self._say(asked, out)
        return {name: value for name, value in asked.items() if name not in self._taken[names]}

    @property
    def _told(self) -> bool:
        """Whether a table tells what the model takes; a server of one's own says so itself."""
        return self.card.transport == "litellm" and self.card.serve is None

    def _say(self, asked: Mapping[str, Json], out: Sequence[str]) -> None:
        new = {name: asked[name] for name in out if name not in self.dropped}
        told = ", ".join(f"{name} {value}" for name, value in new.items())
        if new and self.card.strict_params:
            raise RefusedError(f"{self.card.model} does not take a parameter of this judge: {told}")
        if new:
            self.dropped |= new
            logging.getLogger(__name__).warning("%s does not take %s: not sent", self.card.model, told)

    def messages(self, question: Question) -> Sequence[Message]:
        """What is said to the model."""
        raise NotImplementedError

    def sent(self, question: Question) -> dict[str, Json]:
        """The parameters of a request; what the card leaves open is not sent."""
        return {"model": self.card.model, **self.sampling}

    def answer(self, questions: Iterable[Question]) -> AsyncGenerator[Reply]:
        """Asks up to the card's concurrency at once."""
        return replies(questions, self.line, self._ask)

    async def _ask(self, question: Question) -> Answer | Failure:
        # The sample's number tells answers apart in the store; the model is not to know of it.
        request = self.request(question)
        del request["sample"]
        return await self.client.complete(request)


def as_it_stands(question: Question) -> Sequence[Message]:
    """The conversation itself."""
    return question.conversation


class Writer(LanguageModel):
    """Writes a text: what a judge is to rest its verdicts on, a response, a label."""

    width: int | None = None

    def __init__(self, card: Generative, client: Client, render: Render, line: Line | None = None) -> None:
        """render: what is said to the model for a question; line: that the client is asked through by others as well."""
        super().__init__(card, client, line)
        self.render = render

    def messages(self, question: Question) -> Sequence[Message]:
        """What asks for it."""
        return self.render(question)

    def read(self, question: Question, answer: Answer) -> Scores | Failure:
        """What is written is no verdict."""
        return Scores(())


def open_writer(card: NamedCard, render: Render = as_it_stands, budget: Budget | None = None) -> Writer:
    """A language model that writes what `render` asks for; without it, the next turn of a question's conversation.

    Raises UsageError for a card that is no language model's.
    """
    if not isinstance(card.card, Generative):
        raise UsageError(f"{card.name} writes nothing: it is no language model but a {card.card.kind} judge")
    return Writer(card.card, open_client(card.card, budget), render)


def open_client(card: Generative, budget: Budget | None = None) -> Client:
    """What the card's model is asked through; neither loads its library before it is opened. budget: of its calls."""
    if card.transport == "direct":
        from rmb.scorers.direct_client import DirectClient

        return DirectClient(card, budget)
    from rmb.scorers.litellm_client import LiteLLMClient

    return LiteLLMClient(card, budget)
