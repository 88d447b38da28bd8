"""The figures of summary.json, from outcomes.

Within a goal and set: the mean over items (micro). Overall: the mean of the goals' figures on both sets, for
RMB the four of its Table 3. `macro` is the mean over scenarios instead.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from rmb.metrics.intervals import RESAMPLES, figures, tabulate
from rmb.metrics.position import consistent_verdict, first_shown
from rmb.outcomes import HEADLINE, Comparison, Convention, Credit, Outcome
from rmb.records import Conversation

GOALS = ("helpfulness", "harmlessness")
SETS = ("bon", "pairwise")
RULES: Mapping[str, Callable[..., float | None]] = {
    "expected": Comparison.expected,
    "averaged": Comparison.averaged,
    "consistent": Comparison.consistent,
}

Units = dict[str, list[tuple[int, float]]]


def summarise(
    outcomes: Sequence[Outcome], *, convention: Convention = HEADLINE, resamples: int = RESAMPLES
) -> dict[str, Any]:
    """All figures of outcomes, as in summary.json but for counts, failures and cost.

    Each score is {"value", "low", "high", "n"}, or None where nothing was measured. resamples: 0 leaves out
    the intervals.
    """
    tally = Tally(outcomes)
    units = tally.by_comparison()
    for rule, measure in RULES.items():
        units |= tally.by_item(rule, partial(measure, convention=convention), scenarios=rule == "expected")
    goals = tally.goals
    found = figures(tabulate(units, tally.conversations), averages(units, goals), resamples=resamples)
    cells = {name: None if figure is None else figure.to_json() for name, figure in found.items()}
    return {
        **block(cells, "expected", goals),
        "scenarios": scenarios(cells),
        "coverage": coverage(outcomes),
        "averaged": block(cells, "averaged", goals),
        "consistent": block(cells, "consistent", goals),
        "macro": block(cells, "macro", goals),
        "bounds": None if coverage(outcomes) in (None, 1.0) else bounds(tally, convention),
        "position_consistency": cells["position_consistency"],
        "first_position_rate": cells["first_position_rate"],
    }


class Tally:
    """Outcomes as units of figures: (conversation, value), for the mean and for its interval.

    goals: RMB's two, or those of other data in the order of appearance. conversations: how many there are.
    """

    def __init__(self, outcomes: Sequence[Outcome]) -> None:
        """outcomes: of all items; those of one conversation form a cluster."""
        self.outcomes = outcomes
        found = tuple(dict.fromkeys(outcome.item.goal for outcome in outcomes))
        self.goals = GOALS if set(found) <= set(GOALS) else found
        numbers: dict[Conversation, int] = {}
        self.clusters = [numbers.setdefault(outcome.item.conversation, len(numbers)) for outcome in outcomes]
        self.conversations = len(numbers)

    def by_item(self, rule: str, credit: Credit, *, scenarios: bool = False) -> Units:
        """The items' credits under a rule, "<rule>:<goal>.<set>"; with scenarios, also "<path>.<set>"."""
        units: Units = {f"{rule}:{goal}.{kind}": [] for goal in self.goals for kind in SETS}
        for outcome, cluster in zip(self.outcomes, self.clusters, strict=True):
            item, value = outcome.item, outcome.credit(credit)
            if value is None:
                continue
            units[f"{rule}:{item.goal}.{item.set}"].append((cluster, value))
            for path in scenario_levels(item.path) if scenarios else ():
                units.setdefault(f"{path}.{item.set}", []).append((cluster, value))
        return units

    def by_comparison(self) -> Units:
        """What is counted by comparison and by showing: position consistency and first-position rate."""
        consistency: list[tuple[int, float]] = []
        first: list[tuple[int, float]] = []
        for outcome, cluster in zip(self.outcomes, self.clusters, strict=True):
            for comparison in outcome.comparisons:
                agreed = consistent_verdict(comparison)
                if agreed is not None:
                    consistency.append((cluster, agreed))
                first += [(cluster, value) for value in first_shown(comparison)]
        return {"position_consistency": consistency, "first_position_rate": first}


def scenario_levels(path: str) -> list[str]:
    """The scenario of a path, and its sub-scenario if it has one.

    >>> scenario_levels("helpfulness/Chat/Discussion")
    ['helpfulness/Chat', 'helpfulness/Chat/Discussion']
    """
    parts = path.split("/")
    return ["/".join(parts[:depth]) for depth in range(2, len(parts) + 1)]


def averages(units: Units, goals: Sequence[str]) -> dict[str, list[str]]:
    """The figures that are means of others: Overall for each rule, and the macro averages over scenarios."""
    cells = [f"{goal}.{kind}" for goal in goals for kind in SETS]
    means = {f"{rule}:overall": [f"{rule}:{cell}" for cell in cells] for rule in RULES}
    paths = {name for name in units if "/" in name}
    finest: defaultdict[str, list[str]] = defaultdict(list)
    for name in sorted(paths):
        path, _, kind = name.rpartition(".")
        if not any(other.startswith(f"{path}/") for other in paths):
            finest[f"{path.split('/')[0]}.{kind}"].append(name)
    macro = {f"macro:{cell}": finest[cell] for cell in cells}
    return means | macro | {"macro:overall": list(macro)}


def block(cells: Mapping[str, Any], rule: str, goals: Sequence[str]) -> dict[str, Any]:
    """Overall, and each goal's two sets, under a rule."""
    by_goal = {goal: {kind: cells[f"{rule}:{goal}.{kind}"] for kind in SETS} for goal in goals}
    return {"overall": cells[f"{rule}:overall"], **by_goal}


def scenarios(cells: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The headline figure of every scenario and sub-scenario, on both sets; None where it has no item."""
    paths = sorted({name.rpartition(".")[0] for name in cells if "/" in name})
    return {path: {kind: cells.get(f"{path}.{kind}") for kind in SETS} for path in paths}


def coverage(outcomes: Sequence[Outcome]) -> float | None:
    """Share of the comparisons that were answered, with a verdict or without; None if there are none."""
    answered = [comparison.answered for outcome in outcomes for comparison in outcome.comparisons]
    return sum(answered) / len(answered) if answered else None


def bounds(tally: Tally, convention: Convention) -> dict[str, Any]:
    """The headline figures if every missing answer were wrong ("worst"), and if every one were right ("best")."""
    cases = {}
    for case, missing in (("worst", 0.0), ("best", 1.0)):
        assumed = partial(Comparison.expected, convention=replace(convention, missing=missing))
        units = tally.by_item("expected", assumed)
        found = figures(tabulate(units, tally.conversations), {"expected:overall": list(units)}, resamples=0)
        values = {name: figure.value if figure else None for name, figure in found.items()}
        cases[case] = block(values, "expected", tally.goals)
    return cases
