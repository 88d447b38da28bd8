"""S_align: what the picks of each scorer are worth, with intervals over prompts (RMB, arXiv 2410.09893, section 5.2).

For a policy and n samples it is the mean, over prompts, of what the pick among the first n is worth; S_align is the plain
mean of that over policies, at all samples. The gain is the same mean of differences, prompt by prompt, to the first sample.
All figures are of the same bootstrap draws of prompts, so that figures of two scorers may be compared.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from rmb.metrics.arrays import Floats, Integers
from rmb.metrics.intervals import RESAMPLES, Figure, Labels, figures, tabulate


@dataclass(frozen=True, slots=True)
class Picks:
    """Who picked: the values of P policies × Q prompts × K sizes, NaN where a value is not known.

    ns: the sizes, the first is 1. cluster: (Q,) the conversation of each prompt, 0, 1, …: prompts of one are drawn together.
    """

    policies: Sequence[str]
    ns: Sequence[int]
    cluster: Integers
    values: Mapping[str, Floats]


def s_align(picks: Picks, *, seed: int = 0, resamples: int = RESAMPLES) -> dict[str, dict[str, Any]]:
    """By scorer: s_align, by_n, policies (by name, by n), gain; each a figure as in summary.json.

    None where nothing was measured, and for a mean over policies one of which has nothing measured.
    """
    if not picks.values or not len(picks.cluster):
        return {name: told(picks, number, {}) for number, name in enumerate(picks.values)}
    stacked = np.stack([with_gain(values) for values in picks.values.values()])
    scorers, policies, prompts, columns = stacked.shape
    names = tuple(
        name_of(scorer, policy, column)
        for scorer in range(scorers)
        for policy in range(policies)
        for column in range(columns)
    )
    # Units in the order of the names, all prompts of one figure together.
    units = stacked.transpose(0, 1, 3, 2).reshape(-1)
    labels = Labels(names, np.repeat(np.arange(len(names)), prompts))
    table = tabulate(labels, units, np.tile(picks.cluster, len(names)), int(picks.cluster.max()) + 1)
    means = {
        name_of(scorer, None, column): [name_of(scorer, policy, column) for policy in range(policies)]
        for scorer in range(scorers)
        for column in range(columns)
    }
    found = figures(table, means, seed=seed, resamples=resamples)
    return {name: told(picks, number, found) for number, name in enumerate(picks.values)}


def with_gain(values: Floats) -> Floats:
    """Values with one more column: what all samples gain on the first."""
    return np.concatenate([values, values[:, :, -1:] - values[:, :, :1]], axis=2)


def name_of(scorer: int, policy: int | None, column: int) -> str:
    """What a figure goes by; policy: None for the mean over policies."""
    return f"{scorer} {'mean' if policy is None else policy} {column}"


def told(picks: Picks, scorer: int, found: Mapping[str, Figure | None]) -> dict[str, Any]:
    """A scorer's figures, as JSON."""

    def figure(policy: int | None, column: int) -> dict[str, Any] | None:
        one = found.get(name_of(scorer, policy, column))
        return None if one is None else one.to_json()

    def by_n(policy: int | None) -> dict[str, Any]:
        return {str(n): figure(policy, column) for column, n in enumerate(picks.ns)}

    return {
        "s_align": figure(None, len(picks.ns) - 1),
        "by_n": by_n(None),
        "policies": {name: by_n(policy) for policy, name in enumerate(picks.policies)},
        "gain": figure(None, len(picks.ns)),
    }
