"""Questions put to a scorer: what the store has is looked up, the rest is asked, and every answer is kept before it is counted.

Below runs and studies, and below whatever else is asked: samples of a model, labels of a prompt.
"""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Protocol

from rmb.errors import BudgetError, RmbError
from rmb.records import UNASKED, Answer, Failure, Question, Scores, Usage
from rmb.run.answers import answers, recalled
from rmb.run.stopping import DRAIN_S, Stop, ending, until
from rmb.scorers import Scorer
from rmb.scorers.asking import Connected
from rmb.scorers.stages import Stage, blocked, stages_of
from rmb.store import Store, answer_key

OVERDRAWN = Failure("budget", "not asked: the budget was used up before")


class Watcher(Protocol):
    """Is told how a run goes."""

    def planned(self, questions: int, from_store: int) -> None:
        """Before anything is asked."""

    def answered(self, answer: Answer | Failure, verdict: Scores | Failure) -> None:
        """After an answer was stored, or a question failed."""


@dataclass(frozen=True, slots=True)
class Means:
    """What a run asks with. store: None for scorers whose answers cost less than a look-up."""

    store: Store | None
    watcher: Watcher
    stop: Stop


@dataclass(frozen=True, slots=True)
class Asking:
    """Distinct questions with the keys of their answers, and what is known of each.

    replies: by key; a key without a reply was not asked. Two questions may have one key: the scorer sends
    the same for both. fresh: keys of the replies that this run got, and did not find in the store.
    before: the same for what had to be written before.
    """

    keys: tuple[str, ...]
    replies: dict[str, Answer | Failure] = field(default_factory=dict)
    fresh: set[str] = field(default_factory=set)
    before: list[Asking] = field(default_factory=list)

    def missing(self, questions: Sequence[Question]) -> dict[str, Question]:
        """The questions without a reply, one for each key."""
        pairs = zip(self.keys, questions, strict=True)
        return {key: question for key, question in pairs if key not in self.replies}

    @property
    def got(self) -> list[Answer]:
        """The answers that were got here."""
        return [
            reply for key, reply in self.replies.items() if key in self.fresh and isinstance(reply, Answer)
        ]


@dataclass(frozen=True, slots=True)
class Inquired:
    """What came of an inquiry. error: why it ended early, if it did; interrupted: whether somebody wanted it to."""

    asking: Asking
    seconds: float
    interrupted: bool = False
    error: RmbError | None = None

    @property
    def replies(self) -> list[Answer | Failure]:
        """The reply to each question, in their order; a failure of the run to each that was not asked."""
        unasked = OVERDRAWN if isinstance(self.error, BudgetError) else UNASKED
        found = [self.asking.replies.get(key, UNASKED) for key in self.asking.keys]
        return [unasked if reply == UNASKED else reply for reply in found]

    @property
    def given(self) -> list[Answer]:
        """The distinct answers."""
        return [reply for reply in self.asking.replies.values() if isinstance(reply, Answer)]

    @property
    def asked(self) -> int:
        """How many of these were got here, and not before."""
        return len(self.asking.got)

    @property
    def cost_usd(self) -> float | None:
        """Of what was got here, and of what was written here before; None if any price is unknown."""
        first = [answer for part in self.asking.before for answer in part.got]
        return together([*self.asking.got, *first]).cost_usd

    @property
    def paid_usd(self) -> float | None:
        """Of all answers that there are, whenever they were asked."""
        written = [reply for part in self.asking.before for reply in part.replies.values()]
        return together([*self.given, *written]).cost_usd

    @property
    def complaints(self) -> dict[str, int]:
        """What was said of questions that were asked and not answered, the most common first."""
        failed = [reply for reply in self.asking.replies.values() if isinstance(reply, Failure)]
        said = [reply.detail for reply in failed if reply.reason != UNASKED.reason and reply.detail]
        return dict(Counter(said).most_common())


def look_up(scorer: Scorer, questions: Sequence[Question], store: Store | None) -> Asking:
    """What the store has of the answers to some questions. Asks nothing.

    What has to be written first is taken from the store; where it is not there, a question's answer cannot be either.
    """
    before = []
    for stage in stages_of(scorer):
        needed = list(dict.fromkeys(map(stage.needs, questions)))
        before.append(kept(stage.scorer, needed, store))
        learn(stage, needed, before[-1])
    return replace(kept(scorer, questions, store), before=before)


