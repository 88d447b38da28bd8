"""Generative judges: a language model asked through a template."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rmb import verdicts
from rmb.cards import Generative, NamedCard
from rmb.errors import UsageError
from rmb.records import Answer, Failure, Json, Message, Question, Scores
from rmb.scorers import Scorer, Setup
from rmb.scorers.asking import Line
from rmb.scorers.examples import Examples
from rmb.scorers.language_model import Client, LanguageModel, Writer, open_client
from rmb.scorers.stages import Stage
from rmb.templates import Known, Template, fence


class GenerativeJudge(LanguageModel):
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
                self.written[role] = Stage(Writer(card, client, writing.render, self.line), of_conversation)
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
