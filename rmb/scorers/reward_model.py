"""Reward models run on this machine: a trained head that scores one response, or says which of two is better.

The text is the conversation with the response, as the model's own chat template renders it, tokenised once, with
one BOS and never a second. The score is read where the head was trained to be read, at a place that is known from
the text's length: a search for the padding token finds another place where padding is also an end-of-text token
(RewardBench #115). What runs the model is an engine; every engine gives the same scores.
"""

from __future__ import annotations

import math
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from rmb.canonical import digest
from rmb.cards import NamedCard, RewardModel
from rmb.errors import MissingExtra, UsageError
from rmb.records import Answer, Failure, Json, Question, Scores, Usage
from rmb.scorers import Local, Scorer, Setup
from rmb.scorers.local.architectures import ARCHITECTURES, Architecture
from rmb.scorers.local.batches import Batch, batches, windows
from rmb.scorers.local.checkpoint import Checkpoint
from rmb.scorers.local.engines import Engine, Here, Scoring
from rmb.scorers.local.source import Source
from rmb.scorers.local.text import TOO_LONG, UNRENDERABLE, ChatWording, Text, Unfit

WINDOW = 4096
"""Questions that are tokenised at once: memory does not grow with the number of questions."""
FIRST = 256
"""The same for the first ones, so that the device does not wait long for them."""


@dataclass(frozen=True)
class Model:
    """A model to be loaded. name: of the judge, for messages; local: what the user allows, and how it is run."""

    name: str
    card: RewardModel
    local: Local

    @property
    def architecture(self) -> Architecture:
        """How it is put together."""
        return ARCHITECTURES[self.card.head]

    def __getstate__(self) -> dict[str, Any]:
        """What it was made of, without what was loaded since: that is for the process that loaded it."""
        return {"name": self.name, "card": self.card, "local": self.local}

    @cached_property
    def source(self) -> Source:
        """Its files."""
        card = self.card
        files = self.files(card.model, card.revision)
        reference = None
        if card.reference_model:
            reference = self.files(card.reference_model, card.reference_revision)
        tokens = self.files(card.tokenizer, card.tokenizer_revision) if card.tokenizer else files
        base = self.files(card.base, card.base_revision) if card.base else None
        return Source(card, files, tokens, reference, base)

    def files(self, model: str, revision: str) -> Checkpoint:
        """The files of a model of the card's."""
        code = self.card.trust_remote_code and self.local.trust_remote_code
        return Checkpoint(self.name, model, revision, code, self.local.allow_pickle)

    @cached_property
    def identity(self) -> Mapping[str, Json]:
        """The weights, and all that changes a score of theirs beyond the last digits."""
        card, source = self.card, self.source
        told: dict[str, Json] = {
            "kind": "reward_model",
            "weights": source.checkpoint.identity,
            "head": card.head,
            "dtype": card.dtype,
        }
        if card.chat_template:
            told["template"] = digest(card.chat_template)
        if card.tokenizer:
            told["tokenizer"] = source.tokens.identity
        if source.base:
            told["base"] = source.base.identity
        if source.reference_files:
            told["reference"] = source.reference_files.identity
        if card.head in {"dpo", "likelihood"}:
            told["per_token"] = card.per_token
        return told

    def wording(self) -> ChatWording:
        """What makes its texts. Raises ContentError if its tokenizer cannot be had, or has no template and needs one."""
        wording = self.architecture.wording(self.source)
        if wording.templated and wording.template is None:
            raise self.source.checkpoint.refusal(
                "has no chat template; write the one it was trained with into the card, as chat_template"
            )
        return wording

    def loaded(self) -> Scoring:
        """The model, on its device. Raises ContentError if it cannot be loaded."""
        return self.architecture.build(self.source)

    def sharing(self, longest: int) -> int:
        """Tokens of a text that may share its beginning, where the model can do that up to `longest`."""
        if self.local.engine == "padded":
            return 0
        if self.local.engine == "shared" and not longest:
            raise UsageError(
                f"judge {self.name}: its architecture cannot share beginnings; leave --engine to auto"
            )
        return longest


