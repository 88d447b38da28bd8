"""The stage `annotate`: a judge rates every response alone, by points that it wrote for the prompt before."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, stdev

from rmb.build import folder
from rmb.build.desk import Desk
from rmb.build.made import Dropped, Made
from rmb.build.rating import Rater, Rating, failures_of
from rmb.build.recipe import Recipe
from rmb.build.response import Response
from rmb.build.sample_agreement import agreement
from rmb.cards import Generative, NamedCard
from rmb.errors import DataError
from rmb.records import Json

logger = logging.getLogger(__name__)


async def make(place: Path, recipe: Recipe, desk: Desk) -> Made:
    """The responses of respond.jsonl with their ratings, in its order.

    A response with fewer ratings than `annotate.least` is dropped as "unrated", one whose prompt is no longer there as
    "no-prompt". Raises UsageError for a wrong judge or template before anything is asked.
    """
    how = recipe.annotate
    prompts = {prompt.id: prompt for prompt in folder.prompts(place, "filter")}
    responses = read(place)
    rater = Rater.of(place, recipe, desk, name=how.judge, key="annotate.judge")
    itself = own_responses(rater.card, responses)
    if itself:
        logger.warning(
            "%s rates responses of its own (%s), which judges prefer", rater.card.name, ", ".join(itself)
        )
    known = [one for one in responses if one.prompt in prompts]
    ratings = await rater.rate([(prompts[one.prompt], one.text) for one in known], desk)
    rated = [Rated(one, rating, how.least) for one, rating in zip(known, ratings, strict=True)]
    strangers = [Dropped(one.id, "no-prompt", GONE) for one in responses if one.prompt not in prompts]
    good = [one for one in rated if one.rating is not None]
    return Made(
        came=len(responses),
        records=[one.to_json() for one in good],
        dropped=[*strangers, *(one.dropped for one in rated if one.unrated)],
        waiting=sum(one.said.waiting for one in rated),
        told={
            "judge": rater.card.name,
            "template": rater.judge.template.identity,
            "sampling": {
                "temperature": how.temperature,
                "max_tokens": how.max_tokens,
                "samples": how.samples,
            },
            "models": by_model(good),
            "agreement_of_samples": agreement([one.said.values for one in good]),
            "failures": failures_of(ratings),
            "rates_itself": itself,
        },
    )


GONE = "its prompt is no longer in filter.jsonl; run again: rmb build respond"


@dataclass(frozen=True, slots=True)
class Rated:
    """A response and what the judge says of it. least: ratings that it needs."""

    response: Response
    said: Rating
    least: int

    @property
    def rating(self) -> float | None:
        """The mean; None if too few samples gave a rating, or one is still waited for."""
        return None if self.said.waiting else self.said.mean(self.least)

    @property
    def unrated(self) -> bool:
        """Whether the judge failed."""
        return self.rating is None and not self.said.waiting

    @property
    def dropped(self) -> Dropped:
        """The ledger's line of a response that the judge failed on."""
        return Dropped(self.response.id, "unrated", self.said.lack)

    def to_json(self) -> dict[str, Json]:
        """As a line of annotate.jsonl."""
        said = self.said
        return {
            **self.response.to_json(),
            "ratings": list(said.values),
            "rating": self.rating,
            "rating_answers": list(said.answers),
            "key_points": said.key_points,
            "key_points_answer": said.key_points_answer,
        }


def read(place: Path) -> list[Response]:
    """The responses of respond.jsonl. Raises DataError naming the line of what is none."""
    found = []
    for number, record in enumerate(folder.lines(place, "respond"), 1):
        try:
            found.append(Response.from_json(record))
        except (KeyError, TypeError) as error:
            path = folder.file_of(place, "respond")
            raise DataError(f"{path}, line {number}: no response ({error!r})") from error
    return found


def by_model(rated: Sequence[Rated]) -> Mapping[str, Json]:
    """For each model its responses' ratings: how many, mean, standard deviation, and each sample's rating counted.

    sd is the sample's (n - 1); None of a single response.
    """
    told: dict[str, Json] = {}
    for model in dict.fromkeys(one.response.model for one in rated):
        its = [one for one in rated if one.response.model == model]
        means = [one.rating for one in its if one.rating is not None]
        counts = Counter(value for one in its for value in one.said.values)
        told[model] = {
            "responses": len(means),
            "mean": fmean(means),
            "sd": stdev(means) if len(means) > 1 else None,
            "histogram": {f"{value:g}": counts[value] for value in sorted(counts)},
        }
    return told


def own_responses(judge: NamedCard, responses: Sequence[Response]) -> list[str]:
    """The models among the responses that are the judge itself, by the card's name or the model's."""
    assert isinstance(judge.card, Generative)
    names = {judge.name, judge.card.model, judge.card.model.partition("/")[2]}
    return sorted({one.model for one in responses if names & {one.model, one.served}})
