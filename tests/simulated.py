"""Benchmarks and judges whose every bias is known, for asking whether the figures find what was planted."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import expit

from rmb.canonical import fraction
from rmb.metrics import behaviour
from rmb.outcomes import Outcome
from rmb.records import Candidate, Item, Message, Question
from rmb.testing import Scripted
from tests.builders import run

MODEL = "openai/gpt-4o-2024-08-06"
"""The model of every simulated judge."""
MINE = ("gpt-4o-mini-2024-07-18", "gpt-3.5-turbo-0125")
"""The writers of the judge's own family, told here and not by rmb.metrics.families."""
WRITERS: Mapping[str, float] = {
    "claude-3-opus-20240229": 0.9,
    "gpt-4o-mini-2024-07-18": 0.6,
    "gemini-1.5-pro-exp-0801": 0.3,
    "Llama-2-70b-chat-hf": -0.2,
    "gpt-3.5-turbo-0125": -0.4,
    "Qwen1.5-1.8B-Chat": -1.2,
}
"""Who writes, and how well: the label prefers one to another with the log-odds of their difference."""
REPLIES = 4
"""Responses to a conversation, by different writers."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A response, with what decides how it is judged. quality: the label prefers the higher one."""

    text: str
    writer: str
    quality: float


@dataclass(frozen=True, slots=True)
class World:
    """A benchmark, and what is behind the texts in it."""

    items: tuple[Item, ...]
    replies: Mapping[str, Reply]


@dataclass(frozen=True, slots=True)
class Judge:
    """What a judge goes by, as log-odds of preferring one response to another; named as `Slopes` names them.

    right: for the one that the label prefers; 0 is a judge that knows nothing.
    length: for one e times as long. first: for the one shown first.
    own_family: for being by one of MINE, where the other is not.
    seed: of its whims: asked the same twice, it says the same twice.
    """

    right: float = 1.0
    length: float = 0.0
    first: float = 0.0
    own_family: float = 0.0
    seed: int = 0

    def first_preferred(self, first: Reply, second: Reply) -> float:
        """The probability that it prefers the response shown first."""
        return float(
            expit(
                self.right * math.copysign(1, first.quality - second.quality)
                + self.length * math.log(len(first.text) / len(second.text))
                + self.own_family * ((first.writer in MINE) - (second.writer in MINE))
                + self.first
            )
        )

    def script(self, world: World) -> Callable[[Question], Sequence[float]]:
        """The judge as a script for Scripted: one fixed verdict for each question."""

        def verdict(question: Question) -> Sequence[float]:
            first, second = (world.replies[text] for text in question.responses)
            drawn = fraction(self.seed, question.conversation[0].content, first.text, second.text)
            return (1.0, 0.0) if drawn < self.first_preferred(first, second) else (0.0, 1.0)

        return verdict


def world(
    seed: int = 0, *, conversations: int = 300, longer_is_better: float = 0.0, lists: bool = True
) -> World:
    """A benchmark: to each conversation four responses, three pairs of them, and to every second one a list.

    longer_is_better: the mean log of the length, for a response that is one better. lists: whether there are any;
    a list and the pairs share responses, so some questions come twice and are asked once.
    """
    generator = np.random.default_rng(seed)
    items: list[Item] = []
    replies: dict[str, Reply] = {}
    for number in range(conversations):
        written = list(responses(generator, number, longer_is_better))
        replies |= {reply.text: reply for reply in written}
        items += asked_of(generator, number, written, listed=lists and number % 2 == 0)
    return World(tuple(items), replies)


def responses(generator: np.random.Generator, number: int, longer_is_better: float) -> Iterator[Reply]:
    """The responses to a conversation: with Gumbel noise on their quality, labels follow Bradley-Terry."""
    for name in generator.permutation(list(WRITERS))[:REPLIES]:
        quality = WRITERS[name] + generator.gumbel()
        size = round(150 * math.exp(longer_is_better * quality + generator.normal(0, 0.6)))
        yield Reply(f"{number} by {name} ".ljust(max(size, 40), "x"), str(name), float(quality))


def asked_of(
    generator: np.random.Generator, number: int, written: Sequence[Reply], *, listed: bool
) -> Iterator[Item]:
    """Three of the six pairs of a conversation's responses, and the list of all four if asked for."""
    pairs = [(one, other) for place, one in enumerate(written) for other in written[:place]]
    for place in generator.permutation(len(pairs))[:3]:
        yield item(number, f"pairwise/{number}-{place}", pairs[place])
    if listed:
        yield item(number, f"bon/{number}", written)


def item(number: int, name: str, shown: Sequence[Reply]) -> Item:
    """A pair or a list: the best of its responses first; half of the conversations in each goal."""
    ranked = sorted(shown, key=lambda reply: -reply.quality)
    goal, scenario = [("helpfulness", "Chat"), ("harmlessness", "S1")][number // 2 % 2]
    return Item(
        id=name,
        set="bon" if name.startswith("bon") else "pairwise",
        goal=goal,
        scenario=scenario,
        conversation=(Message("user", f"Question {number}"),),
        candidates=tuple(Candidate(reply.text, reply.writer) for reply in ranked),
    )


def judged(judge: Judge, benchmark: World) -> tuple[Outcome, ...]:
    """The outcomes of a whole run: items, plan, scorer, reader."""
    return tuple(run(Scripted(judge.script(benchmark)), benchmark.items).outcomes)


def behaviour_of(judge: Judge, benchmark: World, *, resamples: int = 0) -> dict[str, Any]:
    """What is reported of the judge's behaviour."""
    return behaviour(judged(judge, benchmark), model=MODEL, resamples=resamples)
