"""Reward models run on this machine: a trained head that scores one response, or says which of two is better.

The text is the conversation with the response, as the model's own chat template renders it, tokenised once, with
one BOS and never a second. The score is read where the head was trained to be read, at a place that is known from
the text's length: a search for the padding token finds another place where padding is also an end-of-text token
(RewardBench #115). What runs the model is an engine; every engine gives the same scores.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import aclosing

from rmb.cards import NamedCard, RewardModel
from rmb.records import Answer, Failure, Json, Question, Scores, Usage
from rmb.scorers import Scorer, Setup
from rmb.scorers.local.batches import Batch, batches, windows
from rmb.scorers.local.engines import Engine, open_engine
from rmb.scorers.local.models import Model
from rmb.scorers.local.text import TOO_LONG, UNRENDERABLE, ChatWording, Text, Unfit

WINDOW = 4096
"""Questions that are tokenised at once: memory does not grow with the number of questions."""


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

    def planned(self, questions: Sequence[Question], longest: int, unfit: list[Unfit]) -> Iterator[Batch]:
        """The batches of all questions; questions that make no text are put to `unfit`."""
        for window in windows(questions, WINDOW):
            texts: list[Text] = []
            for text in self.wording.texts(window):
                if isinstance(text, Unfit):
                    unfit.append(text)
                else:
                    texts.append(text)
            yield from batches(texts, self.model.card.batch_tokens, longest=longest)

    def read(self, question: Question, answer: Answer) -> Scores | Failure:
        """The score; a text that is too long or cannot be rendered has none."""
        match answer.finish_reason:
            case "context_length":
                limit = self.model.card.max_tokens
                return Failure(TOO_LONG, f"{answer.text}, and the card's max_tokens is {limit:,}")
            case "unrenderable":
                return Failure(UNRENDERABLE, answer.text or "")
        return Scores(answer.rewards, graded=True) if answer.rewards else Failure("empty", "no score")


def open_reward_model(card: NamedCard, setup: Setup) -> Scorer:
    """The reward model that a card describes. Raises ContentError naming what is wrong with the model's files."""
    assert isinstance(card.card, RewardModel)
    model = Model(card.name, card.card, setup.local)
    return LocalRewardModel(model, model.wording(), open_engine(model))


def answered(text: Text, score: tuple[float, ...] | None, seconds: float) -> Answer | Failure:
    """The answer that a score makes; a text that was cut to fit is marked as such."""
    if score is None:
        return Failure("transport", f"out of memory on a text of {len(text.tokens):,} tokens")
    usage = Usage(prompt_tokens=len(text.tokens), seconds=seconds)
    return Answer(rewards=score, finish_reason=text.finish_reason, usage=usage)