class LocalRewardModel:
    """A trained model on this machine's devices, or on those of a cluster."""

    def __init__(self, model: Model, wording: ChatWording, engine: Engine) -> None:
        """wording: makes texts of questions; engine: runs the model on them, and loads it when first asked."""
        self.model, self.wording, self.engine = model, wording, engine
        self.width: int | None = model.architecture.width

    @property
    def identity(self) -> Mapping[str, Json]:
        """The weights, and all that changes a score of theirs beyond the last digits."""
        return self.model.identity

    def request(self, question: Question) -> dict[str, Json]:
        """Conversation and responses, what is done where they are too long, and which sample this is."""
        card = self.model.card
        return {
            "conversation": [[turn.role, turn.content] for turn in question.conversation],
            "responses": list(question.responses),
            "max_tokens": card.max_tokens,
            "truncation": card.truncation,
            "sample": question.sample,
        }

    async def answer(
        self, questions: Sequence[Question]
    ) -> AsyncGenerator[tuple[Question, Answer | Failure]]:
        """Scores as batches are done. Raises ContentError if the model cannot be loaded."""
        if not questions:
            return
        unfit: list[Unfit] = []
        running = self.engine.run(lambda longest: self.planned(questions, longest, unfit))
        async with aclosing(running):
            async for done in running:
                while unfit:
                    each = unfit.pop()
                    yield each.question, each.answer
                for text, score in done.scores:
                    yield text.question, answered(text, score, done.seconds / len(done.scores))
        for each in unfit:
            yield each.question, each.answer

    def planned(
        self, questions: Sequence[Question], longest: int, unfit: list[Unfit]
    ) -> Iterator[list[Batch]]:
        """The batches of all questions, window by window; questions that make no text are put to `unfit`."""
        for window in windows(questions, WINDOW, first=FIRST):
            texts: list[Text] = []
            for text in self.wording.texts(window):
                if isinstance(text, Unfit):
                    unfit.append(text)
                else:
                    texts.append(text)
            yield list(batches(texts, self.model.card.batch_tokens, longest=longest))

    def read(self, question: Question, answer: Answer) -> Scores | Failure:
        """The score; a text that is too long or cannot be rendered has none."""
        match answer.finish_reason:
            case "context_length":
                limit = self.model.card.max_tokens
                return Failure(TOO_LONG, f"{answer.text}, and the card's max_tokens is {limit:,}")
            case "unrenderable":
                return Failure(UNRENDERABLE, answer.text or "")
        if not answer.rewards:
            return Failure("empty", "no score")
        odd = [reward for reward in answer.rewards if not math.isfinite(reward)]
        if odd:
            return Failure(
                "parse",
                f"a score of {odd[0]} from {self.model.card.model}; dtype: float32 in its card may help",
            )
        return Scores(answer.rewards, graded=True)


def open_reward_model(card: NamedCard, setup: Setup) -> Scorer:
    """The reward model that a card describes. Raises ContentError naming what is wrong with the model's files."""
    assert isinstance(card.card, RewardModel)
    model = Model(card.name, card.card, setup.local)
    return LocalRewardModel(model, model.wording(), engine(model))


def engine(model: Model) -> Engine:
    """What the user has chosen to run the model; this process, if nothing. Raises MissingExtra without Ray."""
    if model.local.engine != "ray":
        return Here(model)
    try:
        from rmb.scorers.local.ray_engine import OnRay
    except ModuleNotFoundError as error:
        raise MissingExtra(f'--engine ray needs {error.name}: pip install "rmb-judge[scale]"') from error
    return OnRay(model, model.local, gpus=model.card.device in {"auto", "cuda"})


def answered(text: Text, score: tuple[float, ...] | None, seconds: float) -> Answer | Failure:
    """The answer that a score makes; a text that was cut to fit is marked as such."""
    if score is None:
        return Failure("transport", f"out of memory on a text of {len(text.tokens):,} tokens")
    usage = Usage(prompt_tokens=len(text.tokens), seconds=seconds)
    return Answer(rewards=score, finish_reason=text.finish_reason, usage=usage)
