"""Ratings of responses by a judge: each response alone, several times, by points that the judge wrote before."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from rmb import content
from rmb.build.asked import model_of, naming
from rmb.build.desk import Desk
from rmb.build.prompt import Prompt
from rmb.build.recipe import Annotate, Recipe, paths_beside
from rmb.cards import Generative, NamedCard
from rmb.errors import UsageError
from rmb.records import Answer, Failure, Question, Scores
from rmb.run.desk import Seat
from rmb.run.inquiry import verdict
from rmb.scorers.generative import GenerativeJudge
from rmb.scorers.language_model import open_client
from rmb.store import answer_key
from rmb.templates import Template, Writing

FOLDER = "prompts/build"
BY_POINTS = "query"
"""The criteria that show what was written for the conversation."""


@dataclass(frozen=True, slots=True)
class Rating:
    """What a judge's samples say of one response.

    values: of the samples that gave a rating, in their order; answers: keys of these; failures: of the others.
    key_points: what the ratings rest on, and the key of the answer that holds it; None without, or if none was written.
    """

    values: tuple[float, ...]
    answers: tuple[str, ...] = ()
    failures: tuple[Failure, ...] = ()
    key_points: str | None = None
    key_points_answer: str | None = None

    @property
    def waiting(self) -> bool:
        """Whether a sample is to be asked again."""
        return any(failure.unanswered for failure in self.failures)

    @property
    def reasons(self) -> dict[str, int]:
        """Why samples gave no rating, the commonest first."""
        return dict(Counter(failure.reason for failure in self.failures).most_common())

    def mean(self, least: int) -> float | None:
        """The mean of the samples that gave a rating; None if fewer than `least` did."""
        return fmean(self.values) if len(self.values) >= least else None

    @property
    def lack(self) -> str:
        """Why there are too few ratings, in words."""
        told = ", ".join(f"{reason} {count}" for reason, count in self.reasons.items())
        return f"{len(self.values)} of {len(self.values) + len(self.failures)} samples gave a rating ({told})"


@dataclass(frozen=True)
class Rater:
    """A judge, and how often it rates each response."""

    card: NamedCard
    judge: GenerativeJudge
    samples: int

    @classmethod
    def of(
        cls, place: Path, recipe: Recipe, desk: Desk, *, name: str, key: str, samples: int | None = None
    ) -> Rater:
        """The judge of that name, asked as the section `annotate` says. samples: if not as many as there.

        key: of build.yaml, that names it. Raises UsageError naming the key that is wrong.
        """
        how = recipe.annotate
        card = model_of(place, name, desk, how, key=key)
        assert isinstance(card.card, Generative)
        judge = GenerativeJudge(card.card, template_of(place, how), open_client(card.card, desk.budget))
        return cls(card, judge, samples or how.samples)

    async def rate(self, shown: Sequence[tuple[Prompt, str]], desk: Desk, *, later: int = 0) -> list[Rating]:
        """The rating of each prompt's response, in their order. later: questions that are known only once responses are there."""
        questions = [
            question(prompt, text, sample) for prompt, text in shown for sample in range(self.samples)
        ]
        seat = Seat("", self.card.name, self.card, self.judge)
        desk.owe(seat, later)
        replies = await desk.replies(seat, questions)
        return [
            self.put_together(questions[at : at + self.samples], replies[at : at + self.samples])
            for at in range(0, len(questions), self.samples)
        ]

    def put_together(self, questions: Sequence[Question], replies: Sequence[Answer | Failure]) -> Rating:
        """The rating that the samples of one response make."""
        values, answers, failures = [], [], []
        for asked, reply in zip(questions, replies, strict=True):
            said = verdict(self.judge, asked, reply)
            if isinstance(said, Scores):
                values.append(said.values[0])
                answers.append(answer_key(self.judge.identity, self.judge.request(asked)))
            else:
                failures.append(said)
        return Rating(tuple(values), tuple(answers), tuple(failures), *self.points(questions[0]))

    def points(self, asked: Question) -> tuple[str | None, str | None]:
        """What the judge wrote first for a question's conversation, and the key of the answer that holds it."""
        stage = self.judge.written.get("criteria")
        text = stage.text(asked) if stage else None
        if stage is None or not isinstance(text, str):
            return None, None
        return text, answer_key(stage.scorer.identity, stage.scorer.request(stage.needs(asked)))


def question(prompt: Prompt, text: str, sample: int) -> Question:
    """What is put to a judge: the conversation, one response, and the path by which criteria know the scenario."""
    goal, _, rest = prompt.category.path.partition("/") if prompt.category else ("", "", "")
    return Question(
        prompt.conversation, (text,), sample=sample, path=f"{goal.lower()}/{rest}" if rest else ""
    )


def template_of(place: Path, how: Annotate) -> Template:
    """What the judge is asked by. Raises UsageError, naming the key, for one that rates no single response."""
    points, style = (
        None if part is None else paths_beside(place, part) for part in (how.key_points, how.style)
    )
    writing = None
    if points is not None:
        with naming("annotate.key_points"):
            writing = Writing.load(points, FOLDER)
    if style is not None:
        with naming("annotate.style"):
            content.read("prompts/styles", style)
    with naming("annotate.prompt"):
        criteria = BY_POINTS if writing else None
        template = Template.load(
            paths_beside(place, how.prompt), criteria=criteria, style=style, folder=FOLDER, rests_on=writing
        )
        fit(template, by_points=writing is not None)
    return template


def fit(template: Template, *, by_points: bool) -> None:
    """Raises UsageError for a template that the stage can do nothing with. by_points: the judge writes points first."""
    name = template.source.name
    if template.width != 1:
        raise UsageError(f"{name} is {template.matter.protocol}; responses are rated by a pointwise template")
    if template.examples:
        raise UsageError(f"{name} shows labelled examples in its style, and a build has no labels yet")
    if by_points and "criteria" not in template.matter.inputs:
        raise UsageError(f"{name} has no {{{{ criteria }}}} to show the key points in; say key_points: null")


def failures_of(ratings: Sequence[Rating]) -> Mapping[str, int]:
    """Why samples gave no rating, by reason, the commonest first; those that wait are not counted."""
    found = Counter(
        failure.reason for rating in ratings for failure in rating.failures if not failure.unanswered
    )
    return dict(found.most_common())
