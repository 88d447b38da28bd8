"""What more samples of a judge buy: Overall of the first k put together, for every k that was asked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from rmb.metrics.averages import Groups
from rmb.metrics.columns import columns
from rmb.metrics.credits import item_credits
from rmb.metrics.intervals import RESAMPLES, Part, Table, found_in
from rmb.metrics.votes import HOW, Rule, Sampled, by_arrangement, of_first, samples_of
from rmb.outcomes import HEADLINE, Convention, Outcome


def curve(
    outcomes: Sequence[Outcome], *, convention: Convention = HEADLINE, resamples: int = RESAMPLES
) -> dict[str, Any] | None:
    """The block "samples" of summary.json; None for a judge that was asked once.

    alone: Overall of one sample, on average over all of them; its n counts items × samples. together: for k = 1, 2,
    …, Overall of the first k samples by each rule, over the cells that have an item; None where nothing was
    measured. All from the same bootstrap draws.
    """
    most = samples_of(outcomes)
    if most < 2:
        return None
    groups = Groups(columns(outcomes), present=True)
    parts = [
        groups.part(name, item_credits(columns(one), convention), convention.average)
        for name, one in readings(by_arrangement(outcomes), most)
    ]
    nothing = np.empty((groups.judged.conversations, 0))
    mean = {"alone": [f"sample {number}:overall" for number in range(most)]}
    found = found_in([*parts, Part(Table((), nothing, nothing), mean)], resamples=resamples)
    told = {name: figure and figure.to_json() for name, figure in found.items()}
    # The first sample alone is the same by any rule.
    steps = [dict.fromkeys(HOW, told["sample 0:overall"])]
    steps += [{how: told[f"{how} {k}:overall"] for how in HOW} for k in range(2, most + 1)]
    return {
        "alone": told["alone"],
        "together": [{"k": k, **step} for k, step in enumerate(steps, 1)],
    }


def readings(sampled: Sequence[Sampled], most: int) -> Iterator[tuple[str, tuple[Outcome, ...]]]:
    """Each sample alone, and the first k of them by every rule, with a name."""
    for number in range(most):
        yield f"sample {number}", nth(sampled, number)
    for k in range(2, most + 1):
        for how in HOW:
            yield f"{how} {k}", of_first(sampled, k, Rule(how))


def nth(sampled: Sequence[Sampled], number: int) -> tuple[Outcome, ...]:
    """One sample of each comparison and arrangement, as if no other had been asked."""
    return tuple(Outcome(item, tuple(group[number] for group in groups)) for item, groups in sampled)


def singles(outcomes: Sequence[Outcome]) -> list[tuple[Outcome, ...]]:
    """Each sample as a judge of its own."""
    sampled = by_arrangement(outcomes)
    return [nth(sampled, number) for number in range(samples_of(outcomes))]
