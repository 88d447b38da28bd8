"""Ask what the store does not have, keep every answer before it is counted, and put the verdicts together."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from rmb.errors import BudgetError, RmbError
from rmb.metrics.spending import spending
from rmb.outcomes import Outcome, Showing, put_together, verdict_scores
from rmb.records import CUT, UNASKED, Answer, Failure, Item, Question, Scores, Usage
from rmb.run.answers import answers, recalled
from rmb.run.ledger import Unread, ledger
from rmb.run.plan import Plan, Planned, Settings, plan
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


@dataclass(frozen=True, slots=True)
class Run:
    """What a run found out.

    counts: items, comparisons, distinct questions; asked (answered in this run), from_store (before it); written:
        answers that had to be there first, if any.
    cut: answers to a text that was shortened to fit the model.
    failures: questions without a verdict, by reason. models: answers by the model that served them.
    cost_usd: of this run's own answers; None if any price is unknown. paid_usd: of all answers that its verdicts rest
        on, whenever they were asked. error: why it ended early, if it did.
    untold: requests of this run that may have been billed, and whose cost nobody told; untold_usd: at most.
    complaints: what was said of questions that were asked and not answered, the most common first.
    ledger: every question without a verdict. spent: what all its answers took, see rmb.metrics.spending.
    """

    # Left out of repr: asyncio prints a finished task's result when it ends, and this one is long.
    items: Sequence[Item] = field(repr=False)
    outcomes: tuple[Outcome, ...] = field(repr=False)
    counts: Mapping[str, int]
    failures: Mapping[str, int]
    models: Mapping[str, int]
    cost_usd: float | None
    seconds: float
    interrupted: bool = False
    error: RmbError | None = None
    paid_usd: float | None = None
    untold: int = 0
    untold_usd: float = 0.0
    complaints: Mapping[str, int] = field(default_factory=dict, repr=False)
    ledger: tuple[Unread, ...] = field(default=(), repr=False)
    cut: int = 0
    spent: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def unanswered(self) -> int:
        """Questions that have no answer yet."""
        return self.counts["questions"] - self.counts["asked"] - self.counts["from_store"]

    @property
    def usd_per_1000_verdicts(self) -> float | None:
        """What a thousand verdicts cost at these answers; None where a price is unknown, or there is no verdict."""
        read = self.counts["questions"] - sum(self.failures.values())
        return 1000 * self.paid_usd / read if read and self.paid_usd is not None else None


def prepare(
    scorer: Scorer, items: Sequence[Item], settings: Settings, store: Store | None
) -> tuple[Plan, Asking]:
    """The plan, and which of its answers the store already has. Asks nothing.

    What has to be written first is taken from the store; where it is not there, a question's answer cannot be either.
    """
    planned = plan(
        items, width=scorer.width, orders=settings.orders, samples=settings.samples, seed=settings.seed
    )
    before = []
    for stage in stages_of(scorer):
        needed = list(dict.fromkeys(map(stage.needs, planned.questions)))
        before.append(kept(stage.scorer, needed, store))
        learn(stage, needed, before[-1])
    return planned, replace(kept(scorer, planned.questions, store), before=before)


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


async def execute(
    scorer: Scorer, items: Sequence[Item], settings: Settings, *, store: Store | None, watcher: Watcher
) -> Run:
    """Plans, asks, and puts together. Never raises for what a judge or provider does: see `Run.error`.

    store: None for scorers whose answers cost less than a look-up.
    """
    started = time.monotonic()
    planned, asking = prepare(scorer, items, settings, store)
    parts = [asking, *asking.before]
    watcher.planned(sum(len(set(part.keys)) for part in parts), sum(len(part.replies) for part in parts))
    with ending() as end:
        means = Means(store, watcher, end.stop)
        if asking.before:
            asking = await written(scorer, planned, asking, means)
        await ask(scorer, asking.missing(planned.questions), asking, means)
    return finished(
        scorer,
        items,
        planned,
        asking,
        seconds=time.monotonic() - started,
        interrupted=end.interrupted,
        error=end.error,
    )


async def written(scorer: Scorer, planned: Plan, asking: Asking, means: Means) -> Asking:
    """Has written what has to be there first; then the questions themselves, which are known only now."""
    for number, stage in enumerate(stages_of(scorer)):
        # What an earlier stage wrote may be part of what is asked here.
        needed = [
            each
            for each in dict.fromkeys(map(stage.needs, planned.questions))
            if not blocked(stage.scorer, each)
        ]
        before = asking.before[number] = kept(stage.scorer, needed, means.store)
        await ask(stage.scorer, before.missing(needed), before, means)
        learn(stage, needed, before)
    known = replace(kept(scorer, planned.questions, means.store), before=asking.before)
    for key, question in zip(known.keys, planned.questions, strict=True):
        why = blocked(scorer, question)
        if why is not None:
            known.replies[key] = why
    return known


def finished(
    scorer: Scorer,
    items: Sequence[Item],
    planned: Plan,
    asking: Asking,
    *,
    seconds: float,
    interrupted: bool = False,
    error: RmbError | None = None,
) -> Run:
    """The run that questions and their replies make."""
    given = [reply for reply in asking.replies.values() if isinstance(reply, Answer)]
    asked = [
        reply for key, reply in asking.replies.items() if key in asking.fresh and isinstance(reply, Answer)
    ]
    first = [part.replies[key] for part in asking.before for key in part.fresh]
    written = [reply for part in asking.before for reply in part.replies.values()]
    failed = [reply for reply in asking.replies.values() if isinstance(reply, Failure)]
    unanswered = [reply.detail for reply in failed if reply.reason != UNASKED.reason]
    verdicts = read_all(scorer, planned, asking, OVERDRAWN if isinstance(error, BudgetError) else UNASKED)
    return Run(
        items=items,
        outcomes=outcomes(items, planned, asking, verdicts),
        counts={
            "items": len(items),
            "comparisons": planned.comparisons,
            "questions": len(verdicts),
            "asked": len(asked),
            "from_store": len(given) - len(asked),
            **({"written": sum(map(len, (part.replies for part in asking.before)))} if asking.before else {}),
        },
        cut=sum(reply.finish_reason == CUT for reply in given),
        failures=Counter(one.reason for one in verdicts.values() if isinstance(one, Failure)),
        models=Counter(reply.model for reply in given if reply.model),
        cost_usd=together([*asked, *first]).cost_usd,
        paid_usd=together([*given, *written]).cost_usd,
        seconds=seconds,
        interrupted=interrupted,
        error=error,
        complaints=dict(Counter(detail for detail in unanswered if detail).most_common()),
        ledger=ledger(items, planned, asking.keys, asking.replies, verdicts),
        spent=spending([reply.usage for reply in given]),
    )


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


def read_all(scorer: Scorer, planned: Plan, asking: Asking, unasked: Failure) -> dict[str, Scores | Failure]:
    """The verdict for each key, read once. unasked: what becomes of those that were not asked when the run ended."""
    verdicts: dict[str, Scores | Failure] = {}
    for key, question in zip(asking.keys, planned.questions, strict=True):
        if key not in verdicts:
            reply = asking.replies.get(key, UNASKED)
            verdicts[key] = verdict(scorer, question, unasked if reply == UNASKED else reply)
    return verdicts


def outcomes(
    items: Sequence[Item], planned: Plan, asking: Asking, verdicts: Mapping[str, Scores | Failure]
) -> tuple[Outcome, ...]:
    """The outcome of every item, in the order of the items."""
    grouped: list[list[Showing]] = [[] for _ in items]
    for showing in planned.showings:
        grouped[showing.item].append(shown(showing, asking, verdicts))
    return tuple(put_together(item, group) for item, group in zip(items, grouped, strict=True))


def shown(planned: Planned, asking: Asking, verdicts: Mapping[str, Scores | Failure]) -> Showing:
    """A planned showing with the scores that its questions' verdicts give."""
    (best_question, best_place), (loser_question, loser_place) = planned.best_at, planned.loser_at
    asked = (asking.keys[best_question], asking.keys[loser_question])
    both = (verdicts[asked[0]], verdicts[asked[1]])
    failures = sorted((one for one in both if isinstance(one, Failure)), key=lambda one: not one.unanswered)
    best, rival = verdict_scores(both[0], best_place), verdict_scores(both[1], loser_place)
    failure = failures[0] if failures else None
    keys = tuple(dict.fromkeys(asked))
    return Showing(
        loser=planned.loser,
        position=planned.position,
        sample=planned.sample,
        best=None if failure else best,
        rival=None if failure else rival,
        graded=any(isinstance(one, Scores) and one.graded for one in both),
        failure=failure,
        keys=keys,
        usage=together([asking.replies.get(key) for key in keys]),
        listed=planned.listed,
    )


def together(replies: Sequence[Answer | Failure | None]) -> Usage:
    """The usage of some answers as one; unknown cost if any of them is unknown."""
    return Usage.total(reply.usage for reply in replies if isinstance(reply, Answer))
