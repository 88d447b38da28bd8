"""All answers of a study in one place: what the store has, what was asked, and what is being asked at this moment."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from contextlib import aclosing

from rmb.records import Answer, Failure, Question
from rmb.run.answers import answers, recalled
from rmb.run.inquiry import Watcher, verdict
from rmb.scorers import Scorer
from rmb.store import Store


class Desk:
    """Asks each question once, whichever cells want its answer, now or at the same moment.

    known: the replies by key; fresh: keys of those that came in this session.
    """

    def __init__(self, store: Store | None, watcher: Watcher) -> None:
        """store: None where nothing is to be kept."""
        self.store, self.watcher = store, watcher
        self.known: dict[str, Answer | Failure] = {}
        self.fresh: set[str] = set()
        self.under_way: dict[str, asyncio.Event] = {}

    async def ask(self, scorer: Scorer, questions: Mapping[str, Question], *, stored: bool) -> None:
        """Sees to it that each question has a reply. stored: whether its answers are worth keeping.

        Raises what the scorer raises, RefusedError for one; other cells that wait for the same answer then ask
        themselves.
        """
        if stored:
            self._recall(questions)
        while missing := {key: one for key, one in questions.items() if key not in self.known}:
            mine = {key: one for key, one in missing.items() if key not in self.under_way}
            if mine:
                await self._put(scorer, mine, stored=stored)
                for key in mine:
                    self.known.setdefault(key, Failure("transport", "the scorer left it out"))
            else:
                await next(self.under_way[key] for key in missing).wait()

    def _recall(self, keys: Iterable[str]) -> None:
        # Another process may have asked meanwhile, and what was to be written first is known only now.
        for key in keys:
            if key in self.known or self.store is None:
                continue
            stored = recalled(self.store, key)
            if stored is not None:
                self.known[key] = stored

    async def _put(self, scorer: Scorer, questions: Mapping[str, Question], *, stored: bool) -> None:
        self.under_way.update({key: asyncio.Event() for key in questions})
        try:
            async with aclosing(answers(scorer, questions, self.store if stored else None)) as coming:
                async for came in coming:
                    self.known[came.key] = came.reply
                    if came.fresh:
                        self.fresh.add(came.key)
                    self.watcher.answered(came.paid, verdict(scorer, came.question, came.reply))
        finally:
            for key in questions:
                self.under_way.pop(key).set()
