"""The figures of summary.json, from outcomes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from rmb.metrics.arrays import Floats
from rmb.metrics.averages import Groups, block
from rmb.metrics.columns import Columns, columns
from rmb.metrics.credits import item_credits, under
from rmb.metrics.intervals import FEW, RESAMPLES, Figure, Part, alike, found_in, tabulate
from rmb.metrics.position import consistency, first_preferred
from rmb.metrics.slots import slot_parts, slots
from rmb.outcomes import HEADLINE, Convention, Outcome


def summarise(
    outcomes: Sequence[Outcome], *, convention: Convention = HEADLINE, resamples: int = RESAMPLES
) -> dict[str, Any]:
    """The headline figures of outcomes, as in summary.json but for counts, failures and cost.

    Each score is {"value", "low", "high", "n"}, or None where nothing was measured. It is of the items that
    were answered in full; "bounds" are of all items, so a score may lie outside them while answers are missing.
    "averaged" is None where no verdict at all is graded; so are "averaged" and "consistent" where no order was shown,
    and "slots" where no list of three or more was shown whole. resamples: 0 leaves out the intervals.
    """
    judged = columns(outcomes)
    groups = Groups(judged)
    found = found_in(parts(groups, convention), resamples=resamples)
    cells = {name: None if figure is None else figure.to_json() for name, figure in found.items()}
    covered = coverage(judged)
    return {
        **block(cells, "headline", groups.goals),
        "scenarios": scenarios(cells),
        "coverage": covered,
        "averaged": block(cells, "averaged", groups.goals),
        "consistent": block(cells, "consistent", groups.goals),
        "macro": block(cells, "macro", groups.goals),
        "bounds": None if covered in (None, 1.0) else bounds(groups, convention),
        "position_consistency": cells["position_consistency"],
        "first_position_rate": cells["first_position_rate"],
        "slots": slots(found),
        "few_conversations": few(found),
    }


def parts(groups: Groups, convention: Convention) -> list[Part]:
    """Everything that is resampled together: the headline, its scenarios, the other rules, position, and slots."""
    judged = groups.judged
    worth = item_credits(judged, convention)
    nothing = np.full(len(judged.items), np.nan)
    # Rated alone, responses have no orders to average or to be consistent over.
    ordered = bool((judged.position >= 0).any())
    averaged = item_credits(judged, under(convention, "averaged")) if ordered else nothing
    consistent = item_credits(judged, under(convention, "consistent")) if ordered else nothing
    return [
        groups.part("headline", worth, convention.average),
        groups.part("averaged", averaged, convention.average),
        groups.part("consistent", consistent, convention.average),
        groups.part("macro", worth, "macro"),
        Part(groups.scenarios(worth), {}),
        *position_parts(judged),
        *slot_parts(judged, convention),
    ]


def position_parts(judged: Columns) -> list[Part]:
    """Position consistency, by comparison, and first-position rate, by showing."""
    which, same = consistency(judged)
    compared = judged.item[which.astype(np.int64)]
    return [
        one_figure(judged, "position_consistency", same, judged.conversation[compared]),
        one_figure(
            judged,
            "first_position_rate",
            first_preferred(judged),
            judged.conversation[judged.item[judged.comparison]],
        ),
    ]


def one_figure(judged: Columns, name: str, values: Floats, conversation: Any) -> Part:
    """One figure of some units."""
    return Part(tabulate(alike(name, len(values)), values, conversation, judged.conversations), {})


def scenarios(cells: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The headline figure of every scenario and sub-scenario, on both sets; None where it has no item."""
    named = [name.removeprefix("scenario:") for name in cells if name.startswith("scenario:")]
    paths = sorted({name.rpartition(".")[0] for name in named})
    return {
        path: {kind: cells.get(f"scenario:{path}.{kind}") for kind in ("bon", "pairwise")} for path in paths
    }


def coverage(judged: Columns) -> float | None:
    """Share of the comparisons that were answered, with a verdict or without; None if there are none."""
    return float(judged.covered.mean()) if judged.comparisons else None


def bounds(groups: Groups, convention: Convention) -> dict[str, Any] | None:
    """The headline figures if every missing answer were wrong ("worst"), and if every one were right ("best").

    They hold for the figure of the complete run. That of the items answered so far may lie outside: it leaves
    out what is known of items answered in part. None where failures are left out: an answer that is still to
    come may be one, and take its item out of the mean.
    """
    if convention.failure is None:
        return None
    cases = {}
    for case, missing in (("worst", 0.0), ("best", 1.0)):
        worth = item_credits(groups.judged, replace(convention, missing=missing))
        found = found_in([groups.part("it", worth, convention.average)], resamples=0)
        cases[case] = block(
            {name: figure and figure.value for name, figure in found.items()}, "it", groups.goals
        )
    return cases


def few(found: Mapping[str, Figure | None]) -> dict[str, int]:
    """The figures that rest on fewer than FEW conversations, with how many: their intervals are too narrow.

    Named as the keys lead to them in summary.json: "helpfulness.bon", "averaged.overall",
    "scenarios.helpfulness/Chat.bon"; of slots by their number, "slots.4.1.picked", 0 for no slot.
    """
    counts = {}
    for name, figure in found.items():
        rule, _, rest = name.partition(":")
        if figure is None or figure.conversations >= FEW or "/" in rule:
            continue
        place = {"headline": rest, "scenario": f"scenarios.{rest}"}.get(
            rule, f"{rule}.{rest}" if rest else rule
        )
        counts[place] = figure.conversations
    return counts
