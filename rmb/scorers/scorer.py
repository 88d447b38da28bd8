"""The one interface of all that tells responses apart."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Protocol

from rmb.records import Answer, Failure, Json, Question, Scores


class Scorer(Protocol):
    """Tells responses apart. Kinds: KINDS; the contract that every kind passes: rmb.testing.ScorerContract."""

    @property
    def identity(self) -> Mapping[str, Json]:
        """Who answers: all that can change an answer and is no part of a request. The same in every process."""

    @property
    def width(self) -> int | None:
        """Responses that one question shows: 1, 2, or None for all of an item's."""

    def request(self, question: Question) -> Json:
        """All that is sent for a question. With `identity` it makes the key under which the answer is kept."""

    def answer(self, questions: Sequence[Question]) -> AsyncGenerator[tuple[Question, Answer | Failure]]:
        """Answers as they come, in any order, one for each question; a failure only where the run failed.

        Raises RefusedError when nothing can be answered at all. May be closed at any time.
        """

    def read(self, question: Question, answer: Answer) -> Scores | Failure:
        """The verdict in an answer: pure, so that stored answers can be read again."""
