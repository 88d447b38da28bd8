"""`rmb build filter`: prompts of quality that differ from each other, and that tell models apart; from cheap checks to dear."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from rmb.build import folder
from rmb.build.desk import Desk
from rmb.build.made import Dropped, Made
from rmb.build.near_duplicates import apart
from rmb.build.prompt import Prompt
from rmb.build.quality import CHECKS, passed
from rmb.build.recipe import Filter, Recipe
from rmb.canonical import fraction
from rmb.records import Json

Sifted = tuple[list[Prompt], list[Dropped]]
Step = tuple[str, Callable[[Sequence[Prompt]], Sifted]]


@dataclass
class Sieve:
    """Prompts that went through some steps. steps: what each let through, for the data card."""

    prompts: Sequence[Prompt]
    dropped: list[Dropped] = field(default_factory=list)
    steps: list[Json] = field(default_factory=list)

    def let(self, name: str, kept: Sequence[Prompt], dropped: Sequence[Dropped]) -> None:
        """Takes over what a step made of the prompts."""
        self.steps.append({"step": name, "came": len(self.prompts), "kept": len(kept)})
        self.prompts = kept
        self.dropped += dropped


async def make(place: Path, recipe: Recipe, desk: Desk) -> Made:
    """The categorised prompts that pass every step, in their order.

    Only difficulty asks models, of what the other steps left; a prompt waits while an answer for it is missing.
    """
    came = folder.prompts(place, "categorise")
    say_without_languages(came, recipe.filter)
    sieve = Sieve(came)
    for name, step in steps(recipe):
        sieve.let(name, *step(sieve.prompts))
    waiting = 0
    if recipe.filter.difficulty is not None:
        from rmb.build.difficulty import difficulty

        kept, easy, waiting = await difficulty(sieve.prompts, recipe, desk, place)
        sieve.let("difficulty", kept, easy)
    records = [prompt.to_json() for prompt in sieve.prompts]
    return Made(len(came), records, sieve.dropped, waiting, told={"steps": sieve.steps})


def steps(recipe: Recipe) -> list[Step]:
    """What asks nobody, the cheapest first."""
    wanted = recipe.filter
    found: list[Step] = [
        (name, partial(passed, reason=name, check=check, wanted=wanted)) for name, check in CHECKS
    ]
    if wanted.near_duplicates is not None:
        found.append(("near-duplicate", partial(apart, threshold=wanted.near_duplicates, ngram=wanted.ngram)))
    if wanted.most is not None:
        found.append(("surplus", partial(drawn, most=wanted.most, seed=recipe.seed)))
    return found


def drawn(prompts: Sequence[Prompt], most: int, seed: int) -> Sifted:
    """At most so many prompts of each category, drawn by the seed; in their order, whatever the order was."""
    by_category: dict[str, list[Prompt]] = {}
    for prompt in prompts:
        by_category.setdefault(prompt.category.path if prompt.category else "", []).append(prompt)
    taken = {
        prompt.id
        for each in by_category.values()
        for prompt in sorted(each, key=lambda one: fraction(seed, "most", one.id))[:most]
    }
    left = [
        Dropped(
            one.id, "surplus", f"{most} of {one.category.path if one.category else 'no category'} were drawn"
        )
        for one in prompts
        if one.id not in taken
    ]
    return [one for one in prompts if one.id in taken], left


def say_without_languages(prompts: Sequence[Prompt], wanted: Filter) -> None:
    """Warns of a source that names no language at all, of which nothing would be left."""
    if wanted.languages is not None and prompts and all(prompt.language is None for prompt in prompts):
        logging.getLogger(__name__).warning(
            "no prompt names its language, so all are dropped; in build.yaml set filter.languages: null"
        )
