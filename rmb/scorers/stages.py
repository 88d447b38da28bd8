"""What a judge has to have written before it can be asked: criteria for a conversation, an answer of its own, a first verdict.

Each is a question of its own, asked once and kept like any other: what is written for a conversation is shared by all
its pairs and lists, by all templates that need it, and by later runs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from rmb.records import Answer, Failure, Question
from rmb.scorers.scorer import Scorer
from rmb.verdicts.quotations import FINISH_FAILURES, spoken


@dataclass(frozen=True)
class Stage:
    """Questions that come before others. scorer: answers them; needs: the one that a later question waits for.

    known: the answers, as the run learns them.
    """

    scorer: Scorer
    needs: Callable[[Question], Question]
    known: dict[Question, Answer | Failure] = field(default_factory=dict)

    def text(self, question: Question) -> str | Failure:
        """What was written for a question, thinking left out; why nothing was, if so."""
        reply = self.known.get(self.needs(question), UNWRITTEN)
        if isinstance(reply, Failure):
            return reply
        text = spoken(reply.text or "").strip()
        if text:
            return text
        reason = FINISH_FAILURES.get(reply.finish_reason or "", "empty")
        return Failure(reason, "the judge wrote nothing of what its verdict is to rest on")


UNWRITTEN = Failure("cancelled", "not asked: what its question is to rest on was not written")


@runtime_checkable
class Staged(Protocol):
    """A scorer whose questions wait for others."""

    @property
    def stages(self) -> Sequence[Stage]:
        """What comes first, in this order; empty if nothing does."""


def stages_of(scorer: Scorer) -> Sequence[Stage]:
    """The stages of a scorer; none for one that has none."""
    return scorer.stages if isinstance(scorer, Staged) else ()


def blocked(scorer: Scorer, question: Question) -> Failure | None:
    """Why a question cannot be asked, since what it waits for was not written; None if it can be."""
    texts = (stage.text(question) for stage in stages_of(scorer))
    return next((text for text in texts if isinstance(text, Failure)), None)
