"""Where several scorers and writers are asked one after the other: one store, and an end that all of them heed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

from rmb.cards import NamedCard
from rmb.errors import RmbError
from rmb.records import Answer, Failure, Json, Question, Scores, Usage
from rmb.run.inquiry import Asking, Inquired, Watcher, inquire, look_up, verdict
from rmb.scorers import KINDS, Scorer
from rmb.store import Store

Watching = Callable[[str, Scorer], AbstractContextManager[Watcher]]
"""What watches while somebody is asked, by name."""


@dataclass(frozen=True, slots=True, eq=False)
class Seat:
    """Somebody who is asked. part: as what, "policy" or "judge"; name: as in all files and tables.

    template: its identity; None without one.
    """

    part: str
    name: str
    card: NamedCard
    scorer: Scorer
    template: Mapping[str, Json] | None = None

    @property
    def who(self) -> str:
        """Part and name: what a watcher and a dry run call it."""
        return f"{self.part} {self.name}".strip()

    @property
    def stored(self) -> bool:
        """Whether its answers are worth keeping."""
        return KINDS[self.card.card.kind].stored


@dataclass(frozen=True, slots=True)
class Wanted:
    """Questions that a dry run found."""

    who: str
    seat: Seat
    questions: Sequence[Question]
    asking: Asking


@dataclass
class Desk:
    """Asks one after the other. After an interruption nobody is asked any more, and only what is stored is found.

    goes_on: who cannot be reached keeps nobody else from being asked; else that is an end as well.
    dry: looks up what is stored, and asks nothing but what costs nothing. wanted: what a dry run found; owed: how many
    more questions there may be for whom, once what they rest on is answered. errors: why questions were left unasked, each once.
    seats, inquiries: who was asked, and what came. far: the inquiries of those whose answers are kept, which are the ones that count as asked.
    """

    watching: Watching
    store: Store | None
    dry: bool = False
    goes_on: bool = True
    wanted: list[Wanted] = field(default_factory=list)
    owed: Counter[Seat] = field(default_factory=Counter)
    seats: list[Seat] = field(default_factory=list)
    inquiries: list[Inquired] = field(default_factory=list)
    far: list[Inquired] = field(default_factory=list)
    errors: list[RmbError] = field(default_factory=list)
    interrupted: bool = False

    @property
    def ended(self) -> bool:
        """Whether nothing is asked any more."""
        return self.interrupted or bool(self.errors and not self.goes_on)

    def owe(self, seat: Seat, questions: int) -> None:
        """Takes note of questions that are not known yet; of a seat whose answers cost nothing they are none."""
        if questions and seat.stored:
            self.owed[seat] += questions

    async def replies(
        self, seat: Seat, questions: Sequence[Question], step: str = ""
    ) -> list[Answer | Failure]:
        """The reply to each question, in their order; failures of the run where there is none.

        step: which of several times this is, for the watcher and the dry run.
        """
        store = self.store if seat.stored else None
        asking = look_up(seat.scorer, questions, store)
        if self.dry and seat.stored:
            self.wanted.append(Wanted(seat.who + step, seat, questions, asking))
        if self.ended or (self.dry and seat.stored) or not questions:
            return Inquired(asking, 0.0).replies
        with self.watching(seat.who + step, seat.scorer) as watcher:
            came = await inquire(seat.scorer, questions, asking, store=store, watcher=watcher)
        self.take(came, seat)
        return came.replies

    def take(self, came: Inquired, seat: Seat) -> None:
        """Takes note of how an inquiry ended."""
        self.seats.append(seat)
        self.inquiries.append(came)
        self.far += [came] if seat.stored else []
        self.interrupted = self.interrupted or came.interrupted
        if came.error and str(came.error) not in map(str, self.errors):
            self.errors.append(came.error)

    async def verdicts(
        self, seat: Seat, questions: Sequence[Question], step: str = ""
    ) -> list[Scores | Failure]:
        """The verdict on each question, in their order."""
        replies = await self.replies(seat, questions, step)
        return [
            verdict(seat.scorer, question, reply) for question, reply in zip(questions, replies, strict=True)
        ]

    @property
    def cost_usd(self) -> float | None:
        """Of all that was got here; None if any price is unknown."""
        costs = [came.cost_usd for came in self.inquiries]
        return None if None in costs else sum(cost for cost in costs if cost is not None)

    def told(self) -> dict[str, Any]:
        """What was asked, and what it cost."""
        given = [answer for came in self.far for answer in came.given]
        asked, usage = sum(came.asked for came in self.far), Usage.total(answer.usage for answer in given)
        return {
            "asked": asked,
            "from_store": len(given) - asked,
            "served_models": dict(Counter(answer.model for answer in given if answer.model)),
            "written": sum(len(part.got) for came in self.far for part in came.asking.before),
            "cost_usd": self.cost_usd,
            "prompt_tokens": usage.prompt_tokens,
            "completion_tokens": usage.completion_tokens,
        }

    @property
    def unanswered(self) -> int:
        """Questions that were asked for and have no answer; those that wait for them are not known."""
        return sum(len(set(came.asking.keys)) - len(came.given) for came in self.inquiries)

    @property
    def complaints(self) -> Counter[str]:
        """What was said of questions that were asked and not answered."""
        return sum((Counter(came.complaints) for came in self.inquiries), Counter())
