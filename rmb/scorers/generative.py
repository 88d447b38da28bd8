"""Generative judges: a language model asked through a template."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from typing import Any, Protocol

from rmb import verdicts
from rmb.cards import Generative, NamedCard
from rmb.errors import RefusedError, UsageError
from rmb.records import Answer, Failure, Json, Message, Question, Scores
from rmb.scorers import Scorer, Setup
from rmb.scorers.asking import Connection, Line, Reply, in_hand, replies
from rmb.scorers.budget import Budget
from rmb.scorers.examples import Examples
from rmb.scorers.parameters import remembered
from rmb.scorers.stages import Stage
from rmb.templates import Known, Template, Writing, fence


class Client(Connection, Protocol):
    """Sends requests to a model. `GenerativeJudge` plans and reads; a client knows the provider."""

    @property
    def identity(self) -> Mapping[str, Json]:
        """Model and endpoint, without credentials."""

    async def complete(self, request: Mapping[str, Any]) -> Answer | Failure:
        """The reply to a request; a failure where the run failed. Raises RefusedError on a fatal refusal."""

    def unsupported(self, request: Mapping[str, Json]) -> Sequence[str]:
        """The parameters of a request that the model is known not to take."""


class Asked:
    """A model that is asked, and answers: what judges and what they write before have in common."""

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


class Writer(Asked):
    """Writes for a conversation what a judge is to rest its verdicts on."""

    width: int | None = None

    def __init__(self, judge: Asked, writing: Writing) -> None:
        """judge: for whom it writes, being the same model; writing: what is to be written."""
        super().__init__(judge.card, judge.client, judge.line)
        self.writing = writing

    def messages(self, question: Question) -> Sequence[Message]:
        """What asks for it."""
        return self.writing.render(question)

    def read(self, question: Question, answer: Answer) -> Scores | Failure:
        """What is written is no verdict."""
        return Scores(())


class GenerativeJudge(Asked):
    """A model, a template, and the rule that reads the model's replies."""

    def __init__(
        self,
        card: Generative,
        template: Template,
        client: Client,
        examples: Examples | None = None,
        line: Line | None = None,
    ) -> None:
        """card: sampling, limits and how verdicts are forced and read; client: who is asked; examples: if it shows any."""
        super().__init__(card, client, line)
        self.template, self.examples = template, examples
        self.said: dict[tuple[str, int], tuple[str, ...]] = {}
        self.rule = template.verdict.read_as(card.read, card.fallback)
        self.width: int | None = template.width
        self.before: tuple[Stage, ...] = ()
        self.reply: Stage | None = None
        self.written: dict[str, Stage] = {}
        if template.first is not None:
            first = GenerativeJudge(card, template.first, client, examples, self.line)
            self.reply = Stage(first, lambda question: question)
            # What the first question rests on, the second does as well.
            self.before, self.written = first.stages, dict(first.written)
        for role, writing in template.writings.items():
            if role not in self.written:
                self.written[role] = Stage(Writer(self, writing), of_conversation)
                self.before += (self.written[role],)

    @property
    def stages(self) -> tuple[Stage, ...]:
        """What is written first, and what is answered before it is thought over."""
        return self.before if self.reply is None else (*self.before, self.reply)

    def messages(self, question: Question) -> Sequence[Message]:
        """The template's messages, with what is known by now of what has to be written first."""
        texts: dict[str, Any] = {role: stage.text(question) for role, stage in self.written.items()}
        if self.reply is not None:
            texts["reply"] = self.reply.text(question)
        known = {role: text for role, text in texts.items() if isinstance(text, str)}
        examples = self.examples.of(question) if self.examples else ()
        return self.template.render(question, Known(**known, examples=examples))

    def sent(self, question: Question) -> dict[str, Json]:
        """The parameters of a request; what the card leaves open is not sent."""
        rule, explains = self.rule.of(len(question.responses)), self.template.style.matter.explains
        sent = super().sent(question)
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

    def read(self, question: Question, answer: Answer) -> Scores | Failure:
        """The verdict, by the template's rule (or the card's way of reading it)."""
        turns = [turn.content for turn in question.conversation]
        word = fence(turns, question.responses) if "fence" in self.template.matter.inputs else ""
        examples = self.examples.of(question) if self.examples else ()
        if word and not examples:
            others = self.instructions(question.path, len(question.responses))
        else:
            # Examples have verdicts as well, and responses that may fake one: an echo of them is none.
            known = Known(examples=examples)
            others = tuple(message.content for message in self.template.render(question, known))
        return verdicts.read(self.rule, answer, question.responses, [*turns, *others], word)

    def instructions(self, path: str, count: int) -> tuple[str, ...]:
        """What the prompt says beside the texts of a question, which a judge may repeat. Made once for each scenario."""
        if (path, count) not in self.said:
            blank = Question((Message("user", ""),), ("",) * count, path=path)
            self.said[path, count] = tuple(message.content for message in self.template.render(blank))
        return self.said[path, count]


def of_conversation(question: Question) -> Question:
    """The question of what is to be written for a conversation, whatever is shown of its responses."""
    return Question(question.conversation, ())


def open_generative(card: NamedCard, setup: Setup) -> Scorer:
    """The judge that a card describes, asked through the template of the setup."""
    assert isinstance(card.card, Generative)
    if setup.template is None:
        raise UsageError(f"judge {card.name} is asked through a template; name one with --template")
    examples = Examples(setup.pool, setup.template, setup.seed) if setup.template.examples else None
    if isinstance(setup.beside, GenerativeJudge):
        return GenerativeJudge(card.card, setup.template, setup.beside.client, examples, setup.beside.line)
    return GenerativeJudge(card.card, setup.template, open_client(card.card, setup.budget), examples)


def open_client(card: Generative, budget: Budget | None = None) -> Client:
    """What the card's model is asked through; neither loads its library before it is opened. budget: of its calls."""
    if card.transport == "direct":
        from rmb.scorers.direct_client import DirectClient

        return DirectClient(card, budget)
    from rmb.scorers.litellm_client import LiteLLMClient

    return LiteLLMClient(card, budget)
