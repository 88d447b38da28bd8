"""What a study shows: its cells in order, each against the baseline, what the axes do, and at what cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from rmb.metrics import grid, pareto
from rmb.metrics.averages import Groups
from rmb.metrics.columns import Columns, columns
from rmb.metrics.credits import item_credits
from rmb.metrics.intervals import RESAMPLES, Figure, found_in
from rmb.metrics.paired import MATTERS, Paired, finding, holm, in_words, paired
from rmb.metrics.sensitivity import sensitivity
from rmb.metrics.summary import summarise
from rmb.outcomes import Convention
from rmb.studies.axes import Axes
from rmb.studies.results import Result, Sat

FIGURES = ("averaged", "consistent", "position_consistency", "first_position_rate", "coverage")
"""Of a cell's summary, what stands in the leaderboard beside Overall and its sets."""


@dataclass(frozen=True)
class Findings:
    """A study's figures. baseline: the name of the cell that others are compared with.

    matters: the smallest difference in Overall that matters, in [0, 1]; resamples: 0 leaves out intervals.
    summaries: of cells' runs, as far as they were made already. level: at which the best cell may be lost, if cells
    were stopped early.
    """

    sat: Sat
    baseline: str
    convention: Convention
    matters: float = MATTERS
    resamples: int = RESAMPLES
    summaries: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    level: float | None = None
    by_name: Mapping[str, Result] = field(init=False)

    def __post_init__(self) -> None:
        """Finds cells by their names."""
        object.__setattr__(self, "by_name", {one.cell.name: one for one in self.sat.results})

    @cached_property
    def judged(self) -> dict[str, Columns]:
        """The verdicts of each cell, all on the same items."""
        return {name: columns(one.outcomes) for name, one in self.by_name.items()}

    @cached_property
    def credits(self) -> dict[str, Any]:
        """(I,) the credit of each item in each cell; NaN where it is left out."""
        return {name: item_credits(judged, self.convention) for name, judged in self.judged.items()}

    @cached_property
    def overall(self) -> dict[str, Figure | None]:
        """Overall of each cell over the goals and sets that there are; None where nothing was measured."""
        return {name: self.figure(name) for name in self.judged}

    def figure(self, name: str) -> Figure | None:
        """Overall of a cell on the items that it has in full."""
        groups = Groups(self.judged[name], present=True)
        part = groups.part("it", self.credits[name], self.convention.average)
        return found_in([part], resamples=self.resamples)["it:overall"]

    @cached_property
    def ranked(self) -> list[str]:
        """The cells best first, without a figure last: those asked to the end, then those stopped, the last of them first."""

        def place(name: str) -> tuple[float, float]:
            stopped, figure = self.by_name[name].stopped, self.overall[name]
            return (
                -float("inf") if stopped is None else -stopped.after,
                1 if figure is None else -figure.value,
            )

        return sorted(self.judged, key=place)

    @cached_property
    def whole(self) -> list[str]:
        """The cells that nearly all of the items are known of, so that their figures can be set side by side."""
        return [
            name
            for name in self.ranked
            if self.overall[name] is not None and self.share(name) >= grid.COMPLETE
        ]

    def share(self, name: str) -> float:
        """The share of comparisons that a cell answered, with a verdict or without."""
        covered = self.judged[name].covered
        return float(covered.mean()) if covered.size else 0.0

    def items(self, name: str) -> int:
        """Items that a cell has a credit on."""
        return int((~np.isnan(self.credits[name])).sum())

    # Against the baseline.

    @cached_property
    def tests(self) -> dict[str, tuple[Paired, float | None]]:
        """Each other cell against the baseline, with the p-value that holds for all of them (Holm).

        No p-value for a cell that was stopped: when it was depended on its verdicts, which the test does not allow
        for. Cells that share no item with the baseline are left out.
        """
        others = [name for name in self.ranked if name != self.baseline]
        asked = [name for name in others if self.by_name[name].stopped is None]
        found = {
            name: result
            for name in others
            if (result := self.against(name, pairs=max(1, len(asked)))) is not None
        }
        tested = [name for name in asked if name in found]
        adjusted = dict(zip(tested, holm([found[name].p for name in tested]), strict=True))
        return {name: (result, adjusted.get(name)) for name, result in found.items()}

    def against(self, name: str, *, pairs: int) -> Paired | None:
        """A cell against the baseline, on the items that both have."""
        both = (self.judged[name], self.judged[self.baseline])
        return paired(*both, self.convention, pairs=pairs, resamples=self.resamples)

    def said(self, name: str) -> dict[str, Any] | None:
        """What may be said of a cell against the baseline; None of the baseline, or where nothing is known."""
        if name not in self.tests:
            return None
        result, p = self.tests[name]
        told: dict[str, Any] = {
            "items": result.items,
            "difference": result.cells,
            "p": None if p is None else result.p,
            "p_holm": p,
            "mcnemar": result.mcnemar.to_json(),
            "detectable": result.detectable,
        }
        if p is None:
            return told | {"finding": "stopped", "words": self.why(name)}
        names = (name, self.baseline)
        return told | {
            "finding": finding(result, p, matters=self.matters),
            "words": in_words(names, result, p, matters=self.matters),
        }

    def why(self, name: str) -> str:
        """Why a cell was stopped, in one sentence."""
        stopped = self.by_name[name].stopped
        assert stopped is not None
        rival = "another cell" if stopped.rival is None else self.sat.results[stopped.rival].cell.name
        return (
            f"{name} was stopped after {stopped.after:,} of {self.sat.of:,} conversations: clearly worse than "
            f"{rival} (p = {stopped.p:.2g} at any time)"
        )

    # Cost.

    @cached_property
    def points(self) -> dict[str, pareto.Point]:
        """What each cell is good for and what it takes, per 1,000 items."""
        points = {}
        for name, figure in self.overall.items():
            if figure is not None:
                usage, items = self.by_name[name].usage, self.items(name)
                usd, seconds = (pareto.per_thousand(each, items) for each in (usage.cost_usd, usage.seconds))
                points[name] = pareto.Point(figure.value, usd, seconds)
        return points

    @cached_property
    def pareto(self) -> set[str]:
        """The cells that no other beats in accuracy, dollars and seconds at once, of those asked to the end."""
        return pareto.pareto({name: self.points[name] for name in self.whole})

    def cost(self, name: str) -> dict[str, Any]:
        """What a cell takes, whether it was asked now or before."""
        usage, point = self.by_name[name].usage, self.points.get(name)
        priced = None
        if point is not None and self.baseline in self.points:
            priced = pareto.prices(self.points, self.baseline)[name].to_json()
        return {
            "usd": usage.cost_usd,
            "seconds": usage.seconds,
            "prompt_tokens": usage.prompt_tokens,
            "completion_tokens": usage.completion_tokens,
            "usd_per_1000_items": point and point.usd,
            "seconds_per_1000_items": point and point.seconds,
            "against_baseline": priced,
        }

    def saved(self) -> dict[str, Any] | None:
        """What was not asked since cells were stopped; None if none could be. usd: at what their answers cost before.

        A question that several stopped cells have in common is saved once.
        """
        if self.level is None:
            return None
        questions, usd = set[str](), 0.0
        for one in self.sat.results:
            if one.stopped is not None:
                new = one.unasked - questions
                questions |= new
                answered = one.run.counts["asked"] + one.run.counts["from_store"]
                usd += len(new) * (one.usage.cost_usd or 0.0) / max(answered, 1)
        known = all(one.usage.cost_usd is not None for one in self.sat.results if one.stopped)
        total = self.sat.asked + self.sat.from_store + len(questions)
        return {
            "questions": len(questions),
            "share": len(questions) / total if total else 0.0,
            "usd": usd if known else None,
        }

    # All of it.

    def summary(self, name: str) -> Mapping[str, Any]:
        """A cell's figures as summary.json has them, its samples put together if the cell says how."""
        one = self.by_name[name]
        if name in self.summaries and one.outcomes == one.run.outcomes:
            return self.summaries[name]
        return summarise(one.outcomes, convention=self.convention, resamples=self.resamples)

    def line(self, place: int, name: str) -> dict[str, Any]:
        """A cell's line of the leaderboard."""
        one, figure = self.by_name[name], self.overall[name]
        summary = self.summary(name)
        goals = [
            key
            for key in summary
            if isinstance(summary[key], dict) and set(summary[key]) == {"bon", "pairwise"}
        ]
        stopped = one.stopped
        return {
            "place": place,
            "cell": name,
            "levels": dict(one.cell.levels),
            "overall": figure and figure.to_json(),
            **{goal: summary[goal] for goal in goals},
            **{name: summary[name] for name in FIGURES},
            "items": self.items(name),
            "failures": dict(one.run.failures),
            "is_baseline": name == self.baseline,
            "is_pareto": name in self.pareto,
            "stopped": None if stopped is None else {"after": stopped.after, "p": stopped.p},
            "against_baseline": self.said(name),
            "cost": self.cost(name),
            "error": None if one.run.error is None else str(one.run.error),
        }

    def to_json(self) -> dict[str, Any]:
        """results.json."""
        return {
            "baseline": self.baseline,
            "convention": self.convention.to_json(),
            "conversations": {"reached": self.sat.conversations, "all": self.sat.of},
            "counts": {"asked": self.sat.asked, "from_store": self.sat.from_store},
            "cost_usd": self.sat.cost_usd,
            "leaderboard": [self.line(place, name) for place, name in enumerate(self.ranked, 1)],
            "factors": self.axes.to_json(),
            "by_judge": self.axes.by_judge(),
            "pareto": [name for name in self.ranked if name in self.pareto],
            "sensitivity": self.sensitivity(),
            "adaptive": None if self.level is None else {"error_rate": self.level, "saved": self.saved()},
            "same_questions": self.alike(),
        }

    @cached_property
    def axes(self) -> Axes:
        """What each axis does, and which depend on each other, over all judges and for each."""
        items = {name: self.items(name) for name in self.judged}
        return Axes(
            self.by_name,
            self.judged,
            items,
            self.baseline,
            self.convention,
            matters=self.matters,
            resamples=self.resamples,
        )

    def sensitivity(self) -> dict[str, Any] | None:
        """Overall of the cells under every convention, and which is best; None with fewer than two whole cells."""
        if len(self.whole) < 2:
            return None
        found = sensitivity({name: self.judged[name] for name in self.whole}, self.convention)
        told = found.to_json()
        for each, convention in zip(told["conventions"], found.overall, strict=True):
            ranking = found.ranking(convention)
            each["best"] = sorted(ranking[0]) if ranking else None
        return told

    def alike(self) -> list[list[str]]:
        """Groups of cells whose every question is the same, so that they say the same for a reason."""
        groups: dict[tuple[str, ...], list[str]] = {}
        for one in self.sat.results:
            keys = sorted(
                {key for each in one.run.outcomes for showing in each.showings for key in showing.keys}
            )
            groups.setdefault(tuple(keys), []).append(one.cell.name)
        return [names for keys, names in groups.items() if keys and len(names) > 1]
