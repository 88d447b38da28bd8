"""Responses of a build: what a model wrote for a prompt, and how a model is asked for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rmb.build.desk import Desk
from rmb.build.prompt import Prompt
from rmb.build.recipe import Respond
from rmb.cards import NamedCard
from rmb.records import Answer, Failure, Json, Message, Question
from rmb.run.desk import Seat
from rmb.scorers.language_model import Writer, open_writer
from rmb.store import answer_key
from rmb.verdicts.quotations import FINISH_FAILURES, spoken


@dataclass(frozen=True, slots=True)
class Response:
    """What a model wrote for a prompt.

    prompt: the prompt's id. model: the name of the card; served: what the provider says it was. answer: the key of the
    raw reply in the store.
    """

    prompt: str
    model: str
    sample: int
    text: str
    served: str | None
    finish_reason: str | None
    answer: str

    @property
    def id(self) -> str:
        """Unique in its build."""
        return response_id(self.prompt, self.model, self.sample)

    def to_json(self) -> dict[str, Json]:
        """As a line of respond.jsonl; `from_json` gives the response back."""
        return {"id": self.id, **{name: getattr(self, name) for name in Response.__slots__}}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Response:
        """The response that `to_json` made this value from. Raises KeyError or TypeError for any other."""
        found = cls(**{name: value[name] for name in Response.__slots__})
        if not all(isinstance(part, str) for part in (found.prompt, found.model, found.text)):
            raise TypeError("prompt, model and text are texts")
        return found


def response_id(prompt: str, model: str, sample: int) -> str:
    """As ids of responses are written."""
    return f"{prompt}/{model}/{sample}"


@dataclass(frozen=True)
class Respondent:
    """A model that answers prompts. how: what is said first, and how often it is asked."""

    card: NamedCard
    writer: Writer
    how: Respond

    @classmethod
    def of(cls, card: NamedCard, how: Respond, desk: Desk) -> Respondent:
        """The model of a card, paid from the desk's budget."""
        return cls(card, open_writer(card, budget=desk.budget), how)

    def question(self, prompt: Prompt, sample: int) -> Question:
        """The conversation as the model sees it."""
        first = (Message("system", self.how.system),) if self.how.system else ()
        return Question((*first, *prompt.conversation), (), sample=sample)

    async def answer(self, asked: Sequence[tuple[Prompt, int]], desk: Desk) -> list[Answer | Failure]:
        """The reply to each prompt and sample, in their order."""
        questions = [self.question(prompt, sample) for prompt, sample in asked]
        return await desk.replies(Seat("", self.card.name, self.card, self.writer), questions)

    def read(self, prompt: Prompt, sample: int, reply: Answer | Failure) -> Response | Failure:
        """The response in a reply, its thoughts left out; why there is none, if so.

        What a provider filtered or cut off is none, nor what it calls a refusal; a refusal that is written as an answer is.
        """
        if isinstance(reply, Failure):
            return reply
        text = without_thoughts(reply.text or "", prompt)
        reason = FINISH_FAILURES.get(reply.finish_reason or "")
        if reason:
            return Failure(reason, f"the provider ended it with {reply.finish_reason!r}")
        if not text.strip():
            return Failure("empty", "nothing was written, thoughts aside")
        key = answer_key(self.writer.identity, self.writer.request(self.question(prompt, sample)))
        return Response(prompt.id, self.card.name, sample, text, reply.model, reply.finish_reason, key)


def without_thoughts(text: str, prompt: Prompt) -> str:
    """What the user is to read. A prompt about the tags of thoughts may be answered with one of them."""
    said = spoken(text, [turn.content for turn in prompt.conversation])
    return text if said == text else said.strip()
