"""A generative judge that is asked through batches: the same questions, keys and verdicts, another way of asking."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace
from functools import partial
from typing import Any

from rmb.batches.anthropic import AnthropicBatches
from rmb.batches.asking import Asking
from rmb.batches.openai import OpenAIBatches
from rmb.batches.provider import Again, BatchProvider
from rmb.batches.register import Batch, Register
from rmb.cards import Generative, NamedCard
from rmb.errors import RmbError, UsageError
from rmb.records import Answer, Failure, Json, Question, Scores
from rmb.scorers import Scorer
from rmb.scorers.asking import Reply
from rmb.scorers.budget import Budget
from rmb.scorers.stages import Stage, stages_of
from rmb.store import Store, answer_key

ROUNDS = 3
"""Times that a question is asked whose batch expired, or failed for no lasting reason."""
PROVIDERS: Mapping[str, type[BatchProvider]] = {"anthropic": AnthropicBatches, "openai": OpenAIBatches}


class Batched:
    """A judge asked through batches. It says, reads and keeps what the judge itself does."""

    def __init__(self, judge: Scorer, asking: Asking) -> None:
        """judge: a generative one, or what writes for it; asking: shared by all that belongs to it."""
        self.judge, self.asking = judge, asking

    @property
    def identity(self) -> Mapping[str, Json]:
        """The judge's: an answer is the same whichever way it came."""
        return self.judge.identity

    @property
    def width(self) -> int | None:
        """The judge's."""
        return self.judge.width

    @property
    def dropped(self) -> Mapping[str, Json]:
        """Parameters that were asked for and are not sent."""
        return getattr(self.judge, "dropped", {})

    @property
    def stages(self) -> tuple[Stage, ...]:
        """The judge's, each asked through batches as well; what is known of them is the judge's own."""
        return tuple(
            replace(stage, scorer=Batched(stage.scorer, self.asking)) for stage in stages_of(self.judge)
        )

    def request(self, question: Question) -> Json:
        """The judge's."""
        return self.judge.request(question)

    def read(self, question: Question, answer: Answer) -> Scores | Failure:
        """The judge's."""
        return self.judge.read(question, answer)

    def sent(self, question: Question) -> dict[str, Any]:
        """The request without the sample's number, of which the model is not to know."""
        request: Any = self.request(question)
        return {name: value for name, value in request.items() if name != "sample"}

    async def answer(self, questions: Sequence[Question]) -> AsyncGenerator[Reply]:
        """Answers as batches end; what has none is asked again, ROUNDS times in all.

        Closed, it leaves batches under way: whoever asks the same waits for them.
        """
        identity, failed, rounds = self.identity, dict[str, Failure](), Counter[str]()
        waiting = {answer_key(identity, self.request(question)): question for question in questions}
        provider = self.asking.provider
        try:
            await provider.open()
            while wanted := {
                key: partial(self.sent, question) for key, question in waiting.items() if rounds[key] < ROUNDS
            }:
                async with aclosing(self.asking.round(wanted)) as outcomes:
                    async for key, outcome in outcomes:
                        if isinstance(outcome, Again):
                            failed[key] = outcome.failure
                            rounds[key] += 1
                        elif key in waiting and not isinstance(outcome, RmbError):
                            yield waiting.pop(key), outcome
            for key, question in waiting.items():
                yield question, failed[key]
        finally:
            await provider.close()


def check(card: NamedCard) -> type[BatchProvider]:
    """What asks a card's model through batches. Raises UsageError for a judge that has none."""
    model = card.card.model if isinstance(card.card, Generative) and card.card.serve is None else ""
    provider, slash, _ = model.partition("/")
    if not slash or provider not in PROVIDERS:
        having = " and ".join(f"{name}/…" for name in PROVIDERS)
        raise UsageError(f"judge {card.name} has no batches: --batch is for models {having}")
    return PROVIDERS[provider]


def in_batches(
    card: NamedCard,
    judge: Scorer,
    store: Store,
    noted: Callable[[Batch], object] = lambda _: None,
    budget: Budget | None = None,
) -> Batched:
    """A judge asked through its provider's batches. Raises UsageError as `check` does.

    store: of the answers, the register of batches beside it; noted: see Asking; budget: that they are paid from.
    """
    assert isinstance(card.card, Generative)
    return Batched(judge, Asking(check(card)(card.card, budget), Register(store), noted))
