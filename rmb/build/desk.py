"""Where the stages of a build ask models: one store, one budget, and an end that all of them heed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

from rmb.cards import NamedCard
from rmb.errors import RmbError
from rmb.records import Answer, Failure, Json, Question, Usage
from rmb.run.inquiry import Asking, Inquired, Watcher, inquire, look_up
from rmb.scorers import Scorer
from rmb.scorers.budget import Budget
from rmb.store import Store

Watching = Callable[[str, Scorer], AbstractContextManager[Watcher]]
"""What watches while somebody is asked, by name."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Questions that a dry run found to be asked. later: how many more there may be, once others are answered."""

    who: str
    card: NamedCard
    scorer: Scorer
    questions: Sequence[Question]
    asking: Asking
    later: int = 0


@dataclass
class Desk:
    """Asks one scorer after the other.

    card: the card of a name, with the options of the command laid over it. dry: looks up what is stored and asks
    nothing. wanted: what a dry run found. error, interrupted: why nothing is asked any more, if so.
    """

    card: Callable[[str], NamedCard]
    watching: Watching
    store: Store | None
    budget: Budget
    dry: bool = False
    wanted: list[Wanted] = field(default_factory=list)
    inquiries: list[Inquired] = field(default_factory=list)
    judges: dict[str, dict[str, Json]] = field(default_factory=dict)
    error: RmbError | None = None
    interrupted: bool = False

    @property
    def ended(self) -> bool:
        """Whether nothing is asked any more."""
        return self.interrupted or self.error is not None

    async def replies(
        self, who: str, card: NamedCard, scorer: Scorer, questions: Sequence[Question], *, later: int = 0
    ) -> list[Answer | Failure]:
        """The reply to each question, in their order; failures of the run where there is none.

        who: what the watcher calls it. later: for a dry run, questions that are known only once others are answered.
        Once an inquiry has ended early, only what is stored is found.
        """
        asking = look_up(scorer, questions, self.store)
        self.judges.setdefault(card.name, self.describe(card, scorer))
        if self.dry:
            self.wanted.append(Wanted(who, card, scorer, questions, asking, later))
        if self.dry or self.ended:
            return Inquired(asking, 0.0, error=self.error).replies
        with self.watching(who, scorer) as watcher:
            came = await inquire(scorer, questions, asking, store=self.store, watcher=watcher)
        self.inquiries.append(came)
        self.error, self.interrupted = came.error, came.interrupted
        return came.replies

    def describe(self, card: NamedCard, scorer: Scorer) -> dict[str, Json]:
        """Who was asked, for the data card."""
        return {"name": card.name, "sha256": card.sha256, "identity": dict(scorer.identity)}

    def told(self) -> dict[str, Any]:
        """What was asked and what it cost, for the data card."""
        usage = Usage.total(answer.usage for came in self.inquiries for answer in came.given)
        costs = [came.cost_usd for came in self.inquiries]
        models: dict[str, int] = {}
        for came in self.inquiries:
            for answer in came.given:
                if answer.model:
                    models[answer.model] = models.get(answer.model, 0) + 1
        return {
            "judges": list(self.judges.values()),
            "served_models": models,
            "asked": sum(came.asked for came in self.inquiries),
            "from_store": sum(len(came.given) - came.asked for came in self.inquiries),
            "cost_usd": None if None in costs else sum(cost for cost in costs if cost is not None),
            "prompt_tokens": usage.prompt_tokens,
            "completion_tokens": usage.completion_tokens,
        }

    @property
    def complaints(self) -> Mapping[str, int]:
        """What was said of questions that were asked and not answered."""
        said: dict[str, int] = {}
        for came in self.inquiries:
            for complaint, times in came.complaints.items():
                said[complaint] = said.get(complaint, 0) + times
        return said
