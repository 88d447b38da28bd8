"""What the data card says of an assembled benchmark."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from statistics import fmean, median
from typing import Any

from rmb.build.contamination import Known
from rmb.build.rated import Contest, Response
from rmb.build.recipe import Assemble
from rmb.datasets.findings import Finding
from rmb.records import Json

Placed = Sequence[tuple[str, Contest]]
"""Contests, each with its split."""


def told(
    placed: Placed,
    responses: Sequence[Response],
    settings: Assemble,
    *,
    known: Known,
    said: Sequence[str],
    linted: Sequence[Finding],
) -> dict[str, Json]:
    """Counts, shares and checks. said: what of the balance could not be had; linted: what `rmb lint` finds."""
    found = [one for _, one in placed]
    splits = sorted({split for split, _ in placed})
    return {
        "settings": settings.model_dump(mode="json"),
        "splits": {name: counts([one for split, one in placed if split == name]) for name in splits},
        "categories": {
            path: counts([one for one in found if one.path == path])
            for path in sorted({one.path for one in found})
        },
        "models": {goal: wins([one for one in found if one.goal == goal]) for goal in goals(found)},
        "ratings": ratings(responses),
        "chosen_longer": {goal: longer([one for one in found if one.goal == goal]) for goal in goals(found)},
        "losers": {
            str(n): count
            for n, count in sorted(Counter(len(one.losers) for one in found if one.set == "bon").items())
        },
        "gaps": gaps([one.gap for one in found if one.set == "pairwise"]),
        "comparisons_without_pair": len(unpaired(found)),
        "balance": list(said),
        "contamination": {"ngram": known.ngram, "texts": dict(known.texts)} if known.texts else None,
        "lint": dict(Counter(one.defect for one in linted)),
    }


def goals(found: Sequence[Contest]) -> list[str]:
    """Sorted."""
    return sorted({one.goal for one in found})


def counts(found: Sequence[Contest]) -> dict[str, Json]:
    """Prompts, pairs, lists, and comparisons in lists."""
    listed = [one for one in found if one.set == "bon"]
    return {
        "prompts": len({one.prompt.id for one in found}),
        "pairs": len(found) - len(listed),
        "lists": len(listed),
        "comparisons": sum(len(one.losers) for one in listed),
    }


def wins(found: Sequence[Contest]) -> dict[str, Json]:
    """Of each model the pairs that it is in and wins, with the share; the one that wins most of its pairs first."""
    pairs = [one for one in found if one.set == "pairwise"]
    won = Counter(one.winner.model for one in pairs)
    lost = Counter(one.losers[0].model for one in pairs)
    share = {model: won[model] / (won[model] + lost[model]) for model in sorted({*won, *lost})}
    return {
        model: {"won": won[model], "pairs": won[model] + lost[model], "share": round(share[model], 4)}
        for model in sorted(share, key=lambda model: (-share[model], model))
    }


def ratings(responses: Sequence[Response]) -> dict[str, Json]:
    """How many rated responses each model has, and their mean rating; the best first."""
    by_model: dict[str, list[float]] = {}
    for one in responses:
        by_model.setdefault(one.model, []).append(one.rating)
    means = {model: fmean(found) for model, found in by_model.items()}
    return {
        model: {"responses": len(by_model[model]), "mean": round(means[model], 4)}
        for model in sorted(means, key=lambda model: (-means[model], model))
    }


def longer(found: Sequence[Contest]) -> dict[str, Json]:
    """The share of pairs, and of lists, whose winner is the longest; None where there are none."""
    shares: dict[str, Any] = {}
    for name, kind in (("pairs", "pairwise"), ("lists", "bon")):
        won = [one.longer for one in found if one.set == kind]
        shares[name] = round(fmean(won), 4) if won else None
    return shares


def gaps(found: Sequence[float]) -> Json:
    """The smallest, middle and largest difference of the two ratings of a pair; None without pairs."""
    if not found:
        return None
    return {name: round(of(found), 4) for name, of in (("least", min), ("median", median), ("most", max))}


def unpaired(found: Sequence[Contest]) -> set[tuple[str, str]]:
    """The comparisons of lists that are no pair."""
    paired = {one.comparisons[0] for one in found if one.set == "pairwise"}
    return {pair for one in found if one.set == "bon" for pair in one.comparisons} - paired
