"""A cell of a study being asked: its plan, and what has been answered of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from rmb.errors import RmbError
from rmb.outcomes import Outcome, put_together
from rmb.records import UNASKED, Answer, Item, Question, Usage
from rmb.run.execute import Run, finished, prepare, shown
from rmb.run.inquiry import Asking, Inquired, kept, learn, together, verdict
from rmb.run.plan import Planned
from rmb.scorers import Scorer
from rmb.scorers.stages import Stage, blocked, stages_of
from rmb.store import Store, answer_key
from rmb.studies.cell import Cell
from rmb.studies.desk import Desk


class Asked:
    """A cell, and what is known of its answers."""

    def __init__(self, cell: Cell, items: Sequence[Item], store: Store | None) -> None:
        """store: what is there already is learned; nothing is asked."""
        self.cell, self.items, self.scorer = cell, items, cell.scorer
        self.planned, self.asking = prepare(cell.scorer, items, cell.settings, store if cell.stored else None)
        self.keys = list(self.asking.keys)
        self.showings: list[list[Planned]] = [[] for _ in items]
        for one in self.planned.showings:
            self.showings[one.item].append(one)

    def hand_over(self, desk: Desk) -> None:
        """Tells the desk what the store had."""
        for part in (self.asking, *self.asking.before):
            desk.known.update(part.replies)

    def numbers(self, item: int) -> list[int]:
        """The questions that decide an item, as numbers in the plan."""
        ends = [end for one in self.showings[item] for end in (one.best_at[0], one.loser_at[0])]
        return list(dict.fromkeys(ends))

    def settled(self, items: Iterable[int], desk: Desk) -> bool:
        """Whether all that decides some items is known already."""
        return all(self.keys[number] in desk.known for item in items for number in self.numbers(item))

    async def ask(self, items: Iterable[int], desk: Desk) -> None:
        """Has all asked that decides some items: what has to be written before, then the questions themselves."""
        numbers = list(dict.fromkeys(number for item in items for number in self.numbers(item)))
        questions = [self.planned.questions[number] for number in numbers]
        for stage in stages_of(self.scorer):
            await self.write(stage, questions, desk)
        for number, question in zip(numbers, questions, strict=True):
            # What was written before is a part of what is sent, and so of the key.
            if self.asking.before:
                self.keys[number] = answer_key(self.scorer.identity, self.scorer.request(question))
            why = blocked(self.scorer, question)
            if why is not None:
                desk.known[self.keys[number]] = why
        keyed = {self.keys[number]: question for number, question in zip(numbers, questions, strict=True)}
        await desk.ask(self.scorer, keyed, stored=self.cell.stored)

    async def write(self, stage: Stage, questions: Sequence[Question], desk: Desk) -> None:
        """Has written what some questions rest on."""
        needed = [one for one in dict.fromkeys(map(stage.needs, questions)) if not blocked(stage.scorer, one)]
        keys = [answer_key(stage.scorer.identity, stage.scorer.request(one)) for one in needed]
        await desk.ask(stage.scorer, dict(zip(keys, needed, strict=True)), stored=self.cell.stored)
        learn(stage, needed, Asking(tuple(keys), desk.known))

    def outcome(self, item: int, desk: Desk) -> Outcome:
        """What came of an item so far."""
        known = Asking(tuple(self.keys), desk.known)
        verdicts = {
            self.keys[number]: verdict(
                self.scorer,
                self.planned.questions[number],
                desk.known.get(self.keys[number], UNASKED),
            )
            for number in self.numbers(item)
        }
        return put_together(self.items[item], [shown(one, known, verdicts) for one in self.showings[item]])

    def known(self, desk: Desk) -> Asking:
        """All that is known of the cell's answers, as its run tells it."""
        before = [part(stage.scorer, self.needed(stage), desk) for stage in stages_of(self.scorer)]
        return replace(part(self.scorer, self.planned.questions, desk), before=before)

    def needed(self, stage: Stage) -> list[Question]:
        """What a stage has to write for all questions, as far as it can be asked."""
        every = dict.fromkeys(map(stage.needs, self.planned.questions))
        return [one for one in every if not blocked(stage.scorer, one)]

    def run(
        self, desk: Desk, *, seconds: float, interrupted: bool = False, error: RmbError | None = None
    ) -> Run:
        """The run that the cell makes."""
        came = Inquired(self.known(desk), seconds, interrupted, error)
        return finished(self.scorer, self.items, self.planned, came)

    def unasked(self, desk: Desk) -> set[str]:
        """Keys of its questions that were never asked."""
        return {key for key in self.keys if key not in desk.known}

    def usage(self, desk: Desk) -> Usage:
        """What all its answers cost, each once, whenever they were asked."""
        asking = self.known(desk)
        replies = {key: reply for one in (asking, *asking.before) for key, reply in one.replies.items()}
        return together([reply for reply in replies.values() if isinstance(reply, Answer)])


def part(scorer: Scorer, questions: Sequence[Question], desk: Desk) -> Asking:
    """What the desk knows of some questions."""
    asking = kept(scorer, questions, None)
    keys = set(asking.keys)
    replies = {key: desk.known[key] for key in asking.keys if key in desk.known}
    return replace(asking, replies=replies, fresh=keys & desk.fresh)
