"""Answers as they come: kept before they are counted, and each asked for by one of all processes that share a store."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field, replace

from rmb.records import NO_ANSWER, Answer, Failure, Json, Question, Usage
from rmb.scorers import Scorer
from rmb.scorers.asking import Connected
from rmb.store import Store, answer_key

LOOK_S = 0.1
"""How often it is looked whether others have the answers that are waited for."""
PATIENCE_S = 60.0
"""Without any of them, these are asked all the same: whoever was at it may have been halted."""


@dataclass(frozen=True, slots=True)
class Came:
    """A reply. fresh: it was got here, and not by another process meanwhile."""

    key: str
    question: Question
    reply: Answer | Failure
    fresh: bool = True

    @property
    def paid(self) -> Answer | Failure:
        """The reply with what it cost here: what others got has cost nothing."""
        return (
            self.reply
            if self.fresh or isinstance(self.reply, Failure)
            else replace(self.reply, usage=Usage())
        )


async def answers(
    scorer: Scorer, questions: Mapping[str, Question], store: Store | None
) -> AsyncGenerator[Came]:
    """The reply to each question, in the order of arrival; an answer is in the store before it comes.

    What another process asks at this moment is waited for, and asked only if nothing comes of that. Raises what the
    scorer raises. Ends early where the scorer's line is stopped.
    """
    keys = {question: key for key, question in questions.items()}
    if store is None or not isinstance(scorer, Connected):
        async with aclosing(scorer.answer(list(keys))) as replies:
            async for question, reply in replies:
                yield keep(scorer, keys[question], question, reply, store)
        return
    far: Connected = scorer
    turns = Turns(store, dict(questions))
    try:
        # Held open, so that it is not opened anew each time that something is left.
        await far.line.open()
        while turns.left and not far.line.stopped:
            async with aclosing(far.answer(turns)) as replies:
                async for question, reply in replies:
                    yield keep(scorer, keys[question], question, reply, store)
                    turns.end(keys[question])
                    for came in turns.met():
                        yield came
            for came in turns.met():
                yield came
            if turns.left:
                await asyncio.sleep(LOOK_S)
    finally:
        turns.end(*turns.mine)
        await far.line.close()


@dataclass
class Turns:
    """The questions that are this process's to ask, each when it is taken; and the answers that others got before.

    left: questions without a reply. mine: keys of those that are being asked here.
    """

    store: Store
    left: dict[str, Question]
    mine: set[str] = field(default_factory=set)
    found: list[Came] = field(default_factory=list)
    moved_at: float = field(default_factory=time.monotonic)

    def __iter__(self) -> Iterator[Question]:
        """Claims and looks up one question after the other; those that others are at are passed over."""
        for key, question in list(self.left.items()):
            if not self.store.claims.take(key) and time.monotonic() - self.moved_at < PATIENCE_S:
                continue
            self.mine.add(key)
            # After the claim: who had it before has stored the answer by now.
            stored = recalled(self.store, key)
            if stored is None:
                yield question
            else:
                self.found.append(Came(key, question, stored, fresh=False))
                self.end(key)

    def end(self, *keys: str) -> None:
        """Nothing more is to come for some questions; others may have them."""
        for key in keys:
            self.left.pop(key, None)
            self.mine.discard(key)
            self.store.claims.release(key)
            self.moved_at = time.monotonic()

    def met(self) -> list[Came]:
        """What others got, since this was last asked."""
        found, self.found = self.found, []
        return found


def keep(scorer: Scorer, key: str, question: Question, reply: Answer | Failure, store: Store | None) -> Came:
    """The reply, in the store if it is an answer: a crash from here on costs nothing."""
    if store is not None and isinstance(reply, Answer):
        store.put(key, record(scorer, question, reply))
    return Came(key, question, reply)


def recalled(store: Store, key: str) -> Answer | None:
    """The stored answer; None if there is none, or one that is damaged or was given to something else."""
    row = store.get(key)
    if row is None:
        return None
    try:
        if answer_key(row["scorer"], row["request"]) == key:
            return Answer.from_json(row["answer"])
    except NO_ANSWER:
        pass
    store.damaged.append(key)
    return None


def record(scorer: Scorer, question: Question, answer: Answer) -> dict[str, Json]:
    """What is stored for a question: who was asked, what was sent, what came back, and when."""
    return {
        "scorer": dict(scorer.identity),
        "request": scorer.request(question),
        "answer": answer.to_json(),
        "at": time.time(),
        **({"dropped": dict(left_out)} if (left_out := getattr(scorer, "dropped", None)) else {}),
    }
