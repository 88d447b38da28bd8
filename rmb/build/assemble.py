"""The stage `assemble`: rated responses become pairs and best-of-N lists in RMB's layout. Asks nothing.

Every comparison in a list is a pair as well, as it is in RMB, so that judging the pairs judges the lists; but for pairs
that the balance takes out. All that is drawn comes from the seed and the ids: the same ratings make the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

from rmb.build import contamination, folder, layout, numbers
from rmb.build.balance import Shares, balanced
from rmb.build.benchmark import PROVENANCE
from rmb.build.desk import Desk
from rmb.build.lists import lists
from rmb.build.made import Dropped, Made
from rmb.build.pairs import pairs
from rmb.build.prompt import Prompt
from rmb.build.provenance import provenance
from rmb.build.rated import Contest, Response, by_prompt, read
from rmb.build.recipe import Assemble, Recipe
from rmb.build.split import split
from rmb.records import Json


@dataclass(frozen=True, slots=True)
class Drawn:
    """Contests with their splits, and what was left out. said: what could not be had."""

    contests: Sequence[tuple[str, Contest]]
    dropped: list[Dropped]
    said: list[str] = field(default_factory=list)


async def make(place: Path, recipe: Recipe, _desk: Desk) -> Made:
    """The benchmark that a build's rated responses make, with a line of provenance for each of its items."""
    settings = recipe.assemble
    known = contamination.known(place, settings.against, settings.ngram)
    prompts, responses = folder.prompts(place, "filter"), read(place)
    found = assembled(prompts, responses, settings, known, recipe.seed)
    numbered = [(uid, *one) for uid, one in enumerate(found.contests)]
    told = [provenance(contest, uid, where) for uid, where, contest in numbered]
    files = in_files(numbered)
    linted = layout.findings(files)
    return Made(
        came=len(responses),
        records=told,
        dropped=found.dropped,
        told=numbers.told(found.contests, responses, settings, known=known, said=found.said, linted=linted),
        benchmark={**files, PROVENANCE: told},
    )


def in_files(numbered: Sequence[tuple[int, str, Contest]]) -> dict[str, list[dict[str, Json]]]:
    """The records of each file of the benchmark, in the order of their numbers."""
    files: dict[str, list[dict[str, Json]]] = {}
    for uid, where, contest in numbered:
        files.setdefault(layout.file_of(contest, where), []).append(layout.record(contest, uid))
    return files


def assembled(
    prompts: Sequence[Prompt],
    responses: Sequence[Response],
    settings: Assemble,
    known: contamination.Known,
    seed: int,
) -> Drawn:
    """Pairs and lists of prompts and their rated responses, in the order of their numbers; pure.

    The order: best-of-N lists before pairs, then by category, prompt, winner and losers.
    """
    ranked, dropped = by_prompt(responses, seed)
    usable, unfit = fit(prompts, ranked, known)
    made = {prompt.id: list(contests(prompt, ranked[prompt.id], settings, seed)) for prompt in usable}
    fruitless = [
        Dropped(prompt.id, "no-gap", "no two ratings are far enough apart")
        for prompt in usable
        if not made[prompt.id]
    ]
    where = split([prompt for prompt in usable if made[prompt.id]], settings.test, seed)
    placed = [(where[name], one) for name, found in made.items() for one in found]
    kept, surplus, said = without_surplus(placed, settings, seed)
    kept.sort(key=lambda one: (one[1].set, one[1].path, one[1].prompt.id, one[1].id))
    return Drawn(
        kept, sorted([*dropped, *unfit, *fruitless, *surplus], key=lambda one: (one.reason, one.id)), said
    )


def fit(
    prompts: Sequence[Prompt], ranked: Mapping[str, Sequence[Response]], known: contamination.Known
) -> tuple[list[Prompt], list[Dropped]]:
    """The prompts that items can be made of, and the others; responses to no prompt are told as well."""
    usable, dropped = [], []
    for prompt in prompts:
        if prompt.category is None:
            dropped.append(Dropped(prompt.id, "no-category"))
            continue
        layout.check(prompt.category)
        if prompt.id not in ranked:
            dropped.append(Dropped(prompt.id, "unrated", "no rated response"))
        elif met := known.met(prompt):
            dropped.append(Dropped(prompt.id, "contaminated", met))
        else:
            usable.append(prompt)
    strangers = sorted(set(ranked) - {prompt.id for prompt in prompts})
    return usable, dropped + [
        Dropped(name, "no-prompt", "its prompt is not in filter.jsonl") for name in strangers
    ]


def contests(prompt: Prompt, ranked: Sequence[Response], settings: Assemble, seed: int) -> Iterator[Contest]:
    """The lists and pairs of one prompt. ranked: its responses, the best first.

    A list's margin is a pair's gap at least, and lists together have no more comparisons than pairs there may be:
    all of them are pairs.
    """
    found = lists(
        ranked,
        margin=max(settings.list_margin, settings.pair_gap),
        losers=settings.losers,
        most=settings.lists_per_prompt,
        comparisons=settings.pairs_per_prompt,
        seed=seed,
    )
    yield from (Contest(prompt, winner, losers) for winner, losers in found)
    first = [(winner, loser) for winner, losers in found for loser in losers]
    chosen = pairs(ranked, first, gap=settings.pair_gap, most=settings.pairs_per_prompt, seed=seed)
    yield from (Contest(prompt, winner, (loser,)) for winner, loser in chosen)


def without_surplus(
    placed: Sequence[tuple[str, Contest]], settings: Assemble, seed: int
) -> tuple[list[tuple[str, Contest]], list[Dropped], list[str]]:
    """What is left when shares hold in each set of each goal of each split; lists first, as pairs heed what they need."""
    kept: list[tuple[str, Contest]] = []
    dropped: list[Dropped] = []
    said: list[str] = []
    needed: set[tuple[str, str]] = set()
    ordered = sorted(placed, key=lambda one: (one[1].set, one[1].goal, one[0], one[1].id))
    for (kind, goal, where), group in groupby(ordered, key=lambda one: (one[1].set, one[1].goal, one[0])):
        shares = Shares(settings.longer, settings.generator, seed, needed)
        came = balanced([one for _, one in group], shares)
        kept += [(where, one) for one in came.items]
        dropped += came.dropped
        said += [f"{where}, {goal}, {kind}: {complaint}" for complaint in came.said]
        needed |= {pair for one in came.items if kind == "bon" for pair in one.comparisons}
    return kept, dropped, said
