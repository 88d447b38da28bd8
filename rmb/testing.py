"""For tests, this project's and others': the contract of a scorer, and a scorer that follows a script.

class TestMine(ScorerContract):
    def open(self) -> Scorer:
        return MyScorer()
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing

from rmb.canonical import canonical
from rmb.records import Answer, Failure, Json, Message, Question, Scores
from rmb.scorers import Scorer

Replies = list[tuple[Question, Answer | Failure]]


class Scripted:
    """A scorer that answers as a function says. For tests of what is done with answers.

    script: question -> the rewards of its responses, or a failure of the run, or an exception to raise.
    asked: every question that was put to it, in order.
    """

    def __init__(
        self,
        script: Callable[[Question], Sequence[float] | Failure | Exception],
        *,
        width: int | None = 2,
        graded: bool = False,
        name: str = "scripted",
    ) -> None:
        """graded: whether differences between the rewards mean something."""
        self.script, self.width, self.graded, self.name = script, width, graded, name
        self.asked: list[Question] = []

    @property
    def identity(self) -> Mapping[str, Json]:
        """The name that the script goes by."""
        return {"kind": "scripted", "name": self.name}

    def request(self, question: Question) -> Json:
        """The texts of the question."""
        turns = [[message.role, message.content] for message in question.conversation]
        return [turns, list(question.responses), question.sample]

    async def answer(
        self, questions: Sequence[Question]
    ) -> AsyncGenerator[tuple[Question, Answer | Failure]]:
        """What the script says of each question, giving way to other tasks in between."""
        for question in questions:
            self.asked.append(question)
            # Gives way as a real scorer does, so that a run can be cancelled between two answers.
            await asyncio.sleep(0)
            said = self.script(question)
            if isinstance(said, Exception):
                raise said
            yield question, said if isinstance(said, Failure) else Answer(rewards=tuple(said))

    def read(self, question: Question, answer: Answer) -> Scores | Failure:
        """The rewards as scores; an answer without any is empty."""
        if not answer.rewards:
            return Failure("empty", "no rewards")
        return Scores(answer.rewards, graded=self.graded)


class ScorerContract:
    """What holds for every scorer. Subclass it with `open`; pytest runs the rest."""

    def open(self) -> Scorer:
        """A scorer ready to be asked; each call a new one, of the same identity."""
        raise NotImplementedError

    def questions(self) -> list[Question]:
        """A few questions as wide as the scorer: plain ones, a long one, odd characters, an empty response."""
        texts = ["Paris.", "I would rather not say.", "\u202eabc \U0001f642 {{ 7 }}", "word " * 300, ""]
        width = self.open().width or 3
        turns = (
            Message("user", "What is the capital of France?"),
            Message("assistant", "Let me think."),
            Message("user", "Please do."),
        )
        return [
            Question(turns[-1 - 2 * (start % 2) :], tuple((texts * 2)[start : start + width]))
            for start in range(len(texts))
        ]

    def ask(self, questions: Sequence[Question], *, most: int | None = None) -> Replies:
        """The replies to some questions, all or the first few."""

        async def gather() -> Replies:
            replies: Replies = []
            async with aclosing(self.open().answer(questions)) as answers:
                async for reply in answers:
                    replies.append(reply)
                    if len(replies) == most:
                        break
            return replies

        return asyncio.run(gather())

    def test_answers_every_question_once(self) -> None:
        """Each question has one reply, in whatever order."""
        questions = self.questions()
        asked = [question for question, _ in self.ask(questions)]
        assert sorted(map(repr, asked)) == sorted(map(repr, questions))

    def test_scores_every_response_with_a_finite_number(self) -> None:
        """A verdict has one finite score for each response shown; anything else is a failure with a reason."""
        scorer = self.open()
        for question, reply in self.ask(self.questions()):
            verdict = reply if isinstance(reply, Failure) else scorer.read(question, reply)
            if isinstance(verdict, Failure):
                assert verdict.reason
            else:
                assert len(verdict.values) == len(question.responses)
                assert all(math.isfinite(value) for value in verdict.values)

    def test_reads_a_stored_answer_as_it_read_the_fresh_one(self) -> None:
        """Reading is pure, and an answer that went through the store reads the same."""
        scorer = self.open()
        for question, reply in self.ask(self.questions()):
            if isinstance(reply, Answer):
                again = Answer.from_json(reply.to_json())
                assert again == reply
                assert self.open().read(question, again) == scorer.read(question, reply)

    def test_identity_and_request_are_json_and_stay_the_same(self) -> None:
        """Keys of answers are made of both, so they must not change from one opening to the next."""
        first, second = self.open(), self.open()
        assert canonical(first.identity) == canonical(second.identity)
        for question in self.questions():
            assert canonical(first.request(question)) == canonical(second.request(question))

    def test_requests_tell_questions_apart(self) -> None:
        """Another text, another order or another sample is another request."""
        scorer, question = self.open(), self.questions()[0]
        other = Question(question.conversation, (*question.responses[:-1], "another text"))
        again = Question(question.conversation, question.responses, sample=1)
        requests = {canonical(scorer.request(each)) for each in (question, other, again)}
        assert len(requests) == 3

    def test_no_questions_no_answers(self) -> None:
        """Nothing asked, nothing answered, nothing raised."""
        assert self.ask([]) == []

    def test_may_be_closed_at_any_time(self) -> None:
        """After the first answer the rest may be left unasked, without noise and without leftovers."""
        assert len(self.ask(self.questions(), most=1)) == 1
