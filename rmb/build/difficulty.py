"""The difficulty of prompts: those that weak and strong models answer alike tell judges nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean

from rmb.build.asked import model_of, told_apart
from rmb.build.desk import Desk
from rmb.build.made import Dropped
from rmb.build.prompt import Prompt
from rmb.build.rating import Rater, Rating
from rmb.build.recipe import Difficulty, Recipe
from rmb.build.response import Respondent, Response
from rmb.records import Failure, Json


async def difficulty(
    prompts: Sequence[Prompt], recipe: Recipe, desk: Desk, place: Path = Path()
) -> tuple[list[Prompt], list[Dropped], int]:
    """The prompts on which models differ, those on which they do not or nobody knows, and how many wait for answers.

    Each kept prompt tells under "difficulty" every model's rating, and the gap and spread of these. The same is asked as
    by `respond` and `annotate`, so that nothing is paid twice. place: the build's folder, for paths in the recipe.
    Raises UsageError for a wrong name before anything is asked. Without `filter.difficulty`: all prompts.
    """
    how = recipe.filter.difficulty
    if how is None:
        return list(prompts), [], 0
    models = respondents(place, recipe, how, desk)
    rater = Rater.of(place, recipe, desk, name=how.judge, key="filter.difficulty.judge", samples=how.samples)
    came = [await answered(model, prompts, desk) for model in models]
    rows = [list(row) for row in zip(*came, strict=True)]
    least = min(how.samples, recipe.annotate.least)
    said = await ratings(rater, list(zip(prompts, rows, strict=True)), desk, least)
    names = [model.card.name for model in models]
    judged = [
        Judged(prompt, dict(zip(names, row, strict=True)), weak=len(how.weak))
        for prompt, row in zip(prompts, said, strict=True)
    ]
    return sorted_out(judged, how)


def respondents(place: Path, recipe: Recipe, how: Difficulty, desk: Desk) -> list[Respondent]:
    """The weak models, then the strong ones, asked as the section `respond` says."""
    named = [("weak", name) for name in how.weak] + [("strong", name) for name in how.strong]
    cards = [
        model_of(place, name, desk, recipe.respond, key=f"filter.difficulty.{group}") for group, name in named
    ]
    told_apart(cards, key="filter.difficulty")
    return [Respondent.of(card, recipe.respond, desk) for card in cards]


async def answered(model: Respondent, prompts: Sequence[Prompt], desk: Desk) -> list[Response | Failure]:
    """What a model writes for each prompt."""
    asked = [(prompt, 0) for prompt in prompts]
    replies = await model.answer(asked, desk)
    return [model.read(*one, reply) for one, reply in zip(asked, replies, strict=True)]


async def ratings(
    rater: Rater, rows: Sequence[tuple[Prompt, Sequence[Response | Failure]]], desk: Desk, least: int
) -> list[list[float | Failure]]:
    """For each prompt the ratings of its responses, in their order; why there is none, where that is so."""
    shown = [(prompt, one.text) for prompt, row in rows for one in row if isinstance(one, Response)]
    missing = sum(isinstance(one, Failure) and one.unanswered for _, row in rows for one in row)
    came = iter(await rater.rate(shown, desk, later=missing * rater.samples))
    return [[one if isinstance(one, Failure) else rated(next(came), least) for one in row] for _, row in rows]


def rated(rating: Rating, least: int) -> float | Failure:
    """The mean of a response's ratings; why there is none, if so."""
    waiting = next((failure for failure in rating.failures if failure.unanswered), None)
    mean = rating.mean(least)
    if waiting or mean is None:
        return waiting or Failure("unrated", rating.lack)
    return mean


@dataclass(frozen=True)
class Judged:
    """A prompt and what the models' responses to it are rated, the weak ones first. weak: how many these are."""

    prompt: Prompt
    said: Mapping[str, float | Failure]
    weak: int

    @property
    def waiting(self) -> bool:
        """Whether an answer is missing since the run failed."""
        return any(isinstance(one, Failure) and one.unanswered for one in self.said.values())

    @property
    def gap(self) -> float | None:
        """The mean rating of the strong models less that of the weak ones; None if a group has no rating."""
        every = list(self.said.values())
        weak, strong = (
            [one for one in group if not isinstance(one, Failure)]
            for group in (every[: self.weak], every[self.weak :])
        )
        return fmean(strong) - fmean(weak) if weak and strong else None

    @property
    def spread(self) -> float | None:
        """The highest rating less the lowest; None without two."""
        known = [one for one in self.said.values() if not isinstance(one, Failure)]
        return max(known) - min(known) if len(known) > 1 else None

    def differ(self, how: Difficulty) -> bool:
        """Whether the models differ enough."""
        return (self.gap is not None and abs(self.gap) >= how.gap) or (
            self.spread is not None and self.spread >= how.spread
        )

    @property
    def told(self) -> Prompt:
        """The prompt with what was found out."""
        failed = {name: one.reason for name, one in self.said.items() if isinstance(one, Failure)}
        found: dict[str, Json] = {
            "ratings": {name: None if isinstance(one, Failure) else one for name, one in self.said.items()},
            "gap": self.gap,
            "spread": self.spread,
            **({"failed": failed} if failed else {}),
        }
        return replace(self.prompt, told={**self.prompt.told, "difficulty": found})

    @property
    def dropped(self) -> Dropped:
        """The ledger's line: easy, or unrated where one of the groups has no rating and nothing can be said."""
        reason = "easy" if self.gap is not None else "unrated"
        told = (
            f"{name} {one.reason}" if isinstance(one, Failure) else f"{name} {one:g}"
            for name, one in self.said.items()
        )
        return Dropped(self.prompt.id, reason, ", ".join(told))


def sorted_out(judged: Sequence[Judged], how: Difficulty) -> tuple[list[Prompt], list[Dropped], int]:
    """The prompts that go on, those that do not, and how many wait."""
    known = [one for one in judged if not one.waiting]
    return (
        [one.told for one in known if one.differ(how)],
        [one.dropped for one in known if not one.differ(how)],
        len(judged) - len(known),
    )