def kept(scorer: Scorer, questions: Sequence[Question], store: Store | None) -> Asking:
    """The keys of some questions, and the answers that the store has."""
    identity = scorer.identity
    asking = Asking(tuple(answer_key(identity, scorer.request(question)) for question in questions))
    for key in dict.fromkeys(asking.keys) if store is not None else ():
        stored = recalled(store, key) if store is not None else None
        if stored is not None:
            asking.replies[key] = stored
    return asking


def learn(stage: Stage, questions: Sequence[Question], asking: Asking) -> None:
    """Tells a stage what is known of its questions."""
    pairs = zip(questions, asking.keys, strict=True)
    stage.known.update({question: asking.replies[key] for question, key in pairs if key in asking.replies})


async def inquire(
    scorer: Scorer, questions: Sequence[Question], asking: Asking, *, store: Store | None, watcher: Watcher
) -> Inquired:
    """Has everything asked that is missing: what has to be written first, then the questions. asking: as looked up.

    Never raises for what a judge or provider does: see `Inquired.error`. store: None for scorers whose answers cost
    less than a look-up.
    """
    started = time.monotonic()
    parts = [asking, *asking.before]
    watcher.planned(sum(len(set(part.keys)) for part in parts), sum(len(part.replies) for part in parts))
    with ending() as end:
        means = Means(store, watcher, end.stop)
        if asking.before:
            asking = await written(scorer, questions, asking, means)
        await ask(scorer, asking.missing(questions), asking, means)
    return Inquired(asking, time.monotonic() - started, end.interrupted, end.error)


async def written(scorer: Scorer, questions: Sequence[Question], asking: Asking, means: Means) -> Asking:
    """Has written what has to be there first; then the questions themselves, which are known only now."""
    for number, stage in enumerate(stages_of(scorer)):
        # What an earlier stage wrote may be part of what is asked here.
        needed = [
            each for each in dict.fromkeys(map(stage.needs, questions)) if not blocked(stage.scorer, each)
        ]
        before = asking.before[number] = kept(stage.scorer, needed, means.store)
        await ask(stage.scorer, before.missing(needed), before, means)
        learn(stage, needed, before)
    known = replace(kept(scorer, questions, means.store), before=asking.before)
    for key, question in zip(known.keys, questions, strict=True):
        why = blocked(scorer, question)
        if why is not None:
            known.replies[key] = why
    return known


async def ask(scorer: Scorer, missing: Mapping[str, Question], asking: Asking, means: Means) -> None:
    """Puts the missing questions to the scorer, unless the run is to end; an answer is on disk before it is counted."""
    if not missing or means.stop.asked:
        return
    far = scorer.line if isinstance(scorer, Connected) else None
    # What a model on this machine has at hand is not paid for, and may take longer than anybody waits.
    stopping, drain_s = (far.stop, DRAIN_S) if far else (nothing, 0.0)
    async with (
        aclosing(answers(scorer, missing, means.store)) as replies,
        aclosing(until(means.stop, replies, stopping, drain_s=drain_s)) as coming,
    ):
        async for came in coming:
            asking.replies[came.key] = came.reply
            if came.fresh:
                asking.fresh.add(came.key)
            means.watcher.answered(came.paid, verdict(scorer, came.question, came.reply))


def nothing() -> None:
    """What is done so that a model on this machine asks nothing new."""


def verdict(scorer: Scorer, question: Question, reply: Answer | Failure) -> Scores | Failure:
    """The verdict in a reply; a failure of the run is its own, and scores that are no numbers are none."""
    if isinstance(reply, Failure):
        return reply
    scores = scorer.read(question, reply)
    if isinstance(scores, Failure):
        return scores
    if len(scores.values) != len(question.responses):
        return Failure("parse", f"{len(scores.values)} scores for {len(question.responses)} responses")
    odd = [value for value in scores.values if not math.isfinite(value)]
    return Failure("parse", f"a score of {odd[0]}, which is no finite number") if odd else scores


def together(replies: Sequence[Answer | Failure | None]) -> Usage:
    """The usage of some answers as one; unknown cost if any of them is unknown."""
    return Usage.total(reply.usage for reply in replies if isinstance(reply, Answer))
