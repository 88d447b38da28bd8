"""The stage `respond`: several models answer each prompt."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from rmb.build import folder
from rmb.build.asked import model_of, told_apart
from rmb.build.desk import Desk
from rmb.build.made import Dropped, Made
from rmb.build.prompt import Prompt
from rmb.build.recipe import Recipe
from rmb.build.response import Respondent, Response, response_id
from rmb.records import Answer, Failure, Json
from rmb.run.inquiry import together


async def make(place: Path, recipe: Recipe, desk: Desk) -> Made:
    """The responses of every model to every prompt of filter.jsonl, by prompt, model (as in the recipe) and sample.

    Left out, with the provider's reason: empty, truncated, filtered, refused by the provider, too long a context. Raises
    UsageError for a wrong model before anything is asked.
    """
    prompts = folder.prompts(place, "filter")
    how = recipe.respond
    cards = [model_of(place, name, desk, how, key="respond.models") for name in how.models]
    told_apart(cards, key="respond.models")
    asked = [(prompt, sample) for prompt in prompts for sample in range(how.samples)]
    came = [await heard(Respondent.of(card, how, desk), asked, desk) for card in cards]
    by_prompt = [
        (each, found)
        for first in range(0, len(asked), how.samples)
        for each in came
        for found in each.found[first : first + how.samples]
    ]
    return Made(
        came=len(prompts),
        records=[found.to_json() for _, found in by_prompt if isinstance(found, Response)],
        dropped=[found for _, found in by_prompt if isinstance(found, Dropped)],
        waiting=sum(each.waiting for each in came),
        told={
            "wanted": len(by_prompt),
            "models": {each.name: each.to_json() for each in came},
            "sampling": {
                "temperature": how.temperature,
                "max_tokens": how.max_tokens,
                "samples": how.samples,
            },
            "system": how.system,
        },
    )


@dataclass(frozen=True, slots=True)
class Heard:
    """What came of asking one model. found: for each question its response, why it was left out, or None: it waits."""

    name: str
    replies: Sequence[Answer | Failure]
    found: Sequence[Response | Dropped | None]

    @property
    def waiting(self) -> int:
        """Questions that are to be asked again."""
        return sum(one is None for one in self.found)

    def to_json(self) -> dict[str, Json]:
        """For the data card; the mean length is in characters, the cost of all answers whenever they were asked.

        None: nothing was answered, or a price is not known.
        """
        kept = [one for one in self.found if isinstance(one, Response)]
        left = Counter(one.reason for one in self.found if isinstance(one, Dropped))
        answered = len(self.found) - self.waiting
        return {
            "kept": len(kept),
            "dropped": dict(left.most_common()),
            "waiting": self.waiting,
            "mean_characters": fmean(len(one.text) for one in kept) if kept else None,
            "truncated": left["truncated"] / answered if answered else None,
            "cost_usd": together(self.replies).cost_usd,
        }


async def heard(model: Respondent, asked: Sequence[tuple[Prompt, int]], desk: Desk) -> Heard:
    """What a model answers to prompts; after an end of the whole stage, what of it is stored."""
    replies = await model.answer(asked, desk)
    found: list[Response | Dropped | None] = []
    for (prompt, sample), reply in zip(asked, replies, strict=True):
        read = model.read(prompt, sample, reply)
        if isinstance(read, Response):
            found.append(read)
        else:
            name = response_id(prompt.id, model.card.name, sample)
            found.append(None if read.unanswered else Dropped(name, read.reason, read.detail))
    return Heard(model.card.name, replies, found)
