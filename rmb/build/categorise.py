"""`rmb build categorise`: several judges say where each prompt belongs; it goes on where they agree."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations
from pathlib import Path

from rmb.build import source, taxonomy
from rmb.build.desk import Desk
from rmb.build.made import Dropped, Made
from rmb.build.panel import asked, seated, try_out, warnings
from rmb.build.prompt import Category, Prompt
from rmb.build.recipe import Recipe, paths_beside
from rmb.build.votes import Vote, settled
from rmb.metrics.labels import LabelAgreement, label_agreement, nominal_alpha, share
from rmb.records import Json
from rmb.templates import Writing

Votes = Sequence[Sequence[Vote]]
"""Of every prompt that all judges answered, what each of them said."""


async def make(place: Path, recipe: Recipe, desk: Desk) -> Made:
    """The source's prompts on whose category enough of the judges agree, each with the votes.

    Asks every judge once for every prompt. A prompt waits while the answer of any judge is missing.
    """
    settings = recipe.categorise
    known = taxonomy.load(paths_beside(place, settings.taxonomy))
    asking = Writing.load(paths_beside(place, settings.prompt), "prompts/build")
    try_out(asking, known)
    panel = seated(place, settings.judges, asking, known, desk)
    found = source.of(recipe, place)
    warned = warnings(panel)
    for line in warned:
        logging.getLogger(__name__).warning("%s", line)
    said = [await asked(desk, one, found.prompts, known) for one in panel]
    told: dict[str, Json] = {
        "source": recipe.source,
        "taxonomy": {"name": known.source.name, "sha256": known.source.sha256},
        "prompt": {"name": asking.source.name, "sha256": asking.source.sha256},
        "panel": [one.name for one in panel],
        "agree": settings.agree or len(panel),
        "warnings": list(warned),
    }
    return put_together(found, list(zip(*said, strict=True)), settings.agree or len(panel), told)


def put_together(
    found: source.Found, said: Sequence[Sequence[Vote | None]], agree: int, told: dict[str, Json]
) -> Made:
    """What the votes make of the prompts. agree: how many make a category; told: of the panel, for the data card."""
    records: list[dict[str, Json]] = []
    dropped = list(found.dropped)
    answered: list[list[Vote]] = []
    for prompt, each in zip(found.prompts, said, strict=True):
        votes = [vote for vote in each if vote is not None]
        if len(votes) < len(each):
            continue
        answered.append(votes)
        reason, path = settled(votes, agree)
        if reason:
            dropped.append(Dropped(prompt.id, reason, "; ".join(map(str, votes))))
        else:
            records.append(with_votes(prompt, path, votes).to_json())
    waiting = len(found.prompts) - len(answered)
    kept = share([True] * len(records) + [False] * (len(answered) - len(records)))
    agreed: dict[str, Json] = {
        **told,
        "kept_share": kept.to_json() if kept else None,
        "agreement": agreement(answered),
    }
    return Made(found.came, records, dropped, waiting, told=agreed)


def with_votes(prompt: Prompt, path: str, votes: Sequence[Vote]) -> Prompt:
    """A prompt in its category, with what every judge said."""
    told: Json = {"votes": [vote.to_json() for vote in votes]}
    return replace(prompt, category=Category.of(path), told={**prompt.told, "categorise": told})


def agreement(answered: Votes) -> dict[str, Json]:
    """How far the judges agree on goals, and on whole paths: of every two of them, and of all together.

    "none" is a label as any other; an unreadable reply is none. null where nothing can be compared.
    """
    judges = list(zip(*answered, strict=True))
    return {
        "goal": between([[vote.goal for vote in one] for one in judges], judges),
        "path": between([[vote.said for vote in one] for one in judges], judges),
    }


def between(labels: Sequence[Sequence[str | None]], judges: Votes) -> dict[str, Json]:
    """Krippendorff's α of all, and raw agreement and Cohen's κ of every two; labels: (judges, prompts)."""
    names = [one[0].judge for one in judges]
    pairs: list[Json] = []
    for (first, one), (second, other) in combinations(zip(names, labels, strict=True), 2):
        found = label_agreement(one, other)
        figures: dict[str, Json] = {
            "raw": found.raw.to_json() if found.raw else None,
            "kappa": found.kappa.to_json() if found.kappa else None,
        }
        pairs.append({"judges": [first, second], "prompts": found.n, **figures, **why(found)})
    alpha = nominal_alpha(labels) if len(labels) > 1 else None
    return {"alpha": alpha, "pairs": pairs}


def why(found: LabelAgreement) -> dict[str, Json]:
    """Why there is no κ, if there is none."""
    if found.kappa is not None:
        return {}
    return {"undefined": "both used one label" if found.n else "no prompt has a label of both"}
